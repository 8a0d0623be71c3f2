//! Tables and their rows. Rows come in chunks that nobody has seen before, and are shown all at once.

mod batch;
mod definition;
mod entry;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use batch::Batch;
pub(crate) use definition::TableDefinition;
pub(crate) use memory::Store;
