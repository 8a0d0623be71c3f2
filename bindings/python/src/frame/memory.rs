//! Values in memory that Python objects own: numbers of any width, order of bytes and distance, and which of them are missing.
#![expect(unsafe_code, reason = "reads the memory of arrays")]

use std::ops::Range;

use crate::array::half;

/// Values that lie at equal distances.
///
/// Invariant: whoever creates one vouches that value `i` may be read for each `i` of the array that it describes, and that an
/// object which the plan of the frame holds keeps the memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    first: *const u8,
    /// From one value to the next, in bytes. It may be negative or 0.
    stride: isize,
}

// SAFETY: the memory is only read, and kept by an object that the plan holds.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// # Safety
    /// As the type's invariant says.
    pub(crate) unsafe fn new(first: *const u8, stride: isize) -> Memory {
        Memory { first, stride }
    }

    /// Returns the values from value `i` on.
    ///
    /// # Safety
    /// The array must have a value `i`, or end there.
    pub(crate) unsafe fn from(self, i: usize) -> Memory {
        let first = self.first.wrapping_offset(self.stride.wrapping_mul(i.cast_signed()));
        Memory { first, stride: self.stride }
    }

    /// Reads value `i`.
    ///
    /// # Safety
    /// The array must have a value `i` that is at least as wide as `T`, and every pattern of bits must be a `T`.
    #[inline(always)]
    pub(crate) unsafe fn read<T: Copy>(self, i: usize) -> T {
        let offset = self.stride.wrapping_mul(i.cast_signed());
        // SAFETY: the caller vouches for the value; nothing is asked of its alignment.
        unsafe { self.first.wrapping_offset(offset).cast::<T>().read_unaligned() }
    }

    /// Returns the values as a slice, if they lie as one does.
    ///
    /// # Safety
    /// As [`Memory::read`] for each of them, and the memory must live for `'a`.
    #[inline]
    pub(crate) unsafe fn slice<'a, T: Copy>(self, rows: Range<usize>) -> Option<&'a [T]> {
        // SAFETY: the range is within the array.
        let first = unsafe { self.from(rows.start) }.first.cast::<T>();
        if self.stride != size_of::<T>().cast_signed() || !first.is_aligned() || first.is_null() {
            return None;
        }
        // SAFETY: the values follow one another and are aligned; the caller vouches for the rest.
        Some(unsafe { std::slice::from_raw_parts(first, rows.len()) })
    }
}

/// Types of numbers as arrays have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

impl Type {
    /// Returns the type that numpy writes so.
    pub(crate) fn of(kind: u8, size: usize) -> Option<Type> {
        Some(match (kind, size) {
            (b'b', 1) => Type::Bool,
            (b'i', 1) => Type::I8,
            (b'i', 2) => Type::I16,
            (b'i', 4) => Type::I32,
            (b'i', 8) => Type::I64,
            (b'u', 1) => Type::U8,
            (b'u', 2) => Type::U16,
            (b'u', 4) => Type::U32,
            (b'u', 8) => Type::U64,
            (b'f', 2) => Type::F16,
            (b'f', 4) => Type::F32,
            (b'f', 8) => Type::F64,
            _ => return None,
        })
    }

    /// Returns the length in bytes.
    pub(crate) fn width(self) -> usize {
        match self {
            Type::Bool | Type::I8 | Type::U8 => 1,
            Type::I16 | Type::U16 | Type::F16 => 2,
            Type::I32 | Type::U32 | Type::F32 => 4,
            Type::I64 | Type::U64 | Type::F64 => 8,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Type::F16 | Type::F32 | Type::F64)
    }
}

/// Numbers in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) memory: Memory,
    pub(crate) kind: Type,
    /// Whether their bytes are in the order that this machine does not have.
    pub(crate) swapped: bool,
}

impl Numbers {
    /// Calls `make` with the number of each row and appends the results.
    ///
    /// # Safety
    /// The array must have these rows, and `T` must be the type of its numbers.
    #[inline(always)]
    unsafe fn each<T: Swap, U>(
        self,
        rows: Range<usize>,
        out: &mut Vec<U>,
        make: impl Fn(T) -> U + Copy,
    ) {
        // SAFETY: the caller vouches for the rows and the type.
        let dense = unsafe { self.memory.slice::<T>(rows.clone()) }.filter(|_| !self.swapped);
        match dense {
            Some(values) => out.extend(values.iter().map(|value| make(*value))),
            None => out.extend(rows.map(|i| {
                // SAFETY: as above.
                let value = unsafe { self.memory.read::<T>(i) };
                make(if self.swapped { value.swap() } else { value })
            })),
        }
    }

