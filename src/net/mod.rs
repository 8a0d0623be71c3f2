//! Bytes to a server, and what became of them. Knows the network and nothing about rows.

mod broken;
mod cancel;
mod connect;
mod connection;
mod credentials;
mod http1;
mod os;
mod secrets;
mod tls;

pub(crate) use broken::Broken;
pub use cancel::Canceller;
pub(crate) use connect::Dialer;
pub(crate) use connection::{Conn, Idle, Outgoing, left};
pub(crate) use credentials::{SigningKey, authorization};
pub(crate) use http1::{Answer, Failure, RequestHead, exchange, not_http};
#[cfg(test)]
pub(crate) use os::InFlight;
pub use os::Uncancellable;
pub(crate) use os::{Deadline, Net, SystemNet, pause};
#[cfg(any(test, fuzzing))]
pub(crate) use os::{Interest, Ready, Socket};
pub(crate) use secrets::Secrets;
