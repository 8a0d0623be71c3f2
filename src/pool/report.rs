//! What a pool has done so far, and what is left at its end.

use super::completion::Completion;
use crate::error::{Error, Outcome, Result};

/// The counters of a pool at one moment.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Pool, PoolStats};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// buffer.table("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// let done = pool.submit(&mut buffer)?.wait(Duration::from_secs(10)).expect("in time");
/// let stats: PoolStats = pool.stats()?;
/// assert_eq!((done.rows, stats.rows_sent, stats.queued_batches), (1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Batches that wait to be sent.
    pub queued_batches: u64,
    /// Batches that are being sent.
    pub batches_in_flight: u64,
    /// Completions that [`Pool::next`](super::Pool::next) will return.
    pub unread_completions: u64,
    /// Bytes that count against `queue_max_bytes`: those of batches that are not complete, and of rows that failed and lie in
    /// completions that have not been read.
    pub queue_bytes: u64,
    /// Threads of the pool, each of which has a connection of its own.
    pub workers: u64,
    /// Rows of batches that succeeded.
    pub rows_sent: u64,
    /// Rows of batches that certainly were not stored, because they were refused or not sent.
    pub rows_not_stored: u64,
    /// Rows of batches that may be stored, as a whole or in part.
    pub rows_in_doubt: u64,
}

/// What [`Pool::close`](super::Pool::close) has achieved. The numbers are about what was left when it was called.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Pool, PoolReport};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// buffer.table("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// pool.submit(&mut buffer)?.detach();
/// let report: PoolReport = pool.close(Duration::from_secs(10));
/// assert_eq!((report.unsent_rows, report.rows_in_doubt), (0, 0));
/// report.result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "rows that were not sent are told here"]
pub struct PoolReport {
    /// Rows of batches that were refused or not sent.
    pub unsent_rows: u64,
    /// Rows of batches that may be stored, as a whole or in part.
    pub rows_in_doubt: u64,
    /// Rows given to the kernel over TCP connections, at any time, that may be lost.
    pub earlier_rows_in_doubt: u64,
    /// The first error of a batch or of the end of a connection; after `fork`, that the pool is another process's.
    pub result: Result<()>,
}

/// What a pool counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) rows_sent: u64,
    pub(super) rows_not_stored: u64,
    pub(super) rows_in_doubt: u64,
    /// Rows of connections that did not end as they should.
    pub(super) earlier_rows_in_doubt: u64,
    pub(super) closing: bool,
    /// The first error since the pool began to close.
    pub(super) first_error: Option<Error>,
}

impl Counts {
    pub(super) fn add(&mut self, completion: &Completion) {
        let rows = match completion.outcome {
            Outcome::Committed | Outcome::Submitted => &mut self.rows_sent,
            Outcome::NotSent | Outcome::Rejected => &mut self.rows_not_stored,
            // In doubt, or in part.
            _ => &mut self.rows_in_doubt,
        };
        *rows += completion.rows;
        if self.closing && self.first_error.is_none() {
            self.first_error.clone_from(&completion.error);
        }
    }
}
