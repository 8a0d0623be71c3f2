//! [`Sender`]: a buffer, the servers it is sent to, and the policy for sending it.

mod arrow;
mod atomicity;
mod attempts;
mod auto_flush;
mod batch;
mod carrier;
mod close;
mod columns;
mod create;
mod failover;
mod flush;
mod http;
mod json;
mod outcome;
mod outlet;
mod pooled;
mod retry;
mod row;
mod server_settings;
mod server_version;
mod shelf;
#[cfg(test)]
mod sim;
mod statistics;
mod tcp;
mod threads;
mod transaction;

use std::fmt;
use std::time::Instant;

pub use self::atomicity::Atomicity;
use self::auto_flush::{AutoFlush, Pause};
use self::batch::Batch;
pub use self::close::CloseReport;
pub(crate) use self::columns::Taken;
use self::flush::Flusher;
#[cfg(fuzzing)]
pub(crate) use self::http::HttpCarrier;
pub(crate) use self::outlet::{Done, Outlet};
use self::pooled::Pooled;
use self::server_version::ServerVersion;
pub(crate) use self::shelf::{Shelf, Shelved};
pub use self::statistics::{Stat, Stats, StatsReader};
pub use self::transaction::{FailedCommit, Transaction};
use crate::error::{Error, ErrorParts as _, Outcome, Result, err};
pub use crate::ilp::Row;
use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
pub use crate::net::Canceller;
use crate::net::Deadline;
use crate::table::{Cell, RowLayout};

/// Sends rows to QuestDB.
///
/// Rows of [`Sender::row`], [`Sender::append_row`] and [`Sender::append_prepared`] go into the sender's own buffer. It is
/// flushed automatically when one of the `auto_flush_*` limits is reached. They are checked when a row ends, and only a pool's sender
/// may have a timer. After a failed automatic flush the next one waits, see `auto_flush_max_backoff`; meanwhile rows are taken until
/// `max_buf_size`. Independent buffers are sent by [`Sender::flush`] and [`Sender::flush_and_keep`].
///
/// Success means [`Outcome::Committed`] over HTTP and [`Outcome::Submitted`] over TCP, where the protocol has no
/// acknowledgement. After any failure the buffer is exactly as it was. Dropping a sender sends nothing; see
/// [`Sender::close`].
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Outcome, Sender, TimestampNanos};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?; // stands in for a server
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// sender
///     .row("trades")?
///     .symbol("symbol", "ETH-USD")?
///     .column_f64("price", 2615.54)?
///     .at(TimestampNanos::now())?;
/// assert_eq!(sender.flush_own()?, Outcome::Committed);
///
/// // A buffer of its own can be filled in another thread.
/// let mut buffer = sender.new_buffer()?;
/// buffer.row("trades")?.symbol("symbol", "BTC-USD")?.column_f64("price", 39269.98)?.at_now()?;
/// sender.flush(&mut buffer)?;
/// assert_eq!(receiver.wait_for_rows("trades", 2, Duration::from_secs(10))?.row_count(), 2);
/// sender.close(Duration::from_secs(10)).result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a sender that is dropped sends nothing"]
pub struct Sender {
    flusher: Flusher,
    options: BufferOptions,
    server_version: ServerVersion,
    /// Boxed, so that [`Sender::swap_buffer`] exchanges a pointer.
    buffer: Box<Buffer>,
    auto_flush: AutoFlush,
    /// What is looked at after a row: the limits, or with a timer every row.
    looks: AutoFlush,
    pause: Pause,
    last_flush: Instant,
    transaction: Option<String>,
    /// What a sender of a pool has instead of a connection.
    pooled: Option<Pooled>,
    stats: StatsReader,
    process: u32,
    closed: bool,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("options", &self.options)
            .field("pending_rows", &self.buffer.row_count())
            .field("transaction", &self.transaction)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

impl Sender {
    /// Returns the protocol version that was configured or negotiated; with `lazy_connect` the newest one, until the server
    /// was asked.
    pub fn protocol_version(&self) -> ProtocolVersion {
        self.options.version
    }

    /// Returns the longest name that the server accepts, in bytes; with `lazy_connect` the default, until the server was
    /// asked.
    pub fn max_name_len(&self) -> usize {
        self.options.max_name_len
    }

    /// Creates an independent buffer with this sender's protocol version and limits. It can be filled in another thread and
    /// sent by any sender. If `lazy_connect` has postponed the question for the version, the buffer has the newest one, and
    /// its rows are converted to the server's version when it is flushed.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn new_buffer(&self) -> Result<Buffer> {
        self.server_version.new_buffer(self.options)
    }

    /// Returns the sender's own buffer. With `auto_flush_timer=on` complete rows are where the timer can take them, and come here
    /// when a flush fails.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Returns the sender's own buffer, for the C ABI.
    pub(crate) fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    /// Exchanges the own buffer for `other`, because the C ABI lends it out between calls.
    pub(crate) fn swap_buffer(&mut self, other: &mut Box<Buffer>) {
        std::mem::swap(&mut self.buffer, other);
    }

