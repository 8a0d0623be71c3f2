//! The one Rust integration binary; each module tests one area.

mod config;
mod server;
#[cfg(feature = "receiver")]
mod receiver;
mod support;
#[cfg(test)]
mod vectors;
