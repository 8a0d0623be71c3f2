//! Appends whole rows, for callers who know the shape of their rows. Either all rows of a call are kept, or none.

use std::ops::Range;

use super::ProtocolVersion;
use super::lines::Lines;
use super::row_state::{Call, RowState};
use super::rows::{RowPlan, RowValues};
use super::timestamp::StampCache;
use super::value::WireValue;
use super::write::{Draft, Unwritten};
use crate::error::{Error, Result, err};
use crate::name::{Name, NameText, ShortBytes, TableName};
use crate::table::{RowLayout, TimestampKind};

/// Writes rows at the end of a buffer.
pub(super) struct RowsOut<'a> {
    draft: Draft<'a>,
    stamps: &'a mut StampCache,
    version: ProtocolVersion,
    state: RowState,
}

impl Lines {
    /// Appends the rows that `write` writes, or none of them if it fails. The caller counts them.
    #[inline(always)]
    pub(super) fn whole_rows(
        &mut self,
        write: impl FnOnce(&mut RowsOut<'_>) -> Result<()>,
    ) -> Result<()> {
        self.state.require(Call::Table)?;
        let version = self.version;
        let draft = self.store.draft();
        let mut out =
            RowsOut { draft, stamps: &mut self.stamps, version, state: RowState::BETWEEN };
        write(&mut out)?;
        out.draft.keep();
        Ok(())
    }

    /// Returns what `write` writes, beginning with a comma, if it is short. It replaces all lines.
    pub(super) fn joined(
        &mut self,
        write: impl FnOnce(&mut RowsOut<'_>) -> Result<()>,
    ) -> Option<ShortBytes> {
        self.store.truncate(0);
        {
            let (draft, version) = (self.store.draft(), self.version);
            let state = RowState::COLUMN;
            let mut out = RowsOut { draft, stamps: &mut self.stamps, version, state };
            write(&mut out).ok()?;
            out.draft.keep();
        }
        ShortBytes::new(self.store.as_slice())
    }

    /// Appends one row on the quick path. Returns false and changes nothing if the row needs the slow path.
    #[inline(always)]
    pub(super) fn quick_row<V: RowValues>(
        &mut self,
        layout: &RowLayout,
        values: &V,
        has_timestamp: bool,
    ) -> bool {
        if !self.state.allows(Call::Table) {
            return false;
        }
        let plan = match &self.known_plan {
            Some(plan) if plan.is_of(layout) => &**plan,
            _ => match self.other_plan(layout) {
                Some(plan) => plan,
                None => return false,
            },
        };
        if has_timestamp != (plan.timestamp != TimestampKind::Now) {
            return false;
        }
        let version = self.version;
        let stamps = &mut self.stamps;
        let row = (plan, layout.table().text());
        if self.store.quick_rows(row, values, stamps, version, 0..1) == 0 {
            return false;
        }
        self.row_ended();
        true
    }
}

impl RowsOut<'_> {
    /// Writes `rows` on the quick path until one of them needs the slow path. Returns that row, of which nothing was
    /// written, or the end of `rows`.
    #[inline(never)]
    pub(super) fn quick_rows<V: RowValues>(
        &mut self,
        plan: &RowPlan,
        table: &NameText,
        values: &V,
        rows: Range<usize>,
    ) -> usize {
        self.draft.quick_rows((plan, table), values, self.stamps, self.version, rows)
    }

    pub(super) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Starts a row.
    pub(super) fn begin(&mut self, table: &TableName) -> Result<()> {
        self.state = RowState::TABLE;
        self.draft.slices([table.text().form()])
    }

    pub(super) fn value<V: WireValue>(&mut self, name: &NameText, value: V) -> Result<()> {
        let named = (self.state.separator(V::CALL), name);
        self.state = RowState::after(V::CALL);
        let written = self.draft.named(named, value, self.version);
        written.map_err(Unwritten::error)
    }

    /// Ends a row with its designated timestamp, which must be there or not as the layout says.
    pub(super) fn end(&mut self, layout: &RowLayout, at: Option<i64>) -> Result<()> {
        let kind = layout.timestamp_kind();
        if at.is_none() != (kind == TimestampKind::Now) {
            return Err(layout.timestamp_mismatch());
        }
        self.check_not_empty()?;
        self.stamps.append_end(&mut self.draft, kind, at.unwrap_or_default(), self.version)
    }

    fn check_not_empty(&self) -> Result<()> {
        if self.state == RowState::TABLE { Err(empty_row()) } else { Ok(()) }
    }
}

#[cold]
#[inline(never)]
fn empty_row() -> Error {
    err!(InvalidState, "every cell of the row is null: a row needs a symbol or column")
}
