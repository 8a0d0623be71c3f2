//! Appends batches of Apache Arrow.

use super::Buffer;
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
        let before = self.lines.place()?;
        let appended = self.add_batch(batch, options);
        appended.inspect_err(|_| self.lines.go_back(before))
    }

    /// Appends the rows of all batches of a stream that are left. On failure the buffer is exactly as it was, and the
    /// stream is where it failed.
    ///
    /// # Errors
    /// As [`Buffer::append_arrow`] and [`ArrowStream::next_batch`], with the number of the batch among those of this call,
    /// counted from 0.
    pub fn append_arrow_stream(
        &mut self,
        stream: &mut ArrowStream,
        options: &ArrowOptions,
    ) -> Result<()> {
        let before = self.lines.place()?;
        let mut appended = Ok(());
        for (i, batch) in stream.enumerate() {
            appended = batch.and_then(|batch| self.add_batch(&batch, options));
            if let Err(e) = appended {
                self.lines.go_back(before);
                return Err(e.context(format_args!("batch {i}")));
            }
        }
        appended
    }

    fn add_batch(&mut self, batch: &ArrowBatch, options: &ArrowOptions) -> Result<()> {
        batch.pieces(options, &mut |piece| {
            let mut columns =
                PreparedColumns::new(piece.layout, piece.rows, piece.columns, piece.at)?;
            if let Some((tables, codes)) = piece.tables {
                columns = columns.with_tables(tables, Codes::U32(codes))?;
            }
            self.append_prepared(&columns.counted_from(piece.first), 0..piece.rows)
        })
    }
}
