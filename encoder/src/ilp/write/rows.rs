//! The quick path of whole rows, with one check of the room for each row.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use std::ops::Range;

use super::column::Slot;
use super::room::{COLUMN_ROOM, PayloadLen, Room, Texts};
use super::store::{Draft, SLACK, Store};
use crate::ilp::ProtocolVersion;
use crate::ilp::row_state::{Call, RowState};
use crate::ilp::rows::{RowPlan, RowValues};
use crate::ilp::timestamp::{RowEnd, StampCache, StampForm};
use crate::ilp::value::WireValue as _;
use crate::name::{NameText, ShortBytes};

impl Draft<'_> {
    /// As [`Store::quick_rows`].
    #[inline(always)]
    pub(in crate::ilp) fn quick_rows<V: RowValues>(
        &mut self,
        (plan, table): (&RowPlan, &NameText),
        values: &V,
        stamps: &mut StampCache,
        version: ProtocolVersion,
        rows: Range<usize>,
    ) -> usize {
        self.store.quick_rows((plan, table), values, stamps, version, rows)
    }
}

impl Store {
    /// Appends `rows` on the quick path until one of them needs the slow path. Returns that row, of which nothing was
    /// written, or the end of `rows`.
    #[inline(always)]
    pub(in crate::ilp) fn quick_rows<V: RowValues>(
        &mut self,
        (plan, table): (&RowPlan, &NameText),
        values: &V,
        stamps: &mut StampCache,
        version: ProtocolVersion,
        rows: Range<usize>,
    ) -> usize {
        let [symbols, columns] = values.columns(plan);
        let Some(room) = room_of(symbols.len(), columns.len()) else { return rows.start };
        let row =
            Row { symbols, columns, values, version, end: *StampForm::of(plan.timestamp, version) };
        let (mut at, mut last) = self.ends_with(room);
        let mut next = rows.start;
        while next < rows.end {
            if at as usize > last {
                // SAFETY: (here and below) whole rows have been written up to `at`.
                unsafe { self.commit(at) };
                if !self.has_made_room(room) {
                    return next;
                }
                (at, last) = self.ends_with(room);
            }
            // Before the row, which would be written for nothing where a timestamp is the first with its upper digits.
            let Some(lower) = row.lower_digits(stamps, next) else { break };
            let stamp = (&*stamps, lower);
            // SAFETY: `at` has not passed the last place with room for a row.
            let Some(end) = (unsafe { row.write(at, last, table, next, stamp) }) else { break };
            at = end;
            next += 1;
        }
        // SAFETY: whole rows have been written up to `at`.
        unsafe { self.commit(at) };
        next
    }

    /// Returns the end of the bytes, and the address of the last place with `room` bytes after it; `room` is more than the
    /// slack. If there is no such place, the address lies before the end.
    #[inline(always)]
    fn ends_with(&mut self, room: usize) -> (*mut u8, usize) {
        // After `last` there is the slack; or there is less, and then `last` is the beginning of the bytes.
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

/// Returns the most bytes that a row of so many columns takes, besides texts and elements. It is more than the slack, on
/// which `ends_with` relies.
#[inline(always)]
fn room_of(symbols: usize, columns: usize) -> Option<usize> {
    const REST: usize = ShortBytes::SIZE + RowEnd::ROOM + SLACK;
    symbols.checked_add(columns)?.checked_mul(COLUMN_ROOM)?.checked_add(REST)
}

/// What all rows of one call are written with.
struct Row<'a, V: RowValues> {
    symbols: &'a [V::Column],
    columns: &'a [V::Column],
    values: &'a V,
    version: ProtocolVersion,
    end: Option<StampForm>,
}

impl<V: RowValues> Row<'_, V> {
    /// Writes a row at `at` and returns its end, or `None` if the row needs the slow path.
    ///
    /// # Safety
    /// `at` must not lie after `last`, which is the address of the last place with room for a row without its texts and
    /// elements.
    #[inline(always)]
    unsafe fn write(
        &self,
        at: *mut u8,
        last: usize,
        table: &NameText,
        row: usize,
        stamp: (&StampCache, u64),
    ) -> Option<*mut u8> {
        // SAFETY: (here and below) each piece takes its own part of the room that the row has: the table's, a slot for each
        // column, and the end's.
        let start = unsafe { Slot::new(at, last, self.version) }.table(table)?.end();
        let mut at = start;
        for column in self.symbols {
            // SAFETY: this column's slot is a part of the room of the row.
            let slot = unsafe { Slot::new(at, last, self.version) };
            at = self.values.symbol(column, row, slot)?.end();
        }
        let first = at;
        for column in self.columns {
            // SAFETY: this column's slot is a part of the room of the row.
            let slot = unsafe { Slot::new(at, last, self.version) };
            at = self.values.column(column, row, slot)?.end();
        }
        if at != first {
            // SAFETY: a column was written at `first`. It began with a comma, which is right for every column but the first.
            unsafe { first.write(RowState::TABLE.separator(Call::Column)) };
        } else if at == start {
            return None;
        }
        // SAFETY: see above.
        unsafe { self.end(at, stamp) }
    }

    /// Returns the lower digits of a row's timestamp, whose upper ones the cache has or takes; 0 where the server sets
    /// timestamps.
    #[inline(always)]
    fn lower_digits(&self, stamps: &mut StampCache, row: usize) -> Option<u64> {
        let Some(form) = self.end else { return Some(0) };
        let number = form.number(self.values.designated(row)?)?;
        match stamps.lower(number) {
            None if stamps.renew_for(number) => stamps.lower(number),
            lower => lower,
        }
    }

    /// # Safety
    /// The part of the end must be left in the room of the row.
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
