//! `SenderTransaction`: rows of one table that are stored all or not at all.

use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{Code, ingress_error};
use crate::frame::Given;
use crate::raw::Call;
use crate::sender::Sender;
use crate::state::network;
use crate::text;

const NEW: u8 = 0;
const OPEN: u8 = 1;
const COMPLETE: u8 = 2;

/// A transaction on one table, from `Sender.transaction`. Its rows are sent together at the end of the `with` block.
#[pyclass(frozen, module = "questdb_ingress")]
pub(crate) struct SenderTransaction {
    sender: Py<Sender>,
    table: Py<PyString>,
    /// How far it has come; only changed while the sender is lent.
    phase: AtomicU8,
}

impl SenderTransaction {
    pub(crate) fn on(sender: &Bound<'_, Sender>, table: &Bound<'_, PyString>) -> SenderTransaction {
        let (sender, table) = (sender.clone().unbind(), table.clone().unbind());
        SenderTransaction { sender, table, phase: AtomicU8::new(NEW) }
    }

    /// Does the work of the method `row`.
    ///
    /// # Errors
    /// `IngressError` if the transaction is not open, and those of a row.
    pub(crate) fn row(&self, call: Call) -> PyResult<()> {
        Python::attach(|py| {
            self.check_open(py, "append rows")?;
            self.sender.get().transaction_row(call, self.table.bind(py))
        })
    }

    fn check_open(&self, py: Python<'_>, what: &str) -> PyResult<()> {
        let message = match self.phase.load(Ordering::Relaxed) {
            OPEN => return Ok(()),
            NEW => format!("Transaction not started, can't {what}: use it in a `with` block."),
            _ => format!("Transaction already completed, can't {what}."),
        };
        Err(ingress_error(py, Code::InvalidApiCall, message))
    }

    fn begin(&self, py: Python<'_>) -> PyResult<()> {
        let refused = |message: &str| Err(ingress_error(py, Code::InvalidApiCall, message));
        if self.phase.load(Ordering::Relaxed) != NEW {
            return refused("A transaction can be started once only.");
        }
        let owner = self.sender.get();
        let table = text::owned(self.table.bind(py))?;
        let mut lent = owner.lend()?;
        let sender = lent.established(py, "transaction")?;
        if sender.in_transaction() {
            return refused("Already inside a transaction, can't start another.");
        }
        let settings = owner.settings();
        if !settings.protocol.is_http() {
            return refused("Transactions aren't supported for ILP/TCP.");
        }
        let auto_flush = settings.auto_flush_rows.is_some()
            || settings.auto_flush_bytes.is_some()
            || settings.auto_flush_interval.is_some();
        if !auto_flush && !sender.buffer().is_empty() {
            return refused(
                "Sender buffer must be clear when starting a transaction. You must call `.flush()` before this call.",
            );
        }
        network(py, || sender.begin(&table))?;
        self.phase.store(OPEN, Ordering::Relaxed);
        Ok(())
    }
}

#[pymethods]
impl SenderTransaction {
    /// Makes a transaction on a table, as `Sender.transaction` does.
    #[new]
    fn new(sender: &Bound<'_, Sender>, table_name: &Bound<'_, PyString>) -> SenderTransaction {
        SenderTransaction::on(sender, table_name)
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        slf.get().begin(slf.py())?;
        Ok(slf.clone())
    }

    #[pyo3(signature = (exc_type, exc_value, traceback))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let _ = (exc_value, traceback);
        if self.phase.load(Ordering::Relaxed) == OPEN {
            if exc_type.is_none() {
                self.commit(py)?;
            } else {
                self.rollback(py)?;
            }
        }
        Ok(false)
    }

    /// Adds the rows of a frame to the transaction's table, and returns the transaction itself. After an error the transaction has
    /// the rows that it had before the call.
    #[pyo3(
        signature = (df, *, symbols=Given::Not, at=Given::Not),
        text_signature = "($self, df, *, symbols='auto', at)"
    )]
    fn dataframe<'py>(
        slf: &Bound<'py, Self>,
        df: &Bound<'py, PyAny>,
        symbols: Given<'py>,
        at: Given<'py>,
    ) -> PyResult<Bound<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        this.check_open(py, "append rows")?;
        let table = this.table.bind(py).as_any();
        this.sender.get().transaction_dataframe(df, table, symbols, at)?;
        Ok(slf.clone())
    }

    /// Sends the rows in one request. If that fails the transaction stays open with its rows: commit again, or roll back.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        self.check_open(py, "commit")?;
        let mut lent = self.sender.get().lend()?;
        let sender = lent.established(py, "commit")?;
        network(py, || sender.commit())?;
        self.phase.store(COMPLETE, Ordering::Relaxed);
        Ok(())
    }

    /// Drops the rows.
    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        self.check_open(py, "rollback")?;
        // A sender that was closed within the block has dropped the rows already.
        if let Ok(sender) = self.sender.get().lend()?.established(py, "rollback") {
            let _ = sender.rollback();
        }
        self.phase.store(COMPLETE, Ordering::Relaxed);
        Ok(())
    }
}
