//! From pieces of a stream to rows: what HTTP bodies and TCP connections have in common.

use crate::events::Why;
use crate::limits::{Full, Lease};
use crate::line::{LineParser, Progress, TimeUnit};
use crate::refusal::{Code, Refusal};
use crate::store::{Batch, Store};

/// The most bytes of a refused line that are kept.
const MAX_SHOWN: usize = 256;
/// An empty buffer that is larger than this is freed.
const MAX_KEPT: usize = 64 << 10;

/// A line that was refused.
#[derive(Debug)]
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
        Why { line: Some(self.number), ..Why::of(&self.refusal) }
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
    /// The least length of the unfinished line, as far as it is known.
    needed: usize,
    /// The rows that were read before.
    rows: u64,
    /// The bytes of the lines that were read before.
    bytes: u64,
    lease: Lease,
}

impl LineReader {
    /// Bare timestamps are in `unit`.
    pub(crate) fn new(store: &Store, unit: TimeUnit) -> LineReader {
        LineReader {
            parser: LineParser::new(),
            unit,
            batch: Batch::default(),
            pending: Vec::new(),
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

    /// Returns the length that the unfinished line has at least.
    pub(crate) fn unfinished(&self) -> usize {
        if self.pending.is_empty() { 0 } else { self.pending.len().max(self.needed) }
    }

    /// Reads the next piece, up to the first bad line. The bytes after that line are kept.
    pub(crate) fn feed(&mut self, store: &Store, part: &[u8]) -> Result<(), BadLine> {
        if self.pending.is_empty() {
            let mut at = 0;
            let result = self.read(store, part, &mut at);
            self.pending.extend_from_slice(&part[at..]);
            return self.hold(result);
        }
        self.pending.extend_from_slice(part);
        if self.pending.len() < self.needed {
            return self.hold(Ok(()));
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut at = 0;
        let result = self.read(store, &pending, &mut at);
        pending.drain(..at);
        self.pending = pending;
        self.hold(result)
    }

    /// Reads the last line of a body, which needs no line end.
    pub(crate) fn end(&mut self, store: &Store) -> Result<(), BadLine> {
        if !self.pending.is_empty() && !self.parser.is_inside_binary() {
            self.needed = 0;
            self.feed(store, b"\n")?;
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let message = "unfinished line at the end of the request".to_owned();
        Err(self.bad(Refusal::row(Code::Unfinished, message), &self.pending))
    }

    /// Skips the line that was refused, up to the next line feed. Returns false if that has not arrived yet; then everything
    /// was skipped.
    pub(crate) fn skip_line(&mut self) -> bool {
        let end = self.pending.iter().position(|b| *b == b'\n');
        let skipped = end.map_or(self.pending.len(), |at| at + 1);
        self.pending.drain(..skipped);
        self.bytes += skipped as u64;
        self.parser.restart();
        self.needed = 0;
        end.is_some()
    }

    /// Returns the refusal of the line that begins with the bytes that are kept.
    pub(crate) fn refuse(&self, refusal: Refusal) -> BadLine {
        self.bad(refusal, &self.pending)
    }

    /// Reads the lines of `input`, and sets `at` to the end of the last good one.
    fn read(&mut self, store: &Store, input: &[u8], at: &mut usize) -> Result<(), BadLine> {
        self.needed = 0;
        while *at < input.len() {
            let rest = &input[*at..];
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
        if self.pending.is_empty() && self.pending.capacity() > MAX_KEPT {
            self.pending = Vec::new();
        }
        let held = self.lease.set(self.pending.capacity());
        result?;
        held.map_err(|Full| self.refuse(Refusal::full(self.lease.budget().max())))
    }
}
