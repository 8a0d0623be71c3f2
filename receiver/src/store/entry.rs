//! One table: its present schema and the chunks that were committed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chunk::{Chunk, MAX_ROWS};
use crate::limits::{Full, Lease};
use crate::schema::Schema;
use crate::table::{Segment, Table};

/// So many chunks at the end of a table, of similar size, are merged into one. A row is copied once in each size class.
const MERGED: usize = 8;

/// A table that all sessions share. Its lock is held for moments only, never while rows are copied.
#[derive(Debug)]
pub(crate) struct Entry {
    state: Mutex<State>,
    removed: AtomicBool,
}

#[derive(Debug)]
struct State {
    schema: Arc<Schema>,
    chunks: Vec<Arc<Chunk>>,
    /// Whether a thread is merging chunks.
    merging: bool,
    /// The bytes of the schema.
    lease: Lease,
}

/// What became of columns that a line has added.
pub(crate) enum Published {
    Done,
    /// Another session has changed the schema before. This is the present one.
    Changed(Arc<Schema>),
}

impl Entry {
    /// Makes a table without rows. Fails if there is no room for its schema.
    pub(crate) fn new(schema: Schema, mut lease: Lease) -> Result<Entry, Full> {
        lease.set(schema.bytes())?;
        let schema = Arc::new(schema);
        let state = Mutex::new(State { schema, chunks: Vec::new(), merging: false, lease });
        Ok(Entry { state, removed: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.lock().schema)
    }

    /// Returns whether the table is no longer among those of its store.
    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    /// Frees the rows of a table that is no longer among those of its store. Sessions may know the table for longer.
    pub(crate) fn remove(&self) {
        self.removed.store(true, Ordering::Release);
        let chunks = std::mem::take(&mut self.lock().chunks);
        // Freed here, without the lock.
        drop(chunks);
    }

    /// Replaces the schema `base` by `draft`, which has more columns.
    pub(crate) fn publish(
        &self,
        base: &Arc<Schema>,
        draft: &Arc<Schema>,
    ) -> Result<Published, Full> {
        let mut state = self.lock();
        if !Arc::ptr_eq(&state.schema, base) {
            return Ok(Published::Changed(Arc::clone(&state.schema)));
        }
        state.lease.set(draft.bytes())?;
        state.schema = Arc::clone(draft);
        Ok(Published::Done)
    }

    pub(crate) fn row_count(&self) -> usize {
        self.lock().chunks.iter().map(|chunk| chunk.rows()).sum()
    }

    /// Returns the state of the table now.
    pub(crate) fn table(&self) -> Table {
        let state = self.lock();
        let (schema, chunks) = (Arc::clone(&state.schema), state.chunks.clone());
        drop(state);
        Table::new(schema, chunks.into_iter().map(Segment::Memory).collect())
    }

    pub(crate) fn push(&self, chunk: Arc<Chunk>) {
        self.lock().chunks.push(chunk);
    }

    /// Merges small chunks at the end of the table, until there are few of each size. The rows are copied without the lock.
    pub(crate) fn merge_tail(&self) {
        loop {
            let mut state = self.lock();
            let count = mergeable(&state.chunks);
            if count == 0 || state.merging {
                return;
            }
            let start = state.chunks.len() - count;
            let old = state.chunks[start..].to_vec();
            state.merging = true;
            drop(state);
            let merged = Chunk::merge(&old);
            let mut state = self.lock();
            state.merging = false;
            // Other sessions may have appended chunks meanwhile, but only this thread removes some.
            let Ok(merged) = merged else { return };
            if state.chunks.len() < start + count {
                // The table was removed.
                return;
            }
            state.chunks.splice(start..start + count, [Arc::new(merged)]);
        }
    }
}

/// Returns how many chunks at the end are to be merged into one.
fn mergeable(chunks: &[Arc<Chunk>]) -> usize {
    let class = |chunk: &Arc<Chunk>| chunk.rows().max(1).ilog2() / MERGED.ilog2();
    let Some(last) = chunks.last() else { return 0 };
    let alike = chunks.iter().rev().take_while(|chunk| class(chunk) <= class(last));
    let mut rows = 0;
    let fit = alike.take_while(|chunk| {
        rows += chunk.rows();
        rows <= MAX_ROWS
    });
    let count = fit.count();
    if count >= MERGED { count } else { 0 }
}
