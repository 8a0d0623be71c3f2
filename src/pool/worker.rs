//! A worker: a thread with a sender of its own, which sends one batch after the other.

use std::sync::Arc;
use std::time::Duration;

use super::completion::BatchId;
use super::queue::Finished;
use super::shared::{Phase, Shared};
use crate::error::{ErrorParts as _, Outcome, Result, err};
use crate::ilp::Buffer;
use crate::net::{Canceller, now};
use crate::sender::{Sender, Stat};

/// Runs a worker until the pool has no more work for it.
pub(super) fn run(shared: &Arc<Shared>, number: usize) {
    let _present = Present { shared, number };
    let mut sender = shared.first_sender();
    let limit = loop {
        // What keeps a sender from being made, such as a certificate that cannot be read, may be mended meanwhile.
        if sender.is_err() {
            sender = shared.new_sender();
        }
        let canceller = sender.as_ref().map(Sender::canceller).unwrap_or_default();
        match shared.next_job(number, &canceller) {
            Next::Send(id, buffer) => Work { shared, id, buffer: Some(buffer) }.go(&mut sender),
            Next::End(limit) => break limit,
        }
    };
    if let Ok(sender) = sender
        && !limit.is_zero()
    {
        shared.end_connection(sender, limit);
    }
}

/// What a worker is to do next.
enum Next {
    Send(BatchId, Box<Buffer>),
    /// Ends, with so much time for the end of its connection.
    End(Duration),
}

/// The presence of a worker, which ends with its thread, also by a panic.
struct Present<'a> {
    shared: &'a Arc<Shared>,
    number: usize,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let Ok(mut state) = self.shared.lock() else { return };
        state.workers[self.number] = None;
        state.alive -= 1;
        if state.queue.ready() > 0 && !matches!(state.phase, Phase::Ending(_)) {
            // A batch came, or is left over from a panic, while this worker was ending.
            let _ = self.shared.start_worker(&mut state);
        }
        drop(state);
        self.shared.done.tell_all();
    }
}

/// A batch that a worker has taken. If it is dropped, by a panic, the batch is complete as well.
struct Work<'a> {
    shared: &'a Shared,
    id: BatchId,
    buffer: Option<Box<Buffer>>,
}

impl Work<'_> {
    fn go(mut self, sender: &mut Result<Sender>) {
        let Some(buffer) = self.buffer.as_mut() else { return };
        let sender = match sender {
            Ok(sender) => sender,
            Err(e) => {
                let result = Err(e.clone());
                return self.finish(result, 0, 0);
            }
        };
        let before = Attempts::of(sender);
        let result = sender.deliver(buffer);
        let (attempts, in_doubt) = match &result {
            Ok(_) => Attempts::of(sender).since(before),
            Err(e) => (e.attempts(), e.in_doubt_attempts()),
        };
        self.finish(result, attempts, in_doubt);
    }

    fn finish(&mut self, result: Result<Outcome>, attempts: u32, in_doubt_attempts: u32) {
        let Some(buffer) = self.buffer.take() else { return };
        self.shared.finish(self.id, Finished { buffer, result, attempts, in_doubt_attempts });
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        if self.buffer.is_some() {
            let error = err!(Internal, "a panic ended the thread that was sending the batch");
            self.finish(Err(error.outcome_is(Outcome::InDoubt)), 1, 1);
        }
    }
}

/// How many attempts a sender has repeated so far, and how many ended in doubt.
#[derive(Clone, Copy)]
struct Attempts {
    retries: u64,
    in_doubt: u64,
}

impl Attempts {
    fn of(sender: &Sender) -> Attempts {
        const RETRIES: [Stat; 5] = [
            Stat::RetriesConnect,
            Stat::RetriesConnection,
            Stat::RetriesTimeout,
            Stat::RetriesBusy,
            Stat::RetriesServer,
        ];
        let counter = |stat| sender.stat(stat);
        Attempts {
            retries: RETRIES.into_iter().map(counter).sum(),
            in_doubt: counter(Stat::InDoubtAttempts),
        }
    }

    /// Returns the attempts of the flush since then that succeeded, and those of them in doubt.
    fn since(self, before: Attempts) -> (u32, u32) {
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        (count(1 + self.retries - before.retries), count(self.in_doubt - before.in_doubt))
    }
}

impl Shared {
    /// Returns the sender that was made together with the pool, or a new one.
    fn first_sender(&self) -> Result<Sender> {
        if let Some(sender) = self.lock()?.first_sender.take() {
            return Ok(sender);
        }
        self.new_sender()
    }

    /// Waits for a batch, or for the end of the worker.
    fn next_job(&self, number: usize, canceller: &Canceller) -> Next {
        let Ok(mut state) = self.lock() else { return Next::End(Duration::ZERO) };
        state.workers[number] = Some(canceller.clone());
        let idle_until = now() + self.settings.idle_timeout;
        loop {
            if let Phase::Ending(ends) = state.phase {
                return Next::End(ends.saturating_duration_since(now()));
            }
            let pause = state.pause.left();
            if pause.is_none()
                && let Some((id, buffer)) = state.queue.take(number)
            {
                // From here on the batch is in flight, and a cancellation is meant for it.
                canceller.clear();
                return Next::Send(id, buffer);
            }
            let idle = idle_until.saturating_duration_since(now());
            let spare = state.alive > self.settings.sender_pool_min && state.queue.open() == 0;
            if pause.is_none() && spare && idle.is_zero() {
                return Next::End(self.settings.send_timeout);
            }
            // A worker that has to stay looks again after another such time.
            let limit = pause.unwrap_or(if idle.is_zero() { LOOKS_AGAIN } else { idle });
            state = self.work.wait(state, limit);
        }
    }

    fn finish(&self, id: BatchId, finished: Finished) {
        let Ok(mut guard) = self.lock() else { return };
        let state = &mut *guard;
        state.pause.note(&finished.result, &self.settings);
        let waker = state.queue.finish(id, finished, &mut state.counts);
        let mut others = Vec::new();
        if matches!(state.phase, Phase::Ending(_)) {
            self.cancel_waiting(state, &mut others);
        }
        state.show_unread();
        // This worker takes the next one itself.
        let more = state.queue.ready() > 1;
        drop(guard);
        self.completed(waker.into_iter().chain(others));
        if more {
            self.work.tell_one();
        }
    }

    /// Ends the connection of a worker. Over TCP that tells whether the rows it has carried were read.
    fn end_connection(&self, mut sender: Sender, limit: Duration) {
        let report = sender.close(limit);
        let Ok(mut state) = self.lock() else { return };
        state.counts.earlier_rows_in_doubt += report.earlier_rows_in_doubt;
        if let Err(e) = report.result {
            state.counts.first_error.get_or_insert(e);
        }
    }
}

/// How long an idle worker sleeps that has nothing to wait for.
const LOOKS_AGAIN: Duration = Duration::from_secs(3600);
