//! The values of a batch, read by arrow-rs and appended by single calls.

use arrow_array::cast::AsArray as _;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use questdb_ingress::{ArrayView, Buffer, Result, TableName};

/// What the columns of a batch are, by their positions.
#[derive(Debug, Default, Clone)]
pub struct Roles {
    /// The columns sent as symbols.
    pub symbols: Vec<usize>,
    /// The column of tables; without it the table is `t`.
    pub table: Option<usize>,
    /// The column of designated timestamps; without it they are the server's.
    pub at: Option<usize>,
}

/// Appends each row of a batch by single calls.
///
/// # Errors
/// As the calls.
///
/// # Panics
/// If a column has a type that the tests do not know.
pub fn append(buffer: &mut Buffer, batch: &RecordBatch, roles: &Roles) -> Result<()> {
    for row in 0..batch.num_rows() {
        let table = roles.table.map(|at| text(batch.column(at), row).unwrap());
        buffer.table(&TableName::new(table.unwrap_or("t"))?)?;
        let names: Vec<&str> =
            batch.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
        for &at in &roles.symbols {
            if Some(at) != roles.table
                && let Some(text) = text(batch.column(at), row)
            {
                buffer.symbol(names[at], text)?;
            }
        }
        for (at, name) in names.iter().enumerate() {
            let has_role =
                roles.symbols.contains(&at) || roles.table == Some(at) || roles.at == Some(at);
            if !has_role && !is_null(batch.column(at), row) {
                column(buffer, name, batch.column(at), row)?;
            }
        }
        let at = roles.at.map(|at| batch.column(at)).filter(|at| at.is_valid(row));
        match at.map(|at| (time(at, row), is_nanos(at))) {
            None => buffer.at_now()?,
            Some((nanos, true)) => buffer.at_nanos(nanos)?,
            Some((micros, false)) => buffer.at_micros(micros)?,
        }
    }
    Ok(())
}

fn is_null(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        DataType::Null => true,
        DataType::Dictionary(..) => text(array, row).is_none(),
        _ => array.is_null(row),
    }
}

/// Returns a text, be it by way of a dictionary.
fn text(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let code = dictionary.normalized_keys()[row];
            text(dictionary.values().as_ref(), code)
        }
        other => panic!("{other} is no text"),
    }
}

fn value<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn is_nanos(array: &dyn Array) -> bool {
    matches!(array.data_type(), DataType::Timestamp(TimeUnit::Nanosecond, _))
}

/// Returns a time in microseconds, or in nanoseconds if these are its unit.
fn time(array: &dyn Array, row: usize) -> i64 {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            value::<TimestampSecondType>(array, row) * 1_000_000
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            value::<TimestampMillisecondType>(array, row) * 1_000
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            value::<TimestampMicrosecondType>(array, row)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            value::<TimestampNanosecondType>(array, row)
        }
        DataType::Date32 => i64::from(value::<Date32Type>(array, row)) * 86_400_000_000,
        DataType::Date64 => value::<Date64Type>(array, row) * 1_000,
        other => panic!("{other} is no time"),
    }
}

fn integer(array: &dyn Array, row: usize) -> i64 {
    match array.data_type() {
        DataType::Int8 => value::<Int8Type>(array, row).into(),
        DataType::Int16 => value::<Int16Type>(array, row).into(),
        DataType::Int32 => value::<Int32Type>(array, row).into(),
        DataType::Int64 => value::<Int64Type>(array, row),
        DataType::UInt8 => value::<UInt8Type>(array, row).into(),
        DataType::UInt16 => value::<UInt16Type>(array, row).into(),
        DataType::UInt32 => value::<UInt32Type>(array, row).into(),
        DataType::UInt64 => value::<UInt64Type>(array, row).try_into().unwrap(),
        DataType::Time32(TimeUnit::Second) => value::<Time32SecondType>(array, row).into(),
        DataType::Time32(_) => value::<Time32MillisecondType>(array, row).into(),
        DataType::Time64(TimeUnit::Microsecond) => value::<Time64MicrosecondType>(array, row),
        DataType::Time64(_) => value::<Time64NanosecondType>(array, row),
        DataType::Duration(TimeUnit::Second) => value::<DurationSecondType>(array, row),
        DataType::Duration(TimeUnit::Millisecond) => value::<DurationMillisecondType>(array, row),
        DataType::Duration(TimeUnit::Microsecond) => value::<DurationMicrosecondType>(array, row),
        DataType::Duration(TimeUnit::Nanosecond) => value::<DurationNanosecondType>(array, row),
        other => panic!("{other} is not known"),
    }
}

fn number(array: &dyn Array, row: usize) -> f64 {
    match array.data_type() {
        DataType::Float16 => value::<Float16Type>(array, row).to_f64(),
        DataType::Float32 => value::<Float32Type>(array, row).into(),
        DataType::Float64 => value::<Float64Type>(array, row),
        _ => integer(array, row) as f64,
    }
}

/// Adds the shape and the elements of list `row`.
fn list(
    array: &dyn Array,
    row: usize,
    depth: usize,
    shape: &mut Vec<usize>,
    elements: &mut Vec<f64>,
) {
    let values = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        _ => return elements.push(if array.is_null(row) { f64::NAN } else { number(array, row) }),
    };
    if shape.len() == depth {
        shape.push(values.len());
    }
    assert_eq!(shape[depth], values.len());
    for i in 0..values.len() {
        list(&values, i, depth + 1, shape, elements);
    }
    // Of lists that hold nothing the dimensions are still known.
    let (mut field, mut dims) = (array.data_type(), depth);
    while let DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) =
        field
    {
        if shape.len() == dims {
            shape.push(match field {
                DataType::FixedSizeList(_, size) => usize::try_from(*size).unwrap(),
                _ => 0,
            });
        }
        (field, dims) = (item.data_type(), dims + 1);
    }
}

fn column(buffer: &mut Buffer, name: &str, array: &dyn Array, row: usize) -> Result<()> {
    match array.data_type() {
        DataType::Boolean => buffer.column_bool(name, array.as_boolean().value(row))?,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            buffer.column_str(name, text(array, row))?
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            buffer.column_f64(name, number(array, row))?
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            buffer.column_ts_nanos(name, time(array, row))?
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            buffer.column_ts_micros(name, time(array, row))?
        }
        DataType::Decimal32(_, scale) => buffer.column_dec_i64(
            name,
            *scale as u32,
            i64::from(value::<Decimal32Type>(array, row)),
        )?,
        DataType::Decimal64(_, scale) => {
            buffer.column_dec_i64(name, *scale as u32, value::<Decimal64Type>(array, row))?
        }
        DataType::Decimal128(_, scale) => {
            buffer.column_dec_i128(name, *scale as u32, value::<Decimal128Type>(array, row))?
        }
        DataType::Decimal256(_, scale) => {
            let unscaled = value::<Decimal256Type>(array, row).to_be_bytes();
            buffer.column_dec(name, *scale as u32, unscaled.as_slice())?
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            let (mut shape, mut elements) = (Vec::new(), Vec::new());
            list(array, row, 0, &mut shape, &mut elements);
            buffer.column_f64_arr(name, &ArrayView::c_major(&shape, &elements)?)?
        }
        _ => buffer.column_i64(name, integer(array, row))?,
    };
    Ok(())
}
