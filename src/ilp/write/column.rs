//! The place of one value of a row, for which there is room.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::marker::PhantomData;

use super::cursor::{Quick, put_head};
use super::simd::{Block, Blocks};
use super::store::with_backslashes;
use super::utf8;
use crate::ilp::ProtocolVersion;
use crate::ilp::array::DenseArray;
use crate::ilp::rows::{COLUMN_ROOM, Lead, SHORT_TEXT};
use crate::ilp::value::{
    Decimal, DecimalInteger, DecimalText, Decimals, DoubleBits, Integer, Value,
};
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
    pub(crate) fn ready(self, lead: &Lead) -> Written<'s> {
        // SAFETY: a part of the slot.
        Self::written(unsafe { put_lead(self.at, lead) })
    }

    #[inline(always)]
    pub(crate) fn symbol(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        if !self.fits_text(text) {
            return None;
        }
        // SAFETY: the slot, and the room that was asked for.
        unsafe { write_text::<false>(put_lead(self.at, lead), text) }.map(Self::written)
    }

    #[inline(always)]
    pub(crate) fn str(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        if !self.fits_text(text) {
            return None;
        }
        // SAFETY: the slot, and the room that was asked for.
        unsafe {
            let at = put_byte(put_lead(self.at, lead), b'"');
            let at = write_text::<true>(at, text)?;
            Some(Self::written(put_byte(at, b'"')))
        }
    }

    #[inline(always)]
    pub(crate) fn f64(self, lead: &Lead, value: f64) -> Written<'s> {
        if self.version == ProtocolVersion::V1 {
            // SAFETY: the slot.
            return Self::written(unsafe { decimal_double(self.at, lead, value) });
        }
        self.binary_f64(lead, value)
    }

    /// A double in binary, which version 1 does not know.
    #[inline(always)]
    pub(crate) fn binary_f64(self, lead: &Lead, value: f64) -> Written<'s> {
        self.value(lead, DoubleBits(value))
    }

    #[inline(always)]
    pub(crate) fn i64(self, lead: &Lead, value: i64) -> Written<'s> {
        self.value(lead, Integer(value, b'i'))
    }

    #[inline(always)]
    pub(crate) fn ts_micros(self, lead: &Lead, value: i64) -> Written<'s> {
        self.value(lead, Integer(value, b't'))
    }

    #[inline(always)]
    pub(crate) fn ts_nanos(self, lead: &Lead, value: i64) -> Written<'s> {
        let value = Integer::nanos(value, self.version);
        self.value(lead, value)
    }

    #[inline(always)]
    pub(crate) fn bool(self, lead: &Lead, value: bool) -> Written<'s> {
        self.value(lead, value)
    }

    #[inline(always)]
    fn value<V: Value>(self, lead: &Lead, value: V) -> Written<'s> {
        // SAFETY: the slot.
        Self::written(unsafe { column(self.at, lead, value) })
    }

    #[inline(always)]
    pub(crate) fn array(self, lead: &Lead, view: &ArrayView<'_>) -> Option<Written<'s>> {
        let dense = DenseArray::of(view)?;
        if self.version < ProtocolVersion::V2 || !self.fits(dense.data().len()) {
            return None;
        }
        // SAFETY: a part of the slot.
        let at = unsafe { put_lead(self.at, lead) };
        // The rest of the slot, and what was asked for.
        let mut out = Quick { at, fixed: DenseArray::ROOM, text: dense.data().len() };
        dense.write(&mut out);
        Some(Self::written(out.at))
    }

    #[inline(always)]
    pub(crate) fn decimal_text(self, lead: &Lead, text: Text<'_>) -> Option<Written<'s>> {
        self.decimal_of(lead, DecimalText(text))
    }

    /// `unscaled` is big-endian.
    #[inline(always)]
    pub(crate) fn decimal(self, lead: &Lead, scale: u32, unscaled: &[u8]) -> Option<Written<'s>> {
        self.decimal_of(lead, Decimal(scale, unscaled))
    }

    #[inline(always)]
    pub(crate) fn decimal_i128(
        self,
        lead: &Lead,
        scale: u32,
        unscaled: i128,
    ) -> Option<Written<'s>> {
        self.decimal_of(lead, DecimalInteger(scale, unscaled))
    }

    #[inline(always)]
    fn decimal_of<D: Value>(self, lead: &Lead, value: D) -> Option<Written<'s>> {
        if self.version < ProtocolVersion::V3 || !self.fits(value.text().len()) {
            return None;
        }
        // SAFETY: the slot, and the room that was asked for.
        unsafe { decimal(self.at, lead, value) }.map(Self::written)
    }

    /// Whether so many bytes may be written besides the slot.
    #[inline(always)]
    fn fits(&self, more: usize) -> bool {
        (self.at as usize).checked_add(more).is_some_and(|end| end <= self.last)
    }

    /// Whether a text may be written, be all of it escaped.
    #[inline(always)]
    fn fits_text(&self, text: Text<'_>) -> bool {
        // The slot has room for a short one.
        let len = text.as_bytes().len();
        len < SHORT_TEXT || self.fits(len.saturating_mul(2))
    }
}

