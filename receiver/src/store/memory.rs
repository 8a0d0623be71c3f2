//! The tables of a receiver, and the threads that wait for rows.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::chunk::{Cell, Chunk, designated_type, new_column};
use crate::error::{Result, err, shown};
use crate::limits::{Budget, Full};
use crate::line::{FieldValue, Line, quoted};
use crate::names;
use crate::refusal::{Code, Refusal};
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
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) list: Vec<Arc<Entry>>,
    pub(super) by_lower_name: HashMap<Box<str>, Arc<Entry>>,
}

impl Store {
    pub(crate) fn new(policy: Policy, budget: Arc<Budget>) -> Store {
        let (tables, rows, committed) = Default::default();
        Store { policy, budget, tables, rows, committed }
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
        let schema = schema_for(text, line, &self.policy)?;
        let inserted = self.insert(schema).map_err(|Full| self.full())?;
        Ok(inserted.0)
    }

    pub(super) fn full(&self) -> Refusal {
        Refusal::full(self.budget.max())
    }

    /// Shows the rows of all these chunks to readers, or of none.
    pub(crate) fn commit(&self, chunks: Vec<Chunk>) -> Result<(), Refusal> {
        let placed = chunks.into_iter().map(|chunk| self.place(chunk));
        let placed = placed.collect::<Result<Vec<_>, Refusal>>()?;
        let rows: usize = placed.iter().map(|(_, chunk)| chunk.rows()).sum();
        for (entry, chunk) in &placed {
            entry.push(Arc::clone(chunk));
        }
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
                return Ok((entry, Arc::new(chunk)));
            }
        }
    }

    pub(crate) fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.entry(name).map(|entry| Arc::new(entry.table()))
    }

    pub(crate) fn table_names(&self) -> Vec<String> {
        let list = self.read().list.clone();
        list.iter().map(|entry| entry.schema().table().as_ref().to_owned()).collect()
    }

    pub(crate) fn clear(&self) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let removed = std::mem::take(&mut *tables);
        drop(tables);
        removed.list.iter().for_each(|entry| entry.remove());
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
        let mut total = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let found = self.entry(name);
            let have = found.as_ref().map_or(0, |entry| entry.row_count());
            if let Some(entry) = found.filter(|_| have >= rows) {
                return Ok(Arc::new(entry.table()));
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let name = shown(name);
                return Err(err!(
                    Timeout,
                    "table {name} has {have} of {rows} rows after {timeout:?}"
                ));
            }
            let left = left.unwrap_or(Duration::from_secs(3600));
            let waited = self.committed.wait_timeout(total, left);
            total = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Returns the schema that QuestDB makes for a line with a new table name.
fn schema_for(name: &str, line: &Line<'_>, policy: &Policy) -> Result<Schema, Refusal> {
    let mut schema = Schema::new(name, designated_type(line));
    let fields = line.fields().map(|(name, value)| (name, Cell::Field(value)));
    for (name, cell) in line.symbols().map(|(name, value)| (name, Cell::Tag(value))).chain(fields) {
        let found = std::str::from_utf8(name).ok().and_then(|text| schema.find(text));
        if found.is_some() {
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
    schema.move_designated_last();
    Ok(schema)
}
