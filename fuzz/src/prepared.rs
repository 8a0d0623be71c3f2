//! Prepared rows: layouts, rows of cells and columns of values, each with what must come out of it.

use questdb_ingress::internal::{AppendCells as _, LayoutChecks as _, RowCells};
use questdb_ingress::table::{
    Bits, Cell as RowCell, Codes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout,
    TimestampKind,
};
use questdb_ingress::{ArrayView, Buffer, PreparedColumns, ProtocolVersion, Result, Text};

use crate::Input;
use crate::cells::{self, Array, Cell, Fate, NAMES};
use questdb_ingress_testkit::row_model::{At, Seen, SeenRow};

/// A layout and what was declared in it.
#[derive(Debug)]
pub struct Prepared {
    pub layout: RowLayout,
    table: &'static str,
    columns: Vec<(&'static str, ColumnKind)>,
    stamp: TimestampKind,
}

impl Prepared {
    pub fn new(input: &mut Input<'_>) -> Prepared {
        let table = input.one(&NAMES);
        let mut layout = RowLayout::new(table).unwrap();
        let stamp = input.one(&[TimestampKind::Nanos, TimestampKind::Micros, TimestampKind::Now]);
        layout.set_timestamp(stamp);
        let mut columns: Vec<(&str, ColumnKind)> = Vec::new();
        for _ in 0..input.below(7) {
            let (name, kind) = (input.one(&NAMES), input.one(ColumnKind::ALL));
            let twice = columns.iter().any(|(other, _)| *other == name);
            assert_eq!(layout.add(name, kind).is_err(), twice);
            if !twice {
                columns.push((name, kind));
            }
        }
        Prepared { layout, table, columns, stamp }
    }

    fn at(&self, value: i64) -> At {
        match self.stamp {
            TimestampKind::Nanos => At::Nanos(value),
            TimestampKind::Micros => At::Micros(value),
            TimestampKind::Now => At::Now,
        }
    }

    /// Returns the row that the cells make, or `None` if one of them must be refused.
    fn row(&self, cells: &[Cell], at: At, version: ProtocolVersion) -> Option<SeenRow> {
        let mut row = SeenRow { table: self.table.into(), ..SeenRow::default() };
        for ((name, kind), cell) in self.columns.iter().zip(cells) {
            match (cell.fate(*kind, version), kind) {
                (Fate::LeaveOut, _) => {}
                (Fate::Put(Seen::Text(v)), ColumnKind::Symbol) => {
                    row.symbols.push((name.as_bytes().to_vec(), v));
                }
                (Fate::Put(seen), _) => row.fields.push((name.as_bytes().to_vec(), seen)),
                (Fate::Fail, _) => return None,
            }
        }
        row.stamp = at.seen(version)?;
        (!row.symbols.is_empty() || !row.fields.is_empty()).then_some(row)
    }

    /// Appends one row. Returns what it must be, or `None` if the call must fail.
    pub fn append_row(
        &self,
        input: &mut Input<'_>,
        buffer: &mut Buffer,
    ) -> (Result<()>, Option<SeenRow>) {
        let mut cells: Vec<Cell> =
            self.columns.iter().map(|(_, kind)| Cell::for_kind(input, *kind)).collect();
        let at = self.at(input.integer());
        let mut row = self.row(&cells, at, buffer.protocol_version());
        if input.below(32) == 31 {
            cells.push(Cell::Null);
            row = None;
        }
        let views: Vec<Option<ArrayView<'_>>> = cells.iter().map(view).collect();
        if cells.iter().zip(&views).any(|(c, v)| matches!(c, Cell::Array(_)) && v.is_none()) {
            // Without a view there is nothing to append.
            return (buffer.reserve(usize::MAX), None);
        }
        let given: Vec<RowCell<'_>> =
            cells.iter().zip(&views).map(|(c, v)| row_cell(c, v)).collect();
        let stamp = match at {
            At::Now => None,
            At::Nanos(v) | At::Micros(v) => Some(v),
        };
        let result = if input.flag() {
            buffer.append_row(&self.layout, &given, stamp)
        } else {
            match self.layout.check_cells(given.len()) {
                Ok(()) => buffer.append_cells(&self.layout, &Plain(&given), stamp),
                Err(e) => Err(e),
            }
        };
        (result, row)
    }

