# An overlay port: `vcpkg install questdb-ingress --overlay-ports=packaging/vcpkg` in a checkout of the sources, which are
# taken from where this file lies. It needs cargo; vcpkg has no Rust of its own.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_program(CARGO cargo HINTS "$ENV{HOME}/.cargo/bin" REQUIRED)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
  FEATURES
    insecure-skip-verify QUESTDB_INSECURE_SKIP_VERIFY)
if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
  set(DEFAULT_LIBRARY SHARED)
else()
  set(DEFAULT_LIBRARY STATIC)
endif()

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${FEATURE_OPTIONS}
    "-DQUESTDB_CARGO=${CARGO}"
    "-DQUESTDB_CARGO_TARGET_DIR=${CURRENT_BUILDTREES_DIR}/cargo"
    "-DQUESTDB_DEFAULT_LIBRARY=${DEFAULT_LIBRARY}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME questdb CONFIG_PATH lib/cmake/questdb)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
