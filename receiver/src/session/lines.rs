//! From pieces of a stream to rows: what HTTP bodies and TCP connections have in common.

use crate::events::Why;
use crate::limits::{Full, Lease};
use crate::line::{LineParser, Progress, TimeUnit};
use crate::refusal::{Code, Refusal};
use crate::store::{Batch, Store};

/// The most bytes of a refused line that are kept.
const MAX_SHOWN: usize = 256;
/// At least so many bytes of a piece are copied to an unfinished line that the piece continues.
const LINE_STEP: usize = 512;
/// An empty buffer that is larger than this is freed.
const MAX_KEPT: usize = 64 << 10;

/// A line that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// The number of its row since the start, counted from 1. Empty lines are not counted.
    pub(crate) number: u64,
    /// The bytes before it since the start.
    pub(crate) byte: u64,
    pub(crate) refusal: Refusal,
    /// The start of the line.
    pub(crate) text: Vec<u8>,
}

impl BadLine {
    /// Returns the reason for those who watch the receiver.
    pub(crate) fn why(&self) -> Why {
        Why {
            line: (self.number > 0).then_some(self.number),
            byte: self.byte,
            ..Why::of(&self.refusal)
        }
    }
}

/// Reads lines that arrive in pieces, and appends them to a batch.
#[derive(Debug)]
pub(crate) struct LineReader {
    parser: LineParser,
    unit: TimeUnit,
    batch: Batch,
    /// The bytes of a line that has not ended, or of lines for which there was no room.
    pending: Vec<u8>,
    /// How many of these bytes were used already.
    start: usize,
    /// The least length of the unfinished line, as far as it is known.
    needed: usize,
    /// The rows that were read before.
    rows: u64,
    /// The bytes of the lines that were read before.
    bytes: u64,
    lease: Lease,
}

impl LineReader {
    /// Bare timestamps are in `unit`. A row has at most `max_values` symbols and fields.
    pub(crate) fn new(store: &Store, unit: TimeUnit, max_values: usize) -> LineReader {
        LineReader {
            parser: LineParser::with_max_values(max_values),
            unit,
            batch: Batch::default(),
            pending: Vec::new(),
            start: 0,
            needed: 0,
            rows: 0,
            bytes: 0,
            lease: store.budget().lease(),
        }
    }

    /// Returns the rows that were read.
    pub(crate) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Returns how many bytes the lines had that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the length that the unfinished line has at least.
    pub(crate) fn unfinished(&self) -> usize {
        match self.rest().len() {
            0 => 0,
            len => len.max(self.needed),
        }
    }

    /// Reads the next piece, up to the first bad line. The bytes after that line are kept.
    pub(crate) fn feed(&mut self, store: &Store, part: &[u8]) -> Result<(), BadLine> {
        let mut part = part;
        while !self.rest().is_empty() {
            let (next, after) = self.split_for_line(part);
            let old = self.pending.len();
            self.pending.extend_from_slice(next);
            if self.rest().len() >= self.needed {
                let pending = std::mem::take(&mut self.pending);
                let mut at = self.start;
                let result = self.read(store, &pending, &mut at);
                self.pending = pending;
                if result.is_ok() && at >= old {
                    // The line has ended. What follows is read where it is.
                    self.pending.clear();
                    self.start = 0;
                    part = &part[at - old..];
                    self.needed = 0;
                    break;
                }
                self.start = at;
                if result.is_err() {
                    self.pending.extend_from_slice(after);
                    return self.hold(result);
                }
            }
            if after.is_empty() {
                return self.hold(Ok(()));
            }
            part = after;
        }
        let mut at = 0;
        let result = self.read(store, part, &mut at);
        self.pending.clear();
        self.pending.extend_from_slice(&part[at..]);
        self.start = 0;
        self.hold(result)
    }

    /// Splits a piece into what most likely ends the unfinished line, and the rest.
    fn split_for_line<'a>(&self, part: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let missing = self.needed.saturating_sub(self.rest().len());
        // A long line is copied in ever longer pieces, so that it is looked at seldom.
        let len = missing.max(self.rest().len()).max(LINE_STEP);
        part.split_at(len.min(part.len()))
    }

    /// Returns the bytes that are kept.
    fn rest(&self) -> &[u8] {
        &self.pending[self.start..]
    }

    /// Reads the last line of a body, which needs no line end.
    pub(crate) fn end(&mut self, store: &Store) -> Result<(), BadLine> {
        if !self.rest().is_empty() && !self.parser.is_inside_binary() {
            self.needed = 0;
            self.feed(store, b"\n")?;
        }
        if self.rest().is_empty() {
            return Ok(());
        }
        let message = "unfinished line at the end of the request".to_owned();
        Err(self.bad(Refusal::row(Code::Unfinished, message), self.rest()))
    }

    /// Skips the line that was refused, up to the next line end. Returns false if that has not arrived yet; then everything
    /// was skipped.
    pub(crate) fn skip_line(&mut self) -> bool {
        let end = self.rest().iter().position(|b| matches!(b, b'\n' | b'\r'));
        let len = end.map_or(self.rest().len(), |at| at + 1);
        self.start += len;
        self.skipped(len);
        self.rows += 1;
        self.parser.restart();
        self.needed = 0;
        end.is_some()
    }

    /// Counts bytes of a refused line that were not passed to [`feed`](LineReader::feed).
    pub(crate) fn skipped(&mut self, len: usize) {
        self.bytes += len as u64;
    }

    /// Returns the refusal of the line that begins with the bytes that are kept.
    pub(crate) fn refuse(&self, refusal: Refusal) -> BadLine {
        self.bad(refusal, self.rest())
    }

    /// Reads the lines of `input`, and sets `at` to the end of the last good one.
    fn read(&mut self, store: &Store, input: &[u8], at: &mut usize) -> Result<(), BadLine> {
        self.needed = 0;
        while *at < input.len() {
            let rest = &input[*at..];
            if self.parser.is_at_start()
                && let Some(len) = self.batch.append_alike(rest, self.unit)
            {
                self.rows += 1;
                self.bytes += len as u64;
                *at += len;
                continue;
            }
            let (rows, len) = match self.parser.parse(rest) {
                Ok(Progress::Empty(len)) => (0, len),
                Ok(Progress::NeedMore(total)) => {
                    self.needed = total;
                    return Ok(());
                }
                Ok(Progress::Row(line, len)) => {
                    match self.batch.append(store, &line, len, self.unit) {
                        Ok(()) => (1, len),
                        Err(refusal) => return Err(self.bad(refusal, rest)),
                    }
                }
                Err(error) => return Err(self.bad((&error).into(), rest)),
            };
            self.rows += rows;
            self.bytes += len as u64;
            *at += len;
        }
        Ok(())
    }

    fn bad(&self, refusal: Refusal, line: &[u8]) -> BadLine {
        let text = line[..line.len().min(MAX_SHOWN)].to_vec();
        BadLine { number: self.rows + 1, byte: self.bytes, refusal, text }
    }

    /// Accounts for the bytes that are kept.
    fn hold(&mut self, result: Result<(), BadLine>) -> Result<(), BadLine> {
        if self.rest().is_empty() {
            self.pending.clear();
            self.start = 0;
            self.pending.shrink_to(MAX_KEPT);
        } else if self.start > MAX_KEPT.max(self.pending.len() / 2) {
            // Moved seldom, so that the cost of many short lines stays linear.
            self.pending.drain(..self.start);
            self.start = 0;
        }
        let held = self.lease.set(self.pending.capacity());
        result?;
        held.map_err(|Full| self.refuse(Refusal::full(self.lease.budget().max())))
    }
}
