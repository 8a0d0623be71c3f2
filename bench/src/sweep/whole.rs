//! Prepared rows: one call for each row, or one for many.

use std::ops::Range;

use questdb_ingress::table::{
    Bits, Cell, Codes as OurCodes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout,
};
use questdb_ingress::{ArrayView, Buffer, PreparedColumns, TableName, Text};

use super::Writer;
use super::rows::{Codes, Column, Rows, Values};
use crate::encoders::buffer;

pub(super) fn kind(values: &Values) -> ColumnKind {
    match values {
        Values::I64(_) => ColumnKind::I64,
        Values::F64(_) => ColumnKind::F64,
        Values::Str(_) => ColumnKind::Str,
        Values::Symbol(..) => ColumnKind::Symbol,
        Values::Arrays(..) => ColumnKind::F64Array,
    }
}

fn layout(table: &str, columns: &[Column]) -> RowLayout {
    let mut layout = RowLayout::new(table).unwrap();
    for column in columns {
        layout.add(&*column.name, kind(&column.values)).unwrap();
    }
    layout
}

/// Returns a view of the array of each row; none for a column of another kind.
fn views(column: &Column) -> Vec<ArrayView<'_>> {
    let Values::Arrays(len, values) = &column.values else { return Vec::new() };
    let shape = std::slice::from_ref(len);
    values.chunks(*len).map(|array| ArrayView::c_major(shape, array).unwrap()).collect()
}

/// One call for each row.
pub struct ByRows<'r> {
    rows: &'r Rows,
    buffer: Buffer,
    layouts: Vec<RowLayout>,
    views: Vec<Vec<ArrayView<'r>>>,
}

impl<'r> ByRows<'r> {
    pub fn new(rows: &'r Rows) -> Self {
        ByRows {
            rows,
            buffer: buffer(rows.version),
            layouts: rows.tables.iter().map(|table| layout(table, &rows.columns)).collect(),
            views: rows.columns.iter().map(views).collect(),
        }
    }
}

impl Writer for ByRows<'_> {
    #[inline(never)]
    fn write(&mut self, rows: Range<usize>) {
        let mut cells = vec![Cell::Null; self.rows.columns.len()];
        for row in rows {
            for ((cell, column), views) in cells.iter_mut().zip(&self.rows.columns).zip(&self.views)
            {
                *cell = match &column.values {
                    _ if !column.has(row) => Cell::Null,
                    Values::I64(values) => Cell::I64(values[row]),
                    Values::F64(values) => Cell::F64(values[row]),
                    Values::Str(texts) => Cell::Text(Text::unchecked(texts.get(row))),
                    Values::Symbol(codes, texts) => {
                        Cell::Text(Text::unchecked(texts.get(codes.get(row))))
                    }
                    Values::Arrays(..) => Cell::Array(&views[row]),
                };
            }
            let layout = &self.layouts[self.rows.table_of[row] as usize];
            if let Err(e) = self.buffer.append_row(layout, &cells, Some(self.rows.at[row])) {
                panic!("row {row}: {e}");
            }
        }
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn renew(&mut self) {
        self.buffer = Buffer::new(self.buffer.protocol_version());
    }

    fn bytes(&self) -> Vec<u8> {
        self.buffer.peek().to_vec()
    }
}

/// One call for many rows. The columns are prepared once for all rows.
pub struct ByColumns<'r> {
    rows: &'r Rows,
    buffer: Buffer,
    /// These are never freed, since what is prepared borrows them.
    layout: &'static RowLayout,
    tables: &'static [TableName],
    views: &'r [Vec<ArrayView<'r>>],
    prepared: Option<PreparedColumns<'r>>,
}

impl<'r> ByColumns<'r> {
    pub fn new(rows: &'r Rows) -> Self {
        let tables: Vec<_> = rows.tables.iter().map(|name| TableName::new(name).unwrap()).collect();
        let views: Vec<Vec<ArrayView<'r>>> = rows.columns.iter().map(views).collect();
        ByColumns {
            rows,
            buffer: buffer(rows.version),
            layout: Box::leak(Box::new(layout(&rows.tables[0], &rows.columns))),
            tables: tables.leak(),
            views: views.leak(),
            prepared: None,
        }
    }

    fn column(column: &'r Column, views: &'r [ArrayView<'r>]) -> ColumnData<'r> {
        let values = match &column.values {
            Values::I64(values) => ColumnValues::I64(values),
            Values::F64(values) => ColumnValues::F64(values),
            Values::Str(texts) => {
                ColumnValues::Text { offsets: Offsets::I32(&texts.offsets), bytes: &texts.bytes }
            }
            Values::Symbol(codes, texts) => ColumnValues::Dictionary {
                codes: match codes {
                    Codes::U8(codes) => OurCodes::U8(codes),
                    Codes::U16(codes) => OurCodes::U16(codes),
                    Codes::U32(codes) => OurCodes::U32(codes),
                },
                offsets: Offsets::I32(&texts.offsets),
                bytes: &texts.bytes,
            },
            Values::Arrays(..) => ColumnValues::Arrays(views),
        };
        ColumnData { values, validity: column.valid.as_ref().map(|bits| Bits::new(bits, 0)) }
    }
}

impl Writer for ByColumns<'_> {
    fn prepare(&mut self) {
        let rows = self.rows;
        let columns = rows.columns.iter().zip(self.views);
        let columns: Vec<_> = columns.map(|(c, views)| Self::column(c, views)).collect();
        let mut prepared =
            PreparedColumns::new(self.layout, rows.at.len(), &columns, Some(&rows.at)).unwrap();
        if rows.tables.len() > 1 {
            prepared = prepared.with_tables(self.tables, OurCodes::U32(&rows.table_of)).unwrap();
        }
        self.prepared = Some(prepared);
    }

    #[inline(never)]
    fn write(&mut self, rows: Range<usize>) {
        let prepared = self.prepared.as_ref().expect("prepared before");
        if let Err(e) = self.buffer.append_prepared(prepared, rows) {
            panic!("{e}");
        }
    }

    fn clear(&mut self) {
        self.buffer.clear();
    }

    fn renew(&mut self) {
        self.buffer = Buffer::new(self.buffer.protocol_version());
    }

    fn bytes(&self) -> Vec<u8> {
        self.buffer.peek().to_vec()
    }
}
