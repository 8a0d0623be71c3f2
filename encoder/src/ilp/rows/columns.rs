//! [`PreparedColumns`]: many rows from one slice per column, appended in any number of pieces.

use std::fmt;
use std::ops::Range;

use super::column::PreparedColumn;
use super::destination::{AtEnd, InSlot};
use super::plan::{RowPlan, RowValues};
use super::tables::Tables;
use crate::error::{Error, Result, err};
use crate::ilp::Buffer;
use crate::ilp::lines::Lines;
use crate::ilp::whole_rows::RowsOut;
use crate::ilp::write::{Slot, Written};
use crate::memory::room;
use crate::name::{Name as _, TableName};
use crate::table::{Codes, ColumnData, ColumnKind, RowLayout, TimestampKind};

/// Rows given by one slice per column, prepared to be appended in any number of pieces.
///
/// Preparing compares lengths and kinds, and joins the texts of dictionaries with the names of their columns. This is done
/// once, so a piece may be as small as the caller likes. Values are looked at when their rows are appended. The rows can be
/// appended to any number of buffers, of any protocol version and from several threads.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ColumnKind, ColumnValues, RowLayout};
/// use questdb_ingress::{Buffer, PreparedColumns, ProtocolVersion};
///
/// let mut layout = RowLayout::new("trades")?;
/// layout.add("price", ColumnKind::F64)?;
/// let prices = ColumnValues::F64(&[2615.54, 2615.5, 2616.0]);
/// let columns = PreparedColumns::new(&layout, 3, &[prices.into()], Some(&[1, 2, 3]))?;
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// buffer.append_prepared(&columns, 0..2)?;
/// assert_eq!(buffer.peek(), b"trades price=2615.54 1\ntrades price=2615.5 2\n");
/// buffer.clear();
/// buffer.append_prepared(&columns, 2..3)?;
/// assert_eq!(buffer.peek(), b"trades price=2616.0 3\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
pub struct PreparedColumns<'a> {
    layout: &'a RowLayout,
    plan: &'a RowPlan,
    /// The columns in the order in which they are sent.
    columns: Vec<PreparedColumn<'a>>,
    /// The designated timestamps; empty if the server sets them.
    at: &'a [i64],
    rows: usize,
    /// The table of each row, if it is not that of the layout.
    tables: Option<Tables<'a>>,
    /// What messages call the first row.
    first: usize,
}

impl fmt::Debug for PreparedColumns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedColumns")
            .field("layout", self.layout)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

// Threads may append different rows of the same columns.
const _: () = {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<PreparedColumns<'_>>();
};

impl<'a> PreparedColumns<'a> {
    /// Prepares `rows` rows of a layout. `columns` are in the order in which they were declared; the designated timestamps
    /// are given if the layout has them.
    ///
    /// # Errors
    /// `InvalidArgument` if the columns do not fit the layout; `OutOfMemory`.
    pub fn new(
        layout: &'a RowLayout,
        rows: usize,
        columns: &[ColumnData<'a>],
        at: Option<&'a [i64]>,
    ) -> Result<PreparedColumns<'a>> {
        layout.check_count(columns.len(), "columns")?;
        if at.is_none() != (layout.timestamp_kind() == TimestampKind::Now) {
            return Err(layout.timestamp_mismatch());
        }
        if let Some(given) = at.map(<[i64]>::len).filter(|len| *len != rows) {
            return Err(err!(InvalidArgument, "{given} designated timestamps for {rows} rows"));
        }
        let plan = RowPlan::of(layout)?;
        let mut prepared = room(plan.columns.len(), "columns")?;
        for planned in &plan.columns {
            // The number of columns was checked above, so there is always one.
            let place = planned.declared();
            let (Some(column), Some(data)) = (layout.columns().get(place), columns.get(place))
            else {
                continue;
            };
            let one = PreparedColumn::new(planned, column, data, rows);
            prepared.push(one.map_err(|e| column.context(e))?);
        }
        let at = at.unwrap_or(&[]);
        Ok(PreparedColumns { layout, plan, columns: prepared, at, rows, tables: None, first: 0 })
    }

