//! The tables of a receiver, and the threads that wait for rows.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::chunk::{Cell, Chunk, designated_type, new_column};
use crate::error::{Result, err, shown};
use crate::limits::{Budget, Full};
use crate::line::{FieldValue, Line, quoted};
use crate::names;
use crate::refusal::{Code, Fault, Refusal};
use crate::schema::{Policy, Schema};
use crate::table::Table;

use super::entry::{Entry, Published};

/// All tables of a receiver.
#[derive(Debug)]
pub(crate) struct Store {
    policy: Policy,
    budget: Arc<Budget>,
    pub(super) tables: RwLock<Tables>,
    /// The number of all rows ever committed, including those that were removed by `clear`.
    rows: Mutex<u64>,
    /// Is notified when rows were committed.
    committed: Condvar,
    /// Where rows are kept for good, if anywhere.
    #[cfg(feature = "files")]
    landing: Option<super::landing::Landing>,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) list: Vec<Arc<Entry>>,
    pub(super) by_lower_name: HashMap<Box<str>, Arc<Entry>>,
}

impl Store {
    pub(crate) fn new(policy: Policy, budget: Arc<Budget>) -> Store {
        let (tables, rows, committed) = Default::default();
        Store {
            policy,
            budget,
            tables,
            rows,
            committed,
            #[cfg(feature = "files")]
            landing: None,
        }
    }

    /// Commits to files from now on, and makes the tables that they have.
    #[cfg(feature = "files")]
    pub(crate) fn land_in(&mut self, landing: super::landing::Landing) {
        for schema in landing.schemas() {
            // Without room for it, a row that comes makes the table again.
            let _ = self.insert(schema);
        }
        self.landing = Some(landing);
    }

    /// Returns the files, if there are any.
    #[cfg(feature = "files")]
    pub(crate) fn landing(&self) -> Option<&super::landing::Landing> {
        self.landing.as_ref()
    }

    /// Returns whether rows are kept in files.
    pub(crate) fn has_files(&self) -> bool {
        #[cfg(feature = "files")]
        return self.landing.is_some();
        #[cfg(not(feature = "files"))]
        false
    }

