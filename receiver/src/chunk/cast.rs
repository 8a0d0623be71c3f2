//! The values of lines, and how QuestDB converts them to what a column stores.

use std::borrow::Cow;
use std::sync::Arc;

use crate::line::{Decimal, FieldValue, Line, RawArray, TimeUnit, quoted};
use crate::refusal::{Code, Refusal};
use crate::schema::{Policy, Schema};
use crate::value::{Array, ColumnType, JavaDouble};

/// Why a column did not accept a value.
pub(crate) enum Refused {
    Cast(ColumnType),
    NotUtf8,
    Malformed(ColumnType),
    OutOfBounds(Decimal),
}

impl Refused {
    #[cold]
    pub(crate) fn told(&self, table: &str, column: &str, cell: Cell<'_>) -> Refusal {
        match (self, cell) {
            // Applies to symbols only: QuestDB stores even such text in other columns.
            (Refused::NotUtf8, Cell::Tag(value) | Cell::Field(FieldValue::String(value))) => {
                Refusal::not_utf8(table, value)
            }
            (Refused::NotUtf8, _) => Refusal::row(Code::NotUtf8, self.message(table, column, cell)),
            (
                Refused::Cast(ColumnType::Timestamp | ColumnType::TimestampNanos),
                Cell::Field(FieldValue::Timestamp(_, value)),
            ) => Refusal::row(Code::Cast, format!("long overflow, timestamp: {value}")),
            _ => Refusal::row(Code::Cast, self.message(table, column, cell)),
        }
    }

    fn message(&self, table: &str, column: &str, cell: Cell<'_>) -> String {
        let from = match cell {
            Cell::Field(FieldValue::Array(Some(array)))
                if matches!(self, Refused::Cast(ColumnType::Array(_))) =>
            {
                ColumnType::Array(u8::try_from(array.ndim()).unwrap_or(u8::MAX)).to_string()
            }
            cell => cell.protocol_type().to_owned(),
        };
        match self {
            Refused::Cast(to) | Refused::Malformed(to) => format!(
                "table: {table}, column: {column}; cast error from protocol type: {from} to column type: {to}"
            ),
            Refused::NotUtf8 => {
                format!("table: {table}, column: {column}; invalid UTF8 in {from} value")
            }
            Refused::OutOfBounds(value) => format!(
                "table: {table}, column: {column}; line protocol value: {value} is out bounds of column type: DECIMAL"
            ),
        }
    }
}

/// A value of a line, before it is stored in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Tag(&'a [u8]),
    Field(FieldValue<'a>),
}

impl Cell<'_> {
    /// Returns the type of the column that QuestDB makes for the value.
    pub(crate) fn new_column_type(&self) -> Option<ColumnType> {
        let column_type = match self {
            Cell::Tag(_) => ColumnType::Symbol,
            Cell::Field(FieldValue::Boolean(_)) => ColumnType::Boolean,
            Cell::Field(FieldValue::Long(_)) => ColumnType::Long,
            Cell::Field(FieldValue::Double(_)) => ColumnType::Double,
            Cell::Field(FieldValue::String(_)) => ColumnType::Varchar,
            Cell::Field(FieldValue::Long256(_)) => ColumnType::Long256,
            Cell::Field(FieldValue::Timestamp(unit, _)) => timestamp_type(*unit),
            Cell::Field(FieldValue::Decimal(_)) => ColumnType::Decimal,
            Cell::Field(FieldValue::Array(Some(array))) => {
                ColumnType::Array(u8::try_from(array.ndim()).ok()?)
            }
            Cell::Field(FieldValue::Array(None) | FieldValue::Null) => return None,
        };
        Some(column_type)
    }

    /// Returns QuestDB's name for the type on the wire.
    fn protocol_type(&self) -> &'static str {
        match self {
            Cell::Tag(_) => "TAG",
            Cell::Field(FieldValue::Null) => "NULL",
            Cell::Field(FieldValue::Boolean(_)) => "BOOLEAN",
            Cell::Field(FieldValue::Long(_)) => "INTEGER",
            Cell::Field(FieldValue::Double(_)) => "FLOAT",
            Cell::Field(FieldValue::String(_)) => "STRING",
            Cell::Field(FieldValue::Long256(_)) => "LONG256",
            Cell::Field(FieldValue::Timestamp(..)) => "TIMESTAMP",
            Cell::Field(FieldValue::Array(_)) => "ARRAY",
            Cell::Field(FieldValue::Decimal(_)) => "DECIMAL",
        }
    }
}

/// Returns the name and the type of the column that QuestDB adds to a table for a value.
pub(crate) fn new_column<'a>(
    schema: &Schema,
    name: &'a [u8],
    cell: &Cell<'_>,
    policy: &Policy,
) -> Result<(&'a str, ColumnType), Refusal> {
    let text = schema.check_new_column(name, policy)?;
    let table = schema.table();
    let shown = quoted(name);
    match (cell, cell.new_column_type()) {
        (_, Some(ColumnType::Decimal)) if policy.strict_decimals => {
            let why = "errno: -1, error: decimal columns cannot be created automatically";
            let details = format!("{why} [table={table}, columnName={shown}]");
            Err(Refusal::writing(Code::ColumnType, table, &details))
        }
        (Cell::Field(FieldValue::Array(None)), None) => Err(Refusal::unsupported(table)),
        (_, None) => {
            let why = format!("table: {table}; invalid column type: {shown}");
            Err(Refusal::row(Code::ColumnType, why))
        }
        (_, Some(column_type)) => Ok((text, column_type)),
    }
}

