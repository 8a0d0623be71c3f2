//! The axes: each goes away from the usual row in one direction.

use super::rows::{Codes, Column, Order, Rows, Strings, USUAL, Values, doubles, integers, symbols};
use crate::shapes::Random;

/// One property of rows.
pub struct Axis {
    pub name: &'static str,
    /// The least ratio to the official client. It is lower where both mostly copy memory.
    pub mark: f64,
    pub points: Vec<Point>,
}

/// A place on an axis.
pub struct Point {
    pub label: String,
    /// Whether it is measured in the short form too.
    pub short: bool,
    make: Box<dyn Fn() -> Rows>,
}

impl Point {
    fn new(label: impl Into<String>, short: bool, make: impl Fn() -> Rows + 'static) -> Point {
        Point { label: label.into(), short, make: Box::new(make) }
    }

    pub fn rows(&self) -> Rows {
        (self.make)()
    }
}

/// Makes an axis of numbers; those of `short` are measured in the short form too.
fn numbers(
    name: &'static str,
    all: &[usize],
    short: &[usize],
    make: impl Fn(usize) -> Rows + Copy + 'static,
) -> Axis {
    let point = |n: &usize| {
        let n = *n;
        Point::new(n.to_string(), short.contains(&n), move || make(n))
    };
    Axis { name, mark: 2.0, points: all.iter().map(point).collect() }
}

/// Returns all axes.
pub fn all() -> Vec<Axis> {
    let mut axes = vec![
        stamps("stamps-ascending", Order::Ascending),
        stamps("stamps-random", Order::Random),
        stamps("stamps-descending", Order::Descending),
        numbers("length-of-all-names", LENGTHS, &[1, 28, 30, 64], names),
        numbers("length-of-one-name", LENGTHS, &[16, 28, 30, 127], one_name),
        numbers("names-with-blanks", &[0, 1, 2, 4], &[0, 1, 4], blanks),
        numbers("columns", COLUMNS, &[1, 10, 257, 1000], columns),
        numbers("tables", TABLES, &[1, 10, 300, 10_000], tables),
        numbers("texts-of-dictionary", DICTIONARIES, &[1, 100, 10_000], dictionary),
        numbers("bytes-of-codes", &[1, 2, 4], &[1, 4], widths),
        numbers("escapes-per-cent", &[0, 1, 5, 20, 50, 100], &[0, 5, 100], escapes),
        numbers("nulls-per-cent", &[0, 1, 10, 50, 90, 99, 100], &[0, 50, 100], nulls),
        numbers("rows-of-batch", BATCHES, &[1, 100, 10_000, 100_000], |n| batches(n, false)),
        numbers("rows-of-new-buffer", BATCHES, &[1, 100, 100_000], |n| batches(n, true)),
        numbers("version", &[1, 2, 3], &[1, 2], version),
    ];
    for (name, letter) in [("ascii-text", "a"), ("text-beyond-ascii", "ж")] {
        axes.push(texts(name, letter));
    }
    let arrays = numbers("doubles-of-array", ARRAYS, &[1, 100, 10_000], arrays);
    axes.push(Axis { mark: 0.7, ..arrays });
    axes
}

