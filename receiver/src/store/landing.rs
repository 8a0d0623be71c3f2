//! What joins the tables of a receiver to files: rows are in the files before anybody sees them. Readers get them from there;
//! in memory are only those that wait for a flush.

mod columns;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::chunk::Chunk;
use crate::config::options::PartitionBy;
use crate::error::{Result, err};
use crate::limits::Budget;
use crate::refusal::{Code, Fault, Refusal};
use crate::schema::Schema;
use crate::table::{Segment, Table};
use crate::value::ColumnType;

use super::entry::Entry;
use super::files::{
    FileError, FileOptions, FileStore, Rows, StoredColumn, StoredSchema, StoredType,
};

pub(crate) use rows::Filed;

/// The digits and places of decimals in files, unless a column was made with others: it has one scale for all of its values.
pub(super) const DECIMAL: (u8, i8) = (38, 18);

/// The files to which a store commits.
#[derive(Debug)]
pub(crate) struct Landing {
    files: FileStore,
    partition_by: PartitionBy,
    /// Held while a table in files gets columns.
    changing: Mutex<()>,
    /// Read while rows are committed, and written while tables are made or removed by hand.
    tables: RwLock<()>,
    /// Tables that rows have changed since it was last looked.
    changed: Mutex<Vec<Arc<Entry>>>,
}

impl Landing {
    /// Opens a folder. Tables whose rows do not name one have this kind of partitions.
    pub(crate) fn open(
        folder: &Path,
        options: FileOptions,
        partition_by: PartitionBy,
    ) -> Result<Landing> {
        let files = FileStore::open(folder, options).map_err(|e| err!(Storage, "{e}"))?;
        let (changing, tables, changed) = Default::default();
        Ok(Landing { files, partition_by, changing, tables, changed })
    }

    /// Returns the tables that the files have.
    pub(super) fn schemas(&self) -> Vec<Schema> {
        let names = self.files.table_names();
        names.iter().filter_map(|name| self.files.schema(name)).map(|s| schema_of(&s)).collect()
    }

    /// Waits for the right to commit: no table is removed meanwhile.
    pub(super) fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the right to make and remove tables: nobody commits meanwhile.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that rows have changed a table.
    pub(super) fn changed(&self, entry: &Arc<Entry>) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if !changed.iter().any(|other| Arc::ptr_eq(other, entry)) {
            changed.push(Arc::clone(entry));
        }
    }

    /// Makes tables as they were changed by rows durable.
    pub(super) fn keep_tables(&self) {
        let _held = self.hold();
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = std::mem::take(&mut *changed);
        drop(changed);
        for entry in entries.iter().filter(|entry| !entry.is_removed()) {
            if self.prepare(&entry.schema()).is_err() {
                self.changed(entry);
            }
        }
    }

    /// Makes a table.
    pub(super) fn create(&self, schema: &Schema) -> Result<()> {
        self.files.create_table(self.stored(schema)).map_err(|e| err!(Storage, "{e}"))
    }

    /// Returns about how many rows a table has. Rows that dedup keys replace may be counted.
    pub(super) fn row_count(&self, schema: &Schema) -> usize {
        usize::try_from(self.files.row_count(schema.table())).unwrap_or(usize::MAX)
    }

    /// Returns a table as it is now. Its rows are read when somebody asks for them.
    pub(super) fn table(&self, schema: &Arc<Schema>, budget: &Arc<Budget>) -> Table {
        let blocks = match self.files.parts(schema.table()).and_then(|parts| parts.blocks()) {
            Ok(blocks) => blocks,
            // Tables that no row was committed to may not be in files yet.
            Err(FileError::NoTable(_)) => Vec::new(),
            Err(error) => return Table::unreadable(Arc::clone(schema), error.to_string()),
        };
        let filed = |block| Filed::new(block, Arc::clone(schema), Arc::clone(budget));
        let segments = blocks.into_iter().map(filed).map(Segment::filed).collect();
        Table::new(Arc::clone(schema), segments)
    }

    /// Commits chunks to the files, all or none.
    pub(super) fn commit<'a>(
        &self,
        chunks: impl Iterator<Item = &'a Chunk>,
    ) -> Result<(), Refusal> {
        let mut rows = Vec::new();
        for chunk in chunks {
            let schema = chunk.schema();
            self.prepare(schema).map_err(|e| refusal(&e))?;
            let batch = columns::batch(chunk).map_err(|why| {
                let message = format!("table: {}; {why}", schema.table());
                Refusal { fault: Fault::Row, code: Code::Cast, message }
            })?;
            rows.push(Rows { table: schema.table().as_ref().to_owned(), batch });
        }
        self.files.commit(rows).map_err(|e| refusal(&e))
    }

    /// Makes the table of a schema, or the columns that it lacks.
    fn prepare(&self, schema: &Schema) -> Result<(), FileError> {
        let complete = |stored: &StoredSchema| stored.columns.len() >= schema.columns().len();
        if self.files.schema(schema.table()).is_some_and(|stored| complete(&stored)) {
            return Ok(());
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.files.schema(schema.table()) {
            None => self.files.create_table(self.stored(schema)),
            Some(stored) if complete(&stored) => Ok(()),
            Some(stored) => {
                let mut wider = StoredSchema::clone(&stored);
                wider.columns.extend(self.stored(schema).columns.drain(stored.columns.len()..));
                self.files.alter(wider)
            }
        }
    }

    fn stored(&self, schema: &Schema) -> StoredSchema {
        let column = |c: &Arc<crate::schema::ColumnDef>| StoredColumn {
            name: c.name.to_string(),
            column_type: stored_type(c.column_type, c.decimal),
        };
        StoredSchema {
            name: schema.table().as_ref().to_owned(),
            columns: schema.columns().iter().map(column).collect(),
            time: schema.designated(),
            partition_by: schema.partition_by().unwrap_or(self.partition_by),
            dedup: schema.keys().map(<[usize]>::to_vec),
            generation: 0,
        }
    }

    /// Removes a table from the files.
    pub(super) fn drop_table(&self, name: &str) -> Result<()> {
        gone(self.files.drop_table(name))
    }

    /// Removes the rows of a table from the files.
    pub(super) fn truncate(&self, name: &str) -> Result<()> {
        gone(self.files.truncate(name))
    }

    /// Removes all tables from the files.
    pub(super) fn clear(&self) {
        for name in self.files.table_names() {
            // A table that cannot be removed now is there after the next start.
            let _ = self.drop_table(&name);
        }
    }

    /// Turns everything that was committed into Parquet files.
    pub(crate) fn flush(&self) -> Result<()> {
        self.files.flush().map_err(|e| err!(Storage, "{e}"))
    }
}

