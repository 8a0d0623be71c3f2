//! Files of one partition merged to one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::StoredTable;
use super::error::Result;
use super::flush::Writing;
use super::merge::Merge;
use super::part::Part;
use super::publish::NewParts;
use super::{Inner, lock};

/// How much is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Partitions with as many files as the options say, and of these the small ones at the end.
    Due,
    /// All files of each partition.
    All,
}

/// A file is merged with those after it if it has at most this many times their rows, so a large file is not copied for
/// every few rows that come late.
const GROWTH: u64 = 4;

/// The rows that are read at once from each file.
const BATCH: usize = 8192;

impl Inner {
    /// Merges files until nothing is left to merge.
    pub(crate) fn compact(&self, extent: Extent) -> Result<()> {
        let _compacting = lock(&self.compacting);
        let ids: Vec<u64> = lock(&self.catalog).tables().map(|t| t.id).collect();
        for id in ids {
            let work = lock(&self.catalog).by_id(id).map(|t| (work_of(t), self.chosen(t, extent)));
            let Some((table, chosen)) = work else { continue };
            for parts in chosen {
                self.merge_parts(&table, parts)?;
            }
        }
        Ok(())
    }

    /// Returns the sets of parts that should become one.
    fn chosen(&self, table: &StoredTable, extent: Extent) -> Vec<Vec<Arc<Part>>> {
        let mut partitions: BTreeMap<&str, Vec<Arc<Part>>> = BTreeMap::new();
        for part in &table.parts {
            partitions.entry(&part.partition).or_default().push(Arc::clone(part));
        }
        let least = match (extent, &table.schema.dedup) {
            (Extent::All, _) | (_, Some(_)) => 2,
            _ => self.options.compact_parts.max(2),
        };
        let enough = |parts: &Vec<Arc<Part>>| parts.len() >= least;
        let all = extent == Extent::All || table.schema.dedup.is_some();
        partitions
            .into_values()
            .filter(enough)
            .map(|p| if all { p } else { small_end(p) })
            .collect()
    }

    fn merge_parts(&self, table: &Writing, parts: Vec<Arc<Part>>) -> Result<()> {
        let sources = parts.iter().map(|p| p.read(BATCH)).collect();
        let merge = Merge::new(&table.schema, sources);
        let order = parts.iter().map(|p| p.order).max();
        let add = self.write_parts(table, merge, order)?;
        let change = NewParts {
            table: table.id,
            truncated: table.truncated,
            add,
            replaced: parts,
            flushed: false,
        };
        self.publish(vec![change], None)
    }
}

fn work_of(table: &StoredTable) -> Writing {
    Writing {
        id: table.id,
        truncated: table.truncated,
        schema: Arc::clone(&table.schema),
        folder: table.folder.clone(),
    }
}

/// Returns the last parts of a partition, as far back as they are not much larger than all after them together.
fn small_end(mut parts: Vec<Arc<Part>>) -> Vec<Arc<Part>> {
    let mut rows = 0;
    let mut first = parts.len();
    while first > 0 && (parts.len() - first < 2 || parts[first - 1].rows <= GROWTH * rows) {
        first -= 1;
        rows += parts[first].rows;
    }
    parts.split_off(first)
}
