//! What is sent on one connection: HTTP requests, or lines over TCP. A session is told what happens on its connection, and says
//! what to do; it knows no socket, no thread and no clock.

#[cfg(any(test, fuzzing))]
pub(crate) mod bench;
#[cfg(any(test, fuzzing))]
pub(crate) mod compare;
pub(crate) mod http;
mod lines;
pub(crate) mod socketless;
pub(crate) mod tcp;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::chunk::Chunk;
use crate::read::RowStream;
use crate::refusal::Refusal;
use crate::shared::Shared;

pub(crate) use http::HttpSession;
pub(crate) use tcp::TcpSession;

/// The time that a peer has to log in, or to send the head of a request.
pub(crate) const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// What a driver does next. Before that it sends the reply.
#[derive(Debug)]
pub(crate) enum Next {
    /// Pass the rest of the input, or what is read next.
    Read,
    /// There is no room for rows: pass no bytes soon, and read nothing until then.
    Wait,
    /// Commit these rows and tell the result.
    Commit(Vec<Chunk>),
    /// Send these rows in chunks as they are made, and close after that if the flag is set.
    Stream(Box<RowStream>, bool),
    Close,
    /// Close, but first read what the peer still sends, so that it gets the reply.
    CloseAfterReply,
}

/// What a session answers to an event.
#[derive(Debug)]
pub(crate) struct Turn {
    /// How many bytes of the input were used.
    pub(crate) consumed: usize,
    pub(crate) reply: Vec<u8>,
    pub(crate) next: Next,
}

impl Turn {
    pub(crate) fn new(consumed: usize, next: Next) -> Turn {
        Turn { consumed, reply: Vec::new(), next }
    }
}

/// The state of a connection between two events. `now` never goes back.
pub(crate) trait Session {
    /// Bytes have arrived, or there may be room again.
    fn on_bytes(&mut self, shared: &Shared, input: &[u8], now: Instant) -> Turn;
    /// The rows were committed, or all of them were refused.
    fn on_commit(&mut self, shared: &Shared, result: Result<(), Refusal>, now: Instant) -> Turn;
    /// The peer sends no more.
    fn on_end(&mut self, shared: &Shared) -> Turn;
    /// The deadline has come.
    fn on_time(&mut self, shared: &Shared, now: Instant) -> Turn;
    /// When the session wants to be told the time, if nothing else happens before.
    fn deadline(&self, shared: &Shared) -> Option<Instant>;
}
