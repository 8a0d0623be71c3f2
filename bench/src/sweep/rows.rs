//! [`Rows`]: rows of any width, with values by column.

use crate::shapes::Random;

/// Rows to be written, and how the buffer is treated meanwhile.
pub struct Rows {
    pub version: u8,
    pub tables: Vec<String>,
    /// The place of the table of each row.
    pub table_of: Vec<u32>,
    /// Symbols come first.
    pub columns: Vec<Column>,
    pub at: Vec<i64>,
    /// The buffer is emptied after this many rows.
    pub batch: usize,
    /// Whether a new buffer replaces it then.
    pub renewed: bool,
}

pub struct Column {
    pub name: String,
    pub values: Values,
    /// One bit per row, set if the row has a value; the lowest bit comes first.
    pub valid: Option<Vec<u8>>,
}

impl Column {
    pub fn new(name: impl Into<String>, values: Values) -> Column {
        Column { name: name.into(), values, valid: None }
    }

    #[inline(always)]
    pub fn has(&self, row: usize) -> bool {
        self.valid.as_ref().is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1)
    }
}

pub enum Values {
    I64(Vec<i64>),
    F64(Vec<f64>),
    Str(Strings),
    Symbol(Codes, Strings),
    /// So many doubles for each row.
    Arrays(usize, Vec<f64>),
}

/// Texts one after another.
pub struct Strings {
    pub bytes: Vec<u8>,
    /// Where each text begins, and where the last one ends.
    pub offsets: Vec<i32>,
}

impl Strings {
    pub fn of(texts: impl Iterator<Item = String>) -> Strings {
        let mut strings = Strings { bytes: Vec::new(), offsets: vec![0] };
        for text in texts {
            strings.bytes.extend_from_slice(text.as_bytes());
            strings.offsets.push(i32::try_from(strings.bytes.len()).expect("less than 2 GiB"));
        }
        strings
    }

    #[inline(always)]
    pub fn get(&self, i: usize) -> &[u8] {
        &self.bytes[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }
}

/// The place of each row's text in a dictionary.
pub enum Codes {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

impl Codes {
    /// Takes every one of `count` texts in turn.
    pub fn in_turn(rows: usize, count: usize, width: usize) -> Codes {
        // A prime far from any power of two: neighbouring rows have texts that do not lie next to each other.
        let code = |row: usize| row * 7919 % count;
        match width {
            1 => Codes::U8((0..rows).map(|row| code(row) as u8).collect()),
            2 => Codes::U16((0..rows).map(|row| code(row) as u16).collect()),
            _ => Codes::U32((0..rows).map(|row| code(row) as u32).collect()),
        }
    }

    #[inline(always)]
    pub fn get(&self, row: usize) -> usize {
        match self {
            Codes::U8(codes) => codes[row].into(),
            Codes::U16(codes) => codes[row].into(),
            Codes::U32(codes) => codes[row] as usize,
        }
    }
}

const START: i64 = 1_753_086_397_609_765_000;
/// Rows of the usual cell.
pub const USUAL: usize = 4000;

impl Rows {
    /// Rows of one table without columns, a millisecond apart.
    pub fn empty(rows: usize) -> Rows {
        Rows {
            version: 2,
            tables: vec!["trades".into()],
            table_of: vec![0; rows],
            columns: Vec::new(),
            at: (0..rows as i64).map(|i| START + i * 1_000_417).collect(),
            batch: 1000,
            renewed: false,
        }
    }

    /// Rows of one symbol, two doubles and an integer, from which each axis goes away in its own direction.
    pub fn usual(rows: usize) -> Rows {
        let random = &mut Random::seeded(5);
        Rows {
            columns: vec![
                symbols("symbol", rows, 8, 1),
                Column::new("price", doubles(rows, random)),
                Column::new("amount", doubles(rows, random)),
                Column::new("count", integers(rows, random)),
            ],
            ..Rows::empty(rows)
        }
    }

    /// Takes timestamps so far apart on average.
    pub fn with_step(mut self, nanos: i64, order: Order) -> Rows {
        // Long steps begin earlier, so that more of them fit.
        let first = if nanos > 1_000_000_000_000 { START / 3 } else { START };
        let rows = self.at.len() as i64;
        let random = &mut Random::seeded(6);
        let place = |row: i64, random: &mut Random| match order {
            Order::Ascending => row,
            Order::Descending => rows - row,
            Order::Random => random.below(rows as u64) as i64,
        };
        // The longest steps reach the last timestamp, and begin again.
        let years = i128::from(i64::MAX - first);
        let offset = |place: i64| (i128::from(place) * i128::from(nanos) % years) as i64;
        self.at = (0..rows).map(|row| first + offset(place(row, random))).collect();
        self
    }
}

#[derive(Clone, Copy)]
pub enum Order {
    Ascending,
    Random,
    Descending,
}

/// Doubles with two decimals.
pub fn doubles(rows: usize, random: &mut Random) -> Values {
    Values::F64((0..rows).map(|_| random.cents(9_000_000)).collect())
}

/// Integers of both signs.
pub fn integers(rows: usize, random: &mut Random) -> Values {
    Values::I64((0..rows).map(|_| random.below(2_000_000) as i64 - 1_000_000).collect())
}

/// A column of symbols from a dictionary of `count` texts, with codes of so many bytes.
pub fn symbols(name: &str, rows: usize, count: usize, width: usize) -> Column {
    let texts = Strings::of((0..count).map(|i| format!("ETH-{i}")));
    Column::new(name, Values::Symbol(Codes::in_turn(rows, count, width), texts))
}
