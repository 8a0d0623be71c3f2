//! Tables and rows of every type that rows make, for tests and fuzz targets of what the log keeps.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use arrow_schema::{DataType, Field, Schema};

use super::{PartitionBy, Rows, StoredColumn, StoredSchema, StoredType, batches};

fn column(name: &str, column_type: StoredType) -> StoredColumn {
    StoredColumn { name: name.to_owned(), column_type }
}

/// A table of every type that rows make.
pub(crate) fn all_types(arrays: bool) -> StoredSchema {
    let mut columns = vec![
        column("timestamp", StoredType::Timestamp),
        column("n", StoredType::Long),
        column("d", StoredType::Double),
        column("b", StoredType::Boolean),
        column("s", StoredType::Symbol),
        column("v", StoredType::Varchar),
        column("ns", StoredType::TimestampNanos),
        column("l", StoredType::Long256),
        column("dec", StoredType::Decimal { precision: 38, scale: 18 }),
    ];
    columns.extend(arrays.then(|| column("a", StoredType::Array(1))));
    let (time, partition_by, dedup, generation) = (0, PartitionBy::Day, None, 0);
    let name = if arrays { "arrays" } else { "plain" }.to_owned();
    StoredSchema { name, columns, time, partition_by, dedup, generation }
}

/// Numbers that look random.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end).unwrap()
    }

    /// Returns values, of which some are missing, all, or none.
    fn some<T>(&mut self, rows: usize, mut value: impl FnMut(usize) -> T) -> Vec<Option<T>> {
        let missing = [0, 3, 100][self.below(3)];
        let mut is_there = |_| self.below(100) >= missing;
        (0..rows).map(|row| is_there(row).then(|| value(row))).collect()
    }
}

fn values(random: &mut Random, column: &StoredColumn, first: i64, rows: usize) -> ArrayRef {
    let number = |row: usize| first + i64::try_from(row).unwrap();
    let letters = random.below(7);
    let word = |row| format!("{}é{}", "x".repeat(letters), number(row) % 5);
    match column.column_type {
        StoredType::Timestamp => {
            let times = TimestampMicrosecondArray::from_iter_values((0..rows).map(number));
            Arc::new(times.with_timezone("UTC"))
        }
        StoredType::TimestampNanos => {
            let times = TimestampNanosecondArray::from(random.some(rows, number));
            Arc::new(times.with_timezone("UTC"))
        }
        StoredType::Long => Arc::new(Int64Array::from(random.some(rows, number))),
        StoredType::Double => {
            #[expect(clippy::cast_precision_loss, reason = "any double will do")]
            let doubles = random.some(rows, |row| number(row) as f64 / 3.0);
            Arc::new(Float64Array::from(doubles))
        }
        StoredType::Boolean => {
            Arc::new(BooleanArray::from(random.some(rows, |row| number(row) % 3 == 0)))
        }
        StoredType::Symbol => {
            let words = random.some(rows, word);
            let words = words.iter().map(|word| word.as_deref());
            Arc::new(words.collect::<DictionaryArray<Int32Type>>())
        }
        StoredType::Varchar => Arc::new(StringArray::from(random.some(rows, word))),
        StoredType::Long256 => {
            let all = random.some(rows, |row| [u8::try_from(number(row) % 256).unwrap(); 32]);
            let all = FixedSizeBinaryArray::try_from_sparse_iter_with_size(all.into_iter(), 32);
            Arc::new(all.unwrap())
        }
        StoredType::Decimal { precision, scale } => {
            let all = random.some(rows, |row| i128::from(number(row)) * -7);
            let all = Decimal128Array::from(all).with_precision_and_scale(precision, scale);
            Arc::new(all.unwrap())
        }
        _ => {
            let lists = random.some(rows, |row| vec![Some(1.5); row % 4]);
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(lists))
        }
    }
}

/// Some columns of the table, in another order.
pub(crate) fn some_rows(
    random: &mut Random,
    schema: &StoredSchema,
    first: i64,
    rows: usize,
) -> Rows {
    let mut columns: Vec<&StoredColumn> =
        schema.columns.iter().filter(|c| c.name == "timestamp" || random.below(4) > 0).collect();
    let by = random.below(columns.len() as u64);
    columns.rotate_left(by);
    let arrays = columns.iter().map(|c| values(random, c, first, rows)).collect();
    let field = |c: &&StoredColumn| Field::new(&c.name, c.column_type.data_type(), true);
    let arrow = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let batch = RecordBatch::try_new(Arc::new(arrow), arrays).unwrap();
    Rows { table: schema.name.clone(), batch }
}

/// Everything in a table, row by row.
pub(crate) fn row_keys(batches: impl Iterator<Item = RecordBatch>) -> Vec<(Vec<u8>, String)> {
    let mut rows = Vec::new();
    for batch in batches {
        let is_list = |c: &usize| matches!(batch.column(*c).data_type(), DataType::List(_));
        let (lists, plain): (Vec<usize>, Vec<usize>) = (0..batch.num_columns()).partition(is_list);
        for row in 0..batch.num_rows() {
            let mut key = Vec::new();
            batches::key(&batch, &plain, row, &mut key);
            let lists = lists.iter().map(|list| batch.column(*list).slice(row, 1));
            rows.push((key, format!("{:?}", lists.collect::<Vec<_>>())));
        }
    }
    rows
}
