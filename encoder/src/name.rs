//! Table and column names: [`TableName`] and [`ColumnName`] are checked once and hold the checked text.
//!
//! The characters of a name are checked when the name is made; its length is checked by the buffer that uses it, since
//! the limit is a property of the server behind that buffer.

use crate::error::{Result, err};
use crate::memory::refused;
use crate::quoted::shown_bytes;
use crate::text::Text;

/// The longest table or column name in bytes that QuestDB takes unless it is configured otherwise.
pub const DEFAULT_MAX_NAME_LEN: usize = 127;

/// A longer name is taken for a mistake of the caller, and its text is not read.
const LONGEST_NAME: usize = 64 << 10;

/// A table name that keeps the naming rules.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
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
pub struct TableName(NameText);

/// A symbol or column name that keeps the naming rules. Using it on a buffer costs a copy of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ColumnName(NameText);

impl TableName {
    /// Checks a table name and keeps a copy of it.
    ///
    /// # Errors
    /// `InvalidUtf8` and `InvalidName`.
    pub fn new<'a>(name: impl Into<Text<'a>>) -> Result<TableName> {
        Name::parse(name.into())
    }

    /// Returns the name as it was given.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl ColumnName {
    /// Checks a symbol or column name and keeps a copy of it.
    ///
    /// # Errors
    /// `InvalidUtf8` and `InvalidName`.
    pub fn new<'a>(name: impl Into<Text<'a>>) -> Result<ColumnName> {
        Name::parse(name.into())
    }

    /// Returns the name as it was given.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Debug for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TableName").field(&self.as_str()).finish()
    }
}

impl std::fmt::Debug for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ColumnName").field(&self.as_str()).finish()
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

    fn text(&self) -> &NameText;

    /// Checks that the name has at most `max_len` bytes.
    #[inline]
    fn fits(&self, max_len: usize) -> Result<()> {
        let name = self.text().as_bytes();
        if name.len() > max_len { Err(too_long(Self::KIND, name, max_len)) } else { Ok(()) }
    }
}

impl Name for TableName {
    const KIND: &'static str = "table name";

    fn parse(text: Text<'_>) -> Result<Self> {
        NameText::new(checked::<true>(Self::KIND, text)?).map(TableName)
    }

    #[inline]
    fn text(&self) -> &NameText {
        &self.0
    }
}

impl Name for ColumnName {
    const KIND: &'static str = "column name";

    fn parse(text: Text<'_>) -> Result<Self> {
        NameText::new(checked::<false>(Self::KIND, text)?).map(ColumnName)
    }

    #[inline]
    fn text(&self) -> &NameText {
        &self.0
    }
}

/// A checked name: its text, and the form that it has in formats of text, with a backslash before each blank and `=`. By these
/// two such formats separate names, and names may hold no other byte that would need a backslash. Most texts are their own form.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NameText {
    /// The form, if that is short.
    short: ShortBytes,
    /// The form, if that is long.
    long: Box<str>,
    /// The text, if it is not its own form.
    text: Box<str>,
}

impl NameText {
    fn new(text: &str) -> Result<NameText> {
        let needs = |byte: u8| matches!(byte, b' ' | b'=');
        let count = text.bytes().filter(|byte| needs(*byte)).count();
        let mut name =
            NameText { short: ShortBytes::NONE, long: Box::default(), text: Box::default() };
        if count > 0 {
            name.text = copied(text, 0, |_| false)?;
            name.long = copied(text, count, needs)?;
        } else if let Some(short) = ShortBytes::new(text.as_bytes()) {
            name.short = short;
        } else {
            name.long = copied(text, 0, |_| false)?;
        }
        if let Some(short) = ShortBytes::new(name.long.as_bytes())
            && count > 0
        {
            (name.short, name.long) = (short, Box::default());
        }
        Ok(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        // The bytes were text before, so the error cannot happen.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.text.is_empty() { self.form() } else { self.text.as_bytes() }
    }

    /// Returns the form that the name has in formats of text.
    #[inline]
    pub(crate) fn form(&self) -> &[u8] {
        self.short.get().unwrap_or(self.long.as_bytes())
    }

    /// Returns that form if it is short, otherwise [`ShortBytes::NONE`].
    #[inline(always)]
    pub(crate) fn short(&self) -> &ShortBytes {
        &self.short
    }

    /// Returns whether both are the same name.
    #[inline(always)]
    pub(crate) fn same(&self, other: &NameText) -> bool {
        self.short == other.short && (!self.short.is_none() || self.long == other.long)
    }
}

/// Returns a copy of a text with a backslash before each of the `more` bytes that need one.
fn copied(text: &str, more: usize, needs: impl Fn(u8) -> bool) -> Result<Box<str>> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len() + more).map_err(|_| refused(text.len() + more, "a name"))?;
    for c in text.chars() {
        if u8::try_from(c).is_ok_and(&needs) {
            copy.push('\\');
        }
        copy.push(c);
    }
    Ok(copy.into_boxed_str())
}

