# Install rules. All paths are relative to the prefix, so that an installed tree can be moved.
install(FILES include/questdb_ingress.h cpp/questdb_ingress.hpp
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT Development)
if(WIN32)
  install(FILES "${QUESTDB_SHARED_FILE}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Runtime)
  install(FILES "${QUESTDB_IMPORT_FILE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development)
else()
  install(FILES "${QUESTDB_SHARED_FILE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  install(FILES "${QUESTDB_SONAME_LINK}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime)
  install(FILES "${QUESTDB_DEVELOPMENT_LINK}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development)
endif()
install(FILES "${QUESTDB_STATIC_FILE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development)
if(QUESTDB_RECEIVER)
  install(PROGRAMS "${QUESTDB_RECEIVER_FILE}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Receiver)
endif()
if(QUESTDB_RECEIVER_LIBRARY)
  install(FILES include/questdb_receiver.h cpp/questdb_receiver.hpp
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ReceiverLibrary)
  if(WIN32)
    install(FILES "${QUESTDB_RECEIVER_LIBRARY_FILE}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT ReceiverLibrary)
    install(FILES "${QUESTDB_RECEIVER_IMPORT_FILE}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ReceiverLibrary)
  else()
    install(FILES "${QUESTDB_RECEIVER_LIBRARY_FILE}" ${QUESTDB_RECEIVER_LINKS}
      DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ReceiverLibrary)
  endif()
endif()

set(_questdb_made "${CMAKE_CURRENT_BINARY_DIR}/install")
questdb_write_package("${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_INCLUDEDIR}" "${CMAKE_INSTALL_LIBDIR}" "${CMAKE_INSTALL_BINDIR}"
  "${_questdb_made}/cmake" "${_questdb_made}/pkgconfig")
install(DIRECTORY "${_questdb_made}/cmake/" DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/questdb" COMPONENT Development)
install(FILES "${_questdb_made}/pkgconfig/questdb_ingress.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT Development)
