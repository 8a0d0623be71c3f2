//! The one Rust integration binary; each module tests one area.

mod config;
mod layers;
mod options;
mod server;
mod support;
