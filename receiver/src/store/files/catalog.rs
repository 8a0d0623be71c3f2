//! The tables as they are in memory: schemas, Parquet files, and what is in the log only.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;

use super::part::Part;
use super::record::Change;
use super::schema::StoredSchema;
use super::{TableParts, batches, partition};

/// A table.
#[derive(Debug)]
pub(crate) struct StoredTable {
    pub(crate) id: u64,
    pub(crate) schema: Arc<StoredSchema>,
    /// The name of its folder.
    pub(crate) folder: String,
    /// In the order in which their rows were committed.
    pub(crate) parts: Vec<Arc<Part>>,
    /// Batches that a flush is writing, or that one failed to write.
    pub(crate) frozen: Vec<RecordBatch>,
    /// Batches that came since.
    pub(crate) recent: Vec<RecordBatch>,
    /// How often the table was truncated.
    pub(crate) truncated: u64,
}

/// Batches of more rows are not merged any more.
const MERGED_ROWS: usize = 65_536;

impl StoredTable {
    pub(crate) fn new(id: u64, schema: Arc<StoredSchema>) -> StoredTable {
        let folder = partition::folder_name(&schema.name, id);
        StoredTable {
            id,
            schema,
            folder,
            parts: Vec::new(),
            frozen: Vec::new(),
            recent: Vec::new(),
            truncated: 0,
        }
    }

    /// Returns the number of rows, with those that dedup keys replace as long as they are there.
    pub(crate) fn rows(&self) -> u64 {
        let waiting: usize =
            self.frozen.iter().chain(&self.recent).map(RecordBatch::num_rows).sum();
        self.parts.iter().map(|p| p.rows).sum::<u64>() + waiting as u64
    }

    pub(crate) fn snapshot(&self) -> TableParts {
        TableParts {
            schema: Arc::clone(&self.schema),
            parts: self.parts.clone(),
            recent: self.frozen.iter().chain(&self.recent).cloned().collect(),
        }
    }

    /// Returns the last batches if they should be one: a batch is merged with the one before it when it has half as many rows
    /// or more, so each row is copied as often as the logarithm of the number of rows.
    pub(crate) fn small_tail(&self) -> Option<(Arc<StoredSchema>, Vec<RecordBatch>)> {
        let mut rows = 0;
        let mut first = self.recent.len();
        while first > 0 {
            let before = self.recent[first - 1].num_rows();
            if first < self.recent.len() && (before > 2 * rows || before + rows > MERGED_ROWS) {
                break;
            }
            rows += before;
            first -= 1;
        }
        let tail = self.recent.get(first..).filter(|tail| tail.len() > 1)?;
        Some((Arc::clone(&self.schema), tail.to_vec()))
    }

    pub(crate) fn replace_tail(&mut self, count: usize, merged: RecordBatch) {
        self.recent.truncate(self.recent.len().saturating_sub(count));
        self.recent.push(merged);
    }
}

/// What waits to be flushed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unflushed {
    pub(crate) rows: u64,
    /// About the memory that they take.
    pub(crate) bytes: u64,
    /// When the first of them came.
    pub(crate) since: Option<Instant>,
}

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    tables: BTreeMap<u64, StoredTable>,
    by_lower_name: HashMap<String, u64>,
    pub(crate) last_id: u64,
    /// What came since the last flush began.
    pub(crate) unflushed: Unflushed,
    /// What is being flushed.
    pub(crate) flushing: Unflushed,
    /// Parts of tables that were truncated or dropped.
    retired: Vec<Arc<Part>>,
}

impl Catalog {
    pub(crate) fn tables(&self) -> impl Iterator<Item = &StoredTable> {
        self.tables.values()
    }

    pub(crate) fn tables_mut(&mut self) -> impl Iterator<Item = &mut StoredTable> {
        self.tables.values_mut()
    }

    pub(crate) fn by_id(&self, id: u64) -> Option<&StoredTable> {
        self.tables.get(&id)
    }

    pub(crate) fn by_id_mut(&mut self, id: u64) -> Option<&mut StoredTable> {
        self.tables.get_mut(&id)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&StoredTable> {
        self.by_lower_name.get(&name.to_lowercase()).and_then(|id| self.tables.get(id))
    }

    /// Returns the parts that changes have retired; their files are removed when the last reader lets go of them.
    pub(crate) fn take_retired(&mut self) -> Vec<Arc<Part>> {
        self.retired.iter().for_each(|part| part.retire());
        std::mem::take(&mut self.retired)
    }

    /// Returns a number that no table has had.
    pub(crate) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn insert(&mut self, table: StoredTable) {
        self.last_id = self.last_id.max(table.id);
        self.by_lower_name.insert(table.schema.name.to_lowercase(), table.id);
        self.tables.insert(table.id, table);
    }

    /// Finds the tables by their present names. A log may begin before a table was dropped and its name used again.
    pub(crate) fn index_names(&mut self) {
        let names = self.tables.values().map(|t| (t.schema.name.to_lowercase(), t.id));
        self.by_lower_name = names.collect();
    }

    /// Applies a change. The manifest may have it already, so applying it twice changes nothing more.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Create { id, schema } => {
                if !self.tables.contains_key(&id) {
                    self.insert(StoredTable::new(id, schema));
                }
            }
            Change::Alter { id, schema } => {
                if let Some(table) = self.tables.get_mut(&id)
                    && schema.generation > table.schema.generation
                {
                    table.schema = schema;
                }
            }
            Change::Truncate { id } => {
                if let Some(table) = self.tables.get_mut(&id) {
                    table.truncated += 1;
                    self.retired.append(&mut table.parts);
                    table.frozen.clear();
                    table.recent.clear();
                }
            }
            Change::Drop { id } => {
                if let Some(table) = self.tables.remove(&id) {
                    self.retired.extend(table.parts);
                    let name = table.schema.name.to_lowercase();
                    if self.by_lower_name.get(&name) == Some(&id) {
                        self.by_lower_name.remove(&name);
                    }
                }
            }
            Change::Rows(entries) => {
                for entry in entries {
                    if let Some(table) = self.tables.get_mut(&entry.table) {
                        self.unflushed.rows += entry.batch.num_rows() as u64;
                        self.unflushed.bytes += batches::bytes(&entry.batch);
                        table.recent.push(entry.batch);
                    }
                }
                if self.unflushed.rows > 0 {
                    self.unflushed.since.get_or_insert_with(Instant::now);
                }
            }
        }
    }
}
