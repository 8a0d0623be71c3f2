//! Decimals, given as text or as binary unscaled integers. The server refuses a whole request for a number that is out of
//! range, so the range is checked here, exactly as the server checks it (`tests/decimals.txt`).

use super::ProtocolVersion;
use super::value::{Feature, Payload, WireValue};
use super::write::{PayloadLen, Room};
use crate::error::{Error, err};
use crate::quoted::shown_bytes;
use crate::text::Text;

const MAX_SCALE: u32 = 76;
const MAX_LEN: usize = 32;
/// The most digits of a decimal; leading zeros do not count.
const MAX_DIGITS: usize = 76;
/// The most digits after the point in text. The server counts the zero before the point too, so this is one less than a
/// scale may be.
const MAX_PLACES: usize = MAX_DIGITS - 1;
/// A decimal needs far less than this. A longer text is taken for a mistake of the caller, and is not read.
const LONGEST_TEXT: usize = 4 << 10;
/// Exponents are not read beyond this, which is more than the digits of any text can compensate.
const MAX_EXPONENT: i64 = 1_000_000;
const BINARY: [u8; 2] = [b'=', 0x17];

/// The number of bytes before an unscaled integer.
const HEAD: usize = 4;

/// A decimal as text.
#[derive(Clone, Copy)]
pub(super) struct DecimalText<'a>(pub(super) Text<'a>);

impl WireValue for DecimalText<'_> {
    const ROOM: usize = 1;
    const PAYLOAD: Payload = Payload::AsItIs;
    const NEEDS: Feature = Feature::DECIMALS;

    /// Nothing for a text that is too long, for which no room is made: it is refused for what it is.
    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        let text = self.0.as_bytes();
        if text.len() > LONGEST_TEXT { PayloadLen::NONE } else { PayloadLen::of(text) }
    }

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        let text = self.0.as_bytes();
        let good = text.len() <= LONGEST_TEXT && (is_plain(text) || judge(text).is_ok());
        if good {
            out.slice(text);
            out.byte(b'd');
        }
        good
    }

    #[cold]
    fn fault(self) -> Option<Error> {
        let text = self.0.as_bytes();
        judge(text).err().map(|fault| bad_text(text, fault))
    }
}

/// A decimal as scale and big-endian two's complement; an empty slice means NULL.
#[derive(Clone, Copy)]
pub(super) struct Decimal<'a>(pub(super) u32, pub(super) &'a [u8]);

impl WireValue for Decimal<'_> {
    const ROOM: usize = HEAD;
    const PAYLOAD: Payload = Payload::AsItIs;
    const NEEDS: Feature = Feature::DECIMALS;

    /// Nothing for a number that is too long, as for a text.
    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        if self.1.len() > MAX_LEN { PayloadLen::NONE } else { PayloadLen::of(self.1) }
    }

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        let Some(head) = head(self.0, self.1.len()) else { return false };
        out.put(head, HEAD);
        out.slice(self.1);
        is_short(self.1) || out.allows_slow_checks() && fits_digits(self.0, self.1)
    }

    #[cold]
    fn fault(self) -> Option<Error> {
        let Decimal(scale, unscaled) = self;
        let len = unscaled.len();
        if scale > MAX_SCALE {
            return Some(err!(
                InvalidDecimal,
                "the scale of a decimal is {scale}, the limit is {MAX_SCALE}"
            ));
        }
        if len > MAX_LEN {
            return Some(err!(
                InvalidDecimal,
                "the unscaled integer of a decimal has {len} bytes, the limit is {MAX_LEN}"
            ));
        }
        if is_short(unscaled) || fits_digits(scale, unscaled) {
            return None;
        }
        let hex: String = unscaled.iter().map(|b| format!("{b:02x}")).collect();
        Some(err!(
            InvalidDecimal,
            "the unscaled integer 0x{hex} of a decimal has 77 digits, the limit is {MAX_DIGITS}"
        ))
    }
}

/// A decimal as scale and integer, sent in as few bytes as it needs.
#[derive(Clone, Copy)]
pub(super) struct DecimalInteger(pub(super) u32, pub(super) i128);

