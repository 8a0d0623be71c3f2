//! What was found in one column of a frame.
#![expect(unsafe_code, reason = "describes the memory of arrays")]

use std::ops::Range;
use std::sync::Arc;

use client::table::ColumnKind;
use pyo3::intern;
use pyo3::prelude::*;

use super::arrow;
use super::column::{Column, Dictionary, Part, Picked, Values};
use super::faults::{Stop, bad_column, bad_frame, quoted};
use super::memory::{Memory, Numbers, Type, Validity};
use super::objects::{self, Objects};
use super::piece::Scratch;
use super::times::{Times, Unit};
use crate::array::Numbers as Array;

/// A column, and what its role may depend on.
#[derive(Default)]
pub(crate) struct Found {
    /// Nothing if the column has no values at all; it is left out then.
    pub(crate) column: Option<Column>,
    /// Whether the column has categories, which become symbols unless the caller says otherwise.
    pub(crate) category: bool,
}

/// Collects what must live as long as the plan, and knows how closely objects are looked at.
pub(crate) struct Keep {
    objects: Vec<Py<PyAny>>,
    guesses: bool,
    has_guessed: bool,
}

impl Keep {
    /// With `guesses`, the first objects of a column may decide what it holds.
    pub(crate) fn new(guesses: bool) -> Keep {
        Keep { objects: Vec::new(), guesses, has_guessed: false }
    }

    pub(crate) fn push(&mut self, object: Py<PyAny>) {
        self.objects.push(object);
    }

    /// Returns whether later objects of a column could make it another one.
    pub(crate) fn has_guessed(&self) -> bool {
        self.has_guessed
    }
}

/// The values of a column, as the frame has them.
pub(crate) struct Held<'py> {
    pub(crate) values: Bound<'py, PyAny>,
    /// The row of the memory, if that holds several columns.
    pub(crate) row: usize,
}

/// Finds out what a column of `rows` rows becomes.
///
/// # Errors
/// `IngressError` with `BadDataFrame` for values that no column can hold; those of code of the objects.
pub(crate) fn find(name: &str, held: &Held<'_>, rows: usize, keep: &mut Keep) -> PyResult<Found> {
    let values = &held.values;
    let py = values.py();
    if let Some(array) = Array::of(values)? {
        return of_array(name, &array, values, held.row, rows, Validity::All, keep);
    }
    let attribute = |name| values.getattr_opt(name);
    if let Some(mask) = attribute(intern!(py, "_mask"))?
        && let Some(data) = attribute(intern!(py, "_data"))?
        && let (Some(mask), Some(data_array)) = (Array::of(&mask)?, Array::of(&data)?)
        && let Some(memory) = memory(&mask, 0)
        && mask.item_size == 1
        && mask.shape == [rows]
    {
        keep.push(mask.owner.unbind());
        return of_array(name, &data_array, &data, 0, rows, Validity::MissingBytes(memory), keep);
    }
    if let Some(codes) = attribute(intern!(py, "codes"))?
        && let Some(categories) = attribute(intern!(py, "categories"))?
    {
        return of_categories(name, &codes, &categories, rows, keep);
    }
    if let Some(chunks) = attribute(intern!(py, "_pa_array"))?
        && let Some(found) = arrow::find(name, &chunks, rows, keep)?
    {
        return Ok(found);
    }
    if let Some(data) = attribute(intern!(py, "_ndarray"))?
        && let Some(array) = Array::of(&data)?
        && matches!(array.kind, b'M' | b'm' | b'O')
    {
        return of_array(name, &array, &data, held.row, rows, Validity::All, keep);
    }
    of_unknown(name, values, rows, keep)
}

/// Reads values of a class whose memory is not known as objects, one by one.
fn of_unknown(
    name: &str,
    values: &Bound<'_, PyAny>,
    rows: usize,
    keep: &mut Keep,
) -> PyResult<Found> {
    let py = values.py();
    let objects = py.import("numpy")?.call_method1("asarray", (values, "object"))?;
    let Some(array) = Array::of(&objects)? else { return Err(unsupported(name, values)) };
    let found = of_array(name, &array, &objects, 0, rows, Validity::All, keep);
    found.map_err(|e| {
        if crate::errors::is_ingress_error(py, &e) { unsupported(name, values) } else { e }
    })
}

