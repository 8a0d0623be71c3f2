//! ILP over TCP: a stream without acknowledgements.
//!
//! The protocol never answers, so the truth is limited to what the kernel knows: before each write the connection is looked
//! at, which turns a server that has gone into an error instead of a silent loss. Rows that went over a connection are in
//! doubt when it breaks, all of them: what the peer's kernel has acknowledged may still not be stored.

use std::time::{Duration, Instant};

use crate::config::{Addr, Auth, Settings};
use crate::error::{Error, Outcome, Result, err, foreign};
use crate::net::{Broken, Conn, Deadline, Dialer, Failure, Idle, Net, Outgoing, SigningKey, left};

/// Text of a server is kept and shown up to this length.
const MAX_TEXT: usize = 1024;
/// How long the rest of a text is waited for when its beginning is there.
const REST_OF_TEXT: Duration = Duration::from_millis(200);

const NOTHING_SENT: &str = "nothing of this flush was sent, but ";

/// A stream to one server, reconnected on demand.
pub(crate) struct TcpTransport {
    dialer: Dialer,
    key: Option<SigningKey>,
    auth_timeout: Duration,
    /// How long a peer may acknowledge nothing.
    unacknowledged: Option<Duration>,
    stream: Option<Stream>,
    connects: u64,
}

/// One connection and what went over it.
struct Stream {
    conn: Conn,
    /// Rows of complete flushes. The kernel buffers them, so only a later look can find that they went nowhere.
    rows: u64,
    /// How many bytes the peer had acknowledged when that number last grew or none were open, and when that was.
    acknowledged: (u64, Instant),
    /// When that was looked at last.
    looked: Instant,
}

impl Stream {
    /// Takes what the peer has said, as far as it is there; what has become of the connection, unless it still stands.
    fn listen(&mut self, text: &mut Vec<u8>) -> Option<Broken> {
        // Small, since there is hardly ever anything to take.
        let mut chunk = [0; 64];
        while text.len() < MAX_TEXT {
            match self.conn.look(&mut chunk) {
                Idle::Quiet => return None,
                Idle::Spoke(n) => text.extend_from_slice(&chunk[..n]),
                Idle::Gone(broken) => return Some(broken),
            }
        }
        None
    }

    /// How many bytes the peer has not acknowledged for `limit`, if it has acknowledged none at all meanwhile. A kernel that
    /// has such a limit itself breaks the connection by then.
    fn stuck(&mut self, net: &dyn Net, limit: Duration) -> Option<u64> {
        // Looking costs a system call, which a limit of seconds does not ask for in every flush.
        let now = net.now_coarse();
        if now.saturating_duration_since(self.looked) < limit / 16 {
            return None;
        }
        self.looked = now;
        let flight = self.conn.in_flight()?;
        let (before, since) = self.acknowledged;
        if flight.outstanding == 0 || flight.acknowledged > before {
            self.acknowledged = (flight.acknowledged, net.now());
            return None;
        }
        let waited = net.now().saturating_duration_since(since);
        (waited >= limit).then_some(flight.outstanding)
    }

    /// Ends our half and waits for the end of the other one. What the peer says on the way goes into `text`.
    fn finish(
        &mut self,
        net: &dyn Net,
        text: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Broken> {
        self.conn.finish(net, deadline);
        let mut deadline = deadline;
        let mut chunk = [0; MAX_TEXT];
        while text.len() < MAX_TEXT {
            if !text.is_empty() {
                deadline = deadline.sooner(Deadline::after(net, REST_OF_TEXT));
            }
            match self.conn.read(net, &mut chunk, deadline) {
                // Who was told that TLS ends need not say so in turn.
                Ok(0) | Err(Broken::Truncated) => break,
                Ok(n) => text.extend_from_slice(&chunk[..n]),
                Err(broken) => return Err(broken),
            }
        }
        match self.conn.in_flight() {
            // A peer that reads everything acknowledges everything before it ends.
            Some(flight) if flight.outstanding > 0 => Err(Broken::Closed),
            _ => Ok(()),
        }
    }
}

impl TcpTransport {
    pub(crate) fn new(settings: &Settings) -> Result<TcpTransport> {
        let key = match &settings.auth {
            Auth::Ecdsa { key_id, d, x, y } => Some(SigningKey::new(key_id, d, x, y)?),
            _ => None,
        };
        Ok(TcpTransport {
            dialer: Dialer::new(settings)?,
            key,
            auth_timeout: settings.auth_timeout,
            unacknowledged: settings.tcp_user_timeout,
            stream: None,
            connects: 0,
        })
    }

    /// Whether there is a connection, as far as is known.
    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// How often a connection was made.
    pub(crate) fn connects(&self) -> u64 {
        self.connects
    }

