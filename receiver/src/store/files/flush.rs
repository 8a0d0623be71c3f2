//! What the log holds becomes Parquet files.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;

use super::disk::Step;
use super::error::Result;
use super::log::{self, LogFile};
use super::merge::{Merge, Source};
use super::part::{self, Part, PartWriter};
use super::publish::NewParts;
use super::schema::StoredSchema;
use super::{Inner, batches, lock};

/// A log of this length is flushed even if it has no rows, but changes of tables.
const LOG_WITHOUT_ROWS: u64 = 1 << 20;

/// The rows and the bytes that are sorted at once.
const GROUP: (usize, u64) = (1_000_000, 128 << 20);

/// A table whose rows are being written.
pub(crate) struct Writing {
    pub(crate) id: u64,
    pub(crate) truncated: u64,
    pub(crate) schema: Arc<StoredSchema>,
    pub(crate) folder: String,
}

impl Inner {
    /// Flushes everything that was committed so far.
    pub(crate) fn flush(&self) -> Result<()> {
        let _flushing = lock(&self.flushing);
        let Some(log_from) = self.commits.alone(|log| self.rotate(log))? else { return Ok(()) };
        let result = self.write_frozen(log_from);
        {
            let mut catalog = lock(&self.catalog);
            let flushing = std::mem::take(&mut catalog.flushing);
            if result.is_err() {
                catalog.unflushed.rows += flushing.rows;
                catalog.unflushed.bytes += flushing.bytes;
                catalog.unflushed.since = flushing.since.or(catalog.unflushed.since);
            }
        }
        result?;
        for number in log::numbers(&self.folder)?.into_iter().filter(|n| *n < log_from) {
            // What cannot be removed now is removed at the next start.
            let _ = self.disk.remove(Step::LogRemove, &log::path_of(&self.folder, number));
        }
        Ok(())
    }

    /// Begins a new log file, and sets apart the rows of those before it. Returns the number of the new file, or `None` if
    /// there is nothing to flush.
    fn rotate(&self, log: &mut LogFile) -> Result<Option<u64>> {
        let idle = lock(&self.catalog).tables().all(|t| t.recent.is_empty() && t.frozen.is_empty());
        if idle && log.len() < LOG_WITHOUT_ROWS {
            return Ok(None);
        }
        log.settle(&self.disk)?;
        let number = log.number + 1;
        match LogFile::create(&self.disk, &self.folder, number) {
            Ok(new) => *log = new,
            Err(e) => {
                let _ = std::fs::remove_file(log::path_of(&self.folder, number));
                return Err(e);
            }
        }
        let mut catalog = lock(&self.catalog);
        catalog.flushing = std::mem::take(&mut catalog.unflushed);
        for table in catalog.tables_mut() {
            table.frozen.append(&mut table.recent);
        }
        Ok(Some(number))
    }

    fn write_frozen(&self, log_from: u64) -> Result<()> {
        self.disk.reach(Step::Rotated, "flush", &self.folder)?;
        let ids: Vec<u64> = lock(&self.catalog).tables().map(|t| t.id).collect();
        let mut changes = Vec::new();
        for id in ids {
            let Some((writing, frozen)) = self.frozen_of(id) else { continue };
            match self.write_batches(&writing, frozen) {
                Ok(add) => changes.push(NewParts {
                    table: id,
                    truncated: writing.truncated,
                    add,
                    replaced: Vec::new(),
                    flushed: true,
                }),
                Err(error) => {
                    changes.iter().flat_map(|c| &c.add).for_each(|part| part.retire());
                    return Err(error);
                }
            }
        }
        self.publish(changes, Some(log_from))
    }

    fn frozen_of(&self, id: u64) -> Option<(Writing, Vec<RecordBatch>)> {
        let catalog = lock(&self.catalog);
        let table = catalog.by_id(id).filter(|t| !t.frozen.is_empty())?;
        let writing = Writing {
            id,
            truncated: table.truncated,
            schema: Arc::clone(&table.schema),
            folder: table.folder.clone(),
        };
        Some((writing, table.frozen.clone()))
    }

