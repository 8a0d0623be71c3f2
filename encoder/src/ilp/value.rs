//! The interface between a value and its writer, and the simple values.

use super::ProtocolVersion;
use super::number::{self, DOUBLE_ROOM, INTEGER_ROOM};
use super::row_state::Call;
use super::write::{PayloadLen, Room, TEXT_ROOM, bad_string, bad_symbol, count_escapes};
use crate::error::{Error, err};
use crate::text::Text;

/// Something that only newer versions of the protocol have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feature {
    pub(super) since: ProtocolVersion,
    pub(super) what: &'static str,
}

impl Feature {
    pub(super) const ANY: Feature = Feature { since: ProtocolVersion::V1, what: "rows" };
    pub(super) const ARRAYS: Feature = Feature { since: ProtocolVersion::V2, what: "arrays" };
    pub(super) const DECIMALS: Feature = Feature { since: ProtocolVersion::V3, what: "decimals" };

    /// Returns whether there are versions without it.
    #[inline(always)]
    pub(super) const fn is_new(self) -> bool {
        !matches!(self.since, ProtocolVersion::V1)
    }
}

/// The part of a value whose length is not constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    None,
    /// Bytes that are copied unchanged.
    AsItIs,
    /// Text in which any byte may need a backslash.
    Escaped,
}

/// A value of a row, or the end of a row, that can be written into reserved room.
pub(super) trait WireValue: Copy {
    /// The most bytes that the value takes besides its payload.
    const ROOM: usize;
    const PAYLOAD: Payload = Payload::None;
    const NEEDS: Feature = Feature::ANY;
    /// The call that adds it to a row.
    const CALL: Call = Call::Column;

    /// Returns the length of the payload, without backslashes.
    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        PayloadLen::NONE
    }

    /// Returns how many backslashes the payload needs.
    #[cold]
    fn escapes(&self) -> usize {
        0
    }

    /// Writes the value. Returns false if it cannot be written, or if it needs backslashes for which no room was reserved;
    /// the caller then discards what was written.
    fn write(self, out: &mut Room, version: ProtocolVersion) -> bool;

    /// Returns why the value cannot be written, if so. It writes nothing.
    #[cold]
    fn fault(self) -> Option<Error> {
        None
    }

    /// Returns why the value cannot be written, also if only the version is too old for it.
    #[cold]
    #[inline(never)]
    fn fault_in(self, version: ProtocolVersion) -> Error {
        let Feature { since, what } = Self::NEEDS;
        if version >= since {
            return self.fault().unwrap_or_else(no_room);
        }
        let (since, version) = (since as u8, version as u8);
        err!(
            ProtocolVersion,
            "{what} need protocol version {since}, the buffer has version {version}"
        )
    }
}

/// Returns the error for a defect of this library: a valid value was not written.
#[cold]
pub(super) fn no_room() -> Error {
    err!(Internal, "a value needs more room than was reserved for it")
}

impl WireValue for bool {
    const ROOM: usize = 1;

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.byte(if self { b't' } else { b'f' });
        true
    }
}

/// An integer and the letter after it, which gives its type.
#[derive(Clone, Copy)]
pub(super) struct Integer(i64, u8);

impl Integer {
    #[inline(always)]
    pub(super) fn i64(value: i64) -> Integer {
        Integer(value, b'i')
    }

    /// Creates the value of a timestamp column in microseconds.
    #[inline(always)]
    pub(super) fn micros(micros: i64) -> Integer {
        Integer(micros, b't')
    }
}

impl WireValue for Integer {
    const ROOM: usize = INTEGER_ROOM;

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        number::integer(out, self.0, self.1);
        true
    }
}

/// The value of a timestamp column in nanoseconds; version 1 sends microseconds, cut off.
#[derive(Clone, Copy)]
pub(super) struct Nanos(pub(super) i64);

impl WireValue for Nanos {
    const ROOM: usize = Integer::ROOM;

    #[inline(always)]
    fn write(self, out: &mut Room, version: ProtocolVersion) -> bool {
        let value = match version.is_text() {
            true => Integer::micros(self.0 / 1000),
            false => Integer(self.0, b'n'),
        };
        value.write(out, version)
    }
}

/// A double as the shortest text that reads back as the same double.
#[derive(Clone, Copy)]
pub(super) struct DoubleText(pub(super) f64);

impl WireValue for DoubleText {
    const ROOM: usize = DOUBLE_ROOM;

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        number::double(out, self.0);
        true
    }
}

/// A double as its bits.
#[derive(Clone, Copy)]
pub(super) struct DoubleBits(pub(super) f64);

impl WireValue for DoubleBits {
    const ROOM: usize = number::BINARY_DOUBLE.len() + size_of::<f64>();

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.put(number::BINARY_DOUBLE, 2);
        out.put(self.0.to_bits().to_le_bytes(), 8);
        true
    }
}

/// The bits of a double, after what comes before them.
#[derive(Clone, Copy)]
pub(super) struct BareBits(pub(super) f64);

impl WireValue for BareBits {
    const ROOM: usize = size_of::<f64>();

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.put(self.0.to_bits().to_le_bytes(), 8);
        true
    }
}

/// A string is written in quotes.
impl WireValue for Text<'_> {
    const ROOM: usize = 2 + TEXT_ROOM;
    const PAYLOAD: Payload = Payload::Escaped;

    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        PayloadLen::of(self.as_bytes())
    }

    #[cold]
    fn escapes(&self) -> usize {
        count_escapes::<true>(self.as_bytes())
    }

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.byte(b'"');
        let good = out.text::<true>(self);
        out.byte(b'"');
        good
    }

    #[cold]
    fn fault(self) -> Option<Error> {
        bad_string(self)
    }
}

/// The value of a symbol.
#[derive(Clone, Copy)]
pub(super) struct Symbol<'a>(pub(super) Text<'a>);

impl WireValue for Symbol<'_> {
    const ROOM: usize = TEXT_ROOM;
    const PAYLOAD: Payload = Payload::Escaped;
    const CALL: Call = Call::Symbol;

    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        self.0.payload()
    }

    #[cold]
    fn escapes(&self) -> usize {
        count_escapes::<false>(self.0.as_bytes())
    }

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        out.text::<false>(self.0)
    }

    #[cold]
    fn fault(self) -> Option<Error> {
        bad_symbol(self.0)
    }
}
