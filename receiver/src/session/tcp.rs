//! ILP over TCP: an optional signed challenge, then lines until the peer closes or sends a bad one.

use std::net::SocketAddr;
use std::time::Instant;

use super::lines::{BadLine, LineReader};
use super::{LOGIN_TIMEOUT, Next, Session, Turn};
use crate::Listener;
use crate::auth;
use crate::error::printable;
use crate::refusal::{Code, Fault, Refusal};
use crate::shared::Shared;

/// Rows are committed at the latest when there are so many, or when their lines have so many bytes.
const COMMIT_ROWS: u64 = 1 << 16;
const COMMIT_BYTES: u64 = 4 << 20;

/// What the next bytes are.
#[derive(Debug)]
enum Phase {
    KeyId,
    Signature {
        key_id: Vec<u8>,
        challenge: Box<[u8; auth::CHALLENGE_LEN]>,
    },
    Lines,
    /// The rest of a refused line.
    Skipping,
    /// Nothing: the connection ends, after a reply if there is one.
    Ended(Vec<u8>),
}

/// A connection over which lines arrive.
#[derive(Debug)]
pub(crate) struct TcpSession {
    peer: Option<SocketAddr>,
    phase: Phase,
    /// A line of the login that has not ended.
    login: Vec<u8>,
    lines: LineReader,
    /// Replies that go out with the next turn.
    reply: Vec<u8>,
    started: Instant,
    last_bytes: Instant,
    /// When the oldest row was read that is not committed.
    oldest_row: Option<Instant>,
    /// How many bytes of lines were read when rows were committed the last time.
    committed_bytes: u64,
    /// Since when there is no room for the next row.
    waiting: Option<Instant>,
}

impl TcpSession {
    pub(crate) fn new(shared: &Shared, peer: Option<SocketAddr>, now: Instant) -> TcpSession {
        let options = &shared.options.tcp;
        TcpSession {
            peer,
            phase: if shared.options.ecdsa.is_empty() { Phase::Lines } else { Phase::KeyId },
            login: Vec::new(),
            lines: LineReader::new(&shared.store, options.timestamp_unit, options.max_fields),
            reply: Vec::new(),
            started: now,
            last_bytes: now,
            oldest_row: None,
            committed_bytes: 0,
            waiting: None,
        }
    }

    /// Leaves every line to the parser.
    pub(crate) fn use_parser_only(&mut self) {
        self.lines.batch().use_parser_only();
    }

    /// Reads a piece of the login. Returns how much of it belongs to it.
    fn log_in(&mut self, shared: &Shared, input: &[u8]) -> usize {
        let end = input.iter().position(|b| *b == b'\n');
        let len = end.unwrap_or(input.len());
        if self.login.len() + len > auth::MAX_AUTH_LINE {
            self.refuse_login(shared, "authentication line is too long");
            return input.len();
        }
        self.login.extend_from_slice(&input[..len]);
        if end.is_none() {
            return len;
        }
        let line = std::mem::take(&mut self.login);
        match &self.phase {
            Phase::Signature { key_id, challenge } => {
                // An unknown key id is refused only here, so that a client cannot find out which ids exist.
                if auth::verify(&shared.options.ecdsa, key_id, &challenge[..], &line) {
                    self.phase = Phase::Lines;
                } else {
                    self.refuse_login(shared, "authentication failed");
                }
            }
            _ => match auth::new_challenge() {
                Some(challenge) => {
                    self.reply.extend_from_slice(&challenge);
                    self.reply.push(b'\n');
                    let challenge = Box::new(challenge);
                    self.phase = Phase::Signature { key_id: line, challenge };
                }
                None => self.refuse_login(shared, "no randomness for a challenge"),
            },
        }
        len + 1
    }

    fn refuse_login(&mut self, shared: &Shared, why: &str) {
        let refusal = Refusal::row(Code::Login, why.to_owned());
        // The text of a login is a secret.
        let bad = BadLine { number: 0, byte: 0, refusal, text: Vec::new() };
        self.end(shared, &bad);
    }

    /// Reads lines, as long as they are good or bad ones are skipped. Returns whether there is no room for the next one.
    fn read_lines(&mut self, shared: &Shared, input: &[u8]) -> bool {
        let mut input = input;
        loop {
            match self.lines.feed(&shared.store, input) {
                Ok(()) => {
                    let max = shared.options.max_line;
                    if self.lines.unfinished() > max {
                        let why = format!("line is too long [max={max}]");
                        let bad = self.lines.refuse(Refusal::row(Code::LineTooLong, why));
                        self.end(shared, &bad);
                    }
                    return false;
                }
                // A line that is larger than everything that may be held will never have room.
                Err(bad)
                    if bad.refusal.fault == Fault::Full
                        && self.lines.unfinished() <= shared.store.budget().max() =>
                {
                    return true;
                }
                Err(bad) if shared.options.tcp.disconnect_on_error => {
                    self.end(shared, &bad);
                    return false;
                }
                Err(bad) => {
                    self.told(shared, &bad);
                    if !self.lines.skip_line() {
                        self.phase = Phase::Skipping;
                        return false;
                    }
                    input = &[];
                }
            }
        }
    }

    /// Records a refusal and ends the connection.
    fn end(&mut self, shared: &Shared, bad: &BadLine) {
        self.told(shared, bad);
        self.phase = Phase::Ended(std::mem::take(&mut self.reply));
    }

