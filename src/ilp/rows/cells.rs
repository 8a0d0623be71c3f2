//! One row from one cell per column.

use super::{PlanColumn, PlanKind, RowPlan, RowValues};
use crate::error::Result;
use crate::ilp::{ArrayView, Buffer, RowsOut, Slot, Written};
use crate::name::Name;
use crate::table::{Column, ColumnKind, RowLayout, Stamp};
use crate::text::Text;

/// The value of one column in one row; which kinds of column take it is said there.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Leaves the column out of the row.
    Null,
    /// For [`ColumnKind::Bool`].
    Bool(bool),
    /// For [`ColumnKind::I64`], [`ColumnKind::TsMicros`] and [`ColumnKind::TsNanos`].
    I64(i64),
    /// For [`ColumnKind::F64`].
    F64(f64),
    /// For [`ColumnKind::Symbol`], [`ColumnKind::Str`] and [`ColumnKind::Decimal`].
    Text(Text<'a>),
    /// For [`ColumnKind::F64Array`].
    Array(&'a ArrayView<'a>),
    /// For [`ColumnKind::Decimal`]: `unscaled / 10^scale`, a big-endian integer in two's complement.
    Decimal {
        /// At most 76.
        scale: u32,
        /// At most 32 bytes; none mean NULL.
        unscaled: &'a [u8],
    },
}

impl<'a, T: Into<Text<'a>>> From<T> for Cell<'a> {
    #[inline]
    fn from(text: T) -> Self {
        Cell::Text(text.into())
    }
}

impl Cell<'_> {
    fn describe(&self) -> &'static str {
        match self {
            Cell::Null => "null",
            Cell::Bool(_) => "a boolean",
            Cell::I64(_) => "an integer",
            Cell::F64(_) => "a double",
            Cell::Text(_) => "text",
            Cell::Array(_) => "an array",
            Cell::Decimal { .. } => "a binary decimal",
        }
    }
}

/// The cells of one row in a form of the caller's own, by the place at which their columns were declared.
///
/// [`RowCells::cell`] says what a cell holds. The other functions are shortcuts for cells that hold just that, without which
/// rows are written more slowly; `None` leaves the cell to [`RowCells::cell`].
pub trait RowCells {
    /// The cell at `place`.
    ///
    /// # Errors
    /// Whatever is wrong with it; the row is then not appended.
    fn cell(&self, place: usize) -> Result<Cell<'_>>;

    /// Whether the cell is [`Cell::Null`].
    #[inline]
    fn is_null(&self, place: usize) -> bool {
        matches!(self.cell(place), Ok(Cell::Null))
    }

    /// The value of a [`Cell::Text`].
    #[inline]
    fn text(&self, _place: usize) -> Option<Text<'_>> {
        None
    }

    /// The value of a [`Cell::Bool`].
    #[inline]
    fn bool(&self, _place: usize) -> Option<bool> {
        None
    }

    /// The value of a [`Cell::I64`].
    #[inline]
    fn i64(&self, _place: usize) -> Option<i64> {
        None
    }

    /// The value of a [`Cell::F64`].
    #[inline]
    fn f64(&self, _place: usize) -> Option<f64> {
        None
    }

    /// Scale and unscaled value of a [`Cell::Decimal`].
    #[inline]
    fn decimal(&self, _place: usize) -> Option<(u32, &[u8])> {
        None
    }

    /// The value of a [`Cell::Array`].
    #[inline]
    fn array(&self, _place: usize) -> Option<ArrayView<'_>> {
        None
    }
}

