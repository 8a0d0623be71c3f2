//! Rows of a plan into a buffer, one piece after the other.
#![expect(unsafe_code, reason = "reads what the plan describes")]

use std::collections::HashMap;
use std::ops::Range;

use client::internal::expect_rows;
use client::table::{Codes, ColumnData, RowLayout};
use client::{Buffer, Error, PreparedColumns, TableName};
use pyo3::prelude::*;

use super::column::{Column, Values};
use super::faults::Stop;
use super::objects::{self, Object};
use super::piece::{Bad, Piece, Scratch};
use super::plan::{Plan, Stamp};
use super::target::Target;

/// So many rows are read and appended at a time: what was converted is still near the processor when it is written.
const PIECE: usize = 4096;

/// So many rows are read at a time, and appended in pieces, if a column has a dictionary: its texts are joined with the name of the
/// column whenever rows are read, and the numbers of the texts are read where they lie.
const WITH_DICTIONARY: usize = 16 * PIECE;

/// The same for frames of objects, each of which takes room there too.
const PIECE_OF_OBJECTS: usize = 512;

/// Why a frame could not be appended.
pub(crate) enum Fault {
    /// A value of a column.
    Value {
        column: String,
        row: usize,
        why: String,
    },
    /// The row that the client refuses.
    Row(usize, Error),
    /// What has nothing to do with a row.
    Client(Error),
    Raised(PyErr),
}

/// Memory that is used for one piece after the other.
#[derive(Default)]
pub(crate) struct Work {
    columns: Vec<Scratch>,
    stamps: Scratch,
    tables: Scratch,
    constant: Vec<i64>,
    names: Names,
}

/// The tables that were met, and the number of each.
#[derive(Default)]
struct Names {
    known: HashMap<Box<[u8]>, i64>,
    names: Vec<TableName>,
    codes: Vec<i64>,
}

impl Work {
    pub(crate) fn new(plan: &Plan) -> Work {
        let mut columns = Vec::new();
        columns.resize_with(plan.columns.len(), Scratch::default);
        Work { columns, ..Work::default() }
    }
}

/// Returns where the piece that begins with row `start` ends, so that each column has its values in one part of its memory.
fn end_of_piece(plan: &Plan, rows: &Range<usize>) -> usize {
    let stamps = match &plan.stamp {
        Stamp::Column(column) => Some(column),
        _ => None,
    };
    let columns = plan.columns.iter().chain(&plan.tables).chain(stamps);
    let ends = columns.filter_map(|column| column.part(rows.start)).map(|part| part.rows.end);
    let most = match plan {
        Plan { has_objects: true, .. } => PIECE_OF_OBJECTS,
        Plan { has_dictionary: true, .. } => WITH_DICTIONARY,
        _ => PIECE,
    };
    ends.fold(rows.end.min(rows.start.saturating_add(most)), usize::min)
}

/// Appends the first of `rows`, as many as are read at once or until a flush is due, and returns how many these are.
///
/// # Errors
/// [`Fault`]. Some rows may have been appended.
pub(crate) fn first_rows(
    plan: &Plan,
    py: Option<Python<'_>>,
    target: &mut Target<'_>,
    rows: Range<usize>,
    work: &mut Work,
) -> Result<usize, Fault> {
    let end = end_of_piece(plan, &rows);
    let rows = rows.start..end;
    let count = rows.len();
    let Work { columns, stamps, tables, constant, names } = work;
    let stamps = match &plan.stamp {
        Stamp::Column(column) => {
            let piece = read(column, py, &rows, stamps)?;
            check_stamps(column, &piece, rows.start)?;
            Some(piece)
        }
        Stamp::Constant(value) => {
            constant.resize(count, *value);
            constant.truncate(count);
            None
        }
        Stamp::Server => None,
    };
    if let Some(column) = &plan.tables {
        let piece = read(column, py, &rows, tables)?;
        names.read(column, &piece, &rows)?;
    }
    let tables = plan.tables.is_some().then_some(&*names);
    let pieces = read_columns(plan, py, &rows, columns)?;
    let data: Vec<ColumnData<'_>> = pieces.iter().flatten().map(Piece::data).collect();
    let at = match (&plan.stamp, &stamps) {
        (Stamp::Server, _) => None,
        (Stamp::Constant(_), _) => Some(constant.as_slice()),
        (Stamp::Column(_), piece) => piece.as_ref().and_then(Piece::integers),
    };
    let prepare = |layout, at| prepared(layout, count, &data, at, tables);
    let all = prepare(&plan.layout, at).map_err(Fault::Client)?;
    let Some(stamps) = stamps.as_ref().filter(|stamps| stamps.valid.is_some()) else {
        return append(target, &all, 0..count, rows.start);
    };
    // Rows without a timestamp get that of the server.
    let now = prepare(&plan.layout_now, None).map_err(Fault::Client)?;
    let mut first = 0;
    while first < count {
        let has = stamps.has(first);
        let next = (first..count).find(|row| stamps.has(*row) != has).unwrap_or(count);
        first = append(target, if has { &all } else { &now }, first..next, rows.start)?;
        if first < next {
            break;
        }
    }
    Ok(first)
}

/// Appends rows of a plan without objects to a buffer, piece by piece, and returns whether that was possible.
pub(crate) fn all_rows(
    plan: &Plan,
    buffer: &mut Buffer,
    mut rows: Range<usize>,
    work: &mut Work,
) -> bool {
    let all = rows.len();
    while !rows.is_empty() {
        match first_rows(plan, None, &mut Target::Buffer(buffer), rows.clone(), work) {
            Ok(count) => rows.start += count,
            Err(_) => return false,
        }
        expect_rows(buffer, all);
    }
    true
}

