//! From a line to a row: a chunk that grows.

use std::sync::Arc;

use crate::limits::Lease;
use crate::line::{FieldValue, Line, Stamp, TimeUnit, quoted};
use crate::refusal::{Code, Refusal};
use crate::schema::{Policy, Schema};
use crate::value::{ColumnType, Value};

use super::cast::{Cell, convert, designated_range, is_plain_time, new_column};
use super::cells::Cells;
use super::columns::Columns;
use super::layout::Layout;
use super::{Chunk, MAX_ROWS};

/// A chunk has at most about this many bytes of lines, unless a single line has more.
const MAX_LINE_BYTES: usize = 16 << 20;
/// A chunk is accounted for at least each time when it has grown by so many bytes of lines.
const ACCOUNT_STEP: usize = 16 << 10;

/// Why a line was not appended.
pub(crate) enum Stop {
    Refused(Refusal),
    /// The row belongs into a new chunk.
    NewChunk,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// A chunk to which rows are appended. Only one session has it.
#[derive(Debug)]
pub(crate) struct ChunkBuilder {
    schema: Arc<Schema>,
    /// The schema before the last row, if that row has added columns which the table does not know yet.
    base: Option<Arc<Schema>>,
    columns: Columns,
    /// How the last lines looked.
    layout: Layout,
    /// For the nth value of a line, the column of the nth value of the last line: most lines have the same columns.
    guesses: Vec<usize>,
    lease: Lease,
    /// The bytes of lines at which the chunk is accounted for the next time.
    next_account: usize,
}

impl ChunkBuilder {
    pub(crate) fn new(schema: Arc<Schema>, lease: Lease) -> ChunkBuilder {
        ChunkBuilder {
            schema,
            base: None,
            columns: Columns::default(),
            layout: Layout::default(),
            guesses: Vec::new(),
            lease,
            next_account: 0,
        }
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(crate) fn rows(&self) -> usize {
        self.columns.rows
    }

    /// Takes the rows out. The builder then begins a new chunk.
    pub(crate) fn finish(&mut self) -> Chunk {
        if let Some(base) = self.base.clone() {
            // The table may refuse the columns of a line that is not complete.
            self.restart_line(base, None);
        }
        let columns = self.columns.take();
        let empty = self.lease.budget().lease();
        let mut lease = std::mem::replace(&mut self.lease, empty);
        // Rows that came after the last accounting may need more than there is, but they were accepted already.
        let _ = lease.set(columns.bytes());
        self.next_account = 0;
        let schema = Arc::clone(&self.schema);
        Chunk { schema, cells: columns.cells, rows: columns.rows, lease }
    }

    /// Returns whether the line at the start of `input` is one of this table, as far as its bytes are those of the lines before.
    #[inline]
    pub(crate) fn expects(&self, input: &[u8]) -> bool {
        self.layout.is_table_of(input)
    }

    /// Appends the line at the start of `input` as a row, if it looks like the lines before it, and returns its length. If not,
    /// nothing has changed, and nothing is known about the line.
    // Not inlined: the parser, which stands beside it otherwise, leaves it too few registers.
    #[inline(never)]
    pub(crate) fn append_alike(
        &mut self,
        input: &[u8],
        default_unit: TimeUnit,
        now_nanos: impl FnOnce() -> i64,
    ) -> Option<usize> {
        if self.is_full() || self.base.is_some() {
            return None;
        }
        let (stamp, len) = self.layout.read(input, &self.schema, &mut self.columns)?;
        let put = self.put_time(stamp, default_unit, now_nanos).and_then(|()| self.account(len));
        if put.is_err() {
            self.columns.undo_row();
            return None;
        }
        self.columns.rows += 1;
        self.columns.line_bytes += len;
        Some(len)
    }

    /// Remembers how the line looks that was just appended.
    #[inline]
    pub(crate) fn learn(&mut self, line: &Line<'_>) {
        self.layout.learn(line, &self.guesses, &self.schema);
    }

    fn is_full(&self) -> bool {
        self.columns.rows >= MAX_ROWS || self.columns.line_bytes >= MAX_LINE_BYTES
    }

    /// Appends a line as a row. If it is refused, the rows stay as they were, and the refusal has the server's words. Columns
    /// that the line has added stay in either case; see [`draft`](ChunkBuilder::draft).
    pub(crate) fn append(
        &mut self,
        line: &Line<'_>,
        len: usize,
        default_unit: TimeUnit,
        policy: &Policy,
        now_nanos: impl FnOnce() -> i64,
    ) -> Result<(), Stop> {
        if self.is_full() {
            return Err(Stop::NewChunk);
        }
        let result = self.append_cells(line, default_unit, policy, now_nanos);
        let result = result.and_then(|()| self.account(len));
        match result {
            Ok(()) => {
                self.columns.rows += 1;
                self.columns.line_bytes += len;
            }
            Err(_) => self.columns.undo_row(),
        }
        result
    }

    /// Returns the schemas before and after the last line, if it has added columns that the table does not know yet.
    pub(crate) fn draft(&self) -> Option<(&Arc<Schema>, &Arc<Schema>)> {
        self.base.as_ref().map(|base| (base, &self.schema))
    }

    /// Tells that the table knows the columns of the schema now.
    pub(crate) fn draft_was_published(&mut self) {
        self.base = None;
    }

    /// Continues with another schema of the table, without the columns that the last line has added. The row of that line, of
    /// `len` bytes, is removed if it was appended.
    pub(crate) fn restart_line(&mut self, schema: Arc<Schema>, appended: Option<usize>) {
        if let Some(len) = appended {
            self.columns.rows -= 1;
            self.columns.line_bytes -= len;
            self.columns.undo_row();
        }
        if let Some(base) = self.base.take() {
            self.columns.cells.truncate(base.columns().len());
        }
        self.schema = schema;
        self.guesses.clear();
        self.layout.clear();
    }

    /// Accounts for the bytes of the chunk, if it has grown by enough.
    #[inline]
    fn account(&mut self, len: usize) -> Result<(), Stop> {
        let line_bytes = self.columns.line_bytes + len;
        if line_bytes < self.next_account {
            return Ok(());
        }
        if self.lease.set(self.columns.bytes()).is_err() {
            return Err(Refusal::full(self.lease.budget().max()).into());
        }
        self.next_account = line_bytes + line_bytes.min(ACCOUNT_STEP);
        Ok(())
    }

    fn append_cells(
        &mut self,
        line: &Line<'_>,
        default_unit: TimeUnit,
        policy: &Policy,
        now_nanos: impl FnOnce() -> i64,
    ) -> Result<(), Stop> {
        let mut position = 0;
        for (name, value) in line.symbols() {
            self.put(position, name, Cell::Tag(value), policy)?;
            position += 1;
        }
        for (name, value) in line.fields() {
            self.put(position, name, Cell::Field(value), policy)?;
            position += 1;
        }
        // A field with the name of the designated column has already set the time.
        let designated = self.schema.designated();
        if self.columns.has(designated) {
            return self.check_time_from_field(designated);
        }
        self.put_time(line.stamp(), default_unit, now_nanos)
    }

    /// Sets the time of the row, which is the present time if the line has none.
    #[inline]
    fn put_time(
        &mut self,
        stamp: Option<Stamp>,
        default_unit: TimeUnit,
        now_nanos: impl FnOnce() -> i64,
    ) -> Result<(), Stop> {
        let now = || Stamp { value: now_nanos(), unit: Some(TimeUnit::Nanos) };
        let stamp = stamp.unwrap_or_else(now);
        let designated = self.schema.designated();
        let (value, unit) = (stamp.value, stamp.unit.unwrap_or(default_unit));
        let rows = self.columns.rows;
        if let Some(Some(cells)) = self.columns.cells.get_mut(designated)
            && cells.len() == rows
            && is_plain_time(value, unit, cells.column_type())
        {
            cells.push_time(value);
            return Ok(());
        }
        self.put_designated(designated, value, unit)
    }

    /// Checks a time that was set by a field. QuestDB notices a wrong one in its writer, and reports an internal error.
    #[cold]
    fn check_time_from_field(&mut self, designated: usize) -> Result<(), Stop> {
        let table = Arc::clone(self.schema.table());
        let rows = self.columns.rows;
        let refused = |why: &str| {
            let why = format!("errno: -1, error: {why}");
            Err(Refusal::writing(Code::Time, &table, &why).into())
        };
        let (value, unit) = match self.column(designated)?.get(rows) {
            Value::TimestampMicros(v) => (v, TimeUnit::Micros),
            Value::TimestampNanos(v) => (v, TimeUnit::Nanos),
            _ => return refused("designated timestamp column cannot be NULL"),
        };
        match (designated_range(value, unit), unit) {
            (Ok(()), _) => Ok(()),
            (Err(_), TimeUnit::Nanos) => refused(
                "designated timestamp_ns before 1970-01-01 and beyond 2261-12-31 \
                 23:59:59.999999999 is not allowed",
            ),
            (Err(message), _) => refused(&message),
        }
    }

    // Not inlined, so that what most rows do stays short.
    #[inline(never)]
    fn put_designated(&mut self, index: usize, value: i64, unit: TimeUnit) -> Result<(), Stop> {
        let rows = self.columns.rows;
        let cells = self.column(index)?;
        let target = match cells.column_type() {
            ColumnType::TimestampNanos => TimeUnit::Nanos,
            _ => TimeUnit::Micros,
        };
        // A time that does not fit is out of range in either case.
        let converted = convert(value, unit, target).unwrap_or(i64::MAX);
        // The sign is checked before the division, which could lose it.
        match designated_range(if value < 0 { value } else { converted }, target) {
            Ok(()) => {
                cells.fill(rows);
                cells.push_time(converted);
                Ok(())
            }
            // The server shows a time in the unit of a column of nanoseconds.
            Err(message) if target == TimeUnit::Nanos => {
                Err(self.bad_time(convert(value, unit, target).unwrap_or(value), &message))
            }
            Err(message) => Err(self.bad_time(value, &message)),
        }
    }

    #[cold]
    fn bad_time(&self, value: i64, message: &str) -> Stop {
        let table = self.schema.table();
        if message.contains("beyond") {
            // QuestDB notices this one only when it writes the row.
            let why = format!("errno: -1, error: {message}");
            return Refusal::writing(Code::Time, table, &why).into();
        }
        let message = format!("table: {table}, timestamp: {value}; {message}");
        Refusal::row(Code::Time, message).into()
    }

    #[inline]
    fn column(&mut self, index: usize) -> Result<&mut Cells, Stop> {
        self.columns.get(index, &self.schema).ok_or(Stop::NewChunk)
    }

    #[inline]
    fn put(
        &mut self,
        position: usize,
        name: &[u8],
        cell: Cell<'_>,
        policy: &Policy,
    ) -> Result<(), Stop> {
        let index = match self.guesses.get(position) {
            Some(index) if self.schema.columns()[*index].name.as_bytes() == name => *index,
            _ => self.find_or_add(position, name, &cell, policy)?,
        };
        let designated = self.schema.designated();
        // If a line has two values for one column, the first one counts. An empty value does not count.
        if self.columns.has(index) {
            return Ok(());
        }
        let is_time = matches!(cell, Cell::Field(FieldValue::Timestamp(..)));
        if index == designated && !is_time {
            return Err(Refusal::unsupported(self.schema.table()).into());
        }
        match cell {
            Cell::Field(FieldValue::Null) => return Ok(()),
            // The real server parses such a value and cannot write it.
            Cell::Field(FieldValue::Timestamp(TimeUnit::Unset, _)) => {
                return Err(Refusal::unsupported(self.schema.table()).into());
            }
            _ => {}
        }
        match self.column(index)?.push(cell) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let name = &self.schema.columns()[index].name;
                Err(refused.told(self.schema.table(), name, cell).into())
            }
        }
    }

