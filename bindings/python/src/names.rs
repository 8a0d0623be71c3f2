//! Table and column names that were checked before. A name that comes as the same object again is recognised by its address, any
//! other one by its text.
#![expect(unsafe_code, reason = "keeps references to objects")]

use std::collections::HashMap;

use client::{ColumnName, TableName};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::errors::convert;
use crate::text::utf8;

/// When so many names are known, all of them are forgotten: a program whose names never end must not fill the memory.
const MAX_NAMES: usize = 1024;
const SLOTS: usize = 1024;
const EMPTY: u16 = u16::MAX;

/// A kind of name.
pub(crate) trait Checked: Sized {
    fn check(text: &str) -> client::Result<Self>;
    fn text(&self) -> &str;
}

impl Checked for TableName {
    fn check(text: &str) -> client::Result<TableName> {
        TableName::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Checked for ColumnName {
    fn check(text: &str) -> client::Result<ColumnName> {
        ColumnName::new(text)
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// A name that was found. One that is `escaped` is given to the client as text: a buffer keeps the escaped form of texts that it was
/// given before, but would escape a checked name anew each time.
#[derive(Clone, Copy)]
pub(crate) struct Found<'n, N> {
    pub(crate) name: &'n N,
    pub(crate) escaped: bool,
}

/// One name.
///
/// Invariant: `object` is null, or a `str` with this text to which the entry holds a reference, so that no other object can get its
/// address. `candidate` is an address only, never followed.
struct Entry<N> {
    object: *mut ffi::PyObject,
    /// The object that had this text last. It is kept when it comes a second time: keys of a parsed JSON text are new objects in
    /// each text, and keeping each of them would cost more than it saves.
    candidate: *mut ffi::PyObject,
    name: N,
    /// Whether the client writes the name with backslashes.
    escaped: bool,
}

/// The names of one kind that one buffer has seen. It is only used and dropped by a thread that is attached to the interpreter.
pub(crate) struct Names<N> {
    entries: Vec<Entry<N>>,
    /// Indexes by address: a hint, which the entry's own `object` confirms.
    by_address: Vec<u16>,
    by_text: HashMap<Box<str>, u16>,
    /// The index of the name that is expected next, in the order in which names were first used.
    next: usize,
    scratch: Vec<u8>,
}

// SAFETY: the objects are `str`s, which any thread may hold. `Names` is behind the lock of its buffer or sender.
unsafe impl<N: Send> Send for Names<N> {}

impl<N: Checked> Names<N> {
    pub(crate) fn new() -> Names<N> {
        Names {
            entries: Vec::new(),
            by_address: Vec::new(),
            by_text: HashMap::new(),
            next: 0,
            scratch: Vec::new(),
        }
    }

    /// Expects the first name again.
    #[inline(always)]
    pub(crate) fn restart(&mut self) {
        self.next = 0;
    }

    /// Returns the checked form of the name that `key` holds.
    ///
    /// # Errors
    /// `IngressError` with `InvalidName` or `InvalidUtf8`.
    ///
    /// # Safety
    /// `key` must be a `str` or of a class derived from it, and alive. The thread must be attached.
    #[inline(always)]
    pub(crate) unsafe fn find(&mut self, key: *mut ffi::PyObject) -> PyResult<Found<'_, N>> {
        let index = match self.by_address.get(slot(key)) {
            Some(&index)
                if self.entries.get(usize::from(index)).is_some_and(|e| e.object == key) =>
            {
                usize::from(index)
            }
            // SAFETY: the caller vouches for the key.
            _ => unsafe { self.find_text(key)? },
        };
        self.next = index + 1;
        // The index was found among the entries, or is that of the entry just made.
        let Entry { name, escaped, .. } = &self.entries[index];
        Ok(Found { name, escaped: *escaped })
    }

    /// # Safety
    /// As [`Names::find`].
    #[inline(never)]
    unsafe fn find_text(&mut self, key: *mut ffi::PyObject) -> PyResult<usize> {
        let mut scratch = std::mem::take(&mut self.scratch);
        // SAFETY: the caller vouches for the key.
        let result = unsafe { utf8(key, &mut scratch) }.and_then(|text| {
            if self.entries.get(self.next).is_some_and(|e| e.name.text() == text) {
                return Ok(self.next);
            }
            match self.by_text.get(text) {
                Some(&index) => Ok(usize::from(index)),
                None => self.add(text),
            }
        });
        self.scratch = scratch;
        let index = result?;
        // SAFETY: as above.
        unsafe { self.seen(index, key) };
        Ok(index)
    }

    #[cold]
    fn add(&mut self, text: &str) -> PyResult<usize> {
        let name = N::check(text).map_err(|e| Python::attach(|py| convert(py, &e)))?;
        if self.entries.len() >= MAX_NAMES {
            self.forget();
        }
        if self.by_address.is_empty() {
            self.by_address = vec![EMPTY; SLOTS];
        }
        let index = self.entries.len();
        self.by_text.insert(text.into(), u16::try_from(index).unwrap_or(EMPTY));
        let (object, candidate) = (std::ptr::null_mut(), std::ptr::null_mut());
        let escaped = text.bytes().any(|byte| matches!(byte, b' ' | b'='));
        self.entries.push(Entry { object, candidate, name, escaped });
        Ok(index)
    }

    /// Notes that this object has the name of the entry, and keeps it if it had it before.
    ///
    /// # Safety
    /// As [`Names::find`].
    unsafe fn seen(&mut self, index: usize, key: *mut ffi::PyObject) {
        let entry = &mut self.entries[index];
        if entry.candidate != key {
            entry.candidate = key;
            return;
        }
        // SAFETY: the key is alive. Objects of derived classes are never kept: dropping one could run code of its class.
        unsafe {
            if ffi::PyUnicode_CheckExact(key) == 0 {
                return;
            }
            ffi::Py_INCREF(key);
            let before = std::mem::replace(&mut entry.object, key);
            if !before.is_null() {
                ffi::Py_DECREF(before);
            }
        }
        if let Some(hint) = self.by_address.get_mut(slot(key)) {
            *hint = u16::try_from(index).unwrap_or(EMPTY);
        }
    }
}

impl<N> Names<N> {
    fn forget(&mut self) {
        self.by_text.clear();
        self.by_address.fill(EMPTY);
        for entry in self.entries.drain(..) {
            if !entry.object.is_null() {
                // SAFETY: the entry held this reference; it is a plain `str`, so that no other code runs. The thread is attached,
                // because only methods and the end of a Python object come here.
                unsafe { ffi::Py_DECREF(entry.object) };
            }
        }
    }
}

impl<N> Drop for Names<N> {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Returns the slot of an address. Objects are 16 bytes apart.
#[inline(always)]
fn slot(key: *mut ffi::PyObject) -> usize {
    let address = key as usize >> 4;
    (address ^ (address >> 10)) & (SLOTS - 1)
}
