//! The settings of a file store.

use std::time::Duration;

use super::disk::FaultHook;

/// When a commit returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When the rows are on the disk; they survive a loss of power.
    Commit,
    /// When the system has the rows; they survive the end of the process. The disk has them after this time at most.
    Interval(Duration),
    /// When the system has the rows, which decides when the disk gets them.
    Never,
}

/// The settings of a [`FileStore`](super::FileStore).
#[derive(Debug, Clone)]
pub(crate) struct FileOptions {
    pub(crate) durability: Durability,
    /// A flush begins when this many rows wait for it, over all tables,
    pub(crate) flush_rows: u64,
    /// or this many bytes of memory,
    pub(crate) flush_bytes: u64,
    /// or when the oldest row has waited this long.
    pub(crate) flush_age: Duration,
    /// Files of one partition are merged when there are this many. Tables with dedup keys are merged when there are two.
    pub(crate) compact_parts: usize,
    /// The most rows of a row group of a Parquet file.
    pub(crate) row_group_rows: usize,
    /// The most bytes that a row group may take in memory before it is written.
    pub(crate) row_group_bytes: usize,
    /// Whether a thread flushes and compacts without being asked.
    pub(crate) background: bool,
    /// Called at each step of a write; tests make it fail or end the process.
    pub(crate) faults: Option<FaultHook>,
}

impl Default for FileOptions {
    fn default() -> FileOptions {
        FileOptions {
            durability: Durability::Commit,
            flush_rows: 1_000_000,
            flush_bytes: 64 << 20,
            flush_age: Duration::from_secs(600),
            compact_parts: 8,
            row_group_rows: 1_000_000,
            row_group_bytes: 32 << 20,
            background: true,
            faults: None,
        }
    }
}