/// Tables that no row was committed to are in memory only, so it is no error that the files lack one.
fn gone(result: Result<(), FileError>) -> Result<()> {
    match result {
        Err(FileError::NoTable(_)) | Ok(()) => Ok(()),
        Err(e) => Err(err!(Storage, "{e}")),
    }
}

/// Returns the answer to a client whose rows the files did not take. Whatever the disk refuses can be sent again later.
fn refusal(error: &FileError) -> Refusal {
    let fault = match error {
        FileError::Full { .. } | FileError::Io { .. } => Fault::Full,
        _ => Fault::Writing,
    };
    Refusal { fault, code: Code::Full, message: error.to_string() }
}

fn stored_type(column_type: ColumnType, decimal: Option<(u8, i8)>) -> StoredType {
    match column_type {
        ColumnType::Symbol => StoredType::Symbol,
        ColumnType::Long => StoredType::Long,
        ColumnType::Double => StoredType::Double,
        ColumnType::Varchar => StoredType::Varchar,
        ColumnType::Boolean => StoredType::Boolean,
        ColumnType::Timestamp => StoredType::Timestamp,
        ColumnType::TimestampNanos => StoredType::TimestampNanos,
        ColumnType::Long256 => StoredType::Long256,
        ColumnType::Array(dimensions) => StoredType::Array(dimensions),
        ColumnType::Decimal => {
            let (precision, scale) = decimal.unwrap_or(DECIMAL);
            StoredType::Decimal { precision, scale }
        }
    }
}

fn schema_of(stored: &StoredSchema) -> Schema {
    let mut schema = Schema::without_columns(&stored.name, Some(stored.partition_by));
    for column in &stored.columns {
        let column_type = match column.column_type {
            StoredType::Symbol => ColumnType::Symbol,
            StoredType::Varchar | StoredType::Uuid => ColumnType::Varchar,
            StoredType::Float | StoredType::Double => ColumnType::Double,
            StoredType::Boolean => ColumnType::Boolean,
            StoredType::Timestamp => ColumnType::Timestamp,
            StoredType::TimestampNanos => ColumnType::TimestampNanos,
            StoredType::Long256 => ColumnType::Long256,
            StoredType::Array(dimensions) => ColumnType::Array(dimensions),
            StoredType::Decimal { .. } => ColumnType::Decimal,
            StoredType::Byte | StoredType::Short | StoredType::Int | StoredType::Long => {
                ColumnType::Long
            }
        };
        let index = schema.add(&column.name, column_type);
        if let StoredType::Decimal { precision, scale } = column.column_type
            && (precision, scale) != DECIMAL
        {
            schema.set_decimal(index, (precision, scale));
        }
    }
    schema.set_designated(stored.time);
    schema.set_keys(stored.dedup.as_deref());
    schema
}
