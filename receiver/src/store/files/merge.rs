//! Sorted sources of rows merged to one, by time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use arrow_array::RecordBatch;
use arrow_buffer::ScalarBuffer;
use arrow_select::interleave::interleave_record_batch;

use super::batches;
use super::error::Result;
use super::schema::StoredSchema;

/// Batches, each of whose rows are sorted by time, and whose times do not go back.
pub(crate) type Source = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// About how many rows are returned at once.
const ROWS: usize = 65_536;

/// The rows of several sources by time, those with equal times in the order of the sources.
pub(crate) struct Merge {
    schema: StoredSchema,
    cursors: Vec<Cursor>,
    /// The next time of each source that has one.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// The batches in which rows were picked, or will be.
    held: Vec<RecordBatch>,
    /// The rows to return next: batch and row.
    picked: Vec<(usize, usize)>,
    dedup: Option<Dedup>,
    /// For each source, how many of its rows were picked.
    counts: Vec<u64>,
    /// For each source, how many of its rows belong to what was returned so far.
    positions: Vec<u64>,
}

struct Cursor {
    source: Source,
    batch: usize,
    times: ScalarBuffer<i64>,
    row: usize,
}

/// Rows of one time, of which a later one replaces an earlier one with the same keys.
struct Dedup {
    columns: Vec<usize>,
    time: Option<i64>,
    /// Where in `picked` rows of this time begin.
    start: usize,
    /// For each key, where in `picked` its row is.
    places: HashMap<Vec<u8>, usize>,
    /// For each source, how many of its rows were picked before this time.
    counts: Vec<u64>,
}

impl Merge {
    /// Merges sources that are in the order in which their rows were committed. Each comes with its first time, so that it is
    /// not asked before its turn: files whose times do not overlap are open one at a time.
    pub(crate) fn new(schema: &StoredSchema, sources: Vec<(i64, Source)>) -> Merge {
        let dedup = schema.dedup.as_ref().map(|columns| Dedup {
            columns: columns.clone(),
            time: None,
            start: 0,
            places: HashMap::new(),
            counts: vec![0; sources.len()],
        });
        let mut merge = Merge {
            schema: schema.clone(),
            cursors: Vec::new(),
            next: BinaryHeap::new(),
            held: Vec::new(),
            picked: Vec::new(),
            dedup,
            counts: vec![0; sources.len()],
            positions: vec![0; sources.len()],
        };
        for (rank, (first, source)) in sources.into_iter().enumerate() {
            let times = Vec::new().into();
            merge.cursors.push(Cursor { source, batch: 0, times, row: 0 });
            merge.next.push(Reverse((first, rank)));
        }
        merge
    }

    /// Lets a source stand at its next row, in its next batch if need be. Returns whether there is one.
    fn advance(&mut self, rank: usize) -> Result<bool> {
        let cursor = &mut self.cursors[rank];
        while cursor.row >= cursor.times.len() {
            let Some(batch) = cursor.source.next() else {
                // This closes its file.
                cursor.source = Box::new(std::iter::empty());
                return Ok(false);
            };
            let batch = batches::widen(&self.schema, &batch?)?;
            cursor.times = batches::times(&batch, self.schema.time)?;
            cursor.row = 0;
            cursor.batch = self.held.len();
            self.held.push(batch);
        }
        Ok(true)
    }

    /// Picks the rows of the source that is first, up to the next time of the others.
    fn pick(&mut self, rank: usize) -> Result<()> {
        let until = self.next.peek().map(|Reverse(next)| *next);
        if !self.advance(rank)? {
            return Ok(());
        }
        let cursor = &mut self.cursors[rank];
        let mut taken = 0;
        while let Some(time) = cursor.times.get(cursor.row)
            && until.is_none_or(|next| (*time, rank) <= next)
            && taken < ROWS
        {
            let place = (cursor.batch, cursor.row);
            match &mut self.dedup {
                None => self.picked.push(place),
                Some(dedup) => {
                    dedup.begin(*time, self.picked.len(), &self.counts);
                    dedup.pick(place, &self.held, &mut self.picked);
                }
            }
            self.counts[rank] += 1;
            cursor.row += 1;
            taken += 1;
        }
        if self.advance(rank)? {
            let cursor = &self.cursors[rank];
            self.next.push(Reverse((cursor.times[cursor.row], rank)));
        }
        Ok(())
    }

