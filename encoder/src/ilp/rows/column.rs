//! [`PreparedColumn`]: the values of one column, ready to be written row by row.

use super::destination::Destination;
use super::joined::Constant;
use super::plan::PlanColumn;
use super::texts::{CheckedTexts, Dictionary, KnownTexts, Texts};
use crate::error::{Error, Result, err};
use crate::ilp::decimal::{Decimal, DecimalInteger, DecimalText};
use crate::ilp::number::BINARY_DOUBLE;
use crate::ilp::value::{Integer, Nanos, Symbol};
use crate::name::{Name as _, ShortBytes};
use crate::table::{ArrayView, Bits, Cell, Column, ColumnData, ColumnKind, ColumnValues};
use crate::text::Text;

/// A column whose kind and values have been matched, so that rows need not do it.
pub(super) struct PreparedColumn<'a> {
    pub(super) column: &'a Column,
    /// The comma, the name and the `=` as they stand in a row, or nothing if the column before this one writes them.
    pub(super) name: ShortBytes,
    validity: Option<Bits<'a>>,
    /// The doubles of a column without validity if the protocol sends them in binary, and nothing if it sends them as text.
    /// Empty for every other column, and if the name is too long to be joined with what comes before the bits.
    doubles: [&'a [f64]; 2],
    /// The name and what comes before the bits of a double, if there are such doubles.
    before_bits: ShortBytes,
    values: Values<'a>,
}

