//! Reads values whose form is known beforehand, without the states of the parser.
//!
//! Each function returns `None` for whatever it does not read itself. The parser then reads the line from its start, so nothing
//! here decides what is an error.

use super::{CLASSES, STRING, Stamp, TimeUnit, VALUE, binary, text};
use super::{FieldValue, Parts};

/// The most digits that always fit a `u64`.
const MAX_DIGITS: usize = 19;

const POWERS_OF_TEN: [u64; MAX_DIGITS + 1] = {
    let mut powers = [1; MAX_DIGITS + 1];
    let mut i = 1;
    while i <= MAX_DIGITS {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Returns whether a value or a timestamp may end before this byte.
#[inline]
pub(crate) fn is_separator(byte: u8) -> bool {
    matches!(byte, b',' | b' ' | b'\n' | b'\r')
}

/// Reads eight digits.
#[inline(always)]
fn eight_digits(rest: &[u8]) -> Option<u64> {
    let bytes: &[u8; 8] = rest.first_chunk()?;
    let digits = u64::from_le_bytes(*bytes) ^ 0x3030_3030_3030_3030;
    // A byte that is no digit has one of its upper bits set, or gets one by adding six. A carry into the next byte can only come
    // from a byte that is found to be none anyway.
    let above_nine = digits.wrapping_add(0x0606_0606_0606_0606);
    if (digits | above_nine) & 0xF0F0_F0F0_F0F0_F0F0 != 0 {
        return None;
    }
    // The first digit is in the lowest byte. Each step joins two neighbours.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

/// Appends digits to `value`, `most` at most, one by one. Returns how many there were.
#[inline(always)]
fn few_digits(rest: &[u8], most: usize, value: &mut u64) -> usize {
    let mut len = 0;
    for byte in rest.iter().take(most) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *value = *value * 10 + u64::from(digit);
        len += 1;
    }
    len
}

/// Reads digits, 19 at most. Returns their number, and how many there were.
#[inline(always)]
fn digits(rest: &[u8]) -> (u64, usize) {
    let (mut value, mut len) = (0, 0);
    if let Some(first) = eight_digits(rest) {
        (value, len) = (first, 8);
        if let Some(second) = eight_digits(&rest[8..]) {
            (value, len) = (value * 100_000_000 + second, 16);
        }
    }
    len += few_digits(&rest[len..], MAX_DIGITS - len, &mut value);
    (value, len)
}

/// Splits a minus sign off.
#[inline(always)]
fn sign(rest: &[u8]) -> (bool, &[u8]) {
    match rest {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, rest),
    }
}

/// Reads an integer without underscores and suffix. Returns it and what follows.
#[inline]
pub(crate) fn integer(rest: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, rest) = sign(rest);
    let (value, len) = digits(rest);
    let value = i64::try_from(value).ok().filter(|_| len > 0)?;
    Some((if negative { -value } else { value }, &rest[len..]))
}

/// Reads a double that has no exponent, no suffix and at most 19 digits. Returns it and what follows.
#[inline(never)]
pub(crate) fn double(rest: &[u8]) -> Option<(f64, &[u8])> {
    let (negative, rest) = sign(rest);
    let mut value = 0;
    // Most numbers have few digits before the point.
    let whole = few_digits(rest, MAX_DIGITS, &mut value);
    let mut rest = &rest[whole..];
    let mut places = 0;
    if let [b'.', after @ ..] = rest {
        let (fraction, len) = digits(after);
        if len == 0 || whole + len > MAX_DIGITS {
            return None;
        }
        value = value * POWERS_OF_TEN[len] + fraction;
        (places, rest) = (len, &after[len..]);
    }
    if whole == 0 {
        return None;
    }
    let quotient = divide(value, places);
    Some((if negative { -quotient } else { quotient }, rest))
}

/// Returns `value` divided by ten to the power of `places`, rounded once.
#[inline]
fn divide(value: u64, places: usize) -> f64 {
    const EXACT: u64 = 1 << 53;
    let power = POWERS_OF_TEN[places];
    #[expect(
        clippy::cast_precision_loss,
        reason = "the first is rounded once, the others are exact"
    )]
    match places {
        0 => value as f64,
        // Powers of ten up to the 22nd are doubles.
        _ if value <= EXACT => value as f64 / power as f64,
        _ => divide_wide(value, power),
    }
}

