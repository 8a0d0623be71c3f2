//! Appends one row from one cell per column.

use super::plan::{PlanColumn, PlanKind, RowPlan, RowValues};
use crate::error::Result;
use crate::ilp::Buffer;
use crate::ilp::array::DenseArray;
use crate::ilp::decimal::{Decimal, DecimalText};
use crate::ilp::timestamp::Designated;
use crate::ilp::value::{Integer, Nanos, Symbol};
use crate::ilp::whole_rows::RowsOut;
use crate::ilp::write::{Slot, Written};
use crate::name::Name;
use crate::table::cell::RowCells;
use crate::table::{Cell, Column, ColumnKind, RowLayout, TimestampKind};

/// Presents the cells and the timestamp of a caller as rows, of which there is one.
struct OneRow<'a, C: ?Sized> {
    cells: &'a C,
    at: Option<i64>,
}

impl<C: RowCells + ?Sized> OneRow<'_, C> {
    /// Leaves the column out if the cell is NULL. Any other cell that the column does not expect needs the slow path.
    #[inline(always)]
    fn missing<'s>(&self, place: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        self.cells.is_null(place).then(|| slot.skip())
    }
}

impl<C: RowCells + ?Sized> RowValues for OneRow<'_, C> {
    type Track = PlanColumn;

    #[inline(always)]
    fn tracks<'a>(&'a self, plan: &'a RowPlan) -> [&'a [PlanColumn]; 2] {
        plan.split(&plan.columns)
    }

    #[inline(always)]
    fn symbol<'s>(&self, column: &PlanColumn, _row: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        match self.cells.text(column.place) {
            Some(text) => slot.value(&column.lead, Symbol(text)),
            None => self.missing(column.place, slot),
        }
    }

    #[inline(always)]
    fn column<'s>(&self, column: &PlanColumn, _row: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        let (cells, place, lead) = (self.cells, column.place, &column.lead);
        // These cases are written out: with one function that takes closures, rows with texts took a tenth more instructions
        // from C.
        match column.kind {
            PlanKind::F64 => match cells.f64(place) {
                Some(value) => slot.f64(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::I64 => match cells.i64(place) {
                Some(value) => slot.value(lead, Integer::i64(value)),
                None => self.missing(place, slot),
            },
            PlanKind::Bool => match cells.bool(place) {
                Some(value) => slot.value(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::Str => match cells.text(place) {
                Some(text) => slot.value(lead, text),
                None => self.missing(place, slot),
            },
            PlanKind::TsMicros => match cells.i64(place) {
                Some(value) => slot.value(lead, Integer::micros(value)),
                None => self.missing(place, slot),
            },
            PlanKind::TsNanos => match cells.i64(place) {
                Some(value) => slot.value(lead, Nanos(value)),
                None => self.missing(place, slot),
            },
            PlanKind::Array => match cells.array(place) {
                Some(view) => slot.value(lead, DenseArray::of(&view)?),
                None => self.missing(place, slot),
            },
            PlanKind::Decimal => match (cells.text(place), cells.decimal(place)) {
                (Some(text), _) => slot.apart(lead, DecimalText(text)),
                (_, Some((scale, unscaled))) => slot.apart(lead, Decimal(scale, unscaled)),
                _ => self.missing(place, slot),
            },
            PlanKind::Symbol => None,
        }
    }

    #[inline(always)]
    fn stamp(&self, _row: usize) -> Option<i64> {
        self.at
    }
}

impl Buffer {
    /// Appends one row of a layout. `cells` are in the order in which its columns were declared; the designated timestamp is
    /// given if the layout has one. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` if the cells do not fit the layout, and the errors of the single calls that make the same row.
    #[inline]
    pub fn append_row(
        &mut self,
        layout: &RowLayout,
        cells: &[Cell<'_>],
        at: Option<i64>,
    ) -> Result<()> {
        layout.check_count(cells.len(), "cells")?;
        self.append_cells(layout, cells, at)
    }

    /// As [`Buffer::append_row`], with cells in whatever form the caller has them.
    ///
    /// # Errors
    /// As [`Buffer::append_row`], and those of [`RowCells::cell`].
    #[inline(always)]
    pub(crate) fn append_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()> {
        if self.quick_cells(layout, cells, at) {
            return Ok(());
        }
        self.append_carefully(layout, cells, at)
    }

    /// Does the same on the quick path. Returns false and changes nothing if the row needs the slow path. It cannot panic
    /// unless `cells` does.
    #[inline(always)]
    pub(crate) fn quick_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> bool {
        self.lines.quick_row(layout, &OneRow { cells, at }, at.is_some())
    }

    #[cold]
    #[inline(never)]
    fn append_carefully<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()> {
        // What a row mostly needs is a timestamp with new upper digits.
        if let Some(at_number) = at
            && self.lines.renew_stamp(layout.timestamp_kind(), at_number)
            && self.quick_cells(layout, cells, at)
        {
            return Ok(());
        }
        let lines = &mut self.lines;
        layout.fits(lines.max_name_len())?;
        let plan = RowPlan::of(layout)?;
        lines.whole_rows(layout.table(), |out| {
            out.begin(layout.table())?;
            for planned in &plan.columns {
                // The plan has the same columns as the layout, in another order, so there is always one.
                let Some(column) = layout.columns().get(planned.place) else { continue };
                write(column, out, &cells.cell(column.place)?)?;
            }
            end_row(layout, out, at)
        })?;
        lines.learn(plan, layout.table());
        Ok(())
    }
}

pub(super) fn end_row(layout: &RowLayout, out: &mut RowsOut<'_>, at: Option<i64>) -> Result<()> {
    match (layout.timestamp_kind(), at) {
        (TimestampKind::Nanos, Some(nanos)) => out.end(Designated::Nanos(nanos)),
        (TimestampKind::Micros, Some(micros)) => out.end(Designated::Micros(micros)),
        (TimestampKind::Now, None) => out.end_now(),
        _ => Err(layout.timestamp_mismatch()),
    }
}

fn write(column: &Column, out: &mut RowsOut<'_>, cell: &Cell<'_>) -> Result<()> {
    use ColumnKind as K;
    let wire = column.name.wire();
    let written = match (column.kind, cell) {
        (_, Cell::Null) => return Ok(()),
        (K::Symbol, Cell::Text(value)) => out.value(wire, Symbol(*value)),
        (K::F64, Cell::F64(value)) => out.f64(wire, *value),
        (K::I64, Cell::I64(value)) => out.value(wire, Integer::i64(*value)),
        (K::Bool, Cell::Bool(value)) => out.value(wire, *value),
        (K::TsMicros, Cell::I64(value)) => out.value(wire, Integer::micros(*value)),
        (K::TsNanos, Cell::I64(value)) => out.value(wire, Nanos(*value)),
        (K::Str, Cell::Text(value)) => out.value(wire, *value),
        (K::F64Array, Cell::Array(value)) => out.value(wire, *value),
        (K::Decimal, Cell::Text(value)) => out.value(wire, DecimalText(*value)),
        (K::Decimal, Cell::Decimal { scale, unscaled }) => {
            out.value(wire, Decimal(*scale, unscaled))
        }
        (_, cell) => return Err(column.mismatch(cell.describe())),
    };
    written.map_err(|e| column.context(e))
}
