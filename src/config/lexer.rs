//! Splits a connection string into pairs of key and value, with 0-based byte positions for messages.
//!
//! ```text
//! conf  = service "::" [ param *( ";" param ) [ ";" ] ]
//! param = ident "=" value
//! service, ident = letter *( letter / digit / "_" )                               ; ASCII
//! value = *( any character but U+0000-001F, U+007F-009F and ";" / ";;" )          ; ";;" is one ";"
//! ```
//!
//! The string may hold secrets. Therefore no message repeats any part of it, except the one character that is wrong.

use zeroize::Zeroizing;

use crate::error::{Result, err};

/// A connection string, split into its parts. The keys and the values are not checked yet.
pub(super) struct Lexed<'a> {
    pub(super) service: &'a str,
    pub(super) pairs: Vec<Pair<'a>>,
}

pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    pub(super) key_at: usize,
    pub(super) value: Zeroizing<String>,
    pub(super) value_at: usize,
}

/// Splits a connection string into its parts.
pub(super) fn lex(text: &str) -> Result<Lexed<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    let service = cursor.ident("a protocol name")?;
    let mut pairs = Vec::new();
    cursor.expect(':', "\"::\" after the protocol name")?;
    cursor.expect(':', "\"::\" after the protocol name")?;
    while cursor.peek().is_some() {
        let key_at = cursor.at;
        let key = cursor.ident("a key")?;
        cursor.expect('=', "\"=\" after the key")?;
        let value_at = cursor.at;
        let value = cursor.value()?;
        pairs.push(Pair { key, key_at, value, value_at });
    }
    Ok(Lexed { service, pairs })
}

/// Returns whether a value may contain the character.
pub(super) fn is_allowed(c: char) -> bool {
    // `is_control` is exactly U+0000-001F and U+007F-009F.
    !c.is_control()
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn ident(&mut self, what: &str) -> Result<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(self.unexpected(what));
        }
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += len;
        Ok(&rest[..len])
    }

    fn expect(&mut self, wanted: char, what: &str) -> Result<()> {
        if self.peek() != Some(wanted) {
            return Err(self.unexpected(what));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    /// Reads the value up to a single `;` or the end of the string, and the `;` itself.
    fn value(&mut self) -> Result<Zeroizing<String>> {
        let raw = self.raw_value()?;
        // The capacity fits the whole value: a string that grows would leave copies of a secret in memory that are not
        // overwritten.
        let mut value = Zeroizing::new(String::with_capacity(raw.len()));
        for (i, part) in raw.split(";;").enumerate() {
            if i > 0 {
                value.push(';');
            }
            value.push_str(part);
        }
        Ok(value)
    }

    /// Like [`Cursor::value`], but leaves each `;;` as it is.
    fn raw_value(&mut self) -> Result<&'a str> {
        let (start, rest) = (self.at, self.rest());
        let mut chars = rest.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            self.at = start + i;
            if c == ';' && chars.next_if(|(_, next)| *next == ';').is_none() {
                self.at += 1;
                return Ok(&rest[..i]);
            }
            if !is_allowed(c) {
                return Err(self.unexpected("a printable character"));
            }
        }
        self.at = self.text.len();
        Ok(rest)
    }

    #[cold]
    fn unexpected(&self, what: &str) -> crate::error::Error {
        match self.peek() {
            Some(c) => {
                err!(
                    Config,
                    "expected {what}, found {c:?} at position {} of the configuration",
                    self.at
                )
            }
            None => {
                err!(
                    Config,
                    "expected {what}, found the end at position {} of the configuration",
                    self.at
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `service|key@at=value@at|…`.
    fn dump(text: &str) -> Result<String> {
        let lexed = lex(text)?;
        let mut out = lexed.service.to_owned();
        for p in &lexed.pairs {
            out += &format!("|{}@{}={}@{}", p.key, p.key_at, *p.value, p.value_at);
        }
        Ok(out)
    }

    #[test]
    fn strings() {
        let cases = [
            ("http::", "http"),
            ("Http2_x::a=b", "Http2_x|a@9=b@11"),
            ("s::a=b;c=d;", "s|a@3=b@5|c@7=d@9"),
            ("s::a=;b=", "s|a@3=@5|b@6=@8"),
            ("s::a=b;;", "s|a@3=b;@5"),
            ("s::a=;;", "s|a@3=;@5"),
            ("s::a=;;;", "s|a@3=;@5"),
            ("s::a=b;;;c=d", "s|a@3=b;@5|c@9=d@11"),
            ("s::a=;;;;;;b=c;", "s|a@3=;;;b=c@5"),
            ("s::a=b=c::d", "s|a@3=b=c::d@5"),
            ("s::a=\u{e9}\u{2028};b=c", "s|a@3=\u{e9}\u{2028}@5|b@11=c@13"),
            ("s::a=b;a=c", "s|a@3=b@5|a@7=c@9"),
        ];
        for (text, want) in cases {
            assert_eq!(dump(text).unwrap(), want, "{text:?}");
        }
    }

    #[test]
    fn faults_name_the_place_and_one_character() {
        let cases = [
            ("", 0, "a protocol name", "the end"),
            ("::", 0, "a protocol name", "':'"),
            ("_s::", 0, "a protocol name", "'_'"),
            ("\u{feff}s::", 0, "a protocol name", "'\\u{feff}'"),
            ("http", 4, "\"::\"", "the end"),
            ("http:", 5, "\"::\"", "the end"),
            ("http://a:pw@b", 5, "\"::\"", "'/'"),
            ("ht tp::", 2, "\"::\"", "' '"),
            ("s::;", 3, "a key", "';'"),
            ("s::=b", 3, "a key", "'='"),
            ("s::1=b", 3, "a key", "'1'"),
            ("s::\u{e9}=b", 3, "a key", "'\u{e9}'"),
            ("s::a", 4, "\"=\"", "the end"),
            ("s::a;", 4, "\"=\"", "';'"),
            ("s::a =b", 4, "\"=\"", "' '"),
            ("s::a=b; c=d", 7, "a key", "' '"),
            ("s::a=b\0", 6, "a printable character", "'\\0'"),
            ("s::a=\u{e9}\u{9f}", 7, "a printable character", "'\\u{9f}'"),
            ("s::a=;;\n", 7, "a printable character", "'\\n'"),
        ];
        for (text, at, wanted, found) in cases {
            let message = dump(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("expected {wanted}")), "{text:?}: {message}");
            let rest = format!("found {found} at position {at} of the configuration");
            assert!(message.ends_with(&rest), "{text:?}: {message}");
        }
    }

    #[test]
    fn memory_stays_in_proportion() {
        let lexed = format!("s::{}", "a=b;".repeat(1000));
        let room: usize = lex(&lexed).unwrap().pairs.iter().map(|p| p.value.capacity()).sum();
        assert!(room < 100_000, "{room}");
    }
}
