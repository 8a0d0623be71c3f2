//! Prepared rows: a table and its columns are declared once, then one call appends a row from an array of cells, or any
//! number of rows from one slice per column. The bytes and the checks are those of the calls of [`Buffer`](crate::Buffer).

mod column_data;
mod layout;

pub use crate::ilp::Cell;
pub use column_data::{Bits, Codes, ColumnData, ColumnValues, Offsets};
pub(crate) use layout::Column;
pub use layout::{ColumnKind, RowLayout, Stamp};
