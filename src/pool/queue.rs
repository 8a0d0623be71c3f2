//! [`Queue`]: which batches wait, which are being sent, and which completions have not been read. It has no thread and no clock.

use std::collections::HashMap;
use std::task::Waker;

use super::completion::{BatchId, Completion};
use super::kind::Kind;
use super::list::{Linked, Links, List};
use super::report::Counts;
use crate::error::{Error, Outcome, err};
use crate::ilp::Buffer;

/// What a queue holds at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of rows that wait, are being sent, or lie in completions that have not been read.
    pub(super) bytes: usize,
    /// Batches that wait, are being sent, or whose completions have not been read.
    pub(super) batches: usize,
}

/// Why a queue takes no more for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    Bytes,
    Batches,
}

/// What batches have in common that go out one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// The order key, which the program chose.
    Key(u64),
    /// The sender of the pool, by its number.
    Sender(u64),
}

/// A batch as it is submitted.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) buffer: Box<Buffer>,
    pub(super) lane: Option<Lane>,
    pub(super) user_data: u64,
}

/// How the work on a batch ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) buffer: Box<Buffer>,
    pub(super) result: Result<Outcome, Error>,
    pub(super) attempts: u32,
    pub(super) in_doubt_attempts: u32,
}

/// What cancelling a batch found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancelled {
    /// The batch was waiting, and is complete now.
    Now,
    /// The batch is being sent by this worker.
    InFlight(usize),
    /// The batch is complete, or there is no such batch.
    TooLate,
}

/// What asking for the completion of one batch found.
#[derive(Debug)]
pub(super) enum Asked {
    Done(Completion),
    Pending,
    /// The completion was read already, or there is no such batch.
    Unknown,
}

/// Where the batch of a slot is. Only `Ready`, `Behind` and `Unread` are in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    /// May go out.
    Ready,
    /// Waits for another batch of the same lane.
    Behind,
    InFlight(usize),
    /// Complete, for whoever reads the next completion.
    Unread,
    /// Complete, for the one that holds its ticket.
    Kept,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    place: Place,
    links: Links,
    lane: Option<Lane>,
    user_data: u64,
    rows: u64,
    bytes: usize,
    /// The bytes that count against the bound: those of rows that are still there.
    held: usize,
    /// Whether somebody holds a ticket, to whom the completion belongs.
    has_ticket: bool,
    waker: Option<Waker>,
    buffer: Option<Box<Buffer>>,
    completion: Option<Completion>,
}

impl Slot {
    const EMPTY: Slot = Slot {
        generation: 0,
        place: Place::Free,
        links: Links::ALONE,
        lane: None,
        user_data: 0,
        rows: 0,
        bytes: 0,
        held: 0,
        has_ticket: false,
        waker: None,
        buffer: None,
        completion: None,
    };
}

