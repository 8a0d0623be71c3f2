//! The embedded receiver, judged by the golden vectors and by raw clients that share no code with the crate.

#![allow(clippy::unwrap_used, reason = "a test that meets something unexpected stops there")]

pub(crate) mod client;
mod http;
mod lines;
pub(crate) mod parser;
mod program;
mod secrets;
mod tcp;

use std::time::Duration;

/// The golden cases that all languages share.
pub(crate) const VECTORS: &str = include_str!("../vectors/vectors.json");

/// Longer than anything takes unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
