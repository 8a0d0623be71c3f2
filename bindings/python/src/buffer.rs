//! `Buffer`: rows that are sent later, by any sender.
#![expect(unsafe_code, reason = "passes on arguments that the interpreter holds")]

use client::BufferOptions;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors::{Code, OrRaise as _, ingress_error};
use crate::exclusive::{Exclusive, Lent};
use crate::frame::{self, Given, Target};
use crate::raw::Call;
use crate::row::Rows;

/// What a buffer holds.
pub(crate) struct Contents {
    pub(crate) buffer: client::Buffer,
    pub(crate) rows: Rows,
}

/// Rows that are sent later.
///
/// A buffer is used by one thread at a time; a call that finds it in use is refused with an IngressError.
#[pyclass(frozen, subclass, module = "questdb_ingress")]
pub(crate) struct Buffer {
    contents: Exclusive<Contents>,
    init_buf_size: usize,
    max_name_len: usize,
}

impl Buffer {
    pub(crate) fn of(buffer: client::Buffer) -> Buffer {
        Buffer {
            init_buf_size: buffer.init_buf_size(),
            max_name_len: buffer.max_name_len(),
            contents: Exclusive::new(Contents { buffer, rows: Rows::new() }),
        }
    }

    /// Lends what the buffer holds.
    ///
    /// # Errors
    /// `IngressError` if another call is using it.
    #[inline(always)]
    pub(crate) fn lend(&self) -> PyResult<Lent<'_, Contents>> {
        self.contents.lend().ok_or_else(|| in_use("buffer"))
    }

    /// Does the work of the method `row`.
    ///
    /// # Errors
    /// As [`Rows::append`].
    #[inline(always)]
    pub(crate) fn row(&self, call: Call) -> PyResult<()> {
        let mut lent = self.lend()?;
        let Contents { buffer, rows } = &mut *lent;
        let arguments = call.arguments(rows, true)?;
        // SAFETY: the interpreter holds the arguments during the call.
        unsafe { rows.append(buffer, arguments) }.map(drop)
    }
}

#[cold]
pub(crate) fn in_use(what: &str) -> PyErr {
    let message = format!(
        "the {what} is in use: by another thread, or by the call that is running this code"
    );
    Python::attach(|py| ingress_error(py, Code::InvalidApiCall, message))
}

/// Returns a size that was given as any kind of integer.
///
/// # Errors
/// `ValueError` if it is negative.
pub(crate) fn size(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let number: i128 = value.extract().map_err(|e: PyErr| {
        if e.is_instance_of::<PyOverflowError>(value.py()) {
            return PyValueError::new_err(format!("{name} does not fit 64 bits"));
        }
        PyTypeError::new_err(format!(
            "{name} must be an int, not {}",
            crate::conf::class_name(value)
        ))
    })?;
    usize::try_from(number).map_err(|_| {
        PyValueError::new_err(if number < 0 {
            format!("{name} must be non-negative.")
        } else {
            format!("{name} of {number} is too large")
        })
    })
}

/// An argument for which `None` is not the same as leaving it out.
enum Absent<'py> {
    Yes,
    No(Bound<'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Absent<'py> {
    type Error = std::convert::Infallible;

    fn extract(object: pyo3::Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Absent::No(object.to_owned()))
    }
}

