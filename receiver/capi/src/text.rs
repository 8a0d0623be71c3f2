//! `questdb_receiver_text_*`: text that the caller owns. Also converts text and out parameters of C callers.
#![expect(unsafe_code, reason = "exports functions, and reads memory that a C caller describes")]

use std::ffi::{CString, c_char};
use std::ptr;

use crate::error::{ErrorCode, Result, c_text, questdb_receiver_error};

/// A text that belongs to whoever received it, until `questdb_receiver_text_free`. It does not change.
///
/// Threads: may move between threads, and may be read from several at once.
#[derive(Debug)]
pub struct questdb_receiver_text {
    text: CString,
}

impl questdb_receiver_text {
    pub(crate) fn new(text: &str) -> Box<questdb_receiver_text> {
        Box::new(questdb_receiver_text { text: c_text(text) })
    }
}

/// Returns the text, which ends with a NUL.
///
/// Ownership: the memory belongs to the text and lives until it is freed. NULL for NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_text_data(
    text: Option<&questdb_receiver_text>,
) -> *const c_char {
    text.map_or(ptr::null(), |text| text.text.as_ptr())
}

/// Returns how many bytes the text has without the NUL at its end, or 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_text_len(text: Option<&questdb_receiver_text>) -> usize {
    text.map_or(0, |text| text.text.as_bytes().len())
}

/// Frees a text. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_text_free(text: Option<Box<questdb_receiver_text>>) {
    drop(text);
}

/// The longest configuration or name in bytes. A greater length is surely a mistake, and the memory is not read.
const LONGEST_TEXT: usize = 1 << 20;

/// Checks text of `len` bytes at `ptr`, which the caller vouches for, and returns it.
pub(crate) unsafe fn checked<'a>(ptr: *const c_char, len: usize, what: &str) -> Result<&'a str> {
    if len > LONGEST_TEXT {
        return Err(invalid(&format!("{what} has {len} bytes, more than 1 MiB")));
    }
    std::str::from_utf8(slice(ptr.cast(), len, what)?).map_err(|e| {
        let message = format!("{what} is not UTF-8: bad byte at position {}", e.valid_up_to());
        questdb_receiver_error::new(ErrorCode::InvalidUtf8, &message)
    })
}

/// Makes a slice of C memory. If `len` is 0 the pointer is ignored and may be NULL.
pub(crate) unsafe fn slice<'a, T>(ptr: *const T, len: usize, what: &str) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() || !ptr.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        let message =
            format!("pointer of {what} is NULL, misaligned or too long, with length {len}");
        return Err(invalid(&message));
    }
    // SAFETY: not NULL, aligned, within the size limit; that `len` elements are readable during the call is the contract of
    // every function that takes a pointer and a length.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
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
    if out.is_null() { Err(invalid(&format!("out parameter {what} is NULL"))) } else { Ok(()) }
}

pub(crate) fn invalid(message: &str) -> questdb_receiver_error {
    questdb_receiver_error::new(ErrorCode::InvalidArgument, message)
}
