//! Datetimes as numbers since 1970. No step goes through floating point numbers.
#![expect(unsafe_code, reason = "compares objects by address and reads their fields")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::cpython::{self, Fields};
use crate::values;
use crate::zone::local_seconds;

/// A time since the beginning of 1970 (UTC), in the precision in which it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Micros(i64),
    Nanos(i64),
}

impl Moment {
    /// Returns whole microseconds, rounded down.
    pub(crate) fn micros(self) -> Option<i64> {
        Some(match self {
            Moment::Micros(micros) => micros,
            Moment::Nanos(nanos) => nanos.div_euclid(1000),
        })
    }

    /// Returns nanoseconds, unless they do not fit 64 bits.
    pub(crate) fn nanos(self) -> Option<i64> {
        match self {
            Moment::Micros(micros) => micros.checked_mul(1000),
            Moment::Nanos(nanos) => Some(nanos),
        }
    }
}

/// What the module `datetime` has. Known once any object of it was seen.
struct Known {
    datetime: Py<PyAny>,
    date: Py<PyAny>,
    timedelta: Py<PyAny>,
    utc: Py<PyAny>,
}

static KNOWN: PyOnceLock<Known> = PyOnceLock::new();
/// `pandas.Timestamp`, once an object of it was seen.
static PANDAS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
/// `datetime.datetime` and `datetime.timezone.utc`, for comparisons by address; null before they are known.
static DATETIME: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
static UTC: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());

/// Returns the module's classes, or nothing as long as the program has not imported it: there are no such objects then.
fn known(py: Python<'_>) -> PyResult<Option<&Known>> {
    if let Some(known) = KNOWN.get(py) {
        return Ok(Some(known));
    }
    let modules = py.import("sys")?.getattr("modules")?;
    if !modules.contains("datetime")? {
        return Ok(None);
    }
    let module = py.import("datetime")?;
    cpython::learn_datetimes(&module)?;
    let known = KNOWN.get_or_try_init(py, || {
        Ok::<_, PyErr>(Known {
            datetime: module.getattr("datetime")?.unbind(),
            date: module.getattr("date")?.unbind(),
            timedelta: module.getattr("timedelta")?.unbind(),
            utc: module.getattr("timezone")?.getattr("utc")?.unbind(),
        })
    })?;
    DATETIME.store(known.datetime.as_ptr(), Ordering::Relaxed);
    UTC.store(known.utc.as_ptr(), Ordering::Relaxed);
    Ok(Some(known))
}

/// Returns microseconds of a `datetime.datetime` that needs no Python code, or nothing for anything else.
///
/// # Safety
/// `object` must be alive, and the thread attached.
#[inline]
pub(crate) unsafe fn quick_micros(object: *mut ffi::PyObject) -> Option<i64> {
    // SAFETY: the caller vouches for the object; the class is compared before the fields are read.
    unsafe {
        if ffi::Py_TYPE(object).cast() != DATETIME.load(Ordering::Relaxed) {
            return None;
        }
        let fields = cpython::datetime_fields(object)?;
        if fields.zone == UTC.load(Ordering::Relaxed) {
            Some(of_clock(&fields, 0))
        } else if fields.zone.is_null() {
            local_seconds(wall_seconds(&fields), fields.fold).map(|s| with_micros(s, &fields))
        } else {
            None
        }
    }
}

/// As [`quick_micros`], but takes a `datetime` without a time zone for one in UTC, as columns of frames do.
///
/// # Safety
/// As [`quick_micros`].
#[inline]
pub(crate) unsafe fn quick_utc_micros(object: *mut ffi::PyObject) -> Option<i64> {
    // SAFETY: the caller vouches for the object; the class is compared before the fields are read.
    unsafe {
        if ffi::Py_TYPE(object).cast() != DATETIME.load(Ordering::Relaxed) {
            return None;
        }
        let fields = cpython::datetime_fields(object)?;
        let utc = fields.zone.is_null() || fields.zone == UTC.load(Ordering::Relaxed);
        utc.then(|| of_clock(&fields, 0))
    }
}

/// Returns whether an object is a `pandas.Timestamp`. That is known once [`datetime`] has seen one.
pub(crate) fn is_pandas(object: &Bound<'_, PyAny>) -> bool {
    PANDAS.get(object.py()).is_some_and(|class| object.get_type().as_ptr() == class.as_ptr())
}