#[pymethods]
impl Buffer {
    /// Creates an empty buffer for a version of the protocol: 1, which every server reads, 2 or 3.
    #[new]
    #[pyo3(
        signature = (init_buf_size=None, max_name_len=None, *, protocol_version=Absent::Yes),
        text_signature = "(init_buf_size=65536, max_name_len=127, *, protocol_version=1)"
    )]
    fn new(
        py: Python<'_>,
        init_buf_size: Option<&Bound<'_, PyAny>>,
        max_name_len: Option<&Bound<'_, PyAny>>,
        protocol_version: Absent<'_>,
    ) -> PyResult<Buffer> {
        let (version, given) = match &protocol_version {
            Absent::Yes => (1, String::new()),
            Absent::No(version) => (version.extract::<u32>().unwrap_or(0), version.to_string()),
        };
        let Ok(version) = client::internal::protocol_version(version) else {
            let message = format!("protocol_version must be 1, 2 or 3, not {given}");
            return Err(ingress_error(py, Code::ProtocolVersionError, message));
        };
        let mut options = BufferOptions::new(version);
        // A sender looks at its own limit when it is given the buffer.
        options.max_buf_size = usize::MAX;
        if let Some(value) = init_buf_size {
            options.init_buf_size = size("init_buf_size", value)?;
        }
        if let Some(value) = max_name_len {
            options.max_name_len = size("max_name_len", value)?;
        }
        Ok(Buffer::of(client::Buffer::with_options(options).or_raise(py)?))
    }

    /// Adds the rows of a frame: of pandas, polars or pyarrow, or of anything else that has Arrow's interfaces. Returns the object
    /// itself. After an error the rows are as they were before the call.
    #[pyo3(
        signature = (df, *, table_name=None, table_name_col=None, symbols=Given::Not, at=Given::Not),
        text_signature = "($self, df, *, table_name=None, table_name_col=None, symbols='auto', at)"
    )]
    fn dataframe<'py>(
        slf: &Bound<'py, Buffer>,
        df: &Bound<'py, PyAny>,
        table_name: Option<Bound<'py, PyAny>>,
        table_name_col: Option<Bound<'py, PyAny>>,
        symbols: Given<'py>,
        at: Given<'py>,
    ) -> PyResult<Bound<'py, Buffer>> {
        let mut lent = slf.get().lend()?;
        let mut target = Target::Buffer(&mut lent.buffer);
        frame::append(df, table_name, table_name_col, symbols, at, &mut target)?;
        Ok(slf.clone())
    }

    /// The number of bytes for which there was room when the buffer was made.
    #[getter]
    fn init_buf_size(&self) -> usize {
        self.init_buf_size
    }

    /// The length in bytes of the longest name that is allowed.
    #[getter]
    fn max_name_len(&self) -> usize {
        self.max_name_len
    }

    /// The version of the protocol that the rows are written in.
    #[getter]
    fn protocol_version(&self) -> PyResult<u8> {
        Ok(self.lend()?.buffer.protocol_version() as u8)
    }

    /// Makes room for so many more bytes.
    fn reserve(&self, py: Python<'_>, additional: &Bound<'_, PyAny>) -> PyResult<()> {
        let additional = size("additional", additional)?;
        self.lend()?.buffer.reserve(additional).or_raise(py)
    }

    /// Returns for how many bytes there is room.
    fn capacity(&self) -> PyResult<usize> {
        Ok(self.lend()?.buffer.capacity())
    }

    /// The number of rows that are complete.
    #[getter]
    fn row_count(&self) -> PyResult<usize> {
        Ok(self.lend()?.buffer.row_count())
    }

    /// Drops all rows and keeps the memory.
    fn clear(&self) -> PyResult<()> {
        self.lend()?.buffer.clear();
        Ok(())
    }

    /// Removes rows, counted from 1 as `IngressError.server_line` counts them, so that the others can be sent.
    #[pyo3(signature = (first, count=1))]
    fn remove_rows(&self, py: Python<'_>, first: usize, count: usize) -> PyResult<()> {
        self.lend()?.buffer.remove_rows(first, count).or_raise(py)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.lend()?.buffer.len())
    }

    fn __bool__(&self) -> PyResult<bool> {
        Ok(!self.lend()?.buffer.is_empty())
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.lend()?.buffer.peek()))
    }

    fn __str__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        Ok(PyString::new(py, &String::from_utf8_lossy(self.lend()?.buffer.peek())))
    }

    fn __repr__(&self) -> PyResult<String> {
        let lent = self.lend()?;
        let (rows, bytes) = (lent.buffer.row_count(), lent.buffer.len());
        Ok(format!("<questdb_ingress.Buffer of {rows} rows, {bytes} bytes>"))
    }
}
