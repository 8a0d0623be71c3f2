//! What can be wrong with a frame, and how messages say it.

use client::Error;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::piece::Bad;
use crate::errors::{Code, ingress_error};

/// Why reading or appending a frame stopped.
pub(crate) enum Stop {
    /// A value, at a row counted from the first one of the piece.
    Bad(Bad),
    /// An exception of code of the program, or one that is complete.
    Raised(PyErr),
    /// The type of a value that no column can hold.
    Unsupported(String),
}

impl From<Bad> for Stop {
    fn from(bad: Bad) -> Stop {
        Stop::Bad(bad)
    }
}

impl From<PyErr> for Stop {
    fn from(e: PyErr) -> Stop {
        Stop::Raised(e)
    }
}

impl Stop {
    /// Returns the stop at a value that could not be converted. What its own code raises stays as it is.
    #[cold]
    pub(crate) fn value(row: usize, e: PyErr) -> Stop {
        Python::attach(|py| {
            let ours = e.is_instance_of::<PyTypeError>(py)
                || e.is_instance_of::<PyValueError>(py)
                || e.is_instance_of::<PyOverflowError>(py)
                || crate::errors::is_ingress_error(py, &e);
            if ours { Stop::Bad(Bad::at(row, e.value(py).to_string())) } else { Stop::Raised(e) }
        })
    }

    #[cold]
    pub(crate) fn unsupported(value: &Bound<'_, PyAny>) -> Stop {
        Stop::Unsupported(class_name(value))
    }
}

/// Returns the full name of an object's class.
#[cold]
pub(crate) fn class_name(value: &Bound<'_, PyAny>) -> String {
    let class = value.get_type();
    let name = class.qualname().map(|name| name.to_string()).unwrap_or_default();
    match class.module().map(|module| module.to_string()) {
        Ok(module) if module != "builtins" => format!("{module}.{name}"),
        _ => name,
    }
}

/// An argument that cannot be used.
#[cold]
pub(crate) fn argument(py: Python<'_>, name: &str, why: &str) -> PyErr {
    ingress_error(py, Code::InvalidApiCall, format!("Bad argument `{name}`: {why}"))
}

/// A frame that cannot be sent.
#[cold]
pub(crate) fn bad_frame(py: Python<'_>, message: impl Into<String>) -> PyErr {
    ingress_error(py, Code::BadDataFrame, message)
}

/// A column that cannot be sent.
#[cold]
pub(crate) fn bad_column(py: Python<'_>, name: &str, why: &str) -> PyErr {
    bad_frame(py, format!("Bad column {}: {why}", quoted(name)))
}

/// Returns a name as Python shows it, cut if it is long.
pub(crate) fn quoted(name: &str) -> String {
    let shown = client::internal::shown(name).to_string();
    shown
        .strip_prefix('"')
        .and_then(|shown| shown.strip_suffix('"'))
        .map_or_else(|| format!("'{shown}'"), |shown| format!("'{shown}'"))
}

/// A value of the frame that cannot be sent. `value` is the value as Python shows it, if it can be had.
#[cold]
pub(crate) fn bad_value(
    py: Python<'_>,
    column: &str,
    row: usize,
    value: Option<&str>,
    why: &str,
) -> PyErr {
    let value = value.map(|value| format!(" ({value})")).unwrap_or_default();
    let column = quoted(column);
    let message =
        format!("Failed to serialize value of column {column} at row index {row}{value}: {why}");
    bad_frame(py, message)
}

/// Returns what messages say about a row without any value.
pub(crate) fn all_null(row: usize) -> String {
    format!(
        "Bad dataframe row at index {row}: All values are nulls. Ensure at least one column is not null."
    )
}

/// A row that the client refuses.
#[cold]
pub(crate) fn bad_row(py: Python<'_>, row: usize, error: &Error) -> PyErr {
    let why = without_row(error.message());
    if why.starts_with("every cell of the row is null") {
        return bad_frame(py, all_null(row));
    }
    bad_frame(py, format!("Failed to serialize row index {row}: {why}"))
}

/// Returns a message of the client without the row that it begins with, which is counted from the first one of a piece.
fn without_row(message: &str) -> &str {
    let rest = message.strip_prefix("row ").and_then(|rest| rest.split_once(": "));
    match rest {
        Some((row, rest)) if row.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => message,
    }
}
