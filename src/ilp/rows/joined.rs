//! Names joined with values that many rows have in common: the texts of a dictionary, and constants.

use super::cells::write_cell;
use super::destination::Destination;
use super::plan::PlanKind;
use crate::ilp::ProtocolVersion;
use crate::ilp::value::WireValue;
use crate::ilp::write::Store;
use crate::name::{NameText, ShortBytes};
use crate::table::{ArrayView, Cell};

/// Joins one name with values.
pub(super) struct Joiner {
    /// The name and, from one value to the next, the last value.
    store: Store,
    /// The length of the name; 0 if there was no memory for it.
    name_len: usize,
}

impl Joiner {
    pub(super) fn new(name: &NameText) -> Joiner {
        let mut store = Store::new(usize::MAX);
        let mut draft = store.draft();
        match draft.column(b',', name) {
            Ok(()) => draft.keep(),
            Err(_) => drop(draft),
        }
        Joiner { name_len: store.len(), store }
    }

    /// Returns name and value as one, or [`ShortBytes::NONE`] if they are long, if the value cannot be sent, or if there is
    /// no memory.
    pub(super) fn join<V: WireValue>(&mut self, value: V, version: ProtocolVersion) -> ShortBytes {
        self.store.truncate(self.name_len);
        let mut draft = self.store.draft();
        if self.name_len == 0 || !draft.value(value, version).unwrap_or(false) {
            return ShortBytes::NONE;
        }
        draft.keep();
        ShortBytes::new(self.store.as_slice()).unwrap_or(ShortBytes::NONE)
    }
}

/// Joins the name with the one value that is written here.
struct Join<'j> {
    joiner: &'j mut Joiner,
    version: ProtocolVersion,
}

impl Destination for Join<'_> {
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
    pub(super) fn new(cell: Cell<'a>, kind: PlanKind, name: &NameText) -> Option<Constant<'a>> {
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