impl WireValue for DecimalInteger {
    const ROOM: usize = HEAD + size_of::<i128>();
    const NEEDS: Feature = Feature::DECIMALS;

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        let (bytes, len) = shortest(self.1);
        let Some(head) = head(self.0, len) else { return false };
        out.put(head, HEAD);
        out.put(bytes, len);
        true
    }

    #[cold]
    fn fault(self) -> Option<Error> {
        Decimal(self.0, &[]).fault()
    }
}

/// Returns the bytes before an unscaled integer of `len` bytes; `None` if scale or length is out of range.
#[inline(always)]
fn head(scale: u32, len: usize) -> Option<[u8; HEAD]> {
    let ([scale_byte, ..], [len_byte, ..]) = (scale.to_le_bytes(), len.to_le_bytes());
    (scale <= MAX_SCALE && len <= MAX_LEN).then_some([BINARY[0], BINARY[1], scale_byte, len_byte])
}

/// Returns whether an integer obviously has no more digits than a decimal may have: it has fewer than 32 bytes, or the first
/// of its 32 bytes only repeats the sign.
#[inline(always)]
fn is_short(unscaled: &[u8]) -> bool {
    unscaled.len() < MAX_LEN || matches!(unscaled.first(), Some(0 | 0xFF))
}

/// Returns an integer in as few big-endian bytes as it needs, and how many these are.
#[inline(always)]
fn shortest(unscaled: i128) -> ([u8; 16], usize) {
    // Counts the bytes that only repeat the sign; one bit of the sign must stay.
    let redundant = ((unscaled ^ (unscaled >> 127)).leading_zeros() - 1) / 8;
    ((unscaled << (8 * redundant)).to_be_bytes(), 16 - redundant as usize)
}

/// Returns whether a text is digits with an optional sign and point, and too short to be out of range.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    // The length is checked before the text is read, because a length from another language may be a mistake.
    if unsigned.len() > MAX_DIGITS {
        return false;
    }
    let digits = unsigned.iter().filter(|b| b.is_ascii_digit()).count();
    let points = unsigned.iter().filter(|b| **b == b'.').count();
    digits >= 1 && points <= 1 && digits + points == unsigned.len()
}

/// What is wrong with a decimal given as text.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// The text is longer than what is read.
    Length,
    NotANumber,
    /// The number has more digits than a decimal may have.
    Digits(i64),
    /// The number has more digits after the point than text may have.
    Places(i64),
}

/// Checks that a text is `[+-] digits [. digits] [e [+-] digits]` in the server's range, or one of the words.
#[inline(never)]
fn judge(text: &[u8]) -> Result<(), Fault> {
    if text.len() > LONGEST_TEXT {
        return Err(Fault::Length);
    }
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    if unsigned == b"NaN" || unsigned == b"Infinity" {
        return Ok(());
    }
    let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(e) => (&unsigned[..e], exponent(&unsigned[e + 1..]).ok_or(Fault::NotANumber)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
        None => (mantissa, &[][..]),
    };
    let mut digits = whole.iter().chain(fraction);
    if whole.len() + fraction.len() == 0 || !digits.all(u8::is_ascii_digit) {
        return Err(Fault::NotANumber);
    }
    let zeros = whole.iter().take_while(|b| **b == b'0').count();
    let written = small(whole.len() - zeros + fraction.len()).max(1);
    let places = small(fraction.len()) - exponent;
    // The part of an exponent that exceeds the fraction appends zeros.
    let digits = written + (-places).max(0);
    if digits > small(MAX_DIGITS) {
        return Err(Fault::Digits(digits));
    }
    if places > small(MAX_PLACES) { Err(Fault::Places(places)) } else { Ok(()) }
}

/// Converts a length of at most [`LONGEST_TEXT`].
fn small(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX / 4)
}

/// Reads an exponent, cut to [`MAX_EXPONENT`].
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let append = |n: i64, digit: &u8| (10 * n + i64::from(digit - b'0')).min(MAX_EXPONENT);
    let value = digits.iter().fold(0, append);
    Some(if negative { -value } else { value })
}