    /// Gives each row a table of its own, in place of that of the layout: `codes` has for each row the place of its table in
    /// `tables`.
    ///
    /// ```
    /// # use questdb_ingress_encoder as questdb_ingress;
    /// use questdb_ingress::table::{Codes, ColumnKind, ColumnValues, RowLayout, TimestampKind};
    /// use questdb_ingress::{Buffer, PreparedColumns, ProtocolVersion, TableName};
    ///
    /// let mut layout = RowLayout::new("unused")?;
    /// layout.add("n", ColumnKind::I64)?.set_timestamp(TimestampKind::Now);
    /// let tables = [TableName::new("odd")?, TableName::new("even")?];
    /// let columns = PreparedColumns::new(&layout, 3, &[ColumnValues::I64(&[1, 2, 3]).into()], None)?
    ///     .with_tables(&tables, Codes::U8(&[0, 1, 0]))?;
    /// let mut buffer = Buffer::new(ProtocolVersion::V1);
    /// buffer.append_prepared(&columns, 0..3)?;
    /// assert_eq!(buffer.peek(), b"odd n=1i\neven n=2i\nodd n=3i\n");
    /// # Ok::<(), questdb_ingress::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` if there is not one code for each row; `OutOfMemory`. A code without a table is an error of the call
    /// that appends its row.
    pub fn with_tables(
        mut self,
        tables: &'a [TableName],
        codes: Codes<'a>,
    ) -> Result<PreparedColumns<'a>> {
        self.tables = Some(Tables::new(tables, codes, self.rows)?);
        Ok(self)
    }

    /// Lets messages count rows from `first` on.
    pub(crate) fn counted_from(self, first: usize) -> PreparedColumns<'a> {
        PreparedColumns { first, ..self }
    }

    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns the first of `rows` that have the same table, and that table.
    fn of_one_table(&self, rows: Range<usize>) -> Result<(Range<usize>, &TableName)> {
        match &self.tables {
            None => Ok((rows, self.layout.table())),
            Some(tables) => tables.of_one(rows),
        }
    }

    /// Checks that there are such rows.
    pub(crate) fn check_rows(&self, rows: &Range<usize>) -> Result<()> {
        if rows.start > rows.end || rows.end > self.rows {
            let (start, end, all) = (rows.start, rows.end, self.rows);
            return Err(err!(InvalidArgument, "rows {start}..{end} of {all} rows"));
        }
        Ok(())
    }

    fn check(&self, rows: &Range<usize>, lines: &Lines) -> Result<()> {
        self.check_rows(rows)?;
        self.layout.fits(lines.max_name_len)?;
        self.tables.as_ref().map_or(Ok(()), |tables| tables.fit(lines.max_name_len))
    }

    /// Writes `rows`, or the rows before one that cannot be written.
    fn write(&self, out: &mut RowsOut<'_>, mut rows: Range<usize>) -> Result<()> {
        let values = Values { columns: &self.columns, at: self.at };
        while !rows.is_empty() {
            let (some, name) =
                self.of_one_table(rows.clone()).map_err(|e| in_row(e, self.first + rows.start))?;
            let mut next = some.start;
            loop {
                next = out.quick_rows(self.plan, name.text(), &values, next..some.end);
                if next >= some.end {
                    break;
                }
                self.write_carefully(out, name, next).map_err(|e| in_row(e, self.first + next))?;
                next += 1;
            }
            rows.start = some.end;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn write_carefully(&self, out: &mut RowsOut<'_>, table: &TableName, row: usize) -> Result<()> {
        out.begin(table)?;
        for prepared in &self.columns {
            let to = AtEnd { out, name: prepared.column.name.text() };
            let written = match prepared.column.kind {
                ColumnKind::Symbol => prepared.write_symbol(row, to),
                _ => prepared.write_column(row, to),
            };
            written
                .unwrap_or_else(|| Err(prepared.missing(row)))
                .map_err(|e| prepared.column.context(e))?;
        }
        out.end(self.layout, self.at.get(row).copied())
    }

    /// Counts `rows`, which were written to `lines`. They are the first of the buffer if `first` is set.
    fn count(&self, lines: &mut Lines, mut rows: Range<usize>, mut first: bool) {
        while !rows.is_empty() {
            // The rows were written, so each of them has a table.
            let Ok((some, name)) = self.of_one_table(rows.clone()) else { return };
            lines.rows_added(name, first, some.len());
            (rows.start, first) = (some.end, false);
        }
    }
}

impl Buffer {
    /// Appends `rows` rows of a layout. `columns` are in the order in which they were declared; the designated timestamps
    /// are given if the layout has them. On failure the buffer is exactly as it was.
    ///
    /// Everything is prepared anew by each call: use [`PreparedColumns`] to append the same columns piece by piece.
    ///
    /// # Errors
    /// `InvalidArgument` if the columns do not fit the layout, and the errors of the single calls that make the same rows.
    pub fn append_columns(
        &mut self,
        layout: &RowLayout,
        rows: usize,
        columns: &[ColumnData<'_>],
        at: Option<&[i64]>,
    ) -> Result<()> {
        let columns = PreparedColumns::new(layout, rows, columns, at)?;
        self.append_prepared(&columns, 0..rows)
    }

    /// Appends the `rows` of `columns`, counted from 0. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` if there are no such rows, and the errors of the single calls that make the same rows; messages
    /// count the rows from the first one of `columns`.
    pub fn append_prepared(
        &mut self,
        columns: &PreparedColumns<'_>,
        rows: Range<usize>,
    ) -> Result<()> {
        let lines = &mut self.lines;
        columns.check(&rows, lines)?;
        let first = lines.store.len() == 0;
        lines.whole_rows(|out| columns.write(out, rows.clone()))?;
        columns.count(lines, rows, first);
        Ok(())
    }
}

#[cold]
#[inline(never)]
fn in_row(e: Error, row: usize) -> Error {
    e.context(format_args!("row {row}"))
}

/// What rows of [`PreparedColumns`] are written from.
struct Values<'p, 'a> {
    columns: &'p [PreparedColumn<'a>],
    at: &'p [i64],
}

impl<'a> RowValues for Values<'_, 'a> {
    type Column = PreparedColumn<'a>;

    #[inline(always)]
    fn columns<'s>(&'s self, plan: &'s RowPlan) -> [&'s [PreparedColumn<'a>]; 2] {
        plan.split(self.columns)
    }

    #[inline(always)]
    fn symbol<'w>(
        &self,
        column: &PreparedColumn<'a>,
        row: usize,
        slot: Slot<'w>,
    ) -> Option<Written<'w>> {
        column.write_symbol(row, InSlot { slot, name: &column.name })
    }

    #[inline(always)]
    fn column<'w>(
        &self,
        column: &PreparedColumn<'a>,
        row: usize,
        slot: Slot<'w>,
    ) -> Option<Written<'w>> {
        column.write_column(row, InSlot { slot, name: &column.name })
    }

    #[inline(always)]
    fn designated(&self, row: usize) -> Option<i64> {
        self.at.get(row).copied()
    }
}
