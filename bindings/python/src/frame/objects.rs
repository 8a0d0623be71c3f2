//! Columns of Python objects, which are read under the interpreter's lock.
#![expect(unsafe_code, reason = "reads the objects of arrays")]

use std::ops::Range;

use client::Text;
use client::table::{ColumnKind, ColumnValues};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::column::{Part, Values};
use super::faults::Stop;
use super::memory::Memory;
use super::piece::{Bad, Piece, PieceValues, Scratch, Valid, no_missing};
use super::texts;
use crate::array::{self, Number, Numbers as Array};
use crate::cell::integer;
use crate::time::{self, Moment, quick_utc_micros};
use crate::{cpython, values};

/// What the objects of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Bool,
    Int,
    Float,
    Str,
    Micros,
    Nanos,
    Decimal,
    Array,
}

impl Object {
    pub(crate) fn kind(self) -> ColumnKind {
        match self {
            Object::Bool => ColumnKind::Bool,
            Object::Int => ColumnKind::I64,
            Object::Float => ColumnKind::F64,
            Object::Str => ColumnKind::Str,
            Object::Micros => ColumnKind::TsMicros,
            Object::Nanos => ColumnKind::TsNanos,
            Object::Decimal => ColumnKind::Decimal,
            Object::Array => ColumnKind::F64Array,
        }
    }

    /// Returns whether a later value can make the column one of another kind.
    pub(crate) fn may_change(self) -> bool {
        matches!(self, Object::Int | Object::Micros)
    }

    fn is_time(self) -> bool {
        matches!(self, Object::Micros | Object::Nanos)
    }

    /// Returns a time in the unit of the column, unless the column has no such times.
    fn count(self, moment: Moment) -> Option<i64> {
        match (self, moment) {
            (Object::Nanos, moment) => moment.nanos(),
            (_, Moment::Micros(micros)) => Some(micros),
            (_, Moment::Nanos(_)) => None,
        }
    }

    /// Returns what a value is, if it is one that a column can hold.
    fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Object>> {
        let known = if value.is_instance_of::<PyBool>() {
            Object::Bool
        } else if value.is_instance_of::<PyString>() {
            Object::Str
        } else if value.is_instance_of::<PyInt>() {
            Object::Int
        } else if value.is_instance_of::<PyFloat>() {
            Object::Float
        } else if let Some(moment) = values::moment(value)? {
            match moment {
                Some(Moment::Nanos(_)) => Object::Nanos,
                _ => Object::Micros,
            }
        } else if values::is_decimal(value)? {
            Object::Decimal
        } else if array::is_list(value) {
            Object::Array
        } else {
            return Object::of_array(value);
        };
        Ok(Some(known))
    }

    fn of_array(value: &Bound<'_, PyAny>) -> PyResult<Option<Object>> {
        Ok(match Array::of(value)? {
            Some(array) if array.dims() > 0 => Some(Object::Array),
            Some(array) => array.scalar().map(|number| match number {
                Number::Bool(_) => Object::Bool,
                Number::Int(_) => Object::Int,
                Number::Float(_) => Object::Float,
            }),
            None => None,
        })
    }
}

/// Returns whether the object stands for a missing value. Whether a float that is not a number does, depends on the column.
pub(crate) fn is_null(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(value.is_none() || values::is_missing(value)? || time::is_nat(value)?)
}

pub(crate) fn is_nan(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_instance_of::<PyFloat>() {
        return Ok(value.extract::<f64>()?.is_nan());
    }
    Ok(false)
}

/// So many objects later is the one that the processor is asked for.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 64;

/// The objects of a column.
#[derive(Clone, Copy)]
pub(crate) struct Objects(pub(crate) Memory);

impl Objects {
    /// Returns object `i`. Arrays may have null pointers, which stand for `None`.
    ///
    /// # Safety
    /// The array must have it.
    #[inline(always)]
    unsafe fn pointer(self, i: usize) -> *mut ffi::PyObject {
        // SAFETY: the caller vouches for it; an array of objects is one of pointers.
        let pointer = unsafe { self.0.read::<*mut ffi::PyObject>(i) };
        // SAFETY: `None` is always there.
        if pointer.is_null() { unsafe { ffi::Py_None() } } else { pointer }
    }

