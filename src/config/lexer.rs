//! The connection string to key/value pairs, with 0-based byte positions for messages.
//!
//! ```text
//! conf  = service [ "::" [ param *( ";" param ) [ ";" ] ] ]
//! param = ident "=" value
//! service, ident = letter *( letter / digit / "_" )                               ; ASCII
//! value = *( any character but U+0000-001F, U+007F-009F and ";" / ";;" )          ; ";;" is one ";"
//! ```
//!
//! The string may hold secrets, therefore no message repeats any part of it but the one offending character.

use zeroize::Zeroizing;

use crate::error::{Result, err};

/// A connection string, taken apart. Nothing is known yet about the keys and the values.
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

/// Takes a connection string apart.
pub(super) fn lex(text: &str) -> Result<Lexed<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    let service = cursor.ident("a protocol name")?;
    let mut pairs = Vec::new();
    if cursor.peek().is_none() {
        return Ok(Lexed { service, pairs });
    }
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

/// Whether a value may hold the character.
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

    /// The value up to a single `;` or the end, which are consumed.
    fn value(&mut self) -> Result<Zeroizing<String>> {
        // Room for all that is left: a growing string would leave unwiped copies of a secret behind.
        let mut value = Zeroizing::new(String::with_capacity(self.rest().len()));
        let mut chars = self.rest().char_indices().peekable();
        let start = self.at;
        while let Some((i, c)) = chars.next() {
            self.at = start + i;
            if c == ';' {
                match chars.peek() {
                    Some((_, ';')) => {
                        chars.next();
                    }
                    _ => {
                        self.at += 1;
                        return Ok(value);
                    }
                }
            } else if !is_allowed(c) {
                return Err(self.unexpected("a printable character"));
            }
            value.push(c);
        }
        self.at = self.text.len();
        Ok(value)
    }

    #[cold]
    fn unexpected(&self, what: &str) -> crate::Error {
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
