//! What the tests share: fake servers, certificates, and a real QuestDB. Used by tests only.
#![allow(
    clippy::disallowed_methods,
    reason = "plays servers, reads files and starts programs, which clippy.toml keeps the library from"
)]

pub mod certificates;
pub mod fault_server;
pub mod haproxy;
pub mod lossy;
pub mod questdb;
pub mod raw_tls;
mod rows;

use std::path::{Path, PathBuf};

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

/// Returns the shared library, which cargo has linked next to the running test.
///
/// # Panics
///
/// Panics where it is not there.
#[must_use]
pub fn shared_library() -> PathBuf {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let program = std::env::current_exe().unwrap();
    let library = program.with_file_name(format!("{DLL_PREFIX}questdb_ingress{DLL_SUFFIX}"));
    assert!(library.exists(), "{} is not there", library.display());
    library
}
