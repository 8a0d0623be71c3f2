//! The way of a body to the server: attempts, retries and what is known at the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::negotiate::{self, ServerSettings};
use super::outcome;
use super::retry::{Backoff, floor as retry_floor, may_retry};
use super::stats::{Counters, Stat};
use crate::config::{Delivery, Settings};
use crate::error::{Error, ErrorCode, Outcome, Result, err};
use crate::transport::{Answer, Deadline, HttpTransport, Net, TcpTransport, pause};

/// A server behind one of the transports.
pub(super) struct Link {
    net: Box<dyn Net>,
    transport: Transport,
    limits: Limits,
    counters: Arc<Counters>,
}

enum Transport {
    Http(Box<HttpTransport>),
    Tcp(Box<TcpTransport>),
}

struct Limits {
    request_timeout: Duration,
    request_min_throughput: u64,
    retry_timeout: Duration,
    retry_max_backoff: Duration,
    connect_timeout: Duration,
    auth_timeout: Duration,
    send_timeout: Duration,
    delivery: Delivery,
}

/// What a flush is about, besides its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) rows: u64,
    pub(super) single_table: bool,
}

/// What the attempts of one call have in common.
struct Attempts {
    start: Instant,
    /// No attempt goes on after this.
    end: Deadline,
    /// No attempt but the first goes on after this, and none begins.
    retry_until: Deadline,
    count: u32,
    in_doubt: u32,
    /// The worst that an earlier attempt left behind.
    worst: Outcome,
    free_retry_used: bool,
    /// The error of the attempt before.
    before: Option<Error>,
    /// Addresses tried since the last wait.
    tried: usize,
    backoff: Backoff,
}

impl Attempts {
    /// How long another attempt may be waited for. One that begins too late is cut off, most likely after its request went
    /// out: that would put in doubt what is certain now, or store once more what is in doubt.
    fn left_for_retry(&self, net: &dyn Net) -> Option<Duration> {
        let floor = retry_floor(self.retry_until.after_start(self.start));
        self.retry_until.left(net)?.checked_sub(floor)
    }
}

impl Link {
    pub(super) fn new(
        settings: &Settings,
        net: Box<dyn Net>,
        counters: Arc<Counters>,
    ) -> Result<Link> {
        let transport = if settings.protocol.is_http() {
            Transport::Http(Box::new(HttpTransport::new(settings)?))
        } else {
            Transport::Tcp(Box::new(TcpTransport::new(settings)?))
        };
        let limits = Limits {
            request_timeout: settings.request_timeout,
            request_min_throughput: settings.request_min_throughput,
            retry_timeout: settings.retry_timeout,
            retry_max_backoff: settings.retry_max_backoff,
            connect_timeout: settings.connect_timeout,
            auth_timeout: settings.auth_timeout,
            send_timeout: settings.send_timeout,
            delivery: settings.delivery,
        };
        Ok(Link { net, transport, limits, counters })
    }

    pub(super) fn net(&self) -> &dyn Net {
        &*self.net
    }

    /// Whether a successful flush is a confirmed one.
    pub(super) fn confirms(&self) -> bool {
        matches!(self.transport, Transport::Http(_))
    }

    /// Makes the connection of a stream transport, so that a wrong address shows at once.
    pub(super) fn connect(&mut self) -> Result<()> {
        match &mut self.transport {
            Transport::Http(_) => Ok(()),
            Transport::Tcp(tcp) => {
                let limit = self.limits.connect_timeout.saturating_add(self.limits.auth_timeout);
                tcp.connect(&*self.net, Deadline::after(&*self.net, limit))
            }
        }
    }

    /// Asks an HTTP server what it speaks; a stream cannot be asked and gets the oldest version.
    /// `cap` may shorten the time that the configuration allows.
    pub(super) fn negotiate(&mut self, cap: Option<Deadline>) -> Result<ServerSettings> {
        if !self.confirms() {
            return Ok(negotiate::OLD_SERVER);
        }
        let answer = self
            .http_call(None, true, cap)
            .map_err(|e| e.context("could not learn the protocol version from /settings"))?;
        if answer.status == 404 {
            Ok(negotiate::OLD_SERVER)
        } else {
            negotiate::parse(&answer.body)
        }
    }

