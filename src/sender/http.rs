//! HTTP: where rows are posted, what servers are asked, and what their answers mean for the rows.

use std::sync::Arc;
use std::time::Duration;

use super::batch::Batch;
use super::carrier::{AttemptTime, Carrier, Failed};
use super::outcome::{self, Asked};
use super::server_settings::{self, ServerSettings};
use crate::config::Settings;
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome, Result, err};
use crate::ilp::ProtocolVersion;
use crate::net::{
    Answer, Connection, Connector, Deadline, Idle, Incomplete, Net, Request, RequestHead, Secrets,
    authorization, exchange, left, not_http,
};

/// The path to which rows are posted. Designated timestamps without a unit are nanoseconds.
const WRITE_TARGET: &str = "/write?precision=n";
const SETTINGS_TARGET: &str = "/settings";
/// The status of a read-only replica: another server may be the primary.
const MISDIRECTED: u16 = 421;

/// Sends requests to the configured servers, one at a time, over one connection that is kept.
pub(crate) struct HttpCarrier {
    connector: Connector,
    heads: Vec<Heads>,
    connection: Option<Connection>,
    connections_made: u64,
    secrets: Arc<Secrets>,
    request_timeout: Duration,
    request_min_throughput: u64,
    /// Whether servers are asked for the protocol version that they know.
    asks_for_settings: bool,
    /// The newest version that each server knows, if it has been asked.
    versions: Vec<Option<ProtocolVersion>>,
}

/// The heads of the requests to one server.
struct Heads {
    write: RequestHead,
    settings: RequestHead,
}

/// The result of one request.
pub(crate) struct Attempt {
    pub(crate) result: Result<Answer, Incomplete>,
    /// Whether the request, or a part of it, was sent.
    began: bool,
    /// Whether it was sent over a connection that had carried an earlier request.
    reused: bool,
}

impl HttpCarrier {
    pub(crate) fn new(settings: &Settings) -> Result<HttpCarrier> {
        let mut user_agent = format!("questdb-ingress/{}", env!("CARGO_PKG_VERSION"));
        if let Some(suffix) = &settings.user_agent_suffix {
            user_agent.push(' ');
            user_agent.push_str(suffix);
        }
        let authorization = authorization(&settings.auth);
        let authorization = authorization.as_ref().map(|value| value.as_str());
        let heads = settings.addrs.iter().map(|addr| {
            let host = addr.to_string();
            let request = Request {
                method: "GET",
                target: SETTINGS_TARGET,
                host: &host,
                user_agent: &user_agent,
                authorization,
                content_type: None,
            };
            let settings = RequestHead::new(request);
            let content_type = Some("text/plain; charset=utf-8");
            let write = RequestHead::new(Request {
                method: "POST",
                target: WRITE_TARGET,
                content_type,
                ..request
            });
            Heads { write, settings }
        });
        Ok(HttpCarrier {
            heads: heads.collect(),
            connector: Connector::new(settings)?,
            connection: None,
            connections_made: 0,
            secrets: Arc::new(Secrets::new(&settings.auth)),
            request_timeout: settings.request_timeout,
            request_min_throughput: settings.request_min_throughput,
            asks_for_settings: settings.protocol_version.is_none(),
            versions: vec![None; settings.addrs.len()],
        })
    }

    /// Posts `body`, or asks for the settings if there is none. A new connection must be established by `connected_by`.
    pub(crate) fn request(
        &mut self,
        net: &dyn Net,
        body: Option<&[u8]>,
        deadline: Deadline,
        connected_by: Deadline,
    ) -> Attempt {
        let idle = self.idle_connection();
        let reused = idle.is_some();
        let mut connection = match idle.map_or_else(|| self.new_connection(net, connected_by), Ok) {
            Ok(connection) => connection,
            Err(error) => return unsent(error, reused),
        };
        if let Err(broken) = left(net, deadline) {
            return unsent(broken.into_error("the request was not sent"), reused);
        }
        let heads = &mut self.heads[self.connector.current()];
        let head = if body.is_some() { &mut heads.write } else { &mut heads.settings };
        let done = exchange(&mut connection, net, head, body, &self.secrets, deadline);
        if done.reusable {
            self.connection = Some(connection);
        }
        Attempt { result: done.result, began: true, reused }
    }

