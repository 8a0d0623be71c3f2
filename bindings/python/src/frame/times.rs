//! Points in time as counts of a unit since 1970, as numpy and Arrow have them.
#![expect(unsafe_code, reason = "reads the memory of arrays")]

use std::ops::Range;

use super::memory::{Numbers, Type};

/// "Not a time": the value that stands for a missing one in numpy.
pub(crate) const NAT: i64 = i64::MIN;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    /// How many of what is sent make one.
    factor: i64,
    /// Whether nanoseconds are sent, and not microseconds.
    pub(crate) nanos: bool,
}

impl Unit {
    /// That of time spans, which are sent as they are counted.
    pub(crate) const COUNT: Unit = Unit { factor: 1, nanos: false };

    /// Returns the unit that numpy and Arrow write so.
    pub(crate) fn of(name: &str) -> Option<Unit> {
        const SECOND: i64 = 1_000_000;
        let micros = |factor| Some(Unit { factor, nanos: false });
        match name {
            "ns" => Some(Unit { factor: 1, nanos: true }),
            "us" => micros(1),
            "ms" => micros(1_000),
            "s" => micros(SECOND),
            "m" => micros(60 * SECOND),
            "h" => micros(3_600 * SECOND),
            "D" | "day" => micros(86_400 * SECOND),
            "W" => micros(7 * 86_400 * SECOND),
            _ => None,
        }
    }

    /// Returns a count in what is sent, or nothing if it does not fit 64 bits.
    #[inline]
    pub(crate) fn sent(self, count: i64) -> Option<i64> {
        count.checked_mul(self.factor)
    }
}

/// Counts of a unit in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) counts: Numbers,
    pub(crate) unit: Unit,
}

impl Times {
    /// Returns the times of these rows as they are sent, in `scratch` if they have to be converted. [`NAT`] stays what it is, and
    /// so does a row for which `has` is false.
    ///
    /// # Errors
    /// The number, within these, of one that does not fit 64 bits.
    ///
    /// # Safety
    /// The array must have these rows and outlive the result.
    pub(crate) unsafe fn read(
        self,
        rows: Range<usize>,
        has: impl Fn(usize) -> bool,
        scratch: &mut Vec<i64>,
    ) -> Result<&[i64], usize> {
        let Numbers { memory, kind, swapped } = self.counts;
        if self.unit.factor == 1 && kind == Type::I64 && !swapped {
            // SAFETY: the caller vouches for the rows.
            if let Some(values) = unsafe { memory.slice(rows.clone()) } {
                return Ok(values);
            }
        }
        scratch.clear();
        // SAFETY: as above.
        unsafe { self.counts.integers(rows, scratch) };
        if self.unit.factor != 1 {
            for (i, value) in scratch.iter_mut().enumerate() {
                if *value != NAT && has(i) {
                    *value = self.unit.sent(*value).ok_or(i)?;
                }
            }
        }
        Ok(scratch)
    }
}
