//! Interpreters: classes and objects that this module remembers are those of one interpreter.
#![expect(unsafe_code, reason = "asks CPython which interpreter is running")]

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// The interpreter that has imported the module; they are numbered from 0.
static OWNER: AtomicI64 = AtomicI64::new(-1);

/// Makes the running interpreter the only one that may import the module.
///
/// # Errors
/// `ImportError` if another one has imported it.
pub(crate) fn claim() -> PyResult<()> {
    // SAFETY: the thread is attached, because a module is being imported.
    let current = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match OWNER.compare_exchange(-1, current, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Ok(()),
        Err(owner) if owner == current => Ok(()),
        Err(_) => Err(PyImportError::new_err(
            "questdb_ingress was imported by another interpreter of this process, and cannot be shared with subinterpreters",
        )),
    }
}
