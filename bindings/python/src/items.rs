//! The items of a dict as CPython lends them, without references of their own.
#![expect(unsafe_code, reason = "calls CPython directly")]

use std::ptr;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::raise::wrong;

/// The items of a dict, borrowed from it.
pub(crate) struct Items {
    dict: *mut ffi::PyObject,
    /// Without a global lock the items are those of a copy, which nobody else can change.
    #[cfg(any(Py_GIL_DISABLED, feature = "as-free-threaded"))]
    owned: bool,
    size: isize,
    argument: &'static str,
}

impl Items {
    /// # Safety
    /// `dict` must be an object, alive until the last use of the items, and the thread attached.
    #[inline(always)]
    pub(crate) unsafe fn of(dict: *mut ffi::PyObject, argument: &'static str) -> PyResult<Items> {
        // SAFETY: the class is checked before the object is used as a dict.
        unsafe {
            if ffi::Py_TYPE(dict) != &raw mut ffi::PyDict_Type && ffi::PyDict_Check(dict) == 0 {
                return Err(wrong(argument, "dict", dict));
            }
            #[cfg(any(Py_GIL_DISABLED, feature = "as-free-threaded"))]
            let dict = {
                let copy = ffi::PyDict_Copy(dict);
                if copy.is_null() {
                    return Err(Python::attach(PyErr::fetch));
                }
                copy
            };
            Ok(Items {
                dict,
                #[cfg(any(Py_GIL_DISABLED, feature = "as-free-threaded"))]
                owned: true,
                size: ffi::PyDict_Size(dict),
                argument,
            })
        }
    }

    /// Returns how many items the dict had.
    #[inline(always)]
    pub(crate) fn count(&self) -> isize {
        self.size
    }

    /// Returns the next key and value. They are valid as long as no code runs that could change the dict.
    ///
    /// # Safety
    /// The dict must be alive, and the thread attached.
    #[inline(always)]
    pub(crate) unsafe fn next(
        &self,
        cursor: &mut isize,
    ) -> Option<(*mut ffi::PyObject, *mut ffi::PyObject)> {
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the dict is one. The position is checked against its size by the call, also after it was changed.
        let more = unsafe { ffi::PyDict_Next(self.dict, cursor, &raw mut key, &raw mut value) };
        (more != 0).then_some((key, value))
    }

    /// Checks that the dict has as many items as before.
    ///
    /// # Safety
    /// As [`Items::next`].
    pub(crate) unsafe fn check(&self) -> PyResult<()> {
        // SAFETY: the dict is one.
        if unsafe { ffi::PyDict_Size(self.dict) } == self.size {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(format!("{} changed while row() read it", self.argument)))
    }
}

#[cfg(any(Py_GIL_DISABLED, feature = "as-free-threaded"))]
impl Drop for Items {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: the copy is owned by this value.
            unsafe { ffi::Py_DECREF(self.dict) };
        }
    }
}
