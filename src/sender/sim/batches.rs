//! Batches of Apache Arrow, as another library would hand them over.
#![allow(unsafe_code, reason = "plays the producer of structs")]

use std::collections::VecDeque;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use crate::table::{ArrowArray, ArrowArrayStream, ArrowBatch, ArrowSchema, ArrowStream};

/// What an exported array owns: its memory, which its structs point to.
#[derive(Default)]
struct Owned {
    _values: Vec<i64>,
    buffers: [*const c_void; 2],
    columns: Vec<*mut ArrowArray>,
}

unsafe extern "C" fn release_array(raw: *mut ArrowArray) {
    // SAFETY: these are the pointers that `array` and `exported` made.
    unsafe {
        let owned = Box::from_raw((*raw).private_data.cast::<Owned>());
        for column in owned.columns {
            release_array(column);
            drop(Box::from_raw(column));
        }
        (*raw).release = None;
    }
}

fn exported(length: usize, buffer_count: i64, mut owned: Box<Owned>) -> ArrowArray {
    ArrowArray {
        length: i64::try_from(length).unwrap(),
        n_buffers: buffer_count,
        n_children: i64::try_from(owned.columns.len()).unwrap(),
        buffers: owned.buffers.as_mut_ptr(),
        children: owned.columns.as_mut_ptr(),
        release: Some(release_array),
        private_data: Box::into_raw(owned).cast(),
        ..ArrowArray::released()
    }
}

/// Returns rows at the given microseconds, with the number of the row in column `x`.
fn array(times: &[i64]) -> ArrowArray {
    let column = |values: Vec<i64>| {
        let (length, buffers) = (values.len(), [ptr::null(), values.as_ptr().cast()]);
        let owned = Owned { _values: values, buffers, ..Owned::default() };
        Box::into_raw(Box::new(exported(length, 2, Box::new(owned))))
    };
    let numbers = (0..i64::try_from(times.len()).unwrap()).collect();
    let columns = vec![column(times.to_vec()), column(numbers)];
    exported(times.len(), 1, Box::new(Owned { columns, ..Owned::default() }))
}

unsafe extern "C" fn release_schema(raw: *mut ArrowSchema) {
    // SAFETY: these are the pointers that `schema` made.
    unsafe {
        for column in *Box::from_raw((*raw).private_data.cast::<Vec<*mut ArrowSchema>>()) {
            release_schema(column);
            drop(Box::from_raw(column));
        }
        (*raw).release = None;
    }
}

fn schema() -> ArrowSchema {
    let field = |name: &CStr, format: &CStr, columns: Vec<*mut ArrowSchema>| {
        let mut columns = Box::new(columns);
        ArrowSchema {
            format: format.as_ptr(),
            name: name.as_ptr(),
            n_children: i64::try_from(columns.len()).unwrap(),
            children: columns.as_mut_ptr(),
            release: Some(release_schema),
            private_data: Box::into_raw(columns).cast(),
            ..ArrowSchema::released()
        }
    };
    let column = |name, format| Box::into_raw(Box::new(field(name, format, Vec::new())));
    field(c"", c"+s", vec![column(c"at", c"tsu:"), column(c"x", c"l")])
}

/// Returns a batch of rows at the given microseconds, with the number of the row in column `x`.
pub(super) fn batch_at(times: &[i64]) -> ArrowBatch {
    let (mut array, mut schema) = (array(times), schema());
    // SAFETY: both follow the interface, and the schema is released once.
    unsafe {
        let batch = ArrowBatch::import(&mut array, &schema).unwrap();
        release_schema(&mut schema);
        batch
    }
}

type Batches = VecDeque<ArrowArray>;

unsafe extern "C" fn get_schema(_: *mut ArrowArrayStream, to: *mut ArrowSchema) -> c_int {
    // SAFETY: the caller gives memory for the struct.
    unsafe { to.write(schema()) };
    0
}

unsafe extern "C" fn get_next(raw: *mut ArrowArrayStream, to: *mut ArrowArray) -> c_int {
    // SAFETY: the pointer is the one that `stream_at` made; the caller gives memory for the struct.
    unsafe {
        let batches = &mut *(*raw).private_data.cast::<Batches>();
        to.write(batches.pop_front().unwrap_or(ArrowArray::released()));
    }
    0
}

unsafe extern "C" fn release_stream(raw: *mut ArrowArrayStream) {
    // SAFETY: the pointer is the one that `stream_at` made.
    unsafe {
        for mut batch in *Box::from_raw((*raw).private_data.cast::<Batches>()) {
            release_array(&mut batch);
        }
        (*raw).release = None;
    }
}

/// Returns a stream of such batches.
pub(super) fn stream_at(batches: &[&[i64]]) -> ArrowStream {
    let batches: Batches = batches.iter().map(|times| array(times)).collect();
    let mut raw = ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        release: Some(release_stream),
        private_data: Box::into_raw(Box::new(batches)).cast(),
        ..ArrowArrayStream::released()
    };
    // SAFETY: it follows the interface.
    unsafe { ArrowStream::import(&mut raw) }.unwrap()
}
