//! `questdb_receiver_table_*` and what else is done with tables.
#![expect(unsafe_code, reason = "exports functions, and reads memory that a C caller describes")]

use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use receiver::{ColumnType, Receiver, Table};

use crate::arrow::{ArrowArrayStream, export};
use crate::error::{ErrorCode, Result, questdb_receiver_error};
use crate::guard::{Failed, guard};
use crate::receiver::questdb_receiver;
use crate::text::{checked, put, questdb_receiver_text, required, slice};

/// A column of a new table. The layout of this struct is frozen.
#[repr(C)]
#[derive(Debug)]
pub struct questdb_receiver_column {
    /// The name of the column.
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
    /// The type: SYMBOL, LONG, DOUBLE, VARCHAR, BOOLEAN, TIMESTAMP, TIMESTAMP_NS, LONG256, DECIMAL, or DOUBLE[] with a pair of
    /// brackets for each dimension.
    pub type_name: *const c_char,
    /// Bytes of the type.
    pub type_name_len: usize,
}

/// Makes an empty table, for column types that rows do not create. Adds a designated column `timestamp` if there is none of that
/// name.
///
/// Errors: INVALID_NAME, TABLE_EXISTS, INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_create_table(
    receiver: Option<&questdb_receiver>,
    table: *const c_char,
    table_len: usize,
    columns: *const questdb_receiver_column,
    columns_len: usize,
) -> Failed {
    guard(receiver, |r| {
        let mut all = Vec::new();
        for column in slice(columns, columns_len, "columns")? {
            let name = checked(column.name, column.name_len, "column name")?;
            let type_name = checked(column.type_name, column.type_name_len, "column type")?;
            all.push((name, type_name.parse::<ColumnType>()?));
        }
        r.create_table(checked(table, table_len, "table name")?, &all)?;
        Ok(())
    })
}

/// Waits until a table has at least `rows` rows. Over TCP nothing else tells that rows have been stored.
///
/// Errors: TIMEOUT, with what there is; INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_wait_for_rows(
    receiver: Option<&questdb_receiver>,
    table: *const c_char,
    table_len: usize,
    rows: usize,
    timeout_millis: u64,
) -> Failed {
    guard(receiver, |r| {
        // Later points in time cannot be represented everywhere.
        let timeout = Duration::from_millis(timeout_millis.min(u32::MAX.into()));
        r.wait_for_rows(checked(table, table_len, "table name")?, rows, timeout)?;
        Ok(())
    })
}

/// Writes how many rows a table has into `*rows`: 0 if there is no such table.
///
/// Errors: INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_row_count(
    receiver: Option<&questdb_receiver>,
    table: *const c_char,
    table_len: usize,
    rows: *mut usize,
) -> Failed {
    put(rows, 0);
    guard(receiver, |r| {
        required(rows, "rows")?;
        let table = r.table(checked(table, table_len, "table name")?);
        put(rows, table.map_or(0, |table| table.row_count()));
        Ok(())
    })
}

/// Returns all tables in order of creation, as a JSON array of objects with `table`, `timestamp`, `columns` and `row_count`.
///
/// Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_tables_json(
    receiver: Option<&questdb_receiver>,
    text: *mut *mut questdb_receiver_text,
) -> Failed {
    put(text, ptr::null_mut());
    guard(receiver, |r| {
        required(text, "text")?;
        let json = receiver::internal::tables_json(r);
        put(text, Box::into_raw(questdb_receiver_text::new(&json)));
        Ok(())
    })
}

/// Returns a table as it is now, as JSON: an object with its name (`table`), the name of the column with the time of each row
/// (`timestamp`), its `columns` with names and types, and its `rows` in order of arrival. A row is an object that has only those
/// cells that have a value. Times, decimals and 256-bit numbers are text; so are doubles that are not finite.
///
/// Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
/// Errors: NO_TABLE, INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_table_json(
    receiver: Option<&questdb_receiver>,
    table: *const c_char,
    table_len: usize,
    text: *mut *mut questdb_receiver_text,
) -> Failed {
    put(text, ptr::null_mut());
    guard(receiver, |r| {
        required(text, "text")?;
        let json = existing(r, checked(table, table_len, "table name")?)?.to_json();
        put(text, Box::into_raw(questdb_receiver_text::new(&json)));
        Ok(())
    })
}

/// Returns a table as it is now, as a stream of Apache Arrow with its rows in order of arrival. It shares the rows with the
/// receiver and outlives it. Symbols are dictionaries, times have the zone UTC, arrays are nested lists, and decimals have as many
/// digits after the point as the longest of them.
///
/// Ownership: `*stream` is yours until you call its `release`, which is NULL after an error. What it held before is not released.
/// Errors: NO_TABLE; INVALID_ARGUMENT, also for decimals that no decimal of Arrow can hold; INVALID_UTF8, HANDLE_POISONED.
/// Threads: the stream may move between threads and is used by one at a time.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_table_arrow(
    receiver: Option<&questdb_receiver>,
    table: *const c_char,
    table_len: usize,
    stream: *mut ArrowArrayStream,
) -> Failed {
    put(stream, ArrowArrayStream::released());
    guard(receiver, |r| {
        required(stream, "stream")?;
        let table = existing(r, checked(table, table_len, "table name")?)?;
        put(stream, export(receiver::internal::ArrowRows::new(table)?));
        Ok(())
    })
}

fn existing(receiver: &Receiver, name: &str) -> Result<Arc<Table>> {
    receiver.table(name).ok_or_else(|| {
        let message = format!("there is no table {name:?}");
        questdb_receiver_error::new(ErrorCode::NoTable, &message)
    })
}
