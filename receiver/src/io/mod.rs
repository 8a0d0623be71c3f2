//! Sockets, TLS and threads.

pub(crate) mod connection;
mod driver;
pub(crate) mod monitor;
pub(crate) mod server;
