//! `questdb_arrow_options_*`, `questdb_*_arrow`, `questdb_*_arrow_stream`: batches of Apache Arrow.
#![expect(unsafe_code, reason = "exports functions and takes over structs of Arrow's interfaces")]

use std::ffi::c_char;
use std::ptr;

use client::Result;
use client::internal;
use client::table::{
    ArrowArray, ArrowArrayStream, ArrowBatch, ArrowColumn, ArrowOptions, ArrowSchema, ArrowStream,
    ArrowSymbols,
};
use client::{TimestampMicros, TimestampNanos};

use crate::buffer::questdb_buffer;
use crate::guard::{
    Failed, Handle, State, caught, failed, guard, guard_drop, guard_free, null_handle, poisoned,
};
use crate::sender::{guard_own, questdb_sender};
use crate::text::{checked, put, required};

/// Which texts of a batch become symbols; all others become strings.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolsOfArrow {
    /// The columns that are dictionaries. This is the default.
    Dictionaries = 1,
    /// All columns of texts.
    Texts = 2,
    /// The columns that `questdb_arrow_options_symbol_column` names.
    Listed = 3,
}

/// What the columns of a batch are to QuestDB: the table, the symbols, the designated timestamps. A table and a timestamp have
/// to be chosen.
///
/// Threads: may move between threads; used by one at a time while it is changed, and by any number while batches are appended.
#[derive(Debug)]
pub struct questdb_arrow_options {
    state: State,
    options: ArrowOptions,
}

impl Handle for questdb_arrow_options {
    const NAME: &'static str = "questdb_arrow_options";

    fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

/// Makes options that choose neither a table nor a timestamp yet, and make symbols of dictionaries.
///
/// Ownership: `*options` is yours until `questdb_arrow_options_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_arrow_options_new(
    options: *mut *mut questdb_arrow_options,
) -> Failed {
    put(options, ptr::null_mut());
    guard_free(|| {
        required(options, "options")?;
        let made = questdb_arrow_options { state: State::Fine, options: ArrowOptions::new() };
        put(options, Box::into_raw(Box::new(made)));
        Ok(())
    })
}

/// Sends all rows to one table.
///
/// Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED. Whether the name is allowed is checked when rows are appended.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_arrow_options_table(
    options: Option<&mut questdb_arrow_options>,
    name: *const c_char,
    name_len: usize,
) -> Failed {
    let name = || checked(name, name_len, "table name");
    change(options, |options| Ok(options.table(name()?)))
}

/// Sends each row to the table that a column of texts names; the column itself is not sent. The column is the first one of that
/// name or, if `name` is NULL, the one at `position`, counted from 0.
///
/// Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_arrow_options_table_column(
    options: Option<&mut questdb_arrow_options>,
    name: *const c_char,
    name_len: usize,
    position: usize,
) -> Failed {
    change(options, |options| Ok(options.table_column(column(name, name_len, position)?)))
}

/// Chooses which texts become symbols. `symbols` is one of `questdb_arrow_symbols`. It forgets the columns that were listed.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_arrow_options_symbols(
    options: Option<&mut questdb_arrow_options>,
    symbols: u32,
) -> Failed {
    const DICTIONARIES: u32 = SymbolsOfArrow::Dictionaries as u32;
    const TEXTS: u32 = SymbolsOfArrow::Texts as u32;
    const LISTED: u32 = SymbolsOfArrow::Listed as u32;
    change(options, |options| {
        Ok(options.symbols(match symbols {
            DICTIONARIES => ArrowSymbols::Dictionaries,
            TEXTS => ArrowSymbols::Texts,
            LISTED => ArrowSymbols::Columns(Vec::new()),
            other => return Err(err!(InvalidArgument, "{other} is no choice of symbols")),
        }))
    })
}

/// Adds a column of texts to the list of those that become symbols; columns that are not listed no longer do. The column is the
/// first one of that name or, if `name` is NULL, the one at `position`, counted from 0.
///
/// Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_arrow_options_symbol_column(
    options: Option<&mut questdb_arrow_options>,
    name: *const c_char,
    name_len: usize,
    position: usize,
) -> Failed {
    change(options, |options| Ok(options.symbol_column(column(name, name_len, position)?)))
}

/// Gives all rows the same designated timestamp, or lets the server set it. `stamp` is one of `questdb_stamp`, and `value` is
/// ignored for QUESTDB_STAMP_NOW.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_arrow_options_at(
    options: Option<&mut questdb_arrow_options>,
    stamp: u32,
    value: i64,
) -> Failed {
    use client::table::TimestampKind;
    change(options, |options| match internal::timestamp_kind(stamp)? {
        TimestampKind::Nanos => options.at(TimestampNanos::new(value)),
        TimestampKind::Micros => options.at(TimestampMicros::new(value)),
        TimestampKind::Now => Ok(options.at_now()),
    })
}

/// Takes the designated timestamps from a column of the type timestamp or date; the column itself is not sent. Rows without a
/// value get the time at which the server receives them. The column is the first one of that name or, if `name` is NULL, the one
/// at `position`, counted from 0.
///
/// Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_arrow_options_at_column(
    options: Option<&mut questdb_arrow_options>,
    name: *const c_char,
    name_len: usize,
    position: usize,
) -> Failed {
    change(options, |options| Ok(options.at_column(column(name, name_len, position)?)))
}

/// Frees options. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_arrow_options_free(options: Option<Box<questdb_arrow_options>>) {
    guard_drop(options);
}

