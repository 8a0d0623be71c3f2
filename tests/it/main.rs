//! The one Rust integration binary; each module tests one area.

#[cfg(feature = "receiver")]
mod receiver;
mod support;
