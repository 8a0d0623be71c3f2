//! Chunks as batches of Arrow.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, StringBuilder, StringDictionaryBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, Int64Array, ListArray, RecordBatch,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{Field, Schema as ArrowSchema};

use crate::chunk::Chunk;
use crate::line::Decimal;
use crate::value::{ColumnType, Value};

use super::DECIMAL;

/// Returns the rows of a chunk. Columns without any value are left out. An error says which value the files cannot hold.
pub(super) fn batch(chunk: &Chunk) -> Result<RecordBatch, String> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (index, column) in chunk.schema().columns().iter().enumerate() {
        if chunk.cells(index).is_some() {
            let values = (0..chunk.rows()).map(|row| chunk.value(index, row));
            let array = array(column.column_type, column.decimal.unwrap_or(DECIMAL), values)
                .map_err(|why| format!("column: {}; {why}", column.name))?;
            fields.push(Field::new(&*column.name, array.data_type().clone(), true));
            arrays.push(array);
        }
    }
    RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays).map_err(|e| e.to_string())
}

fn array<'a>(
    column_type: ColumnType,
    digits: (u8, i8),
    values: impl Iterator<Item = Value<'a>>,
) -> Result<ArrayRef, String> {
    Ok(match column_type {
        ColumnType::Symbol => {
            let mut builder = StringDictionaryBuilder::<Int32Type>::new();
            values.for_each(|v| builder.append_option(text(v)));
            Arc::new(builder.finish())
        }
        ColumnType::Varchar => {
            let mut builder = StringBuilder::new();
            values.for_each(|v| builder.append_option(text(v)));
            Arc::new(builder.finish())
        }
        ColumnType::Long => Arc::new(values.map(integer).collect::<Int64Array>()),
        ColumnType::Timestamp => {
            let times = values.map(integer).collect::<TimestampMicrosecondArray>();
            Arc::new(times.with_timezone("UTC"))
        }
        ColumnType::TimestampNanos => {
            let times = values.map(integer).collect::<TimestampNanosecondArray>();
            Arc::new(times.with_timezone("UTC"))
        }
        ColumnType::Double => {
            let double = |v| if let Value::Double(v) = v { Some(v) } else { None };
            Arc::new(values.map(double).collect::<Float64Array>())
        }
        ColumnType::Boolean => {
            let mut builder = BooleanBuilder::new();
            let truth = |v| if let Value::Boolean(v) = v { Some(v) } else { None };
            values.for_each(|v| builder.append_option(truth(v)));
            Arc::new(builder.finish())
        }
        ColumnType::Long256 => long256s(values)?,
        ColumnType::Array(dimensions) => arrays(usize::from(dimensions), values)?,
        ColumnType::Decimal => {
            let decimals = values.map(|v| match v {
                Value::Decimal(v) => places(v, digits).map(Some),
                _ => Ok(None),
            });
            let decimals: Decimal128Array = decimals.collect::<Result<Vec<_>, String>>()?.into();
            let decimals = decimals.with_precision_and_scale(digits.0, digits.1);
            Arc::new(decimals.map_err(|e| e.to_string())?)
        }
    })
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Symbol(v) | Value::Varchar(v) => Some(v),
        _ => None,
    }
}

fn integer(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Long(v) | Value::TimestampMicros(v) | Value::TimestampNanos(v) => Some(v),
        _ => None,
    }
}

