//! A row of a fault table: what the server does, what the client does, what must come of it. Rows run side by side; their
//! results are printed as a table.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use questdb_ingress::{Buffer, Error, ErrorCode, Outcome, Result, Sender};
use rustls::ServerConfig;

use super::fault_server::{FaultServer, Peer, Script, script};

/// By how much a call may outlive its deadline.
const OVERSHOOT: Duration = Duration::from_millis(250);
/// Rows that run at a time.
const AT_ONCE: usize = 8;

type Act = Box<dyn Fn(&mut Client) -> Result<Outcome> + Send>;
type Check = Box<dyn Fn(&Report) -> bool + Send>;

/// One row.
pub(crate) struct Case {
    id: &'static str,
    what: &'static str,
    scheme: &'static str,
    conf: String,
    tls: Option<Arc<ServerConfig>>,
    bytes: usize,
    script: Script,
    act: Act,
    expect: Expect,
    at_least: Duration,
    limit: Duration,
    checks: Vec<(&'static str, Check)>,
}

enum Expect {
    Success(Outcome),
    Failure(ErrorCode, Outcome),
}

/// The client's side while a row runs.
pub(crate) struct Client {
    pub(crate) sender: Option<Sender>,
    pub(crate) conf: String,
    pub(crate) buffer: Buffer,
    pub(crate) server: FaultServer,
    start: Instant,
}

impl Client {
    /// The sender, made on first use.
    pub(crate) fn sender(&mut self) -> Result<&mut Sender> {
        if self.sender.is_none() {
            self.sender = Some(Sender::from_conf(&self.conf)?);
        }
        Ok(self.sender.as_mut().unwrap())
    }

    pub(crate) fn flush(&mut self) -> Result<Outcome> {
        self.sender()?;
        self.sender.as_mut().unwrap().flush(&mut self.buffer)
    }

    /// Flushes a copy of the buffer.
    pub(crate) fn flush_copy(&mut self) -> Result<Outcome> {
        self.sender()?;
        self.sender.as_mut().unwrap().flush_and_keep(&self.buffer)
    }

