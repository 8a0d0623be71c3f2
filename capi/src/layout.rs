//! `questdb_row_layout_*`, `questdb_buffer_append_*`, `questdb_sender_append_*`: prepared rows.
#![expect(
    unsafe_code,
    reason = "exports functions and reads cells that a C caller tagged with their kind"
)]

use std::ffi::{c_char, c_void};
use std::ptr;

use crate::array::view;
use crate::buffer::questdb_buffer;
use crate::column_data::{column_arrays, column_data};
use crate::guard::{
    Failed, Handle, State, guard, guard_drop, guard_free, guard_slowly, null_handle, poisoned,
    quick,
};
use crate::sender::{guard_own, questdb_sender};
use crate::text::{plain, plain_slice, put, required, slice, text};
use client::Result;
use client::Text;
use client::internal::collected;
use client::internal::{
    self, AppendCells as _, LayoutChecks as _, OwnBuffer as _, QuickCalls as _, RowCells,
};
use client::table::{Cell, RowLayout};
use client::{ArrayView, Buffer};

/// A table and its columns, named once: whole rows are then appended by one call.
///
/// Threads: may move between threads; one at a time while columns are added, any number while rows are appended.
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

/// What a cell holds.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Nothing: the column is left out of the row.
    Null = 0,
    /// `value.i64`, true unless 0.
    Bool = 1,
    /// `value.i64`; also for timestamps.
    I64 = 2,
    /// `value.f64`.
    F64 = 3,
    /// `len` bytes of UTF-8 at `value.ptr`: a symbol, a string or the text of a decimal.
    Text = 4,
    /// A `questdb_array` at `value.ptr`.
    Array = 5,
    /// `len` bytes at `value.ptr`: a big-endian two's complement integer over 10 to the power of `scale`.
    Decimal = 6,
}

/// The value of a cell.
#[repr(C)]
#[derive(Clone, Copy)]
pub union questdb_cell_value {
    /// Booleans, integers and timestamps.
    pub i64: i64,
    /// Doubles.
    pub f64: f64,
    /// Text, arrays and decimals.
    pub ptr: *const c_void,
}

impl std::fmt::Debug for questdb_cell_value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("questdb_cell_value")
    }
}

/// One value of a row. 24 bytes on 64-bit platforms; the layout of this struct is frozen.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_cell {
    /// One of `questdb_cell_kind`.
    pub kind: u32,
    /// DECIMAL: 0 to 76.
    pub scale: u32,
    /// The value.
    pub value: questdb_cell_value,
    /// TEXT, DECIMAL: bytes at `value.ptr`.
    pub len: usize,
}

/// How the values of a column lie in memory.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuesKind {
    /// Booleans, one byte each at `values`, true unless 0.
    Bytes = 1,
    /// Booleans, one bit each at `values`, the lowest of each byte first, from bit `first_bit`.
    Bits = 2,
    /// `int64_t` at `values`: integers and timestamps.
    I64 = 3,
    /// `double` at `values`.
    F64 = 4,
    /// Text `i` is `text[offsets[i] .. offsets[i + 1]]`; `offsets` has one entry more than there are rows.
    Text = 5,
    /// Row `i` has text number `values[i]`, an integer of `width` bytes, of the `dictionary_len` texts at `offsets` and
    /// `text`.
    Dictionary = 6,
    /// `questdb_array` at `values`.
    Arrays = 7,
    /// Big-endian two's complement integers of `width` bytes at `values`, over 10 to the power of `scale`.
    Decimals = 8,
}

/// The values of one column, one per row. Fields that a kind does not name are not looked at. The layout of this struct is
/// frozen.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_column_data {
    /// One of `questdb_values_kind`.
    pub kind: u32,
    /// DICTIONARY: bytes of a code, 1, 2, 4 or 8. DECIMALS: bytes of a value, at most 32.
    pub width: u32,
    /// DECIMALS: 0 to 76.
    pub scale: u32,
    /// TEXT, DICTIONARY: bytes of an offset, 4 or 8.
    pub offset_width: u32,
    /// The values.
    pub values: *const c_void,
    /// BITS: the bit of the first row.
    pub first_bit: usize,
    /// TEXT, DICTIONARY: where each text begins, and where the last ends.
    pub offsets: *const c_void,
    /// TEXT, DICTIONARY: UTF-8.
    pub text: *const u8,
    /// TEXT, DICTIONARY: bytes at `text`.
    pub text_len: usize,
    /// DICTIONARY: number of texts.
    pub dictionary_len: usize,
    /// One bit per row, the lowest of each byte first, set where there is a value. NULL: every row has one.
    pub validity: *const u8,
    /// The bit of the first row at `validity`.
    pub validity_first_bit: usize,
}

