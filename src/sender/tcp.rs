//! ILP over TCP: a stream without acknowledgements.
//!
//! The protocol never answers, so nothing is known but what the kernel knows. The connection is examined before a write, once
//! in each tick of the clock, which turns a server that has gone into an error instead of a silent loss. When a connection
//! breaks, all rows that went over it are in doubt: even what the peer's kernel has acknowledged may not be stored.

use std::time::Duration;

use super::batch::Batch;
use super::carrier::{AttemptTime, Carrier, Failed};
use super::server_settings::{self, ServerSettings};
use crate::config::{Addr, Auth, Settings};
use crate::error::{Error, ErrorParts as _, Outcome, Result, err};
use crate::net::{
    Broken, Connector, Deadline, LineStream, MAX_TEXT, Net, SigningKey, UnsentBytes, is_challenge,
    left,
};
use crate::quoted::foreign;

const NOTHING_SENT: &str = "nothing of this flush was sent, but ";

/// A stream of rows to one of the configured servers. It is opened again by the flush after the one that found it broken.
pub(super) struct TcpCarrier {
    connector: Connector,
    key: Option<SigningKey>,
    connect_timeout: Duration,
    auth_timeout: Duration,
    send_timeout: Duration,
    /// How long a peer may fail to acknowledge anything.
    unacknowledged: Option<Duration>,
    stream: Option<Stream>,
    connections_made: u64,
}

/// One stream and what went over it.
struct Stream {
    lines: LineStream,
    /// Rows of complete flushes. The kernel buffers them, so only a later check can find that they were lost.
    rows: u64,
}

impl TcpCarrier {
    pub(super) fn new(settings: &Settings) -> Result<TcpCarrier> {
        let key = match &settings.auth {
            Auth::Ecdsa { key_id, d, x, y } => Some(SigningKey::new(key_id, d, x, y)?),
            _ => None,
        };
        Ok(TcpCarrier {
            connector: Connector::new(settings)?,
            key,
            connect_timeout: settings.connect_timeout,
            auth_timeout: settings.auth_timeout,
            send_timeout: settings.send_timeout,
            unacknowledged: settings.tcp_user_timeout,
            stream: None,
            connections_made: 0,
        })
    }

    /// Opens a stream: every configured address is tried once, from the one that worked last.
    fn open(&mut self, net: &dyn Net, deadline: Deadline) -> Result<Stream> {
        let count = self.connector.count();
        let mut tried = 0;
        loop {
            // A server that never answers must leave time for those after it.
            let share = deadline.left(net).unwrap_or_default() / divisor(count - tried);
            let deadline_of_one = Deadline::after(net, share);
            let (key, auth_timeout) = (self.key.as_ref(), self.auth_timeout);
            match LineStream::open(&self.connector, key, auth_timeout, net, deadline_of_one) {
                Ok(lines) => {
                    self.connections_made += 1;
                    return Ok(Stream { lines, rows: 0 });
                }
                Err(e) => {
                    self.connector.rotate();
                    tried += 1;
                    if tried == count || left(net, deadline).is_err() {
                        return Err(match count {
                            1 => e,
                            _ => e.context(format_args!("{tried} of {count} addresses tried")),
                        });
                    }
                }
            }
        }
    }

    /// Drops the connection and returns an error, if the server has ended it, has said something on it, or has stopped
    /// acknowledging.
    fn lost_connection(&mut self, net: &dyn Net) -> Option<Error> {
        let limit = self.unacknowledged;
        let stream = self.stream.as_mut()?;
        if !stream.lines.should_listen(net) {
            return None;
        }
        let mut text = Vec::new();
        let gone = stream.lines.listen(&mut text);
        let addr = self.connector.addr();
        let error = match gone {
            _ if !text.is_empty() => self.said(&text),
            None => {
                let bytes = limit.and_then(|limit| stream.lines.stuck(net, limit))?;
                stopped_acknowledging(addr, bytes, limit.unwrap_or_default())
            }
            Some(Broken::Closed | Broken::Io(_)) if self.key.is_some() && stream.rows == 0 => err!(
                Auth,
                "{addr} closed the connection after the login: it refused the key, or was stopped"
            )
            .retryable(true),
            Some(broken) if stream.rows == 0 => {
                broken.into_error(&format!("the connection to {addr} ended before the first flush"))
            }
            Some(broken) => {
                broken.into_error(&format!("the connection to {addr} ended since the last flush"))
            }
        };
        let rows = self.give_up();
        Some(with_doubt(error, rows, NOTHING_SENT))
    }

    /// Drops the connection and chooses the next address. Returns how many rows went over it.
    fn give_up(&mut self) -> u64 {
        self.connector.rotate();
        self.stream.take().map_or(0, |stream| stream.rows)
    }

    /// Returns the error for what a server said. It says nothing as long as all is well.
    #[cold]
    fn said(&self, text: &[u8]) -> Error {
        let addr = self.connector.addr();
        if matches!(text, [0x15 | 0x16, 3, ..]) {
            return err!(Tls, "{addr} speaks TLS; use tcps");
        }
        if self.key.is_none() && is_challenge(text) {
            return err!(
                Auth,
                "the server requires authentication (username, token, token_x, token_y): {addr} sent the challenge {}",
                foreign(text, 64)
            );
        }
        err!(Rejected, "{addr} sent a message: {}", foreign(text, MAX_TEXT)).retryable(true)
    }

