//! Decimals: text that is really a number, and binary unscaled integers.

use super::scan::Tail;
use crate::error::{Error, Result, err, shown_bytes};

const MAX_SCALE: u32 = 76;
const MAX_LEN: usize = 32;
const BINARY: [u8; 2] = [b'=', 0x17];

/// Appends a decimal given as text.
pub(super) fn text(out: &mut Tail<'_>, text: &[u8]) -> Result<()> {
    if !is_number(text) {
        return Err(not_a_number(text));
    }
    out.slice(text);
    out.byte(b'd');
    Ok(())
}

/// Appends `unscaled / 10^scale`, where `unscaled` is big-endian two's complement; empty means NULL.
pub(super) fn binary(out: &mut Tail<'_>, scale: u32, unscaled: &[u8]) -> Result<()> {
    match (u8::try_from(scale), u8::try_from(unscaled.len())) {
        (Ok(scale_byte), Ok(len)) if scale <= MAX_SCALE && unscaled.len() <= MAX_LEN => {
            out.put([BINARY[0], BINARY[1], scale_byte, len], 4);
            out.slice(unscaled);
            Ok(())
        }
        _ => Err(out_of_range(scale, unscaled.len())),
    }
}

/// Appends `unscaled / 10^scale` with as few bytes as it needs.
#[inline]
pub(super) fn integer(out: &mut Tail<'_>, scale: u32, unscaled: i128) -> Result<()> {
    let bytes = unscaled.to_be_bytes();
    // Bits that only repeat the sign, less the one that must stay.
    let redundant = (unscaled ^ (unscaled >> 127)).leading_zeros() - 1;
    binary(out, scale, &bytes[redundant as usize / 8..])
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
