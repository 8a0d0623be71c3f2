//! Columns that hold a single row, as the cells of that row: preparing columns pays for many rows only.
#![expect(unsafe_code, reason = "reads memory that a C caller describes by pointer and length")]

use std::ffi::c_void;

use client::Buffer;
use client::internal::LayoutChecks as _;
use client::table::RowLayout;

use crate::cell::{CCells, CellKind, cell_arrays, questdb_cell, questdb_cell_value};
use crate::column_data::{ValuesKind, questdb_column_data};
use crate::layout::append;
use crate::text::plain_slice;

/// Rows of more columns are prepared.
const MOST: usize = 32;

/// Appends the only row of the columns. Returns false and changes nothing if that needs a way that tells what is wrong, or that takes
/// rare forms.
pub(crate) unsafe fn append_one(
    layout: &RowLayout,
    buffer: &mut Buffer,
    columns: &[questdb_column_data],
    at: Option<&[i64]>,
) -> bool {
    let mut room = [cell(CellKind::Null, questdb_cell_value { i64: 0 }); MOST];
    let Some(cells) = room.get_mut(..columns.len()) else { return false };
    for (place, (cell, column)) in cells.iter_mut().zip(columns).enumerate() {
        match cell_of(layout, place, column) {
            Some(found) => *cell = found,
            None => return false,
        }
    }
    let cells = &*cells;
    let Ok(arrays) = cell_arrays(cells) else { return false };
    let at = at.and_then(<[i64]>::first).copied();
    append(layout, buffer, &CCells::new(cells, &arrays), at).is_ok()
}

fn cell(kind: CellKind, value: questdb_cell_value) -> questdb_cell {
    questdb_cell { kind: kind as u32, scale: 0, value, len: 0 }
}

fn pointer(kind: CellKind, ptr: *const c_void, len: usize) -> questdb_cell {
    questdb_cell { len, ..cell(kind, questdb_cell_value { ptr }) }
}

/// Returns the first value of a column.
unsafe fn cell_of(
    layout: &RowLayout,
    place: usize,
    column: &questdb_column_data,
) -> Option<questdb_cell> {
    const BYTES: u32 = ValuesKind::Bytes as u32;
    const BITS: u32 = ValuesKind::Bits as u32;
    const I64: u32 = ValuesKind::I64 as u32;
    const F64: u32 = ValuesKind::F64 as u32;
    const TEXT: u32 = ValuesKind::Text as u32;
    const DICTIONARY: u32 = ValuesKind::Dictionary as u32;
    const ARRAYS: u32 = ValuesKind::Arrays as u32;
    const DECIMALS: u32 = ValuesKind::Decimals as u32;
    let values = column.values;
    let found = match column.kind {
        I64 => cell(CellKind::I64, questdb_cell_value { i64: first(values)? }),
        F64 => cell(CellKind::F64, questdb_cell_value { f64: first(values)? }),
        BYTES => bool_cell(first::<u8>(values)? != 0),
        BITS => bool_cell(bit(values.cast(), column.first_bit)?),
        TEXT => text_cell(column, 0, 1)?,
        // A decimal may be a text of its own, and no text of a dictionary.
        DICTIONARY if layout.takes_dictionary(place) => {
            text_cell(column, code(column)?, column.dictionary_len)?
        }
        ARRAYS if !values.is_null() && values.cast::<usize>().is_aligned() => {
            pointer(CellKind::Array, values, 0)
        }
        DECIMALS if column.width > 0 && !values.is_null() => questdb_cell {
            scale: column.scale,
            ..pointer(CellKind::Decimal, values, column.width as usize)
        },
        _ => return None,
    };
    // The values of a row without one are checked as well, as those of many rows are.
    let is_null = !column.validity.is_null() && !bit(column.validity, column.validity_first_bit)?;
    Some(if is_null { cell(CellKind::Null, questdb_cell_value { i64: 0 }) } else { found })
}

fn bool_cell(value: bool) -> questdb_cell {
    cell(CellKind::Bool, questdb_cell_value { i64: value.into() })
}

unsafe fn first<T: Copy>(values: *const c_void) -> Option<T> {
    plain_slice(values.cast::<T>(), 1)?.first().copied()
}

unsafe fn bit(bits: *const u8, number: usize) -> Option<bool> {
    let bytes = plain_slice(bits, number.checked_add(8)? / 8)?;
    Some(bytes.last()? >> (number % 8) & 1 == 1)
}

unsafe fn code(column: &questdb_column_data) -> Option<usize> {
    match column.width {
        1 => first::<u8>(column.values).map(usize::from),
        2 => first::<u16>(column.values).map(usize::from),
        4 => first::<u32>(column.values)?.try_into().ok(),
        8 => first::<u64>(column.values)?.try_into().ok(),
        _ => None,
    }
}

/// Returns the text with this number of `count` texts.
unsafe fn text_cell(
    column: &questdb_column_data,
    number: usize,
    count: usize,
) -> Option<questdb_cell> {
    if number >= count {
        return None;
    }
    let [begin, end]: [usize; 2] = match column.offset_width {
        4 => {
            let offsets = plain_slice(column.offsets.cast::<i32>(), count.checked_add(1)?)?;
            [offsets[number].try_into().ok()?, offsets[number + 1].try_into().ok()?]
        }
        8 => {
            let offsets = plain_slice(column.offsets.cast::<i64>(), count.checked_add(1)?)?;
            [offsets[number].try_into().ok()?, offsets[number + 1].try_into().ok()?]
        }
        _ => return None,
    };
    let text = plain_slice(column.text, column.text_len)?.get(begin..end)?;
    Some(pointer(CellKind::Text, text.as_ptr().cast(), text.len()))
}
