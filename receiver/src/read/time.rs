//! Times in statements: points, and the intervals that a shortened time stands for.

use crate::value::ColumnType;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The nanoseconds since 1970 from a first one to the one behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) from: i128,
    pub(super) to: i128,
}

/// Parses a time such as `2024-03-01T12:30:00.5Z`, from whose end any part may be left out. It stands for all times that begin
/// so: `2024-03` for a month.
pub(super) fn parse(text: &str) -> Option<Interval> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    if rest.is_empty() {
        return Some(Interval { from: date(year, 1, 1)?, to: date(year + 1, 1, 1)? });
    }
    let month = after(&mut rest, &["-"], 2)?;
    if rest.is_empty() {
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Some(Interval { from: date(year, month, 1)?, to: date(next_year, next, 1)? });
    }
    let day = date(year, month, after(&mut rest, &["-"], 2)?)?;
    if rest.is_empty() {
        return Some(Interval { from: day, to: day + DAY });
    }
    let hour = after(&mut rest, &["T", " "], 2).filter(|h| *h < 24)?;
    let mut from = day + i128::from(hour) * 3600 * SECOND;
    if rest.is_empty() {
        return Some(Interval { from, to: from + 3600 * SECOND });
    }
    from += i128::from(after(&mut rest, &[":"], 2).filter(|m| *m < 60)?) * 60 * SECOND;
    if rest.is_empty() {
        return Some(Interval { from, to: from + 60 * SECOND });
    }
    from += i128::from(after(&mut rest, &[":"], 2).filter(|s| *s < 60)?) * SECOND;
    let mut unit = SECOND;
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if len > 9 {
            return None;
        }
        for digit in fraction[..len].bytes() {
            unit /= 10;
            from += i128::from(digit - b'0') * unit;
        }
        rest = &fraction[len..];
    }
    from -= zone(rest)?;
    Some(Interval { from, to: from + unit })
}

/// Parses the text behind `in`: a time, or a time and a length such as `2024-03-01;3d`.
pub(super) fn parse_interval(text: &str) -> Option<Interval> {
    let Some((start, length)) = text.split_once(';') else { return parse(text) };
    let from = parse(start)?.from;
    let unit = length.chars().next_back()?;
    let count: u32 = length[..length.len() - unit.len_utf8()].parse().ok()?;
    let fixed = match unit {
        's' => SECOND,
        'm' => 60 * SECOND,
        'h' => 3600 * SECOND,
        'd' => DAY,
        'w' => 7 * DAY,
        'M' => return Some(Interval { from, to: months_later(from, count.into())? }),
        'y' => return Some(Interval { from, to: months_later(from, i64::from(count) * 12)? }),
        _ => return None,
    };
    Some(Interval { from, to: from + i128::from(count) * fixed })
}

/// Converts nanoseconds since 1970 to the unit of a column of times. Part of a unit is cut off.
pub(super) fn in_unit_of(column: ColumnType, nanos: i128) -> i64 {
    let value = match column {
        ColumnType::TimestampNanos => nanos,
        _ => nanos.div_euclid(1000),
    };
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// Reads `Z`, an offset such as `+01:00`, or nothing, in nanoseconds.
fn zone(mut rest: &str) -> Option<i128> {
    if matches!(rest, "" | "Z") {
        return Some(0);
    }
    let sign = match rest.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return None,
    };
    rest = &rest[1..];
    let hours = digits(&mut rest, 2).filter(|h| *h < 24)?;
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = if rest.is_empty() { 0 } else { digits(&mut rest, 2).filter(|m| *m < 60)? };
    rest.is_empty().then(|| sign * i128::from(hours * 60 + minutes) * 60 * SECOND)
}

fn after(rest: &mut &str, marks: &[&str], len: usize) -> Option<i64> {
    *rest = marks.iter().find_map(|mark| rest.strip_prefix(mark))?;
    digits(rest, len)
}

