//! Why rows are refused, and which status the answer has.

/// The answer to a client about a row that was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
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

impl Refusal {
    /// Returns QuestDB's text for an error of its writer. `details` begin with the kind of error.
    pub(crate) fn writing(table: &str, details: &str) -> Refusal {
        Refusal { fault: Fault::Writing, message: format!("write error: {table}, {details}") }
    }

    /// Returns QuestDB's text for a value that its writer cannot put into a column of that type.
    pub(crate) fn unsupported(table: &str) -> Refusal {
        Refusal::writing(table, "error: java.lang.UnsupportedOperationException")
    }

    pub(crate) fn full(max_bytes: usize) -> Refusal {
        Refusal { fault: Fault::Full, message: format!("receiver is full [maxBytes={max_bytes}]") }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Refusal {
        Refusal { fault: Fault::Row, message }
    }
}