/// Begins a layout: a table without columns. `stamp` is one of `questdb_stamp`: how rows give their designated timestamp.
///
/// Ownership: `*layout` is yours until `questdb_row_layout_free`; NULL after an error.
/// Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_row_layout_new(
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

/// Adds a column. `kind` is one of `questdb_column_kind`. Cells are given in the order in which columns were added; symbols
/// may be added anywhere.
///
/// Errors: INVALID_NAME, also for a name that was added before; INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED. The layout
/// stays as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_row_layout_add(
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

/// How many columns were added. 0 for NULL.
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

/// Appends one row: a cell for each column of the layout, in the order in which they were added, and the designated
/// timestamp, which is not looked at if the layout leaves it to the server.
///
/// Errors: those of the `questdb_buffer_*` calls that make the same row, with the number and the name of the column;
/// INVALID_ARGUMENT also for a wrong number of cells or a cell of another kind than its column. The buffer stays as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_append_row(
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
            b.buffer.quick_cells(layout, &CCells { cells, arrays: &[] }, at)
        })
    {
        return None;
    }
    guard_slowly(buffer, move |b| {
        // Before the cells are read: the count may be a mistake.
        layout.check_cells(cell_count)?;
        let cells = slice(cells, cell_count, "cells")?;
        let arrays = cell_arrays(cells)?;
        let at = layout.designated(at);
        append(layout, &mut b.buffer, &CCells { cells, arrays: &arrays }, at)
    })
}

/// As `questdb_buffer_append_row` on the sender's own buffer, then flushes if an `auto_flush_*` limit is reached.
///
/// Errors: as `questdb_buffer_append_row`, the buffer stays as it was. Those of `questdb_sender_flush`: the row is in the
/// buffer, see `questdb_error_row_accepted`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_sender_append_row(
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
        // Before the cells are read: the count may be a mistake.
        layout.check_cells(cell_count)?;
        let cells = slice(cells, cell_count, "cells")?;
        let arrays = cell_arrays(cells)?;
        let at = layout.designated(at);
        append(layout, s.own_buffer(), &CCells { cells, arrays: &arrays }, at)?;
        s.row_ended()
    })
}

/// Appends `rows` rows: a column of values for each column of the layout, in the order in which they were added, and at `at`
/// the designated timestamps, NULL if the layout leaves them to the server. All rows are appended or none.
///
/// Errors: as `questdb_buffer_append_row`, with the number of the row.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_buffer_append_columns(
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
        let arrays = column_arrays(columns, rows)?;
        b.buffer.append_columns(layout, rows, &column_data(columns, &arrays, rows)?, at)
    })
}

/// As `questdb_buffer_append_columns` on the sender's own buffer, then flushes if an `auto_flush_*` limit is reached.
///
/// Errors: as `questdb_buffer_append_columns`, the buffer stays as it was. Those of `questdb_sender_flush`: the rows are in
/// the buffer, see `questdb_error_row_accepted`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_sender_append_columns(
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
        let arrays = column_arrays(columns, rows)?;
        let columns = column_data(columns, &arrays, rows)?;
        s.append_columns(layout, rows, &columns, at)
    })
}

/// Once in the library: the loop that writes a row is large.
#[inline(never)]
fn append(
    layout: &RowLayout,
    buffer: &mut Buffer,
    cells: &CCells<'_>,
    at: Option<i64>,
) -> Result<()> {
    buffer.append_cells(layout, cells, at)
}

/// The layout behind a handle that is neither NULL nor poisoned.
#[inline]
fn ready(handle: Option<&questdb_row_layout>) -> std::result::Result<&RowLayout, Failed> {
    match handle {
        None => Err(null_handle(questdb_row_layout::NAME)),
        Some(handle) if handle.state == State::Poisoned => Err(poisoned(questdb_row_layout::NAME)),
        Some(handle) => Ok(&handle.layout),
    }
}

fn stamps<'a>(at: *const i64, rows: usize) -> Result<Option<&'a [i64]>> {
    if at.is_null() { Ok(None) } else { slice(at, rows, "at").map(Some) }
}

