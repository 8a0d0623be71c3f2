//! Our C ABI, called by the compiled C of c/rows.c. The shapes are those of `shapes.rs`.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use crate::encoders::BOOK;
use crate::prepared::{Collector, Values};
use crate::shapes::{Names, ROWS, S1, S2, S3, S4, S5, S6, S7, Shape, Text};
use crate::variant::{Emptied, Variant};

/// A handle of a C library.
pub(crate) type Handle = *mut c_void;

#[repr(C)]
struct CName {
    raw: Text,
    checked: Handle,
}

/// `names` in c/abi.h.
#[repr(C)]
pub struct CNames {
    table_raw: Text,
    table: Handle,
    layout: Handle,
    column_count: usize,
    columns: [CName; 11],
}

/// A function that writes `count` rows from its third argument.
pub type WriteRows = unsafe extern "C" fn(Handle, *const CNames, *const c_void, usize) -> Handle;

unsafe extern "C" {
    fn questdb_buffer_new(version: u32, buffer: *mut Handle) -> Handle;
    fn questdb_buffer_free(buffer: Handle);
    fn questdb_buffer_clear(buffer: Handle) -> Handle;
    fn questdb_buffer_peek(buffer: Handle, len: *mut usize) -> *const u8;
    fn questdb_table_name_new(name: *const u8, len: usize, table: *mut Handle) -> Handle;
    fn questdb_column_name_new(name: *const u8, len: usize, column: *mut Handle) -> Handle;
    fn questdb_row_layout_new(
        name: *const u8,
        len: usize,
        stamp: u32,
        layout: *mut Handle,
    ) -> Handle;
    fn questdb_row_layout_add(layout: Handle, name: *const u8, len: usize, kind: u32) -> Handle;
    fn questdb_error_message(error: Handle) -> *const c_char;
    fn columns(
        b: Handle,
        n: *const CNames,
        data: *const CColumn,
        rows: usize,
        at: *const i64,
    ) -> Handle;
}

