//! Why rows are refused, and by whose fault.

/// What a client is told of a row that was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) message: String,
}

/// Whose fault it is, which decides the status of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The row's: 400.
    Row,
    /// The row's too, but QuestDB finds it while it writes, and calls it its own: 500.
    Writing,
    /// There is no room for it: 503.
    Full,
}

impl Refusal {
    /// What QuestDB says of an error of its writer; `details` begin with what kind of error it is.
    pub(crate) fn writing(table: &str, details: &str) -> Refusal {
        Refusal { fault: Fault::Writing, message: format!("write error: {table}, {details}") }
    }

    /// What QuestDB says where its writer has no way to put a value into a column.
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
