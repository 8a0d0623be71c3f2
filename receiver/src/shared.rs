//! What all threads of a receiver share: settings, tables, counters, and the list of open connections.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::config::options::Options;
use crate::limits::Budget;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::refusals::Refusals;
use crate::store::Store;
use crate::{Listener, ReceiverStats};

/// The time that connections have to store what has arrived when the receiver stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct ReceiverCounters {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) rejected: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// The state that all threads of a receiver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) counters: ReceiverCounters,
    pub(crate) metrics: Metrics,
    pub(crate) refusals: Refusals,
    pub(crate) rates: Rates,
    error_ids: ErrorIds,
    pub(crate) stopping: AtomicBool,
    pub(crate) open: Mutex<OpenConnections>,
    /// Is notified when a connection has ended.
    pub(crate) ended: Condvar,
}

#[derive(Debug)]
struct ErrorIds {
    receiver: u64,
    last: AtomicU64,
}

impl Default for ErrorIds {
    fn default() -> Self {
        // Fuzz targets compare two answers to one request.
        let random = if cfg!(fuzzing) { 0 } else { RandomState::new().build_hasher().finish() };
        ErrorIds { receiver: random >> 16, last: AtomicU64::new(0) }
    }
}

/// The connections that are being served.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections {
    pub(crate) next_id: u64,
    /// A second handle of each socket, with which its thread can be woken from what it waits for.
    pub(crate) sockets: HashMap<u64, (Listener, TcpStream)>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Shared {
        let store = Store::new(options.policy.clone(), Budget::new(options.max_stored));
        #[cfg(feature = "files")]
        let (store, options) = {
            let (mut store, mut options) = (store, options);
            options.landing.take().into_iter().for_each(|landing| store.land_in(landing));
            (store, options)
        };
        Shared {
            store,
            options,
            counters: ReceiverCounters::default(),
            metrics: Metrics::default(),
            refusals: Refusals::default(),
            rates: Rates::default(),
            error_ids: ErrorIds::default(),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(crate) fn stats(&self) -> ReceiverStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ReceiverStats {
            connections: get(&self.counters.connections),
            requests: get(&self.counters.requests),
            // Read from the store, so that it is never lower than a number that a waiting thread was told.
            rows: self.store.total_rows(),
            bytes: get(&self.counters.bytes),
            rejected: get(&self.counters.rejected),
        }
    }

    /// Returns a new id for an error answer: twelve hexadecimal digits of this receiver, and a number.
    pub(crate) fn next_error_id(&self) -> String {
        let number = self.error_ids.last.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:012x}-{number}", self.error_ids.receiver)
    }

    /// Ends all connections. They store what has arrived and end. Those that take too long, because their peers go on sending
    /// or take no answer, are broken off. Returns their threads.
    pub(crate) fn end_connections(&self) -> Vec<JoinHandle<()>> {
        let mut open = self.open();
        // A connection that is working on a request may still answer it.
        open.wake_idle();
        let busy = |open: &mut OpenConnections| !open.sockets.is_empty();
        let waited = self.ended.wait_timeout_while(open, DRAIN_TIMEOUT, busy);
        open = waited.unwrap_or_else(PoisonError::into_inner).0;
        open.break_off();
        std::mem::take(&mut open.threads)
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    /// Returns how many connections a port has.
    pub(crate) fn count(&self, listener: Listener) -> usize {
        self.sockets.values().filter(|(kind, _)| *kind == listener).count()
    }

    /// Wakes the connections that wait for bytes. The others notice by themselves that the receiver stops.
    fn wake_idle(&self) {
        for (_, socket) in self.sockets.values() {
            // Where bytes are arriving, the reading side must stay open: a system may let no more of them in otherwise.
            let timeout = socket.set_read_timeout(Some(Duration::from_millis(1)));
            let arriving = timeout.is_ok() && socket.peek(&mut [0]).is_ok_and(|len| len > 0);
            if !arriving {
                // A connection that has ended already needs no shutdown, so the error is ignored.
                let _ = socket.shutdown(Shutdown::Read);
            }
        }
    }

    fn break_off(&self) {
        for (_, socket) in self.sockets.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
