//! The values that keys take: how they are written, and which are in range.

use std::net::IpAddr;
use std::time::Duration;

use crate::error::printable;

/// The values that a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyKind {
    Bool,
    Number {
        min: u64,
        max: u64,
    },
    /// A number from 0 to 1.
    Fraction,
    /// A number of bytes, also written with `k`, `m` or `g` for powers of 1024.
    Bytes {
        min: u64,
        max: u64,
    },
    /// A time in milliseconds, also written with `ms`, `s`, `m` or `h`.
    Millis {
        max: u64,
        zero_is_off: bool,
    },
    /// `host:port`, or a port of the default host.
    Address,
    /// One of these words, in upper or lower case.
    Choice(&'static [&'static str]),
    Text,
    Path,
    /// A text that is never shown, and may come from a file that a variable names.
    Secret,
}

/// A value that was checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Unset,
    Bool(bool),
    Number(u64),
    Fraction(f64),
    Millis(Option<Duration>),
    Address { host: Option<String>, port: u16 },
    Choice(&'static str),
    Text(String),
}

impl KeyKind {
    /// Parses a value. The error says which values are in range, and never repeats a secret.
    pub(super) fn parse(self, text: &str) -> Result<Value, String> {
        if let KeyKind::Secret = self {
            return Ok(if text.is_empty() { Value::Unset } else { Value::Text(text.to_owned()) });
        }
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() && matches!(self, KeyKind::Text | KeyKind::Path) {
            return Ok(Value::Unset);
        }
        self.parsed(text)
            .ok_or_else(|| format!("{} is out of range: {}", quoted(text), self.range()))
    }

    fn parsed(self, text: &str) -> Option<Value> {
        Some(match self {
            KeyKind::Bool => Value::Bool(match text.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
            KeyKind::Number { min, max } => {
                Value::Number(number(text).filter(|n| (min..=max).contains(n))?)
            }
            KeyKind::Fraction => {
                let decimal = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let fraction = text.parse().ok().filter(|f| decimal && (0.0..=1.0).contains(f))?;
                Value::Fraction(fraction)
            }
            KeyKind::Bytes { min, max } => {
                const UNITS: [(&str, u64); 4] =
                    [("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("", 1)];
                Value::Number(with_unit(text, &UNITS).filter(|n| (min..=max).contains(n))?)
            }
            KeyKind::Millis { max, zero_is_off } => {
                const UNITS: [(&str, u64); 5] =
                    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("", 1)];
                let millis = with_unit(text, &UNITS).filter(|n| *n <= max)?;
                let off = zero_is_off && millis == 0;
                Value::Millis((!off).then(|| Duration::from_millis(millis)))
            }
            KeyKind::Address => return address(text),
            KeyKind::Choice(words) => {
                Value::Choice(words.iter().find(|w| w.eq_ignore_ascii_case(text))?)
            }
            KeyKind::Text | KeyKind::Path | KeyKind::Secret => Value::Text(text.to_owned()),
        })
    }

    /// Says which values are in range.
    pub(super) fn range(self) -> String {
        match self {
            KeyKind::Bool => "true or false".to_owned(),
            KeyKind::Number { min, max } => format!("{min} to {max}"),
            KeyKind::Fraction => "0 to 1".to_owned(),
            KeyKind::Bytes { min, max } => {
                format!("{} to {} bytes; k, m and g may follow the number", bytes(min), bytes(max))
            }
            KeyKind::Millis { max, zero_is_off } => {
                let off = if zero_is_off { "; 0 is off" } else { "" };
                format!("0 to {max} ms{off}; ms, s, m and h may follow the number")
            }
            KeyKind::Address => "HOST:PORT or PORT; port 0 takes a free one".to_owned(),
            KeyKind::Choice([word]) => (*word).to_owned(),
            KeyKind::Choice(words) => words.join(", "),
            KeyKind::Text => "text".to_owned(),
            KeyKind::Path => "a path; a relative one begins in the server's folder".to_owned(),
            KeyKind::Secret => "text that is never shown".to_owned(),
        }
    }

    /// Returns the value as a listing shows it.
    pub(super) fn shown(self, text: &str) -> String {
        match self {
            KeyKind::Secret if !text.is_empty() => "********".to_owned(),
            _ => printable(text.as_bytes(), 256),
        }
    }
}

/// A value as what its key needs. Each of these is called for kinds that have it; others get what changes least.
impl Value {
    pub(super) fn is_true(&self) -> bool {
        *self == Value::Bool(true)
    }

    /// Returns a number, or the largest one that this machine can count to.
    pub(super) fn size(&self) -> usize {
        match self {
            Value::Number(n) => usize::try_from(*n).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    pub(super) fn fraction(&self) -> f64 {
        if let Value::Fraction(f) = self { *f } else { 1.0 }
    }

    pub(super) fn time(&self) -> Duration {
        self.time_if_on().unwrap_or_default()
    }

    pub(super) fn time_if_on(&self) -> Option<Duration> {
        if let Value::Millis(time) = self { *time } else { None }
    }

    pub(super) fn word(&self) -> &'static str {
        if let Value::Choice(word) = self { word } else { "" }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text.as_bytes(), 128))
}

/// Writes a number of bytes in the largest unit that keeps it whole.
fn bytes(n: u64) -> String {
    [(30, "g"), (20, "m"), (10, "k")]
        .into_iter()
        .find(|(shift, _)| n != 0 && n.trailing_zeros() >= *shift)
        .map_or_else(|| n.to_string(), |(shift, unit)| format!("{}{unit}", n >> shift))
}

/// Parses digits alone: no sign, which the parser of the standard library would take.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    units.iter().find_map(|(unit, factor)| {
        number(lower.strip_suffix(unit)?.trim_end())?.checked_mul(*factor)
    })
}

