//! `questdb_row_layout_*`, `questdb_buffer_append_*`, `questdb_sender_append_*`: prepared rows.
#![expect(
    unsafe_code,
    reason = "exports functions and reads cells that a C caller tagged with their kind"
)]

use std::ffi::c_char;
use std::ptr;

use client::Buffer;
use client::Result;
use client::internal::{
    self, AppendCells as _, LayoutChecks as _, OwnBuffer as _, QuickCalls as _,
};
use client::table::RowLayout;

use crate::buffer::questdb_buffer;
use crate::cell::{CCells, cell_arrays, questdb_cell};
use crate::column_data::{column_arrays, column_data, questdb_column_data};
use crate::guard::{
    Failed, Handle, State, guard, guard_drop, guard_free, guard_slowly, null_handle, poisoned,
    quick,
};
use crate::one_row::append_one;
use crate::sender::{guard_own, questdb_sender};
use crate::text::{plain_slice, put, required, slice, text};

/// A table and its columns, described once, so that one call appends a whole row.
///
/// Threads: may move between threads; used by one at a time while columns are added, and by any number while rows are appended.
#[derive(Debug)]
pub struct questdb_row_layout {
    state: State,
    layout: RowLayout,
}

impl Handle for questdb_row_layout {
    const NAME: &'static str = "questdb_row_layout";

    fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

/// Makes a layout for a table, without columns. `stamp` is one of `questdb_stamp` and says how rows give their designated
/// timestamp.
///
/// Ownership: `*layout` is yours until `questdb_row_layout_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_row_layout_new(
    table: *const c_char,
    table_len: usize,
    stamp: u32,
    layout: *mut *mut questdb_row_layout,
) -> Failed {
    put(layout, ptr::null_mut());
    guard_free(|| {
        required(layout, "layout")?;
        let mut made = RowLayout::new(text(table, table_len)?)?;
        made.set_timestamp(internal::timestamp_kind(stamp)?);
        put(
            layout,
            Box::into_raw(Box::new(questdb_row_layout { state: State::Fine, layout: made })),
        );
        Ok(())
    })
}

/// Adds a column. `kind` is one of `questdb_column_kind`. Cells are given in the order in which the columns were added; symbols
/// may be added before, after and between other columns.
///
/// Errors: INVALID_NAME, also for a name that was added before; INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED. The layout
/// stays as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_row_layout_add(
    layout: Option<&mut questdb_row_layout>,
    name: *const c_char,
    name_len: usize,
    kind: u32,
) -> Failed {
    guard(layout, |l| {
        let kind = internal::column_kind(kind)?;
        l.layout.add(text(name, name_len)?, kind).map(drop)
    })
}

/// Returns how many columns were added. 0 for NULL.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_row_layout_column_count(layout: Option<&questdb_row_layout>) -> usize {
    layout.map_or(0, |l| l.layout.column_count())
}

/// Frees a layout. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_row_layout_free(layout: Option<Box<questdb_row_layout>>) {
    guard_drop(layout);
}

/// Appends one row: one cell for each column of the layout, in the order in which the columns were added, and the designated
/// timestamp, which is ignored if the layout leaves it to the server.
///
/// Errors: those of the `questdb_buffer_*` calls that build the same row, with the number and the name of the column;
/// INVALID_ARGUMENT also for a wrong number of cells and for a cell of another kind than its column. The buffer stays as it
/// was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_append_row(
    mut buffer: Option<&mut questdb_buffer>,
    layout: Option<&questdb_row_layout>,
    cells: *const questdb_cell,
    cell_count: usize,
    at: i64,
) -> Failed {
    let layout = match ready(layout) {
        Ok(layout) => layout,
        Err(failed) => return failed,
    };
    if let Some(cells) = plain_slice(cells, cell_count)
        && layout.column_count() == cell_count
        && quick(&mut buffer, |b| {
            let at = layout.designated(at);
            b.buffer.quick_cells(layout, &CCells::new(cells, &[]), at)
        })
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        // The count is checked before the cells are read, because a wrong count may be larger than the array.
        layout.check_cells(cell_count)?;
        let cells = slice(cells, cell_count, "cells")?;
        let arrays = cell_arrays(cells)?;
        let at = layout.designated(at);
        append(layout, &mut b.buffer, &CCells::new(cells, &arrays), at)
    })
}

