//! Removes from texts what no message may show: the credentials that this sender sends, in whatever form a server repeats
//! them.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::base64::encode;
use super::credentials::{authorization, joined};
use crate::config::Auth;
use crate::quoted::foreign;

/// The text that replaces a secret in a message.
const MASK: &[u8] = b"***";
/// A shorter secret is masked only as a word of its own, because it is part of too many other words.
const SHORT: usize = 4;

/// The credentials of a sender, in every form in which it sends them.
#[derive(Default)]
pub(crate) struct Secrets {
    /// The forms, the longest first.
    forms: Vec<Form>,
}

struct Form {
    text: Zeroizing<String>,
    /// Whether the beginning of the form is a secret too, if the text that repeats it was cut off there.
    also_in_part: bool,
}

impl Secrets {
    /// Collects what is sent for these credentials over HTTP, and what that was made of.
    pub(crate) fn new(auth: &Auth) -> Secrets {
        let mut forms = Vec::new();
        let mut add = |text: &str, also_in_part| {
            if !text.is_empty() {
                forms.push(Form { text: joined(&[text]), also_in_part });
            }
        };
        if let Some(value) = authorization(auth) {
            add(&value, false);
        }
        match auth {
            Auth::Basic { username, password } => {
                let pair = joined(&[username, ":", password.expose()]);
                let encoded = encode(pair.as_bytes());
                add(&encoded, true);
                add(encoded.trim_end_matches('='), true);
                add(password.expose(), true);
            }
            Auth::Bearer(token) => add(token.expose(), true),
            _ => {}
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.text.len()));
        Secrets { forms }
    }

    /// Returns the text of a server in a form fit for a message: without secrets, escaped, cut to `max` bytes. `cut_off`
    /// says that the text may have gone on.
    pub(crate) fn foreign(&self, text: &[u8], cut_off: bool, max: usize) -> String {
        foreign(&self.mask(text, cut_off), max).to_string()
    }

    fn mask<'a>(&self, text: &'a [u8], cut_off: bool) -> Cow<'a, [u8]> {
        let mut masked = Vec::new();
        let (mut at, mut kept) = (0, 0);
        while at < text.len() {
            match self.forms.iter().find_map(|form| form.secret_end(text, at, cut_off)) {
                Some(end) => {
                    masked.extend_from_slice(&text[kept..at]);
                    masked.extend_from_slice(MASK);
                    (at, kept) = (end, end);
                }
                None => at += 1,
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        masked.extend_from_slice(&text[kept..]);
        Cow::Owned(masked)
    }
}

impl Form {
    /// Returns where this secret ends, if it begins at `at`. Each of its characters may be written as JSON, HTML or a URL
    /// would write it.
    fn secret_end(&self, text: &[u8], at: usize, cut_off: bool) -> Option<usize> {
        let first = text.get(at)?;
        if !matches!(first, b'\\' | b'&' | b'%') && self.text.as_bytes().first() != Some(first) {
            return None;
        }
        // A character that can be written in two ways may end in two places, such as `\\`.
        let mut ends = vec![at];
        for (matched, wanted) in self.text.chars().enumerate() {
            if cut_off
                && self.also_in_part
                && matched >= SHORT
                && ends.iter().any(|end| may_go_on(&text[*end..]))
            {
                return Some(text.len());
            }
            let mut next = Vec::new();
            for end in ends {
                let rest = &text[end..];
                for length in [plain(rest, wanted), escaped(rest, wanted), percent(rest, wanted)] {
                    if let Some(length) = length
                        && !next.contains(&(end + length))
                    {
                        next.push(end + length);
                    }
                }
            }
            if next.is_empty() {
                return None;
            }
            ends = next;
        }
        let end = ends.into_iter().max()?;
        let is_word = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let alone = is_word(before) && is_word(text.get(end));
        (self.text.len() >= SHORT || alone).then_some(end)
    }
}

/// Returns whether a text ends so early that its next character could have been any.
fn may_go_on(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b'\\', ..] => rest.len() < 6,
        [b'&', ..] => rest.len() < 8 && !rest.contains(&b';'),
        [b'%', ..] => rest.len() < 3,
        // The text ends within a character of several bytes.
        [first, ..] => !first.is_ascii() && rest.len() < 4,
    }
}

/// Returns the length of the character at the beginning of a text, if it is written as it is.
fn plain(rest: &[u8], wanted: char) -> Option<usize> {
    let mut bytes = [0; 4];
    let wanted = wanted.encode_utf8(&mut bytes).as_bytes();
    rest.starts_with(wanted).then_some(wanted.len())
}

