# Writes the files that find_package and pkg-config read, for the build tree and for the install tree. Both trees are laid out
# as a prefix that can be moved.
include(CMakePackageConfigHelpers)
get_filename_component(QUESTDB_SHARED_NAME "${QUESTDB_SHARED_FILE}" NAME)
set(QUESTDB_IMPORT_NAME "")
if(QUESTDB_IMPORT_FILE)
  get_filename_component(QUESTDB_IMPORT_NAME "${QUESTDB_IMPORT_FILE}" NAME)
endif()
get_filename_component(QUESTDB_STATIC_NAME "${QUESTDB_STATIC_FILE}" NAME)
# Without the receiver's library these are empty, and the package has no such component.
set(QUESTDB_RECEIVER_NAME "")
set(QUESTDB_RECEIVER_STATIC_NAME "")
set(QUESTDB_RECEIVER_IMPORT_NAME "")
if(QUESTDB_RECEIVER_LIBRARY)
  get_filename_component(QUESTDB_RECEIVER_STATIC_NAME "${QUESTDB_RECEIVER_STATIC_FILE}" NAME)
  get_filename_component(QUESTDB_RECEIVER_NAME "${QUESTDB_RECEIVER_LIBRARY_FILE}" NAME)
  if(QUESTDB_RECEIVER_IMPORT_FILE)
    get_filename_component(QUESTDB_RECEIVER_IMPORT_NAME "${QUESTDB_RECEIVER_IMPORT_FILE}" NAME)
  endif()
endif()
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(_questdb_compatible SameMinorVersion)
else()
  set(_questdb_compatible SameMajorVersion)
endif()

# The relative folders are those of a prefix; `prefix` is only a placeholder in the result.
function(questdb_write_package prefix include_dir lib_dir bin_dir cmake_dir pkgconfig_dir)
  set(QUESTDB_INCLUDE_DIR "${include_dir}")
  set(QUESTDB_LIB_DIR "${lib_dir}")
  set(QUESTDB_SHARED_DIR "${lib_dir}")
  if(WIN32)
    set(QUESTDB_SHARED_DIR "${bin_dir}")
  endif()
  configure_package_config_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/questdbConfig.cmake.in" "${cmake_dir}/questdbConfig.cmake"
    INSTALL_DESTINATION "${lib_dir}/cmake/questdb" INSTALL_PREFIX "${prefix}"
    PATH_VARS QUESTDB_INCLUDE_DIR QUESTDB_LIB_DIR QUESTDB_SHARED_DIR)
  write_basic_package_version_file("${cmake_dir}/questdbConfigVersion.cmake" COMPATIBILITY ${_questdb_compatible})
  configure_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/StaticLibraries.cmake" "${cmake_dir}/StaticLibraries.cmake" COPYONLY)

  if(IS_ABSOLUTE "${lib_dir}")
    set(QUESTDB_PC_PREFIX "${prefix}")
    file(RELATIVE_PATH lib_dir "${prefix}" "${lib_dir}")
  else()
    # The path is relative to the file itself.
    file(RELATIVE_PATH up "/prefix/${lib_dir}/pkgconfig" "/prefix")
    string(REGEX REPLACE "/$" "" QUESTDB_PC_PREFIX "\${pcfiledir}/${up}")
  endif()
  if(IS_ABSOLUTE "${include_dir}")
    file(RELATIVE_PATH include_dir "${prefix}" "${include_dir}")
  endif()
  set(QUESTDB_INCLUDE_DIR "${include_dir}")
  set(QUESTDB_LIB_DIR "${lib_dir}")
  string(REPLACE ";" " " QUESTDB_PC_PRIVATE "${QUESTDB_STATIC_LIBRARIES}")
  configure_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/questdb_ingress.pc.in" "${pkgconfig_dir}/questdb_ingress.pc" @ONLY)
endfunction()

questdb_write_package("${CMAKE_CURRENT_BINARY_DIR}" include lib bin
  "${CMAKE_CURRENT_BINARY_DIR}/lib/cmake/questdb" "${CMAKE_CURRENT_BINARY_DIR}/lib/pkgconfig")
