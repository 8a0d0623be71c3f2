//! Rows of one table, column by column: private to a session while they grow, and shared without locks after that.

mod bits;
mod cast;
mod cells;
mod columns;
mod layout;
mod recast;
mod row;
mod symbols;

use std::sync::Arc;

use crate::limits::{Full, Lease};
use crate::schema::Schema;
use crate::value::Value;
pub(crate) use cast::{Cell, designated_type, new_column};
pub(crate) use cells::Cells;
pub(crate) use row::{ChunkBuilder, Stop};

/// The most rows of a chunk.
pub(crate) const MAX_ROWS: usize = 1 << 16;

/// Rows of one table that no longer change.
#[derive(Debug)]
pub(crate) struct Chunk {
    schema: Arc<Schema>,
    /// The columns, by their index in the schema. A column that no row has a value for may be missing.
    cells: Vec<Option<Box<Cells>>>,
    rows: usize,
    lease: Lease,
}

impl Chunk {
    /// Makes a chunk of columns in the order of the schema.
    #[cfg(feature = "files")]
    pub(crate) fn of(
        schema: Arc<Schema>,
        cells: Vec<Option<Box<Cells>>>,
        rows: usize,
        lease: Lease,
    ) -> Chunk {
        Chunk { schema, cells, rows, lease }
    }

    /// Returns the schema of the table at the time of the last row.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the cells of a column. `None` means that no row has a value there.
    pub(crate) fn cells(&self, column: usize) -> Option<&Cells> {
        self.cells.get(column)?.as_deref()
    }

    /// Returns the value of a cell, which is null after the last row and the last column.
    pub(crate) fn value(&self, column: usize, row: usize) -> Value<'_> {
        self.cells(column).map_or(Value::Null, |cells| cells.get(row))
    }

    /// Returns how many bytes of the budget it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.lease.bytes()
    }

    /// Returns one chunk with the rows of all these, which are of one table and in order. Fails if there is no room for the
    /// copy, or if the copy would be much larger than what it is made of.
    pub(crate) fn merge(chunks: &[Arc<Chunk>]) -> Result<Chunk, Full> {
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Err(Full) };
        let mut lease = first.lease.budget().lease();
        let size: usize = chunks.iter().map(|chunk| chunk.bytes()).sum();
        let limit = 2 * size + (64 << 10);
        let columns = chunks.iter().map(|chunk| chunk.cells.len()).max().unwrap_or(0);
        let mut cells: Vec<Option<Box<Cells>>> = Vec::with_capacity(columns);
        let mut bytes = columns * size_of::<Option<Box<Cells>>>();
        for column in 0..columns {
            let mut rows = 0;
            let mut merged: Option<Box<Cells>> = None;
            for chunk in chunks {
                if let Some(more) = chunk.cells(column) {
                    let all =
                        merged.get_or_insert_with(|| Box::new(Cells::new(more.column_type())));
                    all.fill(rows);
                    all.extend(more);
                }
                rows += chunk.rows;
            }
            merged.iter_mut().for_each(|all| all.seal());
            bytes += merged.as_ref().map_or(0, |all| all.bytes());
            cells.push(merged);
            if bytes > limit {
                return Err(Full);
            }
            lease.set(bytes)?;
        }
        // A chunk that was committed later may have been made with an older schema.
        let newer = |a: &Arc<Schema>, b: &Arc<Schema>| a.generation() > b.generation();
        let mut schema = last.schema();
        chunks.iter().filter(|c| newer(c.schema(), schema)).for_each(|c| schema = c.schema());
        let rows = chunks.iter().map(|chunk| chunk.rows).sum();
        Ok(Chunk { schema: Arc::clone(schema), cells, rows, lease })
    }
}