    /// Returns object `i`, and asks the processor for one that comes later: objects lie anywhere, so that each would be waited for.
    ///
    /// # Safety
    /// The array must have objects `i` and `last`.
    #[inline(always)]
    pub(crate) unsafe fn next_pointer<const TEXT: bool>(
        self,
        i: usize,
        last: usize,
    ) -> *mut ffi::PyObject {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller vouches for the objects; prefetching reads nothing.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let later = self.0.read::<*const i8>(last.min(i + AHEAD));
            _mm_prefetch::<_MM_HINT_T0>(later);
            if TEXT {
                // A text begins here, often in the next line of the cache.
                _mm_prefetch::<_MM_HINT_T0>(later.wrapping_add(48));
            }
        }
        let _ = last;
        // SAFETY: as above.
        unsafe { self.pointer(i) }
    }

    /// Returns object `i` and holds it, because what is done with it may run code that takes it out of the array.
    ///
    /// # Safety
    /// As [`Objects::pointer`].
    unsafe fn get(self, py: Python<'_>, i: usize) -> Bound<'_, PyAny> {
        // SAFETY: the array holds its objects.
        unsafe { Bound::from_borrowed_ptr(py, self.pointer(i)) }
    }

    /// Returns what the column holds, by its first value that is not missing. A number with a fraction, or a time with nanoseconds,
    /// at any place decides for all, unless the first value is to be enough. Returns nothing for a column of missing values only.
    ///
    /// # Errors
    /// The object that no column can hold; those of code of the objects.
    ///
    /// # Safety
    /// The array must have these rows.
    pub(crate) unsafe fn classify(
        self,
        py: Python<'_>,
        rows: Range<usize>,
        first_is_enough: bool,
    ) -> Result<Option<Object>, Stop> {
        let mut found = None;
        let last = rows.end.saturating_sub(1);
        for row in rows {
            // SAFETY: the caller vouches for the row; the pointer is only compared before it is held.
            let pointer = unsafe { self.next_pointer::<false>(row, last) };
            // SAFETY: the array holds the object.
            let (class, none) = unsafe { (ffi::Py_TYPE(pointer), ffi::Py_None()) };
            if pointer == none || (found == Some(Object::Int) && class == &raw mut ffi::PyLong_Type)
            {
                continue;
            }
            // SAFETY: the array holds the object, and nothing runs that could take it out.
            if found == Some(Object::Micros) && unsafe { quick_utc_micros(pointer) }.is_some() {
                continue;
            }
            // SAFETY: the caller vouches for the row.
            let value = unsafe { self.get(py, row) };
            if is_nan(&value)? || is_null(&value)? {
                continue;
            }
            let Some(object) = Object::of(&value)? else {
                return Err(Stop::unsupported(&value));
            };
            match (found, object) {
                (None, object) if object.may_change() && !first_is_enough => found = Some(object),
                (None, other) => return Ok(Some(other)),
                (Some(Object::Int), Object::Float) => return Ok(Some(Object::Float)),
                (Some(Object::Micros), Object::Nanos) => return Ok(Some(Object::Nanos)),
                (Some(_), _) => {}
            }
        }
        Ok(found)
    }
}

/// Returns the values of `rows` of a part that holds objects.
///
/// # Errors
/// The first value that cannot be sent; those of code of the objects.
///
/// # Safety
/// As [`Part::read`]; no code of the program may run before the piece has been appended.
pub(crate) unsafe fn read<'a>(
    py: Python<'_>,
    part: &'a Part,
    rows: Range<usize>,
    scratch: &'a mut Scratch,
) -> Result<Piece<'a>, Stop> {
    let Values::Objects(memory, object) = &part.values else {
        return Err(Bad::at(0, "not a column of objects").into());
    };
    let rows = rows.start - part.rows.start..rows.end - part.rows.start;
    let objects = Objects(*memory);
    let mut missing = Missing { bits: std::mem::take(&mut scratch.bits), any: false };
    missing.bits.clear();
    missing.bits.resize(rows.len().div_ceil(8), 0xFF);
    // SAFETY: the caller vouches for the rows.
    unsafe {
        match object {
            Object::Str => texts::strings(objects, rows, scratch, &mut missing)?,
            Object::Int => integers(py, objects, rows, scratch, &mut missing)?,
            Object::Float => floats(py, objects, rows, scratch, &mut missing)?,
            other => others(py, *other, objects, rows, scratch, &mut missing)?,
        }
    }
    let any = missing.any;
    scratch.bits = missing.bits;
    let scratch: &'a Scratch = scratch;
    let valid = any.then_some(Valid { bytes: &scratch.bits, first: 0 });
    let values = match object {
        Object::Str | Object::Decimal => ColumnValues::Texts(&scratch.texts),
        Object::Float => ColumnValues::F64(&scratch.doubles),
        Object::Bool => {
            no_missing(valid, scratch.bytes.len())?;
            ColumnValues::Bytes(&scratch.bytes)
        }
        Object::Int | Object::Micros | Object::Nanos => ColumnValues::I64(&scratch.integers),
        Object::Array => {
            return Ok(Piece { values: PieceValues::Arrays(scratch.arrays.views()?), valid });
        }
    };
    Ok(Piece::new(values, valid))
}