    /// Appends one row of a layout to the own buffer, and flushes if a limit is reached.
    ///
    /// ```
    /// use questdb_ingress::Sender;
    /// use questdb_ingress::table::{Cell, ColumnKind, RowLayout};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
    /// let mut trades = RowLayout::new("trades")?;
    /// trades.add("symbol", ColumnKind::Symbol)?.add("price", ColumnKind::F64)?;
    /// let cells = [Cell::from("ETH-USD"), Cell::F64(2615.54)];
    /// sender.append_row(&trades, &cells, Some(1_700_000_000_000_000_000))?;
    /// sender.flush_own()?;
    /// assert_eq!(receiver.table("trades").ok_or("no table")?.row_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Buffer::append_row`]: the buffer is as it was. Those of [`Sender::flush`]: the row is in the buffer, see
    /// [`Error::row_accepted`].
    #[inline]
    pub fn append_row(
        &mut self,
        layout: &RowLayout,
        cells: &[Cell<'_>],
        at: Option<i64>,
    ) -> Result<()> {
        self.buffer.append_row(layout, cells, at)?;
        self.after_row()
    }

    /// Removes complete rows from the own buffer, as [`Buffer::remove_rows`] does, so that the rest can be sent without a
    /// row that was refused.
    ///
    /// # Errors
    /// `InvalidArgument` if there are no such rows.
    pub fn remove_rows(&mut self, first: usize, count: usize) -> Result<()> {
        self.take_from_shelf()?;
        self.buffer.remove_rows(first, count)
    }

    /// Drops all rows of the own buffer.
    pub fn clear(&mut self) {
        // Rows that do not find memory there are dropped all the same.
        let _ = self.take_from_shelf();
        self.buffer.clear();
    }

    /// Sends the own buffer and clears it.
    ///
    /// ```
    /// use questdb_ingress::{ErrorCode, Outcome, Sender};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
    /// sender.row("trades")?.column_i64("price", 2615)?.at_now()?;
    /// sender.row("trades")?.column_str("price", "a lot")?.at_now()?;
    /// // The server has learned from the first row that prices are numbers.
    /// let e = sender.flush_own().unwrap_err();
    /// assert_eq!((e.code(), e.outcome()), (ErrorCode::Rejected, Outcome::Rejected));
    /// assert_eq!((e.http_status(), e.server_line()), (Some(400), Some(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Sender::flush`].
    pub fn flush_own(&mut self) -> Result<Outcome> {
        self.no_transaction_is_open()?;
        self.send_own(None)
    }

    fn no_transaction_is_open(&self) -> Result<()> {
        match &self.transaction {
            None => Ok(()),
            Some(table) => Err(err!(
                InvalidState,
                "a transaction on table {} is open: commit it or roll it back",
                crate::quoted::shown(table)
            )),
        }
    }

    fn send_own(&mut self, cap: Option<Deadline>) -> Result<Outcome> {
        if self.pooled.is_some() {
            return self.send_own_by_pool(cap);
        }
        let result = self.begin_call(cap).and_then(|()| {
            self.within_flush_limit(self.buffer.len(), cap, |sender, cap| {
                sender.convert_own(cap)?;
                Self::send(&mut sender.flusher, &sender.options, &sender.buffer, cap)
            })
        });
        self.note_for_auto_flush(&result);
        if result.is_ok() {
            self.buffer.clear();
        }
        self.last_flush = self.flusher.net().now();
        result
    }

    /// Sends a buffer and clears it. An empty buffer is success without a request.
    ///
    /// # Errors
    /// `Rejected`, `PayloadTooLarge`, `Auth`, `NotQuestdb`, `Unavailable`, `Timeout`, `Connection`, `CouldNotResolve`, `Tls`,
    /// `Cancelled`: see [`Error::outcome`]. `InvalidState` (open row, closed, open transaction for the own buffer, after
    /// `fork`), `LimitExceeded`, `OutOfMemory`, `ProtocolVersion`: nothing was sent. All rows stay in the buffer.
    pub fn flush(&mut self, buffer: &mut Buffer) -> Result<Outcome> {
        self.begin_call(None)?;
        if self.pooled.is_some() {
            return self.send_by_pool(buffer);
        }
        self.within_flush_limit(buffer.len(), None, |sender, cap| {
            sender.convert(buffer, cap)?;
            let outcome = Self::send(&mut sender.flusher, &sender.options, buffer, cap)?;
            buffer.clear();
            Ok(outcome)
        })
    }

    /// Sends a buffer and leaves it as it is, for example to send it to another server too.
    ///
    /// # Errors
    /// As [`Sender::flush`].
    pub fn flush_and_keep(&mut self, buffer: &Buffer) -> Result<Outcome> {
        self.begin_call(None)?;
        if self.pooled.is_some() {
            buffer.check_flushable()?;
            return self.send_by_pool(&mut buffer.try_clone()?);
        }
        self.within_flush_limit(buffer.len(), None, |sender, cap| {
            let buffer = sender.converted(buffer, cap)?;
            Self::send(&mut sender.flusher, &sender.options, &buffer, cap)
        })
    }

    /// As [`Sender::flush_and_keep`], with the choice what to do with rows that the server could store only in part.
    ///
    /// # Errors
    /// As [`Sender::flush`], and `InvalidState` for what [`Atomicity`] refuses.
    pub fn flush_and_keep_with(
        &mut self,
        buffer: &Buffer,
        atomicity: Atomicity,
    ) -> Result<Outcome> {
        if atomicity == Atomicity::AllOrNothing {
            self.check_transactional(buffer)?;
        }
        self.flush_and_keep(buffer)
    }

    /// As [`Sender::flush_and_keep_with`], for the own buffer.
    ///
    /// # Errors
    /// As [`Sender::flush_and_keep_with`], and `InvalidState` while a transaction is open.
    pub fn flush_own_and_keep(&mut self, atomicity: Atomicity) -> Result<Outcome> {
        self.no_transaction_is_open()?;
        self.take_from_shelf()?;
        if atomicity == Atomicity::AllOrNothing {
            self.check_transactional(&self.buffer)?;
        }
        self.begin_call(None)?;
        if self.pooled.is_some() {
            self.buffer.check_flushable()?;
            let mut copy = self.buffer.try_clone()?;
            return self.send_by_pool(&mut copy);
        }
        self.within_flush_limit(self.buffer.len(), None, |sender, cap| {
            sender.convert_own(cap)?;
            Self::send(&mut sender.flusher, &sender.options, &sender.buffer, cap)
        })
    }

    /// Sends a buffer and leaves its rows. Unlike [`Sender::flush_and_keep`] it changes the buffer into the server's version, and
    /// does not reset the canceller: the caller has done so, and may be told to cancel before this begins.
    pub(crate) fn deliver(&mut self, buffer: &mut Buffer) -> Result<Outcome> {
        self.check_usable()?;
        self.within_flush_limit(buffer.len(), None, |sender, cap| {
            sender.convert(buffer, cap)?;
            Self::send(&mut sender.flusher, &sender.options, buffer, cap)
        })
    }

    /// Returns one counter.
    pub(crate) fn stat(&self, stat: Stat) -> u64 {
        self.stats.get(stat)
    }

    fn check_transactional(&self, buffer: &Buffer) -> Result<()> {
        if self.flusher.success() != Outcome::Committed {
            return Err(err!(
                InvalidState,
                "transactions need http or https: ILP over TCP has none"
            ));
        }
        if !buffer.is_transactional() {
            return Err(err!(
                InvalidState,
                "a transaction holds rows of one table, the buffer has rows of several"
            ));
        }
        Ok(())
    }

    /// Checks what every call that goes to the server requires.
    #[inline(always)]
    fn begin_call(&self, cap: Option<Deadline>) -> Result<()> {
        let net = self.flusher.net();
        if cap.is_none() {
            // A new call resets the canceller. A close has called this before, without `cap`.
            net.canceller().clear();
        }
        self.check_usable()
    }

    #[inline(always)]
    fn check_usable(&self) -> Result<()> {
        let net = self.flusher.net();
        if self.closed {
            return Err(err!(InvalidState, "the sender is closed"));
        }
        if net.process_id() != self.process {
            return Err(err!(
                InvalidState,
                "the sender belongs to another process: make a new one after fork"
            ));
        }
        Ok(())
    }

    fn send(
        flusher: &mut Flusher,
        options: &BufferOptions,
        buffer: &Buffer,
        cap: Option<Deadline>,
    ) -> Result<Outcome> {
        buffer.check_flushable()?;
        if buffer.protocol_version() > options.version {
            return Err(err!(
                ProtocolVersion,
                "the buffer is of protocol version {}, the server speaks at most version {}",
                buffer.protocol_version() as u8,
                options.version as u8
            ));
        }
        // A buffer that exceeds its own limit has rows that were converted for the server and became longer by that.
        if buffer.len() > options.max_buf_size && buffer.len() <= buffer.max_buf_size() {
            return Err(err!(
                LimitExceeded,
                "the buffer holds {} bytes, max_buf_size of this sender is {}",
                buffer.len(),
                options.max_buf_size
            ));
        }
        if !buffer.is_empty() {
            flusher.send(Batch::of(buffer), cap).map_err(|e| name_table(e, buffer))?;
        }
        Ok(flusher.success())
    }

    /// Returns a handle that ends the running call from any thread: a flush, a commit or a close that waits for the server.
    pub fn canceller(&self) -> Canceller {
        self.flusher.net().canceller()
    }

    /// Returns the counters as they are now; see also [`Sender::stats_reader`].
    pub fn stats(&self) -> Stats {
        self.stats.read()
    }

    /// Returns a handle that reads the counters at any time and from any thread.
    pub fn stats_reader(&self) -> StatsReader {
        self.stats.clone()
    }
}

/// Adds the table to an error about a buffer that has only one.
#[cold]
fn name_table(mut error: Error, buffer: &Buffer) -> Error {
    if buffer.is_transactional() {
        error.facts_mut().table = buffer.first_table();
    }
    error
}

const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<Sender>();
    assert_send::<Buffer>();
};
