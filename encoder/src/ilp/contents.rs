//! What a [`Buffer`] holds: its memory, its rows, and ways to take rows back.

use super::ProtocolVersion;
use super::buffer::{Buffer, BufferOptions};
use super::row_state::Call;
use crate::error::{Result, err};

impl Buffer {
    /// Makes room for `additional` more bytes.
    ///
    /// # Errors
    /// `LimitExceeded` beyond `max_buf_size`, `OutOfMemory`.
    pub fn reserve(&mut self, additional: usize) -> Result<()> {
        self.lines.store.reserve(additional)
    }

    /// Makes room for `rows` rows altogether, as long as the complete ones are. A large buffer that grows step by step is moved
    /// each time. It is only an estimate, so memory that cannot be had is no error here.
    pub(crate) fn expect_rows(&mut self, rows: usize) {
        let (len, count) = (self.len(), self.row_count());
        let Some(each) = len.checked_div(count) else { return };
        // The first rows are often the shortest, as their numbers have fewer digits.
        let (all, has) = ((each + each / 8 + 2).saturating_mul(rows), self.capacity());
        if all > has {
            // At least an eighth more, so that rows that become longer and longer do not move it each time.
            let all = all.max(has.saturating_add(has / 8)).min(self.max_buf_size());
            let _ = self.reserve(all.saturating_sub(len));
        }
    }

    /// Returns how many bytes the buffer can hold without asking for memory.
    pub fn capacity(&self) -> usize {
        self.lines.store.capacity()
    }

    /// Returns the number of bytes so far, including those of an open row.
    #[inline]
    pub fn len(&self) -> usize {
        self.lines.store.len()
    }

    /// Returns whether there are no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of rows that have been ended.
    #[inline]
    pub fn row_count(&self) -> usize {
        self.lines.rows
    }

    /// Returns whether all rows are for one table, so that the server can store all of them or none.
    pub fn is_transactional(&self) -> bool {
        self.lines.one_table
    }

    /// Returns the table of the first row.
    pub fn first_table(&self) -> Option<String> {
        let table = self.lines.first_table.as_ref().filter(|_| !self.is_empty())?;
        Some(table.as_str().to_owned())
    }

    /// Returns the bytes so far, as they would be sent.
    #[inline]
    pub fn peek(&self) -> &[u8] {
        self.lines.store.as_slice()
    }

    /// Drops all rows and the marker and keeps the memory.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.marker = None;
    }

    /// Drops the open row and keeps the complete ones. Without an open row nothing happens.
    pub fn drop_row(&mut self) {
        self.lines.drop_row();
    }

    /// Removes `count` complete rows, from the row number `first` on. Rows are counted from 1, as
    /// [`Error::server_line`](crate::Error::server_line) counts them, so that a row that the server refused can be removed
    /// and the rest sent. An open row stays. The time it takes is proportional to the whole buffer.
    ///
    /// # Errors
    /// `InvalidArgument` if there are no such rows.
    ///
    /// ```
    /// # use questdb_ingress_encoder as questdb_ingress;
    /// use questdb_ingress::{Buffer, ProtocolVersion};
    ///
    /// let mut buffer = Buffer::new(ProtocolVersion::V1);
    /// for n in 1..=3 {
    ///     buffer.table("t")?.column_i64("n", n)?.at_now()?;
    /// }
    /// buffer.remove_rows(2, 1)?;
    /// assert_eq!(buffer.peek(), b"t n=1i\nt n=3i\n");
    /// # Ok::<(), questdb_ingress::Error>(())
    /// ```
    pub fn remove_rows(&mut self, first: usize, count: usize) -> Result<()> {
        let removed = self.lines.remove_rows(first, count)?;
        if let Some(marker) = &mut self.marker {
            self.lines.move_marker(marker, first, count, &removed);
        }
        Ok(())
    }

    /// Returns a number that grows whenever rows go away.
    pub(crate) fn removals(&self) -> u64 {
        self.lines.removals
    }

    /// Notes that rows have gone away since a buffer that stood here had this number.
    pub(crate) fn count_removal_after(&mut self, removals: u64) {
        self.lines.removals = self.lines.removals.max(removals + 1);
    }

    /// Drops the open row and lets no other begin, because the sender that owns the buffer is closed.
    pub(crate) fn close(&mut self) {
        self.lines.close();
    }

    /// Remembers the end of the last row for [`Buffer::rewind_to_marker`]; replaces an earlier marker.
    ///
    /// # Errors
    /// `InvalidState` if a row is open.
    pub fn set_marker(&mut self) -> Result<()> {
        self.marker = Some(self.lines.end_of_rows()?);
        Ok(())
    }

    /// Drops everything since the marker, including an open row, and the marker itself.
    ///
    /// # Errors
    /// `InvalidState` if no marker is set.
    pub fn rewind_to_marker(&mut self) -> Result<()> {
        match self.marker.take() {
            Some(marker) => {
                self.lines.go_back(marker);
                Ok(())
            }
            None => Err(err!(InvalidState, "the buffer has no marker to go back to")),
        }
    }

    /// Forgets the marker, if there is one.
    pub fn clear_marker(&mut self) {
        self.marker = None;
    }

    /// Returns the protocol version of the rows.
    #[inline]
    pub fn protocol_version(&self) -> ProtocolVersion {
        self.lines.version
    }

    /// Returns the longest table or column name in bytes.
    pub fn max_name_len(&self) -> usize {
        self.lines.max_name_len
    }

    /// Returns the capacity in bytes that the buffer started with.
    pub fn init_buf_size(&self) -> usize {
        self.init_buf_size
    }

    /// Returns the most bytes that the buffer may hold.
    pub fn max_buf_size(&self) -> usize {
        self.lines.store.max()
    }

    /// Returns the options of a buffer like this one.
    pub(crate) fn options(&self) -> BufferOptions {
        BufferOptions {
            version: self.protocol_version(),
            max_name_len: self.max_name_len(),
            init_buf_size: self.init_buf_size(),
            max_buf_size: self.max_buf_size(),
        }
    }

    /// Returns whether a row has been started and not ended.
    pub fn is_row_open(&self) -> bool {
        self.lines.is_row_open()
    }

    /// Checks that the buffer could be sent now.
    ///
    /// # Errors
    /// `InvalidState` if a row is open.
    pub fn check_flushable(&self) -> Result<()> {
        self.lines.state.require(Call::Flush)
    }
}
