//! Columns of values from C, as the layouts of prepared rows take them.

use crate::array::{questdb_array, view};
use crate::layout::{ValuesKind, questdb_column_data};
use crate::text::slice;
use client::ArrayView;
use client::Result;
use client::internal::{collected, in_context};
use client::table::{Bits, Codes, ColumnData, ColumnValues, Offsets};

/// Views of the columns that hold arrays.
pub(crate) fn column_arrays(
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

/// The columns as the layout takes them; `arrays` are their [`column_arrays`].
pub(crate) fn column_data<'a>(
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

fn column_values<'a>(
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

fn bits<'a>(ptr: *const u8, first: usize, rows: usize) -> Result<Bits<'a>> {
    Ok(Bits::new(slice(ptr, first.saturating_add(rows).div_ceil(8), "bits")?, first))
}

fn offsets<'a>(column: &questdb_column_data, texts: usize) -> Result<Offsets<'a>> {
    let entries = texts.saturating_add(1);
    match column.offset_width {
        4 => Ok(Offsets::I32(slice(column.offsets.cast(), entries, "offsets")?)),
        8 => Ok(Offsets::I64(slice(column.offsets.cast(), entries, "offsets")?)),
        other => Err(err!(InvalidArgument, "offset_width is {other}, it must be 4 or 8")),
    }
}

fn codes<'a>(column: &questdb_column_data, rows: usize) -> Result<Codes<'a>> {
    match column.width {
        1 => Ok(Codes::U8(slice(column.values.cast(), rows, "codes")?)),
        2 => Ok(Codes::U16(slice(column.values.cast(), rows, "codes")?)),
        4 => Ok(Codes::U32(slice(column.values.cast(), rows, "codes")?)),
        8 => Ok(Codes::U64(slice(column.values.cast(), rows, "codes")?)),
        other => Err(err!(InvalidArgument, "width of codes is {other}, it must be 1, 2, 4 or 8")),
    }
}
