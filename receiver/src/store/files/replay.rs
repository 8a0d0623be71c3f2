//! The records of the log, applied to the tables one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_buffer::Buffer;

use super::batches;
use super::catalog::Catalog;
use super::error::Result;
use super::heads::Heads;
use super::join::Joined;
use super::record::{self, Change, Content, Entry, RowsEntry, SchemaCache};

/// Applies records. Rows of small ones wait to be joined with those that follow.
pub(crate) struct Replay<'a> {
    catalog: &'a mut Catalog,
    /// The rows that wait, by the number of their table.
    joined: HashMap<u64, Joined>,
    heads: Heads,
    schemas: SchemaCache,
    /// Whether no rows are joined, for comparisons.
    apart: bool,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(catalog: &'a mut Catalog) -> Replay<'a> {
        let (joined, heads, schemas) = Default::default();
        Replay { catalog, joined, heads, schemas, apart: false }
    }

    /// Leaves every record as it is.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn join_nothing(&mut self) {
        self.apart = true;
    }

    /// Applies a record. An error says what is wrong with it; the tables must not be used then.
    pub(crate) fn record(&mut self, bytes: &Buffer) -> Result<()> {
        match record::open(bytes)? {
            Content::Change(change) => {
                self.finish()?;
                self.catalog.apply(change);
            }
            Content::Rows(mut entries) => {
                while let Some(entry) = entries.next()? {
                    self.entry(entry)?;
                }
            }
        }
        Ok(())
    }

    /// Gives all rows to the tables.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let mut waiting: Vec<(u64, Joined)> = self.joined.drain().collect();
        waiting.sort_unstable_by_key(|(table, _)| *table);
        waiting.into_iter().try_for_each(|(table, joined)| self.apply(joined.finish(table)?))
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        let table = entry.table;
        // The rows of a table that was dropped later are not needed, and it is not there any more after a flush.
        let Some(stored) = self.catalog.by_id(table) else { return Ok(()) };
        let new = || Joined::new(Arc::clone(&stored.schema));
        let joined = self.joined.entry(table).or_insert_with(new);
        if !self.apart && joined.append(&entry, &mut self.heads)? {
            return if joined.is_complete() { self.finish_table(table) } else { Ok(()) };
        }
        let schema = Arc::clone(&stored.schema);
        self.finish_table(table)?;
        let rows = entry.rows(&schema, &mut self.schemas, &mut self.heads)?;
        self.apply(Some(rows))
    }

    fn finish_table(&mut self, table: u64) -> Result<()> {
        match self.joined.remove(&table) {
            Some(joined) => self.apply(joined.finish(table)?),
            None => Ok(()),
        }
    }

    fn apply(&mut self, rows: Option<RowsEntry>) -> Result<()> {
        let Some(rows) = rows else { return Ok(()) };
        let table = rows.table;
        self.catalog.apply(Change::Rows(vec![rows]));
        // Small batches are merged, as commits do.
        while let Some(stored) = self.catalog.by_id_mut(table)
            && let Some((schema, tail)) = stored.small_tail()
        {
            let merged = batches::concat(&schema, &tail)?;
            stored.replace_tail(tail.len(), merged);
        }
        Ok(())
    }
}
