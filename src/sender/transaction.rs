//! Transactions: rows of one table that are sent in one request and stored all or not at all.

use super::{Row, Sender};
use crate::error::{Error, ErrorParts as _, Outcome, Result, err};
use crate::ilp::Buffer;
use crate::quoted::shown;

impl Sender {
    /// Begins a transaction on `table`. Pending rows are flushed first, and automatic flushes are suspended until
    /// [`Sender::commit`] or [`Sender::rollback`]. HTTP only.
    ///
    /// # Errors
    /// `InvalidState` over TCP, with an open row or with an open transaction; `InvalidName`; those of [`Sender::flush`] for the
    /// pending rows.
    pub fn begin(&mut self, table: &str) -> Result<()> {
        if let Some(open) = &self.transaction {
            return Err(err!(
                InvalidState,
                "a transaction on table {} is open already",
                shown(open)
            ));
        }
        self.check_transactional(&Buffer::new(self.options.version))?;
        // This checks the rules for table names before anything is sent.
        self.new_buffer()?.table(table)?;
        self.flush_own()
            .map_err(|e| e.context("pending rows must be flushed before a transaction begins"))?;
        self.transaction = Some(table.to_owned());
        Ok(())
    }

    /// Returns whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Sends the rows of the transaction in one request. On failure the transaction stays open with all its rows: commit
    /// again or roll back.
    ///
    /// # Errors
    /// `InvalidState` without a transaction, with an open row or with rows of another table; those of [`Sender::flush`].
    pub fn commit(&mut self) -> Result<Outcome> {
        let Some(table) = &self.transaction else { return Err(no_transaction()) };
        self.check_transactional(&self.buffer)?;
        if let Some(used) = self.buffer.first_table().filter(|used| used != table) {
            return Err(err!(
                InvalidState,
                "the transaction is on table {}, its rows are of table {}",
                shown(table),
                shown(&used)
            ));
        }
        let outcome = self.send_own(None)?;
        self.transaction = None;
        Ok(outcome)
    }

    /// Drops the rows of the transaction, including an open row.
    ///
    /// # Errors
    /// `InvalidState` without a transaction.
    pub fn rollback(&mut self) -> Result<()> {
        if self.transaction.take().is_none() {
            return Err(no_transaction());
        }
        self.buffer.clear();
        Ok(())
    }

    /// Begins a transaction as [`Sender::begin`] does, and returns a value that rolls it back when it is dropped.
    ///
    /// # Errors
    /// As [`Sender::begin`].
    pub fn transaction(&mut self, table: &str) -> Result<Transaction<'_>> {
        self.begin(table)?;
        Ok(Transaction { sender: self, keep: false })
    }
}

#[cold]
fn no_transaction() -> crate::error::Error {
    err!(InvalidState, "no transaction is open")
}

/// An open transaction. Dropping it rolls it back.
///
/// ```
/// use questdb_ingress::{FailedCommit, Outcome, Sender, Transaction};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// let mut transaction: Transaction = sender.transaction("trades")?;
/// transaction.row()?.column_f64("price", 2615.54)?.at_now()?;
/// let outcome = transaction.commit().or_else(|failed: FailedCommit| {
///     // Nothing is lost: the rows are in the transaction, which may be committed again.
///     let (transaction, error) = failed.into_parts();
///     if error.is_retryable() { transaction.commit().map_err(|again| again.into()) } else { Err(error) }
/// })?;
/// assert_eq!(outcome, Outcome::Committed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping a transaction rolls it back"]
pub struct Transaction<'s> {
    sender: &'s mut Sender,
    /// Set while a failed commit holds the transaction, so that dropping an error does not drop rows.
    keep: bool,
}

impl Transaction<'_> {
    /// Starts a row of the transaction's table.
    ///
    /// # Errors
    /// `InvalidState` if a row is open in the buffer, `LimitExceeded`, `OutOfMemory`.
    pub fn row(&mut self) -> Result<Row<'_>> {
        let Some(table) = self.sender.transaction.clone() else { return Err(no_transaction()) };
        self.sender.row(table.as_str())
    }

    /// Returns the sender's buffer, for rows that are built in another way. [`Transaction::commit`] refuses rows of another
    /// table.
    pub fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.sender.buffer
    }

    /// Drops all rows.
    pub fn rollback(self) {}
}

impl<'s> Transaction<'s> {
    /// Sends all rows in one request: all of them are stored or none.
    ///
    /// # Errors
    /// As [`Sender::commit`]. Returns the error together with the still open transaction. If you use `?`, the transaction
    /// stays open in the sender; then call [`Sender::commit`] again or [`Sender::rollback`].
    pub fn commit(mut self) -> Result<Outcome, FailedCommit<'s>> {
        match self.sender.commit() {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                self.keep = true;
                Err(FailedCommit { error, transaction: self })
            }
        }
    }
}

/// A transaction that could not be committed, and the error. Dropping it keeps the rows: the transaction stays open in the
/// sender.
#[derive(Debug)]
#[must_use = "the transaction is still open"]
pub struct FailedCommit<'s> {
    error: Error,
    transaction: Transaction<'s>,
}

impl<'s> FailedCommit<'s> {
    /// Returns why the transaction could not be committed.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the transaction with all its rows, to commit again or to roll back, and the error. Dropping the transaction
    /// rolls it back.
    pub fn into_parts(mut self) -> (Transaction<'s>, Error) {
        self.transaction.keep = false;
        (self.transaction, self.error)
    }
}

impl From<FailedCommit<'_>> for Error {
    fn from(failed: FailedCommit<'_>) -> Error {
        failed.error
    }
}

impl std::fmt::Display for FailedCommit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for FailedCommit<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.keep && self.sender.in_transaction() {
            // A transaction is open, so this cannot fail.
            let _ = self.sender.rollback();
        }
    }
}
