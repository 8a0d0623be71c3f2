//! One call for each value: ours and the official client's.

use std::fmt::Display;
use std::str::from_utf8;

use questdb::ingress::{self as q, NdArrayView, TimestampNanos};
use questdb_ingress::{ArrayView, Buffer, ColumnName, TableName, Text};

use super::rows::{Rows, Values};
use crate::encoders::{Failure, Theirs as TheirBuffer, VAL, buffer};

/// Single calls. Tables and columns are given by their place.
pub trait Calls {
    type Error: Display;

    fn table(&mut self, table: usize) -> Result<(), Self::Error>;
    fn symbol(&mut self, column: usize, value: &[u8]) -> Result<(), Self::Error>;
    fn str(&mut self, column: usize, value: &[u8]) -> Result<(), Self::Error>;
    fn i64(&mut self, column: usize, value: i64) -> Result<(), Self::Error>;
    fn f64(&mut self, column: usize, value: f64) -> Result<(), Self::Error>;
    fn array(&mut self, column: usize, values: &[f64]) -> Result<(), Self::Error>;
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Self::Error>;
    fn clear(&mut self);
    fn renew(&mut self);
    fn bytes(&self) -> &[u8];
}

/// Writes one row.
#[inline(always)]
pub fn row<C: Calls>(calls: &mut C, rows: &Rows, row: usize) -> Result<(), C::Error> {
    calls.table(rows.table_of[row] as usize)?;
    for (i, column) in rows.columns.iter().enumerate() {
        if !column.has(row) {
            continue;
        }
        match &column.values {
            Values::I64(values) => calls.i64(i, values[row])?,
            Values::F64(values) => calls.f64(i, values[row])?,
            Values::Str(texts) => calls.str(i, texts.get(row))?,
            Values::Symbol(codes, texts) => calls.symbol(i, texts.get(codes.get(row)))?,
            Values::Arrays(len, values) => calls.array(i, &values[row * len..][..*len])?,
        }
    }
    calls.at_nanos(rows.at[row])
}

/// Our buffer, with names as text or checked before.
pub struct Ours<'r, const CHECKED: bool> {
    buffer: Buffer,
    tables: Vec<(&'r str, TableName)>,
    columns: Vec<(&'r str, ColumnName)>,
}

impl<'r, const CHECKED: bool> Ours<'r, CHECKED> {
    pub fn new(rows: &'r Rows) -> Self {
        let table = |name: &'r String| (name.as_str(), TableName::new(name).unwrap());
        let column = |name: &'r str| (name, ColumnName::new(name).unwrap());
        Ours {
            buffer: buffer(rows.version),
            tables: rows.tables.iter().map(table).collect(),
            columns: rows.columns.iter().map(|c| column(&c.name)).collect(),
        }
    }
}

/// Calls a function of the buffer with the name in the form that is measured.
macro_rules! named {
    ($self:ident, $function:ident, $column:ident, $value:expr) => {{
        let (text, name) = &$self.columns[$column];
        if CHECKED {
            $self.buffer.$function(name, $value).map(drop)
        } else {
            $self.buffer.$function(Text::unchecked(text.as_bytes()), $value).map(drop)
        }
    }};
}

impl<const CHECKED: bool> Calls for Ours<'_, CHECKED> {
    type Error = questdb_ingress::Error;

    #[inline(always)]
    fn table(&mut self, table: usize) -> Result<(), Self::Error> {
        let (text, name) = &self.tables[table];
        if CHECKED {
            self.buffer.table(name).map(drop)
        } else {
            self.buffer.table(Text::unchecked(text.as_bytes())).map(drop)
        }
    }

    #[inline(always)]
    fn symbol(&mut self, column: usize, value: &[u8]) -> Result<(), Self::Error> {
        named!(self, symbol, column, Text::unchecked(value))
    }

    #[inline(always)]
    fn str(&mut self, column: usize, value: &[u8]) -> Result<(), Self::Error> {
        named!(self, column_str, column, Text::unchecked(value))
    }

    #[inline(always)]
    fn i64(&mut self, column: usize, value: i64) -> Result<(), Self::Error> {
        named!(self, column_i64, column, value)
    }

    #[inline(always)]
    fn f64(&mut self, column: usize, value: f64) -> Result<(), Self::Error> {
        named!(self, column_f64, column, value)
    }

    #[inline(always)]
    fn array(&mut self, column: usize, values: &[f64]) -> Result<(), Self::Error> {
        let shape = [values.len()];
        let view = ArrayView::c_major(&shape, values)?;
        named!(self, column_f64_arr, column, &view)
    }

    #[inline(always)]
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Self::Error> {
        self.buffer.at_nanos(nanos)
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn renew(&mut self) {
        self.buffer = Buffer::new(self.buffer.protocol_version());
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.peek()
    }
}

/// The official client. It checks values in the loop, and names too if `ALL` is set.
pub struct Theirs<'r, const ALL: bool> {
    buffer: q::Buffer,
    tables: Vec<(&'r [u8], q::TableName<'r>)>,
    columns: Vec<(&'r [u8], q::ColumnName<'r>)>,
}

