//! Text of CPython's three widths as UTF-8.

/// Why a text was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotEncoded {
    /// It has this code point, which has no UTF-8 form.
    Surrogate(u32),
    NoMemory,
}

pub(super) fn latin1(text: &[u8], out: &mut Vec<u8>) -> Result<(), NotEncoded> {
    reserve(out, text.len(), 2)?;
    text.iter().for_each(|&byte| push(char::from(byte), out));
    Ok(())
}

pub(super) fn ucs2(text: &[u16], out: &mut Vec<u8>) -> Result<(), NotEncoded> {
    reserve(out, text.len(), 3)?;
    text.iter().try_for_each(|&unit| checked(u32::from(unit), out))
}

pub(super) fn ucs4(text: &[u32], out: &mut Vec<u8>) -> Result<(), NotEncoded> {
    reserve(out, text.len(), 4)?;
    text.iter().try_for_each(|&unit| checked(unit, out))
}

/// Makes room for the longest form of a text, so that appending to it allocates nothing.
fn reserve(out: &mut Vec<u8>, characters: usize, most: usize) -> Result<(), NotEncoded> {
    out.try_reserve(characters.saturating_mul(most)).map_err(|_| NotEncoded::NoMemory)
}

#[inline]
fn checked(unit: u32, out: &mut Vec<u8>) -> Result<(), NotEncoded> {
    push(char::from_u32(unit).ok_or(NotEncoded::Surrogate(unit))?, out);
    Ok(())
}

#[inline]
fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
