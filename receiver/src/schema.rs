//! What a table looks like: its name and its columns. A schema never changes; a new column makes a new schema.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::options::PartitionBy;
use crate::line::quoted;
use crate::names;
use crate::refusal::{Code, Refusal};
use crate::value::ColumnType;

/// The name of the column that holds the time of a row.
pub(crate) const DESIGNATED: &str = "timestamp";
/// The bytes that a column takes in a schema, not counting its name.
const COLUMN_BYTES: usize = 256;
/// The bytes that a table takes, not counting its columns.
const TABLE_BYTES: usize = 1024;
/// A file name has at most 255 bytes, and QuestDB appends two letters to the name of a column for its files.
const MAX_NAME_BYTES: usize = 253;

/// The settings that decide which rows, tables and columns are accepted.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) max_name_len: usize,
    pub(crate) strict_decimals: bool,
    pub(crate) max_columns: usize,
    /// Whether rows make the tables and columns that are missing.
    pub(crate) create_tables: bool,
    pub(crate) create_columns: bool,
}

/// A column of a schema.
#[derive(Debug)]
pub(crate) struct ColumnDef {
    /// The name, spelled as in the row that created the column.
    pub(crate) name: Box<str>,
    pub(crate) column_type: ColumnType,
    /// The digits and places of a column of decimals that was made with them. Its values have as many places.
    pub(crate) decimal: Option<(u8, i8)>,
}

/// The name and the columns of a table. Columns are only added, at the end, and never change their type, so the index of a
/// column means the same in all later schemas of the table.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    id: u64,
    table: Arc<str>,
    columns: Vec<Arc<ColumnDef>>,
    by_lower_name: HashMap<Arc<str>, usize>,
    designated: usize,
    generation: u64,
    bytes: usize,
    partition_by: Option<PartitionBy>,
    /// The columns besides the time that together with it identify a row, if a later row replaces an earlier one.
    keys: Option<Arc<[usize]>>,
}

fn next_id() -> u64 {
    static LAST_ID: AtomicU64 = AtomicU64::new(0);
    LAST_ID.fetch_add(1, Ordering::Relaxed)
}

impl Schema {
    /// Makes the schema of a table that has only the column for the time.
    pub(crate) fn new(table: &str, designated: ColumnType) -> Schema {
        let mut schema = Schema::without_columns(table, None);
        schema.add(DESIGNATED, designated);
        schema
    }

    /// Makes the schema of a table that has no columns yet. Without a unit its partitions are the usual ones.
    pub(crate) fn without_columns(table: &str, partition_by: Option<PartitionBy>) -> Schema {
        Schema {
            id: next_id(),
            table: table.into(),
            columns: Vec::new(),
            by_lower_name: HashMap::new(),
            designated: 0,
            generation: 0,
            bytes: TABLE_BYTES + 2 * table.len(),
            partition_by,
            keys: None,
        }
    }

    /// Sets which columns besides the time identify a row. No chunk may have been made with this schema yet.
    pub(crate) fn set_keys(&mut self, keys: Option<&[usize]>) {
        self.keys = keys.map(Into::into);
    }

    /// Returns the columns besides the time that identify a row, if rows with the same keys replace each other.
    pub(crate) fn keys(&self) -> Option<&[usize]> {
        self.keys.as_deref()
    }

    /// Makes the schema of another table with the same name and columns.
    pub(crate) fn renewed(&self) -> Schema {
        Schema { id: next_id(), ..self.clone() }
    }

    /// Sets which column holds the time of a row. No chunk may have been made with this schema yet.
    pub(crate) fn set_designated(&mut self, index: usize) {
        self.designated = index;
    }

    /// Returns the time that a partition spans, or `None` for the default.
    pub(crate) fn partition_by(&self) -> Option<PartitionBy> {
        self.partition_by
    }

    /// Returns whether both are schemas of one table, and not of two tables that had the same name one after the other.
    pub(crate) fn is_of_same_table(&self, other: &Schema) -> bool {
        self.id == other.id
    }

    /// Returns the name of the table, spelled as it was in the row that created it.
    pub(crate) fn table(&self) -> &Arc<str> {
        &self.table
    }

    /// Returns the columns, in order of creation.
    pub(crate) fn columns(&self) -> &[Arc<ColumnDef>] {
        &self.columns
    }

    /// Returns the index of the column that holds the time of a row.
    pub(crate) fn designated(&self) -> usize {
        self.designated
    }

    /// Returns how often columns were added to the table since it was made.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns about how many bytes the schema takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the index of the column with that name, whose upper and lower case does not matter.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.by_lower_name.get(name.to_lowercase().as_str()).copied()
    }

    /// Adds a column at the end and returns its index.
    pub(crate) fn add(&mut self, name: &str, column_type: ColumnType) -> usize {
        let index = self.columns.len();
        self.bytes += COLUMN_BYTES + 2 * name.len();
        self.columns.push(Arc::new(ColumnDef { name: name.into(), column_type, decimal: None }));
        self.by_lower_name.insert(name.to_lowercase().into(), index);
        index
    }

    /// Gives digits and places to a column of decimals. No chunk may have been made with this schema yet.
    pub(crate) fn set_decimal(&mut self, index: usize, decimal: (u8, i8)) {
        if let Some(column) = self.columns.get_mut(index) {
            let (name, column_type) = (column.name.clone(), column.column_type);
            *column = Arc::new(ColumnDef { name, column_type, decimal: Some(decimal) });
        }
    }

    /// Sets the generation after `before`.
    pub(crate) fn set_generation_after(&mut self, before: &Schema) {
        self.generation = before.generation + 1;
    }

    /// Moves the designated column, which is the first one, behind `others` of the other columns. No chunk may have been made
    /// with this schema yet.
    pub(crate) fn move_designated_behind(&mut self, others: usize) {
        self.columns[..=others].rotate_left(1);
        self.designated = others;
        for (index, column) in self.columns.iter().enumerate() {
            self.by_lower_name.insert(column.name.to_lowercase().into(), index);
        }
    }

    /// Checks whether a row may add a column with that name, and returns the name as text.
    pub(crate) fn check_new_column<'a>(
        &self,
        name: &'a [u8],
        policy: &Policy,
    ) -> Result<&'a str, Refusal> {
        let table = &*self.table;
        let shown = quoted(name);
        let text = std::str::from_utf8(name).map_err(|_| Refusal::not_utf8(table, name))?;
        if !names::is_column_name(text, policy.max_name_len) {
            let why = format!("table: {table}; invalid column name: {shown}");
            return Err(Refusal::row(Code::InvalidName, why));
        }
        if text.len() > MAX_NAME_BYTES {
            let why = format!("errno: 36, error: could not open read-write [file={shown}.d]");
            return Err(Refusal::writing(Code::InvalidName, table, &why));
        }
        if self.columns.len() >= policy.max_columns {
            let max = policy.max_columns;
            let why = format!("table: {table}; too many columns [max={max}]");
            return Err(Refusal::row(Code::TooManyColumns, why));
        }
        Ok(text)
    }
}
