//! Names joined with values that many rows have in common: the texts of a dictionary, and constants.

use super::cells::write_cell;
use super::destination::{AtEnd, Destination};
use super::plan::PlanKind;
use crate::ilp::ProtocolVersion;
use crate::ilp::lines::Lines;
use crate::ilp::value::WireValue;
use crate::name::{NameText, ShortBytes};
use crate::table::Cell;
use crate::text::Text;

/// Joins one name with values. It writes them as the slow path does, so this takes no code of its own.
pub(super) struct Joiner<'n> {
    lines: Lines,
    name: &'n NameText,
}

impl<'n> Joiner<'n> {
    pub(super) fn new(name: &'n NameText, version: ProtocolVersion) -> Joiner<'n> {
        Joiner { lines: Lines::new(version, usize::MAX, usize::MAX), name }
    }

    /// Returns name and value as one, or [`ShortBytes::NONE`] if they are long, if the value cannot be sent, or if there is
    /// no memory.
    pub(super) fn join<V: WireValue>(&mut self, value: V) -> ShortBytes {
        let name = self.name;
        self.lines.joined(|out| out.value(name, value)).unwrap_or(ShortBytes::NONE)
    }

    /// Does the same with a cell. `None` if columns of this kind do not take it.
    fn join_cell(&mut self, kind: PlanKind, cell: &Cell<'_>) -> Option<ShortBytes> {
        let (name, mut fits) = (self.name, true);
        let joined = self.lines.joined(|out| {
            let written = write_cell(kind, cell, AtEnd { out, name });
            fits = written.is_some();
            written.unwrap_or(Ok(()))
        });
        fits.then(|| joined.unwrap_or(ShortBytes::NONE))
    }
}

/// The same value in every row.
pub(super) struct Constant<'a> {
    cell: Cell<'a>,
    kind: PlanKind,
    /// Name and value as version 2 and newer ones send them, and as version 1 does. Nothing if they are long, or only version
    /// 3 has such values.
    joined: [ShortBytes; 2],
}

impl<'a> Constant<'a> {
    /// Returns `None` if columns of this kind do not take such a cell.
    pub(super) fn new(cell: Cell<'a>, kind: PlanKind, name: &NameText) -> Option<Constant<'a>> {
        let join = |version| Joiner::new(name, version).join_cell(kind, &cell);
        let joined = [join(ProtocolVersion::V2)?, join(ProtocolVersion::V1)?];
        Some(Constant { cell, kind, joined })
    }

    /// Returns the text, if it is too long to be joined with the name.
    pub(super) fn long_text(&self) -> Option<Text<'a>> {
        match self.cell {
            Cell::Text(text) if self.joined[0].is_none() => Some(text),
            _ => None,
        }
    }

    /// Writes what was joined on the quick path, and the cell on the slow one.
    #[inline(always)]
    pub(super) fn write<D: Destination>(&self, to: D) -> Option<D::Written> {
        if !D::TAKES_JOINED {
            return write_cell(self.kind, &self.cell, to);
        }
        let [binary, text] = &self.joined;
        let joined = if to.version().is_text() { text } else { binary };
        match self.cell {
            Cell::Null => to.nothing(),
            _ if joined.is_none() => None,
            _ => to.joined(joined),
        }
    }
}
