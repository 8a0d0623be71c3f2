//! The place of one value of a row, for which there is room.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::marker::PhantomData;

use super::room::{COLUMN_ROOM, PayloadLen, Room, SHORT_TEXT};
use crate::ilp::ProtocolVersion;
use crate::ilp::decimal::{Decimal, DecimalInteger, DecimalText};
use crate::ilp::rows::Lead;
use crate::ilp::value::{DoubleBits, DoubleText, Integer, Payload, Symbol, WireValue};
use crate::name::Wire;
use crate::table::ArrayView;
use crate::text::Text;

/// [`COLUMN_ROOM`] bytes of a row, for one column with its value. Whoever gets one can use it once, and only at that time.
pub(crate) struct Slot<'s> {
    at: *mut u8,
    /// The address up to which texts and elements may shift what follows.
    last: usize,
    version: ProtocolVersion,
    time: PhantomData<fn(&'s ()) -> &'s ()>,
}

/// What was written into a [`Slot`].
pub(crate) struct Written<'s> {
    end: *mut u8,
    time: PhantomData<fn(&'s ()) -> &'s ()>,
}

impl Written<'_> {
    #[inline(always)]
    pub(super) fn end(self) -> *mut u8 {
        self.end
    }
}

impl<'s> Slot<'s> {
    /// # Safety
    /// `COLUMN_ROOM` bytes may be written at `at`, and whatever lies between it and `last` besides.
    #[inline(always)]
    pub(super) unsafe fn new(at: *mut u8, last: usize, version: ProtocolVersion) -> Slot<'s> {
        Slot { at, last, version, time: PhantomData }
    }

    #[inline(always)]
    fn written(end: *mut u8) -> Written<'s> {
        Written { end, time: PhantomData }
    }

    /// Leaves the column out.
    #[inline(always)]
    pub(crate) fn skip(self) -> Written<'s> {
        Self::written(self.at)
    }

    /// Name and value as one.
    #[inline(always)]
    pub(crate) fn ready(self, lead: &Lead) -> Option<Written<'s>> {
        // SAFETY: a part of the slot.
        let mut room = unsafe { Room::new(self.at, Wire::HEAD, PayloadLen::NONE, None) };
        room.head(lead.bytes(), lead.len());
        room.end().map(Self::written)
    }

    #[inline(always)]
    pub(crate) fn symbol(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        self.value(lead, Symbol(text))
    }

    #[inline(always)]
    pub(crate) fn str(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        self.value(lead, text)
    }

    #[inline(always)]
    pub(crate) fn f64(self, lead: &Lead, value: f64) -> Option<Written<'s>> {
        if self.version.is_text() {
            return self.apart(lead, DoubleText(value));
        }
        self.binary_f64(lead, value)
    }

    /// A double in binary, which version 1 does not know.
    #[inline(always)]
    pub(crate) fn binary_f64(self, lead: &Lead, value: f64) -> Option<Written<'s>> {
        self.value(lead, DoubleBits(value))
    }

    #[inline(always)]
    pub(crate) fn i64(self, lead: &Lead, value: i64) -> Option<Written<'s>> {
        self.value(lead, Integer::i64(value))
    }

    #[inline(always)]
    pub(crate) fn ts_micros(self, lead: &Lead, value: i64) -> Option<Written<'s>> {
        self.value(lead, Integer::micros(value))
    }

    #[inline(always)]
    pub(crate) fn ts_nanos(self, lead: &Lead, value: i64) -> Option<Written<'s>> {
        let value = Integer::nanos(value, self.version);
        self.value(lead, value)
    }

    #[inline(always)]
    pub(crate) fn bool(self, lead: &Lead, value: bool) -> Option<Written<'s>> {
        self.value(lead, value)
    }

    #[inline(always)]
    pub(crate) fn array(self, lead: &Lead, view: &ArrayView<'_>) -> Option<Written<'s>> {
        self.value(lead, view)
    }

    #[inline(always)]
    pub(crate) fn decimal_text(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        self.apart(lead, DecimalText(text))
    }

    /// `unscaled` is big-endian.
    #[inline(always)]
    pub(crate) fn decimal(self, lead: &Lead, scale: u32, unscaled: &[u8]) -> Option<Written<'s>> {
        self.apart(lead, Decimal(scale, unscaled))
    }

    #[inline(always)]
    pub(crate) fn decimal_i128(
        self,
        lead: &Lead,
        scale: u32,
        unscaled: i128,
    ) -> Option<Written<'s>> {
        self.apart(lead, DecimalInteger(scale, unscaled))
    }

    /// Writes a name and a value; `None` if that needs something special.
    #[inline(always)]
    fn value<V: WireValue>(self, lead: &Lead, value: V) -> Option<Written<'s>> {
        const {
            let short = if matches!(V::PAYLOAD, Payload::Escaped) { 2 * SHORT_TEXT } else { 0 };
            assert!(Wire::HEAD + V::ROOM + short <= COLUMN_ROOM);
        }
        let payload = value.payload();
        let escapes = (V::PAYLOAD == Payload::Escaped).then_some(payload.get());
        if self.version < V::NEEDS.since || !self.fits::<V>(payload.get()) {
            return None;
        }
        // SAFETY: the slot, and what lies between it and `last`, which `fits` has looked at.
        let mut room = unsafe { Room::new(self.at, Wire::HEAD + V::ROOM, payload, escapes) };
        room.head(lead.bytes(), lead.len());
        if !value.write(&mut room, self.version) {
            return None;
        }
        room.end().map(Self::written)
    }

    /// The same as a function of its own, for values that call others.
    #[inline(never)]
    fn apart<V: WireValue>(self, lead: &Lead, value: V) -> Option<Written<'s>> {
        self.value(lead, value)
    }

    /// Whether there is room for a payload, be all of it escaped.
    #[inline(always)]
    fn fits<V: WireValue>(&self, payload: usize) -> bool {
        let more = match V::PAYLOAD {
            Payload::None => return true,
            // The slot has room for a short one.
            Payload::Escaped if payload < SHORT_TEXT => return true,
            Payload::Escaped => payload.saturating_mul(2),
            Payload::AsItIs => payload,
        };
        (self.at as usize).checked_add(more).is_some_and(|end| end <= self.last)
    }
}
