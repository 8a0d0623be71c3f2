//! Many rows from one slice per column, in the layouts of Arrow.

use super::layout::{Column, ColumnKind, RowLayout, Stamp};
use crate::error::{Error, Result, err};
use crate::ilp::{
    ArrayView, Buffer, Lead, QuickCell, RowPlan, RowValues, RowsOut, string_lead, symbol_lead,
};
use crate::memory::room;
use crate::names::{Name as _, Wire};
use crate::text::Text;

/// The values of one column and, where some are missing, which are there.
#[derive(Debug, Clone, Copy)]
pub struct ColumnData<'a> {
    /// One value per row.
    pub values: ColumnValues<'a>,
    /// One bit per row, set where there is a value; without it every row has one.
    pub validity: Option<Bits<'a>>,
}

impl<'a> From<ColumnValues<'a>> for ColumnData<'a> {
    fn from(values: ColumnValues<'a>) -> Self {
        ColumnData { values, validity: None }
    }
}

/// One value per row. What stands where the validity has no bit is not looked at.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum ColumnValues<'a> {
    /// For [`ColumnKind::Bool`]: one byte each, true unless 0.
    Bytes(&'a [u8]),
    /// For [`ColumnKind::Bool`]: one bit each.
    Bits(Bits<'a>),
    /// For [`ColumnKind::I64`], [`ColumnKind::TsMicros`] and [`ColumnKind::TsNanos`].
    I64(&'a [i64]),
    /// For [`ColumnKind::F64`].
    F64(&'a [f64]),
    /// For [`ColumnKind::Symbol`], [`ColumnKind::Str`] and [`ColumnKind::Decimal`]: value `i` is
    /// `bytes[offsets[i]..offsets[i + 1]]`.
    Text {
        /// One more than there are rows.
        offsets: Offsets<'a>,
        /// UTF-8.
        bytes: &'a [u8],
    },
    /// For [`ColumnKind::Symbol`] and [`ColumnKind::Str`]: each row has the number of its text. Each text that is used is
    /// escaped once.
    Dictionary {
        /// One per row.
        codes: Codes<'a>,
        /// One more than there are texts.
        offsets: Offsets<'a>,
        /// UTF-8.
        bytes: &'a [u8],
    },
    /// For [`ColumnKind::F64Array`].
    Arrays(&'a [ArrayView<'a>]),
    /// For [`ColumnKind::Decimal`]: big-endian integers in two's complement, `width` bytes each, over `10^scale`.
    Decimals {
        /// At most 76.
        scale: u32,
        /// At most 32.
        width: usize,
        /// `width` per row.
        bytes: &'a [u8],
    },
    /// For [`ColumnKind::Decimal`]: integers over `10^scale`.
    DecimalsI128 {
        /// At most 76.
        scale: u32,
        /// One per row.
        unscaled: &'a [i128],
    },
}

/// Bits in Arrow's order, the lowest of each byte first.
#[derive(Debug, Clone, Copy)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Bits<'a> {
    /// The bits from bit `offset` on.
    pub fn new(bytes: &'a [u8], offset: usize) -> Bits<'a> {
        Bits { bytes, offset }
    }

    fn len(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.offset)
    }

    #[inline]
    fn get(&self, i: usize) -> bool {
        let place = i.wrapping_add(self.offset);
        self.bytes.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    }
}

/// Where each text begins; one more marks the end of the last.
#[derive(Debug, Clone, Copy)]
pub enum Offsets<'a> {
    /// As in Arrow's utf8.
    I32(&'a [i32]),
    /// As in Arrow's large utf8.
    I64(&'a [i64]),
}

impl Offsets<'_> {
    /// How many texts there are.
    fn count(&self) -> usize {
        match self {
            Offsets::I32(offsets) => offsets.len(),
            Offsets::I64(offsets) => offsets.len(),
        }
        .saturating_sub(1)
    }

    #[inline]
    fn range(&self, i: usize) -> Option<std::ops::Range<usize>> {
        let (start, end) = match self {
            Offsets::I32(offsets) => {
                let pair = offsets.get(i..)?.first_chunk::<2>()?;
                (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?)
            }
            Offsets::I64(offsets) => {
                let pair = offsets.get(i..)?.first_chunk::<2>()?;
                (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?)
            }
        };
        Some(start..end)
    }
}

/// Numbers of dictionary texts.
#[derive(Debug, Clone, Copy)]
pub enum Codes<'a> {
    /// 8 bits, signed.
    I8(&'a [i8]),
    /// 16 bits, signed.
    I16(&'a [i16]),
    /// 32 bits, signed.
    I32(&'a [i32]),
    /// 64 bits, signed.
    I64(&'a [i64]),
    /// 8 bits.
    U8(&'a [u8]),
    /// 16 bits.
    U16(&'a [u16]),
    /// 32 bits.
    U32(&'a [u32]),
    /// 64 bits.
    U64(&'a [u64]),
}

impl Codes<'_> {
    fn len(&self) -> usize {
        match self {
            Codes::I8(codes) => codes.len(),
            Codes::I16(codes) => codes.len(),
            Codes::I32(codes) => codes.len(),
            Codes::I64(codes) => codes.len(),
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
            Codes::U32(codes) => codes.len(),
            Codes::U64(codes) => codes.len(),
        }
    }

    #[inline]
    fn get(&self, i: usize) -> Option<usize> {
        match self {
            Codes::I8(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I16(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I32(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I64(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::U8(codes) => codes.get(i).copied().map(usize::from),
            Codes::U16(codes) => codes.get(i).copied().map(usize::from),
            Codes::U32(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::U64(codes) => usize::try_from(*codes.get(i)?).ok(),
        }
    }
}

impl RowLayout {
    /// Appends `rows` rows: `columns` in the order in which they were declared, and the designated timestamps if the layout
    /// has them. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` if the columns do not fit the layout, and those of the calls of [`Buffer`] that make the same rows.
    pub fn append_columns(
        &self,
        buffer: &mut Buffer,
        rows: usize,
        columns: &[ColumnData<'_>],
        at: Option<&[i64]>,
    ) -> Result<()> {
        self.check_count(columns.len(), "columns")?;
        if at.is_none() != (self.stamp == Stamp::Now) {
            return Err(self.stamp_mismatch());
        }
        if let Some(given) = at.map(<[i64]>::len).filter(|len| *len != rows) {
            return Err(err!(InvalidArgument, "{given} designated timestamps for {rows} rows"));
        }
        let lines = buffer.lines_mut();
        self.fits(lines.max_name_len())?;
        let mut sources = room(columns.len(), "columns")?;
        for column in &self.columns {
            // The counts were compared above.
            let Some(data) = columns.get(column.place) else { continue };
            sources.push(Source::new(column, data, rows).map_err(|e| column.context(e))?);
        }
        let mut values = Sources { sources, at: at.unwrap_or(&[]) };
        lines.whole_rows(&self.table, |out| {
            let mut row = 0;
            loop {
                row = out.quick_rows(&self.plan, &values, row..rows);
                if row >= rows {
                    return Ok(());
                }
                self.append_row_carefully(out, &mut values, row).map_err(|e| in_row(e, row))?;
                row += 1;
            }
        })
    }

    #[cold]
    #[inline(never)]
    fn append_row_carefully(
        &self,
        out: &mut RowsOut<'_>,
        values: &mut Sources<'_>,
        row: usize,
    ) -> Result<()> {
        out.begin(&self.table)?;
        for source in &mut values.sources {
            source.write(out, row).map_err(|e| source.column.context(e))?;
        }
        self.end_row(out, values.stamp(row))
    }
}

#[cold]
#[inline(never)]
fn in_row(e: Error, row: usize) -> Error {
    e.context(format_args!("row {row}"))
}

/// All columns in the order of the wire, and the designated timestamps.
struct Sources<'a> {
    sources: Vec<Source<'a>>,
    at: &'a [i64],
}

/// A column ready to be written: kind, values and version are matched once.
struct Source<'a> {
    column: &'a Column,
    wire: &'a Wire,
    /// The name, if it is short.
    lead: Lead,
    validity: Option<Bits<'a>>,
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
    /// Name and value as one for each text that is good and short, and none for the others; empty where that is not worth
    /// while, and where there is no memory for it.
    ready: Vec<Lead>,
}

/// How often each text of a dictionary should be used, on average, to be made ready.
const WORTH_READY: usize = 8;

impl<'a> Dictionary<'a> {
    fn new(
        codes: Codes<'a>,
        texts: Texts<'a>,
        ready: impl Fn(Text<'a>) -> Option<Lead>,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut leads = Vec::new();
        // They only save time, so where their memory is refused it is done without.
        if count <= codes.len() / WORTH_READY && leads.try_reserve_exact(count).is_ok() {
            let one = |i: usize| texts.get(i).ok().and_then(&ready).unwrap_or(Lead::NONE);
            leads.extend((0..count).map(one));
        }
        let ready = leads;
        Dictionary { codes, texts, ready }
    }

    #[inline(always)]
    fn cell<'c>(
        &'c self,
        row: usize,
        ready: impl FnOnce(&'c Lead) -> QuickCell<'c>,
        text: impl FnOnce(Text<'c>) -> QuickCell<'c>,
    ) -> QuickCell<'c> {
        let Some(code) = self.codes.get(row) else { return QuickCell::Special };
        match self.ready.get(code) {
            Some(lead) if !lead.is_none() => ready(lead),
            _ => found(self.texts.quick(code), text),
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
    fn new(column: &'a Column, data: &ColumnData<'a>, rows: usize) -> Result<Source<'a>> {
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
                        let ready = |text| symbol_lead(name, text);
                        Values::SymbolCodes(Dictionary::new(codes, texts, ready))
                    }
                    _ => {
                        let ready = |text| string_lead(name, text);
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
        // Without it there is no quick way, see `RowPlan::insert`.
        let lead = Lead::new(column.name.wire()).unwrap_or(Lead::NONE);
        Ok(Source { column, wire: column.name.wire(), lead, validity, values })
    }

    fn write(&mut self, out: &mut RowsOut<'_>, row: usize) -> Result<()> {
        if self.validity.is_some_and(|bits| !bits.get(row)) {
            return Ok(());
        }
        let wire = self.wire;
        match &mut self.values {
            Values::Symbols(texts) => out.symbol(wire, texts.get(row)?),
            Values::Strings(texts) => out.str(wire, texts.get(row)?),
            Values::SymbolCodes(dictionary) => out.symbol(wire, dictionary.text(row)?),
            Values::StringCodes(dictionary) => out.str(wire, dictionary.text(row)?),
            Values::F64(values) => out.f64(wire, *at(values, row)?),
            Values::I64(values) => out.i64(wire, *at(values, row)?),
            Values::TsMicros(values) => out.ts_micros(wire, *at(values, row)?),
            Values::TsNanos(values) => out.ts_nanos(wire, *at(values, row)?),
            Values::Bytes(bytes) => out.bool(wire, *at(bytes, row)? != 0),
            Values::Bits(bits) => out.bool(wire, bits.get(row)),
            Values::DecimalTexts(texts) => out.decimal_text(wire, texts.get(row)?),
            Values::Arrays(views) => out.array(wire, at(views, row)?),
            Values::Decimals { scale, width, bytes } => {
                let bytes = bytes.get(row * *width..).and_then(|rest| rest.get(..*width));
                out.decimal(wire, *scale, bytes.unwrap_or(&[]))
            }
            Values::DecimalsI128 { scale, unscaled } => {
                out.decimal_i128(wire, *scale, *at(unscaled, row)?)
            }
        }
    }
}

/// Each kind of cell is made at once: a cell that may be missing would go through memory.
#[inline(always)]
fn found<'a, T>(value: Option<T>, cell: impl FnOnce(T) -> QuickCell<'a>) -> QuickCell<'a> {
    match value {
        Some(value) => cell(value),
        None => QuickCell::Special,
    }
}

impl<'s> RowValues for Sources<'s> {
    type Track = Source<'s>;

    #[inline(always)]
    fn tracks<'a>(&'a self, _plan: &'a RowPlan) -> &'a [Source<'s>] {
        &self.sources
    }

    #[inline(always)]
    fn lead<'a>(source: &'a Source<'s>) -> &'a Lead {
        &source.lead
    }

    #[inline(always)]
    fn cell<'a>(&'a self, source: &'a Source<'s>, row: usize) -> QuickCell<'a> {
        if source.validity.is_some_and(|bits| !bits.get(row)) {
            return QuickCell::Null;
        }
        match &source.values {
            Values::F64(values) => found(values.get(row).copied(), QuickCell::F64),
            Values::I64(values) => found(values.get(row).copied(), QuickCell::I64),
            Values::TsMicros(values) => found(values.get(row).copied(), QuickCell::TsMicros),
            Values::TsNanos(values) => found(values.get(row).copied(), QuickCell::TsNanos),
            Values::Bytes(bytes) => found(bytes.get(row), |byte| QuickCell::Bool(*byte != 0)),
            Values::Bits(bits) => QuickCell::Bool(bits.get(row)),
            Values::Symbols(texts) => found(texts.quick(row), QuickCell::Symbol),
            Values::Strings(texts) => found(texts.quick(row), QuickCell::Str),
            Values::SymbolCodes(dictionary) => {
                dictionary.cell(row, QuickCell::ReadySymbol, QuickCell::Symbol)
            }
            Values::StringCodes(dictionary) => {
                dictionary.cell(row, QuickCell::ReadyStr, QuickCell::Str)
            }
            Values::Arrays(views) => found(views.get(row), QuickCell::Array),
            Values::DecimalTexts(texts) => found(texts.quick(row), QuickCell::DecimalText),
            Values::Decimals { scale, width, bytes } => {
                let bytes = bytes.get(row * *width..).and_then(|rest| rest.get(..*width));
                found(bytes, |bytes| QuickCell::Decimal(*scale, bytes))
            }
            Values::DecimalsI128 { scale, unscaled } => {
                found(unscaled.get(row), |value| QuickCell::DecimalI128(*scale, *value))
            }
        }
    }

    #[inline(always)]
    fn stamp(&self, row: usize) -> Option<i64> {
        self.at.get(row).copied()
    }
}

impl ColumnValues<'_> {
    fn describe(&self) -> &'static str {
        match self {
            ColumnValues::Bytes(_) | ColumnValues::Bits(_) => "booleans",
            ColumnValues::I64(_) => "integers",
            ColumnValues::F64(_) => "doubles",
            ColumnValues::Text { .. } => "texts",
            ColumnValues::Dictionary { .. } => "dictionary codes",
            ColumnValues::Arrays(_) => "arrays",
            ColumnValues::Decimals { .. } | ColumnValues::DecimalsI128 { .. } => "binary decimals",
        }
    }
}

/// The lengths were compared before: there is always a value.
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
