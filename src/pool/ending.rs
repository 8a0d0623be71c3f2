//! The end of a pool.

use std::sync::MutexGuard;
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::report::PoolReport;
use super::shared::{LONGEST, Phase, Shared, State};
use crate::error::{ErrorParts as _, Outcome, Result, err};
use crate::net::{now, on_own_thread};

/// How long a cancelled call may take to return, see [`crate::Canceller`], with some time for a busy machine.
const CANCELLED_WITHIN: Duration = Duration::from_millis(200);

/// How long a dropped pool waits for its threads. They notice it at once, but on an overloaded machine they may not run.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

impl Shared {
    /// Sends what is left, within `limit`, and ends all workers.
    pub(super) fn close(&self, limit: Duration) -> PoolReport {
        match self.end_within(limit) {
            Ok(report) => report,
            Err(e) => PoolReport {
                unsent_rows: 0,
                rows_in_doubt: 0,
                earlier_rows_in_doubt: 0,
                result: Err(e),
            },
        }
    }

    fn end_within(&self, limit: Duration) -> Result<PoolReport> {
        let mut state = self.lock()?;
        let ends = now() + limit.min(LONGEST);
        let before = (state.counts.rows_not_stored, state.counts.rows_in_doubt);
        state.phase = state.phase.max(Phase::Draining);
        state.counts.closing = true;
        self.room.tell_all();
        self.work.tell_all();
        self.tick.tell_all();
        state = self.wait_while(state, ends, |state| state.queue.open() > 0);
        let rest = CANCELLED_WITHIN.max(ends.saturating_duration_since(now()));
        let ends = now() + rest;
        let (mut state, threads) = self.end_workers(state, ends, ends)?;
        // Its connection has carried no rows if no worker has ever taken it.
        drop(state.first_sender.take());
        let counts = &state.counts;
        let report =
            PoolReport {
                // What a worker has not come back from by now may still be sent, and holds those with its order key. They complete
                // when the worker does.
                unsent_rows: counts.rows_not_stored - before.0 + state.queue.rows_waiting(),
                rows_in_doubt: counts.rows_in_doubt - before.1 + state.queue.rows_in_flight(),
                earlier_rows_in_doubt: counts.earlier_rows_in_doubt,
                result: match (&counts.first_error, state.queue.open()) {
                    (Some(e), _) => Err(e.clone()),
                    (None, 0) => Ok(()),
                    (None, open) => Err(err!(Timeout, "{open} batches have not ended yet")
                        .outcome_is(Outcome::InDoubt)),
                },
            };
        drop(state);
        join(threads);
        Ok(report)
    }

    /// Ends the pool without sending what is left.
    pub(super) fn abandon(&self) {
        let Ok(state) = self.lock() else { return };
        let now = now();
        // A waker of the program that runs on a thread of the pool may hold the pool last. That thread cannot wait for itself.
        let wait = if on_own_thread() { Duration::ZERO } else { NOTICED_WITHIN };
        if let Ok((state, threads)) = self.end_workers(state, now, now + wait) {
            drop(state);
            join(threads);
        }
    }

    /// Cancels what is not complete, gives the workers until `connections` to end their connections, and waits for them until
    /// `threads`. Returns the threads if all of them are about to end.
    fn end_workers<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        connections: Instant,
        threads: Instant,
    ) -> Result<(MutexGuard<'a, State>, Vec<JoinHandle<()>>)> {
        let wakers = self.end(&mut state, connections);
        drop(state);
        self.completed(wakers);
        let mut state =
            self.wait_while(self.lock()?, threads, |state| state.alive > 0 || state.timer_runs);
        let mut threads = Vec::new();
        if state.alive == 0 && !state.timer_runs {
            threads = std::mem::take(&mut state.threads);
            threads.extend(state.timer.take());
        }
        Ok((state, threads))
    }

    /// Cancels what is not complete, and lets the workers end their connections until `ends`.
    fn end(&self, state: &mut State, ends: Instant) -> Vec<Waker> {
        let mut wakers = Vec::new();
        state.phase = Phase::Ending(ends);
        self.cancel_waiting(state, &mut wakers);
        state.show_unread();
        for canceller in state.workers.iter().flatten() {
            canceller.cancel();
        }
        self.work.tell_all();
        self.tick.tell_all();
        self.room.tell_all();
        wakers
    }

    /// Completes as not sent every batch that could go out now.
    pub(super) fn cancel_waiting(&self, state: &mut State, wakers: &mut Vec<Waker>) {
        while let Some(waker) = state.queue.cancel_oldest(&mut state.counts) {
            wakers.extend(waker);
        }
    }

    fn wait_while<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        ends: Instant,
        mut goes_on: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        while goes_on(&state) {
            let left = ends.saturating_duration_since(now());
            if left.is_zero() {
                break;
            }
            state = self.done.wait(state, left);
        }
        state
    }
}

/// Waits for threads that are at their last instruction. A program that unloads the library afterwards must not take it from
/// them.
fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| drop(thread.join()));
}
