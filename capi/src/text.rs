//! Converts text, slices and out parameters of C callers. All conversions are here.
#![expect(unsafe_code, reason = "reads memory that a C caller describes by pointer and length")]

use std::ffi::c_char;

use client::Result;
use client::Text;

/// Makes text of `len` bytes at `ptr`, which the caller vouches for. It is not yet checked to be UTF-8.
#[inline]
pub(crate) unsafe fn text<'a>(ptr: *const c_char, len: usize) -> Result<Text<'a>> {
    Ok(Text::unchecked(slice(ptr.cast(), len, "text")?))
}

/// Like [`text`], but returns `None` instead of an error or for NULL, so that the fast path stays short.
#[inline(always)]
pub(crate) unsafe fn plain<'a>(ptr: *const c_char, len: usize) -> Option<Text<'a>> {
    plain_slice(ptr.cast(), len).map(Text::unchecked)
}

/// Like [`slice`], but returns `None` instead of an error or for NULL, so that the fast path stays short.
#[inline(always)]
pub(crate) unsafe fn plain_slice<'a, T>(ptr: *const T, len: usize) -> Option<&'a [T]> {
    if ptr.is_null() || !ptr.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return None;
    }
    // SAFETY: not NULL, aligned, within the size limit; that `len` elements are readable is the contract, as in `slice`.
    Some(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// The longest option, path or certificate name in bytes. A greater length is surely a mistake, and the memory is not read.
const LONGEST_TEXT: usize = 1 << 20;

/// Checks text and returns it as `&str`.
pub(crate) unsafe fn checked<'a>(ptr: *const c_char, len: usize, what: &str) -> Result<&'a str> {
    if len > LONGEST_TEXT {
        return Err(bad_slice(what, "given with more than 1 MiB:", len));
    }
    let bytes: &[u8] = slice(ptr.cast(), len, what)?;
    std::str::from_utf8(bytes).map_err(|e| {
        err!(InvalidUtf8, "{what} is not UTF-8: bad byte at position {}", e.valid_up_to())
    })
}

/// Makes a slice of C memory. If `len` is 0 the pointer is ignored and may be NULL.
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

/// Writes an out parameter, unless it is NULL.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not NULL; the caller gives a place for one `T`, which may be uninitialised and is not read.
        unsafe { out.write_unaligned(value) }
    }
}

/// Returns an error if the out parameter is NULL.
pub(crate) fn required<T>(out: *mut T, what: &str) -> Result<()> {
    if out.is_null() { Err(err!(InvalidArgument, "out parameter {what} is NULL")) } else { Ok(()) }
}
