//! Tests of the embedded receiver with the golden vectors, and with raw clients that share no code with it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests play clients, read files, and fail by panicking; clippy.toml exempts only what has #[test]"
)]

mod configured;
#[cfg(all(feature = "files", feature = "program"))]
mod files;
#[cfg(all(target_os = "linux", feature = "files", feature = "program"))]
mod full_disk;
mod http;
mod lines;
mod monitor;
mod page;
mod parser;
#[cfg(feature = "program")]
mod program;
mod reading;
mod replay;
mod secrets;
mod statements;
mod tcp;
#[cfg(all(target_os = "linux", feature = "program"))]
mod terminal;

/// The golden cases that all languages share.
const VECTORS: &str = include_str!("../../../tests/vectors/vectors.json");
