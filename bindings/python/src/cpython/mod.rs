//! The inner layout of CPython's objects: every offset that the package knows, and nothing else reads an object by address.
//!
//! Strings, datetimes and timedeltas have no function in the stable ABI that is both cheap and leaves the object as it is, so their
//! memory is read. `checked` is the body of the wheel for all versions: it knows a table of versions, and believes it only after the
//! running interpreter has agreed for a set of objects. `fixed` is the body of a wheel for one version. Where a layout is not known
//! or not agreed, the functions here return nothing, and the caller takes the way of the documented API.
#![expect(unsafe_code, reason = "reads objects of CPython by their layout")]

#[cfg_attr(Py_LIMITED_API, path = "checked.rs")]
#[cfg_attr(not(Py_LIMITED_API), path = "fixed.rs")]
mod body;
mod check;
mod encode;

use pyo3::ffi;

pub(crate) use check::{learn_datetimes, learn_strings};
pub(crate) use encode::NotEncoded;

/// The bytes before the first field of every object.
const HEAD: usize = size_of::<ffi::PyObject>();

/// Where a `str` has its parts, and how an `int` counts its digits. The length of a `str` stands behind the head in every version.
#[derive(Clone, Copy)]
struct StrLayout {
    /// The position of the word that says how the text is stored.
    state: usize,
    /// The position of the three bits with the width of a character in that word.
    kind_shift: u32,
    /// The bit that is set if the text follows the object's fields.
    compact: u32,
    /// The bit that is set if the text is ASCII.
    ascii: u32,
    /// The size of the fields in front of ASCII text.
    ascii_data: usize,
    /// The size of the fields in front of any other text.
    wide_data: usize,
    /// Whether the word behind the head of an `int` has the sign in its lowest bits and the number of digits in those above. In
    /// older versions it is the number of digits, negative for a negative number.
    tagged_int: bool,
}

/// Which of CPython's versions have which layout of `str` and `int`. The layout of `datetime` and `timedelta` is the same in all of them.
const fn str_layout(minor: u8) -> Option<StrLayout> {
    let free_threaded = cfg!(any(Py_GIL_DISABLED, feature = "as-free-threaded"));
    if size_of::<usize>() != 8 || cfg!(target_endian = "big") || free_threaded {
        return None;
    }
    let state = HEAD + 16;
    match minor {
        11 => Some(StrLayout {
            state,
            kind_shift: 2,
            compact: 1 << 5,
            ascii: 1 << 6,
            ascii_data: HEAD + 32,
            wide_data: HEAD + 56,
            tagged_int: false,
        }),
        12 | 13 => Some(StrLayout {
            state,
            kind_shift: 2,
            compact: 1 << 5,
            ascii: 1 << 6,
            ascii_data: HEAD + 24,
            wide_data: HEAD + 40,
            tagged_int: true,
        }),
        14 => Some(StrLayout {
            state,
            kind_shift: 16,
            compact: 1 << 19,
            ascii: 1 << 20,
            ascii_data: HEAD + 24,
            wide_data: HEAD + 40,
            tagged_int: true,
        }),
        _ => None,
    }
}

/// Reads a field of an object.
///
/// # Safety
/// `object` must be alive and have a `T` at that offset.
#[inline(always)]
unsafe fn field<T: Copy>(object: *mut ffi::PyObject, offset: usize) -> T {
    // SAFETY: the caller vouches for the field; objects are aligned to at least 8 bytes, but the read does not depend on it.
    unsafe { object.cast::<u8>().add(offset).cast::<T>().read_unaligned() }
}

/// Returns the text of a `str` that is ASCII. The text is that of the object itself, so it lives as long as the object does.
///
/// # Safety
/// `text` must be a `str` or of a class derived from it, and alive for `'a`.
#[inline(always)]
pub(crate) unsafe fn ascii<'a>(text: *mut ffi::PyObject) -> Option<&'a str> {
    let layout = body::strings()?;
    // SAFETY: `text` is a `str`, whose layout was agreed with the running interpreter. The two bits say that `length` bytes of
    // ASCII follow the fields; a string never changes.
    unsafe {
        let both = layout.compact | layout.ascii;
        if field::<u32>(text, layout.state) & both != both {
            return None;
        }
        let length: usize = field(text, HEAD);
        let bytes = std::slice::from_raw_parts(text.cast::<u8>().add(layout.ascii_data), length);
        Some(std::str::from_utf8_unchecked(bytes))
    }
}

/// Writes the UTF-8 form of a `str` to the end of `out`. Returns nothing where the layout is not known. The object stays as it is,
/// unlike by `PyUnicode_AsUTF8AndSize`, which would leave a copy of the text in it for as long as it lives.
///
/// # Safety
/// `text` must be a `str` or of a class derived from it, and alive.
pub(crate) unsafe fn encode(
    text: *mut ffi::PyObject,
    out: &mut Vec<u8>,
) -> Option<Result<(), NotEncoded>> {
    let layout = body::strings()?;
    // SAFETY: as in `ascii`; the kind is the number of bytes of each of the `length` characters, which are aligned to it.
    unsafe {
        let state: u32 = field(text, layout.state);
        if state & layout.compact == 0 {
            return None;
        }
        let length: usize = field(text, HEAD);
        let ascii = state & layout.ascii != 0;
        let data = text.cast::<u8>().add(if ascii { layout.ascii_data } else { layout.wide_data });
        Some(match (state >> layout.kind_shift) & 7 {
            1 => encode::latin1(std::slice::from_raw_parts(data, length), out),
            2 => encode::ucs2(std::slice::from_raw_parts(data.cast::<u16>(), length), out),
            4 => encode::ucs4(std::slice::from_raw_parts(data.cast::<u32>(), length), out),
            _ => return None,
        })
    }
}

