//! Integers and doubles as text, converted eight or sixteen digits at a time.

use super::write::{Room, sixteen};

pub(super) const TEN_8: u64 = 100_000_000;
/// The bytes between a name and the bits of a double.
pub(super) const BINARY_DOUBLE: [u8; 2] = [b'=', 0x10];
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// The most bytes that [`integer`] writes.
pub(super) const INTEGER_ROOM: usize = 1 + 4 + 2 * 8 + 2;

/// Appends a signed integer and `suffix`.
#[inline(always)]
pub(super) fn integer(out: &mut Room, value: i64, suffix: u8) {
    minus(out, value < 0);
    unsigned(out, value.unsigned_abs(), ([suffix, 0], 1));
}

/// Appends a minus that counts only if `negative` is set. Nothing is compared, because in a column with both signs the
/// processor would foresee only half of the outcomes.
#[inline(always)]
fn minus(out: &mut Room, negative: bool) {
    out.put([b'-'], usize::from(negative));
}

/// Appends an integer without leading zeros, and the suffix.
#[inline(always)]
pub(super) fn unsigned(out: &mut Room, value: u64, suffix: Suffix) {
    let (upper, last) = (value / TEN_8, value % TEN_8);
    if value < TEN_8 {
        out.word(leading(value));
    } else if upper < 100 {
        // Ten digits at most, which is shorter than with sixteen.
        let (pair, len) = two(upper);
        out.put(pair, len);
        out.word(eight(last));
    } else if upper < TEN_8 {
        let [first, last] = sixteen(upper, last);
        out.word(stripped(first ^ ASCII_ZEROS));
        out.word((last, 8));
    } else {
        let (digits, len) = four(upper / TEN_8);
        out.put(digits, len);
        let [first, last] = sixteen(upper % TEN_8, last);
        out.word((first, 8));
        out.word((last, 8));
    }
    out.put(suffix.0, suffix.1);
}

/// One or two bytes and how many of them count. It is as short as possible, because rows with many columns spend most of
/// their time on stores.
pub(super) type Suffix = ([u8; 2], usize);

/// Returns the digits of a number below 10^8, one in each byte, the first digit in the lowest byte.
#[inline(always)]
fn digits(value: u64) -> u64 {
    // Each step splits every lane into quotient and remainder: into 4 + 4 digits, then 2 + 2, then 1 + 1. The factors are
    // reciprocals that are exact for the range of a lane.
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | ((twos - tens * 10) << 8)
}

/// Returns eight digits of text.
#[inline(always)]
pub(super) fn eight(value: u64) -> (u64, usize) {
    (digits(value) | ASCII_ZEROS, 8)
}

/// Returns one to eight digits of text without leading zeros.
#[inline(always)]
fn leading(value: u64) -> (u64, usize) {
    stripped(digits(value))
}

/// Returns the text of eight digits, one in each byte, without leading zeros.
#[inline(always)]
fn stripped(digits: u64) -> (u64, usize) {
    // The added bit keeps the last digit of zero.
    let zeros = (digits | (1 << 56)).trailing_zeros() / 8;
    ((digits | ASCII_ZEROS) >> (8 * zeros), 8 - zeros as usize)
}

