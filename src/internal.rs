//! What the C ABI, the bindings and the benchmarks need beside the public API. It promises nothing: anything here may change
//! or go in any release.
#![allow(clippy::missing_errors_doc, reason = "each does what the public call of its name does")]

use std::ops::Range;
use std::time::Duration;

use crate::config::Config;
use crate::error::Result;
use crate::ilp::Buffer;
use crate::pool::{BatchId, Completion, Pool, Submit};
use crate::sender::{Sender, Stat, Taken};

pub use crate::config::reference::{DIFFERENCES, options_markdown};
pub use crate::net::{Uncancellable, ask_host, process_id};
pub use questdb_ingress_encoder::internal::*;

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

    /// Returns how long a submit that names no time waits for room.
    fn acquire_timeout(&self) -> Duration;
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

    fn acquire_timeout(&self) -> Duration {
        Pool::acquire_timeout(self)
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
