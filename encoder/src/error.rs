//! The one vocabulary of failure: [`Error`], [`ErrorCode`] and [`Outcome`].
//!
//! A code says what the caller should do differently, never where something happened. Messages are one line, lower case,
//! without a full stop; they name the offending value and the limit and never hold a secret. Building an error is cold and
//! out of line, so that success paths neither format nor allocate.

use std::ffi::CStr;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong, by what the caller would do about it. Numbers never change and are never reused.
#[repr(u32)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// An argument is NULL, out of range or of the wrong length.
    InvalidArgument = 1,
    /// The call does not fit the state of the object: wrong order, wrong thread, closed.
    InvalidState = 2,
    /// A table or column name breaks the naming rules or the length limit.
    InvalidName = 3,
    /// Text is not valid UTF-8.
    InvalidUtf8 = 4,
    /// A timestamp is negative or does not fit the unit of the wire format.
    InvalidTimestamp = 5,
    /// An array has a bad shape, bad strides or too little data.
    InvalidArray = 6,
    /// A decimal is not a number, or its scale or length is out of range.
    InvalidDecimal = 7,
    /// The protocol version in use cannot express this, or client and server share no version.
    ProtocolVersion = 8,
    /// A configured limit (such as `max_buf_size`) would be exceeded.
    LimitExceeded = 9,
    /// Memory could not be allocated.
    OutOfMemory = 10,
    /// The configuration is wrong.
    Config = 11,
    /// The host name could not be resolved.
    CouldNotResolve = 12,
    /// The connection could not be made, or broke.
    Connection = 13,
    /// A deadline passed.
    Timeout = 14,
    /// TLS could not be established or was violated.
    Tls = 15,
    /// The server refused the credentials, or authentication failed.
    Auth = 16,
    /// The peer answered, but not as a QuestDB ingestion endpoint does.
    NotQuestdb = 17,
    /// The server refused the data.
    Rejected = 18,
    /// The server refused the data because the request is too large.
    PayloadTooLarge = 19,
    /// The server cannot take data now.
    Unavailable = 20,
    /// An earlier call on this handle panicked; the handle can only be freed.
    HandlePoisoned = 21,
    /// A defect of this library.
    Internal = 22,
    /// The call was cancelled from another thread; the outcome says what is known about the data.
    Cancelled = 23,
}

impl ErrorCode {
    /// Every code, in ascending order of number.
    pub const ALL: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgument,
        ErrorCode::InvalidState,
        ErrorCode::InvalidName,
        ErrorCode::InvalidUtf8,
        ErrorCode::InvalidTimestamp,
        ErrorCode::InvalidArray,
        ErrorCode::InvalidDecimal,
        ErrorCode::ProtocolVersion,
        ErrorCode::LimitExceeded,
        ErrorCode::OutOfMemory,
        ErrorCode::Config,
        ErrorCode::CouldNotResolve,
        ErrorCode::Connection,
        ErrorCode::Timeout,
        ErrorCode::Tls,
        ErrorCode::Auth,
        ErrorCode::NotQuestdb,
        ErrorCode::Rejected,
        ErrorCode::PayloadTooLarge,
        ErrorCode::Unavailable,
        ErrorCode::HandlePoisoned,
        ErrorCode::Internal,
        ErrorCode::Cancelled,
    ];

    /// Returns the name, which is the same in every language, such as `INVALID_NAME`.
    pub fn as_str(self) -> &'static str {
        self.name().to_str().unwrap_or_default()
    }

    /// Returns the same name as [`ErrorCode::as_str`], NUL-terminated for C.
    pub(crate) fn name(self) -> &'static CStr {
        match self {
            ErrorCode::InvalidArgument => c"INVALID_ARGUMENT",
            ErrorCode::InvalidState => c"INVALID_STATE",
            ErrorCode::InvalidName => c"INVALID_NAME",
            ErrorCode::InvalidUtf8 => c"INVALID_UTF8",
            ErrorCode::InvalidTimestamp => c"INVALID_TIMESTAMP",
            ErrorCode::InvalidArray => c"INVALID_ARRAY",
            ErrorCode::InvalidDecimal => c"INVALID_DECIMAL",
            ErrorCode::ProtocolVersion => c"PROTOCOL_VERSION",
            ErrorCode::LimitExceeded => c"LIMIT_EXCEEDED",
            ErrorCode::OutOfMemory => c"OUT_OF_MEMORY",
            ErrorCode::Config => c"CONFIG",
            ErrorCode::CouldNotResolve => c"COULD_NOT_RESOLVE",
            ErrorCode::Connection => c"CONNECTION",
            ErrorCode::Timeout => c"TIMEOUT",
            ErrorCode::Tls => c"TLS",
            ErrorCode::Auth => c"AUTH",
            ErrorCode::NotQuestdb => c"NOT_QUESTDB",
            ErrorCode::Rejected => c"REJECTED",
            ErrorCode::PayloadTooLarge => c"PAYLOAD_TOO_LARGE",
            ErrorCode::Unavailable => c"UNAVAILABLE",
            ErrorCode::HandlePoisoned => c"HANDLE_POISONED",
            ErrorCode::Internal => c"INTERNAL",
            ErrorCode::Cancelled => c"CANCELLED",
        }
    }
}