/// Returns one to four digits of text without leading zeros.
#[inline(always)]
fn four(value: u64) -> ([u8; 4], usize) {
    // As in `digits`, from the second step on.
    let hundreds = (value * 5_243) >> 19;
    let twos = hundreds | ((value - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F;
    let digits = tens | ((twos - tens * 10) << 8);
    let zeros = (digits | (1 << 24)).trailing_zeros() / 8;
    #[expect(clippy::cast_possible_truncation, reason = "the digits are in the lower half")]
    let text = ((digits | ASCII_ZEROS) as u32) >> (8 * zeros);
    (text.to_le_bytes(), 4 - zeros as usize)
}

/// Returns one or two digits of text without a leading zero.
#[inline(always)]
fn two(value: u64) -> ([u8; 2], usize) {
    static PAIRS: [[u8; 2]; 100] = {
        let mut pairs = [[0; 2]; 100];
        let mut i = 0;
        while i < 100 {
            #[expect(clippy::cast_possible_truncation, reason = "one digit each")]
            let (ten, one) = (b'0' + i as u8 / 10, b'0' + i as u8 % 10);
            pairs[i] = if i < 10 { [one, 0] } else { [ten, one] };
            i += 1;
        }
        pairs
    };
    // There is always a pair.
    let pair = usize::try_from(value).ok().and_then(|value| PAIRS.get(value));
    (*pair.unwrap_or(&[0; 2]), if value < 10 { 1 } else { 2 })
}

/// Appends a double with few decimals, as the shortest digits that read back as the same double. Returns false for other
/// doubles, of which nothing is written.
#[inline(always)]
pub(super) fn short_double(out: &mut Room, value: f64) -> bool {
    let size = value.abs();
    // Most doubles were written by people with a few decimals. If a decimal number of at most 15 digits reads as this
    // double, it is the only one of that length or less that does, and so the shortest: no two such numbers read as the same
    // double. Below 10^-5 the protocol wants an exponent.
    if size < 1e7 {
        #[expect(clippy::cast_possible_truncation, reason = "0 <= size < 10^15")]
        let scaled = (size * 1e8 + 0.5) as i64;
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let back = scaled as f64 / 1e8;
        if back == size && (scaled >= 1000 || scaled == 0) {
            decimals(out, value.is_sign_negative(), scaled.unsigned_abs());
            return true;
        }
    }
    false
}

/// The most bytes that [`double`] writes.
pub(super) const DOUBLE_ROOM: usize = 32;

/// Appends a double as the shortest digits that read back as the same double.
#[inline(always)]
pub(super) fn double(out: &mut Room, value: f64) {
    if !short_double(out, value) {
        long_double(out, value);
    }
}

/// Appends a double by the general algorithm.
#[inline(always)]
pub(super) fn long_double(out: &mut Room, value: f64) {
    let [(first, first_len), (last, last_len)] = general(value);
    out.put(first, first_len);
    out.put(last, last_len);
}

/// Appends `scaled / 10^8` with at least one decimal and no needless zeros.
#[inline(always)]
fn decimals(out: &mut Room, negative: bool, scaled: u64) {
    minus(out, negative);
    let [whole, fraction] = sixteen(scaled / TEN_8, scaled % TEN_8);
    let zeros = (((fraction ^ ASCII_ZEROS) | 1).leading_zeros() / 8) as usize;
    out.word(stripped(whole ^ ASCII_ZEROS));
    out.byte(b'.');
    out.word((fraction, 8 - zeros));
}

/// Converts any double by the general algorithm. Returns what comes before the last 16 bytes of its text, and these 16
/// bytes; or the whole of a shorter text, and nothing. Copies of fixed length are cheaper than one of any length, even if
/// they overlap.
#[inline(never)]
fn general(value: f64) -> [([u8; 16], usize); 2] {
    let mut buffer = zmij::Buffer::new();
    if value.abs() < 1e16 { halves(buffer.format_finite(value).as_bytes()) } else { huge(value) }
}

#[inline(always)]
fn halves(text: &[u8]) -> [([u8; 16], usize); 2] {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return [(*first, text.len() - 16), (*last, 16)];
    }
    let mut all = [0; 16];
    all.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
    [(all, text.len()), ([0; 16], 0)]
}

/// Converts doubles with a positive exponent, before which the algorithm writes a plus and the protocol has none, and
/// doubles that are not numbers.
#[cold]
#[inline(never)]
fn huge(value: f64) -> [([u8; 16], usize); 2] {
    let mut buffer = zmij::Buffer::new();
    let text = match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => buffer.format_finite(value),
    };
    let mut out = [0; 32];
    let kept = text.bytes().filter(|byte| *byte != b'+');
    let len = out.iter_mut().zip(kept).map(|(place, byte)| *place = byte).count();
    halves(out.get(..len).unwrap_or_default())
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers of these tests are small"
)]
mod tests {
    use crate::ilp::ProtocolVersion;
    use crate::ilp::value::{DoubleText, Integer, WireValue};
    use crate::ilp::write::tests::appended;

