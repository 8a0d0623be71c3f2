//! The thread that flushes, compacts and syncs without being asked.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::compact::Extent;
use super::error::{FileError, Result};
use super::{Durability, Inner, lock};

/// What the thread is told and what it tells.
#[derive(Debug, Default)]
pub(crate) struct Work {
    stop: bool,
    /// Whether a flush is due.
    flush: bool,
    /// Whether the time of the next flush has changed since the thread looked.
    changed: bool,
    /// Why the last flush failed. Commits that find no room are told.
    failed: Option<FileError>,
    /// How many flushes have ended.
    rounds: u64,
}

/// Commits wait when this many times the rows or bytes of a flush wait for one.
const BACKLOG: u64 = 3;

/// How long the thread waits after a failure before it tries again.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts the thread, if the options want one.
pub(crate) fn start(inner: &Arc<Inner>) -> Result<Option<JoinHandle<()>>> {
    if !inner.options.background {
        return Ok(None);
    }
    let own = Arc::clone(inner);
    let thread = thread::Builder::new().name("questdb-files".to_owned()).spawn(move || own.work());
    thread.map(Some).map_err(|e| FileError::io("start a thread for", &inner.folder, e))
}

impl Inner {
    fn work(&self) {
        let mut synced = Instant::now();
        while let Some(due) = self.wait_for_work(synced) {
            if due {
                self.flush_and_compact();
            }
            if let Durability::Interval(every) = self.options.durability
                && synced.elapsed() >= every
            {
                synced = Instant::now();
                // A failure shows again at the next flush, which syncs first.
                let _ = self.commits.sync(&self.disk);
            }
        }
    }

    /// Waits for something to do. Returns whether it is a flush, or `None` if the thread should end.
    fn wait_for_work(&self, synced: Instant) -> Option<bool> {
        lock(&self.work).changed = false;
        let since = lock(&self.catalog).unflushed.since;
        let age = since.map(|since| self.options.flush_age.saturating_sub(since.elapsed()));
        let sync = match self.options.durability {
            Durability::Interval(every) => Some(every.saturating_sub(synced.elapsed())),
            _ => None,
        };
        // Without rows and without syncs there is nothing to wait for but the next commit, which tells.
        let hour = Duration::from_secs(3600);
        let wait = age.into_iter().chain(sync).fold(hour, Duration::min);
        let idle = |work: &mut Work| !work.stop && !work.flush && !work.changed;
        let waited = self.work_changed.wait_timeout_while(lock(&self.work), wait, idle);
        let mut work = waited.unwrap_or_else(PoisonError::into_inner).0;
        let (stop, flush) = (work.stop, std::mem::take(&mut work.flush));
        drop(work);
        (!stop).then(|| flush || self.is_old())
    }

    fn is_old(&self) -> bool {
        let since = lock(&self.catalog).unflushed.since;
        since.is_some_and(|since| since.elapsed() >= self.options.flush_age)
    }

    fn flush_and_compact(&self) {
        let result = self.flush();
        let failed = result.is_err();
        {
            let mut work = lock(&self.work);
            work.failed = result.err();
            work.rounds += 1;
        }
        self.work_changed.notify_all();
        if failed {
            let work = lock(&self.work);
            let stopped = |work: &mut Work| !work.stop;
            let _ = self.work_changed.wait_timeout_while(work, PAUSE, stopped);
            self.wake_if_due(true);
        } else {
            // Nothing depends on it; it is tried again after the next flush.
            let _ = self.compact(Extent::Due);
        }
    }

    /// Returns how many times the rows or bytes of a flush wait for one.
    fn backlog(&self, with_flushing: bool) -> u64 {
        let catalog = lock(&self.catalog);
        let (mut rows, mut bytes) = (catalog.unflushed.rows, catalog.unflushed.bytes);
        if with_flushing {
            rows += catalog.flushing.rows;
            bytes += catalog.flushing.bytes;
        }
        (rows / self.options.flush_rows.max(1)).max(bytes / self.options.flush_bytes.max(1))
    }

    /// Wakes the thread if a flush is due, or if rows are the `first` to wait for one.
    pub(crate) fn wake_if_due(&self, first: bool) {
        let due = self.backlog(false) > 0;
        if first || due {
            let mut work = lock(&self.work);
            work.flush |= due;
            work.changed |= first;
            drop(work);
            self.work_changed.notify_all();
        }
    }

    /// Waits until rows can be taken without the memory growing beyond what the options allow.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        loop {
            // Read first, so that a flush that ends meanwhile is not waited for.
            let rounds = lock(&self.work).rounds;
            if self.backlog(true) < BACKLOG {
                return Ok(());
            }
            if !self.options.background {
                self.flush()?;
                continue;
            }
            let work = lock(&self.work);
            if let Some(error) = &work.failed {
                return Err(error.clone());
            }
            let same = |work: &mut Work| work.rounds == rounds && !work.stop;
            let _ = self.work_changed.wait_timeout_while(work, Duration::from_secs(1), same);
        }
    }

    pub(crate) fn stop_worker(&self) {
        lock(&self.work).stop = true;
        self.work_changed.notify_all();
    }
}