const LENGTHS: &[usize] = &[1, 8, 16, 24, 28, 29, 30, 31, 32, 48, 64, 100, 127];
const COLUMNS: &[usize] = &[1, 3, 10, 30, 100, 200, 256, 257, 300, 1000, 2000];
const TABLES: &[usize] = &[1, 2, 10, 100, 256, 257, 300, 1000, 10_000, 100_000];
const DICTIONARIES: &[usize] = &[1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const BATCHES: &[usize] = &[1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const TEXTS: &[usize] = &[0, 1, 8, 15, 16, 17, 32, 100, 1000, 10_000, 100_000, 1_000_000];
const ARRAYS: &[usize] = &[1, 10, 100, 1000, 10_000, 100_000];

fn stamps(name: &'static str, order: Order) -> Axis {
    let steps = [
        ("1us", 1_000, true),
        ("1ms", 1_000_000, true),
        ("50ms", 50_000_000, false),
        ("1s", 1_000_000_000, true),
        ("1min", 60_000_000_000, false),
        ("1h", 3_600_000_000_000, true),
        ("1day", 86_400_000_000_000, false),
        ("1month", 2_592_000_000_000_000, true),
    ];
    let point = |(label, step, short)| {
        Point::new(label, short, move || Rows::usual(USUAL).with_step(step, order))
    };
    Axis { name, mark: 2.0, points: steps.into_iter().map(point).collect() }
}

/// Returns a name of so many bytes that differs from the others.
fn name(len: usize, place: usize) -> String {
    let letter = char::from(b'a' + place as u8);
    letter.to_string().repeat(len)
}

fn names(len: usize) -> Rows {
    let mut rows = Rows::usual(USUAL);
    for (i, column) in rows.columns.iter_mut().enumerate() {
        column.name = name(len, i);
    }
    rows.tables = vec![name(len, 20)];
    rows
}

fn one_name(len: usize) -> Rows {
    let mut rows = Rows::usual(USUAL);
    rows.columns[1].name = name(len, 1);
    rows
}

fn blanks(count: usize) -> Rows {
    let mut rows = Rows::usual(USUAL);
    for column in rows.columns.iter_mut().take(count) {
        column.name = format!("the {}", column.name);
    }
    rows
}

/// Fewer rows where they are wide, so that a batch stays in the cache.
fn few(width: usize) -> (usize, usize) {
    let batch = (40_000 / width).clamp(4, 1000);
    (batch * 4, batch)
}

fn columns(count: usize) -> Rows {
    let (rows, batch) = few(count);
    let random = &mut Random::seeded(7);
    let column = |i| Column::new(format!("column_{i}"), doubles(rows, random));
    Rows { columns: (0..count).map(column).collect(), batch, ..Rows::empty(rows) }
}

fn tables(count: usize) -> Rows {
    let rows = (2 * count).max(USUAL);
    let codes = Codes::in_turn(rows, count, 4);
    Rows {
        tables: (0..count).map(|i| format!("trades-{i}")).collect(),
        table_of: (0..rows).map(|row| codes.get(row) as u32).collect(),
        ..Rows::usual(rows)
    }
}

fn dictionary(count: usize) -> Rows {
    let rows = (2 * count).max(USUAL);
    let width = [255, 65_535].iter().position(|most| count <= *most).map_or(4, |i| i + 1);
    Rows { columns: vec![symbols("symbol", rows, count, width)], ..Rows::empty(rows) }
}

fn widths(width: usize) -> Rows {
    Rows { columns: vec![symbols("symbol", USUAL, 100, width)], ..Rows::empty(USUAL) }
}

/// One symbol and one string of 30 bytes, of which so many per cent need a backslash.
fn escapes(per_cent: usize) -> Rows {
    let text = |special: char, row: usize| {
        let byte = |i: usize| if (row + i * 37) % 100 < per_cent { special } else { 'x' };
        (0..30).map(byte).collect::<String>()
    };
    let texts = |special| Strings::of((0..100).map(|row| text(special, row)));
    let strings = Strings::of((0..USUAL).map(|row| text('"', row)));
    Rows {
        columns: vec![
            Column::new("symbol", Values::Symbol(Codes::in_turn(USUAL, 100, 1), texts(' '))),
            Column::new("note", Values::Str(strings)),
        ],
        ..Rows::empty(USUAL)
    }
}

/// Ten doubles of which so many per cent are missing, and an integer that is always there.
fn nulls(per_cent: usize) -> Rows {
    let random = &mut Random::seeded(8);
    let mut columns = vec![Column::new("always", integers(USUAL, random))];
    for i in 0..10 {
        let mut bits = vec![0; USUAL.div_ceil(8)];
        for row in 0..USUAL {
            bits[row / 8] |= u8::from(random.below(100) as usize >= per_cent) << (row % 8);
        }
        let column = Column::new(format!("column_{i}"), doubles(USUAL, random));
        columns.push(Column { valid: Some(bits), ..column });
    }
    Rows { columns, ..Rows::empty(USUAL) }
}

/// Usual rows with a string, emptied after `batch` rows or given a new buffer then.
fn batches(batch: usize, renewed: bool) -> Rows {
    let rows = (2 * batch).max(USUAL);
    let note = Strings::of((0..rows).map(|i| format!("{i:040}")));
    let mut all = Rows { batch, renewed, ..Rows::usual(rows) };
    all.columns.push(Column::new("note", Values::Str(note)));
    all
}

fn version(version: usize) -> Rows {
    Rows { version: version as u8, ..Rows::usual(USUAL) }
}

fn texts(name: &'static str, letter: &'static str) -> Axis {
    let point = |len: usize| {
        let short = [0, 16, 100, 10_000].contains(&len);
        Point::new(len.to_string(), short, move || {
            let (rows, batch) = few(len.div_ceil(8).max(1));
            let text = letter.repeat(len.div_ceil(letter.len()));
            let note = Strings::of((0..rows).map(|_| text.clone()));
            let columns = vec![Column::new("note", Values::Str(note))];
            Rows { columns, batch, ..Rows::empty(rows) }
        })
    };
    // Texts of more than 10 KB are mostly copied, by both.
    Axis { name, mark: 2.0, points: TEXTS.iter().map(|len| point(*len)).collect() }
}

fn arrays(len: usize) -> Rows {
    let (rows, batch) = few(len);
    let random = &mut Random::seeded(9);
    let values = (0..rows * len).map(|_| random.cents(1_000_000)).collect();
    let columns = vec![Column::new("book", Values::Arrays(len, values))];
    Rows { columns, batch, ..Rows::empty(rows) }
}

/// Rows beside the usual ones where a cliff was, and the ways in which the ledger counts them.
pub struct Cliff {
    pub name: &'static str,
    pub rows: Rows,
    pub ways: &'static [&'static str],
}

/// Returns what the ledger counts of the sweep: one point of each axis on which a way was much slower than beside it.
pub fn cliffs() -> Vec<Cliff> {
    const CALLS: &[&str] = &["Rust text", "C checked"];
    const EVERY: &[&str] = &["Rust text", "C checked", "C prepared", "Rust columns"];
    let cliff = |name, rows, ways| Cliff { name, rows, ways };
    let hours = Rows::usual(USUAL).with_step(3_600_000_000_000, Order::Ascending);
    vec![
        cliff("stamps-an-hour-apart", hours, EVERY),
        cliff("one-name-of-30-bytes", one_name(30), EVERY),
        cliff("names-of-64-bytes", names(64), EVERY),
        cliff("names-with-blanks", blanks(4), CALLS),
        cliff("half-of-doubles-null", nulls(50), EVERY),
        cliff("300-columns", columns(300), &["Rust text"]),
        cliff("1000-tables", tables(1000), &["Rust text", "C prepared"]),
        cliff("one-row-at-a-time", batches(1, false), &["C prepared", "C columns"]),
    ]
}
