//! Batches of Arrow with mistakes that the importer can see.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use questdb_ingress::table::{ArrowArray, ArrowArrayStream, ArrowSchema};

use crate::Input;

const FORMATS: [&CStr; 12] =
    [c"l", c"L", c"g", c"u", c"U", c"tss:", c"n", c"c", c"d:5,2", c"+m", c"e", c"b"];
const ROWS: usize = 8;

/// A batch with one column. It must stay where it is until its array and its schema were released.
pub struct Batch {
    pub array: ArrowArray,
    pub schema: ArrowSchema,
    pub column: ArrowArray,
    pub kind: ArrowSchema,
    /// Long enough for any number of rows that a batch here has.
    values: [i64; 4 * ROWS],
    text: [u8; 64],
    buffers: [*const c_void; 3],
    children: [*mut ArrowArray; 1],
    kinds: [*mut ArrowSchema; 1],
    pub released: usize,
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: the batch lives until its array was released.
    unsafe {
        (*(*array).private_data.cast::<Batch>()).released += 1;
        (*array).release = None;
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the schema is alive.
    unsafe { (*schema).release = None };
}

impl Batch {
    pub fn new(input: &mut Input<'_>) -> Box<Batch> {
        let mut batch = Box::new(Batch {
            array: ArrowArray::released(),
            schema: ArrowSchema::released(),
            column: ArrowArray::released(),
            kind: ArrowSchema::released(),
            values: [0; 4 * ROWS],
            text: *b"some text that is cut into pieces, with \xC3\xA4 and \xFF in it; 64 bytes",
            buffers: [ptr::null(); 3],
            children: [ptr::null_mut()],
            kinds: [ptr::null_mut()],
            released: 0,
        });
        let format = FORMATS[input.below(FORMATS.len())];
        let rows = input.below(ROWS) as i64;
        for value in &mut batch.values {
            // As offsets these stay within the text, or are negative.
            *value = if format == c"u" {
                let pair =
                    [input.below(60) as i32 - 2, input.below(60) as i32 - 2].map(i32::to_ne_bytes);
                i64::from_ne_bytes(pair.concat().try_into().unwrap_or([0; 8]))
            } else if format == c"U" {
                input.below(60) as i64 - 2
            } else {
                input.integer()
            };
        }
        let this = &raw mut *batch;
        batch.buffers = [ptr::null(), batch.values.as_ptr().cast(), batch.text.as_ptr().cast()];
        if input.flag() {
            batch.buffers[0] = batch.text.as_ptr().cast();
        }
        if input.below(16) == 0 {
            batch.buffers[1] = ptr::null();
        }
        let buffers = match format.to_bytes() {
            b"u" | b"U" => 3,
            b"n" => 0,
            _ => 2,
        };
        batch.column = ArrowArray {
            length: if input.below(16) == 0 { input.integer().min(8) } else { rows },
            offset: if input.below(16) == 0 { input.integer().clamp(-1, 7) } else { 0 },
            null_count: input.below(3) as i64 - 1,
            n_buffers: if input.below(16) == 0 { input.below(5) as i64 - 1 } else { buffers },
            buffers: batch.buffers.as_mut_ptr(),
            release: Some(release_array),
            private_data: this.cast(),
            ..ArrowArray::released()
        };
        batch.kind = ArrowSchema {
            format: format.as_ptr(),
            name: if input.below(8) == 0 { ptr::null() } else { c"x".as_ptr() },
            release: Some(release_schema),
            ..ArrowSchema::released()
        };
        batch.children = [&raw mut batch.column];
        batch.kinds = [&raw mut batch.kind];
        batch.array = ArrowArray {
            length: rows,
            n_children: if input.below(16) == 0 { input.below(4) as i64 - 1 } else { 1 },
            // The validity of the rows.
            n_buffers: 1,
            buffers: batch.buffers.as_mut_ptr(),
            children: batch.children.as_mut_ptr(),
            release: Some(release_array),
            private_data: this.cast(),
            ..ArrowArray::released()
        };
        batch.schema = ArrowSchema {
            format: c"+s".as_ptr(),
            n_children: 1,
            children: batch.kinds.as_mut_ptr(),
            release: Some(release_schema),
            ..ArrowSchema::released()
        };
        batch
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the batch lives as long as the stream.
    unsafe {
        let batch = &*(*stream).private_data.cast::<Batch>();
        out.write(ptr::read(&batch.schema));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: the batch lives as long as the stream, and each of its batches.
    unsafe {
        let batch = &mut *(*stream).private_data.cast::<Batch>();
        if batch.array.release.is_some() {
            out.write(ptr::replace(&mut batch.array, ArrowArray::released()));
        }
    }
    0
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: the stream is alive.
    unsafe { (*stream).release = None };
}

/// Returns a stream that gives the batch once. It must not outlive the batch.
pub fn stream_of(batch: &mut Batch) -> ArrowArrayStream {
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        release: Some(release_stream),
        private_data: ptr::from_mut(batch).cast(),
        ..ArrowArrayStream::released()
    }
}
