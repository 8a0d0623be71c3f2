//! Binary values: a type byte, and a payload whose length depends on the type.

use super::{Decimal, ParseErrorKind, Span, Stored, TimeUnit};

/// The result of reading a value at some offset.
pub(crate) enum Read {
    /// The value, and the offset of the first byte after it.
    Value(Stored, usize),
    /// The value is not complete. The input must have at least this length.
    More(usize),
}

const DOUBLE_ELEMENT: u8 = 10;
const MAX_DIMENSIONS: usize = 32;
const MAX_DIMENSION: i32 = 0x0FFF_FFFF;
/// The server uses signed 32-bit offsets for the data of an array.
const MAX_ARRAY_BYTES: u64 = 0x7FFF_FFFF;

/// Reads the value whose type byte is at `at`.
pub(crate) fn field(input: &[u8], at: usize) -> Result<Read, ParseErrorKind> {
    let mut cursor = ByteReader { input, at };
    match read(&mut cursor) {
        Ok(value) => Ok(Read::Value(value, cursor.at)),
        Err(Stop::More(total)) => Ok(Read::More(total)),
        Err(Stop::Bad(kind)) => Err(kind),
    }
}

enum Stop {
    More(usize),
    Bad(ParseErrorKind),
}

impl From<ParseErrorKind> for Stop {
    fn from(kind: ParseErrorKind) -> Self {
        Stop::Bad(kind)
    }
}

struct ByteReader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> ByteReader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(len);
        let bytes = self.input.get(self.at..end).ok_or(Stop::More(end))?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let end = self.at.saturating_add(N);
        let bytes = self.input.get(self.at..).and_then(<[u8]>::first_chunk);
        let bytes = bytes.ok_or(Stop::More(end))?;
        self.at = end;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.array().map(|[b]| b)
    }
}

fn read(cursor: &mut ByteReader<'_>) -> Result<Stored, Stop> {
    let value = match cursor.byte()? {
        2 => Stored::Double(f64::from(f32::from_le_bytes(cursor.array()?))),
        3 => Stored::Long(i64::from(i32::from_le_bytes(cursor.array()?))),
        6 => Stored::Boolean(cursor.byte()? == 1),
        13 => timestamp(cursor)?,
        14 => array(cursor)?,
        15 => Stored::Long(i64::from_le_bytes(cursor.array()?)),
        16 => Stored::Double(f64::from_le_bytes(cursor.array()?)),
        23 => decimal(cursor)?,
        _ => return Err(ParseErrorKind::UnsupportedBinaryFormat.into()),
    };
    Ok(value)
}

fn timestamp(cursor: &mut ByteReader<'_>) -> Result<Stored, Stop> {
    let unit = match cursor.byte()? {
        1 => TimeUnit::Nanos,
        2 => TimeUnit::Micros,
        3 => TimeUnit::Millis,
        4 => TimeUnit::Seconds,
        5 => TimeUnit::Minutes,
        6 => TimeUnit::Hours,
        // The server parses a value of another unit, and cannot write it.
        _ => TimeUnit::Unset,
    };
    Ok(Stored::Timestamp(unit, i64::from_le_bytes(cursor.array()?)))
}

fn array(cursor: &mut ByteReader<'_>) -> Result<Stored, Stop> {
    if cursor.byte()? != DOUBLE_ELEMENT {
        return Err(ParseErrorKind::ArrayInvalidType.into());
    }
    let ndim = usize::from(cursor.byte()?);
    if ndim > MAX_DIMENSIONS {
        return Err(ParseErrorKind::ArrayTooManyDimensions.into());
    }
    if ndim == 0 {
        return Ok(Stored::Array(None));
    }
    let shape_at = cursor.at;
    let mut elements: u64 = 1;
    let mut in_range = true;
    for dim in cursor.bytes(4 * ndim)?.as_chunks().0 {
        let dim = i32::from_le_bytes(*dim);
        in_range &= (0..=MAX_DIMENSION).contains(&dim);
        elements = elements.saturating_mul(u64::from(dim.unsigned_abs()));
    }
    let bytes = elements.saturating_mul(8);
    if !in_range || bytes > MAX_ARRAY_BYTES {
        return Err(ParseErrorKind::ArrayTooLarge.into());
    }
    let data_at = cursor.at;
    cursor.bytes(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    let span = |start, end| Span { start, end, unescaped: false };
    Ok(Stored::Array(Some((span(shape_at, data_at), span(data_at, cursor.at)))))
}

fn decimal(cursor: &mut ByteReader<'_>) -> Result<Stored, Stop> {
    let scale = cursor.byte()?;
    if scale > Decimal::MAX_SCALE {
        return Err(ParseErrorKind::DecimalInvalidScale.into());
    }
    let len = usize::from(cursor.byte()?);
    let unscaled = cursor.bytes(len)?;
    if unscaled.is_empty() {
        return Ok(Stored::Decimal(None));
    }
    let value = Decimal::from_be_bytes(unscaled, scale).ok_or(ParseErrorKind::DecimalOverflow)?;
    Ok(Stored::Decimal(Some(value)))
}
