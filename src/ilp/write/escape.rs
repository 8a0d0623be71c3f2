//! Text values: symbols outside quotes, strings inside them, both checked to be UTF-8 while they are copied.

use super::store::{Out as _, Tail};
use super::utf8;
use crate::error::{Error, Result, err, shown_bytes};
use crate::text::Text;

/// Appends a symbol's value.
#[inline]
pub(in crate::ilp) fn symbol(out: &mut Tail<'_>, value: Text<'_>) -> Result<()> {
    let seen = out.text::<false>(value.as_bytes());
    if seen.nul {
        return Err(holds_nul(value.as_bytes()));
    }
    checked(value, seen.high)
}

/// Appends a string with its quotes.
#[inline]
pub(in crate::ilp) fn string(out: &mut Tail<'_>, value: Text<'_>) -> Result<()> {
    out.byte(b'"');
    let seen = out.text::<true>(value.as_bytes());
    out.byte(b'"');
    checked(value, seen.high)
}

#[inline]
fn checked(value: Text<'_>, high: bool) -> Result<()> {
    if high && !value.is_known_utf8() { check_utf8(value.as_bytes()) } else { Ok(()) }
}

#[inline(never)]
fn check_utf8(bytes: &[u8]) -> Result<()> {
    if utf8::is_valid(bytes) { Ok(()) } else { Err(not_utf8(bytes)) }
}

/// The server refuses the whole request for it; in a string it does not.
#[cold]
#[inline(never)]
fn holds_nul(bytes: &[u8]) -> Error {
    let shown = shown_bytes(bytes);
    let at = bytes.iter().take_while(|byte| **byte != 0).count();
    err!(InvalidArgument, "{shown} holds a NUL at byte {at}, which symbols may not")
}

#[cold]
#[inline(never)]
fn not_utf8(bytes: &[u8]) -> Error {
    let shown = shown_bytes(bytes);
    let at = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
    err!(InvalidUtf8, "{shown} is not valid UTF-8 at byte {at}")
}