/// Views of the cells that hold arrays, by their number; empty, and without an allocation, if there is none.
fn cell_arrays(cells: &[questdb_cell]) -> Result<Vec<Option<ArrayView<'_>>>> {
    const ARRAY: u32 = CellKind::Array as u32;
    if cells.iter().all(|cell| cell.kind != ARRAY) {
        return Ok(Vec::new());
    }
    let array = |cell: &questdb_cell| match cell.kind {
        ARRAY => {
            // SAFETY: the caller says by the kind that `ptr` was set, to NULL or to one array.
            view(unsafe { cell.value.ptr }.cast()).map(Some)
        }
        _ => Ok(None),
    };
    collected(cells.iter().map(array), "arrays")
}

/// The cells of a row and, for [`RowCells::cell`], views of those that are arrays.
struct CCells<'a> {
    cells: &'a [questdb_cell],
    arrays: &'a [Option<ArrayView<'a>>],
}

impl CCells<'_> {
    /// The cell at `place`, if it is of this kind.
    #[inline(always)]
    fn of_kind(&self, place: usize, kind: CellKind) -> Option<&questdb_cell> {
        self.cells.get(place).filter(|cell| cell.kind == kind as u32)
    }
}

impl RowCells for CCells<'_> {
    fn cell(&self, place: usize) -> Result<Cell<'_>> {
        const NULL: u32 = CellKind::Null as u32;
        const BOOL: u32 = CellKind::Bool as u32;
        const I64: u32 = CellKind::I64 as u32;
        const F64: u32 = CellKind::F64 as u32;
        const TEXT: u32 = CellKind::Text as u32;
        const ARRAY: u32 = CellKind::Array as u32;
        const DECIMAL: u32 = CellKind::Decimal as u32;
        let cell = &self.cells[place];
        match cell.kind {
            NULL => Ok(Cell::Null),
            // SAFETY: here and below the caller says by the kind which field was set; fields that were not are not read.
            BOOL => Ok(Cell::Bool(unsafe { cell.value.i64 } != 0)),
            // SAFETY: see above.
            I64 => Ok(Cell::I64(unsafe { cell.value.i64 })),
            // SAFETY: see above.
            F64 => Ok(Cell::F64(unsafe { cell.value.f64 })),
            // SAFETY: see above.
            TEXT => Ok(Cell::Text(text(unsafe { cell.value.ptr }.cast(), cell.len)?)),
            ARRAY => {
                let view = self.arrays.get(place).and_then(Option::as_ref);
                Ok(view.map_or(Cell::Null, Cell::Array))
            }
            DECIMAL => Ok(Cell::Decimal {
                scale: cell.scale,
                // SAFETY: see above.
                unscaled: slice(unsafe { cell.value.ptr }.cast(), cell.len, "decimal")?,
            }),
            other => Err(err!(InvalidArgument, "cell {place}: {other} is not a kind of cell")),
        }
    }

    #[inline(always)]
    fn is_null(&self, place: usize) -> bool {
        self.of_kind(place, CellKind::Null).is_some()
    }

    #[inline(always)]
    fn text(&self, place: usize) -> Option<Text<'_>> {
        let cell = self.of_kind(place, CellKind::Text)?;
        // SAFETY: as in `cell`, here and below.
        plain(unsafe { cell.value.ptr }.cast(), cell.len)
    }

    #[inline(always)]
    fn bool(&self, place: usize) -> Option<bool> {
        // SAFETY: see above.
        self.of_kind(place, CellKind::Bool).map(|cell| unsafe { cell.value.i64 } != 0)
    }

    #[inline(always)]
    fn i64(&self, place: usize) -> Option<i64> {
        // SAFETY: see above.
        self.of_kind(place, CellKind::I64).map(|cell| unsafe { cell.value.i64 })
    }

    #[inline(always)]
    fn f64(&self, place: usize) -> Option<f64> {
        // SAFETY: see above.
        self.of_kind(place, CellKind::F64).map(|cell| unsafe { cell.value.f64 })
    }

    #[inline(always)]
    fn decimal(&self, place: usize) -> Option<(u32, &[u8])> {
        let cell = self.of_kind(place, CellKind::Decimal)?;
        // SAFETY: see above.
        let unscaled = plain_slice(unsafe { cell.value.ptr }.cast(), cell.len)?;
        Some((cell.scale, unscaled))
    }

    #[inline(always)]
    fn array(&self, place: usize) -> Option<ArrayView<'_>> {
        // SAFETY: see above.
        let array = self.of_kind(place, CellKind::Array).map(|cell| unsafe { cell.value.ptr })?;
        view(array.cast()).ok()
    }
}
