//! The values of cells, and the types of columns.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, err, shown};
use crate::line::{Decimal, Long256};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// Text with few different values.
    Symbol,
    /// A 64-bit integer.
    Long,
    /// A 64-bit floating point number.
    Double,
    /// Text.
    Varchar,
    /// True or false.
    Boolean,
    /// Microseconds since 1970.
    Timestamp,
    /// Nanoseconds since 1970.
    TimestampNanos,
    /// 256 bits.
    Long256,
    /// An array of doubles with this many dimensions.
    Array(u8),
    /// A decimal. Every value keeps the scale that it was sent with.
    Decimal,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Symbol => f.write_str("SYMBOL"),
            ColumnType::Long => f.write_str("LONG"),
            ColumnType::Double => f.write_str("DOUBLE"),
            ColumnType::Varchar => f.write_str("VARCHAR"),
            ColumnType::Boolean => f.write_str("BOOLEAN"),
            ColumnType::Timestamp => f.write_str("TIMESTAMP"),
            ColumnType::TimestampNanos => f.write_str("TIMESTAMP_NS"),
            ColumnType::Long256 => f.write_str("LONG256"),
            ColumnType::Array(ndim) => {
                f.write_str("DOUBLE")?;
                (0..*ndim).try_for_each(|_| f.write_str("[]"))
            }
            ColumnType::Decimal => f.write_str("DECIMAL"),
        }
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    /// Reads the name that [`Display`](fmt::Display) writes, such as `DOUBLE`, `TIMESTAMP_NS` or `DOUBLE[][]`, in upper or lower
    /// case.
    fn from_str(name: &str) -> Result<ColumnType> {
        const PLAIN: [ColumnType; 9] = [
            ColumnType::Symbol,
            ColumnType::Long,
            ColumnType::Double,
            ColumnType::Varchar,
            ColumnType::Boolean,
            ColumnType::Timestamp,
            ColumnType::TimestampNanos,
            ColumnType::Long256,
            ColumnType::Decimal,
        ];
        let wanted = name.to_uppercase();
        let dimensions = wanted.strip_prefix("DOUBLE").map_or(0, |brackets| brackets.len() / 2);
        let array = u8::try_from(dimensions).ok().filter(|d| (1..=32).contains(d));
        let found = PLAIN.into_iter().chain(array.map(ColumnType::Array));
        let mut found = found.filter(|known| known.to_string() == wanted);
        found.next().ok_or_else(|| {
            let names: Vec<_> = PLAIN.iter().map(ToString::to_string).collect();
            let (name, names) = (shown(name), names.join(", "));
            err!(InvalidArgument, "{name} is no type of a column: they are {names}, and DOUBLE[] with up to 32 pairs of brackets")
        })
    }
}

/// An array of doubles. Two arrays are equal if the bits of their elements are.
#[derive(Debug, Clone)]
pub struct Array {
    pub(crate) shape: Vec<u32>,
    pub(crate) data: Vec<f64>,
}

impl Array {
    /// Returns the dimensions, outermost first.
    pub fn shape(&self) -> &[u32] {
        &self.shape
    }

    /// Returns the elements in row-major order.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, dim: usize, from: usize) -> fmt::Result {
        let Some(len) = self.shape.get(dim) else {
            return match self.data.get(from) {
                Some(value) => write!(f, "{value:?}"),
                None => Ok(()),
            };
        };
        let inner: usize = self.shape[dim + 1..].iter().map(|n| *n as usize).product();
        f.write_str("[")?;
        for i in 0..*len as usize {
            // With empty inner dimensions the outer one could be extremely long, so it is not printed.
            if self.data.is_empty() && i > 0 {
                f.write_str(",…")?;
                break;
            }
            f.write_str(if i > 0 { "," } else { "" })?;
            self.write(f, dim + 1, from + i * inner)?;
        }
        f.write_str("]")
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        let bits = |a: &Array| a.data.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        self.shape == other.shape && bits(self) == bits(other)
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0, 0)
    }
}

