//! Our C ABI, called by the compiled C of c/rows.c. The shapes are those of `shapes.rs`.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use crate::shapes::{Names, ROWS, S1, S2, S3, S4, S5, S6, S7, Shape, Text};
use crate::variant::{Emptied, Variant};

type Handle = *mut c_void;

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
    columns: [CName; 11],
}

/// Writes `count` rows at the third argument.
pub type WriteRows = unsafe extern "C" fn(Handle, *const CNames, *const c_void, usize) -> Handle;

unsafe extern "C" {
    fn questdb_buffer_new(version: u32, buffer: *mut Handle) -> Handle;
    fn questdb_buffer_free(buffer: Handle);
    fn questdb_buffer_clear(buffer: Handle) -> Handle;
    fn questdb_buffer_peek(buffer: Handle, len: *mut usize) -> *const u8;
    fn questdb_table_name_new(name: *const u8, len: usize, table: *mut Handle) -> Handle;
    fn questdb_column_name_new(name: *const u8, len: usize, column: *mut Handle) -> Handle;
    fn questdb_error_message(error: Handle) -> *const c_char;
}

macro_rules! c_shapes {
    ($($shape:ident $raw:ident $checked:ident)*) => {
        unsafe extern "C" {
            $(
                fn $raw(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
                fn $checked(b: Handle, n: *const CNames, rows: *const c_void, count: usize) -> Handle;
            )*
        }
        $(
            impl CShape for $shape {
                const RAW: WriteRows = $raw;
                const CHECKED: WriteRows = $checked;
            }
        )*
    };
}

/// A shape that c/rows.c can write.
pub trait CShape: Shape {
    const RAW: WriteRows;
    const CHECKED: WriteRows;
}

c_shapes! {
    S1 raw_s1 checked_s1
    S2 raw_s2 checked_s2
    S3 raw_s3 checked_s3
    S4 raw_s4 checked_s4
    S5 raw_s5 checked_s5
    S6 raw_s6 checked_s6
    S7 raw_s7 checked_s7
}

fn check(error: Handle) {
    if !error.is_null() {
        // SAFETY: an error of the library, whose message ends with a zero.
        panic!("{}", unsafe { CStr::from_ptr(questdb_error_message(error)) }.to_string_lossy());
    }
}

fn made(make: impl FnOnce(*mut Handle) -> Handle) -> Handle {
    let mut handle = ptr::null_mut();
    check(make(&raw mut handle));
    handle
}

/// A buffer behind the C ABI.
pub struct InC<S: 'static> {
    version: u32,
    buffer: Handle,
    names: CNames,
    write: WriteRows,
    rows: &'static [S],
    at: usize,
}

impl<S: CShape> InC<S> {
    pub fn new(version: u8, checked: bool, rows: &'static [S]) -> Self {
        let rust = Names::new(S::TABLE, S::COLUMNS);
        let bytes = rust.table.bytes();
        let names = CNames {
            table_raw: rust.table,
            // SAFETY: pointer and length of one text.
            table: made(|h| unsafe { questdb_table_name_new(bytes.as_ptr(), bytes.len(), h) }),
            columns: rust.columns.map(|name| {
                let bytes = name.raw.bytes();
                CName {
                    raw: name.raw,
                    // SAFETY: pointer and length of one text.
                    checked: made(|h| unsafe {
                        questdb_column_name_new(bytes.as_ptr(), bytes.len(), h)
                    }),
                }
            }),
        };
        let version = version.into();
        InC {
            version,
            buffer: new_buffer(version),
            names,
            write: if checked { S::CHECKED } else { S::RAW },
            rows,
            at: 0,
        }
    }

    fn block(&mut self, mut rows: usize) {
        while rows > 0 {
            let some = rows.min(ROWS - self.at);
            let first = self.rows[self.at..self.at + some].as_ptr().cast();
            // SAFETY: so many rows are there, of the layout that this function takes.
            check(unsafe { (self.write)(self.buffer, &raw const self.names, first, some) });
            self.at = (self.at + some) % ROWS;
            rows -= some;
        }
    }
}

fn new_buffer(version: u32) -> Handle {
    // SAFETY: the handle is written.
    made(|h| unsafe { questdb_buffer_new(version, h) })
}

impl<S: CShape> Variant for InC<S> {
    fn run(&mut self, mut rows: usize, emptied: Emptied) {
        while rows > 0 {
            let some = match emptied {
                Emptied::Cleared(each) => {
                    // SAFETY: a live buffer.
                    check(unsafe { questdb_buffer_clear(self.buffer) });
                    each.min(rows)
                }
                Emptied::Replaced(each) => {
                    // SAFETY: a live buffer, which is not used again.
                    unsafe { questdb_buffer_free(self.buffer) };
                    self.buffer = new_buffer(self.version);
                    each.min(rows)
                }
            };
            self.block(some);
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        // SAFETY: a live buffer.
        check(unsafe { questdb_buffer_clear(self.buffer) });
        self.at = 0;
        self.block(ROWS);
        let mut len = 0;
        // SAFETY: a live buffer; what is peeked at is copied before the next call.
        unsafe {
            let start = questdb_buffer_peek(self.buffer, &raw mut len);
            std::slice::from_raw_parts(start, len).to_vec()
        }
    }
}
