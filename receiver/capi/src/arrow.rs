//! Exports rows by Arrow's C stream interface: arrays and schemas that own their memory until they are released.
#![expect(unsafe_code, reason = "fills structs of C and is called back by whoever reads them")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

use receiver::internal::{ArrowColumn, ArrowRows, ArrowType};

use crate::error::{Result, c_text};
use crate::guard::{guard_drop, guard_free};

/// What the callbacks return where they fail: `EINVAL` of every system.
const EINVAL: c_int = 22;
const NULLABLE: i64 = 2;

/// The type of an array, in Arrow's C data interface.
///
/// Invariant: while `release` is set, `private_data` is a box of [`SchemaOwner`] that holds all memory that the struct points to.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// The values of an array, in Arrow's C data interface.
///
/// Invariant: while `release` is set, `private_data` is a box of [`ArrayOwner`] that holds all memory that the struct points to.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// A sequence of arrays, in Arrow's C stream interface.
///
/// Invariant: while `release` is set, `private_data` is a box of [`StreamOwner`].
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

impl ArrowArrayStream {
    /// Returns a stream that holds nothing.
    pub(crate) fn released() -> ArrowArrayStream {
        ArrowArrayStream {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: ptr::null_mut(),
        }
    }

    /// Releases the stream if it holds anything.
    #[cfg(test)]
    pub(crate) fn release_if_made(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: a stream that was not released yet.
            unsafe { release(self) }
        }
    }
}

/// What a schema points to. Children and dictionary are boxed, so that they stay where they are.
struct SchemaOwner {
    format: CString,
    name: CString,
    children: Owned<ArrowSchema>,
    dictionary: Owned<ArrowSchema>,
}

/// What an array points to.
struct ArrayOwner {
    column: ArrowColumn,
    buffers: Vec<*const c_void>,
    children: Owned<ArrowArray>,
    dictionary: Owned<ArrowArray>,
}

struct StreamOwner {
    rows: ArrowRows,
    last_error: CString,
}

/// A struct of C that is released by a call.
trait Release: Sized {
    fn release(&mut self);
}

impl Release for ArrowSchema {
    fn release(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the struct is not released yet, so its producer's function may be called once, and clears `release`.
            unsafe { release(self) }
        }
    }
}

impl Release for ArrowArray {
    fn release(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: as for a schema.
            unsafe { release(self) }
        }
    }
}

/// Pointers to boxed structs.
///
/// Invariant: each pointer came from `Box::into_raw` and is given back to a box only when this is dropped. A consumer may move a
/// struct out, which clears its `release`, but the box stays.
struct Owned<T: Release>(Vec<*mut T>);

impl<T: Release> Owned<T> {
    fn new(structs: impl Iterator<Item = T>) -> Owned<T> {
        Owned(structs.map(|s| Box::into_raw(Box::new(s))).collect())
    }

    /// Returns the number of pointers and where they are.
    fn as_c(&mut self) -> (i64, *mut *mut T) {
        let len = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        (len, if self.0.is_empty() { ptr::null_mut() } else { self.0.as_mut_ptr() })
    }

    fn first(&self) -> *mut T {
        self.0.first().copied().unwrap_or(ptr::null_mut())
    }
}

impl<T: Release> Drop for Owned<T> {
    fn drop(&mut self) {
        for pointer in self.0.drain(..) {
            // SAFETY: by the invariant this is the only box of the struct, and nobody uses the pointer after the owner.
            let mut owned = unsafe { Box::from_raw(pointer) };
            owned.release();
        }
    }
}

fn schema(of: &ArrowType) -> ArrowSchema {
    let mut owner = Box::new(SchemaOwner {
        format: c_text(&of.format),
        name: c_text(&of.name),
        children: Owned::new(of.children.iter().map(schema)),
        dictionary: Owned::new(of.dictionary.iter().map(|d| schema(d))),
    });
    let (n_children, children) = owner.children.as_c();
    ArrowSchema {
        format: owner.format.as_ptr(),
        name: owner.name.as_ptr(),
        metadata: ptr::null(),
        flags: NULLABLE,
        n_children,
        children,
        dictionary: owner.dictionary.first(),
        release: Some(release_schema),
        private_data: Box::into_raw(owner).cast(),
    }
}

fn array(mut column: ArrowColumn) -> ArrowArray {
    let children = std::mem::take(&mut column.children);
    let dictionary = column.dictionary.take();
    let pointer = |buffer: &Option<receiver::internal::ArrowBuffer>| {
        buffer.as_ref().map_or(ptr::null(), |buffer| buffer.as_ptr().cast::<c_void>())
    };
    let buffers = column.buffers.iter().map(pointer).collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (length, null_count) = (count(column.rows), count(column.nulls));
    let mut owner = Box::new(ArrayOwner {
        column,
        buffers,
        children: Owned::new(children.into_iter().map(array)),
        dictionary: Owned::new(dictionary.into_iter().map(|d| array(*d))),
    });
    let (n_children, children) = owner.children.as_c();
    ArrowArray {
        length,
        null_count,
        offset: 0,
        n_buffers: count(owner.column.buffers.len()),
        n_children,
        buffers: owner.buffers.as_mut_ptr(),
        children,
        dictionary: owner.dictionary.first(),
        release: Some(release_array),
        private_data: Box::into_raw(owner).cast(),
    }
}

/// Returns the rows as a stream.
pub(crate) fn export(rows: ArrowRows) -> ArrowArrayStream {
    let owner = Box::new(StreamOwner { rows, last_error: CString::default() });
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(owner).cast(),
    }
}

/// Runs a callback of a stream, and remembers why it failed.
unsafe fn call(
    stream: *mut ArrowArrayStream,
    work: impl FnOnce(&mut StreamOwner) -> Result<()>,
) -> c_int {
    // SAFETY: by the stream's invariant, since callbacks of a released stream must not be called, and one thread calls at a time.
    let owner = unsafe { &mut *(*stream).private_data.cast::<StreamOwner>() };
    match guard_free(|| work(owner)) {
        None => 0,
        Some(error) => {
            owner.last_error = error.into_message();
            EINVAL
        }
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the caller gives its stream, and a place for a schema that is not read.
    unsafe {
        call(stream, |owner| {
            out.write(schema(owner.rows.schema()));
            Ok(())
        })
    }
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: the caller gives its stream, and a place for an array that is not read. An array of zeros is a released one, which
    // marks the end.
    unsafe {
        call(stream, |owner| {
            match owner.rows.next_batch()? {
                Some(batch) => out.write(array(batch)),
                None => out.write_bytes(0, 1),
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    // SAFETY: as in `call`.
    let owner = unsafe { &*(*stream).private_data.cast::<StreamOwner>() };
    if owner.last_error.is_empty() { ptr::null() } else { owner.last_error.as_ptr() }
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: a stream is released once, by the one who owns it; its box is given back here.
    unsafe {
        guard_drop(Box::from_raw((*stream).private_data.cast::<StreamOwner>()));
        (*stream).release = None;
        (*stream).private_data = ptr::null_mut();
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: as for a stream.
    unsafe {
        guard_drop(Box::from_raw((*schema).private_data.cast::<SchemaOwner>()));
        (*schema).release = None;
        (*schema).private_data = ptr::null_mut();
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as for a stream.
    unsafe {
        guard_drop(Box::from_raw((*array).private_data.cast::<ArrayOwner>()));
        (*array).release = None;
        (*array).private_data = ptr::null_mut();
    }
}
