//! Table and column names: [`TableName`] and [`ColumnName`] are checked once and keep the form that they have on the wire.
//!
//! The characters of a name are checked when the name is made; its length is checked by the buffer that uses it, since
//! the limit is a property of the server behind that buffer.

use crate::error::{Result, err, shown_bytes};
use crate::memory::{copied, refused, room};
use crate::text::Text;

/// The longest table or column name in bytes that QuestDB takes unless it is configured otherwise.
pub const DEFAULT_MAX_NAME_LEN: usize = 127;

/// A longer name is taken for a mistake of the caller, and its text is not read.
const LONGEST_NAME: usize = 64 << 10;

/// A table name that keeps the naming rules.
///
/// ```
/// use questdb_ingress::{Buffer, ColumnName, ColumnRef, ProtocolVersion, Result, TableName, TableRef};
///
/// // Takes names that are checked already as well as plain text.
/// fn one<'a>(buffer: &mut Buffer, table: impl Into<TableRef<'a>>, column: impl Into<ColumnRef<'a>>) -> Result<()> {
///     buffer.row(table)?.column_i64(column, 1)?.at_now()
/// }
///
/// let (table, column) = (TableName::new("trades")?, ColumnName::new("amount")?);
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// one(&mut buffer, &table, &column)?;
/// one(&mut buffer, "trades", "amount")?;
/// assert!(TableName::new("no/slash").is_err());
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
///
/// Using it on a buffer costs a copy of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct TableName {
    raw: Box<str>,
    wire: Wire,
}

/// A symbol or column name that keeps the naming rules. Using it on a buffer costs a copy of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ColumnName {
    raw: Box<str>,
    wire: Wire,
}

impl TableName {
    /// Checks a table name and keeps a copy of it.
    ///
    /// # Errors
    /// `InvalidUtf8` and `InvalidName`.
    pub fn new<'a>(name: impl Into<Text<'a>>) -> Result<TableName> {
        <TableName as Name>::parse(name.into())
    }

    /// Returns the name as it was given.
    pub fn as_str(&self) -> &str {
        &self.raw
    }
}

impl ColumnName {
    /// Checks a symbol or column name and keeps a copy of it.
    ///
    /// # Errors
    /// `InvalidUtf8` and `InvalidName`.
    pub fn new<'a>(name: impl Into<Text<'a>>) -> Result<ColumnName> {
        <ColumnName as Name>::parse(name.into())
    }

    /// Returns the name as it was given.
    pub fn as_str(&self) -> &str {
        &self.raw
    }
}

impl std::fmt::Debug for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TableName").field(&self.raw).finish()
    }
}

impl std::fmt::Debug for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ColumnName").field(&self.raw).finish()
    }
}

/// What a table parameter accepts: `&str`, [`Text`] or a [`TableName`].
#[derive(Debug, Clone, Copy)]
pub struct TableRef<'a>(pub(crate) NameRef<'a, TableName>);

/// What a symbol or column name parameter accepts: `&str`, [`Text`] or a [`ColumnName`].
#[derive(Debug, Clone, Copy)]
pub struct ColumnRef<'a>(pub(crate) NameRef<'a, ColumnName>);

#[derive(Debug)]
pub(crate) enum NameRef<'a, N> {
    Raw(Text<'a>),
    Checked(&'a N),
}

// A derive would require that `N` can be copied, although only a reference to it is.
impl<N> Clone for NameRef<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for NameRef<'_, N> {}

impl<'a, T: Into<Text<'a>>> From<T> for TableRef<'a> {
    #[inline]
    fn from(name: T) -> Self {
        TableRef(NameRef::Raw(name.into()))
    }
}

impl<'a> From<&'a TableName> for TableRef<'a> {
    #[inline]
    fn from(name: &'a TableName) -> Self {
        TableRef(NameRef::Checked(name))
    }
}

impl<'a, T: Into<Text<'a>>> From<T> for ColumnRef<'a> {
    #[inline]
    fn from(name: T) -> Self {
        ColumnRef(NameRef::Raw(name.into()))
    }
}

impl<'a> From<&'a ColumnName> for ColumnRef<'a> {
    #[inline]
    fn from(name: &'a ColumnName) -> Self {
        ColumnRef(NameRef::Checked(name))
    }
}

/// What table names and column names have in common.
pub(crate) trait Name: Sized {
    /// What messages call this kind of name.
    const KIND: &'static str;

