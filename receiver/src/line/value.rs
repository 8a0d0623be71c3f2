//! A line taken apart: what the parser leaves behind and how it is read.

use std::fmt;

use super::Decimal;

/// Unit of a timestamp on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// A binary timestamp that states no unit.
    Unset,
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

/// The designated timestamp of a line; without a unit the receiver's default applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The number on the wire.
    pub value: i64,
    /// Its suffix, if it has one.
    pub unit: Option<TimeUnit>,
}

/// A 256-bit value as four words, the least significant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Long256(pub [u64; 4]);

impl fmt::Display for Long256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let top = self.0.iter().rposition(|w| *w != 0).unwrap_or(0);
        write!(f, "0x{:x}", self.0[top])?;
        self.0[..top].iter().rev().try_for_each(|w| write!(f, "{w:016x}"))
    }
}

/// A double array as it lies in the input.
#[derive(Debug, Clone, Copy)]
pub struct RawArray<'a> {
    shape: &'a [u8],
    data: &'a [u8],
}

impl<'a> RawArray<'a> {
    /// Number of dimensions, 1 to 32.
    pub fn ndim(&self) -> usize {
        self.shape.len() / 4
    }

    /// The dimensions, outermost first.
    pub fn shape(&self) -> impl Iterator<Item = u32> + 'a {
        self.shape.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b))
    }

    /// The elements in row-major order.
    pub fn data(&self) -> impl Iterator<Item = f64> + 'a {
        self.data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b))
    }
}

/// The value of a field as it was sent.
#[derive(Debug, Clone, Copy)]
pub enum FieldValue<'a> {
    /// Nothing after the equals sign.
    Null,
    /// `t`, `f` and their longer spellings, or the binary form.
    Boolean(bool),
    /// An integer.
    Long(i64),
    /// A double.
    Double(f64),
    /// A quoted string, without its quotes and backslashes; not known to be UTF-8.
    String(&'a [u8]),
    /// A hexadecimal integer.
    Long256(Long256),
    /// A timestamp.
    Timestamp(TimeUnit, i64),
    /// An array; `None` is the null array.
    Array(Option<RawArray<'a>>),
    /// A decimal; `None` stands for null, NaN and the infinities.
    Decimal(Option<Decimal>),
}

/// One complete line. Names and values are bytes: whether they are UTF-8 is for the reader to judge.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) parts: &'a Parts,
}

impl<'a> Line<'a> {
    /// The table name, possibly empty.
    pub fn table(&self) -> &'a [u8] {
        self.parts.text(self.input, self.parts.table)
    }

    /// Names and values of the symbols, in order, duplicates included.
    pub fn symbols(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let (input, parts) = (self.input, self.parts);
        parts.symbols.iter().map(move |(n, v)| (parts.text(input, *n), parts.text(input, *v)))
    }

    /// Names and values of the fields, in order, duplicates included.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], FieldValue<'a>)> + use<'a> {
        let (input, parts) = (self.input, self.parts);
        parts.fields.iter().map(move |(n, v)| (parts.text(input, *n), parts.value(input, v)))
    }

    /// The designated timestamp.
    pub fn stamp(&self) -> Option<Stamp> {
        self.parts.stamp
    }
}

/// Where a piece of text lies: in the input, or unescaped in the scratch buffer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) unescaped: bool,
}

#[derive(Debug)]
pub(crate) enum Stored {
    Null,
    Boolean(bool),
    Long(i64),
    Double(f64),
    String(Span),
    Long256(Long256),
    Timestamp(TimeUnit, i64),
    Array(Option<(Span, Span)>),
    Decimal(Option<Decimal>),
}

/// The parts of the line read so far; offsets are relative to the start of the line.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) table: Span,
    pub(crate) symbols: Vec<(Span, Span)>,
    pub(crate) fields: Vec<(Span, Stored)>,
    pub(crate) stamp: Option<Stamp>,
    /// Text that had backslashes, without them.
    pub(crate) scratch: Vec<u8>,
}

impl Parts {
    pub(crate) fn text<'a>(&'a self, input: &'a [u8], span: Span) -> &'a [u8] {
        let from = if span.unescaped { &self.scratch[..] } else { input };
        &from[span.start..span.end]
    }

    fn value<'a>(&'a self, input: &'a [u8], stored: &Stored) -> FieldValue<'a> {
        match *stored {
            Stored::Null => FieldValue::Null,
            Stored::Boolean(v) => FieldValue::Boolean(v),
            Stored::Long(v) => FieldValue::Long(v),
            Stored::Double(v) => FieldValue::Double(v),
            Stored::String(span) => FieldValue::String(self.text(input, span)),
            Stored::Long256(v) => FieldValue::Long256(v),
            Stored::Timestamp(unit, v) => FieldValue::Timestamp(unit, v),
            Stored::Array(spans) => FieldValue::Array(spans.map(|(shape, data)| RawArray {
                shape: self.text(input, shape),
                data: self.text(input, data),
            })),
            Stored::Decimal(v) => FieldValue::Decimal(v),
        }
    }
}