/// Returns the time of a `pandas.Timestamp` that counts nanoseconds or is in UTC, as those without a zone are, and nothing for anything
/// else.
///
/// # Errors
/// Those of reading its attributes.
pub(crate) fn quick_pandas(object: &Bound<'_, PyAny>) -> PyResult<Option<Moment>> {
    let py = object.py();
    if !is_pandas(object) {
        return Ok(None);
    }
    if has_nanos(object)? {
        let nanos = object.getattr(intern!(py, "value"))?.extract()?;
        return Ok(Some(Moment::Nanos(nanos)));
    }
    // SAFETY: the class is derived from `datetime`, and the object is alive.
    let Some(fields) = (unsafe { cpython::datetime_fields(object.as_ptr()) }) else {
        return Ok(None);
    };
    let utc = fields.zone.is_null() || fields.zone == UTC.load(Ordering::Relaxed);
    // A time beyond the years of `datetime` has another year in the fields of that class.
    let is_whole = utc && object.getattr(intern!(py, "year"))?.extract::<i32>()? == fields.year;
    Ok(is_whole.then(|| Moment::Micros(of_clock(&fields, 0))))
}

/// Returns whether a time of pandas counts nanoseconds, as all did before there were other units.
fn has_nanos(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let unit = object.getattr_opt(intern!(object.py(), "unit"))?;
    Ok(unit.is_none_or(|unit| unit.cast::<PyString>().map_or(true, |unit| unit == "ns")))
}

/// Remembers the class of an object if it is that of pandas, and not one derived from it.
fn learn_pandas(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = object.py();
    let modules = py.import("sys")?.getattr("modules")?;
    let Ok(pandas) = modules.get_item("pandas") else { return Ok(()) };
    let class = object.get_type();
    if pandas.getattr_opt("Timestamp")?.is_some_and(|known| known.is(&class)) {
        // Another thread may have been faster.
        let _ = PANDAS.set(py, class.into_any().unbind());
    }
    Ok(())
}

/// Returns whether the object is a missing time of pandas.
pub(crate) fn is_nat(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.get_type().name()? == "NaTType")
}

/// Returns the time of a datetime of any class, or nothing if it is none. Without a time zone it is in local time, except that of
/// pandas, which takes such times for UTC.
///
/// # Errors
/// Those of the time zone's own code, `OverflowError` for a time that the system cannot convert.
pub(crate) fn datetime(object: &Bound<'_, PyAny>) -> PyResult<Option<Moment>> {
    let py = object.py();
    let Some(known) = known(py)? else { return Ok(None) };
    if !object.is_instance(known.datetime.bind(py))? {
        return Ok(None);
    }
    let exact = object.get_type().as_ptr() == known.datetime.as_ptr();
    let pandas = !exact && object.hasattr("nanosecond")? && object.hasattr("asm8")?;
    if pandas {
        if is_nat(object)? {
            return Err(PyValueError::new_err("NaT is no time"));
        }
        if PANDAS.get(py).is_none() {
            learn_pandas(object)?;
        }
        if has_nanos(object)? {
            return object.getattr("value")?.extract().map(|nanos| Some(Moment::Nanos(nanos)));
        }
        // A time beyond the years of `datetime` has another year in the fields of that class.
        if !YEARS.contains(&object.getattr("year")?.extract()?) {
            return values::datetime64(&object.getattr("asm8")?).map(Option::flatten);
        }
    }
    let fields = fields(object)?;
    let offset = object.call_method0("utcoffset")?;
    let micros = if !offset.is_none() {
        of_clock(&fields, 0) - offset_micros(known, &offset)?
    } else if pandas {
        of_clock(&fields, 0)
    } else {
        match local_seconds(wall_seconds(&fields), fields.fold) {
            Some(seconds) => with_micros(seconds, &fields),
            None => by_python(object, &fields)?,
        }
    };
    Ok(Some(Moment::Micros(micros)))
}

/// Returns midnight (UTC) of a `datetime.date`, or nothing if it is none.
///
/// # Errors
/// Those of reading its attributes.
pub(crate) fn date(object: &Bound<'_, PyAny>) -> PyResult<Option<Moment>> {
    let py = object.py();
    let Some(known) = known(py)? else { return Ok(None) };
    if !object.is_instance(known.date.bind(py))? {
        return Ok(None);
    }
    let part = |name| object.getattr(name).and_then(|part| part.extract::<i64>());
    let (year, month, day) = (part("year")?, part("month")?, part("day")?);
    check_calendar(year, month, day)?;
    let days = days_since_1970(year, month, day);
    Ok(Some(Moment::Micros(days * 86_400_000_000)))
}

/// Returns microseconds of a `timedelta`, or nothing if it is none.
///
/// # Errors
/// Those of reading its attributes.
pub(crate) fn timedelta(object: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let py = object.py();
    let Some(known) = known(py)? else { return Ok(None) };
    if !object.is_instance(known.timedelta.bind(py))? {
        return Ok(None);
    }
    delta_micros(known, object).map(Some)
}

