//! Transactions: the rows of one table, sent in one request, stored all or not at all.

use super::Sender;
use crate::error::{Outcome, Result, err, shown};
use crate::ilp::Buffer;

impl Sender {
    /// Begins a transaction on `table`: pending rows are flushed first, and auto-flush is suspended until
    /// [`Sender::commit`] or [`Sender::rollback`]. HTTP only.
    pub fn begin(&mut self, table: &str) -> Result<()> {
        if let Some(open) = &self.transaction {
            return Err(err!(
                InvalidState,
                "a transaction on table {} is open already",
                shown(open)
            ));
        }
        self.check_transactional(&Buffer::new(self.options.version))?;
        // The rules for table names, before anything is sent.
        self.new_buffer()?.table(table)?;
        self.flush_own()
            .map_err(|e| e.context("pending rows must be flushed before a transaction begins"))?;
        self.transaction = Some(table.to_owned());
        Ok(())
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Sends the rows of the transaction in one request. On failure the transaction stays open with all its rows: commit
    /// again or roll back.
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

    /// Drops the rows of the transaction, also one that is not ended yet.
    pub fn rollback(&mut self) -> Result<()> {
        if self.transaction.take().is_none() {
            return Err(no_transaction());
        }
        self.buffer.clear();
        Ok(())
    }

    /// As [`Sender::begin`], as an object that rolls back when it is dropped.
    pub fn transaction(&mut self, table: &str) -> Result<Transaction<'_>> {
        self.begin(table)?;
        Ok(Transaction { sender: self })
    }
}

#[cold]
fn no_transaction() -> crate::Error {
    err!(InvalidState, "no transaction is open")
}

/// An open transaction. Dropping it rolls it back.
#[derive(Debug)]
#[must_use = "dropping a transaction rolls it back"]
pub struct Transaction<'s> {
    sender: &'s mut Sender,
}

impl Transaction<'_> {
    /// Begins a row of the transaction's table.
    pub fn row(&mut self) -> Result<&mut Buffer> {
        let Some(table) = &self.sender.transaction else { return Err(no_transaction()) };
        self.sender.buffer.table(table.as_str())
    }

    /// The sender's buffer, for rows that are built otherwise. Rows of another table are refused by
    /// [`Transaction::commit`].
    pub fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.sender.buffer
    }

    /// Sends all rows in one request. On failure they are dropped with the transaction; [`Sender::begin`] and
    /// [`Sender::commit`] keep them for another try.
    pub fn commit(self) -> Result<Outcome> {
        self.sender.commit()
    }

    /// Drops all rows.
    pub fn rollback(self) {}
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.sender.in_transaction() {
            // A transaction is open, so this cannot fail.
            let _ = self.sender.rollback();
        }
    }
}
