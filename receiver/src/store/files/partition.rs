//! Which partition a time belongs to, and the names of folders.

use std::fmt::Write as _;

use crate::config::options::PartitionBy;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Timelike, Utc, Weekday};

impl PartitionBy {
    /// Returns the name of the partition of a time, and the last time in it.
    pub(crate) fn of(self, time: i64, per_second: i64) -> (String, i64) {
        let Some(at) = DateTime::from_timestamp(time.div_euclid(per_second), 0) else {
            // Years that no calendar has, which only microseconds can express.
            let first = DateTime::<Utc>::MIN_UTC.timestamp().saturating_mul(per_second);
            let (name, last) = if time < 0 { ("before", first - 1) } else { ("after", i64::MAX) };
            return (name.to_owned(), last);
        };
        let date = at.date_naive();
        let day = |d: NaiveDate| d.and_time(chrono::NaiveTime::MIN);
        let month = || date.with_day(1)?.checked_add_months(Months::new(1)).map(day);
        let (name, next) = match self {
            PartitionBy::None => return ("default".to_owned(), i64::MAX),
            PartitionBy::Hour => {
                let hour = day(date).checked_add_signed(TimeDelta::hours(i64::from(at.hour()) + 1));
                (format!("{}T{:02}", iso(date), at.hour()), hour)
            }
            PartitionBy::Day => (iso(date), date.succ_opt().map(day)),
            PartitionBy::Week => {
                let week = date.iso_week();
                let monday = NaiveDate::from_isoywd_opt(week.year(), week.week(), Weekday::Mon);
                let next = monday.and_then(|m| m.checked_add_days(Days::new(7))).map(day);
                (format!("{:04}-W{:02}", week.year(), week.week()), next)
            }
            PartitionBy::Month => (format!("{:04}-{:02}", date.year(), date.month()), month()),
            PartitionBy::Year => {
                let next = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1).map(day);
                (format!("{:04}", date.year()), next)
            }
        };
        let last = next.and_then(|n| n.and_utc().timestamp().checked_mul(per_second));
        (name, last.map_or(i64::MAX, |n| n - 1))
    }
}

fn iso(date: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// The longest folder name; file systems have 255 bytes.
const MAX_FOLDER: usize = 200;

/// Returns the name of a table's folder. Letters, digits, `_`, `-` and a point inside stay as they are; every other byte
/// becomes `%` and two digits, so that no table name can leave the folder or mean something to a system. A name that would be
/// too long is cut and ends in `~` and the number of the table, which no other name has.
pub(crate) fn folder_name(table: &str, id: u64) -> String {
    let mut name = String::new();
    for (i, byte) in table.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if plain || byte == b'.' && i > 0 && i + 1 < table.len() {
            name.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    // Windows takes these for devices, whatever follows a point.
    let stem = name.split('.').next().unwrap_or("").to_ascii_uppercase();
    let numbered = stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT"));
    if numbered || matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") {
        let first = table.bytes().next().unwrap_or(b'_');
        name.replace_range(..1, &format!("%{first:02X}"));
    }
    if name.len() > MAX_FOLDER {
        name.truncate(MAX_FOLDER);
        let _ = write!(name, "~{id}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn partitions_have_names_and_ends() {
        // 2024-02-29T13:45:00Z, a Thursday of week 9.
        let at = 1_709_214_300_000_000;
        let midnight = at - at % DAY;
        let of = |by: PartitionBy| by.of(at, 1_000_000);
        assert_eq!(of(PartitionBy::None), ("default".into(), i64::MAX));
        let hour = 3_600_000_000;
        assert_eq!(of(PartitionBy::Hour), ("2024-02-29T13".into(), midnight + 14 * hour - 1));
        assert_eq!(of(PartitionBy::Day), ("2024-02-29".into(), midnight + DAY - 1));
        assert_eq!(of(PartitionBy::Week), ("2024-W09".into(), midnight + 4 * DAY - 1));
        assert_eq!(of(PartitionBy::Month), ("2024-02".into(), midnight + DAY - 1));
        assert_eq!(of(PartitionBy::Year), ("2024".into(), midnight + 307 * DAY - 1));
    }

    #[test]
    fn partitions_hold_at_the_edges() {
        for by in [PartitionBy::Hour, PartitionBy::Day, PartitionBy::Week, PartitionBy::Year] {
            for per_second in [1_000_000, 1_000_000_000] {
                for time in [i64::MIN, -1, 0, 1, i64::MAX] {
                    let (name, last) = by.of(time, per_second);
                    assert!(last >= time, "{name}: {last} < {time}");
                    if last < i64::MAX {
                        assert_ne!(by.of(last + 1, per_second).0, name);
                    }
                    assert!(!name.is_empty());
                }
            }
        }
        assert_eq!(PartitionBy::Day.of(-1, 1_000_000_000), ("1969-12-31".into(), -1));
    }

    #[test]
    fn folder_names_are_safe_and_differ() {
        let plain = |name: &str| folder_name(name, 7);
        assert_eq!(plain("trades"), "trades");
        assert_eq!(plain("a.b-c_1"), "a.b-c_1");
        assert_eq!(plain(".."), "%2E%2E");
        assert_eq!(plain("../x"), "%2E.%2Fx");
        assert_eq!(plain("a b%"), "a%20b%25");
        assert_eq!(plain("ä"), "%C3%A4");
        assert_eq!(plain("con"), "%63on");
        assert_eq!(plain("com1.x"), "%63om1.x");
        let long = "ä".repeat(127);
        assert!(plain(&long).len() < 230 && plain(&long).ends_with("~7"));
    }
}
