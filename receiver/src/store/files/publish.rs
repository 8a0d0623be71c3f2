//! The step that makes written parts belong to their tables: a new manifest, then the same change in memory.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::catalog::{Catalog, StoredTable};
use super::disk::Step;
use super::error::Result;
use super::part::Part;
use super::{Inner, lock, manifest};

/// What the manifest on the disk says, besides tables.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) log_from: u64,
    /// Files that a manifest may name whose fate is not known; the next manifest does not name them.
    leftovers: Vec<PathBuf>,
}

impl Published {
    pub(crate) fn new(log_from: u64) -> Published {
        Published { log_from, leftovers: Vec::new() }
    }
}

/// Parts that a table gets, and parts that they replace.
#[derive(Debug)]
pub(crate) struct NewParts {
    pub(crate) table: u64,
    /// How often the table had been truncated when the rows were read.
    pub(crate) truncated: u64,
    pub(crate) add: Vec<Arc<Part>>,
    pub(crate) replaced: Vec<Arc<Part>>,
    /// Whether the parts have the rows that were being flushed.
    pub(crate) flushed: bool,
}

impl NewParts {
    /// Returns whether the table still is as it was when the rows were read.
    fn fits(&self, table: &StoredTable) -> bool {
        table.truncated == self.truncated
    }

    /// Returns the parts that the table has with this change.
    fn parts_of(&self, table: &StoredTable) -> Vec<Arc<Part>> {
        let replaced = |p: &Part| self.replaced.iter().any(|r| r.number == p.number);
        let mut parts: Vec<_> = table.parts.iter().filter(|p| !replaced(p)).cloned().collect();
        parts.extend(self.add.iter().cloned());
        parts.sort_by_key(|p| p.order);
        parts
    }
}

impl Inner {
    /// Publishes new parts. If it fails, the tables are as before and the new files are removed.
    pub(crate) fn publish(&self, changes: Vec<NewParts>, log_from: Option<u64>) -> Result<()> {
        let mut published = lock(&self.publishing);
        let log_from = log_from.unwrap_or(published.log_from);
        let text = manifest_text(
            &lock(&self.catalog),
            &changes,
            log_from,
            self.next_part.load(Ordering::Relaxed),
        );
        if let Err((error, in_doubt)) = manifest::write(&self.disk, &self.folder, &text) {
            for part in changes.iter().flat_map(|c| &c.add) {
                if in_doubt {
                    published.leftovers.push(part.path.clone());
                } else {
                    part.retire();
                }
            }
            return Err(error);
        }
        self.disk.reach(Step::Published, "write", &self.folder.join("manifest"))?;
        published.log_from = log_from;
        published.leftovers.drain(..).for_each(|path| {
            let _ = fs::remove_file(path);
        });
        let mut catalog = lock(&self.catalog);
        for change in &changes {
            match catalog.by_id_mut(change.table).filter(|table| change.fits(table)) {
                None => change.add.iter().for_each(|part| part.retire()),
                Some(table) => {
                    table.parts = change.parts_of(table);
                    if change.flushed {
                        table.frozen.clear();
                    }
                }
            }
            change.replaced.iter().for_each(|part| part.retire());
        }
        // Without the lock, because files of retired parts are removed when the changes are dropped.
        drop(catalog);
        drop(changes);
        Ok(())
    }
}

fn manifest_text(catalog: &Catalog, changes: &[NewParts], log_from: u64, next_part: u64) -> String {
    let table = |table: &StoredTable| {
        let change = changes.iter().find(|c| c.table == table.id && c.fits(table));
        let parts = change.map_or_else(|| table.parts.clone(), |c| c.parts_of(table));
        manifest::table_json(table, parts.iter().map(|p| manifest::part_json(p)).collect())
    };
    manifest::text(catalog.tables().map(table).collect(), catalog.last_id, log_from, next_part)
}
