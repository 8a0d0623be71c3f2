//! What the tests share: fake servers, certificates, a real QuestDB, and rows as they must arrive. Used by tests only.
#![allow(
    clippy::disallowed_methods,
    reason = "plays servers, reads files and starts programs, which clippy.toml keeps the library from"
)]

#[cfg(feature = "servers")]
mod almost_lines;
#[cfg(feature = "servers")]
pub mod certificates;
#[cfg(feature = "servers")]
pub mod fault_server;
#[cfg(feature = "servers")]
pub mod haproxy;
#[cfg(feature = "servers")]
pub mod lossy;
#[cfg(feature = "servers")]
pub mod port;
#[cfg(feature = "servers")]
pub mod questdb;
#[cfg(feature = "servers")]
pub mod raw_client;
#[cfg(feature = "servers")]
pub mod raw_tls;
pub mod row_model;
mod rows;

use std::path::{Path, PathBuf};

#[cfg(feature = "servers")]
pub use almost_lines::almost_lines;
pub use rows::rows;

/// Returns the folder for the files of tests, which lies in the build folder.
///
/// # Panics
///
/// Panics where the running program was not built by cargo, or the folder cannot be made.
#[must_use]
pub fn scratch_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // target/PROFILE/deps/PROGRAM
    let target = program.ancestors().nth(3).expect("a test is built by cargo");
    let folder = target.join("tmp");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns the root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("testkit lies in the repository")
}

/// Returns the shared library, which `cargo build` has linked next to the running test.
///
/// # Panics
///
/// Panics where it is not there.
#[must_use]
pub fn shared_library() -> PathBuf {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let program = std::env::current_exe().unwrap();
    let library = program.with_file_name(format!("{DLL_PREFIX}questdb_ingress{DLL_SUFFIX}"));
    assert!(library.exists(), "{} is not there: build it by ci/build", library.display());
    library
}
