//! Bytes to a server, and what became of them. Knows the network and nothing about rows.

mod auth;
mod broken;
mod cancel;
mod conn;
mod dial;
mod http;
mod http_answer;
mod http_transport;
mod net;
mod secrets;
mod socket;
mod sys;
mod tcp;
mod tls;

pub use cancel::Canceller;
pub(crate) use http::Failure;
pub(crate) use http_answer::Answer;
pub(crate) use http_transport::{HttpAttempt, HttpTransport};
#[cfg(test)]
pub(crate) use net::InFlight;
pub(crate) use net::{Deadline, Net, pause};
#[cfg(any(test, fuzzing))]
pub(crate) use net::{Interest, Ready, Socket};
pub(crate) use secrets::Secrets;
pub(crate) use socket::SystemNet;
pub use sys::Uncancellable;
pub(crate) use tcp::TcpTransport;
