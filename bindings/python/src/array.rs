//! Arrays: numpy's by the structure that `__array_struct__` gives, and nested lists.
#![expect(unsafe_code, reason = "reads the memory of arrays")]

use std::ffi::{c_char, c_int, c_void};

use client::{ArrayView, Buffer, ColumnName};
use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyList, PyTuple};

use crate::errors::{Code, OrRaise as _, ingress_error};

/// More dimensions than any array has that the client takes.
const MAX_DIMS: usize = 32;
/// The flag of an array whose elements have the byte order of the machine.
const NOT_SWAPPED: c_int = 0x200;

/// The structure of numpy's array interface, version 2.
#[repr(C)]
struct Interface {
    two: c_int,
    nd: c_int,
    kind: c_char,
    item_size: c_int,
    flags: c_int,
    shape: *mut isize,
    strides: *mut isize,
    data: *mut c_void,
    descr: *mut ffi::PyObject,
}

/// An array, or a scalar with no dimension.
///
/// Invariant: `data` points to element 0 unless there is none, and shape and strides lead to memory of the array only, which `owner`
/// keeps alive. How far they lead is a number that memory can have.
pub(crate) struct Numbers<'py> {
    pub(crate) kind: u8,
    pub(crate) item_size: usize,
    pub(crate) swapped: bool,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<isize>,
    pub(crate) data: *const u8,
    pub(crate) owner: Bound<'py, PyAny>,
}

/// A single number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Bool(bool),
    Int(i128),
    Float(f64),
}

impl<'py> Numbers<'py> {
    /// Returns the numbers that `object` describes, or nothing if it describes none.
    ///
    /// # Errors
    /// Those of its `__array_struct__`, `ValueError` if that is no array interface, `IngressError` for more dimensions than any column
    /// has.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> PyResult<Option<Numbers<'py>>> {
        let Some(owner) = object.getattr_opt("__array_struct__")? else { return Ok(None) };
        check_masked(object)?;
        // SAFETY: `owner` is an object; the call checks that it is a capsule without a name.
        let interface = unsafe { ffi::PyCapsule_GetPointer(owner.as_ptr(), std::ptr::null()) };
        if interface.is_null() {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: a capsule under this attribute holds such a structure, which lives as long as the capsule.
        let raw = unsafe { &*interface.cast::<Interface>() };
        if raw.two != 2 {
            return Err(PyValueError::new_err("this is no array interface of version 2"));
        }
        let (Ok(dims), Ok(item_size)) = (usize::try_from(raw.nd), usize::try_from(raw.item_size))
        else {
            return Err(contradiction());
        };
        if dims > MAX_DIMS {
            let message = format!("an array of {dims} dimensions: the limit is {MAX_DIMS}");
            return Err(ingress_error(object.py(), Code::ArrayError, message));
        }
        // SAFETY: where they are not null, both have as many elements as the array has dimensions.
        let (shape, strides) = unsafe { (list(raw.shape, dims)?, list(raw.strides, dims)?) };
        let shape = shape.iter().map(|n| usize::try_from(*n)).collect::<Result<Vec<_>, _>>();
        let numbers = Numbers {
            kind: raw.kind.to_ne_bytes()[0],
            item_size,
            swapped: raw.flags & NOT_SWAPPED == 0,
            shape: shape.map_err(|_| contradiction())?,
            strides: strides.to_vec(),
            data: raw.data.cast::<u8>().cast_const(),
            owner,
        };
        // An array without elements has no memory to speak of.
        let fits = numbers.reach().is_some() && !numbers.data.is_null();
        if fits || numbers.shape.contains(&0) { Ok(Some(numbers)) } else { Err(contradiction()) }
    }

    /// Returns how many bytes of memory the elements take before element 0, and from there on, or nothing if that is more than any
    /// memory has.
    fn reach(&self) -> Option<(usize, usize)> {
        let (mut before, mut after) = (0usize, self.item_size);
        for (&length, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = length.saturating_sub(1).checked_mul(stride.unsigned_abs())?;
            let side = if stride < 0 { &mut before } else { &mut after };
            *side = side.checked_add(reach)?;
        }
        isize::try_from(before.checked_add(after)?).ok().map(|_| (before, after))
    }

    pub(crate) fn dims(&self) -> usize {
        self.shape.len()
    }

    /// Returns whether the elements are times (numpy's `datetime64`).
    pub(crate) fn are_times(&self) -> bool {
        self.kind == b'M'
    }

    /// Returns the only number of a scalar.
    pub(crate) fn scalar(&self) -> Option<Number> {
        if self.shape.is_empty() {
            // SAFETY: an array of no dimension has one element, at its beginning.
            unsafe { self.element(self.data) }
        } else {
            None
        }
    }