macro_rules! c_shapes {
    ($($shape:ident $raw:ident $checked:ident $prepared:ident $pre:ident $val:ident $all:ident)*) => {
        unsafe extern "C" {
            $(
                fn $raw(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $checked(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $prepared(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $pre(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $val(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $all(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
            )*
        }
        $(
            impl CShape for $shape {
                const RAW: WriteRows = $raw;
                const CHECKED: WriteRows = $checked;
                const PREPARED: WriteRows = $prepared;
                const OFFICIAL: [WriteRows; 3] = [$pre, $val, $all];
            }
        )*
    };
}

/// A shape that c/rows.c can write.
pub trait CShape: Shape {
    const RAW: WriteRows;
    const CHECKED: WriteRows;
    const PREPARED: WriteRows;
    /// The functions for the official library: `pre`, `val`, `all`.
    const OFFICIAL: [WriteRows; 3];
}

c_shapes! {
    S1 raw_s1 checked_s1 prepared_s1 official_pre_s1 official_val_s1 official_all_s1
    S2 raw_s2 checked_s2 prepared_s2 official_pre_s2 official_val_s2 official_all_s2
    S3 raw_s3 checked_s3 prepared_s3 official_pre_s3 official_val_s3 official_all_s3
    S4 raw_s4 checked_s4 prepared_s4 official_pre_s4 official_val_s4 official_all_s4
    S5 raw_s5 checked_s5 prepared_s5 official_pre_s5 official_val_s5 official_all_s5
    S6 raw_s6 checked_s6 prepared_s6 official_pre_s6 official_val_s6 official_all_s6
    S7 raw_s7 checked_s7 prepared_s7 official_pre_s7 official_val_s7 official_all_s7
}

pub(crate) fn check(error: Handle) {
    if !error.is_null() {
        // SAFETY: the library returned this error, and its message ends with a NUL.
        panic!("{}", unsafe { CStr::from_ptr(questdb_error_message(error)) }.to_string_lossy());
    }
}

fn made(make: impl FnOnce(*mut Handle) -> Handle) -> Handle {
    let mut handle = ptr::null_mut();
    check(make(&raw mut handle));
    handle
}

/// How c/rows.c calls the library.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// One call per cell, with names as text.
    Raw,
    /// One call per cell, with names that were checked before.
    Checked,
    /// One call per row.
    Prepared,
    /// One call for many rows.
    Columns,
}

/// A buffer of our library, used through the C ABI.
pub struct InC<S: 'static> {
    version: u32,
    buffer: Handle,
    names: CNames,
    way: Way,
    rows: &'static [S],
    collector: Collector,
    views: Vec<CArray>,
    at: usize,
}

/// `questdb_array`.
#[repr(C)]
pub(crate) struct CArray {
    pub(crate) dims: usize,
    pub(crate) shape: *const usize,
    pub(crate) strides: *const isize,
    pub(crate) data: *const u8,
    pub(crate) data_len: usize,
    pub(crate) origin: usize,
}

/// `questdb_column_data`.
#[repr(C)]
pub(crate) struct CColumn {
    kind: u32,
    width: u32,
    scale: u32,
    offset_width: u32,
    values: *const c_void,
    first_bit: usize,
    offsets: *const c_void,
    text: *const u8,
    text_len: usize,
    dictionary_len: usize,
    validity: *const u8,
    validity_first_bit: usize,
}

pub(crate) const NO_COLUMN: CColumn = CColumn {
    kind: 0,
    width: 0,
    scale: 0,
    offset_width: 0,
    values: ptr::null(),
    first_bit: 0,
    offsets: ptr::null(),
    text: ptr::null(),
    text_len: 0,
    dictionary_len: 0,
    validity: ptr::null(),
    validity_first_bit: 0,
};

pub(crate) fn c_names<S: CShape>(collector: &Collector) -> CNames {
    let rust = Names::new(S::TABLE, S::COLUMNS);
    let columns = S::COLUMNS.iter().zip(&collector.kinds);
    let stamp = if collector.in_micros { 2 } else { 1 };
    CNames {
        table_raw: rust.table,
        table: c_table_name(S::TABLE),
        layout: c_layout(S::TABLE, stamp, columns.map(|(name, kind)| (*name, *kind as u32))),
        column_count: S::COLUMNS.len(),
        columns: rust
            .columns
            .map(|name| CName { raw: name.raw, checked: c_column_name(name.raw.checked_before()) }),
    }
}

/// Makes a layout with timestamps in nanoseconds (1) or microseconds (2).
pub(crate) fn c_layout<'n>(
    table: &str,
    stamp: u32,
    columns: impl Iterator<Item = (&'n str, u32)>,
) -> Handle {
    // SAFETY: (here and below) pointer and length are those of one text.
    let layout = made(|h| unsafe { questdb_row_layout_new(table.as_ptr(), table.len(), stamp, h) });
    for (name, kind) in columns {
        // SAFETY: the layout is alive, and pointer and length are those of one text.
        check(unsafe { questdb_row_layout_add(layout, name.as_ptr(), name.len(), kind) });
    }
    layout
}

pub(crate) fn c_table_name(name: &str) -> Handle {
    // SAFETY: pointer and length are those of one text.
    made(|h| unsafe { questdb_table_name_new(name.as_ptr(), name.len(), h) })
}

pub(crate) fn c_column_name(name: &str) -> Handle {
    // SAFETY: pointer and length are those of one text.
    made(|h| unsafe { questdb_column_name_new(name.as_ptr(), name.len(), h) })
}

pub(crate) fn c_clear(buffer: Handle) {
    // SAFETY: the buffer is alive.
    check(unsafe { questdb_buffer_clear(buffer) });
}

pub(crate) fn c_free(buffer: Handle) {
    // SAFETY: the buffer is alive, and is not used again.
    unsafe { questdb_buffer_free(buffer) };
}

pub(crate) fn c_bytes(buffer: Handle) -> Vec<u8> {
    let mut len = 0;
    // SAFETY: the buffer is alive, and its bytes are copied before the next call.
    unsafe {
        let start = questdb_buffer_peek(buffer, &raw mut len);
        std::slice::from_raw_parts(start, len).to_vec()
    }
}

impl<S: CShape> InC<S> {
    pub fn new(version: u8, way: Way, rows: &'static [S]) -> Self {
        let collector = Collector::of(rows);
        let mut views = Vec::new();
        for column in &collector.columns {
            if let Values::Books(books) = column {
                views.extend(books.iter().map(|book| CArray {
                    dims: BOOK.len(),
                    shape: BOOK.as_ptr(),
                    strides: ptr::null(),
                    data: book.as_ptr().cast(),
                    data_len: size_of_val(*book),
                    origin: 0,
                }));
            }
        }
        let version = version.into();
        InC {
            version,
            buffer: new_buffer(version),
            names: c_names::<S>(&collector),
            way,
            rows,
            collector,
            views,
            at: 0,
        }
    }

    /// Writes `some` rows, which must not go beyond the last one.
    fn write(&self, some: usize) -> Handle {
        let first = self.rows[self.at..self.at + some].as_ptr().cast();
        let write = match self.way {
            Way::Raw => S::RAW,
            Way::Checked => S::CHECKED,
            Way::Prepared => S::PREPARED,
            Way::Columns => return self.write_columns(some),
        };
        // SAFETY: that many rows exist, with the layout that this function expects.
        unsafe { write(self.buffer, &raw const self.names, first, some) }
    }

    fn write_columns(&self, some: usize) -> Handle {
        let mut data = [NO_COLUMN; 11];
        for (column, data) in self.collector.columns.iter().zip(&mut data) {
            *data = self.column(column);
        }
        let at = self.collector.at[self.at..self.at + some].as_ptr();
        // SAFETY: each column has the rows from `self.at` on, and the buffer and the names are alive.
        unsafe { columns(self.buffer, &raw const self.names, data.as_ptr(), some, at) }
    }

    fn column(&self, column: &Values) -> CColumn {
        let at = self.at;
        match column {
            Values::Bools(v) => CColumn { kind: 1, values: v[at..].as_ptr().cast(), ..NO_COLUMN },
            Values::I64(v) => CColumn { kind: 3, values: v[at..].as_ptr().cast(), ..NO_COLUMN },
            Values::F64(v) => CColumn { kind: 4, values: v[at..].as_ptr().cast(), ..NO_COLUMN },
            Values::Text { offsets, bytes } => CColumn {
                kind: 5,
                offset_width: 4,
                offsets: offsets[at..].as_ptr().cast(),
                text: bytes.as_ptr(),
                text_len: bytes.len(),
                ..NO_COLUMN
            },
            Values::Symbols { codes, offsets, bytes, texts } => CColumn {
                kind: 6,
                width: 4,
                offset_width: 4,
                values: codes[at..].as_ptr().cast(),
                offsets: offsets.as_ptr().cast(),
                text: bytes.as_ptr(),
                text_len: bytes.len(),
                dictionary_len: texts.len(),
                ..NO_COLUMN
            },
            Values::Books(_) => {
                CColumn { kind: 7, values: self.views[at..].as_ptr().cast(), ..NO_COLUMN }
            }
            Values::Decimals { scale, width, bytes } => CColumn {
                kind: 8,
                width: *width as u32,
                scale: *scale,
                values: bytes[at * width..].as_ptr().cast(),
                ..NO_COLUMN
            },
        }
    }

    fn block(&mut self, mut rows: usize) {
        while rows > 0 {
            let some = rows.min(ROWS - self.at);
            check(self.write(some));
            self.at = (self.at + some) % ROWS;
            rows -= some;
        }
    }
}

pub(crate) fn new_buffer(version: u32) -> Handle {
    // SAFETY: the function writes the handle to the place it is given.
    made(|h| unsafe { questdb_buffer_new(version, h) })
}

impl<S: CShape> Variant for InC<S> {
    fn run(&mut self, mut rows: usize, emptied: Emptied) {
        while rows > 0 {
            let some = match emptied {
                Emptied::Cleared(each) => {
                    c_clear(self.buffer);
                    each.min(rows)
                }
                Emptied::Replaced(each) => {
                    c_free(self.buffer);
                    self.buffer = new_buffer(self.version);
                    each.min(rows)
                }
            };
            self.block(some);
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        c_clear(self.buffer);
        self.at = 0;
        self.block(ROWS);
        c_bytes(self.buffer)
    }
}
