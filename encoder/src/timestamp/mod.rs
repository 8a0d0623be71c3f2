//! Points in time with their unit: [`TimestampNanos`], [`TimestampMicros`], and the traits for types that convert into them.
//!
//! QuestDB has a type of column for each unit, and a bare number has no unit: if it is taken for the wrong one, it is stored
//! a thousand times too early or too late, which no server can notice. So a number gets its unit from the type it is wrapped
//! in.

mod foreign;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result, err};

const NANOS_PER_MICRO: i64 = 1_000;

/// A point in time in nanoseconds since 1970-01-01 00:00:00 UTC; negative before. It reaches from the year 1677 to 2262.
///
/// A designated timestamp may not lie before 1970; the call that ends the row refuses it.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use questdb_ingress::TimestampNanos;
///
/// let ts = TimestampNanos::from_secs(1_700_000_000)?;
/// assert_eq!(ts, TimestampNanos::new(1_700_000_000_000_000_000));
/// assert_eq!(ts, TimestampNanos::try_from(UNIX_EPOCH + Duration::from_secs(1_700_000_000))?);
/// assert!(TimestampNanos::from_millis(i64::MAX).is_err());
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampNanos(i64);

/// A point in time in microseconds since 1970-01-01 00:00:00 UTC; negative before.
///
/// A designated timestamp may not lie before 1970; the call that ends the row refuses it.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{TimestampMicros, TimestampNanos};
///
/// let ts = TimestampMicros::from_millis(1_700_000_000_123)?;
/// assert_eq!(ts.as_micros(), 1_700_000_000_123_000);
/// // What a conversion would lose is an error, and losing it on purpose has a name.
/// let finer = TimestampNanos::new(1_700_000_000_123_456_789);
/// assert!(TimestampMicros::try_from(finer).is_err());
/// assert_eq!(finer.floor_to_micros(), TimestampMicros::new(1_700_000_000_123_456));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampMicros(i64);

/// A point in time in one of the units that QuestDB has a type of column for.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use std::time::SystemTime;
/// use questdb_ingress::{Timestamp, TimestampMicros, ToTimestamp};
///
/// let unit = |ts: Timestamp| match ts {
///     Timestamp::Nanos(_) => "TIMESTAMP_NS",
///     Timestamp::Micros(_) => "TIMESTAMP",
///     _ => "newer than this program",
/// };
/// assert_eq!(unit(TimestampMicros::now().into()), "TIMESTAMP");
/// assert_eq!(unit(SystemTime::now().to_timestamp()?), "TIMESTAMP_NS");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timestamp {
    /// In nanoseconds: `TIMESTAMP_NS`.
    Nanos(TimestampNanos),
    /// In microseconds: `TIMESTAMP`.
    Micros(TimestampMicros),
}

impl TimestampNanos {
    /// Creates the point in time that many nanoseconds after the beginning of 1970.
    #[inline]
    pub const fn new(nanos: i64) -> TimestampNanos {
        TimestampNanos(nanos)
    }

    /// Creates the point in time that many microseconds after the beginning of 1970.
    ///
    /// # Errors
    /// `InvalidTimestamp` outside the years 1677 to 2262.
    pub fn from_micros(micros: i64) -> Result<TimestampNanos> {
        scaled(micros, "microseconds", NANOS_PER_MICRO, "nanoseconds").map(TimestampNanos)
    }

    /// Creates the point in time that many milliseconds after the beginning of 1970.
    ///
    /// # Errors
    /// As [`TimestampNanos::from_micros`].
    pub fn from_millis(millis: i64) -> Result<TimestampNanos> {
        scaled(millis, "milliseconds", 1_000_000, "nanoseconds").map(TimestampNanos)
    }

    /// Creates the point in time that many seconds after the beginning of 1970.
    ///
    /// # Errors
    /// As [`TimestampNanos::from_micros`].
    pub fn from_secs(secs: i64) -> Result<TimestampNanos> {
        scaled(secs, "seconds", 1_000_000_000, "nanoseconds").map(TimestampNanos)
    }

