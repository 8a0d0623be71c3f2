//! A stream of lines over TCP: a login if there is a key, then bytes in one direction.
//!
//! The peer says nothing while all is well, and only its kernel acknowledges anything. What can be known about the bytes is
//! what the peer says when it is about to end, and what the kernel knows of its acknowledgements.

use std::time::{Duration, Instant};

use super::broken::Broken;
use super::connect::Connector;
use super::connection::{Connection, Idle, Outgoing};
use super::credentials::SigningKey;
use super::os::{Deadline, Net};
use crate::error::{Error, ErrorParts as _, Result, err};
use crate::quoted::foreign;

/// The most bytes of a peer's text that are kept and shown.
pub(crate) const MAX_TEXT: usize = 1024;
/// How long the rest of a text is waited for when its beginning has arrived.
const REST_OF_TEXT: Duration = Duration::from_millis(200);
/// A challenge is 512 bytes and a line end; anything much longer is not a challenge.
const MAX_CHALLENGE_BYTES: usize = 4096;

/// An open stream.
pub(crate) struct LineStream {
    connection: Connection,
    /// How many bytes the peer had acknowledged when that number last grew or no bytes were outstanding, and when that was.
    acknowledged: (u64, Instant),
    /// When the acknowledged bytes were last asked for.
    looked: Instant,
    /// The tick in which the peer was last listened to.
    listened: Option<Instant>,
}

/// The error of a write that the kernel did not take completely.
pub(crate) struct UnsentBytes {
    pub(crate) broken: Broken,
    /// Whether the peer may have got a part of it.
    pub(crate) some_went: bool,
    /// Bytes that the kernel has certainly taken.
    pub(crate) bytes_sent: u64,
}

