//! The place of one value of a row, for which there is room.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::marker::PhantomData;

use super::room::{COLUMN_ROOM, PayloadLen, Room, SHORT_TEXT, Texts};
use crate::ilp::ProtocolVersion;
use crate::ilp::rows::Lead;
use crate::ilp::value::{DoubleBits, DoubleText, Payload, WireValue};
use crate::name::Wire;

/// [`COLUMN_ROOM`] bytes of a row, for one column with its value. Whoever gets one can use it once, and only at that time.
pub(in crate::ilp) struct Slot<'s> {
    at: *mut u8,
    /// The address up to which texts and elements may shift what follows.
    last: usize,
    version: ProtocolVersion,
    time: PhantomData<fn(&'s ()) -> &'s ()>,
}

/// What was written into a [`Slot`].
pub(in crate::ilp) struct Written<'s> {
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
    pub(in crate::ilp) fn skip(self) -> Written<'s> {
        Self::written(self.at)
    }

    /// Name and value as one.
    #[inline(always)]
    pub(in crate::ilp) fn ready(self, lead: &Lead) -> Option<Written<'s>> {
        // SAFETY: a part of the slot.
        let mut room = unsafe { Room::new(self.at, Wire::HEAD, PayloadLen::NONE, Texts::Plain) };
        room.head(lead.bytes(), lead.len());
        room.end().map(Self::written)
    }

    #[inline(always)]
    pub(in crate::ilp) fn f64(self, lead: &Lead, value: f64) -> Option<Written<'s>> {
        if self.version.is_text() {
            return self.apart(lead, DoubleText(value));
        }
        self.value(lead, DoubleBits(value))
    }

    /// Writes a name and a value; `None` if that needs something special.
    #[inline(always)]
    pub(in crate::ilp) fn value<V: WireValue>(self, lead: &Lead, value: V) -> Option<Written<'s>> {
        const {
            let short = if matches!(V::PAYLOAD, Payload::Escaped) { 2 * SHORT_TEXT } else { 0 };
            assert!(Wire::HEAD + V::ROOM + short <= COLUMN_ROOM);
        }
        let payload = value.payload();
        let texts = match V::PAYLOAD {
            Payload::Escaped => Texts::PlainFirst(payload.get()),
            Payload::None | Payload::AsItIs => Texts::Plain,
        };
        // For most values this is known when it is compiled.
        if V::NEEDS.is_new() && self.version < V::NEEDS.since || !self.fits::<V>(payload.get()) {
            return None;
        }
        // SAFETY: the slot, and what lies between it and `last`, which `fits` has looked at.
        let mut room = unsafe { Room::new(self.at, Wire::HEAD + V::ROOM, payload, texts) };
        room.head(lead.bytes(), lead.len());
        if !value.write(&mut room, self.version) {
            return None;
        }
        room.end().map(Self::written)
    }

    /// The same as a function of its own, for values that call others.
    #[inline(always)]
    pub(in crate::ilp) fn apart<V: WireValue>(self, lead: &Lead, value: V) -> Option<Written<'s>> {
        // SAFETY: the slot as it is.
        unsafe { apart(self.at, self.last, self.version, lead, value) }.map(Self::written)
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

/// [`Slot::value`] of a slot in parts, which is not lent so that it can live in registers.
///
/// # Safety
/// As for [`Slot::new`].
#[inline(never)]
unsafe fn apart<V: WireValue>(
    at: *mut u8,
    last: usize,
    version: ProtocolVersion,
    lead: &Lead,
    value: V,
) -> Option<*mut u8> {
    // SAFETY: the caller's promise.
    unsafe { Slot::new(at, last, version) }.value(lead, value).map(Written::end)
}
