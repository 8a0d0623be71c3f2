//! [`QuickCalls`]: the quick path of single calls, for callers who want no more than that inlined.

use super::Buffer;
use super::value::{DoubleBits, DoubleText, Integer, Nanos, Symbol};
use crate::name::{ColumnRef, TableRef};
use crate::table::cell::RowCells;
use crate::table::{RowLayout, TimestampKind};
use crate::text::Text;

/// The quick path of the calls of [`Buffer`]. Each function does what the call of the same name does and returns true, or
/// changes nothing and returns false; the caller then makes that call. They cannot panic, and most need no stack frame.
#[allow(missing_docs, reason = "named after the calls of Buffer")]
pub trait QuickCalls {
    fn quick_table(&mut self, name: TableRef<'_>) -> bool;
    fn quick_symbol(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool;
    fn quick_bool(&mut self, name: ColumnRef<'_>, value: bool) -> bool;
    fn quick_i64(&mut self, name: ColumnRef<'_>, value: i64) -> bool;
    fn quick_f64(&mut self, name: ColumnRef<'_>, value: f64) -> bool;
    fn quick_str(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool;
    fn quick_ts_micros(&mut self, name: ColumnRef<'_>, micros: i64) -> bool;
    fn quick_ts_nanos(&mut self, name: ColumnRef<'_>, nanos: i64) -> bool;
    fn quick_at_nanos(&mut self, nanos: i64) -> bool;
    fn quick_at_micros(&mut self, micros: i64) -> bool;
    /// Appends one row of prepared cells.
    fn quick_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> bool;
}

impl QuickCalls for Buffer {
    #[inline(always)]
    fn quick_table(&mut self, name: TableRef<'_>) -> bool {
        Buffer::quick_table(self, name.0)
    }

    #[inline(always)]
    fn quick_symbol(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool {
        self.quick_add(name.0, Symbol(value))
    }

    #[inline(always)]
    fn quick_bool(&mut self, name: ColumnRef<'_>, value: bool) -> bool {
        self.quick_add(name.0, value)
    }

    #[inline(always)]
    fn quick_i64(&mut self, name: ColumnRef<'_>, value: i64) -> bool {
        self.quick_add(name.0, Integer::i64(value))
    }

    #[inline(always)]
    fn quick_f64(&mut self, name: ColumnRef<'_>, value: f64) -> bool {
        if self.lines.version.is_text() {
            quick_double_text(self, name, value)
        } else {
            self.quick_add(name.0, DoubleBits(value))
        }
    }

    #[inline(always)]
    fn quick_str(&mut self, name: ColumnRef<'_>, value: Text<'_>) -> bool {
        self.quick_add(name.0, value)
    }

    #[inline(always)]
    fn quick_ts_micros(&mut self, name: ColumnRef<'_>, micros: i64) -> bool {
        self.quick_add(name.0, Integer::micros(micros))
    }

    #[inline(always)]
    fn quick_ts_nanos(&mut self, name: ColumnRef<'_>, nanos: i64) -> bool {
        self.quick_add(name.0, Nanos(nanos))
    }

    #[inline(always)]
    fn quick_at_nanos(&mut self, nanos: i64) -> bool {
        self.lines.quick_at(TimestampKind::Nanos, nanos)
    }

    #[inline(always)]
    fn quick_at_micros(&mut self, micros: i64) -> bool {
        self.lines.quick_at(TimestampKind::Micros, micros)
    }

    #[inline(always)]
    fn quick_cells<C: RowCells + ?Sized>(
        &mut self,
        layout: &RowLayout,
        cells: &C,
        at: Option<i64>,
    ) -> bool {
        Buffer::quick_cells(self, layout, cells, at)
    }
}

/// Not inlined: writing a double as text calls other functions, for which its callers would need a stack frame.
#[inline(never)]
fn quick_double_text(buffer: &mut Buffer, name: ColumnRef<'_>, value: f64) -> bool {
    buffer.quick_add(name.0, DoubleText(value))
}