/// Divides with 64 bits of the quotient, of which the last one says whether anything is left, and rounds that.
fn divide_wide(value: u64, power: u64) -> f64 {
    if value == 0 {
        return 0.0;
    }
    let (value_shift, power_shift) = (value.leading_zeros(), power.leading_zeros());
    let dividend = u128::from(value << value_shift) << 63;
    let divisor = u128::from(power << power_shift);
    // Both have their highest bit set, so the quotient is above 2^62 and below 2^64, and has bits to spare for rounding.
    let quotient = u64::try_from(dividend / divisor).unwrap_or(u64::MAX);
    let rest = u64::from(dividend % divisor != 0);
    #[expect(clippy::cast_precision_loss, reason = "this is the rounding")]
    let rounded = (quotient | rest) as f64;
    // The exponent is at least -63 - 63, so that a power of two is multiplied exactly.
    let exponent = 1023 - 63 + u64::from(power_shift) - u64::from(value_shift);
    rounded * f64::from_bits(exponent << 52)
}

/// Splits an unquoted value without backslashes off.
#[inline]
pub(crate) fn token(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = rest.iter().position(|b| CLASSES[usize::from(*b)] & VALUE != 0)?;
    is_separator(rest[len]).then(|| rest.split_at(len))
}

/// Spreads what is different in some bits over the upper ones.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Like [`token`], with a hash of the value.
#[inline]
pub(crate) fn hashed_token(rest: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let (mut hash, mut len) = (0u64, 0);
    while let Some(group) = rest.get(len..).and_then(<[u8]>::first_chunk) {
        let bytes = u64::from_le_bytes(*group);
        let stops = value_stops(bytes);
        if stops == 0 {
            hash = (hash ^ bytes).wrapping_mul(MIX);
            len += 8;
            continue;
        }
        // The first byte is the lowest one.
        let before = stops.trailing_zeros() / 8;
        len += before as usize;
        if !is_separator(group[before as usize]) {
            break;
        }
        hash ^= bytes & ((1 << (8 * before)) - 1);
        let (token, rest) = rest.split_at(len);
        return Some((token, short_hash(hash), rest));
    }
    hashed_bytes(rest)
}

/// Like [`hashed_token`], for tokens near the end of the input or with characters that few have.
#[inline(never)]
fn hashed_bytes(rest: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let (token, rest) = token(rest)?;
    let hash = token.iter().fold(0, |hash: u64, b| (hash ^ u64::from(*b)).wrapping_mul(MIX));
    Some((token, short_hash(hash), rest))
}

/// Returns a hash of a text, which whoever chooses the text can foresee.
#[cfg(feature = "files")]
pub(crate) fn quick_hash(text: &[u8]) -> u32 {
    let (groups, rest) = text.as_chunks::<8>();
    let hash = groups
        .iter()
        .fold(0, |hash: u64, group| (hash ^ u64::from_le_bytes(*group)).wrapping_mul(MIX));
    let last = rest.iter().fold(0, |last: u64, byte| (last << 8) | u64::from(*byte));
    short_hash(hash ^ last)
}

/// Returns 16 bits that depend on all bits of the hash.
#[inline]
fn short_hash(hash: u64) -> u32 {
    u32::try_from((hash ^ hash >> 32).wrapping_mul(MIX) >> 48).unwrap_or(0)
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Sets the highest bit of the first byte that is zero, and maybe those of bytes above it. Bits that are not the highest of a byte
/// mean nothing.
#[inline]
fn first_zero(bytes: u64) -> u64 {
    // The highest bit of a byte that is zero becomes set by subtracting one. Bytes above a zero may be taken for one too, but
    // then there is one.
    bytes.wrapping_sub(ONES) & !bytes
}

/// Sets the highest bit of the first byte that may end a value, and maybe those of bytes above it. A few characters that end none
/// are taken for such bytes too.
#[inline]
fn value_stops(bytes: u64) -> u64 {
    // Blanks, commas, line ends, and all other characters below the minus sign.
    let low = bytes.wrapping_sub(ONES * 0x2D) & !bytes;
    (low | first_zero(bytes ^ (ONES * 0x3D)) | first_zero(bytes ^ (ONES * 0x5C))) & (ONES << 7)
}

/// Returns the text of the string whose opening quote is before `rest`, and what follows its closing quote. Text that has
/// backslashes is resolved into `scratch`.
#[inline]
pub(crate) fn string<'a>(rest: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<(&'a [u8], &'a [u8])> {
    let end = string_stop(rest, 0)?;
    match rest[end] {
        b'"' => Some((&rest[..end], &rest[end + 1..])),
        b'\\' => {
            scratch.clear();
            let end = escaped_string(rest, 0, end, scratch)?;
            Some((scratch, &rest[end..]))
        }
        _ => None,
    }
}

