//! A parsed line: what the parser stores, and the types through which it is read.

use std::fmt;

use super::Decimal;

/// The unit of a timestamp on the wire.
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

/// The designated timestamp of a line. Without a unit, the receiver's default unit applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The number on the wire.
    pub value: i64,
    /// The unit that its suffix states, if there is one.
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

/// An array of doubles in the form that it has in the input.
#[derive(Debug, Clone, Copy)]
pub struct RawArray<'a> {
    shape: &'a [u8],
    data: &'a [u8],
}

impl<'a> RawArray<'a> {
    /// Returns the number of dimensions, 1 to 32.
    pub fn ndim(&self) -> usize {
        self.shape.len() / 4
    }

    /// Returns the dimensions, outermost first.
    pub fn shape(&self) -> impl Iterator<Item = u32> + 'a {
        self.shape.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b))
    }

    /// Returns the elements in row-major order.
    pub fn data(&self) -> impl Iterator<Item = f64> + 'a {
        self.data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b))
    }
}

/// The value of a field, as it was sent.
#[derive(Debug, Clone, Copy)]
pub enum FieldValue<'a> {
    /// No value: nothing follows the equals sign.
    Null,
    /// A boolean: `t`, `f` or one of their longer spellings, or the binary form.
    Boolean(bool),
    /// An integer.
    Long(i64),
    /// A double.
    Double(f64),
    /// A quoted string, without its quotes and with its backslashes resolved. It may not be UTF-8.
    String(&'a [u8]),
    /// A hexadecimal integer.
    Long256(Long256),
    /// A timestamp.
    Timestamp(TimeUnit, i64),
    /// An array. `None` is the null array.
    Array(Option<RawArray<'a>>),
    /// A decimal. `None` stands for null, NaN and the infinities.
    Decimal(Option<Decimal>),
}

/// A complete line. Names and values are bytes: the reader has to check whether they are UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) parts: &'a Parts,
}

impl<'a> Line<'a> {
    /// Returns the table name, which may be empty.
    pub fn table(&self) -> &'a [u8] {
        self.parts.text(self.input, self.parts.table)
    }

    /// Returns the names and values of the symbols, in order, including duplicates.
    pub fn symbols(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let (input, parts) = (self.input, self.parts);
        parts.symbols.iter().map(move |(n, v)| (parts.text(input, *n), parts.text(input, *v)))
    }

    /// Returns the names and values of the fields, in order, including duplicates.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], FieldValue<'a>)> + use<'a> {
        let (input, parts) = (self.input, self.parts);
        parts.fields.iter().map(move |(n, v)| (parts.text(input, *n), parts.value(input, v)))
    }

    /// Returns the names of the symbols and fields, if none of them and not the table has a backslash.
    pub(crate) fn plain_names(&self) -> Option<Vec<&'a [u8]>> {
        let symbols = self.parts.symbols.iter().map(|(name, _)| *name);
        let names = symbols.chain(self.parts.fields.iter().map(|(name, _)| *name));
        let plain = |span: Span| (!span.unescaped).then(|| self.parts.text(self.input, span));
        plain(self.parts.table)?;
        names.map(plain).collect()
    }

    /// Returns the designated timestamp.
    pub fn stamp(&self) -> Option<Stamp> {
        self.parts.stamp
    }
}

/// Where a piece of text is: in the input, or in the scratch buffer if it had backslashes.
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

/// The parts of the line that were read so far. Offsets are relative to the start of the line.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) table: Span,
    pub(crate) symbols: Vec<(Span, Span)>,
    pub(crate) fields: Vec<(Span, Stored)>,
    pub(crate) stamp: Option<Stamp>,
    /// Text that had backslashes, after they were resolved.
    pub(crate) scratch: Vec<u8>,
}

impl Parts {
    pub(crate) fn text<'a>(&'a self, input: &'a [u8], span: Span) -> &'a [u8] {
        let from = if span.unescaped { &self.scratch[..] } else { input };
        &from[span.start..span.end]
    }

    pub(crate) fn value<'a>(&'a self, input: &'a [u8], stored: &Stored) -> FieldValue<'a> {
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
