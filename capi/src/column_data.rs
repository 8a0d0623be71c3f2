//! `questdb_column_data`: columns of values from C, converted to the column data that layouts of prepared rows take.
#![expect(unsafe_code, reason = "reads memory that a C caller describes by pointer and length")]

use std::ffi::c_void;

use crate::array::{questdb_array, view};
use crate::text::slice;
use client::ArrayView;
use client::Result;
use client::internal::{collected, in_context};
use client::table::{Bits, Codes, ColumnData, ColumnValues, Offsets};

/// How the values of a column lie in memory.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuesKind {
    /// Booleans at `values`, one byte each: true unless it is 0.
    Bytes = 1,
    /// Booleans at `values`, one bit each, the lowest bit of each byte first, beginning with bit `first_bit`.
    Bits = 2,
    /// `int64_t` at `values`: integers and timestamps.
    I64 = 3,
    /// `double` at `values`.
    F64 = 4,
    /// Texts: text `i` is `text[offsets[i] .. offsets[i + 1]]`, so `offsets` has one entry more than there are rows.
    Text = 5,
    /// Texts from a dictionary: the text of row `i` has the number `values[i]`, an integer of `width` bytes, among the
    /// `dictionary_len` texts that `offsets` and `text` describe.
    Dictionary = 6,
    /// `questdb_array` at `values`.
    Arrays = 7,
    /// Decimals at `values`: big-endian two's complement integers of `width` bytes, divided by 10 to the power of `scale`.
    Decimals = 8,
}

/// The values of one column, one per row. Fields that the kind does not use are not read. The layout of this struct is frozen.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_column_data {
    /// One of `questdb_values_kind`.
    pub kind: u32,
    /// DICTIONARY: bytes per entry of `values`: 1, 2, 4 or 8. DECIMALS: bytes per value, at most 32.
    pub width: u32,
    /// DECIMALS: the scale, 0 to 76.
    pub scale: u32,
    /// TEXT, DICTIONARY: bytes per entry of `offsets`: 4 or 8.
    pub offset_width: u32,
    /// The values.
    pub values: *const c_void,
    /// BITS: the number of the bit that belongs to the first row.
    pub first_bit: usize,
    /// TEXT, DICTIONARY: the places in `text` where each text begins and where the last one ends.
    pub offsets: *const c_void,
    /// TEXT, DICTIONARY: the texts, in UTF-8.
    pub text: *const u8,
    /// TEXT, DICTIONARY: the number of bytes at `text`.
    pub text_len: usize,
    /// DICTIONARY: the number of texts.
    pub dictionary_len: usize,
    /// One bit per row, the lowest bit of each byte first: set if the row has a value. NULL: every row has a value.
    pub validity: *const u8,
    /// The number of the bit at `validity` that belongs to the first row.
    pub validity_first_bit: usize,
}

/// Returns, for each column, views of its values if they are arrays.
pub(crate) unsafe fn column_arrays(
    columns: &[questdb_column_data],
    rows: usize,
) -> Result<Vec<Vec<ArrayView<'_>>>> {
    let arrays = |column: &questdb_column_data| {
        if column.kind != ValuesKind::Arrays as u32 {
            return Ok(Vec::new());
        }
        let arrays = slice(column.values.cast::<questdb_array>(), rows, "arrays")?;
        collected(arrays.iter().map(|array| view(array)), "arrays")
    };
    collected(columns.iter().map(arrays), "columns")
}

/// Converts the columns to the form that layouts take. `arrays` is the result of [`column_arrays`] for the same columns.
pub(crate) unsafe fn column_data<'a>(
    columns: &'a [questdb_column_data],
    arrays: &'a [Vec<ArrayView<'a>>],
    rows: usize,
) -> Result<Vec<ColumnData<'a>>> {
    let one = |(i, column): (usize, &'a questdb_column_data)| {
        let values = column_values(column, &arrays[i], rows)
            .map_err(|e| in_context(e, format_args!("column {i}")))?;
        let validity = if column.validity.is_null() {
            None
        } else {
            Some(bits(column.validity, column.validity_first_bit, rows)?)
        };
        Ok(ColumnData { values, validity })
    };
    collected(columns.iter().enumerate().map(one), "columns")
}

unsafe fn column_values<'a>(
    column: &'a questdb_column_data,
    arrays: &'a [ArrayView<'a>],
    rows: usize,
) -> Result<ColumnValues<'a>> {
    const BYTES: u32 = ValuesKind::Bytes as u32;
    const BITS: u32 = ValuesKind::Bits as u32;
    const I64: u32 = ValuesKind::I64 as u32;
    const F64: u32 = ValuesKind::F64 as u32;
    const TEXT: u32 = ValuesKind::Text as u32;
    const DICTIONARY: u32 = ValuesKind::Dictionary as u32;
    const ARRAYS: u32 = ValuesKind::Arrays as u32;
    const DECIMALS: u32 = ValuesKind::Decimals as u32;
    let at = column.values;
    Ok(match column.kind {
        BYTES => ColumnValues::Bytes(slice(at.cast(), rows, "values")?),
        BITS => ColumnValues::Bits(bits(at.cast(), column.first_bit, rows)?),
        I64 => ColumnValues::I64(slice(at.cast(), rows, "values")?),
        F64 => ColumnValues::F64(slice(at.cast(), rows, "values")?),
        TEXT => ColumnValues::Text {
            offsets: offsets(column, rows)?,
            bytes: slice(column.text, column.text_len, "text")?,
        },
        DICTIONARY => ColumnValues::Dictionary {
            codes: codes(column, rows)?,
            offsets: offsets(column, column.dictionary_len)?,
            bytes: slice(column.text, column.text_len, "text")?,
        },
        ARRAYS => ColumnValues::Arrays(arrays),
        DECIMALS => {
            let width = column.width as usize;
            let bytes = slice(at.cast(), rows.saturating_mul(width), "values")?;
            ColumnValues::Decimals { scale: column.scale, width, bytes }
        }
        other => return Err(err!(InvalidArgument, "{other} is not a kind of values")),
    })
}

unsafe fn bits<'a>(ptr: *const u8, first: usize, rows: usize) -> Result<Bits<'a>> {
    Ok(Bits::new(slice(ptr, first.saturating_add(rows).div_ceil(8), "bits")?, first))
}

unsafe fn offsets<'a>(column: &questdb_column_data, texts: usize) -> Result<Offsets<'a>> {
    let entries = texts.saturating_add(1);
    match column.offset_width {
        4 => Ok(Offsets::I32(slice(column.offsets.cast(), entries, "offsets")?)),
        8 => Ok(Offsets::I64(slice(column.offsets.cast(), entries, "offsets")?)),
        other => Err(err!(InvalidArgument, "offset_width is {other}, it must be 4 or 8")),
    }
}

unsafe fn codes<'a>(column: &questdb_column_data, rows: usize) -> Result<Codes<'a>> {
    match column.width {
        1 => Ok(Codes::U8(slice(column.values.cast(), rows, "codes")?)),
        2 => Ok(Codes::U16(slice(column.values.cast(), rows, "codes")?)),
        4 => Ok(Codes::U32(slice(column.values.cast(), rows, "codes")?)),
        8 => Ok(Codes::U64(slice(column.values.cast(), rows, "codes")?)),
        other => Err(err!(InvalidArgument, "width of codes is {other}, it must be 1, 2, 4 or 8")),
    }
}
