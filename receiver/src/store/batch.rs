//! The rows of one session that nobody else sees yet.

use std::collections::HashMap;
use std::sync::Arc;

use crate::chunk::{Chunk, ChunkBuilder, Stop};
use crate::clock::now_nanos;
use crate::limits::Full;
use crate::line::{Line, TimeUnit};
use crate::refusal::Refusal;

use super::Store;
use super::entry::{Entry, Published};

/// A session that has more tables than this forgets them when it has committed.
const MAX_KEPT_TABLES: usize = 16;
/// The most spellings of table names that a session remembers.
const MAX_SPELLINGS: usize = 1024;

/// Rows that are not committed, by table.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    open: Vec<OpenTable>,
    by_name: HashMap<Box<[u8]>, usize>,
    /// The index of the table of the last row, which is most likely the table of the next one too.
    last: usize,
    rows: u64,
    clock: Clock,
    /// Whether every line is read by the parser, for comparisons.
    parser_only: bool,
}

/// Returns the time for rows that have none, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Clock(fn() -> i64);

impl Default for Clock {
    fn default() -> Self {
        Clock(now_nanos)
    }
}

#[derive(Debug)]
struct OpenTable {
    entry: Arc<Entry>,
    builder: ChunkBuilder,
    finished: Vec<Chunk>,
}

impl OpenTable {
    fn is_empty(&self) -> bool {
        self.builder.rows() == 0 && self.finished.is_empty()
    }
}

impl Batch {
    /// Leaves every line to the parser.
    pub(crate) fn use_parser_only(&mut self) {
        self.parser_only = true;
    }

    /// Sets the time of rows that have none.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn set_clock(&mut self, clock: fn() -> i64) {
        self.clock = Clock(clock);
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends the line at the start of `input` as a row, if it looks like those before it, and returns its length. If not,
    /// nothing has changed, and nothing is known about the line.
    #[inline]
    pub(crate) fn append_alike(&mut self, input: &[u8], default_unit: TimeUnit) -> Option<usize> {
        if self.parser_only {
            return None;
        }
        if !self.open.get(self.last)?.builder.expects(input) {
            self.last = self.find_alike(input)?;
        }
        let open = self.open.get_mut(self.last)?;
        if open.builder.rows() == 0 && open.entry.is_removed() {
            return None;
        }
        let len = open.builder.append_alike(input, default_unit, self.clock.0)?;
        self.rows += 1;
        Some(len)
    }

    /// Returns the table of the line at the start of `input`, if there were such lines before.
    #[inline(never)]
    fn find_alike(&self, input: &[u8]) -> Option<usize> {
        let len = input.iter().position(|b| matches!(b, b',' | b' ' | b'\n'))?;
        let index = *self.by_name.get(&input[..len])?;
        self.open.get(index).filter(|open| open.builder.expects(input)).map(|_| index)
    }

    /// Appends a line of `len` bytes as a row. Makes its table and its columns if they do not exist: they stay even if the row
    /// is refused.
    pub(crate) fn append(
        &mut self,
        store: &Store,
        line: &Line<'_>,
        len: usize,
        default_unit: TimeUnit,
    ) -> Result<(), Refusal> {
        let index = match self.open.get(self.last) {
            Some(open)
                if open.builder.schema().table().as_bytes() == line.table()
                    && (open.builder.rows() > 0 || !open.entry.is_removed()) =>
            {
                self.last
            }
            _ => self.find(store, line)?,
        };
        self.last = index;
        let open = &mut self.open[index];
        loop {
            let (policy, clock) = (store.policy(), self.clock.0);
            let appended = open.builder.append(line, len, default_unit, policy, clock);
            let appended = match appended {
                Err(Stop::NewChunk) => {
                    open.finished.push(open.builder.finish());
                    continue;
                }
                Err(Stop::Refused(refusal)) => Err(refusal),
                Ok(()) => Ok(()),
            };
            if open.publish(store, appended.is_ok().then_some(len))? {
                if appended.is_ok() {
                    self.rows += 1;
                    open.builder.learn(line);
                }
                return appended;
            }
        }
    }

    #[cold]
    fn find(&mut self, store: &Store, line: &Line<'_>) -> Result<usize, Refusal> {
        let open = self.by_name.get(line.table()).copied();
        if let Some(index) = open
            && let Some(open) = self.open.get(index)
            && !(open.is_empty() && open.entry.is_removed())
        {
            return Ok(index);
        }
        let entry = store.table_for(line)?;
        let schema = entry.schema();
        let known = self.by_name.get(schema.table().as_bytes()).copied();
        let index = known.unwrap_or(self.open.len());
        let builder = ChunkBuilder::new(Arc::clone(&schema), store.budget().lease());
        match self.open.get_mut(index) {
            Some(open) if open.is_empty() => {
                (open.entry, open.builder) = (entry, builder);
            }
            Some(_) => {}
            None => self.open.push(OpenTable { entry, builder, finished: Vec::new() }),
        }
        self.by_name.insert(schema.table().as_bytes().into(), index);
        if self.by_name.len() < MAX_SPELLINGS {
            self.by_name.insert(line.table().into(), index);
        }
        Ok(index)
    }

    /// Takes all rows out.
    pub(crate) fn take(&mut self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        for open in &mut self.open {
            chunks.append(&mut open.finished);
            if open.builder.rows() > 0 {
                chunks.push(open.builder.finish());
            }
        }
        if self.open.len() > MAX_KEPT_TABLES {
            let (clock, parser_only) = (self.clock, self.parser_only);
            *self = Batch { clock, parser_only, ..Batch::default() };
        }
        self.rows = 0;
        chunks
    }
}

impl OpenTable {
    /// Gives the columns to the table that the last line has added, and whose row has `appended` bytes. Returns whether the
    /// line is done; if not, it has to be appended again.
    fn publish(&mut self, store: &Store, appended: Option<usize>) -> Result<bool, Refusal> {
        let Some((base, draft)) = self.builder.draft() else { return Ok(true) };
        let base = Arc::clone(base);
        match self.entry.publish(&base, draft) {
            Ok(Published::Done) => {
                self.builder.draft_was_published();
                store.changed(&self.entry);
                Ok(true)
            }
            Ok(Published::Changed(schema)) => {
                self.builder.restart_line(schema, appended);
                Ok(false)
            }
            Err(Full) => {
                self.builder.restart_line(base, appended);
                Err(Refusal::full(store.budget().max()))
            }
        }
    }
}
