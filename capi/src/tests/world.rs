//! The handles that the functions are called on: one of each kind in the right state, and others that must stay unharmed.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "handles that are made here, used by this thread only, and freed once"
)]

use std::ffi::c_int;
use std::ptr;

use client::table::{ArrowArray, ArrowArrayStream, ArrowSchema};

use super::{free_error, told};
use crate::array::questdb_array;
use crate::arrow::*;
use crate::buffer::*;
use crate::cell::*;
use crate::column_data::*;
use crate::config::*;
use crate::error::*;
use crate::guard::Failed;
use crate::layout::*;
use crate::name::*;
use crate::pool::*;
use crate::row::*;
use crate::sender::*;
use crate::transaction::*;

const CONF: &str = "http::addr=127.0.0.1:1;protocol_version=3;retry_timeout=0;auto_flush=off;";

pub(crate) struct World {
    /// A buffer between two rows, with a marker.
    pub(crate) between: *mut questdb_buffer,
    /// A buffer with a complete row and with an open row to which every kind of column can be added.
    pub(crate) open: *mut questdb_buffer,
    pub(crate) config: *mut questdb_config,
    pub(crate) table: *mut questdb_table_name,
    pub(crate) column: *mut questdb_column_name,
    pub(crate) layout: *mut questdb_row_layout,
    pub(crate) arrow: *mut questdb_arrow_options,
    /// A sender whose own buffer has an open row.
    pub(crate) sender: *mut questdb_sender,
    /// A sender whose own buffer is empty.
    pub(crate) idle: *mut questdb_sender,
    /// A sender with an open transaction.
    pub(crate) busy: *mut questdb_sender,
    /// A pool without batches.
    pub(crate) pool: *mut questdb_pool,
    pub(crate) error: Failed,
    pub(crate) out: Out,
    others: Others,
}

/// The out parameters of functions that make something.
pub(crate) struct Out {
    pub(crate) buffer: *mut questdb_buffer,
    pub(crate) config: *mut questdb_config,
    pub(crate) table: *mut questdb_table_name,
    pub(crate) column: *mut questdb_column_name,
    pub(crate) layout: *mut questdb_row_layout,
    pub(crate) arrow: *mut questdb_arrow_options,
    pub(crate) sender: *mut questdb_sender,
    pub(crate) error: *mut questdb_error,
    pub(crate) pool: *mut questdb_pool,
    pub(crate) count: usize,
    pub(crate) handle: isize,
}

struct Others {
    buffer: *mut questdb_buffer,
    sender: *mut questdb_sender,
}

/// Returns a batch without columns and rows.
pub(crate) fn batch() -> (ArrowArray, ArrowSchema) {
    unsafe extern "C" fn release_array(array: *mut ArrowArray) {
        unsafe { (*array).release = None };
    }
    unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
        unsafe { (*schema).release = None };
    }
    let array = ArrowArray { release: Some(release_array), ..ArrowArray::released() };
    let format = c"+s".as_ptr();
    (array, ArrowSchema { format, release: Some(release_schema), ..ArrowSchema::released() })
}

/// Returns a stream without batches, as an array, so that it can be lent for the length of a call.
pub(crate) fn stream() -> [ArrowArrayStream; 1] {
    unsafe extern "C" fn schema(_: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
        unsafe { out.write(batch().1) };
        0
    }
    unsafe extern "C" fn next(_: *mut ArrowArrayStream, _: *mut ArrowArray) -> c_int {
        0
    }
    unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
        unsafe { (*stream).release = None };
    }
    [ArrowArrayStream {
        get_schema: Some(schema),
        get_next: Some(next),
        release: Some(release),
        ..ArrowArrayStream::released()
    }]
}

pub(crate) const SHAPE: &[usize] = &[1];
pub(crate) const DATA: &[u8] = &[0; 8];

pub(crate) fn array() -> questdb_array {
    let (shape, data, data_len) = (SHAPE.as_ptr(), DATA.as_ptr(), DATA.len());
    questdb_array { dims: 1, shape, strides: ptr::null(), data, data_len, origin: 0 }
}

pub(crate) fn cell() -> questdb_cell {
    let value = questdb_cell_value { i64: 1 };
    questdb_cell { kind: CellKind::I64 as u32, scale: 0, value, len: 0 }
}

