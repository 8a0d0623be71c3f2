//! Text, slices and out parameters of C callers: the only conversions.
#![expect(unsafe_code, reason = "reads memory that a C caller describes by pointer and length")]

use std::ffi::c_char;

use client::Result;
use client::Text;

/// Text that has not been checked to be UTF-8. The caller vouches for `len` readable bytes at `ptr`.
#[inline]
pub(crate) unsafe fn text<'a>(ptr: *const c_char, len: usize) -> Result<Text<'a>> {
    Ok(Text::unchecked(slice(ptr.cast(), len, "text")?))
}

/// Text in one piece that is there, empty or not; `None` if [`text`] has to look closer.
#[inline(always)]
pub(crate) unsafe fn plain<'a>(ptr: *const c_char, len: usize) -> Option<Text<'a>> {
    plain_slice(ptr.cast(), len).map(Text::unchecked)
}

/// A slice that is there, empty or not; `None` if [`slice`] has to look closer.
#[inline(always)]
pub(crate) unsafe fn plain_slice<'a, T>(ptr: *const T, len: usize) -> Option<&'a [T]> {
    if ptr.is_null() || !ptr.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return None;
    }
    // SAFETY: not NULL, aligned, within the size limit; that `len` elements are readable is the contract, as in `slice`.
    Some(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// No option, path or certificate name comes near this: a greater length is a mistake, and the memory is not read.
const LONGEST_TEXT: usize = 1 << 20;

/// Text as `&str`, checked.
pub(crate) unsafe fn checked<'a>(ptr: *const c_char, len: usize, what: &str) -> Result<&'a str> {
    if len > LONGEST_TEXT {
        return Err(bad_slice(what, "given with more than 1 MiB:", len));
    }
    let bytes: &[u8] = slice(ptr.cast(), len, what)?;
    std::str::from_utf8(bytes).map_err(|e| {
        err!(InvalidUtf8, "{what} is not UTF-8: bad byte at position {}", e.valid_up_to())
    })
}

/// A slice of C memory. NULL is fine when `len` is 0 and is then not looked at.
#[inline]
pub(crate) unsafe fn slice<'a, T>(ptr: *const T, len: usize, what: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() {
        return Err(bad_slice(what, "NULL with length", len));
    }
    if !ptr.is_aligned() {
        return Err(bad_slice(what, "misaligned, with length", len));
    }
    if len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(bad_slice(what, "longer than memory can be, with length", len));
    }
    // SAFETY: not NULL, aligned, within the size limit; that `len` elements are readable during the call is the contract of
    // every function that takes a pointer and a length.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
}

#[cold]
#[inline(never)]
fn bad_slice(what: &str, why: &str, len: usize) -> client::Error {
    err!(InvalidArgument, "pointer of {what} is {why} {len}")
}

/// Writes an out parameter.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not NULL; the caller gives a place for one `T`, which may be uninitialised and is not read.
        unsafe { out.write_unaligned(value) }
    }
}

/// Fails unless the out parameter is there.
pub(crate) fn required<T>(out: *mut T, what: &str) -> Result<()> {
    if out.is_null() { Err(err!(InvalidArgument, "out parameter {what} is NULL")) } else { Ok(()) }
}
