//! The encoder: converts rows to bytes of the line protocol, versions 1 to 3. It knows no I/O, clock or configuration.
//!
//! [`Buffer`] guarantees that it always holds whole, valid values: a call that fails leaves it exactly as it was.

mod array;
pub(crate) mod arrow;
mod buffer;
mod contents;
mod decimal;
mod join;
pub(crate) mod lines;
mod name_cache;
mod number;
mod quick_calls;
mod read_back;
mod remove_rows;
mod rewrite;
pub(crate) mod row;
mod row_state;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
mod timestamp;
mod typed;
mod value;
mod whole_rows;
mod write;

pub use buffer::{Buffer, BufferOptions};
pub use quick_calls::QuickCalls;
pub use row::Row;
pub use rows::PreparedColumns;

pub use crate::version::ProtocolVersion;
