//! Removes complete rows from the middle of a buffer. None of this code runs unless rows are removed.

use std::ops::Range;

use super::lines::{Lines, Marker};
use super::read_back::{read_row, table_len};
use crate::error::{Result, err};
use crate::name::TableName;
use crate::text::Text;

impl Lines {
    /// Removes `count` complete rows from the row number `first` on, counted from 1, and returns the bytes they took.
    pub(super) fn remove_rows(&mut self, first: usize, count: usize) -> Result<Range<usize>> {
        let behind = first.checked_add(count);
        if first == 0 || count == 0 || behind.is_none_or(|row| row > self.rows + 1) {
            return Err(err!(
                InvalidArgument,
                "cannot remove {count} rows from row {first} on: the buffer has {} complete rows, counted from 1",
                self.rows
            ));
        }
        let seen = Seen::read(&self.store.as_slice()[..self.complete_len()], first, count)?;
        // Everything that can fail comes before the first change, so that an error leaves the buffer as it was.
        let first_table = match seen.first_left {
            Some(table) => Some(table_name(&table)?),
            // No complete row is left. An open row, if there is one, then decides the table.
            None if self.is_row_open() => Some(table_name(self.open_table())?),
            None => self.first_table.clone(),
        };
        let open_is_other = match &first_table {
            Some(table) if self.is_row_open() && !self.one_table => {
                table_name(self.open_table())?.as_str() != table.as_str()
            }
            _ => false,
        };
        self.one_table = seen.one_table && !open_is_other;
        self.first_table = first_table;
        self.known_plan = None;
        let removed = seen.removed;
        self.store.remove(removed.clone());
        self.rows -= count;
        self.row_start = self.row_start.saturating_sub(removed.len());
        // Dropping the open row can make the tables one again only if this row alone belongs to a second table.
        self.rows_before_second_table =
            if open_is_other && seen.one_table { self.rows } else { usize::MAX };
        self.removals += 1;
        Ok(removed)
    }

    /// Adjusts a marker after `count` rows from the row number `first` on were removed, which took the bytes
    /// `removed`.
    pub(super) fn move_marker(
        &self,
        marker: &mut Marker,
        first: usize,
        count: usize,
        removed: &Range<usize>,
    ) {
        marker.rows -= (marker.rows + 1).saturating_sub(first).min(count);
        marker.len -= marker.len.saturating_sub(removed.start).min(removed.len());
        let before = self.store.as_slice().get(..marker.len).unwrap_or_default();
        marker.one_table = Seen::read(before, 0, 0).is_ok_and(|seen| seen.one_table);
    }

    /// Returns the table of the open row, as it stands in the buffer.
    fn open_table(&self) -> &[u8] {
        let open = self.store.as_slice().get(self.row_start..).unwrap_or_default();
        &open[..table_len(open).unwrap_or(open.len())]
    }
}

/// What one pass over the complete rows finds.
struct Seen {
    removed: Range<usize>,
    /// The table of the first row that stays, as it stands in the buffer.
    first_left: Option<Vec<u8>>,
    /// Whether all rows that stay are of one table.
    one_table: bool,
}

impl Seen {
    fn read(bytes: &[u8], first: usize, count: usize) -> Result<Seen> {
        let (mut at, mut row) = (0, 0);
        let mut seen = Seen { removed: 0..0, first_left: None, one_table: true };
        while at < bytes.len() {
            row += 1;
            let line = &bytes[at..];
            let len = read_row(line, |_| Ok(()))?;
            if row == first {
                seen.removed.start = at;
            }
            if row >= first && row - first < count {
                seen.removed.end = at + len;
            } else {
                let table = &line[..table_len(line)?];
                match &seen.first_left {
                    None => seen.first_left = Some(table.to_vec()),
                    Some(one) => seen.one_table &= one == table,
                }
            }
            at += len;
        }
        Ok(seen)
    }
}

/// Returns the name that stands so in a row.
fn table_name(written: &[u8]) -> Result<TableName> {
    let mut raw = Vec::with_capacity(written.len());
    let mut bytes = written.iter();
    while let Some(&byte) = bytes.next() {
        raw.push(if byte == b'\\' { *bytes.next().unwrap_or(&byte) } else { byte });
    }
    TableName::new(Text::unchecked(&raw))
}