/// Returns the number of an `int` if it fits 63 bits and a sign, and nothing for any other, or where the layout is not known.
///
/// # Safety
/// `int` must be an `int` or of a class derived from it, and alive.
#[inline(always)]
pub(crate) unsafe fn integer(int: *mut ffi::PyObject) -> Option<i64> {
    let layout = body::strings()?;
    // SAFETY: the caller vouches for the object, whose layout was agreed with the running interpreter. As many digits of 30 bits
    // as are read stand behind the word that counts them.
    unsafe {
        let (digits, negative) = digits_of_int(int, layout);
        let number = match digits {
            0 => 0,
            1 => i64::from(field::<u32>(int, HEAD + 8)),
            2 => {
                let [low, high]: [u32; 2] = field(int, HEAD + 8);
                i64::from(low) | (i64::from(high) << 30)
            }
            3 => {
                let [low, middle, high]: [u32; 3] = field(int, HEAD + 8);
                // Two digits are 60 bits.
                if high >= 8 {
                    return None;
                }
                i64::from(low) | (i64::from(middle) << 30) | (i64::from(high) << 60)
            }
            _ => return None,
        };
        Some(if negative { -number } else { number })
    }
}

/// Returns how many digits an `int` has, and whether it is negative.
///
/// # Safety
/// As [`integer`].
#[inline(always)]
unsafe fn digits_of_int(int: *mut ffi::PyObject, layout: StrLayout) -> (usize, bool) {
    // SAFETY: the caller vouches for the object; the word behind the head is there in every version.
    let size: isize = unsafe { field(int, HEAD) };
    if layout.tagged_int {
        (size.cast_unsigned() >> 3, size & 2 != 0)
    } else {
        (size.unsigned_abs(), size < 0)
    }
}

/// Returns the number of a `float`, which stands behind the head in every version.
///
/// # Safety
/// `float` must be a `float` or of a class derived from it, and alive.
#[inline(always)]
pub(crate) unsafe fn double(float: *mut ffi::PyObject) -> f64 {
    if body::strings().is_none() {
        // SAFETY: the caller vouches for the object.
        return unsafe { ffi::PyFloat_AsDouble(float) };
    }
    // SAFETY: the layout was agreed with the running interpreter, together with that of strings.
    unsafe { field(float, HEAD) }
}

/// The fields of a `datetime`, as they are shown on the clock of its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) micros: u32,
    pub(crate) fold: u8,
    /// The time zone: borrowed from the object, or null if there is none.
    pub(crate) zone: *mut ffi::PyObject,
}

/// Returns the fields of a `datetime`, or nothing where the layout is not known.
///
/// # Safety
/// `datetime` must be a `datetime.datetime` or of a class derived from it, and alive.
#[inline]
pub(crate) unsafe fn datetime_fields(datetime: *mut ffi::PyObject) -> Option<Fields> {
    body::datetimes().then(|| {
        // SAFETY: the layout was agreed with the running interpreter: a hash, a flag, ten bytes, the fold, the time zone.
        unsafe { read_datetime(datetime) }
    })
}

/// # Safety
/// As [`datetime_fields`], and the layout must be the known one.
#[inline]
unsafe fn read_datetime(datetime: *mut ffi::PyObject) -> Fields {
    // SAFETY: the caller vouches for the object and for its layout.
    unsafe {
        let has_zone = field::<u8>(datetime, HEAD + 8) != 0;
        let [y1, y0, month, day, hour, minute, second, u2, u1, u0]: [u8; 10] =
            field(datetime, HEAD + 9);
        Fields {
            year: i32::from(u16::from_be_bytes([y1, y0])),
            month,
            day,
            hour,
            minute,
            second,
            micros: u32::from_be_bytes([0, u2, u1, u0]),
            fold: field(datetime, HEAD + 19),
            zone: if has_zone { field(datetime, HEAD + 24) } else { std::ptr::null_mut() },
        }
    }
}

/// Returns days, seconds and microseconds of a `timedelta`, or nothing where the layout is not known.
///
/// # Safety
/// `delta` must be a `datetime.timedelta` or of a class derived from it, and alive.
#[inline]
pub(crate) unsafe fn delta_fields(delta: *mut ffi::PyObject) -> Option<[i32; 3]> {
    body::datetimes().then(|| {
        // SAFETY: the layout was agreed with the running interpreter: a hash and three numbers.
        unsafe { field(delta, HEAD + 8) }
    })
}

/// Returns whether strings and numbers are read by their layout, and whether datetimes are. For tests.
pub(crate) fn used() -> (bool, bool) {
    (body::strings().is_some(), body::datetimes())
}
