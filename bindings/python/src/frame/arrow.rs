//! Columns of pandas that are backed by pyarrow: their buffers, by pyarrow's own functions, which know how long each is.
#![expect(unsafe_code, reason = "describes the memory of buffers")]

use std::ops::Range;
use std::sync::Arc;

use client::table::ColumnKind;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::column::{Column, Part, Values};
use super::found::{Found, Keep, dictionary, number_kind, time_kind};
use super::memory::{Bitmap, Memory, Numbers, Type, Validity};
use super::times::{Times, Unit};

/// The types whose memory is read here.
#[derive(Clone, PartialEq)]
enum Kind {
    Null,
    Bits,
    Number(Type),
    Time(Type, Unit),
    Text { wide: bool },
    Dictionary,
}

impl Kind {
    fn of(name: &str) -> Option<Kind> {
        Some(match name {
            "null" => Kind::Null,
            "bool" => Kind::Bits,
            "int8" => Kind::Number(Type::I8),
            "int16" => Kind::Number(Type::I16),
            "int32" => Kind::Number(Type::I32),
            "int64" => Kind::Number(Type::I64),
            "uint8" => Kind::Number(Type::U8),
            "uint16" => Kind::Number(Type::U16),
            "uint32" => Kind::Number(Type::U32),
            "uint64" => Kind::Number(Type::U64),
            "halffloat" => Kind::Number(Type::F16),
            "float" => Kind::Number(Type::F32),
            "double" => Kind::Number(Type::F64),
            "string" => Kind::Text { wide: false },
            "large_string" => Kind::Text { wide: true },
            // Integers, in the unit of the column, as in batches of Arrow.
            "time32[s]" | "time32[ms]" => Kind::Number(Type::I32),
            _ if name.starts_with("time64[") || name.starts_with("duration[") => {
                Kind::Number(Type::I64)
            }
            "date32[day]" => Kind::Time(Type::I32, Unit::of("D")?),
            "date64[ms]" => Kind::Time(Type::I64, Unit::of("ms")?),
            _ if name.starts_with("dictionary<") => Kind::Dictionary,
            _ => {
                let unit = name.strip_prefix("timestamp[")?.split([',', ']']).next()?;
                Kind::Time(Type::I64, Unit::of(unit)?)
            }
        })
    }

    fn column(&self) -> ColumnKind {
        match self {
            Kind::Bits => ColumnKind::Bool,
            Kind::Number(kind) => number_kind(*kind),
            Kind::Time(_, unit) => time_kind(*unit),
            Kind::Null | Kind::Text { .. } | Kind::Dictionary => ColumnKind::Str,
        }
    }
}

/// Finds out what a `pyarrow.ChunkedArray` becomes. Returns nothing for types that are not read here.
///
/// # Errors
/// Those of pyarrow.
pub(crate) fn find(
    name: &str,
    chunks: &Bound<'_, PyAny>,
    rows: usize,
    keep: &mut Keep,
) -> PyResult<Option<Found>> {
    let py = chunks.py();
    let of = chunks.getattr(intern!(py, "type"))?.str()?.to_cow()?.into_owned();
    let Some(kind) = Kind::of(&of) else {
        return if of.starts_with("run_end_encoded<") {
            decoded(name, chunks, rows, keep)
        } else {
            Ok(None)
        };
    };
    if kind == Kind::Null {
        return Ok(Some(Found::default()));
    }
    let (mut parts, mut first) = (Vec::new(), 0);
    for chunk in chunks.getattr(intern!(py, "chunks"))?.try_iter()? {
        let chunk = chunk?;
        let len = chunk.len()?;
        if len > 0 {
            let Some(part) = part(&chunk, &kind, first..first + len, keep)? else {
                let encoded = kind == Kind::Dictionary;
                return if encoded { decoded(name, chunks, rows, keep) } else { Ok(None) };
            };
            parts.push(part);
        }
        first += len;
    }
    if first != rows {
        return Ok(None);
    }
    let column = Column { name: name.to_owned(), kind: kind.column(), parts };
    Ok(Some(Found { column: Some(column), category: kind == Kind::Dictionary }))
}

/// Finds out what the values of an encoded column become that cannot be read as they lie: numbers of a dictionary, texts of one that
/// has missing ones, runs. Only pyarrow decodes them as what they are: as objects, pandas makes doubles of integers beside missing
/// values.
fn decoded(
    name: &str,
    chunks: &Bound<'_, PyAny>,
    rows: usize,
    keep: &mut Keep,
) -> PyResult<Option<Found>> {
    let py = chunks.py();
    let of = chunks.getattr(intern!(py, "type"))?;
    let plain = if let Some(kind) = of.getattr_opt(intern!(py, "run_end_type"))?
        && !kind.is_none()
    {
        py.import("pyarrow.compute")?.call_method1("run_end_decode", (chunks,))
    } else {
        chunks.call_method1(intern!(py, "cast"), (of.getattr(intern!(py, "value_type"))?,))
    };
    let plain = match plain {
        Err(e) if e.is_instance_of::<PyNotImplementedError>(py) => return Ok(None),
        plain => plain?,
    };
    Ok(find(name, &plain, rows, keep)?.map(|found| {
        let of_texts = found.column.as_ref().is_some_and(Column::is_text);
        let category = of_texts && of.hasattr(intern!(py, "index_type")).unwrap_or(false);
        Found { category, ..found }
    }))
}

/// The buffers of an array, and where its values begin in them.
struct Buffers<'py> {
    list: Bound<'py, PyList>,
    offset: usize,
}

