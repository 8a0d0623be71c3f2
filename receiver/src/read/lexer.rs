//! The words of a statement.

use super::SqlError;

/// What a token is. Words keep their spelling; keywords are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, or a name without quotes.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// Digits, perhaps with a point and an exponent, without a sign.
    Number(String),
    /// One of the signs, such as `,` and `>=`.
    Sign(&'static str),
    /// What follows the last token.
    End,
}

/// A token and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The index of its first byte in the statement.
    pub(super) at: usize,
    /// The index behind its last byte.
    pub(super) end: usize,
}

/// The signs, the longer ones before those that begin alike.
const SIGNS: &[&str] = &[
    "::", "<=", ">=", "!=", "<>", ",", "(", ")", "*", "=", "<", ">", ";", ".", "-", "+", "[", "]",
    "/", "%", "|", "&", "^", "~", "@", ":", "$",
];

/// Splits a statement into tokens without spaces and comments. The last token is always [`Kind::End`].
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, SqlError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blanks(sql, at)?;
        let rest = &sql[at..];
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: Kind::End, at, end: at });
            return Ok(tokens);
        };
        let (kind, len) = match first {
            '"' => quoted(sql, at, '"').map(|(text, len)| (Kind::Name(text), len))?,
            '\'' => quoted(sql, at, '\'').map(|(text, len)| (Kind::Text(text), len))?,
            '0'..='9' => {
                let len = number_len(rest.as_bytes());
                (Kind::Number(rest[..len].to_owned()), len)
            }
            c if is_word(c) => {
                let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                (Kind::Word(rest[..len].to_owned()), len)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Kind::Sign(sign), sign.len()),
                None => return Err(SqlError::new(at, format!("unexpected character: {first:?}"))),
            },
        };
        tokens.push(Token { kind, at, end: at + len });
        at += len;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns where the next token begins, behind spaces and both forms of comments.
fn skip_blanks(sql: &str, mut at: usize) -> Result<usize, SqlError> {
    loop {
        let rest = &sql[at..];
        let blanks = rest.len() - rest.trim_start().len();
        at += blanks;
        let rest = &sql[at..];
        if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let Some(len) = rest.find("*/") else {
                return Err(SqlError::new(at, "the comment has no end".into()));
            };
            at += len + 2;
        } else {
            return Ok(at);
        }
    }
}

/// Reads a text in quotes, which are doubled inside it. Returns it with its length in the statement.
fn quoted(sql: &str, at: usize, quote: char) -> Result<(String, usize), SqlError> {
    let mut text = String::new();
    let mut chars = sql[at..].char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return Ok((text, index + 1));
        }
    }
    Err(SqlError::new(at, "unclosed quotation mark".into()))
}

fn number_len(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if text.get(len) == Some(&b'.') {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<Kind> {
        tokens(sql).unwrap().into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn words_names_texts_numbers_and_signs_without_comments() {
        let word = |text: &str| Kind::Word(text.into());
        let number = |text: &str| Kind::Number(text.into());
        let expected = [
            word("select"),
            Kind::Name("a\"b".into()),
            Kind::Sign(","),
            Kind::Text("it's".into()),
            word("größe_1"),
            Kind::Sign(">="),
            Kind::Sign("-"),
            number("1.5e-3"),
            number("12"),
            word("e"),
            Kind::Sign(";"),
            Kind::End,
        ];
        let sql = "select \"a\"\"b\", 'it''s' -- no\n größe_1/*x*/>=- 1.5e-3 12e;";
        assert_eq!(kinds(sql), expected);
        assert_eq!(kinds("-- only"), [Kind::End]);
    }

    #[test]
    fn what_is_no_token_is_told_with_its_place() {
        for (sql, at) in [("select 'a", 7), ("a \"", 2), ("a /* b", 2), ("a \u{1}", 2), ("a ?", 2)]
        {
            assert_eq!(tokens(sql).unwrap_err().at, at, "{sql:?}");
        }
    }
}
