//! Whole rows at once, for callers who know the shape of their rows: everything or nothing is kept.

use super::lines::{COLUMN_ROOM, Lines};
use super::row_state::Call;
use super::scan::{Cursor, Out as _, Quick, Store, Tail};
use super::stamp::{Stamp, StampCache};
use super::value::{
    Decimal, DecimalInteger, DecimalText, Integer, NamedDouble, ShortDouble, Value,
};
use super::{ArrayView, ProtocolVersion, escape, number};
use crate::error::{Error, Result, err};
use crate::names::{Name, TableName, Wire};
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
}

impl RowsOut<'_> {
    #[inline(always)]
    pub(crate) fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Starts a row.
    #[inline(always)]
    pub(crate) fn begin(&mut self, table: &TableName) -> Result<()> {
        self.in_columns = false;
        self.empty = true;
        self.ready(table.wire(), None)
    }

    /// Bytes as they are; a separator takes the place of the first.
    #[inline(always)]
    fn ready(&mut self, wire: &Wire, separator: Option<u8>) -> Result<()> {
        let quick = self.cursor.quick::<{ Wire::HEAD }>(wire.rest(), |out| {
            match separator {
                Some(separator) => out.separated(separator, wire),
                None => out.head(wire),
            }
            if !wire.is_short() {
                out.slice(wire.rest());
            }
            true
        });
        if quick {
            return Ok(());
        }
        self.cursor.careful(|out| {
            match separator {
                Some(separator) => out.separated(separator, wire),
                None => out.wire(wire),
            }
            Ok(())
        })
    }

    /// A symbol of which name and value are one.
    #[inline(always)]
    pub(crate) fn ready_symbol(&mut self, wire: &Wire) -> Result<()> {
        self.empty = false;
        self.ready(wire, None)
    }

    /// A column of which name and value are one.
    #[inline(always)]
    pub(crate) fn ready_column(&mut self, wire: &Wire) -> Result<()> {
        let separator = self.next_separator();
        self.ready(wire, Some(separator))
    }

    #[inline(always)]
    pub(crate) fn symbol(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.empty = false;
        let text = value.as_bytes();
        let quick = name.is_short()
            && self.cursor.quick::<{ Wire::HEAD + 16 }>(text, |out| {
                out.head(name);
                out.text::<false>(text, !value.is_known_utf8())
            });
        if quick {
            return Ok(());
        }
        self.cursor.careful(|out| {
            out.wire(name);
            escape::symbol(out, value)
        })
    }

    #[inline(always)]
    fn column<V: Value>(&mut self, name: &Wire, value: V) -> Result<()> {
        const { assert!(V::ROOM <= COLUMN_ROOM - Wire::HEAD) };
        let separator = self.next_separator();
        let quick = name.is_short()
            && self.cursor.quick::<COLUMN_ROOM>(value.text(), |out| {
                out.separated(separator, name);
                value.quick(out)
            });
        if quick {
            return Ok(());
        }
        let version = self.version;
        self.cursor.careful(|out| {
            out.separated(separator, name);
            value.write(out, version)
        })
    }

    #[inline(always)]
    fn next_separator(&mut self) -> u8 {
        let separator = if self.in_columns { b',' } else { b' ' };
        self.in_columns = true;
        self.empty = false;
        separator
    }

    #[inline(always)]
    pub(crate) fn bool(&mut self, name: &Wire, value: bool) -> Result<()> {
        self.column(name, value)
    }

    #[inline(always)]
    pub(crate) fn i64(&mut self, name: &Wire, value: i64) -> Result<()> {
        self.column(name, Integer(value, b'i'))
    }

    /// The name is that of [`double_wire`] from version 2 on.
    #[inline(always)]
    pub(crate) fn f64(&mut self, name: &Wire, value: f64) -> Result<()> {
        if self.version == ProtocolVersion::V1 {
            self.column(name, ShortDouble(value))
        } else {
            self.column(name, NamedDouble(value))
        }
    }

    #[inline(always)]
    pub(crate) fn str(&mut self, name: &Wire, value: Text<'_>) -> Result<()> {
        self.column(name, value)
    }

    #[inline(always)]
    pub(crate) fn ts_micros(&mut self, name: &Wire, value: i64) -> Result<()> {
        self.column(name, Integer(value, b't'))
    }

    #[inline(always)]
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

    #[inline(always)]
    pub(crate) fn end_nanos(&mut self, nanos: i64) -> Result<()> {
        self.end(Stamp::Nanos(nanos))
    }

    #[inline(always)]
    pub(crate) fn end_micros(&mut self, micros: i64) -> Result<()> {
        self.end(Stamp::Micros(micros))
    }

    #[inline(always)]
    fn end(&mut self, stamp: Stamp) -> Result<()> {
        self.check_not_empty()?;
        self.rows += 1;
        let (stamps, version) = (&mut *self.stamps, self.version);
        let quick = |out: &mut Quick| stamps.quick(out, stamp, version);
        if self.cursor.quick::<{ StampCache::ROOM }>(&[], quick) {
            return Ok(());
        }
        self.cursor.careful(|out| stamps.end_row(out, stamp, version))
    }

    #[inline(always)]
    pub(crate) fn end_now(&mut self) -> Result<()> {
        self.check_not_empty()?;
        self.rows += 1;
        let newline = |out: &mut Quick| {
            out.byte(b'\n');
            true
        };
        if self.cursor.quick::<1>(&[], newline) {
            return Ok(());
        }
        self.cursor.careful(|out| {
            out.byte(b'\n');
            Ok(())
        })
    }

    #[inline(always)]
    fn check_not_empty(&self) -> Result<()> {
        if self.empty { Err(empty_row()) } else { Ok(()) }
    }
}

#[cold]
#[inline(never)]
fn empty_row() -> Error {
    err!(InvalidState, "every cell of the row is null: a row needs a symbol or column")
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
    Wire::new(store.as_slice())
}
