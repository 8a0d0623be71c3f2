//! Tables kept in files: a log that makes a commit durable, and Parquet files, one folder for each partition of a table.
//!
//! ```text
//! DIR/lock                               held by the process that uses the folder
//! DIR/manifest                           the tables, their Parquet files, and the first log file that is still needed
//! DIR/log/0000000001.log                 commits since the last flush
//! DIR/db/TABLE/PARTITION/part-N.parquet  rows by time
//! ```
//!
//! A commit is written to the log; all requests that wait share one `fsync`. A flush turns what the log holds into Parquet
//! files: it writes them under temporary names, makes them durable, renames them, and then replaces the manifest by the same
//! steps. Only then does it remove the log. Whatever the manifest does not name is removed at the next start, so no
//! half-written file is ever part of a table. Compaction merges the files of a partition in the same way.

#[cfg(any(test, fuzzing))]
mod any_rows;
mod batches;
mod blocks;
mod catalog;
mod commit;
mod compact;
mod disk;
mod error;
mod flush;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod heads;
mod join;
mod log;
mod manifest;
mod merge;
mod options;
mod orders;
mod part;
mod partition;
mod publish;
mod record;
mod replay;
#[cfg(test)]
mod scan;
mod schema;
mod spread;
mod start;
#[cfg(test)]
mod tests;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use arrow_array::RecordBatch;

use catalog::Catalog;
use commit::Commits;
use disk::{Disk, FolderLock};
use worker::Work;

use crate::config::options::PartitionBy;
pub(crate) use blocks::Block;
#[cfg(test)]
pub(crate) use disk::{FaultHook, Step};
pub(crate) use error::{FileError, Result};
pub(crate) use options::{Durability, FileOptions};
pub(crate) use part::Part;
#[cfg(test)]
use scan::Scan;
pub(crate) use schema::{StoredColumn, StoredSchema, StoredType};

/// Locks a mutex. A thread that panicked cannot have left half a change, because every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows for one table: columns of the table in any order; columns that are left out have no values.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// The name of the table, in any case.
    pub(crate) table: String,
    /// The values, with the names and types of the table's columns.
    pub(crate) batch: RecordBatch,
}

/// What a table has at one moment, for readers: parts stay readable as long as they are held.
#[derive(Debug, Clone)]
pub(crate) struct TableParts {
    pub(crate) schema: Arc<StoredSchema>,
    /// Parquet files, in the order in which their rows were committed.
    pub(crate) parts: Vec<Arc<Part>>,
    /// Batches that are in the log only, in the order of their commits. They may lack columns.
    pub(crate) recent: Vec<RecordBatch>,
}

impl TableParts {
    /// Returns the number of rows. Rows that another row with the same keys replaces count until compaction removes them.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> u64 {
        let recent: usize = self.recent.iter().map(RecordBatch::num_rows).sum();
        self.parts.iter().map(|p| p.rows).sum::<u64>() + recent as u64
    }
}

/// A folder with tables. It is locked: no other process, and no other store of this one, can open it meanwhile.
#[derive(Debug)]
pub(crate) struct FileStore {
    inner: Arc<Inner>,
    worker: Option<JoinHandle<()>>,
}

/// What the threads share.
///
/// Locks are taken in this order: `changing`, `flushing`, `compacting`, then the right to write the log (in `commits`),
/// `publishing`, and last `catalog`, which is never held while a file is read or written.
#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    options: FileOptions,
    disk: Disk,
    catalog: Mutex<Catalog>,
    commits: Commits,
    /// Held while tables are created, changed or removed: one change of this kind at a time.
    changing: Mutex<()>,
    flushing: Mutex<()>,
    compacting: Mutex<()>,
    /// Held while the manifest is replaced.
    publishing: Mutex<publish::Published>,
    next_part: AtomicU64,
    work: Mutex<Work>,
    work_changed: Condvar,
    /// Keeps the folder locked.
    _folder_lock: FolderLock,
}

impl FileStore {
    /// Opens a folder, creates it if there is none, and restores what was committed.
    ///
    /// # Errors
    ///
    /// `Locked` if another process uses it; `Damaged` if a file that is needed cannot be read; `Io` and `Full` of the system.
    pub(crate) fn open(folder: &Path, options: FileOptions) -> Result<FileStore> {
        let inner = Arc::new(start::open(folder, options)?);
        let worker = worker::start(&inner)?;
        inner.wake_if_due(true);
        Ok(FileStore { inner, worker })
    }

    /// Returns the names of all tables in the order in which they were created.
    pub(crate) fn table_names(&self) -> Vec<String> {
        lock(&self.inner.catalog).tables().map(|t| t.schema.name.clone()).collect()
    }

    /// Returns the number of rows of a table, or 0 if there is none. Rows that dedup keys replace may be counted.
    pub(crate) fn row_count(&self, table: &str) -> u64 {
        lock(&self.inner.catalog).by_name(table).map_or(0, catalog::StoredTable::rows)
    }

