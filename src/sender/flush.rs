//! Delivers a batch to a server: makes attempts by one protocol, and concludes what they mean together for the rows.

use std::sync::Arc;
use std::time::Duration;

use super::attempts::{Attempts, Terms};
use super::batch::Batch;
use super::carrier::{AttemptTime, Carrier, Failed};
use super::http::HttpCarrier;
use super::outlet::{Done, NoConnection};
use super::server_settings::ServerSettings;
use super::statistics::{SenderCounters, Stat};
use super::tcp::TcpCarrier;
use crate::config::{Delivery, Settings};
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome, Result};
use crate::net::{Deadline, Net, Uncancellable, pause};

/// The configured servers, and what a flush may do to reach one of them.
pub(super) struct Flusher {
    net: Box<dyn Net>,
    carrier: Box<dyn Carrier>,
    retry_timeout: Duration,
    retry_max_backoff: Duration,
    delivery: Delivery,
    counters: Arc<SenderCounters>,
}

impl Flusher {
    pub(super) fn new(
        settings: &Settings,
        net: Box<dyn Net>,
        counters: Arc<SenderCounters>,
    ) -> Result<Flusher> {
        // This is the only place that distinguishes the protocols.
        let carrier: Box<dyn Carrier> = if settings.protocol.is_http() {
            Box::new(HttpCarrier::new(settings)?)
        } else {
            Box::new(TcpCarrier::new(settings)?)
        };
        Ok(Flusher {
            net,
            carrier,
            retry_timeout: settings.retry_timeout,
            retry_max_backoff: settings.retry_max_backoff,
            delivery: settings.delivery,
            counters,
        })
    }

    /// Creates one that makes no attempts, because a pool makes them.
    pub(super) fn without_connection(
        settings: &Settings,
        net: Box<dyn Net>,
        counters: Arc<SenderCounters>,
    ) -> Flusher {
        let carrier = NoConnection { confirms_storage: settings.protocol.is_http() };
        Flusher {
            net,
            carrier: Box::new(carrier),
            retry_timeout: settings.retry_timeout,
            retry_max_backoff: settings.retry_max_backoff,
            delivery: settings.delivery,
            counters,
        }
    }

    pub(super) fn net(&self) -> &dyn Net {
        &*self.net
    }

    /// Returns what the success of a flush means for its rows.
    pub(super) fn success(&self) -> Outcome {
        if self.carrier.confirms_storage() { Outcome::Committed } else { Outcome::Submitted }
    }

    /// Returns whether servers are asked for their settings, so that a sender may be created before it knows them.
    pub(super) fn asks_for_settings(&self) -> bool {
        self.carrier.asks_for_settings()
    }

    /// Returns whether the next flush may fail only because the connection ended while it was idle.
    pub(super) fn may_be_stale(&self) -> bool {
        self.carrier.may_be_stale()
    }

    /// Connects before the first flush if the protocol keeps a connection, so that a wrong address shows at once.
    pub(super) fn connect(&mut self) -> Result<()> {
        let _held = Uncancellable::new();
        self.carrier.connect(&*self.net)
    }

    /// Returns the longest time that a flush of so many bytes may take.
    pub(super) fn flush_limit(&self, bytes: usize) -> Duration {
        self.carrier.attempt_limit(bytes).saturating_add(self.retry_timeout)
    }

    /// Returns the settings of the first server that tells them. `cap` may shorten the time that the configuration allows.
    pub(super) fn settings(&mut self, cap: Option<Deadline>) -> Result<ServerSettings> {
        let _held = Uncancellable::new();
        let attempts = Attempts::new(self.net.now(), self.terms(None, cap));
        self.attempts(attempts, None, |carrier, net, time| carrier.settings(net, time))
    }

    /// Sends a batch. `cap` may shorten the time that the configuration allows.
    pub(super) fn send(&mut self, batch: Batch<'_>, cap: Option<Deadline>) -> Result<()> {
        let _held = Uncancellable::new();
        let connections = self.carrier.connections_made();
        let result = self.send_batch(batch, cap);
        // The first connection of all is not a reconnect.
        let made = self.carrier.connections_made();
        self.counters.add(Stat::Reconnects, made.saturating_sub(connections.max(1)));
        match &result {
            Ok(()) => self.count_success(batch),
            Err(e) => self.counters.failed(e),
        }
        result
    }

