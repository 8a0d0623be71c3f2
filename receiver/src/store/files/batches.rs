//! Batches of a table brought to one form: its columns, by time.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int32Type, TimestampMicrosecondType as Micros, TimestampNanosecondType as Nanos,
};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};

use super::error::{FileError, Result};
use super::merge::Source;
use super::schema::StoredSchema;

/// Returns about how many bytes of memory a batch takes.
pub(crate) fn bytes(batch: &RecordBatch) -> u64 {
    let size = |c: &ArrayRef| c.to_data().get_slice_memory_size().unwrap_or(0) as u64;
    batch.columns().iter().map(size).sum()
}

/// Returns a batch with all columns of the table; those that it lacks have no values.
pub(crate) fn widen(schema: &StoredSchema, batch: &RecordBatch) -> Result<RecordBatch> {
    let arrow = schema.arrow();
    if *batch.schema_ref() == arrow {
        return Ok(batch.clone());
    }
    let column = |field: &Arc<arrow_schema::Field>| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    let columns = arrow.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(arrow, columns)?)
}

/// Returns the rows of all batches, one after the other, with all columns of the table.
pub(crate) fn concat(schema: &StoredSchema, batches: &[RecordBatch]) -> Result<RecordBatch> {
    let wide = batches.iter().map(|b| widen(schema, b)).collect::<Result<Vec<_>>>()?;
    Ok(arrow_select::concat::concat_batches(&schema.arrow(), &wide)?)
}

/// Returns the values of a time column.
pub(crate) fn times(batch: &RecordBatch, column: usize) -> Result<ScalarBuffer<i64>> {
    let column = batch.column(column);
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Ok(column.as_primitive::<Micros>().values().clone())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Ok(column.as_primitive::<Nanos>().values().clone())
        }
        other => Err(FileError::Invalid(format!("a time column of type {other}"))),
    }
}

/// Sorts the rows of a batch by time; rows with equal times keep their order.
pub(crate) fn sort(batch: RecordBatch, time: usize) -> Result<RecordBatch> {
    let times = times(&batch, time)?;
    if times.is_sorted() {
        return Ok(batch);
    }
    let rows = u32::try_from(times.len())
        .map_err(|_| FileError::Invalid("a batch of more than 2^32 rows".to_owned()))?;
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|row| times[*row as usize]);
    Ok(arrow_select::take::take_record_batch(&batch, &UInt32Array::from(order))?)
}

/// Returns the rows of a batch by time, with the first time; nothing if it has no rows.
pub(crate) fn sorted_source(batch: RecordBatch, time: usize) -> Result<Option<(i64, Source)>> {
    let sorted = sort(batch, time)?;
    let first = times(&sorted, time)?.first().copied();
    Ok(first.map(|first| (first, Box::new(std::iter::once(Ok(sorted))) as Source)))
}

/// Appends the values of some columns of a row as bytes that are equal only if the values are.
pub(crate) fn key(batch: &RecordBatch, columns: &[usize], row: usize, out: &mut Vec<u8>) {
    for index in columns {
        let column = batch.column(*index);
        if column.is_null(row) {
            out.push(0);
            continue;
        }
        out.push(1);
        let text = |text: &str, out: &mut Vec<u8>| {
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        match column.data_type() {
            DataType::Dictionary(_, _) => {
                let symbols = column.as_dictionary::<Int32Type>();
                let key = usize::try_from(symbols.keys().value(row)).unwrap_or(0);
                text(symbols.values().as_string::<i32>().value(key), out);
            }
            DataType::Utf8 => text(column.as_string::<i32>().value(row), out),
            DataType::Boolean => out.push(u8::from(column.as_boolean().value(row))),
            DataType::FixedSizeBinary(_) => {
                out.extend_from_slice(column.as_fixed_size_binary().value(row));
            }
            // Numbers of every kind, whose bytes are their value.
            _ => {
                let data = column.to_data();
                let width = data.data_type().primitive_width().unwrap_or(0);
                let start = (data.offset() + row) * width;
                if let Some(bytes) =
                    data.buffers().first().and_then(|b| b.get(start..start + width))
                {
                    out.extend_from_slice(bytes);
                }
            }
        }
    }
}
