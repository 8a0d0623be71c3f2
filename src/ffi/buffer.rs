//! `questdb_buffer_*`, `questdb_table_name_*`, `questdb_column_name_*`: building rows.
#![expect(unsafe_code, reason = "exports functions and frees handles that may be lent")]

use std::ffi::c_char;
use std::ptr;

use super::array::{questdb_array, view};
use super::guard::{Failed, Flag, Handle, guard, guard_drop, guard_free};
use super::text::{put, required, slice, text};
use crate::error::err;
use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
use crate::{ColumnName, TableName};

/// Rows being built. Every call that fails leaves the buffer exactly as it was.
///
/// Threads: may move between threads; one at a time. It has no lock.
#[derive(Debug)]
pub struct questdb_buffer {
    poisoned: bool,
    lent: bool,
    /// Boxed so that a sender can exchange it for its own by a pointer.
    pub(super) buffer: Box<Buffer>,
}

impl Handle for questdb_buffer {
    const NAME: &'static str = "questdb_buffer";

    #[inline]
    fn poisoned(&mut self) -> &mut bool {
        &mut self.poisoned
    }
}

impl questdb_buffer {
    pub(super) fn into_raw(buffer: Buffer) -> *mut questdb_buffer {
        let buffer = Box::new(buffer);
        Box::into_raw(Box::new(questdb_buffer { poisoned: false, lent: false, buffer }))
    }

    /// The own buffer of a sender, which callers borrow and cannot free.
    pub(super) fn lent(buffer: Box<Buffer>) -> questdb_buffer {
        questdb_buffer { poisoned: false, lent: true, buffer }
    }
}

/// A table name, checked once: using it costs no more than copying it.
///
/// Threads: immutable; may be used from several threads at once.
#[derive(Debug)]
pub struct questdb_table_name(TableName);

/// A column or symbol name, checked once: using it costs no more than copying it.
///
/// Threads: immutable; may be used from several threads at once.
#[derive(Debug)]
pub struct questdb_column_name(ColumnName);

/// Checks a table name.
///
/// Ownership: `*table` is yours until `questdb_table_name_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_table_name_new(
    name: *const c_char,
    name_len: usize,
    table: *mut *mut questdb_table_name,
) -> Failed {
    put(table, ptr::null_mut());
    guard_free(|| {
        required(table, "table")?;
        put(
            table,
            Box::into_raw(Box::new(questdb_table_name(TableName::new(text(name, name_len)?)?))),
        );
        Ok(())
    })
}

/// Frees a table name. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_table_name_free(table: Option<Box<questdb_table_name>>) {
    guard_drop(table);
}

/// Checks a column or symbol name.
///
/// Ownership: `*column` is yours until `questdb_column_name_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_column_name_new(
    name: *const c_char,
    name_len: usize,
    column: *mut *mut questdb_column_name,
) -> Failed {
    put(column, ptr::null_mut());
    guard_free(|| {
        required(column, "column")?;
        put(
            column,
            Box::into_raw(Box::new(questdb_column_name(ColumnName::new(text(name, name_len)?)?))),
        );
        Ok(())
    })
}

/// Frees a column name. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_column_name_free(column: Option<Box<questdb_column_name>>) {
    guard_drop(column);
}

#[cold]
#[inline(never)]
fn null_name() -> crate::Error {
    err!(InvalidArgument, "name handle is NULL")
}

/// Makes a buffer of protocol version 1, 2 or 3 with the default limits: names of 127 bytes, 64 KiB to begin with, at most
/// 100 MiB.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_new(
    protocol_version: u32,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_free(|| {
        required(buffer, "buffer")?;
        let options = BufferOptions::new(ProtocolVersion::from_number(protocol_version)?);
        put(buffer, questdb_buffer::into_raw(Buffer::with_options(options)?));
        Ok(())
    })
}

/// As `questdb_buffer_new`, with limits in bytes: the longest name, the memory to begin with, and the most that the buffer may
/// hold.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, LIMIT_EXCEEDED, OUT_OF_MEMORY.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_with_limits(
    protocol_version: u32,
    max_name_len: usize,
    init_buf_size: usize,
    max_buf_size: usize,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_free(|| {
        required(buffer, "buffer")?;
        let version = ProtocolVersion::from_number(protocol_version)?;
        let options = BufferOptions { version, max_name_len, init_buf_size, max_buf_size };
        put(buffer, questdb_buffer::into_raw(Buffer::with_options(options)?));
        Ok(())
    })
}

