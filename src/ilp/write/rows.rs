//! Whole rows that need nothing special, with one look at the room for each.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::ops::Range;

use super::column::Slot;
use super::room::{COLUMN_ROOM, PayloadLen, Room, Texts};
use super::store::{Draft, SLACK, Store};
use crate::ilp::ProtocolVersion;
use crate::ilp::row_state::{Call, RowState};
use crate::ilp::rows::{Lead, RowPlan, RowValues};
use crate::ilp::timestamp::{RowEnd, StampCache, StampForm};
use crate::ilp::value::WireValue as _;
use crate::name::Wire;

impl Draft<'_> {
    /// As [`Store::quick_rows`].
    #[inline(always)]
    pub(in crate::ilp) fn quick_rows<V: RowValues>(
        &mut self,
        plan: &RowPlan,
        values: &V,
        stamps: &mut StampCache,
        version: ProtocolVersion,
        rows: Range<usize>,
    ) -> usize {
        self.store.quick_rows::<V, true>(plan, values, stamps, version, rows)
    }
}

impl Store {
    /// Appends `rows` as far as they need nothing special. Returns the first row that does, of which nothing was written,
    /// or the end. With `RENEWS`, new upper digits of a timestamp are nothing special.
    #[inline(always)]
    pub(in crate::ilp) fn quick_rows<V: RowValues, const RENEWS: bool>(
        &mut self,
        plan: &RowPlan,
        values: &V,
        stamps: &mut StampCache,
        version: ProtocolVersion,
        rows: Range<usize>,
    ) -> usize {
        let Some(table) = &plan.table else { return rows.start };
        let [symbols, columns] = values.tracks(plan);
        let Some(room) = room_of(symbols.len(), columns.len()) else { return rows.start };
        let row =
            Row { symbols, columns, values, version, end: *StampForm::of(plan.timestamp, version) };
        let (mut at, mut last) = self.ends_with(room);
        let mut next = rows.start;
        while next < rows.end {
            if at as usize > last {
                // SAFETY: (here and below) whole rows have been written up to there.
                unsafe { self.commit(at) };
                if !self.has_made_room(room) {
                    return next;
                }
                (at, last) = self.ends_with(room);
            }
            // Before the row, which would be written for nothing where a timestamp is the first with its upper digits.
            let Some(lower) = row.lower_digits::<RENEWS>(stamps, next) else { break };
            let stamp = (&*stamps, lower);
            // SAFETY: `at` has not passed the last place with room for a row.
            let Some(end) = (unsafe { row.write(at, last, table, next, stamp) }) else { break };
            at = end;
            next += 1;
        }
        // SAFETY: see above.
        unsafe { self.commit(at) };
        next
    }

    /// The end, and the address of the last place with `room` bytes behind it, which are more than the slack; less than any
    /// place if there is none.
    #[inline(always)]
    fn ends_with(&mut self, room: usize) -> (*mut u8, usize) {
        // Behind `last` there is the slack, or there is less and `last` is the beginning.
        let (at, last) = self.ends();
        (at, (last as usize).saturating_sub(room - SLACK))
    }

    /// Makes room for a row, if the limit allows it.
    #[cold]
    #[inline(never)]
    fn has_made_room(&mut self, room: usize) -> bool {
        if room > self.max().saturating_sub(self.len()) || self.make_room(room).is_err() {
            return false;
        }
        let (at, last) = self.ends_with(room);
        at as usize <= last
    }
}

/// What a row of so many columns takes at most, besides texts and elements; more than the slack, on which `ends_with` relies.
#[inline(always)]
fn room_of(symbols: usize, columns: usize) -> Option<usize> {
    const REST: usize = Wire::HEAD + RowEnd::ROOM + SLACK;
    symbols.checked_add(columns)?.checked_mul(COLUMN_ROOM)?.checked_add(REST)
}

/// What one row after the other is written with.
struct Row<'a, V: RowValues> {
    symbols: &'a [V::Track],
    columns: &'a [V::Track],
    values: &'a V,
    version: ProtocolVersion,
    end: Option<StampForm>,
}

impl<V: RowValues> Row<'_, V> {
    /// Writes a row at `at` and returns its end, or `None` if anything is special.
    ///
    /// # Safety
    /// `at` must not have passed `last`, the address of the last place with room for a row without text and elements.
    #[inline(always)]
    unsafe fn write(
        &self,
        at: *mut u8,
        last: usize,
        table: &Lead,
        row: usize,
        stamp: (&StampCache, u64),
    ) -> Option<*mut u8> {
        // SAFETY: (here and below) each piece takes its own part of the room that the row has: the table's, a slot for each
        // column, and the end's.
        let start = unsafe { Slot::new(at, last, self.version) }.ready(table)?.end();
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
            unsafe { first.write(RowState::Table.separator(Call::Column)) };
        } else if at == start {
            return None;
        }
        // SAFETY: see above.
        unsafe { self.end(at, stamp) }
    }

    /// The lower digits of a row's timestamp, if the cache has the upper ones or may take them; 0 where the server sets
    /// timestamps.
    #[inline(always)]
    fn lower_digits<const RENEWS: bool>(&self, stamps: &mut StampCache, row: usize) -> Option<u64> {
        let Some(form) = self.end else { return Some(0) };
        let number = form.number(self.values.stamp(row)?)?;
        match stamps.lower(number) {
            None if RENEWS && stamps.renew_for(number) => stamps.lower(number),
            lower => lower,
        }
    }

    /// # Safety
    /// The end's part of the room must be left.
    #[inline(always)]
    unsafe fn end(&self, at: *mut u8, (stamps, lower): (&StampCache, u64)) -> Option<*mut u8> {
        // SAFETY: the caller's promise.
        let mut room = unsafe { Room::new(at, RowEnd::ROOM, PayloadLen::NONE, Texts::Plain) };
        match self.end {
            None => room.byte(b'\n'),
            Some(form) => stamps.write(lower, form, &mut room),
        }
        room.end()
    }
}
