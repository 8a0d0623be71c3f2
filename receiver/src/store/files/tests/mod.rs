//! Tests of the file store. `kill` ends processes, `full` lets every step fail, `readers` and `measure` run if they are named.

mod basics;
mod damage;
mod full;
mod kill;
mod measure;
mod readers;
mod replay;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::*;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    /// Creates a folder in memory if the system has such: most of the time would be spent waiting for a disk.
    fn new() -> Folder {
        let memory = Path::new("/dev/shm");
        Folder::below(&if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() })
    }

    fn below(parent: &Path) -> Folder {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("questdb-receiver-files-{}-{number}", std::process::id());
        let path = parent.join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Options with which nothing happens unless it is asked for.
fn quiet() -> FileOptions {
    FileOptions { background: false, ..FileOptions::default() }
}

fn open(folder: &Folder) -> FileStore {
    FileStore::open(&folder.0, quiet()).unwrap()
}

fn column(name: &str, column_type: StoredType) -> StoredColumn {
    StoredColumn { name: name.to_owned(), column_type }
}

/// A table of requests: `id` names the request, `n` counts its rows.
fn schema(name: &str) -> StoredSchema {
    StoredSchema {
        name: name.to_owned(),
        columns: vec![
            column("id", StoredType::Long),
            column("n", StoredType::Long),
            column("sym", StoredType::Symbol),
            column("txt", StoredType::Varchar),
            column("timestamp", StoredType::Timestamp),
        ],
        time: 4,
        partition_by: PartitionBy::Day,
        dedup: None,
        generation: 0,
    }
}

fn deduped(name: &str) -> StoredSchema {
    StoredSchema { dedup: Some(vec![0, 1]), ..schema(name) }
}

const DAY: i64 = 86_400_000_000;
/// 2024-01-01.
const START: i64 = 1_704_067_200_000_000;

fn symbols(values: &[String]) -> ArrayRef {
    let values: DictionaryArray<arrow_array::types::Int32Type> =
        values.iter().map(|s| Some(s.as_str())).collect();
    Arc::new(values)
}

/// Rows of the request `id`, with these times.
fn request(table: &str, id: i64, times: &[i64]) -> Rows {
    let n: Vec<i64> = (0..).take(times.len()).collect();
    let utc = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let texts = n.iter().map(|n| format!("text {n} of {id}"));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("timestamp", Arc::new(utc)),
        ("id", Arc::new(Int64Array::from(vec![id; times.len()]))),
        ("n", Arc::new(Int64Array::from(n.clone()))),
        ("sym", symbols(&n.iter().map(|n| format!("s{}", (id + n) % 7)).collect::<Vec<_>>())),
        ("txt", Arc::new(StringArray::from_iter_values(texts))),
    ];
    let fields = columns
        .iter()
        .map(|(name, c)| arrow_schema::Field::new(*name, c.data_type().clone(), true));
    let schema = Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, c)| c).collect();
    Rows { table: table.to_owned(), batch: RecordBatch::try_new(schema, columns).unwrap() }
}

/// For each request that has rows in the table, their numbers in the order of the table.
fn requests(store: &FileStore, table: &str) -> BTreeMap<i64, Vec<i64>> {
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut last = i64::MIN;
    for batch in store.scan(table).unwrap() {
        let batch = batch.unwrap();
        let long = |name| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
        let (id, n) = (long("id"), long("n"));
        let times = batches::times(&batch, 4).unwrap();
        let symbols = batch.column(2).as_dictionary::<arrow_array::types::Int32Type>();
        let symbols = symbols.downcast_dict::<StringArray>().unwrap();
        for row in 0..batch.num_rows() {
            assert!(times[row] >= last, "rows are not by time");
            last = times[row];
            let expected = format!("s{}", (id.value(row) + n.value(row)) % 7);
            assert_eq!(arrow_array::ArrayAccessor::value(&symbols, row), expected);
            let text = batch.column(3).as_string::<i32>().value(row).to_owned();
            assert_eq!(text, format!("text {} of {}", n.value(row), id.value(row)));
            found.entry(id.value(row)).or_default().push(n.value(row));
        }
    }
    found
}

/// All files below a folder whose names end so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
