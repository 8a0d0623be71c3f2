//! The columns of a chunk that grows.

use crate::schema::Schema;

use super::cells::Cells;

/// The bytes that rows without a value may take in columns that come late, for each byte of a line.
const WASTE_PER_BYTE: usize = 16;
const FREE_WASTE: usize = 256 << 10;

/// The columns, by their index in the schema, and how many rows they have. A column may be missing or shorter.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(super) cells: Vec<Option<Box<Cells>>>,
    pub(super) rows: usize,
    /// The bytes of the lines of these rows.
    pub(super) line_bytes: usize,
    /// The bytes of bits for rows before the first value of their column.
    waste: usize,
}

impl Columns {
    /// Returns the cells of a column, which has all rows before the present one. `None` means that the chunk would have too many
    /// rows without a value, and that the row belongs into a new one.
    #[inline]
    pub(super) fn get(&mut self, index: usize, schema: &Schema) -> Option<&mut Cells> {
        // The column is looked up twice, because the borrow checker does not see that the first one ends here.
        if self.cells.get(index).and_then(Option::as_ref).is_none_or(|c| c.len() < self.rows) {
            self.lengthen(index, schema)?;
        }
        self.cells.get_mut(index)?.as_deref_mut()
    }

    /// Adds the column to the chunk, or the rows to the column that have no value in it.
    #[cold]
    fn lengthen(&mut self, index: usize, schema: &Schema) -> Option<()> {
        let column_type = schema.columns()[index].column_type;
        if self.cells.len() <= index {
            self.cells.resize_with(index + 1, || None);
        }
        let present = self.cells[index].as_ref().map_or(0, |cells| cells.len());
        // A word and a number for every 64 rows.
        let waste = self.waste + (self.rows - present) / 64 * 12;
        if waste > FREE_WASTE + WASTE_PER_BYTE * self.line_bytes {
            return None;
        }
        self.waste = waste;
        self.cells[index].get_or_insert_with(|| Box::new(Cells::new(column_type))).fill(self.rows);
        Some(())
    }

    /// Returns whether a column has a value in the present row, or was at least given an empty one.
    #[inline]
    pub(super) fn has(&self, index: usize) -> bool {
        matches!(self.cells.get(index), Some(Some(cells)) if cells.len() > self.rows)
    }

    /// Removes the present row from a column.
    pub(super) fn undo(&mut self, index: usize) {
        if self.has(index)
            && let Some(Some(cells)) = self.cells.get_mut(index)
        {
            cells.pop();
        }
    }

    /// Removes the present row.
    #[cold]
    pub(super) fn undo_row(&mut self) {
        let rows = self.rows;
        self.cells.iter_mut().flatten().filter(|c| c.len() > rows).for_each(|c| c.pop());
    }

    /// Returns about how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        let columns: usize = self.cells.iter().flatten().map(|c| c.bytes()).sum();
        columns + size_of_val(&self.cells[..])
    }

    /// Takes the rows out, and begins anew.
    pub(super) fn take(&mut self) -> Columns {
        let mut columns = std::mem::take(self);
        columns.cells.iter_mut().flatten().for_each(|cells| cells.seal());
        columns
    }
}
