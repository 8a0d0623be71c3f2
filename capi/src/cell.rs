//! `questdb_cell`: the values of one prepared row, each tagged with its kind by the caller.
#![expect(unsafe_code, reason = "reads cells that a C caller tagged with their kind")]

use std::ffi::c_void;

use client::internal::{RowCells, collected};
use client::table::Cell;
use client::{ArrayView, Result, Text};

use crate::array::view;
use crate::text::{plain, plain_slice, slice, text};

/// The kind of value that a cell holds.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Nothing: the column is left out of the row.
    Null = 0,
    /// A boolean in `value.i64`: true unless it is 0.
    Bool = 1,
    /// An integer or a timestamp in `value.i64`.
    I64 = 2,
    /// A double in `value.f64`.
    F64 = 3,
    /// `len` bytes of UTF-8 at `value.ptr`: a symbol, a string or the text of a decimal.
    Text = 4,
    /// A `questdb_array` at `value.ptr`.
    Array = 5,
    /// `len` bytes at `value.ptr`: a decimal, as a big-endian two's complement integer that is divided by 10 to the power of
    /// `scale`.
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
    /// DECIMAL: the scale, 0 to 76.
    pub scale: u32,
    /// The value.
    pub value: questdb_cell_value,
    /// TEXT, DECIMAL: the number of bytes at `value.ptr`.
    pub len: usize,
}

/// Returns a view of each cell that holds an array, at the number of the cell. The result is empty, and nothing is allocated,
/// if no cell holds an array.
pub(crate) unsafe fn cell_arrays(cells: &[questdb_cell]) -> Result<Vec<Option<ArrayView<'_>>>> {
    const ARRAY: u32 = CellKind::Array as u32;
    if cells.iter().all(|cell| cell.kind != ARRAY) {
        return Ok(Vec::new());
    }
    let array = |cell: &questdb_cell| match cell.kind {
        ARRAY => {
            // SAFETY: the caller says by the kind that `ptr` was set, to NULL or to one array.
            unsafe { view(cell.value.ptr.cast()) }.map(Some)
        }
        _ => Ok(None),
    };
    collected(cells.iter().map(array), "arrays")
}

/// The cells of a row, and views of those that are arrays for [`RowCells::cell`].
///
/// Invariant, which the caller of [`CCells::new`] vouches for: the kind of each cell says which field of its value was set, and
/// a pointer there is NULL or points to `len` readable bytes, or to one array, for as long as this value lives. Fields that
/// were not set are not read.
pub(crate) struct CCells<'a> {
    cells: &'a [questdb_cell],
    arrays: &'a [Option<ArrayView<'a>>],
}

impl<'a> CCells<'a> {
    /// # Safety
    /// The cells must satisfy the invariant of the type.
    #[inline(always)]
    pub(crate) unsafe fn new(
        cells: &'a [questdb_cell],
        arrays: &'a [Option<ArrayView<'a>>],
    ) -> CCells<'a> {
        CCells { cells, arrays }
    }

    /// Returns the cell at `place`, if it is of this kind.
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
            // SAFETY: the invariant of the type.
            BOOL => Ok(Cell::Bool(unsafe { cell.value.i64 } != 0)),
            // SAFETY: the invariant of the type.
            I64 => Ok(Cell::I64(unsafe { cell.value.i64 })),
            // SAFETY: the invariant of the type.
            F64 => Ok(Cell::F64(unsafe { cell.value.f64 })),
            // SAFETY: the invariant of the type.
            TEXT => Ok(Cell::Text(unsafe { text(cell.value.ptr.cast(), cell.len) }?)),
            ARRAY => {
                let view = self.arrays.get(place).and_then(Option::as_ref);
                Ok(view.map_or(Cell::Null, Cell::Array))
            }
            DECIMAL => Ok(Cell::Decimal {
                scale: cell.scale,
                // SAFETY: the invariant of the type.
                unscaled: unsafe { slice(cell.value.ptr.cast(), cell.len, "decimal") }?,
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
        // SAFETY: the invariant of the type.
        unsafe { plain(cell.value.ptr.cast(), cell.len) }
    }

    #[inline(always)]
    fn bool(&self, place: usize) -> Option<bool> {
        // SAFETY: the invariant of the type.
        self.of_kind(place, CellKind::Bool).map(|cell| unsafe { cell.value.i64 } != 0)
    }

    #[inline(always)]
    fn i64(&self, place: usize) -> Option<i64> {
        // SAFETY: the invariant of the type.
        self.of_kind(place, CellKind::I64).map(|cell| unsafe { cell.value.i64 })
    }

    #[inline(always)]
    fn f64(&self, place: usize) -> Option<f64> {
        // SAFETY: the invariant of the type.
        self.of_kind(place, CellKind::F64).map(|cell| unsafe { cell.value.f64 })
    }

    #[inline(always)]
    fn decimal(&self, place: usize) -> Option<(u32, &[u8])> {
        let cell = self.of_kind(place, CellKind::Decimal)?;
        // SAFETY: the invariant of the type.
        let unscaled = unsafe { plain_slice(cell.value.ptr.cast(), cell.len) }?;
        Some((cell.scale, unscaled))
    }

    #[inline(always)]
    fn array(&self, place: usize) -> Option<ArrayView<'_>> {
        let cell = self.of_kind(place, CellKind::Array)?;
        // SAFETY: the invariant of the type.
        unsafe { view(cell.value.ptr.cast()) }.ok()
    }
}
