//! `questdb_buffer_column_f64_arr`, `_column_dec*`: arrays and decimals of a row that is built call by call.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::c_char;

use crate::array::{questdb_array, view};
use crate::buffer::questdb_buffer;
use crate::guard::{Failed, guard};
use crate::name::questdb_column_name;
use crate::row::null_name;
use crate::text::{slice, text};

/// Appends an n-dimensional array of doubles to the open row. Needs protocol version 2 or later.
///
/// Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_f64_arr(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    array: *const questdb_array,
) -> Failed {
    guard(buffer, |b| b.buffer.column_f64_arr(text(name, name_len)?, &view(array)?).map(drop))
}

/// Like `questdb_buffer_column_f64_arr`, but takes a checked name.
///
/// Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
/// HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_f64_arr_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    array: *const questdb_array,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_f64_arr(&name.ok_or_else(null_name)?.0, &view(array)?).map(drop)
    })
}

/// Appends a decimal given as text, such as `-12.50` or `1E+5`: digits with an optional sign, point and exponent, at most 76
/// digits, of which at most 75 follow the point. `NaN`, `Infinity` and `-Infinity` are stored as NULL, which has the danger
/// that `questdb_buffer_column_dec` describes. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec_str(
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

/// Like `questdb_buffer_column_dec_str`, but takes a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
/// HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec_str_named(
    buffer: Option<&mut questdb_buffer>,
    name: Option<&questdb_column_name>,
    value: *const c_char,
    value_len: usize,
) -> Failed {
    guard(buffer, |b| {
        b.buffer.column_dec_str(&name.ok_or_else(null_name)?.0, text(value, value_len)?).map(drop)
    })
}

/// Appends a decimal as its unscaled value, a big-endian two's complement integer of at most 32 bytes, and its scale, 0 to 76.
/// Length 0 means NULL, but leave the column out instead: QuestDB 9.3 accepts such a NULL also for a column that is not a
/// decimal, and then stores a wrong value or suspends the table. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec(
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

/// Like `questdb_buffer_column_dec`, but takes a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
/// HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec_named(
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

/// Appends the decimal `unscaled / 10^scale`. The scale is 0 to 76. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec_i64(
    buffer: Option<&mut questdb_buffer>,
    name: *const c_char,
    name_len: usize,
    scale: u32,
    unscaled: i64,
) -> Failed {
    guard(buffer, |b| b.buffer.column_dec_i64(text(name, name_len)?, scale, unscaled).map(drop))
}

/// Like `questdb_buffer_column_dec_i64`, but takes a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
/// HANDLE_POISONED.
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

/// Appends the decimal `(high * 2^64 + low) / 10^scale`. The scale is 0 to 76. Needs protocol version 3.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_column_dec_i128(
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

/// Like `questdb_buffer_column_dec_i128`, but takes a checked name.
///
/// Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
/// HANDLE_POISONED.
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
