//! [`Column`]: a column of a batch, as the encoders take it piece by piece.

use std::ops::Range;

use super::convert::{self, Failure, LONG_DECIMAL};
use super::field::{Field, Kind, Number};
use super::lists::Lists;
use super::view::{View, typed};
use crate::error::Result;
use crate::table::{ArrayView, Bits, Codes, ColumnData, ColumnKind, ColumnValues, Offsets};

/// A column, and memory for what has to be converted, which is used again for each piece.
pub(super) struct Column<'a> {
    pub(super) view: View<'a>,
    pub(super) kind: ColumnKind,
    /// The place of the first row of the batch in the array.
    base: usize,
    ints: Vec<i64>,
    doubles: Vec<f64>,
    decimals: Vec<i128>,
    bytes: Vec<u8>,
    bits: Vec<u8>,
    lists: Lists,
    /// The texts of a dictionary, if they do not lie as the encoders read them.
    texts: Option<(Vec<i64>, Vec<u8>)>,
}

/// Returns what a column is sent as, or `None` if it is left out because all its values are null.
pub(super) fn kind_of(field: &Field, symbol: bool) -> Result<Option<ColumnKind>> {
    if field.is_text() {
        let codes = matches!(field.kind, Kind::Number(number) if !number.is_float());
        if field.dictionary.is_some() && !codes {
            return Err(field.unsupported());
        }
        return Ok(Some(if symbol { ColumnKind::Symbol } else { ColumnKind::Str }));
    }
    if field.dictionary.is_some() {
        return Err(field.unsupported());
    }
    Ok(Some(match field.kind {
        Kind::Null => return Ok(None),
        Kind::Bool => ColumnKind::Bool,
        Kind::Number(number) if number.is_float() => ColumnKind::F64,
        Kind::Number(_) | Kind::Count(_) => ColumnKind::I64,
        Kind::Time { nanos: true, .. } => ColumnKind::TsNanos,
        Kind::Time { .. } => ColumnKind::TsMicros,
        Kind::Decimal { .. } => ColumnKind::Decimal,
        Kind::List { .. } | Kind::FixedList { .. } if field.dimensions() > 0 => {
            ColumnKind::F64Array
        }
        _ => return Err(field.unsupported()),
    }))
}

impl<'a> Column<'a> {
    pub(super) fn new(view: View<'a>, kind: ColumnKind, base: usize) -> Result<Column<'a>> {
        let mut texts = None;
        if let Some(values) = &view.dictionary
            && offsets(values, 0..values.len).is_none()
        {
            let (mut offsets, mut bytes) = (Vec::new(), Vec::new());
            let copied = convert::texts(values, 0..values.len, &mut offsets, &mut bytes);
            copied.map_err(|e| e.in_row(|_| None).context("the dictionary"))?;
            texts = Some((offsets, bytes));
        }
        Ok(Column {
            view,
            kind,
            base,
            ints: Vec::new(),
            doubles: Vec::new(),
            decimals: Vec::new(),
            bytes: Vec::new(),
            bits: Vec::new(),
            lists: Lists::default(),
            texts,
        })
    }

    /// Returns whether rows of this column are converted before they are encoded.
    pub(super) fn is_converted(&self) -> bool {
        let (view, first) = (&self.view, self.base..self.base + 1);
        match view.field.kind {
            Kind::Bool => false,
            Kind::Number(number) if view.dictionary.is_some() => {
                let bytes = view.bytes(self.base, 1, number.width());
                bytes.is_ok_and(|bytes| convert::codes(bytes, number).is_none())
                    || view.dictionary.as_ref().is_some_and(|values| values.has_validity())
            }
            Kind::Text { .. } => offsets(view, first).is_none(),
            _ => self.ints_in_place(&first).is_none() && self.doubles_in_place(&first).is_none(),
        }
    }

    /// Converts `rows` of the array, as far as they do not lie in memory as the encoders read them.
    pub(super) fn prepare(&mut self, rows: Range<usize>) -> Result<()> {
        let base = self.base;
        if self.view.field.item.is_some() {
            return self.lists.read(&self.view, rows, base);
        }
        self.convert(rows).map_err(|e| e.in_row(|at| at.checked_sub(base)))
    }

    fn convert(&mut self, rows: Range<usize>) -> Result<(), Failure> {
        let view = &self.view;
        match view.field.kind {
            Kind::Number(number) if view.dictionary.is_some() => {
                let bytes = view.bytes(rows.start, rows.len(), number.width())?;
                if convert::codes(bytes, number).is_none() {
                    convert::ints(view, number, rows.clone(), 1, &mut self.ints)?;
                }
                self.find_nulls(rows)
            }
            Kind::Number(number) if number.is_float() => match self.doubles_in_place(&rows) {
                Some(_) => Ok(()),
                None => convert::doubles(view, number, rows, &mut self.doubles),
            },
            Kind::Number(number) | Kind::Count(number) => self.read_ints(number, rows, 1),
            Kind::Time { number, factor, .. } => self.read_ints(number, rows, factor),
            Kind::Text { .. } if offsets(view, rows.clone()).is_some() => Ok(()),
            Kind::Text { .. } | Kind::TextView => {
                convert::texts(view, rows, &mut self.ints, &mut self.bytes)
            }
            Kind::Decimal { width: LONG_DECIMAL, .. } => {
                Ok(convert::long_decimals(view, rows, &mut self.bytes)?)
            }
            Kind::Decimal { width, .. } => {
                Ok(convert::decimals(view, width, rows, &mut self.decimals)?)
            }
            _ => Ok(()),
        }
    }

    fn read_ints(
        &mut self,
        number: Number,
        rows: Range<usize>,
        factor: i64,
    ) -> Result<(), Failure> {
        match self.ints_in_place(&rows) {
            Some(_) => Ok(()),
            None => convert::ints(&self.view, number, rows, factor, &mut self.ints),
        }
    }

    /// Returns integers that can be read where they lie.
    fn ints_in_place(&self, rows: &Range<usize>) -> Option<&'a [i64]> {
        match self.view.field.kind {
            Kind::Number(Number::I64)
            | Kind::Count(Number::I64)
            | Kind::Time { number: Number::I64, factor: 1, .. } => {
                typed(self.view.bytes(rows.start, rows.len(), 8).ok()?)
            }
            _ => None,
        }
    }

