//! The values of columns, one slice per column. Booleans, integers, doubles, texts, dictionaries and validity have the
//! memory layout of Arrow. Decimals and arrays do not: Arrow has little-endian decimals, and lists instead of arrays.

use super::array::ArrayView;
use super::cell::Cell;
#[cfg(doc)]
use super::layout::ColumnKind;
use crate::text::Text;

/// The values of one column and, if some are missing, which rows have one.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{Bits, Codes, ColumnData, ColumnKind, ColumnValues, Offsets, RowLayout};
/// use questdb_ingress::{Buffer, ProtocolVersion};
///
/// let mut trades = RowLayout::new("trades")?;
/// trades.add("symbol", ColumnKind::Symbol)?.add("price", ColumnKind::F64)?;
/// let symbols = ColumnValues::Dictionary {
///     codes: Codes::U8(&[0, 1, 0]),
///     offsets: Offsets::I32(&[0, 7, 14]),
///     bytes: b"ETH-USDBTC-USD",
/// };
/// // The second price is missing.
/// let validity = Some(Bits::new(&[0b101], 0));
/// let prices = ColumnData { values: ColumnValues::F64(&[2615.54, 0.0, 2616.1]), validity };
/// let start = 1_700_000_000_000_000_000;
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.append_columns(&trades, 3, &[symbols.into(), prices], Some(&[start, start + 1, start + 2]))?;
/// assert!(buffer.peek().starts_with(b"trades,symbol=ETH-USD price=2615.54 1700000000000000000\ntrades,symbol=BTC-USD 1"));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ColumnData<'a> {
    /// One value per row.
    pub values: ColumnValues<'a>,
    /// One bit per row, set if the row has a value. Without a validity every row has one.
    pub validity: Option<Bits<'a>>,
}

impl<'a> From<ColumnValues<'a>> for ColumnData<'a> {
    fn from(values: ColumnValues<'a>) -> Self {
        ColumnData { values, validity: None }
    }
}

/// One value per row. The values of rows without one are not read.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum ColumnValues<'a> {
    /// For [`ColumnKind::Bool`]: one byte per row; every byte but 0 is true.
    Bytes(&'a [u8]),
    /// For [`ColumnKind::Bool`]: one bit per row.
    Bits(Bits<'a>),
    /// For [`ColumnKind::I64`], [`ColumnKind::TsMicros`] and [`ColumnKind::TsNanos`].
    I64(&'a [i64]),
    /// For [`ColumnKind::F64`].
    F64(&'a [f64]),
    /// For [`ColumnKind::Symbol`], [`ColumnKind::Str`] and [`ColumnKind::Decimal`]: value `i` is
    /// `bytes[offsets[i]..offsets[i + 1]]`.
    Text {
        /// One more than there are rows.
        offsets: Offsets<'a>,
        /// UTF-8.
        bytes: &'a [u8],
    },
    /// As [`ColumnValues::Text`], for text that is known to be UTF-8, so that it is not checked once more. Offsets must lie
    /// between two characters.
    Str {
        /// One more than there are rows.
        offsets: Offsets<'a>,
        /// All texts.
        text: &'a str,
    },
    /// For [`ColumnKind::Symbol`], [`ColumnKind::Str`] and [`ColumnKind::Decimal`]: texts that lie anywhere, one per row.
    Texts(&'a [Text<'a>]),
    /// For columns of every kind: the same value in every row.
    Constant(Cell<'a>),
    /// For [`ColumnKind::Symbol`] and [`ColumnKind::Str`]: each row has the number of its text.
    Dictionary {
        /// One per row.
        codes: Codes<'a>,
        /// One more than there are texts.
        offsets: Offsets<'a>,
        /// UTF-8.
        bytes: &'a [u8],
    },
    /// For [`ColumnKind::F64Array`].
    Arrays(&'a [ArrayView<'a>]),
    /// For [`ColumnKind::Decimal`]: big-endian integers in two's complement, `width` bytes each, over `10^scale`.
    Decimals {
        /// At most 76.
        scale: u32,
        /// At most 32.
        width: usize,
        /// `width` per row.
        bytes: &'a [u8],
    },
    /// For [`ColumnKind::Decimal`]: integers over `10^scale`.
    DecimalsI128 {
        /// At most 76.
        scale: u32,
        /// One per row.
        unscaled: &'a [i128],
    },
}

/// A sequence of bits in Arrow's order: the lowest bit of each byte comes first.
#[derive(Debug, Clone, Copy)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Bits<'a> {
    /// Returns the bits from bit `offset` on.
    pub fn new(bytes: &'a [u8], offset: usize) -> Bits<'a> {
        Bits { bytes, offset }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.offset)
    }

    #[inline]
    pub(crate) fn get(&self, i: usize) -> bool {
        let place = i.wrapping_add(self.offset);
        self.bytes.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    }
}

/// Where each text begins in the bytes, and where the last one ends.
#[derive(Debug, Clone, Copy)]
pub enum Offsets<'a> {
    /// As in Arrow's utf8.
    I32(&'a [i32]),
    /// As in Arrow's large utf8.
    I64(&'a [i64]),
}

impl Offsets<'_> {
    /// Returns how many texts there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Offsets::I32(offsets) => offsets.len(),
            Offsets::I64(offsets) => offsets.len(),
        }
        .saturating_sub(1)
    }

    #[inline]
    pub(crate) fn range(&self, i: usize) -> Option<std::ops::Range<usize>> {
        let (start, end) = match self {
            Offsets::I32(offsets) => {
                let pair = offsets.get(i..)?.first_chunk::<2>()?;
                (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?)
            }
            Offsets::I64(offsets) => {
                let pair = offsets.get(i..)?.first_chunk::<2>()?;
                (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?)
            }
        };
        Some(start..end)
    }
}

