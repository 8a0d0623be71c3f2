//! [`RowPlan`]: a layout prepared for writing many rows of it in the line protocol.

use std::sync::Arc;

use crate::error::Result;
use crate::ilp::write::{Slot, Written};
use crate::memory::room;
use crate::name::{Name as _, ShortBytes};
use crate::table::{Column, ColumnKind, RowLayout, TimestampKind};

/// What all rows of a layout have in common in the line protocol. A layout keeps its plan for all buffers.
pub(crate) struct RowPlan {
    /// The number of the layout.
    layout: u64,
    /// The columns in the order in which they are sent: symbols first. Before a column with a long name there is a further one,
    /// which has a [`LongName`].
    pub(super) columns: Vec<PlanColumn>,
    symbols: usize,
    pub(in crate::ilp) timestamp: TimestampKind,
}

/// A column of a plan.
pub(super) struct PlanColumn {
    /// The comma, the name and the `=` as they stand in a row, or nothing if the column before this one writes them.
    pub(super) name: ShortBytes,
    pub(super) kind: PlanKind,
    /// The position at which the column was declared, from 0; that of no cell if this is only a name.
    pub(super) place: usize,
    /// What this column is, if it is only the name of the next one.
    pub(super) long_name: Option<Box<LongName>>,
}

/// The long name of the next column. Long names are columns of their own, without a cell, so that the loop over columns need not
/// ask how long each name is.
pub(super) struct LongName {
    /// The comma, the name and the `=` as they stand in a row.
    pub(super) form: Vec<u8>,
    /// The position at which the column was declared to which the name belongs. The name is left out with its value.
    pub(super) place: usize,
}

impl PlanColumn {
    /// Adds a column to those of a plan.
    fn plan(column: &Column, columns: &mut Vec<PlanColumn>) -> Result<()> {
        let name = column.name.text().form();
        let mut form = room(name.len() + 2, "names")?;
        form.push(b',');
        form.extend_from_slice(name);
        form.push(b'=');
        let name = ShortBytes::new(&form);
        if name.is_none() {
            let long_name = Some(Box::new(LongName { form, place: column.place }));
            // Like a text that is not there.
            let (name, kind) = (ShortBytes::EMPTY, PlanKind::Str);
            columns.push(PlanColumn { name, kind, place: usize::MAX, long_name });
        }
        columns.push(PlanColumn {
            name: name.unwrap_or(ShortBytes::EMPTY),
            kind: PlanKind::of(column.kind),
            place: column.place,
            long_name: None,
        });
        Ok(())
    }

    /// Returns the position at which the column, or that of a name, was declared.
    pub(super) fn declared(&self) -> usize {
        self.long_name.as_ref().map_or(self.place, |name| name.place)
    }
}

/// A [`ColumnKind`], numbered from 0 in one byte: a match on the public numbers takes one instruction more for each value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanKind {
    Symbol,
    Bool,
    I64,
    F64,
    Str,
    TsMicros,
    TsNanos,
    Array,
    Decimal,
}

impl PlanKind {
    fn of(kind: ColumnKind) -> PlanKind {
        match kind {
            ColumnKind::Symbol => PlanKind::Symbol,
            ColumnKind::Bool => PlanKind::Bool,
            ColumnKind::I64 => PlanKind::I64,
            ColumnKind::F64 => PlanKind::F64,
            ColumnKind::Str => PlanKind::Str,
            ColumnKind::TsMicros => PlanKind::TsMicros,
            ColumnKind::TsNanos => PlanKind::TsNanos,
            ColumnKind::F64Array => PlanKind::Array,
            ColumnKind::Decimal => PlanKind::Decimal,
        }
    }
}

impl RowPlan {
    /// Returns the plan of a layout, which is made when it is first needed.
    pub(super) fn of(layout: &RowLayout) -> Result<&Arc<RowPlan>> {
        layout.derive(|| RowPlan::new(layout).map(Arc::new))
    }

    /// Returns the plan of a layout, if it has been made.
    #[inline]
    pub(in crate::ilp) fn made(layout: &RowLayout) -> Option<&RowPlan> {
        layout.derived::<Arc<RowPlan>>().map(|plan| &**plan)
    }

    fn new(layout: &RowLayout) -> Result<RowPlan> {
        let long = |column: &&Column| column.name.text().form().len() + 2 >= ShortBytes::SIZE;
        let names = layout.columns().iter().filter(long).count();
        let mut columns = room(layout.column_count() + names, "columns")?;
        let is_symbol = |column: &&Column| column.kind == ColumnKind::Symbol;
        for column in layout.columns().iter().filter(is_symbol) {
            PlanColumn::plan(column, &mut columns)?;
        }
        let symbols = columns.len();
        for column in layout.columns().iter().filter(|column| !is_symbol(column)) {
            PlanColumn::plan(column, &mut columns)?;
        }
        let timestamp = layout.timestamp_kind();
        Ok(RowPlan { layout: layout.id(), columns, symbols, timestamp })
    }

    /// Returns whether this is the plan of `layout`.
    #[inline(always)]
    pub(in crate::ilp) fn is_of(&self, layout: &RowLayout) -> bool {
        self.layout == layout.id()
    }

    /// Splits the columns into symbols and others. `columns` has one item per column, in the order in which they are sent.
    #[inline(always)]
    pub(super) fn split<'a, T>(&self, columns: &'a [T]) -> [&'a [T]; 2] {
        match columns.split_at_checked(self.symbols) {
            Some((symbols, others)) => [symbols, others],
            None => [&[], &[]],
        }
    }
}

