//! Text values: integers, doubles, booleans, timestamps and hexadecimal integers.

use super::{Decimal, Long256, ParseErrorKind, Stamp, Stored, TimeUnit};

/// Parses an unquoted field value. Its last byte decides which type it has.
pub(crate) fn field(token: &[u8]) -> Result<Stored, ParseErrorKind> {
    match token {
        [b'0', b'x', _, .., b'i'] => long256(&token[..token.len() - 1])
            .map(Stored::Long256)
            .ok_or(ParseErrorKind::MalformedLong256),
        _ => other_field(token).ok_or(ParseErrorKind::InvalidFieldValue),
    }
}

fn other_field(token: &[u8]) -> Option<Stored> {
    let Some((last, head)) = token.split_last() else {
        return Some(Stored::Null);
    };
    let value = match *last {
        b'i' => Stored::Long(long(head)?),
        b't' | b'T' if head.is_empty() => Stored::Boolean(true),
        b'f' | b'F' if head.is_empty() => Stored::Boolean(false),
        b'n' => Stored::Timestamp(TimeUnit::Nanos, long(head)?),
        b't' => Stored::Timestamp(TimeUnit::Micros, long(head)?),
        b'm' => Stored::Timestamp(TimeUnit::Millis, long(head)?),
        b'e' | b'E' | b'T' | b'f' | b'F' => Stored::Boolean(boolean(token)?),
        b'd' => Stored::Decimal(Decimal::parse(head)?),
        b'D' => Stored::Double(double(head)?),
        _ => Stored::Double(double(token)?),
    };
    Some(value)
}

/// Parses a designated timestamp.
pub(crate) fn stamp(token: &[u8]) -> Option<Stamp> {
    let (last, head) = token.split_last()?;
    let (unit, digits) = match *last {
        b'n' => (Some(TimeUnit::Nanos), head),
        b't' => (Some(TimeUnit::Micros), head),
        b'm' => (Some(TimeUnit::Millis), head),
        _ => (None, token),
    };
    Some(Stamp { value: long(digits)?, unit })
}

fn boolean(token: &[u8]) -> Option<bool> {
    if token.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if token.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

/// Parses an optional minus sign, digits with single underscores between them, and an optional final `L`.
pub(crate) fn long(token: &[u8]) -> Option<i64> {
    let token = token.strip_suffix(b"L").unwrap_or(token);
    let (negative, digits) = match token.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, token),
    };
    let mut value: i64 = 0;
    let mut after_digit = false;
    for b in digits {
        match b {
            b'0'..=b'9' => {
                // The value is built as a negative number, because the smallest integer has no positive counterpart.
                value = value.checked_mul(10)?.checked_sub(i64::from(b - b'0'))?;
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    match (after_digit, negative) {
        (false, _) => None,
        (true, true) => Some(value),
        (true, false) => value.checked_neg(),
    }
}

/// Parses a floating-point number without its optional final `D`.
fn double(token: &[u8]) -> Option<f64> {
    let unsigned = token.strip_prefix(b"-").or(token.strip_prefix(b"+")).unwrap_or(token);
    let negative = token.first() == Some(&b'-');
    match unsigned {
        b"NaN" => return Some(f64::NAN),
        b"Infinity" if negative => return Some(f64::NEG_INFINITY),
        b"Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    // The standard library would also accept `inf`, `nan` and `infinity`, which the server refuses.
    let numeric = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if !token.iter().all(numeric) {
        return None;
    }
    let value: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
    // The server refuses what is too large or too small for a double.
    let mantissa = token.split(|b| matches!(b, b'e' | b'E')).next().unwrap_or_default();
    let is_lost = value == 0.0 && mantissa.iter().any(|b| matches!(b, b'1'..=b'9'));
    (value.is_finite() && !is_lost).then_some(value)
}

/// Parses `0x` and up to 64 hexadecimal digits.
pub(crate) fn long256(token: &[u8]) -> Option<Long256> {
    let digits = token.strip_prefix(b"0x")?;
    if digits.is_empty() || digits.len() > 64 {
        return None;
    }
    let mut words = [0u64; 4];
    for (word, group) in words.iter_mut().zip(digits.rchunks(16)) {
        for b in group {
            let digit = char::from(*b).to_digit(16)?;
            *word = *word << 4 | u64::from(digit);
        }
    }
    Some(Long256(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_accepted_spelling() {
        let cases: &[(&str, Option<i64>)] = &[
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1_2_3L", Some(123)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("L", None),
            ("_1", None),
            ("1_", None),
            ("1__2", None),
            ("--1", None),
            ("1LL", None),
        ];
        for (text, expected) in cases {
            assert_eq!(long(text.as_bytes()), *expected, "{text:?}");
        }
    }

    #[test]
    fn hexadecimal_integers_fill_words_from_the_right() {
        assert_eq!(long256(b"0x1f"), Some(Long256([0x1f, 0, 0, 0])));
        let all = format!("0x{}", "f".repeat(64));
        assert_eq!(long256(all.as_bytes()), Some(Long256([u64::MAX; 4])));
        assert_eq!(long256(b"0x10000000000000002").unwrap().to_string(), "0x10000000000000002");
        assert_eq!(long256(format!("{all}0").as_bytes()), None);
        assert_eq!(long256(b"0x"), None);
        assert_eq!(long256(b"0xg"), None);
        assert_eq!(long256(b"1x1"), None);
    }
}