/// What is known about the data after a flush. Read a number that you do not know as in doubt.
#[repr(u32)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outcome {
    /// No attempt handed a complete request to the kernel; nothing was stored. Resending is safe.
    #[default]
    NotSent = 1,
    /// The server refused the whole request and stored nothing.
    Rejected = 2,
    /// The server refused a request of several tables; some tables may have been stored. Resending may duplicate.
    Partial = 3,
    /// The complete request went out and no complete answer came back. Resending may duplicate.
    InDoubt = 4,
    /// ILP/TCP: the data was given to the kernel; the protocol has no acknowledgement.
    Submitted = 5,
    /// The server confirmed that the data is stored.
    Committed = 6,
}

impl Outcome {
    /// Every outcome, in ascending order of number.
    pub const ALL: &'static [Outcome] = &[
        Outcome::NotSent,
        Outcome::Rejected,
        Outcome::Partial,
        Outcome::InDoubt,
        Outcome::Submitted,
        Outcome::Committed,
    ];

    /// Returns the name, which is the same in every language, such as `IN_DOUBT`.
    pub fn as_str(self) -> &'static str {
        self.name().to_str().unwrap_or_default()
    }

    /// Returns the same name as [`Outcome::as_str`], NUL-terminated for C.
    pub(crate) fn name(self) -> &'static CStr {
        match self {
            Outcome::NotSent => c"NOT_SENT",
            Outcome::Rejected => c"REJECTED",
            Outcome::Partial => c"PARTIAL",
            Outcome::InDoubt => c"IN_DOUBT",
            Outcome::Submitted => c"SUBMITTED",
            Outcome::Committed => c"COMMITTED",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An error with everything that a caller acts on.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, ErrorCode, Outcome, ProtocolVersion};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// let e = buffer.row("trades")?.column_f64("price?", 2615.54).unwrap_err();
/// assert_eq!(e.code(), ErrorCode::InvalidName);
/// assert_eq!(e.code().to_string(), "INVALID_NAME");
/// assert!(e.message().contains("price?"), "{e}");
/// // No flush was involved; that of a sender says what became of the rows.
/// assert_eq!((e.outcome(), e.server_line()), (Outcome::NotSent, None));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    code: ErrorCode,
    message: String,
    facts: Facts,
    cause: Option<Cause>,
}

/// The error of another library. It is shared because such errors cannot be cloned.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What a flush learned before it failed; all of it can be read through [`Error`].
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What is known about the data.
    pub outcome: Outcome,
    /// The same call may succeed later without any change.
    pub retryable: bool,
    /// The row that the call ended is in the buffer.
    pub row_accepted: bool,
    /// How many rows of those of the call were taken.
    pub rows_accepted: usize,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many of them may have stored the data.
    pub in_doubt_attempts: u32,
    /// The status of the last answer, or 0.
    pub http_status: u16,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The server's id of the error.
    pub server_error_id: Option<String>,
    /// The server's own word for the kind of error.
    pub server_code: Option<String>,
    /// The number of the first refused row, or 0.
    pub server_line: u64,
    /// The table that the error is about.
    pub table: Option<String>,
    /// How many bytes of the body the last attempt handed to the kernel.
    pub bytes_sent: u64,
    /// The time from the start of the call.
    pub elapsed: Duration,
    /// How many rows of earlier flushes may be lost.
    pub earlier_rows_in_doubt: u64,
}

