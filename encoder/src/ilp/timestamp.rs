//! Designated timestamps, which end a row.

use super::ProtocolVersion;
use super::number::{self, Suffix, TEN_8, unsigned};
use super::value::{WireValue, no_room};
use super::write::{self, Draft, Room};
use crate::error::{Error, Result, err};
use crate::table::TimestampKind;

/// How the designated timestamps of a layout are sent in one version.
#[derive(Clone, Copy)]
pub(super) struct StampForm {
    end: Suffix,
    /// The factor by which a timestamp is multiplied.
    factor: i64,
}

impl StampForm {
    /// Returns the form; `None` if the server sets the timestamps.
    #[inline(always)]
    const fn new(stamp: TimestampKind, version: ProtocolVersion) -> Option<StampForm> {
        let bare = version.is_text();
        let (end, factor) = match stamp {
            TimestampKind::Nanos if bare => (BARE, 1),
            TimestampKind::Nanos => (NANOS, 1),
            TimestampKind::Micros if bare => (BARE, 1000),
            TimestampKind::Micros => (MICROS, 1),
            TimestampKind::Now => return None,
        };
        Some(StampForm { end, factor })
    }

    /// Returns the same from a table. A loop over rows computes the form once, but a single row would have to compute it
    /// each time.
    #[inline(always)]
    pub(super) fn of(stamp: TimestampKind, version: ProtocolVersion) -> &'static Option<StampForm> {
        const fn both(stamp: TimestampKind) -> [Option<StampForm>; 2] {
            [StampForm::new(stamp, ProtocolVersion::V1), StampForm::new(stamp, ProtocolVersion::V2)]
        }
        let [bare, typed] = match stamp {
            TimestampKind::Nanos => &const { both(TimestampKind::Nanos) },
            TimestampKind::Micros => &const { both(TimestampKind::Micros) },
            TimestampKind::Now => &const { both(TimestampKind::Now) },
        };
        if version.is_text() { bare } else { typed }
    }

    /// Returns the number that is sent, if the timestamp can be sent.
    #[inline(always)]
    pub(super) fn number(self, stamp: i64) -> Option<u64> {
        u64::try_from(stamp.checked_mul(self.factor)?).ok()
    }
}

const BARE: Suffix = (*b"\n\0", 1);
const NANOS: Suffix = (*b"n\n", 2);
const MICROS: Suffix = (*b"t\n", 2);

/// A space and the upper digits of the last timestamp as text. Most timestamps share them with the one before.
#[derive(Clone, Copy)]
pub(super) struct StampCache {
    /// The smallest number with these upper digits; 0 if there are none yet.
    base: u64,
    text: [u8; 16],
    len: usize,
}

impl StampCache {
    pub(super) fn new() -> StampCache {
        StampCache { base: 0, text: [b' '; 16], len: 1 }
    }

    /// Writes the end of a row whose timestamp has these lower digits.
    #[inline(always)]
    pub(super) fn write(&self, lower: u64, form: StampForm, out: &mut Room) {
        // Never more than 13.
        out.put(self.text, self.len % 16);
        out.word((write::eight(lower), 8));
        out.put(form.end.0, form.end.1);
    }

    /// Returns the end of a row, if the timestamp can be sent. Writing it fails if its upper digits are not those of the
    /// cache.
    #[inline(always)]
    pub(super) fn end(
        &self,
        kind: TimestampKind,
        stamp: i64,
        version: ProtocolVersion,
    ) -> Option<RowEnd<'_>> {
        let Some(form) = StampForm::new(kind, version) else {
            return Some(RowEnd { stamps: self, number: 0, form: None });
        };
        Some(RowEnd { stamps: self, number: form.number(stamp)?, form: Some(form) })
    }

    /// Appends the end of any row, whose upper digits are then those of the cache.
    #[cold]
    #[inline(never)]
    pub(super) fn append_end(
        &mut self,
        out: &mut Draft<'_>,
        kind: TimestampKind,
        stamp: i64,
        version: ProtocolVersion,
    ) -> Result<()> {
        let end = self.end(kind, stamp, version).ok_or_else(|| unsendable(kind, stamp))?;
        let (number, form) = (end.number, end.form);
        let written = match form {
            Some(form) if number < TEN_8 => out.value(SmallStamp(number, form.end), version)?,
            _ => {
                self.renew_for(number);
                out.value(RowEnd { stamps: self, number, form }, version)?
            }
        };
        if written { Ok(()) } else { Err(no_room()) }
    }

    /// Takes the upper digits of a timestamp. Returns false if it has them already, or if there are none.
    pub(super) fn renew_at(
        &mut self,
        kind: TimestampKind,
        stamp: i64,
        version: ProtocolVersion,
    ) -> bool {
        let form = StampForm::of(kind, version);
        let number = form.as_ref().and_then(|form| form.number(stamp));
        number.is_some_and(|number| self.renew_for(number))
    }

    /// Takes the upper digits of a number that is sent. Returns false if it has them already, or if the number has none.
    #[cold]
    #[inline(never)]
    pub(super) fn renew_for(&mut self, number: u64) -> bool {
        let upper = number / TEN_8;
        let new = upper > 0 && upper * TEN_8 != self.base;
        if new {
            self.renew(upper);
        }
        new
    }

    /// Returns the lower digits of a number that is sent, if it has the upper digits of the last one.
    #[inline(always)]
    pub(super) fn lower(&self, number: u64) -> Option<u64> {
        let lower = number.wrapping_sub(self.base);
        (lower < TEN_8 && self.base != 0).then_some(lower)
    }

    #[inline]
    fn renew(&mut self, upper: u64) {
        // Sixteen digits in memory order, of which the first are zeros: there are at most twelve others, and at least one.
        let [high, low] = [number::eight(upper / TEN_8).0, number::eight(upper % TEN_8).0];
        let digits = u128::from(low) << 64 | u128::from(high);
        let zeros = (digits ^ u128::from_ne_bytes([b'0'; 16])).trailing_zeros() / 8;
        let text = digits.wrapping_shr(8 * zeros) << 8 | u128::from(b' ');
        let len = 17_usize.saturating_sub(zeros as usize);
        *self = StampCache { base: upper * TEN_8, text: text.to_le_bytes(), len };
    }
}

