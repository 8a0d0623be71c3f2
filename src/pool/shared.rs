//! What the threads of a pool share: the queue, who waits for what, and what the pool has seen of the server.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::kind::Kind;
use super::queue::{Bounds, Queue};
use super::report::Counts;
use super::timer::Timed;
use crate::config::Settings;
use crate::error::{Error, ErrorParts as _, Outcome, Result, err};
use crate::ilp::Buffer;
use crate::net::{Canceller, Doorbell, Net, now, process_id};
use crate::sender::Sender;

/// The wait after the first failure of a server; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Makes the network of each sender; tests script it.
pub(crate) type NetMaker = Box<dyn Fn() -> Box<dyn Net> + Send + Sync>;

/// A pool as its own threads and the threads of the host see it.
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// What the pool's own buffers are like.
    pub(super) kind: Kind,
    net: NetMaker,
    state: Mutex<State>,
    /// For workers: a batch may go out, or the pool ends.
    pub(super) work: Event,
    /// For submits: there may be room.
    pub(super) room: Event,
    /// For all that wait for completions, or for the end of workers.
    pub(super) done: Event,
    /// For the timer: the pool ends.
    pub(super) tick: Event,
    pub(super) process: u32,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Something that threads wait for which have locked the state. It knows whether any does, because telling nobody would be a
/// system call as well.
#[derive(Debug, Default)]
pub(super) struct Event {
    condition: Condvar,
    /// Changed only while the state is locked. Whoever begins to wait after a change of the state has seen the change.
    waiting: AtomicUsize,
}

impl Event {
    /// Waits until the event was told, or `limit` has passed, or for no reason.
    #[inline(never)]
    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let result = self.condition.wait_timeout(state, limit);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        result.unwrap_or_else(PoisonError::into_inner).0
    }

    fn has_waiters(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Wakes one thread, after the state was changed.
    #[inline(never)]
    pub(super) fn tell_one(&self) {
        if self.has_waiters() {
            self.condition.notify_one();
        }
    }

    /// Wakes all threads, after the state was changed.
    #[inline(never)]
    pub(super) fn tell_all(&self) {
        if self.has_waiters() {
            self.condition.notify_all();
        }
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue,
    /// The sender that has shown that the servers can be reached, until the first worker takes it to send with.
    pub(super) first_sender: Option<Sender>,
    /// One for each worker, by its number; `None` where no worker has this number.
    pub(super) workers: Vec<Option<Canceller>>,
    pub(super) alive: usize,
    /// The threads of workers, by their numbers. The last one of each number may have ended.
    pub(super) threads: Vec<JoinHandle<()>>,
    pub(super) pause: Pause,
    pub(super) phase: Phase,
    pub(super) counts: Counts,
    /// How many senders of the pool were made.
    pub(super) senders: u64,
    /// The senders that the timer looks after.
    pub(super) timed: Vec<Timed>,
    pub(super) timer: Option<JoinHandle<()>>,
    pub(super) timer_runs: bool,
    /// What shows programs that completions wait to be read, once somebody has asked for it.
    doorbell: Option<Doorbell>,
    /// Whether it is rung.
    rung: bool,
}

impl State {
    /// Brings the doorbell in line with the queue. Called after every change of what is unread.
    #[inline(never)]
    pub(super) fn show_unread(&mut self) {
        let unread = self.queue.unread() > 0;
        if let Some(bell) = &self.doorbell
            && unread != self.rung
        {
            if unread {
                bell.ring()
            } else {
                bell.quiet()
            }
            self.rung = unread;
        }
    }
}

/// How far the end of a pool has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Open,
    /// Takes no more batches, sends what it has.
    Draining,
    /// Sends nothing more; connections end until this time.
    Ending(Instant),
}

/// The wait of all workers after a server has failed.
#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Option<Instant>,
    failures: u32,
}

impl Pause {
    /// Notes how a batch ended. Only what a server or the way to it has done counts: a cancelled batch changes nothing.
    #[inline(never)]
    pub(super) fn note(&mut self, result: &Result<Outcome>, settings: &Settings) {
        match result {
            Err(e) if e.is_retryable() => {
                let wait = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
                self.failures = self.failures.saturating_add(1);
                let asked = e.retry_after().unwrap_or_default().min(settings.retry_timeout);
                self.until = Some(now() + wait.min(settings.retry_max_backoff).max(asked));
            }
            Err(e) if e.outcome() != Outcome::Rejected => {}
            _ => *self = Pause::default(),
        }
    }

    #[inline(never)]
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now());
        (!left.is_zero()).then_some(left)
    }
}

impl Shared {
    pub(super) fn new(mut settings: Settings, net: NetMaker) -> Result<Shared> {
        let sender = Sender::over(&settings, net())?;
        let kind = Kind::of(&sender.new_buffer()?);
        // Later senders connect with their first batch, and do not ask again for what is known.
        settings.lazy_connect = true;
        if !kind.version_is_assumed {
            settings.protocol_version = Some(kind.options.version);
            settings.max_name_len = Some(kind.options.max_name_len);
        }
        let bounds = Bounds { bytes: settings.queue_max_bytes, batches: MAX_BATCHES };
        Ok(Shared {
            state: Mutex::new(State {
                queue: Queue::new(bounds, kind),
                first_sender: Some(sender),
                workers: Vec::new(),
                alive: 0,
                threads: Vec::new(),
                pause: Pause::default(),
                phase: Phase::Open,
                counts: Counts::default(),
                senders: 0,
                timed: Vec::new(),
                timer: None,
                timer_runs: false,
                doorbell: None,
                rung: false,
            }),
            settings,
            kind,
            net,
            work: Event::default(),
            room: Event::default(),
            done: Event::default(),
            tick: Event::default(),
            process: process_id(),
        })
    }

    /// Locks the state. In a forked child another thread may have held the lock when the process was copied, and nobody would
    /// ever let go of it.
    #[inline(never)]
    pub(super) fn lock(&self) -> Result<MutexGuard<'_, State>> {
        if process_id() != self.process {
            return Err(of_another_process());
        }
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn new_buffer(&self) -> Result<Buffer> {
        drop(self.lock()?);
        self.kind.new_buffer()
    }

    /// Returns the descriptor or handle that shows whether completions wait to be read.
    pub(super) fn handle(&self) -> Result<isize> {
        let mut state = self.lock()?;
        if state.doorbell.is_none() {
            let bell = Doorbell::new().map_err(|e| {
                err!(Unavailable, "the system gave no handle to wait for: {e}").caused_by(e)
            })?;
            state.doorbell = Some(bell);
            state.show_unread();
        }
        Ok(state.doorbell.as_ref().map_or(0, Doorbell::handle))
    }

    /// Makes a sender, which connects with its first batch.
    pub(super) fn new_sender(&self) -> Result<Sender> {
        Sender::over(&self.settings, self.new_net())
    }

    pub(super) fn new_net(&self) -> Box<dyn Net> {
        (self.net)()
    }
}

#[cold]
fn of_another_process() -> Error {
    err!(InvalidState, "the pool belongs to another process: make a new one after fork")
}

/// How many batches may be under way, or complete and unread.
const MAX_BATCHES: usize = 65_536;
/// The longest wait of a call: the clock cannot express much more.
pub(super) const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
