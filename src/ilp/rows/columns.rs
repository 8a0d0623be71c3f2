//! Appends many rows from one slice per column.

use super::cells::end_row;
use super::plan::{Lead, PlanColumn, RowPlan, RowValues};
use crate::error::{Error, Result, err};
use crate::ilp::array::DenseArray;
use crate::ilp::decimal::{Decimal, DecimalInteger, DecimalText};
use crate::ilp::value::{DoubleBits, Integer, Nanos, Symbol};
use crate::ilp::whole_rows::{RowsOut, lead};
use crate::ilp::write::{Slot, Written};
use crate::ilp::{Buffer, ProtocolVersion};
use crate::memory::room;
use crate::name::{Name as _, Wire};
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
        let mut values = Sources { sources, at: at.unwrap_or(&[]) };
        lines.whole_rows(layout.table(), |out| {
            let mut row = 0;
            loop {
                row = out.quick_rows(plan, &values, row..rows);
                if row >= rows {
                    return Ok(());
                }
                append_row_carefully(layout, out, &mut values, row).map_err(|e| in_row(e, row))?;
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
    values: &mut Sources<'_>,
    row: usize,
) -> Result<()> {
    out.begin(layout.table())?;
    for source in &mut values.sources {
        source.write(out, row).map_err(|e| source.column.context(e))?;
    }
    end_row(layout, out, values.stamp(row))
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
    wire: &'a Wire,
    /// The name in wire form, if it is short.
    lead: Lead,
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
    #[inline]
    fn get(&self, i: usize) -> Result<Text<'a>> {
        match self.offsets.range(i).and_then(|range| self.bytes.get(range)) {
            Some(bytes) => Ok(Text::unchecked(bytes)),
            None => Err(self.bad_offsets(i)),
        }
    }

    #[inline(always)]
    fn quick(&self, i: usize) -> Option<Text<'a>> {
        let bytes = self.offsets.range(i).and_then(|range| self.bytes.get(range))?;
        Some(Text::unchecked(bytes))
    }

    #[cold]
    #[inline(never)]
    fn bad_offsets(&self, i: usize) -> Error {
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
    /// For each text the name and the value joined, or [`Lead::NONE`] if they are long or the text is not valid. Empty if
    /// the preparation is not worth its time, or if there is no memory for it.
    ready: Vec<Lead>,
}

/// Texts are prepared if a dictionary uses each of them at least this often on average.
const WORTH_READY: usize = 8;

impl<'a> Dictionary<'a> {
    fn new(
        codes: Codes<'a>,
        texts: Texts<'a>,
        ready: impl Fn(Text<'a>) -> Option<Lead>,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut leads = Vec::new();
        // Prepared texts only save time, so if there is no memory for them, the rows are written without.
        if count <= codes.len() / WORTH_READY && leads.try_reserve_exact(count).is_ok() {
            let one = |i: usize| texts.get(i).ok().and_then(&ready).unwrap_or(Lead::NONE);
            leads.extend((0..count).map(one));
        }
        let ready = leads;
        Dictionary { codes, texts, ready }
    }

    /// Writes the prepared name and value, or calls `write` if there are none.
    #[inline(always)]
    fn write<'s>(
        &self,
        row: usize,
        slot: Slot<'s>,
        write: impl FnOnce(Slot<'s>, Text<'a>) -> Option<Written<'s>>,
    ) -> Option<Written<'s>> {
        let code = self.codes.get(row)?;
        match self.ready.get(code) {
            Some(lead) if !lead.is_none() => slot.ready(lead),
            _ => write(slot, self.texts.quick(code)?),
        }
    }

    fn text(&self, row: usize) -> Result<Text<'a>> {
        match self.codes.get(row) {
            Some(code) if code < self.texts.offsets.count() => self.texts.get(code),
            _ => Err(self.bad_code()),
        }
    }

    #[cold]
    #[inline(never)]
    fn bad_code(&self) -> Error {
        let count = self.texts.offsets.count();
        err!(InvalidArgument, "a code is outside the dictionary of {count} texts")
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
                        let ready = |text| lead(name, Symbol(text));
                        Values::SymbolCodes(Dictionary::new(codes, texts, ready))
                    }
                    _ => {
                        let ready = |text| lead(name, text);
                        Values::StringCodes(Dictionary::new(codes, texts, ready))
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
            (kind, values) => {
                let found = values.describe();
                return Err(err!(InvalidArgument, "{found} for a column of kind {kind:?}"));
            }
        };
        let validity = data.validity.map(|bits| enough_bits(bits, rows)).transpose()?;
        let doubles = match values {
            Values::F64(values) if validity.is_none() && !version.is_text() => values,
            _ => &[],
        };
        Ok(Source {
            column,
            wire: column.name.wire(),
            lead: planned.lead.clone(),
            validity,
            doubles,
            values,
        })
    }

    fn write(&mut self, out: &mut RowsOut<'_>, row: usize) -> Result<()> {
        if self.validity.is_some_and(|bits| !bits.get(row)) {
            return Ok(());
        }
        let wire = self.wire;
        match &mut self.values {
            Values::Symbols(texts) => out.value(wire, Symbol(texts.get(row)?)),
            Values::Strings(texts) => out.value(wire, texts.get(row)?),
            Values::SymbolCodes(dictionary) => out.value(wire, Symbol(dictionary.text(row)?)),
            Values::StringCodes(dictionary) => out.value(wire, dictionary.text(row)?),
            Values::F64(values) => out.f64(wire, *at(values, row)?),
            Values::I64(values) => out.value(wire, Integer::i64(*at(values, row)?)),
            Values::TsMicros(values) => out.value(wire, Integer::micros(*at(values, row)?)),
            Values::TsNanos(values) => out.value(wire, Nanos(*at(values, row)?)),
            Values::Bytes(bytes) => out.value(wire, *at(bytes, row)? != 0),
            Values::Bits(bits) => out.value(wire, bits.get(row)),
            Values::DecimalTexts(texts) => out.value(wire, DecimalText(texts.get(row)?)),
            Values::Arrays(views) => out.value(wire, at(views, row)?),
            Values::Decimals { scale, width, bytes } => {
                let bytes = bytes.get(row * *width..).and_then(|rest| rest.get(..*width));
                out.value(wire, Decimal(*scale, bytes.unwrap_or(&[])))
            }
            Values::DecimalsI128 { scale, unscaled } => {
                out.value(wire, DecimalInteger(*scale, *at(unscaled, row)?))
            }
        }
    }
}

