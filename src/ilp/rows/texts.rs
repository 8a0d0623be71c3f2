//! The texts of a column, and the texts of a dictionary joined with the name of the column.

use super::destination::Destination;
use super::plan::ShortBytes;
use crate::error::{Error, err};
use crate::ilp::value::WireValue;
use crate::table::{Codes, Offsets};
use crate::text::Text;

#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) offsets: Offsets<'a>,
    pub(super) bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<Text<'a>> {
        let bytes = self.offsets.range(i).and_then(|range| self.bytes.get(range))?;
        Some(Text::unchecked(bytes))
    }

    /// Returns why there is no text `i`.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, i: usize) -> Error {
        let len = self.bytes.len();
        err!(
            InvalidArgument,
            "the offsets of text {i} are not an ascending pair within {len} bytes"
        )
    }
}

pub(super) struct Dictionary<'a> {
    codes: Codes<'a>,
    texts: Texts<'a>,
    /// For each text the name and the value joined, or [`ShortBytes::NONE`] if they are long or the text is not valid. Empty
    /// if joining them is not worth its time, or if there is no memory for it.
    joined: Vec<ShortBytes>,
}

/// Names and texts are joined if a dictionary uses each text at least this often on average.
const MIN_USES_OF_TEXT: usize = 8;

impl<'a> Dictionary<'a> {
    pub(super) fn new(
        codes: Codes<'a>,
        texts: Texts<'a>,
        join: impl Fn(Text<'a>) -> Option<ShortBytes>,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut joined = Vec::new();
        // This only saves time, so if there is no memory for it, the rows are written without.
        if count <= codes.len() / MIN_USES_OF_TEXT && joined.try_reserve_exact(count).is_ok() {
            let one = |i: usize| texts.get(i).and_then(&join).unwrap_or(ShortBytes::NONE);
            joined.extend((0..count).map(one));
        }
        Dictionary { codes, texts, joined }
    }

    /// Writes the name and the value that were joined, or what `value` makes of the text.
    #[inline(always)]
    pub(super) fn write<D: Destination, V: WireValue>(
        &self,
        row: usize,
        to: D,
        value: impl FnOnce(Text<'a>) -> V,
    ) -> Option<D::Written> {
        let code = self.codes.get(row)?;
        match self.joined.get(code) {
            Some(joined) if D::TAKES_JOINED && !joined.is_none() => to.joined(joined),
            _ => to.value(value(self.texts.get(code)?)),
        }
    }

    /// Returns why a row has no text.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, row: usize) -> Error {
        let count = self.texts.offsets.count();
        match self.codes.get(row) {
            Some(code) if code < count => self.texts.missing(code),
            _ => err!(InvalidArgument, "a code is outside the dictionary of {count} texts"),
        }
    }
}
