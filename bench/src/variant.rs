//! A way to write the rows of one shape, ready to be run and timed.

use crate::shapes::{Encoder, Names, ROWS, Shape};

/// When the buffer is emptied.
#[derive(Clone, Copy, Debug)]
pub enum Emptied {
    /// It is cleared after this many rows.
    Cleared(usize),
    /// It is replaced by a new one after this many rows.
    Replaced(usize),
}

/// One line of the tables.
pub trait Variant {
    /// Writes `rows` rows, starting where the last run ended.
    fn run(&mut self, rows: usize, emptied: Emptied);

    /// Returns the output of all different rows.
    fn output(&mut self) -> Vec<u8>;
}

/// Any [`Encoder`], called from Rust.
pub struct InRust<E, S: 'static> {
    encoder: E,
    names: Names,
    rows: &'static [S],
    at: usize,
}

impl<E: Encoder, S: Shape> InRust<E, S> {
    pub fn new(encoder: E, rows: &'static [S]) -> Self {
        InRust { encoder, names: Names::new(S::TABLE, S::COLUMNS), rows, at: 0 }
    }

    /// Writes the next rows; after the last different row the first one follows again.
    #[inline(never)]
    fn block(&mut self, mut rows: usize) {
        while rows > 0 {
            let some = rows.min(ROWS - self.at);
            for row in &self.rows[self.at..self.at + some] {
                if let Err(e) = row.write(&mut self.encoder, &self.names) {
                    panic!("{e}");
                }
            }
            self.at = (self.at + some) % ROWS;
            rows -= some;
        }
    }
}

impl<E: Encoder, S: Shape> Variant for InRust<E, S> {
    fn run(&mut self, mut rows: usize, emptied: Emptied) {
        while rows > 0 {
            let some = match emptied {
                Emptied::Cleared(each) => {
                    self.encoder.clear();
                    each.min(rows)
                }
                Emptied::Replaced(each) => {
                    self.encoder.fresh();
                    each.min(rows)
                }
            };
            self.block(some);
            rows -= some;
        }
    }

    fn output(&mut self) -> Vec<u8> {
        self.encoder.clear();
        self.at = 0;
        self.block(ROWS);
        let bytes = self.encoder.bytes().to_vec();
        self.encoder.clear();
        bytes
    }
}
