//! Flushes of a sender that belongs to a pool: its rows go out as batches of the pool.
//!
//! An automatic flush submits the rows and does not wait. What became of its batch is looked at by the next automatic flush, and
//! by every call that flushes the own buffer: rows of a batch that failed come back to the own buffer, before those that are
//! there, and the call tells why. So after a flush of the own buffer, whether it succeeds or not, no row is anywhere else: it is
//! stored, or it is in the buffer.

use std::time::Duration;

use questdb_ingress_encoder::internal::BufferParts as _;

use super::Sender;
use super::auto_flush::AutoFlush;
use super::outlet::{Done, Outlet};
use super::shelf::Shelf;
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome, Result, err};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::net::{Deadline, Net, SLICE, process_id};

/// What a sender of a pool has besides its buffer.
pub(super) struct Pooled {
    outlet: Box<dyn Outlet>,
    /// Where complete rows wait for the timer, if there is one.
    shelf: Option<Shelf>,
    process: u32,
    /// The batches of automatic flushes whose fate was not looked at yet, in their order.
    under_way: Vec<UnderWay>,
    /// Rows of batches that failed and could not come back to the own buffer yet, in their order.
    failed: Vec<(Error, Box<Buffer>)>,
    /// How many bytes may be under way together with those of the own buffer.
    max_bytes: usize,
    /// How long a flush waits for room.
    acquire_timeout: Duration,
}

/// A batch that was submitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    pub(super) batch: u64,
    pub(super) rows: u64,
    pub(super) bytes: usize,
}

impl Pooled {
    pub(super) fn new(
        outlet: Box<dyn Outlet>,
        shelf: Option<Shelf>,
        max_bytes: usize,
        acquire_timeout: Duration,
    ) -> Pooled {
        let (under_way, failed) = (Vec::new(), Vec::new());
        let process = process_id();
        Pooled { outlet, shelf, process, under_way, failed, max_bytes, acquire_timeout }
    }

    /// Returns whether a timer sends the rows of this sender when it is quiet.
    pub(super) fn is_timed(&self) -> bool {
        self.shelf.is_some()
    }

    /// Returns the number of rows that are neither in the own buffer nor known to be stored.
    pub(super) fn rows_elsewhere(&self) -> u64 {
        let under_way: u64 = self.under_way.iter().map(|it| it.rows).sum();
        under_way + self.failed.iter().map(|(_, rows)| rows.row_count() as u64).sum::<u64>()
    }

    /// Takes the rows of a buffer as the next batch.
    fn submit(
        &mut self,
        net: &dyn Net,
        buffer: &mut Buffer,
        cap: Option<Deadline>,
    ) -> Result<UnderWay> {
        let limit = match cap {
            None => self.acquire_timeout,
            Some(cap) => self.acquire_timeout.min(cap.left(net).unwrap_or_default()),
        };
        let (rows, bytes) = (buffer.row_count() as u64, buffer.len());
        let batch = self.outlet.submit(buffer, limit, &|| net.cancelled())?;
        Ok(UnderWay { batch, rows, bytes })
    }

    /// Waits for a batch. Once the call is cancelled, or the time of `cap` is over, it ends this batch and the others.
    fn wait(
        &self,
        net: &dyn Net,
        it: UnderWay,
        others: &[UnderWay],
        cap: Option<Deadline>,
    ) -> Done {
        let (mut ended, mut late) = (false, false);
        loop {
            if !ended {
                late = cap.is_some_and(|cap| cap.left(net).is_none());
                ended = late || net.cancelled();
                if ended {
                    // From the last one on, so that none goes out because the one before it ended.
                    others.iter().rev().for_each(|it| self.outlet.cancel(it.batch));
                    self.outlet.cancel(it.batch);
                }
            }
            let Some(done) = self.look(it, SLICE) else { continue };
            let result = done.result.map_err(|(error, rows)| {
                let out_of_time = late && error.code() == ErrorCode::Cancelled;
                (if out_of_time { time_ran_out(error) } else { error }, rows)
            });
            return Done { result, ..done };
        }
    }