    /// Puts rows where readers find them.
    fn keep(&self, placed: &[(Arc<Entry>, Arc<Chunk>)]) -> Result<(), Refusal> {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            return landing.commit(placed.iter().map(|(_, chunk)| &**chunk));
        }
        for (entry, chunk) in placed {
            entry.push(Arc::clone(chunk));
        }
        Ok(())
    }

    /// Tells that a table was made or has got columns. They stay even if the row that made them is refused.
    pub(super) fn changed(&self, entry: &Arc<Entry>) {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            landing.changed(entry);
        }
        let _ = entry;
    }

    /// Makes tables and columns durable that rows have made, although the rows were refused.
    pub(crate) fn keep_tables(&self) {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            landing.keep_tables();
        }
    }

    /// Turns what is in files into Parquet files, which other programs read.
    pub(crate) fn flush(&self) {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            // If that fails, the log has the rows, and the next start reads it.
            let _ = landing.flush();
        }
    }

    /// Waits for the right to add rows: no table is removed meanwhile.
    #[cfg(feature = "files")]
    fn hold_tables(&self) -> Option<std::sync::RwLockReadGuard<'_, ()>> {
        self.landing.as_ref().map(super::landing::Landing::hold)
    }

    /// Returns about how many rows a table has. Rows that others replace may be counted.
    fn rows_of(&self, entry: &Entry) -> usize {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            return landing.row_count(&entry.schema());
        }
        entry.row_count()
    }

    fn table_of(&self, entry: &Entry) -> Table {
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            return landing.table(&entry.schema(), &self.budget);
        }
        entry.table()
    }

    /// Returns about how many rows a table has, or 0 if there is none.
    pub(crate) fn row_count(&self, name: &str) -> usize {
        self.entry(name).map_or(0, |entry| self.rows_of(&entry))
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        self.read().by_lower_name.get(name.to_lowercase().as_str()).cloned()
    }

    /// Adds a table, or returns the one that has its name already, and whether that was the case.
    pub(super) fn insert(&self, schema: Schema) -> Result<(Arc<Entry>, bool), Full> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let lower = schema.table().to_lowercase();
        if let Some(entry) = tables.by_lower_name.get(lower.as_str()) {
            return Ok((Arc::clone(entry), true));
        }
        let entry = self.new_entry(schema)?;
        tables.by_lower_name.insert(lower.into(), Arc::clone(&entry));
        tables.list.push(Arc::clone(&entry));
        drop(tables);
        self.changed(&entry);
        Ok((entry, false))
    }

    /// Makes a table without rows, which is not among the others yet.
    pub(super) fn new_entry(&self, schema: Schema) -> Result<Arc<Entry>, Full> {
        Ok(Arc::new(Entry::new(schema, self.budget.lease())?))
    }

    /// Returns the table of a line. If there is none, makes the one that QuestDB makes for it: with all of its columns.
    pub(super) fn table_for(&self, line: &Line<'_>) -> Result<Arc<Entry>, Refusal> {
        let name = line.table();
        let invalid = || {
            let message = format!("table: {}; invalid table name", quoted(name));
            Refusal::row(Code::InvalidName, message)
        };
        let text = std::str::from_utf8(name).map_err(|_| invalid())?;
        if let Some(entry) = self.entry(text) {
            return Ok(entry);
        }
        if !names::is_table_name(text, self.policy.max_name_len) {
            return Err(invalid());
        }
        if !self.policy.create_tables {
            let disabled = "table does not exist, creating new tables is disabled";
            return Err(Refusal::row(Code::NoTable, format!("table: {text}; {disabled}")));
        }
        if !self.policy.create_columns {
            let disabled =
                "table does not exist, cannot create table, creating new columns is disabled";
            return Err(Refusal::row(Code::NoTable, format!("table: {text}; {disabled}")));
        }
        let schema = schema_for(text, line, &self.policy)?;
        let inserted = self.insert(schema).map_err(|Full| self.full())?;
        Ok(inserted.0)
    }

    pub(super) fn full(&self) -> Refusal {
        Refusal::full(self.budget.max())
    }

    /// Shows the rows of all these chunks to readers, or of none.
    pub(crate) fn commit(&self, chunks: Vec<Chunk>) -> Result<(), Refusal> {
        self.commit_when_room(chunks, || false)
    }

    /// Commits chunks. As long as the files have no room for them and `wait` returns true, they are offered again.
    pub(crate) fn commit_when_room(
        &self,
        chunks: Vec<Chunk>,
        mut wait: impl FnMut() -> bool,
    ) -> Result<(), Refusal> {
        #[cfg(feature = "files")]
        let mut held = self.hold_tables();
        let placed = chunks.into_iter().map(|chunk| self.place(chunk));
        let placed = placed.collect::<Result<Vec<_>, Refusal>>()?;
        while let Err(refusal) = self.keep(&placed) {
            #[cfg(feature = "files")]
            drop(held.take());
            if refusal.fault != Fault::Full || !wait() {
                return Err(refusal);
            }
            #[cfg(feature = "files")]
            {
                held = self.hold_tables();
            }
        }
        let rows: usize = placed.iter().map(|(_, chunk)| chunk.rows()).sum();
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) += rows as u64;
        self.committed.notify_all();
        placed.iter().for_each(|(entry, _)| entry.merge_tail());
        Ok(())
    }

    /// Returns the table of a chunk. If the table was removed while the chunk grew, the chunk is one of the table that has its
    /// name now, as if its rows had come later.
    fn place(&self, mut chunk: Chunk) -> Result<(Arc<Entry>, Arc<Chunk>), Refusal> {
        let named = self.entry(chunk.schema().table());
        if let Some(entry) = named.filter(|e| e.schema().is_of_same_table(chunk.schema())) {
            return Ok((entry, Arc::new(chunk)));
        }
        let same = Schema::clone(chunk.schema());
        let (entry, existed) = self.insert(same).map_err(|Full| self.full())?;
        if !existed {
            return Ok((entry, Arc::new(chunk)));
        }
        loop {
            let base = entry.schema();
            chunk = chunk.recast(&base)?;
            if Arc::ptr_eq(chunk.schema(), &base) {
                return Ok((entry, Arc::new(chunk)));
            }
            let published = entry.publish(&base, chunk.schema()).map_err(|Full| self.full())?;
            if matches!(published, Published::Done) {
                self.changed(&entry);
                return Ok((entry, Arc::new(chunk)));
            }
        }
    }

    pub(crate) fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.entry(name).map(|entry| Arc::new(self.table_of(&entry)))
    }

    pub(crate) fn table_names(&self) -> Vec<String> {
        let list = self.read().list.clone();
        list.iter().map(|entry| entry.schema().table().as_ref().to_owned()).collect()
    }

    pub(crate) fn clear(&self) {
        #[cfg(feature = "files")]
        let _alone = self.landing.as_ref().map(super::landing::Landing::alone);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let removed = std::mem::take(&mut *tables);
        drop(tables);
        removed.list.iter().for_each(|entry| entry.remove());
        #[cfg(feature = "files")]
        if let Some(landing) = &self.landing {
            landing.clear();
        }
    }

    /// Returns the number of all rows ever committed.
    pub(crate) fn total_rows(&self) -> u64 {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until more than `seen` rows were committed since the start, or `timeout` has passed. Returns how many rows were
    /// committed.
    pub(crate) fn wait_for_more(&self, seen: u64, timeout: Duration) -> u64 {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.committed.wait_timeout_while(rows, timeout, |rows| *rows <= seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until the table has at least `rows` rows.
    pub(crate) fn wait(&self, name: &str, rows: usize, timeout: Duration) -> Result<Arc<Table>> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            // The number is read before the table. Nobody who commits waits for a look at the table, which may read files.
            let seen = self.total_rows();
            let found = self.entry(name);
            let mut have = found.as_ref().map_or(0, |entry| self.rows_of(entry));
            if let Some(entry) = found.filter(|_| have >= rows) {
                let table = self.table_of(&entry);
                have = table.row_count();
                if have >= rows {
                    return Ok(Arc::new(table));
                }
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let name = shown(name);
                return Err(err!(
                    Timeout,
                    "table {name} has {have} of {rows} rows after {timeout:?}"
                ));
            }
            self.wait_for_more(seen, left.unwrap_or(Duration::from_secs(3600)));
        }
    }
}

