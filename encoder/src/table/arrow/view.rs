//! [`View`]: an array of a batch whose buffers were found and measured.
#![expect(
    unsafe_code,
    reason = "a buffer is as long as the type and the length of its array require"
)]

use super::c_data::ArrayRef;
use super::field::{Field, Kind};
use crate::error::{Result, err};
use crate::memory::room;
use crate::table::Bits;

/// An array and its buffers.
///
/// Value `i` of the array is value `first + i` of its buffers. Each slice was measured by the rules of the type, and no
/// function of this type returns anything outside of it.
pub(super) struct View<'a> {
    pub(super) field: &'a Field,
    pub(super) first: usize,
    pub(super) len: usize,
    validity: Option<&'a [u8]>,
    /// The values, the bits of booleans, the offsets of texts and lists, the codes of a dictionary.
    values: &'a [u8],
    /// What views of texts refer to; of other texts the only one.
    pub(super) texts: Vec<&'a [u8]>,
    /// The elements of a list.
    pub(super) item: Option<Box<View<'a>>>,
    pub(super) dictionary: Option<Box<View<'a>>>,
}

impl<'a> View<'a> {
    /// Measures an array, which must hold at least `needed` values.
    pub(super) fn new(array: ArrayRef<'a>, field: &'a Field, needed: usize) -> Result<View<'a>> {
        let (len, first) = (array.length()?, array.offset()?);
        let end = first.checked_add(len).ok_or_else(|| too_long(first, len))?;
        if len < needed {
            return Err(err!(InvalidArgument, "an array has {len} values where {needed} are due"));
        }
        let mut view = View {
            field,
            first,
            len,
            validity: None,
            values: &[],
            texts: Vec::new(),
            item: None,
            dictionary: None,
        };
        match field.kind {
            Kind::Null | Kind::Unsupported => return Ok(view),
            _ => check_buffers(array, field.kind)?,
        }
        if array.null_count() != 0 {
            // SAFETY: a validity has a bit for each value.
            view.validity = unsafe { array.buffer(0, end.div_ceil(8)) }?;
            if view.validity.is_none() && array.null_count() > 0 {
                return Err(err!(InvalidArgument, "an array with nulls has no validity"));
            }
        }
        // Where there are no values, not even the first offset has to be there.
        let size = if len == 0 { Some(0) } else { values_len(field.kind, end) };
        let size = size.ok_or_else(|| too_long(first, len))?;
        if size > 0 {
            // SAFETY: `values_len` has the rules of the types.
            let values = unsafe { array.buffer(1, size) }?;
            view.values = values
                .ok_or_else(|| err!(InvalidArgument, "an array of {len} values has no buffer 1"))?;
        }
        view.add_rest(array, end)?;
        Ok(view)
    }

    /// Returns the validity of whole rows, of which a batch rarely has one.
    pub(super) fn validity_of_rows(array: ArrayRef<'a>, end: usize) -> Result<Option<&'a [u8]>> {
        // SAFETY: a validity has a bit for each row.
        unsafe { array.buffer(0, end.div_ceil(8)) }
    }

    /// Finds what the values refer to.
    fn add_rest(&mut self, array: ArrayRef<'a>, end: usize) -> Result<()> {
        match (self.field.kind, &self.field.item, &self.field.dictionary) {
            (_, _, Some(values)) => {
                let view = View::new(array.dictionary()?, values, 0)?;
                self.dictionary = Some(Box::new(view));
            }
            (kind, Some(item), _) => {
                let due = match kind {
                    Kind::FixedList { size } => end.checked_mul(size),
                    _ if self.len == 0 => Some(0),
                    _ => Some(self.offset(self.len)?),
                };
                let due = due.ok_or_else(|| too_long(end, self.len))?;
                self.item = Some(Box::new(View::new(array.child(0)?, item, due)?));
            }
            (Kind::Text { .. }, ..) if self.len > 0 => {
                let size = self.offset(self.len)?;
                // SAFETY: the last offset says how long the texts are together.
                let text = unsafe { array.buffer(2, size) }?;
                if text.is_none() && size > 0 {
                    return Err(err!(InvalidArgument, "texts of {size} bytes have no buffer 2"));
                }
                self.texts.push(text.unwrap_or(&[]));
            }
            (Kind::TextView, ..) => self.add_blocks(array)?,
            _ => {}
        }
        Ok(())
    }

    /// Finds the blocks that views of texts refer to. The last buffer has their lengths.
    fn add_blocks(&mut self, array: ArrayRef<'a>) -> Result<()> {
        let Some(blocks) = array.buffer_count()?.checked_sub(3).filter(|blocks| *blocks > 0) else {
            return Ok(());
        };
        // SAFETY: the last buffer has a length of 64 bits for each block.
        let lengths = unsafe { array.buffer(2 + blocks, blocks.saturating_mul(8)) }?;
        let lengths = lengths.ok_or_else(|| {
            err!(InvalidArgument, "an array of views has no lengths of its buffers")
        })?;
        self.texts = room(blocks, "buffers of texts")?;
        for (i, length) in lengths.as_chunks::<8>().0.iter().enumerate() {
            let length = i64::from_ne_bytes(*length);
            let size = usize::try_from(length)
                .map_err(|_| err!(InvalidArgument, "buffer {} has {length} bytes", 2 + i))?;
            // SAFETY: this is the length that the array gives for the block.
            let block = unsafe { array.buffer(2 + i, size) }?;
            if block.is_none() && size > 0 {
                return Err(err!(InvalidArgument, "buffer {} of {size} bytes is NULL", 2 + i));
            }
            self.texts.push(block.unwrap_or(&[]));
        }
        Ok(())
    }

    /// Returns the bits that say which values there are, from value `from` on. Without them there are all.
    pub(super) fn validity(&self, from: usize) -> Option<Bits<'a>> {
        self.validity.map(|bytes| Bits::new(bytes, self.first + from))
    }

    pub(super) fn is_valid(&self, i: usize) -> bool {
        self.validity.is_none_or(|bytes| Bits::new(bytes, self.first).get(i))
    }

    pub(super) fn has_validity(&self) -> bool {
        self.validity.is_some()
    }

    /// Returns the values of a column of booleans, from value `from` on.
    pub(super) fn bits(&self, from: usize) -> Bits<'a> {
        Bits::new(self.values, self.first + from)
    }

    /// Returns the bytes of `count` values of `width` bytes each, from value `from` on.
    #[inline(never)]
    pub(super) fn bytes(&self, from: usize, count: usize, width: usize) -> Result<&'a [u8]> {
        let start = self.first.saturating_add(from).saturating_mul(width);
        let bytes = self.values.get(start..).and_then(|rest| rest.get(..count.checked_mul(width)?));
        bytes.ok_or_else(|| missing(self.len, from, count))
    }

    /// Returns the place at which text or list `i` begins and `i - 1` ends.
    pub(super) fn offset(&self, i: usize) -> Result<usize> {
        let offset = if is_large(self.field.kind) {
            i64::from_ne_bytes(self.one(i)?)
        } else {
            i64::from(i32::from_ne_bytes(self.one(i)?))
        };
        usize::try_from(offset)
            .map_err(|_| err!(InvalidArgument, "offset {i} of an array is {offset}"))
    }

    fn one<const N: usize>(&self, i: usize) -> Result<[u8; N]> {
        let bytes = self.bytes(i, 1, N)?.first_chunk::<N>();
        bytes.copied().ok_or_else(|| err!(Internal, "no value {i}"))
    }
}

