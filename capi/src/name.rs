//! `questdb_table_name_*`, `questdb_column_name_*`: names that are checked once and used often.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::c_char;
use std::ptr;

use crate::guard::{Failed, guard_drop, guard_free};
use crate::text::{put, required, text};
use client::{ColumnName, TableName};

/// A table name that was checked once, so that using it costs no more than copying its bytes.
///
/// Threads: immutable; may be used from several threads at once.
#[derive(Debug)]
pub struct questdb_table_name(pub(crate) TableName);

/// A column or symbol name that was checked once, so that using it costs no more than copying its bytes.
///
/// Threads: immutable; may be used from several threads at once.
#[derive(Debug)]
pub struct questdb_column_name(pub(crate) ColumnName);

/// Checks a table name and makes a handle for it.
///
/// Ownership: `*table` is yours until `questdb_table_name_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_table_name_new(
    name: *const c_char,
    name_len: usize,
    table: *mut *mut questdb_table_name,
) -> Failed {
    put(table, ptr::null_mut());
    guard_free(|| {
        required(table, "table")?;
        put(
            table,
            Box::into_raw(Box::new(questdb_table_name(TableName::new(text(name, name_len)?)?))),
        );
        Ok(())
    })
}

/// Frees a table name. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_table_name_free(table: Option<Box<questdb_table_name>>) {
    guard_drop(table);
}

/// Checks a column or symbol name and makes a handle for it.
///
/// Ownership: `*column` is yours until `questdb_column_name_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_column_name_new(
    name: *const c_char,
    name_len: usize,
    column: *mut *mut questdb_column_name,
) -> Failed {
    put(column, ptr::null_mut());
    guard_free(|| {
        required(column, "column")?;
        put(
            column,
            Box::into_raw(Box::new(questdb_column_name(ColumnName::new(text(name, name_len)?)?))),
        );
        Ok(())
    })
}

/// Frees a column name. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_column_name_free(column: Option<Box<questdb_column_name>>) {
    guard_drop(column);
}
