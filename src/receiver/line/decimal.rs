//! Decimals: a 256-bit integer and a scale, from text and from two's complement.

use std::fmt;

/// A decimal number: an integer of up to 256 bits divided by ten to the power of `scale`. Equality is exact:
/// `1.0` and `1.00` differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Four words, the least significant first; zero is never negative.
    magnitude: [u64; 4],
    scale: u8,
}

impl Decimal {
    /// The largest scale.
    pub const MAX_SCALE: u8 = 76;
    /// The most digits the text form may have.
    const MAX_DIGITS: usize = 76;

    /// `unscaled` divided by ten to the power of `scale`.
    pub fn new(unscaled: i128, scale: u8) -> Decimal {
        let magnitude = unscaled.unsigned_abs();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
        let words = [magnitude as u64, (magnitude >> 64) as u64, 0, 0];
        Decimal { negative: unscaled < 0, magnitude: words, scale }
    }

    /// How many digits stand behind the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// The digits without the point, with a minus when negative.
    pub fn unscaled(&self) -> String {
        let mut digits = self.digits();
        if self.negative {
            digits.insert(0, '-');
        }
        digits
    }

    /// Whether this is the least number of 256 bits, QuestDB's mark for a missing decimal.
    pub(in crate::receiver) fn is_null_mark(&self) -> bool {
        self.negative && self.magnitude == [0, 0, 0, 1 << 63]
    }

    /// A big-endian two's complement number of any length; `None` when it does not fit 256 bits.
    pub(super) fn from_be_bytes(bytes: &[u8], scale: u8) -> Option<Decimal> {
        let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
        let extension = if negative { 0xFF } else { 0 };
        let (surplus, low) = bytes.split_at(bytes.len().saturating_sub(32));
        let sign_kept = low.first().is_some_and(|b| (b & 0x80 != 0) == negative);
        if !sign_kept || surplus.iter().any(|b| *b != extension) {
            return None;
        }
        let mut full = [extension; 32];
        full[32 - low.len()..].copy_from_slice(low);
        let mut magnitude = [0u64; 4];
        for (word, chunk) in magnitude.iter_mut().zip(full.as_rchunks().1.iter().rev()) {
            *word = u64::from_be_bytes(*chunk);
        }
        if negative {
            negate(&mut magnitude);
        }
        Some(Decimal { negative, magnitude, scale })
    }