fn prepared<'a>(
    layout: &'a RowLayout,
    rows: usize,
    data: &[ColumnData<'a>],
    at: Option<&'a [i64]>,
    tables: Option<&'a Names>,
) -> client::Result<PreparedColumns<'a>> {
    let prepared = PreparedColumns::new(layout, rows, data, at)?;
    match tables {
        Some(names) => prepared.with_tables(&names.names, Codes::I64(&names.codes)),
        None => Ok(prepared),
    }
}

/// Appends some of the rows that were read, the first of which is row `start` of the frame. Returns where it stopped: at the end,
/// or where a flush is due.
fn append(
    target: &mut Target<'_>,
    prepared: &PreparedColumns<'_>,
    rows: Range<usize>,
    start: usize,
) -> Result<usize, Fault> {
    let mut first = rows.start;
    while first < rows.end {
        let end = rows.end.min(first.saturating_add(PIECE));
        append_piece(target.buffer(), prepared, first..end, start)?;
        first = end;
        if target.is_due() {
            break;
        }
    }
    Ok(first)
}

fn append_piece(
    buffer: &mut Buffer,
    prepared: &PreparedColumns<'_>,
    rows: Range<usize>,
    start: usize,
) -> Result<(), Fault> {
    buffer.append_prepared(prepared, rows.clone()).map_err(|e| {
        // One row after the other, to learn which one it is. The caller takes them all back.
        let failed = rows.clone().find_map(|row| {
            let result = buffer.append_prepared(prepared, row..row + 1);
            result.err().map(|e| Fault::Row(start + row, e))
        });
        failed.unwrap_or(Fault::Client(e))
    })
}

/// Reads all columns. Texts of objects come last: they are borrowed, and reading other objects may run code.
fn read_columns<'a>(
    plan: &'a Plan,
    py: Option<Python<'_>>,
    rows: &Range<usize>,
    scratch: &'a mut [Scratch],
) -> Result<Vec<Option<Piece<'a>>>, Fault> {
    let mut pieces: Vec<Option<Piece<'a>>> = Vec::new();
    pieces.resize_with(plan.columns.len(), || None);
    let mut texts = Vec::new();
    for ((column, scratch), piece) in plan.columns.iter().zip(scratch).zip(&mut pieces) {
        let is_text =
            |part: &super::column::Part| matches!(part.values, Values::Objects(_, Object::Str));
        if column.parts.iter().any(is_text) {
            texts.push((column, scratch, piece));
        } else {
            *piece = Some(read(column, py, rows, scratch)?);
        }
    }
    for (column, scratch, piece) in texts {
        *piece = Some(read(column, py, rows, scratch)?);
    }
    Ok(pieces)
}

fn read<'a>(
    column: &'a Column,
    py: Option<Python<'_>>,
    rows: &Range<usize>,
    scratch: &'a mut Scratch,
) -> Result<Piece<'a>, Fault> {
    let no_part = || Stop::from(Bad::at(0, "the column is shorter than the frame"));
    let piece = match (column.part(rows.start), py) {
        // SAFETY: the plan holds the memory of its columns. The caller appends the piece without running any code.
        (Some(part), Some(py)) if matches!(part.values, Values::Objects(..)) => unsafe {
            objects::read(py, part, rows.clone(), scratch)
        },
        (Some(part), _) => {
            // SAFETY: as above.
            unsafe { part.read(column.kind, rows.clone(), scratch) }.map_err(Stop::from)
        }
        (None, _) => Err(no_part()),
    };
    piece.map_err(|stop| match stop {
        Stop::Bad(bad) => {
            let row = rows.start + bad.row;
            Fault::Value { column: column.name.clone(), row, why: bad.why }
        }
        Stop::Raised(e) => Fault::Raised(e),
        Stop::Unsupported(class) => {
            let why = format!("an object of type {class} is not supported");
            Fault::Value { column: column.name.clone(), row: rows.start, why }
        }
    })
}

/// Checks that no designated timestamp is before 1970.
fn check_stamps(column: &Column, piece: &Piece<'_>, start: usize) -> Result<(), Fault> {
    let stamps = piece.integers().unwrap_or_default();
    if !stamps.iter().fold(false, |any, stamp| any | (*stamp < 0)) {
        return Ok(());
    }
    let negative = |(row, stamp): &(usize, &i64)| **stamp < 0 && piece.has(*row);
    match stamps.iter().enumerate().find(negative) {
        Some((row, stamp)) => Err(Fault::Value {
            column: column.name.clone(),
            row: start + row,
            why: format!("Timestamp {stamp} is negative. It must be >= 0."),
        }),
        None => Ok(()),
    }
}

impl Names {
    /// Finds the table of each row.
    fn read(
        &mut self,
        column: &Column,
        piece: &Piece<'_>,
        rows: &Range<usize>,
    ) -> Result<(), Fault> {
        self.codes.clear();
        for row in 0..rows.len() {
            let bad = |why: String| Fault::Value {
                column: column.name.clone(),
                row: rows.start + row,
                why,
            };
            let Some(text) = piece.text(row) else {
                return Err(bad("Expected a table name, got a null value".to_owned()));
            };
            let code = match self.known.get(text) {
                Some(code) => *code,
                None => {
                    let name = TableName::new(client::Text::unchecked(text));
                    let name = name.map_err(|e| bad(e.message().to_owned()))?;
                    let code = i64::try_from(self.names.len()).unwrap_or(i64::MAX);
                    self.names.push(name);
                    self.known.insert(text.into(), code);
                    code
                }
            };
            self.codes.push(code);
        }
        Ok(())
    }
}