/// Appends the string from `at` to `scratch`, whose first backslash is at `stop`. Returns the offset after its closing quote.
fn escaped_string(
    input: &[u8],
    mut at: usize,
    mut stop: usize,
    scratch: &mut Vec<u8>,
) -> Option<usize> {
    loop {
        scratch.extend_from_slice(&input[at..stop]);
        match input[stop] {
            b'"' => return Some(stop + 1),
            // The byte after a backslash stands for itself, whatever it is.
            b'\\' => scratch.push(*input.get(stop + 1)?),
            _ => return None,
        }
        at = stop + 2;
        stop = string_stop(input, at)?;
    }
}

/// Returns the offset of the next quote, backslash or line feed.
#[inline]
fn string_stop(input: &[u8], at: usize) -> Option<usize> {
    let rest = input.get(at..)?;
    let (groups, _) = rest.as_chunks::<8>();
    let clear = groups.iter().take_while(|group| !has_string_stop(**group)).count() * 8;
    let stop = |b: &u8| CLASSES[usize::from(*b)] & STRING != 0;
    rest[clear..].iter().position(stop).map(|len| at + clear + len)
}

#[inline]
fn has_string_stop(group: [u8; 8]) -> bool {
    let bytes = u64::from_le_bytes(group);
    let found = first_zero(bytes ^ (ONES * 0x22))
        | first_zero(bytes ^ (ONES * 0x5C))
        | first_zero(bytes ^ (ONES * 0x0A));
    found & (ONES << 7) != 0
}

/// Reads a field of any form but a string. Returns it and what follows.
pub(crate) fn field<'a>(rest: &'a [u8], none: &'a Parts) -> Option<(FieldValue<'a>, &'a [u8])> {
    let (stored, after) = if rest.first() == Some(&b'=') {
        match binary::field(rest, 1).ok()? {
            binary::Read::Value(value, end) => (value, &rest[end..]),
            binary::Read::More(_) => return None,
        }
    } else {
        let (token, after) = token(rest)?;
        (text::field(token).ok()?, after)
    };
    Some((none.value(rest, &stored), after))
}