/// A value that always has a quick way.
///
/// # Safety
/// `COLUMN_ROOM` bytes may be written at `at`.
#[inline(always)]
unsafe fn column<V: Value>(at: *mut u8, lead: &Lead, value: V) -> *mut u8 {
    const { assert!(V::ROOM <= COLUMN_ROOM - Wire::HEAD) };
    // SAFETY: the caller's promise.
    let at = unsafe { put_lead(at, lead) };
    let mut out = Quick { at, fixed: V::ROOM, text: 0 };
    value.quick(&mut out);
    out.at
}

/// A decimal; `None` if it is none.
///
/// # Safety
/// `COLUMN_ROOM` bytes and those of the value's text may be written at `at`.
#[inline(never)]
unsafe fn decimal<D: Value>(at: *mut u8, lead: &Lead, value: D) -> Option<*mut u8> {
    const { assert!(D::ROOM <= COLUMN_ROOM - Wire::HEAD) };
    // SAFETY: the caller's promise.
    let at = unsafe { put_lead(at, lead) };
    let mut out = Quick { at, fixed: D::ROOM, text: value.text().len() };
    value.quick(&mut out).then_some(out.at)
}

/// A double as text. Apart, since it calls others.
///
/// # Safety
/// As for `column`.
#[inline(never)]
unsafe fn decimal_double(at: *mut u8, lead: &Lead, value: f64) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { column(at, lead, Decimals(value)) }
}

/// # Safety
/// 32 bytes may be written at `at`.
#[inline(always)]
pub(super) unsafe fn put_lead(at: *mut u8, lead: &Lead) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { put_head(at, lead.bytes(), lead.len()) }
}

/// # Safety
/// A byte may be written at `at`.
#[inline(always)]
pub(super) unsafe fn put_byte(at: *mut u8, byte: u8) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        at.write(byte);
        at.add(1)
    }
}

/// Writes text with the escapes that it needs; `None` if it is not UTF-8, or holds a NUL outside of quotes.
///
/// # Safety
/// Twice the text and 32 bytes more may be written at `at`.
#[inline(always)]
unsafe fn write_text<const QUOTED: bool>(at: *mut u8, text: Text<'_>) -> Option<*mut u8> {
    let (bytes, known) = (text.as_bytes(), text.is_known_utf8());
    // The caller's promise makes this the room there is.
    let mut out = Quick { at, fixed: 16, text: bytes.len() };
    if out.text::<QUOTED>(bytes, !known) {
        return Some(out.at);
    }
    // SAFETY: the caller's promise.
    unsafe { escaped::<QUOTED>(at, bytes, known) }
}

/// # Safety
/// As for [`write_text`].
#[inline(never)]
unsafe fn escaped<const QUOTED: bool>(
    mut at: *mut u8,
    text: &[u8],
    known_utf8: bool,
) -> Option<*mut u8> {
    let (mut high, mut nul) = (0, 0);
    for chunk in text.chunks(16) {
        let block = match chunk.first_chunk::<16>() {
            Some(full) => Block::full(full),
            None => Block::partial(chunk),
        };
        high |= block.high();
        if !QUOTED {
            nul |= block.nuls() & ((1 << chunk.len()) - 1);
        }
        // SAFETY: of the room twice the bytes that are left and 32 more are left.
        at = unsafe { with_backslashes::<Block, QUOTED>(at, block, chunk) };
    }
    (nul == 0 && (high == 0 || known_utf8 || utf8::is_valid(text))).then_some(at)
}