/// The value of a cell. Two doubles are equal if their bits are, so that NaN equals itself and `0.0` differs from `-0.0`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value. Unlike in QuestDB, a boolean can be null too, so that "left out" and "false" are different.
    Null,
    /// Value of a symbol column.
    Symbol(&'a str),
    /// Value of a long column.
    Long(i64),
    /// Value of a double column, NaN included.
    Double(f64),
    /// Value of a varchar column.
    Varchar(&'a str),
    /// Value of a boolean column.
    Boolean(bool),
    /// Microseconds since 1970.
    TimestampMicros(i64),
    /// Nanoseconds since 1970.
    TimestampNanos(i64),
    /// Value of a long256 column.
    Long256(Long256),
    /// Value of an array column.
    Array(&'a Array),
    /// Value of a decimal column.
    Decimal(Decimal),
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        use Value::*;
        match (self, other) {
            (Null, Null) => true,
            (Symbol(a), Symbol(b)) | (Varchar(a), Varchar(b)) => a == b,
            (Long(a), Long(b)) => a == b,
            (Double(a), Double(b)) => a.to_bits() == b.to_bits(),
            (Boolean(a), Boolean(b)) => a == b,
            (TimestampMicros(a), TimestampMicros(b)) => a == b,
            (TimestampNanos(a), TimestampNanos(b)) => a == b,
            (Long256(a), Long256(b)) => a == b,
            (Array(a), Array(b)) => a == b,
            (Decimal(a), Decimal(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Symbol(v) | Value::Varchar(v) => f.write_str(v),
            Value::Long(v) => write!(f, "{v}"),
            Value::Double(v) => write!(f, "{v:?}"),
            Value::Boolean(v) => write!(f, "{v}"),
            Value::TimestampMicros(v) => {
                write_time(f, v.div_euclid(1_000_000), v.rem_euclid(1_000_000), 6)
            }
            Value::TimestampNanos(v) => {
                write_time(f, v.div_euclid(1_000_000_000), v.rem_euclid(1_000_000_000), 9)
            }
            Value::Long256(v) => write!(f, "{v}"),
            Value::Array(v) => write!(f, "{v}"),
            Value::Decimal(v) => write!(f, "{v}"),
        }
    }
}

fn write_time(
    f: &mut fmt::Formatter<'_>,
    seconds: i64,
    fraction: i64,
    digits: usize,
) -> fmt::Result {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_date(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
    write!(f, ".{fraction:0digits$}Z")
}

/// Converts days since 1970 to a date of the proleptic Gregorian calendar.
pub(crate) fn civil_date(days: i64) -> (i64, i64, i64) {
    // Counted from 1 March of year 0, leap days are at the end of a year, and every 400 years have the same number of days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// A number as Java writes it: with a point, and with an exponent if it is very large or small.
pub(crate) struct JavaDouble(pub(crate) f64);

impl fmt::Display for JavaDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JavaDouble(value) = *self;
        let size = value.abs();
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
        if value.is_nan() || size == 0.0 || (1e-3..1e7).contains(&size) {
            return write!(f, "{value:?}");
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        write!(f, "{digits}{point}E{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_their_names() {
        let types = [ColumnType::TimestampNanos, ColumnType::Array(1), ColumnType::Array(32)];
        for column_type in types {
            assert_eq!(column_type.to_string().parse(), Ok(column_type));
        }
        assert_eq!("varchar".parse(), Ok(ColumnType::Varchar));
        let long = ColumnType::Array(33).to_string();
        for wrong in ["", "INT", "DOUBLE[", "DOUBLE()", "double[]]", &long] {
            let error = wrong.parse::<ColumnType>().unwrap_err();
            assert!(error.to_string().contains("is no type of a column"), "{error}");
        }
    }

    #[test]
    fn cells_are_shown_as_people_write_them() {
        let array = Array { shape: vec![2, 1, 2], data: vec![1.0, -0.5, f64::NAN, 1e300] };
        let hollow = Array { shape: vec![u32::MAX, 0], data: vec![] };
        let cases: &[(Value<'_>, &str)] = &[
            (Value::TimestampMicros(0), "1970-01-01T00:00:00.000000Z"),
            (Value::TimestampMicros(-1), "1969-12-31T23:59:59.999999Z"),
            (Value::TimestampNanos(1_646_762_637_609_765_000), "2022-03-08T18:03:57.609765000Z"),
            (Value::TimestampMicros(951_782_400_000_000), "2000-02-29T00:00:00.000000Z"),
            (Value::TimestampMicros(253_402_300_799_999_999), "9999-12-31T23:59:59.999999Z"),
            (Value::TimestampNanos(i64::MIN), "1677-09-21T00:12:43.145224192Z"),
            (Value::Array(&array), "[[[1.0,-0.5]],[[NaN,1e300]]]"),
            (Value::Array(&hollow), "[[],…]"),
            (Value::Decimal(Decimal::new(-5, 3)), "-0.005"),
            (Value::Double(1.0), "1.0"),
        ];
        for (value, expected) in cases {
            assert_eq!(value.to_string(), *expected);
            assert_eq!(value, value);
        }
        assert_ne!(Value::Double(0.0), Value::Double(-0.0));
    }
}
