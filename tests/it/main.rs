//! The one Rust integration binary; each module tests one area.

mod config;
mod server;
mod support;
mod vectors;