    /// Returns the time of the system's clock. If the clock is beyond the year 2262, this is the last timestamp there is.
    pub fn now() -> TimestampNanos {
        let nanos = since_epoch(crate::time::now());
        TimestampNanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Returns the nanoseconds since the beginning of 1970.
    #[inline]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns the microsecond in which this point in time lies, rounding towards the past.
    #[inline]
    pub const fn floor_to_micros(self) -> TimestampMicros {
        TimestampMicros(self.0.div_euclid(NANOS_PER_MICRO))
    }

    fn from_total(nanos: i128) -> Result<TimestampNanos> {
        i64::try_from(nanos).map(TimestampNanos).map_err(|_| too_far(nanos, "nanoseconds"))
    }
}

impl TimestampMicros {
    /// Creates the point in time that many microseconds after the beginning of 1970.
    #[inline]
    pub const fn new(micros: i64) -> TimestampMicros {
        TimestampMicros(micros)
    }

    /// Creates the point in time that many milliseconds after the beginning of 1970.
    ///
    /// # Errors
    /// `InvalidTimestamp` if that is more microseconds than 64 bits hold.
    pub fn from_millis(millis: i64) -> Result<TimestampMicros> {
        scaled(millis, "milliseconds", 1_000, "microseconds").map(TimestampMicros)
    }

    /// Creates the point in time that many seconds after the beginning of 1970.
    ///
    /// # Errors
    /// As [`TimestampMicros::from_millis`].
    pub fn from_secs(secs: i64) -> Result<TimestampMicros> {
        scaled(secs, "seconds", 1_000_000, "microseconds").map(TimestampMicros)
    }

    /// Returns the time of the system's clock, cut to microseconds.
    pub fn now() -> TimestampMicros {
        TimestampNanos::now().floor_to_micros()
    }

    /// Returns the microseconds since the beginning of 1970.
    #[inline]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    fn from_total_nanos(nanos: i128) -> Result<TimestampMicros> {
        let per_micro = i128::from(NANOS_PER_MICRO);
        if nanos.rem_euclid(per_micro) != 0 {
            return Err(too_fine(nanos));
        }
        let micros = nanos.div_euclid(per_micro);
        i64::try_from(micros).map(TimestampMicros).map_err(|_| too_far(micros, "microseconds"))
    }
}

fn scaled(count: i64, unit: &str, factor: i64, to: &str) -> Result<i64> {
    count.checked_mul(factor).ok_or_else(|| {
        err!(InvalidTimestamp, "{count} {unit} since 1970 are more {to} than 64 bits hold")
    })
}

#[cold]
#[inline(never)]
fn too_far(count: i128, unit: &str) -> Error {
    err!(InvalidTimestamp, "{count} {unit} since 1970 are more than 64 bits hold")
}

#[cold]
#[inline(never)]
fn too_fine(nanos: i128) -> Error {
    err!(
        InvalidTimestamp,
        "{nanos} nanoseconds since 1970 are no whole number of microseconds: use TimestampNanos, or floor_to_micros"
    )
}

