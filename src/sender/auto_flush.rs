//! Decides when to flush automatically: by rows, bytes or time, and not at once again after a failure. The decisions are
//! pure; the sender takes them when a row ends.

use std::time::{Duration, Instant};

use questdb_ingress_encoder::internal::BufferParts as _;

use super::retry::Backoff;
use super::{Sender, Stat};
use crate::config::Delivery;
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome, Result};

/// The limits of the sender's own buffer; an absent limit never triggers a flush.
#[derive(Debug, Clone, Copy)]
pub(super) struct AutoFlush {
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) interval: Option<Duration>,
}

impl AutoFlush {
    /// Reached by every row.
    pub(super) const EVERY_ROW: AutoFlush =
        AutoFlush { rows: Some(1), bytes: None, interval: None };

    /// Returns whether a buffer of `rows` and `bytes` is due. `since_last` is the time since the last flush; it reads the
    /// clock, so it is only called if rows and bytes do not decide.
    #[inline]
    pub(super) fn is_due(
        &self,
        rows: usize,
        bytes: usize,
        since_last: impl FnOnce() -> Duration,
    ) -> bool {
        let reached =
            |value: usize, limit: Option<u64>| limit.is_some_and(|limit| value as u64 >= limit);
        reached(rows, self.rows)
            || reached(bytes, self.bytes)
            || self.interval.is_some_and(|interval| since_last() >= interval)
    }
}

/// Delays automatic flushes after one that failed, so that not every row costs an attempt.
#[derive(Debug)]
pub(super) struct Pause {
    max_backoff: Duration,
    delivery: Delivery,
    backoff: Backoff,
    until: Option<Instant>,
    /// The buffer's removal count when its rows were refused for good. While the count is unchanged, sending again would be
    /// refused again.
    refused_at: Option<u64>,
}

impl Pause {
    /// The limit of the first wait, which doubles from then on.
    const FIRST: Duration = Duration::from_millis(100);

    pub(super) fn new(max_backoff: Duration, delivery: Delivery) -> Pause {
        let backoff = Backoff::starting_at(Pause::FIRST, max_backoff);
        Pause { max_backoff, delivery, backoff, until: None, refused_at: None }
    }

    /// Returns whether the next attempt has to wait. `removals` shows whether rows were removed from the buffer meanwhile.
    pub(super) fn blocks(&self, removals: u64, now: impl FnOnce() -> Instant) -> bool {
        match self.until {
            None => false,
            Some(until) => self.refused_at == Some(removals) || now() < until,
        }
    }

    /// Notes that the buffer could not be flushed, and returns how long the next attempt waits.
    pub(super) fn failed(
        &mut self,
        error: &Error,
        removals: u64,
        now: Instant,
        random_up_to: impl FnOnce(u64) -> u64,
    ) -> Duration {
        let refused = match error.outcome() {
            Outcome::Rejected => !error.is_retryable(),
            // This setting forbids to send again what may have been stored.
            Outcome::Partial | Outcome::InDoubt if self.delivery == Delivery::AtMostOnce => true,
            Outcome::Partial => !error.is_retryable(),
            _ => false,
        };
        self.refused_at = refused.then_some(removals);
        let wait = self.backoff.next(error.retry_after(), random_up_to);
        self.until = Some(now + wait);
        wait
    }

    /// Notes that the buffer was flushed.
    pub(super) fn succeeded(&mut self) {
        if self.until.is_some() {
            *self = Pause::new(self.max_backoff, self.delivery);
        }
    }
}

impl Sender {
    /// Flushes the own buffer if one of the `auto_flush_*` limits is reached, without a new row. A program can call it now
    /// and then, so that rows do not wait when no further rows come.
    ///
    /// # Errors
    /// As [`Sender::flush_own`]. All rows stay in the buffer.
    pub fn flush_if_due(&mut self) -> Result<()> {
        if self.is_due() { self.auto_flush_now() } else { Ok(()) }
    }

    /// Returns whether [`Sender::flush_if_due`], or the next call that ends a row, would flush the rows that are there now.
    /// It costs no more than a look at the clock, so that a caller can give up a lock only where it is worth it.
    pub fn flush_is_due(&self) -> bool {
        self.is_due() && (self.closed || !self.auto_flush_waits())
    }

    /// Returns whether automatic flushes wait after one that failed.
    pub(super) fn auto_flush_waits(&self) -> bool {
        let net = self.flusher.net();
        self.pause.blocks(self.buffer.removals(), || net.now_coarse())
    }

    /// As [`Sender::flush_if_due`], after a call that ended a row: an error says that the row is in the buffer.
    #[inline]
    pub(crate) fn after_row(&mut self) -> Result<()> {
        if self.is_due() { self.auto_flush_after_row() } else { Ok(()) }
    }