    /// Reads an element, or returns nothing if its type is none that rows know.
    ///
    /// # Safety
    /// `at` must be the place of an element of this array.
    unsafe fn element(&self, at: *const u8) -> Option<Number> {
        let mut bytes = [0u8; 8];
        let size = self.item_size;
        if size == 0 || size > 8 {
            return None;
        }
        // SAFETY: an element has `item_size` bytes.
        unsafe { std::ptr::copy_nonoverlapping(at, bytes.as_mut_ptr(), size) };
        if self.swapped == cfg!(target_endian = "little") {
            bytes[..size].reverse();
        }
        let low = u64::from_le_bytes(bytes);
        let unused = 64 - 8 * u32::try_from(size).unwrap_or(8);
        Some(match (self.kind, size) {
            (b'b', 1) => Number::Bool(low != 0),
            (b'i', 1 | 2 | 4 | 8) => Number::Int(((low << unused).cast_signed() >> unused).into()),
            (b'u', 1 | 2 | 4 | 8) => Number::Int(low.into()),
            (b'f', 8) => Number::Float(f64::from_bits(low)),
            (b'f', 4) => Number::Float(f64::from(f32::from_bits(u32::try_from(low).ok()?))),
            (b'f', 2) => Number::Float(half(u16::try_from(low).ok()?)),
            _ => return None,
        })
    }

    /// Appends the array as a column of doubles.
    ///
    /// # Errors
    /// `IngressError`; `TypeError` for elements that are no numbers; `OverflowError` for integers that no double holds exactly.
    pub(crate) fn append(&self, buffer: &mut Buffer, name: &ColumnName) -> PyResult<()> {
        let py = self.owner.py();
        if self.kind == b'f'
            && self.item_size == 8
            && !self.swapped
            && cfg!(target_endian = "little")
        {
            let (bytes, origin) = self.memory();
            return ArrayView::byte_strides(&self.shape, &self.strides, bytes, origin)
                .and_then(|view| buffer.column_f64_arr(name, &view).map(drop))
                .or_raise(py);
        }
        let doubles = self.doubles()?;
        ArrayView::c_major(&self.shape, &doubles)
            .and_then(|view| buffer.column_f64_arr(name, &view).map(drop))
            .or_raise(py)
    }

    /// Returns the memory between the first and the last element, and the place of element 0 in it.
    fn memory(&self) -> (&[u8], usize) {
        if self.shape.contains(&0) {
            return (&[], 0);
        }
        let (before, after) = self.reach().unwrap_or_default();
        // SAFETY: by the type's invariant shape and strides stay within the array's memory.
        unsafe { (std::slice::from_raw_parts(self.data.sub(before), before + after), before) }
    }

    /// Returns the elements in C order.
    pub(crate) fn doubles(&self) -> PyResult<Vec<f64>> {
        let count = self.shape.iter().try_fold(1usize, |n, &length| n.checked_mul(length));
        let mut doubles = Vec::new();
        let count = count.filter(|&n| n > 0).unwrap_or(0);
        if count > (i32::MAX as usize) {
            return Err(PyValueError::new_err(format!(
                "an array of {count} elements is too large"
            )));
        }
        // Arrays may be far larger than their memory: a stride of 0 repeats an element.
        doubles.try_reserve_exact(count).map_err(|_| no_memory(count))?;
        let mut index = vec![0usize; self.shape.len()];
        for _ in 0..count {
            let offset = index.iter().zip(&self.strides).fold(0isize, |at, (&i, &stride)| {
                at.wrapping_add(i.cast_signed().wrapping_mul(stride))
            });
            // SAFETY: the index is within the shape, which by the type's invariant stays within the array's memory.
            let number = unsafe { self.element(self.data.offset(offset)) };
            doubles.push(self.double(number)?);
            for (i, &length) in index.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < length {
                    break;
                }
                *i = 0;
            }
        }
        Ok(doubles)
    }

    fn double(&self, number: Option<Number>) -> PyResult<f64> {
        match number {
            Some(Number::Float(number)) => Ok(number),
            Some(Number::Bool(yes)) => Ok(f64::from(u8::from(yes))),
            Some(Number::Int(number)) => exact(number),
            None => Err(self.refused()),
        }
    }

    /// Creates the error for elements of a type that rows do not know.
    #[cold]
    pub(crate) fn refused(&self) -> PyErr {
        PyTypeError::new_err(format!(
            "an array of type '{}{}' is not supported: use float64, or another type of numbers",
            char::from(self.kind),
            self.item_size
        ))
    }
}