/// Returns nanoseconds since 1970. They always fit, because the system counts seconds in 64 bits.
fn since_epoch(time: SystemTime) -> i128 {
    let nanos =
        |d: Duration| i128::from(d.as_secs()) * 1_000_000_000 + i128::from(d.subsec_nanos());
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

impl From<TimestampNanos> for Timestamp {
    #[inline]
    fn from(ts: TimestampNanos) -> Timestamp {
        Timestamp::Nanos(ts)
    }
}

impl From<TimestampMicros> for Timestamp {
    #[inline]
    fn from(ts: TimestampMicros) -> Timestamp {
        Timestamp::Micros(ts)
    }
}

impl TryFrom<TimestampMicros> for TimestampNanos {
    type Error = Error;

    fn try_from(ts: TimestampMicros) -> Result<TimestampNanos> {
        TimestampNanos::from_micros(ts.0)
    }
}

impl TryFrom<TimestampNanos> for TimestampMicros {
    type Error = Error;

    fn try_from(ts: TimestampNanos) -> Result<TimestampMicros> {
        TimestampMicros::from_total_nanos(ts.0.into())
    }
}

impl From<TimestampMicros> for SystemTime {
    fn from(ts: TimestampMicros) -> SystemTime {
        let away = Duration::from_micros(ts.0.unsigned_abs());
        if ts.0 < 0 { UNIX_EPOCH - away } else { UNIX_EPOCH + away }
    }
}

impl From<TimestampNanos> for SystemTime {
    fn from(ts: TimestampNanos) -> SystemTime {
        let away = Duration::from_nanos(ts.0.unsigned_abs());
        if ts.0 < 0 { UNIX_EPOCH - away } else { UNIX_EPOCH + away }
    }
}

/// What can be the timestamp of a row or the value of a timestamp column: [`TimestampNanos`], [`TimestampMicros`],
/// [`SystemTime`], with the cargo features of these names also `jiff::Timestamp`, `jiff::ZonedDateTime` and
/// `chrono::DateTime`, and any type of yours that implements this trait. Foreign types are sent in nanoseconds, which loses
/// nothing; convert them into [`TimestampMicros`] for a column in microseconds.
///
/// A bare number is refused, because it has no unit:
///
/// ```compile_fail,E0277
/// # use questdb_ingress::{Buffer, ProtocolVersion};
/// # let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.row("trades")?.column_f64("price", 2615.54)?.at(1_700_000_000)?;
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// # use questdb_ingress::{Buffer, ProtocolVersion};
/// use questdb_ingress::{Result, Timestamp, TimestampMicros, ToTimestamp};
///
/// /// Ticks of a device: tenths of a millisecond since 1970.
/// struct Ticks(i64);
///
/// impl ToTimestamp for Ticks {
///     fn to_timestamp(&self) -> Result<Timestamp> {
///         Ok(TimestampMicros::new(self.0 * 100).into())
///     }
/// }
///
/// # let mut buffer = Buffer::new(ProtocolVersion::V2);
/// buffer.row("trades")?.column_ts("seen", Ticks(1))?.at(Ticks(2))?;
/// assert_eq!(buffer.peek(), b"trades seen=100t 200t\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timestamp",
    label = "a timestamp says its unit",
    note = "a bare number has no unit: wrap it in `TimestampNanos::new` or `TimestampMicros::new`"
)]
pub trait ToTimestamp {
    /// Returns the point in time.
    ///
    /// # Errors
    /// `InvalidTimestamp` if it is out of range.
    fn to_timestamp(&self) -> Result<Timestamp>;
}

/// What a timestamp column takes: a timestamp, or an `Option` of one. `None` leaves the column out. To use a type of yours,
/// implement [`ToTimestamp`]: this trait then comes with it.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{TimestampNanos, ToMaybeTimestamp};
///
/// assert_eq!(None::<TimestampNanos>.to_maybe_timestamp()?, None);
/// assert!(TimestampNanos::now().to_maybe_timestamp()?.is_some());
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timestamp",
    label = "a timestamp says its unit",
    note = "a bare number has no unit: wrap it in `TimestampNanos::new` or `TimestampMicros::new`"
)]
pub trait ToMaybeTimestamp {
    /// Returns the point in time, if there is one.
    ///
    /// # Errors
    /// As [`ToTimestamp::to_timestamp`].
    fn to_maybe_timestamp(&self) -> Result<Option<Timestamp>>;
}

impl<T: ToTimestamp> ToMaybeTimestamp for T {
    #[inline]
    fn to_maybe_timestamp(&self) -> Result<Option<Timestamp>> {
        self.to_timestamp().map(Some)
    }
}

impl<T: ToTimestamp> ToMaybeTimestamp for Option<T> {
    #[inline]
    fn to_maybe_timestamp(&self) -> Result<Option<Timestamp>> {
        self.as_ref().map(T::to_timestamp).transpose()
    }
}

impl<T: ToTimestamp + ?Sized> ToTimestamp for &T {
    #[inline]
    fn to_timestamp(&self) -> Result<Timestamp> {
        (**self).to_timestamp()
    }
}

impl ToTimestamp for Timestamp {
    #[inline]
    fn to_timestamp(&self) -> Result<Timestamp> {
        Ok(*self)
    }
}

impl ToTimestamp for TimestampNanos {
    #[inline]
    fn to_timestamp(&self) -> Result<Timestamp> {
        Ok(Timestamp::Nanos(*self))
    }
}

