//! The values of one column of a chunk, and which values the column accepts.

use std::sync::Arc;

use crate::line::{Decimal, FieldValue, Long256, TimeUnit, parse_long256, quick};
use crate::value::{Array, ColumnType, Value};

use super::bits::Bits;
use super::cast::{Cell, Refused, as_decimal, as_double, as_long, own_array, symbol_text};
use super::symbols::Symbols;

/// About how many bytes an array takes besides its elements.
const ARRAY_BYTES: usize = 100;

/// The values of the rows that have one, in order.
#[derive(Debug, Clone)]
// With a tag of its own the type costs one comparison of a small number.
#[repr(u8)]
enum Values {
    Symbols(Symbols),
    Longs(Vec<i64>),
    Doubles(Vec<f64>),
    Texts { ends: Vec<usize>, text: String },
    Booleans(Bits),
    Long256s(Vec<Long256>),
    Arrays(Vec<Arc<Array>>),
    Decimals(Vec<Decimal>),
}

/// The cells of a column. Rows after the last one have no value.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    column_type: ColumnType,
    /// For each row, whether it has a value.
    valid: Bits,
    values: Values,
    /// The bytes of arrays behind their pointers.
    extra: usize,
}

impl Cells {
    pub(crate) fn new(column_type: ColumnType) -> Cells {
        let values = match column_type {
            ColumnType::Symbol => Values::Symbols(Symbols::default()),
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

    pub(crate) fn column_type(&self) -> ColumnType {
        self.column_type
    }

    /// Returns the number of rows up to the last one that was set.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Returns about how many bytes the column takes.
    pub(crate) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Symbols(v) => v.bytes(),
            Values::Longs(v) => v.capacity() * size_of::<i64>(),
            Values::Doubles(v) => v.capacity() * size_of::<f64>(),
            Values::Texts { ends, text } => ends.capacity() * size_of::<usize>() + text.capacity(),
            Values::Booleans(v) => v.bytes(),
            Values::Long256s(v) => v.capacity() * size_of::<Long256>(),
            Values::Arrays(v) => v.capacity() * size_of::<Arc<Array>>(),
            Values::Decimals(v) => v.capacity() * size_of::<Decimal>(),
        };
        size_of::<Cells>() + self.valid.bytes() + values + self.extra
    }