/// Appends a batch of rows in the memory of Apache Arrow: an array of the type struct, with a child for each column. Appends
/// all rows or none.
///
/// Ownership: `array` is taken, also if the call fails: its `release` is called once and is NULL afterwards. `schema` is only
/// read, and stays yours, so that many arrays can be appended with it.
/// Errors: INVALID_ARGUMENT for structs that contradict themselves, for types that cannot be sent and for options that do not
/// fit; INVALID_STATE if a row is open or a row has no values; INVALID_TIMESTAMP, INVALID_ARRAY; those of the `questdb_buffer_*`
/// calls that build the same rows. They name the row and the column, both counted from 0. The buffer stays as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_arrow(
    buffer: Option<&mut questdb_buffer>,
    array: *mut ArrowArray,
    schema: *const ArrowSchema,
    options: Option<&questdb_arrow_options>,
) -> Failed {
    with_batch(array, schema, options, |batch, options| {
        guard(buffer, |b| b.buffer.append_arrow(batch, options))
    })
}

/// Appends all batches of a stream, each like `questdb_buffer_arrow`. Appends all rows or none.
///
/// Ownership: `stream` is taken, also if the call fails: its `release` is called once and is NULL afterwards.
/// Errors: those of `questdb_buffer_arrow`, with the number of the batch, counted from 0; INVALID_ARGUMENT also if the stream
/// fails. The buffer stays as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_arrow_stream(
    buffer: Option<&mut questdb_buffer>,
    stream: *mut ArrowArrayStream,
    options: Option<&questdb_arrow_options>,
) -> Failed {
    with_stream(stream, options, |stream, options| {
        guard(buffer, |b| b.buffer.append_arrow_stream(stream, options))
    })
}

/// Appends a batch to the sender's own buffer, like `questdb_buffer_arrow`, and flushes each time that an `auto_flush_*` limit
/// is reached, so that a batch may be larger than `max_buf_size`.
///
/// Ownership: as for `questdb_buffer_arrow`. Keep a reference of your own if you want to go on after a failed flush.
/// Errors: those of `questdb_buffer_arrow`, and those of `questdb_sender_flush`. `questdb_error_rows_accepted` says how many
/// rows of the batch were taken: they were sent or are in the buffer. If a row is wrong and no row has been sent, none is taken.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_arrow(
    sender: *mut questdb_sender,
    array: *mut ArrowArray,
    schema: *const ArrowSchema,
    options: Option<&questdb_arrow_options>,
) -> Failed {
    with_batch(array, schema, options, |batch, options| {
        guard_own(sender, |s| s.append_arrow(batch, options))
    })
}

/// Appends all batches of a stream to the sender's own buffer, each like `questdb_sender_arrow`.
///
/// Ownership: as for `questdb_buffer_arrow_stream`.
/// Errors: those of `questdb_sender_arrow`, with the number of the batch, counted from 0; `questdb_error_rows_accepted` counts
/// the rows of all batches.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_arrow_stream(
    sender: *mut questdb_sender,
    stream: *mut ArrowArrayStream,
    options: Option<&questdb_arrow_options>,
) -> Failed {
    with_stream(stream, options, |stream, options| {
        guard_own(sender, |s| s.append_arrow_stream(stream, options))
    })
}

/// Replaces options by what `work` makes of them. If it fails, they stay as they were.
fn change(
    options: Option<&mut questdb_arrow_options>,
    work: impl FnOnce(ArrowOptions) -> Result<ArrowOptions>,
) -> Failed {
    guard(options, |o| {
        o.options = work(o.options.clone())?;
        Ok(())
    })
}

/// Returns the column that a C caller names, or whose position it gives.
unsafe fn column(name: *const c_char, name_len: usize, position: usize) -> Result<ArrowColumn> {
    if name.is_null() && name_len == 0 {
        return Ok(ArrowColumn::Position(position));
    }
    Ok(ArrowColumn::from(checked(name, name_len, "column name")?))
}

/// Takes over a batch and calls `work` with it. Afterwards the batch is released.
unsafe fn with_batch(
    array: *mut ArrowArray,
    schema: *const ArrowSchema,
    options: Option<&questdb_arrow_options>,
    work: impl FnOnce(&ArrowBatch, &ArrowOptions) -> Failed,
) -> Failed {
    caught(|| {
        // SAFETY: that both pointers are NULL or lead to structs of the interface is the contract of the functions above.
        match unsafe { ArrowBatch::import(array, schema) } {
            Ok(batch) => with(options, |options| work(&batch, options)),
            Err(e) => failed(e),
        }
    })
}

/// Takes over a stream and calls `work` with it. Afterwards the stream is released.
unsafe fn with_stream(
    stream: *mut ArrowArrayStream,
    options: Option<&questdb_arrow_options>,
    work: impl FnOnce(&mut ArrowStream, &ArrowOptions) -> Failed,
) -> Failed {
    caught(|| {
        // SAFETY: that the pointer is NULL or leads to a struct of the interface is the contract of the functions above.
        match unsafe { ArrowStream::import(stream) } {
            Ok(mut stream) => with(options, |options| work(&mut stream, options)),
            Err(e) => failed(e),
        }
    })
}

fn with(
    options: Option<&questdb_arrow_options>,
    work: impl FnOnce(&ArrowOptions) -> Failed,
) -> Failed {
    match options {
        None => null_handle(questdb_arrow_options::NAME),
        Some(handle) if handle.state == State::Poisoned => poisoned(questdb_arrow_options::NAME),
        Some(handle) => work(&handle.options),
    }
}