/// Appends a row to the sender's own buffer, like `questdb_buffer_append_row`, then flushes if an `auto_flush_*` limit is
/// reached.
///
/// Errors: those of `questdb_buffer_append_row`, and the buffer stays as it was. Those of `questdb_sender_flush`, and the row
/// is in the buffer: see `questdb_error_row_accepted`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_append_row(
    sender: *mut questdb_sender,
    layout: Option<&questdb_row_layout>,
    cells: *const questdb_cell,
    cell_count: usize,
    at: i64,
) -> Failed {
    let layout = match ready(layout) {
        Ok(layout) => layout,
        Err(failed) => return failed,
    };
    guard_own(sender, |s| {
        // The count is checked before the cells are read, because a wrong count may be larger than the array.
        layout.check_cells(cell_count)?;
        let cells = slice(cells, cell_count, "cells")?;
        let arrays = cell_arrays(cells)?;
        let at = layout.designated(at);
        append(layout, s.own_buffer(), &CCells::new(cells, &arrays), at)?;
        s.row_ended()
    })
}

/// Appends `rows` rows: a column of values for each column of the layout, in the order in which the columns were added, and the
/// designated timestamps at `at`, which is NULL if the layout leaves them to the server. Appends all rows or none.
///
/// Errors: those of `questdb_buffer_append_row`, with the number of the row.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_buffer_append_columns(
    buffer: Option<&mut questdb_buffer>,
    layout: Option<&questdb_row_layout>,
    rows: usize,
    columns: *const questdb_column_data,
    column_count: usize,
    at: *const i64,
) -> Failed {
    let layout = match ready(layout) {
        Ok(layout) => layout,
        Err(failed) => return failed,
    };
    guard(buffer, |b| {
        layout.check_columns(column_count)?;
        let (columns, at) = (slice(columns, column_count, "columns")?, stamps(at, rows)?);
        if rows == 1 && append_one(layout, &mut b.buffer, columns, at) {
            return Ok(());
        }
        let arrays = column_arrays(columns, rows)?;
        b.buffer.append_columns(layout, rows, &column_data(columns, &arrays, rows)?, at)
    })
}

/// Appends rows to the sender's own buffer, like `questdb_buffer_append_columns`, then flushes if an `auto_flush_*` limit is
/// reached.
///
/// Errors: those of `questdb_buffer_append_columns`, and the buffer stays as it was. Those of `questdb_sender_flush`, and the
/// rows are in the buffer: see `questdb_error_row_accepted`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_append_columns(
    sender: *mut questdb_sender,
    layout: Option<&questdb_row_layout>,
    rows: usize,
    columns: *const questdb_column_data,
    column_count: usize,
    at: *const i64,
) -> Failed {
    let layout = match ready(layout) {
        Ok(layout) => layout,
        Err(failed) => return failed,
    };
    guard_own(sender, |s| {
        layout.check_columns(column_count)?;
        let (columns, at) = (slice(columns, column_count, "columns")?, stamps(at, rows)?);
        if rows == 1 && append_one(layout, s.own_buffer(), columns, at) {
            return s.row_ended();
        }
        let arrays = column_arrays(columns, rows)?;
        let columns = column_data(columns, &arrays, rows)?;
        s.append_columns(layout, rows, &columns, at)
    })
}

/// Not inlined, so that the library has one copy of the large loop that writes a row.
#[inline(never)]
pub(crate) fn append(
    layout: &RowLayout,
    buffer: &mut Buffer,
    cells: &CCells<'_>,
    at: Option<i64>,
) -> Result<()> {
    buffer.append_cells(layout, cells, at)
}

/// Returns the layout behind a handle, or an error if the handle is NULL or poisoned.
#[inline]
fn ready(handle: Option<&questdb_row_layout>) -> std::result::Result<&RowLayout, Failed> {
    match handle {
        None => Err(null_handle(questdb_row_layout::NAME)),
        Some(handle) if handle.state == State::Poisoned => Err(poisoned(questdb_row_layout::NAME)),
        Some(handle) => Ok(&handle.layout),
    }
}

unsafe fn stamps<'a>(at: *const i64, rows: usize) -> Result<Option<&'a [i64]>> {
    if at.is_null() { Ok(None) } else { slice(at, rows, "at").map(Some) }
}
