//! Decimals: a 256-bit integer and a scale, read from text and from two's complement.

use std::fmt;

/// A decimal number: an integer of up to 256 bits that is divided by ten to the power of `scale`. Equality is exact: `1.0` and
/// `1.00` differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Four words, the least significant first. Zero is never negative.
    magnitude: [u64; 4],
    scale: u8,
}

impl Decimal {
    /// The largest scale.
    pub const MAX_SCALE: u8 = 76;
    /// The most digits that the text form may have.
    const MAX_DIGITS: usize = 76;

    /// Returns `unscaled` divided by ten to the power of `scale`.
    pub fn new(unscaled: i128, scale: u8) -> Decimal {
        let magnitude = unscaled.unsigned_abs();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
        let words = [magnitude as u64, (magnitude >> 64) as u64, 0, 0];
        Decimal { negative: unscaled < 0, magnitude: words, scale }
    }

    /// Returns the number of digits after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// Returns the digits without the point, with a minus sign if the number is negative.
    pub fn unscaled(&self) -> String {
        let mut digits = self.digits();
        if self.negative {
            digits.insert(0, '-');
        }
        digits
    }

    /// Returns whether this is the least number of 256 bits, with which QuestDB marks a missing decimal.
    pub(crate) fn is_null_mark(&self) -> bool {
        self.negative && self.magnitude == [0, 0, 0, 1 << 63]
    }

    /// Converts a big-endian two's complement number of any length. Returns `None` if it does not fit in 256 bits. With more
    /// than 32 bytes QuestDB accepts no negative number, however small.
    pub(crate) fn from_be_bytes(bytes: &[u8], scale: u8) -> Option<Decimal> {
        let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
        let extension = if negative { 0xFF } else { 0 };
        let (surplus, low) = bytes.split_at(bytes.len().saturating_sub(32));
        let sign_kept = low.first().is_some_and(|b| (b & 0x80 != 0) == negative);
        if !sign_kept || surplus.iter().any(|b| *b != 0) {
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

    /// Parses the text form without its final `d`. The outer `None` means that it is not a decimal, the inner one means NULL.
    pub(crate) fn parse(text: &[u8]) -> Option<Option<Decimal>> {
        let text = without_letters(text);
        let blanks = text.iter().take_while(|b| **b == b' ').count();
        let (negative, text) = match &text[blanks..] {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        // What follows these words is ignored, as in QuestDB.
        if text.starts_with(b"NaN") || text.starts_with(b"Infinity") {
            return Some(None);
        }
        let (whole, rest) = leading_digits(text);
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(behind) => leading_digits(behind),
            None => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', number @ ..] => exponent(number)?,
            _ => return None,
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let zeros = whole.iter().take_while(|b| **b == b'0').count();
        let digits = [&whole[zeros..], fraction].concat();
        let scale = i64::try_from(fraction.len()).ok()? - exponent;
        let appended = usize::try_from(-scale).unwrap_or(0);
        let scale = usize::try_from(scale).unwrap_or(0);
        // There is always at least one digit, and at least one before the point.
        let precision = digits.len().max(1).checked_add(appended)?.max(scale + 1);
        if precision > Self::MAX_DIGITS {
            return None;
        }
        let mut magnitude = [0u64; 4];
        for digit in digits.into_iter().chain(std::iter::repeat_n(b'0', appended)) {
            multiply_add(&mut magnitude, 10, u64::from(digit - b'0'));
        }
        let scale = u8::try_from(scale).ok()?;
        Some(Some(Decimal { negative: negative && magnitude != [0; 4], magnitude, scale }))
    }

    /// Returns whether a column of some scale can hold the number: it has at most 76 digits, not counting zeros at the end of
    /// the fraction.
    pub(crate) fn fits_a_column(&self) -> bool {
        let digits = self.digits();
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        digits.len() - zeros.min(self.scale.into()) <= Self::MAX_DIGITS
    }

    /// Returns the number in units of a place after the point that is not before its own, in two's complement, the least
    /// significant word first. What does not fit in 256 bits is cut off.
    pub(crate) fn units(&self, scale: u8) -> [u64; 4] {
        let mut words = self.magnitude;
        (self.scale..scale).for_each(|_| multiply_add(&mut words, 10, 0));
        if self.negative {
            negate(&mut words);
        }
        words
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

/// Removes an `m`, and then an `f` or `d`, from the end, in upper or lower case, as QuestDB does.
fn without_letters(text: &[u8]) -> &[u8] {
    let text = match text {
        [rest @ .., b'm' | b'M'] => rest,
        _ => text,
    };
    match text {
        [rest @ .., b'f' | b'F' | b'd' | b'D'] => rest,
        _ => text,
    }
}

fn leading_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count())
}

/// Parses an integer of 32 bits that may have single underscores between its digits.
fn exponent(text: &[u8]) -> Option<i64> {
    let negative = text.first() == Some(&b'-');
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let mut value: i64 = 0;
    let mut after_digit = false;
    for b in digits {
        match b {
            b'0'..=b'9' => {
                value = (value * 10 + i64::from(b - b'0')).min(1 << 40);
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    let value = if negative { -value } else { value };
    (after_digit && i32::try_from(value).is_ok()).then_some(value)
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
            ("0e99999999999999999999", None),
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
                let taken = value >= 0 || long.len() <= 32;
                let expected = taken.then_some(expected);
                assert_eq!(Decimal::from_be_bytes(&long, 3), expected, "{value} +{extra}");
            }
            assert_eq!(expected.unscaled(), value.to_string());
        }
        let mut least = [0; 32];
        least[0] = 0x80;
        let least = Decimal::from_be_bytes(&least, 0).unwrap();
        let text = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(least.to_string(), format!("-{text}"));
        // Numbers that need one bit more than 256, of either sign.
        assert_eq!(Decimal::from_be_bytes(&[&[0], &[0x80; 32][..]].concat(), 0), None);
        assert_eq!(Decimal::from_be_bytes(&[&[0xFF], &[0x7F; 32][..]].concat(), 0), None);
    }
}
