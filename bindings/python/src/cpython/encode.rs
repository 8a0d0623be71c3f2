//! Text of CPython's three widths as UTF-8.

/// A code point that has no UTF-8 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surrogate(pub(crate) u32);

pub(super) fn latin1(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 * text.len());
    for &byte in text {
        push(char::from(byte), out);
    }
}

pub(super) fn ucs2(text: &[u16], out: &mut Vec<u8>) -> Result<(), Surrogate> {
    out.reserve(3 * text.len());
    text.iter().try_for_each(|&unit| checked(u32::from(unit), out))
}

pub(super) fn ucs4(text: &[u32], out: &mut Vec<u8>) -> Result<(), Surrogate> {
    out.reserve(4 * text.len());
    text.iter().try_for_each(|&unit| checked(unit, out))
}

#[inline]
fn checked(unit: u32, out: &mut Vec<u8>) -> Result<(), Surrogate> {
    push(char::from_u32(unit).ok_or(Surrogate(unit))?, out);
    Ok(())
}

#[inline]
fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