pub(crate) fn column_data(values: &i64) -> questdb_column_data {
    questdb_column_data {
        kind: ValuesKind::I64 as u32,
        width: 0,
        scale: 0,
        offset_width: 0,
        values: ptr::from_ref(values).cast(),
        first_bit: 0,
        offsets: ptr::null(),
        text: ptr::null(),
        text_len: 0,
        dictionary_len: 0,
        validity: ptr::null(),
        validity_first_bit: 0,
    }
}

pub(crate) fn completion() -> questdb_completion {
    questdb_completion {
        size: size_of::<questdb_completion>(),
        batch: 0,
        user_data: 0,
        rows: 0,
        bytes: 0,
        outcome: 0,
        attempts: 0,
        in_doubt_attempts: 0,
        reserved: 0,
        error: ptr::null_mut(),
        failed_rows: ptr::null_mut(),
    }
}

pub(crate) fn lent_buffer(buffer: *mut questdb_buffer) -> Option<&'static mut questdb_buffer> {
    lent(buffer)
}

fn ok(failed: Failed) {
    assert_eq!(told(failed), None);
}

fn boxed<T>(handle: &mut *mut T) -> Option<Box<T>> {
    let handle = std::mem::replace(handle, ptr::null_mut());
    // SAFETY: NULL or made by a function of this library, and given up here.
    (!handle.is_null()).then(|| unsafe { Box::from_raw(handle) })
}

fn lent<'a, T>(handle: *mut T) -> Option<&'a mut T> {
    // SAFETY: NULL or a living handle; the borrow ends with the call that it is passed to.
    unsafe { handle.as_mut() }
}

fn new_sender() -> *mut questdb_sender {
    let mut sender = ptr::null_mut();
    ok(unsafe { questdb_sender_from_conf(CONF.as_ptr().cast(), CONF.len(), &raw mut sender) });
    sender
}

fn new_buffer() -> *mut questdb_buffer {
    let mut buffer = ptr::null_mut();
    ok(unsafe { questdb_buffer_new(3, &raw mut buffer) });
    buffer
}

fn begin_row(buffer: *mut questdb_buffer) {
    ok(unsafe { questdb_buffer_table(lent(buffer), c"t".as_ptr(), 1) });
    ok(unsafe { questdb_buffer_symbol(lent(buffer), c"s".as_ptr(), 1, c"v".as_ptr(), 1) });
}

impl World {
    pub(crate) fn new() -> World {
        let mut out = Out {
            buffer: ptr::null_mut(),
            config: ptr::null_mut(),
            table: ptr::null_mut(),
            column: ptr::null_mut(),
            layout: ptr::null_mut(),
            arrow: ptr::null_mut(),
            sender: ptr::null_mut(),
            error: ptr::null_mut(),
            pool: ptr::null_mut(),
            count: 0,
            handle: 0,
        };
        let (text, len) = (c"t".as_ptr(), 1);
        ok(unsafe {
            questdb_config_from_conf(CONF.as_ptr().cast(), CONF.len(), &raw mut out.config)
        });
        ok(unsafe { questdb_table_name_new(text, len, &raw mut out.table) });
        ok(unsafe { questdb_column_name_new(text, len, &raw mut out.column) });
        ok(unsafe { questdb_row_layout_new(text, len, 1, &raw mut out.layout) });
        ok(unsafe { questdb_row_layout_add(lent(out.layout), text, len, 3) });
        ok(unsafe { questdb_arrow_options_new(&raw mut out.arrow) });
        ok(unsafe { questdb_arrow_options_table(lent(out.arrow), text, len) });
        ok(questdb_arrow_options_at(lent(out.arrow), 3, 0));
        let (between, open) = (new_buffer(), new_buffer());
        ok(questdb_buffer_set_marker(lent(between)));
        begin_row(open);
        ok(questdb_buffer_at_now(lent(open)));
        begin_row(open);
        let (sender, idle, busy) = (new_sender(), new_sender(), new_sender());
        begin_row(unsafe { questdb_sender_buffer(sender) });
        ok(unsafe { questdb_pool_from_conf(CONF.as_ptr().cast(), CONF.len(), &raw mut out.pool) });
        let pool = std::mem::replace(&mut out.pool, ptr::null_mut());
        ok(unsafe { questdb_sender_begin(busy, text, len) });
        let (config, table, column, layout) = (out.config, out.table, out.column, out.layout);
        out.config = ptr::null_mut();
        out.table = ptr::null_mut();
        out.column = ptr::null_mut();
        out.layout = ptr::null_mut();
        let arrow = std::mem::replace(&mut out.arrow, ptr::null_mut());
        World {
            between,
            open,
            config,
            table,
            column,
            layout,
            arrow,
            sender,
            idle,
            busy,
            pool,
            error: questdb_buffer_at_now(lent(between)),
            out,
            others: Others { buffer: new_buffer(), sender: new_sender() },
        }
    }

