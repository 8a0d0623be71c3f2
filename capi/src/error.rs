//! `questdb_error_*`: what went wrong and what is known about the data.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::{CString, c_char};
use std::ptr;

use client::internal;
use client::{Error, ErrorCode, Outcome};

/// An error. It belongs to whoever received it, until `questdb_error_free`.
///
/// Threads: may move between threads, and may be read from several at once.
#[derive(Debug)]
pub struct questdb_error {
    error: Error,
    message: CString,
    server_error_id: Option<CString>,
    server_code: Option<CString>,
    table: Option<CString>,
}

/// Returns the text as a C string, for `%s`. NULs within the text are replaced.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

impl From<Error> for questdb_error {
    fn from(error: Error) -> Self {
        questdb_error {
            message: c_text(error.message()),
            server_error_id: error.server_error_id().map(c_text),
            server_code: error.server_code().map(c_text),
            table: error.table().map(c_text),
            error,
        }
    }
}

impl questdb_error {
    pub(crate) fn into_error(self) -> Error {
        self.error
    }
}

fn c_ptr(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

/// Frees an error. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_free(error: Option<Box<questdb_error>>) {
    drop(error);
}

/// Returns the kind of the error: one of `questdb_error_code`, or 0 for NULL. Newer libraries may return numbers that this
/// header does not name.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_get_code(error: Option<&questdb_error>) -> u32 {
    error.map_or(0, |e| e.error.code() as u32)
}

/// Returns the name of an error code, such as `INVALID_NAME`, or `UNKNOWN` for a number that this library does not know.
///
/// Ownership: the text is static.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_code_name(code: u32) -> *const c_char {
    ErrorCode::ALL
        .iter()
        .find(|c| **c as u32 == code)
        .map_or(c"UNKNOWN", |c| internal::code_name(*c))
        .as_ptr()
}

/// Returns the message: one line for people, without secrets.
///
/// Ownership: the text belongs to the error and lives until it is freed. NULL for NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_message(error: Option<&questdb_error>) -> *const c_char {
    c_ptr(error.map(|e| &e.message))
}

/// Returns what is known about the data: one of `questdb_outcome`, or 0 for NULL. Treat a number that you do not know as
/// `QUESTDB_OUTCOME_IN_DOUBT`.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_outcome(error: Option<&questdb_error>) -> u32 {
    error.map_or(0, |e| e.error.outcome() as u32)
}

/// Returns the name of an outcome, such as `NOT_SENT`, or `IN_DOUBT` for a number that this library does not know.
///
/// Ownership: the text is static.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_outcome_name(outcome: u32) -> *const c_char {
    Outcome::ALL
        .iter()
        .find(|o| **o as u32 == outcome)
        .map_or(c"IN_DOUBT", |o| internal::outcome_name(*o))
        .as_ptr()
}

/// Returns whether the same call may succeed later without any change.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_retryable(error: Option<&questdb_error>) -> bool {
    error.is_some_and(|e| e.error.is_retryable())
}

/// Returns whether the data may have been stored, so that sending it again may duplicate rows: the outcome is IN_DOUBT or
/// PARTIAL, or an earlier attempt was in doubt.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_in_doubt(error: Option<&questdb_error>) -> bool {
    error.is_some_and(|e| e.error.in_doubt())
}

/// Returns whether the row that the failed call ended is in the buffer, because only the automatic flush after it failed. Do
/// not add that row again.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_row_accepted(error: Option<&questdb_error>) -> bool {
    error.is_some_and(|e| e.error.row_accepted())
}

/// Returns how many rows the sender had taken of those that the failed call was given, if it takes them piece by piece: they
/// were sent or are in the buffer. Go on with the row after them.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_rows_accepted(error: Option<&questdb_error>) -> usize {
    error.map_or(0, |e| e.error.rows_accepted())
}

/// Returns how many attempts the flush made.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_attempts(error: Option<&questdb_error>) -> u32 {
    error.map_or(0, |e| e.error.attempts())
}

/// Returns how many attempts sent the complete request without learning what became of it.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_in_doubt_attempts(error: Option<&questdb_error>) -> u32 {
    error.map_or(0, |e| e.error.in_doubt_attempts())
}

/// Returns the HTTP status of the last answer, or 0 if there was none.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_http_status(error: Option<&questdb_error>) -> u32 {
    error.map_or(0, |e| e.error.http_status().unwrap_or(0).into())
}

/// Returns how many milliseconds the server asked the client to wait before the next attempt, or -1 if it did not ask.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_retry_after_millis(error: Option<&questdb_error>) -> i64 {
    error
        .and_then(|e| e.error.retry_after())
        .map_or(-1, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// Returns the id that the server gave this error, which is also in the server's log, or NULL if there is none.
///
/// Ownership: the text belongs to the error and lives until it is freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_server_error_id(error: Option<&questdb_error>) -> *const c_char {
    c_ptr(error.and_then(|e| e.server_error_id.as_ref()))
}

/// Returns the server's own code for the kind of error, such as `invalid`, or NULL if there is none.
///
/// Ownership: the text belongs to the error and lives until it is freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_server_code(error: Option<&questdb_error>) -> *const c_char {
    c_ptr(error.and_then(|e| e.server_code.as_ref()))
}

/// Returns the number of the first refused row in the flushed buffer, counted from 1, or 0 if it is unknown. A PROTOCOL_VERSION
/// error about a row that was built before the server's protocol version was known has this number too.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_server_line(error: Option<&questdb_error>) -> u64 {
    error.map_or(0, |e| e.error.server_line().unwrap_or(0) as u64)
}

/// Returns the table that the error is about, or NULL if it is unknown.
///
/// Ownership: the text belongs to the error and lives until it is freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_table(error: Option<&questdb_error>) -> *const c_char {
    c_ptr(error.and_then(|e| e.table.as_ref()))
}

/// Returns how many rows of earlier successful flushes over this TCP connection may be lost, because the connection broke or
/// did not end properly. Each row is reported once. Rows of the failed flush itself are not counted, but an error of
/// `questdb_sender_close` counts the rows that this call gave to the kernel. 0 over HTTP and for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_earlier_rows_in_doubt(error: Option<&questdb_error>) -> u64 {
    error.map_or(0, |e| e.error.earlier_rows_in_doubt())
}

/// Returns how many bytes of the buffer the last attempt handed to the kernel.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_bytes_sent(error: Option<&questdb_error>) -> u64 {
    error.map_or(0, |e| e.error.bytes_sent())
}

/// Returns the milliseconds from the start of the flush to this error.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_error_elapsed_millis(error: Option<&questdb_error>) -> u64 {
    error.map_or(0, |e| u64::try_from(e.error.elapsed().as_millis()).unwrap_or(u64::MAX))
}