/// Returns the column type for timestamps in that unit.
fn timestamp_type(unit: TimeUnit) -> ColumnType {
    match unit {
        TimeUnit::Nanos => ColumnType::TimestampNanos,
        _ => ColumnType::Timestamp,
    }
}

/// Returns the type of the designated column of a table that this line creates. A timestamp without unit makes a column of
/// microseconds, also if a field gives the time of the row.
pub(crate) fn designated_type(line: &Line<'_>) -> ColumnType {
    let unit = line.stamp().and_then(|stamp| stamp.unit);
    unit.map_or(ColumnType::Timestamp, timestamp_type)
}

/// Converts between units. Digits that the target does not have are cut off; an overflow is `None`.
pub(crate) fn convert(value: i64, unit: TimeUnit, target: TimeUnit) -> Option<i64> {
    let nanos = match unit {
        TimeUnit::Nanos => 1,
        // A timestamp without a unit is in microseconds.
        TimeUnit::Unset | TimeUnit::Micros => 1_000,
        TimeUnit::Millis => 1_000_000,
        TimeUnit::Seconds => 1_000_000_000,
        TimeUnit::Minutes => 60_000_000_000,
        TimeUnit::Hours => 3_600_000_000_000,
    };
    if unit == target {
        return Some(value);
    }
    if (unit, target) == (TimeUnit::Nanos, TimeUnit::Micros) {
        return Some(value / 1_000);
    }
    let divisor = if target == TimeUnit::Nanos { 1 } else { 1_000 };
    i64::try_from(i128::from(value) * nanos / divisor).ok()
}

const MAX_DESIGNATED: i64 = 9_214_646_399_999_999_999;
const MAX_DESIGNATED_MICROS: i64 = 253_402_300_799_999_999;

/// Returns whether a designated column of that type stores a value of that unit as it is.
#[inline]
pub(crate) fn is_plain_time(value: i64, unit: TimeUnit, column_type: ColumnType) -> bool {
    match (column_type, unit) {
        (ColumnType::TimestampNanos, TimeUnit::Nanos) => (0..=MAX_DESIGNATED).contains(&value),
        (ColumnType::Timestamp, TimeUnit::Micros) => (0..=MAX_DESIGNATED_MICROS).contains(&value),
        _ => false,
    }
}

/// Checks that a designated timestamp is not negative and not after the last one that QuestDB stores.
pub(crate) fn designated_range(value: i64, unit: TimeUnit) -> Result<(), String> {
    const MAX: i64 = MAX_DESIGNATED;
    if value < 0 {
        return Err("designated timestamp before 1970-01-01 is not allowed".into());
    }
    if value > MAX {
        return Err(format!("designated timestamp overflow, max[{MAX}]"));
    }
    if unit != TimeUnit::Nanos && value > MAX_DESIGNATED_MICROS {
        return Err("designated timestamp beyond 9999-12-31 is not allowed".into());
    }
    Ok(())
}

/// Returns the text that a symbol column stores for a value: the one that clients send, or that QuestDB makes of a binary value.
#[inline]
pub(crate) fn symbol_text<'a>(cell: &Cell<'a>) -> Result<Option<Cow<'a, str>>, Refused> {
    let field = match cell {
        Cell::Tag(bytes) | Cell::Field(FieldValue::String(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Refused::NotUtf8)?;
            return Ok(Some(text.into()));
        }
        Cell::Field(field) => *field,
    };
    let text = match field {
        FieldValue::Long(v) => v.to_string(),
        FieldValue::Double(v) => JavaDouble(v).to_string(),
        FieldValue::Boolean(v) => if v { "t" } else { "f" }.to_owned(),
        FieldValue::Long256(v) => v.to_string(),
        FieldValue::Timestamp(_, v) => v.to_string(),
        _ => return Ok(None),
    };
    Ok(Some(text.into()))
}

#[inline]
pub(crate) fn as_long(field: FieldValue<'_>, column_type: ColumnType) -> Option<i64> {
    let target = match column_type {
        ColumnType::Timestamp => Some(TimeUnit::Micros),
        ColumnType::TimestampNanos => Some(TimeUnit::Nanos),
        _ => None,
    };
    match (field, target) {
        (FieldValue::Long(v), _) => Some(v),
        (FieldValue::Boolean(v), None) => Some(i64::from(v)),
        (FieldValue::Timestamp(unit, v), Some(target)) => convert(v, unit, target),
        _ => None,
    }
}

#[inline]
pub(crate) fn as_double(field: FieldValue<'_>) -> Option<f64> {
    match field {
        FieldValue::Double(v) => Some(v),
        #[expect(clippy::cast_precision_loss, reason = "the server's conversion")]
        FieldValue::Long(v) => Some(v as f64),
        FieldValue::Boolean(v) => Some(f64::from(u8::from(v))),
        _ => None,
    }
}

pub(crate) fn as_decimal(field: FieldValue<'_>) -> Option<Option<Decimal>> {
    match field {
        FieldValue::Decimal(v) => Some(v),
        FieldValue::Long(i64::MIN) => Some(None),
        FieldValue::Long(v) => Some(Some(Decimal::new(i128::from(v), 0))),
        FieldValue::Double(v) if v.is_finite() => Decimal::parse(format!("{v:?}").as_bytes()),
        FieldValue::Double(_) => Some(None),
        FieldValue::String(text) => Decimal::parse(text),
        _ => None,
    }
}

pub(crate) fn own_array(raw: RawArray<'_>, column_type: ColumnType) -> Result<Arc<Array>, Refused> {
    if ColumnType::Array(u8::try_from(raw.ndim()).unwrap_or(u8::MAX)) != column_type {
        return Err(Refused::Cast(column_type));
    }
    Ok(Arc::new(Array { shape: raw.shape().collect(), data: raw.data().collect() }))
}