    /// Appends some rows from columns. Returns what they must be, or `None` if the call must fail.
    pub fn append_columns(
        &self,
        input: &mut Input<'_>,
        buffer: &mut Buffer,
    ) -> (Result<()>, Option<Vec<SeenRow>>) {
        let count = input.below(5);
        let version = buffer.protocol_version();
        let columns: Vec<Column> =
            self.columns.iter().map(|(_, kind)| Column::new(input, *kind, count)).collect();
        let stamps: Vec<i64> = (0..count).map(|_| input.integer()).collect();
        let rows = (0..count).map(|row| {
            let cells: Vec<Cell> = columns.iter().map(|column| column.cell(row)).collect();
            self.row(&cells, self.at(stamps[row]), version)
        });
        let fit = self.columns.iter().zip(&columns).all(|((_, kind), c)| c.fits(*kind));
        let rows: Option<Vec<SeenRow>> = if fit { rows.collect() } else { None };
        let views: Vec<Option<Vec<ArrayView<'_>>>> = columns.iter().map(Column::views).collect();
        if views.iter().any(Option::is_none) {
            return (buffer.reserve(usize::MAX), None);
        }
        let data: Vec<ColumnData<'_>> = columns
            .iter()
            .zip(&views)
            .map(|(c, v)| c.data(v.as_deref().unwrap_or_default()))
            .collect();
        let at = (self.stamp != TimestampKind::Now).then_some(&stamps[..]);
        let appended = match input.below(2) {
            0 => buffer.append_columns(&self.layout, count, &data, at),
            _ => in_pieces(buffer, input.below(count + 1), &self.layout, count, &data, at),
        };
        (appended, rows)
    }
}

/// Appends rows in two pieces, of which the second begins at `cut`; all of them or none.
fn in_pieces(
    buffer: &mut Buffer,
    cut: usize,
    layout: &RowLayout,
    rows: usize,
    data: &[ColumnData<'_>],
    at: Option<&[i64]>,
) -> Result<()> {
    let prepared = PreparedColumns::new(layout, rows, data, at)?;
    let before = buffer.clone();
    let appended = buffer
        .append_prepared(&prepared, 0..cut)
        .and_then(|()| buffer.append_prepared(&prepared, cut..rows));
    appended.inspect_err(|_| *buffer = before)
}

fn view(cell: &Cell) -> Option<ArrayView<'_>> {
    match cell {
        Cell::Array(array) => array.view(),
        _ => None,
    }
}

fn row_cell<'a>(cell: &'a Cell, view: &'a Option<ArrayView<'a>>) -> RowCell<'a> {
    match (cell, view) {
        (Cell::Array(_), Some(view)) => RowCell::Array(view),
        (Cell::Bool(v), _) => RowCell::Bool(*v),
        (Cell::I64(v), _) => RowCell::I64(*v),
        (Cell::F64(v), _) => RowCell::F64(*v),
        (Cell::Text(v), _) => RowCell::Text(Text::unchecked(v)),
        (Cell::Decimal { scale, bytes }, _) => RowCell::Decimal { scale: *scale, unscaled: bytes },
        (Cell::Null | Cell::Array(_), _) => RowCell::Null,
    }
}

