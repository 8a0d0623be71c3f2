//! What the calls of a sender share, and how they use the network: without the interpreter's lock, until a signal handler raises.

use client::internal::OwnBuffer as _;
use pyo3::prelude::*;

use crate::errors::{Code, OrRaise as _, convert, ingress_error};
use crate::row::Rows;
use crate::signals::without_lock;

/// How far a sender has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    New,
    Established,
    Closed,
}

/// What the calls of a sender share.
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// When the sender was established, by the clock of `reconnects`.
    pub(crate) since: f64,
    /// The client's sender; gone once there is nothing left that it could still hold.
    pub(crate) sender: Option<client::Sender>,
    pub(crate) rows: Rows,
}

impl State {
    /// Returns the client's sender and what turns objects into its rows.
    ///
    /// # Errors
    /// `IngressError` if the sender is closed; `call` is the name of the method.
    #[inline(always)]
    pub(crate) fn open(&mut self, call: &str) -> PyResult<(&mut client::Sender, &mut Rows)> {
        match &mut self.sender {
            Some(sender) if self.phase != Phase::Closed => Ok((sender, &mut self.rows)),
            _ => Err(closed(call)),
        }
    }

    /// Returns the client's sender if it may use the network.
    ///
    /// # Errors
    /// `IngressError` if the sender is closed, or not established yet.
    pub(crate) fn established(
        &mut self,
        py: Python<'_>,
        call: &str,
    ) -> PyResult<&mut client::Sender> {
        if self.phase == Phase::New {
            return Err(not_connected(py, call));
        }
        self.open(call).map(|(sender, _)| sender)
    }

    /// Sends if a limit is reached, after a row was added.
    ///
    /// # Errors
    /// Those of a flush, with `row_accepted` set.
    #[inline(always)]
    pub(crate) fn row_added(&mut self) -> PyResult<()> {
        match &mut self.sender {
            Some(sender) if self.phase == Phase::Established && sender.is_due() => {
                auto_flush(sender)
            }
            _ => Ok(()),
        }
    }
}

#[cold]
#[inline(never)]
fn auto_flush(sender: &mut client::Sender) -> PyResult<()> {
    Python::attach(|py| network(py, || sender.row_ended()))
}

/// Runs `work` without the interpreter's lock. What a signal handler raised goes first, with the error of the client as its cause.
///
/// # Errors
/// That of `work`, converted, or the exception of a signal handler.
pub(crate) fn network<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> client::Result<T> + Send,
) -> PyResult<T> {
    let (result, raised) = without_lock(py, work);
    match (result, raised) {
        (result, None) => result.or_raise(py),
        (Ok(_), Some(raised)) => Err(raised),
        (Err(e), Some(raised)) => {
            raised.set_cause(py, Some(convert(py, &e)));
            Err(raised)
        }
    }
}

#[cold]
fn closed(call: &str) -> PyErr {
    let message = format!("{call}() can't be called: Sender is closed.");
    Python::attach(|py| ingress_error(py, Code::InvalidApiCall, message))
}

#[cold]
fn not_connected(py: Python<'_>, call: &str) -> PyErr {
    let message = format!("{call}() can't be called: Not connected.");
    ingress_error(py, Code::InvalidApiCall, message)
}

#[cold]
pub(crate) fn inside_transaction(what: &str) -> PyErr {
    let message = format!("Cannot {what} explicitly inside a transaction");
    Python::attach(|py| ingress_error(py, Code::InvalidApiCall, message))
}