/// Creates the error for a column whose type no column can hold.
#[cold]
pub(crate) fn unsupported(name: &str, values: &Bound<'_, PyAny>) -> PyErr {
    let dtype = values.getattr("dtype").or_else(|_| values.getattr("type"));
    let dtype = dtype.map(|dtype| dtype.to_string()).unwrap_or_default();
    let name = quoted(name);
    bad_frame(values.py(), format!("Unsupported dtype {dtype} for column {name}."))
}

/// Returns the values of an array of one dimension, or of a row of one of two.
fn memory(array: &Array<'_>, row: usize) -> Option<Memory> {
    match (array.shape.as_slice(), array.strides.as_slice()) {
        // SAFETY: the array vouches for its values, and the plan holds it.
        ([_], [stride]) => Some(unsafe { Memory::new(array.data, *stride) }),
        ([rows, _], [outer, inner]) if row < *rows => {
            let first = array.data.wrapping_offset(outer.wrapping_mul(row.cast_signed()));
            // SAFETY: as above.
            Some(unsafe { Memory::new(first, *inner) })
        }
        _ => None,
    }
}

fn of_array(
    name: &str,
    array: &Array<'_>,
    object: &Bound<'_, PyAny>,
    row: usize,
    rows: usize,
    valid: Validity,
    keep: &mut Keep,
) -> PyResult<Found> {
    let py = object.py();
    let Some(memory) = memory(array, row).filter(|_| array.shape.last() == Some(&rows)) else {
        return Err(bad_column(py, name, "its values are no array of one dimension"));
    };
    keep.push(array.owner.clone().unbind());
    let swapped = array.swapped && array.item_size > 1;
    let (kind, values) = match array.kind {
        b'M' | b'm' | b'O' if array.item_size != 8 => return Err(unsupported(name, object)),
        // A time span is the number that numpy holds, in the unit of the column.
        b'm' => {
            let counts = Numbers { memory, kind: Type::I64, swapped };
            (ColumnKind::I64, Values::Times(Times { counts, unit: Unit::COUNT }))
        }
        b'M' => {
            let unit = unit(object)?;
            let Some(unit) = Unit::of(&unit) else { return Err(unsupported(name, object)) };
            let counts = Numbers { memory, kind: Type::I64, swapped };
            (time_kind(unit), Values::Times(Times { counts, unit }))
        }
        b'O' => {
            // SAFETY: the array has these rows.
            let object = unsafe { Objects(memory).classify(py, 0..rows, keep.guesses) };
            match object {
                Ok(Some(object)) => {
                    keep.has_guessed |= keep.guesses && object.may_change();
                    (object.kind(), Values::Objects(memory, object))
                }
                Ok(None) => return Ok(Found::default()),
                Err(stop) => return Err(object_column(py, name, stop)),
            }
        }
        _ => match Type::of(array.kind, array.item_size) {
            Some(kind) => {
                let numbers = Numbers { memory, kind, swapped };
                (number_kind(kind), Values::Numbers(numbers))
            }
            None => return Err(unsupported(name, object)),
        },
    };
    let parts = vec![Part { rows: 0..rows, values, valid }];
    Ok(Found { column: Some(Column { name: name.to_owned(), kind, parts }), category: false })
}

#[cold]
fn object_column(py: Python<'_>, name: &str, stop: Stop) -> PyErr {
    match stop {
        Stop::Raised(e) => e,
        Stop::Bad(bad) => bad_column(py, name, &bad.why),
        Stop::Unsupported(class) if class == "bytes" => bad_column(
            py,
            name,
            "Unsupported object column containing bytes. If this is a string column, decode it first.",
        ),
        Stop::Unsupported(class) => {
            let why = format!("Unsupported object column containing an object of type {class}.");
            bad_column(py, name, &why)
        }
    }
}

pub(crate) fn number_kind(kind: Type) -> ColumnKind {
    match kind {
        Type::Bool => ColumnKind::Bool,
        kind if kind.is_float() => ColumnKind::F64,
        _ => ColumnKind::I64,
    }
}

pub(crate) fn time_kind(unit: Unit) -> ColumnKind {
    if unit.nanos { ColumnKind::TsNanos } else { ColumnKind::TsMicros }
}

