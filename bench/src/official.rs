//! The official C library, called by the compiled C of c/official.c. It is loaded at run time from the path in
//! `QUESTDB_OFFICIAL_LIB`, where `bench/official-c` puts it.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::OnceLock;

use crate::c::{CNames, CShape, Handle, WriteRows, c_names};
use crate::prepared::Collector;
use crate::shapes::ROWS;
use crate::variant::{Emptied, Variant};

/// `official_text` in c/official.h.
#[repr(C)]
struct CText {
    len: usize,
    ptr: *const u8,
}

/// `official_library` in c/official.h. The functions that only C calls come first.
#[repr(C)]
struct Library {
    in_c: [*const c_void; 15],
    buffer_new: unsafe extern "C" fn(c_int) -> Handle,
    buffer_free: unsafe extern "C" fn(Handle),
    buffer_clear: unsafe extern "C" fn(Handle),
    peek: unsafe extern "C" fn(Handle) -> CText,
    error_msg: unsafe extern "C" fn(Handle, *mut usize) -> *const u8,
}

unsafe extern "C" {
    fn official_load(path: *const c_char) -> *const Library;
}

/// Loads the library, and returns whether it is available.
pub fn available() -> bool {
    library().is_some()
}

fn library() -> Option<&'static Library> {
    static LOADED: OnceLock<Option<usize>> = OnceLock::new();
    let address = LOADED.get_or_init(|| {
        let path = CString::new(std::env::var("QUESTDB_OFFICIAL_LIB").ok()?).ok()?;
        // SAFETY: the path ends with a NUL.
        let library = unsafe { official_load(path.as_ptr()) };
        assert!(!library.is_null(), "the official library could not be loaded");
        Some(library as usize)
    });
    // SAFETY: the address is that of a static of c/official.c, which does not change after it was loaded.
    address.map(|address| unsafe { &*(address as *const Library) })
}

/// A buffer of the official C library.
pub struct InOfficial<S: 'static> {
    library: &'static Library,
    version: u8,
    buffer: Handle,
    names: CNames,
    write: WriteRows,
    rows: &'static [S],
    at: usize,
}

impl<S: CShape> InOfficial<S> {
    /// Creates a buffer. `write` is one of the functions of c/official.c for this shape.
    ///
    /// # Panics
    /// If the library is not [`available`].
    pub fn new(version: u8, write: WriteRows, rows: &'static [S]) -> Self {
        let library = library().expect("the official library");
        // SAFETY: the version exists.
        let buffer = unsafe { (library.buffer_new)(version.into()) };
        let names = c_names::<S>(&Collector::of(&rows[..1]));
        InOfficial { library, version, buffer, names, write, rows, at: 0 }
    }

    fn block(&mut self, mut rows: usize) {
        while rows > 0 {
            let some = rows.min(ROWS - self.at);
            let first = self.rows[self.at..self.at + some].as_ptr().cast();
            // SAFETY: that many rows exist, with the layout that this function expects.
            let error = unsafe { (self.write)(self.buffer, &raw const self.names, first, some) };
            if !error.is_null() {
                let mut len = 0;
                // SAFETY: the library returned this error, and the message belongs to it.
                let message = unsafe {
                    std::slice::from_raw_parts((self.library.error_msg)(error, &raw mut len), len)
                };
                panic!("{}", String::from_utf8_lossy(message));
            }
            self.at = (self.at + some) % ROWS;
            rows -= some;
        }
    }

    fn clear(&self) {
        // SAFETY: the buffer is alive.
        unsafe { (self.library.buffer_clear)(self.buffer) }
    }
}

impl<S: CShape> Variant for InOfficial<S> {
    fn run(&mut self, mut rows: usize, emptied: Emptied) {
        while rows > 0 {
            let some = match emptied {
                Emptied::Cleared(each) => {
                    self.clear();
                    each.min(rows)
                }
                Emptied::Replaced(each) => {
                    // SAFETY: the buffer is alive, and is not used again.
                    unsafe {
                        (self.library.buffer_free)(self.buffer);
                        self.buffer = (self.library.buffer_new)(self.version.into());
                    }
                    each.min(rows)
                }
            };
            self.block(some);
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        self.clear();
        self.at = 0;
        self.block(ROWS);
        // SAFETY: the buffer is alive, and its bytes are copied before the next call.
        unsafe {
            let view = (self.library.peek)(self.buffer);
            std::slice::from_raw_parts(view.ptr, view.len).to_vec()
        }
    }
}
