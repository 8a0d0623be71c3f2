//! The texts of a column, and the texts of a dictionary.

use super::destination::Destination;
use super::joined::Joiner;
use crate::error::{Error, err};
use crate::ilp::ProtocolVersion;
use crate::ilp::value::{Symbol, WireValue};
use crate::ilp::write::is_utf8;
use crate::name::{NameText, ShortBytes};
use crate::table::{Codes, Offsets};
use crate::text::Text;

/// Texts that lie one after another and are checked when they are written.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) offsets: Offsets<'a>,
    pub(super) bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<Text<'a>> {
        Some(Text::unchecked(self.bytes.get(self.offsets.range(i)?)?))
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

/// Texts that need no look at their bytes to tell whether they were checked: all of them, or each by its own mark.
#[derive(Clone, Copy)]
pub(super) enum CheckedTexts<'a> {
    Together(KnownTexts<'a>),
    Apart(&'a [Text<'a>]),
}

impl<'a> CheckedTexts<'a> {
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<Text<'a>> {
        match self {
            CheckedTexts::Together(texts) => texts.get(i),
            CheckedTexts::Apart(texts) => texts.get(i).copied(),
        }
    }

    /// Returns why there is no text `i`.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, i: usize) -> Error {
        match self {
            CheckedTexts::Together(texts) => texts.missing(i),
            // Their number was compared with that of the rows.
            CheckedTexts::Apart(_) => err!(Internal, "row {i} has no text"),
        }
    }
}

/// Texts that lie one after another and are known to be UTF-8.
#[derive(Clone, Copy)]
pub(super) struct KnownTexts<'a> {
    offsets: Offsets<'a>,
    /// The bytes from `base` on, which are UTF-8 as a whole.
    bytes: &'a [u8],
    base: usize,
}

impl<'a> KnownTexts<'a> {
    pub(super) fn new(offsets: Offsets<'a>, text: &'a str) -> KnownTexts<'a> {
        KnownTexts { offsets, bytes: text.as_bytes(), base: 0 }
    }

    /// Checks all of `texts` at once, if they look as if that takes less time than to check each: many bytes must be beyond
    /// ASCII, because ASCII is checked while it is copied.
    pub(super) fn check(texts: &Texts<'a>) -> Option<KnownTexts<'a>> {
        let offsets = texts.offsets;
        let base = offsets.range(0)?.start;
        let end = offsets.range(offsets.count() - 1)?.end;
        let bytes = texts.bytes.get(base..end)?;
        // A look at one or two short texts takes longer than it can save.
        let many = offsets.count() > 2 || bytes.len() >= MIN_BYTES_TO_CHECK;
        (many && is_often_beyond_ascii(bytes) && is_utf8(bytes)).then_some(KnownTexts {
            offsets,
            bytes,
            base,
        })
    }

    /// Returns the bytes of a text, and where it begins and ends among all of them.
    #[inline(always)]
    fn range(&self, i: usize) -> Option<(&'a [u8], [usize; 2])> {
        let range = self.offsets.range(i)?;
        let (start, end) = (range.start.wrapping_sub(self.base), range.end.wrapping_sub(self.base));
        Some((self.bytes.get(start..end)?, [start, end]))
    }

    /// Returns a text if it begins and ends between two characters, because only then it is UTF-8 too.
    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<Text<'a>> {
        let (text, ends) = self.range(i)?;
        let between = |at: usize| self.bytes.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
        ends.into_iter().all(between).then_some(Text::checked_before(text))
    }

    /// Returns why there is no text `i`.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, i: usize) -> Error {
        match self.range(i) {
            Some(_) => err!(InvalidArgument, "the offsets of text {i} lie within a character"),
            None => Texts { offsets: self.offsets, bytes: self.bytes }.missing(i),
        }
    }
}

/// Fewer bytes of one or two texts are checked while they are copied.
const MIN_BYTES_TO_CHECK: usize = 1024;

/// Returns whether at least one byte of 32 is not ASCII, by a look at three parts of the bytes.
fn is_often_beyond_ascii(bytes: &[u8]) -> bool {
    const PART: usize = 256;
    let starts = [0, (bytes.len() / 2).saturating_sub(PART / 2), bytes.len().saturating_sub(PART)];
    let parts = starts
        .map(|start| bytes.get(start..).map_or(bytes, |rest| rest.get(..PART).unwrap_or(rest)));
    let beyond: usize =
        parts.iter().map(|part| part.iter().filter(|byte| !byte.is_ascii()).count()).sum();
    beyond * 32 >= parts.iter().map(|part| part.len()).sum::<usize>().max(1)
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
        name: &NameText,
        of_symbols: bool,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut joined = Vec::new();
        let useful = count <= codes.len() / MIN_USES_OF_TEXT && !name.short().is_none();
        // This only saves time, so if there is no memory for it, the rows are written without.
        if useful && joined.try_reserve_exact(count).is_ok() {
            let mut joiner = Joiner::new(name, ProtocolVersion::V1);
            let mut one = |text| match of_symbols {
                true => joiner.join(Symbol(text)),
                false => joiner.join(text),
            };
            joined.extend((0..count).map(|i| texts.get(i).map_or(ShortBytes::NONE, &mut one)));
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
