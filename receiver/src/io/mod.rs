//! Sockets, TLS and threads.

pub(crate) mod connection;
pub(crate) mod monitor;
pub(crate) mod server;
