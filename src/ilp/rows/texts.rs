//! The texts of a column, and the texts of a dictionary.

use super::destination::Destination;
use super::joined::Joiner;
use crate::error::{Error, err};
use crate::ilp::ProtocolVersion;
use crate::ilp::value::{Symbol, WireValue};
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

/// Texts in other forms. They are apart from [`Texts`] because these, which are never known to be UTF-8, are written by less
/// code.
#[derive(Clone, Copy)]
pub(super) enum OtherTexts<'a> {
    /// One after another, known to be UTF-8.
    Str { offsets: Offsets<'a>, text: &'a str },
    /// Each at a place of its own.
    Each(&'a [Text<'a>]),
}

impl<'a> OtherTexts<'a> {
    /// Returns how many texts there are.
    pub(super) fn count(&self) -> usize {
        match self {
            OtherTexts::Str { offsets, .. } => offsets.count(),
            OtherTexts::Each(texts) => texts.len(),
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, i: usize) -> Option<Text<'a>> {
        match self {
            // A part of a text is text only if it begins and ends between two characters, which this checks.
            OtherTexts::Str { offsets, text } => Some(Text::from(text.get(offsets.range(i)?)?)),
            OtherTexts::Each(texts) => texts.get(i).copied(),
        }
    }

    /// Returns why there is no text `i`.
    #[cold]
    #[inline(never)]
    pub(super) fn missing(&self, i: usize) -> Error {
        match self {
            OtherTexts::Str { offsets, text } => {
                let texts = Texts { offsets: *offsets, bytes: text.as_bytes() };
                match texts.get(i) {
                    Some(_) => {
                        err!(InvalidArgument, "the offsets of text {i} lie within a character")
                    }
                    None => texts.missing(i),
                }
            }
            // Their number was compared with the number of rows.
            OtherTexts::Each(texts) => err!(Internal, "text {i} of {}", texts.len()),
        }
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
        name: &NameText,
        of_symbols: bool,
    ) -> Dictionary<'a> {
        let count = texts.offsets.count();
        let mut joined = Vec::new();
        // This only saves time, so if there is no memory for it, the rows are written without.
        if count <= codes.len() / MIN_USES_OF_TEXT && joined.try_reserve_exact(count).is_ok() {
            let mut joiner = Joiner::new(name);
            let mut one = |text| match of_symbols {
                true => joiner.join(Symbol(text), ProtocolVersion::V1),
                false => joiner.join(text, ProtocolVersion::V1),
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
