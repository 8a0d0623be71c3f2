//! `questdb_receiver_error_*`: why a call failed.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use receiver::ErrorKind;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ErrorCode {
    /// A key, a certificate or another setting cannot be used.
    Config = 1,
    /// A port is not available.
    Listen = 2,
    /// The system refused a thread.
    Thread = 3,
    /// QuestDB does not allow this name, or it occurs twice.
    InvalidName = 4,
    /// A table with this name exists already.
    TableExists = 5,
    /// There is no table with this name.
    NoTable = 6,
    /// The expected rows did not arrive in time.
    Timeout = 7,
    /// An argument is NULL, out of range or not valid for this call.
    InvalidArgument = 8,
    /// A text is not UTF-8.
    InvalidUtf8 = 9,
    /// An earlier call on this receiver panicked.
    HandlePoisoned = 10,
    /// A defect of the library, or a kind of error that is newer than this header.
    Internal = 11,
}

impl ErrorCode {
    pub(crate) const ALL: [ErrorCode; 11] = [
        ErrorCode::Config,
        ErrorCode::Listen,
        ErrorCode::Thread,
        ErrorCode::InvalidName,
        ErrorCode::TableExists,
        ErrorCode::NoTable,
        ErrorCode::Timeout,
        ErrorCode::InvalidArgument,
        ErrorCode::InvalidUtf8,
        ErrorCode::HandlePoisoned,
        ErrorCode::Internal,
    ];

    pub(crate) fn name(self) -> &'static CStr {
        match self {
            ErrorCode::Config => c"CONFIG",
            ErrorCode::Listen => c"LISTEN",
            ErrorCode::Thread => c"THREAD",
            ErrorCode::InvalidName => c"INVALID_NAME",
            ErrorCode::TableExists => c"TABLE_EXISTS",
            ErrorCode::NoTable => c"NO_TABLE",
            ErrorCode::Timeout => c"TIMEOUT",
            ErrorCode::InvalidArgument => c"INVALID_ARGUMENT",
            ErrorCode::InvalidUtf8 => c"INVALID_UTF8",
            ErrorCode::HandlePoisoned => c"HANDLE_POISONED",
            ErrorCode::Internal => c"INTERNAL",
        }
    }
}

/// Why a call failed. It belongs to whoever received it, until `questdb_receiver_error_free`.
///
/// Threads: may move between threads, and may be read from several at once.
#[derive(Debug)]
pub struct questdb_receiver_error {
    code: ErrorCode,
    message: CString,
}

/// The result of the work of a function.
pub(crate) type Result<T> = std::result::Result<T, questdb_receiver_error>;

impl questdb_receiver_error {
    pub(crate) fn new(code: ErrorCode, message: &str) -> questdb_receiver_error {
        questdb_receiver_error { code, message: c_text(message) }
    }

    pub(crate) fn into_message(self) -> CString {
        self.message
    }
}

impl From<receiver::Error> for questdb_receiver_error {
    fn from(error: receiver::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Config => ErrorCode::Config,
            ErrorKind::Listen => ErrorCode::Listen,
            ErrorKind::Thread => ErrorCode::Thread,
            ErrorKind::InvalidName => ErrorCode::InvalidName,
            ErrorKind::TableExists => ErrorCode::TableExists,
            ErrorKind::Timeout => ErrorCode::Timeout,
            ErrorKind::InvalidArgument => ErrorCode::InvalidArgument,
            _ => ErrorCode::Internal,
        };
        questdb_receiver_error::new(code, &error.to_string())
    }
}

/// Returns the text as a C string. NULs within the text are replaced.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

/// Frees an error. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_error_free(error: Option<Box<questdb_receiver_error>>) {
    drop(error);
}

/// Returns the kind of the error: one of `questdb_receiver_error_code`, or 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_error_get_code(error: Option<&questdb_receiver_error>) -> u32 {
    error.map_or(0, |e| e.code as u32)
}

/// Returns the name of an error code, such as `TIMEOUT`, or `UNKNOWN` for a number that this library does not know.
///
/// Ownership: the text is static.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_error_code_name(code: u32) -> *const c_char {
    let known = ErrorCode::ALL.iter().find(|c| **c as u32 == code);
    known.map_or(c"UNKNOWN", |c| c.name()).as_ptr()
}

/// Returns the message: one line for people.
///
/// Ownership: the text belongs to the error and lives until it is freed. NULL for NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_error_message(
    error: Option<&questdb_receiver_error>,
) -> *const c_char {
    error.map_or(ptr::null(), |e| e.message.as_ptr())
}