#[cold]
#[inline(never)]
fn unsendable(kind: TimestampKind, stamp: i64) -> Error {
    if kind == TimestampKind::Micros && stamp >= 0 {
        return err!(
            InvalidTimestamp,
            "the designated timestamp is {stamp} microseconds, protocol version 1 reaches to {}",
            i64::MAX / 1000
        );
    }
    err!(InvalidTimestamp, "the designated timestamp is {stamp}, it may not be negative")
}

/// The end of a row, with its designated timestamp unless the server sets it.
#[derive(Clone, Copy)]
pub(super) struct RowEnd<'a> {
    stamps: &'a StampCache,
    number: u64,
    form: Option<StampForm>,
}

impl WireValue for RowEnd<'_> {
    const ROOM: usize = 16 + 2 * 8;

    /// Returns false if the upper digits of the timestamp are not those of the cache.
    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        let Some(form) = self.form else {
            out.byte(b'\n');
            return true;
        };
        let Some(lower) = self.stamps.lower(self.number) else { return false };
        self.stamps.write(lower, form, out);
        true
    }
}

/// The end of a row whose timestamp has no upper digits: it lies at the beginning of 1970.
#[derive(Clone, Copy)]
struct SmallStamp(u64, Suffix);

impl WireValue for SmallStamp {
    const ROOM: usize = RowEnd::ROOM;

    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.byte(b' ');
        unsigned(out, self.0, self.1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilp::write::Store;
    use crate::ilp::write::tests::appended;

    /// Returns the same timestamp written both ways, which must agree.
    fn written(
        cache: &mut StampCache,
        (kind, stamp): (TimestampKind, i64),
        version: ProtocolVersion,
    ) -> Option<String> {
        let quick = |cache: &StampCache| {
            cache.end(kind, stamp, version).and_then(|end| appended(end, version).ok())
        };
        let before = quick(cache);
        let mut store = Store::new(100);
        let mut draft = store.draft();
        if cache.append_end(&mut draft, kind, stamp, version).is_err() {
            assert_eq!((before, quick(cache)), (None, None));
            return None;
        }
        draft.keep();
        let text = store.as_slice().to_vec();
        assert!(before.is_none_or(|before| before == text));
        assert!(quick(cache).map_or(text.len() < 12, |after| after == text));
        Some(String::from_utf8(text).unwrap())
    }

    #[test]
    fn stamps_of_every_length_in_every_order() {
        let mut random = fastrand::Rng::with_seed(44);
        let mut cache = StampCache::new();
        let mut check = |value: i64| {
            for (version, nanos, micros) in
                [(ProtocolVersion::V1, "", ""), (ProtocolVersion::V2, "n", "t")]
            {
                let text = written(&mut cache, (TimestampKind::Nanos, value), version);
                assert_eq!(text, (value >= 0).then(|| format!(" {value}{nanos}\n")));
                let sent = if version == ProtocolVersion::V1 {
                    value.checked_mul(1000)
                } else {
                    Some(value)
                };
                let text = written(&mut cache, (TimestampKind::Micros, value), version);
                let expected = sent.filter(|v| *v >= 0).map(|v| format!(" {v}{micros}\n"));
                assert_eq!(text, expected);
            }
        };
        for power in 0..19 {
            for value in [10i64.pow(power), 10i64.pow(power) - 1, 10i64.pow(power) + 1] {
                check(value);
                check(-value);
            }
        }
        for value in [0, i64::MAX, i64::MIN, i64::MAX / 1000, i64::MAX / 1000 + 1] {
            check(value);
        }
        for _ in 0..50_000 {
            check(random.i64(..) >> random.u32(0..64));
            check(1_700_000_000_000_000_000 + random.i64(0..300_000_000));
        }
    }

    #[test]
    fn errors_name_the_stamp() {
        let message = |kind, stamp| unsendable(kind, stamp).message().to_owned();
        assert_eq!(
            message(TimestampKind::Nanos, -1),
            "the designated timestamp is -1, it may not be negative"
        );
        assert_eq!(
            message(TimestampKind::Micros, i64::MAX),
            "the designated timestamp is 9223372036854775807 microseconds, protocol version 1 reaches to 9223372036854775"
        );
    }
}
