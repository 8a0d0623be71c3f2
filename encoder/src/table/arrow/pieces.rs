//! Cuts a batch into pieces of rows that have one layout, and converts what has to be converted.

use std::ops::Range;

use super::batch::{ArrowBatch, in_column};
use super::column::{Column, kind_of};
use super::convert;
use super::options::{ArrowOptions, AtRole, Roles, TableRole};
use super::view::View;
use crate::error::{Result, err};
use crate::memory::{collected, refused, room};
use crate::name::TableName;
use crate::table::{ColumnData, ColumnKind, ColumnValues, RowLayout, TimestampKind};
use crate::text::Text;
use crate::timestamp::Timestamp;

/// Rows that are converted at a time, so that the converted values stay in the processor's cache.
const PIECE: usize = 4096;

/// Rows of one layout.
pub(crate) struct Piece<'a> {
    pub(crate) layout: &'a RowLayout,
    /// The number of the first row in the batch.
    pub(crate) first: usize,
    pub(crate) rows: usize,
    pub(crate) columns: &'a [ColumnData<'a>],
    pub(crate) at: Option<&'a [i64]>,
    /// The tables, and for each row the place of its own, if a column names them.
    pub(crate) tables: Option<(&'a [TableName], &'a [u32])>,
}

impl ArrowBatch {
    /// Calls `take` for each piece of the batch, in the order of the rows, until it returns an error.
    pub(crate) fn pieces(
        &self,
        options: &ArrowOptions,
        take: &mut dyn FnMut(&Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        let roles = Roles::new(options, self.fields())?;
        let mut source = Source::new(self, &roles)?;
        let (mut first, end) = (0, self.row_count());
        while first < end {
            let stamped = source.is_stamped(first);
            let most = end.min(first.saturating_add(source.piece));
            let mut next = first + 1;
            while next < most && source.is_stamped(next) == stamped {
                next += 1;
            }
            source.take(stamped, first..next, take)?;
            first = next;
        }
        Ok(())
    }
}

/// A column, and its position in the batch.
struct Place<'a> {
    position: usize,
    column: Column<'a>,
}

/// The columns of a batch by their roles.
struct Source<'a> {
    columns: Vec<Place<'a>>,
    /// The column of tables, and the table that each of its texts names.
    table: Option<Place<'a>>,
    known: Vec<(&'a [u8], u32)>,
    /// The tables; the only one, unless a column names them.
    tables: Vec<TableName>,
    /// For each row of a piece the place of its table.
    codes: Vec<u32>,
    /// The designated timestamp of all rows, unless there is a column of them.
    constant: Option<i64>,
    at: Option<Place<'a>>,
    unit: TimestampKind,
    stamps: Vec<i64>,
    /// The layouts of rows without and with a designated timestamp.
    layouts: [Option<RowLayout>; 2],
    /// The place of the first row of the batch in the arrays.
    base: usize,
    /// The most rows of a piece.
    piece: usize,
}

