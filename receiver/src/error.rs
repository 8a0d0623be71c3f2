//! The one error of this package.

use std::fmt;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A key, a certificate or another setting cannot be used.
    Config,
    /// A port cannot be listened on.
    Listen,
    /// The system refused a thread.
    Thread,
    /// A name that QuestDB does not allow, or that is there twice.
    InvalidName,
    /// A table of that name exists already.
    TableExists,
    /// An argument that has no meaning here.
    InvalidArgument,
    /// The rows that were waited for did not come in time.
    Timeout,
}

/// Why a call to a [`Receiver`](crate::Receiver) or its [`Builder`](crate::Builder) failed. Errors of clients are answered
/// to the clients.
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

    /// What kind of thing went wrong.
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

/// Text of a caller or a client on one printable line: control characters and invalid bytes are escaped, and what is longer
/// than `max` bytes is cut.
pub(crate) fn printable(bytes: &[u8], max: usize) -> String {
    let mut text = String::new();
    for chunk in bytes[..bytes.len().min(max)].utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if c.is_control() => text.extend(c.escape_default()),
                c if reorders_text(c) => text.extend(c.escape_unicode()),
                c => text.push(c),
            }
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

/// Characters without a form of their own that break lines, hide, or change the order of what is shown.
fn reorders_text(c: char) -> bool {
    matches!(
        c,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// As [`printable`], in quotes, for names.
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
