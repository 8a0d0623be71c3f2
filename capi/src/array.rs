//! `questdb_array`: an n-dimensional view of the caller's doubles.
#![expect(unsafe_code, reason = "reads memory that a C caller describes by pointer and length")]

use crate::text::slice;
use client::ArrayView;
use client::Result;

/// An n-dimensional array of doubles in your memory. The layout of this struct is frozen.
///
/// Element `[i, j, …]` is read at `data + origin + i*strides[0] + j*strides[1] + …`, all in bytes; strides may be zero or
/// negative and need no alignment. Every element must lie within `data_len` bytes from `data`, or the call fails.
#[repr(C)]
#[derive(Debug)]
pub struct questdb_array {
    /// Number of dimensions, 1 to 32.
    pub dims: usize,
    /// Elements in each dimension, `dims` of them.
    pub shape: *const usize,
    /// Bytes from one element to the next in each dimension, `dims` of them. NULL: row-major, without gaps, from `origin`.
    pub strides: *const isize,
    /// Start of the memory.
    pub data: *const u8,
    /// Bytes of the memory.
    pub data_len: usize,
    /// Bytes from `data` to element `[0, 0, …]`.
    pub origin: usize,
}

/// Returns the view that a C caller describes.
pub(crate) unsafe fn view<'a>(array: *const questdb_array) -> Result<ArrayView<'a>> {
    let [array] = slice(array, 1, "array")? else {
        return Err(err!(InvalidArgument, "array is NULL"));
    };
    let shape = slice(array.shape, array.dims, "shape")?;
    let data = slice(array.data, array.data_len, "data")?;
    if array.strides.is_null() {
        return ArrayView::c_major_bytes(shape, data, array.origin);
    }
    let strides = slice(array.strides, array.dims, "strides")?;
    ArrayView::byte_strides(shape, strides, data, array.origin)
}
