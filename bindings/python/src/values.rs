//! Values of columns that are not of the few exact types which `row` writes itself: derived classes, numpy's scalars, dates,
//! decimals, arrays. What is done here may run code of the program.

use client::{Buffer, ColumnName};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyType};

use crate::array::{self, Number, Numbers};
use crate::errors::{Code, OrRaise as _, ingress_error};
use crate::stamps::{ServerTimestampType, TimestampMicros, TimestampNanos};
use crate::text;
use crate::time::{self, Moment};

/// The designated timestamp of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Server,
    Micros(i64),
    Nanos(i64),
}

/// Appends any value. Returns false if there is no value, so that nothing was appended.
///
/// # Errors
/// `TypeError` for a value of a type that no column has, `OverflowError` for an integer of more than 64 bits, `IngressError`, and
/// whatever the code of the value raises.
#[cold]
pub(crate) fn append(
    buffer: &mut Buffer,
    name: &ColumnName,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let py = value.py();
    if let Ok(yes) = value.cast::<PyBool>() {
        buffer.column_bool(name, yes.is_true()).or_raise(py)?;
    } else if value.is_instance_of::<PyString>() {
        // Texts are written by the caller, whatever their class.
        return Err(unsupported(name, value)?);
    } else if value.is_instance_of::<PyInt>() {
        buffer.column_i64(name, int(name, value)?).or_raise(py)?;
    } else if value.is_instance_of::<PyFloat>() {
        buffer.column_f64(name, value.extract::<f64>()?).or_raise(py)?;
    } else if let Some(moment) = moment(value)? {
        return append_moment(buffer, name, py, moment);
    } else if is_missing(value)? {
        return Ok(false);
    } else if is_decimal(value)? {
        buffer.column_dec_str(name, &text::owned(&value.str()?)?).or_raise(py)?;
    } else if array::is_list(value) {
        array::append_list(value, buffer, name)?;
    } else if let Some(numbers) = Numbers::of(value)? {
        return append_numbers(buffer, name, value, &numbers);
    } else if value.hasattr("__index__")? {
        buffer.column_i64(name, int(name, value)?).or_raise(py)?;
    } else {
        return Err(unsupported(name, value)?);
    }
    Ok(true)
}

fn append_moment(
    buffer: &mut Buffer,
    name: &ColumnName,
    py: Python<'_>,
    moment: Option<Moment>,
) -> PyResult<bool> {
    match moment {
        None => return Ok(false),
        Some(Moment::Micros(micros)) => buffer.column_ts_micros(name, micros).or_raise(py)?,
        Some(Moment::Nanos(nanos)) => buffer.column_ts_nanos(name, nanos).or_raise(py)?,
    };
    Ok(true)
}

fn append_numbers(
    buffer: &mut Buffer,
    name: &ColumnName,
    value: &Bound<'_, PyAny>,
    numbers: &Numbers<'_>,
) -> PyResult<bool> {
    let py = value.py();
    if numbers.dims() > 0 {
        numbers.append(buffer, name)?;
        return Ok(true);
    }
    match numbers.scalar() {
        Some(Number::Bool(yes)) => buffer.column_bool(name, yes).or_raise(py)?,
        Some(Number::Float(number)) => buffer.column_f64(name, number).or_raise(py)?,
        Some(Number::Int(number)) => {
            let number = i64::try_from(number).map_err(|_| too_large(name, &number.to_string()))?;
            buffer.column_i64(name, number).or_raise(py)?
        }
        None => return Err(unsupported(name, value)?),
    };
    Ok(true)
}

/// Returns the time that a value is: nothing if it is none, nothing inside if it is a missing one.
pub(crate) fn moment(value: &Bound<'_, PyAny>) -> PyResult<Option<Option<Moment>>> {
    if let Ok(micros) = value.cast::<TimestampMicros>() {
        return Ok(Some(Some(Moment::Micros(micros.get().0))));
    }
    if let Ok(nanos) = value.cast::<TimestampNanos>() {
        return Ok(Some(Some(Moment::Nanos(nanos.get().0))));
    }
    if time::is_nat(value)? {
        return Ok(Some(None));
    }
    if let Some(moment) = time::datetime(value)? {
        return Ok(Some(Some(moment)));
    }
    if let Some(moment) = time::date(value)? {
        return Ok(Some(Some(moment)));
    }
    datetime64(value)
}

