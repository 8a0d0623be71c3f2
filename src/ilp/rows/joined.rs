//! Names joined with values that many rows have in common: the texts of a dictionary, and constants.

use super::cells::write_cell;
use super::destination::Destination;
use super::plan::{PlanKind, ShortBytes};
use crate::ilp::ProtocolVersion;
use crate::ilp::value::WireValue;
use crate::ilp::write::Store;
use crate::name::Wire;
use crate::table::{ArrayView, Cell};

/// Joins one name with values.
pub(super) struct Joiner<'n> {
    name: &'n Wire,
    store: Store,
}

impl<'n> Joiner<'n> {
    pub(super) fn new(name: &'n Wire) -> Joiner<'n> {
        Joiner { name, store: Store::new(usize::MAX) }
    }

    /// Returns name and value as one, or [`ShortBytes::NONE`] if they are long, if the value cannot be sent, or if there is
    /// no memory.
    pub(super) fn join<V: WireValue>(&mut self, value: V, version: ProtocolVersion) -> ShortBytes {
        self.store.truncate(0);
        let mut draft = self.store.draft();
        if draft.wire(self.name).is_err() || !draft.value(value, version).unwrap_or(false) {
            return ShortBytes::NONE;
        }
        draft.keep();
        ShortBytes::of(self.store.as_slice()).unwrap_or(ShortBytes::NONE)
    }
}

/// Joins the name with the one value that is written here.
struct Join<'j, 'n> {
    joiner: &'j mut Joiner<'n>,
    version: ProtocolVersion,
}

impl Destination for Join<'_, '_> {
    type Written = ShortBytes;
    const TAKES_JOINED: bool = false;

    fn version(&self) -> ProtocolVersion {
        self.version
    }

    fn value<V: WireValue>(self, value: V) -> Option<ShortBytes> {
        // What only newer versions have must be checked for each buffer.
        let old = !V::NEEDS.is_new();
        Some(if old { self.joiner.join(value, self.version) } else { ShortBytes::NONE })
    }

    fn elaborate<V: WireValue>(self, value: V) -> Option<ShortBytes> {
        self.value(value)
    }

    fn array(self, _: &ArrayView<'_>) -> Option<ShortBytes> {
        Some(ShortBytes::NONE)
    }

    fn joined(self, _: &ShortBytes) -> Option<ShortBytes> {
        None
    }

    fn nothing(self) -> Option<ShortBytes> {
        Some(ShortBytes::NONE)
    }
}

/// The same value in every row.
pub(super) struct Constant<'a> {
    cell: Cell<'a>,
    kind: PlanKind,
    /// Name and value as version 2 and newer ones send them, and as version 1 does.
    joined: [ShortBytes; 2],
}

impl<'a> Constant<'a> {
    /// Returns `None` if columns of this kind do not take such a cell.
    pub(super) fn new(cell: Cell<'a>, kind: PlanKind, name: &Wire) -> Option<Constant<'a>> {
        let mut joiner = Joiner::new(name);
        let mut join = |version| write_cell(kind, &cell, Join { joiner: &mut joiner, version });
        let joined = [join(ProtocolVersion::V2)?, join(ProtocolVersion::V1)?];
        Some(Constant { cell, kind, joined })
    }

    #[inline(always)]
    pub(super) fn write<D: Destination>(&self, to: D) -> Option<D::Written> {
        let [binary, text] = &self.joined;
        let joined = if to.version().is_text() { text } else { binary };
        if D::TAKES_JOINED && !joined.is_none() {
            return to.joined(joined);
        }
        write_cell(self.kind, &self.cell, to)
    }
}
