//! Integers and doubles as text, eight digits at a time.

use super::ProtocolVersion;
use super::scan::Tail;
use crate::error::{Error, Result, err};

const TEN_8: u64 = 100_000_000;
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// Appends a signed integer.
#[inline]
pub(super) fn integer(out: &mut Tail<'_>, value: i64) {
    if value < 0 {
        out.byte(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// Appends an integer without leading zeros.
#[inline]
pub(super) fn unsigned(out: &mut Tail<'_>, value: u64) {
    if value < TEN_8 {
        return leading(out, value);
    }
    let (upper, last) = (value / TEN_8, value % TEN_8);
    if upper < TEN_8 {
        leading(out, upper);
    } else {
        leading(out, upper / TEN_8);
        eight(out, upper % TEN_8);
    }
    eight(out, last);
}

/// The digits of a number below 10^8, one in each byte, the first in the lowest.
#[inline]
fn digits(value: u64) -> u64 {
    // Each step splits every lane into quotient and remainder: 4 + 4 digits, 2 + 2, 1 + 1. The factors are reciprocals
    // that are exact for the lane's range.
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | ((twos - tens * 10) << 8)
}

#[inline]
fn eight(out: &mut Tail<'_>, value: u64) {
    out.put((digits(value) | ASCII_ZEROS).to_le_bytes(), 8);
}

#[inline]
fn leading(out: &mut Tail<'_>, value: u64) {
    let digits = digits(value);
    // The bit keeps the last digit of zero.
    let zeros = (digits | (1 << 56)).trailing_zeros() / 8;
    out.put(((digits | ASCII_ZEROS) >> (8 * zeros)).to_le_bytes(), 8 - zeros as usize);
}

/// Appends a double as the shortest digits that give it back.
#[inline]
pub(super) fn double(out: &mut Tail<'_>, value: f64) {
    let size = value.abs();
    // Most doubles were written by people with a few decimals. A decimal number of at most 15 digits that gives this
    // double is the only one of that length or less, hence the shortest: no two of them give the same double. Below
    // 10^-5 the exponent form is due.
    if size < 1e7 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 <= size < 10^15"
        )]
        let scaled = (size * 1e8 + 0.5) as u64;
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let back = scaled as f64 / 1e8;
        if back == size && (scaled >= 1000 || scaled == 0) {
            return decimals(out, value.is_sign_negative(), scaled);
        }
    }
    shortest(out, value);
}

/// Appends `scaled / 10^8` with at least one decimal and no needless zeros.
#[inline]
fn decimals(out: &mut Tail<'_>, negative: bool, scaled: u64) {
    if negative {
        out.byte(b'-');
    }
    leading(out, scaled / TEN_8);
    out.byte(b'.');
    let fraction = digits(scaled % TEN_8);
    let zeros = ((fraction | 1).leading_zeros() / 8).min(7);
    out.put((fraction | ASCII_ZEROS).to_le_bytes(), 8 - zeros as usize);
}

#[inline(never)]
fn shortest(out: &mut Tail<'_>, value: f64) {
    if value.is_nan() {
        return out.slice(b"NaN");
    }
    if value.is_infinite() {
        return out.slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    match text.iter().position(|&byte| byte == b'+') {
        // A positive exponent: the protocol's form has no plus.
        Some(plus) => {
            out.slice(&text[..plus]);
            out.slice(&text[plus + 1..]);
        }
        None => out.slice(text),
    }
}

/// Appends a double as its bits.
#[inline]
pub(super) fn binary_double(out: &mut Tail<'_>, value: f64) {
    out.put([b'=', 0x10], 2);
    out.put(value.to_le_bytes(), 8);
}

/// Appends a timestamp column given in nanoseconds.
#[inline]
pub(super) fn nanos_column(out: &mut Tail<'_>, nanos: i64, version: ProtocolVersion) {
    if version == ProtocolVersion::V1 {
        integer(out, nanos / 1000);
        out.byte(b't');
    } else {
        integer(out, nanos);
        out.byte(b'n');
    }
}

/// Appends a designated timestamp given in nanoseconds, and the end of the row.
#[inline]
pub(super) fn stamp_nanos(out: &mut Tail<'_>, nanos: i64, version: ProtocolVersion) -> Result<()> {
    out.byte(b' ');
    unsigned(out, not_negative(nanos)?);
    end_row(out, if version == ProtocolVersion::V1 { None } else { Some(b'n') });
    Ok(())
}

/// Appends a designated timestamp given in microseconds, and the end of the row.
#[inline]
pub(super) fn stamp_micros(
    out: &mut Tail<'_>,
    micros: i64,
    version: ProtocolVersion,
) -> Result<()> {
    out.byte(b' ');
    if version == ProtocolVersion::V1 {
        let nanos = not_negative(micros)?.checked_mul(1000).filter(|&n| n <= i64::MAX as u64);
        unsigned(out, nanos.ok_or_else(|| beyond_nanos(micros))?);
        end_row(out, None);
    } else {
        unsigned(out, not_negative(micros)?);
        end_row(out, Some(b't'));
    }
    Ok(())
}

#[inline]
fn end_row(out: &mut Tail<'_>, unit: Option<u8>) {
    match unit {
        Some(unit) => out.put([unit, b'\n'], 2),
        None => out.byte(b'\n'),
    }
}

#[inline]
fn not_negative(stamp: i64) -> Result<u64> {
    u64::try_from(stamp).map_err(|_| negative(stamp))
}

#[cold]
#[inline(never)]
fn negative(stamp: i64) -> Error {
    err!(InvalidTimestamp, "the designated timestamp is {stamp}, it may not be negative")
}

#[cold]
#[inline(never)]
fn beyond_nanos(micros: i64) -> Error {
    let max = i64::MAX / 1000;
    err!(
        InvalidTimestamp,
        "the designated timestamp is {micros} microseconds, protocol version 1 reaches to {max}"
    )
}
