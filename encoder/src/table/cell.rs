//! The cells of one row.

use super::array::ArrayView;
#[cfg(doc)]
use super::layout::ColumnKind;
use crate::error::Result;
use crate::text::Text;

/// The value of one column in one row. Each variant says which kinds of column take it.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{Cell, ColumnKind, RowLayout, TimestampKind};
/// use questdb_ingress::{Buffer, ProtocolVersion};
///
/// let mut trades = RowLayout::new("trades")?;
/// trades.add("symbol", ColumnKind::Symbol)?.add("price", ColumnKind::F64)?.add("note", ColumnKind::Str)?;
/// trades.set_timestamp(TimestampKind::Nanos); // as without this line
/// let cells = [Cell::from("ETH-USD"), Cell::F64(2615.54), Cell::Null];
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.append_row(&trades, &cells, Some(1_700_000_000_000_000_000))?;
/// assert_eq!(buffer.peek(), b"trades,symbol=ETH-USD price=2615.54 1700000000000000000\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Leaves the column out of the row.
    Null,
    /// For [`ColumnKind::Bool`].
    Bool(bool),
    /// For [`ColumnKind::I64`], [`ColumnKind::TsMicros`] and [`ColumnKind::TsNanos`].
    I64(i64),
    /// For [`ColumnKind::F64`].
    F64(f64),
    /// For [`ColumnKind::Symbol`], [`ColumnKind::Str`] and [`ColumnKind::Decimal`].
    Text(Text<'a>),
    /// For [`ColumnKind::F64Array`].
    Array(&'a ArrayView<'a>),
    /// For [`ColumnKind::Decimal`]: `unscaled / 10^scale`, a big-endian integer in two's complement.
    Decimal {
        /// At most 76.
        scale: u32,
        /// At most 32 bytes; none mean NULL.
        unscaled: &'a [u8],
    },
}

impl<'a, T: Into<Text<'a>>> From<T> for Cell<'a> {
    #[inline]
    fn from(text: T) -> Self {
        Cell::Text(text.into())
    }
}

impl Cell<'_> {
    /// Returns what messages call this value.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Cell::Null => "null",
            Cell::Bool(_) => "a boolean",
            Cell::I64(_) => "an integer",
            Cell::F64(_) => "a double",
            Cell::Text(_) => "text",
            Cell::Array(_) => "an array",
            Cell::Decimal { .. } => "a binary decimal",
        }
    }
}

/// The cells of one row in whatever form the caller has them. A place is the position at which a column was declared, from
/// 0.
///
/// [`RowCells::cell`] returns any cell. The other functions are shortcuts that make rows faster: each may return `None`, and
/// the cell is then asked of [`RowCells::cell`].
pub trait RowCells {
    /// Returns the cell at `place`.
    ///
    /// # Errors
    /// Whatever is wrong with the cell; the row is then not appended.
    fn cell(&self, place: usize) -> Result<Cell<'_>>;

    /// Returns whether the cell is [`Cell::Null`].
    #[inline]
    fn is_null(&self, place: usize) -> bool {
        matches!(self.cell(place), Ok(Cell::Null))
    }

    /// Returns the value of a [`Cell::Text`].
    #[inline]
    fn text(&self, _place: usize) -> Option<Text<'_>> {
        None
    }

    /// Returns the value of a [`Cell::Bool`].
    #[inline]
    fn bool(&self, _place: usize) -> Option<bool> {
        None
    }

    /// Returns the value of a [`Cell::I64`].
    #[inline]
    fn i64(&self, _place: usize) -> Option<i64> {
        None
    }

    /// Returns the value of a [`Cell::F64`].
    #[inline]
    fn f64(&self, _place: usize) -> Option<f64> {
        None
    }

    /// Returns scale and unscaled value of a [`Cell::Decimal`].
    #[inline]
    fn decimal(&self, _place: usize) -> Option<(u32, &[u8])> {
        None
    }

    /// Returns the value of a [`Cell::Array`].
    #[inline]
    fn array(&self, _place: usize) -> Option<ArrayView<'_>> {
        None
    }
}

impl RowCells for [Cell<'_>] {
    #[inline]
    fn cell(&self, place: usize) -> Result<Cell<'_>> {
        Ok(self.get(place).copied().unwrap_or(Cell::Null))
    }

    #[inline]
    fn is_null(&self, place: usize) -> bool {
        matches!(self.get(place), None | Some(Cell::Null))
    }

    #[inline]
    fn text(&self, place: usize) -> Option<Text<'_>> {
        if let Some(Cell::Text(text)) = self.get(place) { Some(*text) } else { None }
    }

    #[inline]
    fn bool(&self, place: usize) -> Option<bool> {
        if let Some(Cell::Bool(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn i64(&self, place: usize) -> Option<i64> {
        if let Some(Cell::I64(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn f64(&self, place: usize) -> Option<f64> {
        if let Some(Cell::F64(value)) = self.get(place) { Some(*value) } else { None }
    }

    #[inline]
    fn decimal(&self, place: usize) -> Option<(u32, &[u8])> {
        match self.get(place) {
            Some(Cell::Decimal { scale, unscaled }) => Some((*scale, *unscaled)),
            _ => None,
        }
    }

    #[inline]
    fn array(&self, place: usize) -> Option<ArrayView<'_>> {
        if let Some(Cell::Array(view)) = self.get(place) { Some(**view) } else { None }
    }
}
