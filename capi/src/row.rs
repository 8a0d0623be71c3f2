//! `questdb_buffer_table`, `_symbol`, `_column_*`, `_at_*`: one row that is built call by call. Arrays and decimals are in
//! `row_values`.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::c_char;

use crate::buffer::questdb_buffer;
use crate::guard::{Failed, Flag, guard, guard_slowly, quick};
use crate::name::{questdb_column_name, questdb_table_name};
use crate::text::{plain, text};
use client::internal::QuickCalls as _;

#[cold]
#[inline(never)]
pub(crate) fn null_name() -> client::Error {
    err!(InvalidArgument, "name handle is NULL")
}

/// Begins a row of a table.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_table(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_table(name.into()))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.table(text(name, name_len)?).map(drop))
}

/// Like `questdb_buffer_table`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_table_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_table_name>,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_table((&name.0).into()))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.table(&name.ok_or_else(null_name)?.0).map(drop))
}

/// Appends a symbol to the open row. Symbols must come before all other columns.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_symbol(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    if let (Some(name), Some(value)) = (plain(name, name_len), plain(value, value_len))
        && quick(&mut buffer, |b| b.buffer.quick_symbol(name.into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.symbol(text(name, name_len)?, text(value, value_len)?).map(drop)
    })
}

/// Like `questdb_buffer_symbol`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_symbol_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    if let (Some(name), Some(value)) = (name, plain(value, value_len))
        && quick(&mut buffer, |b| b.buffer.quick_symbol((&name.0).into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.symbol(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a boolean column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_bool(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: Flag,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_bool(name.into(), value != 0))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.column_bool(text(name, name_len)?, value != 0).map(drop))
}

/// Like `questdb_buffer_column_bool`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_bool_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: Flag,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_bool((&name.0).into(), value != 0))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_bool(&name.ok_or_else(null_name)?.0, value != 0).map(drop)
    })
}

/// Appends an integer column to the open row. The server reads -2^63 as NULL.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_i64(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: i64,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_i64(name.into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.column_i64(text(name, name_len)?, value).map(drop))
}

/// Like `questdb_buffer_column_i64`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_i64_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: i64,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_i64((&name.0).into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_i64(&name.ok_or_else(null_name)?.0, value).map(drop)
    })
}

/// Appends a double column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_f64(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: f64,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_f64(name.into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.column_f64(text(name, name_len)?, value).map(drop))
}

/// Like `questdb_buffer_column_f64`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_f64_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: f64,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_f64((&name.0).into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_f64(&name.ok_or_else(null_name)?.0, value).map(drop)
    })
}

/// Appends a string column to the open row.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_str(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    if let (Some(name), Some(value)) = (plain(name, name_len), plain(value, value_len))
        && quick(&mut buffer, |b| b.buffer.quick_str(name.into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_str(text(name, name_len)?, text(value, value_len)?).map(drop)
    })
}

/// Like `questdb_buffer_column_str`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_str_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    if let (Some(name), Some(value)) = (name, plain(value, value_len))
        && quick(&mut buffer, |b| b.buffer.quick_str((&name.0).into(), value))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_str(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a timestamp column in microseconds since 1970 (UTC), which may be negative.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_ts_micros(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    micros: i64,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_ts_micros(name.into(), micros))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_ts_micros(text(name, name_len)?, micros).map(drop)
    })
}

/// Like `questdb_buffer_column_ts_micros`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_micros_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    micros: i64,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_ts_micros((&name.0).into(), micros))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_ts_micros(&name.ok_or_else(null_name)?.0, micros).map(drop)
    })
}

/// Appends a timestamp column in nanoseconds since 1970 (UTC), which may be negative. Protocol version 1 cuts it to
/// microseconds.
///
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_ts_nanos(
    mut buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    nanos: i64,
) -> Failed {
    if let Some(name) = plain(name, name_len)
        && quick(&mut buffer, |b| b.buffer.quick_ts_nanos(name.into(), nanos))
    {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.column_ts_nanos(text(name, name_len)?, nanos).map(drop))
}

/// Like `questdb_buffer_column_ts_nanos`, but takes a checked name.
///
/// Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_column_ts_nanos_named(
    mut buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    nanos: i64,
) -> Failed {
    if let Some(name) = name
        && quick(&mut buffer, |b| b.buffer.quick_ts_nanos((&name.0).into(), nanos))
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        b.buffer.column_ts_nanos(&name.ok_or_else(null_name)?.0, nanos).map(drop)
    })
}

/// Ends the open row with a designated timestamp in nanoseconds since 1970 (UTC), which must not be negative.
///
/// Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_nanos(
    mut buffer: Option<&mut questdb_buffer>,
    nanos: i64,
) -> Failed {
    if quick(&mut buffer, |b| b.buffer.quick_at_nanos(nanos)) {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.at_nanos(nanos))
}

/// Ends the open row with a designated timestamp in microseconds since 1970 (UTC), which must not be negative and in protocol
/// version 1 must be at most 9223372036854775.
///
/// Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_micros(
    mut buffer: Option<&mut questdb_buffer>,
    micros: i64,
) -> Failed {
    if quick(&mut buffer, |b| b.buffer.quick_at_micros(micros)) {
        return None;
    }
    guard_slowly(buffer, move |b| b.buffer.at_micros(micros))
}

/// Ends the open row and leaves its designated timestamp to the server. Deduplication cannot recognise such rows.
///
/// Errors: INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_at_now(buffer: Option<&mut questdb_buffer>) -> Failed {
    guard(buffer, |b| b.buffer.at_now())
}
