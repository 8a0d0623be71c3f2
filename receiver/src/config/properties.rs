//! The form of `server.conf`: Java properties in UTF-8, which is what QuestDB reads.

use crate::error::printable;

/// A key with its value, and the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// What is wrong with a file, and the line where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) what: String,
}

/// Reads all properties in their order. What is wrong is collected, so that a user sees all of it at once.
pub(super) fn parse(content: &[u8]) -> (Vec<Property>, Vec<Malformed>) {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut lines = content.split(|b| *b == b'\n').enumerate();
    while let Some((index, first)) = lines.next() {
        let line = index + 1;
        let mut logical = trimmed(first).to_vec();
        if logical.is_empty() || matches!(logical[0], b'#' | b'!') {
            continue;
        }
        // An odd number of backslashes at the end continues on the next line.
        while logical.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1 {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.extend_from_slice(trimmed(next)),
                None => break,
            }
        }
        match property(&logical) {
            Ok((key, value)) => found.push(Property { line, key, value }),
            Err(what) => wrong.push(Malformed { line, what }),
        }
    }
    (found, wrong)
}

/// Returns the line without its `\r` and without blanks at its start. Those at the end belong to the value.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.trim_ascii_start()
}

fn property(line: &[u8]) -> Result<(String, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let blank = |c: char| matches!(c, ' ' | '\t' | '\u{c}');
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let ends = !escaped && (blank(*c) || matches!(c, '=' | ':'));
        escaped = !escaped && *c == '\\';
        ends
    });
    let (key, rest) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    let rest = rest.trim_start_matches(blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    let key = unescaped(key)?;
    if key.is_empty() {
        return Err("there is no key before the value".to_owned());
    }
    Ok((key, unescaped(rest)?))
}

/// Replaces escapes such as `\t`, `\u00e9` and `\=`.
fn unescaped(text: &str) -> Result<String, String> {
    // A pair of escapes may be one character, so the units of UTF-16 are joined before they become text.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next() {
                None => break,
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    units.push(code_unit(&chars.by_ref().take(4).collect::<String>())?);
                    continue;
                }
                Some(c) => c,
            },
            c => c,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).map_err(|_| "a \\u escape is half a character".to_owned())
}

fn code_unit(digits: &str) -> Result<u16, String> {
    let hexadecimal = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hexadecimal).ok_or_else(|| {
        let digits = printable(digits.as_bytes(), 16);
        format!("\\u{digits} is no character: four hexadecimal digits follow \\u")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(content: &str) -> Vec<(usize, String, String)> {
        let (found, wrong) = parse(content.as_bytes());
        assert_eq!(wrong, []);
        found.into_iter().map(|p| (p.line, p.key, p.value)).collect()
    }

    #[test]
    fn every_form_of_a_property_is_read() {
        for (content, key, value) in [
            ("a.b=c", "a.b", "c"),
            ("a.b = c d", "a.b", "c d"),
            ("  a.b:c", "a.b", "c"),
            ("a.b c", "a.b", "c"),
            ("a.b\t=\tc\r", "a.b", "c"),
            ("a.b", "a.b", ""),
            ("a.b=", "a.b", ""),
            ("a.b==c", "a.b", "=c"),
            ("a\\=b=c", "a=b", "c"),
            ("a\\ b=c", "a b", "c"),
            ("a=C:\\\\x\\ty", "a", "C:\\x\ty"),
            ("a=\\u00e9\\ud83d\\ude00\u{0}é", "a", "é😀\u{0}é"),
            ("a=x\\\n   y\\\\", "a", "xy\\"),
            ("\u{feff}a=1", "a", "1"),
            ("a=b\\", "a", "b"),
        ] {
            assert_eq!(pairs(content), [(1, key.to_owned(), value.to_owned())], "{content:?}");
        }
    }

    #[test]
    fn comments_and_empty_lines_count_but_say_nothing() {
        let content = "# a=1\n\n  ! b=2\nc=3\\\n4\nd=5\n";
        let expected = [(4, "c".to_owned(), "34".to_owned()), (6, "d".to_owned(), "5".to_owned())];
        assert_eq!(pairs(content), expected);
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_line() {
        let (found, wrong) = parse(b"a=\\u12g4\nb=1\n=2\nc=\xff\nd=\\ud800\ne=\\u\x1b[0m\n");
        assert_eq!(found.len(), 1);
        let said: Vec<_> = wrong.iter().map(|w| (w.line, w.what.as_str())).collect();
        let expected = [
            (1, "\\u12g4 is no character: four hexadecimal digits follow \\u"),
            (3, "there is no key before the value"),
            (4, "it is not UTF-8"),
            (5, "a \\u escape is half a character"),
            // A file of somebody else's must not write to the terminal of whoever checks it.
            (6, "\\u\\u{1b}[0m is no character: four hexadecimal digits follow \\u"),
        ];
        assert_eq!(said, expected);
    }
}