/// Returns 32 bytes for each value, the least significant first, as QuestDB has them in memory.
fn long256s<'a>(values: impl Iterator<Item = Value<'a>>) -> Result<ArrayRef, String> {
    let mut builder = FixedSizeBinaryBuilder::new(32);
    for value in values {
        match value {
            Value::Long256(v) => {
                let bytes: Vec<u8> = v.0.iter().flat_map(|word| word.to_le_bytes()).collect();
                builder.append_value(bytes).map_err(|e| e.to_string())?;
            }
            _ => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Returns a decimal as a number of units of the last place that the column has.
fn places(value: Decimal, (digits, scale): (u8, i8)) -> Result<i128, String> {
    let units = || {
        let unscaled: i128 = value.unscaled().parse().ok()?;
        let shift = i32::from(scale) - i32::from(value.scale());
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let units = if shift >= 0 {
            unscaled.checked_mul(power)?
        } else if unscaled % power == 0 {
            unscaled / power
        } else {
            return None;
        };
        (units.unsigned_abs() < 10_u128.pow(u32::from(digits))).then_some(units)
    };
    units()
        .ok_or_else(|| format!("{value} does not fit DECIMAL({digits},{scale}), which files have"))
}

/// The most lists that the arrays without elements of a chunk may make.
const MAX_HOLLOW: usize = 1 << 20;

/// Returns nested lists, the outer ones first.
pub(super) fn arrays<'a>(
    dimensions: usize,
    values: impl Iterator<Item = Value<'a>>,
) -> Result<ArrayRef, String> {
    let mut levels: Vec<Vec<i32>> = vec![vec![0]; dimensions];
    let (mut valid, mut data) = (Vec::new(), Vec::new());
    let too_long = |_| "more elements than a list can have".to_owned();
    let mut hollow = 0_usize;
    for value in values {
        let Value::Array(array) = value else {
            valid.push(false);
            let outer =
                levels.first_mut().and_then(|level| level.last().copied().map(|l| (level, l)));
            if let Some((level, last)) = outer {
                level.push(last);
            }
            continue;
        };
        valid.push(true);
        data.extend_from_slice(array.data());
        // How many lists this level has for the row.
        let mut lists = 1_usize;
        for (level, length) in levels.iter_mut().zip(array.shape()) {
            // Arrays with elements have at most as many lists, but dimensions without elements cost their sender nothing.
            if array.data().is_empty() {
                hollow = hollow.saturating_add(lists);
                if hollow > MAX_HOLLOW {
                    return Err(format!(
                        "arrays without elements make more than {MAX_HOLLOW} lists"
                    ));
                }
            }
            for _ in 0..lists {
                let last = level.last().copied().unwrap_or(0);
                let end = i64::from(last) + i64::from(*length);
                level.push(i32::try_from(end).map_err(too_long)?);
            }
            lists = lists.saturating_mul(*length as usize);
        }
    }
    let mut inner: ArrayRef = Arc::new(Float64Array::from(data));
    for (depth, level) in levels.into_iter().enumerate().rev() {
        let nulls = (depth == 0).then(|| NullBuffer::from(std::mem::take(&mut valid)));
        let field = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
        let list = ListArray::try_new(field, OffsetBuffer::new(level.into()), inner, nulls);
        inner = Arc::new(list.map_err(|e| e.to_string())?);
    }
    Ok(inner)
}

#[cfg(test)]
mod tests {
    use arrow_array::Array as _;

    use super::*;
    use crate::value::Array;

    #[test]
    fn arrays_become_nested_lists() {
        let matrix = Array { shape: vec![2, 3], data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let empty = Array { shape: vec![0, 3], data: Vec::new() };
        let tall = Array { shape: vec![2, 0], data: Vec::new() };
        let values =
            [Value::Array(&matrix), Value::Null, Value::Array(&empty), Value::Array(&tall)];
        let lists = arrays(2, values.into_iter()).unwrap();
        assert_eq!(
            *lists.data_type(),
            super::super::stored_type(ColumnType::Array(2), None).data_type()
        );
        let text =
            |row| arrow_select::take::take(&lists, &Int64Array::from(vec![row]), None).unwrap();
        let shown: Vec<String> = (0..4).map(|row| format!("{:?}", text(row))).collect();
        assert!(shown[0].contains("1.0") && shown[0].contains("6.0"), "{}", shown[0]);
        let outer = arrow_array::cast::AsArray::as_list::<i32>(&lists);
        let lengths: Vec<usize> = (0..4).map(|row| outer.value(row).len()).collect();
        assert_eq!(lengths, [2, 0, 0, 2]);
        assert_eq!((outer.null_count(), outer.is_null(1)), (1, true));
    }

    #[test]
    fn dimensions_without_elements_take_no_memory() {
        let hollow = Array { shape: vec![0x0FFF_FFFF, 0x0FFF_FFFF, 0], data: Vec::new() };
        let why = arrays(3, [Value::Array(&hollow)].into_iter()).unwrap_err();
        assert!(why.starts_with("arrays without elements make more than "), "{why}");
        let many = Array { shape: vec![1000, 0], data: Vec::new() };
        assert!(arrays(2, std::iter::repeat_n(Value::Array(&many), 1000)).is_ok());
        assert!(arrays(2, std::iter::repeat_n(Value::Array(&many), 2000)).is_err());
    }

    #[test]
    fn decimals_get_the_places_of_the_column() {
        assert_eq!(places(Decimal::new(15, 1), DECIMAL), Ok(1_500_000_000_000_000_000));
        assert_eq!(places(Decimal::new(-7, 18), DECIMAL), Ok(-7));
        assert_eq!(places(Decimal::new(70, 19), DECIMAL), Ok(7));
        assert_eq!(places(Decimal::new(15, 1), (3, 2)), Ok(150));
        assert!(places(Decimal::new(10, 0), (3, 2)).is_err());
        assert!(places(Decimal::new(15, 1), (3, 0)).is_err());
        for wrong in [Decimal::new(71, 19), Decimal::new(10_i128.pow(20), 0)] {
            let why = places(wrong, DECIMAL).unwrap_err();
            assert!(why.ends_with("does not fit DECIMAL(38,18), which files have"), "{why}");
        }
    }
}
