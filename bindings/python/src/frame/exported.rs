//! Frames with Arrow's interfaces for Python, `__arrow_c_stream__` and `__arrow_c_array__`: polars, pyarrow, DuckDB and others.
#![expect(unsafe_code, reason = "takes structs out of capsules")]

use std::ffi::CStr;

use client::Error;
use client::table::{
    ArrowArray, ArrowArrayStream, ArrowBatch, ArrowOptions, ArrowSchema, ArrowStream, ArrowSymbols,
};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::faults::{all_null, argument, bad_frame};
use super::roles::{Arguments, Roles, Symbols, check_case};
use crate::errors::{OrRaise as _, convert};
use crate::values::At;

/// So many rows are appended between two looks at whether a flush is due.
pub(crate) const ROWS: usize = 16_384;

/// Batches of a frame.
pub(crate) enum Stream {
    /// Batches that are made when they are asked for, perhaps by code in Python.
    Many(ArrowStream, Option<ArrowBatch>),
    One(Option<ArrowBatch>),
}

/// Returns the batches of a frame, if it has one of the interfaces.
///
/// # Errors
/// Those of the frame; `IngressError` for batches that contradict the interface.
pub(crate) fn stream(df: &Bound<'_, PyAny>) -> PyResult<Option<Stream>> {
    let py = df.py();
    if let Some(export) = df.getattr_opt(intern!(py, "__arrow_c_stream__"))?
        && !export.is_none()
    {
        let capsule = export.call0()?;
        let pointer = pointer::<ArrowArrayStream>(&capsule, c"arrow_array_stream")?;
        // SAFETY: a capsule of this name holds such a struct. It is moved out here, which leaves the capsule a released one.
        let stream = unsafe { ArrowStream::import(pointer) }.or_raise(py)?;
        return Ok(Some(Stream::Many(stream, None)));
    }
    if let Some(export) = df.getattr_opt(intern!(py, "__arrow_c_array__"))?
        && !export.is_none()
    {
        let pair = export.call0()?;
        let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
        let schema = pointer::<ArrowSchema>(&schema, c"arrow_schema")?;
        let array = pointer::<ArrowArray>(&array, c"arrow_array")?;
        // SAFETY: as above; the schema is only read, and its capsule is alive.
        let batch = unsafe { ArrowBatch::import(array, schema) }.or_raise(py)?;
        return Ok(Some(Stream::One(Some(batch))));
    }
    Ok(None)
}

/// Returns what a capsule of this name points to.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut T> {
    // SAFETY: the object is alive; the call checks that it is a capsule of this name.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
    if pointer.is_null() { Err(PyErr::fetch(capsule.py())) } else { Ok(pointer.cast()) }
}

impl Stream {
    /// Returns the next batch.
    ///
    /// # Errors
    /// Those of the stream.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<ArrowBatch>> {
        match self {
            Stream::One(batch) => Ok(batch.take()),
            Stream::Many(stream, first) => match first.take() {
                Some(batch) => Ok(Some(batch)),
                None => stream.next_batch().or_raise(py),
            },
        }
    }

    /// Says by the arguments what the columns are to QuestDB.
    ///
    /// # Errors
    /// As [`Roles::of`], and those of the stream.
    pub(crate) fn options(
        &mut self,
        df: &Bound<'_, PyAny>,
        arguments: &Arguments<'_>,
    ) -> PyResult<ArrowOptions> {
        let py = df.py();
        let first = match self {
            Stream::One(batch) => batch.as_ref(),
            Stream::Many(stream, first) => {
                *first = stream.next_batch().or_raise(py)?;
                first.as_ref()
            }
        };
        let count = first.map_or(0, ArrowBatch::column_count);
        let name = |i| first.and_then(|batch| batch.column_name(i)).unwrap_or_default();
        let names: Vec<_> = (0..count).map(|i| PyString::new(py, name(i)).into_any()).collect();
        if first.is_none() {
            // A stream without batches has no rows, whatever the arguments say of its columns.
            return Ok(ArrowOptions::new().table("t").at_now());
        }
        let roles = Roles::of(df, &names, arguments)?;
        let sent = (0..count).filter(|place| ![roles.tables, roles.stamp].contains(&Some(*place)));
        check_case(py, sent.map(name))?;
        let options = ArrowOptions::new().symbols(match roles.symbols {
            Symbols::Categories => ArrowSymbols::Dictionaries,
            Symbols::Texts => ArrowSymbols::Texts,
            Symbols::None => ArrowSymbols::Columns(Vec::new()),
            Symbols::Some(places) => {
                ArrowSymbols::Columns(places.into_iter().map(Into::into).collect())
            }
        });
        let options = match (roles.table, roles.tables) {
            (Some(table), _) => options.table(table),
            (None, Some(place)) => options.table_column(place),
            (None, None) => return Err(argument(py, "table_name", "it is missing")),
        };
        match (roles.stamp, roles.at) {
            (Some(place), _) => Ok(options.at_column(place)),
            (None, At::Server) => Ok(options.at_now()),
            (None, At::Micros(at)) => options.at(client::TimestampMicros::new(at)).or_raise(py),
            (None, At::Nanos(at)) => options.at(client::TimestampNanos::new(at)).or_raise(py),
        }
    }
}

/// Converts an error of the client about a batch whose first row is row `offset` of the frame.
#[cold]
pub(crate) fn bad(py: Python<'_>, e: &Error, offset: usize) -> PyErr {
    use client::ErrorCode as C;
    match e.code() {
        C::InvalidArgument
        | C::InvalidState
        | C::InvalidUtf8
        | C::InvalidTimestamp
        | C::InvalidArray
        | C::InvalidDecimal => bad_frame(py, in_frame(e.message(), offset)),
        _ => convert(py, e),
    }
}

/// Counts the row that a message names from the beginning of the frame. The client names the column before it, if it has one.
fn in_frame(message: &str, offset: usize) -> String {
    let (column, rest) = match message.split_once("): row ") {
        Some((column, rest)) if message.starts_with("column ") => (Some(column), rest),
        _ => (None, message.strip_prefix("row ").unwrap_or_default()),
    };
    let found =
        rest.split_once(": ").and_then(|(row, why)| Some((row.parse::<usize>().ok()?, why)));
    let Some((row, why)) = found else { return format!("Bad dataframe: {message}") };
    let row = offset + row;
    if why.starts_with("every cell of the row is null") {
        return all_null(row);
    }
    match column {
        Some(column) => {
            format!("Failed to serialize value of {column}) at row index {row}: {why}")
        }
        None => format!("Failed to serialize row index {row}: {why}"),
    }
}
