//! Closes a sender: sends what is left, and reports what was not confirmed.

use std::time::Duration;

use questdb_ingress_encoder::internal::BufferParts as _;

use super::Sender;
use super::pooled::Pooled;
use crate::error::{Error, ErrorParts as _, Outcome, Result, err};
use crate::net::Deadline;
use crate::quoted::shown;

/// What [`Sender::close`] achieved.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{CloseReport, Sender};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// sender.row("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// let report: CloseReport = sender.close(Duration::from_secs(10));
/// assert_eq!((report.unconfirmed_rows, report.row_left_open), (0, false));
/// report.result?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The compiler warns if it is not used:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use std::time::Duration;
/// # use questdb_ingress::Sender;
/// fn end(mut sender: Sender) {
///     sender.close(Duration::from_secs(10));
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "rows that were not sent are told here and nowhere else"]
pub struct CloseReport {
    /// Complete rows of the sender's own buffer that were not delivered: over HTTP not confirmed, over TCP not given to the
    /// kernel. They stay in the buffer, see [`Sender::buffer`].
    pub unconfirmed_rows: u64,
    /// Rows given to the kernel over this TCP connection, by earlier flushes or by this close, that may be lost.
    pub earlier_rows_in_doubt: u64,
    /// Whether a row had been started and not ended. It was dropped.
    pub row_left_open: bool,
    /// The error, if anything went wrong. It is also set for an open transaction, after `fork`, and when cancelled, even if
    /// all numbers above are 0.
    pub result: Result<()>,
}

impl Sender {
    /// Sends the complete rows of the own buffer, within `timeout`, and ends the connection. A row that is still open is
    /// dropped and reported; an open transaction is not sent. A closed sender accepts no rows and sends nothing. Closing it
    /// again sends nothing; it fails if unconfirmed rows are still in the buffer.
    ///
    /// Over TCP it waits until the server has read everything and has ended the connection in turn. Anything else (a text, a
    /// reset, no end within `timeout`) is an error that puts the rows of the connection in doubt. Success means that the
    /// rows were read, not that they were stored: a server ends the connection in the same way after a row that it refused.
    pub fn close(&mut self, timeout: Duration) -> CloseReport {
        if self.closed {
            return self.report_of_closed_sender();
        }
        self.canceller().clear();
        if self.flusher.net().process_id() != self.process {
            // The connection and the rows belong to the parent process; the buffer of this process stays as it is.
            let result = self.begin_call(None);
            let unconfirmed_rows = self.buffer.row_count() as u64;
            return CloseReport {
                unconfirmed_rows,
                earlier_rows_in_doubt: 0,
                row_left_open: false,
                result,
            };
        }
        let row_left_open = self.buffer.is_row_open();
        let deadline = Deadline::after(self.flusher.net(), timeout);
        self.buffer.drop_row();
        let rows = self.buffer.row_count() as u64 + self.rows_elsewhere();
        let sent = match &self.transaction {
            Some(table) => Err(err!(
                InvalidState,
                "the sender was closed with an open transaction on table {}",
                shown(table)
            )),
            None => self.send_last(deadline),
        };
        self.buffer.close();
        let unconfirmed_rows = match sent {
            Ok(_) => 0,
            Err(_) => self.buffer.row_count() as u64 + self.rows_elsewhere(),
        };
        let outcome = match &sent {
            Ok(outcome) if rows > 0 => *outcome,
            _ => Outcome::NotSent,
        };
        let mut result = sent.map(drop);
        let mut earlier_rows_in_doubt =
            result.as_ref().err().map_or(0, Error::earlier_rows_in_doubt);
        let ended = self.flusher.close(deadline);
        earlier_rows_in_doubt += ended.as_ref().err().map_or(0, Error::earlier_rows_in_doubt);
        // The error about the own buffer is more important than the error about the connection, but both are told.
        result = match (result, ended) {
            (Err(own), Err(ended)) => Err(own.context(ended)),
            (result, ended) => result.and(ended),
        };
        if row_left_open {
            result = match result {
                Ok(()) => Err(row_was_open(outcome)),
                Err(e) => Err(e.context("a row was left open and is dropped")),
            };
        }
        if let Err(e) = &mut result {
            e.facts_mut().earlier_rows_in_doubt = earlier_rows_in_doubt;
        }
        self.closed = true;
        CloseReport { unconfirmed_rows, earlier_rows_in_doubt, row_left_open, result }
    }

    /// Sends the own buffer for the last time. Over TCP the connection may have ended while it was idle. If no row went over
    /// it, nothing is in doubt, and a new connection may succeed.
    fn send_last(&mut self, deadline: Deadline) -> Result<Outcome> {
        let was_connected = self.flusher.may_be_stale();
        let sent = self.send_own(Some(deadline));
        match &sent {
            Err(e)
                if was_connected
                    && e.outcome() == Outcome::NotSent
                    && e.is_retryable()
                    && e.earlier_rows_in_doubt() == 0
                    && deadline.left(self.flusher.net()).is_some() =>
            {
                self.send_own(Some(deadline))
            }
            _ => sent,
        }
    }

    /// Returns the number of rows that a pool has, or could not give back for want of memory.
    fn rows_elsewhere(&self) -> u64 {
        self.pooled.as_ref().map_or(0, Pooled::rows_elsewhere)
    }

    #[cold]
    fn report_of_closed_sender(&self) -> CloseReport {
        let unconfirmed_rows = self.buffer.row_count() as u64;
        let result = match unconfirmed_rows {
            0 => Ok(()),
            rows => Err(err!(
                InvalidState,
                "the sender is closed already; {rows} rows were not confirmed and are still in its buffer"
            )),
        };
        CloseReport { unconfirmed_rows, earlier_rows_in_doubt: 0, row_left_open: false, result }
    }
}

/// Creates the error for an open row; `outcome` says what became of the complete rows.
#[cold]
fn row_was_open(outcome: Outcome) -> Error {
    err!(
        InvalidState,
        "a row was left open when the sender was closed and is dropped; {}",
        match outcome {
            Outcome::NotSent => "there were no complete rows to send",
            _ => "the complete rows were sent",
        }
    )
    .outcome_is(outcome)
}
