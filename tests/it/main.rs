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

mod auth;
mod c_examples;
#[cfg(test)]
mod c_vectors;
mod cancel;
mod complete_rows;
mod config;
mod decimals;
mod doc_examples;
mod documented;
mod fuzzing;
mod layers;
mod lazy;
mod names_and_values;
mod nul;
mod options;
mod readme;
mod real_server;
mod round_trip;
mod sending;
mod soak;
#[cfg(test)]
mod vectors;
