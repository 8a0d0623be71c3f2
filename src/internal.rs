//! What the C ABI, the bindings and the benchmarks need beside the public API. It promises nothing: anything here may change
//! or go in any release.
#![allow(clippy::missing_errors_doc, reason = "each does what the public call of its name does")]

use std::ffi::CStr;
use std::fmt;

use crate::error::{Error, ErrorCode, Outcome, Result};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::name::{ColumnRef, TableRef};
use crate::sender::{Sender, Stat};
use crate::table::{ColumnKind, RowLayout, TimestampKind};
use crate::text::Text;

pub use crate::config::reference::{DIFFERENCES, options_markdown};
pub use crate::error::shown;
pub use crate::memory::collected;
pub use crate::net::Uncancellable;
pub use crate::table::cell::RowCells;

/// An error of this library's own kind.
pub fn error(code: ErrorCode, message: fmt::Arguments<'_>) -> Error {
    Error::formatted(code, message)
}

/// The error with a word before its message that says where it arose.
pub fn in_context(error: Error, context: impl fmt::Display) -> Error {
    error.context(context)
}

/// The name of an error code in C, such as `INVALID_NAME`.
pub fn code_name(code: ErrorCode) -> &'static CStr {
    code.name()
}

/// The name of an outcome in C, such as `NOT_SENT`.
pub fn outcome_name(outcome: Outcome) -> &'static CStr {
    outcome.name()
}

/// The protocol version with a number.
///
/// # Errors
/// `InvalidArgument`.
pub fn protocol_version(number: u32) -> Result<ProtocolVersion> {
    ProtocolVersion::from_number(number)
}

/// The kind of column with a number.
///
/// # Errors
/// `InvalidArgument`.
pub fn column_kind(number: u32) -> Result<ColumnKind> {
    ColumnKind::from_number(number)
}

/// The kind of designated timestamp with a number.
///
/// # Errors
/// `InvalidArgument`.
pub fn timestamp_kind(number: u32) -> Result<TimestampKind> {
    TimestampKind::from_number(number)
}

/// The counter with a number.
pub fn stat(number: u32) -> Option<Stat> {
    Stat::from_number(number)
}

/// The own buffer of a sender, which the C ABI lends out between calls and ends rows in by itself.
pub trait OwnBuffer {
    /// The own buffer.
    fn own_buffer(&mut self) -> &mut Buffer;

    /// Exchanges the own buffer for another.
    fn swap_own(&mut self, other: &mut Box<Buffer>);

    /// Flushes if a limit is reached, for the call that ended a row: an error says that the row is in the buffer.
    fn row_ended(&mut self) -> Result<()>;

    /// Ends the open row of the own buffer with a designated timestamp in nanoseconds since the epoch, and flushes if a limit
    /// is reached.
    fn at_nanos(&mut self, nanos: i64) -> Result<()> {
        self.own_buffer().at_nanos(nanos)?;
        self.row_ended()
    }

    /// As [`OwnBuffer::at_nanos`], in microseconds.
    fn at_micros(&mut self, micros: i64) -> Result<()> {
        self.own_buffer().at_micros(micros)?;
        self.row_ended()
    }

    /// As [`OwnBuffer::at_nanos`], and the server sets the timestamp.
    fn at_now(&mut self) -> Result<()> {
        self.own_buffer().at_now()?;
        self.row_ended()
    }
}

impl OwnBuffer for Sender {
    #[inline]
    fn own_buffer(&mut self) -> &mut Buffer {
        self.buffer_mut()
    }

    #[inline]
    fn swap_own(&mut self, other: &mut Box<Buffer>) {
        self.swap_buffer(other);
    }

    #[inline]
    fn row_ended(&mut self) -> Result<()> {
        self.after_row()
    }
}

/// The calls of [`Buffer`] as far as they need nothing special. Each does what the call of the same name does and says true,
/// or does nothing and says false: then that call has to do it. They cannot panic, and most need no stack frame.
#[allow(missing_docs, reason = "named after the calls of Buffer")]
pub trait QuickCalls {
    fn quick_table(&mut self, name: TableRef<'_>) -> bool;
    fn quick_symbol(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool;
    fn quick_bool(&mut self, name: ColumnRef<'_>, value: bool) -> bool;
    fn quick_i64(&mut self, name: ColumnRef<'_>, value: i64) -> bool;
    fn quick_f64(&mut self, name: ColumnRef<'_>, value: f64) -> bool;
    fn quick_str(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool;
    fn quick_ts_micros(&mut self, name: ColumnRef<'_>, micros: i64) -> bool;
    fn quick_ts_nanos(&mut self, name: ColumnRef<'_>, nanos: i64) -> bool;
    fn quick_at_nanos(&mut self, nanos: i64) -> bool;
    fn quick_at_micros(&mut self, micros: i64) -> bool;
    /// Appends one row of prepared cells.
    fn quick_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> bool;
}

impl QuickCalls for Buffer {
    #[inline(always)]
    fn quick_table(&mut self, name: TableRef<'_>) -> bool {
        Buffer::quick_table(self, name.0)
    }

    #[inline(always)]
    fn quick_symbol(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool {
        Buffer::quick_symbol(self, name.0, value)
    }

    #[inline(always)]
    fn quick_bool(&mut self, name: ColumnRef<'_>, value: bool) -> bool {
        Buffer::quick_bool(self, name.0, value)
    }

    #[inline(always)]
    fn quick_i64(&mut self, name: ColumnRef<'_>, value: i64) -> bool {
        Buffer::quick_i64(self, name.0, value)
    }

    #[inline(always)]
    fn quick_f64(&mut self, name: ColumnRef<'_>, value: f64) -> bool {
        Buffer::quick_f64(self, name.0, value)
    }

    #[inline(always)]
    fn quick_str(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool {
        Buffer::quick_str(self, name.0, value)
    }

    #[inline(always)]
    fn quick_ts_micros(&mut self, name: ColumnRef<'_>, micros: i64) -> bool {
        Buffer::quick_ts_micros(self, name.0, micros)
    }

    #[inline(always)]
    fn quick_ts_nanos(&mut self, name: ColumnRef<'_>, nanos: i64) -> bool {
        Buffer::quick_ts_nanos(self, name.0, nanos)
    }

    #[inline(always)]
    fn quick_at_nanos(&mut self, nanos: i64) -> bool {
        Buffer::quick_at_nanos(self, nanos)
    }

    #[inline(always)]
    fn quick_at_micros(&mut self, micros: i64) -> bool {
        Buffer::quick_at_micros(self, micros)
    }

    #[inline(always)]
    fn quick_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> bool {
        Buffer::quick_cells(self, layout, cells, at)
    }
}

/// What the C ABI asks of a layout before it reads what the caller gave.
pub trait LayoutChecks {
    /// What a caller's timestamp means: itself, or nothing where the server's clock is used.
    fn designated(&self, at: i64) -> Option<i64>;

    /// Checks that there is a cell for each column.
    ///
    /// # Errors
    /// `InvalidArgument`.
    fn check_cells(&self, given: usize) -> Result<()>;

    /// Checks that so many columns of values are given as were declared.
    ///
    /// # Errors
    /// `InvalidArgument`.
    fn check_columns(&self, given: usize) -> Result<()>;
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
}

/// Appending whole rows whose cells are not in the form of the public API.
pub trait AppendCells {
    /// As [`Buffer::append_row`], with cells in whatever form the caller has them. It does not look whether there is a cell
    /// for each column.
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