    pub(crate) fn get(&self, row: usize) -> Value<'_> {
        let Some(at) = self.valid.rank(row) else { return Value::Null };
        match (&self.values, self.column_type) {
            (Values::Symbols(s), _) => Value::Symbol(s.get(at)),
            (Values::Longs(v), ColumnType::Timestamp) => Value::TimestampMicros(v[at]),
            (Values::Longs(v), ColumnType::TimestampNanos) => Value::TimestampNanos(v[at]),
            (Values::Longs(v), _) => Value::Long(v[at]),
            (Values::Doubles(v), _) => Value::Double(v[at]),
            (Values::Texts { ends, text }, _) => {
                let start = if at == 0 { 0 } else { ends[at - 1] };
                Value::Varchar(&text[start..ends[at]])
            }
            (Values::Booleans(v), _) => Value::Boolean(v.get(at)),
            (Values::Long256s(v), _) => Value::Long256(v[at]),
            (Values::Arrays(v), _) => Value::Array(&v[at]),
            (Values::Decimals(v), _) => Value::Decimal(v[at]),
        }
    }

    /// Makes the column at least `rows` rows long; the new ones have no value.
    pub(crate) fn fill(&mut self, rows: usize) {
        self.valid.grow(rows);
    }

    /// Removes the last row.
    pub(crate) fn pop(&mut self) {
        if self.valid.pop() != Some(true) {
            return;
        }
        match &mut self.values {
            Values::Symbols(v) => v.pop(),
            Values::Longs(v) => drop(v.pop()),
            Values::Doubles(v) => drop(v.pop()),
            Values::Texts { ends, text } => {
                ends.pop();
                text.truncate(ends.last().copied().unwrap_or(0));
            }
            Values::Booleans(v) => drop(v.pop()),
            Values::Long256s(v) => drop(v.pop()),
            Values::Arrays(v) => {
                self.extra -= v.pop().map_or(0, |array| array_bytes(&array));
            }
            Values::Decimals(v) => drop(v.pop()),
        }
    }

    /// Appends a timestamp that was already converted to the unit of the column.
    #[inline]
    pub(crate) fn push_time(&mut self, value: i64) {
        if let Values::Longs(v) = &mut self.values {
            v.push(value);
            self.valid.push(true);
        }
    }

    /// Appends an array that has as many dimensions as the column.
    #[cfg(feature = "files")]
    pub(crate) fn push_array(&mut self, array: Array) {
        if let Values::Arrays(v) = &mut self.values {
            self.extra += array_bytes(&array);
            v.push(Arc::new(array));
            self.valid.push(true);
        }
    }

    /// Appends a value, converted as QuestDB converts it. If the value is refused, the column stays as it was.
    #[inline]
    pub(crate) fn push(&mut self, cell: Cell<'_>) -> Result<(), Refused> {
        let refused = Err(Refused::Cast(self.column_type));
        let valid = match (&mut self.values, cell) {
            (Values::Symbols(symbols), cell) => {
                let Some(text) = symbol_text(&cell)? else { return refused };
                symbols.push(&text)?;
                true
            }
            (Values::Texts { ends, text }, Cell::Tag(v) | Cell::Field(FieldValue::String(v))) => {
                // QuestDB stores such bytes as they are. Readers here get text.
                match std::str::from_utf8(v) {
                    Ok(v) => text.push_str(v),
                    Err(_) => text.push_str(&String::from_utf8_lossy(v)),
                }
                ends.push(text.len());
                true
            }
            (_, Cell::Tag(_)) => return refused,
            (Values::Longs(v), Cell::Field(field)) => {
                let Some(value) = as_long(field, self.column_type) else { return refused };
                // QuestDB marks a missing integer with the smallest one.
                if value != i64::MIN {
                    v.push(value);
                }
                value != i64::MIN
            }
            (Values::Doubles(v), Cell::Field(field)) => {
                let Some(value) = as_double(field) else { return refused };
                v.push(value);
                true
            }
            (values, Cell::Field(field)) => {
                push_rare(values, &mut self.extra, field, self.column_type)?
            }
        };
        self.valid.push(valid);
        Ok(())
    }

    /// Returns what appends to a column of doubles, if it is one.
    #[inline]
    pub(super) fn doubles(&mut self) -> Option<Doubles<'_>> {
        match &mut self.values {
            Values::Doubles(values) => Some(Doubles { values, valid: &mut self.valid }),
            _ => None,
        }
    }

    /// Appends the symbol at the start of the input. Returns how many bytes follow it, or `None` if the parser has to read it.
    #[inline(never)]
    pub(super) fn read_symbol(&mut self, input: &[u8]) -> Option<usize> {
        if let Values::Symbols(symbols) = &mut self.values {
            let (text, hash, rest) = quick::hashed_token(input)?;
            symbols.push_hashed(text, hash)?;
            self.valid.push(true);
            return Some(rest.len());
        }
        let (text, rest) = quick::token(input)?;
        self.push(Cell::Tag(text)).ok()?;
        Some(rest.len())
    }

    /// Appends a field, unless it is refused.
    #[inline]
    pub(super) fn push_field(&mut self, field: FieldValue<'_>) -> Option<()> {
        match field {
            FieldValue::Null => Some(()),
            // Refused with an error of its own.
            FieldValue::Timestamp(TimeUnit::Unset, _) => None,
            _ => self.push(Cell::Field(field)).ok(),
        }
    }

    /// Appends the rows of another column of the same type. Both then have their values in one place.
    pub(crate) fn extend(&mut self, other: &Cells) {
        match (&mut self.values, &other.values) {
            (Values::Symbols(all), Values::Symbols(more)) => all.extend(more),
            (Values::Longs(all), Values::Longs(more)) => all.extend_from_slice(more),
            (Values::Doubles(all), Values::Doubles(more)) => all.extend_from_slice(more),
            (Values::Texts { ends, text }, Values::Texts { ends: more_ends, text: more }) => {
                let start = text.len();
                text.push_str(more);
                ends.extend(more_ends.iter().map(|end| start + end));
            }
            (Values::Booleans(all), Values::Booleans(more)) => all.extend(more),
            (Values::Long256s(all), Values::Long256s(more)) => all.extend_from_slice(more),
            (Values::Arrays(all), Values::Arrays(more)) => {
                all.extend_from_slice(more);
                self.extra += other.extra;
            }
            (Values::Decimals(all), Values::Decimals(more)) => all.extend_from_slice(more),
            // The types of columns never change, so this does not occur; the rows would have no value.
            _ => return self.fill(self.len() + other.len()),
        }
        self.valid.extend(&other.valid);
    }

    /// Frees what only a column that still grows needs.
    pub(crate) fn seal(&mut self) {
        self.valid.shrink();
        match &mut self.values {
            Values::Symbols(v) => v.seal(),
            Values::Longs(v) => v.shrink_to_fit(),
            Values::Doubles(v) => v.shrink_to_fit(),
            Values::Texts { ends, text } => {
                ends.shrink_to_fit();
                text.shrink_to_fit();
            }
            Values::Booleans(v) => v.shrink(),
            Values::Long256s(v) => v.shrink_to_fit(),
            Values::Arrays(v) => v.shrink_to_fit(),
            Values::Decimals(v) => v.shrink_to_fit(),
        }
    }
}

/// Appends to a column of doubles.
pub(super) struct Doubles<'a> {
    values: &'a mut Vec<f64>,
    valid: &'a mut Bits,
}

impl Doubles<'_> {
    #[inline]
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
        self.valid.push(true);
    }
}

/// Appends a value of a type that few rows have. Returns whether there is a value.
fn push_rare(
    values: &mut Values,
    extra: &mut usize,
    field: FieldValue<'_>,
    column_type: ColumnType,
) -> Result<bool, Refused> {
    match (values, field) {
        (Values::Booleans(v), FieldValue::Boolean(value)) => {
            v.push(value);
            Ok(true)
        }
        (Values::Long256s(v), FieldValue::Long256(value)) => {
            v.push(value);
            Ok(true)
        }
        (Values::Long256s(v), FieldValue::String(text)) => {
            // In a string QuestDB wants both digits of each byte.
            let value = parse_long256(text).filter(|_| text.len() % 2 == 0);
            v.push(value.ok_or(Refused::Malformed(column_type))?);
            Ok(true)
        }
        (Values::Arrays(v), FieldValue::Array(Some(raw))) => {
            let array = own_array(raw, column_type)?;
            *extra += array_bytes(&array);
            v.push(array);
            Ok(true)
        }
        (Values::Arrays(_), FieldValue::Array(None)) => Ok(false),
        (Values::Decimals(v), field) => {
            let value = as_decimal(field).ok_or(Refused::Cast(column_type))?;
            let Some(value) = value.filter(|v| !v.is_null_mark()) else { return Ok(false) };
            if !value.fits_a_column() {
                return Err(Refused::OutOfBounds(value));
            }
            v.push(value);
            Ok(true)
        }
        _ => Err(Refused::Cast(column_type)),
    }
}

fn array_bytes(array: &Array) -> usize {
    ARRAY_BYTES + array.shape.len() * size_of::<u32>() + array.data.len() * size_of::<f64>()
}