    /// Sends a body. `cap` may shorten the time that the configuration allows.
    pub(super) fn send(&mut self, body: &[u8], load: Load, cap: Option<Deadline>) -> Result<()> {
        let connects = self.connects();
        let result = match self.transport {
            Transport::Http(_) => self.http_call(Some(body), load.single_table, cap).map(drop),
            Transport::Tcp(_) => self.tcp_send(body, load.rows, cap),
        };
        // The first connection of all is not a reconnect.
        self.counters.add(Stat::Reconnects, self.connects().saturating_sub(connects.max(1)));
        match &result {
            Ok(()) => self.count_success(load.rows, body.len() as u64),
            Err(e) => self.counters.failed(e),
        }
        result
    }

    fn connects(&self) -> u64 {
        match &self.transport {
            Transport::Http(http) => http.connects(),
            Transport::Tcp(tcp) => tcp.connects(),
        }
    }

    fn count_success(&self, rows: u64, bytes: u64) {
        self.counters.add(Stat::Flushes, 1);
        let (row_stat, byte_stat) = if self.confirms() {
            (Stat::RowsCommitted, Stat::BytesCommitted)
        } else {
            (Stat::RowsSubmitted, Stat::BytesSubmitted)
        };
        self.counters.add(row_stat, rows);
        self.counters.add(byte_stat, bytes);
    }

    /// Ends the connection: a stream is finished properly within the deadline. The error is that it had ended already.
    pub(super) fn close(&mut self, deadline: Deadline) -> Result<()> {
        match &mut self.transport {
            Transport::Http(http) => {
                http.disconnect();
                Ok(())
            }
            Transport::Tcp(tcp) => tcp.close(&*self.net, deadline),
        }
    }

    fn tcp_send(&mut self, body: &[u8], rows: u64, cap: Option<Deadline>) -> Result<()> {
        let net = &*self.net;
        let start = net.now();
        let mut deadline = Deadline::after(net, self.limits.send_timeout);
        if let Some(cap) = cap {
            deadline = deadline.sooner(cap);
        }
        let Transport::Tcp(tcp) = &mut self.transport else { return Ok(()) };
        tcp.send(net, body, rows, deadline).map_err(|failure| {
            let some_went = failure.executable;
            let mut error = outcome::failed(failure);
            if some_went {
                self.counters.add(Stat::InDoubtAttempts, 1);
            }
            let facts = error.facts_mut();
            facts.attempts = 1;
            facts.in_doubt_attempts = u32::from(some_went);
            facts.elapsed = net.now().saturating_duration_since(start);
            error
        })
    }

    /// One request with its retries: rows with a body, `/settings` without.
    fn http_call(
        &mut self,
        body: Option<&[u8]>,
        single_table: bool,
        cap: Option<Deadline>,
    ) -> Result<Answer> {
        let attempt_limit = self.attempt_limit(body.map_or(0, <[u8]>::len));
        let mut attempts = self.attempts(attempt_limit, cap);
        loop {
            let deadline = attempts.end.sooner(Deadline::after(&*self.net, attempt_limit));
            let Transport::Http(http) = &mut self.transport else {
                return Err(err!(Internal, "an HTTP call over a stream"));
            };
            let attempt = match body {
                Some(body) => http.write(&*self.net, body, deadline),
                None => http.settings(&*self.net, deadline),
            };
            attempts.count += 1;
            let fresh_may_do = attempt.reused
                && attempt.result.as_ref().is_err_and(|f| !f.answered && !timed_out(&f.error));
            let error = match attempt.result {
                Ok(answer) if is_final(&answer, body.is_some()) => return Ok(answer),
                Ok(answer) => outcome::refused(&answer, single_table),
                Err(failure) => outcome::failed(failure).context(http.addr()),
            };
            let error = self.note(error, body.is_some(), &mut attempts);
            if !self.wait_for_retry(&error, body.is_some(), fresh_may_do, &mut attempts) {
                return Err(conclude(error, attempts, &*self.net));
            }
            if self.net.cancelled() {
                return Err(conclude(cancelled(error), attempts, &*self.net));
            }
            self.counters.retrying(&error);
            attempts.before = Some(error);
        }
    }

