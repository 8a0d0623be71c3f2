//! What became of a batch.

use std::fmt;
use std::num::NonZeroU64;

use crate::error::{Error, Outcome};
use crate::ilp::Buffer;

/// The number of a batch of a [`Pool`](super::Pool). No two batches of a pool have the same number within four billion batches.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{BatchId, Pool};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// buffer.table("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// let batch: BatchId = pool.submit(&mut buffer)?.detach();
/// assert_eq!(pool.next(Duration::from_secs(10)).map(|done| done.batch), Some(batch));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(NonZeroU64);

impl BatchId {
    /// Returns the id with this number, unless it is 0. Other languages pass ids as numbers.
    pub fn from_number(number: u64) -> Option<BatchId> {
        NonZeroU64::new(number).map(BatchId)
    }

    /// Returns the number, which is never 0.
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// Returns the id of the batch that is the `generation`-th one in its slot, counted from 1.
    pub(super) fn new(slot: u32, generation: u32) -> BatchId {
        BatchId(NonZeroU64::MIN.saturating_add(u64::from(generation) << 32 | u64::from(slot)))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the slot")]
    pub(super) fn slot(self) -> u32 {
        (self.number() - 1) as u32
    }

    pub(super) fn generation(self) -> u32 {
        ((self.number() - 1) >> 32) as u32
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What became of a batch. Every batch that a pool has taken has exactly one completion, whatever happens.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Completion, Outcome, Pool};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// buffer.table("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// pool.submit(&mut buffer)?.detach();
/// let done: Completion = pool.next(Duration::from_secs(10)).expect("a completion");
/// assert_eq!((done.outcome, done.rows), (Outcome::Committed, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Completion {
    /// The batch, as `submit` returned it.
    pub batch: BatchId,
    /// The number that was given to `submit`, otherwise 0.
    pub user_data: u64,
    /// What is known about the rows.
    pub outcome: Outcome,
    /// The number of rows in the batch.
    pub rows: u64,
    /// The number of bytes in the batch.
    pub bytes: u64,
    /// How many attempts were made to send the batch.
    pub attempts: u32,
    /// How many of them ended without an answer after the whole request was sent, so that their rows may be stored.
    pub in_doubt_attempts: u32,
    /// Why the batch failed; `None` after a success.
    pub error: Option<Error>,
    /// The rows of a batch that failed, to send them again or to keep them elsewhere; `None` after a success.
    pub failed_rows: Option<Box<Buffer>>,
}
