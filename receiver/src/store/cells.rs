//! The values of one column, and which values the column accepts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::line::{Decimal, FieldValue, Long256, RawArray, TimeUnit, parse_long256};
use crate::value::{Array, ColumnType, Value};

use super::table::{Cell, convert, not_utf8};
use crate::refusal::Refusal;

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
            // Applies to symbols only: QuestDB stores even such a string.
            (Refused::NotUtf8, Cell::Tag(value)) => not_utf8(table, value),
            _ => self.message(table, column, cell).into(),
        }
    }

    fn message(&self, table: &str, column: &str, cell: Cell<'_>) -> String {
        let from = match cell {
            Cell::Field(FieldValue::Array(Some(array))) => {
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

/// A set of bits, one per row.
#[derive(Debug, Clone, Default)]
struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.len % 64);
        }
        self.len += 1;
    }

    fn get(&self, at: usize) -> bool {
        at < self.len && self.words[at / 64] >> (at % 64) & 1 == 1
    }

    fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.words.truncate(len.div_ceil(64));
            if let (Some(word), true) = (self.words.last_mut(), !len.is_multiple_of(64)) {
                *word &= (1 << (len % 64)) - 1;
            }
            self.len = len;
        }
    }

    fn grow(&mut self, len: usize) {
        self.words.resize(len.div_ceil(64), 0);
        self.len = len;
    }
}

/// Values with a placeholder where the row has none.
#[derive(Debug, Clone)]
enum Values {
    Symbols { ids: Vec<u32>, words: Vec<Arc<str>>, index: HashMap<Arc<str>, u32> },
    Longs(Vec<i64>),
    Doubles(Vec<f64>),
    Texts { ends: Vec<usize>, text: String },
    Booleans(Bits),
    Long256s(Vec<Long256>),
    Arrays(Vec<Option<Arc<Array>>>),
    Decimals(Vec<Decimal>),
}

/// About how many bytes a text of a symbol column takes besides its letters, and an array besides its elements.
const WORD_BYTES: usize = 100;

/// The cells of a column.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    column_type: ColumnType,
    /// For each row, whether it has a value.
    valid: Bits,
    values: Values,
    /// The result of [`Cells::extra_bytes`].
    extra: usize,
}

impl Cells {
    pub(crate) fn new(column_type: ColumnType) -> Cells {
        let values = match column_type {
            ColumnType::Symbol => {
                Values::Symbols { ids: Vec::new(), words: Vec::new(), index: HashMap::new() }
            }
            ColumnType::Long | ColumnType::Timestamp | ColumnType::TimestampNanos => {
                Values::Longs(Vec::new())
            }
            ColumnType::Double => Values::Doubles(Vec::new()),
            ColumnType::Varchar => Values::Texts { ends: Vec::new(), text: String::new() },
            ColumnType::Boolean => Values::Booleans(Bits::default()),
            ColumnType::Long256 => Values::Long256s(Vec::new()),
            ColumnType::Array(_) => Values::Arrays(Vec::new()),
            ColumnType::Decimal => Values::Decimals(Vec::new()),
        };
        Cells { column_type, valid: Bits::default(), values, extra: 0 }
    }

    /// Returns the bytes that each row takes in a column, null or not.
    pub(crate) fn width_of(column_type: ColumnType) -> usize {
        // The bit that says whether there is a value is counted as one byte.
        1 + match column_type {
            ColumnType::Symbol => size_of::<u32>(),
            ColumnType::Boolean => 1,
            ColumnType::Long256 => size_of::<Long256>(),
            ColumnType::Decimal => size_of::<Decimal>(),
            ColumnType::Varchar => size_of::<usize>(),
            ColumnType::Array(_) => size_of::<Option<Arc<Array>>>(),
            ColumnType::Long
            | ColumnType::Double
            | ColumnType::Timestamp
            | ColumnType::TimestampNanos => size_of::<i64>(),
        }
    }

    pub(crate) fn width(&self) -> usize {
        Cells::width_of(self.column_type)
    }

    /// Returns the bytes that the values take beyond their width and their text on the wire.
    pub(crate) fn extra_bytes(&self) -> usize {
        self.extra
    }

    pub(crate) fn column_type(&self) -> ColumnType {
        self.column_type
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.valid.len
    }