    /// The text form without its `d`. The outer `None` means not a decimal, the inner one NULL.
    pub(in crate::receiver) fn parse(text: &[u8]) -> Option<Option<Decimal>> {
        // QuestDB drops an `m` and then an `f` or `d` at the end.
        let text = text.strip_suffix(b"m").unwrap_or(text);
        let text = text.strip_suffix(b"f").or(text.strip_suffix(b"d")).unwrap_or(text);
        let negative = text.first() == Some(&b'-');
        let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
        if text.starts_with(b"NaN") || text.starts_with(b"Infinity") {
            return Some(None);
        }
        let exponent_at = text.iter().position(|b| matches!(b, b'e' | b'E'));
        let (mantissa, exponent) = match exponent_at {
            Some(at) => (&text[..at], exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (mut digits, fraction) = mantissa_digits(mantissa)?;
        let mut scale = fraction - exponent;
        if scale < 0 {
            let zeros = if digits.is_empty() { 0 } else { scale.unsigned_abs() };
            digits.extend((0..zeros).take(Self::MAX_DIGITS + 1).map(|_| 0));
            scale = 0;
        }
        if digits.len() > Self::MAX_DIGITS {
            return None;
        }
        let scale = u8::try_from(scale).ok().filter(|s| *s <= Self::MAX_SCALE)?;
        let mut magnitude = [0u64; 4];
        for digit in digits {
            multiply_add(&mut magnitude, 10, u64::from(digit));
        }
        Some(Some(Decimal { negative: negative && magnitude != [0; 4], magnitude, scale }))
    }

    fn digits(&self) -> String {
        const CHUNK: u64 = 10_000_000_000_000_000_000;
        let mut rest = self.magnitude;
        let mut chunks = vec![divide(&mut rest, CHUNK)];
        while rest != [0; 4] {
            chunks.push(divide(&mut rest, CHUNK));
        }
        let mut text = chunks.pop().unwrap_or(0).to_string();
        for chunk in chunks.iter().rev() {
            text.push_str(&format!("{chunk:019}"));
        }
        text
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.digits(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.negative { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The digits without leading zeros, and how many stood behind the point. One digit more than allowed is kept, so
/// that the caller sees the excess; the rest of a longer number is only counted.
fn mantissa_digits(mantissa: &[u8]) -> Option<(Vec<u8>, i64)> {
    let mut digits = Vec::new();
    let mut any = false;
    let mut fraction: Option<i64> = None;
    for b in mantissa {
        match b {
            b'0'..=b'9' => {
                any = true;
                fraction = fraction.map(|n| n + 1);
                let leading_zero = digits.is_empty() && *b == b'0';
                if !leading_zero && digits.len() <= Decimal::MAX_DIGITS {
                    digits.push(b - b'0');
                }
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            _ => return None,
        }
    }
    any.then_some((digits, fraction.unwrap_or(0)))
}

/// An integer; beyond any useful size it is cut off.
fn exponent(text: &[u8]) -> Option<i64> {
    let negative = text.first() == Some(&b'-');
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fold = |n: i64, b: &u8| (n * 10 + i64::from(b - b'0')).min(1 << 40);
    let value = digits.iter().fold(0, fold);
    Some(if negative { -value } else { value })
}

fn negate(words: &mut [u64; 4]) {
    let mut carry = true;
    for word in words {
        let (value, overflow) = (!*word).overflowing_add(u64::from(carry));
        *word = value;
        carry = overflow;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a product")]
fn multiply_add(words: &mut [u64; 4], factor: u64, addend: u64) {
    let mut carry = u128::from(addend);
    for word in words {
        let product = u128::from(*word) * u128::from(factor) + carry;
        *word = product as u64;
        carry = product >> 64;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "remainder and quotient fit the divisor")]
fn divide(words: &mut [u64; 4], divisor: u64) -> u64 {
    let mut remainder = 0u128;
    for word in words.iter_mut().rev() {
        let dividend = remainder << 64 | u128::from(*word);
        *word = (dividend / u128::from(divisor)) as u64;
        remainder = dividend % u128::from(divisor);
    }
    remainder as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_meet_at_the_limits() {
        let nines = "9".repeat(76);
        let cases: &[(&str, Option<Option<&str>>)] = &[
            ("0", Some(Some("0"))),
            ("-0", Some(Some("0"))),
            ("+1.5", Some(Some("1.5"))),
            (".5", Some(Some("0.5"))),
            ("5.", Some(Some("5"))),
            ("1.5e1", Some(Some("15"))),
            ("1.5m", Some(Some("1.5"))),
            ("0e99999999999999999999", Some(Some("0"))),
            ("1e75", Some(Some(&format!("1{}", "0".repeat(75))))),
            ("1e76", None),
            ("0e-77", None),
            ("1e99999999999999999999", None),
            ("1e-99999999999999999999", None),
            (&nines, Some(Some(&nines))),
            (&format!("{nines}9"), None),
            (&format!("000{nines}"), Some(Some(&nines))),
            ("NaNsense", Some(None)),
            ("-Infinity", Some(None)),
            ("nan", None),
            ("", None),
            ("-", None),
            (".", None),
            ("1E+3", Some(Some("1000"))),
            ("1e+-3", None),
            ("1e", None),
            ("1 ", None),
        ];
        for (text, expected) in cases {
            let parsed = Decimal::parse(text.as_bytes());
            let parsed = parsed.map(|d| d.map(|d| d.to_string()));
            assert_eq!(parsed, expected.map(|e| e.map(String::from)), "{text:?}");
        }
    }

    #[test]
    fn two_s_complement_of_every_length() {
        for value in [0, 1, -1, 127, 128, -128, -129, i128::MAX, i128::MIN] {
            let expected = Decimal::new(value, 3);
            assert_eq!(Decimal::from_be_bytes(&value.to_be_bytes(), 3), Some(expected));
            let fill = if value < 0 { 0xFF } else { 0 };
            for extra in [1, 16, 17, 200] {
                let long = [vec![fill; extra], value.to_be_bytes().to_vec()].concat();
                assert_eq!(Decimal::from_be_bytes(&long, 3), Some(expected), "{value} +{extra}");
            }
            assert_eq!(expected.unscaled(), value.to_string());
        }
        let mut least = [0; 32];
        least[0] = 0x80;
        let least = Decimal::from_be_bytes(&least, 0).unwrap();
        let text = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(least.to_string(), format!("-{text}"));
        // One bit more than 256 in each direction.
        assert_eq!(Decimal::from_be_bytes(&[&[0], &[0x80; 32][..]].concat(), 0), None);
        assert_eq!(Decimal::from_be_bytes(&[&[0xFF], &[0x7F; 32][..]].concat(), 0), None);
    }
}