    #[cold]
    fn find_or_add(
        &mut self,
        position: usize,
        name: &[u8],
        cell: &Cell<'_>,
        policy: &Policy,
    ) -> Result<usize, Refusal> {
        let found = std::str::from_utf8(name).ok().and_then(|text| self.schema.find(text));
        let index = match found {
            Some(index) => index,
            None => self.add(name, cell, policy)?,
        };
        self.guesses.truncate(position);
        if self.guesses.len() == position {
            self.guesses.push(index);
        }
        Ok(index)
    }

    fn add(&mut self, name: &[u8], cell: &Cell<'_>, policy: &Policy) -> Result<usize, Refusal> {
        if !policy.create_columns {
            let (table, shown) = (self.schema.table(), quoted(name));
            let disabled = "does not exist, creating new columns is disabled";
            let why = format!("table: {table}, column: {shown} {disabled}");
            return Err(Refusal::row(Code::NoColumn, why));
        }
        let (text, column_type) = new_column(&self.schema, name, cell, policy)?;
        if let Some(schema) = Arc::get_mut(&mut self.schema).filter(|_| self.base.is_some()) {
            return Ok(schema.add(text, column_type));
        }
        // The schema is copied for the first new column of a line only.
        let mut draft = Schema::clone(&self.schema);
        draft.set_generation_after(&self.schema);
        let index = draft.add(text, column_type);
        self.base = Some(std::mem::replace(&mut self.schema, Arc::new(draft)));
        Ok(index)
    }
}
