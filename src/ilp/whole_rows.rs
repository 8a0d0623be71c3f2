//! Whole rows at once, for callers who know the shape of their rows: everything or nothing is kept.

use super::lines::Lines;
use super::row_state::Call;
use super::scan::{Out as _, Store, Tail};
use super::stamp::{Stamp, StampCache};
use super::value::{Decimal, DecimalInteger, DecimalText, Integer, Value as _};
use super::{ArrayView, ProtocolVersion, escape, number};
use crate::error::{Result, err};
use crate::names::{Name, TableName, Wire};
use crate::text::Text;

/// Writes rows behind the end of a buffer. Names come in wire form: a symbol's and a column's with the separator before
/// it, which is put right here.
pub(crate) struct RowsOut<'a> {
    out: Tail<'a>,
    stamps: &'a mut StampCache,
    version: ProtocolVersion,
    in_columns: bool,
    empty: bool,
}

impl Lines {
    /// Appends `count` rows of `table` that `write` writes, or none of them if it fails.
    #[inline]
    pub(crate) fn whole_rows(
        &mut self,
        table: &TableName,
        count: usize,
        write: impl FnOnce(&mut RowsOut<'_>) -> Result<()>,
    ) -> Result<()> {
        table.fits(self.max_name_len())?;
        self.state.require(Call::Table)?;
        let first = self.store.len() == 0;
        let version = self.version();
        let mut rows = RowsOut {
            out: self.store.tail(),
            stamps: &mut self.stamps,
            version,
            in_columns: false,
            empty: true,
        };
        write(&mut rows)?;
        rows.out.finish()?;
        self.rows_added(table, first, count);
        Ok(())
    }
}

impl RowsOut<'_> {
    #[inline]
    pub(crate) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Starts a row.
    #[inline]
    pub(crate) fn begin(&mut self, table: &TableName) {
        self.out.wire(table.wire());
        self.in_columns = false;
        self.empty = true;
    }

    /// Whether the buffer cannot take what was written: the rest of the rows can be spared.
    #[inline]
    pub(crate) fn is_refused(&self) -> bool {
        self.out.is_refused()
    }

    #[inline]
    pub(crate) fn symbol(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.ready_symbol(name);
        escape::symbol(&mut self.out, value)
    }

    /// A symbol of which name and value are one.
    #[inline]
    pub(crate) fn ready_symbol(&mut self, name_and_value: &Wire) {
        self.empty = false;
        self.out.wire(name_and_value);
    }

    /// A column of which name and value are one, or the name of a column of which the value follows.
    #[inline]
    pub(crate) fn column(&mut self, name: &Wire) {
        let separator = if self.in_columns { b',' } else { b' ' };
        self.out.separated(separator, name);
        self.in_columns = true;
        self.empty = false;
    }

    #[inline]
    pub(crate) fn bool(&mut self, value: bool) {
        self.out.byte(if value { b't' } else { b'f' });
    }

    #[inline]
    pub(crate) fn i64(&mut self, value: i64) {
        number::integer(&mut self.out, value, b'i');
    }

    #[inline]
    pub(crate) fn f64_text(&mut self, value: f64) {
        number::double(&mut self.out, value);
    }

    /// The name of the column ends with [`number::BINARY_DOUBLE`].
    #[inline]
    pub(crate) fn f64_bits(&mut self, value: f64) {
        self.out.put(value.to_le_bytes(), 8);
    }

    #[inline]
    pub(crate) fn str(&mut self, value: Text<'_>) -> Result<()> {
        escape::string(&mut self.out, value)
    }

    #[inline]
    pub(crate) fn ts_micros(&mut self, value: i64) {
        number::integer(&mut self.out, value, b't');
    }

    #[inline]
    pub(crate) fn ts_nanos(&mut self, value: i64) {
        let Integer(value, unit) = Integer::nanos(value, self.version);
        number::integer(&mut self.out, value, unit);
    }

    pub(crate) fn array(&mut self, value: &ArrayView<'_>) -> Result<()> {
        value.write(&mut self.out, self.version)
    }

    pub(crate) fn decimal_text(&mut self, value: Text<'_>) -> Result<()> {
        DecimalText(value).write(&mut self.out, self.version)
    }

    pub(crate) fn decimal(&mut self, scale: u32, unscaled: &[u8]) -> Result<()> {
        Decimal(scale, unscaled).write(&mut self.out, self.version)
    }

    pub(crate) fn decimal_i128(&mut self, scale: u32, unscaled: i128) -> Result<()> {
        DecimalInteger(scale, unscaled).write(&mut self.out, self.version)
    }

    #[inline]
    pub(crate) fn end_nanos(&mut self, nanos: i64) -> Result<()> {
        self.check_not_empty()?;
        self.stamps.end_row(&mut self.out, Stamp::Nanos(nanos), self.version)
    }

    #[inline]
    pub(crate) fn end_micros(&mut self, micros: i64) -> Result<()> {
        self.check_not_empty()?;
        self.stamps.end_row(&mut self.out, Stamp::Micros(micros), self.version)
    }

    #[inline]
    pub(crate) fn end_now(&mut self) -> Result<()> {
        self.check_not_empty()?;
        self.out.byte(b'\n');
        Ok(())
    }

    #[inline]
    fn check_not_empty(&self) -> Result<()> {
        if self.empty {
            return Err(err!(
                InvalidState,
                "every cell of the row is null: a row needs a symbol or column"
            ));
        }
        Ok(())
    }
}

/// A symbol's name and value as one.
pub(crate) fn symbol_wire(name: &Wire, value: Text<'_>) -> Result<Wire> {
    one_wire(|out| {
        out.wire(name);
        escape::symbol(out, value)
    })
}

/// A string column's name and value as one.
pub(crate) fn string_wire(name: &Wire, value: Text<'_>) -> Result<Wire> {
    one_wire(|out| {
        out.wire(name);
        escape::string(out, value)
    })
}

/// The name of a binary double's column and what announces the value as one.
pub(crate) fn double_wire(name: &Wire) -> Result<Wire> {
    one_wire(|out| {
        out.wire(name);
        out.slice(&number::BINARY_DOUBLE);
        Ok(())
    })
}

fn one_wire(write: impl FnOnce(&mut Tail<'_>) -> Result<()>) -> Result<Wire> {
    let mut store = Store::new(usize::MAX);
    let mut out = store.tail();
    write(&mut out)?;
    out.finish()?;
    Ok(Wire::new(store.as_slice()))
}
