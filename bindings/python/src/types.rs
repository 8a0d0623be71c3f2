//! The package's own classes by address, so that `row` recognises their objects by one comparison.
#![expect(unsafe_code, reason = "reads objects whose class was compared")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::{Borrowed, PyClass, PyTypeInfo as _};

use crate::stamps::{TimestampMicros, TimestampNanos};

static MICROS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());
static NANOS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());
static SERVER: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());

/// Remembers the classes, which live as long as the process. `server` is the only object of its class.
pub(crate) fn remember(py: Python<'_>, server: Py<PyAny>) {
    MICROS.store(TimestampMicros::type_object(py).into_ptr().cast(), Ordering::Relaxed);
    NANOS.store(TimestampNanos::type_object(py).into_ptr().cast(), Ordering::Relaxed);
    SERVER.store(server.into_ptr(), Ordering::Relaxed);
}

#[inline(always)]
pub(crate) fn micros() -> *mut ffi::PyTypeObject {
    MICROS.load(Ordering::Relaxed)
}

#[inline(always)]
pub(crate) fn nanos() -> *mut ffi::PyTypeObject {
    NANOS.load(Ordering::Relaxed)
}

#[inline(always)]
pub(crate) fn server() -> *mut ffi::PyObject {
    SERVER.load(Ordering::Relaxed)
}

/// Returns the value inside an object.
///
/// # Safety
/// `object` must be of class `T` or of one derived from it, and alive for `'a`. The thread must be attached.
#[inline(always)]
pub(crate) unsafe fn read<'a, T>(object: *mut ffi::PyObject) -> &'a T
where
    T: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync,
{
    // SAFETY: the caller vouches for the object and the thread.
    unsafe {
        let py = Python::assume_attached();
        let object = Borrowed::from_ptr(py, object);
        &*ptr::from_ref(object.cast_unchecked::<T>().get())
    }
}
