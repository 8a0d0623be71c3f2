//! The rows of a table as blocks by time, which are read one at a time: whoever looks at a table never has all of it in memory.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::TableParts;
use super::batches;
use super::error::Result;
use super::merge::{Merge, Source};
use super::part::Part;
use super::schema::StoredSchema;

/// The most rows of a block that comes from one file.
const ROWS: u64 = 65_536;
/// The rows that are read at once from each file.
const BATCH: usize = 16_384;

/// Rows that are neighbours in time.
#[derive(Debug)]
pub(crate) struct Block {
    schema: Arc<StoredSchema>,
    pieces: Vec<Piece>,
    rows: usize,
    times: (i64, i64),
}

/// Rows of one source, which are sorted by time.
#[derive(Debug, Clone)]
struct Piece {
    source: Sorted,
    rows: Range<u64>,
}

#[derive(Debug, Clone)]
enum Sorted {
    Part(Arc<Part>),
    /// A batch that is in the log only.
    Batch(RecordBatch),
}

impl Piece {
    /// Returns the rows in batches: all columns, or only some.
    fn read(&self, columns: Option<&[usize]>) -> Result<Source> {
        match &self.source {
            Sorted::Part(part) => part.read_range(BATCH, self.rows.clone(), columns),
            Sorted::Batch(batch) => {
                let batch = match columns {
                    Some(columns) => batch.project(columns)?,
                    None => batch.clone(),
                };
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(batch.num_rows());
                let (start, end) = (at(self.rows.start), at(self.rows.end));
                Ok(Box::new(std::iter::once(Ok(batch.slice(start, end - start)))))
            }
        }
    }
}

impl Block {
    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns a time that no row is before, and one that none is behind.
    pub(crate) fn times(&self) -> (i64, i64) {
        self.times
    }

    /// Reads the rows, by time. They may lack columns that the table has got since.
    ///
    /// # Errors
    ///
    /// `Damaged` and `Io` if a file cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<RecordBatch>> {
        if let [piece] = &self.pieces[..]
            && (self.schema.dedup.is_none() || matches!(piece.source, Sorted::Part(_)))
        {
            return piece.read(None)?.collect();
        }
        merged(&self.schema, &self.pieces, None)?.collect()
    }
}

/// Merges pieces, in the order in which their rows were committed.
fn merged(schema: &StoredSchema, pieces: &[Piece], columns: Option<&[usize]>) -> Result<Merge> {
    let source = |piece: &Piece| piece.read(columns).map(|source| (i64::MIN, source));
    Ok(Merge::new(schema, pieces.iter().map(source).collect::<Result<_>>()?))
}

impl TableParts {
    /// Returns all rows as blocks by time. Of sources whose times overlap, only times and dedup keys are read for that.
    ///
    /// # Errors
    ///
    /// `Damaged` and `Io` if a file cannot be read.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>> {
        let mut sources = Vec::new();
        for part in &self.parts {
            let piece = Piece { source: Sorted::Part(Arc::clone(part)), rows: 0..part.rows };
            sources.push((part.times, piece));
        }
        for batch in &self.recent {
            let wide = batches::widen(&self.schema, batch)?;
            let sorted = batches::sort(wide, self.schema.time)?;
            let times = batches::times(&sorted, self.schema.time)?;
            if let (Some(first), Some(last)) = (times.first(), times.last()) {
                let rows = 0..sorted.num_rows() as u64;
                sources.push(((*first, *last), Piece { source: Sorted::Batch(sorted), rows }));
            }
        }
        let mut blocks = Vec::new();
        for group in overlapping(sources.iter().map(|(times, _)| *times).collect()) {
            let times = group.iter().map(|n| sources[*n].0);
            let all = (
                times.clone().map(|t| t.0).min().unwrap_or(0),
                times.map(|t| t.1).max().unwrap_or(0),
            );
            let pieces: Vec<Piece> = group.iter().map(|n| sources[*n].1.clone()).collect();
            match &pieces[..] {
                [one] if self.schema.dedup.is_none() || matches!(one.source, Sorted::Part(_)) => {
                    self.cut(one, all, &mut blocks);
                }
                _ => self.merge_blocks(&pieces, &mut blocks)?,
            }
        }
        Ok(blocks)
    }

    /// Adds the blocks of one source.
    fn cut(&self, piece: &Piece, times: (i64, i64), blocks: &mut Vec<Block>) {
        let mut start = piece.rows.start;
        while start < piece.rows.end {
            let end = piece.rows.end.min(start + ROWS);
            let schema = Arc::clone(&self.schema);
            let rows = usize::try_from(end - start).unwrap_or(0);
            let pieces = vec![Piece { source: piece.source.clone(), rows: start..end }];
            blocks.push(Block { schema, pieces, rows, times });
            start = end;
        }
    }

    /// Adds the blocks of sources whose times overlap. Each has the rows of some time from all of them.
    fn merge_blocks(&self, pieces: &[Piece], blocks: &mut Vec<Block>) -> Result<()> {
        let (narrow, columns) = self.schema.narrowed();
        let mut merge = merged(&narrow, pieces, Some(&columns))?;
        let mut before: Vec<u64> = vec![0; pieces.len()];
        while let Some(batch) = merge.next() {
            let batch = batch?;
            let after = merge.positions().to_vec();
            let mut taken = Vec::new();
            for (piece, (from, to)) in pieces.iter().zip(before.iter().zip(&after)) {
                if from < to {
                    taken.push(Piece { source: piece.source.clone(), rows: *from..*to });
                }
            }
            let times = batches::times(&batch, narrow.time)?;
            let times = (times.first().copied(), times.last().copied());
            blocks.push(Block {
                schema: Arc::clone(&self.schema),
                pieces: taken,
                rows: batch.num_rows(),
                times: (times.0.unwrap_or(0), times.1.unwrap_or(0)),
            });
            before = after;
        }
        Ok(())
    }
}

/// Returns the sources, by their numbers, in groups whose times do not overlap, by time.
fn overlapping(times: Vec<(i64, i64)>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|n| times[*n].0);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut end = None;
    for number in order {
        let (first, last) = times[number];
        match groups.last_mut() {
            Some(group) if end.is_some_and(|end| first <= end) => group.push(number),
            _ => groups.push(vec![number]),
        }
        end = Some(end.map_or(last, |end: i64| end.max(last)));
    }
    // Rows of equal times are in the order of their commits.
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups
}
