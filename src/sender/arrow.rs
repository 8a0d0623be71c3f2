//! Appends batches of Apache Arrow to the sender's own buffer, and flushes on the way.

use questdb_ingress_encoder::internal::{StreamParts as _, prepared_pieces};

use super::Sender;
use super::columns::Taken;
use crate::error::{Error, ErrorParts as _, Result};
use crate::table::{ArrowBatch, ArrowOptions, ArrowStream};

impl Sender {
    /// Appends the rows of a batch to the own buffer, and flushes each time that a limit is reached. So a batch may be
    /// larger than `max_buf_size`, and a limit of rows is kept to the row.
    ///
    /// After an error [`Error::rows_accepted`](crate::Error::rows_accepted) says how many rows of the batch were taken: they
    /// were sent or are in the buffer. If a row is wrong and no row of the batch has been sent, none is taken.
    ///
    /// # Errors
    /// Those of [`Buffer::append_arrow`](crate::Buffer::append_arrow), and those of [`Sender::flush`] with
    /// [`Error::row_accepted`](crate::Error::row_accepted).
    ///
    /// ```
    /// use questdb_ingress::table::{ArrowBatch, ArrowOptions};
    /// use questdb_ingress::{Result, Sender};
    ///
    /// /// Sends a batch. Rows behind one that could not be flushed are appended by a second call.
    /// fn send(sender: &mut Sender, batch: &ArrowBatch) -> Result<()> {
    ///     let options = ArrowOptions::new().table("trades").at_column("time");
    ///     sender.append_arrow(batch, &options).or_else(|e| {
    ///         let rest = batch.slice(e.rows_accepted()..batch.row_count())?;
    ///         if e.row_accepted() { sender.append_arrow(&rest, &options) } else { Err(e) }
    ///     })?;
    ///     sender.flush_own().map(drop)
    /// }
    /// # let _ = send;
    /// ```
    pub fn append_arrow(&mut self, batch: &ArrowBatch, options: &ArrowOptions) -> Result<()> {
        self.all_or_taken(|sender, taken| sender.take_batch(batch, options, taken))
    }

    /// Appends the rows of all batches of a stream that are left, each as [`Sender::append_arrow`] does.
    ///
    /// After an error the stream goes on with the first row that was not taken, and
    /// [`Error::rows_accepted`](crate::Error::rows_accepted) counts the rows of all batches of this call.
    ///
    /// # Errors
    /// As [`Sender::append_arrow`] and [`ArrowStream::next_batch`], with the number of the batch among those of this call,
    /// counted from 0.
    pub fn append_arrow_stream(
        &mut self,
        stream: &mut ArrowStream,
        options: &ArrowOptions,
    ) -> Result<()> {
        let (mut rows, mut number) = (0, 0);
        let failed = loop {
            let batch = match stream.next_batch() {
                Ok(None) => return Ok(()),
                Ok(Some(batch)) => batch,
                Err(e) => break e,
            };
            let appended = self.append_arrow(&batch, options);
            let taken = appended.as_ref().map_or_else(Error::rows_accepted, |()| batch.row_count());
            rows += taken;
            if let Err(e) = appended {
                stream.put_back(batch.slice(taken..batch.row_count())?);
                break e;
            }
            number += 1;
        };
        let mut failed = failed.context(format_args!("batch {number}"));
        failed.facts_mut().rows_accepted = rows;
        Err(failed)
    }

    /// Appends a batch, and adds to `taken` what became of its rows.
    fn take_batch(
        &mut self,
        batch: &ArrowBatch,
        options: &ArrowOptions,
        taken: &mut Taken,
    ) -> Result<()> {
        prepared_pieces(batch, options, &mut |columns| {
            self.take_prepared(columns, 0..columns.row_count(), taken)
        })
    }
}