    /// Takes the connection of an earlier request, if it is still good. It is not if it has ended meanwhile, or if bytes
    /// have arrived that nobody asked for: those could pass for the next answer.
    fn idle_connection(&mut self) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        matches!(connection.look(&mut [0; 64]), Idle::Quiet).then_some(connection)
    }

    /// Makes a new connection and checks that the server has not said anything: what it says before the request is not the
    /// answer to it.
    fn new_connection(&mut self, net: &dyn Net, deadline: Deadline) -> Result<Connection> {
        const SAID: &str = "it came before the request was sent";
        let mut connection = self.connector.connect(net, deadline)?;
        self.connections_made += 1;
        let mut said = [0; 256];
        match connection.look(&mut said) {
            Idle::Quiet => Ok(connection),
            Idle::Gone(broken) => Err(broken.into_error("the new connection is of no use")),
            Idle::Received(n) if said.starts_with(b"HTTP/") => {
                let start = self.secrets.foreign(&said[..n], true, 64);
                // A server that is too busy, or a proxy before it, may say so without being asked.
                Err(err!(NotQuestdb, "not an answer, {SAID}: {start}").retryable(true))
            }
            Idle::Received(n) => Err(not_http(&said[..n], SAID, &self.secrets)),
        }
    }

    /// Asks the server in use for its settings.
    fn ask(&mut self, net: &dyn Net, time: AttemptTime) -> Result<ServerSettings, Failed> {
        let Attempt { result, began, .. } = self.request(net, None, time.ends, time.connected_by);
        let (error, status) = match result {
            Err(incomplete) => (incomplete.error, 0),
            Ok(answer) => {
                let settings = match answer.status {
                    200 => server_settings::parse(&answer.body, &self.secrets),
                    404 => Ok(server_settings::OLD_SERVER),
                    _ => Err(outcome::refused(&answer, Asked::Settings, &self.secrets)),
                };
                match settings {
                    Ok(settings) => {
                        if let Some(version) = self.versions.get_mut(self.connector.current()) {
                            *version = Some(settings.version);
                        }
                        return Ok(settings);
                    }
                    Err(error) => (error, answer.status),
                }
            }
        };
        let error = error.outcome_is(Outcome::NotSent).context(format_args!(
            "could not learn the protocol version from /settings of {}",
            self.connector.addr()
        ));
        Err(Failed { error, began, idle_died: false, only_this_server: status == MISDIRECTED })
    }

    /// Makes sure that the server in use can read rows of this version. A server that was never asked is asked first.
    fn check_version(
        &mut self,
        net: &dyn Net,
        version: ProtocolVersion,
        time: AttemptTime,
    ) -> Result<(), Failed> {
        if !self.asks_for_settings {
            return Ok(());
        }
        let newest = match self.versions.get(self.connector.current()).copied().flatten() {
            Some(newest) => newest,
            None => {
                let asked = self.ask(net, time);
                asked.map_err(|failed| Failed { began: false, ..failed })?.version
            }
        };
        if version <= newest {
            return Ok(());
        }
        Err(Failed::not_begun(err!(
            ProtocolVersion,
            "{} speaks protocol version {}, the rows are of version {}",
            self.connector.addr(),
            newest as u8,
            version as u8
        )))
    }

    fn post(&mut self, net: &dyn Net, batch: Batch<'_>, time: AttemptTime) -> Result<(), Failed> {
        let Attempt { result, began, reused } =
            self.request(net, Some(batch.bytes), time.ends, time.connected_by);
        match result {
            Ok(answer) if outcome::is_success(&answer) => Ok(()),
            Ok(answer) => {
                let asked = Asked::Rows { one_table: batch.one_table };
                let error = outcome::refused(&answer, asked, &self.secrets);
                let only_this_server = answer.status == MISDIRECTED;
                Err(Failed { error, began, idle_died: false, only_this_server })
            }
            Err(incomplete) => {
                let idle_died =
                    reused && !incomplete.answered && incomplete.error.code() != ErrorCode::Timeout;
                let error = outcome::unanswered(incomplete).context(self.connector.addr());
                Err(Failed { error, began, idle_died, only_this_server: false })
            }
        }
    }

    /// Chooses the next server after a failure, unless the one in use works and refused the rows as such.
    fn turn_to_next(&mut self, failed: &Failed) {
        if self.connector.count() > 1 && !failed.is_about_the_rows() {
            self.connection = None;
            self.connector.rotate();
        }
    }
}

impl Carrier for HttpCarrier {
    fn confirms_storage(&self) -> bool {
        true
    }

    fn asks_for_settings(&self) -> bool {
        true
    }

    fn attempt_limit(&self, bytes: usize) -> Duration {
        let extra = match self.request_min_throughput {
            0 => Duration::ZERO,
            per_second => Duration::from_millis((bytes as u64).saturating_mul(1000) / per_second),
        };
        self.request_timeout.saturating_add(extra)
    }

    fn allows_retries(&self) -> bool {
        true
    }

    fn server_count(&self) -> usize {
        self.connector.count()
    }

    fn connections_made(&self) -> u64 {
        self.connections_made
    }

    fn settings(&mut self, net: &dyn Net, time: AttemptTime) -> Result<ServerSettings, Failed> {
        self.ask(net, time).inspect_err(|failed| self.turn_to_next(failed))
    }

    fn send(&mut self, net: &dyn Net, batch: Batch<'_>, time: AttemptTime) -> Result<(), Failed> {
        self.check_version(net, batch.version, time)
            .and_then(|()| self.post(net, batch, time))
            .inspect_err(|failed| self.turn_to_next(failed))
    }

    fn close(&mut self, _: &dyn Net, _: Deadline) -> Result<()> {
        self.connection = None;
        Ok(())
    }
}

#[cold]
fn unsent(error: Error, reused: bool) -> Attempt {
    let incomplete = Incomplete { error, executable: false, answered: false, bytes_sent: 0 };
    Attempt { result: Err(incomplete), began: false, reused }
}
