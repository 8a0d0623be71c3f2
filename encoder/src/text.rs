//! [`Text`]: text for a row. From Rust it is known to be UTF-8; from another language it has yet to be checked.

/// Text for a name or a value. `&str` is UTF-8 by type; other bytes are checked in the same pass that copies them.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, ErrorCode, ProtocolVersion, Text};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.table("t")?.column_str("x", Text::unchecked(b"bytes of a file"))?;
/// let e = buffer.column_str("y", Text::unchecked(b"\xFF")).unwrap_err();
/// assert_eq!(e.code(), ErrorCode::InvalidUtf8);
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    bytes: &'a [u8],
    known_utf8: bool,
}

impl<'a> Text<'a> {
    /// Wraps bytes that should be UTF-8 and have not been checked.
    #[inline]
    pub fn unchecked(bytes: &'a [u8]) -> Text<'a> {
        Text { bytes, known_utf8: false }
    }

    /// Wraps bytes that were found to be UTF-8.
    #[inline]
    pub(crate) fn checked_before(bytes: &'a [u8]) -> Text<'a> {
        Text { bytes, known_utf8: true }
    }

    /// Returns the bytes.
    #[inline]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns whether the bytes are known to be UTF-8.
    #[inline]
    pub fn is_known_utf8(&self) -> bool {
        self.known_utf8
    }
}

impl<'a> From<&'a str> for Text<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Text { bytes: text.as_bytes(), known_utf8: true }
    }
}

impl<'a> From<&'a String> for Text<'a> {
    #[inline]
    fn from(text: &'a String) -> Self {
        Text::from(text.as_str())
    }
}

/// Text that may be absent: what every text parameter of a row accepts. Absent means that the column is left out.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, MaybeText, ProtocolVersion};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// for note in ["a", ""] {
///     let note = MaybeText::from(Some(note).filter(|note| !note.is_empty()));
///     buffer.row("t")?.column_i64("x", 1)?.column_str("note", note)?.at_now()?;
/// }
/// assert_eq!(buffer.peek(), b"t x=1i,note=\"a\"\nt x=1i\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MaybeText<'a>(pub(crate) Option<Text<'a>>);

impl<'a, T: Into<Text<'a>>> From<T> for MaybeText<'a> {
    #[inline]
    fn from(text: T) -> Self {
        MaybeText(Some(text.into()))
    }
}

impl<'a> From<Option<Text<'a>>> for MaybeText<'a> {
    #[inline]
    fn from(text: Option<Text<'a>>) -> Self {
        MaybeText(text)
    }
}

impl<'a> From<Option<&'a str>> for MaybeText<'a> {
    #[inline]
    fn from(text: Option<&'a str>) -> Self {
        MaybeText(text.map(Text::from))
    }
}

impl<'a> From<Option<&'a String>> for MaybeText<'a> {
    #[inline]
    fn from(text: Option<&'a String>) -> Self {
        MaybeText(text.map(Text::from))
    }
}
