//! Senders of a pool: the way of their batches into the queue and back.

use std::sync::Arc;
use std::time::Duration;

use super::completion::BatchId;
use super::queue::Lane;
use super::shared::Shared;
use super::submit::Terms;
use crate::error::{Result, err};
use crate::ilp::Buffer;
use crate::sender::{Done, Outlet, Sender, Shelf};

impl Shared {
    /// Makes a sender whose batches go out through this pool.
    #[inline(never)]
    pub(super) fn sender(self: &Arc<Self>) -> Result<Sender> {
        let model = self.kind.new_buffer()?;
        let shelf = match self.settings.auto_flush_timer {
            true => Some(Shelf::new(self.kind.new_buffer()?)),
            false => None,
        };
        let mut state = self.lock()?;
        state.senders += 1;
        let lane = Lane::Sender(state.senders);
        if let Some(shelf) = &shelf {
            self.time(&mut state, (lane, Arc::downgrade(&shelf.shared())))?;
        }
        drop(state);
        let outlet = Box::new(SenderOutlet { shared: Arc::clone(self), lane });
        Sender::over_pool(&self.settings, self.new_net(), &model, outlet, shelf)
    }
}

/// The way of one sender's batches through the pool.
struct SenderOutlet {
    shared: Arc<Shared>,
    lane: Lane,
}

impl Outlet for SenderOutlet {
    fn submit(
        &self,
        buffer: &mut Buffer,
        limit: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<u64> {
        let terms = Terms {
            lane: Some(self.lane),
            user_data: 0,
            has_ticket: true,
            limit,
            cancelled: Some(cancelled),
        };
        Ok(self.shared.take(buffer, terms)?.number())
    }

    fn wait(&self, batch: u64, limit: Duration) -> Result<Option<Done>> {
        let id =
            BatchId::from_number(batch).ok_or_else(|| err!(Internal, "there is no batch 0"))?;
        let Some(done) = self.shared.wait(id, limit)? else { return Ok(None) };
        Ok(Some(Done {
            rows: done.rows,
            bytes: done.bytes,
            in_doubt_attempts: done.in_doubt_attempts,
            result: match (done.error, done.failed_rows) {
                (Some(error), Some(rows)) => Err((error, rows)),
                _ => Ok(done.outcome),
            },
        }))
    }

    fn cancel(&self, batch: u64) {
        if let Some(id) = BatchId::from_number(batch) {
            let _ = self.shared.cancel(id, true);
        }
    }

    fn leave(&self, batch: u64) {
        if let Some(id) = BatchId::from_number(batch) {
            self.shared.detach(id);
        }
    }
}
