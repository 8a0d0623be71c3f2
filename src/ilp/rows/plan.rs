//! [`RowPlan`]: what rows of one table have in common, made ready for writing many of them.

use std::collections::TryReserveError;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ilp::write::{Slot, Written};
use crate::name::Wire;

/// A table, its columns and the unit of its designated timestamp. Rows of other tables than these have no quick way.
#[derive(Debug, Clone)]
pub(crate) struct RowPlan {
    /// No other plan has it, unless it is of the same table.
    pub(in crate::ilp) id: u64,
    pub(in crate::ilp) table: Option<Lead>,
    /// Symbols first.
    pub(crate) columns: Vec<PlanColumn>,
    symbols: usize,
    pub(in crate::ilp) stamp: PlanStamp,
}

/// The designated timestamp of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanStamp {
    /// Given in nanoseconds.
    Nanos,
    /// Given in microseconds.
    Micros,
    /// The server's.
    Now,
}

/// A column in the order of the wire.
#[derive(Debug, Clone)]
pub(crate) struct PlanColumn {
    pub(crate) lead: Lead,
    pub(crate) kind: PlanKind,
    /// The place at which it was declared.
    pub(crate) place: usize,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanKind {
    Symbol,
    Bool,
    I64,
    F64,
    Str,
    TsMicros,
    TsNanos,
    Array,
    Decimal,
}

impl RowPlan {
    pub(crate) fn new(table: &Wire) -> RowPlan {
        static LAST: AtomicU64 = AtomicU64::new(0);
        RowPlan {
            id: LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1),
            table: Lead::new(table),
            columns: Vec::new(),
            symbols: 0,
            stamp: PlanStamp::Nanos,
        }
    }

    /// Those of the symbols, and those of the other columns; `tracks` has one for each column, in the order of the wire.
    #[inline(always)]
    pub(crate) fn split<'a, T>(&self, tracks: &'a [T]) -> [&'a [T]; 2] {
        match tracks.split_at_checked(self.symbols) {
            Some((symbols, others)) => [symbols, others],
            None => [&[], &[]],
        }
    }

    pub(crate) fn set_stamp(&mut self, stamp: PlanStamp) {
        self.stamp = stamp;
    }

    /// Sees to it that the next column finds room.
    pub(crate) fn reserve_one(&mut self) -> Result<(), TryReserveError> {
        self.columns.try_reserve(1)
    }

    /// Puts a column at `index`, a symbol before all others. `wire` is its name with the comma before it.
    pub(crate) fn insert(&mut self, index: usize, wire: &Wire, kind: PlanKind, place: usize) {
        match Lead::new(wire) {
            Some(lead) => {
                let index = index.min(self.columns.len());
                self.columns.insert(index, PlanColumn { lead, kind, place });
                self.symbols += usize::from(kind == PlanKind::Symbol);
            }
            // A long name: no row has a quick way.
            None => self.table = None,
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