impl<'r, const ALL: bool> Theirs<'r, ALL> {
    pub fn new(rows: &'r Rows) -> Self {
        let table = |name: &'r String| (name.as_bytes(), q::TableName::new(name).unwrap());
        let column = |name: &'r str| (name.as_bytes(), q::ColumnName::new(name).unwrap());
        Theirs {
            buffer: TheirBuffer::<VAL>::new(rows.version).0,
            tables: rows.tables.iter().map(table).collect(),
            columns: rows.columns.iter().map(|c| column(&c.name)).collect(),
        }
    }

    #[inline(always)]
    fn name(&self, column: usize) -> Result<q::ColumnName<'r>, Failure> {
        let (text, name) = self.columns[column];
        Ok(if ALL { q::ColumnName::new(from_utf8(text)?)? } else { name })
    }
}

struct Flat<'a>(&'a [f64]);

impl NdArrayView<f64> for Flat<'_> {
    type Iter<'a>
        = std::slice::Iter<'a, f64>
    where
        Self: 'a;

    fn ndim(&self) -> usize {
        1
    }

    fn dim(&self, _: usize) -> Result<usize, questdb::Error> {
        Ok(self.0.len())
    }

    fn as_slice(&self) -> Option<&[f64]> {
        Some(self.0)
    }

    fn iter(&self) -> Self::Iter<'_> {
        self.0.iter()
    }
}

impl<const ALL: bool> Calls for Theirs<'_, ALL> {
    type Error = Failure;

    #[inline(always)]
    fn table(&mut self, table: usize) -> Result<(), Failure> {
        let (text, name) = self.tables[table];
        self.buffer.table(if ALL { q::TableName::new(from_utf8(text)?)? } else { name })?;
        Ok(())
    }

    #[inline(always)]
    fn symbol(&mut self, column: usize, value: &[u8]) -> Result<(), Failure> {
        let name = self.name(column)?;
        self.buffer.symbol(name, from_utf8(value)?)?;
        Ok(())
    }

    #[inline(always)]
    fn str(&mut self, column: usize, value: &[u8]) -> Result<(), Failure> {
        let name = self.name(column)?;
        self.buffer.column_str(name, from_utf8(value)?)?;
        Ok(())
    }

    #[inline(always)]
    fn i64(&mut self, column: usize, value: i64) -> Result<(), Failure> {
        let name = self.name(column)?;
        self.buffer.column_i64(name, value)?;
        Ok(())
    }

    #[inline(always)]
    fn f64(&mut self, column: usize, value: f64) -> Result<(), Failure> {
        let name = self.name(column)?;
        self.buffer.column_f64(name, value)?;
        Ok(())
    }

    #[inline(always)]
    fn array(&mut self, column: usize, values: &[f64]) -> Result<(), Failure> {
        let name = self.name(column)?;
        self.buffer.column_arr(name, &Flat(values))?;
        Ok(())
    }

    #[inline(always)]
    fn at_nanos(&mut self, nanos: i64) -> Result<(), Failure> {
        Ok(self.buffer.at(TimestampNanos::new(nanos))?)
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn renew(&mut self) {
        self.buffer = q::Buffer::new(self.buffer.protocol_version());
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.as_bytes()
    }
}