    pub(crate) fn get(&self, row: usize) -> Value<'_> {
        if !self.valid.get(row) {
            return Value::Null;
        }
        match (&self.values, self.column_type) {
            (Values::Symbols { ids, words, .. }, _) => Value::Symbol(&words[ids[row] as usize]),
            (Values::Longs(v), ColumnType::Timestamp) => Value::TimestampMicros(v[row]),
            (Values::Longs(v), ColumnType::TimestampNanos) => Value::TimestampNanos(v[row]),
            (Values::Longs(v), _) => Value::Long(v[row]),
            (Values::Doubles(v), _) => Value::Double(v[row]),
            (Values::Texts { ends, text }, _) => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                Value::Varchar(&text[start..ends[row]])
            }
            (Values::Booleans(v), _) => Value::Boolean(v.get(row)),
            (Values::Long256s(v), _) => Value::Long256(v[row]),
            (Values::Arrays(v), _) => v[row].as_deref().map_or(Value::Null, Value::Array),
            (Values::Decimals(v), _) => Value::Decimal(v[row]),
        }
    }

    /// Extends the column with nulls until it has `rows` rows.
    #[inline]
    pub(crate) fn fill(&mut self, rows: usize) {
        if self.valid.len < rows {
            self.fill_with_nulls(rows);
        }
    }

    fn fill_with_nulls(&mut self, rows: usize) {
        match &mut self.values {
            Values::Symbols { ids, .. } => ids.resize(rows, 0),
            Values::Longs(v) => v.resize(rows, 0),
            Values::Doubles(v) => v.resize(rows, 0.0),
            Values::Texts { ends, text } => ends.resize(rows, text.len()),
            Values::Booleans(v) => v.grow(rows),
            Values::Long256s(v) => v.resize(rows, Long256([0; 4])),
            Values::Arrays(v) => v.resize(rows, None),
            Values::Decimals(v) => v.resize(rows, Decimal::new(0, 0)),
        }
        self.valid.grow(rows);
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.values {
            Values::Symbols { ids, words, index } if ids.len() > rows => {
                ids.truncate(rows);
                // Words are numbered in the order in which they arrive, so those of the removed rows are the last ones.
                let kept = ids.iter().max().map_or(0, |id| *id as usize + 1);
                words.drain(kept.min(words.len())..).for_each(|word| {
                    index.remove(&word);
                });
            }
            Values::Symbols { .. } => {}
            Values::Longs(v) => v.truncate(rows),
            Values::Doubles(v) => v.truncate(rows),
            Values::Texts { ends, text } => {
                ends.truncate(rows);
                text.truncate(ends.last().copied().unwrap_or(0));
            }
            Values::Booleans(v) => v.truncate(rows),
            Values::Long256s(v) => v.truncate(rows),
            Values::Arrays(v) => v.truncate(rows),
            Values::Decimals(v) => v.truncate(rows),
        }
        self.valid.truncate(rows);
        self.extra = match &self.values {
            Values::Symbols { words, .. } => words.len() * WORD_BYTES,
            Values::Arrays(v) => v.iter().flatten().count() * WORD_BYTES,
            _ => 0,
        };
    }

    /// Appends a timestamp that was already converted to the unit of the column.
    pub(crate) fn push_time(&mut self, value: i64) {
        if let Values::Longs(v) = &mut self.values {
            v.push(value);
            self.valid.push(true);
        }
    }

    /// Appends a value, converted as QuestDB converts it. If the value is refused, the column stays as it was.
    #[inline]
    pub(crate) fn push(&mut self, cell: Cell<'_>) -> Result<(), Refused> {
        let refused = Err(Refused::Cast(self.column_type));
        let rows = self.valid.len;
        let valid = match (&mut self.values, cell) {
            (Values::Symbols { ids, words, index }, cell) => {
                let Some(text) = symbol_text(&cell)? else { return refused };
                let before = words.len();
                ids.push(intern(words, index, &text)?);
                self.extra += (words.len() - before) * WORD_BYTES;
                true
            }
            (Values::Texts { ends, text }, Cell::Tag(v) | Cell::Field(FieldValue::String(v))) => {
                text.push_str(std::str::from_utf8(v).map_err(|_| Refused::NotUtf8)?);
                ends.push(text.len());
                true
            }
            (_, Cell::Tag(_)) => return refused,
            (Values::Longs(v), Cell::Field(field)) => {
                let Some(value) = as_long(field, self.column_type) else { return refused };
                v.push(value);
                // QuestDB marks a missing integer with the smallest one.
                value != i64::MIN
            }
            (Values::Doubles(v), Cell::Field(field)) => {
                let Some(value) = as_double(field) else { return refused };
                v.push(value);
                !matches!(field, FieldValue::Long(i64::MIN))
            }
            (Values::Booleans(v), Cell::Field(FieldValue::Boolean(value))) => {
                v.push(value);
                true
            }
            (Values::Long256s(v), Cell::Field(FieldValue::Long256(value))) => {
                v.push(value);
                true
            }
            (Values::Long256s(v), Cell::Field(FieldValue::String(text))) => {
                v.push(parse_long256(text).ok_or(Refused::Malformed(self.column_type))?);
                true
            }
            (Values::Arrays(v), Cell::Field(FieldValue::Array(value))) => {
                let array = value.map(|raw| own_array(raw, self.column_type)).transpose()?;
                v.push(array);
                self.extra += usize::from(value.is_some()) * WORD_BYTES;
                value.is_some()
            }
            (Values::Decimals(v), Cell::Field(field)) => {
                let Some(value) = as_decimal(field) else { return refused };
                if let Some(value) = value.filter(|v| !v.is_null_mark() && !v.fits_a_column()) {
                    return Err(Refused::OutOfBounds(value));
                }
                v.push(value.unwrap_or(Decimal::new(0, 0)));
                value.is_some_and(|v| !v.is_null_mark())
            }
            _ => return refused,
        };
        self.valid.push(valid);
        debug_assert_eq!(self.valid.len, rows + 1);
        Ok(())
    }
}

