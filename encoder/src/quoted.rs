//! Text of others within messages: quoted, on one line, cut. It may come from a server or a user, so it must neither break lines
//! nor hide or reorder what stands around it.

use std::fmt;

/// Returns foreign text in a form fit for a message: quoted, control characters escaped, cut to `MAX_SHOWN` bytes with a
/// note.
pub fn shown(text: &str) -> impl fmt::Display + '_ {
    shown_bytes(text.as_bytes())
}

/// Like [`shown`], for bytes that may not be UTF-8.
pub(crate) fn shown_bytes(bytes: &[u8]) -> impl fmt::Display + '_ {
    Shown { bytes, max: MAX_SHOWN, quoted: true }
}

/// Like [`shown`], without quotes and cut to `max` bytes: for text that a server sent, which may not be UTF-8.
pub fn foreign(bytes: &[u8], max: usize) -> impl fmt::Display + '_ {
    Shown { bytes, max, quoted: false }
}

/// Returns whether a character is invisible itself and breaks lines, hides text or changes the order of what is shown.
fn reorders_text(c: char) -> bool {
    matches!(
        c,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// The longest quoted text in bytes.
const MAX_SHOWN: usize = 128;

struct Shown<'a> {
    bytes: &'a [u8],
    max: usize,
    quoted: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        let mut cut = self.bytes.len().min(self.max);
        // A cut in the middle of a character would show it as broken, so the cut moves back to its start.
        while cut < self.bytes.len() && cut > 0 && self.bytes[cut] & 0xC0 == 0x80 {
            cut -= 1;
        }
        if self.quoted {
            f.write_char('"')?;
        }
        for chunk in self.bytes[..cut].utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    '"' if self.quoted => f.write_str("\\\"")?,
                    c if c.is_control() || reorders_text(c) => {
                        write!(f, "{}", c.escape_unicode())?;
                    }
                    c => f.write_char(c)?,
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        if self.quoted {
            f.write_char('"')?;
        }
        if cut < self.bytes.len() {
            write!(f, "… ({} bytes)", self.bytes.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_one_short_printable_line() {
        assert_eq!(shown("a\nb\u{1b}[0m\"").to_string(), r#""a\nb\u{1b}[0m\"""#);
        assert_eq!(shown_bytes(b"ok\xff").to_string(), "\"ok\\xff\"");
        let long = "é".repeat(100);
        let text = shown(&long).to_string();
        assert!(text.ends_with("… (200 bytes)"), "{text}");
        assert_eq!(text.matches('é').count(), 64);
    }
}
