//! One kept-alive HTTP connection to one of the configured addresses.

use std::sync::Arc;

use crate::config::{Addr, Settings};
use crate::error::{Error, Result, err};
use crate::net::{
    Answer, Conn, Deadline, Dialer, Failure, Idle, Net, RequestHead, Secrets, authorization,
    exchange, left, not_http,
};

/// Where rows are posted. Bare designated timestamps are nanoseconds.
const WRITE_TARGET: &str = "/write?precision=n";
const SETTINGS_TARGET: &str = "/settings";

/// Requests to the configured servers, one at a time.
pub(crate) struct HttpTransport {
    dialer: Dialer,
    heads: Vec<Heads>,
    conn: Option<Conn>,
    connects: u64,
    secrets: Arc<Secrets>,
}

struct Heads {
    write: RequestHead,
    settings: RequestHead,
}

/// One attempt at a request.
pub(crate) struct HttpAttempt {
    pub(crate) result: Result<Answer, Failure>,
    /// Whether a request, or a part of one, went out.
    pub(crate) began: bool,
    /// Whether it went over a connection that had carried an earlier request.
    pub(crate) reused: bool,
}

impl HttpTransport {
    pub(crate) fn new(settings: &Settings) -> Result<HttpTransport> {
        let mut agent = format!("questdb-ingress/{}", env!("CARGO_PKG_VERSION"));
        if let Some(suffix) = &settings.user_agent_suffix {
            agent.push(' ');
            agent.push_str(suffix);
        }
        let authorization = authorization(&settings.auth);
        let authorization = authorization.as_ref().map(|value| value.as_str());
        let heads = settings
            .addrs
            .iter()
            .map(|addr| {
                let authority = addr.to_string();
                Heads {
                    write: RequestHead::new(
                        "POST",
                        WRITE_TARGET,
                        &authority,
                        &agent,
                        authorization,
                    ),
                    settings: RequestHead::new(
                        "GET",
                        SETTINGS_TARGET,
                        &authority,
                        &agent,
                        authorization,
                    ),
                }
            })
            .collect();
        Ok(HttpTransport {
            dialer: Dialer::new(settings)?,
            heads,
            conn: None,
            connects: 0,
            secrets: Arc::new(Secrets::new(&settings.auth)),
        })
    }

    /// How often a connection was made.
    pub(crate) fn connects(&self) -> u64 {
        self.connects
    }

    /// How many addresses are configured.
    pub(crate) fn addr_count(&self) -> usize {
        self.dialer.count()
    }

    /// The address in use.
    pub(crate) fn addr(&self) -> &Addr {
        self.dialer.addr()
    }

    /// The index of the address in use.
    pub(crate) fn current(&self) -> usize {
        self.dialer.current()
    }

    /// What no message may show.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Turns to the next configured address, and drops the connection if that is another one.
    pub(crate) fn rotate(&mut self) {
        if self.dialer.count() > 1 {
            self.conn = None;
            self.dialer.rotate();
        }
    }

    /// Drops the connection.
    pub(crate) fn disconnect(&mut self) {
        self.conn = None;
    }

    /// Posts rows. A new connection must be there by `connected_by`.
    pub(crate) fn write(
        &mut self,
        net: &dyn Net,
        body: &[u8],
        deadline: Deadline,
        connected_by: Deadline,
    ) -> HttpAttempt {
        self.request(net, Some(body), deadline, connected_by)
    }

    /// Asks for the server's settings.
    pub(crate) fn settings(
        &mut self,
        net: &dyn Net,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> HttpAttempt {
        self.request(net, None, deadline, connected_by)
    }

    fn request(
        &mut self,
        net: &dyn Net,
        body: Option<&[u8]>,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> HttpAttempt {
        let idle = self.idle_connection();
        let reused = idle.is_some();
        let mut conn = match idle.map_or_else(|| self.new_connection(net, connected_by), Ok) {
            Ok(conn) => conn,
            Err(error) => return unsent(error, reused),
        };
        if let Err(broken) = left(net, deadline) {
            return unsent(broken.into_error("the request was not sent"), reused);
        }
        let heads = &mut self.heads[self.dialer.current()];
        let head = if body.is_some() { &mut heads.write } else { &mut heads.settings };
        let done = exchange(&mut conn, net, head, body, &self.secrets, deadline);
        if done.reusable {
            self.conn = Some(conn);
        }
        HttpAttempt { result: done.result, began: true, reused }
    }

    /// The connection of an earlier request, if it is still good. One that has ended meanwhile is not worth an attempt, and
    /// bytes that nobody asked for could pass for the next answer.
    fn idle_connection(&mut self) -> Option<Conn> {
        let mut conn = self.conn.take()?;
        matches!(conn.look(&mut [0; 64]), Idle::Quiet).then_some(conn)
    }

    /// A connection on which nothing has been said: what is there before the request is not the answer to it.
    fn new_connection(&mut self, net: &dyn Net, deadline: Deadline) -> Result<Conn> {
        const SAID: &str = "it came before the request was sent";
        let mut conn = self.dialer.dial(net, deadline)?;
        self.connects += 1;
        let mut said = [0; 256];
        match conn.look(&mut said) {
            Idle::Quiet => Ok(conn),
            Idle::Gone(broken) => Err(broken.into_error("the new connection is of no use")),
            Idle::Spoke(n) if said.starts_with(b"HTTP/") => {
                let start = self.secrets.foreign(&said[..n], true, 64);
                // A server, or a proxy before it, that is too busy to listen may say so without being asked.
                Err(err!(NotQuestdb, "not an answer, {SAID}: {start}").retryable(true))
            }
            Idle::Spoke(n) => Err(not_http(&said[..n], SAID, &self.secrets)),
        }
    }
}

#[cold]
fn unsent(error: Error, reused: bool) -> HttpAttempt {
    let failure = Failure { error, executable: false, answered: false, bytes_sent: 0 };
    HttpAttempt { result: Err(failure), began: false, reused }
}