/// For each row the number of its text in a dictionary.
#[derive(Debug, Clone, Copy)]
pub enum Codes<'a> {
    /// 8 bits, signed.
    I8(&'a [i8]),
    /// 16 bits, signed.
    I16(&'a [i16]),
    /// 32 bits, signed.
    I32(&'a [i32]),
    /// 64 bits, signed.
    I64(&'a [i64]),
    /// 8 bits.
    U8(&'a [u8]),
    /// 16 bits.
    U16(&'a [u16]),
    /// 32 bits.
    U32(&'a [u32]),
    /// 64 bits.
    U64(&'a [u64]),
}

impl Codes<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Codes::I8(codes) => codes.len(),
            Codes::I16(codes) => codes.len(),
            Codes::I32(codes) => codes.len(),
            Codes::I64(codes) => codes.len(),
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
            Codes::U32(codes) => codes.len(),
            Codes::U64(codes) => codes.len(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, i: usize) -> Option<usize> {
        match self {
            Codes::I8(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I16(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I32(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::I64(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::U8(codes) => codes.get(i).copied().map(usize::from),
            Codes::U16(codes) => codes.get(i).copied().map(usize::from),
            Codes::U32(codes) => usize::try_from(*codes.get(i)?).ok(),
            Codes::U64(codes) => usize::try_from(*codes.get(i)?).ok(),
        }
    }
}

impl ColumnValues<'_> {
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            ColumnValues::Bytes(_) | ColumnValues::Bits(_) => "booleans",
            ColumnValues::I64(_) => "integers",
            ColumnValues::F64(_) => "doubles",
            ColumnValues::Text { .. } | ColumnValues::Str { .. } | ColumnValues::Texts(_) => {
                "texts"
            }
            ColumnValues::Constant(cell) => cell.describe(),
            ColumnValues::Dictionary { .. } => "dictionary codes",
            ColumnValues::Arrays(_) => "arrays",
            ColumnValues::Decimals { .. } | ColumnValues::DecimalsI128 { .. } => "binary decimals",
        }
    }
}
