//! Taking batches: waiting for room, exchanging the buffer, and starting workers.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::Submit;
use super::completion::BatchId;
use super::kind::Kind;
use super::queue::{Full, Job, Lane, Queue};
use super::shared::{LONGEST, Phase, Shared, State};
use super::worker;
use crate::config::Settings;
use crate::error::{Error, ErrorParts as _, Result, err};
use crate::ilp::Buffer;
use crate::net::{Canceller, SLICE, now, start_thread};

/// How a batch is taken.
pub(super) struct Terms<'a> {
    pub(super) lane: Option<Lane>,
    pub(super) user_data: u64,
    /// Whether the completion is kept for whoever asks for it by the number of the batch.
    pub(super) has_ticket: bool,
    /// How long to wait for room.
    pub(super) limit: Duration,
    /// Ends the wait for room early; asked now and then.
    pub(super) cancelled: Option<&'a dyn Fn() -> bool>,
}

impl Shared {
    /// Takes the rows of `buffer` as a program wants it.
    pub(super) fn submit(
        self: &Arc<Self>,
        buffer: &mut Buffer,
        how: Submit,
        has_ticket: bool,
    ) -> Result<BatchId> {
        let limit = how.timeout.unwrap_or(self.settings.acquire_timeout);
        let (lane, user_data) = (how.order_key.map(Lane::Key), how.user_data);
        self.take(buffer, Terms { lane, user_data, has_ticket, limit, cancelled: None })
    }

    /// Takes the rows of `buffer`, and leaves an empty one. Without room it waits, and then refuses.
    #[inline(never)]
    pub(super) fn take(self: &Arc<Self>, buffer: &mut Buffer, terms: Terms<'_>) -> Result<BatchId> {
        buffer.check_flushable()?;
        if buffer.len() > self.settings.queue_max_bytes {
            return Err(err!(
                LimitExceeded,
                "the buffer holds {} bytes, queue_max_bytes is {}",
                buffer.len(),
                self.settings.queue_max_bytes
            ));
        }
        let mut state = self.wait_for_room(buffer.len(), &terms)?;
        self.have_a_worker(&mut state)?;
        let mut batch = self.empty_like(&mut state, buffer)?;
        std::mem::swap(&mut *batch, buffer);
        let job = Job { buffer: batch, lane: terms.lane, user_data: terms.user_data };
        let id = state.queue.push(job, terms.has_ticket);
        if state.queue.ready() > state.alive.saturating_sub(state.queue.in_flight()) {
            // One worker is enough, so it does not matter if the system has no further thread.
            let _ = self.start_worker(&mut state);
        }
        drop(state);
        self.work.tell_one();
        Ok(id)
    }

    #[inline(never)]
    fn wait_for_room(&self, bytes: usize, terms: &Terms<'_>) -> Result<MutexGuard<'_, State>> {
        let mut state = self.lock()?;
        let mut ends = None;
        loop {
            if state.phase != Phase::Open {
                return Err(err!(InvalidState, "the pool is closed"));
            }
            let Err(full) = state.queue.room(bytes) else { return Ok(state) };
            let now = now();
            let limit = terms.limit.min(LONGEST);
            let mut left = ends.get_or_insert(now + limit).saturating_duration_since(now);
            if left.is_zero() {
                return Err(no_room(full, &state.queue, terms.limit, &self.settings));
            }
            if let Some(cancelled) = terms.cancelled {
                if cancelled() {
                    return Err(err!(Cancelled, "cancelled while the queue of the pool was full"));
                }
                left = left.min(SLICE);
            }
            state = self.room.wait(state, left);
        }
    }

    /// Returns an empty buffer that can stand in for `buffer`, with memory if possible.
    #[inline(never)]
    fn empty_like(&self, state: &mut State, buffer: &Buffer) -> Result<Box<Buffer>> {
        let kind = Kind::of(buffer);
        if kind == self.kind
            && let Some(spare) = state.queue.spare()
        {
            return Ok(spare);
        }
        Ok(Box::new(kind.new_buffer()?))
    }

    fn have_a_worker(self: &Arc<Self>, state: &mut State) -> Result<()> {
        if state.alive > 0 { Ok(()) } else { self.start_worker(state) }
    }

    pub(super) fn start_worker(self: &Arc<Self>, state: &mut State) -> Result<()> {
        if state.alive >= self.settings.sender_pool_max {
            return Ok(());
        }
        let number = state.workers.iter().position(Option::is_none).unwrap_or_else(|| {
            state.workers.push(None);
            state.workers.len() - 1
        });
        let shared = Arc::clone(self);
        let work = Box::new(move || worker::run(&shared, number));
        let thread = start_thread(&format!("questdb-pool-{number}"), work).map_err(|e| {
            err!(Unavailable, "could not start a thread to send with: {e}")
                .retryable(true)
                .caused_by(e)
        })?;
        state.workers[number] = Some(Canceller::default());
        // A worker that had this number before has ended, or is about to.
        match state.threads.get_mut(number) {
            Some(before) => *before = thread,
            None => state.threads.push(thread),
        }
        state.alive += 1;
        Ok(())
    }
}

/// Creates the error for a batch that found no room.
#[cold]
fn no_room(full: Full, queue: &Queue, limit: Duration, settings: &Settings) -> Error {
    let waited = limit.as_millis();
    match full {
        Full::Bytes => err!(
            Timeout,
            "no room in the queue within {waited} ms: it holds {} bytes, queue_max_bytes is {}",
            queue.bytes(),
            settings.queue_max_bytes
        ),
        Full::Batches => err!(
            Timeout,
            "no room in the queue within {waited} ms: {} batches are under way and {} completions have not been read",
            queue.open(),
            queue.unread()
        ),
    }
    .retryable(true)
}
