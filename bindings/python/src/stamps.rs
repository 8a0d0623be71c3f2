//! `TimestampMicros`, `TimestampNanos` and `ServerTimestamp`.

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyType};

use crate::time::{self, Moment};

fn checked(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    if !value.is_instance_of::<PyInt>() && !value.hasattr("__index__")? {
        let name = value.get_type().name()?.to_string();
        return Err(PyTypeError::new_err(format!("value must be an int, not {name}")));
    }
    let value: i64 = value.extract::<i64>().map_err(|e: PyErr| {
        if e.is_instance_of::<PyOverflowError>(value.py()) {
            PyOverflowError::new_err("value does not fit 64 bits: the limit is 2^63 - 1")
        } else {
            e
        }
    })?;
    if value < 0 {
        return Err(negative());
    }
    Ok(value)
}

fn negative() -> PyErr {
    PyValueError::new_err("value must be a positive integer.")
}

/// Returns a datetime as microseconds since 1970.
fn micros(dt: &Bound<'_, PyAny>) -> PyResult<Moment> {
    match time::datetime(dt)? {
        Some(moment) => Ok(moment),
        None => Err(PyTypeError::new_err("dt must be a datetime object.")),
    }
}

macro_rules! stamp {
    ($(#[$doc:meta])+ $name:ident, $text:literal, $now:expr, $convert:expr) => {
        $(#[$doc])+
        #[pyclass(frozen, module = "questdb_ingress")]
        pub(crate) struct $name(pub(crate) i64);

        #[pymethods]
        impl $name {
            #[new]
            fn new(value: &Bound<'_, PyAny>) -> PyResult<$name> {
                checked(value).map($name)
            }

            /// Returns the time of a datetime. A datetime without a time zone is in local time.
            #[classmethod]
            fn from_datetime(cls: &Bound<'_, PyType>, dt: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                let convert: fn(Moment) -> Option<i64> = $convert;
                let value = convert(micros(dt)?).ok_or_else(|| {
                    PyOverflowError::new_err("the datetime is outside of what 64 bits hold")
                })?;
                if value < 0 {
                    return Err(negative());
                }
                cls.call1((value,)).map(Bound::unbind)
            }

            /// Returns the time of the system's clock.
            #[classmethod]
            fn now(cls: &Bound<'_, PyType>) -> PyResult<Py<PyAny>> {
                let now: fn() -> i64 = $now;
                cls.call1((now(),)).map(Bound::unbind)
            }

            /// The number since the beginning of 1970 (UTC).
            #[getter]
            fn value(&self) -> i64 {
                self.0
            }

            fn __repr__(&self) -> String {
                format!(concat!($text, "({})"), self.0)
            }

            fn __hash__(&self) -> u64 {
                self.0.cast_unsigned()
            }

            fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
                let py = other.py();
                Ok(match other.cast::<$name>() {
                    Ok(other) => {
                        let yes = op.matches(self.0.cmp(&other.get().0));
                        yes.into_pyobject(py)?.to_owned().into_any().unbind()
                    }
                    Err(_) => py.NotImplemented(),
                })
            }

            fn __reduce__(slf: &Bound<'_, $name>) -> (Py<PyType>, (i64,)) {
                (slf.get_type().unbind(), (slf.get().0,))
            }
        }
    };
}

stamp!(
    /// A time in microseconds since the beginning of 1970 (UTC).
    TimestampMicros,
    "TimestampMicros",
    || client::TimestampMicros::now().as_micros(),
    |moment| moment.micros()
);

stamp!(
    /// A time in nanoseconds since the beginning of 1970 (UTC).
    TimestampNanos,
    "TimestampNanos",
    || client::TimestampNanos::now().as_nanos(),
    |moment| moment.nanos()
);

/// The type of `ServerTimestamp`, which leaves the designated timestamp of a row to the server.
#[pyclass(frozen, module = "questdb_ingress")]
pub(crate) struct ServerTimestampType;

#[pymethods]
impl ServerTimestampType {
    fn __repr__(&self) -> &'static str {
        "ServerTimestamp"
    }

    fn __reduce__(&self) -> &'static str {
        "ServerTimestamp"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyDict>) -> Py<Self> {
        slf
    }
}
