//! Whole rows of a layout, from cells or from columns of values.

mod cells;
mod columns;
mod plan;
#[cfg(test)]
mod tests;

pub use cells::{Cell, RowCells};
pub(crate) use plan::{Lead, PlanColumn, PlanKind, PlanStamp, RowPlan, RowValues};
