//! [`ArrowStream`]: batches of rows, one after the other.
#![expect(unsafe_code, reason = "takes over structs that another language vouches for")]

use std::sync::Arc;

use super::batch::ArrowBatch;
use super::c_data::{ArrowArrayStream, OwnedStream};
use super::field::Field;
use crate::error::Result;

/// Batches of rows of one type, as Arrow's C stream interface gives them. The stream is released when it is dropped.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ArrowArrayStream, ArrowOptions, ArrowStream};
/// use questdb_ingress::{Buffer, ProtocolVersion, Result};
///
/// /// Appends everything that another library of Arrow has exported.
/// ///
/// /// # Safety
/// /// As [`ArrowStream::import`].
/// unsafe fn append(buffer: &mut Buffer, exported: *mut ArrowArrayStream) -> Result<()> {
///     // SAFETY: the caller vouches for it.
///     let mut stream = unsafe { ArrowStream::import(exported) }?;
///     buffer.append_arrow_stream(&mut stream, &ArrowOptions::new().table("trades").at_column("time"))
/// }
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// // SAFETY: a released stream is recognised by its callback.
/// let e = unsafe { append(&mut buffer, &mut ArrowArrayStream::released()) }.unwrap_err();
/// assert_eq!(e.message(), "the ArrowArrayStream was released");
/// ```
#[derive(Debug)]
pub struct ArrowStream {
    stream: OwnedStream,
    columns: Arc<Vec<Field>>,
    /// Batches that were put back; the last one comes next.
    waiting: Vec<ArrowBatch>,
}

impl ArrowStream {
    /// Takes over a stream and reads the type of its batches. `stream` is moved away and marked as released, also if this
    /// fails; its callback is called once, when the stream is dropped.
    ///
    /// # Errors
    /// As [`ArrowBatch::import`], and `InvalidArgument` with the text of the stream if it fails.
    ///
    /// # Safety
    /// The pointer is NULL, or points to a struct that follows the C stream interface of Arrow or was released. Any thread
    /// may call its callbacks, and for its batches the promises of [`ArrowBatch::import`] hold.
    pub unsafe fn import(stream: *mut ArrowArrayStream) -> Result<ArrowStream> {
        // SAFETY: the caller vouches for it.
        let mut stream = unsafe { OwnedStream::take(stream) }?;
        let columns = Field::columns(stream.schema()?.get())?;
        Ok(ArrowStream { stream, columns: Arc::new(columns), waiting: Vec::new() })
    }

    /// Returns the next batch; at the end there is none.
    ///
    /// # Errors
    /// As [`ArrowBatch::import`], and `InvalidArgument` with the text of the stream if it fails.
    pub fn next_batch(&mut self) -> Result<Option<ArrowBatch>> {
        if let Some(batch) = self.waiting.pop() {
            return Ok(Some(batch));
        }
        let next = self.stream.next()?;
        next.map(|array| ArrowBatch::new(array, Arc::clone(&self.columns))).transpose()
    }

    /// Makes `batch` the next one.
    pub(crate) fn put_back(&mut self, batch: ArrowBatch) {
        self.waiting.push(batch);
    }
}

impl Iterator for ArrowStream {
    type Item = Result<ArrowBatch>;

    fn next(&mut self) -> Option<Result<ArrowBatch>> {
        self.next_batch().transpose()
    }
}
