//! Prepared rows: one call for each row, or one for many rows.

use questdb_ingress::table::{
    Cell, Codes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout, TimestampKind,
};
use questdb_ingress::{ArrayView, Buffer};

use crate::encoders::{BOOK, buffer, text};
use crate::shapes::{Encoder, Name, Names, ROWS, Shape, Text};
use crate::variant::{Emptied, Variant};

type Result = std::result::Result<(), questdb_ingress::Error>;

/// An [`Encoder`] that records what a row consists of, and keeps all values column by column.
#[derive(Default)]
pub struct Collector {
    pub kinds: Vec<ColumnKind>,
    pub columns: Vec<Values>,
    pub at: Vec<i64>,
    pub in_micros: bool,
    place: usize,
}

/// The values of one column. Text is kept in offsets and bytes, symbols have codes too.
pub enum Values {
    Bools(Vec<u8>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Text { offsets: Vec<i32>, bytes: Vec<u8> },
    Symbols { codes: Vec<i32>, offsets: Vec<i32>, bytes: Vec<u8>, texts: Vec<Text> },
    Books(Vec<&'static [f64; 100]>),
    Decimals { scale: u32, width: usize, bytes: Vec<u8> },
}

impl Collector {
    /// Collects the columns of all rows of a shape.
    pub fn of<S: Shape>(rows: &[S]) -> Collector {
        let mut collector = Collector::default();
        let names = Names::new(S::TABLE, S::COLUMNS);
        for row in rows {
            assert!(row.write(&mut collector, &names).is_ok());
        }
        collector
    }

    /// Returns the layout of these rows.
    pub fn layout<S: Shape>(&self) -> RowLayout {
        let mut layout = RowLayout::new(S::TABLE).unwrap();
        for (name, kind) in S::COLUMNS.iter().zip(&self.kinds) {
            layout.add(*name, *kind).unwrap();
        }
        layout.set_timestamp(if self.in_micros {
            TimestampKind::Micros
        } else {
            TimestampKind::Nanos
        });
        layout
    }

    fn column(&mut self, kind: ColumnKind, empty: fn() -> Values) -> &mut Values {
        if self.place == self.kinds.len() {
            self.kinds.push(kind);
            self.columns.push(empty());
        }
        self.place += 1;
        &mut self.columns[self.place - 1]
    }
}

fn push(offsets: &mut Vec<i32>, bytes: &mut Vec<u8>, value: Text) {
    bytes.extend_from_slice(value.bytes());
    offsets.push(bytes.len() as i32);
}

impl Encoder for Collector {
    type Error = std::convert::Infallible;

    fn table(&mut self, _: &Names) -> std::result::Result<(), Self::Error> {
        self.place = 0;
        Ok(())
    }

    fn symbol(&mut self, _: &Name, value: Text) -> std::result::Result<(), Self::Error> {
        let empty = || Values::Symbols {
            codes: Vec::new(),
            offsets: vec![0],
            bytes: Vec::new(),
            texts: Vec::new(),
        };
        if let Values::Symbols { codes, offsets, bytes, texts } =
            self.column(ColumnKind::Symbol, empty)
        {
            let known = texts.iter().position(|text| text.bytes() == value.bytes());
            codes.push(known.unwrap_or(texts.len()) as i32);
            if known.is_none() {
                texts.push(value);
                push(offsets, bytes, value);
            }
        }
        Ok(())
    }

    fn bool(&mut self, _: &Name, value: bool) -> std::result::Result<(), Self::Error> {
        if let Values::Bools(v) = self.column(ColumnKind::Bool, || Values::Bools(Vec::new())) {
            v.push(value.into());
        }
        Ok(())
    }

    fn i64(&mut self, _: &Name, value: i64) -> std::result::Result<(), Self::Error> {
        if let Values::I64(v) = self.column(ColumnKind::I64, || Values::I64(Vec::new())) {
            v.push(value);
        }
        Ok(())
    }

    fn f64(&mut self, _: &Name, value: f64) -> std::result::Result<(), Self::Error> {
        if let Values::F64(v) = self.column(ColumnKind::F64, || Values::F64(Vec::new())) {
            v.push(value);
        }
        Ok(())
    }

    fn str(&mut self, _: &Name, value: Text) -> std::result::Result<(), Self::Error> {
        let empty = || Values::Text { offsets: vec![0], bytes: Vec::new() };
        if let Values::Text { offsets, bytes } = self.column(ColumnKind::Str, empty) {
            push(offsets, bytes, value);
        }
        Ok(())
    }

    fn ts_micros(&mut self, _: &Name, value: i64) -> std::result::Result<(), Self::Error> {
        if let Values::I64(v) = self.column(ColumnKind::TsMicros, || Values::I64(Vec::new())) {
            v.push(value);
        }
        Ok(())
    }

    fn book(
        &mut self,
        _: &Name,
        value: &'static [f64; 100],
    ) -> std::result::Result<(), Self::Error> {
        if let Values::Books(v) = self.column(ColumnKind::F64Array, || Values::Books(Vec::new())) {
            v.push(value);
        }
        Ok(())
    }

    fn dec_str(&mut self, _: &Name, value: Text) -> std::result::Result<(), Self::Error> {
        let empty = || Values::Text { offsets: vec![0], bytes: Vec::new() };
        if let Values::Text { offsets, bytes } = self.column(ColumnKind::Decimal, empty) {
            push(offsets, bytes, value);
        }
        Ok(())
    }

    fn dec(
        &mut self,
        _: &Name,
        to_scale: u32,
        unscaled: Text,
    ) -> std::result::Result<(), Self::Error> {
        let empty = || Values::Decimals { scale: 0, width: 0, bytes: Vec::new() };
        if let Values::Decimals { scale, width, bytes } = self.column(ColumnKind::Decimal, empty) {
            *scale = to_scale;
            *width = unscaled.bytes().len();
            bytes.extend_from_slice(unscaled.bytes());
        }
        Ok(())
    }

    fn at_nanos(&mut self, nanos: i64) -> std::result::Result<(), Self::Error> {
        self.at.push(nanos);
        Ok(())
    }

    fn at_micros(&mut self, micros: i64) -> std::result::Result<(), Self::Error> {
        self.in_micros = true;
        self.at_nanos(micros)
    }

    fn fresh(&mut self) {}

    fn clear(&mut self) {}

    fn bytes(&self) -> &[u8] {
        &[]
    }
}

/// Gathers the cells of a row and appends it with one call.
pub struct Rows {
    layout: RowLayout,
    buffer: Buffer,
    cells: [Cell<'static>; 11],
    filled: usize,
    /// The view that a cell points to.
    view: Box<Option<ArrayView<'static>>>,
}

impl Rows {
    pub fn new(version: u8, layout: RowLayout) -> Rows {
        Rows {
            layout,
            buffer: buffer(version),
            cells: [Cell::Null; 11],
            filled: 0,
            view: Box::new(None),
        }
    }

    #[inline(always)]
    fn cell(&mut self, cell: Cell<'static>) -> Result {
        self.cells[self.filled] = cell;
        self.filled += 1;
        Ok(())
    }

    #[inline(always)]
    fn end(&mut self, at: i64) -> Result {
        self.buffer.append_row(&self.layout, &self.cells[..self.filled], Some(at))
    }
}

impl Encoder for Rows {
    type Error = questdb_ingress::Error;

    #[inline(always)]
    fn table(&mut self, _: &Names) -> Result {
        self.filled = 0;
        Ok(())
    }

    #[inline(always)]
    fn symbol(&mut self, _: &Name, value: Text) -> Result {
        self.cell(Cell::Text(text(value)))
    }

    #[inline(always)]
    fn bool(&mut self, _: &Name, value: bool) -> Result {
        self.cell(Cell::Bool(value))
    }

    #[inline(always)]
    fn i64(&mut self, _: &Name, value: i64) -> Result {
        self.cell(Cell::I64(value))
    }

    #[inline(always)]
    fn f64(&mut self, _: &Name, value: f64) -> Result {
        self.cell(Cell::F64(value))
    }

    #[inline(always)]
    fn str(&mut self, _: &Name, value: Text) -> Result {
        self.cell(Cell::Text(text(value)))
    }

    #[inline(always)]
    fn ts_micros(&mut self, _: &Name, value: i64) -> Result {
        self.cell(Cell::I64(value))
    }

    #[inline(always)]
    fn book(&mut self, _: &Name, value: &'static [f64; 100]) -> Result {
        let view: *const _ = self.view.insert(ArrayView::c_major(&BOOK, value)?);
        // SAFETY: the view stays in its box until the next row, which replaces the cell before that is used again.
        self.cell(Cell::Array(unsafe { &*view }))
    }

    #[inline(always)]
    fn dec_str(&mut self, _: &Name, value: Text) -> Result {
        self.cell(Cell::Text(text(value)))
    }

    #[inline(always)]
    fn dec(&mut self, _: &Name, scale: u32, unscaled: Text) -> Result {
        self.cell(Cell::Decimal { scale, unscaled: unscaled.bytes() })
    }

    #[inline(always)]
    fn at_nanos(&mut self, nanos: i64) -> Result {
        self.end(nanos)
    }

    #[inline(always)]
    fn at_micros(&mut self, micros: i64) -> Result {
        self.end(micros)
    }

    fn fresh(&mut self) {
        self.buffer = Buffer::new(self.buffer.protocol_version());
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.peek()
    }
}

/// Appends many rows with one call.
pub struct Columns {
    collector: Collector,
    views: Vec<ArrayView<'static>>,
    layout: RowLayout,
    buffer: Buffer,
    at: usize,
}

impl Columns {
    pub fn new<S: Shape>(version: u8, rows: &[S]) -> Columns {
        let collector = Collector::of(rows);
        let mut views = Vec::new();
        for column in &collector.columns {
            if let Values::Books(books) = column {
                let view = |book: &&'static [f64; 100]| ArrayView::c_major(&BOOK, *book).unwrap();
                views = books.iter().map(view).collect();
            }
        }
        let layout = collector.layout::<S>();
        Columns { collector, views, layout, buffer: buffer(version), at: 0 }
    }

    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    pub fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    fn block(&mut self, mut rows: usize) {
        while rows > 0 {
            let some = rows.min(ROWS - self.at);
            let range = self.at..self.at + some;
            let texts = self.at..self.at + some + 1;
            let mut columns = Vec::with_capacity(11);
            for column in &self.collector.columns {
                columns.push(ColumnData::from(match column {
                    Values::Bools(values) => ColumnValues::Bytes(&values[range.clone()]),
                    Values::I64(values) => ColumnValues::I64(&values[range.clone()]),
                    Values::F64(values) => ColumnValues::F64(&values[range.clone()]),
                    Values::Text { offsets, bytes } => {
                        ColumnValues::Text { offsets: Offsets::I32(&offsets[texts.clone()]), bytes }
                    }
                    Values::Symbols { codes, offsets, bytes, .. } => ColumnValues::Dictionary {
                        codes: Codes::I32(&codes[range.clone()]),
                        offsets: Offsets::I32(offsets),
                        bytes,
                    },
                    Values::Books(_) => ColumnValues::Arrays(&self.views[range.clone()]),
                    Values::Decimals { scale, width, bytes } => ColumnValues::Decimals {
                        scale: *scale,
                        width: *width,
                        bytes: &bytes[range.start * width..range.end * width],
                    },
                }));
            }
            let at = Some(&self.collector.at[range]);
            if let Err(e) = self.buffer.append_columns(&self.layout, some, &columns, at) {
                panic!("{e}");
            }
            self.at = (self.at + some) % ROWS;
            rows -= some;
        }
    }
}

impl Variant for Columns {
    fn run(&mut self, mut rows: usize, emptied: Emptied) {
        while rows > 0 {
            let some = match emptied {
                Emptied::Cleared(each) => {
                    self.buffer.clear();
                    each.min(rows)
                }
                Emptied::Replaced(each) => {
                    self.buffer = Buffer::new(self.buffer.protocol_version());
                    each.min(rows)
                }
            };
            self.block(some);
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        self.buffer.clear();
        self.at = 0;
        self.block(ROWS);
        self.buffer.peek().to_vec()
    }
}
