//! Errors of the client as `IngressError`, with everything that is known about the rows.

use client::{Error, ErrorCode};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

static INGRESS_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CODES: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static OUTCOMES: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Members of `IngressErrorCode`, under the names that users see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    CouldNotResolveAddr,
    InvalidApiCall,
    SocketError,
    InvalidUtf8,
    InvalidName,
    InvalidTimestamp,
    AuthError,
    TlsError,
    HttpNotSupported,
    ServerFlushError,
    ConfigError,
    ArrayError,
    ProtocolVersionError,
    DecimalError,
    BadDataFrame,
}

impl Code {
    /// Returns the category that users of the official package know for this error.
    fn of(error: &Error) -> Code {
        match error.code() {
            ErrorCode::CouldNotResolve => Code::CouldNotResolveAddr,
            ErrorCode::Connection | ErrorCode::Timeout => Code::SocketError,
            ErrorCode::InvalidUtf8 => Code::InvalidUtf8,
            ErrorCode::InvalidName => Code::InvalidName,
            ErrorCode::InvalidTimestamp => Code::InvalidTimestamp,
            ErrorCode::Auth => Code::AuthError,
            ErrorCode::Tls => Code::TlsError,
            ErrorCode::NotQuestdb if matches!(error.http_status(), Some(404 | 405)) => {
                Code::HttpNotSupported
            }
            ErrorCode::NotQuestdb
            | ErrorCode::Rejected
            | ErrorCode::PayloadTooLarge
            | ErrorCode::Unavailable => Code::ServerFlushError,
            ErrorCode::Config => Code::ConfigError,
            ErrorCode::InvalidArray => Code::ArrayError,
            ErrorCode::ProtocolVersion => Code::ProtocolVersionError,
            ErrorCode::InvalidDecimal => Code::DecimalError,
            _ => Code::InvalidApiCall,
        }
    }
}

fn class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    cell.import(py, "questdb_ingress._errors", name)
}

/// Returns whether an exception is an `IngressError`.
pub(crate) fn is_ingress_error(py: Python<'_>, error: &PyErr) -> bool {
    class(py, &INGRESS_ERROR, "IngressError").is_ok_and(|class| error.is_instance(py, class))
}

/// Creates an `IngressError`.
#[cold]
pub(crate) fn ingress_error(py: Python<'_>, code: Code, message: impl Into<String>) -> PyErr {
    instance(py, code, &message.into()).map_or_else(|e| e, PyErr::from_value)
}

fn instance<'py>(py: Python<'py>, code: Code, message: &str) -> PyResult<Bound<'py, PyAny>> {
    let code = class(py, &CODES, "IngressErrorCode")?.getattr(format!("{code:?}"))?;
    class(py, &INGRESS_ERROR, "IngressError")?.call1((code, message))
}

/// Converts an error of the client, with its facts as attributes.
#[cold]
pub(crate) fn convert(py: Python<'_>, error: &Error) -> PyErr {
    match error.code() {
        ErrorCode::OutOfMemory => PyMemoryError::new_err(error.message().to_owned()),
        ErrorCode::Internal | ErrorCode::HandlePoisoned => {
            PyRuntimeError::new_err(error.message().to_owned())
        }
        _ => object(py, error).map_or_else(|e| e, PyErr::from_value),
    }
}

/// Returns the member of the enumeration `Outcome`.
pub(crate) fn outcome(py: Python<'_>, outcome: client::Outcome) -> PyResult<Bound<'_, PyAny>> {
    class(py, &OUTCOMES, "Outcome")?.call1((outcome.as_str(),))
}

/// As [`convert`], for errors that are kept and not raised.
pub(crate) fn object<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let object = instance(py, Code::of(error), error.message())?;
    object.setattr("outcome", outcome(py, error.outcome())?)?;
    object.setattr("kind", error.code().as_str())?;
    object.setattr("in_doubt", error.in_doubt())?;
    object.setattr("retryable", error.is_retryable())?;
    object.setattr("row_accepted", error.row_accepted())?;
    object.setattr("attempts", error.attempts())?;
    object.setattr("in_doubt_attempts", error.in_doubt_attempts())?;
    object.setattr("http_status", error.http_status())?;
    object.setattr("retry_after", error.retry_after().map(|time| time.as_secs_f64()))?;
    object.setattr("server_error_id", error.server_error_id())?;
    object.setattr("server_code", error.server_code())?;
    object.setattr("server_line", error.server_line())?;
    object.setattr("table", error.table())?;
    object.setattr("bytes_sent", error.bytes_sent())?;
    object.setattr("elapsed", error.elapsed().as_secs_f64())?;
    object.setattr("earlier_rows_in_doubt", error.earlier_rows_in_doubt())?;
    Ok(object)
}

/// Lets results of the client be returned to Python.
pub(crate) trait OrRaise<T> {
    /// Returns the value, or the error as an exception.
    ///
    /// # Errors
    /// The error of the client, converted.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for client::Result<T> {
    #[inline]
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|e| convert(py, &e))
    }
}