    /// Starts the clock again: what comes now is what the row is about.
    pub(crate) fn now_it_counts(&mut self) {
        self.start = Instant::now();
    }
}

/// What came of a row.
pub(crate) struct Report {
    pub(crate) result: Result<Outcome>,
    pub(crate) elapsed: Duration,
    /// How often the oracle has exactly this body.
    pub(crate) committed: usize,
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

impl Report {
    pub(crate) fn error(&self) -> &Error {
        self.result.as_ref().unwrap_err()
    }
}

impl Case {
    pub(crate) fn new(
        id: &'static str,
        what: &'static str,
        run: impl Fn(&mut Peer) + Send + Sync + 'static,
    ) -> Case {
        Case {
            id,
            what,
            scheme: "http",
            conf: "protocol_version=2;retry_max_backoff=20;".into(),
            tls: None,
            bytes: 100,
            script: script(run),
            act: Box::new(Client::flush),
            expect: Expect::Success(Outcome::Committed),
            at_least: Duration::ZERO,
            limit: Duration::from_millis(1000),
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

    /// A client that speaks TLS to whatever the script does without it.
    pub(crate) fn tls_client_only(mut self) -> Case {
        self.scheme = if self.scheme == "tcp" { "tcps" } else { "https" };
        self
    }

    /// Further options.
    pub(crate) fn conf(mut self, conf: &str) -> Case {
        self.conf.push_str(conf);
        self
    }

    /// The size of the body.
    pub(crate) fn bytes(mut self, bytes: usize) -> Case {
        self.bytes = bytes;
        self
    }

    pub(crate) fn act(
        mut self,
        act: impl Fn(&mut Client) -> Result<Outcome> + Send + 'static,
    ) -> Case {
        self.act = Box::new(act);
        self
    }

    pub(crate) fn fails(mut self, code: ErrorCode, outcome: Outcome) -> Case {
        self.expect = Expect::Failure(code, outcome);
        self
    }

    /// The least time it must take, in milliseconds.
    pub(crate) fn at_least(mut self, millis: u64) -> Case {
        self.at_least = Duration::from_millis(millis);
        self
    }

    /// The deadline, in milliseconds.
    pub(crate) fn within(mut self, millis: u64) -> Case {
        self.limit = Duration::from_millis(millis);
        self
    }

    pub(crate) fn also(
        mut self,
        what: &'static str,
        check: impl Fn(&Report) -> bool + Send + 'static,
    ) -> Case {
        self.checks.push((what, Box::new(check)));
        self
    }

    fn run(&self) -> Row {
        let server = FaultServer::start(self.tls.clone(), Arc::clone(&self.script));
        let addr = server.addr();
        let host = if self.tls.is_some() { "localhost".into() } else { addr.ip().to_string() };
        let conf = format!("{}::addr={host}:{};{}", self.scheme, addr.port(), self.conf);
        let buffer = rows(self.bytes);
        let before = buffer.peek().to_vec();
        let mut client = Client { sender: None, conf, buffer, server, start: Instant::now() };
        // Over HTTP nothing is sent while a sender is made; what it takes is not part of the call.
        if self.scheme.starts_with("http") {
            client.sender().unwrap();
            client.now_it_counts();
        }
        let result = (self.act)(&mut client);
        let report = Report {
            result,
            elapsed: client.start.elapsed(),
            committed: client.server.committed().iter().filter(|body| **body == before).count(),
            requests: client.server.requests(),
            connections: client.server.connections(),
        };
        let mut faults = self.judge(&report);
        let intact = client.buffer.peek() == before;
        if report.result.is_err() && !intact {
            faults.push("the buffer has changed".into());
        }
        let over = report.elapsed.saturating_sub(self.limit);
        Row { id: self.id, what: self.what, report, faults, over }
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
        // The oracle has the last word.
        match report.result.as_ref().map_err(Error::outcome) {
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
        if report.elapsed > self.limit + OVERSHOOT {
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

/// A result of [`run`].
struct Row {
    id: &'static str,
    what: &'static str,
    report: Report,
    faults: Vec<String>,
    /// By how much it outlived its deadline.
    over: Duration,
}

/// Runs rows side by side, prints them in order, and fails if one of them is wrong.
pub(crate) fn run(title: &str, cases: Vec<Case>) {
    let count = cases.len();
    let queue: Mutex<VecDeque<(usize, Case)>> = Mutex::new(cases.into_iter().enumerate().collect());
    let done: Mutex<Vec<(usize, Row)>> = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap().pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((i, case)) = next() {
                    let row = case.run();
                    done.lock().unwrap().push((i, row));
                }
            });
        }
    });
    let mut rows = done.into_inner().unwrap();
    rows.sort_by_key(|(i, _)| *i);
    assert_eq!(rows.len(), count);
    let mut text = format!("\n{title}\n");
    for (_, row) in &rows {
        let verdict = if row.faults.is_empty() { "ok" } else { "WRONG" };
        let _ = writeln!(
            text,
            "{:<5} {:<52} {verdict:<5} {:>6} ms  {:>2} requests {:>2} committed  {}",
            row.id,
            row.what,
            row.report.elapsed.as_millis(),
            row.report.requests,
            row.report.committed,
            outcome(&row.report.result)
        );
    }
    let over = rows.iter().map(|(_, row)| row.over).max().unwrap_or_default();
    println!("{text}{count} rows, the longest overshoot of a deadline {} ms\n", over.as_millis());
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(_, row)| !row.faults.is_empty())
        .map(|(_, row)| format!("{}: {}\n  {:?}", row.id, row.faults.join("; "), row.report.result))
        .collect();
    assert!(wrong.is_empty(), "{} of {count} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn outcome(result: &Result<Outcome>) -> String {
    match result {
        Ok(outcome) => outcome.name().to_str().unwrap().into(),
        Err(e) => {
            let (code, outcome) = (e.code().name(), e.outcome().name());
            format!("{} {}", outcome.to_str().unwrap(), code.to_str().unwrap())
        }
    }
}

/// A buffer of one table with about so many bytes.
pub(crate) fn rows(bytes: usize) -> Buffer {
    let mut buffer = Buffer::new(questdb_ingress::ProtocolVersion::V1);
    let text = "x".repeat(bytes.min(60_000));
    let mut row = 0;
    while buffer.len() < bytes.max(1) {
        let text = &text[..text.len().min(bytes - buffer.len())];
        buffer.table("trades").unwrap().column_str("note", text).unwrap();
        row += 1;
        buffer.at_nanos(1_700_000_000_000_000_000 + row).unwrap();
    }
    buffer
}
