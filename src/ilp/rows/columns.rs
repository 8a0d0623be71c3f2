//! Appends many rows from one slice per column.

use super::destination::{AtEnd, Destination, InSlot};
use super::plan::{PlanColumn, RowPlan, RowValues, ShortBytes};
use crate::error::{Error, Result, err};
use crate::ilp::decimal::{Decimal, DecimalInteger, DecimalText};
use crate::ilp::value::{DoubleBits, Integer, Nanos, Symbol, WireValue};
use crate::ilp::whole_rows::{RowsOut, joined};
use crate::ilp::write::{Slot, Written};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::memory::room;
use crate::name::Name as _;
use crate::table::{
    ArrayView, Bits, Codes, Column, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout,
    TimestampKind,
};
use crate::text::Text;

impl Buffer {
    /// Appends `rows` rows of a layout. `columns` are in the order in which they were declared; the designated timestamps
    /// are given if the layout has them. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` if the columns do not fit the layout, and the errors of the single calls that make the same rows.
    pub fn append_columns(
        &mut self,
        layout: &RowLayout,
        rows: usize,
        columns: &[ColumnData<'_>],
        at: Option<&[i64]>,
    ) -> Result<()> {
        layout.check_count(columns.len(), "columns")?;
        if at.is_none() != (layout.timestamp_kind() == TimestampKind::Now) {
            return Err(layout.timestamp_mismatch());
        }
        if let Some(given) = at.map(<[i64]>::len).filter(|len| *len != rows) {
            return Err(err!(InvalidArgument, "{given} designated timestamps for {rows} rows"));
        }
        let lines = &mut self.lines;
        layout.fits(lines.max_name_len())?;
        let plan = RowPlan::of(layout)?;
        let version = lines.version();
        let mut sources = room(columns.len(), "columns")?;
        for planned in &plan.columns {
            // The number of columns was checked above, so there is always one.
            let place = planned.place;
            let (Some(column), Some(data)) = (layout.columns().get(place), columns.get(place))
            else {
                continue;
            };
            let source = Source::new(planned, column, data, rows, version);
            sources.push(source.map_err(|e| column.context(e))?);
        }
        let values = Sources { sources, at: at.unwrap_or(&[]) };
        lines.whole_rows(layout.table(), |out| {
            let mut row = 0;
            loop {
                row = out.quick_rows(plan, &values, row..rows);
                if row >= rows {
                    return Ok(());
                }
                append_row_carefully(layout, out, &values, row).map_err(|e| in_row(e, row))?;
                row += 1;
            }
        })
    }
}

#[cold]
#[inline(never)]
fn append_row_carefully(
    layout: &RowLayout,
    out: &mut RowsOut<'_>,
    values: &Sources<'_>,
    row: usize,
) -> Result<()> {
    out.begin(layout.table())?;
    for source in &values.sources {
        let to = AtEnd { out, name: source.column.name.wire() };
        let written = match source.column.kind {
            ColumnKind::Symbol => source.write_symbol(row, to),
            _ => source.write_column(row, to),
        };
        written
            .unwrap_or_else(|| Err(source.missing(row)))
            .map_err(|e| source.column.context(e))?;
    }
    out.end(layout, values.designated(row))
}

#[cold]
#[inline(never)]
fn in_row(e: Error, row: usize) -> Error {
    e.context(format_args!("row {row}"))
}

/// All columns in the order in which they are sent, and the designated timestamps.
struct Sources<'a> {
    sources: Vec<Source<'a>>,
    at: &'a [i64],
}

