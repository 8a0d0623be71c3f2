//! Values of Arrow's types in the forms that the encoders take.

use std::ops::Range;

use super::field::{Kind, Number};
use super::view::{View, typed};
use crate::error::{Error, Result, err};
use crate::memory::refused;
use crate::table::Codes;

/// An error about one value of an array, or about all of them.
pub(super) struct Failure {
    at: Option<usize>,
    error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { at: None, error }
    }
}

impl Failure {
    #[cold]
    pub(super) fn at(at: usize, error: Error) -> Failure {
        Failure { at: Some(at), error }
    }

    /// Returns the error with the number of the row, which `row` knows by the place of the value.
    #[cold]
    pub(super) fn in_row(self, row: impl FnOnce(usize) -> Option<usize>) -> Error {
        match self.at.and_then(row) {
            Some(row) => self.error.context(format_args!("row {row}")),
            None => self.error,
        }
    }
}

/// Empties a vector and makes room for `count` items.
#[inline(never)]
pub(super) fn clear<T>(items: &mut Vec<T>, count: usize) -> Result<()> {
    items.clear();
    items
        .try_reserve(count)
        .map_err(|_| refused(count.saturating_mul(size_of::<T>()), "converted values"))
}

/// Reads numbers as 64-bit integers, each multiplied by `factor`.
pub(super) fn ints(
    view: &View<'_>,
    number: Number,
    rows: Range<usize>,
    factor: i64,
    out: &mut Vec<i64>,
) -> Result<(), Failure> {
    macro_rules! read {
        ($bytes:expr, $type:ty) => {
            out.extend($bytes.as_chunks().0.iter().map(|b| <$type>::from_ne_bytes(*b) as i64))
        };
    }
    let bytes = view.bytes(rows.start, rows.len(), number.width())?;
    clear(out, rows.len())?;
    match number {
        Number::I8 => read!(bytes, i8),
        Number::U8 => read!(bytes, u8),
        Number::I16 => read!(bytes, i16),
        Number::U16 => read!(bytes, u16),
        Number::I32 => read!(bytes, i32),
        Number::U32 => read!(bytes, u32),
        _ => read!(bytes, i64),
    }
    if number == Number::U64 {
        check(
            view,
            rows.start,
            out,
            |value| (*value >= 0).then_some(*value),
            |value| {
                let (value, max) = (value.cast_unsigned(), i64::MAX);
                err!(InvalidArgument, "{value} is over {max}, the greatest 64-bit integer")
            },
        )?;
    }
    if factor != 1 {
        check(
            view,
            rows.start,
            out,
            |value| value.checked_mul(factor),
            |value| err!(InvalidTimestamp, "{value} times {factor} microseconds is out of range"),
        )?;
    }
    Ok(())
}

/// Replaces each value by what `good` makes of it. A value that is missing may have any bits, and becomes 0.
fn check<T: Copy + Default>(
    view: &View<'_>,
    first: usize,
    values: &mut [T],
    good: impl Fn(&T) -> Option<T>,
    bad: impl Fn(T) -> Error,
) -> Result<(), Failure> {
    for (i, value) in values.iter_mut().enumerate() {
        match good(value) {
            Some(good) => *value = good,
            None if view.is_valid(first + i) => return Err(Failure::at(first + i, bad(*value))),
            None => *value = T::default(),
        }
    }
    Ok(())
}

/// Reads numbers as doubles. Integers must be exact as such. A value that is missing becomes NaN.
pub(super) fn doubles(
    view: &View<'_>,
    number: Number,
    rows: Range<usize>,
    out: &mut Vec<f64>,
) -> Result<(), Failure> {
    let bytes = view.bytes(rows.start, rows.len(), number.width())?;
    clear(out, rows.len())?;
    match number {
        Number::F16 => out.extend(bytes.as_chunks().0.iter().map(|b| half(u16::from_ne_bytes(*b)))),
        Number::F32 => {
            let float = |bytes: &[u8; 4]| f64::from(f32::from_ne_bytes(*bytes));
            out.extend(bytes.as_chunks().0.iter().map(float));
        }
        Number::F64 => out.extend(bytes.as_chunks().0.iter().map(|b| f64::from_ne_bytes(*b))),
        _ => {
            let mut integers = Vec::new();
            ints(view, number, rows.clone(), 1, &mut integers)?;
            for (i, &integer) in integers.iter().enumerate() {
                // A double has 53 bits for the digits, and any number of zeros behind them.
                let digits = integer.unsigned_abs();
                let digits = digits.checked_shr(digits.trailing_zeros()).unwrap_or(0);
                if digits >> 53 != 0 && view.is_valid(rows.start + i) {
                    let e = err!(InvalidArray, "no double is exactly {integer}");
                    return Err(Failure::at(rows.start + i, e));
                }
                out.push(integer as f64);
            }
        }
    }
    if view.has_validity() {
        for (i, value) in out.iter_mut().enumerate() {
            if !view.is_valid(rows.start + i) {
                *value = f64::NAN;
            }
        }
    }
    Ok(())
}