    /// Returns the next rows.
    fn take(&mut self, all: bool) -> Result<RecordBatch> {
        let (count, counts) = match &self.dedup {
            Some(dedup) if !all => (dedup.start, &dedup.counts),
            _ => (self.picked.len(), &self.counts),
        };
        self.positions.clone_from(counts);
        let rows: Vec<(usize, usize)> = self.picked.drain(..count).collect();
        if let Some(dedup) = &mut self.dedup {
            dedup.start -= count.min(dedup.start);
            dedup.places.values_mut().for_each(|place| *place = place.saturating_sub(count));
        }
        let batch = self.gather(&rows)?;
        self.forget();
        Ok(batch)
    }

    /// Returns for each source how many of its rows belong to the batches that were returned: as they are, or replaced.
    pub(crate) fn positions(&self) -> &[u64] {
        &self.positions
    }

    fn gather(&self, rows: &[(usize, usize)]) -> Result<RecordBatch> {
        if let Some((batch, first)) = rows.first().copied()
            && rows.iter().zip(first..).all(|(row, at)| *row == (batch, at))
        {
            return Ok(self.held[batch].slice(first, rows.len()));
        }
        let held: Vec<&RecordBatch> = self.held.iter().collect();
        Ok(interleave_record_batch(&held, rows)?)
    }

    /// Lets go of batches in which nothing is picked and no source stands.
    fn forget(&mut self) {
        let mut used = vec![false; self.held.len()];
        self.picked.iter().for_each(|(batch, _)| used[*batch] = true);
        let standing = self.cursors.iter().filter(|c| c.row < c.times.len());
        standing.for_each(|c| used[c.batch] = true);
        let mut places = Vec::with_capacity(used.len());
        let mut count = 0;
        for used in &used {
            places.push(count);
            count += usize::from(*used);
        }
        let mut index = 0;
        self.held.retain(|_| {
            index += 1;
            used[index - 1]
        });
        self.picked.iter_mut().for_each(|(batch, _)| *batch = places[*batch]);
        self.cursors
            .iter_mut()
            .filter(|c| c.row < c.times.len())
            .for_each(|c| c.batch = places[c.batch]);
    }
}

impl Dedup {
    /// Begins a time, if it is another one than before. `start` rows are picked, and `counts` of each source.
    fn begin(&mut self, time: i64, start: usize, counts: &[u64]) {
        if self.time != Some(time) {
            self.time = Some(time);
            self.start = start;
            self.places.clear();
            self.counts.copy_from_slice(counts);
        }
    }

    fn pick(
        &mut self,
        place: (usize, usize),
        held: &[RecordBatch],
        picked: &mut Vec<(usize, usize)>,
    ) {
        let mut key = Vec::new();
        batches::key(&held[place.0], &self.columns, place.1, &mut key);
        match self.places.get(&key) {
            Some(before) => picked[*before] = place,
            None => {
                self.places.insert(key, picked.len());
                picked.push(place);
            }
        }
    }
}

impl Iterator for Merge {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            let ready = self.dedup.as_ref().map_or(self.picked.len(), |d| d.start);
            if ready >= ROWS {
                return Some(self.take(false));
            }
            let Some(Reverse((_, rank))) = self.next.pop() else {
                return if self.picked.is_empty() { None } else { Some(self.take(true)) };
            };
            if let Err(error) = self.pick(rank) {
                self.next.clear();
                self.picked.clear();
                return Some(Err(error));
            }
        }
    }
}
