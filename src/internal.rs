//! What the C ABI, the bindings and the benchmarks need beside the public API. It promises nothing: anything here may change
//! or go in any release.
#![allow(clippy::missing_errors_doc, reason = "each does what the public call of its name does")]

use std::ffi::CStr;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, ErrorCode, Outcome, Result};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::pool::{BatchId, Completion, Pool, Submit};
use crate::sender::{Sender, Stat, Taken};
use crate::table::{ColumnKind, RowLayout, TimestampKind};

pub use crate::config::reference::{DIFFERENCES, options_markdown};
pub use crate::ilp::QuickCalls;
pub use crate::memory::collected;
pub use crate::net::{Uncancellable, ask_host, process_id};
pub use crate::quoted::shown;
pub use crate::table::cell::RowCells;

/// Creates an error of this library.
pub fn error(code: ErrorCode, message: fmt::Arguments<'_>) -> Error {
    Error::formatted(code, message)
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

/// Returns the counter with this number, if there is one.
pub fn stat(number: u32) -> Option<Stat> {
    Stat::from_number(number)
}

/// Returns whether a configuration has a value for the option with this name or alias.
pub fn has_option(config: &Config, name: &str) -> bool {
    config.has(name)
}

/// A pool for languages that know batches by their numbers. Completions are read by [`NumberedPool::next_completion`] or
/// [`NumberedPool::wait_for`], whichever comes first.
pub trait NumberedPool {
    /// As [`Pool::submit_with`].
    fn submit_numbered(&self, buffer: &mut Buffer, how: Submit) -> Result<BatchId>;

    /// As [`Pool::next`]; `InvalidState` after `fork`.
    fn next_completion(&self, timeout: Duration) -> Result<Option<Completion>>;

    /// Waits for the completion of one batch. `InvalidState` if there is no such batch, or its completion was read.
    fn wait_for(&self, batch: BatchId, timeout: Duration) -> Result<Option<Completion>>;

    /// As [`Ticket::cancel`](crate::Ticket::cancel); `InvalidState` after `fork`.
    fn cancel_numbered(&self, batch: BatchId, in_flight_too: bool) -> Result<bool>;
}

impl NumberedPool for Pool {
    fn submit_numbered(&self, buffer: &mut Buffer, how: Submit) -> Result<BatchId> {
        Pool::submit_numbered(self, buffer, how)
    }

    fn next_completion(&self, timeout: Duration) -> Result<Option<Completion>> {
        Pool::next_completion(self, timeout)
    }

    fn wait_for(&self, batch: BatchId, timeout: Duration) -> Result<Option<Completion>> {
        Pool::wait_for(self, batch, timeout)
    }

    fn cancel_numbered(&self, batch: BatchId, in_flight_too: bool) -> Result<bool> {
        Pool::cancel_numbered(self, batch, in_flight_too)
    }
}

/// Access to a sender's own buffer. The C ABI lends this buffer to its callers between two calls, and ends rows in it by
/// itself.
pub trait OwnBuffer {
    /// Returns the own buffer.
    fn own_buffer(&mut self) -> &mut Buffer;

    /// Exchanges the own buffer for `other`.
    fn swap_own(&mut self, other: &mut Box<Buffer>);

    /// Returns whether [`OwnBuffer::row_ended`] would flush.
    fn is_due(&self) -> bool;

    /// Flushes if a limit is reached. It follows the call that ended a row, so its errors say that the row is in the buffer.
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

    /// As [`OwnBuffer::at_nanos`], but leaves the timestamp to the server.
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
    fn is_due(&self) -> bool {
        self.flush_is_due()
    }

    #[inline]
    fn row_ended(&mut self) -> Result<()> {
        self.after_row()
    }
}

/// Makes room for `rows` rows altogether, as long as the complete ones are.
pub fn expect_rows(buffer: &mut Buffer, rows: usize) {
    buffer.expect_rows(rows);
}

/// Appends rows to a buffer in a thread of its own, and returns whether it could append all of them.
pub type Encoder<'a> = Box<dyn FnMut(&mut Buffer, Range<usize>) -> bool + Send + 'a>;

/// Sends rows that the caller encodes itself, on other threads.
pub trait SendRequests {
    /// Sends the whole requests at the beginning of `rows`, and returns how many rows were taken: they were sent, or are in the
    /// own buffer after an error. Up to `threads` other threads append them, each by what `encoder` makes for it. Like
    /// [`Sender::append_prepared_on_threads`], it takes fewer rows or none where threads cannot help.
    fn send_requests<'a>(
        &mut self,
        rows: Range<usize>,
        threads: usize,
        encoder: &dyn Fn() -> Encoder<'a>,
    ) -> (usize, Result<()>);
}

impl SendRequests for Sender {
    fn send_requests<'a>(
        &mut self,
        rows: Range<usize>,
        threads: usize,
        encoder: &dyn Fn() -> Encoder<'a>,
    ) -> (usize, Result<()>) {
        let mut taken = Taken::default();
        let result = self.take_requests(encoder, rows, threads, &mut taken);
        (taken.rows, result.map(drop))
    }
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