    /// Connects and logs in if that has not happened; tries every configured address once, from the one that worked last.
    pub(crate) fn connect(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()> {
        if self.stream.is_some() {
            return Ok(());
        }
        let count = self.dialer.count();
        for tried in 1..=count {
            // One that is never answered must leave time for those after it.
            let share = deadline.left(net).unwrap_or_default() / divisor(count + 1 - tried);
            match self.connect_current(net, Deadline::after(net, share)) {
                Ok(conn) => {
                    let now = net.now();
                    self.stream =
                        Some(Stream { conn, rows: 0, acknowledged: (0, now), looked: now });
                    self.connects += 1;
                    return Ok(());
                }
                Err(e) => {
                    self.dialer.rotate();
                    if tried == count || left(net, deadline).is_err() {
                        return Err(match count {
                            1 => e,
                            _ => e.context(format_args!("{tried} of {count} addresses tried")),
                        });
                    }
                }
            }
        }
        Err(err!(Internal, "there is no address to connect to"))
    }

    fn connect_current(&self, net: &dyn Net, deadline: Deadline) -> Result<Conn> {
        let mut conn = self.dialer.dial(net, deadline)?;
        if let Some(key) = &self.key {
            let deadline = deadline.sooner(Deadline::after(net, self.auth_timeout));
            key.log_in(&mut conn, net, deadline).map_err(|e| {
                e.context(format_args!("could not authenticate to {}", self.dialer.addr()))
            })?;
        }
        Ok(conn)
    }

    /// Gives `body`, which holds so many rows, to the kernel. After a failure the connection is gone and the next call makes
    /// a new one; the error tells how many rows of earlier calls went over the one that is gone.
    pub(crate) fn send(
        &mut self,
        net: &dyn Net,
        body: &[u8],
        rows: u64,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let not_sent = |error| Failure { error, executable: false, answered: false, bytes_sent: 0 };
        if let Some(error) = self.lost_connection(net) {
            return Err(not_sent(error));
        }
        self.connect(net, deadline).map_err(not_sent)?;
        let Some(stream) = &mut self.stream else {
            return Err(not_sent(err!(Internal, "connected without a connection")));
        };
        let mut out = Outgoing::new(&[], body);
        // A peer that speaks is heard at the next look; it must not stop a write that it still reads.
        match stream.conn.write(net, &mut out, deadline, false) {
            Ok(_) => {
                stream.rows += rows;
                Ok(())
            }
            Err(broken) => {
                let executable = out.body_sent() > 0 || stream.conn.has_uncounted();
                let error = self.send_failed(broken, executable);
                Err(Failure { error, executable, answered: false, bytes_sent: out.body_sent() })
            }
        }
    }

    /// Drops a connection that the server has ended, on which it has said something, or on which it has stopped
    /// acknowledging, and says so.
    fn lost_connection(&mut self, net: &dyn Net) -> Option<Error> {
        let limit = self.unacknowledged;
        let stream = self.stream.as_mut()?;
        let mut text = Vec::new();
        let gone = stream.listen(&mut text);
        let addr = self.dialer.addr();
        let error = match gone {
            _ if !text.is_empty() => self.said(&text),
            None => {
                let bytes = limit.and_then(|limit| stream.stuck(net, limit))?;
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

    /// Drops the connection and turns to the next address. Returns how many rows went over it.
    fn give_up(&mut self) -> u64 {
        self.dialer.rotate();
        self.stream.take().map_or(0, |stream| stream.rows)
    }

    /// What a server meant by saying something, which it never does while all is well.
    #[cold]
    fn said(&self, text: &[u8]) -> Error {
        let addr = self.dialer.addr();
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

    /// The error for a write that failed, after which the connection is dropped. What the server said before the connection
    /// broke says more than the break: text of the server, or the alert of a TLS server that refused a client certificate
    /// after the handshake.
    #[cold]
    fn send_failed(&mut self, broken: Broken, some_went: bool) -> Error {
        let what = format!("could not send to {}", self.dialer.addr());
        let mut text = Vec::new();
        let error = match self.stream.as_mut().map(|stream| stream.listen(&mut text)) {
            _ if !text.is_empty() => {
                let said = self.said(&text).to_string();
                broken.into_error(&what).context(said)
            }
            Some(Some(alert @ Broken::Tls { .. })) => alert.into_error(&what),
            _ => broken.into_error(&what),
        };
        let rows = self.give_up();
        let own = if some_went { "a part of this flush was sent, and " } else { NOTHING_SENT };
        with_doubt(error, rows, own)
    }

    /// Ends the stream and waits until the server has ended its half, which is its way to say that it has read everything.
    /// Anything else is an error if rows went over the connection: there is no later call to tell of them.
    pub(crate) fn close(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let addr = self.dialer.addr();
        let mut text = Vec::new();
        let gone = stream.listen(&mut text);
        let ended_before = gone.is_some();
        let end = match gone {
            Some(broken) => Err(broken),
            // Nothing went over it, so there is nothing to wait for.
            None if stream.rows == 0 => {
                stream.conn.finish(net, deadline);
                Ok(())
            }
            None => stream.finish(net, &mut text, deadline),
        };
        let error = match end {
            _ if !text.is_empty() => self.said(&text),
            Ok(()) => return Ok(()),
            Err(_) if stream.rows == 0 => return Ok(()),
            Err(broken) if ended_before => {
                broken.into_error(&format!("the connection to {addr} ended since the last flush"))
            }
            Err(Broken::Timeout) => not_ended(&stream.conn, addr),
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

/// A server that wants a login answers the first line it gets, whatever it is, by 512 printable bytes and a line end. Texts
/// for people are not as long as that, or have blanks.
fn is_challenge(text: &[u8]) -> bool {
    let Some((b'\n', line)) = text.split_last() else { return false };
    line.iter().all(|b| matches!(b, b' '..=b'~'))
        && (line.len() == 512 || line.len() >= 32 && !line.contains(&b' '))
}

/// Tells of the rows that went over the connection of `error` before; `own` says how the rows of the call itself fared.
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

/// The time for closing has passed.
#[cold]
fn not_ended(conn: &Conn, addr: &Addr) -> Error {
    match conn.in_flight() {
        Some(flight) if flight.outstanding > 0 => err!(
            Timeout,
            "{addr} did not end the connection in time; {} bytes are not acknowledged",
            flight.outstanding
        ),
        _ => err!(
            Timeout,
            "{addr} did not end the connection in time, so it may not have read everything"
        ),
    }
}
