//! Files for other programs to read: `ci/receiver-files` calls this with a folder and looks at them with Python.

use arrow_array::builder::{FixedSizeBinaryBuilder, Float64Builder, ListBuilder};
use arrow_array::{
    BooleanArray, Decimal128Array, Decimal256Array, Float64Array, TimestampNanosecondArray,
};

use super::*;

/// A table with a column of each type, and three rows: values, other values, nothing.
fn every_type() -> (StoredSchema, RecordBatch) {
    let list = |rows: [Option<&[f64]>; 3]| {
        let mut builder = ListBuilder::new(Float64Builder::new());
        for row in rows {
            if let Some(values) = row {
                builder.values().append_slice(values);
            }
            builder.append(row.is_some());
        }
        builder.finish()
    };
    let matrix = || {
        let mut builder = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
        for row in [[1.0, 2.0], [3.0, 4.0]] {
            builder.values().values().append_slice(&row);
            builder.values().append(true);
        }
        builder.append(true);
        builder.append(true);
        builder.append(false);
        builder.finish()
    };
    let fixed = |width: i32| {
        let mut builder = FixedSizeBinaryBuilder::new(width);
        for byte in [1_u8, 255] {
            builder.append_value(vec![byte; usize::try_from(width).unwrap()]).unwrap();
        }
        builder.append_null();
        builder.finish()
    };
    let text: DictionaryArray<arrow_array::types::Int32Type> =
        [Some("Zürich"), Some("a b"), None].into_iter().collect();
    let decimal = Decimal128Array::from(vec![Some(12_345), Some(-1), None]);
    let wide = [1, -7].map(|v| Some(arrow_buffer::i256::from_i128(v)));
    let wide: Decimal256Array = wide.into_iter().chain([None]).collect();
    let times = |step: i64| vec![Some(START * step + 1), Some(START * step + 2), None];
    let utc = TimestampMicrosecondArray::from(vec![START + 1, START + 2, START + 3]);
    let columns: Vec<(&str, StoredType, ArrayRef)> = vec![
        ("timestamp", StoredType::Timestamp, Arc::new(utc.with_timezone("UTC"))),
        ("sym", StoredType::Symbol, Arc::new(text)),
        (
            "txt",
            StoredType::Varchar,
            Arc::new(StringArray::from(vec![Some("x\u{1F600}"), Some(""), None])),
        ),
        ("lng", StoredType::Long, Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(-1), None]))),
        (
            "dbl",
            StoredType::Double,
            Arc::new(Float64Array::from(vec![Some(0.1), Some(-1e300), None])),
        ),
        (
            "boo",
            StoredType::Boolean,
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        (
            "nanos",
            StoredType::TimestampNanos,
            Arc::new(TimestampNanosecondArray::from(times(1000)).with_timezone("UTC")),
        ),
        (
            "micros",
            StoredType::Timestamp,
            Arc::new(TimestampMicrosecondArray::from(times(1)).with_timezone("UTC")),
        ),
        ("l256", StoredType::Long256, Arc::new(fixed(32))),
        ("uuid", StoredType::Uuid, Arc::new(fixed(16))),
        ("arr", StoredType::Array(1), Arc::new(list([Some(&[1.5, 2.5]), Some(&[]), None]))),
        ("mat", StoredType::Array(2), Arc::new(matrix())),
        (
            "dec",
            StoredType::Decimal { precision: 18, scale: 3 },
            Arc::new(decimal.with_precision_and_scale(18, 3).unwrap()),
        ),
        (
            "wide",
            StoredType::Decimal { precision: 76, scale: 2 },
            Arc::new(wide.with_precision_and_scale(76, 2).unwrap()),
        ),
    ];
    let schema = StoredSchema {
        name: "every type".to_owned(),
        columns: columns.iter().map(|(name, t, _)| column(name, *t)).collect(),
        time: 0,
        partition_by: PartitionBy::Month,
        dedup: None,
        generation: 0,
    };
    let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
    let batch = RecordBatch::try_new(schema.arrow(), arrays).unwrap();
    (schema, batch)
}

fn write(folder: &Path) -> RecordBatch {
    let store = FileStore::open(folder, quiet()).unwrap();
    let (schema, batch) = every_type();
    let table = schema.name.clone();
    store.create_table(schema).unwrap();
    store.commit(vec![Rows { table, batch: batch.clone() }]).unwrap();
    drop(store);
    // By way of the log, so that it is part of the test.
    let store = FileStore::open(folder, quiet()).unwrap();
    store.flush().unwrap();
    batch
}

#[test]
fn every_type_comes_back_from_the_log_and_from_files() {
    let folder = Folder::new();
    let batch = write(&folder.0);
    let store = open(&folder);
    let found: Vec<RecordBatch> = store.scan("every type").unwrap().map(Result::unwrap).collect();
    assert_eq!(found, [batch]);
    assert!(folder.0.join("db/every%20type/2024-01/part-0000000001.parquet").exists());
}

#[test]
#[ignore = "ci/receiver-files reads what it writes"]
fn for_other_programs() {
    let Ok(folder) = std::env::var("QUESTDB_FILES_FOLDER") else { return };
    let folder = Path::new(&folder);
    write(folder);
    let store = FileStore::open(folder, quiet()).unwrap();
    store.create_table(schema("trades")).unwrap();
    for id in 0..20 {
        let times: Vec<i64> = (0..50).map(|n| START + n * DAY / 10 + id).collect();
        store.commit(vec![request("trades", id, &times)]).unwrap();
    }
    store.flush().unwrap();
}
