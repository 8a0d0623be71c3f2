//! The methods that the interpreter calls directly, without tuples or dictionaries for their arguments.
#![expect(unsafe_code, reason = "defines functions that CPython calls")]
#![expect(clippy::disallowed_methods, reason = "no panic may leave a function that CPython calls")]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::PyTypeInfo;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::buffer::Buffer;
use crate::row::Arguments;
use crate::sender::Sender;
use crate::transaction::SenderTransaction;
use crate::types::read;

/// The arguments of a call as the interpreter hands them over.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    args: *const *mut ffi::PyObject,
    positional: isize,
    keywords: *mut ffi::PyObject,
}

impl Call {
    /// Sorts the arguments of a row.
    ///
    /// # Errors
    /// `TypeError`.
    #[inline(always)]
    pub(crate) fn arguments(
        self,
        rows: &mut crate::row::Rows,
        takes_table: bool,
    ) -> PyResult<Arguments> {
        // SAFETY: only `run` makes calls, from what the interpreter passed.
        unsafe { rows.arguments(self.args, self.positional, self.keywords, takes_table) }
    }
}

/// Runs `work` on the object and returns the object, or raises.
///
/// # Safety
/// The arguments must be those of a function that the interpreter calls, and `slf` an object of class `T`.
#[inline(always)]
unsafe fn run<T>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    positional: isize,
    keywords: *mut ffi::PyObject,
    work: impl FnOnce(&T, Call) -> PyResult<()>,
) -> *mut ffi::PyObject
where
    T: pyo3::PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync,
{
    // SAFETY: a method descriptor checks the class of `self` before it calls; the interpreter holds all arguments during the call.
    let object: &T = unsafe { read(slf) };
    match catch_unwind(AssertUnwindSafe(|| work(object, Call { args, positional, keywords }))) {
        Ok(Ok(())) => {
            // SAFETY: the object is alive.
            unsafe { ffi::Py_INCREF(slf) };
            slf
        }
        Ok(Err(error)) => raise(error),
        Err(_) => raise(PyRuntimeError::new_err("a defect of this library: row() panicked")),
    }
}

#[cold]
fn raise(error: PyErr) -> *mut ffi::PyObject {
    Python::attach(|py| error.restore(py));
    ptr::null_mut()
}

/// # Safety
/// Only the interpreter calls this, by the definition in [`install`].
unsafe extern "C" fn buffer_row(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    positional: isize,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { run(slf, args, positional, keywords, Buffer::row) }
}

/// # Safety
/// As [`buffer_row`].
unsafe extern "C" fn sender_row(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    positional: isize,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { run(slf, args, positional, keywords, Sender::row) }
}

/// # Safety
/// As [`buffer_row`].
unsafe extern "C" fn transaction_row(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    positional: isize,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { run(slf, args, positional, keywords, SenderTransaction::row) }
}

const ROW: &CStr = c"row($self, table_name, *, symbols=None, columns=None, at)
--

Adds one row, and returns the object itself. Symbols and columns whose value is None are left out; a row without any value is not
added. After an error the rows are as they were before the call.";

const TRANSACTION_ROW: &CStr = c"row($self, *, symbols=None, columns=None, at)
--

Adds one row of the transaction's table, and returns the transaction itself.";

/// Adds the methods to their classes.
///
/// # Errors
/// Those of CPython.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    add::<Buffer>(py, c"row", buffer_row, ROW)?;
    add::<Sender>(py, c"row", sender_row, ROW)?;
    add::<SenderTransaction>(py, c"row", transaction_row, TRANSACTION_ROW)
}

fn add<T: PyTypeInfo>(
    py: Python<'_>,
    name: &'static CStr,
    function: ffi::PyCFunctionFastWithKeywords,
    doc: &'static CStr,
) -> PyResult<()> {
    let class = T::type_object(py);
    // The definition must live as long as the class, which is never freed.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: doc.as_ptr(),
    }));
    // SAFETY: the class and the definition live on; the result is a new reference, or null.
    let method = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(class.as_type_ptr(), definition))?
    };
    class.setattr(name.to_str().unwrap_or_default(), method)
}
