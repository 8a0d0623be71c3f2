//! One Parquet file of a table.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::disk::{Disk, Step};
use super::error::{FileError, Result};
use super::merge::Source;
use super::schema::{StoredSchema, StoredType};
use super::{FileOptions, batches, lock, orders, spread};

type ReaderBuilder = ParquetRecordBatchReaderBuilder<File>;

/// A Parquet file. Its rows are sorted by time and belong to one partition.
#[derive(Debug)]
pub(crate) struct Part {
    /// No other file of the store has this number.
    pub(crate) number: u64,
    /// Rows of a part with a higher one were committed later.
    pub(crate) order: u64,
    pub(crate) partition: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// The first and the last time.
    pub(crate) times: (i64, i64),
    pub(crate) path: PathBuf,
    pub(crate) retired: AtomicBool,
}

/// Returns the path of a part.
pub(crate) fn path_of(folder: &Path, table_folder: &str, partition: &str, number: u64) -> PathBuf {
    folder.join("db").join(table_folder).join(partition).join(format!("part-{number:010}.parquet"))
}

/// Returns the number of a part by the name of its file, finished or not.
pub(crate) fn number_of(file: &str) -> Option<u64> {
    let name = file.strip_prefix('.').and_then(|f| f.strip_suffix(".tmp")).unwrap_or(file);
    name.strip_prefix("part-")?.strip_suffix(".parquet")?.parse().ok()
}

impl Part {
    /// Lets the file be removed as soon as nobody reads it.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Returns the rows in batches of `rows`, with the first time. The file is opened when the first batch is asked for; the
    /// part must be held until then.
    pub(crate) fn read(&self, rows: usize) -> (i64, Source) {
        let path = self.path.clone();
        let batches = std::iter::once_with(move || Part::open(path, rows)).flat_map(|opened| {
            let (batches, error) = match opened {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(error))),
            };
            batches.into_iter().flatten().chain(error)
        });
        (self.times.0, Box::new(batches))
    }

    /// Returns some neighbouring rows in batches of `batch`: all columns, or those with these numbers. The part must be held
    /// meanwhile.
    pub(crate) fn read_range(
        &self,
        batch: usize,
        rows: std::ops::Range<u64>,
        columns: Option<&[usize]>,
    ) -> Result<Source> {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Part::open_with(self.path.clone(), |builder| {
            let builder = builder
                .with_batch_size(batch)
                .with_offset(number(rows.start))
                .with_limit(number(rows.end - rows.start));
            match columns {
                None => builder,
                Some(columns) => {
                    let all = builder.parquet_schema().root_schema().get_fields().len();
                    let there = columns.iter().copied().filter(|c| *c < all);
                    let mask = ProjectionMask::roots(builder.parquet_schema(), there);
                    builder.with_projection(mask)
                }
            }
        })
    }

    fn open(path: PathBuf, rows: usize) -> Result<Source> {
        Part::open_with(path, |builder| builder.with_batch_size(rows))
    }

    fn open_with(
        path: PathBuf,
        set: impl FnOnce(ReaderBuilder) -> ReaderBuilder,
    ) -> Result<Source> {
        let file = File::open(&path).map_err(|e| FileError::io("open", &path, e))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| set(builder).build())
            .map_err(|e| FileError::damaged(&path, 0, e.to_string()))?;
        Ok(Box::new(
            reader.map(move |batch| batch.map_err(|e| FileError::damaged(&path, 0, e.to_string()))),
        ))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire) {
            // If it cannot be removed, the next start does it.
            let _ = fs::remove_file(&self.path);
            if let Some(folder) = self.path.parent() {
                // Succeeds only if the partition has no other file.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// A file to which the Parquet crate writes.
struct PartFile {
    file: BufWriter<File>,
    disk: Disk,
    failed: Failed,
}

/// The kind of the last error of the system. The Parquet crate passes errors on as text, from which it could not be told.
type Failed = Arc<Mutex<Option<io::ErrorKind>>>;

impl PartFile {
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            *lock(&self.failed) = Some(error.kind());
        }
        result
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.disk.at(Step::PartWrite).and_then(|()| self.file.write(bytes));
        self.noted(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.file.flush();
        self.noted(result)
    }
}

/// Returns how a file is written whose first rows these are.
fn properties(
    options: &FileOptions,
    schema: &StoredSchema,
    first: &RecordBatch,
) -> WriterProperties {
    let column = i32::try_from(schema.time).unwrap_or(0);
    let sorting = SortingColumn { column_idx: column, descending: false, nulls_first: false };
    let mut properties = WriterProperties::builder();
    for (index, column) in schema.columns.iter().enumerate() {
        // QuestDB 9.3.4 reads bytes of a fixed length only without a dictionary.
        let bytes = matches!(column.column_type, StoredType::Long256 | StoredType::Uuid);
        let path = ColumnPath::new(vec![column.name.clone()]);
        if bytes || first.columns().get(index).is_some_and(spread::is_wide) {
            properties = properties.set_column_dictionary_enabled(path, false);
        }
    }
    properties
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(options.row_group_rows))
        .set_max_row_group_bytes(Some(options.row_group_bytes))
        .set_sorting_columns(Some(vec![sorting]))
        .set_created_by(concat!("questdb-receiver ", env!("CARGO_PKG_VERSION")).to_owned())
        .build()
}

