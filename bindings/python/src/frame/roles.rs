//! The arguments of `dataframe`: which column has which role.

use std::collections::HashMap;

use client::TableName;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyList, PyString, PyTuple};

use super::faults::{argument, class_name, quoted};
use crate::errors::{Code, ingress_error};
use crate::stamps::TimestampMicros;
use crate::text;
use crate::values::{self, At};

/// The arguments as they were given. What is nothing was not given, or `None`.
pub(crate) struct Arguments<'py> {
    pub(crate) table_name: Option<Bound<'py, PyAny>>,
    pub(crate) table_name_col: Option<Bound<'py, PyAny>>,
    pub(crate) symbols: Option<Bound<'py, PyAny>>,
    pub(crate) at: Bound<'py, PyAny>,
}

/// Which columns become symbols.
pub(crate) enum Symbols {
    Categories,
    Texts,
    None,
    Some(Vec<usize>),
}

/// What the arguments mean for a frame. Places of columns count from 0.
pub(crate) struct Roles {
    /// The table of all rows.
    pub(crate) table: Option<String>,
    /// The column with the table of each row.
    pub(crate) tables: Option<usize>,
    /// The column with the designated timestamp.
    pub(crate) stamp: Option<usize>,
    /// The designated timestamp, if no column has it.
    pub(crate) at: At,
    pub(crate) symbols: Symbols,
}

impl Roles {
    /// Looks the columns up. `df` is asked for the name of its index if no table is given.
    ///
    /// # Errors
    /// `IngressError`, `TypeError`.
    pub(crate) fn of(
        df: &Bound<'_, PyAny>,
        names: &[Bound<'_, PyAny>],
        arguments: &Arguments<'_>,
    ) -> PyResult<Roles> {
        let (table, tables) = table(df, names, arguments)?;
        let symbols = symbols(df.py(), names, arguments.symbols.as_ref())?;
        let (at, stamp) = designated(names, &arguments.at)?;
        let py = df.py();
        if tables.is_some() && tables == stamp {
            let why =
                "Cannot use the same column as both the `table_name_col` and as the `at` column.";
            return Err(argument(py, "at", why));
        }
        if let Symbols::Some(places) = &symbols {
            for (place, role) in [(tables, "table_name_col"), (stamp, "at")] {
                if place.is_some_and(|place| places.contains(&place)) {
                    let why = format!("Cannot use the `{role}` column as a symbol column.");
                    return Err(argument(py, "symbols", &why));
                }
            }
        }
        Ok(Roles { table, tables, stamp, at, symbols })
    }
}

/// Returns the name of a column, which must be text.
///
/// # Errors
/// `IngressError`.
pub(crate) fn column_name(name: &Bound<'_, PyAny>) -> PyResult<String> {
    match name.cast::<PyString>() {
        Ok(name) => text::owned(name),
        Err(_) => {
            let (class, shown) = (class_name(name), name.repr()?);
            let message =
                format!("Bad column name {shown}: Expected str, not an object of type {class}.");
            Err(ingress_error(name.py(), Code::InvalidApiCall, message))
        }
    }
}

/// Refuses columns whose names differ only in case: they are one to the server, which keeps the first value and drops the second.
///
/// # Errors
/// `IngressError`.
pub(crate) fn check_case<'a>(
    py: Python<'_>,
    names: impl Iterator<Item = &'a str> + Clone,
) -> PyResult<()> {
    if !names.clone().any(|name| name.chars().any(char::is_uppercase)) {
        return Ok(());
    }
    let mut known = HashMap::new();
    for name in names {
        // Columns of exactly one name are told of by the layout.
        if let Some(other) = known.insert(name.to_lowercase(), name).filter(|other| *other != name)
        {
            let (other, name) = (quoted(other), quoted(name));
            let message = format!(
                "columns {other} and {name} are one to the server, which does not tell upper case from lower: rename one"
            );
            return Err(ingress_error(py, Code::InvalidName, message));
        }
    }
    Ok(())
}