impl RowCells for [Cell<'_>] {
    #[inline]
    fn cell(&self, place: usize) -> Result<Cell<'_>> {
        Ok(self.get(place).copied().unwrap_or(Cell::Null))
    }

    #[inline]
    fn is_null(&self, place: usize) -> bool {
        matches!(self.get(place), None | Some(Cell::Null))
    }

    #[inline]
    fn text(&self, place: usize) -> Option<Text<'_>> {
        if let Some(Cell::Text(text)) = self.get(place) { Some(*text) } else { None }
    }

    #[inline]
    fn bool(&self, place: usize) -> Option<bool> {
        if let Some(Cell::Bool(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn i64(&self, place: usize) -> Option<i64> {
        if let Some(Cell::I64(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn f64(&self, place: usize) -> Option<f64> {
        if let Some(Cell::F64(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn decimal(&self, place: usize) -> Option<(u32, &[u8])> {
        match self.get(place) {
            Some(Cell::Decimal { scale, unscaled }) => Some((*scale, *unscaled)),
            _ => None,
        }
    }

    #[inline]
    fn array(&self, place: usize) -> Option<ArrayView<'_>> {
        if let Some(Cell::Array(view)) = self.get(place) { Some(**view) } else { None }
    }
}

/// Cells and a timestamp as rows, of which there is one.
struct OneRow<'a, C: ?Sized> {
    cells: &'a C,
    at: Option<i64>,
}

impl<C: RowCells + ?Sized> OneRow<'_, C> {
    /// A cell that is not what its column should have is NULL, or something special.
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
            Some(text) => slot.symbol(&column.lead, text),
            None => self.missing(column.place, slot),
        }
    }

    #[inline(always)]
    fn column<'s>(&self, column: &PlanColumn, _row: usize, slot: Slot<'s>) -> Option<Written<'s>> {
        let (cells, place, lead) = (self.cells, column.place, &column.lead);
        // Written out: by one function with closures rows with texts took a tenth more instructions from C.
        match column.kind {
            PlanKind::F64 => match cells.f64(place) {
                Some(value) => slot.f64(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::I64 => match cells.i64(place) {
                Some(value) => slot.i64(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::Bool => match cells.bool(place) {
                Some(value) => slot.bool(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::Str => match cells.text(place) {
                Some(text) => slot.str(lead, text),
                None => self.missing(place, slot),
            },
            PlanKind::TsMicros => match cells.i64(place) {
                Some(value) => slot.ts_micros(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::TsNanos => match cells.i64(place) {
                Some(value) => slot.ts_nanos(lead, value),
                None => self.missing(place, slot),
            },
            PlanKind::Array => match cells.array(place) {
                Some(view) => slot.array(lead, &view),
                None => self.missing(place, slot),
            },
            PlanKind::Decimal => match (cells.text(place), cells.decimal(place)) {
                (Some(text), _) => slot.decimal_text(lead, text),
                (_, Some((scale, unscaled))) => slot.decimal(lead, scale, unscaled),
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

impl RowLayout {
    /// Appends one row: `cells` in the order in which the columns were declared, and the designated timestamp if the layout
    /// has one. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` if the cells do not fit the layout, and those of the calls of [`Buffer`] that make the same row.
    #[inline]
    pub fn append_row(
        &self,
        buffer: &mut Buffer,
        cells: &[Cell<'_>],
        at: Option<i64>,
    ) -> Result<()> {
        self.check_count(cells.len(), "cells")?;
        self.append_cells(buffer, cells, at)
    }

    /// As [`RowLayout::append_row`], with cells of the caller's own form.
    ///
    /// # Errors
    /// As [`RowLayout::append_row`], and those of [`RowCells::cell`].
    #[inline(always)]
    pub(crate) fn append_cells<C: RowCells + ?Sized>(
        &self,
        buffer: &mut Buffer,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()> {
        if self.quick_cells(buffer, cells, at) {
            return Ok(());
        }
        self.append_carefully(buffer, cells, at)
    }

    /// Does the same if that needs nothing special, or does nothing and says false. It cannot panic unless the cells do.
    #[inline(always)]
    pub(crate) fn quick_cells<C: RowCells + ?Sized>(
        &self,
        buffer: &mut Buffer,
        cells: &C,
        at: Option<i64>,
    ) -> bool {
        let lines = buffer.lines_mut();
        self.is_short_for(lines.max_name_len())
            && at.is_some() == (self.stamp != Stamp::Now)
            && lines.quick_row(&self.table, &self.plan, &OneRow { cells, at })
    }

    #[cold]
    #[inline(never)]
    fn append_carefully<C: RowCells + ?Sized>(
        &self,
        buffer: &mut Buffer,
        cells: &C,
        at: Option<i64>,
    ) -> Result<()> {
        let lines = buffer.lines_mut();
        self.fits(lines.max_name_len())?;
        lines.whole_rows(&self.table, |out| {
            out.begin(&self.table)?;
            for column in &self.columns {
                column.write(out, &cells.cell(column.place)?)?;
            }
            self.end_row(out, at)
        })
    }

    pub(super) fn end_row(&self, out: &mut RowsOut<'_>, at: Option<i64>) -> Result<()> {
        match (self.stamp, at) {
            (Stamp::Nanos, Some(nanos)) => out.end_nanos(nanos),
            (Stamp::Micros, Some(micros)) => out.end_micros(micros),
            (Stamp::Now, None) => out.end_now(),
            _ => Err(self.stamp_mismatch()),
        }
    }
}

impl Column {
    fn write(&self, out: &mut RowsOut<'_>, cell: &Cell<'_>) -> Result<()> {
        use ColumnKind as K;
        let wire = self.name.wire();
        let written = match (self.kind, cell) {
            (_, Cell::Null) => return Ok(()),
            (K::Symbol, Cell::Text(value)) => out.symbol(wire, *value),
            (K::F64, Cell::F64(value)) => out.f64(wire, *value),
            (K::I64, Cell::I64(value)) => out.i64(wire, *value),
            (K::Bool, Cell::Bool(value)) => out.bool(wire, *value),
            (K::TsMicros, Cell::I64(value)) => out.ts_micros(wire, *value),
            (K::TsNanos, Cell::I64(value)) => out.ts_nanos(wire, *value),
            (K::Str, Cell::Text(value)) => out.str(wire, *value),
            (K::F64Array, Cell::Array(value)) => out.array(wire, value),
            (K::Decimal, Cell::Text(value)) => out.decimal_text(wire, *value),
            (K::Decimal, Cell::Decimal { scale, unscaled }) => out.decimal(wire, *scale, unscaled),
            (_, cell) => return Err(self.mismatch(cell.describe())),
        };
        written.map_err(|e| self.context(e))
    }
}
