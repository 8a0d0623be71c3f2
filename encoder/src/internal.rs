//! What the client, the C ABI, the bindings and the benchmarks need beside the public API. It promises nothing: anything here
//! may change or go in any release.
#![allow(clippy::missing_errors_doc, reason = "each does what the public call of its name does")]

use std::ffi::CStr;
use std::fmt;
use std::ops::Range;

use crate::error::{Error, ErrorCode, Outcome, Result};
use crate::ilp::{Buffer, BufferOptions, PreparedColumns, ProtocolVersion};
use crate::table::{ArrowBatch, ArrowStream, ColumnKind, RowLayout, TimestampKind};

pub use crate::error::Facts;
pub use crate::ilp::QuickCalls;
pub use crate::ilp::arrow::prepared_pieces;
pub use crate::ilp::lines::Marker;
pub use crate::ilp::row::{RowHome, row_in};
pub use crate::memory::{collected, room};
pub use crate::quoted::{foreign, shown};
pub use crate::table::cell::RowCells;
pub use crate::time::now;

/// Creates an error of this library.
pub fn error(code: ErrorCode, message: fmt::Arguments<'_>) -> Error {
    Error::formatted(code, message)
}

/// What the layers above make errors of.
pub trait ErrorParts: Sized {
    /// Creates an error with this message.
    fn new(code: ErrorCode, message: impl Into<String>) -> Self;

    /// Returns what a flush learned before it failed, to be filled in.
    fn facts_mut(&mut self) -> &mut Facts;

    /// Says whether the same call may succeed later without any change.
    fn retryable(self, yes: bool) -> Self;

    /// Says what is known about the data.
    fn outcome_is(self, outcome: Outcome) -> Self;

    /// Attaches the error of another library as the cause. The message already says what that error says.
    fn caused_by(self, cause: impl std::error::Error + Send + Sync + 'static) -> Self;

    /// Replaces the code.
    fn becomes(self, code: ErrorCode) -> Self;

    /// Puts `context` and a colon before the message.
    fn context(self, context: impl fmt::Display) -> Self;
}

impl ErrorParts for Error {
    fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        Error::new(code, message)
    }

    fn facts_mut(&mut self) -> &mut Facts {
        Error::facts_mut(self)
    }

    fn retryable(self, yes: bool) -> Error {
        Error::retryable(self, yes)
    }

    fn outcome_is(self, outcome: Outcome) -> Error {
        Error::outcome_is(self, outcome)
    }

    fn caused_by(self, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::caused_by(self, cause)
    }

    fn becomes(self, code: ErrorCode) -> Error {
        Error::becomes(self, code)
    }

    fn context(self, context: impl fmt::Display) -> Error {
        Error::context(self, context)
    }
}

/// What a sender does with its buffers.
pub trait BufferParts {
    /// Makes room for `rows` rows altogether, as long as the complete ones are.
    fn expect_rows(&mut self, rows: usize);

    /// Returns the options of a buffer like this one.
    fn options(&self) -> BufferOptions;

    /// Appends the rows of `more`, which is empty afterwards. Neither may have an open row. The limit of the size does not hold
    /// here, because all rows have been taken already.
    ///
    /// # Errors
    /// `OutOfMemory`: both are as they were.
    fn append_rows(&mut self, more: &mut Buffer) -> Result<()>;

    /// As [`BufferParts::append_rows`], but puts the rows of `earlier` before its own.
    ///
    /// # Errors
    /// `OutOfMemory`: both are as they were.
    fn put_back(&mut self, earlier: &mut Buffer) -> Result<()>;

    /// Returns a number that grows whenever rows go away.
    fn removals(&self) -> u64;

    /// Notes that rows have gone away since a buffer that stood here had this number.
    fn count_removal_after(&mut self, removals: u64);

    /// Drops the open row and lets no other begin, because the sender that owns the buffer is closed.
    fn close(&mut self);

    /// Marks the version of the rows as assumed, until [`BufferParts::convert`] learns which one the server speaks.
    fn assume_version(&mut self);

    /// Returns whether the version of the rows was assumed.
    fn version_is_assumed(&self) -> bool;

    /// Gives a buffer whose version was assumed the version that the server speaks, and the longest name that the server
    /// takes. Complete rows are rewritten; while a row is open nothing happens. `go_on` is called now and then and can stop the
    /// work.
    ///
    /// # Errors
    /// `ProtocolVersion` with the number of the row if it has a value that the version does not have, `OutOfMemory`, and
    /// those of `go_on`. On failure nothing has changed.
    fn convert(
        &mut self,
        version: ProtocolVersion,
        max_name_len: usize,
        go_on: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()>;

    /// Returns the place to go back to, if rows that follow turn out to be wrong.
    fn end_of_rows(&self) -> Result<Marker>;

    /// Drops all rows since `place`.
    fn go_back(&mut self, place: Marker);
}

impl BufferParts for Buffer {
    fn expect_rows(&mut self, rows: usize) {
        Buffer::expect_rows(self, rows);
    }

    fn options(&self) -> BufferOptions {
        Buffer::options(self)
    }

