//! The calls of [`Buffer`] that take values of any type that has its own unit or scale.

use super::Buffer;
use crate::decimal::ToMaybeDecimal;
use crate::error::Result;
use crate::name::ColumnRef;
use crate::timestamp::{Timestamp, ToMaybeTimestamp, ToTimestamp};

impl Buffer {
    /// Adds a timestamp column to the open row, in microseconds or nanoseconds as the value has it. Version 1 has
    /// microseconds only, so the rest is cut off. `None` leaves the column out.
    ///
    /// ```
    /// # use questdb_ingress_encoder as questdb_ingress;
    /// use std::time::SystemTime;
    /// use questdb_ingress::{Buffer, ProtocolVersion, TimestampMicros};
    ///
    /// let mut buffer = Buffer::new(ProtocolVersion::V2);
    /// buffer.table("trades")?.column_ts("ordered", TimestampMicros::new(17))?;
    /// buffer.column_ts("settled", None::<SystemTime>)?.at_now()?;
    /// assert_eq!(buffer.peek(), b"trades ordered=17t\n");
    /// # Ok::<(), questdb_ingress::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`ToTimestamp::to_timestamp`], and of [`Buffer::column_ts_nanos`].
    #[inline]
    pub fn column_ts<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl ToMaybeTimestamp,
    ) -> Result<&mut Self> {
        match value.to_maybe_timestamp()? {
            Some(Timestamp::Nanos(ts)) => self.column_ts_nanos(name, ts.as_nanos()),
            Some(Timestamp::Micros(ts)) => self.column_ts_micros(name, ts.as_micros()),
            None => self.column_ts_micros(name, None),
        }
    }

    /// Adds a decimal column to the open row; needs version 3. `None` leaves it out.
    ///
    /// # Errors
    /// Those of [`ToDecimal::to_decimal`](crate::ToDecimal::to_decimal), and of [`Buffer::column_dec`].
    pub fn column_decimal<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl ToMaybeDecimal,
    ) -> Result<&mut Self> {
        match value.to_maybe_decimal()? {
            Some(number) => self.column_dec_i128(name, number.scale(), number.unscaled()),
            None => self.column_dec_i128(name, 0, None),
        }
    }

    /// Ends the row with its designated timestamp, such as a [`TimestampNanos`](crate::TimestampNanos) or a
    /// [`SystemTime`](std::time::SystemTime). It may not lie before 1970. Version 1 sends nanoseconds, which reach to the year
    /// 2262.
    ///
    /// ```
    /// # use questdb_ingress_encoder as questdb_ingress;
    /// use questdb_ingress::{Buffer, ProtocolVersion, TimestampNanos};
    ///
    /// let mut buffer = Buffer::new(ProtocolVersion::V1);
    /// buffer.table("trades")?.column_f64("price", 2615.54)?.at(TimestampNanos::from_secs(1_700_000_000)?)?;
    /// assert_eq!(buffer.peek(), b"trades price=2615.54 1700000000000000000\n");
    /// # Ok::<(), questdb_ingress::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`ToTimestamp::to_timestamp`], and of [`Buffer::at_micros`]. The row stays open.
    #[inline]
    pub fn at(&mut self, timestamp: impl ToTimestamp) -> Result<()> {
        match timestamp.to_timestamp()? {
            Timestamp::Nanos(ts) => self.at_nanos(ts.as_nanos()),
            Timestamp::Micros(ts) => self.at_micros(ts.as_micros()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "rust_decimal")]
    use crate::ToDecimal as _;
    use crate::ilp::ProtocolVersion;
    use crate::{Decimal, ErrorCode, TimestampMicros, TimestampNanos};

    const VERSIONS: [ProtocolVersion; 3] =
        [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3];

    type Call = fn(&mut Buffer) -> Result<()>;

    /// Each pair is a typed call and the call with the unit in its name, which must do the same.
    const PAIRS: &[(Call, Call)] = &[
        (
            |b| b.column_f64("x", 1.5)?.at(TimestampNanos::new(1_999)),
            |b| b.column_f64("x", 1.5)?.at_nanos(1_999),
        ),
        (
            |b| b.column_f64("x", 1.5)?.at(TimestampMicros::new(1_999)),
            |b| b.column_f64("x", 1.5)?.at_micros(1_999),
        ),
        (
            |b| b.column_ts("x", TimestampNanos::new(-1_999))?.at_now(),
            |b| b.column_ts_nanos("x", -1_999)?.at_now(),
        ),
        (
            |b| b.column_ts("x", Some(TimestampMicros::new(i64::MIN)))?.at_now(),
            |b| b.column_ts_micros("x", i64::MIN)?.at_now(),
        ),
        (
            |b| b.column_ts("x", None::<TimestampNanos>)?.column_bool("y", true)?.at_now(),
            |b| b.column_bool("y", true)?.at_now(),
        ),
        (
            |b| b.column_decimal("x", Decimal::new(i128::MIN, 76))?.at_now(),
            |b| b.column_dec_i128("x", 76, i128::MIN)?.at_now(),
        ),
        (
            |b| b.column_decimal("x", Some(Decimal::new(1, 77)))?.at_now(),
            |b| b.column_dec_i128("x", 77, 1)?.at_now(),
        ),
        (
            |b| b.column_bool("y", true)?.column_decimal("x", None::<Decimal>)?.at_now(),
            |b| b.column_bool("y", true)?.column_dec_i128("x", 0, None)?.at_now(),
        ),
        (
            |b| b.column_f64("x", 1.5)?.at(TimestampNanos::new(-1)),
            |b| b.column_f64("x", 1.5)?.at_nanos(-1),
        ),
        (
            |b| b.column_f64("x", 1.5)?.at(TimestampMicros::new(i64::MAX)),
            |b| b.column_f64("x", 1.5)?.at_micros(i64::MAX),
        ),
    ];

    #[test]
    fn typed_calls_write_what_the_named_ones_write() {
        for version in VERSIONS {
            for (i, (typed, named)) in PAIRS.iter().enumerate() {
                let [a, b] = [typed, named].map(|call| {
                    let mut buffer = Buffer::new(version);
                    buffer.table("t").unwrap();
                    let result = call(&mut buffer).map_err(|e| e.message().to_owned());
                    (result, buffer.peek().to_vec())
                });
                assert_eq!(a, b, "pair {i} in {version:?}");
            }
        }
    }

    #[test]
    fn a_value_that_cannot_be_converted_leaves_the_row_as_it_was() {
        let far = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1 << 40);
        let mut buffer = Buffer::new(ProtocolVersion::V2);
        buffer.table("t").unwrap().column_bool("x", true).unwrap();
        let before = buffer.clone();
        let code = buffer.column_ts("y", far).unwrap_err().code();
        assert_eq!(code, ErrorCode::InvalidTimestamp);
        assert_eq!(buffer.at(far).unwrap_err().code(), ErrorCode::InvalidTimestamp);
        assert_eq!(buffer.peek(), before.peek());
        buffer.at_now().unwrap();
    }

    #[cfg(feature = "rust_decimal")]
    #[test]
    fn numbers_of_rust_decimal_arrive_exactly() {
        use rust_decimal::Decimal as Number;

        let mut numbers = vec![Number::MAX, Number::MIN, Number::ZERO, Number::NEGATIVE_ONE];
        for text in ["0.0000000000000000000000000001", "-1.50", "79228162514.264337593543950335"] {
            numbers.push(text.parse().unwrap());
        }
        for number in numbers {
            let sent = number.to_decimal().unwrap();
            assert_eq!(Number::from_i128_with_scale(sent.unscaled(), sent.scale()), number);
            assert_eq!(sent.scale(), number.scale(), "trailing zeros stay");
            for version in VERSIONS {
                let mut buffer = Buffer::new(version);
                let row = buffer.row("t").unwrap().column_decimal("x", number);
                let code = row.and_then(|row| row.at_now()).err().map(|e| e.code());
                let too_old = version < ProtocolVersion::V3;
                assert_eq!(code, too_old.then_some(ErrorCode::ProtocolVersion));
                let mut named = Buffer::new(version);
                if version == ProtocolVersion::V3 {
                    named.table("t").unwrap();
                    named.column_dec_i128("x", number.scale(), number.mantissa()).unwrap();
                    named.at_now().unwrap();
                }
                assert_eq!(buffer.peek(), named.peek(), "{number} in {version:?}");
            }
        }
    }
}
