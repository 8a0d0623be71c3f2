//! Tables and their rows. Rows come in chunks that nobody has seen before, and are shown all at once.

mod batch;
mod definition;
mod entry;
#[cfg(feature = "files")]
pub(crate) mod files;
#[cfg(feature = "files")]
pub(crate) mod landing;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use batch::Batch;
pub(crate) use definition::TableDefinition;
#[cfg(all(fuzzing, feature = "files"))]
pub(crate) use files::fuzzing::replay;
#[cfg(feature = "files")]
pub(crate) use landing::Filed;
pub(crate) use memory::Store;
