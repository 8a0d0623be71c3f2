//! The texts of Python objects, borrowed where they are ASCII, otherwise encoded into memory of the call.
#![expect(unsafe_code, reason = "borrows the text of objects")]

use std::ops::Range;

use client::Text;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::faults::Stop;
use super::objects::{Missing, Objects, is_nan, is_null};
use super::piece::{Bad, Scratch};
use crate::{cpython, text};

/// Borrows text for as long as the piece is used.
///
/// # Safety
/// The text must stay where it is until the piece has been appended.
#[inline(always)]
unsafe fn kept(text: &str) -> Text<'static> {
    // SAFETY: the caller vouches for it, and a piece is not used any longer.
    Text::from(unsafe { &*std::ptr::from_ref(text) })
}

/// # Safety
/// As [`super::objects::read`].
pub(crate) unsafe fn strings(
    objects: Objects,
    rows: Range<usize>,
    scratch: &mut Scratch,
    missing: &mut Missing,
) -> Result<(), Stop> {
    scratch.start_texts(rows.len());
    let last = rows.end.saturating_sub(1);
    for (i, row) in rows.enumerate() {
        // SAFETY: the caller vouches for the row. The class is compared before the text is read. The array holds the object, and
        // no code runs that could take it out.
        unsafe {
            let object = objects.next_pointer::<true>(row, last);
            if ffi::PyUnicode_CheckExact(object) != 0 {
                match cpython::ascii(object) {
                    Some(text) => scratch.texts.push(kept(text)),
                    None => scratch.encode(object, i)?,
                }
            } else {
                string_of_class(object, i, scratch, missing)?;
            }
        }
    }
    // SAFETY: nothing is encoded any more, so the bytes stay where they are.
    unsafe { scratch.place_encoded() };
    Ok(())
}

/// # Safety
/// The object must be alive.
#[cold]
unsafe fn string_of_class(
    object: *mut ffi::PyObject,
    i: usize,
    scratch: &mut Scratch,
    missing: &mut Missing,
) -> Result<(), Stop> {
    Python::attach(|py| {
        // SAFETY: the caller vouches for the object.
        let value = unsafe { Bound::from_borrowed_ptr(py, object) };
        if value.is_instance_of::<PyString>() {
            // The text is copied: the array holds an object of a class of the program.
            // SAFETY: this is a `str`.
            return unsafe { scratch.encode(object, i) };
        }
        if is_nan(&value)? || is_null(&value)? {
            scratch.texts.push(Text::from(""));
            missing.set(i);
            return Ok(());
        }
        let class = super::faults::class_name(&value);
        Err(Bad::at(i, format!("Expected a string, got an object of type {class}.")).into())
    })
}

impl Scratch {
    pub(crate) fn start_texts(&mut self, rows: usize) {
        self.texts.clear();
        self.texts.reserve(rows);
        self.bytes.clear();
        self.encoded.clear();
    }

    /// Copies the text of a `str` to the bytes.
    ///
    /// # Safety
    /// The object must be a `str`, and alive.
    pub(crate) unsafe fn encode(
        &mut self,
        object: *mut ffi::PyObject,
        row: usize,
    ) -> Result<(), Stop> {
        // SAFETY: the caller vouches for the object.
        match unsafe { text::utf8(object, &mut self.word) } {
            Ok(text) => {
                let start = self.bytes.len();
                // A piece may have the same long text in each row.
                let space = self.bytes.try_reserve(text.len());
                space.map_err(|_| PyMemoryError::new_err("no memory for the texts of a column"))?;
                self.bytes.extend_from_slice(text.as_bytes());
                self.encoded.push((self.texts.len(), start..self.bytes.len()));
                self.texts.push(Text::from(""));
                Ok(())
            }
            Err(e) => Err(Stop::value(row, e)),
        }
    }

    /// Puts the texts that were encoded in their places.
    ///
    /// # Safety
    /// The bytes must stay as they are until the piece has been appended.
    pub(crate) unsafe fn place_encoded(&mut self) {
        for (place, range) in &self.encoded {
            let bytes = self.bytes.get(range.clone()).unwrap_or_default();
            if let Some(text) = self.texts.get_mut(*place) {
                // SAFETY: the bytes are those of a `&str`, and the caller vouches for the time.
                *text = unsafe { kept(std::str::from_utf8_unchecked(bytes)) };
            }
        }
    }
}
