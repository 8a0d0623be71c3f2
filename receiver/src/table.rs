//! The state of a table at one moment, for readers.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
#[cfg(feature = "files")]
use std::sync::OnceLock;

use crate::chunk::Chunk;
use crate::error::{Result, err};
use crate::schema::{ColumnDef, Schema};
use crate::show::Shown;
#[cfg(feature = "files")]
use crate::store::Filed;
use crate::value::{ColumnType, Value};

/// Some rows of a table.
#[derive(Debug)]
pub(crate) enum Segment {
    Memory(Arc<Chunk>),
    /// Rows in files. They stay in memory once somebody has asked a column for a value.
    #[cfg(feature = "files")]
    Filed(Filed, OnceLock<Result<Chunk, String>>),
}

impl Segment {
    /// Returns rows that are in files.
    #[cfg(feature = "files")]
    pub(crate) fn filed(filed: Filed) -> Segment {
        Segment::Filed(filed, OnceLock::new())
    }

    fn rows(&self) -> usize {
        match self {
            Segment::Memory(chunk) => chunk.rows(),
            #[cfg(feature = "files")]
            Segment::Filed(filed, _) => filed.rows(),
        }
    }

    /// Returns the rows, which are read and kept if they are not in memory.
    fn chunk(&self) -> Result<&Chunk, &str> {
        match self {
            Segment::Memory(chunk) => Ok(chunk),
            #[cfg(feature = "files")]
            Segment::Filed(filed, read) => {
                read.get_or_init(|| filed.read(false)).as_ref().map_err(String::as_str)
            }
        }
    }
}

/// The rows of a table, in parts that all readers share.
#[derive(Debug)]
struct Parts {
    segments: Vec<Segment>,
    /// The number of rows before each segment.
    starts: Vec<usize>,
    rows: usize,
}

impl Parts {
    /// Returns the segment that has a row, and the number of the row in it.
    fn place(&self, row: usize) -> Option<(usize, usize)> {
        if row >= self.rows {
            return None;
        }
        let at = self.starts.partition_point(|start| *start <= row).checked_sub(1)?;
        Some((at, row - self.starts[at]))
    }

    /// Returns the chunk that has a row, and the number of the row in it.
    fn find(&self, row: usize) -> Option<(&Chunk, usize)> {
        let (at, row) = self.place(row)?;
        Some((self.segments.get(at)?.chunk().ok()?, row))
    }
}

/// The rows of files that somebody who goes through a table has in memory: few, however large the table is.
#[derive(Debug, Default)]
pub(crate) struct Window {
    #[cfg(feature = "files")]
    chunks: Vec<(usize, Arc<Chunk>)>,
}

/// The most segments that a window has. Rows that are not in order of time come from several.
#[cfg(feature = "files")]
const WINDOW: usize = 8;

#[cfg(feature = "files")]
impl Window {
    fn chunk(&mut self, number: usize, filed: &Filed) -> Result<Arc<Chunk>, String> {
        if let Some(at) = self.chunks.iter().position(|(other, _)| *other == number) {
            // The last one is the one that was used last.
            self.chunks[at..].rotate_left(1);
        } else {
            if self.chunks.len() >= WINDOW {
                self.chunks.remove(0);
            }
            let mut read = filed.read(true);
            if read.is_err() && !self.chunks.is_empty() {
                // There may be no room for more.
                self.chunks.clear();
                read = filed.read(true);
            }
            self.chunks.push((number, Arc::new(read?)));
        }
        self.chunks.last().map(|(_, chunk)| Arc::clone(chunk)).ok_or_else(String::new)
    }
}

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    chunk: Held<'a>,
    row: usize,
}

#[derive(Debug)]
enum Held<'a> {
    Table(&'a Chunk),
    #[cfg(feature = "files")]
    Window(Arc<Chunk>),
    None,
}

impl Seen<'_> {
    fn none() -> Seen<'static> {
        Seen { chunk: Held::None, row: 0 }
    }

    /// Returns the value of a column.
    pub(crate) fn value(&self, column: usize) -> Value<'_> {
        match &self.chunk {
            Held::Table(chunk) => chunk.value(column, self.row),
            #[cfg(feature = "files")]
            Held::Window(chunk) => chunk.value(column, self.row),
            Held::None => Value::Null,
        }
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

    /// Returns the type as QuestDB writes it. Columns of decimals that were made with digits and places have them.
    pub(crate) fn type_text(&self) -> String {
        match self.def.decimal {
            Some((digits, places)) => format!("DECIMAL({digits},{places})"),
            None => self.def.column_type.to_string(),
        }
    }

    /// Returns the cell of a row, or null after the last row.
    pub fn value(&self, row: usize) -> Value<'_> {
        self.parts.find(row).map_or(Value::Null, |(chunk, row)| chunk.value(self.index, row))
    }
}