impl Error {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        Error(Box::new(Repr {
            code,
            message: message.into(),
            facts: Facts::default(),
            cause: None,
        }))
    }

    /// Does the work of [`err!`]. The message is formatted here, so that the code at each of the many places that can fail
    /// stays short.
    #[cold]
    #[inline(never)]
    pub(crate) fn formatted(code: ErrorCode, message: fmt::Arguments<'_>) -> Error {
        Error::new(code, message.to_string())
    }

    pub(crate) fn facts_mut(&mut self) -> &mut Facts {
        &mut self.0.facts
    }

    pub(crate) fn retryable(mut self, yes: bool) -> Error {
        self.0.facts.retryable = yes;
        self
    }

    pub(crate) fn outcome_is(mut self, outcome: Outcome) -> Error {
        self.0.facts.outcome = outcome;
        self
    }

    /// Attaches the error of another library as the cause. The message already says what that error says.
    pub(crate) fn caused_by(
        mut self,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Replaces the code.
    pub(crate) fn becomes(mut self, code: ErrorCode) -> Error {
        self.0.code = code;
        self
    }

    /// Puts `context` and a colon before the message.
    pub(crate) fn context(self, context: impl fmt::Display) -> Error {
        self.in_context(&context)
    }

    #[cold]
    #[inline(never)]
    fn in_context(mut self, context: &dyn fmt::Display) -> Error {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// Returns what kind of error this is.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns the message: one line for people, which never holds a secret.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what is known about the data; [`Outcome::NotSent`] where no flush was involved.
    pub fn outcome(&self) -> Outcome {
        self.0.facts.outcome
    }

    /// Returns whether the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        self.0.facts.retryable
    }

    /// Returns whether the data may have been stored, so that a resend may duplicate rows.
    pub fn in_doubt(&self) -> bool {
        matches!(self.outcome(), Outcome::InDoubt | Outcome::Partial)
            || self.0.facts.in_doubt_attempts > 0
    }

    /// Returns whether the row that this call ended is in the buffer. If so, do not add it again.
    pub fn row_accepted(&self) -> bool {
        self.0.facts.row_accepted
    }

    /// Returns how many rows the sender had taken of those that the failed call was given, if it takes them piece by piece:
    /// they were sent or are in the buffer. Go on with the row after them.
    pub fn rows_accepted(&self) -> usize {
        self.0.facts.rows_accepted
    }

    /// Returns how many attempts the flush made.
    pub fn attempts(&self) -> u32 {
        self.0.facts.attempts
    }

    /// Returns how many attempts sent the complete request without learning its fate.
    pub fn in_doubt_attempts(&self) -> u32 {
        self.0.facts.in_doubt_attempts
    }

    /// Returns the HTTP status of the last answer, if there was one.
    pub fn http_status(&self) -> Option<u16> {
        Some(self.0.facts.http_status).filter(|status| *status != 0)
    }

    /// Returns how long the server asked to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.facts.retry_after
    }

    /// Returns the server's id of this error, which also stands in the server's log.
    pub fn server_error_id(&self) -> Option<&str> {
        self.0.facts.server_error_id.as_deref()
    }

    /// Returns the server's own word for the kind of error.
    pub fn server_code(&self) -> Option<&str> {
        self.0.facts.server_code.as_deref()
    }

    /// Returns the number of the first refused row of the flushed buffer, where known. The first row is 1, as in
    /// [`Buffer::remove_rows`](crate::Buffer::remove_rows). It is also set by a `ProtocolVersion` error about a row that was
    /// built before the server's version was known.
    pub fn server_line(&self) -> Option<usize> {
        usize::try_from(self.0.facts.server_line).ok().filter(|line| *line != 0)
    }

    /// Returns the table the error is about, where known.
    pub fn table(&self) -> Option<&str> {
        self.0.facts.table.as_deref()
    }

    /// Returns how many rows of earlier successful flushes over this TCP connection may be lost, because the connection
    /// broke or did not end properly. Each row is reported once. Rows of the failed flush itself are not counted; an error
    /// of `Sender::close` does count the rows which that call gave to the kernel. 0 over HTTP.
    pub fn earlier_rows_in_doubt(&self) -> u64 {
        self.0.facts.earlier_rows_in_doubt
    }

    /// Returns how many body bytes the last attempt handed to the kernel.
    pub fn bytes_sent(&self) -> u64 {
        self.0.facts.bytes_sent
    }

    /// Returns the time from the start of the call to this error.
    pub fn elapsed(&self) -> Duration {
        self.0.facts.elapsed
    }
}

impl Clone for Error {
    fn clone(&self) -> Self {
        Error(self.0.clone())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("facts", &self.0.facts)
            .finish()
    }
}

impl std::error::Error for Error {
    /// Returns the error of the operating system ([`std::io::Error`]) or of the TLS library that led to this one, if there
    /// is one. [`Error::message`] already says what it says. That of the TLS library has no type of its own here: which
    /// library it is may change.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(&**cause),
            None => None,
        }
    }
}

// Because of the cause, the compiler does not derive these traits. They hold: nothing changes a cause, so a panic cannot
// leave an error half changed.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

/// Makes an [`Error`] with a formatted message: `err!(InvalidName, "name {} is bad", shown(name))`.
macro_rules! err {
    ($code:ident, $($arg:tt)+) => {
        $crate::error::Error::formatted(
            $crate::error::ErrorCode::$code,
            format_args!($($arg)+),
        )
    };
}
pub(crate) use err;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_listed_once_in_order() {
        let numbers: Vec<u32> = ErrorCode::ALL.iter().map(|c| *c as u32).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(numbers, sorted);
    }

    #[test]
    fn an_error_is_one_word() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
