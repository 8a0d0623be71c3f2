//! Arrays of doubles in the form in which they are sent.

use super::ProtocolVersion;
use super::value::{Feature, Payload, WireValue};
use super::write::{PayloadLen, Room, double_bytes};
use crate::table::{ArrayData, ArrayView, walk};

/// The bytes before an array: the marker of a binary value, the type "array", and the element type "double".
const HEADER: [u8; 3] = [b'=', 0x0E, 0x0A];

/// An array of at most this many dimensions is written by a loop whose length the compiler knows.
const FEW: usize = 4;

/// An array of few dimensions whose elements lie in memory as they go out.
#[derive(Clone, Copy)]
pub(super) struct DenseArray<'a> {
    shape: &'a [usize],
    data: &'a [u8],
}

impl<'a> DenseArray<'a> {
    /// Returns the array as one of these, if it is one.
    #[inline(always)]
    pub(super) fn of(view: &ArrayView<'a>) -> Option<DenseArray<'a>> {
        let data = match *view.data() {
            ArrayData::Bytes(data) => data,
            ArrayData::Doubles(data) => double_bytes(data)?,
            ArrayData::Elements { .. } | ArrayData::Strided { .. } => return None,
        };
        let shape = view.shape();
        (shape.len() <= FEW).then_some(DenseArray { shape, data })
    }
}

impl WireValue for DenseArray<'_> {
    const ROOM: usize = HEADER.len() + 1 + 4 * FEW;
    const PAYLOAD: Payload = Payload::AsItIs;
    const NEEDS: Feature = Feature::ARRAYS;

    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        PayloadLen::of(self.data)
    }

    #[inline(always)]
    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        head(self.shape, out);
        // Not a loop, which would test its end each time where the compiler is told to write short code.
        const { assert!(FEW == 4) };
        dimension(self.shape.first(), out);
        dimension(self.shape.get(1), out);
        dimension(self.shape.get(2), out);
        dimension(self.shape.get(3), out);
        out.slice(self.data);
        true
    }
}

/// Writes the length of a dimension that the array has.
#[inline(always)]
fn dimension(len: Option<&usize>, out: &mut Room) {
    if let Some(len) = len {
        let [a, b, c, d, ..] = len.to_le_bytes();
        out.put([a, b, c, d], 4);
    }
}

/// Writes the marker and the number of dimensions. The view was checked when it was made: the number fits one byte, each
/// dimension four.
#[inline(always)]
fn head(shape: &[usize], out: &mut Room) {
    let [dims, ..] = shape.len().to_le_bytes();
    let [a, b, c] = HEADER;
    out.put([a, b, c, dims], 4);
}

impl WireValue for &ArrayView<'_> {
    const ROOM: usize = DenseArray::ROOM;
    const PAYLOAD: Payload = Payload::AsItIs;
    const NEEDS: Feature = Feature::ARRAYS;

    /// Returns the length of the elements, and of the dimensions too if there are many.
    #[inline(always)]
    fn payload(&self) -> PayloadLen {
        DenseArray::of(self).map_or_else(|| any_payload(self), |dense| dense.payload())
    }

    #[inline(always)]
    fn write(self, out: &mut Room, version: ProtocolVersion) -> bool {
        if let Some(dense) = DenseArray::of(self) {
            return dense.write(out, version);
        }
        head(self.shape(), out);
        out.by_value(|out| any(self, out));
        true
    }
}

#[inline(never)]
fn any_payload(view: &ArrayView<'_>) -> PayloadLen {
    // The product was checked when the view was made. Only if a dimension is zero may it wrap on the way, and then it ends
    // as zero.
    let elements = view.shape().iter().copied().fold(size_of::<f64>(), usize::wrapping_mul);
    PayloadLen::bytes(elements.saturating_add(4 * view.shape().len()))
}

/// Writes dimensions and elements of any array; both are counted in the payload.
#[inline(never)]
fn any(view: &ArrayView<'_>, mut out: Room) -> Room {
    for dim in view.shape() {
        let [a, b, c, d, ..] = dim.to_le_bytes();
        out.slice(&[a, b, c, d]);
    }
    // The extent was checked when the view was made, so every element is there.
    match *view.data() {
        ArrayData::Doubles(data) => data.iter().for_each(|value| out.slice(&value.to_le_bytes())),
        ArrayData::Bytes(data) => out.slice(data),
        ArrayData::Elements { strides, data, origin } => {
            walk(view.shape(), strides, origin, |at| {
                out.slice(&data.get(at).copied().unwrap_or(f64::NAN).to_le_bytes());
            });
        }
        ArrayData::Strided { strides, data, origin } => {
            walk(view.shape(), strides, origin, |at| {
                let bytes = data.get(at..).and_then(<[u8]>::first_chunk::<8>);
                out.slice(&bytes.copied().unwrap_or(f64::NAN.to_le_bytes()));
            });
        }
    }
    out
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
    use crate::ilp::write::tests::appended;

    fn encoded(view: &ArrayView<'_>) -> Vec<u8> {
        appended(view, ProtocolVersion::V2).unwrap()
    }

    /// Returns the place of each element in C order, computed one by one.
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
