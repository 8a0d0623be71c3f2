//! [`Lines`]: the lines written so far and the state of the one at the end. Names are checked before they come here.

use super::row_state::{Call, RowState};
use super::scan::{Store, Tail};
use super::{ProtocolVersion, escape, number};
use crate::error::{Error, Result, err, shown};
use crate::names::{ColumnName, Name, TableName};
use crate::text::Text;

/// The bytes of a buffer and what has to be known about them.
#[derive(Clone)]
pub(crate) struct Lines {
    pub(super) store: Store,
    pub(super) state: RowState,
    version: ProtocolVersion,
    one_table: bool,
    rows: usize,
    max_name_len: usize,
    first_table: Option<TableName>,
    pub(super) last_stamp: number::StampCache,
}

/// A place between rows to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    len: usize,
    rows: usize,
    one_table: bool,
}

impl Lines {
    pub(super) fn new(version: ProtocolVersion, max_name_len: usize, max_len: usize) -> Lines {
        Lines {
            store: Store::new(max_len),
            state: RowState::Between,
            version,
            one_table: true,
            rows: 0,
            max_name_len,
            first_table: None,
            last_stamp: number::StampCache::new(),
        }
    }

    #[inline]
    pub(super) fn table(&mut self, name: &TableName) -> Result<()> {
        name.fits(self.max_name_len)?;
        self.state.require(Call::Table)?;
        let first = self.store.len() == 0;
        let mut out = self.store.tail();
        out.wire(name.wire());
        out.finish()?;
        self.note_table(name, first);
        self.state = RowState::Table;
        Ok(())
    }

    /// Keeps count of whether there is more than one table.
    #[inline]
    fn note_table(&mut self, name: &TableName, first: bool) {
        let same = self.first_table.as_ref().is_some_and(|first| first.wire().same(name.wire()));
        if !same {
            self.note_other_table(name, first);
        }
    }

    #[cold]
    #[inline(never)]
    fn note_other_table(&mut self, name: &TableName, first: bool) {
        if first {
            self.first_table = Some(name.clone());
        } else {
            self.one_table = false;
        }
    }

    #[inline]
    pub(super) fn symbol(&mut self, name: &ColumnName, value: Option<Text<'_>>) -> Result<()> {
        name.fits(self.max_name_len)?;
        self.state.require(Call::Symbol)?;
        let Some(value) = value else { return Ok(()) };
        let mut out = self.store.tail();
        out.wire(name.wire());
        escape::symbol(&mut out, value).map_err(|e| in_column(e, name))?;
        out.finish()?;
        self.state = RowState::Symbol;
        Ok(())
    }

    /// What all columns have in common; `write` appends the value.
    #[inline(always)]
    pub(super) fn column<T>(
        &mut self,
        name: &ColumnName,
        value: Option<T>,
        write: impl FnOnce(&mut Tail<'_>, T, ProtocolVersion) -> Result<()>,
    ) -> Result<()> {
        name.fits(self.max_name_len)?;
        self.state.require(Call::Column)?;
        let Some(value) = value else { return Ok(()) };
        let separator = if self.state == RowState::Column { b',' } else { b' ' };
        let mut out = self.store.tail();
        out.separated(separator, name.wire());
        write(&mut out, value, self.version).map_err(|e| in_column(e, name))?;
        out.finish()?;
        self.state = RowState::Column;
        Ok(())
    }

    #[inline]
    pub(super) fn at_nanos(&mut self, nanos: i64) -> Result<()> {
        self.state.require(Call::At)?;
        let mut out = self.store.tail();
        number::stamp_nanos(&mut out, &mut self.last_stamp, nanos, self.version)?;
        out.finish()?;
        self.row_ended();
        Ok(())
    }

    #[inline]
    pub(super) fn at_micros(&mut self, micros: i64) -> Result<()> {
        self.state.require(Call::At)?;
        let mut out = self.store.tail();
        number::stamp_micros(&mut out, &mut self.last_stamp, micros, self.version)?;
        out.finish()?;
        self.row_ended();
        Ok(())
    }

    #[inline]
    pub(super) fn at_now(&mut self) -> Result<()> {
        self.state.require(Call::At)?;
        let mut out = self.store.tail();
        out.byte(b'\n');
        out.finish()?;
        self.row_ended();
        Ok(())
    }

    /// Counts rows that were appended as a whole.
    #[inline]
    pub(super) fn rows_added(&mut self, table: &TableName, first: bool, count: usize) {
        if count > 0 {
            self.note_table(table, first);
            self.rows += count;
        }
    }

    #[inline]
    fn row_ended(&mut self) {
        self.rows += 1;
        self.state = RowState::Between;
    }

    pub(crate) fn version(&self) -> ProtocolVersion {
        self.version
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn one_table(&self) -> bool {
        self.one_table
    }

    pub(crate) fn max_name_len(&self) -> usize {
        self.max_name_len
    }

    pub(super) fn first_table(&self) -> Option<&TableName> {
        self.first_table.as_ref().filter(|_| self.store.len() > 0)
    }

    /// The end of the last row.
    pub(super) fn place(&self) -> Result<Place> {
        self.state.require(Call::Flush)?;
        Ok(Place { len: self.store.len(), rows: self.rows, one_table: self.one_table })
    }

    pub(super) fn go_back(&mut self, to: Place) {
        self.store.truncate(to.len);
        self.rows = to.rows;
        self.one_table = to.one_table;
        self.state = RowState::Between;
    }

    pub(super) fn clear(&mut self) {
        self.go_back(Place { len: 0, rows: 0, one_table: true });
    }
}

#[inline]
pub(super) fn needs(needed: ProtocolVersion, version: ProtocolVersion, what: &str) -> Result<()> {
    if version < needed { Err(too_old(needed, version, what)) } else { Ok(()) }
}

#[cold]
#[inline(never)]
fn too_old(needed: ProtocolVersion, version: ProtocolVersion, what: &str) -> Error {
    let (needed, version) = (needed as u8, version as u8);
    err!(ProtocolVersion, "{what} need protocol version {needed}, the buffer has version {version}")
}

#[cold]
#[inline(never)]
fn in_column(e: Error, name: &ColumnName) -> Error {
    e.context(format_args!("column {}", shown(name.as_str())))
}