    /// Records a refusal, and tells it to the peer if that is wanted.
    fn told(&mut self, shared: &Shared, bad: &BadLine) {
        shared.refuse(Listener::Tcp, self.peer, &bad.why(), &bad.text);
        if shared.options.error_replies {
            let code = bad.refusal.code.name();
            let place = match bad.number {
                0 => String::new(),
                line => format!(" line {line}, byte {}", bad.byte),
            };
            let text = printable(bad.refusal.message.as_bytes(), 1024);
            self.reply.extend_from_slice(format!("ERROR: {code}{place}: {text}\n").as_bytes());
        }
    }

    /// Ends the connection. A line that has not ended is dropped, as QuestDB does.
    fn drop_unfinished(&mut self, shared: &Shared) {
        if matches!(self.phase, Phase::Lines) && self.lines.unfinished() > 0 {
            shared.metrics.unfinished();
        }
        self.phase = Phase::Ended(Vec::new());
    }

    fn is_commit_due(&mut self, shared: &Shared, now: Instant) -> bool {
        let rows = self.lines.batch().rows();
        if rows == 0 {
            return false;
        }
        let oldest = *self.oldest_row.get_or_insert(now);
        rows >= COMMIT_ROWS
            || self.lines.bytes() - self.committed_bytes >= COMMIT_BYTES
            || now.saturating_duration_since(oldest) >= shared.options.tcp.commit_interval
            || self.waiting.is_some()
            || matches!(self.phase, Phase::Ended(_))
    }

    fn commit(&mut self, consumed: usize) -> Turn {
        self.oldest_row = None;
        self.committed_bytes = self.lines.bytes();
        Turn::new(consumed, Next::Commit(self.lines.batch().take()))
    }

    /// Decides what to do after some bytes were read.
    fn turn(&mut self, shared: &Shared, consumed: usize, now: Instant) -> Turn {
        let mut turn = if self.is_commit_due(shared, now) {
            self.commit(consumed)
        } else if let Phase::Ended(reply) = &mut self.phase {
            let reply = std::mem::take(reply);
            let next = if reply.is_empty() { Next::Close } else { Next::CloseAfterReply };
            return Turn { consumed, reply, next };
        } else if self.waiting.is_some() {
            Turn::new(consumed, Next::Wait)
        } else {
            Turn::new(consumed, Next::Read)
        };
        turn.reply = std::mem::take(&mut self.reply);
        turn
    }
}

impl Session for TcpSession {
    fn on_bytes(&mut self, shared: &Shared, input: &[u8], now: Instant) -> Turn {
        if !input.is_empty() {
            self.last_bytes = now;
        }
        let mut at = 0;
        loop {
            let rest = &input[at..];
            match &self.phase {
                Phase::Ended(_) => at = input.len(),
                Phase::KeyId | Phase::Signature { .. } if !rest.is_empty() => {
                    at += self.log_in(shared, rest);
                    continue;
                }
                Phase::KeyId | Phase::Signature { .. } => {}
                Phase::Skipping => {
                    let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
                    let len = end.map_or(rest.len(), |end| end + 1);
                    shared.received(Listener::Tcp, len);
                    self.lines.skipped(len);
                    at += len;
                    if end.is_some() {
                        self.phase = Phase::Lines;
                        continue;
                    }
                }
                Phase::Lines => {
                    shared.received(Listener::Tcp, rest.len());
                    at = input.len();
                    let full = self.read_lines(shared, rest);
                    self.waiting = full.then(|| self.waiting.unwrap_or(now));
                    let limit = shared.options.tcp.idle_timeout;
                    let waited = self.waiting.map(|since| now.saturating_duration_since(since));
                    if waited.zip(limit).is_some_and(|(waited, limit)| waited >= limit) {
                        let max = shared.store.budget().max();
                        let bad = self.lines.refuse(Refusal::full(max));
                        self.waiting = None;
                        self.end(shared, &bad);
                    }
                }
            }
            return self.turn(shared, at, now);
        }
    }

    fn on_commit(&mut self, shared: &Shared, result: Result<(), Refusal>, now: Instant) -> Turn {
        if let Err(refusal) = result {
            // The peer is not told which rows were stored, so the only sign that some were not is the end of the connection.
            let bad = self.lines.refuse(refusal);
            self.end(shared, &bad);
        }
        self.turn(shared, 0, now)
    }

    fn on_end(&mut self, shared: &Shared) -> Turn {
        self.drop_unfinished(shared);
        self.waiting = None;
        if self.lines.batch().rows() > 0 { self.commit(0) } else { Turn::new(0, Next::Close) }
    }

    fn on_time(&mut self, shared: &Shared, now: Instant) -> Turn {
        let passed = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        let logging_in = matches!(self.phase, Phase::KeyId | Phase::Signature { .. });
        if logging_in && passed(self.started, LOGIN_TIMEOUT) {
            self.refuse_login(shared, "no login in time");
        } else if shared
            .options
            .tcp
            .idle_timeout
            .is_some_and(|limit| passed(self.last_bytes, limit))
        {
            self.drop_unfinished(shared);
        }
        self.turn(shared, 0, now)
    }

    fn deadline(&self, shared: &Shared) -> Option<Instant> {
        let options = &shared.options.tcp;
        let idle = options.idle_timeout.and_then(|limit| self.last_bytes.checked_add(limit));
        let login = match self.phase {
            Phase::KeyId | Phase::Signature { .. } => self.started.checked_add(LOGIN_TIMEOUT),
            _ => None,
        };
        let commit = self.oldest_row.and_then(|row| row.checked_add(options.commit_interval));
        [idle, login, commit].into_iter().flatten().min()
    }
}
