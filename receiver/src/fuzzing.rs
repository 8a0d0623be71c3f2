//! What the fuzz targets need and nobody else may use: sessions without sockets, for whole inputs and for the same inputs in pieces.
//! It exists only with `--cfg fuzzing`, which only `ci/fuzz` sets.

use std::fmt::Write as _;

use crate::ReceiverBuilder;
use crate::session::Session;
use crate::session::bench::{self, Bench};

/// What can be seen of a session that has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// How it ended: `Open`, `Waits`, `Closed` or `Answered`, before its peer ended it.
    pub state: String,
    /// What it sent.
    pub sent: Vec<u8>,
    /// Code, line and byte of each refusal. Their texts depend on how much of a line had arrived.
    pub refusals: Vec<(&'static str, u64, u64)>,
    /// All tables with all values.
    pub tables: String,
    /// The rows that were stored.
    pub rows: u64,
    /// The bytes of the budget that are taken after everything was removed.
    pub leaked: usize,
}

/// Passes the pieces to a session over TCP, and ends it.
///
/// # Panics
/// The settings are wrong.
pub fn tcp<'a>(builder: ReceiverBuilder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    run(bench::tcp(builder), pieces)
}

/// Passes the pieces to a session over HTTP, and ends it.
///
/// # Panics
/// The settings are wrong.
pub fn http<'a>(builder: ReceiverBuilder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    run(bench::http(builder), pieces)
}

/// Reads lines in both ways that there are, cut as the first bytes say.
///
/// # Panics
/// The two ways differ.
pub use crate::session::compare::compare_readers;

/// Reads records of the log that are made and damaged as the bytes say, joined and one by one.
///
/// # Panics
/// The two ways differ, or something else than an error comes of a damaged record.
#[cfg(feature = "files")]
pub fn replay(data: &[u8]) {
    let _ = crate::store::replay(data);
}

fn run<'a, S: Session>(mut bench: Bench<S>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    for piece in pieces {
        bench.bytes(piece);
    }
    let state = format!("{:?}", bench.state);
    bench.end();
    let refusals = bench.refusals().into_iter().map(|(code, line, byte, _)| (code, line, byte));
    Seen {
        state,
        refusals: refusals.collect(),
        tables: tables(&bench),
        rows: bench.rows(),
        sent: std::mem::take(&mut bench.sent),
        leaked: bench.held_without_tables(),
    }
}

fn tables<S: Session>(bench: &Bench<S>) -> String {
    let mut out = String::new();
    for name in bench.shared.store.table_names() {
        let Some(table) = bench.shared.store.table(&name) else { continue };
        let _ = writeln!(out, "{name:?}");
        for column in table.columns() {
            let _ = writeln!(out, "  {:?} {:?}", column.name(), column.column_type());
        }
        for row in 0..table.row_count() {
            let _ = writeln!(out, "  {:?}", table.row(row));
        }
    }
    out
}
