# Builds the receiver as a shared and a static library, for tests that run it in their own process, and declares questdb::receiver
# and questdb::receiver_static. They need neither the client's library nor its headers. Sets QUESTDB_RECEIVER_LIBRARY_FILE,
# _STATIC_FILE, _IMPORT_FILE, _SONAME, _SONAME_LINK and _DEVELOPMENT_LINK.
set(QUESTDB_RECEIVER_IMPORT_FILE "")
set(QUESTDB_RECEIVER_SONAME "")
set(QUESTDB_RECEIVER_SONAME_LINK "")
set(QUESTDB_RECEIVER_DEVELOPMENT_LINK "")
set(QUESTDB_RECEIVER_STATIC_FILE "${_questdb_lib_dir}/libquestdb_receiver.a")
set(_questdb_receiver_links "")
set(_questdb_receiver_import "")
if(WIN32)
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")
  set(_questdb_receiver_built questdb_receiver.dll)
  set(QUESTDB_RECEIVER_LIBRARY_FILE "${CMAKE_CURRENT_BINARY_DIR}/bin/questdb_receiver.dll")
  if(MSVC)
    set(_questdb_receiver_import questdb_receiver.dll.lib)
    set(QUESTDB_RECEIVER_STATIC_FILE "${_questdb_lib_dir}/questdb_receiver.lib")
  else()
    set(_questdb_receiver_import libquestdb_receiver.dll.a)
  endif()
  set(QUESTDB_RECEIVER_IMPORT_FILE "${_questdb_lib_dir}/${_questdb_receiver_import}")
else()
  if(APPLE)
    set(_questdb_receiver_built libquestdb_receiver.dylib)
    set(QUESTDB_RECEIVER_SONAME "libquestdb_receiver.${_questdb_abi}.dylib")
    set(_questdb_receiver_full "libquestdb_receiver.${PROJECT_VERSION}.dylib")
  else()
    set(_questdb_receiver_built libquestdb_receiver.so)
    set(QUESTDB_RECEIVER_SONAME "libquestdb_receiver.so.${_questdb_abi}")
    set(_questdb_receiver_full "libquestdb_receiver.so.${PROJECT_VERSION}")
  endif()
  set(QUESTDB_RECEIVER_LIBRARY_FILE "${_questdb_lib_dir}/${_questdb_receiver_full}")
  set(QUESTDB_RECEIVER_SONAME_LINK "${_questdb_lib_dir}/${QUESTDB_RECEIVER_SONAME}")
  set(QUESTDB_RECEIVER_DEVELOPMENT_LINK "${_questdb_lib_dir}/${_questdb_receiver_built}")
  set(_questdb_receiver_links
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${_questdb_receiver_full}" "${QUESTDB_RECEIVER_SONAME_LINK}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${QUESTDB_RECEIVER_SONAME}" "${QUESTDB_RECEIVER_DEVELOPMENT_LINK}")
endif()
if(_questdb_receiver_import)
  set(_questdb_receiver_links COMMAND "${CMAKE_COMMAND}" -E copy_if_different
    "${_questdb_release}/${_questdb_receiver_import}" "${QUESTDB_RECEIVER_IMPORT_FILE}")
endif()
configure_file(include/questdb_receiver.h "${QUESTDB_BUILT_INCLUDE}/questdb_receiver.h" COPYONLY)
configure_file(cpp/questdb_receiver.hpp "${QUESTDB_BUILT_INCLUDE}/questdb_receiver.hpp" COPYONLY)
get_filename_component(_questdb_receiver_static "${QUESTDB_RECEIVER_STATIC_FILE}" NAME)
# Made one after the other: only a library that cargo makes alone is optimised across its crates.
set(_questdb_receiver_runs "")
foreach(_questdb_kind IN ITEMS cdylib staticlib)
  list(APPEND _questdb_receiver_runs
    COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET "QUESTDB_RECEIVER_SONAME=${QUESTDB_RECEIVER_SONAME}"
      ${_questdb_target_environment}
      "${QUESTDB_CARGO}" rustc --release --locked --lib --package questdb-receiver-capi --crate-type ${_questdb_kind}
      --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
      --target-dir "${_questdb_target_dir}" ${_questdb_target_flags}
      --config "profile.release.strip=\"symbols\"" ${_questdb_flags})
endforeach()
add_custom_target(questdb_receiver_library ALL ${_questdb_receiver_runs}
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_questdb_release}/${_questdb_receiver_built}" "${QUESTDB_RECEIVER_LIBRARY_FILE}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_questdb_release}/${_questdb_receiver_static}" "${QUESTDB_RECEIVER_STATIC_FILE}"
  ${_questdb_receiver_links}
  BYPRODUCTS "${QUESTDB_RECEIVER_LIBRARY_FILE}" "${QUESTDB_RECEIVER_STATIC_FILE}" ${QUESTDB_RECEIVER_IMPORT_FILE}
    ${QUESTDB_RECEIVER_SONAME_LINK} ${QUESTDB_RECEIVER_DEVELOPMENT_LINK}
  COMMENT "Building the receiver's libraries with cargo"
  VERBATIM USES_TERMINAL)
# Two runs of cargo at once would wait for each other, because they share a target folder.
add_dependencies(questdb_receiver_library questdb_crate)
if(TARGET questdb_receiver)
  add_dependencies(questdb_receiver_library questdb_receiver)
endif()

add_library(questdb_receiver_shared SHARED IMPORTED GLOBAL)
set_target_properties(questdb_receiver_shared PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_RECEIVER_LIBRARY_FILE}"
  INTERFACE_INCLUDE_DIRECTORIES "${QUESTDB_BUILT_INCLUDE}")
if(WIN32)
  set_target_properties(questdb_receiver_shared PROPERTIES IMPORTED_IMPLIB "${QUESTDB_RECEIVER_IMPORT_FILE}")
else()
  set_target_properties(questdb_receiver_shared PROPERTIES IMPORTED_SONAME "${QUESTDB_RECEIVER_SONAME}")
endif()
add_dependencies(questdb_receiver_shared questdb_receiver_library)
add_library(questdb::receiver ALIAS questdb_receiver_shared)

include("${CMAKE_CURRENT_LIST_DIR}/StaticLibraries.cmake")
add_library(questdb_receiver_static_library STATIC IMPORTED GLOBAL)
set_target_properties(questdb_receiver_static_library PROPERTIES
  IMPORTED_LOCATION "${QUESTDB_RECEIVER_STATIC_FILE}"
  INTERFACE_COMPILE_DEFINITIONS QUESTDB_RECEIVER_STATIC
  INTERFACE_LINK_LIBRARIES "${QUESTDB_STATIC_LIBRARIES}"
  INTERFACE_INCLUDE_DIRECTORIES "${QUESTDB_BUILT_INCLUDE}")
add_dependencies(questdb_receiver_static_library questdb_receiver_library)
add_library(questdb::receiver_static ALIAS questdb_receiver_static_library)