impl<'s> RowValues for Sources<'s> {
    type Track = Source<'s>;

    #[inline(always)]
    fn tracks<'a>(&'a self, plan: &'a RowPlan) -> [&'a [Source<'s>]; 2] {
        plan.split(&self.sources)
    }

    #[inline(always)]
    fn symbol<'w>(&self, source: &Source<'s>, row: usize, slot: Slot<'w>) -> Option<Written<'w>> {
        if source.validity.is_some_and(|bits| !bits.get(row)) {
            return Some(slot.skip());
        }
        let lead = &source.lead;
        match &source.values {
            Values::SymbolCodes(dictionary) => {
                dictionary.write(row, slot, |slot, text| slot.value(lead, Symbol(text)))
            }
            Values::Symbols(texts) => slot.value(lead, Symbol(texts.quick(row)?)),
            _ => None,
        }
    }

    #[inline(always)]
    fn column<'w>(&self, source: &Source<'s>, row: usize, slot: Slot<'w>) -> Option<Written<'w>> {
        let lead = &source.lead;
        if let Some(value) = source.doubles.get(row) {
            return slot.value(lead, DoubleBits(*value));
        }
        if source.validity.is_some_and(|bits| !bits.get(row)) {
            return Some(slot.skip());
        }
        match &source.values {
            Values::F64(values) => slot.f64(lead, *values.get(row)?),
            Values::I64(values) => slot.value(lead, Integer::i64(*values.get(row)?)),
            Values::TsMicros(values) => slot.value(lead, Integer::micros(*values.get(row)?)),
            Values::TsNanos(values) => slot.value(lead, Nanos(*values.get(row)?)),
            Values::Bytes(bytes) => slot.value(lead, *bytes.get(row)? != 0),
            Values::Bits(bits) => slot.value(lead, bits.get(row)),
            Values::Strings(texts) => slot.value(lead, texts.quick(row)?),
            Values::StringCodes(dictionary) => {
                dictionary.write(row, slot, |slot, text| slot.value(lead, text))
            }
            Values::Arrays(views) => slot.value(lead, DenseArray::of(views.get(row)?)?),
            Values::DecimalTexts(texts) => slot.apart(lead, DecimalText(texts.quick(row)?)),
            Values::Decimals { scale, width, bytes } => {
                let bytes = bytes.get(row * *width..).and_then(|rest| rest.get(..*width));
                slot.apart(lead, Decimal(*scale, bytes?))
            }
            Values::DecimalsI128 { scale, unscaled } => {
                slot.apart(lead, DecimalInteger(*scale, *unscaled.get(row)?))
            }
            Values::Symbols(_) | Values::SymbolCodes(_) => None,
        }
    }

    #[inline(always)]
    fn stamp(&self, row: usize) -> Option<i64> {
        self.at.get(row).copied()
    }
}

/// Returns the value of a row. The lengths were compared before, so there always is one.
#[inline]
fn at<T>(values: &[T], row: usize) -> Result<&T> {
    values.get(row).ok_or_else(|| err!(Internal, "row {row} of {} values", values.len()))
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
