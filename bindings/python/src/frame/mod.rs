//! `dataframe`: whole tables of pandas, polars and Arrow as rows.
//!
//! `roles` reads the arguments. A pandas DataFrame goes this way: `pandas` finds the values of its columns, `found` says what each
//! becomes, with `arrow` for those that pyarrow holds; `plan` puts them together. `encode` then appends piece after piece, which
//! `piece` and `objects` read. Everything else that has Arrow's interfaces is read by the client itself (`exported`). Neither copies
//! the frame, and the interpreter's lock is only held while Python objects are read.

mod arrays;
mod arrow;
mod column;
mod encode;
mod exported;
mod faults;
mod found;
mod memory;
mod objects;
mod pandas;
mod piece;
mod plan;
mod roles;
mod target;
mod texts;
mod times;

use std::convert::Infallible;

use pyo3::Borrowed;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use faults::class_name;
use roles::Arguments;
pub(crate) use target::Target;

/// An argument that may have been given, also as `None`.
pub(crate) enum Given<'py> {
    Not,
    This(Bound<'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'py> {
    type Error = Infallible;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Given::This(object.to_owned()))
    }
}

impl<'py> Given<'py> {
    fn some(self) -> Option<Bound<'py, PyAny>> {
        match self {
            Given::Not => None,
            Given::This(value) => Some(value),
        }
    }
}

/// Appends a frame.
///
/// # Errors
/// `IngressError` for what cannot be sent, and those of automatic flushes; `TypeError` for arguments of a wrong type; what code of
/// the frame raises.
pub(crate) fn append<'py>(
    df: &Bound<'py, PyAny>,
    table_name: Option<Bound<'py, PyAny>>,
    table_name_col: Option<Bound<'py, PyAny>>,
    symbols: Given<'py>,
    at: Given<'py>,
    target: &mut Target<'_>,
) -> PyResult<()> {
    let Given::This(at) = at else {
        return Err(PyTypeError::new_err("dataframe() needs keyword-only argument at"));
    };
    let arguments = Arguments { table_name, table_name_col, symbols: symbols.some(), at };
    if pandas::is_frame(df)? {
        return append_pandas(df, &arguments, target);
    }
    match exported::stream(df)? {
        Some(stream) => target.append_stream(df, stream, &arguments),
        None => Err(no_frame(df)),
    }
}

/// Appends a pandas DataFrame. What is in a buffer can be taken back, so what objects a column has may be guessed by the first of
/// them. If that was wrong, or anything else, all is done again without a guess, which finds the right error as well.
fn append_pandas(
    df: &Bound<'_, PyAny>,
    arguments: &Arguments<'_>,
    target: &mut Target<'_>,
) -> PyResult<()> {
    if matches!(target, Target::Buffer(_)) {
        match plan::of_pandas(df, arguments, true)? {
            Some(plan) => match target.append(df, &plan) {
                Err(_) if plan.is_guess => {}
                result => return result,
            },
            None => return Ok(()),
        }
    }
    match plan::of_pandas(df, arguments, false)? {
        Some(plan) => target.append(df, &plan),
        None => Ok(()),
    }
}

#[cold]
fn no_frame(df: &Bound<'_, PyAny>) -> PyErr {
    let why = format!(
        "Expected a DataFrame of pandas or polars, a table of pyarrow, or another object with __arrow_c_stream__ or \
         __arrow_c_array__, not an object of type {}.",
        class_name(df)
    );
    let py = df.py();
    // Whoever has no pandas may have meant something else by a frame.
    let hint = match py
        .import("importlib.util")
        .and_then(|m| m.call_method1("find_spec", ("pandas",)))
    {
        Ok(found) if found.is_none() => {
            " Missing dependencies: pandas is not installed (pip install 'questdb-ingress[dataframe]')."
        }
        _ => "",
    };
    faults::argument(py, "df", &(why + hint))
}
