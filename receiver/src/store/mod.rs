//! Tables and their rows. Rows come in chunks that nobody has seen before, and are shown all at once.

mod batch;
mod definition;
mod entry;
#[cfg(feature = "files")]
#[cfg_attr(not(test), expect(dead_code, reason = "the tables in memory are connected to it next"))]
pub(crate) mod files;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use batch::Batch;
pub(crate) use definition::TableDefinition;
pub(crate) use memory::Store;
