//! The one Rust integration binary; each module tests one area.

mod server;
mod support;
