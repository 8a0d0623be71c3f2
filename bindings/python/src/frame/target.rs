//! Where the rows of a frame go: a buffer, or a sender that flushes between pieces.

use std::ops::Range;

use client::internal::{Encoder, OwnBuffer as _, SendRequests as _, expect_rows};
use client::{Buffer, Error, ErrorCode, Sender};
use pyo3::prelude::*;

use super::encode::{self, Fault, Work};
use super::exported::{self, Stream};
use super::faults::{bad_row, bad_value};
use super::plan::Plan;
use super::roles::Arguments;
use crate::errors::{OrRaise as _, convert};
use crate::state::network;

/// What takes the rows.
pub(crate) enum Target<'a> {
    Buffer(&'a mut Buffer),
    /// `flushes_at` is the number of rows at which the sender flushes; it may flush `by_bytes` before. Up to `threads` other
    /// threads encode meanwhile.
    Sender {
        sender: &'a mut Sender,
        flushes_at: Option<u64>,
        by_bytes: bool,
        threads: usize,
    },
}

/// How far a call has come, in rows of the frame.
#[derive(Default)]
struct Progress {
    appended: usize,
    /// Rows that were sent by flushes of this call.
    sent: usize,
}

impl Target<'_> {
    /// Appends a frame: all of it, or after an error nothing but what was sent before.
    ///
    /// # Errors
    /// `IngressError`.
    pub(crate) fn append(&mut self, df: &Bound<'_, PyAny>, plan: &Plan) -> PyResult<()> {
        let py = df.py();
        let mut work = Work::new(plan);
        let mut done = Progress::default();
        self.buffer().set_marker().or_raise(py)?;
        loop {
            if !plan.has_objects {
                self.send_requests(py, done.appended..plan.rows, &mut done, &|| {
                    let mut work = Work::new(plan);
                    Box::new(move |buffer, rows| encode::all_rows(plan, buffer, rows, &mut work))
                })?;
            }
            let result = if plan.has_objects {
                self.fill(plan, Some(py), &mut work, &mut done)
            } else {
                py.detach(|| self.fill(plan, None, &mut work, &mut done))
            };
            if let Err(fault) = result {
                let _ = self.buffer().rewind_to_marker();
                return Err(fault_in(df, fault, done.sent));
            }
            self.flush_if_due(py, &mut done)?;
            if done.appended >= plan.rows {
                self.buffer().clear_marker();
                return Ok(());
            }
        }
    }

    pub(super) fn buffer(&mut self) -> &mut Buffer {
        match self {
            Target::Buffer(buffer) => buffer,
            Target::Sender { sender, .. } => sender.own_buffer(),
        }
    }

    /// Appends pieces until a flush is due, or until all were appended.
    fn fill(
        &mut self,
        plan: &Plan,
        py: Option<Python<'_>>,
        work: &mut Work,
        done: &mut Progress,
    ) -> Result<(), Fault> {
        while done.appended < plan.rows {
            let most = self.room().map_or(plan.rows, |room| done.appended.saturating_add(room));
            let rows = done.appended..most.min(plan.rows);
            let all = self.buffer().row_count().saturating_add(rows.len());
            done.appended += encode::first_rows(plan, py, self, rows, work)?;
            if !matches!(self, Target::Sender { by_bytes: true, .. }) {
                expect_rows(self.buffer(), all);
            }
            if self.is_due() {
                break;
            }
        }
        Ok(())
    }

    /// Returns whether a sender would flush now.
    pub(super) fn is_due(&self) -> bool {
        matches!(self, Target::Sender { sender, .. } if sender.is_due())
    }

    /// Returns how many rows there is room for until the sender flushes. If a flush is overdue already, the number does not matter.
    fn room(&self) -> Option<usize> {
        match self {
            Target::Sender { sender, flushes_at: Some(limit), .. } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                let room = limit.saturating_sub(sender.buffer().row_count());
                (room > 0).then_some(room)
            }
            _ => None,
        }
    }

    fn flush_if_due(&mut self, py: Python<'_>, done: &mut Progress) -> PyResult<()> {
        if !self.is_due() {
            return Ok(());
        }
        let Target::Sender { sender, .. } = self else { return Ok(()) };
        let result = network(py, || sender.row_ended());
        self.flushed(py, result, done)
    }

    /// Sends whole requests at the beginning of `rows`, rows of the frame, if threads were asked for and can help. `encoder` makes
    /// what appends rows in a thread.
    fn send_requests<'a>(
        &mut self,
        py: Python<'_>,
        rows: Range<usize>,
        done: &mut Progress,
        encoder: &(dyn Fn() -> Encoder<'a> + Sync),
    ) -> PyResult<()> {
        let Target::Sender { sender, threads: threads @ 1.., .. } = self else { return Ok(()) };
        let mut taken = 0;
        let result = network(py, || {
            let (count, result) = sender.send_requests(rows, *threads, encoder);
            taken = count;
            result
        });
        done.appended += taken;
        if taken > 0 { self.flushed(py, result, done) } else { result }
    }

    /// Notes that a flush has ended.
    fn flushed(
        &mut self,
        py: Python<'_>,
        result: PyResult<()>,
        done: &mut Progress,
    ) -> PyResult<()> {
        let Target::Sender { sender, .. } = self else { return result };
        if let Err(e) = result {
            sender.own_buffer().clear_marker();
            // The rows that were appended are with the caller: in the buffer, or in the hands of the server.
            let _ = e.value(py).setattr("dataframe_rows", done.appended);
            return Err(e);
        }
        if sender.buffer().is_empty() {
            done.sent = done.appended;
            sender.own_buffer().set_marker().or_raise(py)?;
        }
        Ok(())
    }

    /// Appends batches of Arrow: all of them, or after an error nothing but what was sent before.
    ///
    /// # Errors
    /// `IngressError`.
    pub(crate) fn append_stream(
        &mut self,
        df: &Bound<'_, PyAny>,
        mut stream: Stream,
        arguments: &Arguments<'_>,
    ) -> PyResult<()> {
        let py = df.py();
        let mut done = Progress::default();
        let options = stream.options(df, arguments)?;
        self.buffer().set_marker().or_raise(py)?;
        // Batches come from code that may be Python's.
        while let Some(batch) = stream.next(py).map_err(|e| self.stopped(py, e, done.sent))? {
            let mut first = 0;
            while first < batch.row_count() {
                let before = done.appended;
                self.send_requests(py, first..batch.row_count(), &mut done, &|| {
                    Box::new(|buffer, rows| {
                        let rows = batch.slice(rows);
                        rows.and_then(|rows| buffer.append_arrow(&rows, &options)).is_ok()
                    })
                })?;
                first += done.appended - before;
                if first == batch.row_count() {
                    break;
                }
                let room = self.room().unwrap_or(exported::ROWS).min(exported::ROWS);
                let end = batch.row_count().min(first.saturating_add(room));
                let buffer = self.buffer();
                let result = py.detach(|| {
                    batch.slice(first..end).and_then(|rows| buffer.append_arrow(&rows, &options))
                });
                if let Err(e) = result {
                    let e = exported::bad(py, &e, done.appended);
                    return Err(self.stopped(py, e, done.sent));
                }
                done.appended += end - first;
                first = end;
                self.flush_if_due(py, &mut done)?;
            }
        }
        self.buffer().clear_marker();
        Ok(())
    }

    /// Drops the rows of this call that were not sent, and adds to the error how many were.
    #[cold]
    fn stopped(&mut self, py: Python<'_>, e: PyErr, sent: usize) -> PyErr {
        let _ = self.buffer().rewind_to_marker();
        sent_before(py, e, sent)
    }
}

