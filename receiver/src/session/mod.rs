//! What is sent on one connection: HTTP requests, or lines over TCP.

pub(crate) mod http;
mod lines;
pub(crate) mod tcp;
