//! The columns of a pandas DataFrame.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::found::Held;

/// Returns whether the object is a pandas DataFrame. A program that has none has not imported pandas either.
///
/// # Errors
/// Those of the import system.
pub(crate) fn is_frame(df: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = df.py();
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let Ok(pandas) = modules.get_item(intern!(py, "pandas")) else { return Ok(false) };
    match pandas.getattr_opt(intern!(py, "DataFrame"))? {
        Some(class) => df.is_instance(&class),
        None => Ok(false),
    }
}

/// Returns the names of the columns.
///
/// # Errors
/// Those of pandas.
pub(crate) fn names<'py>(df: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let py = df.py();
    let names = df.getattr(intern!(py, "columns"))?.call_method0(intern!(py, "tolist"))?;
    names.try_iter()?.collect()
}

/// Returns the values of the columns.
///
/// # Errors
/// Those of pandas.
pub(crate) fn columns<'py>(df: &Bound<'py, PyAny>, count: usize) -> PyResult<Vec<Held<'py>>> {
    if let Some(columns) = by_blocks(df, count)? {
        return Ok(columns);
    }
    let items = df.call_method0(intern!(df.py(), "items"))?;
    let column = |item: PyResult<Bound<'py, PyAny>>| {
        let values = item?.get_item(1)?.getattr(intern!(df.py(), "array"))?;
        // The array of a column without a class of its own wraps one of numpy.
        let wrapped = values.getattr_opt(intern!(df.py(), "__array_struct__"))?.is_none();
        let plain = if wrapped { values.getattr_opt(intern!(df.py(), "_ndarray"))? } else { None };
        let of_numpy =
            values.getattr(intern!(df.py(), "dtype"))?.hasattr(intern!(df.py(), "numpy_dtype"))?;
        let values = plain.filter(|_| of_numpy).unwrap_or(values);
        Ok(Held { values, row: 0 })
    };
    items.try_iter()?.map(column).collect()
}

/// Returns the columns by the blocks in which pandas keeps those of one type together, which saves making an object for each. They
/// are no part of the public API of pandas: if they look different, nothing is returned.
fn by_blocks<'py>(df: &Bound<'py, PyAny>, count: usize) -> PyResult<Option<Vec<Held<'py>>>> {
    let py = df.py();
    let Some(manager) = df.getattr_opt(intern!(py, "_mgr"))? else { return Ok(None) };
    let Some(blocks) = manager.getattr_opt(intern!(py, "blocks"))? else { return Ok(None) };
    let Ok(blocks) = blocks.cast::<PyTuple>() else { return Ok(None) };
    let mut columns: Vec<Option<Held<'py>>> = Vec::new();
    columns.resize_with(count, || None);
    for block in blocks {
        let (Some(values), Some(places)) = (
            block.getattr_opt(intern!(py, "values"))?,
            block.getattr_opt(intern!(py, "mgr_locs"))?,
        ) else {
            return Ok(None);
        };
        for (row, place) in places.try_iter()?.enumerate() {
            match columns.get_mut(place?.extract::<usize>()?) {
                Some(column @ None) => *column = Some(Held { values: values.clone(), row }),
                _ => return Ok(None),
            }
        }
    }
    Ok(columns.into_iter().collect())
}
