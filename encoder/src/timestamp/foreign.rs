//! Times of the standard library, and of the crates `jiff` and `chrono`, as timestamps.

use std::time::SystemTime;

use super::{Timestamp, TimestampMicros, TimestampNanos, ToTimestamp, since_epoch};
use crate::error::{Error, Result};

/// Implements the conversions of a type of another crate, given its nanoseconds since 1970. They are exact, or fail.
macro_rules! from_foreign {
    ($(#[$cfg:meta])* [$($generics:tt)*] $type:ty, $nanos:expr) => {
        $(#[$cfg])*
        impl<$($generics)*> TryFrom<$type> for TimestampNanos {
            type Error = Error;

            /// Fails with `InvalidTimestamp` outside the years 1677 to 2262.
            fn try_from(time: $type) -> Result<TimestampNanos> {
                TimestampNanos::from_total($nanos(&time))
            }
        }

        $(#[$cfg])*
        impl<$($generics)*> TryFrom<$type> for TimestampMicros {
            type Error = Error;

            /// Fails with `InvalidTimestamp` if that is no whole number of microseconds, or more of them than 64 bits hold.
            fn try_from(time: $type) -> Result<TimestampMicros> {
                TimestampMicros::from_total_nanos($nanos(&time))
            }
        }

        $(#[$cfg])*
        impl<$($generics)*> ToTimestamp for $type {
            fn to_timestamp(&self) -> Result<Timestamp> {
                TimestampNanos::from_total($nanos(self)).map(Timestamp::Nanos)
            }
        }
    };
}

from_foreign!([] SystemTime, |time: &SystemTime| since_epoch(*time));
from_foreign!(#[cfg(feature = "jiff")] [] jiff::Timestamp, |time: &jiff::Timestamp| time.as_nanosecond());
from_foreign!(#[cfg(feature = "jiff")] [] jiff::ZonedDateTime, |time: &jiff::ZonedDateTime| time.timestamp().as_nanosecond());
// A leap second is treated as the second that follows it, as `chrono::DateTime::timestamp_nanos_opt` does.
from_foreign!(
    #[cfg(feature = "chrono")]
    [Z: chrono::TimeZone]
    chrono::DateTime<Z>,
    |time: &chrono::DateTime<Z>| i128::from(time.timestamp()) * 1_000_000_000
        + i128::from(time.timestamp_subsec_nanos())
);

#[cfg(all(test, any(feature = "jiff", feature = "chrono")))]
mod tests {
    use super::*;
    use crate::timestamp::tests::refused;

    #[cfg(feature = "jiff")]
    #[test]
    fn jiff_converts_exactly_or_not_at_all() {
        for nanos in [0, -1, 1_700_000_000_123_456_789, i64::MAX, i64::MIN] {
            let time = jiff::Timestamp::from_nanosecond(nanos.into()).unwrap();
            assert_eq!(TimestampNanos::try_from(time).unwrap().as_nanos(), nanos);
            let zoned = time.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(-5)));
            assert_eq!(TimestampNanos::try_from(zoned.clone()).unwrap().as_nanos(), nanos);
            assert_eq!(zoned.to_timestamp().unwrap(), time.to_timestamp().unwrap());
            assert_eq!(TimestampMicros::try_from(time).is_ok(), nanos == 0);
        }
        for far in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
            refused(TimestampNanos::try_from(far));
            refused(far.to_timestamp());
        }
        let far = jiff::Timestamp::MIN;
        assert_eq!(TimestampMicros::try_from(far).unwrap().as_micros(), far.as_microsecond());
        let message = refused(TimestampMicros::try_from(jiff::Timestamp::MAX));
        assert!(
            message.contains("999999999 nanoseconds since 1970 are no whole number"),
            "{message}"
        );
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn chrono_converts_exactly_or_not_at_all() {
        use chrono::{DateTime, FixedOffset, Utc};

        for nanos in [0, -1, 1_700_000_000_123_456_789, i64::MAX, i64::MIN] {
            let time = DateTime::from_timestamp_nanos(nanos);
            assert_eq!(TimestampNanos::try_from(time).unwrap().as_nanos(), nanos);
            let offset = FixedOffset::west_opt(5 * 3600).unwrap();
            let elsewhere = time.with_timezone(&offset);
            assert_eq!(TimestampNanos::try_from(elsewhere).unwrap().as_nanos(), nanos);
            assert_eq!(elsewhere.to_timestamp().unwrap(), time.to_timestamp().unwrap());
            assert_eq!(TimestampMicros::try_from(time).is_ok(), nanos == 0);
        }
        for far in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            refused(TimestampNanos::try_from(far));
            refused(far.to_timestamp());
        }
        let far = DateTime::<Utc>::MIN_UTC;
        assert_eq!(TimestampMicros::try_from(far).unwrap().as_micros(), far.timestamp_micros());
        refused(TimestampMicros::try_from(DateTime::<Utc>::MAX_UTC));
        // 2016-12-31T23:59:60.5Z, a leap second.
        let leap = DateTime::<Utc>::from_timestamp(1_483_228_799, 1_500_000_000).unwrap();
        let ts = TimestampNanos::try_from(leap).unwrap();
        assert_eq!(ts.as_nanos(), 1_483_228_800_500_000_000);
        assert_eq!(Some(ts.as_nanos()), leap.timestamp_nanos_opt());
    }
}