    /// Checks everything but the length.
    fn parse(text: Text<'_>) -> Result<Self>;

    fn raw(&self) -> &str;

    /// Returns the bytes that stand in a row: a table name alone, a column name with a comma before it and `=` after it.
    fn wire(&self) -> &Wire;

    /// Checks that the name has at most `max_len` bytes.
    #[inline]
    fn fits(&self, max_len: usize) -> Result<()> {
        if self.raw().len() > max_len {
            Err(too_long(Self::KIND, self.raw().as_bytes(), max_len))
        } else {
            Ok(())
        }
    }
}

impl Name for TableName {
    const KIND: &'static str = "table name";

    fn parse(text: Text<'_>) -> Result<Self> {
        let raw = checked::<true>(Self::KIND, text)?;
        Ok(TableName { wire: Wire::new(&escaped("", raw, "")?)?, raw: kept(raw)? })
    }

    #[inline]
    fn raw(&self) -> &str {
        &self.raw
    }

    #[inline]
    fn wire(&self) -> &Wire {
        &self.wire
    }
}

impl Name for ColumnName {
    const KIND: &'static str = "column name";

    fn parse(text: Text<'_>) -> Result<Self> {
        let raw = checked::<false>(Self::KIND, text)?;
        Ok(ColumnName { wire: Wire::new(&escaped(",", raw, "=")?)?, raw: kept(raw)? })
    }

    #[inline]
    fn raw(&self) -> &str {
        &self.raw
    }

    #[inline]
    fn wire(&self) -> &Wire {
        &self.wire
    }
}

/// Bytes ready to be copied into a row. The first 32 lie in the struct itself, so that copying a name of usual length takes
/// two loads and two stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wire {
    head: [u8; Wire::HEAD],
    len: usize,
    rest: Box<[u8]>,
}

impl Wire {
    pub(crate) const HEAD: usize = 32;

    pub(crate) fn new(bytes: &[u8]) -> Result<Wire> {
        let (first, rest) = bytes.split_at(bytes.len().min(Wire::HEAD));
        let mut head = [0; Wire::HEAD];
        head[..first.len()].copy_from_slice(first);
        Ok(Wire { head, len: bytes.len(), rest: copied(rest, "a name or text")? })
    }

    /// Returns the first 32 bytes, padded with zeros.
    #[inline]
    pub(crate) fn head(&self) -> &[u8; Wire::HEAD] {
        &self.head
    }

    /// Returns the bytes after the first 32.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        &self.rest
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the length if [`Wire::is_short`]. The remainder then changes nothing, but tells the compiler that the length
    /// is less than 32.
    #[inline]
    pub(crate) fn short_len(&self) -> usize {
        self.len % Wire::HEAD
    }

    /// Returns whether both hold the same bytes.
    #[inline(always)]
    pub(crate) fn same(&self, other: &Wire) -> bool {
        // Short names are not compared beyond the head: even for an empty slice, the C library's masked load from a dangling
        // pointer takes longer than a row.
        self.head == other.head
            && self.len == other.len
            && (self.is_short() || self.rest == other.rest)
    }

    /// Returns whether there are fewer than 32 bytes: [`Wire::short_len`] is then the length, and the head holds all of
    /// them.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.len < Wire::HEAD
    }
}

/// Returns whether names refuse this character. All refused characters are ASCII except the byte order mark, which the
/// caller checks.
const fn refused_in_names(byte: u8, table: bool) -> bool {
    match byte {
        b'?' | b',' | b'\'' | b'"' | b'\\' | b'/' | b':' | b'(' | b')' | b'+' | b'*' | b'%'
        | b'~' => true,
        0..=0x0F | 0x7F => true,
        b'.' | b'-' => !table,
        _ => false,
    }
}

#[cold]
#[inline(never)]
fn checked<'a, const TABLE: bool>(kind: &str, text: Text<'a>) -> Result<&'a str> {
    let bytes = text.as_bytes();
    if bytes.len() > LONGEST_NAME {
        return Err(too_long(kind, bytes, LONGEST_NAME));
    }
    let name = match std::str::from_utf8(bytes) {
        Ok(name) => name,
        Err(e) => {
            let (at, shown) = (e.valid_up_to(), shown_bytes(bytes));
            return Err(err!(InvalidUtf8, "{kind} {shown} is not valid UTF-8 at byte {at}"));
        }
    };
    if name.is_empty() {
        return Err(err!(InvalidName, "{kind} is empty"));
    }
    let shown = shown_bytes(bytes);
    for (at, c) in name.char_indices() {
        let refused = match u8::try_from(c) {
            Ok(byte) => refused_in_names(byte, TABLE) && c.is_ascii(),
            Err(_) => c == '\u{FEFF}',
        };
        if refused {
            return Err(err!(
                InvalidName,
                "{kind} {shown} holds {c:?} at byte {at}, which names may not"
            ));
        }
        if TABLE && c == '.' && (at == 0 || at + 1 == name.len() || bytes[at - 1] == b'.') {
            return Err(err!(
                InvalidName,
                "{kind} {shown} has a dot at byte {at}; dots may not be first, last or doubled"
            ));
        }
    }
    Ok(name)
}

