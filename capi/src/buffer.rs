//! `questdb_buffer_*`: the buffer as a whole. The functions that build rows in it are in `row`, `row_values` and `layout`.
#![expect(unsafe_code, reason = "exports functions and frees handles that may be lent")]

use std::ptr;

use crate::guard::{Failed, Handle, State, guard, guard_drop, guard_free};
use crate::text::{put, required};
use client::internal::protocol_version as version_numbered;
use client::{Buffer, BufferOptions};

/// A buffer in which rows are built. Every call that fails leaves the buffer exactly as it was.
///
/// Threads: may move between threads; used by one at a time. It has no lock.
#[derive(Debug)]
pub struct questdb_buffer {
    pub(crate) state: State,
    lent: bool,
    /// Boxed so that a sender can exchange this buffer and its own by swapping two pointers.
    pub(crate) buffer: Box<Buffer>,
}

impl Handle for questdb_buffer {
    const NAME: &'static str = "questdb_buffer";

    #[inline]
    fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

impl questdb_buffer {
    pub(crate) fn into_raw(buffer: Buffer) -> *mut questdb_buffer {
        questdb_buffer::boxed_into_raw(Box::new(buffer))
    }

    /// As [`questdb_buffer::into_raw`], for a buffer that is boxed already.
    pub(crate) fn boxed_into_raw(buffer: Box<Buffer>) -> *mut questdb_buffer {
        Box::into_raw(Box::new(questdb_buffer { state: State::Fine, lent: false, buffer }))
    }

    /// Returns whether this is a sender's own buffer.
    pub(crate) fn is_lent(&self) -> bool {
        self.lent
    }

    /// Makes the handle of a sender's own buffer, which callers borrow and cannot free.
    pub(crate) fn lent(buffer: Box<Buffer>) -> questdb_buffer {
        questdb_buffer { state: State::Fine, lent: true, buffer }
    }
}

/// Makes a buffer of protocol version 1, 2 or 3 with the default limits: names of at most 127 bytes, 64 KiB of memory to begin
/// with, and at most 100 MiB of rows.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_new(
    protocol_version: u32,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_free(|| {
        required(buffer, "buffer")?;
        let options = BufferOptions::new(version_numbered(protocol_version)?);
        put(buffer, questdb_buffer::into_raw(Buffer::with_options(options)?));
        Ok(())
    })
}

/// Like `questdb_buffer_new`, with limits of your own, all in bytes: the longest name, the memory to begin with, and the most
/// that the buffer may hold.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, LIMIT_EXCEEDED, OUT_OF_MEMORY.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_with_limits(
    protocol_version: u32,
    max_name_len: usize,
    init_buf_size: usize,
    max_buf_size: usize,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_free(|| {
        required(buffer, "buffer")?;
        let version = version_numbered(protocol_version)?;
        let mut options = BufferOptions::new(version);
        options.max_name_len = max_name_len;
        options.init_buf_size = init_buf_size;
        options.max_buf_size = max_buf_size;
        put(buffer, questdb_buffer::into_raw(Buffer::with_options(options)?));
        Ok(())
    })
}

/// Makes an independent copy of a buffer, which may also be a sender's own buffer.
///
/// Ownership: `*copy` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_clone(
    buffer: Option<&mut questdb_buffer>,
    copy: *mut *mut questdb_buffer,
) -> Failed {
    put(copy, ptr::null_mut());
    guard(buffer, |b| {
        required(copy, "copy")?;
        put(copy, questdb_buffer::into_raw(b.buffer.try_clone()?));
        Ok(())
    })
}

/// Frees a buffer. Does nothing for NULL and for a sender's own buffer.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_free(buffer: *mut questdb_buffer) {
    // SAFETY: NULL or a buffer from this library that has not been freed.
    if unsafe { buffer.as_ref() }.is_some_and(|b| !b.lent) {
        // SAFETY: made by `Box::into_raw`; the caller gives it up.
        guard_drop(unsafe { Box::from_raw(buffer) });
    }
}

