//! [`RowPlan`]: a layout made ready for writing many rows of it in the line protocol.

use std::sync::Arc;

use crate::error::Result;
use crate::ilp::write::{Slot, Written};
use crate::memory::room;
use crate::name::{Name as _, Wire};
use crate::table::{ColumnKind, RowLayout, TimestampKind};

/// What all rows of a layout have in common on the wire. Layouts keep their plan for all buffers.
pub(crate) struct RowPlan {
    /// That of the layout.
    layout: u64,
    /// `None` if a name is long: then no row of the layout has a quick way.
    pub(in crate::ilp) table: Option<Lead>,
    /// In the order of the wire: symbols first.
    pub(super) columns: Vec<PlanColumn>,
    symbols: usize,
    pub(in crate::ilp) timestamp: TimestampKind,
}

/// A column in the order of the wire.
pub(super) struct PlanColumn {
    pub(super) lead: Lead,
    pub(super) kind: ColumnKind,
    /// The place at which it was declared.
    pub(super) place: usize,
}

impl RowPlan {
    /// The plan of a layout, made when it is first needed.
    pub(super) fn of(layout: &RowLayout) -> Result<&Arc<RowPlan>> {
        layout.derive(|| RowPlan::new(layout).map(Arc::new))
    }

    /// The plan of a layout, if it has been made.
    #[inline]
    pub(in crate::ilp) fn made(layout: &RowLayout) -> Option<&RowPlan> {
        layout.derived::<Arc<RowPlan>>().map(|plan| &**plan)
    }

    fn new(layout: &RowLayout) -> Result<RowPlan> {
        let mut table = Lead::new(layout.table().wire());
        let mut columns = room(layout.column_count(), "columns")?;
        for symbols in [true, false] {
            for column in layout.columns() {
                if symbols == (column.kind == ColumnKind::Symbol) {
                    let lead = Lead::new(column.name.wire());
                    if lead.is_none() {
                        table = None;
                    }
                    columns.push(PlanColumn {
                        lead: lead.unwrap_or(Lead::NONE),
                        kind: column.kind,
                        place: column.place,
                    });
                }
            }
        }
        let symbols = columns.partition_point(|column| column.kind == ColumnKind::Symbol);
        let timestamp = layout.timestamp_kind();
        Ok(RowPlan { layout: layout.id(), table, columns, symbols, timestamp })
    }

    /// Whether this is the plan of `layout`.
    #[inline(always)]
    pub(in crate::ilp) fn is_of(&self, layout: &RowLayout) -> bool {
        self.layout == layout.id()
    }

    /// Those of the symbols, and those of the other columns; `tracks` has one for each column, in the order of the wire.
    #[inline(always)]
    pub(super) fn split<'a, T>(&self, tracks: &'a [T]) -> [&'a [T]; 2] {
        match tracks.split_at_checked(self.symbols) {
            Some((symbols, others)) => [symbols, others],
            None => [&[], &[]],
        }
    }
}

/// Less than 32 bytes, ready to be copied at once.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    bytes: [u8; Wire::HEAD],
    len: usize,
}

impl Lead {
    /// None at all.
    pub(crate) const NONE: Lead = Lead { bytes: [0; Wire::HEAD], len: 0 };

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.len == 0
    }

    /// `wire` as a whole, if it is short enough.
    pub(crate) fn new(wire: &Wire) -> Option<Lead> {
        (wire.len() < Wire::HEAD).then(|| Lead { bytes: *wire.head(), len: wire.len() })
    }

    #[inline(always)]
    pub(in crate::ilp) fn bytes(&self) -> &[u8; Wire::HEAD] {
        &self.bytes
    }

    /// Less than 32.
    #[inline(always)]
    pub(in crate::ilp) fn len(&self) -> usize {
        self.len % Wire::HEAD
    }
}

/// Where the values of rows come from. Each value goes into a [`Slot`] of its own; `None` says that it needs something special.
pub(crate) trait RowValues {
    /// What a column is known by.
    type Track;
    /// The symbols, and the other columns, each in the order of the wire.
    fn tracks<'a>(&'a self, plan: &'a RowPlan) -> [&'a [Self::Track]; 2];
    fn symbol<'s>(&self, track: &Self::Track, row: usize, slot: Slot<'s>) -> Option<Written<'s>>;
    fn column<'s>(&self, track: &Self::Track, row: usize, slot: Slot<'s>) -> Option<Written<'s>>;
    /// The designated timestamp.
    fn stamp(&self, row: usize) -> Option<i64>;
}