    /// Appends integers or booleans as 64 bits. Numbers above `i64::MAX` wrap around: see [`Numbers::too_large`].
    ///
    /// # Safety
    /// The array must have these rows.
    pub(crate) unsafe fn integers(self, rows: Range<usize>, out: &mut Vec<i64>) {
        // SAFETY: the caller vouches for the rows, `kind` for the type.
        unsafe {
            match self.kind {
                Type::Bool => self.each::<u8, _>(rows, out, |n| i64::from(n != 0)),
                Type::I8 => self.each::<i8, _>(rows, out, i64::from),
                Type::I16 => self.each::<i16, _>(rows, out, i64::from),
                Type::I32 => self.each::<i32, _>(rows, out, i64::from),
                Type::I64 => self.each::<i64, _>(rows, out, |n| n),
                Type::U8 => self.each::<u8, _>(rows, out, i64::from),
                Type::U16 => self.each::<u16, _>(rows, out, i64::from),
                Type::U32 => self.each::<u32, _>(rows, out, i64::from),
                Type::U64 => self.each::<u64, _>(rows, out, u64::cast_signed),
                // Numbers with a fraction never come here.
                Type::F16 | Type::F32 | Type::F64 => {}
            }
        }
    }

    /// Appends numbers as doubles, which is exact for everything but integers of more than 53 bits.
    ///
    /// # Safety
    /// The array must have these rows.
    pub(crate) unsafe fn doubles(self, rows: Range<usize>, out: &mut Vec<f64>) {
        // SAFETY: the caller vouches for the rows, `kind` for the type.
        unsafe {
            match self.kind {
                Type::F16 => self.each::<u16, _>(rows, out, half),
                Type::F32 => self.each::<u32, _>(rows, out, |n| f64::from(f32::from_bits(n))),
                Type::F64 => self.each::<u64, _>(rows, out, f64::from_bits),
                Type::U64 => self.each::<u64, _>(rows, out, |n| n as f64),
                _ => {
                    let mut integers = Vec::with_capacity(rows.len());
                    self.integers(rows, &mut integers);
                    out.extend(integers.iter().map(|n| *n as f64));
                }
            }
        }
    }

    /// Returns whether `integer`, which [`Numbers::integers`] made, stands for a number above `i64::MAX`.
    pub(crate) fn too_large(self, integer: i64) -> bool {
        self.kind == Type::U64 && integer < 0
    }
}

/// Numbers whose bytes can be put in the other order.
pub(crate) trait Swap: Copy {
    fn swap(self) -> Self;
}

macro_rules! swap {
    ($($type:ty)+) => {
        $(impl Swap for $type {
            #[inline(always)]
            fn swap(self) -> Self {
                self.swap_bytes()
            }
        })+
    };
}

swap!(i8 i16 i32 i64 u8 u16 u32 u64);

/// Which values there are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Validity {
    All,
    /// A byte for each value, which is not 0 if the value is missing, as in the nullable columns of pandas.
    MissingBytes(Memory),
    /// A bit for each value, which is set if there is one, as in Arrow.
    Bits(Bitmap),
}

/// Bits in Arrow's order.
///
/// Invariant: the bytes are kept by an object that the plan of the frame holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bitmap {
    bytes: *const u8,
    len: usize,
    offset: usize,
}

// SAFETY: as for `Memory`.
unsafe impl Send for Bitmap {}
// SAFETY: as for `Memory`.
unsafe impl Sync for Bitmap {}

impl Bitmap {
    /// # Safety
    /// As the type's invariant says.
    pub(crate) unsafe fn new(bytes: *const u8, len: usize, offset: usize) -> Bitmap {
        Bitmap { bytes, len, offset }
    }

    /// Returns the bytes, and the place of the bit of value `first`.
    ///
    /// # Safety
    /// The memory must live for `'a`.
    pub(crate) unsafe fn from<'a>(self, first: usize) -> (&'a [u8], usize) {
        // SAFETY: the invariant and the caller vouch for the memory.
        (unsafe { std::slice::from_raw_parts(self.bytes, self.len) }, self.offset + first)
    }
}

/// Writes a bit for each value that `missing` knows. Returns false, and no bits, if there are all values.
pub(crate) fn pack(count: usize, bits: &mut Vec<u8>, missing: impl Fn(usize) -> bool) -> bool {
    bits.clear();
    let mut any = false;
    for start in (0..count).step_by(8) {
        let mut byte = 0;
        for i in start..count.min(start + 8) {
            let missing = missing(i);
            any |= missing;
            byte |= u8::from(!missing) << (i - start);
        }
        bits.push(byte);
    }
    any
}

/// Returns bit `i` of bits that begin at bit `offset`.
#[inline]
pub(crate) fn bit(bytes: &[u8], offset: usize, i: usize) -> bool {
    let place = offset + i;
    bytes.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
}