/// A bit for each row, cleared if the row has no value.
pub(crate) struct Missing {
    bits: Vec<u8>,
    any: bool,
}

impl Missing {
    pub(crate) fn set(&mut self, row: usize) {
        self.any = true;
        if let Some(byte) = self.bits.get_mut(row / 8) {
            *byte &= !(1 << (row % 8));
        }
    }
}

/// # Safety
/// As [`read`].
unsafe fn integers(
    py: Python<'_>,
    objects: Objects,
    rows: Range<usize>,
    scratch: &mut Scratch,
    missing: &mut Missing,
) -> Result<(), Stop> {
    let integers = &mut scratch.integers;
    integers.clear();
    integers.reserve(rows.len());
    let last = rows.end.saturating_sub(1);
    for (i, row) in rows.enumerate() {
        // SAFETY: the caller vouches for the row. Reading an exact `int` runs no code.
        unsafe {
            let object = objects.next_pointer::<false>(row, last);
            if ffi::Py_TYPE(object) == &raw mut ffi::PyLong_Type {
                let Some(number) = integer(object) else {
                    return Err(Bad::at(i, "int too big to convert").into());
                };
                integers.push(number);
                continue;
            }
        }
        // SAFETY: as above.
        let value = unsafe { objects.get(py, row) };
        if is_nan(&value)? || is_null(&value)? {
            missing.set(i);
            integers.push(0);
            continue;
        }
        if Object::of(&value)? != Some(Object::Int) {
            return Err(expected("int", &value, i));
        }
        let number = value.extract::<i64>().map_err(|e| Stop::value(i, e))?;
        integers.push(number);
    }
    Ok(())
}

/// # Safety
/// As [`read`].
unsafe fn floats(
    py: Python<'_>,
    objects: Objects,
    rows: Range<usize>,
    scratch: &mut Scratch,
    missing: &mut Missing,
) -> Result<(), Stop> {
    let doubles = &mut scratch.doubles;
    doubles.clear();
    doubles.reserve(rows.len());
    let last = rows.end.saturating_sub(1);
    for (i, row) in rows.enumerate() {
        // SAFETY: the caller vouches for the row. Reading an exact `float` runs no code and cannot fail.
        unsafe {
            let object = objects.next_pointer::<false>(row, last);
            if ffi::Py_TYPE(object) == &raw mut ffi::PyFloat_Type {
                doubles.push(cpython::double(object));
                continue;
            }
        }
        // SAFETY: as above.
        let value = unsafe { objects.get(py, row) };
        if is_null(&value)? {
            missing.set(i);
            doubles.push(0.0);
            continue;
        }
        if !matches!(Object::of(&value)?, Some(Object::Int | Object::Float)) {
            return Err(expected("float", &value, i));
        }
        let number = value.extract::<f64>().map_err(|e| Stop::value(i, e))?;
        doubles.push(number);
    }
    Ok(())
}

#[cold]
pub(crate) fn expected(what: &str, value: &Bound<'_, PyAny>, row: usize) -> Stop {
    let class = super::faults::class_name(value);
    Bad::at(row, format!("Expected an object of type {what}, got an object of type {class}."))
        .into()
}

