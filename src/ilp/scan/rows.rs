//! Whole rows that need nothing special, with one look at the room for each.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::ops::Range;

use super::blocks::{Block, Blocks};
use super::quick::Cursor;
use super::{Quick, grow, with_backslashes};
use crate::ilp::ArrayView;
use crate::ilp::ProtocolVersion;
use crate::ilp::array::DenseArray;
use crate::ilp::row_plan::{COLUMN_ROOM, Lead, QuickCell, RowPlan, RowValues, SHORT_TEXT};
use crate::ilp::stamp::{StampCache, StampForm};
use crate::ilp::utf8;
use crate::ilp::value::{
    Decimal, DecimalInteger, DecimalText, Decimals, DoubleBits, Integer, Value,
};
use crate::names::Wire;
use crate::text::Text;

impl Cursor<'_> {
    /// Writes `rows` as far as they need nothing special. Returns the first row that does, of which nothing was written,
    /// or the end.
    #[inline(always)]
    pub(in crate::ilp) fn quick_rows<V: RowValues>(
        &mut self,
        plan: &RowPlan,
        values: &V,
        stamps: &StampCache,
        version: ProtocolVersion,
        rows: Range<usize>,
    ) -> usize {
        let Some(table) = &plan.table else { return rows.start };
        let room = Wire::HEAD + plan.columns.len() * COLUMN_ROOM + StampCache::ROOM;
        let mut row = Row {
            at: self.at,
            last: self.last_with(room),
            tracks: values.tracks(plan),
            values,
            version,
            stamps,
            end: StampForm::new(plan.stamp, version),
        };
        for i in rows.clone() {
            if row.at as usize > row.last {
                if !self.make_room(room) {
                    return i;
                }
                (row.at, row.last) = (self.at, self.last_with(room));
            }
            // SAFETY: `at` has not passed the last place with room for a row.
            match unsafe { row.write(table, i) } {
                Some(at) => (row.at, self.at) = (at, at),
                None => return i,
            }
        }
        rows.end
    }

    /// The address of the last place with `room` bytes behind it; 0 if there is none.
    #[inline(always)]
    fn last_with(&self, room: usize) -> usize {
        let end = self.store.bytes.capacity().min(self.store.max);
        if end < room { 0 } else { self.store.bytes.as_ptr() as usize + end - room }
    }

    /// Sees to it that `room` bytes may be written here, if that can be had.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, room: usize) -> bool {
        let position = self.at as usize - self.store.bytes.as_ptr() as usize;
        if position.saturating_add(room) > self.store.max || !grow(self.store, position, room) {
            return false;
        }
        let start = self.store.bytes.as_mut_ptr();
        // SAFETY: both lie within the allocation of `bytes`.
        (self.at, self.last) = unsafe { (start.add(position), start.add(self.store.limit)) };
        true
    }
}

/// What one row after the other is written with.
struct Row<'a, V: RowValues> {
    at: *mut u8,
    /// The address of the last place with room for a row without text and elements.
    last: usize,
    tracks: &'a [V::Track],
    values: &'a V,
    version: ProtocolVersion,
    stamps: &'a StampCache,
    end: Option<StampForm>,
}