/// Returns the double with the value of a number of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    let value = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1F if fraction == 0.0 => f64::INFINITY,
        // The bits of a NaN are kept, but for the one that makes it a signalling one.
        0x1F => f64::from_bits(f64::NAN.to_bits() | u64::from(bits & 0x3FF) << 42),
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -value } else { value }
}

/// Reads decimals of at most 16 bytes.
pub(super) fn decimals(
    view: &View<'_>,
    width: usize,
    rows: Range<usize>,
    out: &mut Vec<i128>,
) -> Result<()> {
    macro_rules! read {
        ($bytes:expr, $type:ty) => {
            out.extend($bytes.as_chunks().0.iter().map(|b| i128::from(<$type>::from_ne_bytes(*b))))
        };
    }
    let bytes = view.bytes(rows.start, rows.len(), width)?;
    clear(out, rows.len())?;
    match width {
        4 => read!(bytes, i32),
        8 => read!(bytes, i64),
        _ => read!(bytes, i128),
    }
    Ok(())
}

/// The length of the longest decimals in bytes.
pub(super) const LONG_DECIMAL: usize = 32;

/// Reads decimals of 32 bytes, the highest byte first.
pub(super) fn long_decimals(view: &View<'_>, rows: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
    let bytes = view.bytes(rows.start, rows.len(), LONG_DECIMAL)?;
    clear(out, bytes.len())?;
    out.extend_from_slice(bytes);
    if cfg!(target_endian = "little") {
        out.as_chunks_mut::<LONG_DECIMAL>().0.iter_mut().for_each(|decimal| decimal.reverse());
    }
    Ok(())
}

/// Copies texts one after the other, with the place at which each begins.
pub(super) fn texts(
    view: &View<'_>,
    rows: Range<usize>,
    offsets: &mut Vec<i64>,
    bytes: &mut Vec<u8>,
) -> Result<(), Failure> {
    clear(offsets, rows.len() + 1)?;
    bytes.clear();
    for row in rows {
        offsets.push(bytes.len() as i64);
        let text = text(view, row).map_err(|e| Failure::at(row, e))?.unwrap_or(&[]);
        bytes.try_reserve(text.len()).map_err(|_| refused(text.len(), "texts"))?;
        bytes.extend_from_slice(text);
    }
    offsets.push(bytes.len() as i64);
    Ok(())
}

/// Returns one text, be it by way of a dictionary. A missing one is `None`.
pub(super) fn text<'a>(view: &View<'a>, row: usize) -> Result<Option<&'a [u8]>> {
    if !view.is_valid(row) {
        return Ok(None);
    }
    if let (Some(values), Kind::Number(number)) = (&view.dictionary, view.field.kind) {
        let mut code = Vec::new();
        ints(view, number, row..row + 1, 1, &mut code).map_err(|e| e.in_row(|_| None))?;
        let code = code.first().and_then(|code| usize::try_from(*code).ok());
        return match code.filter(|code| *code < values.len) {
            Some(code) => text(values, code),
            None => Err(err!(
                InvalidArgument,
                "a code is outside the dictionary of {} texts",
                values.len
            )),
        };
    }
    let found = match view.field.kind {
        Kind::TextView => viewed(view, row)?,
        _ => {
            let place = view.offset(row)?..view.offset(row + 1)?;
            view.texts.first().and_then(|bytes| bytes.get(place))
        }
    };
    let outside = || err!(InvalidArgument, "the text is outside the memory of the array");
    found.map(Some).ok_or_else(outside)
}

/// Finds the text of a view: four bytes of length, then up to twelve bytes of text, or four bytes of text and the number of
/// a block and the place in it.
fn viewed<'a>(view: &View<'a>, row: usize) -> Result<Option<&'a [u8]>> {
    let bytes = view.bytes(row, 1, 16)?;
    let word = |i: usize| {
        let word = bytes.get(4 * i..).and_then(<[u8]>::first_chunk::<4>);
        usize::try_from(i32::from_ne_bytes(*word?)).ok()
    };
    let Some(len) = word(0) else { return Ok(None) };
    if len <= 12 {
        return Ok(bytes.get(4..4 + len));
    }
    let found = || {
        let (block, place) = (view.texts.get(word(2)?)?, word(3)?);
        block.get(place..place.checked_add(len)?)
    };
    Ok(found())
}

/// Returns codes where they lie, unless they are not aligned.
pub(super) fn codes(bytes: &[u8], number: Number) -> Option<Codes<'_>> {
    Some(match number {
        Number::I8 => Codes::I8(typed(bytes)?),
        Number::U8 => Codes::U8(typed(bytes)?),
        Number::I16 => Codes::I16(typed(bytes)?),
        Number::U16 => Codes::U16(typed(bytes)?),
        Number::I32 => Codes::I32(typed(bytes)?),
        Number::U32 => Codes::U32(typed(bytes)?),
        Number::I64 => Codes::I64(typed(bytes)?),
        Number::U64 => Codes::U64(typed(bytes)?),
        Number::F16 | Number::F32 | Number::F64 => return None,
    })
}