/// A part that is being written under a temporary name.
pub(crate) struct PartWriter {
    disk: Disk,
    number: u64,
    order: u64,
    partition: String,
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<ArrowWriter<PartFile>>,
    failed: Failed,
    rows: u64,
    times: Option<(i64, i64)>,
    time: usize,
    columns: usize,
}

impl PartWriter {
    /// Creates the file and its folder. `path` is the one that it gets at the end. Of the rows that come, `first` are the first ones.
    pub(crate) fn create(
        disk: &Disk,
        root: &Path,
        options: &FileOptions,
        schema: &StoredSchema,
        part: (u64, u64, &str, PathBuf),
        first: &RecordBatch,
    ) -> Result<PartWriter> {
        let (number, order, partition, path) = part;
        let parent = path.parent().unwrap_or(root);
        disk.create_folders(root, parent)?;
        let temporary = parent.join(format!(".part-{number:010}.parquet.tmp"));
        let file = disk.create(Step::PartCreate, &temporary)?;
        let failed = Failed::default();
        let file = BufWriter::with_capacity(1 << 18, file);
        let file = PartFile { file, disk: disk.clone(), failed: Arc::clone(&failed) };
        let properties = properties(options, schema, first);
        let writer = ArrowWriter::try_new(file, schema.arrow(), Some(properties));
        let mut part = PartWriter {
            disk: disk.clone(),
            number,
            order,
            partition: partition.to_owned(),
            path,
            temporary,
            writer: None,
            failed,
            rows: 0,
            times: None,
            time: schema.time,
            columns: schema.columns.len(),
        };
        part.writer = Some(writer.map_err(|e| part.error(e))?);
        Ok(part)
    }

    fn error(&self, error: ParquetError) -> FileError {
        match *lock(&self.failed) {
            Some(kind) => FileError::io("write", &self.temporary, io::Error::new(kind, error)),
            None => {
                FileError::Invalid(format!("cannot write {}: {error}", self.temporary.display()))
            }
        }
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let times = batches::times(batch, self.time)?;
        if let (Some(writer), Some(first), Some(last)) =
            (&mut self.writer, times.first(), times.last())
        {
            let written = writer.write(batch);
            written.map_err(|e| self.error(e))?;
            self.rows += times.len() as u64;
            self.times = Some((self.times.map_or(*first, |(first, _)| first), *last));
        }
        Ok(())
    }

    /// Makes the file durable and gives it its name. The folder is left to the caller.
    pub(crate) fn finish(mut self) -> Result<Part> {
        let path = self.temporary.clone();
        let io_failed = |e| FileError::io("write", &path, e);
        if let Some(writer) = self.writer.take() {
            let file = writer.into_inner().map_err(|e| self.error(e))?;
            let mut file = file.file.into_inner().map_err(|e| io_failed(e.into_error()))?;
            orders::make_usual(&mut file, self.columns).map_err(io_failed)?;
            self.disk.sync(Step::PartSync, &file, &path)?;
        }
        self.disk.rename(Step::PartRename, &path, &self.path)?;
        let bytes = fs::metadata(&self.path).map_err(io_failed)?.len();
        Ok(Part {
            number: self.number,
            order: self.order,
            partition: self.partition.clone(),
            rows: self.rows,
            bytes,
            times: self.times.unwrap_or_default(),
            path: self.path.clone(),
            retired: AtomicBool::new(false),
        })
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        // After a success there is no such file any more.
        self.writer = None;
        let _ = fs::remove_file(&self.temporary);
    }
}