/// The values of a column in memory of their own.
#[derive(Debug)]
struct Column {
    values: Values,
    /// The bits from the second one on.
    validity: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Values {
    Bytes(Vec<u8>),
    Bits(Vec<u8>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Text(Vec<i32>, Vec<u8>),
    /// The codes, where the texts begin, and the texts.
    Dictionary(Vec<i16>, Vec<i64>, Vec<u8>),
    Arrays(Vec<Array>),
    Decimals {
        scale: u32,
        width: usize,
        bytes: Vec<u8>,
    },
}

impl Column {
    fn new(input: &mut Input<'_>, kind: ColumnKind, rows: usize) -> Column {
        let kind = if input.below(32) == 31 { cells::other_kind(input, kind) } else { kind };
        let validity = input.flag().then(|| vec![input.byte(), input.byte()]);
        let values = match kind {
            ColumnKind::Bool if input.flag() => Values::Bits(vec![input.byte(), input.byte()]),
            ColumnKind::Bool => Values::Bytes((0..rows).map(|_| input.byte() & 2).collect()),
            ColumnKind::I64 | ColumnKind::TsMicros | ColumnKind::TsNanos => {
                Values::I64((0..rows).map(|_| input.integer()).collect())
            }
            ColumnKind::F64 => Values::F64((0..rows).map(|_| input.double()).collect()),
            ColumnKind::F64Array => {
                Values::Arrays((0..rows).map(|_| cells::array(input)).collect())
            }
            ColumnKind::Decimal if input.flag() => {
                let (offsets, bytes) = joined((0..rows).map(|_| cells::decimal_text(input)));
                Values::Text(offsets.into_iter().map(narrow).collect(), bytes)
            }
            ColumnKind::Decimal => {
                let (scale, width) = (u32::from(input.byte()) % 77, 1 + input.below(33));
                let mut bytes = input.take(rows * width).to_vec();
                bytes.resize(rows * width, 0);
                Values::Decimals { scale, width, bytes }
            }
            _ if input.flag() => {
                let (offsets, bytes) = texts(input, 4);
                // One of the codes has no text.
                let codes = (0..rows).map(|_| i16::from(input.byte() % 5)).collect();
                Values::Dictionary(codes, offsets, bytes)
            }
            _ => {
                let (offsets, bytes) = texts(input, rows);
                Values::Text(offsets.into_iter().map(narrow).collect(), bytes)
            }
        };
        Column { values, validity }
    }

    fn fits(&self, kind: ColumnKind) -> bool {
        use ColumnKind as K;
        match self.values {
            Values::Bytes(_) | Values::Bits(_) => kind == K::Bool,
            Values::I64(_) => matches!(kind, K::I64 | K::TsMicros | K::TsNanos),
            Values::F64(_) => kind == K::F64,
            Values::Text(..) => matches!(kind, K::Symbol | K::Str | K::Decimal),
            Values::Dictionary(..) => matches!(kind, K::Symbol | K::Str),
            Values::Arrays(_) => kind == K::F64Array,
            Values::Decimals { .. } => kind == K::Decimal,
        }
    }

    /// Returns the value of a row. Text between invalid offsets becomes a text that must be refused.
    fn cell(&self, row: usize) -> Cell {
        let bit = |bytes: &[u8]| bytes[(row + 1) / 8] >> ((row + 1) % 8) & 1 == 1;
        if self.validity.as_ref().is_some_and(|bits| !bit(bits)) {
            return Cell::Null;
        }
        let text = |pair: Option<[i64; 2]>, bytes: &[u8]| {
            let [start, end] = pair.unwrap_or([-1; 2]).map(|at| usize::try_from(at).ok());
            let text = start.zip(end).and_then(|(start, end)| bytes.get(start..end));
            Cell::Text(text.map_or_else(|| vec![0xFF], <[u8]>::to_vec))
        };
        match &self.values {
            Values::Bytes(v) => Cell::Bool(v[row] != 0),
            Values::Bits(v) => Cell::Bool(bit(v)),
            Values::I64(v) => Cell::I64(v[row]),
            Values::F64(v) => Cell::F64(v[row]),
            Values::Text(offsets, bytes) => {
                text(Some([offsets[row].into(), offsets[row + 1].into()]), bytes)
            }
            Values::Dictionary(codes, offsets, bytes) => {
                let code = usize::try_from(codes[row]).unwrap();
                text(offsets.get(code..).and_then(<[i64]>::first_chunk).copied(), bytes)
            }
            Values::Arrays(v) => Cell::Array(v[row].clone()),
            Values::Decimals { scale, width, bytes } => {
                Cell::Decimal { scale: *scale, bytes: bytes[row * width..][..*width].to_vec() }
            }
        }
    }

    /// Returns the views of the arrays; `None` if one of them cannot be made.
    fn views(&self) -> Option<Vec<ArrayView<'_>>> {
        match &self.values {
            Values::Arrays(arrays) => arrays.iter().map(Array::view).collect(),
            _ => Some(Vec::new()),
        }
    }

    fn data<'a>(&'a self, views: &'a [ArrayView<'a>]) -> ColumnData<'a> {
        let values = match &self.values {
            Values::Bytes(v) => ColumnValues::Bytes(v),
            Values::Bits(v) => ColumnValues::Bits(Bits::new(v, 1)),
            Values::I64(v) => ColumnValues::I64(v),
            Values::F64(v) => ColumnValues::F64(v),
            Values::Text(offsets, bytes) => {
                ColumnValues::Text { offsets: Offsets::I32(offsets), bytes }
            }
            Values::Dictionary(codes, offsets, bytes) => ColumnValues::Dictionary {
                codes: Codes::I16(codes),
                offsets: Offsets::I64(offsets),
                bytes,
            },
            Values::Arrays(_) => ColumnValues::Arrays(views),
            Values::Decimals { scale, width, bytes } => {
                ColumnValues::Decimals { scale: *scale, width: *width, bytes }
            }
        };
        ColumnData { values, validity: self.validity.as_ref().map(|bits| Bits::new(bits, 1)) }
    }
}

/// Joins texts, and returns where each begins.
fn joined(texts: impl Iterator<Item = Vec<u8>>) -> (Vec<i64>, Vec<u8>) {
    let (mut offsets, mut bytes) = (vec![0], Vec::new());
    for text in texts {
        bytes.extend(text);
        offsets.push(i64::try_from(bytes.len()).unwrap());
    }
    (offsets, bytes)
}

fn narrow(offset: i64) -> i32 {
    i32::try_from(offset).unwrap()
}

/// As [`joined`]; now and then an offset is wrong.
fn texts(input: &mut Input<'_>, count: usize) -> (Vec<i64>, Vec<u8>) {
    let (mut offsets, bytes) = joined((0..count).map(|_| cells::text(input)));
    if input.below(32) == 31 {
        let place = usize::from(input.byte()) % offsets.len();
        offsets[place] = i64::from(input.byte()) - 128;
    }
    (offsets, bytes)
}

/// Cells without shortcuts, which all take the slow path.
struct Plain<'a>(&'a [RowCell<'a>]);

impl RowCells for Plain<'_> {
    fn cell(&self, place: usize) -> Result<RowCell<'_>> {
        Ok(self.0[place])
    }
}