    /// Returns the error for a write that failed, after which the connection is dropped. What the server said before the
    /// connection broke is more informative than the break: a text, or the alert of a TLS server that refused a client
    /// certificate after the handshake.
    #[cold]
    fn send_failed(&mut self, unwritten: UnsentBytes) -> Failed {
        let UnsentBytes { broken, some_went, bytes_sent } = unwritten;
        let what = format!("could not send to {}", self.connector.addr());
        let mut text = Vec::new();
        let error = match self.stream.as_mut().map(|stream| stream.lines.listen(&mut text)) {
            _ if !text.is_empty() => {
                let said = self.said(&text).to_string();
                broken.into_error(&what).context(said)
            }
            Some(Some(alert @ Broken::Tls { .. })) => alert.into_error(&what),
            _ => broken.into_error(&what),
        };
        let rows = self.give_up();
        let (outcome, own) = if some_went {
            (Outcome::InDoubt, "a part of this flush was sent, and ")
        } else {
            (Outcome::NotSent, NOTHING_SENT)
        };
        let mut error = with_doubt(error, rows, own).outcome_is(outcome);
        error.facts_mut().bytes_sent = bytes_sent;
        Failed { error, began: true, idle_died: false, only_this_server: false }
    }
}

impl Carrier for TcpCarrier {
    fn confirms_storage(&self) -> bool {
        false
    }

    fn asks_for_settings(&self) -> bool {
        false
    }

    fn attempt_limit(&self, _: usize) -> Duration {
        self.send_timeout
    }

    /// Rows of earlier flushes may be lost with a connection. The error tells the caller so, which a silent reconnect would
    /// not.
    fn allows_retries(&self) -> bool {
        false
    }

    /// Each attempt tries all addresses by itself.
    fn server_count(&self) -> usize {
        1
    }

    fn connections_made(&self) -> u64 {
        self.connections_made
    }

    fn may_be_stale(&self) -> bool {
        self.stream.is_some()
    }

    fn connect(&mut self, net: &dyn Net) -> Result<()> {
        let limit = self.connect_timeout.saturating_add(self.auth_timeout);
        if self.stream.is_none() {
            self.stream = Some(self.open(net, Deadline::after(net, limit))?);
        }
        Ok(())
    }

    /// A stream cannot be asked anything, so the oldest version is taken, which every server reads.
    fn settings(&mut self, _: &dyn Net, _: AttemptTime) -> Result<ServerSettings, Failed> {
        Ok(server_settings::OLD_SERVER)
    }

    /// Gives the batch to the kernel. After a failure the connection is dropped and the next flush makes a new one; the
    /// error tells how many rows of earlier flushes went over the dropped one.
    fn send(&mut self, net: &dyn Net, batch: Batch<'_>, time: AttemptTime) -> Result<(), Failed> {
        if let Some(error) = self.lost_connection(net) {
            return Err(Failed::not_begun(error.outcome_is(Outcome::NotSent)));
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => match self.open(net, time.connected_by) {
                Ok(stream) => self.stream.insert(stream),
                Err(e) => return Err(Failed::not_begun(e.outcome_is(Outcome::NotSent))),
            },
        };
        match stream.lines.write(net, batch.bytes, time.ends) {
            Ok(()) => {
                stream.rows += batch.rows;
                Ok(())
            }
            Err(unwritten) => Err(self.send_failed(unwritten)),
        }
    }

    /// Ends the stream and waits until the server has ended its half, which shows that it has read everything. Anything else
    /// is an error if rows went over the connection, because there is no later call that could tell of them.
    fn close(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let addr = self.connector.addr();
        let mut text = Vec::new();
        let gone = stream.lines.listen(&mut text);
        let ended_before = gone.is_some();
        let end = match gone {
            Some(broken) => Err(broken),
            // No rows went over it, so there is nothing to wait for.
            None if stream.rows == 0 => {
                stream.lines.finish(net, deadline);
                Ok(())
            }
            None => stream.lines.finish_and_wait(net, &mut text, deadline),
        };
        let error = match end {
            _ if !text.is_empty() => self.said(&text),
            Ok(()) => return Ok(()),
            Err(_) if stream.rows == 0 => return Ok(()),
            Err(broken) if ended_before => {
                broken.into_error(&format!("the connection to {addr} ended since the last flush"))
            }
            Err(Broken::Timeout) => not_ended(&stream.lines, addr),
            Err(broken) => {
                broken.into_error(&format!("the connection to {addr} did not end as it should"))
            }
        };
        let in_doubt = if stream.rows > 0 { Outcome::InDoubt } else { Outcome::NotSent };
        Err(with_doubt(error, stream.rows, "").outcome_is(in_doubt))
    }
}

fn divisor(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// Adds to an error the rows that went over its connection before; `own` says what became of the rows of the call itself.
#[cold]
fn with_doubt(error: Error, rows: u64, own: &str) -> Error {
    if rows == 0 {
        return error;
    }
    let noun = if rows == 1 { "row" } else { "rows" };
    let mut error =
        error.context(format_args!("{own}{rows} {noun} of earlier flushes may be lost"));
    error.facts_mut().earlier_rows_in_doubt = rows;
    error
}

#[cold]
fn stopped_acknowledging(addr: &Addr, bytes: u64, limit: Duration) -> Error {
    err!(
        Connection,
        "{addr} has left {bytes} bytes unacknowledged for more than tcp_user_timeout ({} ms)",
        limit.as_millis()
    )
    .retryable(true)
}

/// Creates the error for a server that did not end the stream in time.
#[cold]
fn not_ended(lines: &LineStream, addr: &Addr) -> Error {
    match lines.outstanding() {
        Some(bytes @ 1..) => err!(
            Timeout,
            "{addr} did not end the connection in time; {bytes} bytes are not acknowledged"
        ),
        _ => err!(
            Timeout,
            "{addr} did not end the connection in time, so it may not have read everything"
        ),
    }
}