/// Converts numpy's `datetime64`, which is in UTC. Returns the same as [`moment`].
///
/// # Errors
/// `TypeError` and `OverflowError` for one that no column holds; those of numpy.
pub(crate) fn datetime64(value: &Bound<'_, PyAny>) -> PyResult<Option<Option<Moment>>> {
    match Numbers::of(value)? {
        Some(numbers) if numbers.are_times() && numbers.dims() == 0 => {}
        _ => return Ok(None),
    }
    let py = value.py();
    let dtype = value.getattr("dtype")?;
    let numpy = py.import("numpy")?;
    let (unit, step): (String, i64) = numpy.call_method1("datetime_data", (dtype,))?.extract()?;
    if unit == "generic" {
        // A time without a unit is NaT: numpy makes no other.
        return Ok(Some(None));
    }
    let (value, unit, step) = match unit.as_str() {
        "Y" | "M" | "W" => (value.call_method1("astype", ("datetime64[D]",))?, "D", 1),
        _ => (value.clone(), unit.as_str(), step),
    };
    let count: i64 = value.call_method1("astype", ("int64",))?.call_method0("item")?.extract()?;
    if count == i64::MIN {
        return Ok(Some(None));
    }
    let count = i128::from(count) * i128::from(step);
    let micros_of_unit: i128 = match unit {
        "D" => 86_400_000_000,
        "h" => 3_600_000_000,
        "m" => 60_000_000,
        "s" => 1_000_000,
        "ms" => 1_000,
        "us" => 1,
        "ns" => return fitting(count).map(|nanos| Some(Some(Moment::Nanos(nanos)))),
        other => {
            return Err(PyTypeError::new_err(format!(
                "datetime64 in units of {other} is not supported: use 'ns' or a longer unit"
            )));
        }
    };
    fitting(count * micros_of_unit).map(|micros| Some(Some(Moment::Micros(micros))))
}

fn fitting(number: i128) -> PyResult<i64> {
    i64::try_from(number)
        .map_err(|_| PyOverflowError::new_err("the datetime64 is outside of what 64 bits hold"))
}

/// Returns the designated timestamp that an object of any class stands for.
///
/// # Errors
/// `IngressError` for `None` and for a missing time, `TypeError` for what is no time, and whatever the code of a time zone raises.
#[cold]
pub(crate) fn designated(at: &Bound<'_, PyAny>) -> PyResult<At> {
    let py = at.py();
    if at.is_instance_of::<ServerTimestampType>() {
        return Ok(At::Server);
    }
    if at.is_none() {
        return Err(no_time(py));
    }
    if at.hasattr("__index__")? && !at.hasattr("dtype")? {
        return Err(wrong_at(at)?);
    }
    match moment(at)? {
        Some(Some(Moment::Micros(micros))) => Ok(At::Micros(micros)),
        Some(Some(Moment::Nanos(nanos))) => Ok(At::Nanos(nanos)),
        Some(None) => Err(no_time(py)),
        None => Err(wrong_at(at)?),
    }
}

#[cold]
fn no_time(py: Python<'_>) -> PyErr {
    let message = "`at` must be of type TimestampNanos, datetime, or ServerTimestamp";
    ingress_error(py, Code::InvalidTimestamp, message)
}

#[cold]
fn wrong_at(at: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let name = at.get_type().name()?.to_string();
    Ok(PyTypeError::new_err(format!(
        "`at` must be of type TimestampNanos, TimestampMicros, datetime, or ServerTimestamp, not {name}"
    )))
}

fn int(name: &ColumnName, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    value.extract::<i64>().map_err(|e: PyErr| {
        if e.is_instance_of::<PyOverflowError>(value.py()) {
            too_large(name, &value.to_string())
        } else {
            e
        }
    })
}

/// Creates the error for an integer of more than 64 bits.
#[cold]
pub(crate) fn too_large(name: &ColumnName, number: &str) -> PyErr {
    let name = client::internal::shown(name.as_str());
    let shown = if number.len() > 40 { "the number" } else { number };
    PyOverflowError::new_err(format!("{shown} in column {name} does not fit 64 bits"))
}

/// Returns whether this is the missing value of pandas. No code of the program runs: frames ask while they have borrowed texts of
/// other objects. A class whose own class is not `type` could run some when it is asked for its module.
pub(crate) fn is_missing(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let class = value.get_type();
    if class.name()? != "NAType" || !class.get_type().is(value.py().get_type::<PyType>()) {
        return Ok(false);
    }
    Ok(class.module().is_ok_and(|module| module.to_cow().is_ok_and(|m| m.starts_with("pandas"))))
}

pub(crate) fn is_decimal(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    // There is no decimal as long as nobody has imported the module, which takes a while.
    if DECIMAL.get(py).is_none() && !py.import("sys")?.getattr("modules")?.contains("decimal")? {
        return Ok(false);
    }
    let class = DECIMAL
        .get_or_try_init(py, || py.import("decimal")?.getattr("Decimal").map(Bound::unbind))?;
    value.is_instance(class.bind(py))
}

#[cold]
fn unsupported(name: &ColumnName, value: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let class = value.get_type().name()?.to_string();
    Ok(PyTypeError::new_err(format!(
        "column {}: a value of type {class} is not supported; use None, bool, int, float, str, TimestampMicros, TimestampNanos, \
         datetime, date, Decimal, a numpy array or a list of numbers",
        client::internal::shown(name.as_str())
    )))
}