/// The number of the form has a byte of its own: the compiler would hide it in a field of one of them, and every value would
/// take some instructions more to find it.
#[repr(u8)]
enum Values<'a> {
    Bytes(&'a [u8]),
    Bits(Bits<'a>),
    I64(&'a [i64]),
    TsMicros(&'a [i64]),
    TsNanos(&'a [i64]),
    F64(&'a [f64]),
    Symbols(Texts<'a>),
    Strings(Texts<'a>),
    SymbolCodes(Dictionary<'a>),
    StringCodes(Dictionary<'a>),
    Arrays(&'a [ArrayView<'a>]),
    DecimalTexts(Texts<'a>),
    Decimals {
        scale: u32,
        width: usize,
        bytes: &'a [u8],
    },
    DecimalsI128 {
        scale: u32,
        unscaled: &'a [i128],
    },
    CheckedSymbols(CheckedTexts<'a>),
    CheckedStrings(CheckedTexts<'a>),
    /// The long name of the next column, nothing if that has no value in any row.
    LongName(&'a [u8]),
    Other(OtherValues<'a>),
}

impl<'a> Values<'a> {
    fn new(
        planned: &'a PlanColumn,
        column: &Column,
        data: &ColumnData<'a>,
        rows: usize,
    ) -> Result<Values<'a>> {
        use ColumnKind as K;
        use ColumnValues as V;
        if let Some(name) = &planned.long_name {
            let never = matches!(data.values, V::Constant(Cell::Null));
            return Ok(Values::LongName(if never { &[] } else { &name.form }));
        }
        Ok(match (column.kind, data.values) {
            (K::Bool, V::Bytes(bytes)) => Values::Bytes(exactly(bytes, rows)?),
            (K::Bool, V::Bits(bits)) => Values::Bits(enough_bits(bits, rows)?),
            (K::I64, V::I64(values)) => Values::I64(exactly(values, rows)?),
            (K::TsMicros, V::I64(values)) => Values::TsMicros(exactly(values, rows)?),
            (K::TsNanos, V::I64(values)) => Values::TsNanos(exactly(values, rows)?),
            (K::F64, V::F64(values)) => Values::F64(exactly(values, rows)?),
            (K::F64Array, V::Arrays(views)) => Values::Arrays(exactly(views, rows)?),
            (K::Decimal, V::Decimals { scale, width, bytes }) => {
                check_len(bytes.len(), rows.saturating_mul(width))?;
                Values::Decimals { scale, width, bytes }
            }
            (K::Decimal, V::DecimalsI128 { scale, unscaled }) => {
                Values::DecimalsI128 { scale, unscaled: exactly(unscaled, rows)? }
            }
            (K::Symbol | K::Str, V::Dictionary { codes, offsets, bytes }) => {
                check_len(codes.len(), rows)?;
                let (texts, name) = (Texts { offsets, bytes }, column.name.text());
                match column.kind {
                    K::Symbol => Values::SymbolCodes(Dictionary::new(codes, texts, name, true)),
                    _ => Values::StringCodes(Dictionary::new(codes, texts, name, false)),
                }
            }
            (_, V::Constant(cell)) => {
                let constant = Constant::new(cell, planned.kind, column.name.text());
                let constant = constant.ok_or_else(|| column.mismatch(cell.describe()))?;
                Values::Other(match (column.kind, constant.long_text()) {
                    (K::Symbol, Some(text)) => OtherValues::SameSymbol(text),
                    (K::Str, Some(text)) => OtherValues::SameString(text),
                    _ => OtherValues::Constant(constant),
                })
            }
            (kind, values) => Values::texts(kind, values, data.validity.is_none(), rows)?
                .ok_or_else(|| column.mismatch(values.describe()))?,
        })
    }

    /// Returns texts for a column of symbols, strings or decimals; `None` for any other column or other values. Unless all
    /// rows have a value, texts are not read here.
    fn texts(
        kind: ColumnKind,
        values: ColumnValues<'a>,
        all_have_one: bool,
        rows: usize,
    ) -> Result<Option<Values<'a>>> {
        if !kind.takes_text() {
            return Ok(None);
        }
        Ok(Some(match values {
            ColumnValues::Text { offsets, bytes } => {
                check_len(offsets.count(), rows)?;
                let texts = Texts { offsets, bytes };
                match (kind, all_have_one.then(|| KnownTexts::check(&texts)).flatten()) {
                    (kind, Some(known)) => {
                        Values::checked_texts(kind, CheckedTexts::Together(known))
                    }
                    (ColumnKind::Symbol, None) => Values::Symbols(texts),
                    (ColumnKind::Str, None) => Values::Strings(texts),
                    _ => Values::DecimalTexts(texts),
                }
            }
            ColumnValues::Str { offsets, text } => {
                check_len(offsets.count(), rows)?;
                let texts = CheckedTexts::Together(KnownTexts::new(offsets, text));
                Values::checked_texts(kind, texts)
            }
            ColumnValues::Texts(texts) => {
                Values::checked_texts(kind, CheckedTexts::Apart(exactly(texts, rows)?))
            }
            _ => return Ok(None),
        }))
    }

    fn checked_texts(kind: ColumnKind, texts: CheckedTexts<'a>) -> Values<'a> {
        match kind {
            ColumnKind::Symbol => Values::CheckedSymbols(texts),
            ColumnKind::Str => Values::CheckedStrings(texts),
            _ => Values::Other(OtherValues::CheckedDecimalTexts(texts)),
        }
    }
}

/// Values in forms that are rare. They are written in a function of their own, which keeps the loop over rows small.
enum OtherValues<'a> {
    CheckedDecimalTexts(CheckedTexts<'a>),
    SameSymbol(Text<'a>),
    SameString(Text<'a>),
    Constant(Constant<'a>),
}

impl OtherValues<'_> {
    #[inline(never)]
    fn write<D: Destination>(&self, row: usize, to: D) -> Option<D::Written> {
        match self {
            OtherValues::CheckedDecimalTexts(texts) => to.elaborate(DecimalText(texts.get(row)?)),
            OtherValues::SameSymbol(text) => to.elaborate(Symbol(*text)),
            OtherValues::SameString(text) => to.elaborate(*text),
            OtherValues::Constant(constant) => constant.write(to),
        }
    }
}

impl<'a> PreparedColumn<'a> {
    pub(super) fn new(
        planned: &'a PlanColumn,
        column: &'a Column,
        data: &ColumnData<'a>,
        rows: usize,
    ) -> Result<PreparedColumn<'a>> {
        let values = Values::new(planned, column, data, rows)?;
        let validity = data.validity.map(|bits| enough_bits(bits, rows)).transpose()?;
        let name = planned.name.clone();
        let before_bits = name.joined(&BINARY_DOUBLE).unwrap_or(ShortBytes::NONE);
        let doubles = match values {
            Values::F64(values) if validity.is_none() && !before_bits.is_none() => [values, &[]],
            _ => [&[] as &[f64]; 2],
        };
        Ok(PreparedColumn { column, name, validity, doubles, before_bits, values })
    }

    #[inline(always)]
    fn has_value(&self, row: usize) -> bool {
        self.validity.is_none_or(|bits| bits.get(row))
    }

    /// Writes the value of a row, if the column holds symbols.
    #[inline(always)]
    pub(super) fn write_symbol<D: Destination>(&self, row: usize, to: D) -> Option<D::Written> {
        if !self.has_value(row) {
            return to.nothing();
        }
        match &self.values {
            Values::SymbolCodes(dictionary) => dictionary.write(row, to, Symbol),
            Values::Symbols(texts) => to.value(Symbol(texts.get(row)?)),
            Values::CheckedSymbols(texts) => to.value(Symbol(texts.get(row)?)),
            Values::LongName(form) => to.long_name(form),
            Values::Other(other) => other.write(row, to),
            _ => None,
        }
    }

    /// Writes the value of a row, if the column holds no symbols.
    #[inline(always)]
    pub(super) fn write_column<D: Destination>(&self, row: usize, to: D) -> Option<D::Written> {
        let [binary, text] = &self.doubles;
        let doubles = if to.version().is_text() { text } else { binary };
        if let Some(value) = doubles.get(row) {
            return to.bits(&self.before_bits, *value);
        }
        if !self.has_value(row) {
            return to.nothing();
        }
        match &self.values {
            Values::F64(values) => to.f64(*values.get(row)?),
            Values::I64(values) => to.value(Integer::i64(*values.get(row)?)),
            Values::TsMicros(values) => to.value(Integer::micros(*values.get(row)?)),
            Values::TsNanos(values) => to.value(Nanos(*values.get(row)?)),
            Values::Bytes(bytes) => to.value(*bytes.get(row)? != 0),
            Values::Bits(bits) => to.value(bits.get(row)),
            Values::Strings(texts) => to.value(texts.get(row)?),
            Values::StringCodes(dictionary) => dictionary.write(row, to, |text| text),
            Values::Arrays(views) => to.array(views.get(row)?),
            Values::DecimalTexts(texts) => to.elaborate(DecimalText(texts.get(row)?)),
            Values::Decimals { scale, width, bytes } => {
                let bytes = bytes.get(row * *width..).and_then(|rest| rest.get(..*width));
                to.elaborate(Decimal(*scale, bytes?))
            }
            Values::DecimalsI128 { scale, unscaled } => {
                to.elaborate(DecimalInteger(*scale, *unscaled.get(row)?))
            }
            Values::CheckedStrings(texts) => to.value(texts.get(row)?),
            Values::LongName(form) => to.long_name(form),
            Values::Other(other) => other.write(row, to),
            Values::Symbols(_) | Values::SymbolCodes(_) | Values::CheckedSymbols(_) => None,
        }
    }

    /// Returns why a row has no value.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, row: usize) -> Error {
        match &self.values {
            Values::Symbols(texts) | Values::Strings(texts) | Values::DecimalTexts(texts) => {
                texts.missing(row)
            }
            Values::CheckedSymbols(texts)
            | Values::CheckedStrings(texts)
            | Values::Other(OtherValues::CheckedDecimalTexts(texts)) => texts.missing(row),
            Values::SymbolCodes(dictionary) | Values::StringCodes(dictionary) => {
                dictionary.missing(row)
            }
            // The lengths of all others were compared with the number of rows.
            _ => err!(Internal, "row {row} has no value"),
        }
    }
}

fn exactly<T>(values: &[T], rows: usize) -> Result<&[T]> {
    check_len(values.len(), rows).map(|()| values)
}

pub(super) fn check_len(len: usize, rows: usize) -> Result<()> {
    if len == rows {
        Ok(())
    } else {
        Err(err!(InvalidArgument, "{len} values where {rows} are due"))
    }
}

fn enough_bits(bits: Bits<'_>, rows: usize) -> Result<Bits<'_>> {
    let len = bits.len();
    if len >= rows { Ok(bits) } else { Err(err!(InvalidArgument, "{len} bits for {rows} rows")) }
}
