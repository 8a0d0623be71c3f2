//! [`Pool`]: sends batches of rows from any thread, over several connections, and reports what became of each.

mod complete;
mod completion;
mod ending;
mod kind;
mod list;
mod queue;
mod report;
mod sender;
mod shared;
mod submit;
#[cfg(test)]
mod tests;
mod ticket;
mod timer;
mod worker;

use std::sync::Arc;
use std::time::Duration;

pub use self::completion::{BatchId, Completion};
pub use self::report::{PoolReport, PoolStats};
pub(crate) use self::shared::NetMaker;
use self::shared::Shared;
pub use self::ticket::Ticket;
use crate::config::Config;
use crate::error::Result;
use crate::ilp::Buffer;
use crate::net::SystemNet;
use crate::sender::Sender;

/// Takes batches of rows from any thread and sends them over several connections.
///
/// Nothing is borrowed: any thread fills a [`Buffer`] and hands its rows over by [`Pool::submit`], which does not wait for the
/// network. What became of the batch comes later, exactly once, as a [`Completion`]: from the [`Ticket`] of the batch, which can
/// be waited for or awaited, or from [`Pool::next`] for batches whose ticket was detached.
///
/// Batches with the same order key go out one after the other, in the order of their submission; all others in parallel, on up
/// to `sender_pool_max` connections. A batch that fails does not hold the others, not even those with its key.
///
/// All methods can be called from any thread. After a `fork`, the pool belongs to the parent process: in the child every call that
/// returns an error returns `InvalidState`, and dropping it does nothing.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Outcome, Pool};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?; // stands in for a server
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// std::thread::scope(|scope| {
///     for thread in 0..4 {
///         let pool = &pool;
///         scope.spawn(move || -> questdb_ingress::Result<()> {
///             let mut buffer = pool.new_buffer()?;
///             buffer.table("sensors")?.column_i64("thread", thread)?.at_now()?;
///             let done = pool.submit(&mut buffer)?.wait(Duration::from_secs(10));
///             assert_eq!(done.expect("in time").outcome, Outcome::Committed);
///             Ok(())
///         });
///     }
/// });
/// let report = pool.close(Duration::from_secs(10));
/// assert_eq!(report.unsent_rows, 0);
/// assert_eq!(receiver.table("sensors").unwrap().row_count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "batches of a pool that is dropped are not sent"]
pub struct Pool {
    shared: Arc<Shared>,
}

/// How a batch is submitted; [`Submit::default`] has no key, no data, and waits as `acquire_timeout_ms` says.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Pool, Submit};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// for line in 1..=3 {
///     buffer.table("log")?.column_i64("line", line)?.at_now()?;
///     // The lines of one file stay in their order.
///     let how = Submit::default().order_key(7).user_data(line as u64).timeout(Duration::from_secs(1));
///     pool.submit_with(&mut buffer, how)?.detach();
/// }
/// let lines: Vec<u64> = (0..3).filter_map(|_| pool.next(Duration::from_secs(10))).map(|done| done.user_data).collect();
/// assert_eq!(lines, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submit {
    /// Batches with the same key go out one after the other.
    pub order_key: Option<u64>,
    /// A number of the caller's, which the completion returns.
    pub user_data: u64,
    /// How long to wait while the queue is full; `None` means `acquire_timeout_ms`.
    pub timeout: Option<Duration>,
}

impl Submit {
    /// Returns the same with an order key.
    pub fn order_key(self, key: u64) -> Submit {
        Submit { order_key: Some(key), ..self }
    }

    /// Returns the same with a number of the caller's.
    pub fn user_data(self, user_data: u64) -> Submit {
        Submit { user_data, ..self }
    }

    /// Returns the same with a time to wait while the queue is full; zero does not wait.
    pub fn timeout(self, timeout: Duration) -> Submit {
        Submit { timeout: Some(timeout), ..self }
    }
}

impl Pool {
    /// Creates a pool from a connection string such as `http::addr=localhost:9000;sender_pool_max=8;`.
    ///
    /// # Errors
    /// As [`Config::from_conf`] and [`Pool::new`].
    pub fn from_conf(conf: &str) -> Result<Pool> {
        Pool::new(&Config::from_conf(conf)?)
    }

    /// Creates a pool. As [`Sender::new`](crate::Sender::new) it makes one connection, or asks the server for its protocol
    /// version, unless `lazy_connect=on`. Threads start with the first submit.
    ///
    /// # Errors
    /// As [`Sender::new`](crate::Sender::new).
    pub fn new(config: &Config) -> Result<Pool> {
        Pool::over(config, Box::new(|| Box::new(SystemNet::new())))
    }

    pub(crate) fn over(config: &Config, net: NetMaker) -> Result<Pool> {
        Ok(Pool { shared: Arc::new(Shared::new(config.validate()?, net)?) })
    }