/// The source of the values of rows. Each value is written into a [`Slot`] of its own; `None` says that the row needs the
/// slow path.
pub(crate) trait RowValues {
    /// What the source has to know of a column.
    type Column;
    /// Returns the symbols, and the other columns, each in the order in which they are sent.
    fn columns<'a>(&'a self, plan: &'a RowPlan) -> [&'a [Self::Column]; 2];
    fn symbol<'s>(&self, column: &Self::Column, row: usize, slot: Slot<'s>) -> Option<Written<'s>>;
    fn column<'s>(&self, column: &Self::Column, row: usize, slot: Slot<'s>) -> Option<Written<'s>>;
    /// Returns the designated timestamp of a row.
    fn designated(&self, row: usize) -> Option<i64>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
    use crate::table::Cell;

    /// A layout and what it declares.
    #[derive(Clone)]
    struct Declared {
        layout: RowLayout,
        table: &'static str,
        columns: Vec<(String, ColumnKind)>,
        timestamp: TimestampKind,
    }

    impl Declared {
        fn new(table: &'static str) -> Declared {
            let layout = RowLayout::new(table).unwrap();
            let mut new =
                Declared { layout, table, columns: Vec::new(), timestamp: TimestampKind::Nanos };
            new.add(ColumnKind::I64);
            new
        }

        fn add(&mut self, kind: ColumnKind) {
            let place = self.columns.len();
            let name = match place % 5 {
                4 => format!("a_column_with_a_name_of_more_than_32_bytes_{place}"),
                _ => format!("c{place}"),
            };
            self.layout.add(&name, kind).unwrap();
            self.columns.push((name, kind));
        }

        fn set(&mut self, timestamp: TimestampKind) {
            self.layout.set_timestamp(timestamp);
            self.timestamp = timestamp;
        }

        /// Appends a row and returns its line.
        fn append(&self, buffer: &mut Buffer, number: i64) -> String {
            let text = format!("v{number}");
            let (mut cells, mut symbols, mut others) = (Vec::new(), String::new(), Vec::new());
            for (name, kind) in &self.columns {
                if *kind == ColumnKind::Symbol {
                    cells.push(Cell::from(&text));
                    symbols += &format!(",{name}={text}");
                } else {
                    cells.push(Cell::I64(number));
                    others.push(format!("{name}={number}i"));
                }
            }
            let (at, end) = match self.timestamp {
                TimestampKind::Nanos => (Some(number), format!(" {number}")),
                TimestampKind::Micros => (Some(number), format!(" {number}000")),
                TimestampKind::Now => (None, String::new()),
            };
            buffer.append_row(&self.layout, &cells, at).unwrap();
            format!("{}{symbols} {}{end}\n", self.table, others.join(","))
        }
    }

    #[test]
    fn layouts_come_in_turn_and_change_and_go() {
        let tables = ["a", "b", "c"];
        let mut random = fastrand::Rng::with_seed(12);
        let mut layouts: Vec<Declared> = (0..4).map(|i| Declared::new(tables[i % 3])).collect();
        let mut buffers = [(); 2].map(|()| (Buffer::new(ProtocolVersion::V1), String::new()));
        for number in 1..20_000 {
            let place = random.usize(0..layouts.len());
            match random.u8(0..60) {
                // The memory of the old layout may be used for the new one.
                0 => layouts[place] = Declared::new(tables[random.usize(0..3)]),
                1 => layouts[place].set(TimestampKind::Micros),
                2 => layouts[place].set(TimestampKind::Now),
                3 if layouts[place].columns.len() < 8 => layouts[place].add(ColumnKind::Symbol),
                4 if layouts[place].columns.len() < 8 => layouts[place].add(ColumnKind::I64),
                5 => layouts[place] = layouts[random.usize(0..layouts.len())].clone(),
                6 => {
                    let (buffer, lines) = &mut buffers[random.usize(0..2)];
                    buffer.clear();
                    lines.clear();
                }
                _ => {}
            }
            let (buffer, lines) = &mut buffers[random.usize(0..2)];
            *lines += &layouts[place].append(buffer, number);
            assert_eq!(buffer.peek(), lines.as_bytes());
        }
    }

    #[test]
    fn threads_and_buffers_share_a_plan() {
        let layouts = [Declared::new("a"), Declared::new("b")];
        let rows = || {
            let (mut buffer, mut lines) = (Buffer::new(ProtocolVersion::V1), String::new());
            for number in 1..500 {
                lines += &layouts[number % 2].append(&mut buffer, i64::try_from(number).unwrap());
            }
            assert_eq!(buffer.peek(), lines.as_bytes());
            layouts.each_ref().map(|l| std::ptr::from_ref(RowPlan::made(&l.layout).unwrap()).addr())
        };
        let rows = &rows;
        let plans: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(rows)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(plans.iter().all(|plan| *plan == plans[0]));
    }

    #[test]
    fn a_known_layout_may_be_too_long_for_another_buffer() {
        let mut layout = RowLayout::new("t").unwrap();
        layout.add("seventeen_letters", ColumnKind::I64).unwrap();
        let mut long = Buffer::new(ProtocolVersion::V1);
        let short = BufferOptions { max_name_len: 16, ..BufferOptions::new(ProtocolVersion::V1) };
        let mut short = Buffer::with_options(short).unwrap();
        for _ in 0..2 {
            long.append_row(&layout, &[Cell::I64(1)], Some(1)).unwrap();
            let e = short.append_row(&layout, &[Cell::I64(1)], Some(1)).unwrap_err();
            assert_eq!(e.code(), ErrorCode::InvalidName);
            assert!(short.is_empty());
        }
        assert_eq!(long.row_count(), 2);
    }
}