/// Returns the numbers of a list of lengths or strides.
///
/// # Errors
/// `ValueError` if there is none where there must be one.
///
/// # Safety
/// A pointer that is not null must lead to `count` numbers, alive for `'a`.
unsafe fn list<'a>(first: *const isize, count: usize) -> PyResult<&'a [isize]> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() || !first.is_aligned() {
        return Err(contradiction());
    }
    // SAFETY: the pointer is not null, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

/// Creates the error for a structure that describes no memory.
#[cold]
fn contradiction() -> PyErr {
    PyValueError::new_err("an array interface that contradicts itself: no memory is like that")
}

/// Refuses numpy's masked arrays and scalars if an element is masked: the memory has any number there.
fn check_masked(object: &Bound<'_, PyAny>) -> PyResult<()> {
    if object.get_type().name()? == "ndarray" {
        return Ok(());
    }
    let py = object.py();
    let Some(mask) = object.getattr_opt(intern!(py, "mask"))? else { return Ok(()) };
    if mask.call_method0(intern!(py, "any"))?.is_truthy()? {
        let message = "a masked array has masked elements: fill them first, as filled() does";
        return Err(PyValueError::new_err(message));
    }
    Ok(())
}

#[cold]
pub(crate) fn no_memory(elements: usize) -> PyErr {
    PyMemoryError::new_err(format!("no memory for an array of {elements} elements"))
}

/// Returns an integer as a double, if that is the same number.
#[expect(clippy::cast_possible_truncation, reason = "checked by converting back")]
#[expect(clippy::cast_precision_loss, reason = "checked by converting back")]
fn exact(number: i128) -> PyResult<f64> {
    let double = number as f64;
    if double as i128 == number {
        Ok(double)
    } else {
        Err(PyOverflowError::new_err(format!("{number} in an array is no exact double")))
    }
}

/// Returns a number of 16 bits: a sign, five bits of exponent, ten of fraction.
pub(crate) fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    }
}

/// Appends nested lists or tuples of numbers as an array.
///
/// # Errors
/// `ValueError` if the inner lists are not all of one length, and those of [`Numbers::append`].
pub(crate) fn append_list(
    list: &Bound<'_, PyAny>,
    buffer: &mut Buffer,
    name: &ColumnName,
) -> PyResult<()> {
    let mut shape = Vec::new();
    let mut doubles = Vec::new();
    collect(list, 0, &mut shape, &mut doubles)?;
    ArrayView::c_major(&shape, &doubles)
        .and_then(|view| buffer.column_f64_arr(name, &view).map(drop))
        .or_raise(list.py())
}

/// Returns the shape and the elements of nested lists or tuples of numbers, in C order.
///
/// # Errors
/// As [`append_list`].
pub(crate) fn of_list(list: &Bound<'_, PyAny>) -> PyResult<(Vec<usize>, Vec<f64>)> {
    let (mut shape, mut doubles) = (Vec::new(), Vec::new());
    collect(list, 0, &mut shape, &mut doubles)?;
    Ok((shape, doubles))
}

/// Returns whether the object is a list or a tuple.
pub(crate) fn is_list(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>()
}

fn collect(
    list: &Bound<'_, PyAny>,
    depth: usize,
    shape: &mut Vec<usize>,
    doubles: &mut Vec<f64>,
) -> PyResult<()> {
    if depth >= MAX_DIMS {
        return Err(PyValueError::new_err(format!(
            "lists are nested deeper than {MAX_DIMS} times"
        )));
    }
    let length = list.len()?;
    let first_of_its_depth = shape.len() == depth && doubles.is_empty();
    if first_of_its_depth {
        shape.push(length);
    }
    if shape.get(depth) != Some(&length) {
        return Err(uneven());
    }
    for item in list.try_iter()? {
        let item = item?;
        if is_list(&item) {
            if shape.len() == depth + 1 && !doubles.is_empty() {
                return Err(uneven());
            }
            collect(&item, depth + 1, shape, doubles)?;
        } else if shape.len() != depth + 1 {
            return Err(uneven());
        } else {
            doubles.push(element(&item)?);
        }
    }
    Ok(())
}

fn uneven() -> PyErr {
    PyValueError::new_err("the lists of an array must all have the same length and depth")
}

fn element(item: &Bound<'_, PyAny>) -> PyResult<f64> {
    if item.is_instance_of::<PyFloat>() {
        return item.extract();
    }
    if item.is_instance_of::<PyInt>() {
        return item
            .extract::<i128>()
            .map_err(|_| PyOverflowError::new_err("an int in an array is no exact double"))
            .and_then(exact);
    }
    if let Some(numbers) = Numbers::of(item)?
        && numbers.dims() == 0
    {
        return numbers.double(numbers.scalar());
    }
    let name = item.get_type().name()?.to_string();
    Err(PyTypeError::new_err(format!("a list of numbers holds an object of type {name}")))
}
