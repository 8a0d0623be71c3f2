//! [`Tables`]: the table of each row, where rows of several tables are appended together.

use std::ops::Range;

use super::column::check_len;
use super::plan::RowPlan;
use crate::error::{Error, Result, err};
use crate::ilp::write::written_short;
use crate::memory::room;
use crate::name::{Name as _, ShortBytes, TableName};
use crate::table::Codes;

/// The tables of rows, and for each row the place of its table.
pub(super) struct Tables<'a> {
    names: &'a [TableName],
    /// The names as they stand in rows; [`ShortBytes::NONE`] for those whose rows cannot be written on the quick path.
    short: Vec<ShortBytes>,
    codes: Codes<'a>,
    longest_name: Option<&'a TableName>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        names: &'a [TableName],
        codes: Codes<'a>,
        rows: usize,
        plan: &RowPlan,
    ) -> Result<Tables<'a>> {
        check_len(codes.len(), rows).map_err(|e| e.context("tables"))?;
        let mut short = room(names.len(), "tables")?;
        let quick = plan.has_short_columns();
        let one =
            |name: &TableName| written_short(|draft| draft.name(name.text())).filter(|_| quick);
        short.extend(names.iter().map(|name| one(name).unwrap_or(ShortBytes::NONE)));
        let longest_name = names.iter().max_by_key(|name| name.as_str().len());
        Ok(Tables { names, short, codes, longest_name })
    }

    /// Checks that no name is longer than `max_name_len` bytes.
    pub(super) fn fit(&self, max_name_len: usize) -> Result<()> {
        self.longest_name.map_or(Ok(()), |name| name.fits(max_name_len))
    }

    /// Returns the first of `rows` that have the same table, that table, and its name as it stands in a row if that is short.
    pub(super) fn of_one(
        &self,
        rows: Range<usize>,
    ) -> Result<(Range<usize>, &TableName, Option<&ShortBytes>)> {
        let code = self.codes.get(rows.start);
        let place = code.unwrap_or(usize::MAX);
        let (Some(name), Some(short)) = (self.names.get(place), self.short.get(place)) else {
            return Err(self.missing());
        };
        let other = |row: &usize| self.codes.get(*row) != code;
        let end = (rows.start..rows.end).find(other).unwrap_or(rows.end);
        Ok((rows.start..end, name, Some(short).filter(|short| !short.is_none())))
    }

    #[cold]
    #[inline(never)]
    fn missing(&self) -> Error {
        err!(InvalidArgument, "a code is outside the list of {} tables", self.names.len())
    }
}
