//! Tables: typed columns in memory, and the conversion of a line to a row.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::cells::Cells;
use super::show::Shown;
use crate::line::{FieldValue, Line, Stamp, TimeUnit, quoted};
use crate::names;
use crate::refusal::Refusal;
use crate::value::{ColumnType, Value};

/// The name of the column that holds the time of a row.
pub(crate) const DESIGNATED: &str = "timestamp";

/// The settings that a table needs when it accepts rows.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) max_name_len: usize,
    pub(crate) strict_decimals: bool,
    pub(crate) max_columns: usize,
}

/// How much memory may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// The bytes that all tables together may take.
    pub(crate) max: usize,
    /// The bytes that the other tables take.
    pub(crate) others: usize,
}

/// The bytes that a column without rows takes, not counting its name.
const COLUMN_BYTES: usize = 512;
/// A file name has at most 255 bytes, and QuestDB appends two letters to the name of a column for its files.
const MAX_NAME_BYTES: usize = 253;

/// A column of a [`Table`].
#[derive(Debug, Clone)]
pub struct Column {
    name: Box<str>,
    cells: Cells,
}

impl Column {
    /// Returns the name, spelled as it was in the row that created the column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type.
    pub fn column_type(&self) -> ColumnType {
        self.cells.column_type()
    }

    /// Returns the cell of a row, or null after the last row.
    pub fn value(&self, row: usize) -> Value<'_> {
        self.cells.get(row)
    }
}

/// The state of a table at one moment.
#[derive(Clone)]
pub struct Table {
    name: Box<str>,
    columns: Vec<Column>,
    by_lower_name: HashMap<Box<str>, usize>,
    rows: usize,
    designated: usize,
    /// For the nth value of a line, the column of the nth value of the last line: most lines have the same columns.
    guesses: Vec<usize>,
    /// The bytes that the rows had on the wire, a lower bound for the size of their texts and arrays.
    line_bytes: usize,
    /// The bytes that the cells of a row take in all columns, null or not.
    row_width: usize,
    /// The bytes of the columns without rows, and of what some values take in addition.
    column_bytes: usize,
}

