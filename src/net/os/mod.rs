//! The outside world as the network code sees it: clock, resolver and sockets, which tests can replace. Each operating
//! system has one file for what differs.
//!
//! Every socket is non-blocking. Waiting is always `Socket::wait` with a time limit, so that no call can outlive its
//! deadline; and no wait is longer than [`SLICE`], so that every call can be cancelled.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

mod system;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as platform;
#[cfg(windows)]
use self::windows as platform;

pub(crate) use self::platform::Doorbell;
pub use self::platform::{Uncancellable, process_id};
pub(crate) use self::system::{SystemNet, now, on_own_thread, start_thread};
use super::cancel::Canceller;
use crate::config::Interface;
use crate::error::Result;

/// The longest wait after which a call checks whether it was cancelled.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// A point in time after which a call must not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Returns the deadline `limit` from now. A limit beyond what the clock can express means thirty years.
    #[inline(always)]
    pub(crate) fn after(net: &dyn Net, limit: Duration) -> Deadline {
        Deadline::from(net.now(), limit)
    }

    /// As [`Deadline::after`], from a time that was read before.
    #[inline(always)]
    pub(crate) fn from(start: Instant, limit: Duration) -> Deadline {
        const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        Deadline(start + limit.min(FAR))
    }

    pub(crate) fn earlier_of(self, other: Deadline) -> Deadline {
        self.min(other)
    }

    /// Returns the time left, `None` once the deadline has passed.
    #[inline(always)]
    pub(crate) fn left(self, net: &dyn Net) -> Option<Duration> {
        let left = self.0.saturating_duration_since(net.now());
        (!left.is_zero()).then_some(left)
    }
}

/// What to wait for on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
    Both,
}

/// What a socket is ready for; an error or a hang-up counts as ready for both, so that the next call reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ready {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// When a peer that has vanished is noticed.
#[derive(Debug, Clone)]
pub(crate) struct Liveness {
    /// How long sent bytes may stay unacknowledged.
    pub(crate) unacknowledged: Option<Duration>,
    /// How long the connection may be idle before the peer is probed; `None` never probes.
    pub(crate) idle: Option<Duration>,
    /// The time between two probes.
    pub(crate) interval: Duration,
    /// How many probes may stay unanswered.
    pub(crate) count: u32,
}

/// Bytes given to the kernel, divided by what it knows about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    /// The kernel of the peer has these.
    pub(crate) acknowledged: u64,
    /// The kernel of the peer is not known to have these.
    pub(crate) outstanding: u64,
}

/// A connected stream socket that never blocks and never raises SIGPIPE.
pub(crate) trait Socket: Send {
    /// Sends from the front of `slices`; `WouldBlock` when nothing fits.
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends as [`send`](Socket::send) does, and waits for room in the same system call until all is sent, up to [`SLICE`]; then
    /// it returns how much was. `None` if the system cannot do both at once, or it is not worth preparing the socket for it.
    fn send_in_slice(&mut self, _: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        None
    }

    /// Receives; `Ok(0)` is the end of the stream, `WouldBlock` means nothing is there yet.
    fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Receives, and waits for that in the same system call, up to [`SLICE`]; `WouldBlock` when nothing has come by then, or
    /// a signal has interrupted the wait. `None` if the system cannot do both at once, or it is not worth preparing the
    /// socket for it.
    fn recv_in_slice(&mut self, _: &mut [u8]) -> Option<io::Result<usize>> {
        None
    }

    /// Waits until the socket is ready or `limit` has passed (then nothing is ready). Interrupted waits go on.
    fn wait(&mut self, interest: Interest, limit: Duration) -> io::Result<Ready>;

    /// Ends our half of the stream.
    fn shutdown_write(&mut self);

    /// Makes the kernel watch the peer, as far as the system can.
    fn watch_peer(&mut self, _: &Liveness) {}

    /// Returns what has become of the sent bytes, if the system tells.
    fn in_flight(&self) -> Option<InFlight> {
        None
    }
}

/// Clock, resolver and connector.
pub(crate) trait Net: Send {
    /// Returns the monotonic time.
    fn now(&self) -> Instant;

    /// Returns the monotonic time, which may be some milliseconds old, for cheap checks in every row.
    fn now_coarse(&self) -> Instant {
        self.now()
    }

    /// Returns the current tick of a clock that costs no system call. What was learned in the same tick, some milliseconds
    /// ago, need not be asked for again where it may have changed a moment after the answer as well. `None` asks always.
    fn tick(&self) -> Option<Instant> {
        None
    }

    /// Blocks this thread.
    fn sleep(&self, time: Duration);

    /// Returns a random number in `0..=max`.
    fn random_up_to(&self, max: u64) -> u64;

    /// Returns all addresses of a host.
    fn resolve(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>>;

    /// Connects to one address.
    fn connect(
        &self,
        to: SocketAddr,
        from: Option<&Interface>,
        limit: Duration,
    ) -> io::Result<Box<dyn Socket>>;

    /// Returns the handle that ends the running call.
    fn canceller(&self) -> Canceller {
        Canceller::default()
    }

    /// Returns whether the running call is to end.
    fn cancelled(&self) -> bool {
        false
    }

    /// Returns a number that differs between processes: a sender is refused in a forked child.
    fn process_id(&self) -> u32 {
        std::process::id()
    }
}

/// Blocks this thread for `time`, or until the call is cancelled.
pub(crate) fn pause(net: &dyn Net, time: Duration) {
    let end = Deadline::after(net, time);
    while let Some(left) = end.left(net)
        && !net.cancelled()
    {
        net.sleep(left.min(SLICE));
    }
}