impl<'py> Buffers<'py> {
    fn of(array: &Bound<'py, PyAny>, keep: &mut Keep) -> PyResult<Buffers<'py>> {
        let py = array.py();
        let list = array.call_method0(intern!(py, "buffers"))?.cast_into::<PyList>()?;
        keep.push(list.clone().into_any().unbind());
        Ok(Buffers { list, offset: array.getattr(intern!(py, "offset"))?.extract()? })
    }

    /// Returns address and length of a buffer, if it is there.
    fn get(&self, i: usize) -> PyResult<Option<(*const u8, usize)>> {
        let py = self.list.py();
        let buffer = self.list.get_item(i)?;
        if buffer.is_none() {
            return Ok(None);
        }
        let address: usize = buffer.getattr(intern!(py, "address"))?.extract()?;
        let size = buffer.getattr(intern!(py, "size"))?.extract()?;
        Ok(Some((std::ptr::with_exposed_provenance(address), size)))
    }

    fn bits(&self, i: usize, len: usize) -> PyResult<Option<Bitmap>> {
        let found = self.get(i)?.filter(|(_, size)| *size >= (self.offset + len).div_ceil(8));
        // SAFETY: the buffer has this address and size, and the plan holds it.
        Ok(found.map(|(bytes, size)| unsafe { Bitmap::new(bytes, size, self.offset) }))
    }

    /// Returns which of `len` values there are.
    fn valid(&self, nulls: usize, len: usize) -> PyResult<Option<Validity>> {
        if nulls == 0 {
            return Ok(Some(Validity::All));
        }
        Ok(self.bits(0, len)?.map(Validity::Bits))
    }

    /// Returns `len` values of a buffer.
    fn numbers(&self, i: usize, kind: Type, len: usize) -> PyResult<Option<Numbers>> {
        let width = kind.width();
        let found = self.get(i)?.filter(|(_, size)| *size / width >= self.offset + len);
        Ok(found.map(|(bytes, _)| {
            let first = bytes.wrapping_add(self.offset * width);
            // SAFETY: the buffer has so many values, and the plan holds it.
            let memory = unsafe { Memory::new(first, width.cast_signed()) };
            Numbers { memory, kind, swapped: false }
        }))
    }
}

/// Describes one array. Returns nothing if its buffers are not what its type requires.
fn part(
    array: &Bound<'_, PyAny>,
    kind: &Kind,
    rows: Range<usize>,
    keep: &mut Keep,
) -> PyResult<Option<Part>> {
    let py = array.py();
    let len = rows.len();
    let nulls: usize = array.getattr(intern!(py, "null_count"))?.extract()?;
    if *kind == Kind::Dictionary {
        return coded(array, rows, nulls, keep);
    }
    let buffers = Buffers::of(array, keep)?;
    let Some(valid) = buffers.valid(nulls, len)? else { return Ok(None) };
    let values = match kind {
        Kind::Null | Kind::Dictionary => None,
        Kind::Bits => buffers.bits(1, len)?.map(Values::Bits),
        Kind::Number(kind) => buffers.numbers(1, *kind, len)?.map(Values::Numbers),
        Kind::Time(kind, unit) => {
            let counts = buffers.numbers(1, *kind, len)?;
            counts.map(|counts| Values::Times(Times { counts, unit: *unit }))
        }
        Kind::Text { wide } => {
            let kind = if *wide { Type::I64 } else { Type::I32 };
            // SAFETY: an empty text needs no memory; otherwise the buffer has this address and size, and the plan holds it.
            let text = buffers.get(2)?.map_or_else(
                || unsafe { Bitmap::new(std::ptr::dangling(), 0, 0) },
                |(bytes, size)| unsafe { Bitmap::new(bytes, size, 0) },
            );
            buffers.numbers(1, kind, len + 1)?.map(|places| Values::Texts(places, text))
        }
    };
    Ok(values.map(|values| Part { rows, values, valid }))
}

/// Describes an array of codes and its dictionary. Returns nothing if that is not one of texts of which none is missing.
fn coded(
    array: &Bound<'_, PyAny>,
    rows: Range<usize>,
    nulls: usize,
    keep: &mut Keep,
) -> PyResult<Option<Part>> {
    let py = array.py();
    let name = |array: &Bound<'_, PyAny>| -> PyResult<Option<Kind>> {
        let of = array.getattr(intern!(py, "type"))?.str()?;
        Ok(Kind::of(&of.to_cow()?))
    };
    let (texts, indices) =
        (array.getattr(intern!(py, "dictionary"))?, array.getattr(intern!(py, "indices"))?);
    let (Some(kind @ Kind::Text { .. }), Some(Kind::Number(index))) =
        (name(&texts)?, name(&indices)?)
    else {
        return Ok(None);
    };
    let missing: usize = texts.getattr(intern!(py, "null_count"))?.extract()?;
    if missing > 0 {
        return Ok(None);
    }
    let count = texts.len()?;
    let mut of_texts = Keep::new(false);
    let parts = if count == 0 {
        Vec::new()
    } else {
        let Some(part) = part(&texts, &kind, 0..count, &mut of_texts)? else { return Ok(None) };
        vec![part]
    };
    let column = Column { name: String::new(), kind: ColumnKind::Str, parts };
    let texts = Arc::new(dictionary(py, &column, count)?);
    let buffers = Buffers::of(&indices, keep)?;
    let Some(valid) = buffers.valid(nulls, rows.len())? else { return Ok(None) };
    let codes = buffers.numbers(1, index, rows.len())?;
    Ok(codes.map(|codes| Part { rows, values: Values::Codes(codes, texts), valid }))
}