impl Table {
    /// Returns the name, spelled as it was in the row that created the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns the columns, in order of creation.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column with that name, whose upper and lower case does not matter.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(*self.by_lower_name.get(name.to_lowercase().as_str())?)
    }

    /// Returns the cell of a row in a named column, or `None` if there is no such row or column.
    pub fn value(&self, row: usize, column: &str) -> Option<Value<'_>> {
        let column = self.column(column)?;
        (row < self.rows).then(|| column.value(row))
    }

    /// Returns the cells of a row, in the order of [`columns`](Table::columns), or nothing if there is no such row.
    pub fn row(&self, row: usize) -> Vec<Value<'_>> {
        let columns = if row < self.rows { &self.columns[..] } else { &[] };
        columns.iter().map(|c| c.value(row)).collect()
    }

    /// Returns the column that holds the time of each row.
    pub fn designated(&self) -> &Column {
        &self.columns[self.designated]
    }

    /// Returns the table as aligned text, with at most `max_rows` rows.
    pub fn show(&self, max_rows: usize) -> impl fmt::Display + '_ {
        self.show_rows(0..max_rows)
    }

    /// Returns the table as aligned text, with only the rows in the range.
    pub fn show_rows(&self, rows: Range<usize>) -> impl fmt::Display + '_ {
        Shown { table: self, rows }
    }

    /// Returns about how many bytes the table takes.
    pub(crate) fn bytes(&self) -> usize {
        let rows = self.rows.saturating_mul(self.row_width);
        self.line_bytes.saturating_add(rows).saturating_add(self.column_bytes)
    }

    /// Returns the part of [`bytes`](Table::bytes) that the rows had on the wire.
    pub(crate) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    pub(crate) fn new(name: &str, designated: ColumnType) -> Table {
        let mut table = Table {
            name: name.into(),
            columns: Vec::new(),
            by_lower_name: HashMap::new(),
            rows: 0,
            designated: 0,
            guesses: Vec::new(),
            line_bytes: 0,
            row_width: 0,
            column_bytes: COLUMN_BYTES + 2 * name.len(),
        };
        table.add_column(DESIGNATED, designated);
        table
    }

    /// Returns the table that QuestDB makes for a line with a new table name: with all of its columns, or an error.
    pub(crate) fn for_line(
        name: &str,
        line: &Line<'_>,
        policy: &Policy,
        limit: Limit,
    ) -> Result<Table, Refusal> {
        let mut table = Table::new(name, designated_type(line));
        let fields = line.fields().map(|(name, value)| (name, Cell::Field(value)));
        for (name, cell) in
            line.symbols().map(|(name, value)| (name, Cell::Tag(value))).chain(fields)
        {
            if let (Cell::Field(FieldValue::Decimal(_)), true) = (cell, policy.strict_decimals)
                && table.find(name).is_none()
            {
                let shown = quoted(name);
                let why = "decimal columns must be created manually";
                return Err(format!("table: {}; {why}: {shown}", table.name).into());
            }
            table.find_or_add(name, &cell, policy, limit)?;
        }
        table.move_designated_last();
        Ok(table)
    }

    /// Adds a column, which is null in all present rows, and returns its index.
    pub(crate) fn add_column(&mut self, name: &str, column_type: ColumnType) -> usize {
        let mut cells = Cells::new(column_type);
        cells.fill(self.rows);
        let index = self.columns.len();
        self.row_width += cells.width();
        self.column_bytes += COLUMN_BYTES + 2 * name.len();
        self.columns.push(Column { name: name.into(), cells });
        self.by_lower_name.insert(name.to_lowercase().into(), index);
        index
    }

    /// Moves the designated column after the columns of the line that created the table, as QuestDB does.
    pub(crate) fn move_designated_last(&mut self) {
        let last = self.columns.len() - 1;
        self.columns[self.designated..].rotate_left(1);
        self.designated = last;
        for (index, column) in self.columns.iter().enumerate() {
            self.by_lower_name.insert(column.name.to_lowercase().into(), index);
        }
        self.guesses.clear();
    }

    /// Appends a line as a row. If it is refused, the rows stay as they were, and the refusal has the server's words.
    pub(crate) fn append(
        &mut self,
        line: &Line<'_>,
        len: usize,
        default_unit: TimeUnit,
        policy: &Policy,
        limit: Limit,
        now_nanos: impl FnOnce() -> i64,
    ) -> Result<(), Refusal> {
        let result = self.append_cells(line, default_unit, policy, limit, now_nanos);
        match result {
            Ok(()) => {
                for column in &mut self.columns {
                    column.cells.fill(self.rows + 1);
                }
                self.rows += 1;
                self.line_bytes += len;
            }
            Err(_) => self.truncate(self.rows, self.line_bytes),
        }
        result
    }

    /// Removes the rows after the first `rows`.
    pub(crate) fn truncate(&mut self, rows: usize, line_bytes: usize) {
        for column in &mut self.columns {
            let before = column.cells.extra_bytes();
            column.cells.truncate(rows);
            self.column_bytes -= before - column.cells.extra_bytes();
        }
        self.rows = rows;
        self.line_bytes = line_bytes;
    }

    fn append_cells(
        &mut self,
        line: &Line<'_>,
        default_unit: TimeUnit,
        policy: &Policy,
        limit: Limit,
        now_nanos: impl FnOnce() -> i64,
    ) -> Result<(), Refusal> {
        self.check_room(self.row_width, limit)?;
        let mut position = 0;
        for (name, value) in line.symbols() {
            self.put(position, name, Cell::Tag(value), policy, limit)?;
            position += 1;
        }
        for (name, value) in line.fields() {
            self.put(position, name, Cell::Field(value), policy, limit)?;
            position += 1;
        }
        // A field with the name of the designated column has already set the time.
        if self.columns[self.designated].cells.len() > self.rows {
            return self.check_time_from_field();
        }
        let stamp = line
            .stamp()
            .unwrap_or_else(|| Stamp { value: now_nanos(), unit: Some(TimeUnit::Nanos) });
        self.put_designated(stamp.value, stamp.unit.unwrap_or(default_unit)).map_err(Refusal::from)
    }

    /// Checks a time that was set by a field. QuestDB notices a wrong one in its writer, and reports an internal error.
    fn check_time_from_field(&self) -> Result<(), Refusal> {
        let (value, unit) = match self.columns[self.designated].cells.get(self.rows) {
            Value::TimestampMicros(v) => (v, TimeUnit::Micros),
            Value::TimestampNanos(v) => (v, TimeUnit::Nanos),
            _ => {
                let why = "errno: -1, error: designated timestamp column cannot be NULL";
                return Err(Refusal::writing(&self.name, why));
            }
        };
        designated_range(value, unit).map_err(|message| match unit {
            TimeUnit::Nanos => Refusal::writing(
                &self.name,
                "errno: -1, error: designated timestamp_ns before 1970-01-01 and beyond 2261-12-31 \
                 23:59:59.999999999 is not allowed",
            ),
            _ => Refusal::writing(&self.name, &format!("errno: -1, error: {message}")),
        })
    }

    /// Checks that `more` bytes may be added.
    fn check_room(&self, more: usize, limit: Limit) -> Result<(), Refusal> {
        let all = limit.others.saturating_add(self.bytes()).saturating_add(more);
        if all > limit.max { Err(Refusal::full(limit.max)) } else { Ok(()) }
    }

    fn put_designated(&mut self, value: i64, unit: TimeUnit) -> Result<(), String> {
        let cells = &mut self.columns[self.designated].cells;
        let target = match cells.column_type() {
            ColumnType::TimestampNanos => TimeUnit::Nanos,
            _ => TimeUnit::Micros,
        };
        // A time that does not fit is out of range in either case.
        let converted = convert(value, unit, target).unwrap_or(i64::MAX);
        // The sign is checked before the division, which could lose it.
        match designated_range(if value < 0 { value } else { converted }, target) {
            Ok(()) => cells.push_time(converted),
            Err(message) => return Err(self.bad_time(value, &message)),
        }
        Ok(())
    }

    #[cold]
    fn bad_time(&self, value: i64, message: &str) -> String {
        format!("table: {}, timestamp: {value}; {message}", self.name)
    }

    #[inline]
    fn put(
        &mut self,
        position: usize,
        name: &[u8],
        cell: Cell<'_>,
        policy: &Policy,
        limit: Limit,
    ) -> Result<(), Refusal> {
        let index = match self.guesses.get(position) {
            Some(index) if self.columns[*index].name.as_bytes() == name => *index,
            _ => {
                let index = self.find_or_add(name, &cell, policy, limit)?;
                self.guesses.truncate(position);
                if self.guesses.len() == position {
                    self.guesses.push(index);
                }
                index
            }
        };
        let column = &mut self.columns[index];
        // If a line has two values for one column, the first one counts. An empty value does not count.
        if column.cells.len() > self.rows {
            return Ok(());
        }
        let is_time = matches!(cell, Cell::Field(FieldValue::Timestamp(..)));
        if index == self.designated && !is_time {
            return Err(Refusal::unsupported(&self.name));
        }
        if matches!(cell, Cell::Field(FieldValue::Null)) {
            return Ok(());
        }
        let before = column.cells.extra_bytes();
        let pushed = column.cells.push(cell);
        self.column_bytes += column.cells.extra_bytes() - before;
        pushed.map_err(|refused| refused.told(&self.name, &column.name, cell))
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        let text = std::str::from_utf8(name).ok()?;
        self.by_lower_name.get(text.to_lowercase().as_str()).copied()
    }

    #[cold]
    fn find_or_add(
        &mut self,
        name: &[u8],
        cell: &Cell<'_>,
        policy: &Policy,
        limit: Limit,
    ) -> Result<usize, Refusal> {
        if let Some(index) = self.find(name) {
            return Ok(index);
        }
        let table = &*self.name;
        let shown = quoted(name);
        let text = std::str::from_utf8(name).map_err(|_| not_utf8(table, name))?;
        if !names::is_column_name(text, policy.max_name_len) {
            return Err(format!("table: {table}; invalid column name: {shown}").into());
        }
        if text.len() > MAX_NAME_BYTES {
            let why = format!("errno: 36, error: could not open read-write [file={shown}.d]");
            return Err(Refusal::writing(table, &why));
        }
        if self.columns.len() >= policy.max_columns {
            let max = policy.max_columns;
            return Err(format!("table: {table}; too many columns [max={max}]").into());
        }
        let column_type = match (cell, cell.new_column_type()) {
            (_, Some(ColumnType::Decimal)) if policy.strict_decimals => {
                let why = "errno: -1, error: decimal columns cannot be created automatically";
                let place = format!("[table={table}, columnName={shown}]");
                return Err(Refusal::writing(table, &format!("{why} {place}")));
            }
            (Cell::Field(FieldValue::Array(None)), None) => {
                return Err(Refusal::unsupported(table));
            }
            (_, None) => {
                return Err(format!("table: {table}; invalid column type: {shown}").into());
            }
            (_, Some(column_type)) => column_type,
        };
        let nulls = self.rows.saturating_mul(Cells::width_of(column_type));
        self.check_room(nulls.saturating_add(COLUMN_BYTES + 2 * name.len()), limit)?;
        Ok(self.add_column(text, column_type))
    }
}

