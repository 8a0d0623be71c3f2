//! [`Lines`]: the lines written so far and the state of the last one. Names are checked before they come here.

use super::ProtocolVersion;
use super::row_state::{Call, RowState};
use std::sync::Arc;

use super::rows::RowPlan;
use super::timestamp::{RowEnd, StampCache};
use super::value::WireValue;
use super::write::{COLUMN_ROOM, NAME_ROOM, PayloadLen, Store, Unwritten};
use crate::error::{Error, Result};
use crate::name::{ColumnName, Name, ShortBytes, TableName};
use crate::quoted::shown;
use crate::table::{RowLayout, TimestampKind};

/// The bytes of a buffer, and what has to be known about them.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(super) store: Store,
    pub(super) state: RowState,
    pub(super) version: ProtocolVersion,
    pub(super) one_table: bool,
    /// The number of complete rows when a row of a second table was started.
    pub(super) rows_before_second_table: usize,
    pub(super) rows: usize,
    /// Where the open row begins; meaningless without an open row.
    pub(super) row_start: usize,
    pub(super) max_name_len: usize,
    /// A short name of at most this length may take the quick path, because it keeps to `max_name_len`.
    quick_names: usize,
    pub(super) first_table: Option<TableName>,
    /// Grows whenever rows go away, so that a sender can tell whether the rows that a server refused are still there.
    pub(super) removals: u64,
    /// The plan of a layout of the first table. All its names are short enough for this buffer, so its rows need no check of
    /// names and tables.
    pub(super) known_plan: Option<Arc<RowPlan>>,
    pub(super) stamps: StampCache,
}

/// The end of a row, to which the buffer can go back.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    pub(super) len: usize,
    pub(super) rows: usize,
    pub(super) one_table: bool,
}

impl Lines {
    pub(super) fn new(version: ProtocolVersion, max_name_len: usize, max_len: usize) -> Lines {
        Lines {
            store: Store::new(max_len),
            state: RowState::BETWEEN,
            version,
            one_table: true,
            rows_before_second_table: 0,
            rows: 0,
            row_start: 0,
            max_name_len,
            quick_names: quick_names(max_name_len),
            first_table: None,
            removals: 0,
            known_plan: None,
            stamps: StampCache::new(),
        }
    }

    pub(super) fn try_clone(&self) -> Result<Lines> {
        Ok(Lines {
            store: self.store.try_clone()?,
            first_table: self.first_table.clone(),
            known_plan: self.known_plan.clone(),
            ..*self
        })
    }

    /// Starts a row on the quick path. Returns false if the row needs the slow path.
    #[inline(always)]
    pub(super) fn quick_table(&mut self, name: &TableName) -> bool {
        let form = name.text().short();
        if !self.allows_quick(Call::Table, form) || !self.is_table_counted(name) {
            return false;
        }
        self.row_start = self.store.len();
        let Some(mut open) = self.store.open::<{ ShortBytes::SIZE }>(PayloadLen::NONE) else {
            return false;
        };
        open.short(form);
        if !open.commit() {
            return false;
        }
        self.state = RowState::TABLE;
        true
    }

    /// Starts a row.
    pub(super) fn table(&mut self, name: &TableName) -> Result<()> {
        name.fits(self.max_name_len)?;
        self.state.require(Call::Table)?;
        let start = self.store.len();
        let mut draft = self.store.draft();
        draft.slices([name.text().form()])?;
        draft.keep();
        self.count_table(name, start == 0);
        self.row_start = start;
        self.state = RowState::TABLE;
        Ok(())
    }

    /// Returns whether a call may follow now and its name is one for the quick path.
    #[inline(always)]
    fn allows_quick(&self, call: Call, name: &ShortBytes) -> bool {
        name.len() <= self.quick_names && self.state.allows(call)
    }

    #[inline(always)]
    fn is_same_table(&self, name: &TableName) -> bool {
        self.first_table.as_ref().is_some_and(|first| first.text().same(name.text()))
    }

    /// Returns whether a row of this table leaves `first_table` and `one_table` as they are.
    #[inline(always)]
    fn is_table_counted(&self, name: &TableName) -> bool {
        self.is_same_table(name) || !self.one_table
    }

