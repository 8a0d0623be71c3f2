//! `row`: one call, one row. The arguments are taken as the interpreter has them, without tuples or dictionaries of their own.
#![expect(unsafe_code, reason = "calls CPython directly")]

use std::ptr;

use client::internal::QuickCalls as _;
use client::{Buffer, ColumnName, ColumnRef, TableName, TableRef, Text};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::cell::{Written, escaped_column, quick_column, slow_column};
use crate::items::Items;
use crate::names::{Found, Names};
use crate::raise::{slowly, wrong, wrong_symbol};
use crate::stamps::{TimestampMicros, TimestampNanos};
use crate::text::utf8;
use crate::values::{self, At};
use crate::{time, types};

/// The arguments of a call: borrowed objects, alive until the call returns; null where there is none.
#[derive(Clone, Copy)]
pub(crate) struct Arguments {
    pub(crate) table: *mut ffi::PyObject,
    pub(crate) symbols: *mut ffi::PyObject,
    pub(crate) columns: *mut ffi::PyObject,
    pub(crate) at: *mut ffi::PyObject,
}

/// Where each argument of a call stands; [`ABSENT`] for none.
#[derive(Clone, Copy)]
struct Places {
    table: u8,
    symbols: u8,
    columns: u8,
    at: u8,
}

const ABSENT: u8 = u8::MAX;

/// Turns texts and objects into rows; each buffer has its own.
///
/// Invariant: `keywords` is null or a tuple that is held by a reference, and `places` is what it, `positional` and `takes_table` mean.
pub(crate) struct Rows {
    /// The keywords of the last call. A call site passes the same tuple each time.
    keywords: *mut ffi::PyObject,
    positional: isize,
    takes_table: bool,
    places: Places,
    tables: Names<TableName>,
    columns: Names<ColumnName>,
    scratch: Vec<u8>,
}

// SAFETY: the tuple is only touched by a thread that is attached; `Rows` is behind the lock of its buffer or sender.
unsafe impl Send for Rows {}

impl Rows {
    pub(crate) fn new() -> Rows {
        Rows {
            keywords: ptr::null_mut(),
            positional: 0,
            takes_table: true,
            places: Places { table: ABSENT, symbols: ABSENT, columns: ABSENT, at: ABSENT },
            tables: Names::new(),
            columns: Names::new(),
            scratch: Vec::new(),
        }
    }

    /// Sorts the arguments of a call. `takes_table` is false for rows whose table is known.
    ///
    /// # Errors
    /// `TypeError`, as for a function that is written in Python.
    ///
    /// # Safety
    /// The arguments must be those of a function that the interpreter calls with the flags of `raw::definition`.
    #[inline(always)]
    pub(crate) unsafe fn arguments(
        &mut self,
        args: *const *mut ffi::PyObject,
        positional: isize,
        keywords: *mut ffi::PyObject,
        takes_table: bool,
    ) -> PyResult<Arguments> {
        // Rows of a transaction and those of its sender may come from call sites that share a tuple.
        if keywords.is_null()
            || keywords != self.keywords
            || positional != self.positional
            || takes_table != self.takes_table
        {
            // SAFETY: the caller vouches for the arguments.
            unsafe { self.learn(positional, keywords, takes_table)? };
        }
        // SAFETY: the places are below the number of arguments.
        let pick = |place: u8| unsafe {
            if place == ABSENT { ptr::null_mut() } else { *args.add(usize::from(place)) }
        };
        let Places { table, symbols, columns, at } = self.places;
        Ok(Arguments {
            table: pick(table),
            symbols: pick(symbols),
            columns: pick(columns),
            at: pick(at),
        })
    }

