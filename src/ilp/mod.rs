//! The encoder: rows to bytes of the line protocol, versions 1 to 3. Knows no I/O, clock or configuration.
//!
//! [`Buffer`] guarantees that it always holds whole, valid values: a call that fails leaves it exactly as it was.

mod array;
mod buffer;
mod contents;
mod decimal;
mod lines;
mod name_cache;
mod number;
mod quick_calls;
mod remove_rows;
mod rewrite;
mod row_state;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
mod timestamp;
mod typed;
mod value;
mod whole_rows;
mod write;

pub use array::{ArrayView, MAX_ARRAY_BYTES, MAX_ARRAY_DIM, MAX_ARRAY_DIMS};
pub use buffer::{Buffer, BufferOptions};
pub use rows::Cell;
pub(crate) use rows::{PlanKind, PlanStamp, RowPlan};
pub(crate) use whole_rows::{RowsOut, string_lead, symbol_lead};
pub(crate) use write::{Slot, Written};

pub use crate::version::ProtocolVersion;