/// Fewer than 32 bytes, which lie in the struct itself, so that they can be compared or copied by two loads; or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShortBytes {
    /// The bytes, padded with zeros.
    padded: [u8; ShortBytes::SIZE],
    len: usize,
}

impl ShortBytes {
    pub(crate) const SIZE: usize = 32;

    /// No bytes, not even an empty text. Its length is greater than any limit.
    pub(crate) const NONE: ShortBytes =
        ShortBytes { padded: [0; ShortBytes::SIZE], len: usize::MAX };

    /// An empty text.
    pub(crate) const EMPTY: ShortBytes = ShortBytes { len: 0, ..ShortBytes::NONE };

    /// Returns a copy of bytes if they are short.
    pub(crate) fn new(bytes: &[u8]) -> Option<ShortBytes> {
        let mut short = ShortBytes { padded: [0; ShortBytes::SIZE], len: bytes.len() };
        short.padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (!short.is_none()).then_some(short)
    }

    /// Returns these bytes and more after them, if they are short together.
    pub(crate) fn joined(&self, more: &[u8]) -> Option<ShortBytes> {
        let mut both = self.clone();
        both.len = self.len.checked_add(more.len())?;
        both.padded.get_mut(self.len..both.len)?.copy_from_slice(more);
        (!both.is_none()).then_some(both)
    }

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.len >= ShortBytes::SIZE
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&[u8]> {
        self.padded.get(..self.len)
    }

    #[inline(always)]
    pub(crate) fn padded(&self) -> &[u8; ShortBytes::SIZE] {
        &self.padded
    }

    /// Returns the number of bytes; `usize::MAX` for none.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
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

/// Returns whether every name may hold this character at every place, with a table of all characters.
fn is_usual(byte: u8) -> bool {
    const USUAL: [bool; 256] = {
        let mut usual = [false; 256];
        let mut byte = 0;
        while byte < 0x80 {
            usual[byte as usize] = !refused_in_names(byte, false);
            byte += 1;
        }
        usual
    };
    USUAL[usize::from(byte)]
}

#[inline(never)]
fn checked<'a, const TABLE: bool>(kind: &str, text: Text<'a>) -> Result<&'a str> {
    let bytes = text.as_bytes();
    if bytes.len() > LONGEST_NAME {
        return Err(too_long(kind, bytes, LONGEST_NAME));
    }
    let name = match std::str::from_utf8(bytes) {
        // Most names need no look at each character for a message.
        Ok(name) if !name.is_empty() && bytes.iter().all(|byte| is_usual(*byte)) => {
            return Ok(name);
        }
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
    fn texts_of_every_length_are_kept_and_compared() {
        for len in 1..=70 {
            for (blank, end) in [(false, "x"), (true, " "), (true, "="), (false, "é")] {
                let text = "n".repeat(len) + end;
                let name = |text: &str| ColumnName::new(text).unwrap();
                let one = name(&text);
                assert_eq!((one.as_str(), one.text().as_bytes()), (&*text, text.as_bytes()));
                let form = if blank { "n".repeat(len) + "\\" + end } else { text.clone() };
                assert_eq!(one.text().form(), form.as_bytes());
                let short = Some(form.as_bytes()).filter(|form| form.len() < ShortBytes::SIZE);
                assert_eq!(one.text().short().get(), short, "{text:?}");
                assert_eq!(one.text().short().len(), short.map_or(usize::MAX, <[u8]>::len));
                for other in [text.clone(), format!("{text}y"), text.replace('n', "m")] {
                    let same = other == text;
                    assert_eq!(one.text().same(name(&other).text()), same, "{text:?} {other:?}");
                    assert_eq!(one == name(&other), same);
                }
            }
        }
    }
}
