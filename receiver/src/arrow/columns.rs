//! The values of a column as buffers.

use std::collections::HashMap;

use super::{ArrowBuffer, ArrowColumn, Places, lists};
use crate::value::{ColumnType, Value};

/// Bits, the first one lowest in the first byte.
#[derive(Debug, Default)]
struct BitBytes {
    bytes: Vec<u8>,
    len: usize,
    ones: usize,
}

impl BitBytes {
    fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.len % 8);
        }
        self.len += 1;
        self.ones += usize::from(bit);
    }
}

/// Says which rows have a value.
#[derive(Debug, Default)]
pub(super) struct Validity(BitBytes);

impl Validity {
    pub(super) fn push(&mut self, valid: bool) {
        self.0.push(valid);
    }

    /// Returns a column with these rows and further buffers.
    pub(super) fn column(self, buffers: impl IntoIterator<Item = ArrowBuffer>) -> ArrowColumn {
        let BitBytes { bytes, len, ones } = self.0;
        let nulls = len - ones;
        let bits = (nulls > 0).then_some(ArrowBuffer::Bytes(bytes));
        let buffers = std::iter::once(bits).chain(buffers.into_iter().map(Some)).collect();
        ArrowColumn { rows: len, nulls, buffers, ..ArrowColumn::default() }
    }
}

/// Returns the values as a column, or `None` if there is more than a column holds.
pub(super) fn column<'a>(
    column_type: ColumnType,
    values: impl Iterator<Item = Value<'a>>,
    places: Option<Places>,
) -> Option<ArrowColumn> {
    Some(match column_type {
        ColumnType::Symbol => symbols(values)?,
        ColumnType::Varchar => texts(values.map(text))?,
        ColumnType::Long | ColumnType::Timestamp | ColumnType::TimestampNanos => {
            fixed(values.map(integer), ArrowBuffer::Longs)
        }
        ColumnType::Double => {
            let double = |v| if let Value::Double(v) = v { Some(v) } else { None };
            fixed(values.map(double), ArrowBuffer::Doubles)
        }
        ColumnType::Boolean => booleans(values),
        ColumnType::Long256 => long256s(values),
        ColumnType::Array(dimensions) => lists::column(dimensions.into(), values)?,
        ColumnType::Decimal => decimals(values, places?),
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

/// Values of equal size.
pub(super) fn fixed<T: Default>(
    values: impl Iterator<Item = Option<T>>,
    buffer: fn(Vec<T>) -> ArrowBuffer,
) -> ArrowColumn {
    let mut valid = Validity::default();
    let all = values.map(|value| {
        valid.push(value.is_some());
        value.unwrap_or_default()
    });
    let all = all.collect();
    valid.column([buffer(all)])
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Option<ArrowColumn> {
    let (mut valid, mut ends, mut bytes) = (Validity::default(), vec![0], Vec::new());
    for value in values {
        valid.push(value.is_some());
        bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
        ends.push(i32::try_from(bytes.len()).ok()?);
    }
    Some(valid.column([ArrowBuffer::Ints(ends), ArrowBuffer::Bytes(bytes)]))
}

fn symbols<'a>(values: impl Iterator<Item = Value<'a>>) -> Option<ArrowColumn> {
    let (mut numbers, mut words) = (HashMap::new(), Vec::new());
    let ids = values.map(|value| {
        let word = text(value)?;
        Some(*numbers.entry(word).or_insert_with(|| {
            words.push(Some(word));
            // A chunk has far fewer rows than there are numbers.
            i32::try_from(words.len() - 1).unwrap_or(i32::MAX)
        }))
    });
    let column = fixed(ids, ArrowBuffer::Ints);
    let words = texts(words.into_iter())?;
    Some(ArrowColumn { dictionary: Some(Box::new(words)), ..column })
}

fn booleans<'a>(values: impl Iterator<Item = Value<'a>>) -> ArrowColumn {
    let (mut valid, mut bits) = (Validity::default(), BitBytes::default());
    for value in values {
        valid.push(matches!(value, Value::Boolean(_)));
        bits.push(matches!(value, Value::Boolean(true)));
    }
    valid.column([ArrowBuffer::Bytes(bits.bytes)])
}

/// 32 bytes for each value, the least significant first.
fn long256s<'a>(values: impl Iterator<Item = Value<'a>>) -> ArrowColumn {
    let (mut valid, mut bytes) = (Validity::default(), Vec::new());
    for value in values {
        let words = if let Value::Long256(v) = value { Some(v.0) } else { None };
        valid.push(words.is_some());
        words.unwrap_or_default().iter().for_each(|w| bytes.extend_from_slice(&w.to_le_bytes()));
    }
    valid.column([ArrowBuffer::Bytes(bytes)])
}

fn decimals<'a>(values: impl Iterator<Item = Value<'a>>, places: Places) -> ArrowColumn {
    let (mut valid, mut units) = (Validity::default(), Vec::new());
    for value in values {
        let words = if let Value::Decimal(v) = value { Some(v.units(places.scale)) } else { None };
        valid.push(words.is_some());
        let words = words.unwrap_or_default();
        let half = |low: u64, high: u64| (u128::from(low) | u128::from(high) << 64).cast_signed();
        units.push(half(words[0], words[1]));
        if places.digits > 38 {
            units.push(half(words[2], words[3]));
        }
    }
    valid.column([ArrowBuffer::Wide(units)])
}
