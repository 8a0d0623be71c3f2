# Runs cargo, and describes what it makes on each platform. Sets QUESTDB_SHARED_FILE, QUESTDB_STATIC_FILE, QUESTDB_SONAME, and
# on Windows QUESTDB_IMPORT_FILE.

set(_questdb_features "")
if(QUESTDB_INSECURE_SKIP_VERIFY)
  list(APPEND _questdb_features insecure-skip-verify)
endif()
string(REPLACE ";" "," _questdb_features "${_questdb_features}")
separate_arguments(_questdb_flags NATIVE_COMMAND "${QUESTDB_CARGO_FLAGS}")

# Before 1.0 a minor version may change the ABI.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(_questdb_abi "0.${PROJECT_VERSION_MINOR}")
else()
  set(_questdb_abi "${PROJECT_VERSION_MAJOR}")
endif()

# Several build trees may share one target folder, so that the crate is compiled once for all of them.
set(QUESTDB_CARGO_TARGET_DIR "${CMAKE_CURRENT_BINARY_DIR}/cargo" CACHE PATH "Where cargo keeps what it builds")
set(_questdb_target_dir "${QUESTDB_CARGO_TARGET_DIR}")
set(_questdb_release "${_questdb_target_dir}/release")
if(QUESTDB_CROSS)
  set(_questdb_release "${_questdb_target_dir}/${QUESTDB_CROSS}/release")
endif()
set(_questdb_lib_dir "${CMAKE_CURRENT_BINARY_DIR}/lib")
file(MAKE_DIRECTORY "${_questdb_lib_dir}")
# Except on Windows, programs find the library through two links that contain the version.
set(_questdb_links "")
set(QUESTDB_IMPORT_FILE "")
if(WIN32)
  set(QUESTDB_SHARED_FILE "${CMAKE_CURRENT_BINARY_DIR}/bin/questdb_ingress.dll")
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")
  if(MSVC)
    set(QUESTDB_IMPORT_FILE "${_questdb_lib_dir}/questdb_ingress.dll.lib")
    set(QUESTDB_STATIC_FILE "${_questdb_lib_dir}/questdb_ingress.lib")
  else()
    set(QUESTDB_IMPORT_FILE "${_questdb_lib_dir}/libquestdb_ingress.dll.a")
    set(QUESTDB_STATIC_FILE "${_questdb_lib_dir}/libquestdb_ingress.a")
  endif()
  set(QUESTDB_SONAME "")
  set(_questdb_built questdb_ingress.dll)
else()
  if(APPLE)
    set(_questdb_built libquestdb_ingress.dylib)
    set(QUESTDB_SONAME "libquestdb_ingress.${_questdb_abi}.dylib")
    set(_questdb_full "libquestdb_ingress.${PROJECT_VERSION}.dylib")
  else()
    set(_questdb_built libquestdb_ingress.so)
    set(QUESTDB_SONAME "libquestdb_ingress.so.${_questdb_abi}")
    set(_questdb_full "libquestdb_ingress.so.${PROJECT_VERSION}")
  endif()
  set(QUESTDB_DEVELOPMENT_LINK "${_questdb_lib_dir}/${_questdb_built}")
  set(QUESTDB_SONAME_LINK "${_questdb_lib_dir}/${QUESTDB_SONAME}")
  set(QUESTDB_SHARED_FILE "${_questdb_lib_dir}/${_questdb_full}")
  set(QUESTDB_STATIC_FILE "${_questdb_lib_dir}/libquestdb_ingress.a")
  set(_questdb_links
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${_questdb_full}" "${QUESTDB_SONAME_LINK}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${QUESTDB_SONAME}" "${QUESTDB_DEVELOPMENT_LINK}")
endif()
set(_questdb_copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_questdb_release}/${_questdb_built}" "${QUESTDB_SHARED_FILE}")
foreach(_questdb_file IN ITEMS "${QUESTDB_STATIC_FILE}" "${QUESTDB_IMPORT_FILE}")
  if(_questdb_file)
    get_filename_component(_questdb_name "${_questdb_file}" NAME)
    list(APPEND _questdb_copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_questdb_release}/${_questdb_name}" "${_questdb_file}")
  endif()
endforeach()

# cargo decides what is out of date, so it runs in every build, once for each library. CARGO_TARGET_DIR and CARGO_BUILD_TARGET of the environment are
# overridden, because the files must be found afterwards.
set(_questdb_runs "")
foreach(_questdb_package IN ITEMS questdb-ingress-capi questdb-ingress-capi-static)
  list(APPEND _questdb_runs
    COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET "QUESTDB_SONAME=${QUESTDB_SONAME}" ${_questdb_target_environment}
      "${QUESTDB_CARGO}" rustc --release --locked --lib --package ${_questdb_package}
      --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
      --target-dir "${_questdb_target_dir}" ${_questdb_target_flags} "--features=${_questdb_features}"
      # The second one for the package itself: cargo leaves the first one out where a package has settings of its own.
      --config "profile.release.strip=\"symbols\""
      --config "profile.release.package.${_questdb_package}.strip=\"symbols\"" ${_questdb_flags})
endforeach()
add_custom_target(questdb_crate ALL ${_questdb_runs}
  ${_questdb_copies} ${_questdb_links}
  BYPRODUCTS "${QUESTDB_SHARED_FILE}" "${QUESTDB_STATIC_FILE}" ${QUESTDB_IMPORT_FILE} ${QUESTDB_SONAME_LINK}
    ${QUESTDB_DEVELOPMENT_LINK}
  COMMENT "Building questdb-ingress with cargo"
  VERBATIM USES_TERMINAL)