/// A column ready to be written: its kind, values and version have been matched, so that rows need not do it.
struct Source<'a> {
    column: &'a Column,
    /// The name in wire form, if it is short.
    name: ShortBytes,
    validity: Option<Bits<'a>>,
    /// The doubles of a column without validity that is sent in binary. Empty for every other column.
    doubles: &'a [f64],
    values: Values<'a>,
}

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
    Decimals { scale: u32, width: usize, bytes: &'a [u8] },
    DecimalsI128 { scale: u32, unscaled: &'a [i128] },
}

#[derive(Clone, Copy)]
struct Texts<'a> {
    offsets: Offsets<'a>,
    bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    #[inline(always)]
    fn get(&self, i: usize) -> Option<Text<'a>> {
        let bytes = self.offsets.range(i).and_then(|range| self.bytes.get(range))?;
        Some(Text::unchecked(bytes))
    }

    /// Returns why there is no text `i`.
    #[cold]
    #[inline(never)]
    fn missing(&self, i: usize) -> Error {
        let len = self.bytes.len();
        err!(
            InvalidArgument,
            "the offsets of text {i} are not an ascending pair within {len} bytes"
        )
    }
}

struct Dictionary<'a> {
    codes: Codes<'a>,
    texts: Texts<'a>,
    /// For each text the name and the value joined, or [`ShortBytes::NONE`] if they are long or the text is not valid. Empty
    /// if joining them is not worth its time, or if there is no memory for it.
    joined: Vec<ShortBytes>,
}

/// Names and texts are joined if a dictionary uses each text at least this often on average.
const MIN_USES_OF_TEXT: usize = 8;

