//! What a frame becomes: which columns are sent as what, where the table and the designated timestamp come from.

use client::table::{ColumnKind, RowLayout, TimestampKind};
use pyo3::prelude::*;

use super::column::Column;
use super::faults::{argument, bad_frame, quoted};
use super::found::{self, Found, Held, Keep};
use super::pandas;
use super::roles::{Arguments, Roles, Symbols, check_case, column_name};
use crate::errors::OrRaise as _;
use crate::values::At;

/// Where the designated timestamp comes from.
pub(crate) enum Stamp {
    Server,
    Constant(i64),
    Column(Column),
}

/// A frame, ready to be read.
pub(crate) struct Plan {
    pub(crate) rows: usize,
    /// In the order of the layout.
    pub(crate) columns: Vec<Column>,
    pub(crate) stamp: Stamp,
    /// The column with the table of each row.
    pub(crate) tables: Option<Column>,
    pub(crate) layout: RowLayout,
    /// The same for rows whose timestamp is missing, which the server sets.
    pub(crate) layout_now: RowLayout,
    /// Whether reading needs the interpreter's lock.
    pub(crate) has_objects: bool,
    /// Whether a column has the numbers of texts.
    pub(crate) has_dictionary: bool,
    /// Whether the first objects of a column decided what it holds, so that a later one may not fit.
    pub(crate) is_guess: bool,
    /// What owns the memory of the columns.
    _keep: Keep,
}

/// Plans a pandas DataFrame. Returns nothing for one without rows or without columns. With `guesses`, columns of objects are not
/// read to their end to find out what they hold.
///
/// # Errors
/// `IngressError`; `TypeError` for arguments of a wrong type; those of pandas.
pub(crate) fn of_pandas(
    df: &Bound<'_, PyAny>,
    arguments: &Arguments<'_>,
    guesses: bool,
) -> PyResult<Option<Plan>> {
    let py = df.py();
    let names = pandas::names(df)?;
    let rows = df.len()?;
    let texts = names.iter().map(column_name).collect::<PyResult<Vec<String>>>()?;
    if rows == 0 || names.is_empty() {
        return Ok(None);
    }
    let Roles { table, tables: table_place, stamp: stamp_place, symbols, at } =
        Roles::of(df, &names, arguments)?;
    let mut keep = Keep::new(guesses);
    let mut columns = Vec::with_capacity(names.len());
    let (mut tables, mut stamp) = (None, None);
    for (place, held) in pandas::columns(df, names.len())?.iter().enumerate() {
        let Some(name) = texts.get(place) else { continue };
        let found = found::find(name, held, rows, &mut keep)?;
        if table_place == Some(place) {
            tables = Some(with_role(py, found, "table_name_col", name, held, Column::is_text)?);
        } else if stamp_place == Some(place) {
            stamp = Some(with_role(py, found, "at", name, held, Column::is_time)?);
        } else {
            columns.extend(symbols.column(py, found, name, place, held)?);
        }
    }
    check_case(py, columns.iter().map(|column| column.name.as_str()))?;
    let has_dictionary = columns.iter().any(Column::has_dictionary);
    let has_objects = columns.iter().chain(&tables).chain(&stamp).any(Column::has_objects);
    let (stamp, kind) = match (stamp, at) {
        (Some(column), _) => {
            let nanos = column.kind == ColumnKind::TsNanos;
            let kind = if nanos { TimestampKind::Nanos } else { TimestampKind::Micros };
            (Stamp::Column(column), kind)
        }
        (None, At::Nanos(nanos)) => (Stamp::Constant(nanos), TimestampKind::Nanos),
        (None, At::Micros(micros)) => (Stamp::Constant(micros), TimestampKind::Micros),
        (None, At::Server) => (Stamp::Server, TimestampKind::Now),
    };
    let mut layout = RowLayout::new(table.as_deref().unwrap_or("t")).or_raise(py)?;
    for column in &columns {
        layout.add(column.name.as_str(), column.kind).or_raise(py)?;
    }
    let mut layout_now = layout.clone();
    layout.set_timestamp(kind);
    layout_now.set_timestamp(TimestampKind::Now);
    Ok(Some(Plan {
        rows,
        columns,
        stamp,
        tables,
        layout,
        layout_now,
        has_objects,
        has_dictionary,
        is_guess: keep.has_guessed(),
        _keep: keep,
    }))
}

/// Returns a column with a role, if it fits that.
fn with_role(
    py: Python<'_>,
    found: Found,
    role: &str,
    name: &str,
    held: &Held<'_>,
    fits: impl Fn(&Column) -> bool,
) -> PyResult<Column> {
    match found.column {
        Some(column) if fits(&column) => Ok(column),
        _ => {
            let dtype = dtype(held);
            let (name, due) = (
                quoted(name),
                if role == "at" { "a datetime64 or timestamp column" } else { "a strings column" },
            );
            let why = format!("Bad dtype `{dtype}` for the {name} column: Must be {due}.");
            if role == "at" {
                return Err(argument(py, role, &why));
            }
            Err(bad_frame(py, format!("Bad argument `{role}`: {why}")))
        }
    }
}

fn dtype(held: &Held<'_>) -> String {
    held.values.getattr("dtype").map(|dtype| dtype.to_string()).unwrap_or_default()
}

impl Symbols {
    /// Makes a column a symbol or not, as the caller wants it. Columns without any value are left out.
    fn column(
        &self,
        py: Python<'_>,
        found: Found,
        name: &str,
        place: usize,
        held: &Held<'_>,
    ) -> PyResult<Option<Column>> {
        let Some(mut column) = found.column else { return Ok(None) };
        let text = column.is_text();
        let symbol = match self {
            Symbols::Categories => found.category,
            Symbols::Texts => text,
            Symbols::None => false,
            Symbols::Some(places) => places.contains(&place),
        };
        if symbol && !text {
            let (dtype, name) = (dtype(held), quoted(name));
            let message = format!(
                "Bad argument `symbols`: Bad dtype `{dtype}` for the {name} column: Must be a strings column."
            );
            return Err(bad_frame(py, message));
        }
        if symbol {
            column.kind = ColumnKind::Symbol;
        }
        Ok(Some(column))
    }
}