    /// Returns the schema of a table.
    pub(crate) fn schema(&self, table: &str) -> Option<Arc<StoredSchema>> {
        lock(&self.inner.catalog).by_name(table).map(|t| Arc::clone(&t.schema))
    }

    /// Creates a table; it is durable when this returns.
    ///
    /// # Errors
    ///
    /// `TableExists`, also for a name that differs in case only; `Invalid` if the schema is none; errors of [`commit`](Self::commit).
    pub(crate) fn create_table(&self, schema: StoredSchema) -> Result<()> {
        schema.check()?;
        let _changing = lock(&self.inner.changing);
        let id = {
            let mut catalog = lock(&self.inner.catalog);
            if catalog.by_name(&schema.name).is_some() {
                return Err(FileError::TableExists(schema.name));
            }
            catalog.new_id()
        };
        let schema = Arc::new(schema);
        self.inner.commit_change(record::Change::Create { id, schema })
    }

    /// Adds columns to a table, or changes its dedup keys: the new schema must begin with the columns of the present one.
    ///
    /// # Errors
    ///
    /// `NoTable`; `Invalid` if columns were removed or changed; errors of [`commit`](Self::commit).
    pub(crate) fn alter(&self, mut schema: StoredSchema) -> Result<()> {
        let _changing = lock(&self.inner.changing);
        let (id, now) = self.find(&schema.name)?;
        schema.generation = now.generation + 1;
        schema.check()?;
        if !schema.continues(&now) {
            return Err(FileError::Invalid(format!(
                "columns of table {} can only be added",
                now.name
            )));
        }
        self.inner.commit_change(record::Change::Alter { id, schema: Arc::new(schema) })
    }

    /// Removes all rows of a table.
    ///
    /// # Errors
    ///
    /// `NoTable`; errors of [`commit`](Self::commit).
    pub(crate) fn truncate(&self, table: &str) -> Result<()> {
        let _changing = lock(&self.inner.changing);
        let (id, _) = self.find(table)?;
        self.inner.commit_change(record::Change::Truncate { id })
    }

    /// Removes a table.
    ///
    /// # Errors
    ///
    /// `NoTable`; errors of [`commit`](Self::commit).
    pub(crate) fn drop_table(&self, table: &str) -> Result<()> {
        let _changing = lock(&self.inner.changing);
        let (id, _) = self.find(table)?;
        self.inner.commit_change(record::Change::Drop { id })
    }

    /// Commits rows of any number of tables, all or none, and waits until they are as durable as the options say. Waiting
    /// requests share one `fsync`.
    ///
    /// # Errors
    ///
    /// `NoTable` and `Invalid` if rows and tables do not fit; `Full` if there is no room: nothing was stored, and the same
    /// rows can be committed later; `Io` if the system refuses otherwise.
    pub(crate) fn commit(&self, rows: Vec<Rows>) -> Result<()> {
        let mut entries = Vec::with_capacity(rows.len());
        for Rows { table, batch } in rows {
            let (id, schema) = self.find(&table)?;
            let columns = schema.columns_of(&batch)?;
            if batch.num_rows() > 0 {
                entries.push(record::RowsEntry { table: id, columns, batch });
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.inner.wait_for_room()?;
        self.inner.commit_change(record::Change::Rows(entries))
    }

    /// Returns what a table has now.
    ///
    /// # Errors
    ///
    /// `NoTable`.
    pub(crate) fn parts(&self, table: &str) -> Result<TableParts> {
        let catalog = lock(&self.inner.catalog);
        let table = catalog.by_name(table).ok_or_else(|| FileError::NoTable(table.to_owned()))?;
        Ok(table.snapshot())
    }

    /// Returns the rows of a table by time, those with equal times in the order of their commits. With dedup keys, only the
    /// last of the rows that have the same time and keys is returned, wherever the others are.
    ///
    /// # Errors
    ///
    /// `NoTable`, and `Damaged` or `Io` if a file cannot be read.
    #[cfg(test)]
    pub(crate) fn scan(&self, table: &str) -> Result<Scan> {
        Scan::new(&self.parts(table)?)
    }

    /// Turns everything that was committed into Parquet files, and removes the log of it.
    ///
    /// # Errors
    ///
    /// `Full` and `Io`: everything is as before, and can be tried again.
    pub(crate) fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    /// Merges the Parquet files of each partition to one, and removes rows that dedup keys replace.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    #[cfg(test)]
    pub(crate) fn compact(&self) -> Result<()> {
        self.inner.compact(compact::Extent::All)
    }

    fn find(&self, table: &str) -> Result<(u64, Arc<StoredSchema>)> {
        let catalog = lock(&self.inner.catalog);
        let found = catalog.by_name(table).ok_or_else(|| FileError::NoTable(table.to_owned()))?;
        Ok((found.id, Arc::clone(&found.schema)))
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.inner.stop_worker();
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has nothing left to do.
            let _ = worker.join();
        }
        // What `interval` and `never` have not made durable yet; there is nobody left to tell of a failure.
        let _ = self.inner.commits.sync(&self.inner.disk);
    }
}