/// The state of a table at one moment. It shares the rows with the receiver: making and keeping it copies none, and delays
/// nobody who writes.
///
/// Where a receiver keeps its rows in files, they are in order of time. They are read when somebody asks for a value, and stay
/// in memory as long as the table is held; [`load`](Table::load) tells whether all can be read.
///
/// ```
/// use questdb_receiver::{ColumnType, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// receiver.create_table("trades", &[("price", ColumnType::Double)])?;
/// let table = receiver.table("trades").expect("it was just made");
/// assert_eq!((table.columns().len(), table.row_count()), (2, 0));
/// # Ok::<(), questdb_receiver::Error>(())
/// ```
#[derive(Clone)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    parts: Arc<Parts>,
    /// Why it has no rows, if its files could not be read.
    unreadable: Option<Arc<str>>,
}

impl Table {
    /// Returns a table whose files cannot be read.
    #[cfg(feature = "files")]
    pub(crate) fn unreadable(schema: Arc<Schema>, why: String) -> Table {
        Table { unreadable: Some(why.into()), ..Table::new(schema, Vec::new()) }
    }

    /// Checks that the rows could be found.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.unreadable {
            Some(why) => Err(err!(Storage, "{why}")),
            None => Ok(()),
        }
    }

    pub(crate) fn new(schema: Arc<Schema>, segments: Vec<Segment>) -> Table {
        let mut rows = 0;
        let mut starts = Vec::with_capacity(segments.len());
        for segment in &segments {
            starts.push(rows);
            rows += segment.rows();
        }
        let parts = Arc::new(Parts { segments, starts, rows });
        let column = |(index, def): (usize, &Arc<ColumnDef>)| Column {
            index,
            def: Arc::clone(def),
            parts: Arc::clone(&parts),
        };
        let columns = schema.columns().iter().enumerate().map(column).collect();
        Table { schema, columns, parts, unreadable: None }
    }

    /// Returns the name, spelled as it was in the row that created the table.
    pub fn name(&self) -> &str {
        self.schema.table()
    }

    /// Returns one of the chunks that hold the rows, or `None` after the last one. An error says why it cannot be read.
    pub(crate) fn chunk(&self, number: usize) -> Result<Option<&Chunk>> {
        self.check()?;
        let chunk = self.parts.segments.get(number).map(Segment::chunk).transpose();
        chunk.map_err(|e| err!(Storage, "{e}"))
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.parts.rows
    }

    /// Reads all rows that are in files only. Without that they are read when they are asked for; the values of a file that
    /// cannot be read then are null.
    ///
    /// # Errors
    /// `Storage` if a file cannot be read.
    pub fn load(&self) -> Result<()> {
        self.check()?;
        let read = |segment: &Segment| segment.chunk().map(drop).map_err(|e| err!(Storage, "{e}"));
        self.parts.segments.iter().try_for_each(read)
    }

    /// Returns whether the rows are known to be in order of time.
    pub(crate) fn is_by_time(&self) -> bool {
        match self.parts.segments.first() {
            #[cfg(feature = "files")]
            Some(Segment::Filed(..)) => true,
            _ => self.parts.segments.is_empty(),
        }
    }

    /// Returns the first and the last time, if they are known without a look at the rows.
    pub(crate) fn known_times(&self) -> Option<(i64, i64)> {
        match (self.parts.segments.first(), self.parts.segments.last()) {
            #[cfg(feature = "files")]
            (Some(Segment::Filed(first, _)), Some(Segment::Filed(last, _))) => {
                Some((first.times().0, last.times().1))
            }
            _ => None,
        }
    }

    /// Returns a row for somebody who goes through many. An error says why it cannot be read.
    pub(crate) fn seek(&self, row: usize, window: &mut Window) -> Result<Seen<'_>, String> {
        let Some((at, row)) = self.parts.place(row) else { return Ok(Seen::none()) };
        match self.parts.segments.get(at) {
            Some(Segment::Memory(chunk)) => Ok(Seen { chunk: Held::Table(chunk), row }),
            #[cfg(feature = "files")]
            Some(Segment::Filed(filed, _)) => {
                Ok(Seen { chunk: Held::Window(window.chunk(at, filed)?), row })
            }
            None => {
                let _ = window;
                Ok(Seen::none())
            }
        }
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
        self.parts.segments.len()
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