/// Reads what follows the last value: a timestamp, if there is one, and the line end. Returns what follows that.
#[inline]
pub(crate) fn line_end(rest: &[u8]) -> Option<(Option<Stamp>, &[u8])> {
    match rest {
        [b'\n' | b'\r', rest @ ..] | [b' ', b'\n' | b'\r', rest @ ..] => Some((None, rest)),
        [b' ', rest @ ..] => {
            let (value, rest) = integer(rest)?;
            let (unit, rest) = match rest {
                [b'n', rest @ ..] => (Some(TimeUnit::Nanos), rest),
                [b't', rest @ ..] => (Some(TimeUnit::Micros), rest),
                [b'm', rest @ ..] => (Some(TimeUnit::Millis), rest),
                _ => (None, rest),
            };
            match rest {
                [b'\n' | b'\r', rest @ ..] => Some((Some(Stamp { value, unit }), rest)),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = *state;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn same(text: &str) {
        let (value, rest) = double(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
        let expected: f64 = text.parse().unwrap();
        assert_eq!((value.to_bits(), rest), (expected.to_bits(), &b""[..]), "{text}");
    }

    #[test]
    fn doubles_are_those_of_the_standard_library() {
        let mut state = 1;
        for round in 0..300_000u64 {
            let digits = (next(&mut state) % 10_000_000_000_000_000_000) >> (next(&mut state) % 64);
            let text = digits.to_string();
            let at = usize::try_from(next(&mut state)).unwrap() % (text.len() + 1);
            let (whole, fraction) = text.split_at(at);
            let sign = if round % 3 == 0 { "-" } else { "" };
            let whole = if whole.is_empty() { "0" } else { whole };
            let dot = if fraction.is_empty() { "" } else { "." };
            if whole.len() + fraction.len() <= MAX_DIGITS {
                same(&format!("{sign}{whole}{dot}{fraction}"));
            }
            // Doubles as they are written, and numbers in the middle between two of them.
            let value = f64::from_bits(0x3FE0_0000_0000_0000 + next(&mut state) % (1 << 55));
            let text = value.to_string();
            if text.len() <= MAX_DIGITS {
                same(&text);
            }
            let middle = (1u64 << 53 | next(&mut state) >> 11) * 2 + 1;
            same(&middle.to_string());
            same(&format!("{}.5", (1u64 << 52) + (next(&mut state) >> 12)));
        }
        for text in
            ["0", "-0", "0.0", "-0.000", "9999999999999999999", "0.1", "0.3", "1.7976931348623157"]
        {
            same(text);
        }
    }

    #[test]
    fn numbers_end_where_their_digits_end() {
        assert_eq!(integer(b"12345678901234567x"), Some((12_345_678_901_234_567, &b"x"[..])));
        assert_eq!(integer(b"-9223372036854775807,"), Some((-i64::MAX, &b","[..])));
        assert_eq!(integer(b"-"), None);
        assert_eq!(integer(b"9223372036854775808"), None);
        // A number with more digits ends early, and no separator follows.
        assert_eq!(integer(b"00000000000000000001"), Some((0, &b"1"[..])));
        assert_eq!(double(b"1.5e3"), Some((1.5, &b"e3"[..])));
        for none in [&b"."[..], b".5", b"5.", b"-", b"NaN", b"+1", b"1234567890.1234567890"] {
            assert_eq!(double(none), None, "{}", none.escape_ascii());
        }
        for len in 1..=19 {
            for bad in 0..len {
                for byte in 0..=255u8 {
                    let mut text = b"1".repeat(len);
                    text[bad] = byte;
                    if !byte.is_ascii_digit() {
                        assert_eq!(digits(&text).1, bad, "{}", text.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn tokens_end_at_separators_and_nothing_else_ends_them() {
        // Wherever a byte stands, and however much follows, the token is the one that is found byte by byte, and equal tokens have
        // equal hashes if enough follows.
        for len in 0..26 {
            for at in 0..=len {
                for byte in 0..=255u8 {
                    let mut text = vec![b'x'; len];
                    text.insert(at, byte);
                    for after in [&b" "[..], b",abc", b"\n0123456789", b""] {
                        let line = [&text[..], after].concat();
                        let hashed = hashed_token(&line).map(|(token, _, rest)| (token, rest));
                        assert_eq!(hashed, token(&line), "{}", line.escape_ascii());
                    }
                    let hash = |after: &[u8]| {
                        let line = [&text[..], after].concat();
                        hashed_token(&line).map(|(_, hash, _)| hash)
                    };
                    assert_eq!(hash(b" 12345678"), hash(b",\n!=abcde"), "{}", text.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn hashes_of_like_words_differ() {
        let hash = |n: u32| hashed_token(format!("unit-{n:04},12345678").as_bytes()).unwrap().1;
        let mut places: Vec<u32> = (0..1000).map(|n| hash(n) & 4095).collect();
        places.sort_unstable();
        places.dedup();
        // Random numbers would have 887.
        assert!(places.len() > 800, "{}", places.len());
    }

    #[test]
    fn strings_end_at_their_quote_wherever_it_is() {
        for len in 0..40 {
            for escape in 0..=len {
                let mut text = vec![b'x'; len];
                text.extend(b"\" 1\n");
                assert_eq!(string(&text, &mut Vec::new()), Some((&text[..len], &b" 1\n"[..])));
                text.splice(escape..escape, *b"\\\"");
                let plain = [&vec![b'x'; escape][..], b"\"", &vec![b'x'; len - escape]].concat();
                assert_eq!(string(&text, &mut Vec::new()), Some((&plain[..], &b" 1\n"[..])));
                text.insert(escape, b'\n');
                assert_eq!(string(&text, &mut Vec::new()), None);
            }
        }
    }
}
