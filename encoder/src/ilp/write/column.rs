//! A place for one column of a row, in room that was reserved for the whole row.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::marker::PhantomData;

use super::room::{COLUMN_ROOM, PayloadLen, Room, SHORT_TEXT, Texts};
use crate::ilp::ProtocolVersion;
use crate::ilp::value::{Payload, WireValue};
use crate::name::{NameText, ShortBytes};

/// Room for one column with its value in a row: [`COLUMN_ROOM`] bytes. It is used up by writing, and cannot be kept.
pub(in crate::ilp) struct Slot<'s> {
    at: *mut u8,
    /// The address up to which texts and elements may push what follows them.
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
    /// `COLUMN_ROOM` bytes may be written at `at` and, if `at` lies before `last`, `last - at` bytes more.
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

    /// Writes a name and a value that were joined before.
    #[inline(always)]
    pub(in crate::ilp) fn joined(self, joined: &ShortBytes) -> Option<Written<'s>> {
        // SAFETY: a slot has `COLUMN_ROOM` bytes, which are more than `ShortBytes::SIZE`.
        let mut room =
            unsafe { Room::new(self.at, ShortBytes::SIZE, PayloadLen::NONE, Texts::Plain) };
        room.short(joined);
        room.end().map(Self::written)
    }

    /// Writes the name of a table; `None` if a long one has no room.
    #[inline(always)]
    pub(in crate::ilp) fn table(self, name: &NameText) -> Option<Written<'s>> {
        match name.short() {
            short if short.is_none() => self.bytes(name.form()),
            short => self.joined(short),
        }
    }

    /// Writes bytes of any length; `None` if they have no room.
    #[inline(always)]
    pub(in crate::ilp) fn bytes(self, bytes: &[u8]) -> Option<Written<'s>> {
        // SAFETY: these are the parts of this slot, which is used up.
        unsafe { bytes_by_call(self.at, self.last, bytes) }.map(Self::written)
    }

    #[inline(always)]
    pub(in crate::ilp) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Writes a name and a value; `None` if the value needs the slow path.
    #[inline(always)]
    pub(in crate::ilp) fn value<V: WireValue>(
        self,
        name: &ShortBytes,
        value: V,
    ) -> Option<Written<'s>> {
        const {
            let short = if matches!(V::PAYLOAD, Payload::Escaped) { 2 * SHORT_TEXT } else { 0 };
            assert!(ShortBytes::SIZE + V::ROOM + short <= COLUMN_ROOM);
        }
        let payload = value.payload();
        let texts = match V::PAYLOAD {
            Payload::Escaped => Texts::PlainFirst(payload.get()),
            Payload::None | Payload::AsItIs => Texts::Plain,
        };
        // For most values the compiler knows the first condition.
        if V::NEEDS.is_new() && self.version < V::NEEDS.since || !self.fits::<V>(payload.get()) {
            return None;
        }
        // SAFETY: the constant part and a short text fit the slot, as asserted above; `fits` has checked that the rest of
        // the payload lies before `last`.
        let mut room = unsafe { Room::new(self.at, ShortBytes::SIZE + V::ROOM, payload, texts) };
        room.short(name);
        if !value.write(&mut room, self.version) {
            return None;
        }
        room.end().map(Self::written)
    }

    /// Does the same in a function of its own, for values whose writing calls other functions.
    #[inline(always)]
    pub(in crate::ilp) fn value_by_call<V: WireValue>(
        self,
        name: &ShortBytes,
        value: V,
    ) -> Option<Written<'s>> {
        // SAFETY: these are the parts of this slot, which is used up.
        unsafe { value_by_call(self.at, self.last, self.version, name, value) }.map(Self::written)
    }

    /// Returns whether there is room for a payload, even if every byte of it needs a backslash.
    #[inline(always)]
    fn fits<V: WireValue>(&self, payload: usize) -> bool {
        let more = match V::PAYLOAD {
            Payload::None => return true,
            // The constant part of the slot has room for a short text.
            Payload::Escaped if payload < SHORT_TEXT => return true,
            Payload::Escaped => payload.saturating_mul(2),
            Payload::AsItIs => payload,
        };
        (self.at as usize).checked_add(more).is_some_and(|end| end <= self.last)
    }
}

/// Does [`Slot::value`] with the parts of a slot, so that they can be passed in registers.
///
/// # Safety
/// The caller promises what [`Slot::new`] requires.
#[inline(never)]
unsafe fn value_by_call<V: WireValue>(
    at: *mut u8,
    last: usize,
    version: ProtocolVersion,
    name: &ShortBytes,
    value: V,
) -> Option<*mut u8> {
    // SAFETY: the caller promises what `Slot::new` requires.
    unsafe { Slot::new(at, last, version) }.value(name, value).map(Written::end)
}

/// Does [`Slot::bytes`] with the parts of a slot.
///
/// # Safety
/// The caller promises what [`Slot::new`] requires.
#[cold]
#[inline(never)]
unsafe fn bytes_by_call(at: *mut u8, last: usize, bytes: &[u8]) -> Option<*mut u8> {
    if (at as usize).checked_add(bytes.len()).is_none_or(|end| end > last) {
        return None;
    }
    // SAFETY: the bytes end before `last`, so they lie within what may be written. The borrowed bytes cannot overlap, because the
    // place is behind the end of a store that is borrowed exclusively.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
        Some(at.add(bytes.len()))
    }
}