    fn append_rows(&mut self, more: &mut Buffer) -> Result<()> {
        Buffer::append_rows(self, more)
    }

    fn put_back(&mut self, earlier: &mut Buffer) -> Result<()> {
        Buffer::put_back(self, earlier)
    }

    fn removals(&self) -> u64 {
        Buffer::removals(self)
    }

    fn count_removal_after(&mut self, removals: u64) {
        Buffer::count_removal_after(self, removals);
    }

    fn close(&mut self) {
        Buffer::close(self);
    }

    fn assume_version(&mut self) {
        Buffer::assume_version(self);
    }

    fn version_is_assumed(&self) -> bool {
        Buffer::version_is_assumed(self)
    }

    fn convert(
        &mut self,
        version: ProtocolVersion,
        max_name_len: usize,
        go_on: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        Buffer::convert(self, version, max_name_len, go_on)
    }

    fn end_of_rows(&self) -> Result<Marker> {
        Buffer::end_of_rows(self)
    }

    fn go_back(&mut self, place: Marker) {
        Buffer::go_back(self, place);
    }
}

/// What a sender needs of columns that it appends piece by piece.
pub trait ColumnsParts {
    /// Checks that there are such rows.
    ///
    /// # Errors
    /// `InvalidArgument` if there are not.
    fn check_rows(&self, rows: &Range<usize>) -> Result<()>;
}

impl ColumnsParts for PreparedColumns<'_> {
    fn check_rows(&self, rows: &Range<usize>) -> Result<()> {
        PreparedColumns::check_rows(self, rows)
    }
}

/// What a sender needs of a stream of which it could send a part.
pub trait StreamParts {
    /// Makes `batch` the next one.
    fn put_back(&mut self, batch: ArrowBatch);
}

impl StreamParts for ArrowStream {
    fn put_back(&mut self, batch: ArrowBatch) {
        ArrowStream::put_back(self, batch);
    }
}

/// Puts `context`, which says where the error arose, and a colon before its message.
pub fn in_context(error: Error, context: impl fmt::Display) -> Error {
    error.context(context)
}

/// Returns the name of an error code in C, such as `INVALID_NAME`.
pub fn code_name(code: ErrorCode) -> &'static CStr {
    code.name()
}

/// Returns the name of an outcome in C, such as `NOT_SENT`.
pub fn outcome_name(outcome: Outcome) -> &'static CStr {
    outcome.name()
}

/// Returns the protocol version with this number.
///
/// # Errors
/// `InvalidArgument` if there is none.
pub fn protocol_version(number: u32) -> Result<ProtocolVersion> {
    ProtocolVersion::from_number(number)
}

/// Returns the kind of column with this number.
///
/// # Errors
/// `InvalidArgument` if there is none.
pub fn column_kind(number: u32) -> Result<ColumnKind> {
    ColumnKind::from_number(number)
}

/// Returns the kind of designated timestamp with this number.
///
/// # Errors
/// `InvalidArgument` if there is none.
pub fn timestamp_kind(number: u32) -> Result<TimestampKind> {
    TimestampKind::from_number(number)
}

/// What the C ABI asks of a layout before it reads the caller's memory.
pub trait LayoutChecks {
    /// Returns the caller's timestamp, or nothing where the server's clock is used.
    fn designated(&self, at: i64) -> Option<i64>;

    /// Checks that there are as many cells as columns.
    ///
    /// # Errors
    /// `InvalidArgument` if there are more or fewer.
    fn check_cells(&self, given: usize) -> Result<()>;

    /// Checks that there are as many columns of values as were declared.
    ///
    /// # Errors
    /// `InvalidArgument` if there are more or fewer.
    fn check_columns(&self, given: usize) -> Result<()>;

    /// Returns whether the column that was declared at `place` takes texts of a dictionary.
    fn takes_dictionary(&self, place: usize) -> bool;
}

impl LayoutChecks for RowLayout {
    #[inline]
    fn designated(&self, at: i64) -> Option<i64> {
        RowLayout::designated(self, at)
    }

    #[inline]
    fn check_cells(&self, given: usize) -> Result<()> {
        self.check_count(given, "cells")
    }

    #[inline]
    fn check_columns(&self, given: usize) -> Result<()> {
        self.check_count(given, "columns")
    }

    #[inline]
    fn takes_dictionary(&self, place: usize) -> bool {
        let column = self.columns().get(place);
        column.is_some_and(|column| matches!(column.kind, ColumnKind::Symbol | ColumnKind::Str))
    }
}

/// Appends whole rows whose cells are not in the form of the public API.
pub trait AppendCells {
    /// As [`Buffer::append_row`], with cells in whatever form the caller has them. The number of cells is not checked here.
    ///
    /// # Errors
    /// As [`Buffer::append_row`], and those of [`RowCells::cell`].
    fn append_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()>;
}

impl AppendCells for Buffer {
    #[inline(always)]
    fn append_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()> {
        Buffer::append_cells(self, layout, cells, at)
    }
}

/// Makes room for `rows` rows altogether, as long as the complete ones are.
pub fn expect_rows(buffer: &mut Buffer, rows: usize) {
    buffer.expect_rows(rows);
}