/// Returns the table of all rows, or the column with the table of each.
fn table(
    df: &Bound<'_, PyAny>,
    names: &[Bound<'_, PyAny>],
    arguments: &Arguments<'_>,
) -> PyResult<(Option<String>, Option<usize>)> {
    let py = df.py();
    let refused = |message: &str| Err(ingress_error(py, Code::InvalidApiCall, message));
    match (&arguments.table_name, &arguments.table_name_col) {
        (Some(_), Some(_)) => refused("Can specify only one of `table_name` or `table_name_col`."),
        (Some(name), None) => {
            let Ok(text) = name.cast::<PyString>() else {
                let class = class_name(name);
                return Err(PyTypeError::new_err(format!(
                    "Argument 'table_name' has incorrect type (expected str, got {class})"
                )));
            };
            let text = text::owned(text)?;
            TableName::new(text.as_str()).map_err(|e| argument(py, "table_name", e.message()))?;
            Ok((Some(text), None))
        }
        (None, Some(column)) => {
            let Some(place) = place(names, column, "table_name_col")? else {
                let why = "must be a column name (str) or index (int).";
                return Err(argument(py, "table_name_col", why));
            };
            Ok((None, Some(place)))
        }
        (None, None) => {
            let index = df.getattr_opt(intern!(py, "index"))?;
            let name = index.map(|index| index.getattr_opt(intern!(py, "name"))).transpose()?;
            let Some(name) = name.flatten().filter(|name| !name.is_none()) else {
                return refused(
                    "Must specify at least one of `table_name` or `table_name_col`, or set the dataframe index name \
                     (df.index.name = 'tbl_name').",
                );
            };
            let Ok(text) = name.cast::<PyString>() else {
                let class = class_name(&name);
                return refused(&format!(
                    "Bad dataframe index name as table name: Expected str, not an object of type {class}. Rename the index \
                     (df.index.name = 'tbl_name'), or specify `table_name` or `table_name_col`."
                ));
            };
            let text = text::owned(text)?;
            if let Err(e) = TableName::new(text.as_str()) {
                return refused(&format!(
                    "Bad dataframe index name as table name: {}",
                    e.message()
                ));
            }
            Ok((Some(text), None))
        }
    }
}

/// Returns the place of a column given by name or number; numbers below 0 count from the end. Returns nothing for anything else.
fn place(
    names: &[Bound<'_, PyAny>],
    column: &Bound<'_, PyAny>,
    role: &str,
) -> PyResult<Option<usize>> {
    let py = column.py();
    if let Ok(name) = column.cast::<PyString>() {
        for (place, other) in names.iter().enumerate() {
            if other.is_instance_of::<PyString>() && other.eq(name)? {
                return Ok(Some(place));
            }
        }
        let why = format!("Column {} not found in the dataframe.", name.repr()?);
        return Err(argument(py, role, &why));
    }
    if column.is_instance_of::<PyBool>() || !column.hasattr(intern!(py, "__index__"))? {
        return Ok(None);
    }
    let number = column.extract::<i64>().unwrap_or(i64::MAX);
    let count = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let place = if number < 0 { number.saturating_add(count) } else { number };
    match usize::try_from(place) {
        Ok(place) if place < names.len() => Ok(Some(place)),
        _ => Err(argument(py, role, &format!("{column} index out of range"))),
    }
}

fn symbols(
    py: Python<'_>,
    names: &[Bound<'_, PyAny>],
    symbols: Option<&Bound<'_, PyAny>>,
) -> PyResult<Symbols> {
    let Some(symbols) = symbols else { return Ok(Symbols::Categories) };
    if let Ok(all) = symbols.cast::<PyBool>() {
        return Ok(if all.is_true() { Symbols::Texts } else { Symbols::None });
    }
    if symbols.is_instance_of::<PyString>() && symbols.eq("auto")? {
        return Ok(Symbols::Categories);
    }
    if !symbols.is_instance_of::<PyList>() && !symbols.is_instance_of::<PyTuple>() {
        let why = "Must be a bool or a tuple or list of column names (str) or indices (int).";
        return Err(argument(py, "symbols", why));
    }
    let mut places = Vec::new();
    for symbol in symbols.try_iter()? {
        let Some(place) = place(names, &symbol?, "symbols")? else {
            let why = "Elements must be a column name (str) or index (int).";
            return Err(argument(py, "symbols", why));
        };
        places.push(place);
    }
    Ok(Symbols::Some(places))
}

fn designated(names: &[Bound<'_, PyAny>], at: &Bound<'_, PyAny>) -> PyResult<(At, Option<usize>)> {
    let py = at.py();
    let column = at.is_instance_of::<PyString>()
        || (at.is_instance_of::<PyInt>() && !at.is_instance_of::<PyBool>());
    if column {
        return Ok((At::Server, place(names, at, "at")?));
    }
    let found = values::designated(at).map_err(|e| {
        if !e.is_instance_of::<PyTypeError>(py) {
            return e;
        }
        let why = format!(
            "Unsupported type {}. Must be one of: TimestampNanos, TimestampMicros, datetime, ServerTimestamp, int (column \
             index), str (column name)",
            class_name(at)
        );
        argument(py, "at", &why)
    })?;
    // A datetime is sent in nanoseconds if they hold it, as the official package does.
    let found = match found {
        At::Micros(micros) if !at.is_instance_of::<TimestampMicros>() => {
            micros.checked_mul(1000).map_or(found, At::Nanos)
        }
        _ => found,
    };
    if let At::Nanos(number) | At::Micros(number) = found
        && number < 0
    {
        let message = format!("Timestamp {number} is negative. It must be >= 0.");
        return Err(ingress_error(py, Code::InvalidTimestamp, message));
    }
    Ok((found, None))
}