    pub(crate) fn between(&self) -> Option<&'static mut questdb_buffer> {
        lent(self.between)
    }

    pub(crate) fn open(&self) -> Option<&'static mut questdb_buffer> {
        lent(self.open)
    }

    pub(crate) fn config(&self) -> Option<&'static mut questdb_config> {
        lent(self.config)
    }

    pub(crate) fn layout(&self) -> Option<&'static mut questdb_row_layout> {
        lent(self.layout)
    }

    pub(crate) fn arrow(&self) -> Option<&'static mut questdb_arrow_options> {
        lent(self.arrow)
    }

    pub(crate) fn table(&self) -> Option<&'static questdb_table_name> {
        lent(self.table).map(|name| &*name)
    }

    pub(crate) fn column(&self) -> Option<&'static questdb_column_name> {
        lent(self.column).map(|name| &*name)
    }

    pub(crate) fn drain_pool(&self) -> Failed {
        unsafe { questdb_pool_drain(self.pool, 0) }
    }

    pub(crate) fn flush_sender(&self) -> Failed {
        unsafe { questdb_sender_flush_own(self.idle) }
    }

    /// Asserts that a call that panicked while making something left every out parameter NULL.
    pub(crate) fn assert_nothing_made(&self, name: &str) {
        let out = &self.out;
        let nothing = out.buffer.is_null()
            && out.config.is_null()
            && out.table.is_null()
            && out.column.is_null()
            && out.layout.is_null()
            && out.arrow.is_null()
            && out.sender.is_null()
            && out.pool.is_null()
            && out.error.is_null();
        assert!(nothing, "{name}: an out parameter was set in spite of the panic");
    }

    pub(crate) fn assert_others_unharmed(&self, name: &str) {
        let calls = unsafe {
            [
                questdb_buffer_table(lent(self.others.buffer), c"t".as_ptr(), 1),
                questdb_buffer_column_i64(lent(self.others.buffer), c"x".as_ptr(), 1, 1),
                questdb_buffer_at_now(lent(self.others.buffer)),
                questdb_sender_flush_own(self.others.sender),
            ]
        };
        for failed in calls {
            assert_eq!(told(failed), None, "{name}: another handle was harmed");
        }
    }

    pub(crate) fn free_config(&mut self) {
        questdb_config_free(boxed(&mut self.config));
    }

    pub(crate) fn free_table(&mut self) {
        questdb_table_name_free(boxed(&mut self.table));
    }

    pub(crate) fn free_column(&mut self) {
        questdb_column_name_free(boxed(&mut self.column));
    }

    pub(crate) fn free_layout(&mut self) {
        questdb_row_layout_free(boxed(&mut self.layout));
    }

    pub(crate) fn free_arrow(&mut self) {
        questdb_arrow_options_free(boxed(&mut self.arrow));
    }

    pub(crate) fn free_sender(&mut self) {
        questdb_sender_free(boxed(&mut self.sender));
    }

    pub(crate) fn free_pool(&mut self) {
        questdb_pool_free(boxed(&mut self.pool));
    }

    pub(crate) fn free_buffer(&mut self) {
        unsafe { questdb_buffer_free(std::mem::replace(&mut self.open, ptr::null_mut())) };
    }
}

/// Frees every handle, poisoned or not.
impl Drop for World {
    fn drop(&mut self) {
        self.free_config();
        self.free_table();
        self.free_column();
        self.free_layout();
        self.free_arrow();
        self.free_sender();
        self.free_buffer();
        self.free_pool();
        questdb_pool_free(boxed(&mut self.out.pool));
        unsafe { questdb_buffer_free(self.between) };
        unsafe { questdb_buffer_free(self.others.buffer) };
        unsafe { questdb_buffer_free(self.out.buffer) };
        for sender in
            [&mut self.idle, &mut self.busy, &mut self.others.sender, &mut self.out.sender]
        {
            questdb_sender_free(boxed(sender));
        }
        questdb_config_free(boxed(&mut self.out.config));
        questdb_table_name_free(boxed(&mut self.out.table));
        questdb_column_name_free(boxed(&mut self.out.column));
        questdb_row_layout_free(boxed(&mut self.out.layout));
        questdb_arrow_options_free(boxed(&mut self.out.arrow));
        free_error(self.error.take());
        free_error(boxed(&mut self.out.error));
    }
}