impl ToTimestamp for TimestampMicros {
    #[inline]
    fn to_timestamp(&self) -> Result<Timestamp> {
        Ok(Timestamp::Micros(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    pub(super) fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
        let e = result.unwrap_err();
        assert_eq!(e.code(), ErrorCode::InvalidTimestamp);
        e.message().to_owned()
    }

    #[test]
    fn whole_units_are_multiplied_or_refused() {
        assert_eq!(TimestampNanos::from_secs(-2).unwrap().as_nanos(), -2_000_000_000);
        assert_eq!(TimestampMicros::from_secs(-2).unwrap().as_micros(), -2_000_000);
        type Make = (fn(i64) -> Result<i64>, i64);
        let makes: [Make; 5] = [
            (|n| TimestampNanos::from_micros(n).map(TimestampNanos::as_nanos), 1_000),
            (|n| TimestampNanos::from_millis(n).map(TimestampNanos::as_nanos), 1_000_000),
            (|n| TimestampNanos::from_secs(n).map(TimestampNanos::as_nanos), 1_000_000_000),
            (|n| TimestampMicros::from_millis(n).map(TimestampMicros::as_micros), 1_000),
            (|n| TimestampMicros::from_secs(n).map(TimestampMicros::as_micros), 1_000_000),
        ];
        for (make, factor) in makes {
            for edge in [i64::MAX / factor, i64::MIN / factor] {
                assert_eq!(make(edge).unwrap(), edge * factor);
                refused(make(edge + edge.signum()));
            }
        }
        let message = refused(TimestampNanos::from_secs(9_223_372_037));
        assert_eq!(message, "9223372037 seconds since 1970 are more nanoseconds than 64 bits hold");
    }

    #[test]
    fn units_convert_exactly_or_not_at_all() {
        for (nanos, micros) in [(0, 0), (-1_000, -1), (1_999_000, 1_999)] {
            let (n, m) = (TimestampNanos::new(nanos), TimestampMicros::new(micros));
            assert_eq!(TimestampMicros::try_from(n).unwrap(), m);
            assert_eq!(TimestampNanos::try_from(m).unwrap(), n);
        }
        for (nanos, floor) in [(-1, -1), (1, 0), (-999, -1), (-1_001, -2), (1_999, 1)] {
            let n = TimestampNanos::new(nanos);
            assert!(refused(TimestampMicros::try_from(n)).contains("no whole number"));
            assert_eq!(n.floor_to_micros(), TimestampMicros::new(floor));
        }
        refused(TimestampNanos::try_from(TimestampMicros::new(i64::MAX)));
        refused(TimestampNanos::try_from(TimestampMicros::new(i64::MIN)));
    }

    #[test]
    fn the_system_clock_goes_there_and_back() {
        for nanos in [0, 1, -1, 1_700_000_000_123_456_789, i64::MAX, i64::MIN, -1_500_000_000] {
            let ts = TimestampNanos::new(nanos);
            // Where the system's clock is coarser, as on Windows, `SystemTime` is too.
            let time = SystemTime::from(ts);
            let back = TimestampNanos::try_from(time).unwrap();
            assert!(back.0.abs_diff(nanos) < 100, "{nanos} {back:?}");
            let by_trait = time.to_timestamp().unwrap();
            assert_eq!(by_trait, Timestamp::Nanos(back));
        }
        for micros in [0, 1, -1, 1_700_000_000_123_456] {
            let ts = TimestampMicros::new(micros);
            assert_eq!(TimestampMicros::try_from(SystemTime::from(ts)).unwrap(), ts);
        }
        let far = UNIX_EPOCH + Duration::from_secs(9_223_372_037);
        assert!(refused(TimestampNanos::try_from(far)).ends_with("than 64 bits hold"));
        assert_eq!(TimestampMicros::try_from(far).unwrap().as_micros(), 9_223_372_037_000_000);
        refused(far.to_timestamp());
        let now = TimestampNanos::now();
        assert!(now > TimestampNanos::from_secs(1_700_000_000).unwrap());
        assert!(TimestampMicros::now() >= now.floor_to_micros());
    }

    #[test]
    fn options_are_values_of_columns() {
        let ts = TimestampMicros::new(5);
        assert_eq!(Some(ts).to_maybe_timestamp().unwrap(), Some(Timestamp::Micros(ts)));
        assert_eq!(
            ToMaybeTimestamp::to_maybe_timestamp(&&ts).unwrap(),
            Some(Timestamp::Micros(ts))
        );
        assert_eq!(None::<SystemTime>.to_maybe_timestamp().unwrap(), None);
    }
}