impl<V: RowValues> Row<'_, V> {
    /// Writes a row at `at` and returns its end, or `None` if anything is special.
    ///
    /// # Safety
    /// `at` must not have passed `last`.
    #[inline(always)]
    unsafe fn write(&self, table: &Lead, row: usize) -> Option<*mut u8> {
        // SAFETY: (here and below) each piece takes its own part of the room that the row has: the table's, one for each
        // column, and the end's. What a text or an array takes moreover is asked for by `fits`.
        let start = unsafe { put_lead(self.at, table) };
        let mut at = start;
        let mut separator = b' ';
        for track in self.tracks {
            let lead = V::lead(track);
            let written = match self.values.cell(track, row) {
                QuickCell::Null => continue,
                QuickCell::ReadySymbol(ready) => {
                    // SAFETY: see above.
                    at = unsafe { put_lead(at, ready) };
                    continue;
                }
                QuickCell::Symbol(text) => {
                    // SAFETY: see above.
                    at = unsafe { self.symbol(at, lead, text) }?;
                    continue;
                }
                QuickCell::F64(value) if self.version == ProtocolVersion::V1 => {
                    // SAFETY: see above.
                    unsafe { decimal_double(at, separator, lead, value) }
                }
                QuickCell::F64(value) => {
                    // SAFETY: see above.
                    unsafe { column(at, separator, lead, DoubleBits(value)) }
                }
                QuickCell::I64(value) => {
                    // SAFETY: see above.
                    unsafe { column(at, separator, lead, Integer(value, b'i')) }
                }
                QuickCell::TsMicros(value) => {
                    // SAFETY: see above.
                    unsafe { column(at, separator, lead, Integer(value, b't')) }
                }
                QuickCell::TsNanos(value) => {
                    let value = Integer::nanos(value, self.version);
                    // SAFETY: see above.
                    unsafe { column(at, separator, lead, value) }
                }
                QuickCell::Bool(value) => {
                    // SAFETY: see above.
                    unsafe { column(at, separator, lead, value) }
                }
                QuickCell::ReadyStr(ready) => {
                    // SAFETY: see above.
                    unsafe { put_separated(at, separator, ready) }
                }
                // SAFETY: see above.
                QuickCell::Str(text) => unsafe { self.string(at, separator, lead, text) }?,
                // SAFETY: see above.
                QuickCell::Array(view) => unsafe { self.array(at, separator, lead, view) }?,
                // SAFETY: see above.
                QuickCell::View(view) => unsafe { self.array(at, separator, lead, &view) }?,
                QuickCell::DecimalText(_) | QuickCell::Decimal(..) | QuickCell::DecimalI128(..)
                    if self.version < ProtocolVersion::V3 =>
                {
                    return None;
                }
                QuickCell::DecimalText(text) => {
                    if !self.fits(at, text.as_bytes().len()) {
                        return None;
                    }
                    // SAFETY: see above.
                    unsafe { decimal(at, separator, lead, DecimalText(text)) }?
                }
                QuickCell::Decimal(scale, unscaled) => {
                    if !self.fits(at, unscaled.len()) {
                        return None;
                    }
                    // SAFETY: see above.
                    unsafe { decimal(at, separator, lead, Decimal(scale, unscaled)) }?
                }
                QuickCell::DecimalI128(scale, unscaled) => {
                    // SAFETY: see above.
                    unsafe { decimal(at, separator, lead, DecimalInteger(scale, unscaled)) }?
                }
                QuickCell::Special => return None,
            };
            at = written;
            separator = b',';
        }
        if at == start {
            return None;
        }
        // SAFETY: see above.
        unsafe { self.end(at, row) }
    }

    /// # Safety
    /// The end's part of the room must be left.
    #[inline(always)]
    unsafe fn end(&self, at: *mut u8, row: usize) -> Option<*mut u8> {
        let Some(form) = self.end else {
            // SAFETY: the caller's promise.
            return Some(unsafe { put_byte(at, b'\n') });
        };
        let number = form.number(self.values.stamp(row)?)?;
        // The caller's promise makes this the room there is.
        let mut out = Quick { at, fixed: StampCache::ROOM, text: 0 };
        self.stamps.quick_number(&mut out, number, form).then_some(out.at)
    }

    /// Whether so many bytes may be written at `at` besides the row's own room.
    #[inline(always)]
    fn fits(&self, at: *mut u8, more: usize) -> bool {
        (at as usize).checked_add(more).is_some_and(|end| end <= self.last)
    }

    /// Whether a text may be written at `at`, be all of it escaped.
    #[inline(always)]
    fn fits_text(&self, at: *mut u8, text: Text<'_>) -> bool {
        // The column's own part has room for a short one.
        let len = text.as_bytes().len();
        len < SHORT_TEXT || self.fits(at, len.saturating_mul(2))
    }

    /// # Safety
    /// A column's part of the room must be left.
    #[inline(always)]
    unsafe fn symbol(&self, at: *mut u8, lead: &Lead, text: Text<'_>) -> Option<*mut u8> {
        // SAFETY: the caller's promise.
        let at = unsafe { put_lead(at, lead) };
        if !self.fits_text(at, text) {
            return None;
        }
        // SAFETY: the rest of the column's part, and the room that was asked for.
        unsafe { write_text::<false>(at, text) }
    }

    /// # Safety
    /// As for [`Row::symbol`].
    #[inline(always)]
    unsafe fn string(
        &self,
        at: *mut u8,
        separator: u8,
        lead: &Lead,
        text: Text<'_>,
    ) -> Option<*mut u8> {
        // SAFETY: the caller's promise.
        let at = unsafe { put_byte(put_separated(at, separator, lead), b'"') };
        if !self.fits_text(at, text) {
            return None;
        }
        // SAFETY: the rest of the column's part, and the room that was asked for.
        unsafe {
            let at = write_text::<true>(at, text)?;
            Some(put_byte(at, b'"'))
        }
    }

    /// # Safety
    /// As for [`Row::symbol`].
    #[inline(always)]
    unsafe fn array(
        &self,
        at: *mut u8,
        separator: u8,
        lead: &Lead,
        view: &ArrayView<'_>,
    ) -> Option<*mut u8> {
        let dense = view.dense()?;
        if self.version < ProtocolVersion::V2 || !self.fits(at, dense.data().len()) {
            return None;
        }
        // SAFETY: the column's part of the room, and what was asked for.
        let at = unsafe { put_separated(at, separator, lead) };
        let mut out = Quick { at, fixed: DenseArray::ROOM, text: dense.data().len() };
        dense.write(&mut out);
        Some(out.at)
    }
}

