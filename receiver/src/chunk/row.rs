//! From a line to a row: a chunk that grows.

use std::sync::Arc;

use crate::limits::Lease;
use crate::line::{FieldValue, Line, Stamp, TimeUnit};
use crate::refusal::{Code, Refusal};
use crate::schema::{Policy, Schema};
use crate::value::{ColumnType, Value};

use super::cast::{Cell, convert, designated_range, new_column};
use super::cells::Cells;
use super::{Chunk, MAX_ROWS};

/// A chunk has at most about this many bytes of lines, unless a single line has more.
const MAX_LINE_BYTES: usize = 16 << 20;
/// A chunk is accounted for at least each time when it has grown by so many bytes of lines.
const ACCOUNT_STEP: usize = 16 << 10;
/// The bytes that rows without a value may take in columns that come late, for each byte of a line.
const WASTE_PER_BYTE: usize = 16;
const FREE_WASTE: usize = 256 << 10;

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
    cells: Vec<Option<Box<Cells>>>,
    rows: usize,
    line_bytes: usize,
    /// For the nth value of a line, the column of the nth value of the last line: most lines have the same columns.
    guesses: Vec<usize>,
    /// The bytes of bits for rows before the first value of their column.
    waste: usize,
    lease: Lease,
    /// The bytes of lines at which the chunk is accounted for the next time.
    next_account: usize,
}

impl ChunkBuilder {
    pub(crate) fn new(schema: Arc<Schema>, lease: Lease) -> ChunkBuilder {
        ChunkBuilder {
            schema,
            base: None,
            cells: Vec::new(),
            rows: 0,
            line_bytes: 0,
            guesses: Vec::new(),
            waste: 0,
            lease,
            next_account: 0,
        }
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Takes the rows out. The builder then begins a new chunk.
    pub(crate) fn finish(&mut self) -> Chunk {
        if let Some(base) = self.base.clone() {
            // The table may refuse the columns of a line that is not complete.
            self.restart_line(base, None);
        }
        let mut cells = std::mem::take(&mut self.cells);
        cells.iter_mut().flatten().for_each(|cells| cells.seal());
        let empty = self.lease.budget().lease();
        let mut lease = std::mem::replace(&mut self.lease, empty);
        let rows = std::mem::take(&mut self.rows);
        // Rows that came after the last accounting may need more than there is, but they were accepted already.
        let _ = lease.set(bytes(&cells));
        (self.line_bytes, self.waste, self.next_account) = (0, 0, 0);
        Chunk { schema: Arc::clone(&self.schema), cells, rows, lease }
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
        if self.rows >= MAX_ROWS || self.line_bytes >= MAX_LINE_BYTES {
            return Err(Stop::NewChunk);
        }
        let result = self.append_cells(line, default_unit, policy, now_nanos);
        let result = result.and_then(|()| self.account(len));
        match result {
            Ok(()) => {
                self.rows += 1;
                self.line_bytes += len;
            }
            Err(_) => self.undo_row(),
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
            self.rows -= 1;
            self.line_bytes -= len;
            self.undo_row();
        }
        if let Some(base) = self.base.take() {
            self.cells.truncate(base.columns().len());
        }
        self.schema = schema;
        self.guesses.clear();
    }

    #[cold]
    fn undo_row(&mut self) {
        let rows = self.rows;
        self.cells.iter_mut().flatten().filter(|c| c.len() > rows).for_each(|c| c.pop());
    }

    /// Accounts for the bytes of the chunk, if it has grown by enough.
    #[inline]
    fn account(&mut self, len: usize) -> Result<(), Stop> {
        let line_bytes = self.line_bytes + len;
        if line_bytes < self.next_account {
            return Ok(());
        }
        if self.lease.set(bytes(&self.cells)).is_err() {
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
        let rows = self.rows;
        let designated = self.schema.designated();
        if self.column(designated)?.len() > rows {
            return self.check_time_from_field(designated);
        }
        let stamp = line
            .stamp()
            .unwrap_or_else(|| Stamp { value: now_nanos(), unit: Some(TimeUnit::Nanos) });
        self.put_designated(designated, stamp.value, stamp.unit.unwrap_or(default_unit))
    }

    /// Checks a time that was set by a field. QuestDB notices a wrong one in its writer, and reports an internal error.
    #[cold]
    fn check_time_from_field(&mut self, designated: usize) -> Result<(), Stop> {
        let table = Arc::clone(self.schema.table());
        let rows = self.rows;
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

    #[inline]
    fn put_designated(&mut self, index: usize, value: i64, unit: TimeUnit) -> Result<(), Stop> {
        let rows = self.rows;
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
            Err(message) => Err(self.bad_time(value, &message)),
        }
    }

    #[cold]
    fn bad_time(&self, value: i64, message: &str) -> Stop {
        let table = self.schema.table();
        let message = format!("table: {table}, timestamp: {value}; {message}");
        Refusal::row(Code::Time, message).into()
    }

    /// Returns the cells of a column, which has all rows before the present one.
    #[inline]
    fn column(&mut self, index: usize) -> Result<&mut Cells, Stop> {
        let rows = self.rows;
        // The column is looked up twice, because the borrow checker does not see that the first one ends here.
        if self.cells.get(index).and_then(Option::as_ref).is_none_or(|c| c.len() < rows) {
            self.lengthen(index)?;
        }
        match self.cells.get_mut(index) {
            Some(Some(cells)) => Ok(cells),
            _ => Err(Stop::NewChunk),
        }
    }

    /// Adds the column to the chunk, or the rows to the column that have no value in it.
    #[cold]
    fn lengthen(&mut self, index: usize) -> Result<(), Stop> {
        let rows = self.rows;
        if self.cells.len() <= index {
            self.cells.resize_with(index + 1, || None);
        }
        let column_type = self.schema.columns()[index].column_type;
        let present = self.cells[index].as_ref().map_or(0, |cells| cells.len());
        // A word and a number for every 64 rows.
        let waste = self.waste + (rows - present) / 64 * 12;
        if waste > FREE_WASTE + WASTE_PER_BYTE * self.line_bytes {
            return Err(Stop::NewChunk);
        }
        self.waste = waste;
        self.cells[index].get_or_insert_with(|| Box::new(Cells::new(column_type))).fill(rows);
        Ok(())
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
        let rows = self.rows;
        let designated = self.schema.designated();
        // If a line has two values for one column, the first one counts. An empty value does not count.
        if matches!(self.cells.get(index), Some(Some(cells)) if cells.len() > rows) {
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
        let (text, column_type) = new_column(&self.schema, name, cell, policy)?;
        if !policy.create_columns {
            let table = self.schema.table();
            let disabled = "does not exist, creating new columns is disabled";
            let why = format!("table: {table}, column: {text} {disabled}");
            return Err(Refusal::row(Code::NoColumn, why));
        }
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

fn bytes(cells: &[Option<Box<Cells>>]) -> usize {
    let columns: usize = cells.iter().flatten().map(|c| c.bytes()).sum();
    columns + size_of_val(cells)
}