    fn written(value: impl WireValue) -> String {
        String::from_utf8(appended(value, ProtocolVersion::V1).unwrap()).unwrap()
    }

    /// Formats a double by the protocol's table of forms, with the digits that the standard library finds.
    fn reference(value: f64) -> String {
        if value.is_nan() {
            return "NaN".into();
        }
        if value.is_infinite() {
            return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
        }
        let sign = if value.is_sign_negative() { "-" } else { "" };
        if value == 0.0 {
            return format!("{sign}0.0");
        }
        let scientific = format!("{:e}", value.abs());
        let (digits, exponent) = scientific.split_once('e').unwrap();
        let digits = digits.replace('.', "");
        let (n, point) = (digits.len() as i32, exponent.parse::<i32>().unwrap() + 1);
        let at = |i: i32| i as usize;
        let text = if n <= point && point <= 16 {
            format!("{digits}{}.0", "0".repeat(at(point - n)))
        } else if 0 < point && point < n {
            format!("{}.{}", &digits[..at(point)], &digits[at(point)..])
        } else if -5 < point && point <= 0 {
            format!("0.{}{digits}", "0".repeat(at(-point)))
        } else if n == 1 {
            format!("{digits}e{}", point - 1)
        } else {
            format!("{}.{}e{}", &digits[..1], &digits[1..], point - 1)
        };
        format!("{sign}{text}")
    }

    fn check_double(value: f64) {
        let text = written(DoubleText(value));
        let reference = reference(value);
        if text != reference {
            // Halfway between two texts the standard library rounds up, and the protocol's algorithm rounds to the even
            // digit.
            let digits = |text: &str| text.replace(['.', '-'], "").parse::<u64>();
            let (ours, theirs) = (digits(&text).unwrap(), digits(&reference).unwrap());
            assert_eq!((ours % 2, ours + 1), (0, theirs), "{value:e}: {text}, not {reference}");
            assert_eq!(text.len(), reference.len());
        }
        if !value.is_nan() {
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn doubles_are_the_shortest_text_that_gives_them_back() {
        let mut random = fastrand::Rng::with_seed(42);
        for _ in 0..200_000 {
            check_double(f64::from_bits(random.u64(..)));
            // These are decimals as people write them, around every border of the short way.
            let decimal = random.i64(-1_000_000_000_000_000..=1_000_000_000_000_000);
            let cut = decimal / 10i64.pow(random.u32(0..16));
            let value = cut as f64 / 10f64.powi(random.i32(0..14));
            check_double(value);
            let step = if random.bool() { value.next_up() } else { value.next_down() };
            check_double(step);
        }
        for exponent in -330..310 {
            let text = format!("1e{exponent}");
            let power: f64 = text.parse().unwrap();
            for value in [power, power.next_up(), power.next_down(), -power, power * 3.0] {
                check_double(value);
            }
        }
        for value in [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            check_double(value);
        }
        for value in [1e-5, 9.99e-6, 0.00001234, 1e7, 1e7 - 1e-8, 9_999_999.99, 1e16, 1e15] {
            check_double(value);
            check_double(-value);
        }
    }

    #[test]
    fn integers_of_every_length() {
        let mut random = fastrand::Rng::with_seed(43);
        let check = |value: i64| {
            assert_eq!(written(Integer::i64(value)), format!("{value}i"));
        };
        for power in 0..19 {
            for value in [10i64.pow(power), 10i64.pow(power) - 1, 10i64.pow(power) + 1] {
                check(value);
                check(-value);
            }
        }
        for value in [0, i64::MAX, i64::MIN, i64::MIN + 1, 1_700_000_000_000_000_000] {
            check(value);
        }
        for _ in 0..100_000 {
            check(random.i64(..) >> random.u32(0..64));
        }
    }
}
