//! Errors of the way of a row, made out of line so that the way itself stays short.
#![expect(unsafe_code, reason = "asks objects for their class")]

use client::ColumnName;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::errors::convert;

/// Converts a result of the client.
#[inline(always)]
pub(crate) fn slowly(result: client::Result<()>) -> PyResult<()> {
    match result {
        Ok(()) => Ok(()),
        Err(e) => Err(raised(&e)),
    }
}

#[cold]
#[inline(never)]
fn raised(error: &client::Error) -> PyErr {
    Python::attach(|py| convert(py, error))
}

/// Creates the error for an object of the wrong class.
///
/// # Safety
/// `object` must be alive, and the thread attached.
#[cold]
pub(crate) unsafe fn wrong(what: &str, expected: &str, object: *mut ffi::PyObject) -> PyErr {
    Python::attach(|py| {
        // SAFETY: the caller vouches for the object.
        let class = unsafe { Bound::from_borrowed_ptr(py, object) }.get_type();
        match class.name() {
            Ok(name) => PyTypeError::new_err(format!("{what}: Expected {expected}, got {name}")),
            Err(e) => e,
        }
    })
}

/// # Safety
/// As [`wrong`].
#[cold]
pub(crate) unsafe fn wrong_symbol(name: &ColumnName, object: *mut ffi::PyObject) -> PyErr {
    let what = format!("symbol {}", client::internal::shown(name.as_str()));
    // SAFETY: the caller vouches for the object.
    unsafe { wrong(&what, "str", object) }
}