    /// Writes batches as parts, some at a time, so that memory is bounded however long the log is.
    fn write_batches(&self, table: &Writing, batches: Vec<RecordBatch>) -> Result<Vec<Arc<Part>>> {
        let mut parts = Vec::new();
        let mut group: Vec<(i64, Source)> = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        let mut rest = batches.into_iter().peekable();
        while let Some(batch) = rest.next() {
            rows += batch.num_rows();
            bytes += batches::bytes(&batch);
            let wide = batches::widen(&table.schema, &batch)?;
            group.extend(batches::sorted_source(wide, table.schema.time)?);
            let full = rows >= GROUP.0 || bytes >= GROUP.1;
            if full || rest.peek().is_none() {
                let merge = Merge::new(&table.schema, std::mem::take(&mut group));
                (rows, bytes) = (0, 0);
                match self.write_parts(table, merge, None) {
                    Ok(new) => parts.extend(new),
                    Err(error) => {
                        parts.iter().for_each(|part: &Arc<Part>| part.retire());
                        return Err(error);
                    }
                }
            }
        }
        Ok(parts)
    }

    /// Writes sorted rows as one part for each partition. `order` is given if they replace others, otherwise they are the
    /// latest ones. If it fails, nothing is left of them.
    pub(crate) fn write_parts(
        &self,
        table: &Writing,
        rows: Merge,
        order: Option<u64>,
    ) -> Result<Vec<Arc<Part>>> {
        let mut parts: Vec<Arc<Part>> = Vec::new();
        let result = self.try_write_parts(table, rows, order, &mut parts);
        if result.is_err() {
            parts.iter().for_each(|part| part.retire());
        }
        result.map(|()| parts)
    }

    fn try_write_parts(
        &self,
        table: &Writing,
        rows: Merge,
        order: Option<u64>,
        parts: &mut Vec<Arc<Part>>,
    ) -> Result<()> {
        let schema = &table.schema;
        // The writer, and the last time of its partition.
        let mut open: Option<(PartWriter, i64)> = None;
        for batch in rows {
            let mut batch = batch?;
            while batch.num_rows() > 0 {
                let times = batches::times(&batch, schema.time)?;
                let (mut writer, last) = match open.take() {
                    Some((writer, last)) if times[0] <= last => (writer, last),
                    other => {
                        if let Some((writer, _)) = other {
                            parts.push(Arc::new(writer.finish()?));
                        }
                        self.new_part(table, &batch, times[0], order)?
                    }
                };
                let count = times.partition_point(|time| *time <= last);
                writer.write(&batch.slice(0, count))?;
                batch = batch.slice(count, batch.num_rows() - count);
                open = Some((writer, last));
            }
        }
        if let Some((writer, _)) = open {
            parts.push(Arc::new(writer.finish()?));
        }
        let folders: BTreeSet<&Path> = parts.iter().filter_map(|p| p.path.parent()).collect();
        folders.into_iter().try_for_each(|folder| self.disk.sync_folder(folder))
    }

    fn new_part(
        &self,
        table: &Writing,
        first: &RecordBatch,
        time: i64,
        order: Option<u64>,
    ) -> Result<(PartWriter, i64)> {
        let schema = &table.schema;
        let (partition, last) = schema.partition_by.of(time, schema.per_second());
        let number = self.next_part.fetch_add(1, Ordering::Relaxed);
        let path = part::path_of(&self.folder, &table.folder, &partition, number);
        let part = (number, order.unwrap_or(number), partition.as_str(), path);
        let (disk, folder, options) = (&self.disk, &self.folder, &self.options);
        Ok((PartWriter::create(disk, folder, options, schema, part, first)?, last))
    }
}