    /// Returns doubles that can be read where they lie.
    fn doubles_in_place(&self, rows: &Range<usize>) -> Option<&'a [f64]> {
        match self.view.field.kind {
            Kind::Number(Number::F64) => typed(self.view.bytes(rows.start, rows.len(), 8).ok()?),
            _ => None,
        }
    }

    /// Finds the rows whose text is missing in the dictionary itself.
    fn find_nulls(&mut self, rows: Range<usize>) -> Result<(), Failure> {
        let (view, bits) = (&self.view, &mut self.bits);
        if !view.dictionary.as_ref().is_some_and(|values| values.has_validity()) {
            return Ok(());
        }
        convert::clear(bits, rows.len().div_ceil(8))?;
        bits.resize(rows.len().div_ceil(8), 0);
        for (i, row) in rows.enumerate() {
            let text = convert::text(view, row).map_err(|e| Failure::at(row, e))?;
            if let (Some(_), Some(byte)) = (text, bits.get_mut(i / 8)) {
                *byte |= 1 << (i % 8);
            }
        }
        Ok(())
    }

    /// Returns the views of a column of lists, once `prepare` has read it.
    pub(super) fn arrays(&self) -> Result<Vec<ArrayView<'_>>> {
        match self.kind {
            ColumnKind::F64Array => self.lists.views(&self.view),
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the values of `rows`, which `prepare` has converted, and whose `arrays` are given.
    pub(super) fn data<'s>(
        &'s self,
        rows: Range<usize>,
        arrays: &'s [ArrayView<'s>],
    ) -> ColumnData<'s> {
        let mut validity = self.view.validity(rows.start);
        let values = match self.view.field.kind {
            Kind::Number(number) if self.view.dictionary.is_some() => {
                if !self.bits.is_empty() {
                    validity = Some(Bits::new(&self.bits, 0));
                }
                self.dictionary(number, rows)
            }
            Kind::Bool => ColumnValues::Bits(self.view.bits(rows.start)),
            Kind::Number(number) if number.is_float() => {
                ColumnValues::F64(self.doubles_in_place(&rows).unwrap_or(&self.doubles))
            }
            Kind::Text { .. } | Kind::TextView => match offsets(&self.view, rows) {
                Some(offsets) => ColumnValues::Text { offsets, bytes: bytes(&self.view) },
                None => {
                    ColumnValues::Text { offsets: Offsets::I64(&self.ints), bytes: &self.bytes }
                }
            },
            Kind::Decimal { scale, width: LONG_DECIMAL } => ColumnValues::Decimals {
                scale: scale.unsigned_abs(),
                width: LONG_DECIMAL,
                bytes: &self.bytes,
            },
            Kind::Decimal { scale, .. } => {
                ColumnValues::DecimalsI128 { scale: scale.unsigned_abs(), unscaled: &self.decimals }
            }
            Kind::List { .. } | Kind::FixedList { .. } => ColumnValues::Arrays(arrays),
            _ => ColumnValues::I64(self.ints_in_place(&rows).unwrap_or(&self.ints)),
        };
        ColumnData { values, validity }
    }

    fn dictionary(&self, number: Number, rows: Range<usize>) -> ColumnValues<'_> {
        let found = self.view.bytes(rows.start, rows.len(), number.width()).ok();
        let codes = found.and_then(|found| convert::codes(found, number));
        let codes = codes.unwrap_or(Codes::I64(&self.ints));
        let values = self.view.dictionary.as_ref();
        let lying =
            values.and_then(|values| Some((offsets(values, 0..values.len)?, bytes(values))));
        let (offsets, bytes) = match (&self.texts, lying) {
            (Some((offsets, bytes)), _) => (Offsets::I64(offsets), bytes.as_slice()),
            (None, Some(lying)) => lying,
            (None, None) => (Offsets::I64(&[]), [].as_slice()),
        };
        ColumnValues::Dictionary { codes, offsets, bytes }
    }
}

/// Returns the offsets of texts where they lie, unless they are not aligned or the texts have none.
fn offsets<'a>(view: &View<'a>, rows: Range<usize>) -> Option<Offsets<'a>> {
    let count = rows.len() + 1;
    match view.field.kind {
        Kind::Text { .. } if view.len == 0 => Some(Offsets::I32(&[])),
        Kind::Text { large: false } => {
            Some(Offsets::I32(typed(view.bytes(rows.start, count, 4).ok()?)?))
        }
        Kind::Text { large: true } => {
            Some(Offsets::I64(typed(view.bytes(rows.start, count, 8).ok()?)?))
        }
        _ => None,
    }
}

/// Returns the bytes that offsets refer to.
fn bytes<'a>(view: &View<'a>) -> &'a [u8] {
    view.texts.first().copied().unwrap_or(&[])
}
