//! Arrays of doubles on the wire.

use super::write::{self, Out as _, Quick, Tail};
use crate::table::{ArrayData, ArrayView, walk};

const ITEM: usize = size_of::<f64>();
/// Binary marker, array, of doubles.
const HEADER: [u8; 3] = [b'=', 0x0E, 0x0A];

/// An array whose elements lie as they go out.
#[derive(Clone, Copy)]
pub(super) struct DenseArray<'a> {
    shape: &'a [usize],
    data: &'a [u8],
}

impl<'a> DenseArray<'a> {
    /// The elements as they go out, if they lie so and there are few dimensions.
    #[inline(always)]
    pub(super) fn of(view: &ArrayView<'a>) -> Option<DenseArray<'a>> {
        let data = match *view.data() {
            ArrayData::Bytes(data) => data,
            ArrayData::Doubles(data) => write::double_bytes(data)?,
            _ => return None,
        };
        let shape = view.shape();
        (shape.len() <= DenseArray::MAX_DIMS).then_some(DenseArray { shape, data })
    }

    const MAX_DIMS: usize = 4;
    /// What [`DenseArray::write`] writes at most besides the data.
    pub(super) const ROOM: usize = HEADER.len() + 1 + 4 * DenseArray::MAX_DIMS;

    #[inline(always)]
    pub(super) fn data(&self) -> &'a [u8] {
        self.data
    }

    #[inline(always)]
    pub(super) fn write(&self, out: &mut Quick) {
        let [dims, ..] = self.shape.len().to_le_bytes();
        let [a, b, c] = HEADER;
        out.put([a, b, c, dims], 4);
        for dim in self.shape.iter().take(DenseArray::MAX_DIMS) {
            let [a, b, c, d, ..] = dim.to_le_bytes();
            out.put([a, b, c, d], 4);
        }
        out.slice(self.data);
    }
}

/// Appends an array.
pub(super) fn array(out: &mut Tail<'_>, view: &ArrayView<'_>) {
    out.put(HEADER, 3);
    // The views were checked when they were made: these conversions cannot fail.
    out.byte(u8::try_from(view.shape().len()).unwrap_or(0));
    for &dim in view.shape() {
        out.put(u32::try_from(dim).unwrap_or(0).to_le_bytes(), 4);
    }
    match *view.data() {
        ArrayData::Doubles(data) => out.doubles(data),
        ArrayData::Bytes(data) => out.slice(data),
        // The extent was checked when the view was made: every element is there.
        ArrayData::Elements { strides, data, origin } => {
            walk(view.shape(), strides, origin, |at| {
                out.put(data.get(at).copied().unwrap_or(f64::NAN).to_le_bytes(), ITEM);
            });
        }
        ArrayData::Strided { strides, data, origin } => {
            walk(view.shape(), strides, origin, |at| {
                let bytes = data.get(at..).and_then(<[u8]>::first_chunk::<ITEM>);
                out.put(bytes.copied().unwrap_or(f64::NAN.to_le_bytes()), ITEM);
            });
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers of these tests are small"
)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::ilp::write::Store;

    fn encoded(view: &ArrayView<'_>) -> Vec<u8> {
        let mut store = Store::new(1 << 20);
        let mut out = store.tail();
        array(&mut out, view);
        out.finish().unwrap();
        store.as_slice().to_vec()
    }

    /// The places of all elements in C order, one by one.
    fn places(shape: &[usize], strides: &[isize], origin: isize) -> Vec<isize> {
        let count: usize = shape.iter().product();
        (0..count)
            .map(|mut i| {
                let mut place = origin;
                for (dim, stride) in shape.iter().zip(strides).rev() {
                    place += (i % dim) as isize * stride;
                    i /= dim;
                }
                place
            })
            .collect()
    }

    #[test]
    fn strided_views_read_what_the_formula_says_and_nothing_outside() {
        let mut random = fastrand::Rng::with_seed(11);
        let data: Vec<f64> = (0..40).map(f64::from).collect();
        let bytes: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let dims = random.usize(1..=4);
            let shape: Vec<usize> = (0..dims).map(|_| random.usize(0..4)).collect();
            let unit = random.choice([1, 8, 4]).unwrap();
            let strides: Vec<isize> = (0..dims).map(|_| random.isize(-6..=6) * unit).collect();
            let in_bytes = unit > 1;
            let len = random.usize(0..=40) * if in_bytes { 8 } else { 1 };
            let origin = random.usize(0..=len);
            let view = if in_bytes {
                ArrayView::byte_strides(&shape, &strides, &bytes[..len], origin)
            } else {
                ArrayView::element_strides(&shape, &strides, &data[..len], origin)
            };
            let width = if in_bytes { 8 } else { 1 };
            let places = places(&shape, &strides, origin as isize);
            let inside = places.iter().all(|p| *p >= 0 && *p as usize + width <= len);
            match view {
                Err(e) => {
                    assert_eq!(e.code(), ErrorCode::InvalidArray);
                    assert!(!inside, "{shape:?} {strides:?} {origin} {len}: {e}");
                    refused += 1;
                }
                Ok(view) => {
                    assert!(inside, "{shape:?} {strides:?} {origin} {len}");
                    let mut expected = vec![b'=', 0x0E, 0x0A, dims as u8];
                    expected.extend(shape.iter().flat_map(|d| (*d as u32).to_le_bytes()));
                    for place in places {
                        let place = place as usize * 8 / width;
                        expected.extend_from_slice(&bytes[place..place + 8]);
                    }
                    assert_eq!(encoded(&view), expected, "{shape:?} {strides:?} {origin}");
                    accepted += 1;
                }
            }
        }
        assert!(accepted > 2000 && refused > 2000, "{accepted} {refused}");
    }
}
