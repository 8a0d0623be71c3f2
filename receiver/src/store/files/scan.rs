//! The rows of a table, by time.

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::error::Result;
use super::merge::{Merge, Source};
use super::part::Part;
use super::{TableParts, batches};

/// Iterates over batches of a table's rows. What was committed since it began is not among them.
pub(crate) struct Scan {
    merge: Merge,
    /// Keeps the files from being removed.
    _parts: Vec<Arc<Part>>,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").finish_non_exhaustive()
    }
}

/// The rows that are read at once from each file.
const BATCH: usize = 16_384;

impl Scan {
    pub(crate) fn new(table: &TableParts) -> Result<Scan> {
        let mut sources: Vec<(i64, Source)> = Vec::new();
        for part in &table.parts {
            sources.push(part.read(BATCH));
        }
        for batch in &table.recent {
            let wide = batches::widen(&table.schema, batch)?;
            sources.extend(batches::sorted_source(wide, table.schema.time)?);
        }
        Ok(Scan { merge: Merge::new(&table.schema, sources), _parts: table.parts.clone() })
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.merge.next()
    }
}
