//! Whole rows of a layout, from cells or from columns of values.

mod cells;
mod columns;
mod destination;
mod plan;
#[cfg(test)]
mod tests;

pub(super) use plan::{RowPlan, RowValues, ShortBytes};
