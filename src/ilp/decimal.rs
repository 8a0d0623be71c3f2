//! Decimals: text that is really a number, and binary unscaled integers.

use super::scan::{Out as _, Tail};
use crate::error::{Error, Result, err, shown_bytes};

const MAX_SCALE: u32 = 76;
const MAX_LEN: usize = 32;
/// Many times what a decimal can need. Beyond it a length is taken for a mistake, and the text is not read.
const LONGEST_TEXT: usize = 4 << 10;
const BINARY: [u8; 2] = [b'=', 0x17];

/// The bytes before an unscaled integer.
pub(super) const HEAD: usize = 4;

/// Whether a text can be sent as a decimal.
pub(super) fn is_good_text(text: &[u8]) -> bool {
    text.len() <= LONGEST_TEXT && is_number(text)
}

/// What stands before an unscaled integer of `len` bytes; `None` if one of them is out of range.
#[inline(always)]
pub(super) fn head(scale: u32, len: usize) -> Option<[u8; HEAD]> {
    let ([scale_byte, ..], [len_byte, ..]) = (scale.to_le_bytes(), len.to_le_bytes());
    (scale <= MAX_SCALE && len <= MAX_LEN).then_some([BINARY[0], BINARY[1], scale_byte, len_byte])
}

/// An integer in as few big-endian bytes as it needs, and how many these are.
#[inline(always)]
pub(super) fn shortest(unscaled: i128) -> ([u8; 16], usize) {
    // Bits that only repeat the sign, less the one that must stay.
    let redundant = ((unscaled ^ (unscaled >> 127)).leading_zeros() - 1) / 8;
    ((unscaled << (8 * redundant)).to_be_bytes(), 16 - redundant as usize)
}

/// Appends a decimal given as text.
pub(super) fn text(out: &mut Tail<'_>, text: &[u8]) -> Result<()> {
    if text.len() > LONGEST_TEXT {
        return Err(too_long(text.len()));
    }
    if !is_number(text) {
        return Err(not_a_number(text));
    }
    out.slice(text);
    out.byte(b'd');
    Ok(())
}

/// Appends `unscaled / 10^scale`, where `unscaled` is big-endian two's complement; empty means NULL.
pub(super) fn binary(out: &mut Tail<'_>, scale: u32, unscaled: &[u8]) -> Result<()> {
    let head = head(scale, unscaled.len()).ok_or_else(|| out_of_range(scale, unscaled.len()))?;
    out.put(head, HEAD);
    out.slice(unscaled);
    Ok(())
}

/// Appends `unscaled / 10^scale` with as few bytes as it needs.
#[inline]
pub(super) fn integer(out: &mut Tail<'_>, scale: u32, unscaled: i128) -> Result<()> {
    let (bytes, len) = shortest(unscaled);
    binary(out, scale, bytes.get(..len).unwrap_or(&bytes))
}

/// `[+-] digits [. digits] [e [-] digits]`, or one of the words. The server takes no plus in an exponent.
fn is_number(text: &[u8]) -> bool {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    if text == b"NaN" || unsigned == b"Infinity" {
        return true;
    }
    let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(e) => (&unsigned[..e], Some(&unsigned[e + 1..])),
        None => (unsigned, None),
    };
    let digits = mantissa.iter().filter(|b| b.is_ascii_digit()).count();
    let points = mantissa.iter().filter(|b| **b == b'.').count();
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(b"-").unwrap_or(exponent);
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    });
    digits >= 1 && points <= 1 && digits + points == mantissa.len() && exponent_ok
}

#[cold]
#[inline(never)]
fn too_long(len: usize) -> Error {
    err!(InvalidDecimal, "the text of a decimal has {len} bytes, the limit is {LONGEST_TEXT}")
}

#[cold]
#[inline(never)]
fn not_a_number(text: &[u8]) -> Error {
    err!(InvalidDecimal, "{} is not a decimal number", shown_bytes(text))
}

#[cold]
#[inline(never)]
fn out_of_range(scale: u32, len: usize) -> Error {
    if scale > MAX_SCALE {
        err!(InvalidDecimal, "the scale of a decimal is {scale}, the limit is {MAX_SCALE}")
    } else {
        err!(
            InvalidDecimal,
            "the unscaled integer of a decimal has {len} bytes, the limit is {MAX_LEN}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilp::scan::Store;

    #[test]
    fn text_must_be_a_number() {
        let good = [
            "0",
            "-0",
            "+1.5",
            "1.",
            ".5",
            "-.5",
            "00012",
            "1e3",
            "1E3",
            "1.5e-10",
            "1e0",
            "9e-0",
            "NaN",
            "Infinity",
            "-Infinity",
            "+Infinity",
            "12345678901234567890123456789012345678",
        ];
        let bad = [
            "",
            ".",
            "-",
            "+",
            "e",
            "e5",
            ".e5",
            "1e",
            "1e-",
            "1e+3",
            "1e3.5",
            "1.2.3",
            "1-2",
            "--1",
            "+-1",
            "-NaN",
            "+NaN",
            "nan",
            "NaN1",
            "inf",
            "Inf",
            "infinity",
            "Infinityd",
            "1d",
            "1m",
            " 1",
            "1 ",
            "1,2",
            "1_000",
            "0x10",
            "e+-.N",
            "١",
            "1\n",
            "1e٣",
        ];
        for text in good {
            assert!(is_number(text.as_bytes()), "{text:?}");
        }
        for text in bad {
            assert!(!is_number(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn integers_have_as_few_bytes_as_they_need() {
        let mut random = fastrand::Rng::with_seed(5);
        let borders = [0, -1, 1, 127, 128, -128, -129, 32767, 32768, -32768, -32769];
        let extremes = [i128::MAX, i128::MIN, i64::MAX.into(), i64::MIN.into()];
        let shifted = (0..10_000).map(|_| random.i128(..) >> random.u32(0..128));
        for value in borders.into_iter().chain(extremes).chain(shifted) {
            let mut store = Store::new(100);
            let mut out = store.tail();
            integer(&mut out, 7, value).unwrap();
            out.finish().unwrap();
            let [b'=', 0x17, 7, len, bytes @ ..] = store.as_slice() else { panic!("{value}") };
            assert_eq!(usize::from(*len), bytes.len());
            let mut wide = [if bytes[0] & 0x80 == 0 { 0 } else { 0xFF }; 16];
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            assert_eq!(i128::from_be_bytes(wide), value);
            let sign = if value < 0 { 0xFF } else { 0 };
            let needless = bytes.len() > 1 && bytes[0] == sign && (bytes[1] ^ sign) & 0x80 == 0;
            assert!(!needless, "{value}: {bytes:x?}");
        }
    }
}