impl<'a> Dictionary<'a> {
    fn new(
        codes: Codes<'a>,
        texts: Texts<'a>,
        join: impl Fn(Text<'a>) -> Option<ShortBytes>,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut joined = Vec::new();
        // This only saves time, so if there is no memory for it, the rows are written without.
        if count <= codes.len() / MIN_USES_OF_TEXT && joined.try_reserve_exact(count).is_ok() {
            let one = |i: usize| texts.get(i).and_then(&join).unwrap_or(ShortBytes::NONE);
            joined.extend((0..count).map(one));
        }
        Dictionary { codes, texts, joined }
    }

    /// Writes the name and the value that were joined, or what `value` makes of the text.
    #[inline(always)]
    fn write<D: Destination, V: WireValue>(
        &self,
        row: usize,
        to: D,
        value: impl FnOnce(Text<'a>) -> V,
    ) -> Option<D::Written> {
        let code = self.codes.get(row)?;
        match self.joined.get(code) {
            Some(joined) if D::TAKES_JOINED && !joined.is_none() => to.joined(joined),
            _ => to.value(value(self.texts.get(code)?)),
        }
    }

    /// Returns why a row has no text.
    #[cold]
    #[inline(never)]
    fn missing(&self, row: usize) -> Error {
        let count = self.texts.offsets.count();
        match self.codes.get(row) {
            Some(code) if code < count => self.texts.missing(code),
            _ => err!(InvalidArgument, "a code is outside the dictionary of {count} texts"),
        }
    }
}

impl<'a> Source<'a> {
    fn new(
        planned: &PlanColumn,
        column: &'a Column,
        data: &ColumnData<'a>,
        rows: usize,
        version: ProtocolVersion,
    ) -> Result<Source<'a>> {
        use ColumnKind as K;
        use ColumnValues as V;
        let values = match (column.kind, data.values) {
            (K::Bool, V::Bytes(bytes)) => Values::Bytes(exactly(bytes, rows)?),
            (K::Bool, V::Bits(bits)) => Values::Bits(enough_bits(bits, rows)?),
            (K::I64, V::I64(values)) => Values::I64(exactly(values, rows)?),
            (K::TsMicros, V::I64(values)) => Values::TsMicros(exactly(values, rows)?),
            (K::TsNanos, V::I64(values)) => Values::TsNanos(exactly(values, rows)?),
            (K::F64, V::F64(values)) => Values::F64(exactly(values, rows)?),
            (kind @ (K::Symbol | K::Str | K::Decimal), V::Text { offsets, bytes }) => {
                check_len(offsets.count(), rows)?;
                let texts = Texts { offsets, bytes };
                match kind {
                    K::Symbol => Values::Symbols(texts),
                    K::Str => Values::Strings(texts),
                    _ => Values::DecimalTexts(texts),
                }
            }
            (kind @ (K::Symbol | K::Str), V::Dictionary { codes, offsets, bytes }) => {
                check_len(codes.len(), rows)?;
                let (texts, name) = (Texts { offsets, bytes }, column.name.wire());
                match kind {
                    K::Symbol => {
                        let join = |text| joined(name, Symbol(text));
                        Values::SymbolCodes(Dictionary::new(codes, texts, join))
                    }
                    _ => {
                        let join = |text| joined(name, text);
                        Values::StringCodes(Dictionary::new(codes, texts, join))
                    }
                }
            }
            (K::F64Array, V::Arrays(views)) => Values::Arrays(exactly(views, rows)?),
            (K::Decimal, V::Decimals { scale, width, bytes }) => {
                check_len(bytes.len(), rows.saturating_mul(width))?;
                Values::Decimals { scale, width, bytes }
            }
            (K::Decimal, V::DecimalsI128 { scale, unscaled }) => {
                Values::DecimalsI128 { scale, unscaled: exactly(unscaled, rows)? }
            }
            (_, values) => return Err(column.mismatch(values.describe())),
        };
        let validity = data.validity.map(|bits| enough_bits(bits, rows)).transpose()?;
        let doubles = match values {
            Values::F64(values) if validity.is_none() && !version.is_text() => values,
            _ => &[],
        };
        Ok(Source { column, name: planned.name.clone(), validity, doubles, values })
    }

    #[inline(always)]
    fn has_value(&self, row: usize) -> bool {
        self.validity.is_none_or(|bits| bits.get(row))
    }

    /// Writes the value of a row, if the column holds symbols.
    #[inline(always)]
    fn write_symbol<D: Destination>(&self, row: usize, to: D) -> Option<D::Written> {
        if !self.has_value(row) {
            return to.nothing();
        }
        match &self.values {
            Values::SymbolCodes(dictionary) => dictionary.write(row, to, Symbol),
            Values::Symbols(texts) => to.value(Symbol(texts.get(row)?)),
            _ => None,
        }
    }

    /// Writes the value of a row, if the column holds no symbols.
    #[inline(always)]
    fn write_column<D: Destination>(&self, row: usize, to: D) -> Option<D::Written> {
        if let Some(value) = self.doubles.get(row) {
            return to.value(DoubleBits(*value));
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
            Values::Symbols(_) | Values::SymbolCodes(_) => None,
        }
    }

    /// Returns why a row has no value.
    #[cold]
    #[inline(never)]
    fn missing(&self, row: usize) -> Error {
        match &self.values {
            Values::Symbols(texts) | Values::Strings(texts) | Values::DecimalTexts(texts) => {
                texts.missing(row)
            }
            Values::SymbolCodes(dictionary) | Values::StringCodes(dictionary) => {
                dictionary.missing(row)
            }
            // The lengths of all others were compared with the number of rows.
            _ => err!(Internal, "row {row} has no value"),
        }
    }
}

impl<'s> RowValues for Sources<'s> {
    type Column = Source<'s>;

    #[inline(always)]
    fn columns<'a>(&'a self, plan: &'a RowPlan) -> [&'a [Source<'s>]; 2] {
        plan.split(&self.sources)
    }

    #[inline(always)]
    fn symbol<'w>(&self, source: &Source<'s>, row: usize, slot: Slot<'w>) -> Option<Written<'w>> {
        source.write_symbol(row, InSlot { slot, name: &source.name })
    }

    #[inline(always)]
    fn column<'w>(&self, source: &Source<'s>, row: usize, slot: Slot<'w>) -> Option<Written<'w>> {
        source.write_column(row, InSlot { slot, name: &source.name })
    }

    #[inline(always)]
    fn designated(&self, row: usize) -> Option<i64> {
        self.at.get(row).copied()
    }
}

fn exactly<T>(values: &[T], rows: usize) -> Result<&[T]> {
    check_len(values.len(), rows).map(|()| values)
}

fn check_len(len: usize, rows: usize) -> Result<()> {
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
