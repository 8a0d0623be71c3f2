//! Rows in the sender's own buffer, which is flushed when a row reaches a limit.

use questdb_ingress_encoder::internal::{RowHome, row_in};

use super::Sender;
use crate::error::Result;
use crate::ilp::{Buffer, Row};
use crate::name::TableRef;

impl Sender {
    /// Starts a row of `table` in the sender's own buffer.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState` if a row is open in the buffer or the sender is closed, `LimitExceeded`,
    /// `OutOfMemory`.
    #[inline]
    pub fn row<'n>(&mut self, table: impl Into<TableRef<'n>>) -> Result<Row<'_>> {
        row_in(self, table.into())
    }
}

impl RowHome for Sender {
    #[inline]
    fn row_buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    fn row_ended(&mut self) -> Result<()> {
        self.after_row()
    }
}
