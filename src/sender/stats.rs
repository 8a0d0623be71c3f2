//! Counters of a sender, readable at any time and from any thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Outcome};

/// What a sender has done so far. Counters only grow.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Flushes that succeeded.
    pub flushes: u64,
    /// Flushes that returned an error.
    pub failed_flushes: u64,
    /// Rows that the server confirmed (HTTP).
    pub rows_committed: u64,
    /// Bytes that the server confirmed (HTTP).
    pub bytes_committed: u64,
    /// Rows given to the kernel (TCP, which has no confirmation).
    pub rows_submitted: u64,
    /// Bytes given to the kernel (TCP).
    pub bytes_submitted: u64,
    /// Retries because no connection could be made.
    pub retries_connect: u64,
    /// Retries because a connection broke.
    pub retries_connection: u64,
    /// Retries because time ran out.
    pub retries_timeout: u64,
    /// Retries because the server was too busy (408, 425, 429, 503).
    pub retries_busy: u64,
    /// Retries because of another server error.
    pub retries_server: u64,
    /// Attempts that sent a complete request without learning its fate.
    pub in_doubt_attempts: u64,
    /// Connections made after the first.
    pub reconnects: u64,
    /// The last error of a flush.
    pub last_error: Option<Error>,
}

macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        /// The live counters behind [`Stats`].
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: AtomicU64,)*
            last_error: Mutex<Option<Error>>,
        }

        impl Counters {
            fn snapshot(&self) -> Stats {
                let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Stats { $($name: self.$name.load(Ordering::Relaxed),)* last_error }
            }
        }
    };
}

counters!(
    flushes,
    failed_flushes,
    rows_committed,
    bytes_committed,
    rows_submitted,
    bytes_submitted,
    retries_connect,
    retries_connection,
    retries_timeout,
    retries_busy,
    retries_server,
    in_doubt_attempts,
    reconnects,
);

pub(super) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn failed(&self, error: &Error) {
        add(&self.failed_flushes, 1);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }

    pub(super) fn retrying(&self, error: &Error) {
        let counter = match (error.http_status(), error.code()) {
            (408 | 425 | 429 | 503, _) => &self.retries_busy,
            (1.., _) => &self.retries_server,
            (0, ErrorCode::Timeout) => &self.retries_timeout,
            (0, _) if error.outcome() == Outcome::NotSent && error.bytes_sent() == 0 => &self.retries_connect,
            (0, _) => &self.retries_connection,
        };
        add(counter, 1);
    }
}

/// Reads the counters of one sender, also while another thread is using it.
#[derive(Debug, Clone, Default)]
pub struct StatsReader(pub(super) Arc<Counters>);

impl StatsReader {
    /// The counters as they are now.
    pub fn read(&self) -> Stats {
        self.0.snapshot()
    }
}