    /// Returns the plan of a layout that is not the known plan's, if its rows leave `first_table` and `one_table` as they
    /// are.
    #[inline(never)]
    pub(super) fn other_plan<'l>(&self, layout: &'l RowLayout) -> Option<&'l RowPlan> {
        let plan = RowPlan::made(layout)?;
        let name = layout.table();
        // Without a known plan the row must take the slow path, which makes its plan the known one.
        let good =
            if self.is_same_table(name) { self.known_plan.is_some() } else { !self.one_table };
        (good && layout.is_short_for(self.max_name_len)).then_some(plan)
    }

    /// Remembers the plan of rows that were appended, if there is no known plan yet and they belong to the first table.
    pub(super) fn remember_plan(&mut self, plan: &Arc<RowPlan>, name: &TableName) {
        if self.known_plan.is_none() && self.is_same_table(name) {
            self.known_plan = Some(Arc::clone(plan));
        }
    }

    /// Keeps track of the first table and of whether there is another one.
    #[inline(always)]
    fn count_table(&mut self, name: &TableName, first: bool) {
        if !self.is_same_table(name) {
            self.count_other_table(name, first);
        }
    }

    #[cold]
    #[inline(never)]
    fn count_other_table(&mut self, name: &TableName, first: bool) {
        if first {
            self.first_table = Some(name.clone());
            self.known_plan = None;
        } else if self.one_table {
            self.one_table = false;
            self.rows_before_second_table = self.rows;
        }
    }

    /// Adds a symbol or column on the quick path; `name` is as it stands in a row. Returns false if the value needs the slow
    /// path.
    #[inline(always)]
    pub(super) fn quick_value<V: WireValue>(&mut self, name: &ShortBytes, value: V) -> bool {
        let version = self.version;
        if !self.allows_quick(V::CALL, name) || V::NEEDS.is_new() && version < V::NEEDS.since {
            return false;
        }
        // The reserved room has to be enough for every value, because Rust cannot yet add up constants of type parameters in
        // types.
        const { assert!(V::ROOM <= COLUMN_ROOM - NAME_ROOM) };
        let separator = self.state.separator(V::CALL);
        let Some(mut open) = self.store.open::<COLUMN_ROOM>(value.payload()) else { return false };
        open.column(separator, name);
        if !open.value(value, version) || !open.commit() {
            return false;
        }
        self.state = RowState::after(V::CALL);
        true
    }

    /// Adds a symbol or column.
    pub(super) fn value<V: WireValue>(
        &mut self,
        name: &ColumnName,
        value: Option<V>,
    ) -> Result<()> {
        name.fits(self.max_name_len)?;
        self.state.require(V::CALL)?;
        let Some(value) = value else { return Ok(()) };
        let version = self.version;
        let mut draft = self.store.draft();
        let named = (self.state.separator(V::CALL), name.text());
        draft.named(named, value, version).map_err(|unwritten| match unwritten {
            Unwritten::Value(e) => in_column(e, name),
            Unwritten::Room(e) => e,
        })?;
        draft.keep();
        self.state = RowState::after(V::CALL);
        Ok(())
    }

    /// Ends the row.
    #[inline(always)]
    pub(super) fn at(&mut self, kind: TimestampKind, stamp: i64) -> Result<()> {
        if self.quick_at(kind, stamp) { Ok(()) } else { self.slow_at(kind, stamp) }
    }

    #[inline(always)]
    pub(super) fn quick_at(&mut self, kind: TimestampKind, stamp: i64) -> bool {
        if !self.state.allows(Call::At) {
            return false;
        }
        let Some(mut open) = self.store.open::<{ RowEnd::ROOM }>(PayloadLen::NONE) else {
            return false;
        };
        let Some(end) = self.stamps.end(kind, stamp, self.version) else { return false };
        if !open.value(end, self.version) || !open.commit() {
            return false;
        }
        self.row_ended();
        true
    }

    #[cold]
    #[inline(never)]
    fn slow_at(&mut self, kind: TimestampKind, stamp: i64) -> Result<()> {
        // What the row mostly needs is other upper digits.
        if self.stamps.renew_at(kind, stamp, self.version) && self.quick_at(kind, stamp) {
            return Ok(());
        }
        self.state.require(Call::At)?;
        let mut draft = self.store.draft();
        self.stamps.append_end(&mut draft, kind, stamp, self.version)?;
        draft.keep();
        self.row_ended();
        Ok(())
    }

    /// Counts rows that were appended as a whole.
    pub(super) fn rows_added(&mut self, table: &TableName, first: bool, count: usize) {
        if count > 0 {
            self.count_table(table, first);
            self.rows += count;
        }
    }

    /// Counts a row, after which the next one may begin.
    #[inline]
    pub(super) fn row_ended(&mut self) {
        self.rows += 1;
        self.state = RowState::BETWEEN;
    }

    /// Returns the end of the last row.
    pub(super) fn end_of_rows(&self) -> Result<Marker> {
        self.state.require(Call::Flush)?;
        Ok(Marker { len: self.store.len(), rows: self.rows, one_table: self.one_table })
    }

    /// Drops everything after the end of an earlier row.
    pub(super) fn go_back(&mut self, to: Marker) {
        self.store.truncate(to.len);
        self.rows = to.rows;
        self.one_table = to.one_table;
        self.removals += 1;
        self.end_open_row();
    }

    pub(super) fn clear(&mut self) {
        self.go_back(Marker { len: 0, rows: 0, one_table: true });
    }

    /// Returns whether a row has been started and not ended.
    pub(super) fn is_row_open(&self) -> bool {
        !self.state.allows(Call::Flush)
    }

    /// Returns the number of bytes of complete rows.
    pub(super) fn complete_len(&self) -> usize {
        if self.is_row_open() { self.row_start } else { self.store.len() }
    }

    /// Drops the open row, if there is one.
    pub(super) fn drop_row(&mut self) {
        if self.is_row_open() {
            self.store.truncate(self.row_start);
            // If the second table came with the dropped row, there is one table again.
            self.one_table |= self.rows_before_second_table == self.rows;
            self.end_open_row();
        }
    }

    fn end_open_row(&mut self) {
        if self.state != RowState::CLOSED {
            self.state = RowState::BETWEEN;
        }
    }

    /// Drops the open row and lets no other begin.
    pub(super) fn close(&mut self) {
        self.drop_row();
        self.state = RowState::CLOSED;
    }

    /// Lets rows begin again: a copy of the buffer of a closed sender can be used.
    pub(super) fn reopened(mut self) -> Lines {
        if self.state == RowState::CLOSED {
            self.state = RowState::BETWEEN;
        }
        self
    }

    /// Sets the version and the longest name for rows from here on.
    pub(super) fn become_version(&mut self, version: ProtocolVersion, max_name_len: usize) {
        self.version = version;
        self.max_name_len = max_name_len;
        self.quick_names = quick_names(max_name_len);
        self.known_plan = None;
    }
}

/// Returns the length of the longest name that takes the quick path.
fn quick_names(max_name_len: usize) -> usize {
    max_name_len.min(ShortBytes::SIZE - 1)
}

#[cold]
#[inline(never)]
fn in_column(e: Error, name: &ColumnName) -> Error {
    e.context(format_args!("column {}", shown(name.as_str())))
}
