//! Batches of Arrow as chunks, for those who read.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array as _, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch};

use crate::chunk::{Cell, Cells, Chunk};
use crate::limits::{Budget, Full};
use crate::line::{Decimal, FieldValue, Long256};
use crate::schema::Schema;
use crate::value::{Array, ColumnType};

use super::super::files::Block;

/// Rows in files, which are read when somebody asks for them.
#[derive(Debug)]
pub(crate) struct Filed {
    block: Block,
    schema: Arc<Schema>,
    budget: Arc<Budget>,
}

impl Filed {
    pub(super) fn new(block: Block, schema: Arc<Schema>, budget: Arc<Budget>) -> Filed {
        Filed { block, schema, budget }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.block.rows()
    }

    /// Returns a time that no row is before, and one that none is behind.
    pub(crate) fn times(&self) -> (i64, i64) {
        self.block.times()
    }

    /// Reads the rows. If they are `shared`, they count as bytes of the receiver. An error says why they cannot be read.
    pub(crate) fn read(&self, shared: bool) -> Result<Chunk, String> {
        let batches = self.block.read().map_err(|e| e.to_string())?;
        let mut all: Vec<Option<Box<Cells>>> = Vec::new();
        all.resize_with(self.schema.columns().len(), || None);
        let (mut rows, mut bytes) = (0, 0);
        for batch in &batches {
            for (index, cells) in all.iter_mut().enumerate() {
                append(&self.schema, index, batch, rows, cells)?;
            }
            rows += batch.num_rows();
        }
        for cells in all.iter_mut().flatten() {
            cells.seal();
            bytes += cells.bytes();
        }
        let unbounded = || Budget::new(usize::MAX);
        let budget = if shared { Arc::clone(&self.budget) } else { unbounded() };
        let mut lease = budget.lease();
        let max = budget.max();
        lease.set(bytes).map_err(|Full| format!("receiver is full [maxBytes={max}]"))?;
        Ok(Chunk::of(Arc::clone(&self.schema), all, rows, lease))
    }
}

/// Appends the values of a column, which has `rows` rows before, unless the batch has none.
fn append(
    schema: &Schema,
    index: usize,
    batch: &RecordBatch,
    rows: usize,
    cells: &mut Option<Box<Cells>>,
) -> Result<(), String> {
    let Some(def) = schema.columns().get(index) else { return Ok(()) };
    let Some(array) = batch.column_by_name(&def.name) else { return Ok(()) };
    if array.null_count() == array.len() {
        return Ok(());
    }
    let cells = cells.get_or_insert_with(|| Box::new(Cells::new(def.column_type)));
    cells.fill(rows);
    push_all(cells, def.column_type, array)
        .ok_or_else(|| format!("column {} of table {} has another type", def.name, schema.table()))
}

/// Appends all values of an array. Returns `None` if it has another type.
fn push_all(cells: &mut Cells, column_type: ColumnType, array: &ArrayRef) -> Option<()> {
    let end = cells.len() + array.len();
    match column_type {
        ColumnType::Symbol | ColumnType::Varchar => push_texts(cells, column_type, array)?,
        ColumnType::Timestamp => {
            push_times(cells, array.as_primitive_opt::<TimestampMicrosecondType>()?);
        }
        ColumnType::TimestampNanos => {
            push_times(cells, array.as_primitive_opt::<TimestampNanosecondType>()?);
        }
        ColumnType::Long => {
            let longs = array.as_primitive_opt::<Int64Type>()?;
            push_fields(cells, array, |row| Some(FieldValue::Long(longs.value(row))))?;
        }
        ColumnType::Double => {
            let doubles = array.as_primitive_opt::<Float64Type>()?;
            push_fields(cells, array, |row| Some(FieldValue::Double(doubles.value(row))))?;
        }
        ColumnType::Boolean => {
            let booleans = array.as_boolean_opt()?;
            push_fields(cells, array, |row| Some(FieldValue::Boolean(booleans.value(row))))?;
        }
        ColumnType::Decimal => {
            let decimals = array.as_primitive_opt::<Decimal128Type>()?;
            let scale = u8::try_from(decimals.scale()).ok()?;
            let decimal = |row| Decimal::new(decimals.value(row), scale);
            push_fields(cells, array, |row| Some(FieldValue::Decimal(Some(decimal(row)))))?;
        }
        ColumnType::Long256 => {
            let bytes = array.as_fixed_size_binary_opt()?;
            push_fields(cells, array, |row| long256(bytes.value(row)).map(FieldValue::Long256))?;
        }
        ColumnType::Array(dimensions) => {
            let before = cells.len();
            for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
                let found = nested(array, row, usize::from(dimensions))?;
                cells.fill(before + row);
                cells.push_array(found);
            }
        }
    }
    cells.fill(end);
    Some(())
}