    fn send_batch(&mut self, batch: Batch<'_>, cap: Option<Deadline>) -> Result<()> {
        let (terms, start) = (self.terms(Some(batch), cap), self.net.now());
        // Most flushes have one server and one attempt, and need none of the bookkeeping.
        let mut first = None;
        if terms.servers == 1 {
            let ends = terms.first_ends(start);
            let time = AttemptTime { ends, connected_by: ends };
            match self.carrier.send(&*self.net, batch, time) {
                Ok(()) => return Ok(()),
                Err(failed) => first = Some(failed),
            }
        }
        self.attempts(Attempts::new(start, terms), first, |carrier, net, time| {
            carrier.send(net, batch, time)
        })
    }

    /// Makes attempts until one succeeds or no other may follow. `failed` is an attempt that was made already.
    #[cold]
    #[inline(never)]
    fn attempts<T>(
        &mut self,
        mut attempts: Attempts,
        mut failed: Option<Failed>,
        mut attempt: impl FnMut(&mut dyn Carrier, &dyn Net, AttemptTime) -> Result<T, Failed>,
    ) -> Result<T> {
        let net = &*self.net;
        loop {
            let failed = match failed.take() {
                Some(failed) => failed,
                None => match attempt(&mut *self.carrier, net, attempts.time(net)) {
                    Ok(done) => return Ok(done),
                    Err(failed) => failed,
                },
            };
            if failed.error.outcome() == Outcome::InDoubt {
                self.counters.add(Stat::InDoubtAttempts, 1);
            }
            attempts.note(net, &failed);
            let Some(wait) = attempts.wait_for_next(net, &failed) else {
                return Err(attempts.conclude(net, failed));
            };
            pause(net, wait);
            if net.cancelled() {
                let error = cancelled(failed.error);
                return Err(attempts.conclude(net, Failed { error, ..failed }));
            }
            self.counters.retrying(&failed.error);
            attempts.record_retried_error(failed.error);
        }
    }

    /// Returns what holds for the attempts to send a batch or, if there is none, to learn the settings of a server.
    fn terms(&self, batch: Option<Batch<'_>>, cap: Option<Deadline>) -> Terms {
        Terms {
            attempt: self.carrier.attempt_limit(batch.map_or(0, |batch| batch.bytes.len())),
            retry: if self.carrier.allows_retries() { self.retry_timeout } else { Duration::ZERO },
            max_backoff: self.retry_max_backoff,
            cap,
            delivery: if batch.is_some() { self.delivery } else { Delivery::AtLeastOnce },
            sends_rows: batch.is_some(),
            servers: self.carrier.server_count(),
        }
    }

    fn count_success(&self, batch: Batch<'_>) {
        self.count_rows(batch.rows, batch.bytes.len() as u64);
    }

    /// Counts what a pool has done.
    pub(super) fn count(&self, done: &Done) {
        self.counters.add(Stat::InDoubtAttempts, done.in_doubt_attempts.into());
        match &done.result {
            Ok(_) => self.count_rows(done.rows, done.bytes),
            Err((e, _)) => self.counters.failed(e),
        }
    }

    fn count_rows(&self, row_count: u64, byte_count: u64) {
        self.counters.add(Stat::Flushes, 1);
        let (rows, bytes) = if self.carrier.confirms_storage() {
            (Stat::RowsCommitted, Stat::BytesCommitted)
        } else {
            (Stat::RowsSubmitted, Stat::BytesSubmitted)
        };
        self.counters.add(rows, row_count);
        self.counters.add(bytes, byte_count);
    }

    /// Ends the connection within the deadline. An error tells of rows of earlier flushes that may be lost.
    pub(super) fn close(&mut self, deadline: Deadline) -> Result<()> {
        let _held = Uncancellable::new();
        self.carrier.close(&*self.net, deadline)
    }
}

/// Creates the error for an attempt that failed and that another one would have followed if the call had not been cancelled.
#[cold]
fn cancelled(error: Error) -> Error {
    error.becomes(ErrorCode::Cancelled).retryable(false).context("cancelled before another attempt")
}
