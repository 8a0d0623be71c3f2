//! Commits that wait for the log together. One of the waiting threads writes for all; the others sleep until it is done.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};

use super::disk::Disk;
use super::error::{FileError, Result};
use super::log::LogFile;
use super::record::{self, Change};
use super::{Durability, Inner, lock};

/// The queue of the log.
#[derive(Debug)]
pub(crate) struct Commits {
    queue: Mutex<Queue>,
    turn: Condvar,
    /// Locked only by the thread that has the right to write, see [`Queue::writing`].
    log: Mutex<LogFile>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a thread writes the log or has changes to apply.
    writing: bool,
    next: u64,
    /// What became of commits whose threads have not looked yet.
    done: HashMap<u64, Result<()>>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    content: Vec<u8>,
    change: Change,
}

impl Commits {
    pub(crate) fn new(log: LogFile) -> Commits {
        Commits { queue: Mutex::default(), turn: Condvar::new(), log: Mutex::new(log) }
    }

    /// Waits for the right to write the log, and calls `work`: meanwhile nothing is written or applied.
    pub(crate) fn alone<T>(&self, work: impl FnOnce(&mut LogFile) -> T) -> T {
        let mut queue = lock(&self.queue);
        while queue.writing {
            queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.writing = true;
        drop(queue);
        let right = Right { commits: self, unanswered: Vec::new() };
        let result = work(&mut lock(&self.log));
        drop(right);
        result
    }

    /// Makes everything in the log durable.
    pub(crate) fn sync(&self, disk: &Disk) -> Result<()> {
        self.alone(|log| log.sync(disk))
    }

    /// Adds a change to those that wait, and returns when it was written, with what became of it. `write` writes all that
    /// wait, and is told whether they are not only rows; it is called by one of the threads.
    fn join(
        &self,
        content: Vec<u8>,
        change: Change,
        write: impl Fn(&mut LogFile, &[u8], bool) -> Result<()>,
        apply: impl Fn(Vec<Change>),
    ) -> Result<()> {
        let mut queue = lock(&self.queue);
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push(Waiting { ticket, content, change });
        loop {
            if let Some(result) = queue.done.remove(&ticket) {
                return result;
            }
            if queue.writing {
                queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.writing = true;
            let group = std::mem::take(&mut queue.waiting);
            drop(queue);
            let tickets: Vec<u64> = group.iter().map(|w| w.ticket).collect();
            let mut right = Right { commits: self, unanswered: tickets };
            let result = {
                let mut log = lock(&self.log);
                let mut framed =
                    Vec::with_capacity(group.iter().map(|w| w.content.len() + 32).sum());
                group.iter().for_each(|w| log.frame(&w.content, &mut framed));
                let tables = group.iter().any(|w| !matches!(w.change, Change::Rows(_)));
                write(&mut log, &framed, tables)
            };
            if result.is_ok() {
                apply(group.into_iter().map(|w| w.change).collect());
            }
            let tickets = std::mem::take(&mut right.unanswered);
            lock(&self.queue).done.extend(tickets.into_iter().map(|t| (t, result.clone())));
            drop(right);
            queue = lock(&self.queue);
        }
    }
}

/// The right to write the log; it ends when this is dropped, also by a panic.
struct Right<'a> {
    commits: &'a Commits,
    /// Commits that were taken out of the queue and not answered yet.
    unanswered: Vec<u64>,
}

impl Drop for Right<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.commits.queue);
        queue.writing = false;
        for ticket in self.unanswered.drain(..) {
            let ended = FileError::Invalid("the thread that wrote the log has panicked".to_owned());
            queue.done.insert(ticket, Err(ended));
        }
        drop(queue);
        self.commits.turn.notify_all();
    }
}

impl Inner {
    /// Writes a change to the log, and then applies it to the tables.
    pub(crate) fn commit_change(&self, change: Change) -> Result<()> {
        let content = record::encode(&change)?;
        let always = self.options.durability == Durability::Commit;
        self.commits.join(
            content,
            change,
            // Files of a table that was truncated are removed, so that change must not be lost.
            |log, framed, tables| log.append(&self.disk, framed, always || tables),
            |changes| self.apply(changes),
        )
    }

    /// Applies changes that are in the log. Only the thread that has the right to write the log calls this.
    fn apply(&self, changes: Vec<Change>) {
        let mut grown = Vec::new();
        let first;
        // Dropped without the lock, because files are removed then.
        let _retired;
        {
            let mut catalog = lock(&self.catalog);
            first = catalog.unflushed.since.is_none();
            for change in changes {
                if let Change::Rows(entries) = &change {
                    grown.extend(entries.iter().map(|e| e.table));
                }
                catalog.apply(change);
            }
            _retired = catalog.take_retired();
        }
        grown.sort_unstable();
        grown.dedup();
        for id in grown {
            self.merge_recent(id);
        }
        self.wake_if_due(first);
    }

    /// Merges the last batches of a table as long as they are small, so that many small commits become few batches. The rows
    /// are copied while no lock is held that a reader needs.
    fn merge_recent(&self, id: u64) {
        loop {
            let Some((schema, tail)) = lock(&self.catalog).by_id(id).and_then(|t| t.small_tail())
            else {
                return;
            };
            let Ok(merged) = super::batches::concat(&schema, &tail) else { return };
            let mut catalog = lock(&self.catalog);
            let Some(table) = catalog.by_id_mut(id) else { return };
            table.replace_tail(tail.len(), merged);
        }
    }
}