/// Creates a `timedelta`.
///
/// # Errors
/// Those of the module `datetime`.
pub(crate) fn new_timedelta(py: Python<'_>, duration: std::time::Duration) -> PyResult<Py<PyAny>> {
    let (seconds, micros) = (duration.as_secs(), duration.subsec_micros());
    py.import("datetime")?.getattr("timedelta")?.call1((0, seconds, micros)).map(Bound::unbind)
}

/// Reads the fields of a datetime, by attribute where the layout is not known.
fn fields(object: &Bound<'_, PyAny>) -> PyResult<Fields> {
    // SAFETY: the caller has checked the class, and the object is alive.
    if let Some(fields) = unsafe { cpython::datetime_fields(object.as_ptr()) } {
        return Ok(fields);
    }
    let fields = Fields {
        year: object.getattr("year")?.extract()?,
        month: object.getattr("month")?.extract()?,
        day: object.getattr("day")?.extract()?,
        hour: object.getattr("hour")?.extract()?,
        minute: object.getattr("minute")?.extract()?,
        second: object.getattr("second")?.extract()?,
        micros: object.getattr("microsecond")?.extract()?,
        fold: object.getattr("fold")?.extract()?,
        zone: ptr::null_mut(),
    };
    check_calendar(fields.year.into(), fields.month.into(), fields.day.into())?;
    Ok(fields)
}

/// The years of `datetime`.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// Refuses what no date has: a derived class can say anything, and the numbers are calculated with.
fn check_calendar(year: i64, month: i64, day: i64) -> PyResult<()> {
    if YEARS.contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) {
        return Ok(());
    }
    Err(PyValueError::new_err(format!("{year}-{month}-{day} is no date")))
}

/// Returns what `utcoffset` said, in microseconds. Python checks it for time zones, but not for derived classes of `datetime`.
fn offset_micros(known: &Known, offset: &Bound<'_, PyAny>) -> PyResult<i64> {
    const DAY: i64 = 86_400_000_000;
    match delta_micros(known, offset) {
        Ok(micros) if -DAY < micros && micros < DAY => Ok(micros),
        Err(e) if !e.is_instance_of::<PyOverflowError>(offset.py()) => Err(e),
        _ => Err(PyValueError::new_err("utcoffset() returned a day or more")),
    }
}

fn delta_micros(known: &Known, delta: &Bound<'_, PyAny>) -> PyResult<i64> {
    if !delta.is_instance(known.timedelta.bind(delta.py()))? {
        return Err(pyo3::exceptions::PyTypeError::new_err("utcoffset() returned no timedelta"));
    }
    // SAFETY: the class was checked, and the object is alive.
    let read = unsafe { cpython::delta_fields(delta.as_ptr()) };
    let [days, seconds, micros] = match read {
        Some(read) => read,
        None => [
            delta.getattr("days")?.extract()?,
            delta.getattr("seconds")?.extract()?,
            delta.getattr("microseconds")?.extract()?,
        ],
    };
    let seconds = i64::from(days) * 86_400 + i64::from(seconds);
    seconds
        .checked_mul(1_000_000)
        .and_then(|total| total.checked_add(i64::from(micros)))
        .ok_or_else(|| {
            PyOverflowError::new_err("the timedelta does not fit 64 bits of microseconds")
        })
}

/// Converts a local time by Python itself, where this module cannot ask the system. Whole seconds are exact in a double.
fn by_python(object: &Bound<'_, PyAny>, fields: &Fields) -> PyResult<i64> {
    let arguments = PyDict::new(object.py());
    arguments.set_item("microsecond", 0)?;
    let whole = object.call_method("replace", (), Some(&arguments))?;
    let seconds: i64 = whole.call_method0("timestamp")?.call_method0("__int__")?.extract()?;
    let micros = seconds.checked_mul(1_000_000).and_then(|n| n.checked_add(fields.micros.into()));
    micros.ok_or_else(|| PyOverflowError::new_err("timestamp() returned what 64 bits do not hold"))
}

/// Returns days since 1970 of a date of the Gregorian calendar. The year is counted from March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    shifted.div_euclid(400) * 146_097 + days - 719_468
}

/// Returns the seconds that a clock in UTC would show these fields at.
fn wall_seconds(fields: &Fields) -> i64 {
    let days =
        days_since_1970(i64::from(fields.year), i64::from(fields.month), i64::from(fields.day));
    let (hour, minute) = (i64::from(fields.hour), i64::from(fields.minute));
    days * 86_400 + hour * 3600 + minute * 60 + i64::from(fields.second)
}

fn with_micros(seconds: i64, fields: &Fields) -> i64 {
    seconds * 1_000_000 + i64::from(fields.micros)
}

/// Returns microseconds of a clock that is `offset` seconds ahead of UTC.
fn of_clock(fields: &Fields, offset: i64) -> i64 {
    with_micros(wall_seconds(fields) - offset, fields)
}
