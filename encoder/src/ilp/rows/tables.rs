//! [`Tables`]: the table of each row, where rows of several tables are appended together.

use std::ops::Range;

use super::column::check_len;
use crate::error::{Error, Result, err};
use crate::name::{Name as _, TableName};
use crate::table::Codes;

/// The tables of rows, and for each row the place of its table.
pub(super) struct Tables<'a> {
    names: &'a [TableName],
    codes: Codes<'a>,
    longest_name: Option<&'a TableName>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(names: &'a [TableName], codes: Codes<'a>, rows: usize) -> Result<Tables<'a>> {
        check_len(codes.len(), rows).map_err(|e| e.context("tables"))?;
        let longest_name = names.iter().max_by_key(|name| name.as_str().len());
        Ok(Tables { names, codes, longest_name })
    }

    /// Checks that no name is longer than `max_name_len` bytes.
    pub(super) fn fit(&self, max_name_len: usize) -> Result<()> {
        self.longest_name.map_or(Ok(()), |name| name.fits(max_name_len))
    }

    /// Returns the first of `rows` that have the same table, and that table.
    pub(super) fn of_one(&self, rows: Range<usize>) -> Result<(Range<usize>, &TableName)> {
        let code = self.codes.get(rows.start);
        let Some(name) = self.names.get(code.unwrap_or(usize::MAX)) else {
            return Err(self.missing());
        };
        let other = |row: &usize| self.codes.get(*row) != code;
        let end = (rows.start..rows.end).find(other).unwrap_or(rows.end);
        Ok((rows.start..end, name))
    }

    #[cold]
    #[inline(never)]
    fn missing(&self) -> Error {
        err!(InvalidArgument, "a code is outside the list of {} tables", self.names.len())
    }
}
