//! Table and column name rules: borrowed, checked types.

/// A validated table name.
#[derive(Debug, Clone)]
pub struct TableName;

/// A validated column name.
#[derive(Debug, Clone)]
pub struct ColumnName;
