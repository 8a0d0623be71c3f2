//! Whole rows at once, for callers who know the shape of their rows: everything or nothing is kept.

use std::ops::Range;

use super::ProtocolVersion;
use super::lines::Lines;
use super::row_state::Call;
use super::rows::{Lead, RowPlan, RowValues};
use super::timestamp::{Stamp, StampCache};
use super::value::{Decimal, DecimalInteger, DecimalText, Decimals, DoubleBits, Integer, Value};
use super::write::{Cursor, Out as _, Store, Tail, escape};
use crate::error::{Error, Result, err};
use crate::name::{Name, TableName, Wire};
use crate::table::{ArrayView, RowLayout, TimestampKind};
use crate::text::Text;

/// Writes rows behind the end of a buffer. Names come in wire form: a symbol's and a column's with the separator before
/// it, which is put right here.
pub(crate) struct RowsOut<'a> {
    cursor: Cursor<'a>,
    stamps: &'a mut StampCache,
    version: ProtocolVersion,
    in_columns: bool,
    empty: bool,
    rows: usize,
}

impl Lines {
    /// Appends the rows of `table` that `write` writes, or none of them if it fails.
    #[inline(always)]
    pub(crate) fn whole_rows(
        &mut self,
        table: &TableName,
        write: impl FnOnce(&mut RowsOut<'_>) -> Result<()>,
    ) -> Result<()> {
        table.fits(self.max_name_len())?;
        self.state.require(Call::Table)?;
        let first = self.store.len() == 0;
        let version = self.version();
        let mut out = RowsOut {
            cursor: self.store.cursor(),
            stamps: &mut self.stamps,
            version,
            in_columns: false,
            empty: true,
            rows: 0,
        };
        write(&mut out)?;
        let rows = out.rows;
        out.cursor.finish();
        self.rows_added(table, first, rows);
        Ok(())
    }

    /// Appends one row if that needs nothing special, or does nothing and says false.
    #[inline(always)]
    pub(crate) fn quick_row<V: RowValues>(
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
        let version = self.version();
        let mut cursor = self.store.cursor();
        if cursor.quick_rows(plan, values, &self.stamps, version, 0..1) == 0 {
            return false;
        }
        cursor.finish();
        self.row_ended();
        true
    }
}

impl RowsOut<'_> {
    /// Writes `rows` as far as they need nothing special. Returns the first row that does, of which nothing was written,
    /// or the end.
    #[inline(never)]
    pub(crate) fn quick_rows<V: RowValues>(
        &mut self,
        plan: &RowPlan,
        values: &V,
        rows: Range<usize>,
    ) -> usize {
        let first = rows.start;
        let end = self.cursor.quick_rows(plan, values, self.stamps, self.version, rows);
        self.rows += end - first;
        end
    }

    /// Starts a row.
    pub(crate) fn begin(&mut self, table: &TableName) -> Result<()> {
        self.in_columns = false;
        self.empty = true;
        self.cursor.careful(|out| {
            out.wire(table.wire());
            Ok(())
        })
    }

    pub(crate) fn symbol(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.empty = false;
        self.cursor.careful(|out| {
            out.wire(name);
            escape::symbol(out, value)
        })
    }

    fn column<V: Value>(&mut self, name: &Wire, value: V) -> Result<()> {
        let (separator, version) = (self.next_separator(), self.version);
        self.cursor.careful(|out| {
            out.separated(separator, name);
            value.write(out, version)
        })
    }

    fn next_separator(&mut self) -> u8 {
        let separator = if self.in_columns { b',' } else { b' ' };
        self.in_columns = true;
        self.empty = false;
        separator
    }

    pub(crate) fn bool(&mut self, name: &Wire, value: bool) -> Result<()> {
        self.column(name, value)
    }

    pub(crate) fn i64(&mut self, name: &Wire, value: i64) -> Result<()> {
        self.column(name, Integer(value, b'i'))
    }

    pub(crate) fn f64(&mut self, name: &Wire, value: f64) -> Result<()> {
        if self.version == ProtocolVersion::V1 {
            self.column(name, Decimals(value))
        } else {
            self.column(name, DoubleBits(value))
        }
    }

    pub(crate) fn str(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.column(name, value)
    }

    pub(crate) fn ts_micros(&mut self, name: &Wire, value: i64) -> Result<()> {
        self.column(name, Integer(value, b't'))
    }

    pub(crate) fn ts_nanos(&mut self, name: &Wire, value: i64) -> Result<()> {
        self.column(name, Integer::nanos(value, self.version))
    }

    pub(crate) fn array(&mut self, name: &Wire, value: &ArrayView<'_>) -> Result<()> {
        self.column(name, value)
    }

    pub(crate) fn decimal_text(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.column(name, DecimalText(value))
    }

    pub(crate) fn decimal(&mut self, name: &Wire, scale: u32, unscaled: &[u8]) -> Result<()> {
        self.column(name, Decimal(scale, unscaled))
    }

    pub(crate) fn decimal_i128(&mut self, name: &Wire, scale: u32, unscaled: i128) -> Result<()> {
        self.column(name, DecimalInteger(scale, unscaled))
    }

    pub(crate) fn end_nanos(&mut self, nanos: i64) -> Result<()> {
        self.end(Stamp::Nanos(nanos))
    }

    pub(crate) fn end_micros(&mut self, micros: i64) -> Result<()> {
        self.end(Stamp::Micros(micros))
    }

    fn end(&mut self, stamp: Stamp) -> Result<()> {
        self.check_not_empty()?;
        self.rows += 1;
        let (stamps, version) = (&mut *self.stamps, self.version);
        self.cursor.careful(|out| stamps.end_row(out, stamp, version))
    }

    pub(crate) fn end_now(&mut self) -> Result<()> {
        self.check_not_empty()?;
        self.rows += 1;
        self.cursor.careful(|out| {
            out.byte(b'\n');
            Ok(())
        })
    }

    fn check_not_empty(&self) -> Result<()> {
        if self.empty { Err(empty_row()) } else { Ok(()) }
    }
}

#[cold]
#[inline(never)]
fn empty_row() -> Error {
    err!(InvalidState, "every cell of the row is null: a row needs a symbol or column")
}

/// A symbol's name and value as one, if that is short and the value is good.
pub(crate) fn symbol_lead(name: &Wire, value: Text<'_>) -> Option<Lead> {
    let wire = one_wire(|out| {
        out.wire(name);
        escape::symbol(out, value)
    });
    Lead::new(&wire.ok()?)
}

/// A string column's name and value as one, if that is short and the value is good.
pub(crate) fn string_lead(name: &Wire, value: Text<'_>) -> Option<Lead> {
    let wire = one_wire(|out| {
        out.wire(name);
        escape::string(out, value)
    });
    Lead::new(&wire.ok()?)
}

fn one_wire(write: impl FnOnce(&mut Tail<'_>) -> Result<()>) -> Result<Wire> {
    let mut store = Store::new(usize::MAX);
    let mut out = store.tail();
    write(&mut out)?;
    out.finish()?;
    Wire::new(store.as_slice())
}
