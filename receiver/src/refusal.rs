//! Why rows are refused, and which status the answer has.

use crate::line::{ParseError, ParseErrorKind, quoted};

/// The answer to a client about a row that was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) code: Code,
    /// QuestDB's message, where it has one.
    pub(crate) message: String,
}

/// Who caused the refusal. This decides the status of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The row is wrong: status 400.
    Row,
    /// The row is wrong too, but QuestDB notices it only while it writes, and reports an internal error: status 500.
    Writing,
    /// There is no room for the row: status 503.
    Full,
}

/// The reason for a refusal, as a word for logs and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    /// The line has not the form that the protocol asks for.
    Parse(ParseErrorKind),
    /// The input ended inside a line.
    Unfinished,
    /// The line has more bytes than the receiver accepts.
    LineTooLong,
    /// The peer did not log in.
    Login,
    /// The name of a table or a column is not allowed.
    InvalidName,
    /// The column does not take a value of that type.
    Cast,
    /// The text of a symbol or a name is not UTF-8.
    NotUtf8,
    /// The time of the row is missing or out of range.
    Time,
    /// A column of that type is not made by rows.
    ColumnType,
    /// The table has as many columns as it may have.
    TooManyColumns,
    /// There is no such table, and rows may not make one.
    NoTable,
    /// The table has no such column, and rows may not add one.
    NoColumn,
    /// The receiver holds as many bytes as it may.
    Full,
}

impl Code {
    /// Returns the word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Code::Parse(kind) => kind.name(),
            Code::Unfinished => "UNFINISHED",
            Code::LineTooLong => "LINE_TOO_LONG",
            Code::Login => "UNAUTHORIZED",
            Code::InvalidName => "INVALID_NAME",
            Code::Cast => "CAST",
            Code::NotUtf8 => "NOT_UTF8",
            Code::Time => "TIME",
            Code::ColumnType => "COLUMN_TYPE",
            Code::TooManyColumns => "TOO_MANY_COLUMNS",
            Code::NoTable => "NO_TABLE",
            Code::NoColumn => "NO_COLUMN",
            Code::Full => "FULL",
        }
    }
}

impl Refusal {
    pub(crate) fn row(code: Code, message: String) -> Refusal {
        Refusal { fault: Fault::Row, code, message }
    }

    /// Returns QuestDB's text for an error of its writer. `details` begin with the kind of error.
    pub(crate) fn writing(code: Code, table: &str, details: &str) -> Refusal {
        let message = format!("write error: {table}, {details}");
        Refusal { fault: Fault::Writing, code, message }
    }

    /// Returns QuestDB's text for a value that its writer cannot put into a column of that type.
    pub(crate) fn unsupported(table: &str) -> Refusal {
        Refusal::writing(Code::Cast, table, "error: java.lang.UnsupportedOperationException")
    }

    /// Returns the refusal for text that is not UTF-8. QuestDB shows the text before the first invalid byte.
    pub(crate) fn not_utf8(table: &str, text: &[u8]) -> Refusal {
        let why = format!("errno: -1, error: invalid UTF8 in value for {}", quoted(text));
        Refusal::writing(Code::NotUtf8, table, &why)
    }

    pub(crate) fn full(max_bytes: usize) -> Refusal {
        let message = format!("receiver is full [maxBytes={max_bytes}]");
        Refusal { fault: Fault::Full, code: Code::Full, message }
    }
}

impl From<&ParseError> for Refusal {
    fn from(error: &ParseError) -> Refusal {
        let code = Code::Parse(error.kind());
        match error.kind() {
            // QuestDB parses these only when it writes the row.
            ParseErrorKind::MalformedLong256 => {
                let details = "error: io.questdb.cairo.ImplicitCastException";
                Refusal::writing(code, error.table(), details)
            }
            _ => Refusal::row(code, error.to_string()),
        }
    }
}
