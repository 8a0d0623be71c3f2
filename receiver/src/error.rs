//! The error type of this package.

use std::fmt;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A key, a certificate or another setting cannot be used.
    Config,
    /// A port is not available.
    Listen,
    /// The system refused a thread.
    Thread,
    /// The folder that keeps the rows cannot be used: another process has it, or a file of it cannot be read or written.
    Storage,
    /// QuestDB does not allow this name, or it occurs twice.
    InvalidName,
    /// A table with this name exists already.
    TableExists,
    /// An argument is not valid for this call.
    InvalidArgument,
    /// The expected rows did not arrive in time.
    Timeout,
}

/// Why a call to a [`Receiver`](crate::Receiver) or its [`ReceiverBuilder`](crate::ReceiverBuilder) failed. Errors that clients make are not
/// reported here, but in the answers to these clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The result of a call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: String) -> Error {
        Error { kind, message }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Makes an [`Error`] with a formatted message: `err!(Timeout, "table {name} has no rows")`.
macro_rules! err {
    ($kind:ident, $($arg:tt)+) => {
        $crate::error::Error::new($crate::error::ErrorKind::$kind, format!($($arg)+))
    };
}
pub(crate) use err;

/// Formats text of a caller or a client as one printable line: control characters and invalid bytes are escaped, and the text
/// is cut after `max` bytes.
pub(crate) fn printable(bytes: &[u8], max: usize) -> String {
    let mut text = String::new();
    for chunk in bytes[..bytes.len().min(max)].utf8_chunks() {
        let mut rest = chunk.valid();
        while !rest.is_empty() {
            let plain = rest.bytes().take_while(|byte| matches!(byte, b' '..=b'~')).count();
            text.push_str(&rest[..plain]);
            let mut others = rest[plain..].chars();
            match others.next() {
                Some(c) if c.is_control() => text.extend(c.escape_default()),
                Some(c) if reorders_text(c) => text.extend(c.escape_unicode()),
                other => text.extend(other),
            }
            rest = others.as_str();
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if bytes.len() > max {
        text.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    text
}

/// Returns whether this is an invisible character that breaks lines, or hides or reorders the text around it.
fn reorders_text(c: char) -> bool {
    matches!(
        c,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// Like [`printable`], but puts the text in quotes. For names.
pub(crate) fn shown(text: &str) -> String {
    format!("\"{}\"", printable(text.as_bytes(), 128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_one_printable_line() {
        assert_eq!(printable(b"a\nb\xff\x1b[0m", 100), r"a\nb\xff\u{1b}[0m");
        assert_eq!(printable("ab\u{202e}c".as_bytes(), 100), r"ab\u{202e}c");
        assert_eq!(printable(b"abcdef", 3), "abc… (6 bytes)");
        assert_eq!(shown("t"), "\"t\"");
    }
}