/// Makes an independent copy, also of a sender's own buffer.
///
/// Ownership: `*copy` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_clone(
    buffer: Option<&mut questdb_buffer>,
    copy: *mut *mut questdb_buffer,
) -> Failed {
    put(copy, ptr::null_mut());
    guard(buffer, |b| {
        required(copy, "copy")?;
        put(copy, questdb_buffer::into_raw(Buffer::clone(&b.buffer)));
        Ok(())
    })
}

/// Frees a buffer. NULL is fine, and the own buffer of a sender is left alone.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_free(buffer: *mut questdb_buffer) {
    // SAFETY: NULL or a buffer from this library that has not been freed.
    if unsafe { buffer.as_ref() }.is_some_and(|b| !b.lent) {
        // SAFETY: made by `Box::into_raw`; the caller gives it up.
        guard_drop(unsafe { Box::from_raw(buffer) });
    }
}

/// Begins a row of a table.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_table(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
) -> Failed {
    guard(buffer, |b| b.buffer.table(text(name, name_len)?).map(drop))
}

/// As `questdb_buffer_table`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_table_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_table_name>,
) -> Failed {
    guard(buffer, |b| b.buffer.table(&name.ok_or_else(null_name)?.0).map(drop))
}

/// Appends a symbol to the open row. Symbols come before all other columns.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_symbol(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| b.buffer.symbol(text(name, name_len)?, text(value, value_len)?).map(drop))
}

/// As `questdb_buffer_symbol`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_symbol_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.symbol(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a boolean column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_bool(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: Flag,
) -> Failed {
    guard(buffer, |b| b.buffer.column_bool(text(name, name_len)?, value != 0).map(drop))
}

/// As `questdb_buffer_column_bool`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_bool_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: Flag,
) -> Failed {
    guard(buffer, |b| b.buffer.column_bool(&name.ok_or_else(null_name)?.0, value != 0).map(drop))
}

/// Appends an integer column to the open row. The server reads -2^63 as NULL.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_i64(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_i64(text(name, name_len)?, value).map(drop))
}

/// As `questdb_buffer_column_i64`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_i64_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_i64(&name.ok_or_else(null_name)?.0, value).map(drop))
}

/// Appends a double column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_f64(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: f64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_f64(text(name, name_len)?, value).map(drop))
}

/// As `questdb_buffer_column_f64`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_f64_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: f64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_f64(&name.ok_or_else(null_name)?.0, value).map(drop))
}

/// Appends a string column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_str(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| b.buffer.column_str(text(name, name_len)?, text(value, value_len)?).map(drop))
}

/// As `questdb_buffer_column_str`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_str_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_str(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a timestamp column in microseconds since the epoch, which may be negative.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_micros(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    micros: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_ts_micros(text(name, name_len)?, micros).map(drop))
}

/// As `questdb_buffer_column_ts_micros`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_micros_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    micros: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_ts_micros(&name.ok_or_else(null_name)?.0, micros).map(drop))
}

/// Appends a timestamp column in nanoseconds since the epoch, which may be negative. Version 1 cuts it to
/// microseconds.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_nanos(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    nanos: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_ts_nanos(text(name, name_len)?, nanos).map(drop))
}

/// As `questdb_buffer_column_ts_nanos`, with a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_nanos_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    nanos: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_ts_nanos(&name.ok_or_else(null_name)?.0, nanos).map(drop))
}

/// Appends an n-dimensional array of doubles. Needs protocol version 2.
///
/// Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_f64_arr(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    array: *const questdb_array,
) -> Failed {
    guard(buffer, |b| b.buffer.column_f64_arr(text(name, name_len)?, &view(array)?).map(drop))
}

/// As `questdb_buffer_column_f64_arr`, with a checked name.
///
/// Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_f64_arr_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    array: *const questdb_array,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_f64_arr(&name.ok_or_else(null_name)?.0, &view(array)?).map(drop)
    })
}

/// Appends a decimal given as text, such as `-12.50` or `1e-3`. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_str(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_dec_str(text(name, name_len)?, text(value, value_len)?).map(drop)
    })
}

/// As `questdb_buffer_column_dec_str`, with a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_str_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_dec_str(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a decimal as its unscaled value, a big-endian two's complement integer of at most 32 bytes, and its scale,
/// 0 to 76. Length 0 is NULL. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    scale: u32,
    unscaled: *const u8,
    unscaled_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer
            .column_dec(text(name, name_len)?, scale, slice(unscaled, unscaled_len, "unscaled")?)
            .map(drop)
    })
}