/// Returns the refusal for text that is not UTF-8. QuestDB shows the text before the first invalid byte.
pub(super) fn not_utf8(table: &str, text: &[u8]) -> Refusal {
    let why = format!("errno: -1, error: invalid UTF8 in value for {}", quoted(text));
    Refusal::writing(table, &why)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(usize::MAX).fmt(f)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .field("columns", &self.columns.iter().map(Column::name).collect::<Vec<_>>())
            .field("rows", &self.rows)
            .finish()
    }
}

/// A value of a line, before it is stored in a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Tag(&'a [u8]),
    Field(FieldValue<'a>),
}

impl Cell<'_> {
    /// Returns the type of the column that QuestDB makes for the value.
    fn new_column_type(&self) -> Option<ColumnType> {
        let column_type = match self {
            Cell::Tag(_) => ColumnType::Symbol,
            Cell::Field(FieldValue::Boolean(_)) => ColumnType::Boolean,
            Cell::Field(FieldValue::Long(_)) => ColumnType::Long,
            Cell::Field(FieldValue::Double(_)) => ColumnType::Double,
            Cell::Field(FieldValue::String(_)) => ColumnType::Varchar,
            Cell::Field(FieldValue::Long256(_)) => ColumnType::Long256,
            Cell::Field(FieldValue::Timestamp(unit, _)) => timestamp_type(*unit),
            Cell::Field(FieldValue::Decimal(_)) => ColumnType::Decimal,
            Cell::Field(FieldValue::Array(Some(array))) => {
                ColumnType::Array(u8::try_from(array.ndim()).ok()?)
            }
            Cell::Field(FieldValue::Array(None) | FieldValue::Null) => return None,
        };
        Some(column_type)
    }

    /// Returns QuestDB's name for the type on the wire.
    pub(super) fn protocol_type(&self) -> &'static str {
        match self {
            Cell::Tag(_) => "TAG",
            Cell::Field(FieldValue::Null) => "NULL",
            Cell::Field(FieldValue::Boolean(_)) => "BOOLEAN",
            Cell::Field(FieldValue::Long(_)) => "INTEGER",
            Cell::Field(FieldValue::Double(_)) => "FLOAT",
            Cell::Field(FieldValue::String(_)) => "STRING",
            Cell::Field(FieldValue::Long256(_)) => "LONG256",
            Cell::Field(FieldValue::Timestamp(..)) => "TIMESTAMP",
            Cell::Field(FieldValue::Array(_)) => "ARRAY",
            Cell::Field(FieldValue::Decimal(_)) => "DECIMAL",
        }
    }
}

