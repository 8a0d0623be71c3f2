//! Integers and doubles as text, eight digits at a time.

use super::ProtocolVersion;
use super::scan::Tail;
use crate::error::{Error, Result, err};

const TEN_8: u64 = 100_000_000;
/// Stands between the name and the bits of a double.
pub(super) const BINARY_DOUBLE: [u8; 2] = [b'=', 0x10];
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// Appends a signed integer and `suffix`.
#[inline]
pub(super) fn integer(out: &mut Tail<'_>, value: i64, suffix: u8) {
    if value < 0 {
        out.byte(b'-');
    }
    unsigned(out, value.unsigned_abs(), [suffix]);
}

/// Appends an integer without leading zeros, and `suffix`.
#[inline(always)]
fn unsigned<const N: usize>(out: &mut Tail<'_>, value: u64, suffix: [u8; N]) {
    let end = word(suffix);
    if value < TEN_8 {
        return out.words([leading(value), end]);
    }
    let (upper, last) = (value / TEN_8, eight(value % TEN_8));
    if upper < TEN_8 {
        out.words([leading(upper), last, end]);
    } else {
        out.words([leading(upper / TEN_8), eight(upper % TEN_8), last, end]);
    }
}

/// Up to eight bytes as a word to append.
#[inline]
fn word<const N: usize>(bytes: [u8; N]) -> (u64, usize) {
    let mut word = [0; 8];
    word[..N].copy_from_slice(&bytes);
    (u64::from_le_bytes(word), N)
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

/// Eight digits of text.
#[inline]
fn eight(value: u64) -> (u64, usize) {
    (digits(value) | ASCII_ZEROS, 8)
}

/// One to eight digits of text without leading zeros.
#[inline]
fn leading(value: u64) -> (u64, usize) {
    let digits = digits(value);
    // The bit keeps the last digit of zero.
    let zeros = (digits | (1 << 56)).trailing_zeros() / 8;
    ((digits | ASCII_ZEROS) >> (8 * zeros), 8 - zeros as usize)
}

/// Appends a double as the shortest digits that give it back.
#[inline]
pub(super) fn double(out: &mut Tail<'_>, value: f64) {
    let size = value.abs();
    // Most doubles were written by people with a few decimals. A decimal number of at most 15 digits that gives this
    // double is the only one of that length or less, hence the shortest: no two of them give the same double. Below
    // 10^-5 the exponent form is due.
    if size < 1e7 {
        #[expect(clippy::cast_possible_truncation, reason = "0 <= size < 10^15")]
        let scaled = (size * 1e8 + 0.5) as i64;
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let back = scaled as f64 / 1e8;
        if back == size && (scaled >= 1000 || scaled == 0) {
            return decimals(out, value.is_sign_negative(), scaled.unsigned_abs());
        }
    }
    let (text, len) = shortest(value);
    out.put(text, len);
}

/// Appends `scaled / 10^8` with at least one decimal and no needless zeros.
#[inline]
fn decimals(out: &mut Tail<'_>, negative: bool, scaled: u64) {
    if negative {
        out.byte(b'-');
    }
    let fraction = digits(scaled % TEN_8);
    let zeros = ((fraction | 1).leading_zeros() / 8) as usize;
    let point = (u64::from(b'.'), 1);
    out.words([leading(scaled / TEN_8), point, (fraction | ASCII_ZEROS, 8 - zeros)]);
}

/// Any double, by the general algorithm.
#[inline(never)]
fn shortest(value: f64) -> ([u8; 32], usize) {
    let mut buffer = zmij::Buffer::new();
    let text = match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => buffer.format_finite(value),
    };
    let mut out = [0; 32];
    let mut len = 0;
    // A positive exponent has a plus there, and none in the protocol's form.
    for &byte in text.as_bytes().iter().filter(|byte| **byte != b'+') {
        if let Some(place) = out.get_mut(len) {
            *place = byte;
            len += 1;
        }
    }
    (out, len)
}

/// Appends a double as its bits.
#[inline]
pub(super) fn binary_double(out: &mut Tail<'_>, value: f64) {
    out.words([word(BINARY_DOUBLE), (value.to_bits(), 8)]);
}

/// Appends a timestamp column given in nanoseconds.
#[inline]
pub(super) fn nanos_column(out: &mut Tail<'_>, nanos: i64, version: ProtocolVersion) {
    if version == ProtocolVersion::V1 {
        integer(out, nanos / 1000, b't');
    } else {
        integer(out, nanos, b'n');
    }
}

/// The upper digits of the last designated timestamp as text: the next one mostly shares them.
#[derive(Clone)]
pub(super) struct StampCache {
    upper: u64,
    words: [(u64, usize); 2],
}

impl StampCache {
    pub(super) fn new() -> StampCache {
        StampCache { upper: 0, words: [leading(0), (0, 0)] }
    }

    #[cold]
    #[inline(never)]
    fn renew(&mut self, upper: u64) {
        self.upper = upper;
        self.words = match upper {
            0..TEN_8 => [leading(upper), (0, 0)],
            _ => [leading(upper / TEN_8), eight(upper % TEN_8)],
        };
    }
}

/// Appends a space, a timestamp and `suffix`.
#[inline]
fn stamp<const N: usize>(out: &mut Tail<'_>, cache: &mut StampCache, stamp: u64, suffix: [u8; N]) {
    out.byte(b' ');
    let upper = stamp / TEN_8;
    if upper == 0 {
        return unsigned(out, stamp, suffix);
    }
    if upper != cache.upper {
        cache.renew(upper);
    }
    let [first, second] = cache.words;
    out.words([first, second, eight(stamp % TEN_8), word(suffix)]);
}

/// Appends a designated timestamp given in nanoseconds, and the end of the row.
#[inline]
pub(super) fn stamp_nanos(
    out: &mut Tail<'_>,
    cache: &mut StampCache,
    nanos: i64,
    version: ProtocolVersion,
) -> Result<()> {
    let nanos = not_negative(nanos)?;
    if version == ProtocolVersion::V1 {
        stamp(out, cache, nanos, *b"\n");
    } else {
        stamp(out, cache, nanos, *b"n\n");
    }
    Ok(())
}

/// Appends a designated timestamp given in microseconds, and the end of the row.
#[inline]
pub(super) fn stamp_micros(
    out: &mut Tail<'_>,
    cache: &mut StampCache,
    micros: i64,
    version: ProtocolVersion,
) -> Result<()> {
    let since_1970 = not_negative(micros)?;
    if version == ProtocolVersion::V1 {
        let nanos = since_1970.checked_mul(1000).filter(|&n| n <= i64::MAX.unsigned_abs());
        stamp(out, cache, nanos.ok_or_else(|| beyond_nanos(micros))?, *b"\n");
    } else {
        stamp(out, cache, since_1970, *b"t\n");
    }
    Ok(())
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
