# Install rules. Everything is relative to the prefix, so that an installed tree can be moved.
include(CMakePackageConfigHelpers)

install(FILES include/questdb_ingress.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT Development)
install(FILES cpp/questdb_ingress.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT Development)
install(PROGRAMS "${QUESTDB_SHARED_FILE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime)
install(FILES "${QUESTDB_SONAME_LINK}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime)
install(FILES "${QUESTDB_DEVELOPMENT_LINK}" "${QUESTDB_STATIC_FILE}"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development)

set(_questdb_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/questdb")
get_filename_component(QUESTDB_SHARED_NAME "${QUESTDB_SHARED_FILE}" NAME)
configure_package_config_file(cmake/questdbConfig.cmake.in questdbConfig.cmake
  INSTALL_DESTINATION "${_questdb_package_dir}" PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(_questdb_compatible SameMinorVersion)
else()
  set(_questdb_compatible SameMajorVersion)
endif()
write_basic_package_version_file(questdbConfigVersion.cmake COMPATIBILITY ${_questdb_compatible})
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/questdbConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/questdbConfigVersion.cmake"
  cmake/StaticLibraries.cmake DESTINATION "${_questdb_package_dir}" COMPONENT Development)

# The prefix of the pkg-config file is relative to the file itself.
file(RELATIVE_PATH _questdb_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" QUESTDB_PC_PREFIX "\${pcfiledir}/${_questdb_up}")
string(REPLACE ";" " " QUESTDB_PC_PRIVATE "${QUESTDB_STATIC_LIBRARIES}")
configure_file(cmake/questdb_ingress.pc.in questdb_ingress.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/questdb_ingress.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT Development)
