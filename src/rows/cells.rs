//! One row from one cell per column.

use std::borrow::Borrow;

use super::layout::{Column, ColumnKind, RowLayout, Stamp};
use crate::error::Result;
use crate::ilp::{ArrayView, Buffer, ProtocolVersion, RowsOut};
use crate::names::Name;
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
        self.append_cells(buffer, |place| Ok(cells.get(place).unwrap_or(&Cell::Null)), at)
    }

    /// As [`RowLayout::append_row`], with cells made on demand: `cell` is called once for the place of every column.
    ///
    /// # Errors
    /// As [`RowLayout::append_row`], and those of `cell`.
    #[inline]
    pub fn append_row_with<'c>(
        &self,
        buffer: &mut Buffer,
        cell: impl FnMut(usize) -> Result<Cell<'c>>,
        at: Option<i64>,
    ) -> Result<()> {
        self.append_cells(buffer, cell, at)
    }

    #[inline]
    fn append_cells<'c, C: Borrow<Cell<'c>>>(
        &self,
        buffer: &mut Buffer,
        mut cell: impl FnMut(usize) -> Result<C>,
        at: Option<i64>,
    ) -> Result<()> {
        let lines = buffer.lines_mut();
        self.fits(lines.max_name_len())?;
        lines.whole_rows(&self.table, |out| {
            let version = out.version();
            out.begin(&self.table)?;
            for column in &self.columns {
                let value = cell(column.place)?;
                column.write(out, version, value.borrow())?;
            }
            self.end_row(out, at)
        })
    }

    #[inline(always)]
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
    #[inline(always)]
    fn write(
        &self,
        out: &mut RowsOut<'_>,
        version: ProtocolVersion,
        cell: &Cell<'_>,
    ) -> Result<()> {
        use ColumnKind as K;
        let wire = self.name.wire();
        let written = match (self.kind, cell) {
            (_, Cell::Null) => return Ok(()),
            (K::Symbol, Cell::Text(value)) => out.symbol(wire, *value),
            (K::F64, Cell::F64(value)) => out.f64(self.wire(version), *value),
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
