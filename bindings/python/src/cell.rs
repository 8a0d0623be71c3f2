//! One value of a row. What most values are is compared by address and written without code of the program; everything else goes
//! to `values`.
#![expect(unsafe_code, reason = "calls CPython directly")]

use std::ffi::c_int;

use client::internal::QuickCalls as _;
use client::{Buffer, ColumnName, ColumnRef};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::cpython;
use crate::errors::convert;
use crate::raise::slowly;
use crate::stamps::{TimestampMicros, TimestampNanos};
use crate::text::utf8;
use crate::{time, types, values};

/// What became of a value.
pub(crate) enum Written {
    Yes,
    /// There was no value.
    Nothing,
    /// The value is of a class that needs [`slow_column`].
    Slowly,
}

/// Appends a value of one of the exact types whose conversion runs no code of the program.
///
/// # Safety
/// `value` must be alive, and the thread attached.
#[inline(always)]
pub(crate) unsafe fn quick_column(
    buffer: &mut Buffer,
    name: ColumnRef<'_>,
    value: *mut ffi::PyObject,
    scratch: &mut Vec<u8>,
) -> PyResult<Written> {
    // SAFETY: the class is compared before the value is used as one of it.
    unsafe {
        let class = ffi::Py_TYPE(value);
        if class == &raw mut ffi::PyFloat_Type {
            let number = cpython::double(value);
            if !buffer.quick_f64(name, number) {
                slowly(buffer.column_f64(name, number).map(drop))?;
            }
        } else if class == &raw mut ffi::PyUnicode_Type {
            let text = utf8(value, scratch)?;
            if !buffer.quick_str(name, text.into()) {
                slowly(buffer.column_str(name, text).map(drop))?;
            }
        } else if class == &raw mut ffi::PyLong_Type {
            let Some(number) = integer(value) else { return Ok(Written::Slowly) };
            if !buffer.quick_i64(name, number) {
                slowly(buffer.column_i64(name, number).map(drop))?;
            }
        } else if value == ffi::Py_None() {
            return Ok(Written::Nothing);
        } else if class == &raw mut ffi::PyBool_Type {
            let yes = value == ffi::Py_True();
            if !buffer.quick_bool(name, yes) {
                slowly(buffer.column_bool(name, yes).map(drop))?;
            }
        } else if let Some(micros) = time::quick_micros(value) {
            quick_micros(buffer, name, micros)?;
        } else if class == types::micros() {
            quick_micros(buffer, name, types::read::<TimestampMicros>(value).0)?;
        } else if class == types::nanos() {
            let nanos = types::read::<TimestampNanos>(value).0;
            if !buffer.quick_ts_nanos(name, nanos) {
                slowly(buffer.column_ts_nanos(name, nanos).map(drop))?;
            }
        } else {
            return Ok(Written::Slowly);
        }
        Ok(Written::Yes)
    }
}

/// Does [`quick_column`] for a name that is escaped. Not inlined: such names are rare.
///
/// # Safety
/// As [`quick_column`].
#[inline(never)]
pub(crate) unsafe fn escaped_column(
    buffer: &mut Buffer,
    name: &ColumnName,
    value: *mut ffi::PyObject,
    scratch: &mut Vec<u8>,
) -> PyResult<Written> {
    // SAFETY: the caller vouches for the value.
    unsafe { quick_column(buffer, name.as_str().into(), value, scratch) }
}

/// Returns the number of an `int`, or nothing if it does not fit 64 bits.
///
/// # Safety
/// `int` must be an `int` itself, not of a derived class, and alive; the thread must be attached.
#[inline(always)]
pub(crate) unsafe fn integer(int: *mut ffi::PyObject) -> Option<i64> {
    // SAFETY: the caller vouches for the object.
    unsafe {
        if let Some(number) = cpython::integer(int) {
            return Some(number);
        }
        let mut overflow: c_int = 0;
        let number = ffi::PyLong_AsLongLongAndOverflow(int, &raw mut overflow);
        (overflow == 0).then_some(number)
    }
}

fn quick_micros(buffer: &mut Buffer, name: ColumnRef<'_>, micros: i64) -> PyResult<()> {
    if buffer.quick_ts_micros(name, micros) {
        return Ok(());
    }
    slowly(buffer.column_ts_micros(name, micros).map(drop))
}

/// Appends any value; code of the program may run.
///
/// # Safety
/// `value` must be alive, and the thread attached.
#[inline(never)]
pub(crate) unsafe fn slow_column(
    buffer: &mut Buffer,
    name: &ColumnName,
    value: *mut ffi::PyObject,
    scratch: &mut Vec<u8>,
) -> PyResult<bool> {
    Python::attach(|py| {
        // SAFETY: the value is alive; from here on it is held, whatever happens to the dict.
        let value = unsafe { Bound::from_borrowed_ptr(py, value) };
        // SAFETY: the class is checked before the text is read.
        unsafe {
            if ffi::PyUnicode_Check(value.as_ptr()) != 0 {
                let text = utf8(value.as_ptr(), scratch)?;
                return match buffer.column_str(name, text) {
                    Ok(_) => Ok(true),
                    Err(e) => Err(convert(py, &e)),
                };
            }
        }
        values::append(buffer, name, &value)
    })
}
