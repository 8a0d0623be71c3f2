//! N-dimensional arrays of doubles: views of the caller's memory, checked against its real extent.

use crate::error::{Error, Result, err};

/// The most dimensions an array may have.
pub const MAX_ARRAY_DIMS: usize = 32;
/// The most elements one dimension may have.
pub const MAX_ARRAY_DIM: usize = 0x0FFF_FFFF;
/// The most bytes of data an array may have.
pub const MAX_ARRAY_BYTES: usize = 512 << 20;

const ITEM: usize = size_of::<f64>();

/// An n-dimensional array of doubles in the caller's memory. It is always sent in C order, whatever its layout in memory.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{ArrayView, Buffer, ProtocolVersion};
///
/// let levels = [[2615.5, 3.0], [2615.4, 7.5]]; // price and amount
/// let view = ArrayView::c_major(&[2, 2], levels.as_flattened())?;
/// let mut buffer = Buffer::new(ProtocolVersion::V2);
/// buffer.row("book")?.column_f64_arr("bids", &view)?.at_now()?;
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ArrayView<'a> {
    shape: &'a [usize],
    data: ArrayData<'a>,
}

/// The elements of an array, in one of the forms in which callers have them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ArrayData<'a> {
    /// All elements in C order, in which the last dimension advances fastest.
    Doubles(&'a [f64]),
    /// The same as little-endian bytes.
    Bytes(&'a [u8]),
    /// Elements in another order or with gaps. `strides` count doubles.
    Elements { strides: &'a [isize], data: &'a [f64], origin: usize },
    /// The same as little-endian bytes. `strides` count bytes.
    Strided { strides: &'a [isize], data: &'a [u8], origin: usize },
}

impl<'a> ArrayView<'a> {
    /// Views a dense array in C order, in which the last dimension advances fastest; `data` holds exactly its elements.
    ///
    /// # Errors
    /// `InvalidArray`.
    pub fn c_major(shape: &'a [usize], data: &'a [f64]) -> Result<ArrayView<'a>> {
        let count = elements(shape)?;
        if data.len() != count {
            return Err(err!(
                InvalidArray,
                "shape {shape:?} has {count} elements, the data has {}",
                data.len()
            ));
        }
        Ok(ArrayView { shape, data: ArrayData::Doubles(data) })
    }

    /// Views a dense array in C order in memory of little-endian doubles, which need no alignment. The first element is at
    /// byte `origin`, and the memory may go on after the last one.
    ///
    /// # Errors
    /// `InvalidArray`, also when an element lies outside `data`.
    pub fn c_major_bytes(
        shape: &'a [usize],
        data: &'a [u8],
        origin: usize,
    ) -> Result<ArrayView<'a>> {
        let count = elements(shape)?;
        let exact =
            data.get(origin..).and_then(|rest| rest.get(..count * ITEM)).ok_or_else(|| {
                err!(
                    InvalidArray,
                    "shape {shape:?} needs {} bytes from offset {origin}, the memory has {} bytes",
                    count * ITEM,
                    data.len()
                )
            })?;
        Ok(ArrayView { shape, data: ArrayData::Bytes(exact) })
    }

    /// Views little-endian doubles of which dimension `i` advances by `strides[i]` bytes. `data` is all memory that may be
    /// read, and `origin` is the place of element `[0, 0, …]` in it, in bytes.
    ///
    /// # Errors
    /// `InvalidArray`, also when an element lies outside `data`.
    pub fn byte_strides(
        shape: &'a [usize],
        strides: &'a [isize],
        data: &'a [u8],
        origin: usize,
    ) -> Result<ArrayView<'a>> {
        let count = elements(shape)?;
        check_extent(shape, strides, count, data.len(), ITEM, origin)?;
        let dense = is_dense(shape, strides, ITEM);
        let data = match data.get(origin..origin.saturating_add(count * ITEM)) {
            Some(exact) if dense => ArrayData::Bytes(exact),
            _ => ArrayData::Strided { strides, data, origin },
        };
        Ok(ArrayView { shape, data })
    }

    /// Views doubles of which dimension `i` advances by `strides[i]` elements. `data` is all memory that may be read, and
    /// `origin` is the index of element `[0, 0, …]` in it.
    ///
    /// # Errors
    /// `InvalidArray`, also when an element lies outside `data`.
    pub fn element_strides(
        shape: &'a [usize],
        strides: &'a [isize],
        data: &'a [f64],
        origin: usize,
    ) -> Result<ArrayView<'a>> {
        let count = elements(shape)?;
        check_extent(shape, strides, count, data.len(), 1, origin)?;
        let dense = is_dense(shape, strides, 1);
        let data = match data.get(origin..origin.saturating_add(count)) {
            Some(exact) if dense => ArrayData::Doubles(exact),
            _ => ArrayData::Elements { strides, data, origin },
        };
        Ok(ArrayView { shape, data })
    }

    /// Returns the length of each dimension.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// Returns the elements in the form that the caller gave.
    #[inline(always)]
    pub(crate) fn data(&self) -> &ArrayData<'a> {
        &self.data
    }
}

