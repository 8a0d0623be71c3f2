//! Tables and their rows, in memory.

mod cells;
pub(crate) mod memory;
mod show;
pub(crate) mod table;
