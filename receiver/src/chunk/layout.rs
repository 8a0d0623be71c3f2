//! The fast way for lines that look like those before them.
//!
//! A layout knows a table's name and the columns of a line, as bytes. A line that begins with the same bytes, and has some of the
//! same names in the same order, is read straight into the columns. Whatever does not fit is left to the parser, which then
//! reads the line from its start, so the layout never decides that a line is wrong.

use crate::line::quick;
use crate::line::{FieldValue, Line, Parts, Stamp};

use super::cells::Cells;
use super::columns::Columns;
use crate::schema::Schema;

/// A line with more values, or with longer names in all, gets no layout.
const MAX_VALUES: usize = 1024;
const MAX_NAME_BYTES: usize = 64 << 10;
/// So many columns of the layout may be missing in a line. Each costs a comparison.
const MAX_MISSING: usize = 16;
/// A layout that so many lines in a row did not fit gives way to a shorter one, and is tried less and less often.
const MISSES: u32 = 4;
const LONGEST_PAUSE: u32 = 256;

/// A value of a line.
#[derive(Debug)]
struct Place {
    start: Start,
    column: usize,
    is_symbol: bool,
    /// Whether it comes after a field, if none is missing before it.
    after_field: bool,
}

impl Place {
    /// Appends the value at the start of the input to its column. Returns what follows.
    #[inline(always)]
    fn read<'a>(
        &self,
        input: &'a [u8],
        schema: &Schema,
        columns: &mut Columns,
        scratch: &mut Vec<u8>,
        none: &Parts,
    ) -> Option<&'a [u8]> {
        let cells = columns.get(self.column, schema)?;
        if self.is_symbol {
            let after = cells.read_symbol(input)?;
            return input.get(input.len() - after..);
        }
        if let Some(([b'=', 16, value @ ..], rest)) = input.split_first_chunk::<10>()
            && let Some(mut doubles) = cells.doubles()
        {
            doubles.push(f64::from_le_bytes(*value));
            return Some(rest);
        }
        let after = cells.read_field(input, scratch, none)?;
        input.get(input.len() - after..)
    }
}

/// Reads the values of a line from the place `at` on, whose column is missing. `read` appends a value and returns what follows. Returns
/// what follows the last value, or `None` if the line has no values or if too many are missing.
#[inline(never)]
fn read_gaps<'a>(
    places: &[Place],
    at: usize,
    rest: &'a [u8],
    mut read: impl FnMut(&Place, &'a [u8]) -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    let (before, places) = places.split_at_checked(at)?;
    let mut in_fields = before.last().is_some_and(|place| !place.is_symbol);
    let (mut rest, mut missing) = (rest, 0);
    for place in places {
        let found = match place.after_field == in_fields {
            true => place.start.strip(rest),
            // The first field is missing.
            false => place.start.strip_after(if in_fields { b',' } else { b' ' }, rest),
        };
        let Some(value) = found else {
            missing += 1;
            if missing > MAX_MISSING {
                return None;
            }
            continue;
        };
        rest = read(place, value)?;
        in_fields = !place.is_symbol;
    }
    (missing < before.len() + places.len()).then_some(rest)
}

/// A separator, a name and an equals sign. The first 16 bytes are also there as a number, which is compared quickly.
#[derive(Debug)]
struct Start {
    bytes: Box<[u8]>,
    number: u128,
    /// The bits of the number that count.
    mask: u128,
}

impl Start {
    fn new(bytes: Box<[u8]>) -> Start {
        let mut first = [0; 16];
        let len = bytes.len().min(16);
        first[..len].copy_from_slice(&bytes[..len]);
        let mask = u128::MAX >> (128 - 8 * len);
        Start { bytes, number: u128::from_le_bytes(first), mask }
    }

    /// Returns what follows it in the input, if the input begins with it.
    #[inline(always)]
    fn strip<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let len = self.bytes.len();
        if len <= 16
            && let Some(first) = rest.first_chunk()
        {
            let same = u128::from_le_bytes(*first) & self.mask == self.number;
            return if same { rest.get(len..) } else { None };
        }
        rest.strip_prefix(&self.bytes[..])
    }

    /// Like [`strip`](Start::strip), but with another separator.
    fn strip_after<'a>(&self, separator: u8, rest: &'a [u8]) -> Option<&'a [u8]> {
        let rest = rest.strip_prefix(&[separator])?;
        rest.strip_prefix(self.bytes.get(1..)?)
    }
}

/// How the last lines of a table looked.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    table: Box<[u8]>,
    places: Vec<Place>,
    /// How many lines in a row did not fit.
    misses: u32,
    /// How many lines are not tried.
    pause: u32,
    /// Whether the last line that was tried did not fit, so that there is something to learn from it.
    missed: bool,
    /// A string without its backslashes.
    scratch: Vec<u8>,
    /// The parts of no line.
    none: Parts,
}