/// Returns the unit of an array of datetimes, such as `ns`, which only the name of its type tells.
fn unit(array: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = array.py();
    let name = array.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "str"))?;
    let name: String = name.extract()?;
    let unit = name.split_once('[').and_then(|(_, unit)| unit.strip_suffix(']'));
    Ok(unit.unwrap_or_default().to_owned())
}

fn of_categories(
    name: &str,
    codes: &Bound<'_, PyAny>,
    categories: &Bound<'_, PyAny>,
    rows: usize,
    keep: &mut Keep,
) -> PyResult<Found> {
    let py = codes.py();
    let values = categories.getattr(intern!(py, "values"))?;
    let count = values.len()?;
    let mut of_values = Keep::new(false);
    let found = find(name, &Held { values, row: 0 }, count, &mut of_values)?;
    let Some(inner) = found.column else { return Ok(Found::default()) };
    let Some(array) = Array::of(codes)?.filter(|array| array.shape == [rows]) else {
        return Err(bad_column(py, name, "its codes are no array of one dimension"));
    };
    let (Some(memory), Some(kind)) =
        (memory(&array, 0), Type::of(array.kind, array.item_size).filter(|kind| !kind.is_float()))
    else {
        return Err(bad_column(py, name, "its codes are no integers"));
    };
    let codes = Numbers { memory, kind, swapped: array.swapped && array.item_size > 1 };
    keep.push(array.owner.unbind());
    let values = if inner.is_text() {
        Values::Codes(codes, Arc::new(dictionary(py, &inner, count)?))
    } else {
        let Some(values) = picked(py, &inner, count)? else {
            let kind = format!("a category of {:?} is not supported", inner.kind);
            return Err(bad_column(py, name, &kind));
        };
        Values::Picked(codes, Arc::new(values))
    };
    let (category, kind) = (inner.is_text(), inner.kind);
    let parts = vec![Part { rows: 0..rows, values, valid: Validity::All }];
    Ok(Found { column: Some(Column { name: name.to_owned(), kind, parts }), category })
}

/// Calls `use_piece` with the values of all parts of a column.
fn each_part(
    py: Python<'_>,
    column: &Column,
    mut use_piece: impl FnMut(&super::piece::Piece<'_>, Range<usize>),
) -> PyResult<()> {
    let mut scratch = Scratch::default();
    for part in &column.parts {
        let rows = part.rows.clone();
        // SAFETY: the caller holds the arrays, and no code runs before the piece was used.
        let piece = unsafe {
            match part.values {
                Values::Objects(..) => objects::read(py, part, rows.clone(), &mut scratch),
                _ => part.read(column.kind, rows.clone(), &mut scratch).map_err(Stop::from),
            }
        };
        match piece {
            Ok(piece) => use_piece(&piece, 0..rows.len()),
            Err(stop) => return Err(object_column(py, &column.name, stop)),
        }
    }
    Ok(())
}

/// Copies the texts of a column.
pub(crate) fn dictionary(py: Python<'_>, column: &Column, count: usize) -> PyResult<Dictionary> {
    let mut dictionary = Dictionary { offsets: Vec::with_capacity(count + 1), bytes: Vec::new() };
    dictionary.offsets.push(0);
    each_part(py, column, |piece, rows| {
        for row in rows {
            dictionary.bytes.extend_from_slice(piece.text(row).unwrap_or_default());
            dictionary.offsets.push(i64::try_from(dictionary.bytes.len()).unwrap_or(i64::MAX));
        }
    })?;
    Ok(dictionary)
}

/// Copies the values of a column that are no texts.
fn picked(py: Python<'_>, column: &Column, count: usize) -> PyResult<Option<Picked>> {
    let (mut integers, mut doubles) = (Vec::with_capacity(count), Vec::new());
    each_part(py, column, |piece, rows| match column.kind {
        ColumnKind::F64 => doubles.extend_from_slice(piece.doubles().unwrap_or_default()),
        ColumnKind::Bool => integers.extend(rows.map(|row| i64::from(piece.bool(row)))),
        _ => integers.extend_from_slice(piece.integers().unwrap_or_default()),
    })?;
    Ok(match column.kind {
        ColumnKind::F64 => Some(Picked::Doubles(doubles)),
        _ if integers.len() == count => Some(Picked::Integers(integers)),
        _ => None,
    })
}
