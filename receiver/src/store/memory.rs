//! All tables behind one lock, with the threads that write rows and those that wait for rows.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Result, err, shown};

use crate::line::{Line, LineParser, ParseError, ParseErrorKind, Progress, TimeUnit, quoted};
use crate::names;
use crate::refusal::Refusal;
use crate::store::table::{DESIGNATED, Limit, Policy, Table};
use crate::value::ColumnType;

/// A refused line of a batch.
#[derive(Debug)]
pub(crate) struct BadLine {
    /// The number of its row in the batch, counted from 1.
    pub(crate) number: u64,
    /// QuestDB's message about it.
    pub(crate) refusal: Refusal,
}

/// How many lines of a buffer were stored.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The length in bytes of the complete lines before the first bad or unfinished one.
    pub(crate) consumed: usize,
    /// The number of rows stored.
    pub(crate) rows: u64,
    /// The least length of the unfinished line that follows, as far as it is known.
    pub(crate) needed: usize,
    /// The bad line that ended the work.
    pub(crate) bad: Option<BadLine>,
}

#[derive(Debug)]
pub(crate) struct MemoryStore {
    policy: Policy,
    max_bytes: usize,
    tables: Mutex<Tables>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Tables {
    list: Vec<Arc<Table>>,
    by_lower_name: HashMap<Box<str>, usize>,
    /// The index of the table of the last row, which is most likely the table of the next one too.
    last: usize,
    bytes: usize,
    /// All rows ever stored, including those that were removed by `clear`.
    total_rows: u64,
}

impl MemoryStore {
    pub(crate) fn new(policy: Policy, max_bytes: usize) -> MemoryStore {
        MemoryStore { policy, max_bytes, tables: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the complete lines at the start of `buffer`, up to the first bad one. The parser remembers its position in an
    /// unfinished line, so the next call must pass the rest of the buffer and more.
    pub(crate) fn append(&self, parser: &mut LineParser, buffer: &[u8], unit: TimeUnit) -> Stored {
        let mut tables = self.lock();
        let stored = tables.append(parser, buffer, unit, self, |_, _| {});
        tables.total_rows += stored.rows;
        drop(tables);
        if stored.rows > 0 {
            self.changed.notify_all();
        }
        stored
    }

    /// Stores all lines of a body or none. Its last line need not have a line end. Tables and columns that it created stay.
    pub(crate) fn append_all(&self, body: &mut Vec<u8>, unit: TimeUnit) -> Result<(), BadLine> {
        let mut tables = self.lock();
        let mut before: Vec<Option<(usize, usize)>> = Vec::new();
        let mut parser = LineParser::new();
        let mut remember = |index: usize, table: &Table| {
            if before.len() <= index {
                before.resize(index + 1, None);
            }
            before[index].get_or_insert((table.row_count(), table.line_bytes()));
        };
        let mut stored = tables.append(&mut parser, body, unit, self, &mut remember);
        if stored.needed > 0 && !parser.is_inside_binary() {
            body.push(b'\n');
            let last = &body[stored.consumed..];
            let last = tables.append(&mut parser, last, unit, self, &mut remember);
            stored.consumed += last.consumed;
            stored.bad = last.bad.map(|bad| BadLine { number: bad.number + stored.rows, ..bad });
            stored.rows += last.rows;
        }
        if stored.bad.is_none() && stored.consumed < body.len() {
            let message = "unfinished line at the end of the request".to_owned();
            stored.bad = Some(BadLine { number: stored.rows + 1, refusal: message.into() });
        }
        if let Some(bad) = stored.bad {
            for (table, before) in tables.list.iter_mut().zip(before) {
                if let Some((rows, bytes)) = before {
                    Arc::make_mut(table).truncate(rows, bytes);
                }
            }
            tables.bytes = tables.list.iter().map(|t| t.bytes()).sum();
            return Err(bad);
        }
        tables.total_rows += stored.rows;
        drop(tables);
        self.changed.notify_all();
        Ok(())
    }

    pub(crate) fn table(&self, name: &str) -> Option<Arc<Table>> {
        let tables = self.lock();
        let index = tables.by_lower_name.get(name.to_lowercase().as_str())?;
        tables.list.get(*index).cloned()
    }

    pub(crate) fn table_names(&self) -> Vec<String> {
        self.lock().list.iter().map(|t| t.name().to_owned()).collect()
    }

    pub(crate) fn create_table(&self, name: &str, columns: &[(&str, ColumnType)]) -> Result<()> {
        if !names::is_table_name(name, self.policy.max_name_len) {
            return Err(err!(InvalidName, "bad table name {}", shown(name)));
        }
        let mut tables = self.lock();
        if tables.by_lower_name.contains_key(name.to_lowercase().as_str()) {
            return Err(err!(TableExists, "table {} exists already", shown(name)));
        }
        let lower = |name: &str| name.to_lowercase();
        let own = columns.iter().find(|(column, _)| lower(column) == DESIGNATED);
        let designated = match own {
            None => ColumnType::Timestamp,
            Some((_, t @ (ColumnType::Timestamp | ColumnType::TimestampNanos))) => *t,
            Some((_, t)) => {
                return Err(err!(InvalidArgument, "column {DESIGNATED} cannot be of type {t}"));
            }
        };
        let mut table = Table::new(name, designated);
        for (column, column_type) in columns {
            if lower(column) == DESIGNATED {
                continue;
            }
            let valid = names::is_column_name(column, self.policy.max_name_len);
            if !valid || table.column(column).is_some() {
                return Err(err!(InvalidName, "bad or repeated column name {}", shown(column)));
            }
            table.add_column(column, *column_type);
        }
        table.move_designated_last();
        tables.insert(table);
        Ok(())
    }

    pub(crate) fn clear(&self) {
        let mut tables = self.lock();
        *tables = Tables { total_rows: tables.total_rows, ..Tables::default() };
    }

    /// Returns the number of all rows ever stored.
    pub(crate) fn total_rows(&self) -> u64 {
        self.lock().total_rows
    }

    /// Waits until more than `seen` rows were stored since the start, or `timeout` has passed. Returns how many rows were
    /// stored.
    pub(crate) fn wait_for_more(&self, seen: u64, timeout: Duration) -> u64 {
        let nothing_new = |tables: &mut Tables| tables.total_rows <= seen;
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, nothing_new);
        waited.unwrap_or_else(PoisonError::into_inner).0.total_rows
    }

    /// Waits until the table has at least `rows` rows.
    pub(crate) fn wait(&self, name: &str, rows: usize, timeout: Duration) -> Result<Arc<Table>> {
        let deadline = Instant::now().checked_add(timeout);
        let lower = name.to_lowercase();
        let mut tables = self.lock();
        loop {
            let index = tables.by_lower_name.get(lower.as_str()).copied();
            let found = index.and_then(|i| tables.list.get(i));
            if let Some(table) = found.filter(|t| t.row_count() >= rows) {
                return Ok(Arc::clone(table));
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let have = found.map_or(0, |t| t.row_count());
                let name = shown(name);
                return Err(err!(
                    Timeout,
                    "table {name} has {have} of {rows} rows after {timeout:?}"
                ));
            }
            let left = left.unwrap_or(Duration::from_secs(3600));
            let waited = self.changed.wait_timeout(tables, left);
            tables = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Tables {
    fn append(
        &mut self,
        parser: &mut LineParser,
        buffer: &[u8],
        unit: TimeUnit,
        store: &MemoryStore,
        mut before_row: impl FnMut(usize, &Table),
    ) -> Stored {
        let mut stored = Stored { consumed: 0, rows: 0, needed: 0, bad: None };
        while stored.consumed < buffer.len() {
            let rest = &buffer[stored.consumed..];
            let refusal = match parser.parse(rest) {
                Ok(Progress::Empty(len)) => {
                    stored.consumed += len;
                    continue;
                }
                Ok(Progress::NeedMore(total)) => {
                    stored.needed = total;
                    break;
                }
                Ok(Progress::Row(line, len)) => {
                    match self.append_row(&line, len, unit, store, &mut before_row) {
                        Ok(()) => {
                            stored.consumed += len;
                            stored.rows += 1;
                            continue;
                        }
                        Err(refusal) => refusal,
                    }
                }
                Err(error) => refusal_of(&error),
            };
            stored.bad = Some(BadLine { number: stored.rows + 1, refusal });
            break;
        }
        stored
    }

    fn append_row(
        &mut self,
        line: &Line<'_>,
        len: usize,
        unit: TimeUnit,
        store: &MemoryStore,
        before_row: &mut impl FnMut(usize, &Table),
    ) -> Result<(), Refusal> {
        if self.bytes.saturating_add(len) > store.max_bytes {
            return Err(Refusal::full(store.max_bytes));
        }
        let index = match self.list.get(self.last) {
            Some(table) if table.name().as_bytes() == line.table() => self.last,
            _ => self.find_or_create(line, store)?,
        };
        self.last = index;
        before_row(index, &self.list[index]);
        // This copies the table if a snapshot of it is still in use.
        let table = Arc::make_mut(&mut self.list[index]);
        let bytes = table.bytes();
        let limit = Limit { max: store.max_bytes, others: self.bytes - bytes };
        let result = table.append(line, len, unit, &store.policy, limit, now_nanos);
        self.bytes = limit.others + table.bytes();
        result
    }

    #[cold]
    fn find_or_create(&mut self, line: &Line<'_>, store: &MemoryStore) -> Result<usize, Refusal> {
        let name = line.table();
        let invalid = || format!("table: {}; invalid table name", quoted(name));
        let text = std::str::from_utf8(name).map_err(|_| invalid())?;
        if let Some(index) = self.by_lower_name.get(text.to_lowercase().as_str()) {
            return Ok(*index);
        }
        if !names::is_table_name(text, store.policy.max_name_len) {
            return Err(invalid().into());
        }
        let limit = Limit { max: store.max_bytes, others: self.bytes };
        Ok(self.insert(Table::for_line(text, line, &store.policy, limit)?))
    }

    fn insert(&mut self, table: Table) -> usize {
        let index = self.list.len();
        self.bytes += table.bytes();
        self.by_lower_name.insert(table.name().to_lowercase().into(), index);
        self.list.push(Arc::new(table));
        index
    }
}

/// Returns the refusal for a line that could not be parsed.
fn refusal_of(error: &ParseError) -> Refusal {
    match error.kind() {
        // QuestDB parses these only when it writes the row.
        ParseErrorKind::MalformedLong256 => {
            Refusal::writing(error.table(), "error: io.questdb.cairo.ImplicitCastException")
        }
        _ => error.to_string().into(),
    }
}

/// Returns the time for rows that have none.
fn now_nanos() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