impl Linked for Slot {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

/// The batches of a pool. Once as many slots exist as are in use at a time, nothing is allocated for a batch.
#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    /// What spare buffers are like.
    kind: Kind,
    slots: Vec<Slot>,
    free: Vec<u32>,
    ready: List,
    unread: List,
    /// The lanes of batches that are ready or in flight, each with the batches that wait behind.
    lanes: HashMap<Lane, List>,
    bytes: usize,
    /// Batches that are not complete.
    open: usize,
    in_flight: usize,
    /// Empty buffers that keep their memory for the next submit, and how much memory that is.
    #[expect(
        clippy::vec_box,
        reason = "jobs have boxes, and a buffer that is not moved costs nothing"
    )]
    spare: Vec<Box<Buffer>>,
    spare_bytes: usize,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, kind: Kind) -> Queue {
        Queue {
            bounds,
            kind,
            slots: Vec::new(),
            free: Vec::new(),
            ready: List::EMPTY,
            unread: List::EMPTY,
            lanes: HashMap::new(),
            bytes: 0,
            open: 0,
            in_flight: 0,
            spare: Vec::new(),
            spare_bytes: 0,
        }
    }

    /// Returns the number of batches that are not complete.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Returns the number of batches that are being sent.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Returns the number of rows that are being sent.
    pub(super) fn rows_in_flight(&self) -> u64 {
        let flying = |it: &&Slot| matches!(it.place, Place::InFlight(_));
        self.slots.iter().filter(flying).map(|it| it.rows).sum()
    }

    /// Returns the number of rows that wait to be sent.
    pub(super) fn rows_waiting(&self) -> u64 {
        let waits = |it: &&Slot| matches!(it.place, Place::Ready | Place::Behind);
        self.slots.iter().filter(waits).map(|it| it.rows).sum()
    }

    /// Returns the number of batches that a worker could take.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Returns the number of completions that [`Queue::next`] will return.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Returns the bytes that count against the bound.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether a batch of so many bytes can be pushed, and if not, which bound is reached.
    pub(super) fn room(&self, bytes: usize) -> Result<(), Full> {
        if self.slots.len() - self.free.len() >= self.bounds.batches {
            return Err(Full::Batches);
        }
        if bytes > self.bounds.bytes - self.bytes.min(self.bounds.bytes) {
            return Err(Full::Bytes);
        }
        Ok(())
    }

    /// Takes an empty buffer with memory, if one is there.
    pub(super) fn spare(&mut self) -> Option<Box<Buffer>> {
        let buffer = self.spare.pop()?;
        self.spare_bytes -= buffer.capacity();
        Some(buffer)
    }

    /// Gives back a buffer that is not needed. Spare buffers take no more memory than rows may.
    pub(super) fn recycle(&mut self, mut buffer: Box<Buffer>) {
        let bytes = self.spare_bytes.saturating_add(buffer.capacity());
        if self.spare.len() < self.slots.len()
            && bytes <= self.bounds.bytes
            && self.kind.renew(&mut buffer)
        {
            self.spare_bytes = bytes;
            self.spare.push(buffer);
        }
    }

    /// Adds a batch. With `has_ticket`, its completion is only for [`Queue::ask`], until [`Queue::detach`].
    #[inline(never)]
    pub(super) fn push(&mut self, job: Job, has_ticket: bool) -> BatchId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::EMPTY);
            // There are never more slots than batches are allowed.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let it = &mut self.slots[slot as usize];
        it.generation = it.generation.wrapping_add(1);
        it.lane = job.lane;
        it.user_data = job.user_data;
        it.rows = job.buffer.row_count() as u64;
        it.bytes = job.buffer.len();
        it.has_ticket = has_ticket;
        it.held = it.bytes;
        self.bytes += it.held;
        it.buffer = Some(job.buffer);
        let id = BatchId::new(slot, it.generation);
        self.open += 1;
        match job.lane {
            Some(key) if self.lanes.contains_key(&key) => {
                it.place = Place::Behind;
                if let Some(lane) = self.lanes.get_mut(&key) {
                    lane.push(&mut self.slots, slot);
                }
            }
            key => {
                if let Some(key) = key {
                    self.lanes.insert(key, List::EMPTY);
                }
                self.make_ready(slot);
            }
        }
        id
    }

    #[inline(never)]
    fn make_ready(&mut self, slot: u32) {
        self.slots[slot as usize].place = Place::Ready;
        self.ready.push(&mut self.slots, slot);
    }

    /// Hands the oldest batch that may go out to a worker.
    pub(super) fn take(&mut self, worker: usize) -> Option<(BatchId, Box<Buffer>)> {
        let slot = self.ready.pop(&mut self.slots)?;
        let it = &mut self.slots[slot as usize];
        let buffer = it.buffer.take()?;
        it.place = Place::InFlight(worker);
        self.in_flight += 1;
        Some((BatchId::new(slot, it.generation), buffer))
    }

    /// Completes a batch that a worker has taken.
    pub(super) fn finish(
        &mut self,
        id: BatchId,
        finished: Finished,
        counts: &mut Counts,
    ) -> Option<Waker> {
        self.in_flight -= 1;
        self.complete(id.slot(), finished, counts)
    }

    /// Cancels a batch, if it still waits.
    pub(super) fn cancel(
        &mut self,
        id: BatchId,
        counts: &mut Counts,
    ) -> (Cancelled, Option<Waker>) {
        let Some(it) = self.slot(id) else { return (Cancelled::TooLate, None) };
        match it.place {
            Place::InFlight(worker) => return (Cancelled::InFlight(worker), None),
            Place::Ready => self.ready.remove(&mut self.slots, id.slot()),
            Place::Behind => {
                if let Some(key) = it.lane
                    && let Some(lane) = self.lanes.get_mut(&key)
                {
                    lane.remove(&mut self.slots, id.slot());
                }
            }
            Place::Free | Place::Unread | Place::Kept => return (Cancelled::TooLate, None),
        }
        (Cancelled::Now, self.not_sent(id.slot(), counts))
    }

    /// Cancels the oldest batch that waits to go out. Returns `None` once none is left.
    pub(super) fn cancel_oldest(&mut self, counts: &mut Counts) -> Option<Option<Waker>> {
        let slot = self.ready.pop(&mut self.slots)?;
        Some(self.not_sent(slot, counts))
    }

    fn not_sent(&mut self, slot: u32, counts: &mut Counts) -> Option<Waker> {
        let buffer = self.slots[slot as usize].buffer.take()?;
        let result = Err(err!(Cancelled, "the batch was cancelled before it was sent"));
        self.complete(slot, Finished { buffer, result, attempts: 0, in_doubt_attempts: 0 }, counts)
    }

    /// Completes a batch that is in no list. Returns who waits for it.
    #[inline(never)]
    fn complete(&mut self, slot: u32, finished: Finished, counts: &mut Counts) -> Option<Waker> {
        let Finished { buffer, result, attempts, in_doubt_attempts } = finished;
        let it = &mut self.slots[slot as usize];
        let was_behind = it.place == Place::Behind;
        let mut recycled = None;
        let (outcome, error, failed_rows) = match result {
            Ok(outcome) => {
                self.bytes -= std::mem::take(&mut it.held);
                recycled = Some(buffer);
                (outcome, None, None)
            }
            Err(error) => (error.outcome(), Some(error), Some(buffer)),
        };
        let completion = Completion {
            batch: BatchId::new(slot, it.generation),
            user_data: it.user_data,
            outcome,
            rows: it.rows,
            bytes: it.bytes as u64,
            attempts,
            in_doubt_attempts,
            error,
            failed_rows,
        };
        counts.add(&completion);
        it.completion = Some(completion);
        self.open -= 1;
        let waker = it.waker.take();
        let (key, ticket) = (it.lane, it.has_ticket);
        it.place = if ticket { Place::Kept } else { Place::Unread };
        if !ticket {
            self.unread.push(&mut self.slots, slot);
        }
        if let Some(buffer) = recycled {
            self.recycle(buffer);
        }
        if let Some(key) = key.filter(|_| !was_behind) {
            self.let_next_go(key);
        }
        waker
    }

    /// Lets the next batch of this lane go out, after the one before it is complete.
    #[inline(never)]
    fn let_next_go(&mut self, key: Lane) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        match lane.pop(&mut self.slots) {
            Some(next) => self.make_ready(next),
            None => drop(self.lanes.remove(&key)),
        }
    }

    /// Returns the oldest completion that nobody has read and nobody holds a ticket for.
    pub(super) fn next(&mut self) -> Option<Completion> {
        let slot = self.unread.pop(&mut self.slots)?;
        self.release(slot)
    }

    /// Returns the completion of one batch, whoever it belongs to. A waker is called when it is there.
    pub(super) fn ask(&mut self, id: BatchId, waker: Option<&Waker>) -> Asked {
        let Some(it) = self.slot(id) else { return Asked::Unknown };
        match it.place {
            Place::Free => return Asked::Unknown,
            Place::Unread => self.unread.remove(&mut self.slots, id.slot()),
            Place::Kept => {}
            Place::Ready | Place::Behind | Place::InFlight(_) => {
                if let Some(waker) = waker {
                    it.waker = Some(waker.clone());
                }
                return Asked::Pending;
            }
        }
        self.release(id.slot()).map_or(Asked::Unknown, Asked::Done)
    }

    /// Gives the completion of a batch to whoever reads the next one. Returns whether it is there already.
    pub(super) fn detach(&mut self, id: BatchId) -> bool {
        let Some(it) = self.slot(id) else { return false };
        it.has_ticket = false;
        it.waker = None;
        let complete = it.place == Place::Kept;
        if complete {
            it.place = Place::Unread;
            self.unread.push(&mut self.slots, id.slot());
        }
        complete
    }

    /// Makes the slot of a complete batch free for another one.
    #[inline(never)]
    fn release(&mut self, slot: u32) -> Option<Completion> {
        let it = &mut self.slots[slot as usize];
        it.place = Place::Free;
        let completion = it.completion.take();
        self.bytes -= std::mem::take(&mut it.held);
        self.free.push(slot);
        completion
    }

    fn slot(&mut self, id: BatchId) -> Option<&mut Slot> {
        self.slots.get_mut(id.slot() as usize).filter(|it| it.generation == id.generation())
    }
}