    /// Finds out where the arguments of such a call stand.
    ///
    /// # Safety
    /// As [`Rows::arguments`].
    #[inline(never)]
    unsafe fn learn(
        &mut self,
        positional: isize,
        keywords: *mut ffi::PyObject,
        takes_table: bool,
    ) -> PyResult<()> {
        let expected = isize::from(takes_table);
        if positional > expected {
            return Err(PyTypeError::new_err(format!(
                "row() takes {expected} positional argument(s) besides self, {positional} were given"
            )));
        }
        let mut places = Places { table: ABSENT, symbols: ABSENT, columns: ABSENT, at: ABSENT };
        if positional == 1 {
            places.table = 0;
        }
        // SAFETY: `keywords` is null or a tuple of strings.
        let count = if keywords.is_null() { 0 } else { unsafe { ffi::PyTuple_Size(keywords) } };
        for i in 0..count {
            let mut scratch = Vec::new();
            // SAFETY: as above; the string is alive as long as the tuple is.
            let name = unsafe { utf8(ffi::PyTuple_GetItem(keywords, i), &mut scratch)? };
            let place = match name {
                "symbols" => &mut places.symbols,
                "columns" => &mut places.columns,
                "at" => &mut places.at,
                "table_name" if takes_table => &mut places.table,
                other => {
                    return Err(PyTypeError::new_err(format!(
                        "row() got an unexpected keyword argument '{other}'"
                    )));
                }
            };
            if *place != ABSENT {
                return Err(PyTypeError::new_err(format!(
                    "row() got multiple values for argument '{name}'"
                )));
            }
            *place = u8::try_from(positional + i).unwrap_or(ABSENT);
        }
        if takes_table && places.table == ABSENT {
            return Err(PyTypeError::new_err("row() needs positional argument table_name"));
        }
        if places.at == ABSENT {
            return Err(PyTypeError::new_err("row() needs keyword-only argument at"));
        }
        // SAFETY: `keywords` is a tuple here, because `at` was found in it. The one before was held by this reference.
        unsafe {
            ffi::Py_INCREF(keywords);
            self.release();
        }
        self.keywords = keywords;
        self.positional = positional;
        self.takes_table = takes_table;
        self.places = places;
        Ok(())
    }

    /// Drops the reference to the keywords.
    ///
    /// # Safety
    /// The thread must be attached, and `keywords` is replaced or never used again.
    unsafe fn release(&mut self) {
        let keywords = std::mem::replace(&mut self.keywords, ptr::null_mut());
        if !keywords.is_null() {
            // SAFETY: the type's invariant; a tuple of strings runs no code when it goes.
            unsafe { ffi::Py_DECREF(keywords) };
        }
    }

    /// Appends a row. Returns false if it has no value, so that nothing was appended. After an error the row is dropped.
    ///
    /// # Errors
    /// `TypeError`, `OverflowError` and `IngressError` about the arguments, and whatever code of theirs raises.
    ///
    /// # Safety
    /// The arguments must be alive, and the thread attached.
    #[inline(always)]
    pub(crate) unsafe fn append(
        &mut self,
        buffer: &mut Buffer,
        arguments: Arguments,
    ) -> PyResult<bool> {
        // SAFETY: the caller vouches for the arguments.
        let result = unsafe { self.try_append(buffer, arguments) };
        if !matches!(result, Ok(true)) {
            buffer.drop_row();
        }
        result
    }

    /// # Safety
    /// As [`Rows::append`].
    unsafe fn try_append(
        &mut self,
        buffer: &mut Buffer,
        Arguments { table, symbols, columns, at }: Arguments,
    ) -> PyResult<bool> {
        // SAFETY: the caller vouches for the arguments; each is checked for its class before it is used as such.
        unsafe {
            let at = designated(at)?;
            if !is_str(table) {
                return Err(wrong("table_name", "str", table));
            }
            self.tables.restart();
            self.columns.restart();
            let Found { name, escaped } = self.tables.find(table)?;
            if escaped {
                begin(buffer, name.as_str().into())?;
            } else if !buffer.quick_table(name.into()) {
                slowly(buffer.table(name).map(drop))?;
            }
            let mut values = 0usize;
            if !is_absent(symbols) {
                values += self.symbols(buffer, symbols)?;
            }
            if !is_absent(columns) {
                values += self.columns(buffer, columns)?;
            }
            if values == 0 {
                return Ok(false);
            }
            end(buffer, at)?;
            Ok(true)
        }
    }

    /// Appends symbols, and returns how many.
    ///
    /// # Safety
    /// `symbols` must be alive, and the thread attached.
    #[inline(always)]
    unsafe fn symbols(
        &mut self,
        buffer: &mut Buffer,
        symbols: *mut ffi::PyObject,
    ) -> PyResult<usize> {
        // SAFETY: the caller vouches for the dict; nothing here runs code of the program, so the references that it lends stay valid.
        unsafe {
            let items = Items::of(symbols, "symbols")?;
            let mut count = 0;
            let mut cursor = 0;
            // By the number of items, which saves a call at their end.
            for _ in 0..items.count() {
                let Some((key, value)) = items.next(&mut cursor) else { break };
                let Found { name, escaped } = column_name(&mut self.columns, key, "symbols")?;
                if value == ffi::Py_None() {
                    continue;
                }
                if !is_str(value) {
                    return Err(wrong_symbol(name, value));
                }
                let text = utf8(value, &mut self.scratch)?;
                if escaped {
                    symbol(buffer, name.as_str().into(), text.into())?;
                } else if !buffer.quick_symbol(name.into(), text.into()) {
                    slowly(buffer.symbol(name, text).map(drop))?;
                }
                count += 1;
            }
            Ok(count)
        }
    }