fn push_fields<'a>(
    cells: &mut Cells,
    array: &ArrayRef,
    field: impl Fn(usize) -> Option<FieldValue<'a>>,
) -> Option<()> {
    let before = cells.len();
    for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
        cells.fill(before + row);
        cells.push(Cell::Field(field(row)?)).ok()?;
    }
    Some(())
}

fn push_texts(cells: &mut Cells, column_type: ColumnType, array: &ArrayRef) -> Option<()> {
    if column_type == ColumnType::Varchar {
        let texts = array.as_string_opt::<i32>()?;
        return push_fields(cells, array, |row| {
            Some(FieldValue::String(texts.value(row).as_bytes()))
        });
    }
    let symbols = array.as_dictionary_opt::<Int32Type>()?;
    let words = symbols.values().as_string_opt::<i32>()?;
    let before = cells.len();
    for row in (0..array.len()).filter(|row| array.is_valid(*row)) {
        cells.fill(before + row);
        cells.push(Cell::Tag(words.value(symbols.key(row)?).as_bytes())).ok()?;
    }
    Some(())
}

fn push_times<T: ArrowPrimitiveType<Native = i64>>(cells: &mut Cells, times: &PrimitiveArray<T>) {
    let before = cells.len();
    for (row, time) in times.iter().enumerate() {
        if let Some(time) = time {
            cells.fill(before + row);
            cells.push_time(time);
        }
    }
}

fn long256(bytes: &[u8]) -> Option<Long256> {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(Long256(words))
}

/// Returns an array that is stored as nested lists. All lists of a level have the same length.
fn nested(array: &ArrayRef, row: usize, dimensions: usize) -> Option<Array> {
    let mut level: ArrayRef = array.slice(row, 1);
    let mut shape = Vec::with_capacity(dimensions);
    let mut lists = 1;
    for _ in 0..dimensions {
        let outer = level.as_list_opt::<i32>()?;
        let (first, last) = (outer.offsets().first(), outer.offsets().last());
        let (first, len) = (usize::try_from(first).ok()?, usize::try_from(last - first).ok()?);
        shape.push(u32::try_from(len.checked_div(lists).unwrap_or(0)).ok()?);
        lists = len;
        level = outer.values().slice(first, len);
    }
    let data = level.as_primitive_opt::<Float64Type>()?.values().to_vec();
    Some(Array { shape, data })
}

#[cfg(test)]
mod tests {
    use super::super::columns::arrays;
    use super::*;
    use crate::value::Value;

    #[test]
    fn arrays_come_back_as_they_were() {
        let matrix = Array { shape: vec![2, 3], data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let other = Array { shape: vec![1, 2], data: vec![7.0, 8.0] };
        let empty = Array { shape: vec![2, 0], data: Vec::new() };
        let values =
            [Value::Array(&matrix), Value::Null, Value::Array(&other), Value::Array(&empty)];
        let lists = arrays(2, values.into_iter()).unwrap();
        let found = |row| nested(&lists, row, 2).unwrap();
        for (row, expected) in [(0, &matrix), (2, &other), (3, &empty)] {
            assert_eq!(
                (found(row).shape(), found(row).data()),
                (expected.shape(), expected.data())
            );
        }
    }
}
