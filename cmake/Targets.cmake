# Declares the targets for projects that include these sources. questdbConfig.cmake declares the same targets for find_package.
include("${CMAKE_CURRENT_LIST_DIR}/StaticLibraries.cmake")

add_library(questdb_shared SHARED IMPORTED GLOBAL)
set_target_properties(questdb_shared PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_SHARED_FILE}"
  INTERFACE_INCLUDE_DIRECTORIES "${QUESTDB_BUILT_INCLUDE}")
if(WIN32)
  set_target_properties(questdb_shared PROPERTIES IMPORTED_IMPLIB "${QUESTDB_IMPORT_FILE}")
else()
  set_target_properties(questdb_shared PROPERTIES IMPORTED_SONAME "${QUESTDB_SONAME}")
endif()
add_dependencies(questdb_shared questdb_crate)
add_library(questdb::shared ALIAS questdb_shared)

add_library(questdb_static STATIC IMPORTED GLOBAL)
set_target_properties(questdb_static PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_STATIC_FILE}"
  INTERFACE_COMPILE_DEFINITIONS QUESTDB_STATIC
  INTERFACE_LINK_LIBRARIES "${QUESTDB_STATIC_LIBRARIES}"
  INTERFACE_INCLUDE_DIRECTORIES "${QUESTDB_BUILT_INCLUDE}")
add_dependencies(questdb_static questdb_crate)
add_library(questdb::static ALIAS questdb_static)

string(TOLOWER "${QUESTDB_DEFAULT_LIBRARY}" QUESTDB_DEFAULT_TARGET)
add_library(questdb_questdb INTERFACE IMPORTED GLOBAL)
set_target_properties(questdb_questdb PROPERTIES INTERFACE_LINK_LIBRARIES "questdb::${QUESTDB_DEFAULT_TARGET}")
add_library(questdb::questdb ALIAS questdb_questdb)

add_library(questdb_cpp INTERFACE IMPORTED GLOBAL)
set_target_properties(questdb_cpp PROPERTIES
  INTERFACE_LINK_LIBRARIES questdb::questdb
  INTERFACE_COMPILE_FEATURES cxx_std_17)
add_library(questdb::cpp ALIAS questdb_cpp)
