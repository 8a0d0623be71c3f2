//! `Completion`: what became of a batch of a pool.

use pyo3::prelude::*;

use crate::buffer::Buffer;
use crate::errors::{object, outcome};

/// What became of a batch.
#[pyclass(frozen, get_all, module = "questdb_ingress")]
pub(crate) struct Completion {
    batch: u64,
    outcome: Py<PyAny>,
    rows: u64,
    bytes: u64,
    attempts: u32,
    in_doubt_attempts: u32,
    error: Option<Py<PyAny>>,
    failed_rows: Option<Py<Buffer>>,
}

impl Completion {
    pub(crate) fn of(py: Python<'_>, done: client::Completion) -> PyResult<Completion> {
        Ok(Completion {
            batch: done.batch.number(),
            outcome: outcome(py, done.outcome)?.unbind(),
            rows: done.rows,
            bytes: done.bytes,
            attempts: done.attempts,
            in_doubt_attempts: done.in_doubt_attempts,
            error: done.error.map(|e| object(py, &e).map(Bound::unbind)).transpose()?,
            failed_rows: done.failed_rows.map(|rows| Py::new(py, Buffer::of(*rows))).transpose()?,
        })
    }
}

#[pymethods]
impl Completion {
    /// Raises the error, if there is one.
    fn raise_for_error(&self, py: Python<'_>) -> PyResult<()> {
        match &self.error {
            Some(error) => Err(PyErr::from_value(error.bind(py).clone())),
            None => Ok(()),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<questdb_ingress.Completion {} rows={}>", self.outcome.bind(py), self.rows)
    }
}
