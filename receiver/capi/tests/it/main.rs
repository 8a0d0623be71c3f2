//! Tests of the receiver's C ABI: what is exported, declared and documented must agree.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests read files, start programs, and fail by panicking; clippy.toml exempts only what has #[test]"
)]

mod abi;
mod header;

use std::fs;
use std::path::PathBuf;

/// Returns the root of the repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}