fn kept(name: &str) -> Result<Box<str>> {
    let mut copy = String::new();
    copy.try_reserve_exact(name.len()).map_err(|_| refused(name.len(), "a name"))?;
    copy.push_str(name);
    Ok(copy.into_boxed_str())
}

/// Returns the name as it stands in a line, between `before` and `behind`. Of the bytes that a line must escape, names may
/// hold only the space and `=`.
fn escaped(before: &str, name: &str, behind: &str) -> Result<Vec<u8>> {
    let escapes = name.bytes().filter(|byte| matches!(byte, b' ' | b'=')).count();
    let mut out = room(before.len() + name.len() + escapes + behind.len(), "a name")?;
    out.extend_from_slice(before.as_bytes());
    for &byte in name.as_bytes() {
        if matches!(byte, b' ' | b'=') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.extend_from_slice(behind.as_bytes());
    Ok(out)
}

#[cold]
#[inline(never)]
pub(crate) fn too_long(kind: &str, name: &[u8], max_len: usize) -> crate::error::Error {
    let len = name.len();
    if len > LONGEST_NAME {
        return err!(InvalidName, "{kind} has {len} bytes, the limit is {max_len}");
    }
    let shown = shown_bytes(name);
    err!(InvalidName, "{kind} {shown} has {len} bytes of UTF-8, the limit is {max_len}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn every_ascii_character_is_judged_as_the_server_does() {
        for byte in 0..=0x7Fu8 {
            let name = format!("a{}b", char::from(byte));
            let always = byte <= 0x0F || byte == 0x7F || b"?,'\"\\/:()+*%~".contains(&byte);
            assert_eq!(TableName::new(&name).is_err(), always, "table {name:?}");
            let column = always || byte == b'.' || byte == b'-';
            assert_eq!(ColumnName::new(&name).is_err(), column, "column {name:?}");
        }
        for c in ['\u{80}', '\u{9f}', '\u{a0}', 'é', '\u{2028}', '\u{fffd}', '🙂'] {
            let name = format!("a{c}b");
            assert!(TableName::new(&name).is_ok() && ColumnName::new(&name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn messages_name_the_value_and_the_place() {
        let cases: [(&[u8], ErrorCode, &str); 6] = [
            (b"", ErrorCode::InvalidName, "table name is empty"),
            (
                b"a\nb",
                ErrorCode::InvalidName,
                r#"table name "a\nb" holds '\n' at byte 1, which names may not"#,
            ),
            (
                b"a..b",
                ErrorCode::InvalidName,
                r#"table name "a..b" has a dot at byte 2; dots may not be first, last or doubled"#,
            ),
            (
                b".",
                ErrorCode::InvalidName,
                r#"table name "." has a dot at byte 0; dots may not be first, last or doubled"#,
            ),
            (
                "\u{feff}a".as_bytes(),
                ErrorCode::InvalidName,
                r#"table name "\u{feff}a" holds '\u{feff}' at byte 0, which names may not"#,
            ),
            (
                b"ab\xff",
                ErrorCode::InvalidUtf8,
                r#"table name "ab\xff" is not valid UTF-8 at byte 2"#,
            ),
        ];
        for (name, code, message) in cases {
            let e = TableName::new(Text::unchecked(name)).unwrap_err();
            assert_eq!((e.code(), e.message()), (code, message));
        }
    }

    #[test]
    fn the_wire_form_is_escaped_and_padded() {
        let name = ColumnName::new("a b=c").unwrap();
        assert_eq!((name.wire().len(), name.wire().rest()), (9, &b""[..]));
        assert_eq!(name.wire().head()[..10], *b",a\\ b\\=c=\0");
        let long = TableName::new("x".repeat(33).as_str()).unwrap();
        assert_eq!((long.wire().len(), long.wire().rest()), (33, &b"x"[..]));
        for len in [1, 31, 32, 33, 40] {
            let name = |end: &str| TableName::new(("x".repeat(len) + end).as_str()).unwrap();
            assert!(name("").wire().same(name("").wire()));
            assert!(!name("").wire().same(name("x").wire()));
            assert!(!name("a").wire().same(name("b").wire()));
        }
    }
}