    /// Creates an empty buffer with the protocol version and the limits of the pool.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn new_buffer(&self) -> Result<Buffer> {
        self.shared.new_buffer()
    }

    /// Creates a sender whose rows go out through the pool. It has a buffer of its own and all calls of a [`Sender`], but no
    /// connection: an automatic flush submits the rows and does not wait for the server. Its batches go out one after the
    /// other, and beside those of other senders. Make one for each thread.
    ///
    /// [`Sender::flush_own`] and [`Sender::close`] wait for all batches of the sender, and tell what became of the rows: after
    /// either of them each row is stored or is in the sender's buffer. The next automatic flush, too, tells of an earlier one
    /// that failed, whose rows are in the buffer again, before those that came later. [`Sender::flush`] and its like wait for
    /// their own batch only.
    ///
    /// Close the senders before the pool. What became of the batches of a sender that is dropped comes from [`Pool::next`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use questdb_ingress::{Outcome, Pool, Sender};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let conf = format!("{}auto_flush_rows=100;", receiver.conf(Listener::Http));
    /// let pool = Pool::from_conf(&conf)?;
    /// std::thread::scope(|scope| {
    ///     for thread in 0..4 {
    ///         let pool = &pool;
    ///         scope.spawn(move || -> questdb_ingress::Result<()> {
    ///             let mut sender: Sender = pool.new_sender()?;
    ///             for n in 0..1000 {
    ///                 // Every hundredth row is followed by a batch, which goes out while the next rows are made.
    ///                 sender.row("sensors")?.column_i64("thread", thread)?.column_i64("n", n)?.at_now()?;
    ///             }
    ///             assert_eq!(sender.flush_own()?, Outcome::Committed);
    ///             Ok(())
    ///         });
    ///     }
    /// });
    /// pool.close(Duration::from_secs(10)).result?;
    /// assert_eq!(receiver.table("sensors").unwrap().row_count(), 4000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `OutOfMemory`, `InvalidState` after `fork`.
    pub fn new_sender(&self) -> Result<Sender> {
        self.shared.sender()
    }

    /// Takes the rows of a buffer, and leaves it empty with memory for the next ones. Waits only while the queue is full, for
    /// `acquire_timeout_ms` at most. The queue is full at `queue_max_bytes`, and at 65,536 batches that are under way or whose
    /// completions nobody has read.
    ///
    /// # Errors
    /// As [`Pool::submit_with`].
    pub fn submit(&self, buffer: &mut Buffer) -> Result<Ticket> {
        self.submit_with(buffer, Submit::default())
    }

    /// As [`Pool::submit`], with a key for the order, a number for the completion, or another time to wait.
    ///
    /// # Errors
    /// `InvalidState` (open row, closed pool, after `fork`), `LimitExceeded` (more bytes than `queue_max_bytes`), `Timeout` (no
    /// room in time), `Unavailable` (no thread could be started). The buffer is as it was.
    pub fn submit_with(&self, buffer: &mut Buffer, how: Submit) -> Result<Ticket> {
        let id = self.shared.submit(buffer, how, true)?;
        Ok(Ticket::new(Arc::clone(&self.shared), id))
    }

    /// Returns the oldest completion that no ticket belongs to, and waits for it for `timeout` at most; zero does not wait.
    /// `None` if there is none by then, and in a forked child.
    pub fn next(&self, timeout: Duration) -> Option<Completion> {
        self.shared.next(timeout).unwrap_or(None)
    }

    /// Returns what is ready to read while [`Pool::next`] has a completion, for `poll`, `epoll` and event loops: a descriptor, on
    /// Windows the handle of an event. It belongs to the pool and lives as long as it does; it is only to be waited for, not to
    /// be read.
    ///
    /// # Errors
    /// `Unavailable` if the system has none to give, `InvalidState` after `fork`.
    pub fn handle(&self) -> Result<isize> {
        self.shared.handle()
    }

    /// Waits until every batch is complete.
    ///
    /// # Errors
    /// `Timeout` if some are not by then; they go on. `InvalidState` after `fork`.
    pub fn drain(&self, timeout: Duration) -> Result<()> {
        self.shared.drain(timeout)
    }

    /// Takes no more batches, sends those it has within `timeout`, and ends the connections. Batches that are not sent by then
    /// complete as not sent, and those that are being sent are cancelled. Completions can be read afterwards.
    pub fn close(&self, timeout: Duration) -> PoolReport {
        self.shared.close(timeout)
    }

    /// Returns the counters as they are now.
    ///
    /// # Errors
    /// `InvalidState` after `fork`.
    pub fn stats(&self) -> Result<PoolStats> {
        self.shared.stats()
    }
}

/// What `internal` offers to other languages.
impl Pool {
    pub(crate) fn submit_numbered(&self, buffer: &mut Buffer, how: Submit) -> Result<BatchId> {
        self.shared.submit(buffer, how, false)
    }

    pub(crate) fn next_completion(&self, timeout: Duration) -> Result<Option<Completion>> {
        self.shared.next(timeout)
    }

    pub(crate) fn wait_for(&self, batch: BatchId, timeout: Duration) -> Result<Option<Completion>> {
        self.shared.wait(batch, timeout)
    }

    pub(crate) fn cancel_numbered(&self, batch: BatchId, in_flight_too: bool) -> Result<bool> {
        self.shared.cancel(batch, in_flight_too)
    }

    pub(crate) fn acquire_timeout(&self) -> Duration {
        self.shared.settings.acquire_timeout
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

const _: () = {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Pool>();
    assert_shared::<Ticket>();
};