    /// Looks what became of a batch, and waits for that for up to `limit`.
    fn look(&self, it: UnderWay, limit: Duration) -> Option<Done> {
        self.outlet.wait(it.batch, limit).unwrap_or_else(|error| {
            // Somebody else has read what became of it.
            let none = Box::new(Buffer::new(ProtocolVersion::V1));
            let result = Err((error.outcome_is(Outcome::InDoubt), none));
            Some(Done { rows: it.rows, bytes: 0, in_doubt_attempts: 0, result })
        })
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        // In a forked child the timer may have held the lock when the process was copied.
        if self.process != process_id() {
            return;
        }
        if let Some(shelf) = &self.shelf {
            shelf.hand_over(&mut self.under_way);
        }
        self.under_way.iter().for_each(|it| self.outlet.leave(it.batch));
    }
}

impl Sender {
    /// Sends the own buffer, and waits for all batches under way.
    pub(super) fn send_own_by_pool(&mut self, cap: Option<Deadline>) -> Result<Outcome> {
        self.begin_call(cap)?;
        self.buffer.check_flushable()?;
        self.take_from_shelf()?;
        // Rows that failed before are told first, and come before the ones that wait.
        let mut result = self.look_at_finished();
        if result.is_ok() && !self.buffer.is_empty() {
            result = self.submit_own(cap);
        }
        while self.wait_for_oldest(cap).is_some() {}
        result = both(result, self.take_back());
        let result = result.map(|()| self.flusher.success());
        if result.is_err() {
            self.note_for_auto_flush(&result);
        }
        self.last_flush = self.flusher.net().now();
        result
    }

    /// Submits the own buffer if nothing has failed before. Does not wait for the server, but for room.
    pub(super) fn auto_flush_by_pool(&mut self) -> Result<()> {
        self.begin_call(None)?;
        self.buffer.check_flushable()?;
        self.take_from_shelf()?;
        let result = self.look_at_finished().map_err(of_earlier_flush).and_then(|()| {
            self.wait_for_less_under_way()?;
            self.submit_own(None)
        });
        self.last_flush = self.flusher.net().now();
        if let Err(e) = result {
            let result = Err(e);
            self.note_for_auto_flush(&result);
            return result.map(drop);
        }
        Ok(())
    }

    /// Sends another buffer than the own one, and waits for what becomes of it.
    pub(super) fn send_by_pool(&mut self, buffer: &mut Buffer) -> Result<Outcome> {
        buffer.check_flushable()?;
        let Some(pooled) = &mut self.pooled else { return Ok(self.flusher.success()) };
        if buffer.is_empty() {
            return Ok(self.flusher.success());
        }
        let net = self.flusher.net();
        let submitted = pooled.submit(net, buffer, None)?;
        let done = pooled.wait(net, submitted, &[], None);
        self.flusher.count(&done);
        done.result.map_err(|(error, mut rows)| {
            std::mem::swap(buffer, &mut *rows);
            error
        })
    }

    /// Puts the rows of the own buffer where the timer can take them. False if they have to be flushed now, or if there is no
    /// timer.
    pub(super) fn put_on_shelf(&mut self) -> Result<bool> {
        let Some(Pooled { shelf: Some(shelf), max_bytes, .. }) = &self.pooled else {
            return Ok(false);
        };
        if self.buffer.is_row_open() || self.check_usable().is_err() {
            return Ok(false);
        }
        shelf.put(&mut self.buffer, self.auto_flush, *max_bytes)
    }

    /// Takes back the rows that wait for the timer, and keeps those that follow.
    #[cold]
    pub(super) fn without_timer(&mut self) -> Result<()> {
        self.buffer.end_of_rows()?;
        self.take_from_shelf()?;
        self.looks = self.auto_flush;
        Ok(())
    }

    /// Lets the timer have the rows again.
    #[cold]
    pub(super) fn with_timer_again(&mut self) {
        self.looks = AutoFlush::EVERY_ROW;
        if self.transaction.is_none() && !self.auto_flush_waits() {
            // Rows that find no memory there stay in the buffer.
            let _ = self.put_on_shelf();
        }
    }

    /// Takes back the rows that wait for the timer, and looks after the batches that it has submitted.
    pub(super) fn take_from_shelf(&mut self) -> Result<()> {
        match &mut self.pooled {
            Some(Pooled { shelf: Some(shelf), under_way, process, .. })
                if *process == process_id() =>
            {
                shelf.take(&mut self.buffer, under_way)
            }
            _ => Ok(()),
        }
    }

