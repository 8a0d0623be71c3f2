//! `questdb_sender_begin`, `_commit`, `_rollback`: rows of one table that are stored all together or not at all.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::c_char;

use crate::guard::Failed;
use crate::sender::{guard_own, guard_sender, questdb_sender};
use crate::text::checked;
use client::Sender;

/// Begins a transaction on one table in the sender's own buffer. Pending rows are flushed first, and automatic flushes are
/// suspended until commit or rollback. HTTP only.
///
/// Errors: INVALID_STATE, INVALID_NAME, INVALID_UTF8; those of `questdb_sender_flush` for the pending rows.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_begin(
    sender: *mut questdb_sender,
    table: *const c_char,
    table_len: usize,
) -> Failed {
    guard_own(sender, |s| s.begin(checked(table, table_len, "table name")?))
}

/// Returns whether a transaction is open. False for NULL, and while another thread is using the sender.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_in_transaction(sender: *const questdb_sender) -> bool {
    let mut open = false;
    drop(guard_sender(sender, |s| {
        open = s.in_transaction();
        Ok(())
    }));
    open
}

/// Sends the rows of the transaction in one request: all of them are stored or none. After a failure the transaction stays open
/// with all its rows: commit again or roll back.
///
/// Errors: INVALID_STATE without a transaction, with an open row or with rows of another table; those of
/// `questdb_sender_flush`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_commit(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, |s| s.commit().map(drop))
}

/// Drops the rows of the transaction, including an open row.
///
/// Errors: INVALID_STATE without a transaction.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_rollback(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, Sender::rollback)
}
