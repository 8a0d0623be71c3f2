//! Appends one row from one cell per column.

use super::destination::{AtEnd, Destination, InSlot};
use super::plan::{PlanColumn, PlanKind, RowPlan, RowValues};
use crate::error::Result;
use crate::ilp::Buffer;
use crate::ilp::decimal::{Decimal, DecimalText};
use crate::ilp::value::{Integer, Nanos, Symbol};
use crate::ilp::write::{Slot, Written};
use crate::name::Name;
use crate::table::cell::RowCells;
use crate::table::{Cell, RowLayout};

/// Presents the cells and the timestamp of a caller as rows, of which there is one.
struct OneRow<'a, C: ?Sized> {
    cells: &'a C,
    at: Option<i64>,
}

/// Leaves the column out if the cell is NULL; `None` for any other cell, which the column does not expect. A column that is only a
/// name has no cell, and is written here.
#[inline(always)]
fn no_value<C: RowCells + ?Sized, D: Destination>(
    cells: &C,
    place: usize,
    column: Option<&PlanColumn>,
    to: D,
) -> Option<D::Written> {
    // The name is read here and not passed, which would take a register of the loop over columns.
    match column.and_then(|column| column.long_name.as_deref()) {
        None if cells.is_null(place) => to.nothing(),
        None => None,
        Some(name) if cells.is_null(name.place) => to.nothing(),
        Some(name) => to.long_name(&name.form),
    }
}

/// Writes the cell at `place` as a symbol; `None` if it is none.
#[inline(always)]
fn write_symbol<C: RowCells + ?Sized, D: Destination>(
    cells: &C,
    place: usize,
    column: Option<&PlanColumn>,
    to: D,
) -> Option<D::Written> {
    match cells.text(place) {
        Some(text) => to.value(Symbol(text)),
        None => no_value(cells, place, column, to),
    }
}

/// Writes the cell at `place` for a column of a kind other than symbol; `None` if the column does not take it.
#[inline(always)]
fn write_column<C: RowCells + ?Sized, D: Destination>(
    kind: PlanKind,
    cells: &C,
    place: usize,
    column: Option<&PlanColumn>,
    to: D,
) -> Option<D::Written> {
    // These cases are written out: with one function that takes closures, rows with texts took a tenth more instructions
    // from C.
    match kind {
        PlanKind::F64 => match cells.f64(place) {
            Some(value) => to.f64(value),
            None => no_value(cells, place, column, to),
        },
        PlanKind::I64 => match cells.i64(place) {
            Some(value) => to.value(Integer::i64(value)),
            None => no_value(cells, place, column, to),
        },
        PlanKind::Bool => match cells.bool(place) {
            Some(value) => to.value(value),
            None => no_value(cells, place, column, to),
        },
        PlanKind::Str => match cells.text(place) {
            Some(text) => to.value(text),
            None => no_value(cells, place, column, to),
        },
        PlanKind::TsMicros => match cells.i64(place) {
            Some(value) => to.value(Integer::micros(value)),
            None => no_value(cells, place, column, to),
        },
        PlanKind::TsNanos => match cells.i64(place) {
            Some(value) => to.value(Nanos(value)),
            None => no_value(cells, place, column, to),
        },
        PlanKind::Array => match cells.array(place) {
            Some(view) => to.array(&view),
            None => no_value(cells, place, column, to),
        },
        PlanKind::Decimal => match (cells.text(place), cells.decimal(place)) {
            (Some(text), _) => to.elaborate(DecimalText(text)),
            (_, Some((scale, unscaled))) => to.elaborate(Decimal(scale, unscaled)),
            _ => no_value(cells, place, column, to),
        },
        PlanKind::Symbol => None,
    }
}

/// Writes a cell for a column of any kind; `None` if the column does not take it.
///
/// Not inlined: such cells are rare, and this code would burden those who write other values.
#[inline(never)]
pub(super) fn write_cell<D: Destination>(
    kind: PlanKind,
    cell: &Cell<'_>,
    to: D,
) -> Option<D::Written> {
    let cells = std::slice::from_ref(cell);
    match kind {
        PlanKind::Symbol => write_symbol(cells, 0, None, to),
        _ => write_column(kind, cells, 0, None, to),
    }
}

impl<C: RowCells + ?Sized> RowValues for OneRow<'_, C> {
    type Column = PlanColumn;

    #[inline(always)]
    fn columns<'a>(&'a self, plan: &'a RowPlan) -> [&'a [PlanColumn]; 2] {
        plan.split(&plan.columns)
    }

    #[inline(always)]
    fn symbol<'s>(&self, column: &PlanColumn, _row: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        let to = InSlot { slot, name: &column.name };
        write_symbol(self.cells, column.place, Some(column), to)
    }

    #[inline(always)]
    fn column<'s>(&self, column: &PlanColumn, _row: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        let to = InSlot { slot, name: &column.name };
        write_column(column.kind, self.cells, column.place, Some(column), to)
    }

    #[inline(always)]
    fn designated(&self, _row: usize) -> Option<i64> {
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
        let lines = &mut self.lines;
        layout.fits(lines.max_name_len)?;
        let plan = RowPlan::of(layout)?;
        let first = lines.store.len() == 0;
        lines.whole_rows(|out| {
            out.begin(layout.table())?;
            for planned in &plan.columns {
                // The plan has the same columns as the layout, in another order. Others are names, which are written with values.
                let Some(column) = layout.columns().get(planned.place) else { continue };
                let cell = cells.cell(column.place)?;
                write_cell(planned.kind, &cell, AtEnd { out, name: column.name.text() })
                    .unwrap_or_else(|| Err(column.mismatch(cell.describe())))
                    .map_err(|e| column.context(e))?;
            }
            out.end(layout, at)
        })?;
        lines.rows_added(layout.table(), first, 1);
        lines.remember_plan(plan, layout.table());
        Ok(())
    }
}
