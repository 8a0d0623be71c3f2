//! The text of a Python `str` as UTF-8, without a trace in the object.
#![expect(unsafe_code, reason = "borrows the bytes of objects")]

use std::borrow::Cow;

use pyo3::exceptions::{PyMemoryError, PyUnicodeEncodeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::cpython::{self, NotEncoded};
use crate::errors::{Code, ingress_error};

/// Returns the text of `object`: its own bytes if it is ASCII, otherwise `scratch`, into which it is encoded.
///
/// # Errors
/// `IngressError` with `InvalidUtf8` for a lone surrogate, `MemoryError`.
///
/// # Safety
/// `object` must be a `str` or of a class derived from it, and alive as long as the result is used.
#[inline(always)]
pub(crate) unsafe fn utf8(object: *mut ffi::PyObject, scratch: &mut Vec<u8>) -> PyResult<&str> {
    // SAFETY: the caller vouches for the object.
    match unsafe { cpython::ascii(object) } {
        Some(text) => Ok(text),
        // SAFETY: as above.
        None => unsafe { encoded(object, scratch) },
    }
}

/// Copies a text.
///
/// # Errors
/// As [`utf8`].
pub(crate) fn owned(text: &Bound<'_, PyString>) -> PyResult<String> {
    let mut scratch = Vec::new();
    // SAFETY: the object is a `str`, and held.
    unsafe { utf8(text.as_ptr(), &mut scratch) }.map(str::to_owned)
}

/// Copies a text that may be a secret or hold one: the error names `what`, and not the text, which Python's own error would have
/// in its arguments.
///
/// # Errors
/// As [`utf8`].
pub(crate) fn secret(what: &str, text: &Bound<'_, PyString>) -> PyResult<String> {
    let py = text.py();
    text.to_cow().map(Cow::into_owned).map_err(|e| {
        if !e.is_instance_of::<PyUnicodeEncodeError>(py) {
            return e;
        }
        let message = format!("{what} has a lone surrogate, which has no UTF-8 form");
        ingress_error(py, Code::InvalidUtf8, message)
    })
}

/// # Safety
/// As [`utf8`].
#[inline(never)]
unsafe fn encoded(object: *mut ffi::PyObject, scratch: &mut Vec<u8>) -> PyResult<&str> {
    scratch.clear();
    // SAFETY: the caller vouches for the object.
    match unsafe { cpython::encode(object, scratch) } {
        Some(Ok(())) => {}
        // SAFETY: as above.
        Some(Err(NotEncoded::Surrogate(unit))) => return Err(unsafe { lone(object, unit) }),
        Some(Err(NotEncoded::NoMemory)) => return Err(no_memory()),
        // SAFETY: as above.
        None => unsafe { by_python(object, scratch)? },
    }
    // SAFETY: both ways write UTF-8 only.
    Ok(unsafe { std::str::from_utf8_unchecked(scratch) })
}

/// Encodes by the documented API, for objects and interpreters whose layout is not known.
///
/// # Safety
/// As [`utf8`].
#[cold]
unsafe fn by_python(object: *mut ffi::PyObject, scratch: &mut Vec<u8>) -> PyResult<()> {
    Python::attach(|py| {
        // SAFETY: the object is a `str`, and the result is a new reference to a `bytes`, or null.
        let bytes =
            unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_AsUTF8String(object)) };
        match bytes {
            Ok(bytes) => {
                let bytes = bytes.cast::<PyBytes>()?.as_bytes();
                scratch.try_reserve(bytes.len()).map_err(|_| no_memory())?;
                scratch.extend_from_slice(bytes);
                Ok(())
            }
            Err(e) if e.is_instance_of::<PyUnicodeEncodeError>(py) => {
                // SAFETY: the object is a `str`, and alive.
                let text = unsafe { Bound::from_borrowed_ptr(py, object) };
                let place: usize = e.value(py).getattr("start")?.extract()?;
                let unit: u32 = py
                    .import("builtins")?
                    .call_method1("ord", (text.get_item(place)?,))?
                    .extract()?;
                // SAFETY: as above.
                Err(unsafe { lone(object, unit) })
            }
            Err(e) if e.is_instance_of::<PyMemoryError>(py) => Err(no_memory()),
            Err(e) => Err(e),
        }
    })
}

#[cold]
fn no_memory() -> PyErr {
    PyMemoryError::new_err("no memory for the UTF-8 form of a text")
}

/// # Safety
/// As [`utf8`].
#[cold]
unsafe fn lone(object: *mut ffi::PyObject, unit: u32) -> PyErr {
    Python::attach(|py| {
        // SAFETY: the object is a `str`, and alive.
        let text = unsafe { Bound::from_borrowed_ptr(py, object) };
        // The text is shown as `ascii()` does, which escapes what cannot be encoded.
        let shown = text
            .cast::<PyString>()
            .map_err(PyErr::from)
            .and_then(|text| text.call_method1("encode", ("utf-8", "backslashreplace")))
            .and_then(|bytes| Ok(bytes.cast::<PyBytes>()?.as_bytes().to_owned()))
            .map(|bytes| client::internal::shown(&String::from_utf8_lossy(&bytes)).to_string())
            .unwrap_or_default();
        let message =
            format!("Invalid codepoint 0x{unit:x} in string {shown}: it has no UTF-8 form");
        ingress_error(py, Code::InvalidUtf8, message)
    })
}
