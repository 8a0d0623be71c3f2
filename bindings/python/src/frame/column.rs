//! Columns of a frame: what each becomes, and where its values are.

use std::ops::Range;
use std::sync::Arc;

use client::table::ColumnKind;

use super::memory::{Bitmap, Memory, Numbers, Validity};
use super::objects::Object;
use super::times::Times;

/// A column, and what it becomes.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    /// The pieces of memory that the column consists of, in the order of the rows.
    pub(crate) parts: Vec<Part>,
}

/// Some rows of a column whose values are in one piece of memory.
pub(crate) struct Part {
    /// Rows of the frame.
    pub(crate) rows: Range<usize>,
    pub(crate) values: Values,
    pub(crate) valid: Validity,
}

/// Where values are. Value 0 is that of the first row of the part.
pub(crate) enum Values {
    Numbers(Numbers),
    Bits(Bitmap),
    Times(Times),
    /// Where each of the texts begins, and where the last one ends.
    Texts(Numbers, Bitmap),
    /// For each row the number of its text; below 0 there is none.
    Codes(Numbers, Arc<Dictionary>),
    /// For each row the number of its value; below 0 there is none.
    Picked(Numbers, Arc<Picked>),
    Objects(Memory, Object),
}

/// The texts of a category.
#[derive(Default)]
pub(crate) struct Dictionary {
    /// Where each of them begins, and where the last one ends.
    pub(crate) offsets: Vec<i64>,
    pub(crate) bytes: Vec<u8>,
}

/// The values of a category that are no texts.
pub(crate) enum Picked {
    Integers(Vec<i64>),
    Doubles(Vec<f64>),
}

impl Column {
    /// Returns the part that has row `row`.
    pub(crate) fn part(&self, row: usize) -> Option<&Part> {
        self.parts.get(self.parts.partition_point(|part| part.rows.end <= row))
    }

    /// Returns whether reading values needs the interpreter's lock.
    pub(crate) fn has_objects(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.values, Values::Objects(..)))
    }

    /// Returns whether there are numbers of texts.
    pub(crate) fn has_dictionary(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.values, Values::Codes(..)))
    }

    /// Returns whether the values are texts.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, ColumnKind::Symbol | ColumnKind::Str)
    }

    /// Returns whether the values are times.
    pub(crate) fn is_time(&self) -> bool {
        matches!(self.kind, ColumnKind::TsNanos | ColumnKind::TsMicros)
    }
}
