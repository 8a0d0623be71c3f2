//! Appends batches of Apache Arrow.

use super::Buffer;
use super::lines::Marker;
use super::rows::PreparedColumns;
use crate::error::Result;
use crate::table::{ArrowBatch, ArrowOptions, ArrowStream, Codes};

impl Buffer {
    /// Appends the rows of a batch. On failure the buffer is exactly as it was.
    ///
    /// # Errors
    /// `InvalidArgument` for a type that cannot be sent, an option that does not fit the batch, or an integer over the
    /// greatest of 64 bits; `InvalidState` if a row is open or a row has no values; `InvalidTimestamp` for a time that
    /// microseconds of 64 bits cannot express; `InvalidArray` for lists that are no array of doubles; and the errors of the
    /// single calls that make the same rows. Messages count rows and columns from 0.
    pub fn append_arrow(&mut self, batch: &ArrowBatch, options: &ArrowOptions) -> Result<()> {
        let before = self.end_of_rows()?;
        let appended = prepared_pieces(batch, options, &mut |columns| {
            self.append_prepared(columns, 0..columns.row_count())
        });
        appended.inspect_err(|_| self.go_back(before))
    }

    /// Appends the rows of all batches of a stream that are left. On failure the buffer is exactly as it was, and the
    /// stream gives the same batches once more; until the end of the call it keeps all of them.
    ///
    /// # Errors
    /// As [`Buffer::append_arrow`] and [`ArrowStream::next_batch`], with the number of the batch among those of this call,
    /// counted from 0.
    pub fn append_arrow_stream(
        &mut self,
        stream: &mut ArrowStream,
        options: &ArrowOptions,
    ) -> Result<()> {
        let before = self.end_of_rows()?;
        let mut taken = Vec::new();
        loop {
            let number = taken.len();
            let appended = match stream.next_batch() {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => {
                    let appended = self.append_arrow(&batch, options);
                    taken.push(batch);
                    appended
                }
                Err(e) => Err(e),
            };
            if let Err(e) = appended {
                self.go_back(before);
                taken.into_iter().rev().for_each(|batch| stream.put_back(batch));
                return Err(e.context(format_args!("batch {number}")));
            }
        }
    }

    /// Returns the place to go back to, if rows that follow turn out to be wrong.
    pub(crate) fn end_of_rows(&self) -> Result<Marker> {
        self.lines.end_of_rows()
    }

    /// Drops all rows since `place`.
    pub(crate) fn go_back(&mut self, place: Marker) {
        self.lines.go_back(place);
    }
}

/// Calls `take` with the rows of a batch, piece by piece, until it returns an error.
///
/// # Errors
/// As [`Buffer::append_arrow`], and those of `take`.
pub fn prepared_pieces(
    batch: &ArrowBatch,
    options: &ArrowOptions,
    take: &mut dyn FnMut(&PreparedColumns<'_>) -> Result<()>,
) -> Result<()> {
    batch.pieces(options, &mut |piece| {
        let mut columns = PreparedColumns::new(piece.layout, piece.rows, piece.columns, piece.at)?;
        if let Some((tables, codes)) = piece.tables {
            columns = columns.with_tables(tables, Codes::U32(codes))?;
        }
        take(&columns.counted_from(piece.first))
    })
}
