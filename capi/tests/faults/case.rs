//! A row of the fault table: what the server does, what the client does, and what the result must be. Every row is two tests,
//! one from Rust and one from C.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use questdb_ingress::internal::{code_name, outcome_name};
use questdb_ingress::{ErrorCode, Outcome, Stat};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, Script, script};
use questdb_ingress_testkit::rows;
use rustls::ServerConfig;

use crate::client::{Answer, Failure, Language, Side, hash};
use crate::report::{Row, row_test};

/// The time by which a call may exceed its deadline.
pub(crate) const OVERSHOOT: Duration = Duration::from_millis(250);
/// The time that a slow server may take to read what it was sent.
const BEHIND: Duration = Duration::from_secs(5);
/// The password of every sender whose row sets no other one. Neither it nor the header that is made from it may appear in any
/// text.
const CANARY: &str = "username=u;password=canary-7f3a;";
const SECRETS: [&str; 3] =
    ["canary-7f3a", "dTpjYW5hcnktN2YzYQ", "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48"];

pub(crate) const SECRET_SHOWS: &str = "a secret shows";

type Act = Box<dyn Fn(&mut Client) -> Answer + Send + Sync>;
type Check = Box<dyn Fn(&Report) -> bool + Send + Sync>;

/// A row of the table.
pub(crate) struct Case {
    id: &'static str,
    what: String,
    scheme: &'static str,
    conf: String,
    tls: Option<Arc<ServerConfig>>,
    bytes: usize,
    script: Script,
    act: Act,
    expect: Expect,
    at_least: Duration,
    limit: Duration,
    /// Whether making the sender belongs to the call that is measured.
    opening: bool,
    checks: Vec<(&'static str, Check)>,
}

enum Expect {
    Success(Outcome),
    Failure(ErrorCode, Outcome),
}

/// The client's side while a row runs.
pub(crate) struct Client {
    side: Box<dyn Side>,
    is_open: bool,
    pub(crate) conf: String,
    pub(crate) server: FaultServer,
    start: Instant,
    /// The time that client and server had waited for a processor when the measurement started.
    waited: Duration,
    /// What the call took, after it has ended.
    took: Option<Took>,
}

/// The time that a call took, and the time that client and server waited for a processor meanwhile.
#[derive(Clone, Copy)]
struct Took {
    elapsed: Duration,
    waited: Duration,
}

impl Client {
    /// Makes the sender, if there is none.
    pub(crate) fn open(&mut self) -> Answer<()> {
        if !self.is_open {
            self.side.open(&self.conf)?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Makes another sender.
    pub(crate) fn open_with(&mut self, conf: &str) -> Answer<()> {
        self.conf = conf.to_owned();
        self.is_open = false;
        self.open()
    }

    pub(crate) fn flush(&mut self) -> Answer {
        self.open()?;
        self.side.flush()
    }

    /// Flushes a copy of the buffer.
    pub(crate) fn flush_copy(&mut self) -> Answer {
        self.open()?;
        self.side.flush_and_keep()
    }

    /// Flushes another buffer of about `bytes` bytes.
    pub(crate) fn flush_other(&mut self, bytes: usize) -> Answer {
        self.open()?;
        self.side.flush_other(bytes)
    }

    /// Adds rows to the sender's own buffer, each with a text of `bytes` bytes.
    pub(crate) fn own_rows(&mut self, rows: usize, bytes: usize) -> Answer<()> {
        self.open()?;
        self.side.own_rows(rows, bytes)
    }

    /// Closes the sender. Returns the unconfirmed rows, and the result.
    pub(crate) fn close(&mut self, timeout: Duration) -> (u64, Answer<()>) {
        self.side.close(timeout)
    }

    pub(crate) fn free(&mut self) {
        self.side.free();
        self.is_open = false;
    }

    pub(crate) fn stat(&mut self, stat: Stat) -> u64 {
        self.side.stat(stat)
    }

    /// Returns the protocol version and the longest name.
    pub(crate) fn version(&mut self) -> (u64, u64) {
        self.side.version()
    }

    /// Starts the measurement again: the row is about what follows.
    pub(crate) fn now_it_counts(&mut self) {
        self.waited = self.side.waited() + self.server.waited();
        self.start = Instant::now();
    }

    /// Ends the measurement, if what the row is about has ended and the client has more to do.
    pub(crate) fn it_is_over(&mut self) {
        let elapsed = self.start.elapsed();
        let waited = self.side.waited() + self.server.waited();
        self.took = Some(Took { elapsed, waited: waited.saturating_sub(self.waited) });
    }
}

/// The result of a row.
pub(crate) struct Report {
    pub(crate) result: Answer,
    pub(crate) elapsed: Duration,
    waited: Duration,
    /// Whether its time counts. How long the threads of a pool wait for a processor is not known here.
    timed: bool,
    /// How often the oracle has exactly this body.
    pub(crate) committed: usize,
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

impl Report {
    pub(crate) fn error(&self) -> &Failure {
        self.result.as_ref().unwrap_err()
    }
}

impl Case {
    pub(crate) fn new(
        id: &'static str,
        what: impl Into<String>,
        run: impl Fn(&mut Peer) + Send + Sync + 'static,
    ) -> Case {
        Case {
            id,
            what: what.into(),
            scheme: "http",
            conf: "protocol_version=2;retry_max_backoff=20;".into(),
            tls: None,
            bytes: 100,
            script: script(run),
            act: Box::new(Client::flush),
            expect: Expect::Success(Outcome::Committed),
            at_least: Duration::ZERO,
            limit: Duration::from_millis(1000),
            opening: false,
            checks: Vec::new(),
        }
    }

    pub(crate) fn tcp(mut self) -> Case {
        self.scheme = "tcp";
        self.conf = String::new();
        self.expect = Expect::Success(Outcome::Submitted);
        self
    }

    pub(crate) fn tls(mut self, server: Arc<ServerConfig>) -> Case {
        self.scheme = if self.scheme == "tcp" { "tcps" } else { "https" };
        self.tls = Some(server);
        self
    }

    /// Uses TLS on the client's side only: the script on the server's side does without it.
    pub(crate) fn tls_client_only(mut self) -> Case {
        self.scheme = if self.scheme == "tcp" { "tcps" } else { "https" };
        self
    }

    /// Sets further options.
    pub(crate) fn conf(mut self, conf: &str) -> Case {
        self.conf.push_str(conf);
        self
    }

    /// Sets the size of the body in bytes.
    pub(crate) fn bytes(mut self, bytes: usize) -> Case {
        self.bytes = bytes;
        self
    }

    pub(crate) fn act(
        mut self,
        act: impl Fn(&mut Client) -> Answer + Send + Sync + 'static,
    ) -> Case {
        self.act = Box::new(act);
        self
    }

    pub(crate) fn fails(mut self, code: ErrorCode, outcome: Outcome) -> Case {
        self.expect = Expect::Failure(code, outcome);
        self
    }

    /// Sets the least time that the call must take, in milliseconds.
    pub(crate) fn at_least(mut self, millis: u64) -> Case {
        self.at_least = Duration::from_millis(millis);
        self
    }

    /// Makes the sender ask the server for its version.
    pub(crate) fn without_version(mut self) -> Case {
        self.conf = self.conf.replace("protocol_version=2;", "");
        self
    }

    /// Includes making the sender in the call that is measured.
    pub(crate) fn opening(mut self) -> Case {
        self.opening = true;
        self
    }

    /// Sets the deadline in milliseconds.
    pub(crate) fn within(mut self, millis: u64) -> Case {
        self.limit = Duration::from_millis(millis);
        self
    }

    pub(crate) fn also(
        mut self,
        what: &'static str,
        check: impl Fn(&Report) -> bool + Send + Sync + 'static,
    ) -> Case {
        self.checks.push((what, Box::new(check)));
        self
    }

    fn run(&self, language: Language) -> Row {
        let server = FaultServer::start(self.tls.clone(), Arc::clone(&self.script));
        let addr = server.addr();
        let host = if self.tls.is_some() { "localhost".into() } else { addr.ip().to_string() };
        let http = self.scheme.starts_with("http");
        let canary = if http && !self.conf.contains("username=") { CANARY } else { "" };
        let conf = format!("{}::addr={host}:{};{canary}{}", self.scheme, addr.port(), self.conf);
        let body = rows(self.bytes).peek().to_vec();
        let before = (body.len(), hash(&body));
        let side = language.side(self.bytes);
        let (start, waited) = (Instant::now(), Duration::ZERO);
        let mut client = Client { side, is_open: false, conf, server, start, waited, took: None };
        let filled = client.side.buffer() == before;
        // Over HTTP nothing is sent while a sender is made, so that time does not belong to the call.
        if http && !self.opening {
            client.open().unwrap();
        }
        client.now_it_counts();
        let result = (self.act)(&mut client);
        if client.took.is_none() {
            client.it_is_over();
        }
        let Took { elapsed, waited } = client.took.unwrap();
        let report = Report {
            result,
            elapsed,
            waited,
            timed: language != Language::Pool,
            committed: client.server.committed().iter().filter(|stored| **stored == body).count(),
            requests: client.server.requests(),
            connections: client.server.connections(),
        };
        let mut wrong = self.judge(&report);
        if !filled || report.result.is_err() && client.side.buffer() != before {
            wrong.push("the buffer has changed".into());
        }
        let shown =
            client.side.shown() + report.result.as_ref().map_or_else(Failure::shown, |_| "");
        if SECRETS.iter().any(|secret| shown.contains(secret)) {
            wrong.push(SECRET_SHOWS.into());
        }
        wrong.extend(client.side.end());
        let in_doubt = report.result.as_ref().is_err_and(|e| e.outcome() == Outcome::InDoubt);
        let needless = in_doubt && http && never_had_a_request(&client.server);
        if needless {
            wrong.push("in doubt although the server never had the whole request".into());
        }
        Row {
            elapsed: report.elapsed.saturating_sub(report.waited),
            over: match report.timed {
                true => report.elapsed.saturating_sub(self.limit + report.waited),
                false => Duration::ZERO,
            },
            requests: report.requests,
            committed: report.committed,
            outcome: outcome(&report.result),
            in_doubt,
            needless,
            wrong,
            ..Row::right(self.id, &self.what, language, Duration::ZERO)
        }
    }

    fn judge(&self, report: &Report) -> Vec<String> {
        let mut faults = Vec::new();
        match (&self.expect, &report.result) {
            (Expect::Success(want), Ok(got)) if want == got => {}
            (Expect::Failure(code, outcome), Err(e))
                if (*code, *outcome) == (e.code(), e.outcome()) => {}
            (Expect::Success(want), _) => faults.push(format!("wanted {want:?}")),
            (Expect::Failure(code, outcome), _) => {
                faults.push(format!("wanted {code:?} {outcome:?}"));
            }
        }
        // The oracle knows what was stored, so it decides.
        match report.result.as_ref().map_err(Failure::outcome) {
            Ok(Outcome::Committed) if report.committed == 0 => {
                faults.push("COMMITTED is false".into());
            }
            Err(outcome @ (Outcome::NotSent | Outcome::Rejected)) if report.committed > 0 => {
                faults.push(format!("{outcome:?} is false"));
            }
            _ => {}
        }
        if report.elapsed < self.at_least {
            faults.push(format!("took less than {:?}", self.at_least));
        }
        if report.timed && report.elapsed > self.limit + OVERSHOOT + report.waited {
            faults.push(format!("took more than {:?}", self.limit));
        }
        if let Err(e) = &report.result {
            let text = e.message();
            if text.len() > 2048 || text.chars().any(char::is_control) {
                faults.push("the message is not one short line".into());
            }
        }
        for (what, check) in &self.checks {
            if !check(report) {
                faults.push(format!("not so: {what}"));
            }
        }
        faults
    }
}

/// Returns whether the server has read no request to its end. A request is executed only if the server has all of it.
fn never_had_a_request(server: &FaultServer) -> bool {
    let until = Instant::now() + BEHIND;
    while server.requests() == 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.requests() == 0
}

/// Rows, by how they begin, that ask what a sender of a pool answers in another way.
const NOT_OF_A_POOL: [(&str, &str); 3] = [
    // The connections count their retries, and not the sender.
    ("F3", "connection refused"),
    // Time that runs out during a close is told as that, with the outcome of the last attempt.
    ("F5", "close(300) with rows, 503"),
    // The connections learn the version. The sender's buffers stay as they were made.
    ("N3", "/settings, lazy_connect: asked with"),
];

/// Returns the callers of a row: each language, and for rows over HTTP a sender of a pool. Of these the slow ones run with
/// `QUESTDB_LONG=1` only.
fn callers(case: &Case) -> Vec<Language> {
    let long = std::env::var_os("QUESTDB_LONG").is_some_and(|v| v == "1");
    let quick = case.limit <= Duration::from_secs(1) && case.at_least.is_zero();
    let is_special =
        NOT_OF_A_POOL.iter().any(|(id, what)| case.id == *id && case.what.starts_with(what));
    let mut callers = Vec::from(Language::ALL);
    if case.scheme.starts_with("http") && !is_special && (long || quick) {
        callers.push(Language::Pool);
    }
    callers
}

/// Makes the tests of these rows, from each caller.
pub(crate) fn tests(cases: Vec<Case>) -> impl Iterator<Item = Trial> {
    cases.into_iter().map(Arc::new).flat_map(|case| {
        callers(&case).into_iter().map(move |by| {
            let what = match case.scheme {
                "http" => case.what.clone(),
                scheme => format!("{}, {scheme}", case.what),
            };
            let case = Arc::clone(&case);
            row_test(case.id, &what, by, move || case.run(by))
        })
    })
}

fn outcome(result: &Answer) -> String {
    match result {
        Ok(outcome) => outcome_name(*outcome).to_str().unwrap().into(),
        Err(e) => said(e.outcome(), e.code()),
    }
}

/// Returns an outcome and a code in the usual form: `NOT_SENT TLS`.
pub(crate) fn said(outcome: Outcome, code: ErrorCode) -> String {
    format!("{} {}", outcome_name(outcome).to_str().unwrap(), code_name(code).to_str().unwrap())
}
