//! Counters of a sender, readable at any time and from any thread.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Outcome};

/// A counter of a sender. Counters only grow, except those that say otherwise. Numbers never change.
#[repr(u32)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stat {
    /// Flushes that succeeded.
    Flushes = 0,
    /// Flushes that returned an error.
    FailedFlushes = 1,
    /// Rows that the server confirmed (HTTP).
    RowsCommitted = 2,
    /// Bytes that the server confirmed (HTTP).
    BytesCommitted = 3,
    /// Rows given to the kernel (TCP, which has no confirmation).
    RowsSubmitted = 4,
    /// Bytes given to the kernel (TCP).
    BytesSubmitted = 5,
    /// Retries because no connection could be made.
    RetriesConnect = 6,
    /// Retries because a connection broke.
    RetriesConnection = 7,
    /// Retries because time ran out.
    RetriesTimeout = 8,
    /// Retries because the server was too busy (408, 425, 429, 503).
    RetriesBusy = 9,
    /// Retries because of another server error.
    RetriesServer = 10,
    /// Attempts that sent a complete request without learning its fate.
    InDoubtAttempts = 11,
    /// Connections made after the first.
    Reconnects = 12,
    /// Automatic flushes that failed.
    FailedAutoFlushes = 13,
    /// How long the next automatic flush waits since the last one failed, in milliseconds, as it was drawn; 0 after a
    /// success. Falls as well as it grows.
    AutoFlushWaitMillis = 14,
}

impl Stat {
    /// Every counter, in ascending order of number.
    pub const ALL: [Stat; 15] = [
        Stat::Flushes,
        Stat::FailedFlushes,
        Stat::RowsCommitted,
        Stat::BytesCommitted,
        Stat::RowsSubmitted,
        Stat::BytesSubmitted,
        Stat::RetriesConnect,
        Stat::RetriesConnection,
        Stat::RetriesTimeout,
        Stat::RetriesBusy,
        Stat::RetriesServer,
        Stat::InDoubtAttempts,
        Stat::Reconnects,
        Stat::FailedAutoFlushes,
        Stat::AutoFlushWaitMillis,
    ];

    /// Returns the name for metrics, such as `rows_committed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stat::Flushes => "flushes",
            Stat::FailedFlushes => "failed_flushes",
            Stat::RowsCommitted => "rows_committed",
            Stat::BytesCommitted => "bytes_committed",
            Stat::RowsSubmitted => "rows_submitted",
            Stat::BytesSubmitted => "bytes_submitted",
            Stat::RetriesConnect => "retries_connect",
            Stat::RetriesConnection => "retries_connection",
            Stat::RetriesTimeout => "retries_timeout",
            Stat::RetriesBusy => "retries_busy",
            Stat::RetriesServer => "retries_server",
            Stat::InDoubtAttempts => "in_doubt_attempts",
            Stat::Reconnects => "reconnects",
            Stat::FailedAutoFlushes => "failed_auto_flushes",
            Stat::AutoFlushWaitMillis => "auto_flush_wait_millis",
        }
    }

    /// Returns the counter with this number, which other languages use.
    pub(crate) fn from_number(number: u32) -> Option<Stat> {
        Stat::ALL.into_iter().find(|stat| *stat as u32 == number)
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The counters of a sender at one moment, and its last error.
///
/// ```
/// use questdb_ingress::{Sender, Stat, Stats, StatsReader};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// let reader: StatsReader = sender.stats_reader(); // for the thread that reports metrics
/// sender.row("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// sender.flush_own()?;
/// assert_eq!(reader.get(Stat::RowsCommitted), 1);
/// let stats: Stats = reader.read();
/// for stat in Stat::ALL {
///     println!("{stat} {}", stats.get(stat));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Stats {
    values: [u64; Stat::ALL.len()],
    last_error: Option<Error>,
}

impl Stats {
    /// Returns the value of one counter.
    pub fn get(&self, stat: Stat) -> u64 {
        self.values[stat as usize]
    }

    /// Returns the last error of a flush, even if a later flush succeeded.
    pub fn last_error(&self) -> Option<&Error> {
        self.last_error.as_ref()
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entries(Stat::ALL.iter().map(|stat| (stat, self.get(*stat))));
        map.entry(&"LastError", &self.last_error);
        map.finish()
    }
}

/// The live counters that [`Stats`] is read from.
#[derive(Debug, Default)]
pub(super) struct SenderCounters {
    values: [AtomicU64; Stat::ALL.len()],
    last_error: Mutex<Option<Error>>,
}

impl SenderCounters {
    pub(super) fn add(&self, stat: Stat, n: u64) {
        self.values[stat as usize].fetch_add(n, Ordering::Relaxed);
    }

    pub(super) fn set(&self, stat: Stat, n: u64) {
        self.values[stat as usize].store(n, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, error: &Error) {
        self.add(Stat::FailedFlushes, 1);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }

    pub(super) fn retrying(&self, error: &Error) {
        let cause = match (error.http_status(), error.code()) {
            (Some(408 | 425 | 429 | 503), _) => Stat::RetriesBusy,
            (Some(_), _) => Stat::RetriesServer,
            (None, ErrorCode::Timeout) => Stat::RetriesTimeout,
            (None, _) if error.outcome() == Outcome::NotSent && error.bytes_sent() == 0 => {
                Stat::RetriesConnect
            }
            (None, _) => Stat::RetriesConnection,
        };
        self.add(cause, 1);
    }

    fn last_error(&self) -> Option<Error> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads the counters of one sender, also while another thread is using it.
#[derive(Debug, Clone, Default)]
pub struct StatsReader(pub(super) Arc<SenderCounters>);

impl StatsReader {
    /// Returns all counters as they are now, and the last error.
    pub fn read(&self) -> Stats {
        Stats {
            values: std::array::from_fn(|i| self.0.values[i].load(Ordering::Relaxed)),
            last_error: self.0.last_error(),
        }
    }

    /// Returns one counter as it is now.
    pub fn get(&self, stat: Stat) -> u64 {
        self.0.values[stat as usize].load(Ordering::Relaxed)
    }
}
