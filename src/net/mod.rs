//! Delivers bytes to a server, and reports what became of them. This layer knows the network and nothing about rows.

mod base64;
mod broken;
mod cancel;
mod connect;
mod connection;
mod credentials;
mod http1;
mod line_tcp;
mod os;
#[cfg(any(test, fuzzing))]
mod scripted;
mod secrets;
mod tls;

pub(crate) use broken::Broken;
pub use cancel::{Canceller, ask_host};
pub(crate) use connect::Connector;
pub(crate) use connection::{Connection, Idle, left};
pub(crate) use credentials::{SigningKey, authorization};
pub(crate) use http1::{Answer, Incomplete, Request, RequestHead, exchange, not_http};
pub(crate) use line_tcp::{LineStream, MAX_TEXT, UnsentBytes, is_challenge};
#[cfg(test)]
pub(crate) use os::InFlight;
#[cfg(test)]
pub(crate) use os::Socket;
pub(crate) use os::{
    Deadline, Doorbell, Net, SLICE, SystemNet, now, on_own_thread, pause, start_thread,
};
#[cfg(any(test, fuzzing))]
pub(crate) use os::{Interest, Ready};
pub use os::{Uncancellable, process_id};
#[cfg(any(test, fuzzing))]
pub(crate) use scripted::{Script, ScriptedNet};
pub(crate) use secrets::Secrets;