/// Calls `visit` with the place of every element, in C order.
pub(crate) fn walk(
    shape: &[usize],
    strides: &[isize],
    origin: usize,
    mut visit: impl FnMut(usize),
) {
    let (Some((&inner, outer)), Some((&step, outer_steps))) =
        (shape.split_last(), strides.split_last())
    else {
        return;
    };
    if shape.contains(&0) {
        return;
    }
    let mut index = [0usize; MAX_ARRAY_DIMS];
    let mut start = origin;
    loop {
        let mut at = start;
        for _ in 0..inner {
            visit(at);
            at = at.wrapping_add_signed(step);
        }
        // This works like an odometer: the last outer dimension that has not reached its end advances, and those after it
        // start again.
        let mut dim = outer.len();
        loop {
            if dim == 0 {
                return;
            }
            dim -= 1;
            let step = outer_steps[dim];
            index[dim] += 1;
            start = start.wrapping_add_signed(step);
            if index[dim] < outer[dim] {
                break;
            }
            start = start.wrapping_sub(step.cast_unsigned().wrapping_mul(outer[dim]));
            index[dim] = 0;
        }
    }
}

/// Returns the number of elements, or an error if the shape is not allowed.
fn elements(shape: &[usize]) -> Result<usize> {
    if shape.is_empty() || shape.len() > MAX_ARRAY_DIMS {
        return Err(err!(
            InvalidArray,
            "an array has {} dimensions, allowed are 1 to {MAX_ARRAY_DIMS}",
            shape.len()
        ));
    }
    for (i, &dim) in shape.iter().enumerate() {
        if dim > MAX_ARRAY_DIM {
            return Err(err!(
                InvalidArray,
                "dimension {i} of an array has {dim} elements, the limit is {MAX_ARRAY_DIM}"
            ));
        }
    }
    // A dimension of length zero makes the product zero, even if the others overflow.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim))
        .filter(|&count| count <= MAX_ARRAY_BYTES / ITEM)
        .ok_or_else(|| too_large(shape))
}

#[cold]
fn too_large(shape: &[usize]) -> Error {
    err!(InvalidArray, "shape {shape:?} has more than {MAX_ARRAY_BYTES} bytes of data")
}

/// Checks that every element, which is `width` units wide, lies within `len` units.
fn check_extent(
    shape: &[usize],
    strides: &[isize],
    count: usize,
    len: usize,
    width: usize,
    origin: usize,
) -> Result<()> {
    if strides.len() != shape.len() {
        return Err(err!(
            InvalidArray,
            "an array has {} dimensions and {} strides",
            shape.len(),
            strides.len()
        ));
    }
    if count == 0 {
        return Ok(());
    }
    // These are the first and the last place of any element. 128 bits hold every product of 64-bit numbers here, and the sum
    // of 32 of them, because dimensions are below 2^28.
    let (mut first, mut last) = (origin as i128, origin as i128);
    for (&dim, &stride) in shape.iter().zip(strides) {
        let reach = (dim as i128 - 1) * stride as i128;
        if reach < 0 { first += reach } else { last += reach }
    }
    if first < 0 || last + width as i128 > len as i128 {
        return Err(err!(
            InvalidArray,
            "shape {shape:?} with strides {strides:?} from {origin} reads {first} to {}, the data has 0 to {len}",
            last + width as i128
        ));
    }
    Ok(())
}

/// Returns whether the elements follow one another in C order without gaps.
fn is_dense(shape: &[usize], strides: &[isize], width: usize) -> bool {
    let mut expected = width.cast_signed();
    shape.iter().zip(strides).rev().all(|(&dim, &stride)| {
        let fits = dim == 1 || stride == expected;
        expected = expected.saturating_mul(dim.cast_signed());
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_extents_at_their_limits() {
        let one = [1usize; 33];
        let cases: [(&[usize], bool); 8] = [
            (&[], false),
            (&one[..32], true),
            (&one, false),
            (&[0, MAX_ARRAY_DIM], true),
            (&[0, MAX_ARRAY_DIM + 1], false),
            (&[MAX_ARRAY_BYTES / 8 + 1], false),
            (&[MAX_ARRAY_DIM, MAX_ARRAY_DIM, MAX_ARRAY_DIM], false),
            (&[usize::MAX], false),
        ];
        for (shape, good) in cases {
            let strides = vec![0isize; shape.len()];
            let view = ArrayView::element_strides(shape, &strides, &[7.0], 0);
            assert_eq!(view.is_ok(), good, "{shape:?}");
        }
        // These strides and origins would overflow any narrower arithmetic.
        for stride in [isize::MAX, isize::MIN, isize::MAX / 4, isize::MIN / 4] {
            for origin in [0, 1, usize::MAX] {
                let shape = [3, 2];
                assert!(ArrayView::byte_strides(&shape, &[8, stride], &[0; 48], origin).is_err());
            }
        }
        assert!(ArrayView::byte_strides(&[2], &[8, 8], &[0; 48], 0).is_err(), "strides differ");
        // An array without elements reads nothing, so its origin does not matter.
        assert!(ArrayView::byte_strides(&[0], &[8], &[], 99).is_ok());
        assert!(ArrayView::c_major(&[2, 2], &[1.0; 3]).is_err());
        assert!(ArrayView::c_major(&[2, 2], &[1.0; 5]).is_err());
    }
}