impl Layout {
    /// Returns whether a line begins with the name of the table. Without a layout no line does.
    #[inline]
    pub(crate) fn is_table_of(&self, input: &[u8]) -> bool {
        input.get(..self.table.len()) == Some(&self.table)
            && matches!(input.get(self.table.len()), Some(b',' | b' '))
            && !self.places.is_empty()
    }

    /// Forgets the columns.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    /// Remembers a line that was just appended, whose nth value is in the column `columns[n]`, if the next ones may look like it.
    #[inline]
    pub(crate) fn learn(&mut self, line: &Line<'_>, columns: &[usize], schema: &Schema) {
        if self.missed || self.places.is_empty() {
            self.missed = false;
            self.learn_line(line, columns, schema);
        }
    }

    #[cold]
    fn learn_line(&mut self, line: &Line<'_>, columns: &[usize], schema: &Schema) {
        let Some(names) = line.plain_names() else { return };
        let count = line.symbols().count();
        let columns = &columns[..columns.len().min(names.len())];
        let shorter = names.len() < self.places.len() && self.misses < MISSES;
        let bytes: usize = names.iter().map(|name| name.len()).sum();
        if shorter || names.len() > MAX_VALUES || bytes > MAX_NAME_BYTES {
            return;
        }
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        // Of two values for one column only the first counts, and a value for the time has rules of its own.
        let twice = sorted.windows(2).any(|pair| pair[0] == pair[1]);
        if twice || columns.len() < names.len() || columns.contains(&schema.designated()) {
            return;
        }
        self.table = line.table().into();
        self.places.clear();
        for (at, (name, column)) in names.iter().zip(columns).enumerate() {
            let separator = if at == count { b" " } else { b"," };
            let start = Start::new([separator, *name, b"="].concat().into());
            let (is_symbol, after_field) = (at < count, at > count);
            self.places.push(Place { start, column: *column, is_symbol, after_field });
        }
    }

    /// Reads the line at the start of `input` into a new row of its columns, but for the time. Returns the time and the length of
    /// the line. If it is `None`, nothing has changed.
    #[inline]
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        schema: &Schema,
        columns: &mut Columns,
    ) -> Option<(Option<Stamp>, usize)> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let row = self.read_row(input, schema, columns);
        match row {
            Some(_) => self.misses = 0,
            None => self.miss(input, columns),
        }
        row
    }

    /// Removes what was appended of a line that did not fit.
    #[cold]
    fn miss(&mut self, input: &[u8], columns: &mut Columns) {
        self.places.iter().for_each(|place| columns.undo(place.column));
        // A line whose end has not arrived is left to the parser too.
        if !input.contains(&b'\n') {
            return;
        }
        self.missed = true;
        self.misses = self.misses.saturating_add(1);
        if self.misses > MISSES {
            self.pause = (1 << (self.misses - MISSES).min(16)).min(LONGEST_PAUSE);
        }
    }

    #[inline]
    fn read_row(
        &mut self,
        input: &[u8],
        schema: &Schema,
        columns: &mut Columns,
    ) -> Option<(Option<Stamp>, usize)> {
        let Layout { table, places, scratch, none, .. } = self;
        let mut rest = input.get(table.len()..)?;
        // Most lines have all columns of the layout.
        let mut all = places.iter();
        while let Some(place) = all.as_slice().first() {
            let Some(value) = place.start.strip(rest) else {
                let at = places.len() - all.as_slice().len();
                rest = read_gaps(places, at, rest, |place, value| {
                    place.read(value, schema, columns, scratch, none)
                })?;
                break;
            };
            rest = place.read(value, schema, columns, scratch, none)?;
            all.next();
        }
        let (stamp, rest) = quick::line_end(rest)?;
        Some((stamp, input.len() - rest.len()))
    }
}

impl Cells {
    /// Appends the field at the start of the input. Returns how many bytes follow it.
    #[inline]
    fn read_field(&mut self, input: &[u8], scratch: &mut Vec<u8>, none: &Parts) -> Option<usize> {
        if let Some(mut doubles) = self.doubles()
            && let Some((value, rest)) = quick::double(input)
            && rest.first().is_some_and(|b| quick::is_separator(*b))
        {
            doubles.push(value);
            return Some(rest.len());
        }
        self.read_other(input, scratch, none)
    }

    // Not inlined, because the loop over the places would keep its values in memory otherwise.
    #[inline(never)]
    fn read_other(&mut self, input: &[u8], scratch: &mut Vec<u8>, none: &Parts) -> Option<usize> {
        let ends = |rest: &[u8]| rest.first().is_some_and(|b| quick::is_separator(*b));
        let (value, rest) = if let [b'"', text @ ..] = input {
            let (text, rest) = quick::string(text, scratch)?;
            (FieldValue::String(text), rest.len())
        } else if let Some((value, [b'i', rest @ ..])) = quick::integer(input)
            && ends(rest)
        {
            (FieldValue::Long(value), rest.len())
        } else {
            let (value, rest) = quick::field(input, none)?;
            (value, rest.len())
        };
        self.push_field(value)?;
        Some(rest)
    }
}