/// Returns whether an integer has at most 76 digits, not counting trailing zeros that `scale` puts after the point. The
/// smallest integer of 32 bytes passes, because it is the server's NULL.
#[cold]
#[inline(never)]
fn fits_digits(scale: u32, unscaled: &[u8]) -> bool {
    /// Ten to the power of 76.
    const LIMIT: [u64; 4] =
        [0x161B_CCA7_1199_15B5, 0x0764_B4AB_E865_2979, 0x7775_A5F1_7195_1000, 0];
    let Some(unscaled) = unscaled.first_chunk::<MAX_LEN>() else { return true };
    let mut words = magnitude(unscaled);
    let mut places = scale;
    while words >= LIMIT {
        if words == [1 << 63, 0, 0, 0] {
            return true;
        }
        if places == 0 || divide_by_ten(&mut words) != 0 {
            return false;
        }
        places -= 1;
    }
    true
}

/// Returns the absolute value of an integer as words, the most significant first.
fn magnitude(unscaled: &[u8; MAX_LEN]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(unscaled.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    if words[0] >> 63 == 1 {
        let mut carry = true;
        for word in words.iter_mut().rev() {
            (*word, carry) = (!*word).overflowing_add(u64::from(carry));
        }
    }
    words
}

/// Divides by ten in place and returns the remainder.
fn divide_by_ten(words: &mut [u64; 4]) -> u64 {
    let mut remainder = 0;
    for word in words {
        // Each word is divided in halves: the remainder is below ten, so that each step fits 64 bits.
        let high = remainder << 32 | *word >> 32;
        let low = ((high % 10) << 32) | (*word & 0xFFFF_FFFF);
        (*word, remainder) = (((high / 10) << 32) | (low / 10), low % 10);
    }
    remainder
}

#[cold]
#[inline(never)]
fn bad_text(text: &[u8], fault: Fault) -> Error {
    let shown = shown_bytes(text);
    let count = |n: i64| if n < MAX_EXPONENT / 2 { n.to_string() } else { "far more".to_owned() };
    match fault {
        Fault::Length => {
            let len = text.len();
            err!(
                InvalidDecimal,
                "the text of a decimal has {len} bytes, the limit is {LONGEST_TEXT}"
            )
        }
        Fault::NotANumber => err!(InvalidDecimal, "{shown} is not a decimal number"),
        Fault::Digits(digits) => {
            let digits = count(digits);
            err!(InvalidDecimal, "{shown} has {digits} digits, a decimal has at most {MAX_DIGITS}")
        }
        Fault::Places(places) => {
            let places = count(places);
            err!(
                InvalidDecimal,
                "{shown} has {places} digits behind the point, a decimal given as text has at most {MAX_PLACES}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilp::write::tests::appended;

    /// Returns the text that a word of the table stands for.
    fn spelled(word: &str) -> String {
        let mut text = String::new();
        let mut rest = word;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c == '\\' {
                text.push_str(if rest.starts_with('s') { " " } else { "" });
                rest = &rest[1..];
            } else if let Some((count, behind)) =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
            {
                text.extend(std::iter::repeat_n(c, count.parse().unwrap()));
                rest = behind;
            } else {
                text.push(c);
            }
        }
        text
    }

    #[test]
    fn text_is_judged_as_the_server_judges_it() {
        let mut counts = [0; 2];
        for line in include_str!("../../../tests/decimals.txt").lines() {
            let mut words = line.split_whitespace().filter(|_| !line.starts_with('#'));
            let (Some(verdict), Some(word)) = (words.next(), words.next()) else { continue };
            let text = spelled(word);
            let good = match verdict {
                "accept" | "null" => true,
                "refuse" | "lax" | "defect" => false,
                _ => panic!("{line}"),
            };
            counts[usize::from(good)] += 1;
            match appended(DecimalText(Text::from(&text)), ProtocolVersion::V3) {
                Ok(bytes) => {
                    assert_eq!(bytes, format!("{text}d").as_bytes(), "{line}");
                    assert!(good, "{line}");
                }
                Err(e) => {
                    assert_eq!(e.code(), crate::ErrorCode::InvalidDecimal, "{line}");
                    assert!(!good && !e.message().contains('\n'), "{line}: {e}");
                }
            }
        }
        assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
    }

    #[test]
    fn messages_name_the_value_and_the_limit() {
        let cases = [
            ("1e77", r#""1e77" has 78 digits, a decimal has at most 76"#),
            ("1e99999999999", r#""1e99999999999" has far more digits, a decimal has at most 76"#),
            (
                "1e-80",
                r#""1e-80" has 80 digits behind the point, a decimal given as text has at most 75"#,
            ),
            ("1,5", r#""1,5" is not a decimal number"#),
        ];
        for (text, message) in cases {
            let e = appended(DecimalText(Text::from(text)), ProtocolVersion::V3).unwrap_err();
            assert_eq!(e.message(), message);
        }
        let long = "0".repeat(LONGEST_TEXT + 1);
        let e = appended(DecimalText(Text::from(&long)), ProtocolVersion::V3).unwrap_err();
        assert_eq!(e.message(), "the text of a decimal has 4097 bytes, the limit is 4096");
    }

    #[test]
    fn binary_numbers_have_76_digits_at_most() {
        // Computes 10^76 as bytes, the least significant first, by multiplying with ten again and again.
        let mut limit = [0u8; MAX_LEN];
        limit[MAX_LEN - 1] = 1;
        for _ in 0..76 {
            let mut carry = 0u16;
            for byte in limit.iter_mut().rev() {
                let product = u16::from(*byte) * 10 + carry;
                *byte = product.to_le_bytes()[0];
                carry = product >> 8;
            }
        }
        let plus = |number: &[u8; MAX_LEN], step: i8| {
            let mut sum = *number;
            let mut carry = i16::from(step);
            for byte in sum.iter_mut().rev() {
                let value = i16::from(*byte) + carry;
                *byte = value.to_le_bytes()[0];
                carry = value >> 8;
            }
            sum
        };
        let negated = |number: &[u8; MAX_LEN]| plus(&number.map(|byte| !byte), 1);
        let mut null = [0; MAX_LEN];
        null[0] = 0x80;
        let mut most = [0xFF; MAX_LEN];
        most[0] = 0x7F;
        // Trailing zeros may lie after the point.
        let cases = [
            (plus(&limit, -1), 0, true),
            (limit, 0, false),
            (limit, 1, true),
            (limit, 76, true),
            (plus(&limit, 10), 1, true),
            (plus(&limit, 1), 76, false),
            (most, 76, false),
            (null, 0, true),
            (null, 76, true),
            (plus(&null, 1), 0, false),
            ([0; MAX_LEN], 0, true),
            ([0xFF; MAX_LEN], 76, true),
        ];
        for (number, scale, good) in cases {
            let mut forms = vec![number];
            if number != null {
                forms.push(negated(&number));
            }
            for form in forms {
                let outcome = appended(Decimal(scale, &form), ProtocolVersion::V3);
                assert_eq!(outcome.is_ok(), good, "{form:x?} {scale}: {outcome:?}");
            }
        }
        assert!(appended(Decimal(77, &[1]), ProtocolVersion::V3).is_err());
        assert!(appended(Decimal(0, &[0; 33]), ProtocolVersion::V3).is_err());
        assert!(appended(DecimalInteger(77, 1), ProtocolVersion::V3).is_err());
    }

    #[test]
    fn integers_have_as_few_bytes_as_they_need() {
        let mut random = fastrand::Rng::with_seed(5);
        let borders = [0, -1, 1, 127, 128, -128, -129, 32767, 32768, -32768, -32769];
        let extremes = [i128::MAX, i128::MIN, i64::MAX.into(), i64::MIN.into()];
        let shifted = (0..10_000).map(|_| random.i128(..) >> random.u32(0..128));
        for value in borders.into_iter().chain(extremes).chain(shifted) {
            let written = appended(DecimalInteger(7, value), ProtocolVersion::V3).unwrap();
            let [b'=', 0x17, 7, len, bytes @ ..] = written.as_slice() else { panic!("{value}") };
            assert_eq!(usize::from(*len), bytes.len());
            let mut wide = [if bytes[0] & 0x80 == 0 { 0 } else { 0xFF }; 16];
            wide[16 - bytes.len()..].copy_from_slice(bytes);
            assert_eq!(i128::from_be_bytes(wide), value);
            let sign = if value < 0 { 0xFF } else { 0 };
            let needless = bytes.len() > 1 && bytes[0] == sign && (bytes[1] ^ sign) & 0x80 == 0;
            assert!(!needless, "{value}: {bytes:x?}");
        }
    }
}
