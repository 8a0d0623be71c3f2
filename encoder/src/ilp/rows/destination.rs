//! [`Destination`]: where the value of a column of one row is written. What a column holds is matched once for both ways of
//! writing: the quick path, and the slow path, which makes room and explains what cannot be written.

use crate::error::Result;
use crate::ilp::ProtocolVersion;
use crate::ilp::array::DenseArray;
use crate::ilp::value::{BareBits, DoubleBits, DoubleText, WireValue};
use crate::ilp::whole_rows::RowsOut;
use crate::ilp::write::{Slot, Written};
use crate::name::{NameText, ShortBytes};
use crate::table::ArrayView;

/// Where a value is written. `None` says that it was not: on the quick path the row then needs the slow path.
pub(super) trait Destination: Sized {
    /// What is known of a value that was written.
    type Written;
    /// Whether names and values that were joined before can be written.
    const TAKES_JOINED: bool;

    fn version(&self) -> ProtocolVersion;
    /// Writes the name of the column and a value.
    fn value<V: WireValue>(self, value: V) -> Option<Self::Written>;
    /// Does the same for a value whose writing calls other functions.
    fn elaborate<V: WireValue>(self, value: V) -> Option<Self::Written>;
    fn array(self, view: &ArrayView<'_>) -> Option<Self::Written>;
    /// Writes a name and a value that were joined before.
    fn joined(self, joined: &ShortBytes) -> Option<Self::Written>;
    /// Writes a double whose name was joined with what comes before the bits. Wide rows are bound by stores, and this saves one.
    fn bits(self, before: &ShortBytes, value: f64) -> Option<Self::Written>;
    /// Writes the long name of the next column, if names are written before their values.
    fn long_name(self, form: &[u8]) -> Option<Self::Written>;
    /// Leaves the column out of the row.
    fn nothing(self) -> Option<Self::Written>;

    #[inline(always)]
    fn f64(self, value: f64) -> Option<Self::Written> {
        if self.version().is_text() {
            self.elaborate(DoubleText(value))
        } else {
            self.value(DoubleBits(value))
        }
    }
}

/// The quick path: the room of this column in a row.
pub(super) struct InSlot<'s, 'n> {
    pub(super) slot: Slot<'s>,
    pub(super) name: &'n ShortBytes,
}

impl<'s> Destination for InSlot<'s, '_> {
    type Written = Written<'s>;
    const TAKES_JOINED: bool = true;

    #[inline(always)]
    fn version(&self) -> ProtocolVersion {
        self.slot.version()
    }

    #[inline(always)]
    fn value<V: WireValue>(self, value: V) -> Option<Written<'s>> {
        self.slot.value(self.name, value)
    }

    #[inline(always)]
    fn elaborate<V: WireValue>(self, value: V) -> Option<Written<'s>> {
        self.slot.value_by_call(self.name, value)
    }

    #[inline(always)]
    fn array(self, view: &ArrayView<'_>) -> Option<Written<'s>> {
        self.value(DenseArray::of(view)?)
    }

    #[inline(always)]
    fn joined(self, joined: &ShortBytes) -> Option<Written<'s>> {
        self.slot.joined(joined)
    }

    #[inline(always)]
    fn bits(self, before: &ShortBytes, value: f64) -> Option<Written<'s>> {
        self.slot.value(before, BareBits(value))
    }

    #[inline(always)]
    fn long_name(self, form: &[u8]) -> Option<Written<'s>> {
        self.slot.bytes(form)
    }

    #[inline(always)]
    fn nothing(self) -> Option<Written<'s>> {
        Some(self.slot.skip())
    }
}

/// The slow path: the end of the buffer. It writes the value, or says what is wrong with it.
pub(super) struct AtEnd<'o, 'b> {
    pub(super) out: &'o mut RowsOut<'b>,
    pub(super) name: &'o NameText,
}

impl Destination for AtEnd<'_, '_> {
    type Written = Result<()>;
    const TAKES_JOINED: bool = false;

    fn version(&self) -> ProtocolVersion {
        self.out.version()
    }

    fn value<V: WireValue>(self, value: V) -> Option<Result<()>> {
        Some(self.out.value(self.name, value))
    }

    fn elaborate<V: WireValue>(self, value: V) -> Option<Result<()>> {
        self.value(value)
    }

    fn array(self, view: &ArrayView<'_>) -> Option<Result<()>> {
        self.value(view)
    }

    fn joined(self, _: &ShortBytes) -> Option<Result<()>> {
        None
    }

    fn bits(self, _: &ShortBytes, value: f64) -> Option<Result<()>> {
        self.value(DoubleBits(value))
    }

    fn long_name(self, _: &[u8]) -> Option<Result<()>> {
        self.nothing()
    }

    fn nothing(self) -> Option<Result<()>> {
        Some(Ok(()))
    }
}
