//! The state of a table at one moment, for readers.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::schema::{ColumnDef, Schema};
use crate::show::Shown;
use crate::value::{ColumnType, Value};

/// The rows of a table, in parts that all readers share.
#[derive(Debug)]
struct Parts {
    chunks: Vec<Arc<Chunk>>,
    /// The number of rows before each chunk.
    starts: Vec<usize>,
    rows: usize,
}

impl Parts {
    /// Returns the chunk that has a row, and the number of the row in it.
    fn find(&self, row: usize) -> Option<(&Chunk, usize)> {
        if row >= self.rows {
            return None;
        }
        let at = self.starts.partition_point(|start| *start <= row).checked_sub(1)?;
        Some((self.chunks.get(at)?, row - self.starts[at]))
    }
}

/// A column of a [`Table`].
#[derive(Debug, Clone)]
pub struct Column {
    index: usize,
    def: Arc<ColumnDef>,
    parts: Arc<Parts>,
}

impl Column {
    /// Returns the name, spelled as it was in the row that created the column.
    pub fn name(&self) -> &str {
        &self.def.name
    }

    /// Returns the type.
    pub fn column_type(&self) -> ColumnType {
        self.def.column_type
    }

    /// Returns the cell of a row, or null after the last row.
    pub fn value(&self, row: usize) -> Value<'_> {
        self.parts.find(row).map_or(Value::Null, |(chunk, row)| chunk.value(self.index, row))
    }
}

/// The state of a table at one moment. It shares the rows with the receiver: making and keeping it copies none, and delays
/// nobody who writes.
#[derive(Clone)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    parts: Arc<Parts>,
}

impl Table {
    pub(crate) fn new(schema: Arc<Schema>, chunks: Vec<Arc<Chunk>>) -> Table {
        let mut rows = 0;
        let mut starts = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            starts.push(rows);
            rows += chunk.rows();
        }
        let parts = Arc::new(Parts { chunks, starts, rows });
        let column = |(index, def): (usize, &Arc<ColumnDef>)| Column {
            index,
            def: Arc::clone(def),
            parts: Arc::clone(&parts),
        };
        let columns = schema.columns().iter().enumerate().map(column).collect();
        Table { schema, columns, parts }
    }

    /// Returns the name, spelled as it was in the row that created the table.
    pub fn name(&self) -> &str {
        self.schema.table()
    }

    /// Returns the chunks that hold the rows, in order of arrival.
    pub(crate) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.parts.chunks
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.parts.rows
    }

    /// Returns the columns, in order of creation.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column with that name, whose upper and lower case does not matter.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(self.schema.find(name)?)
    }

    /// Returns the cell of a row in a named column, or `None` if there is no such row or column.
    pub fn value(&self, row: usize, column: &str) -> Option<Value<'_>> {
        let column = self.column(column)?;
        (row < self.row_count()).then(|| column.value(row))
    }

    /// Returns the cells of a row, in the order of [`columns`](Table::columns), or nothing if there is no such row.
    pub fn row(&self, row: usize) -> Vec<Value<'_>> {
        let Some((chunk, row)) = self.parts.find(row) else { return Vec::new() };
        (0..self.columns.len()).map(|column| chunk.value(column, row)).collect()
    }

    /// Returns the column that holds the time of each row.
    pub fn designated(&self) -> &Column {
        &self.columns[self.schema.designated()]
    }

    /// Returns the table as JSON: an object with its name (`table`), its `columns` with names and types, the name of the column
    /// with the time of each row (`timestamp`), and its `rows` in order of arrival. A row is an object that has only those cells
    /// that have a value. Times, decimals and 256-bit numbers are text; so are doubles that are not finite.
    ///
    /// ```
    /// use questdb_receiver::{ColumnType, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// receiver.create_table("trades", &[("price", ColumnType::Double)])?;
    /// let json = receiver.table("trades").expect("it was just made").to_json();
    /// assert!(json.starts_with(r#"{"table":"trades","timestamp":"timestamp","columns":[{"name":"price","type":"DOUBLE"}"#));
    /// # Ok::<(), questdb_receiver::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        crate::json::table(self)
    }

    /// Returns the table as aligned text, with at most `max_rows` rows.
    pub fn show(&self, max_rows: usize) -> impl fmt::Display + '_ {
        self.show_rows(0..max_rows)
    }

    /// Returns the table as aligned text, with only the rows in the range.
    pub fn show_rows(&self, rows: Range<usize>) -> impl fmt::Display + '_ {
        Shown { table: self, rows }
    }

    /// Returns how many chunks hold the rows.
    #[cfg(test)]
    pub(crate) fn chunk_count(&self) -> usize {
        self.chunks().len()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(usize::MAX).fmt(f)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name())
            .field("columns", &self.columns.iter().map(Column::name).collect::<Vec<_>>())
            .field("rows", &self.row_count())
            .finish()
    }
}