/// A value that always has a quick way.
///
/// # Safety
/// `COLUMN_ROOM` bytes may be written at `at`.
#[inline(always)]
unsafe fn column<V: Value>(at: *mut u8, separator: u8, lead: &Lead, value: V) -> *mut u8 {
    const { assert!(V::ROOM <= COLUMN_ROOM - Wire::HEAD) };
    // SAFETY: the caller's promise.
    let at = unsafe { put_separated(at, separator, lead) };
    let mut out = Quick { at, fixed: V::ROOM, text: 0 };
    value.quick(&mut out);
    out.at
}

/// A decimal; `None` if it is none.
///
/// # Safety
/// `COLUMN_ROOM` bytes and those of the value's text may be written at `at`.
#[inline(never)]
unsafe fn decimal<D: Value>(at: *mut u8, separator: u8, lead: &Lead, value: D) -> Option<*mut u8> {
    const { assert!(D::ROOM <= COLUMN_ROOM - Wire::HEAD) };
    // SAFETY: the caller's promise.
    let at = unsafe { put_separated(at, separator, lead) };
    let mut out = Quick { at, fixed: D::ROOM, text: value.text().len() };
    value.quick(&mut out).then_some(out.at)
}

/// A double as text. Apart, since it calls others.
///
/// # Safety
/// As for [`column`].
#[inline(never)]
unsafe fn decimal_double(at: *mut u8, separator: u8, lead: &Lead, value: f64) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { column(at, separator, lead, Decimals(value)) }
}

/// # Safety
/// 32 bytes may be written at `at`.
#[inline(always)]
unsafe fn put_lead(at: *mut u8, lead: &Lead) -> *mut u8 {
    // SAFETY: the caller's promise; the length is less than that.
    unsafe {
        at.cast::<[u8; Wire::HEAD]>().write_unaligned(lead.bytes());
        at.add(lead.len())
    }
}

/// As [`put_lead`], with the first byte replaced by `separator`.
///
/// # Safety
/// 32 bytes may be written at `at`.
#[inline(always)]
unsafe fn put_separated(at: *mut u8, separator: u8, lead: &Lead) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let end = put_lead(at, lead);
        at.write(separator);
        end
    }
}

/// # Safety
/// A byte may be written at `at`.
#[inline(always)]
unsafe fn put_byte(at: *mut u8, byte: u8) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        at.write(byte);
        at.add(1)
    }
}

/// Writes text with the escapes that it needs; `None` if it is not UTF-8.
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
    let mut high = 0;
    for chunk in text.chunks(16) {
        let block = match chunk.first_chunk::<16>() {
            Some(full) => Block::full(full),
            None => Block::partial(chunk),
        };
        high |= block.high();
        // SAFETY: of the room twice the bytes that are left and 32 more are left.
        at = unsafe { with_backslashes::<Block, QUOTED>(at, block, chunk) };
    }
    (high == 0 || known_utf8 || utf8::is_valid(text)).then_some(at)
}
