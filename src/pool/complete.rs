//! Completions: reading them, waiting for them, and cancelling what has not come to one.

use std::task::{Poll, Waker};
use std::time::Duration;

use super::completion::{BatchId, Completion};
use super::queue::{Asked, Cancelled};
use super::report::PoolStats;
use super::shared::{LONGEST, Shared};
use crate::error::{Error, ErrorParts as _, Result, err};
use crate::net::now;

impl Shared {
    pub(super) fn next(&self, limit: Duration) -> Result<Option<Completion>> {
        self.read(None, limit)
    }

    pub(super) fn wait(&self, id: BatchId, limit: Duration) -> Result<Option<Completion>> {
        self.read(Some(id), limit)
    }

    /// Looks for the completion of a batch, or for the next one that nobody has read, until it is there or `limit` has passed.
    #[inline(never)]
    fn read(&self, batch: Option<BatchId>, limit: Duration) -> Result<Option<Completion>> {
        let mut state = self.lock()?;
        let mut ends = None;
        loop {
            let found = match batch {
                None => state.queue.next().map_or(Asked::Pending, Asked::Done),
                Some(id) => state.queue.ask(id, None),
            };
            match found {
                Asked::Done(completion) => {
                    state.show_unread();
                    drop(state);
                    // The completion took a place, and its rows may have taken room. Submits that need different room wait.
                    self.room.tell_all();
                    return Ok(Some(completion));
                }
                Asked::Unknown => return batch.map_or(Ok(None), |id| Err(was_read(id))),
                Asked::Pending => {}
            }
            if limit.is_zero() {
                return Ok(None);
            }
            let now = now();
            let left = ends.get_or_insert(now + limit.min(LONGEST)).saturating_duration_since(now);
            if left.is_zero() {
                return Ok(None);
            }
            state = self.done.wait(state, left);
        }
    }

    pub(super) fn poll(&self, id: BatchId, waker: &Waker) -> Poll<Result<Completion>> {
        let mut state = match self.lock() {
            Ok(state) => state,
            Err(e) => return Poll::Ready(Err(e)),
        };
        match state.queue.ask(id, Some(waker)) {
            Asked::Done(completion) => {
                state.show_unread();
                drop(state);
                self.room.tell_all();
                Poll::Ready(Ok(completion))
            }
            Asked::Pending => Poll::Pending,
            Asked::Unknown => Poll::Ready(Err(was_read(id))),
        }
    }

    pub(super) fn detach(&self, id: BatchId) {
        let Ok(mut state) = self.lock() else { return };
        if state.queue.detach(id) {
            state.show_unread();
            drop(state);
            self.done.tell_all();
        }
    }

    pub(super) fn cancel(&self, id: BatchId, in_flight_too: bool) -> Result<bool> {
        let mut guard = self.lock()?;
        let state = &mut *guard;
        let (found, waker) = state.queue.cancel(id, &mut state.counts);
        Ok(match found {
            Cancelled::Now => {
                state.show_unread();
                drop(guard);
                self.completed(waker);
                true
            }
            Cancelled::InFlight(worker) if in_flight_too => {
                if let Some(Some(canceller)) = state.workers.get(worker) {
                    canceller.cancel();
                }
                true
            }
            Cancelled::InFlight(_) | Cancelled::TooLate => false,
        })
    }

    /// Tells everyone who may have waited for a completion.
    pub(super) fn completed(&self, wakers: impl IntoIterator<Item = Waker>) {
        self.done.tell_all();
        self.room.tell_all();
        // Last, because this is the host's code and may panic.
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn drain(&self, limit: Duration) -> Result<()> {
        let mut state = self.lock()?;
        let ends = now() + limit.min(LONGEST);
        while state.queue.open() > 0 {
            let left = ends.saturating_duration_since(now());
            if left.is_zero() {
                return Err(err!(
                    Timeout,
                    "{} batches are not complete after {} ms",
                    state.queue.open(),
                    limit.as_millis()
                )
                .retryable(true));
            }
            state = self.done.wait(state, left);
        }
        Ok(())
    }

    pub(super) fn stats(&self) -> Result<PoolStats> {
        let state = self.lock()?;
        let (queue, counts) = (&state.queue, &state.counts);
        Ok(PoolStats {
            queued_batches: (queue.open() - queue.in_flight()) as u64,
            batches_in_flight: queue.in_flight() as u64,
            unread_completions: queue.unread() as u64,
            queue_bytes: queue.bytes() as u64,
            workers: state.alive as u64,
            rows_sent: counts.rows_sent,
            rows_not_stored: counts.rows_not_stored,
            rows_in_doubt: counts.rows_in_doubt,
        })
    }
}

#[cold]
fn was_read(id: BatchId) -> Error {
    err!(
        InvalidState,
        "batch {id} is unknown: there is none with this number, or its completion was read before"
    )
}