/// Returns the column type for timestamps in that unit.
pub(crate) fn timestamp_type(unit: TimeUnit) -> ColumnType {
    match unit {
        TimeUnit::Nanos => ColumnType::TimestampNanos,
        _ => ColumnType::Timestamp,
    }
}

/// Returns the type of the designated column of a table that this line creates. A timestamp without unit makes a column of
/// microseconds.
pub(crate) fn designated_type(line: &Line<'_>) -> ColumnType {
    let field = line.fields().find_map(|(name, value)| match value {
        FieldValue::Timestamp(unit, _) if name.eq_ignore_ascii_case(DESIGNATED.as_bytes()) => {
            Some(unit)
        }
        _ => None,
    });
    let unit = field.or(line.stamp().and_then(|s| s.unit));
    unit.map_or(ColumnType::Timestamp, timestamp_type)
}

/// Converts between units. Digits that the target does not have are cut off; an overflow is `None`.
pub(super) fn convert(value: i64, unit: TimeUnit, target: TimeUnit) -> Option<i64> {
    let nanos = match unit {
        TimeUnit::Nanos => 1,
        // A timestamp without a unit is in microseconds.
        TimeUnit::Unset | TimeUnit::Micros => 1_000,
        TimeUnit::Millis => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
        TimeUnit::Minutes => 60_000_000_000,
        TimeUnit::Hours => 3_600_000_000_000,
    };
    let divisor = if target == TimeUnit::Nanos { 1 } else { 1_000 };
    i64::try_from(i128::from(value) * nanos / divisor).ok()
}

/// Checks that a designated timestamp is not negative and not after the last one that QuestDB stores.
fn designated_range(value: i64, unit: TimeUnit) -> Result<(), String> {
    const MAX: i64 = 9_214_646_399_999_999_999;
    const MAX_MICROS: i64 = 253_402_300_799_999_999;
    if value < 0 {
        return Err("designated timestamp before 1970-01-01 is not allowed".into());
    }
    if value > MAX {
        return Err(format!("designated timestamp overflow, max[{MAX}]"));
    }
    if unit != TimeUnit::Nanos && value > MAX_MICROS {
        return Err("designated timestamp beyond 9999-12-31 is not allowed".into());
    }
    Ok(())
}