/// Returns the same, if it is written as in JSON or HTML.
fn escaped(rest: &[u8], wanted: char) -> Option<usize> {
    let (found, length) = match rest {
        [b'\\', b'u', ..] => {
            let first = hex(rest.get(2..6)?)?;
            if (0xD800..0xDC00).contains(&first) && rest.get(6..8) == Some(b"\\u") {
                let second = hex(rest.get(8..12)?)?.checked_sub(0xDC00)?;
                (char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + second)?, 12)
            } else {
                (char::from_u32(first)?, 6)
            }
        }
        [b'\\', b'x', ..] => (char::from_u32(hex(rest.get(2..4)?)?)?, 4),
        [b'\\', escape, ..] => {
            let found = match escape {
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'"' | b'\'' | b'\\' | b'/' => char::from(*escape),
                _ => return None,
            };
            (found, 2)
        }
        [b'&', after @ ..] => {
            let end = after.iter().take(8).position(|byte| *byte == b';')?;
            let found = match &after[..end] {
                b"amp" => '&',
                b"lt" => '<',
                b"gt" => '>',
                b"quot" => '"',
                b"apos" => '\'',
                [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
                [b'#', digits @ ..] => {
                    char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?
                }
                _ => return None,
            };
            (found, end + 2)
        }
        _ => return None,
    };
    (found == wanted).then_some(length)
}

/// Returns the same, if it is written as in a URL.
fn percent(rest: &[u8], wanted: char) -> Option<usize> {
    let mut bytes = [0; 4];
    let wanted = wanted.encode_utf8(&mut bytes).as_bytes();
    let mut parts = rest.chunks(3);
    let is = |part: &[u8], byte: u8| {
        part.first() == Some(&b'%') && part.get(1..3).and_then(hex) == Some(byte.into())
    };
    wanted
        .iter()
        .all(|byte| parts.next().is_some_and(|part| is(part, *byte)))
        .then_some(3 * wanted.len())
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn basic(password: &str) -> Secrets {
        Secrets::new(&Auth::Basic { username: "u".into(), password: Secret::new(password) })
    }

    #[track_caller]
    fn check(secrets: &Secrets, text: &str, shown: &str) {
        assert_eq!(secrets.foreign(text.as_bytes(), false, 1024), shown, "{text:?}");
    }

    #[test]
    fn whatever_form_a_server_repeats_is_masked() {
        // The base64 of these has `/`, `+` and `=`.
        let secrets = basic("c?a>b/y\"\\1\u{e9}~~?");
        let encoded = &*encode("u:c?a>b/y\"\\1\u{e9}~~?".as_bytes());
        check(&secrets, "nothing of it", "nothing of it");
        check(&secrets, &format!("authorization: Basic {encoded}!"), "authorization: ***!");
        check(&secrets, &format!("bad basic {encoded}"), "bad basic ***");
        check(&secrets, encoded.trim_end_matches('='), "***");
        check(&secrets, "u:c?a>b/y\"\\1\u{e9}~~? and on", "u:*** and on");
        // This is JSON that is shown as it is, in three styles.
        let json = serde_json::to_string("c?a>b/y\"\\1\u{e9}~~?").unwrap();
        check(&secrets, &json, "\"***\"");
        check(&secrets, r#"c?a>b\/y\"\\1\u00E9~~?"#, "***");
        check(&secrets, r#"\u0063?a\u003eb/y\u0022\u005c1\u00e9~~?"#, "***");
        check(&secrets, &encoded.replace('=', r"\u003d").replace('+', r"\u002B"), "***");
        // These are HTML and URLs.
        check(&secrets, "<b>c?a&gt;b/y&quot;\\1&#233;~~&#x3F;</b>", "<b>***</b>");
        check(&secrets, "?p=c%3Fa%3Eb%2Fy%22%5C1%C3%A9~~?&x", "?p=***&x");
        let smile = basic("grin\u{1f600}ning");
        check(&smile, r"grin\ud83d\ude00ning", "***");
        let token = Secrets::new(&Auth::Bearer(Secret::new("qt1abcdef")));
        check(&token, "Bearer qt1abcdef, qt1abcdef", "***, ***");
    }

    #[test]
    fn masked_before_cut() {
        let secrets = basic("canary-7f3a");
        let text = format!("{}canary-7f3a{}", "x".repeat(1020), "y".repeat(50));
        let shown = secrets.foreign(text.as_bytes(), false, 1024);
        assert!(shown.contains("x***y") && !shown.contains("cana"), "{shown}");
        for (text, shown) in [
            ("not HTTP: canary-7", "not HTTP: ***"),
            ("not HTTP: canary\\u002", "not HTTP: ***"),
            ("not HTTP: canary%2", "not HTTP: ***"),
            ("not HTTP: can", "not HTTP: can"),
            ("give it as Basic", "give it as Basic"),
            ("canary in a mine", "canary in a mine"),
        ] {
            assert_eq!(secrets.foreign(text.as_bytes(), true, 1024), shown);
        }
    }

    #[test]
    fn short_secrets_are_masked_as_words_and_many_backslashes_cost_little() {
        let secrets = basic("a");
        check(&secrets, "a bad password: a", "*** bad password: ***");
        check(&basic(""), "u: empty", "u: empty");
        let slashes = "\\".repeat(60);
        check(&basic(&slashes), &"\\".repeat(120), "***");
        check(&basic(&format!("{slashes}x")), &"\\".repeat(4000)[..1000], &"\\".repeat(1000));
    }
}