    #[inline]
    fn is_due(&self) -> bool {
        if self.transaction.is_some() {
            return false;
        }
        let (flusher, last) = (&self.flusher, self.last_flush);
        let since_last = || flusher.net().now_coarse().saturating_duration_since(last);
        self.looks.is_due(self.buffer.row_count(), self.buffer.len(), since_last)
    }

    #[inline(never)]
    fn auto_flush_after_row(&mut self) -> Result<()> {
        self.auto_flush_now().map_err(|mut e| {
            e.facts_mut().row_accepted = true;
            e.context("the row is in the buffer, but flushing it failed")
        })
    }

    fn auto_flush_now(&mut self) -> Result<()> {
        if !self.closed && self.auto_flush_waits() {
            return Ok(());
        }
        let flushed = match self.pooled {
            None => self.flush_own().map(drop),
            Some(_) => match self.put_on_shelf()? {
                true => return Ok(()),
                false => self.auto_flush_by_pool(),
            },
        };
        flushed.inspect_err(|e| {
            if e.attempts() > 0 {
                self.stats.0.add(Stat::FailedAutoFlushes, 1);
            }
        })
    }

    /// Makes automatic flushes wait after an attempt that failed, and ends the wait after one that succeeded.
    pub(super) fn note_for_auto_flush(&mut self, result: &Result<Outcome>) {
        let net = self.flusher.net();
        let wait = match result {
            Ok(_) => {
                self.pause.succeeded();
                Duration::ZERO
            }
            // Rows that the server's version lacks are not examined again for every row that follows.
            // A pool without room has been waited for long enough.
            Err(e)
                if e.attempts() > 0
                    || e.code() == ErrorCode::ProtocolVersion
                    || self.pooled.is_some() && e.code() == ErrorCode::Timeout =>
            {
                let removals = self.buffer.removals();
                self.pause.failed(e, removals, net.now_coarse(), |max| net.random_up_to(max))
            }
            // No attempt was made.
            Err(_) => return,
        };
        self.stats
            .0
            .set(Stat::AutoFlushWaitMillis, u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::err;
    use crate::net::{Net as _, SystemNet};

    #[test]
    fn a_failure_holds_the_next_attempt_back() {
        let start = SystemNet::new().now();
        let ms = Duration::from_millis;
        let busy = || err!(Unavailable, "x").outcome_is(Outcome::Rejected).retryable(true);
        let bad = || err!(Rejected, "x").outcome_is(Outcome::Rejected);
        let doubt = || err!(Timeout, "x").outcome_is(Outcome::InDoubt).retryable(true);

        let mut pause = Pause::new(ms(300), Delivery::AtLeastOnce);
        assert!(!pause.blocks(0, || unreachable!("the clock is not needed")));
        let waits = [100, 200, 300, 300].map(|limit| {
            assert_eq!(pause.failed(&busy(), 0, start, |max| max), ms(limit));
            assert!(pause.blocks(0, || start + ms(limit) - ms(1)));
            assert!(!pause.blocks(0, || start + ms(limit)));
            limit
        });
        assert_eq!(waits.len(), 4);
        pause.succeeded();
        assert!(!pause.blocks(0, || unreachable!("the clock is not needed")));
        assert_eq!(pause.failed(&busy(), 0, start, |max| max), ms(100), "begins anew");

        // Rows that were refused wait for a change of the buffer, and then for the time too.
        pause.failed(&bad(), 7, start, |_| 0);
        assert!(pause.blocks(7, || start + ms(1_000_000)));
        assert!(!pause.blocks(8, || start));

        pause.failed(&doubt(), 7, start, |_| 0);
        assert!(!pause.blocks(7, || start), "at least once");
        let mut once = Pause::new(ms(300), Delivery::AtMostOnce);
        once.failed(&doubt(), 7, start, |_| 0);
        assert!(once.blocks(7, || start + ms(1_000_000)), "at most once");
    }

    #[test]
    fn each_limit_triggers_alone() {
        let off = AutoFlush { rows: None, bytes: None, interval: None };
        let ms = Duration::from_millis;
        assert!(!off.is_due(usize::MAX, usize::MAX, || Duration::MAX));
        let rows = AutoFlush { rows: Some(3), ..off };
        assert!(!rows.is_due(2, 999, || ms(999)));
        assert!(rows.is_due(3, 0, || unreachable!("the clock is not needed")));
        let bytes = AutoFlush { bytes: Some(100), ..off };
        assert!(!bytes.is_due(9, 99, || ms(999)));
        assert!(bytes.is_due(1, 100, || ms(0)));
        let interval = AutoFlush { interval: Some(ms(50)), ..off };
        assert!(!interval.is_due(9, 99, || ms(49)));
        assert!(interval.is_due(1, 1, || ms(50)));
    }
}