/// Reads exactly so many digits.
fn digits(rest: &mut &str, len: usize) -> Option<i64> {
    let number = rest.get(..len).filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    *rest = &rest[len..];
    number.parse().ok()
}

/// Returns the start of a day, or `None` if the calendar does not have it.
fn date(year: i64, month: i64, day: i64) -> Option<i128> {
    let valid = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    valid.then(|| i128::from(days_since_1970(year, month, day)) * DAY)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // The year is counted from March, so that the leap day is its last day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn months_later(nanos: i128, months: i64) -> Option<i128> {
    let days = i64::try_from(nanos.div_euclid(DAY)).ok()?;
    let (year, month, day) = crate::value::civil_date(days);
    let count = year * 12 + month - 1 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    Some(date(year, month, day.min(days_of(year, month)))? + nanos.rem_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn shown(nanos: i128) -> String {
        Value::TimestampMicros(in_unit_of(ColumnType::Timestamp, nanos)).to_string()
    }

    #[test]
    fn a_time_stands_for_all_that_begin_so() {
        let cases = [
            ("2020", "2020-01-01T00:00:00.000000Z", "2021-01-01T00:00:00.000000Z"),
            ("2020-02", "2020-02-01T00:00:00.000000Z", "2020-03-01T00:00:00.000000Z"),
            ("2020-12", "2020-12-01T00:00:00.000000Z", "2021-01-01T00:00:00.000000Z"),
            ("2020-02-29", "2020-02-29T00:00:00.000000Z", "2020-03-01T00:00:00.000000Z"),
            ("1969-12-31T23", "1969-12-31T23:00:00.000000Z", "1970-01-01T00:00:00.000000Z"),
            ("2020-01-02 03:04", "2020-01-02T03:04:00.000000Z", "2020-01-02T03:05:00.000000Z"),
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05.000000Z", "2020-01-02T03:04:06.000000Z"),
            ("2020-01-02T03:04:05.2", "2020-01-02T03:04:05.200000Z", "2020-01-02T03:04:05.300000Z"),
            (
                "2020-01-02T00:00:00.000001+01:30",
                "2020-01-01T22:30:00.000001Z",
                "2020-01-01T22:30:00.000002Z",
            ),
            ("2020-01-02;1d", "2020-01-02T00:00:00.000000Z", "2020-01-03T00:00:00.000000Z"),
            ("2020-01-31;1M", "2020-01-31T00:00:00.000000Z", "2020-02-29T00:00:00.000000Z"),
            ("2020-02-29;1y", "2020-02-29T00:00:00.000000Z", "2021-02-28T00:00:00.000000Z"),
            ("2020-01-02T12;30m", "2020-01-02T12:00:00.000000Z", "2020-01-02T12:30:00.000000Z"),
        ];
        for (text, from, to) in cases {
            let interval = parse_interval(text).unwrap();
            assert_eq!((&*shown(interval.from), &*shown(interval.to)), (from, to), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:00.000000001Z").unwrap().from, 1);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "foo",
            "20",
            "2020-1",
            "2020-13",
            "2020-02-30",
            "2021-02-29",
            "2020-01-02T24",
            "2020-01-02T1:00",
            "2020-01-02T12Z",
            "2020-01-02T12:60",
            "2020-01-02T12:00:60",
            "2020-01-02T12:00:00.1234567890",
            "2020-01-02T12:00:00+",
            "2020-01-02T12:00:00+25:00",
            "2020-01-02T12:00:00Zx",
            "2020-01-02;-1d",
            "2020-01-02;d",
            "2020-01-02;1x",
            "2020-01-02;",
            "2020-01-02;1d;1d",
            "2020é",
            "２０２０",
        ] {
            assert_eq!(parse_interval(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_hundred_years_and_back() {
        for days in -150_000..150_000 {
            let (year, month, day) = crate::value::civil_date(days);
            assert_eq!(days_since_1970(year, month, day), days);
        }
    }
}