/// Returns the schema that QuestDB makes for a line with a new table name.
fn schema_for(name: &str, line: &Line<'_>, policy: &Policy) -> Result<Schema, Refusal> {
    let mut schema = Schema::new(name, designated_type(line));
    // The designated column stands where the line names it first, otherwise behind the columns of the line.
    let mut named_behind = None;
    let fields = line.fields().map(|(name, value)| (name, Cell::Field(value)));
    for (name, cell) in line.symbols().map(|(name, value)| (name, Cell::Tag(value))).chain(fields) {
        let found = std::str::from_utf8(name).ok().and_then(|text| schema.find(text));
        if let Some(index) = found {
            if index == schema.designated() {
                named_behind.get_or_insert(schema.columns().len() - 1);
            }
            continue;
        }
        if let (Cell::Field(FieldValue::Decimal(_)), true) = (cell, policy.strict_decimals) {
            let (table, shown) = (schema.table(), quoted(name));
            let why = "decimal columns must be created manually";
            return Err(Refusal::row(Code::ColumnType, format!("table: {table}; {why}: {shown}")));
        }
        let (text, column_type) = new_column(&schema, name, &cell, policy)?;
        schema.add(text, column_type);
    }
    schema.move_designated_behind(named_behind.unwrap_or(schema.columns().len() - 1));
    Ok(schema)
}