/// Reads a value of one of the usual classes, which runs no code. Returns false if it is of another one.
///
/// # Safety
/// The object must be alive.
unsafe fn quickly(
    object: Object,
    pointer: *mut ffi::PyObject,
    bools: &mut Vec<u8>,
    integers: &mut Vec<i64>,
) -> bool {
    // SAFETY: the two booleans are always there, and the caller vouches for the object.
    unsafe {
        match object {
            Object::Bool => {
                let yes = pointer == ffi::Py_True();
                let known = yes || pointer == ffi::Py_False();
                if known {
                    bools.push(u8::from(yes));
                }
                known
            }
            Object::Micros | Object::Nanos => {
                let factor = if object == Object::Nanos { 1000 } else { 1 };
                let time = quick_utc_micros(pointer).and_then(|time| time.checked_mul(factor));
                integers.extend(time);
                time.is_some()
            }
            _ => false,
        }
    }
}

/// Reads booleans, times, decimals and arrays.
///
/// # Safety
/// As [`read`].
unsafe fn others(
    py: Python<'_>,
    object: Object,
    objects: Objects,
    rows: Range<usize>,
    scratch: &mut Scratch,
    missing: &mut Missing,
) -> Result<(), Stop> {
    scratch.start_texts(0);
    scratch.integers.clear();
    scratch.arrays.clear();
    let mut bools = Vec::new();
    for (i, row) in rows.enumerate() {
        // SAFETY: the caller vouches for the row, and the array holds the object.
        if unsafe { quickly(object, objects.pointer(row), &mut bools, &mut scratch.integers) } {
            continue;
        }
        // SAFETY: the caller vouches for the row.
        let value = unsafe { objects.get(py, row) };
        if object.is_time()
            && let Some(moment) = time::quick_pandas(&value)?
            && let Some(count) = object.count(moment)
        {
            scratch.integers.push(count);
            continue;
        }
        let null = is_nan(&value)? || is_null(&value)?;
        if null {
            missing.set(i);
        }
        match object {
            Object::Bool => bools.push(if null { 0 } else { boolean(&value, i)? }),
            Object::Decimal if null => scratch.texts.push(Text::from("")),
            Object::Decimal => scratch.decimal(&value, i)?,
            Object::Array => scratch.arrays.push((!null).then_some(&value), i)?,
            _ if null => scratch.integers.push(0),
            _ => scratch.time(&value, object, i, missing)?,
        }
    }
    if object == Object::Bool {
        scratch.bytes = bools;
    }
    // SAFETY: nothing is encoded any more, so the bytes stay where they are.
    unsafe { scratch.place_encoded() };
    Ok(())
}

fn boolean(value: &Bound<'_, PyAny>, row: usize) -> Result<u8, Stop> {
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(u8::from(value.is_true()));
    }
    match Array::of(value)?.and_then(|array| array.scalar()) {
        Some(Number::Bool(value)) => Ok(u8::from(value)),
        _ => Err(expected("bool", value, row)),
    }
}

impl Scratch {
    fn decimal(&mut self, value: &Bound<'_, PyAny>, row: usize) -> Result<(), Stop> {
        if !values::is_decimal(value)? {
            return Err(expected("Decimal", value, row));
        }
        let text = value.str()?;
        // SAFETY: this is a `str`, which is copied.
        unsafe { self.encode(text.as_ptr(), row) }
    }

    fn time(
        &mut self,
        value: &Bound<'_, PyAny>,
        object: Object,
        row: usize,
        missing: &mut Missing,
    ) -> Result<(), Stop> {
        let moment = in_utc(value).and_then(|value| values::moment(&value));
        let time = match moment.map_err(|e| Stop::value(row, e))? {
            None => return Err(expected("datetime", value, row)),
            Some(None) => {
                missing.set(row);
                Some(0)
            }
            // The column was taken for one of microseconds by its first values.
            Some(Some(Moment::Nanos(_))) if object == Object::Micros => {
                return Err(expected("datetime", value, row));
            }
            Some(Some(moment)) => object.count(moment),
        };
        let time = time.ok_or_else(|| {
            Bad::at(row, "the time is outside of what 64 bits of nanoseconds hold")
        })?;
        self.integers.push(time);
        Ok(())
    }
}

/// Gives a datetime without a time zone that of UTC, as such times are in all columns of frames.
fn in_utc<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    // Those of pandas are in UTC anyway, and replacing takes long.
    if time::is_pandas(value) {
        return Ok(value.clone());
    }
    if value.getattr_opt("tzinfo")?.is_some_and(|zone| zone.is_none()) && value.hasattr("fold")? {
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        let arguments = pyo3::types::PyDict::new(py);
        arguments.set_item("tzinfo", utc)?;
        return value.call_method("replace", (), Some(&arguments));
    }
    Ok(value.clone())
}
