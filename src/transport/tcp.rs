//! ILP over TCP: a stream without acknowledgements.
//!
//! The protocol never answers, so the truth is limited to what the kernel knows: before each write the connection is looked
//! at, which turns a server that has gone into an error instead of a silent loss.

use std::time::Duration;

use super::auth::SigningKey;
use super::conn::{Broken, Conn, Idle, Outgoing};
use super::dial::Dialer;
use super::http::Failure;
use super::net::{Deadline, Net};
use crate::config::{Addr, Auth, Settings};
use crate::error::{Error, ErrorCode, Result, err, foreign};

/// Text of a server that closes a connection, as far as it is shown.
const MAX_SHOWN_TEXT: usize = 1024;

/// A stream to one server, reconnected on demand.
pub(crate) struct TcpTransport {
    dialer: Dialer,
    key: Option<SigningKey>,
    auth_timeout: Duration,
    conn: Option<Conn>,
    /// Whether rows have gone over the connection. The kernel buffers them, so only a later look can find that they went
    /// nowhere.
    used: bool,
    connects: u64,
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
            conn: None,
            used: false,
            connects: 0,
        })
    }

    /// How often a connection was made.
    pub(crate) fn connects(&self) -> u64 {
        self.connects
    }

    /// Connects and logs in if that has not happened; tries every configured address once.
    pub(crate) fn connect(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()> {
        if self.conn.is_some() {
            return Ok(());
        }
        let mut tries = self.dialer.count();
        loop {
            match self.connect_current(net, deadline) {
                Ok(conn) => {
                    self.conn = Some(conn);
                    self.used = false;
                    self.connects += 1;
                    return Ok(());
                }
                Err(e) => {
                    self.dialer.rotate();
                    tries -= 1;
                    if tries == 0 || !e.is_retryable() || deadline.left(net).is_none() {
                        return Err(e);
                    }
                }
            }
        }
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

    /// Gives `body` to the kernel. After a failure the connection is gone and the next call makes a new one.
    pub(crate) fn send(
        &mut self,
        net: &dyn Net,
        body: &[u8],
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let not_sent = |error| Failure { error, executable: false, answered: false, bytes_sent: 0 };
        if let Some(error) = self.lost_connection() {
            return Err(not_sent(error));
        }
        self.connect(net, deadline).map_err(not_sent)?;
        let Some(conn) = &mut self.conn else {
            return Err(not_sent(err!(Internal, "connected without a connection")));
        };
        let mut out = Outgoing::new(&[], body);
        self.used = true;
        // A peer that speaks is heard at the next look; it must not stop a write that it still reads.
        match conn.write(net, &mut out, deadline, false) {
            Ok(_) => Ok(()),
            Err(broken) => {
                let error = self.send_failed(broken);
                let uncounted = self.conn.take().is_some_and(|conn| conn.has_uncounted());
                Err(Failure {
                    error,
                    executable: out.body_sent() > 0 || uncounted,
                    answered: false,
                    bytes_sent: out.body_sent(),
                })
            }
        }
    }

    /// Drops a connection that the server has ended and says so.
    fn lost_connection(&mut self) -> Option<Error> {
        let mut text = [0; MAX_SHOWN_TEXT];
        let conn = self.conn.as_mut()?;
        let addr = self.dialer.addr();
        let error = match conn.look(&mut text) {
            Idle::Quiet => return None,
            Idle::Spoke(n) if matches!(text[..n], [0x15 | 0x16, 3, ..]) => {
                err!(Tls, "{addr} speaks TLS; use tcps")
            }
            Idle::Spoke(n) => Error::new(
                ErrorCode::Rejected,
                format!(
                    "{addr} sent a message, so earlier rows may have been refused: {}",
                    foreign(&text[..n], MAX_SHOWN_TEXT)
                ),
            )
            .retryable(true),
            Idle::Gone(Broken::Closed | Broken::Io(_)) if self.key.is_some() && !self.used => err!(
                Auth,
                "{addr} closed the connection after the login: it refused the key, or was stopped"
            )
            .retryable(true),
            Idle::Gone(broken) if !self.used => {
                broken.into_error(&format!("the connection to {addr} ended before the first flush"))
            }
            Idle::Gone(broken) => rows_may_be_lost(addr, broken),
        };
        self.conn = None;
        Some(error)
    }

    /// The error for a write that failed. What the server said before the connection broke says more than the break: text of
    /// the server, or the alert of a TLS server that refused a client certificate after the handshake.
    #[cold]
    fn send_failed(&mut self, broken: Broken) -> Error {
        let what = format!("could not send to {}", self.dialer.addr());
        let mut text = [0; MAX_SHOWN_TEXT];
        match self.conn.as_mut().map(|conn| conn.look(&mut text)) {
            Some(Idle::Gone(alert @ Broken::Tls { .. })) => alert.into_error(&what),
            Some(Idle::Spoke(n)) => {
                let said = foreign(&text[..n], MAX_SHOWN_TEXT).to_string();
                broken.into_error(&what).context(format_args!("the server said: {said}"))
            }
            _ => broken.into_error(&what),
        }
    }

    /// Ends the stream and waits until the server has ended its half, or until the deadline. A connection that had ended
    /// before, or is reset now, is an error if rows went over it: there is no later call to tell of them.
    pub(crate) fn close(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()> {
        let Some(mut conn) = self.conn.take() else { return Ok(()) };
        let mut rest = [0; MAX_SHOWN_TEXT];
        let gone = match conn.look(&mut rest) {
            Idle::Gone(broken) => Some(broken),
            Idle::Quiet | Idle::Spoke(_) => {
                conn.finish(net, deadline);
                loop {
                    match conn.read(net, &mut rest, deadline) {
                        Ok(1..) => {}
                        Err(end @ (Broken::Io(_) | Broken::Cancelled)) => break Some(end),
                        // Out of time nothing is known; and who was told that TLS ends need not say so in turn.
                        Ok(0) | Err(_) => break None,
                    }
                }
            }
        };
        match gone {
            Some(broken) if self.used => Err(rows_may_be_lost(self.dialer.addr(), broken)),
            _ => Ok(()),
        }
    }
}

#[cold]
fn rows_may_be_lost(addr: &Addr, broken: Broken) -> Error {
    broken.into_error(&format!(
        "the connection to {addr} ended since the last flush, so rows of earlier flushes may be lost"
    ))
}