#[cold]
fn missing(len: usize, from: usize, count: usize) -> crate::error::Error {
    let to = from.saturating_add(count);
    err!(InvalidArgument, "an array of {len} values has no values {from} to {to}")
}

#[cold]
fn too_long(first: usize, len: usize) -> crate::error::Error {
    err!(InvalidArgument, "an array of {len} values from {first} on is longer than memory can be")
}

pub(super) fn is_large(kind: Kind) -> bool {
    matches!(kind, Kind::Text { large: true } | Kind::List { large: true })
}

/// Returns how many bytes buffer 1 has if it holds values up to `end`, or `None` if that is more than there can be.
fn values_len(kind: Kind, end: usize) -> Option<usize> {
    match kind {
        Kind::Null | Kind::Unsupported | Kind::FixedList { .. } => Some(0),
        Kind::Bool => Some(end.div_ceil(8)),
        Kind::Number(number) | Kind::Count(number) | Kind::Time { number, .. } => {
            end.checked_mul(number.width())
        }
        Kind::Decimal { width, .. } => end.checked_mul(width),
        Kind::TextView => end.checked_mul(16),
        Kind::Text { .. } | Kind::List { .. } => {
            end.checked_add(1)?.checked_mul(if is_large(kind) { 8 } else { 4 })
        }
    }
}

fn check_buffers(array: ArrayRef<'_>, kind: Kind) -> Result<()> {
    let (found, due) = (
        array.buffer_count()?,
        match kind {
            Kind::FixedList { .. } => 1,
            Kind::Text { .. } | Kind::TextView => 3,
            _ => 2,
        },
    );
    if found == due || (kind == Kind::TextView && found > due) {
        return Ok(());
    }
    Err(err!(InvalidArgument, "an array has {found} buffers where {due} are due"))
}

/// A type for which every sequence of bytes is a value.
pub(super) trait Plain: Copy {}

macro_rules! plain {
    ($($plain:ty),*) => { $(impl Plain for $plain {})* };
}
plain!(i8, u8, i16, u16, i32, u32, i64, u64, f64);

/// Returns bytes as values where they lie, unless they are not aligned.
pub(super) fn typed<T: Plain>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: every sequence of bytes is a value of a plain type.
    let (before, values, after) = unsafe { bytes.align_to::<T>() };
    (before.is_empty() && after.is_empty()).then_some(values)
}
