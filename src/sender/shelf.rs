//! [`Shelf`]: the complete rows of a sender where the timer of its pool can take them, between two calls of the sender.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use questdb_ingress_encoder::internal::BufferParts as _;

use super::auto_flush::AutoFlush;
use super::pooled::UnderWay;
use crate::error::Result;
use crate::ilp::Buffer;
use crate::net::now;

/// What sender and timer share. A row in the making is never here. The sender has a reference, and the pool a weak one.
#[derive(Debug, Clone)]
pub(crate) struct Shelf(Arc<Mutex<Shelved>>);

#[derive(Debug)]
pub(crate) struct Shelved {
    rows: Box<Buffer>,
    /// The batches that the timer has submitted and the sender has not seen yet.
    taken: Vec<UnderWay>,
    /// When the sender or the timer has last flushed.
    flushed: Instant,
}

/// Rows of fewer bytes are copied, because the buffers of a row that is built call by call had better stay what they are.
const COPIED: usize = 64 << 10;

impl Shelf {
    pub(crate) fn new(empty: Buffer) -> Shelf {
        let (taken, flushed) = (Vec::new(), now());
        Shelf(Arc::new(Mutex::new(Shelved { rows: Box::new(empty), taken, flushed })))
    }

    /// Returns what the pool keeps.
    pub(crate) fn shared(&self) -> Arc<Mutex<Shelved>> {
        Arc::clone(&self.0)
    }

    fn lock(&self) -> MutexGuard<'_, Shelved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the rows of `own` on the shelf, unless a limit would be reached with them; then nothing happens, and it returns false.
    pub(super) fn put(&self, own: &mut Box<Buffer>, limits: AutoFlush, max: usize) -> Result<bool> {
        let mut shelved = self.lock();
        let rows = shelved.rows.row_count() + own.row_count();
        let bytes = shelved.rows.len() + own.len();
        // The timer looks at the clock.
        if bytes > max || limits.is_due(rows, bytes, || Duration::ZERO) {
            return Ok(false);
        }
        if shelved.rows.is_empty() && bytes > COPIED {
            let removals = own.removals();
            std::mem::swap(&mut shelved.rows, own);
            own.count_removal_after(removals);
        } else {
            shelved.rows.append_rows(own)?;
        }
        Ok(true)
    }

    /// Hands the batches of the timer over.
    pub(super) fn hand_over(&self, under_way: &mut Vec<UnderWay>) {
        under_way.append(&mut self.lock().taken);
    }

    /// Puts the rows of the shelf before those of `own`, and hands the batches of the timer over.
    pub(super) fn take(&self, own: &mut Buffer, under_way: &mut Vec<UnderWay>) -> Result<()> {
        let mut shelved = self.lock();
        under_way.append(&mut shelved.taken);
        if !shelved.rows.is_empty() {
            own.put_back(&mut shelved.rows)?;
        }
        shelved.flushed = now();
        Ok(())
    }
}

impl Shelved {
    /// Hands the rows to `submit` if there are any and `interval` has passed since the last flush. Returns how long it takes at
    /// most until there is something to do.
    pub(crate) fn flush_if_due(
        &mut self,
        interval: Duration,
        submit: impl FnOnce(&mut Buffer) -> Result<u64>,
    ) -> Duration {
        if self.rows.is_empty() {
            return interval;
        }
        let left = interval.saturating_sub(now().saturating_duration_since(self.flushed));
        if !left.is_zero() {
            return left;
        }
        let (rows, bytes) = (self.rows.row_count() as u64, self.rows.len());
        // Without room the rows wait for the next time, or for the sender.
        if let Ok(batch) = submit(&mut self.rows) {
            self.taken.push(UnderWay { batch, rows, bytes });
            self.flushed = now();
        }
        interval
    }
}