/// Makes room for at least `additional` more bytes.
///
/// Errors: LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_reserve(
    buffer: Option<&mut questdb_buffer>,
    additional: usize,
) -> Failed {
    guard(buffer, |b| b.buffer.reserve(additional))
}

/// Remembers the present end of the buffer, between two rows, for `questdb_buffer_rewind_to_marker`.
///
/// Errors: INVALID_STATE with an open row, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_set_marker(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.set_marker())
}

/// Drops the marker and everything after it, including an open row.
///
/// Errors: INVALID_STATE without a marker, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_rewind_to_marker(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.rewind_to_marker())
}

/// Drops the marker, if there is one. The rows stay.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_clear_marker(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| {
        b.buffer.clear_marker();
        Ok(())
    })
}

/// Drops all rows, including an open row, and the marker. Keeps the memory.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_clear(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| {
        b.buffer.clear();
        Ok(())
    })
}

/// Drops the open row, if there is one, and keeps the complete rows.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_drop_row(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| {
        b.buffer.drop_row();
        Ok(())
    })
}

/// Removes `count` complete rows, beginning with row number `first`. Rows are counted from 1, as in
/// `questdb_error_server_line`, so that a row that the server refused can be removed and the rest can be sent. Later rows move
/// up, an open row stays, and a marker stays between the same rows. Automatic flushes, which stop after such a refusal, can run
/// again.
///
/// The time is proportional to the size of the whole buffer.
///
/// Errors: INVALID_ARGUMENT if `first` or `count` is 0 or the rows do not all exist, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_remove_rows(
    buffer: Option<&mut questdb_buffer>,
    first: usize,
    count: usize,
) -> Failed {
    guard(buffer, |b| b.buffer.remove_rows(first, count))
}

/// Checks that no row is open, so that the buffer can be flushed.
///
/// Errors: INVALID_STATE, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_check_flushable(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.check_flushable())
}

/// Returns the buffer that getters read: none for NULL, and none after a panic has poisoned the handle.
fn healthy(buffer: Option<&questdb_buffer>) -> Option<&Buffer> {
    buffer.filter(|b| b.state == State::Fine).map(|b| &*b.buffer)
}

/// Returns the number of bytes in the buffer, including the open row. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_len(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.len())
}

/// Returns how many bytes the buffer can hold before it has to grow. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_capacity(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.capacity())
}

/// Returns the number of complete rows in the buffer. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_row_count(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.row_count())
}

/// Returns whether a row has been started and not yet ended. False for NULL and for a poisoned buffer.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_is_row_open(buffer: Option<&questdb_buffer>) -> bool {
    healthy(buffer).is_some_and(|b| b.is_row_open())
}

/// Returns whether all rows belong to one table, so that the server stores all of them or none. False for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_is_transactional(buffer: Option<&questdb_buffer>) -> bool {
    healthy(buffer).is_some_and(|b| b.is_transactional())
}

/// Returns the protocol version: 1, 2 or 3. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_protocol_version(buffer: Option<&questdb_buffer>) -> u32 {
    healthy(buffer).map_or(0, |b| b.protocol_version() as u32)
}

/// Returns the length in bytes of the longest name that the buffer accepts. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_max_name_len(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.max_name_len())
}

/// Returns the number of bytes of memory that the buffer began with. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_init_buf_size(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.init_buf_size())
}

/// Returns the most bytes that the buffer may hold. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_max_buf_size(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.max_buf_size())
}

/// Returns the bytes of the buffer and stores their number in `*len`. They do not end with a NUL. NULL and 0 for NULL.
///
/// Ownership: the bytes belong to the buffer and live until it is changed or freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_peek(
    buffer: Option<&questdb_buffer>,
    len: *mut usize,
) -> *const u8 {
    let bytes = healthy(buffer).map(Buffer::peek);
    put(len, bytes.map_or(0, <[u8]>::len));
    bytes.map_or(ptr::null(), <[u8]>::as_ptr)
}