    fn submit_own(&mut self, cap: Option<Deadline>) -> Result<()> {
        let Some(pooled) = &mut self.pooled else { return Ok(()) };
        let removals = self.buffer.removals();
        let submitted = pooled.submit(self.flusher.net(), &mut self.buffer, cap)?;
        // Another buffer stands here now. By its number it must not look like the one whose rows were refused.
        self.buffer.count_removal_after(removals);
        pooled.under_way.push(submitted);
        Ok(())
    }

    /// Waits until what is under way leaves room for the own buffer: rows that fail must find room there when they come back.
    fn wait_for_less_under_way(&mut self) -> Result<()> {
        let mut deadline = None;
        while let Some(pooled) = &self.pooled
            && let Some(oldest) = pooled.under_way.first()
        {
            let bytes: usize = pooled.under_way.iter().map(|it| it.bytes).sum();
            if bytes.saturating_add(self.buffer.len()) <= pooled.max_bytes {
                break;
            }
            let net = self.flusher.net();
            let deadline =
                deadline.get_or_insert_with(|| Deadline::after(net, pooled.acquire_timeout));
            if deadline.left(net).is_none() {
                return Err(err!(
                    Timeout,
                    "{bytes} bytes of this sender are still under way after {} ms, max_buf_size is {}",
                    pooled.acquire_timeout.as_millis(),
                    pooled.max_bytes
                )
                .retryable(true));
            }
            if net.cancelled() {
                return Err(err!(Cancelled, "cancelled while earlier rows were under way"));
            }
            if let Some(done) = pooled.look(*oldest, SLICE) {
                self.finished(done);
                self.take_back().map_err(of_earlier_flush)?;
            }
        }
        Ok(())
    }

    /// Looks at the batches that are complete, without waiting for others, and takes back the rows of those that failed.
    fn look_at_finished(&mut self) -> Result<()> {
        while let Some(pooled) = &self.pooled
            && let Some(oldest) = pooled.under_way.first()
            && let Some(done) = pooled.look(*oldest, Duration::ZERO)
        {
            self.finished(done);
        }
        self.take_back()
    }

    /// Waits for the oldest batch under way. `None` if there is none.
    fn wait_for_oldest(&mut self, cap: Option<Deadline>) -> Option<()> {
        let pooled = self.pooled.as_ref()?;
        let oldest = pooled.under_way.first()?;
        let done = pooled.wait(self.flusher.net(), *oldest, &pooled.under_way, cap);
        self.finished(done);
        Some(())
    }

    /// Notes what became of the oldest batch under way.
    fn finished(&mut self, done: Done) {
        self.flusher.count(&done);
        let Some(pooled) = &mut self.pooled else { return };
        pooled.under_way.remove(0);
        match done.result {
            Ok(outcome) => self.note_for_auto_flush(&Ok(outcome)),
            Err(failed) => pooled.failed.push(failed),
        }
    }

    /// Puts rows that failed before those of the own buffer, and returns why they failed.
    fn take_back(&mut self) -> Result<()> {
        let mut result = Ok(());
        // From the last one on, since each goes to the front.
        while let Some(pooled) = &mut self.pooled
            && let Some((error, rows)) = pooled.failed.last_mut()
        {
            if let Err(e) = self.buffer.put_back(rows) {
                return both(Err(e.outcome_is(error.outcome())), result);
            }
            result = both(Err(error.clone()), result);
            pooled.failed.pop();
        }
        result
    }
}

/// Returns the first of two errors, with what both mean for the rows together.
fn both(first: Result<()>, second: Result<()>) -> Result<()> {
    match (first, second) {
        (Err(first), Err(second)) => {
            let rank = |outcome| match outcome {
                Outcome::InDoubt => 2,
                Outcome::Partial => 1,
                _ => 0,
            };
            let (one, other) = (first.outcome(), second.outcome());
            let worst = if rank(other) > rank(one) { other } else { one };
            let earlier = first.earlier_rows_in_doubt() + second.earlier_rows_in_doubt();
            let mut error = first.outcome_is(worst);
            error.facts_mut().earlier_rows_in_doubt = earlier;
            Err(error)
        }
        (first, second) => first.and(second),
    }
}

#[cold]
fn time_ran_out(error: Error) -> Error {
    error.becomes(ErrorCode::Timeout).context("time ran out")
}

#[cold]
fn of_earlier_flush(error: Error) -> Error {
    error.context("an earlier automatic flush failed, and its rows are in the buffer again")
}