impl<'a> Source<'a> {
    #[inline(never)]
    fn new(batch: &'a ArrowBatch, roles: &Roles<'a>) -> Result<Source<'a>> {
        let (views, base) = batch.views()?;
        let (constant, unit) = match roles.at {
            AtRole::Timestamp(Timestamp::Micros(at)) => {
                (Some(at.as_micros()), TimestampKind::Micros)
            }
            AtRole::Timestamp(Timestamp::Nanos(at)) => (Some(at.as_nanos()), TimestampKind::Nanos),
            _ => (None, TimestampKind::Now),
        };
        let mut source = Source {
            columns: room(views.len(), "columns")?,
            table: None,
            known: Vec::new(),
            tables: Vec::new(),
            codes: Vec::new(),
            constant,
            at: None,
            unit,
            stamps: Vec::new(),
            layouts: [None, None],
            base,
            piece: if constant.is_some() { PIECE } else { usize::MAX },
        };
        if let TableRole::Name(name) = roles.table {
            source.tables.push(TableName::new(name)?);
        }
        for (position, view) in views.into_iter().enumerate() {
            let field = view.field;
            let symbol = roles.symbols.get(position).is_some_and(|symbol| *symbol);
            let column = match kind_of(field, symbol) {
                Ok(None) => continue,
                Ok(Some(kind)) => Column::new(view, kind, base),
                Err(e) => Err(e),
            };
            let column = column.map_err(|e| in_column(e, field, position))?;
            source.add(Place { position, column }, roles);
        }
        Ok(source)
    }

    fn add(&mut self, place: Place<'a>, roles: &Roles<'a>) {
        if place.column.is_converted() {
            self.piece = PIECE;
        }
        match (&roles.table, &roles.at) {
            (TableRole::Column(at), _) if *at == place.position => self.table = Some(place),
            (_, AtRole::Column(at)) if *at == place.position => {
                self.unit = match place.column.kind {
                    ColumnKind::TsNanos => TimestampKind::Nanos,
                    _ => TimestampKind::Micros,
                };
                self.at = Some(place);
            }
            _ => self.columns.push(place),
        }
    }

    /// Finds the table of each row of a piece, if a column names them.
    fn find_tables(&mut self, rows: Range<usize>) -> Result<()> {
        let Some(place) = self.table.take() else { return Ok(()) };
        convert::clear(&mut self.codes, rows.len())?;
        let found = rows.into_iter().try_for_each(|row| {
            let code = self.table(&place.column.view, self.base + row);
            self.codes.push(code.map_err(|e| e.context(format_args!("row {row}")))?);
            Ok(())
        });
        let found = found.map_err(|e| in_column(e, place.column.view.field, place.position));
        self.table = Some(place);
        found
    }

    /// Returns the place of the table that `row` of a column names.
    fn table(&mut self, view: &View<'a>, row: usize) -> Result<u32> {
        let name = convert::text(view, row)?
            .ok_or_else(|| err!(InvalidArgument, "the name of the table is null"))?;
        // A sorted vector takes less code than a map, and tables are few.
        let place = match self.known.binary_search_by_key(&name, |(known, _)| known) {
            Ok(place) => return Ok(self.known.get(place).map_or(0, |(_, code)| *code)),
            Err(place) => place,
        };
        let code = u32::try_from(self.tables.len());
        let code = code.map_err(|_| err!(LimitExceeded, "there are too many tables"))?;
        let room = self.tables.try_reserve(1).and_then(|()| self.known.try_reserve(1));
        room.map_err(|_| refused(size_of::<TableName>(), "tables"))?;
        self.tables.push(TableName::new(Text::unchecked(name))?);
        self.known.insert(place, (name, code));
        Ok(code)
    }

    /// Returns whether a row has a designated timestamp.
    fn is_stamped(&self, row: usize) -> bool {
        match &self.at {
            Some(place) => place.column.view.is_valid(self.base + row),
            None => self.constant.is_some(),
        }
    }

    /// Makes the layout of rows, unless there is one.
    #[inline(never)]
    fn make_layout(&mut self, stamped: bool) -> Result<()> {
        let [without, with] = &mut self.layouts;
        let layout = if stamped { with } else { without };
        let (None, Some(table)) = (&layout, self.tables.first()) else { return Ok(()) };
        let mut made = RowLayout::new(table.as_str())?;
        made.set_timestamp(if stamped { self.unit } else { TimestampKind::Now });
        for Place { position, column } in &self.columns {
            let field = column.view.field;
            let added = made.add(field.name.as_str(), column.kind);
            added.map_err(|e| in_column(e, field, *position))?;
        }
        *layout = Some(made);
        Ok(())
    }

    /// Converts `rows` of the batch and calls `take`.
    fn take(
        &mut self,
        stamped: bool,
        rows: Range<usize>,
        take: &mut dyn FnMut(&Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        let place = self.base + rows.start..self.base + rows.end;
        self.find_tables(rows.clone())?;
        self.make_layout(stamped)?;
        for Place { position, column } in self.columns.iter_mut().chain(&mut self.at) {
            let prepared = column.prepare(place.clone());
            prepared.map_err(|e| in_column(e, column.view.field, *position))?;
        }
        if let Some(at) = self.constant {
            convert::clear(&mut self.stamps, rows.len())?;
            self.stamps.resize(rows.len(), at);
        }
        let columns = || self.columns.iter().map(|place| &place.column);
        let arrays = collected(columns().map(Column::arrays), "columns of arrays")?;
        let data = columns().zip(&arrays);
        let data = data.map(|(column, arrays)| Ok(column.data(place.clone(), arrays)));
        let data = collected(data, "columns")?;
        let at = match self.at.as_ref().map(|at| at.column.data(place.clone(), &[]).values) {
            Some(ColumnValues::I64(at)) => at,
            _ => &self.stamps,
        };
        let [without, with] = &self.layouts;
        let Some(layout) = (if stamped { with } else { without }) else {
            return Err(err!(Internal, "rows without a layout"));
        };
        take(&Piece {
            layout,
            first: rows.start,
            rows: rows.len(),
            columns: &data,
            at: stamped.then_some(at),
            tables: self.table.as_ref().map(|_| (self.tables.as_slice(), self.codes.as_slice())),
        })
    }
}