    fn attempts(&self, attempt_limit: Duration, cap: Option<Deadline>) -> Attempts {
        let net = &*self.net;
        let mut end = Deadline::after(net, attempt_limit.max(self.limits.retry_timeout));
        let mut retry_until = Deadline::after(net, self.limits.retry_timeout);
        if let Some(cap) = cap {
            end = end.sooner(cap);
            retry_until = retry_until.sooner(cap);
        }
        Attempts {
            start: net.now(),
            end,
            retry_until,
            count: 0,
            in_doubt: 0,
            worst: Outcome::NotSent,
            free_retry_used: false,
            before: None,
            tried: 0,
            backoff: Backoff::new(self.limits.retry_max_backoff),
        }
    }

    fn attempt_limit(&self, bytes: usize) -> Duration {
        let extra = match self.limits.request_min_throughput {
            0 => Duration::ZERO,
            per_second => Duration::from_millis((bytes as u64).saturating_mul(1000) / per_second),
        };
        self.limits.request_timeout.saturating_add(extra)
    }

    /// Remembers what an attempt left behind.
    fn note(&self, error: Error, is_write: bool, attempts: &mut Attempts) -> Error {
        if is_write {
            match error.outcome() {
                Outcome::InDoubt => {
                    attempts.in_doubt += 1;
                    attempts.worst = Outcome::InDoubt;
                    self.counters.add(Stat::InDoubtAttempts, 1);
                }
                Outcome::Partial if attempts.worst != Outcome::InDoubt => {
                    attempts.worst = Outcome::Partial
                }
                _ => {}
            }
            return error;
        }
        error.outcome_is(Outcome::NotSent)
    }

    /// Decides on another attempt and waits for it. `false` means that the error is final.
    fn wait_for_retry(
        &mut self,
        error: &Error,
        is_write: bool,
        fresh_may_do: bool,
        attempts: &mut Attempts,
    ) -> bool {
        let Transport::Http(http) = &mut self.transport else { return false };
        let net = &*self.net;
        attempts.tried += 1;
        let others = attempts.tried < http.addr_count();
        // A read-only replica refuses for good; another address may be the primary.
        let elsewhere = error.http_status() == 421 && http.addr_count() > 1;
        let delivery = if is_write { self.limits.delivery } else { Delivery::AtLeastOnce };
        if !elsewhere && !may_retry(error, delivery) {
            return false;
        }
        // A kept-alive connection that dies without a byte was most likely closed while idle.
        if fresh_may_do && !attempts.free_retry_used {
            attempts.free_retry_used = true;
            attempts.tried -= 1;
            return true;
        }
        let Some(left) = attempts.left_for_retry(net) else { return false };
        http.rotate();
        attempts.end = attempts.end.sooner(attempts.retry_until);
        if others {
            return true;
        }
        attempts.tried = 0;
        let wait = attempts.backoff.next(error.retry_after(), |max| net.random_up_to(max));
        if wait >= left {
            return false;
        }
        pause(net, wait);
        true
    }
}

/// An attempt that failed and would be followed by another one, had the call not been cancelled.
#[cold]
fn cancelled(error: Error) -> Error {
    error.becomes(ErrorCode::Cancelled).retryable(false).context("cancelled before another attempt")
}

fn timed_out(error: &Error) -> bool {
    error.code() == ErrorCode::Timeout
}

fn is_final(answer: &Answer, is_write: bool) -> bool {
    if is_write { outcome::is_success(answer) } else { matches!(answer.status, 200 | 404) }
}

/// The last error, with what all attempts together mean for the data.
#[cold]
fn conclude(error: Error, mut attempts: Attempts, net: &dyn Net) -> Error {
    // An attempt that the end of the budget cut off before it could send says less than the one before it.
    let cut_off = timed_out(&error)
        && error.outcome() == Outcome::NotSent
        && attempts.end.left(net).is_none();
    let error = match attempts.before.take() {
        Some(before) if cut_off => before,
        _ => error,
    };
    let mut error = match (error.outcome(), attempts.worst) {
        // The last attempt may have been refused, but an earlier one may have been executed.
        (Outcome::NotSent | Outcome::Rejected | Outcome::Partial, worst @ Outcome::InDoubt)
        | (Outcome::NotSent | Outcome::Rejected, worst @ Outcome::Partial) => {
            error.outcome_is(worst)
        }
        _ => error,
    };
    let facts = error.facts_mut();
    facts.attempts = attempts.count;
    facts.in_doubt_attempts = attempts.in_doubt;
    facts.elapsed = net.now().saturating_duration_since(attempts.start);
    error
}
