//! The timer: a thread that sends the rows of senders that are quiet.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::queue::Lane;
use super::shared::{Phase, Shared, State};
use super::submit::Terms;
use crate::error::{ErrorParts as _, Result, err};
use crate::net::start_thread;
use crate::sender::Shelved;

/// A sender as the timer sees it.
pub(super) type Timed = (Lane, Weak<Mutex<Shelved>>);

impl Shared {
    /// Has the timer look after a sender. The first one starts it.
    pub(super) fn time(self: &Arc<Self>, state: &mut State, timed: Timed) -> Result<()> {
        state.timed.push(timed);
        if state.timer_runs {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let thread = start_thread("questdb-pool-timer", Box::new(move || run(&shared)));
        let thread = thread.map_err(|e| {
            state.timed.pop();
            err!(Unavailable, "could not start a thread for the timer: {e}")
                .retryable(true)
                .caused_by(e)
        })?;
        state.timer = Some(thread);
        state.timer_runs = true;
        Ok(())
    }
}

/// The presence of the timer, which ends with its thread, also by a panic.
struct Present<'a>(&'a Shared);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        let Ok(mut state) = self.0.lock() else { return };
        state.timer_runs = false;
        drop(state);
        self.0.done.tell_all();
    }
}

fn run(shared: &Arc<Shared>) {
    let _present = Present(shared);
    let Some(interval) = shared.settings.auto_flush_interval else { return };
    let mut timed = Vec::new();
    let mut wait = interval;
    loop {
        let Ok(mut state) = shared.lock() else { return };
        state.timed.retain(|(_, shelf)| shelf.strong_count() > 0);
        if state.phase == Phase::Open {
            state = shared.tick.wait(state, wait);
        }
        if state.phase != Phase::Open {
            return;
        }
        timed.clone_from(&state.timed);
        drop(state);
        wait = timed.iter().fold(interval, |wait, it| wait.min(look(shared, it, interval)));
    }
}

/// Sends the rows of a sender if it is time. Returns how long it takes at most until there is something to do.
fn look(shared: &Arc<Shared>, (lane, shelf): &Timed, interval: Duration) -> Duration {
    let Some(shelf) = shelf.upgrade() else { return interval };
    let mut shelved = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    shelved.flush_if_due(interval, |rows| {
        let terms = Terms {
            lane: Some(*lane),
            user_data: 0,
            has_ticket: true,
            limit: Duration::ZERO,
            cancelled: None,
        };
        Ok(shared.take(rows, terms)?.number())
    })
}