/// Returns the text that a symbol column stores for a value.
#[inline]
fn symbol_text<'a>(cell: &Cell<'a>) -> Result<Option<std::borrow::Cow<'a, str>>, Refused> {
    let field = match cell {
        Cell::Tag(bytes) | Cell::Field(FieldValue::String(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Refused::NotUtf8)?;
            return Ok(Some(text.into()));
        }
        Cell::Field(field) => *field,
    };
    let text = match field {
        FieldValue::Long(v) => v.to_string(),
        FieldValue::Double(v) => format!("{v:?}"),
        FieldValue::Boolean(v) => v.to_string(),
        FieldValue::Long256(v) => v.to_string(),
        FieldValue::Timestamp(_, v) => v.to_string(),
        _ => return Ok(None),
    };
    Ok(Some(text.into()))
}

#[inline]
fn intern(
    words: &mut Vec<Arc<str>>,
    index: &mut HashMap<Arc<str>, u32>,
    text: &str,
) -> Result<u32, Refused> {
    if let Some(id) = index.get(text) {
        return Ok(*id);
    }
    let id = u32::try_from(words.len()).map_err(|_| Refused::Malformed(ColumnType::Symbol))?;
    let word: Arc<str> = text.into();
    words.push(Arc::clone(&word));
    index.insert(word, id);
    Ok(id)
}

#[inline]
fn as_long(field: FieldValue<'_>, column_type: ColumnType) -> Option<i64> {
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
fn as_double(field: FieldValue<'_>) -> Option<f64> {
    match field {
        FieldValue::Double(v) => Some(v),
        #[expect(clippy::cast_precision_loss, reason = "the server's conversion")]
        FieldValue::Long(v) => Some(v as f64),
        FieldValue::Boolean(v) => Some(f64::from(u8::from(v))),
        _ => None,
    }
}

fn as_decimal(field: FieldValue<'_>) -> Option<Option<Decimal>> {
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

fn own_array(raw: RawArray<'_>, column_type: ColumnType) -> Result<Arc<Array>, Refused> {
    if ColumnType::Array(u8::try_from(raw.ndim()).unwrap_or(u8::MAX)) != column_type {
        return Err(Refused::Cast(column_type));
    }
    Ok(Arc::new(Array { shape: raw.shape().collect(), data: raw.data().collect() }))
}
