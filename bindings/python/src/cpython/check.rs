//! Asks the running interpreter whether objects look as the layouts say.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyInt, PyString};

use super::{Fields, body, read_datetime};

/// Texts of every width, and one that is empty.
const SAMPLES: [&str; 7] = ["", "questdb", "x", "caf\u{e9}", "\u{20ac}uro", "\u{1f680}", "a\0b"];

/// Numbers of every sign and of one to three digits of 30 bits.
const NUMBERS: [i64; 10] = [
    0,
    1,
    -1,
    (1 << 30) - 1,
    1 << 30,
    -(1 << 59) - 12_345,
    (1 << 60) - 1,
    1 << 60,
    i64::MAX,
    -i64::MAX,
];

/// Uses the layouts of `str`, `float` and `int` from now on if they hold for texts of every width and for some numbers. Called when
/// the module is imported.
pub(crate) fn learn_strings(py: Python<'_>) {
    if body::candidate(py).is_none() {
        return;
    }
    body::believe_strings(py, true);
    let agreed = SAMPLES.iter().all(|sample| string_agrees(&PyString::new(py, sample), sample))
        && [0.0, -1.5, 1e300]
            .iter()
            .all(|sample| double_agrees(&PyFloat::new(py, *sample), *sample))
        && NUMBERS.iter().all(|sample| integer_agrees(&PyInt::new(py, *sample), *sample));
    body::believe_strings(py, agreed);
}

/// Compares the number behind the head of a `float` with the number that it was made of.
fn double_agrees(object: &Bound<'_, PyFloat>, sample: f64) -> bool {
    // SAFETY: the object is a `float`, which holds a number and therefore has at least these bytes behind its head.
    unsafe { super::field::<u64>(object.as_ptr(), super::HEAD) == sample.to_bits() }
}

/// Compares the digits of an `int` with the number that it was made of.
fn integer_agrees(object: &Bound<'_, PyInt>, sample: i64) -> bool {
    let Some(layout) = body::strings() else { return false };
    let expected = (0..3).filter(|digit| sample.unsigned_abs() >> (30 * digit) > 0).count();
    // SAFETY: the object is an `int`. Its digits are only read if they are as many as the number has.
    unsafe {
        super::digits_of_int(object.as_ptr(), layout) == (expected, sample < 0)
            && super::integer(object.as_ptr()) == Some(sample)
    }
}

/// Compares what the layout says with what the stable functions say.
fn string_agrees(object: &Bound<'_, PyString>, sample: &str) -> bool {
    let text = object.as_ptr();
    let Some(layout) = body::strings() else { return false };
    // SAFETY: `object` is a `str`. The first read is of the word behind length and hash, which every version has.
    let (length, state): (usize, u32) =
        unsafe { (super::field(text, super::HEAD), super::field(text, layout.state)) };
    let kind = match sample.chars().max().map_or(0, u32::from) {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    let expected = (kind << layout.kind_shift)
        | layout.compact
        | if sample.is_ascii() { layout.ascii } else { 0 };
    let bits = (7 << layout.kind_shift) | layout.compact | layout.ascii;
    // Nothing behind the fields is read unless length and state are as expected.
    if length != sample.chars().count() || state & bits != expected {
        return false;
    }
    let mut encoded = Vec::new();
    // SAFETY: `object` is a `str`, and alive.
    let (ascii, done) = unsafe { (super::ascii(text), super::encode(text, &mut encoded)) };
    ascii == Some(sample).filter(|sample| sample.is_ascii())
        && done == Some(Ok(()))
        && encoded == sample.as_bytes()
}

/// Uses the layouts of `datetime` and `timedelta` from now on if they hold. Called when the first of these objects is seen.
///
/// # Errors
/// Those of the module `datetime`.
pub(crate) fn learn_datetimes(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // The layouts are only known where that of strings is.
    if body::strings().is_none() {
        return Ok(());
    }
    let class = module.getattr("datetime")?;
    let utc = module.getattr("timezone")?.getattr("utc")?;
    let state = |bytes: &[u8]| PyBytes::new(py, bytes);
    // Both are made from the very bytes that `pickle` stores.
    let plain = class.call1((state(&[7, 229, 12, 31, 23, 58, 59, 1, 2, 3]),))?;
    let zoned = class.call1((state(&[0, 1, 130, 2, 3, 4, 5, 15, 66, 63]), &utc))?;
    let first = Fields {
        year: 2021,
        month: 12,
        day: 31,
        hour: 23,
        minute: 58,
        second: 59,
        micros: 0x01_02_03,
        fold: 0,
        zone: std::ptr::null_mut(),
    };
    let second = Fields {
        year: 1,
        month: 2,
        day: 2,
        hour: 3,
        minute: 4,
        second: 5,
        micros: 999_999,
        fold: 1,
        zone: utc.as_ptr(),
    };
    let basic_sizes = size_of_instances(&class)? == super::HEAD + 32;
    let deltas = module.getattr("timedelta")?;
    let delta = deltas.call1((-3, 86_399, 999_999))?;
    let delta_size = size_of_instances(&deltas)? >= super::HEAD + 20;
    let agreed = basic_sizes && delta_size && {
        // SAFETY: the objects are of these classes and large enough for what is read.
        unsafe {
            read_datetime(plain.as_ptr()) == first
                && read_datetime(zoned.as_ptr()) == second
                && super::field::<[i32; 3]>(delta.as_ptr(), super::HEAD + 8)
                    == [-3, 86_399, 999_999]
        }
    };
    body::believe_datetimes(agreed);
    Ok(())
}

fn size_of_instances(class: &Bound<'_, PyAny>) -> PyResult<usize> {
    class.getattr("__basicsize__")?.extract()
}
