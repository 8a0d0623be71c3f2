//! Reads the encoder's own output, for what is rarely done to rows that are already written.
//!
//! A line feed does not always end a row: it may stand in a quoted string, after a backslash, or among the bytes of a binary
//! value.

use crate::error::{Error, Result, err};

/// A piece of a row, as it was written.
pub(super) enum Piece<'a> {
    /// The table and the symbols.
    Start(&'a [u8]),
    Column {
        separator: u8,
        name: &'a [u8],
        value: &'a [u8],
    },
    /// The designated timestamp, if there is one, and the line feed.
    End(Option<&'a [u8]>),
}

/// Calls `each` with the pieces of the first row, and returns how many bytes the row takes.
pub(super) fn read_row<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(Piece<'a>) -> Result<()>,
) -> Result<usize> {
    let mut at = unescaped(bytes, |byte| matches!(byte, b' ' | b'\n')).ok_or_else(unreadable)?;
    each(Piece::Start(&bytes[..at]))?;
    loop {
        let (piece, len) = bytes.get(at..).and_then(next_piece).ok_or_else(unreadable)?;
        let is_last = matches!(piece, Piece::End(_));
        at += len;
        each(piece)?;
        if is_last {
            return Ok(at);
        }
    }
}

/// Returns what comes next in a row after its start, and how many bytes it takes.
fn next_piece(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    let (&separator, rest) = bytes.split_first()?;
    if separator == b'\n' {
        return Some((Piece::End(None), 1));
    }
    // After the separator comes a column's name, or the designated timestamp, which ends the row.
    let (name, rest) = rest.split_at(unescaped(rest, |byte| matches!(byte, b'=' | b'\n'))?);
    let (&behind, rest) = rest.split_first()?;
    if behind == b'\n' {
        return Some((Piece::End(Some(name)), name.len() + 2));
    }
    let value = rest.get(..value_len(rest)?)?;
    Some((Piece::Column { separator, name, value }, name.len() + 2 + value.len()))
}

/// Returns how many bytes the table takes at the beginning of a row.
pub(super) fn table_len(row: &[u8]) -> Result<usize> {
    unescaped(row, |byte| matches!(byte, b',' | b' ')).ok_or_else(unreadable)
}

#[cold]
pub(super) fn unreadable() -> Error {
    err!(Internal, "a row of the buffer cannot be read back")
}

/// Returns how many bytes a column's value takes.
fn value_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'"', rest @ ..] => Some(unescaped(rest, |byte| byte == b'"')? + 2),
        [b'=', 16, ..] => Some(2 + 8),
        [b'=', 14, _, dims, rest @ ..] => {
            let shape = rest.get(..4 * usize::from(*dims))?;
            // A dimension of length zero makes the product zero, even if the others overflow.
            let first = usize::from(!shape.chunks_exact(4).any(|dim| dim == [0; 4]));
            let elements = shape.chunks_exact(4).try_fold(first, |product, dim| {
                let dim = u32::from_le_bytes(dim.try_into().ok()?);
                product.checked_mul(usize::try_from(dim).ok()?)
            })?;
            (4 + shape.len()).checked_add(elements.checked_mul(8)?)
        }
        [b'=', 23, _, len, ..] => Some(4 + usize::from(*len)),
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b' ' | b'\n')),
    }
}

/// Returns the place of the first byte that is wanted and has no backslash before it.
fn unescaped(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|&byte| {
        let found = !escaped && wanted(byte);
        escaped = !escaped && byte == b'\\';
        found
    })
}
