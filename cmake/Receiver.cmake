# Builds the program questdb-receiver, a server for tests. Sets QUESTDB_RECEIVER_FILE. It needs neither the library nor its
# headers.
set(QUESTDB_RECEIVER_FILE "${CMAKE_CURRENT_BINARY_DIR}/bin/questdb-receiver${CMAKE_EXECUTABLE_SUFFIX}")
set(_questdb_name "questdb-receiver${CMAKE_EXECUTABLE_SUFFIX}")
file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")
add_custom_target(questdb_receiver ALL
  COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET ${_questdb_target_environment}
    "${QUESTDB_CARGO}" rustc --release --locked --package questdb-receiver --bin questdb-receiver
    --manifest-path "${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml"
    --target-dir "${_questdb_target_dir}" ${_questdb_target_flags}
    --config "profile.release.strip=\"symbols\"" ${_questdb_flags}
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${_questdb_release}/${_questdb_name}" "${QUESTDB_RECEIVER_FILE}"
  BYPRODUCTS "${QUESTDB_RECEIVER_FILE}"
  COMMENT "Building questdb-receiver with cargo"
  VERBATIM USES_TERMINAL)
# Two runs of cargo at once would wait for each other, because they share a target folder.
add_dependencies(questdb_receiver questdb_crate)
