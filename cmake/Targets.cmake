# The targets of the build tree; questdbConfig.cmake declares the same ones for the install tree.
include("${CMAKE_CURRENT_LIST_DIR}/StaticLibraries.cmake")

set(_questdb_include "${CMAKE_CURRENT_SOURCE_DIR}/include")

add_library(questdb_shared SHARED IMPORTED GLOBAL)
set_target_properties(questdb_shared PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_SHARED_FILE}"
  IMPORTED_SONAME "${QUESTDB_SONAME}"
  INTERFACE_INCLUDE_DIRECTORIES "${_questdb_include}")
add_dependencies(questdb_shared questdb_crate)
add_library(questdb::shared ALIAS questdb_shared)

add_library(questdb_static STATIC IMPORTED GLOBAL)
set_target_properties(questdb_static PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_STATIC_FILE}"
  INTERFACE_COMPILE_DEFINITIONS QUESTDB_STATIC
  INTERFACE_LINK_LIBRARIES "${QUESTDB_STATIC_LIBRARIES}"
  INTERFACE_INCLUDE_DIRECTORIES "${_questdb_include}")
add_dependencies(questdb_static questdb_crate)
add_library(questdb::static ALIAS questdb_static)

string(TOLOWER "${QUESTDB_DEFAULT_LIBRARY}" _questdb_default)
add_library(questdb_questdb INTERFACE IMPORTED GLOBAL)
set_target_properties(questdb_questdb PROPERTIES INTERFACE_LINK_LIBRARIES "questdb::${_questdb_default}")
add_library(questdb::questdb ALIAS questdb_questdb)

add_library(questdb_cpp INTERFACE IMPORTED GLOBAL)
set_target_properties(questdb_cpp PROPERTIES
  INTERFACE_LINK_LIBRARIES questdb::questdb
  INTERFACE_COMPILE_FEATURES cxx_std_17
  INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}/cpp")
add_library(questdb::cpp ALIAS questdb_cpp)
