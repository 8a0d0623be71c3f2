//! Whole rows of a layout, from cells or from columns of values.

mod cells;
mod column;
mod columns;
mod destination;
mod joined;
#[cfg(test)]
mod piece_tests;
mod plan;
mod tables;
#[cfg(test)]
mod tests;
mod texts;

pub use columns::PreparedColumns;
pub(super) use plan::{RowPlan, RowValues};