/// As `questdb_buffer_column_dec`, with a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    scale: u32,
    unscaled: *const u8,
    unscaled_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer
            .column_dec(
                &name.ok_or_else(null_name)?.0,
                scale,
                slice(unscaled, unscaled_len, "unscaled")?,
            )
            .map(drop)
    })
}

/// Appends a decimal `unscaled / 10^scale`, scale 0 to 76. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_i64(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    scale: u32,
    unscaled: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_dec_i64(text(name, name_len)?, scale, unscaled).map(drop))
}

/// As `questdb_buffer_column_dec_i64`, with a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_i64_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    scale: u32,
    unscaled: i64,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_dec_i64(&name.ok_or_else(null_name)?.0, scale, unscaled).map(drop)
    })
}

/// Appends a decimal whose unscaled value is `high * 2^64 + low`, scale 0 to 76. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_i128(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    scale: u32,
    high: i64,
    low: u64,
) -> Failed {
    guard(buffer, |b| {
        b.buffer
            .column_dec_i128(text(name, name_len)?, scale, i128::from(high) << 64 | i128::from(low))
            .map(drop)
    })
}

/// As `questdb_buffer_column_dec_i128`, with a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_dec_i128_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    scale: u32,
    high: i64,
    low: u64,
) -> Failed {
    guard(buffer, |b| {
        b.buffer
            .column_dec_i128(
                &name.ok_or_else(null_name)?.0,
                scale,
                i128::from(high) << 64 | i128::from(low),
            )
            .map(drop)
    })
}

/// Ends the open row with a designated timestamp in nanoseconds since the epoch, not negative.
///
/// Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_nanos(
    buffer: Option<&mut questdb_buffer>,
    nanos: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.at_nanos(nanos))
}

/// Ends the open row with a designated timestamp in microseconds since the epoch, not negative. In version 1 at most
/// 9223372036854775.
///
/// Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_micros(
    buffer: Option<&mut questdb_buffer>,
    micros: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.at_micros(micros))
}

/// Ends the open row; the server sets its timestamp. Deduplication cannot recognise such rows.
///
/// Errors: INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_now(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.at_now())
}

/// Makes room for so many more bytes.
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

/// Remembers this place, between two rows, for `questdb_buffer_rewind_to_marker`.
///
/// Errors: INVALID_STATE with an open row, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_set_marker(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.set_marker())
}

/// Drops everything after the marker, also an open row, and the marker.
///
/// Errors: INVALID_STATE without a marker, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_rewind_to_marker(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.rewind_to_marker())
}

/// Drops the marker. Without one this does nothing.
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

/// Drops all rows, an open row and the marker; keeps the memory.
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

/// Checks that no row is open, so that the buffer can be flushed.
///
/// Errors: INVALID_STATE, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_check_flushable(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.check_flushable())
}

/// What getters read: nothing of a buffer in which a call panicked.
fn healthy(buffer: Option<&questdb_buffer>) -> Option<&Buffer> {
    buffer.filter(|b| !b.poisoned).map(|b| &*b.buffer)
}

/// Bytes in the buffer, the open row included. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_len(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.len())
}

/// Bytes that the buffer can hold before it grows. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_capacity(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.capacity())
}

/// Complete rows in the buffer. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_row_count(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.row_count())
}

/// Whether all rows are of one table, so that the server stores all of them or none. False for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_is_transactional(buffer: Option<&questdb_buffer>) -> bool {
    healthy(buffer).is_some_and(|b| b.is_transactional())
}

/// The protocol version, 1, 2 or 3. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_protocol_version(buffer: Option<&questdb_buffer>) -> u32 {
    healthy(buffer).map_or(0, |b| b.protocol_version() as u32)
}

/// The longest name that the buffer takes, in bytes. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_max_name_len(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.max_name_len())
}

/// The memory that the buffer began with, in bytes. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_init_buf_size(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.init_buf_size())
}

/// The most that the buffer may hold, in bytes. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_max_buf_size(buffer: Option<&questdb_buffer>) -> usize {
    healthy(buffer).map_or(0, |b| b.max_buf_size())
}

/// The bytes of the buffer, and in `*len` how many; they are not NUL-terminated. NULL and 0 for NULL.
///
/// Ownership: the bytes belong to the buffer and live until it is changed or freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_peek(
    buffer: Option<&questdb_buffer>,
    len: *mut usize,
) -> *const u8 {
    let bytes = healthy(buffer).map(Buffer::peek);
    put(len, bytes.map_or(0, <[u8]>::len));
    bytes.map_or(ptr::null(), <[u8]>::as_ptr)
}