/// Converts a fault to an exception.
#[cold]
fn fault_in(df: &Bound<'_, PyAny>, fault: Fault, sent: usize) -> PyErr {
    let py = df.py();
    let e = match fault {
        Fault::Raised(e) => e,
        Fault::Client(e) => convert(py, &e),
        Fault::Value { column, row, why } => {
            let value = shown(df, &column, row);
            bad_value(py, &column, row, value.as_deref(), &why)
        }
        Fault::Row(row, e) => row_fault(py, row, &e),
    };
    sent_before(py, e, sent)
}

fn row_fault(py: Python<'_>, row: usize, e: &Error) -> PyErr {
    match e.code() {
        ErrorCode::LimitExceeded
        | ErrorCode::OutOfMemory
        | ErrorCode::InvalidName
        | ErrorCode::Internal
        | ErrorCode::HandlePoisoned => convert(py, e),
        _ => bad_row(py, row, e),
    }
}

/// Adds how many rows of the frame had been sent when it failed.
#[cold]
fn sent_before(py: Python<'_>, e: PyErr, sent: usize) -> PyErr {
    if sent > 0 {
        let _ = e.value(py).setattr("dataframe_rows", sent);
        let note = format!(
            "The first {sent} rows of the frame were sent before; the rows after them were not."
        );
        let _ = e.value(py).call_method1("add_note", (note,));
    }
    e
}

/// Returns a value as Python shows it.
#[cold]
fn shown(df: &Bound<'_, PyAny>, column: &str, row: usize) -> Option<String> {
    let value = df.get_item(column).ok()?.getattr("iloc").ok()?.get_item(row).ok()?;
    let text = value.repr().ok()?.to_cow().ok()?.into_owned();
    Some(if text.len() > 200 { text.chars().take(200).collect::<String>() + "…" } else { text })
}
