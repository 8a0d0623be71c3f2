//! What rows look like, for every encoder: layouts, cells, columns of values, arrays.
//!
//! A table and its columns are declared once, in a [`RowLayout`]. Then one call of [`Buffer`](crate::Buffer) or
//! `Sender` appends a row from an array of cells, or any number of rows from one slice per column.

mod array;
pub(crate) mod arrow;
pub(crate) mod cell;
mod column_data;
mod derived;
mod layout;

pub(crate) use array::{ArrayData, walk};
pub use array::{ArrayView, MAX_ARRAY_BYTES, MAX_ARRAY_DIM, MAX_ARRAY_DIMS};
pub use arrow::{
    ArrowArray, ArrowArrayStream, ArrowBatch, ArrowColumn, ArrowOptions, ArrowSchema, ArrowStream,
    ArrowSymbols,
};
pub use cell::Cell;
pub use column_data::{Bits, Codes, ColumnData, ColumnValues, Offsets};
pub(crate) use layout::Column;
pub use layout::{ColumnKind, RowLayout, TimestampKind};