impl LineStream {
    /// Connects to the address in use, and logs in within `auth_timeout` if there is a key.
    pub(crate) fn open(
        connector: &Connector,
        key: Option<&SigningKey>,
        auth_timeout: Duration,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<LineStream> {
        let mut connection = connector.connect(net, deadline)?;
        if let Some(key) = key {
            let deadline = deadline.earlier_of(Deadline::after(net, auth_timeout));
            log_in(&mut connection, key, net, deadline).map_err(|e| {
                e.context(format_args!("could not authenticate to {}", connector.addr()))
            })?;
        }
        let now = net.now();
        Ok(LineStream { connection, acknowledged: (0, now), looked: now, listened: None })
    }

    /// Gives all bytes to the kernel.
    pub(crate) fn write(
        &mut self,
        net: &dyn Net,
        bytes: &[u8],
        deadline: Deadline,
    ) -> Result<(), UnsentBytes> {
        let mut out = Outgoing::new(&[], bytes);
        // What the peer says is heard at the next check. It must not stop a write that the peer still reads.
        match self.connection.write(net, &mut out, deadline, false) {
            Ok(_) => Ok(()),
            Err(broken) => {
                let bytes_sent = out.body_sent();
                let some_went = bytes_sent > 0 || self.connection.has_uncounted();
                Err(UnsentBytes { broken, some_went, bytes_sent })
            }
        }
    }

    /// Returns whether this is another tick than that of the last such question, so that the peer should be listened to. One
    /// that is listened to before each of many writes within a few milliseconds may as well speak after the last time.
    pub(crate) fn should_listen(&mut self, net: &dyn Net) -> bool {
        let tick = net.tick();
        let before = std::mem::replace(&mut self.listened, tick);
        tick.is_none() || tick != before
    }

    /// Takes what the peer has said, as far as it has arrived. Returns why the connection ended, if it did.
    pub(crate) fn listen(&mut self, text: &mut Vec<u8>) -> Option<Broken> {
        // A small array, because there is hardly ever anything to take and it is filled with zeros first.
        let mut chunk = [0; 64];
        while text.len() < MAX_TEXT {
            match self.connection.look(&mut chunk) {
                Idle::Quiet => return None,
                Idle::Received(n) => text.extend_from_slice(&chunk[..n]),
                Idle::Gone(broken) => return Some(broken),
            }
        }
        None
    }

    /// Returns how many bytes the peer has not acknowledged for `limit`, if it has acknowledged none at all meanwhile. A
    /// kernel that has such a limit itself breaks the connection by then.
    pub(crate) fn stuck(&mut self, net: &dyn Net, limit: Duration) -> Option<u64> {
        // Asking the kernel costs a system call, which is not worth making in every flush for a limit of seconds.
        let now = net.now_coarse();
        if now.saturating_duration_since(self.looked) < limit / 16 {
            return None;
        }
        self.looked = now;
        let flight = self.connection.in_flight()?;
        let (before, since) = self.acknowledged;
        if flight.outstanding == 0 || flight.acknowledged > before {
            self.acknowledged = (flight.acknowledged, net.now());
            return None;
        }
        let waited = net.now().saturating_duration_since(since);
        (waited >= limit).then_some(flight.outstanding)
    }

    /// Returns how many bytes the peer has not acknowledged, where the system tells.
    pub(crate) fn outstanding(&self) -> Option<u64> {
        self.connection.in_flight().map(|flight| flight.outstanding)
    }

    /// Ends this side's half of the stream, and waits for nothing.
    pub(crate) fn finish(&mut self, net: &dyn Net, deadline: Deadline) {
        self.connection.finish(net, deadline);
    }

    /// Ends this side's half and waits for the end of the other one. What the peer says on the way goes into `text`.
    pub(crate) fn finish_and_wait(
        &mut self,
        net: &dyn Net,
        text: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Broken> {
        self.connection.finish(net, deadline);
        let mut deadline = deadline;
        let mut chunk = [0; MAX_TEXT];
        while text.len() < MAX_TEXT {
            if !text.is_empty() {
                deadline = deadline.earlier_of(Deadline::after(net, REST_OF_TEXT));
            }
            match self.connection.read(net, &mut chunk, deadline) {
                // A peer that was told that TLS ends need not answer that.
                Ok(0) | Err(Broken::Truncated) => break,
                Ok(n) => text.extend_from_slice(&chunk[..n]),
                Err(broken) => return Err(broken),
            }
        }
        match self.outstanding() {
            // A peer that reads everything also acknowledges everything before it ends.
            Some(1..) => Err(Broken::Closed),
            _ => Ok(()),
        }
    }
}

/// Logs in on a new connection. The server does not answer: a refusal shows later, as a closed connection.
fn log_in(
    connection: &mut Connection,
    key: &SigningKey,
    net: &dyn Net,
    deadline: Deadline,
) -> Result<()> {
    let hello = format!("{}\n", key.id());
    connection
        .write(net, &mut Outgoing::new(hello.as_bytes(), &[]), deadline, false)
        .map_err(|broken| broken.into_error("could not send the key id"))?;
    let challenge = read_challenge(connection, net, deadline)?;
    let answer = format!("{}\n", *key.sign(&challenge)?);
    connection
        .write(net, &mut Outgoing::new(answer.as_bytes(), &[]), deadline, false)
        .map_err(|broken| broken.into_error("could not send the signed challenge"))?;
    Ok(())
}

fn read_challenge(
    connection: &mut Connection,
    net: &dyn Net,
    deadline: Deadline,
) -> Result<Vec<u8>> {
    let mut challenge = Vec::with_capacity(520);
    let mut chunk = [0; 1024];
    loop {
        let n = match connection.read(net, &mut chunk, deadline) {
            Ok(0) | Err(Broken::Closed) => {
                return Err(no_challenge("the server closed the connection before it sent"));
            }
            Err(Broken::Timeout) => {
                return Err(err!(
                    Timeout,
                    "auth_timeout passed while waiting for the authentication challenge; \
                     is the server configured to require authentication?"
                )
                .retryable(true));
            }
            Err(broken) => {
                return Err(broken.into_error("could not read the authentication challenge"));
            }
            Ok(n) => n,
        };
        challenge.extend_from_slice(&chunk[..n]);
        let end = challenge.iter().position(|b| *b == b'\n');
        if end.unwrap_or(challenge.len()) > MAX_CHALLENGE_BYTES {
            return Err(err!(
                Auth,
                "the authentication challenge is longer than {MAX_CHALLENGE_BYTES} bytes"
            ));
        }
        if let Some(end) = end {
            if end + 1 != challenge.len() {
                let extra = foreign(&challenge[end + 1..], 64).to_string();
                return Err(err!(
                    Auth,
                    "the server sent more than an authentication challenge: {extra}"
                ));
            }
            challenge.truncate(end);
            return Ok(challenge);
        }
    }
}

#[cold]
fn no_challenge(what: &str) -> Error {
    err!(Auth, "{what} an authentication challenge; is it configured to require authentication?")
}

/// Returns whether a text is a challenge. A server that wants a login answers the first line it gets, whatever it is, with
/// 512 printable bytes and a line end. Texts for people are shorter, or have blanks.
pub(crate) fn is_challenge(text: &[u8]) -> bool {
    let Some((b'\n', line)) = text.split_last() else { return false };
    line.iter().all(|b| matches!(b, b' '..=b'~'))
        && (line.len() == 512 || line.len() >= 32 && !line.contains(&b' '))
}