fn address(text: &str) -> Option<Value> {
    let port = |text: &str| u16::try_from(number(text)?).ok();
    if let Some(port) = port(text) {
        return Some(Value::Address { host: None, port });
    }
    let (host, after) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let is_v6 = bare.unwrap_or(host).contains(':');
    // Without brackets, the last group of an IPv6 address would be taken for a port.
    let valid = match bare {
        Some(bare) => matches!(bare.parse(), Ok(IpAddr::V6(_))),
        None => !is_v6 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    let host = bare.unwrap_or(host);
    if !valid || host.is_empty() {
        return None;
    }
    Some(Value::Address { host: Some(host.to_owned()), port: port(after)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(host: Option<&str>, port: u16) -> Value {
        Value::Address { host: host.map(str::to_owned), port }
    }

    #[test]
    fn values_are_read_in_every_form() {
        let bytes = KeyKind::Bytes { min: 1, max: 1 << 40 };
        let millis = KeyKind::Millis { max: 86_400_000, zero_is_off: true };
        let ms = |n| Value::Millis(Some(Duration::from_millis(n)));
        for (kind, text, value) in [
            (KeyKind::Bool, "True", Value::Bool(true)),
            (KeyKind::Bool, " false\t", Value::Bool(false)),
            (KeyKind::Number { min: 0, max: 9 }, "9", Value::Number(9)),
            (KeyKind::Fraction, "0.5", Value::Fraction(0.5)),
            (KeyKind::Fraction, "1", Value::Fraction(1.0)),
            (bytes, "2048", Value::Number(2048)),
            (bytes, "2k", Value::Number(2048)),
            (bytes, "3 M", Value::Number(3 << 20)),
            (bytes, "1G", Value::Number(1 << 30)),
            (millis, "0", Value::Millis(None)),
            (millis, "5000", ms(5000)),
            (millis, "250ms", ms(250)),
            (millis, "5s", ms(5000)),
            (millis, "2m", ms(120_000)),
            (millis, "1h", ms(3_600_000)),
            (KeyKind::Address, "9009", address_of(None, 9009)),
            (KeyKind::Address, "0.0.0.0:0", address_of(Some("0.0.0.0"), 0)),
            (KeyKind::Address, "my-host.lan:80", address_of(Some("my-host.lan"), 80)),
            (KeyKind::Address, "[::1]:9009", address_of(Some("::1"), 9009)),
            (KeyKind::Choice(&["DAY", "HOUR"]), "day", Value::Choice("DAY")),
            (KeyKind::Text, " a b ", Value::Text("a b".to_owned())),
            (KeyKind::Path, "", Value::Unset),
            (KeyKind::Secret, " x ", Value::Text(" x ".to_owned())),
            (KeyKind::Secret, "", Value::Unset),
        ] {
            assert_eq!(kind.parse(text), Ok(value), "{kind:?} {text:?}");
        }
    }

    #[test]
    fn a_value_out_of_range_names_itself_and_the_range() {
        let bytes = KeyKind::Bytes { min: 512, max: 1 << 30 };
        let millis = KeyKind::Millis { max: 1000, zero_is_off: false };
        for (kind, text, said) in [
            (KeyKind::Bool, "yes", "\"yes\" is out of range: true or false"),
            (KeyKind::Number { min: 1, max: 9 }, "10", "\"10\" is out of range: 1 to 9"),
            (KeyKind::Number { min: 1, max: 9 }, "+1", "\"+1\" is out of range: 1 to 9"),
            (KeyKind::Number { min: 1, max: 9 }, "", "\"\" is out of range: 1 to 9"),
            (KeyKind::Fraction, "1.5", "\"1.5\" is out of range: 0 to 1"),
            (KeyKind::Fraction, "nan", "\"nan\" is out of range: 0 to 1"),
            (
                bytes,
                "511",
                "\"511\" is out of range: 512 to 1g bytes; k, m and g may follow the number",
            ),
            (
                bytes,
                "99999999999g",
                "\"99999999999g\" is out of range: 512 to 1g bytes; k, m and g may follow the number",
            ),
            (
                millis,
                "2s",
                "\"2s\" is out of range: 0 to 1000 ms; ms, s, m and h may follow the number",
            ),
            (KeyKind::Choice(&["DAY", "HOUR"]), "a\nb", "\"a\\nb\" is out of range: DAY, HOUR"),
        ] {
            assert_eq!(kind.parse(text), Err(said.to_owned()));
        }
        for text in ["", ":1", "a:", "::1:80", "[::1]", "[a]:1", "a b:1", "a:65536", "1:2:3", "x"] {
            assert!(KeyKind::Address.parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(KeyKind::Secret.shown("hush"), "********");
        assert_eq!(KeyKind::Text.shown("a\tb"), "a\\tb");
    }
}
