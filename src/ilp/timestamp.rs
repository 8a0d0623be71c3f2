//! Designated timestamps, which end a row.

use super::ProtocolVersion;
use super::number::{Suffix, TEN_8, eight, unsigned};
use super::write::{Out, Quick, Tail};
use crate::error::{Error, Result, err};
use crate::table::TimestampKind;

/// A designated timestamp as it was given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stamp {
    Nanos(i64),
    Micros(i64),
}

impl Stamp {
    /// The number on the wire and what follows it, if there is one.
    #[inline(always)]
    fn wire(self, version: ProtocolVersion) -> Option<(u64, Suffix)> {
        let (unit, stamp) = match self {
            Stamp::Nanos(nanos) => (TimestampKind::Nanos, nanos),
            Stamp::Micros(micros) => (TimestampKind::Micros, micros),
        };
        let form = StampForm::new(unit, version)?;
        Some((form.number(stamp)?, form.end))
    }

    #[cold]
    #[inline(never)]
    fn error(self) -> Error {
        match self {
            Stamp::Micros(micros) if micros >= 0 => err!(
                InvalidTimestamp,
                "the designated timestamp is {micros} microseconds, protocol version 1 reaches to {}",
                i64::MAX / 1000
            ),
            Stamp::Nanos(stamp) | Stamp::Micros(stamp) => err!(
                InvalidTimestamp,
                "the designated timestamp is {stamp}, it may not be negative"
            ),
        }
    }
}

/// How the designated timestamps of one plan go out in one version.
#[derive(Clone, Copy)]
pub(super) struct StampForm {
    end: Suffix,
    /// What a timestamp is multiplied by.
    factor: i64,
}

impl StampForm {
    /// `None` where the server sets them.
    #[inline(always)]
    const fn new(stamp: TimestampKind, version: ProtocolVersion) -> Option<StampForm> {
        let bare = matches!(version, ProtocolVersion::V1);
        let (end, factor) = match stamp {
            TimestampKind::Nanos if bare => (BARE, 1),
            TimestampKind::Nanos => (NANOS, 1),
            TimestampKind::Micros if bare => (BARE, 1000),
            TimestampKind::Micros => (MICROS, 1),
            TimestampKind::Now => return None,
        };
        Some(StampForm { end, factor })
    }

    /// The same, looked up: a single row has no loop out of which it could be taken.
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
        if version == ProtocolVersion::V1 { bare } else { typed }
    }

    /// The number on the wire, if there is one.
    #[inline(always)]
    pub(super) fn number(self, stamp: i64) -> Option<u64> {
        u64::try_from(stamp.checked_mul(self.factor)?).ok()
    }
}

const BARE: Suffix = (*b"\n\0", 1);
const NANOS: Suffix = (*b"n\n", 2);
const MICROS: Suffix = (*b"t\n", 2);

/// A space and the upper digits of the last timestamp as text: the next one mostly shares them.
#[derive(Clone)]
pub(super) struct StampCache {
    /// The smallest number with these upper digits; 0 as long as there are none.
    base: u64,
    text: [u8; 16],
    len: usize,
}

impl StampCache {
    /// What [`StampCache::quick`] writes at most.
    pub(super) const ROOM: usize = 16 + 2 * 8;

    pub(super) fn new() -> StampCache {
        StampCache { base: 0, text: [b' '; 16], len: 1 }
    }

    /// As [`StampCache::quick`], for a number of the wire.
    #[inline(always)]
    pub(super) fn quick_number(&self, out: &mut Quick, number: u64, form: StampForm) -> bool {
        let lower = number.wrapping_sub(self.base);
        if lower >= TEN_8 || self.base == 0 {
            return false;
        }
        // Never more than 13.
        out.put(self.text, self.len % 16);
        out.words([eight(lower)]);
        out.put(form.end.0, form.end.1);
        true
    }

    /// Appends the end of a row, if the timestamp shares its upper digits with the last one.
    #[inline(always)]
    pub(super) fn quick(&self, out: &mut Quick, stamp: Stamp, version: ProtocolVersion) -> bool {
        match stamp.wire(version) {
            Some((number, end)) => self.quick_number(out, number, StampForm { end, factor: 1 }),
            None => false,
        }
    }

    /// Appends the end of a row.
    #[inline(never)]
    pub(super) fn end_row(
        &mut self,
        out: &mut Tail<'_>,
        stamp: Stamp,
        version: ProtocolVersion,
    ) -> Result<()> {
        let Some((number, end)) = stamp.wire(version) else { return Err(stamp.error()) };
        let upper = number / TEN_8;
        if upper == 0 {
            out.byte(b' ');
            unsigned(out, number, end);
            return Ok(());
        }
        if upper * TEN_8 != self.base {
            self.renew(upper);
        }
        out.put(self.text, self.len);
        out.words([eight(number % TEN_8)]);
        out.put(end.0, end.1);
        Ok(())
    }

    #[inline]
    fn renew(&mut self, upper: u64) {
        // At most twelve digits.
        let mut digits = [0; 16];
        let (mut rest, mut start) = (upper, digits.len());
        while rest > 0 && start > 1 {
            start -= 1;
            digits[start] = b'0' + (rest % 10).to_le_bytes()[0];
            rest /= 10;
        }
        start -= 1;
        digits[start] = b' ';
        digits.rotate_left(start);
        *self = StampCache { base: upper * TEN_8, text: digits, len: 16 - start };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilp::write::Store;

    /// The same stamp by both ways, which must agree.
    fn written(cache: &mut StampCache, stamp: Stamp, version: ProtocolVersion) -> Option<String> {
        let text = |store: &Store| String::from_utf8(store.as_slice().to_vec()).unwrap();
        let mut store = Store::new(1000);
        let mut out = store.tail();
        let ended = cache.end_row(&mut out, stamp, version);
        out.finish().unwrap();
        let mut quick_store = Store::new(1000);
        quick_store.reserve(300).unwrap();
        let mut open = quick_store.open::<{ StampCache::ROOM }>(&[]).unwrap();
        if cache.quick(open.out(), stamp, version) {
            open.finish();
            assert_eq!(text(&quick_store), text(&store));
        } else {
            assert!(ended.is_err() || cache.base == 0 || text(&store).len() < 12);
        }
        ended.ok().map(|()| text(&store))
    }

    #[test]
    fn stamps_of_every_length_in_every_order() {
        let mut random = fastrand::Rng::with_seed(44);
        let mut cache = StampCache::new();
        let mut check = |value: i64| {
            for (version, nanos, micros) in
                [(ProtocolVersion::V1, "", ""), (ProtocolVersion::V2, "n", "t")]
            {
                let text = written(&mut cache, Stamp::Nanos(value), version);
                assert_eq!(text, (value >= 0).then(|| format!(" {value}{nanos}\n")));
                let sent = if version == ProtocolVersion::V1 {
                    value.checked_mul(1000)
                } else {
                    Some(value)
                };
                let text = written(&mut cache, Stamp::Micros(value), version);
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
        let message = |stamp: Stamp| stamp.error().message().to_owned();
        assert_eq!(
            message(Stamp::Nanos(-1)),
            "the designated timestamp is -1, it may not be negative"
        );
        assert_eq!(
            message(Stamp::Micros(i64::MAX)),
            "the designated timestamp is 9223372036854775807 microseconds, protocol version 1 reaches to 9223372036854775"
        );
    }
}
