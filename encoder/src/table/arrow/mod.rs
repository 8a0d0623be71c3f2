//! Batches of rows in the memory of Apache Arrow, taken over by its C data and C stream interfaces, without a copy where
//! Arrow lays values out as the encoders read them.
//!
//! The interfaces tell how long an array is, but not how long its buffers are. What is trusted is therefore: every pointer
//! that is not NULL points to what its place requires, and each buffer is as long as the length and the offset of its array
//! require. Everything else is checked: lengths, offsets, numbers of buffers and children, types, and every offset and code
//! within a buffer before it is followed.

mod batch;
mod c_data;
mod column;
mod convert;
mod field;
mod lists;
mod options;
mod pieces;
mod stream;
#[cfg(test)]
mod tests;
mod view;

pub use batch::ArrowBatch;
pub use c_data::{ArrowArray, ArrowArrayStream, ArrowSchema};
pub use options::{ArrowColumn, ArrowOptions, ArrowSymbols};
pub use stream::ArrowStream;
