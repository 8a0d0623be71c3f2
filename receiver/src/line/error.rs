//! The reasons why a line is refused, in the words of QuestDB's parser.

use std::fmt;

/// The reason why a line was refused, with the names that QuestDB's parser uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The line has a table name and nothing else.
    NoFields,
    /// A symbol has no name.
    IncompleteTag,
    /// A field has no name.
    IncompleteField,
    /// A byte is not allowed between two parts of the line.
    InvalidFieldSeparator,
    /// The designated timestamp is not an integer with a known suffix.
    InvalidTimestamp,
    /// The value of a field or a symbol has no known form.
    InvalidFieldValue,
    /// The table name contains a byte that is not allowed in names.
    InvalidTableName,
    /// A column name contains a byte that is not allowed in names.
    InvalidColumnName,
    /// A field name is not followed by a value.
    MissingFieldValue,
    /// A symbol name is not followed by a value.
    MissingTagValue,
    /// The type byte of a binary value is unknown.
    UnsupportedBinaryFormat,
    /// The element type of an array is not DOUBLE.
    ArrayInvalidType,
    /// An array has more than 32 dimensions.
    ArrayTooManyDimensions,
    /// An array has a dimension that is negative or beyond 2^28 - 1, or 2 GiB of data or more.
    ArrayTooLarge,
    /// The scale of a decimal is not 0 to 76.
    DecimalInvalidScale,
    /// The unscaled value of a decimal does not fit 256 bits.
    DecimalOverflow,
    /// A hexadecimal integer has other characters, or more than 64 digits.
    MalformedLong256,
    /// The line has more symbols and fields than the receiver accepts. QuestDB has no such limit.
    TooManyValues,
    /// The designated timestamp contains a NUL or `/`. QuestDB has no name for this error.
    Unnamed,
}

impl ParseErrorKind {
    /// Returns QuestDB's name, such as `NO_FIELDS`.
    pub fn name(self) -> &'static str {
        match self {
            ParseErrorKind::NoFields => "NO_FIELDS",
            ParseErrorKind::IncompleteTag => "INCOMPLETE_TAG",
            ParseErrorKind::IncompleteField => "INCOMPLETE_FIELD",
            ParseErrorKind::InvalidFieldSeparator => "INVALID_FIELD_SEPARATOR",
            ParseErrorKind::InvalidTimestamp => "INVALID_TIMESTAMP",
            ParseErrorKind::InvalidFieldValue => "INVALID_FIELD_VALUE",
            ParseErrorKind::InvalidTableName => "INVALID_TABLE_NAME",
            ParseErrorKind::InvalidColumnName => "INVALID_COLUMN_NAME",
            ParseErrorKind::MissingFieldValue => "MISSING_FIELD_VALUE",
            ParseErrorKind::MissingTagValue => "MISSING_TAG_VALUE",
            ParseErrorKind::UnsupportedBinaryFormat => "UNSUPPORTED_BINARY_FORMAT",
            ParseErrorKind::ArrayInvalidType => "ARRAY_INVALID_TYPE",
            ParseErrorKind::ArrayTooManyDimensions => "ARRAY_TOO_MANY_DIMENSIONS",
            ParseErrorKind::ArrayTooLarge => "ARRAY_TOO_LARGE",
            ParseErrorKind::DecimalInvalidScale => "DECIMAL_INVALID_SCALE",
            ParseErrorKind::DecimalOverflow => "DECIMAL_OVERFLOW",
            ParseErrorKind::MalformedLong256 => "MALFORMED_LONG256",
            ParseErrorKind::TooManyValues => "TOO_MANY_VALUES",
            ParseErrorKind::Unnamed => "NONE",
        }
    }
}

/// The error for a refused line. `Display` gives QuestDB's sentence about it.
#[derive(Debug, Clone)]
pub struct ParseError {
    pub(crate) kind: ParseErrorKind,
    pub(crate) table: String,
    pub(crate) entity: String,
    pub(crate) value: String,
}

impl ParseError {
    /// Returns the reason.
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Returns the table of the line. It is empty if the error occurred before the table name was read.
    pub fn table(&self) -> &str {
        &self.table
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entity, value) = (&self.entity, &self.value);
        match self.kind {
            ParseErrorKind::NoFields => f.write_str("No fields were provided"),
            ParseErrorKind::MissingFieldValue => {
                write!(f, "Could not parse entire line. Field value is missing: {entity}")
            }
            ParseErrorKind::MissingTagValue => {
                write!(f, "Could not parse entire line. Symbol value is missing: {entity}")
            }
            ParseErrorKind::InvalidTimestamp => write!(f, "Could not parse timestamp: {value}"),
            ParseErrorKind::InvalidFieldValue => write!(
                f,
                "Could not parse entire line, field value is invalid. Field: {entity}; value: {value}"
            ),
            ParseErrorKind::InvalidColumnName => {
                write!(f, "table: {}; invalid column name: {entity}", self.table)
            }
            kind => f.write_str(kind.name()),
        }
    }
}

impl std::error::Error for ParseError {}
