//! What a statement gives: columns, and the rows of a snapshot of a table or of a list that was made for the statement.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::Table;
use crate::table::{Seen, Window};
use crate::value::{ColumnType, Value};

/// The type of a column of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// The type of a stored column.
    Stored(ColumnType),
    /// A type that only results have.
    Int,
    String,
    Char,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Stored(stored) => stored.fmt(f),
            Type::Int => f.write_str("INT"),
            Type::String => f.write_str("STRING"),
            Type::Char => f.write_str("CHAR"),
        }
    }
}

/// A cell of a list that was made for a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Made {
    Null,
    Integer(i64),
    Double(f64),
    Boolean(bool),
    Text(String),
    Micros(i64),
}

impl Made {
    fn value(&self) -> Value<'_> {
        match self {
            Made::Null => Value::Null,
            Made::Integer(v) => Value::Long(*v),
            Made::Double(v) => Value::Double(*v),
            Made::Boolean(v) => Value::Boolean(*v),
            Made::Text(v) => Value::Varchar(v),
            Made::Micros(v) => Value::TimestampMicros(*v),
        }
    }
}

/// Rows that a statement chooses from.
#[derive(Debug)]
pub(super) enum Relation {
    Stored(Arc<Table>),
    Made { columns: Vec<(String, Type)>, rows: Vec<Vec<Made>> },
}

impl Relation {
    /// Returns the name and type of each column.
    pub(super) fn columns(&self) -> Vec<(String, Type)> {
        match self {
            Relation::Stored(table) => {
                let columns = table.columns().iter();
                columns.map(|c| (c.name().to_owned(), Type::Stored(c.column_type()))).collect()
            }
            Relation::Made { columns, .. } => columns.clone(),
        }
    }

    /// Returns the index of the column that holds the time of each row.
    pub(super) fn designated(&self) -> Option<usize> {
        match self {
            Relation::Stored(table) => {
                let name = table.designated().name();
                table.columns().iter().position(|c| c.name() == name)
            }
            Relation::Made { .. } => None,
        }
    }

    pub(super) fn row_count(&self) -> usize {
        match self {
            Relation::Stored(table) => table.row_count(),
            Relation::Made { rows, .. } => rows.len(),
        }
    }

    /// Returns a row. An error says why it cannot be read.
    pub(super) fn row(&self, row: usize, window: &mut Window) -> Result<Row<'_>, String> {
        Ok(match self {
            Relation::Stored(table) => Row::Stored(table.seek(row, window)?),
            Relation::Made { rows, .. } => Row::Made(rows.get(row).map_or(&[], Vec::as_slice)),
        })
    }

    /// Returns whether stored rows are known to be in order of time.
    pub(super) fn is_by_time(&self) -> bool {
        matches!(self, Relation::Stored(table) if table.is_by_time())
    }
}

/// A row of a relation.
#[derive(Debug)]
pub(super) enum Row<'a> {
    Stored(Seen<'a>),
    Made(&'a [Made]),
}

impl Row<'_> {
    pub(super) fn value(&self, column: usize) -> Value<'_> {
        match self {
            Row::Stored(row) => row.value(column),
            Row::Made(row) => row.get(column).map_or(Value::Null, Made::value),
        }
    }
}

/// Which rows a result has, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picked {
    /// Neighbours, the last one first if `backwards`.
    Range {
        rows: Range<usize>,
        backwards: bool,
    },
    List(Vec<usize>),
}

impl Picked {
    pub(super) fn len(&self) -> usize {
        match self {
            Picked::Range { rows, .. } => rows.len(),
            Picked::List(rows) => rows.len(),
        }
    }

    /// Returns the nth row.
    pub(super) fn get(&self, n: usize) -> Option<usize> {
        match self {
            Picked::Range { rows, backwards: false } => rows.clone().nth(n),
            Picked::Range { rows, backwards: true } => rows.clone().nth_back(n),
            Picked::List(rows) => rows.get(n).copied(),
        }
    }

    pub(super) fn reversed(self) -> Picked {
        match self {
            Picked::Range { rows, backwards } => Picked::Range { rows, backwards: !backwards },
            Picked::List(mut rows) => {
                rows.reverse();
                Picked::List(rows)
            }
        }
    }

    /// Keeps only the rows at these positions.
    pub(super) fn part(self, keep: Range<usize>) -> Picked {
        let (from, to) = (keep.start.min(self.len()), keep.end.min(self.len()));
        match self {
            Picked::Range { rows, backwards: false } => {
                Picked::Range { rows: rows.start + from..rows.start + to, backwards: false }
            }
            Picked::Range { rows, backwards: true } => {
                Picked::Range { rows: rows.end - to..rows.end - from, backwards: true }
            }
            Picked::List(mut rows) => {
                rows.truncate(to);
                rows.drain(..from);
                Picked::List(rows)
            }
        }
    }
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) column_type: Type,
    /// The index of its column in the relation.
    pub(super) column: usize,
}

/// The result of a query.
#[derive(Debug)]
pub(super) struct ResultSet {
    pub(super) relation: Relation,
    pub(super) headers: Vec<Header>,
    /// Which of the headers is the time by which the rows are ordered.
    pub(super) timestamp: Option<usize>,
    pub(super) picked: Picked,
}

impl ResultSet {
    /// Returns all rows and columns of a relation, in its own order.
    pub(super) fn whole(relation: Relation) -> ResultSet {
        let headers = relation.columns().into_iter().enumerate();
        let headers =
            headers.map(|(column, (name, column_type))| Header { name, column_type, column });
        ResultSet {
            headers: headers.collect(),
            timestamp: relation.designated(),
            picked: Picked::Range { rows: 0..relation.row_count(), backwards: false },
            relation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_part_forwards_and_backwards() {
        let all = |p: &Picked| (0..p.len()).map(|n| p.get(n).unwrap()).collect::<Vec<_>>();
        let list = Picked::List((0..10).collect());
        let range = Picked::Range { rows: 0..10, backwards: false };
        for picked in [list, range] {
            let backwards = picked.clone().reversed();
            assert_eq!(all(&backwards.clone().part(1..4)), [8, 7, 6]);
            assert_eq!(all(&backwards.part(1..4).part(1..9)), [7, 6]);
            assert_eq!(all(&picked.clone().part(8..100)), [8, 9]);
            assert_eq!(all(&picked.clone().part(2..5).reversed()), [4, 3, 2]);
            assert_eq!(all(&picked.clone().part(100..200)), [] as [usize; 0]);
            assert_eq!(picked.get(10), None);
        }
    }
}
