//! Whole rows that need nothing special, with one look at the room for each.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::ops::Range;

use super::column::{Slot, put_byte, put_lead};
use super::cursor::{Cursor, Quick};
use super::store::{SLACK, grow};
use crate::ilp::ProtocolVersion;
use crate::ilp::rows::{COLUMN_ROOM, Lead, RowPlan, RowValues};
use crate::ilp::timestamp::{StampCache, StampForm};
use crate::name::Wire;

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
        let [symbols, columns] = values.tracks(plan);
        let tracks = symbols.len() + columns.len();
        let Some(room) = room_of(tracks) else { return rows.start };
        let row = Row {
            symbols,
            columns,
            values,
            version,
            stamps,
            end: StampForm::of(plan.timestamp, version),
        };
        let (mut at, mut last) = (self.at, self.last_with(room));
        let mut next = rows.start;
        while next < rows.end {
            if at as usize > last {
                self.at = at;
                if !self.make_room(room) {
                    return next;
                }
                (at, last) = (self.at, self.last_with(room));
            }
            // SAFETY: `at` has not passed the last place with room for a row.
            let Some(end) = (unsafe { row.write(at, last, table, next) }) else { break };
            at = end;
            next += 1;
        }
        self.at = at;
        next
    }

    /// The address of the last place with `room` bytes behind it, which are more than the slack; less than any place if
    /// there is none.
    #[inline(always)]
    fn last_with(&self, room: usize) -> usize {
        // Behind `last` there is the slack, or there is less and `last` is the beginning.
        (self.last as usize).saturating_sub(room - SLACK)
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
        self.at as usize <= self.last_with(room)
    }
}

/// What a row of so many columns takes at most, besides texts and elements; more than the slack, on which `last_with` relies.
#[inline(always)]
fn room_of(tracks: usize) -> Option<usize> {
    const REST: usize = Wire::HEAD + StampCache::ROOM + SLACK;
    if cfg!(target_pointer_width = "64") {
        // Each of them takes memory of its own: there are not so many that this could wrap.
        Some(REST + tracks * COLUMN_ROOM)
    } else {
        tracks.checked_mul(COLUMN_ROOM)?.checked_add(REST)
    }
}

/// What one row after the other is written with.
struct Row<'a, V: RowValues> {
    symbols: &'a [V::Track],
    columns: &'a [V::Track],
    values: &'a V,
    version: ProtocolVersion,
    stamps: &'a StampCache,
    end: &'static Option<StampForm>,
}

impl<V: RowValues> Row<'_, V> {
    /// Writes a row at `at` and returns its end, or `None` if anything is special.
    ///
    /// # Safety
    /// `at` must not have passed `last`, the address of the last place with room for a row without text and elements.
    #[inline(always)]
    unsafe fn write(&self, at: *mut u8, last: usize, table: &Lead, row: usize) -> Option<*mut u8> {
        // SAFETY: (here and below) each piece takes its own part of the room that the row has: the table's, a slot for each
        // column, and the end's.
        let start = unsafe { put_lead(at, table) };
        let mut at = start;
        for track in self.symbols {
            // SAFETY: see above.
            let slot = unsafe { Slot::new(at, last, self.version) };
            at = self.values.symbol(track, row, slot)?.end();
        }
        let first = at;
        for track in self.columns {
            // SAFETY: see above.
            let slot = unsafe { Slot::new(at, last, self.version) };
            at = self.values.column(track, row, slot)?.end();
        }
        if at != first {
            // SAFETY: something was written there. It began with a comma, as all columns but the first do.
            unsafe { first.write(b' ') };
        } else if at == start {
            return None;
        }
        // SAFETY: see above.
        unsafe { self.end(at, row) }
    }

    /// # Safety
    /// The end's part of the room must be left.
    #[inline(always)]
    unsafe fn end(&self, at: *mut u8, row: usize) -> Option<*mut u8> {
        let Some(form) = *self.end else {
            // SAFETY: the caller's promise.
            return Some(unsafe { put_byte(at, b'\n') });
        };
        let number = form.number(self.values.stamp(row)?)?;
        // The caller's promise makes this the room there is.
        let mut out = Quick { at, fixed: StampCache::ROOM, text: 0 };
        self.stamps.quick_number(&mut out, number, form).then_some(out.at)
    }
}