    /// Appends columns, and returns how many.
    ///
    /// # Safety
    /// `columns` must be alive, and the thread attached.
    #[inline(always)]
    unsafe fn columns(
        &mut self,
        buffer: &mut Buffer,
        columns: *mut ffi::PyObject,
    ) -> PyResult<usize> {
        // SAFETY: the caller vouches for the dict. Before code of the program can run, key and value are held, and the dict is
        // looked at again afterwards.
        unsafe {
            let items = Items::of(columns, "columns")?;
            let mut count = 0;
            let mut cursor = 0;
            // By the number of items, which saves a call at their end.
            for _ in 0..items.count() {
                let Some((key, value)) = items.next(&mut cursor) else { break };
                let Found { name, escaped } = column_name(&mut self.columns, key, "columns")?;
                let written = if escaped {
                    escaped_column(buffer, name, value, &mut self.scratch)
                } else {
                    quick_column(buffer, name.into(), value, &mut self.scratch)
                };
                match written? {
                    Written::Yes => count += 1,
                    Written::Nothing => {}
                    Written::Slowly => {
                        count += usize::from(slow_column(buffer, name, value, &mut self.scratch)?);
                        items.check()?;
                    }
                }
            }
            Ok(count)
        }
    }
}

/// Starts a row of a table whose name is escaped.
#[inline(never)]
fn begin(buffer: &mut Buffer, table: TableRef<'_>) -> PyResult<()> {
    if buffer.quick_table(table) { Ok(()) } else { slowly(buffer.table(table).map(drop)) }
}

/// Appends a symbol whose name is escaped.
#[inline(never)]
fn symbol(buffer: &mut Buffer, name: ColumnRef<'_>, text: Text<'_>) -> PyResult<()> {
    if buffer.quick_symbol(name, text) {
        return Ok(());
    }
    slowly(buffer.symbol(name, text).map(drop))
}

/// Returns the checked form of a key.
///
/// # Safety
/// `key` must be alive, and the thread attached.
#[inline(always)]
unsafe fn column_name<'n>(
    columns: &'n mut Names<ColumnName>,
    key: *mut ffi::PyObject,
    argument: &str,
) -> PyResult<Found<'n, ColumnName>> {
    // SAFETY: the class is checked before the key is used as a string.
    unsafe {
        if !is_str(key) {
            return Err(wrong(&format!("keys of {argument}"), "str", key));
        }
        columns.find(key)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // SAFETY: the value is never used again, and only the end of a Python object comes here, with the thread attached.
        unsafe { self.release() };
    }
}

/// Returns the designated timestamp that `at` stands for.
///
/// # Safety
/// `at` must be alive, and the thread attached.
#[inline(always)]
unsafe fn designated(at: *mut ffi::PyObject) -> PyResult<At> {
    // SAFETY: the class is compared before the value is used as one of it.
    unsafe {
        let class = ffi::Py_TYPE(at);
        if class == types::nanos() {
            return Ok(At::Nanos(types::read::<TimestampNanos>(at).0));
        }
        if class == types::micros() {
            return Ok(At::Micros(types::read::<TimestampMicros>(at).0));
        }
        if let Some(micros) = time::quick_micros(at) {
            return Ok(At::Micros(micros));
        }
        if at == types::server() {
            return Ok(At::Server);
        }
        Python::attach(|py| values::designated(&Bound::from_borrowed_ptr(py, at)))
    }
}

#[inline(always)]
fn end(buffer: &mut Buffer, at: At) -> PyResult<()> {
    match at {
        At::Nanos(nanos) if buffer.quick_at_nanos(nanos) => Ok(()),
        At::Nanos(nanos) => slowly(buffer.at_nanos(nanos)),
        At::Micros(micros) if buffer.quick_at_micros(micros) => Ok(()),
        At::Micros(micros) => slowly(buffer.at_micros(micros)),
        At::Server => slowly(buffer.at_now()),
    }
}

/// Returns whether an object is a `str` or of a class derived from it.
///
/// # Safety
/// `object` must be alive, and the thread attached.
#[inline(always)]
unsafe fn is_str(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller vouches for the object. Most are of the class itself, which needs no call.
    unsafe {
        ffi::Py_TYPE(object) == &raw mut ffi::PyUnicode_Type || ffi::PyUnicode_Check(object) != 0
    }
}

/// Returns whether an argument was not given, or is `None`.
fn is_absent(argument: *mut ffi::PyObject) -> bool {
    // SAFETY: this only asks for the address of `None`.
    argument.is_null() || argument == unsafe { ffi::Py_None() }
}
