//! The one Rust integration binary; each module tests one area.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests play servers, read files, and fail by panicking; clippy.toml exempts only what has #[test]"
)]

mod abi;
#[cfg(feature = "receiver")]
mod c_examples;
#[cfg(test)]
mod c_vectors;
mod config;
mod header;
mod layers;
mod options;
mod readme;
#[cfg(feature = "receiver")]
mod receiver;
mod server;
mod support;
#[cfg(test)]
mod vectors;
