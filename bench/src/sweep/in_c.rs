//! The same rows through the C ABI, written by the compiled C of c/sweep.c.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr;

use questdb_ingress::table::ColumnKind;

use super::Writer;
use super::rows::{Codes, Column, Rows, Values};
use crate::c::{
    CArray, CColumn, Handle, NO_COLUMN, c_bytes, c_clear, c_column_name, c_free, c_layout,
    c_table_name, check, new_buffer,
};

/// `text` in c/rows.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct CText {
    ptr: *const u8,
    len: usize,
}

impl CText {
    fn of(text: &str) -> CText {
        CText { ptr: text.as_ptr(), len: text.len() }
    }
}

/// `sweep_table` in c/sweep.h.
#[repr(C)]
struct CTable {
    raw: CText,
    checked: Handle,
    layout: Handle,
}

/// `sweep_column` in c/sweep.h.
#[repr(C)]
struct CSweepColumn {
    kind: u32,
    code_width: u32,
    raw: CText,
    checked: Handle,
    values: *const c_void,
    value_size: usize,
    offsets: *const i32,
    bytes: *const u8,
    bytes_len: usize,
    dictionary_len: usize,
    valid: *const u8,
}

/// `sweep_rows` in c/sweep.h.
#[repr(C)]
struct CRows {
    tables: *const CTable,
    table_of: *const u32,
    columns: *const CSweepColumn,
    column_count: usize,
    at: *const i64,
    cells: *mut CCell,
    data: *mut CColumn,
}

/// `questdb_cell`.
#[repr(C)]
#[derive(Clone, Copy)]
struct CCell {
    kind: u32,
    scale: u32,
    value: u64,
    len: usize,
}

type Write = unsafe extern "C" fn(Handle, *const CRows, usize, usize) -> Handle;

unsafe extern "C" {
    fn sweep_text(buffer: Handle, rows: *const CRows, first: usize, end: usize) -> Handle;
    fn sweep_checked(buffer: Handle, rows: *const CRows, first: usize, end: usize) -> Handle;
    fn sweep_prepared(buffer: Handle, rows: *const CRows, first: usize, end: usize) -> Handle;
    fn sweep_columns(buffer: Handle, rows: *const CRows, first: usize, end: usize) -> Handle;
}

/// Rows in the form of C. Names and layouts stay until the program ends.
pub struct Foreign<'r> {
    tables: Vec<CTable>,
    columns: Vec<CSweepColumn>,
    /// Where the columns of arrays find their values.
    _arrays: Vec<Vec<CArray>>,
    rows: PhantomData<&'r Rows>,
}

impl<'r> Foreign<'r> {
    pub fn new(rows: &'r Rows) -> Self {
        let table = |name: &String| CTable {
            raw: CText::of(name),
            checked: c_table_name(name),
            layout: c_layout(
                name,
                1,
                rows.columns.iter().map(|c| (c.name.as_str(), kind(c) as u32)),
            ),
        };
        let arrays: Vec<_> = rows.columns.iter().map(arrays).collect();
        let columns = rows.columns.iter().zip(&arrays).map(|(c, arrays)| column(c, arrays));
        Foreign {
            tables: rows.tables.iter().map(table).collect(),
            columns: columns.collect(),
            _arrays: arrays,
            rows: PhantomData,
        }
    }
}

fn kind(column: &Column) -> ColumnKind {
    super::whole::kind(&column.values)
}

fn arrays(column: &Column) -> Vec<CArray> {
    let Values::Arrays(len, values) = &column.values else { return Vec::new() };
    let array = |values: &[f64]| CArray {
        dims: 1,
        shape: len,
        strides: ptr::null(),
        data: values.as_ptr().cast(),
        data_len: size_of_val(values),
        origin: 0,
    };
    values.chunks(*len).map(array).collect()
}

fn column(column: &Column, arrays: &[CArray]) -> CSweepColumn {
    let mut c = CSweepColumn {
        kind: kind(column) as u32,
        code_width: 0,
        raw: CText::of(&column.name),
        checked: c_column_name(&column.name),
        values: ptr::null(),
        value_size: 0,
        offsets: ptr::null(),
        bytes: ptr::null(),
        bytes_len: 0,
        dictionary_len: 0,
        valid: column.valid.as_ref().map_or(ptr::null(), |bits| bits.as_ptr()),
    };
    let mut values = |values: *const c_void, size| (c.values, c.value_size) = (values, size);
    match &column.values {
        Values::I64(of) => values(of.as_ptr().cast(), 8),
        Values::F64(of) => values(of.as_ptr().cast(), 8),
        Values::Arrays(..) => values(arrays.as_ptr().cast(), size_of::<CArray>()),
        Values::Str(_) => {}
        Values::Symbol(Codes::U8(of), _) => values(of.as_ptr().cast(), 1),
        Values::Symbol(Codes::U16(of), _) => values(of.as_ptr().cast(), 2),
        Values::Symbol(Codes::U32(of), _) => values(of.as_ptr().cast(), 4),
    }
    if let Values::Str(texts) | Values::Symbol(_, texts) = &column.values {
        (c.offsets, c.bytes) = (texts.offsets.as_ptr(), texts.bytes.as_ptr());
        (c.bytes_len, c.dictionary_len) = (texts.bytes.len(), texts.offsets.len() - 1);
    }
    if matches!(column.values, Values::Symbol(..)) {
        c.code_width = c.value_size as u32;
    }
    c
}

/// How C calls the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Text,
    Checked,
    Prepared,
    Columns,
}

/// A buffer that C writes to.
pub struct InC<'r> {
    version: u32,
    buffer: Handle,
    rows: &'r Rows,
    foreign: &'r Foreign<'r>,
    write: Write,
    cells: Vec<CCell>,
    data: Vec<CColumn>,
}

impl<'r> InC<'r> {
    pub fn new(rows: &'r Rows, foreign: &'r Foreign<'r>, way: Way) -> Self {
        let count = rows.columns.len();
        InC {
            version: rows.version.into(),
            buffer: new_buffer(rows.version.into()),
            rows,
            foreign,
            write: match way {
                Way::Text => sweep_text,
                Way::Checked => sweep_checked,
                Way::Prepared => sweep_prepared,
                Way::Columns => sweep_columns,
            },
            cells: vec![CCell { kind: 0, scale: 0, value: 0, len: 0 }; count],
            data: (0..count).map(|_| NO_COLUMN).collect(),
        }
    }
}

impl Writer for InC<'_> {
    fn write(&mut self, rows: Range<usize>) {
        let c = CRows {
            tables: self.foreign.tables.as_ptr(),
            table_of: self.rows.table_of.as_ptr(),
            columns: self.foreign.columns.as_ptr(),
            column_count: self.foreign.columns.len(),
            at: self.rows.at.as_ptr(),
            cells: self.cells.as_mut_ptr(),
            data: self.data.as_mut_ptr(),
        };
        // SAFETY: the rows are there, in the form that the function expects, and the buffer is alive.
        check(unsafe { (self.write)(self.buffer, &raw const c, rows.start, rows.end) });
    }

    fn clear(&mut self) {
        c_clear(self.buffer);
    }

    fn renew(&mut self) {
        c_free(self.buffer);
        self.buffer = new_buffer(self.version);
    }

    fn bytes(&self) -> Vec<u8> {
        c_bytes(self.buffer)
    }
}

impl Drop for InC<'_> {
    fn drop(&mut self) {
        c_free(self.buffer);
    }
}
