//! Appends rows given by columns, and flushes between pieces of them.

use std::ops::Range;

use questdb_ingress_encoder::internal::{BufferParts as _, ColumnsParts as _};

use super::Sender;
use super::auto_flush::AutoFlush;
use super::pooled::Pooled;
use crate::error::{ErrorCode, ErrorParts as _, Result};
use crate::ilp::PreparedColumns;
use crate::table::{ColumnData, RowLayout};

/// The most rows of a piece, after which the limits are looked at. Smaller pieces take more time, greater ones look at the
/// interval less often.
pub(super) const PIECE: usize = 4096;
/// The rows of the first piece if `auto_flush_bytes` is set: how long rows are is not known before.
const FIRST_PIECE: usize = 64;

impl Sender {
    /// Appends rows given by columns to the own buffer, all of them or none, and flushes once if a limit is reached. Many rows
    /// are better sent by [`Sender::append_prepared`], which flushes on the way.
    ///
    /// ```
    /// use questdb_ingress::Sender;
    /// use questdb_ingress::table::{ColumnKind, ColumnValues, RowLayout};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
    /// let mut trades = RowLayout::new("trades")?;
    /// trades.add("price", ColumnKind::F64)?;
    /// let start = 1_700_000_000_000_000_000;
    /// let prices = ColumnValues::F64(&[2615.54, 2616.1]);
    /// sender.append_columns(&trades, 2, &[prices.into()], Some(&[start, start + 1]))?;
    /// sender.flush_own()?;
    /// assert_eq!(receiver.table("trades").ok_or("no table")?.row_count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Buffer::append_columns`](crate::Buffer::append_columns): the buffer is as it was. Those of
    /// [`Sender::flush`]: the rows are in the buffer, see [`Error::row_accepted`](crate::Error::row_accepted).
    pub fn append_columns(
        &mut self,
        layout: &RowLayout,
        rows: usize,
        columns: &[ColumnData<'_>],
        at: Option<&[i64]>,
    ) -> Result<()> {
        self.buffer.append_columns(layout, rows, columns, at)?;
        self.after_row()
    }

    /// Appends the `rows` of `columns`, counted from 0, to the own buffer, and flushes on the way whenever a limit is reached:
    /// after exactly `auto_flush_rows` rows, after about `auto_flush_bytes` bytes, and after at most 4096 rows once
    /// `auto_flush_interval` is over. While nothing is flushed automatically, as in a transaction, all rows are appended or
    /// none.
    ///
    /// An error ends the call. [`Error::rows_accepted`](crate::Error::rows_accepted) then says how many of the rows the sender
    /// has taken: they were sent or are in the buffer, as after a failed flush of single rows. The others were not touched, so
    /// the call can be made again for them. If a row is wrong and none of the rows has been sent, none is taken.
    ///
    /// ```
    /// use questdb_ingress::table::{ColumnKind, ColumnValues, RowLayout, TimestampKind};
    /// use questdb_ingress::{PreparedColumns, Result, Sender};
    /// use questdb_receiver::{Listener, Receiver};
    ///
    /// let receiver = Receiver::builder().start()?;
    /// let mut sender = Sender::from_conf(&format!("{}auto_flush_rows=1000;", receiver.conf(Listener::Http)))?;
    /// let mut layout = RowLayout::new("readings")?;
    /// layout.add("n", ColumnKind::I64)?.set_timestamp(TimestampKind::Now);
    /// let numbers: Vec<i64> = (0..2500).collect();
    /// let columns = PreparedColumns::new(&layout, 2500, &[ColumnValues::I64(&numbers).into()], None)?;
    /// if let Err(e) = sender.append_prepared(&columns, 0..2500) {
    ///     eprintln!("{e}");
    ///     // Once more, for the rows that the sender has not taken.
    ///     sender.append_prepared(&columns, e.rows_accepted()..2500)?;
    /// }
    /// sender.flush_own()?;
    /// assert_eq!(receiver.table("readings").ok_or("no table")?.row_count(), 2500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Buffer::append_prepared`](crate::Buffer::append_prepared), and those of [`Sender::flush`] with
    /// [`Error::row_accepted`](crate::Error::row_accepted).
    pub fn append_prepared(
        &mut self,
        columns: &PreparedColumns<'_>,
        rows: Range<usize>,
    ) -> Result<()> {
        // Rows that do not exist are refused before any row is appended.
        columns.check_rows(&rows)?;
        self.all_or_taken(|sender, taken| sender.take_prepared(columns, rows, taken))
    }

    /// Calls `append`. If it fails before any of its rows was sent, and not because of a flush, its rows are dropped. Its
    /// error says how many rows were taken.
    pub(super) fn all_or_taken(
        &mut self,
        append: impl FnOnce(&mut Sender, &mut Taken) -> Result<()>,
    ) -> Result<()> {
        // The timer gets the rows once all are there, so that limits are kept to the row.
        let timed = self.pooled.as_ref().is_some_and(Pooled::is_timed);
        if timed {
            self.without_timer()?;
        }
        let before = self.buffer.end_of_rows()?;
        let mut taken = Taken::default();
        let result = append(self, &mut taken).map_err(|mut e| {
            if !taken.sent && !e.row_accepted() {
                self.buffer.go_back(before);
                taken.rows = 0;
            }
            e.facts_mut().rows_accepted = taken.rows;
            e
        });
        if timed {
            self.with_timer_again();
        }
        result
    }

    /// Appends the `rows` of `columns` piece by piece, flushes when a limit is reached, and adds to `taken` what became of
    /// them.
    pub(super) fn take_prepared(
        &mut self,
        columns: &PreparedColumns<'_>,
        mut rows: Range<usize>,
        taken: &mut Taken,
    ) -> Result<()> {
        let mut row_len = None;
        while !rows.is_empty() {
            let (len, count) = (self.buffer.len(), self.buffer.row_count());
            let most = match self.in_transaction() {
                true => usize::MAX,
                false => self.auto_flush.rows_left(count, len, row_len),
            };
            let end = rows.end.min(rows.start.saturating_add(most));
            let end = self.append_piece(columns, rows.start..end)?;
            let piece = end - rows.start;
            if row_len.is_none() && !self.in_transaction() {
                self.expect_rows(end..rows.end);
            }
            row_len = Some((self.buffer.len() - len) / piece);
            rows.start = end;
            taken.rows += piece;
            self.after_row()?;
            taken.sent |= self.buffer.row_count() < count + piece;
        }
        Ok(())
    }

    /// Makes room for a whole request, or for `rows` more rows if they are fewer.
    fn expect_rows(&mut self, rows: Range<usize>) {
        let limit = self.auto_flush.rows.and_then(|rows| usize::try_from(rows).ok());
        let all = self.buffer.row_count().saturating_add(rows.len());
        if self.auto_flush.bytes.is_none() {
            self.buffer.expect_rows(limit.unwrap_or(usize::MAX).min(all));
        }
    }

    /// Appends `rows`, or as many of them as have room in the buffer, and returns the end of those.
    fn append_piece(
        &mut self,
        columns: &PreparedColumns<'_>,
        mut rows: Range<usize>,
    ) -> Result<usize> {
        loop {
            match self.buffer.append_prepared(columns, rows.clone()) {
                Ok(()) => return Ok(rows.end),
                // A piece of fewer rows may be flushed before the next one.
                Err(e) if e.code() == ErrorCode::LimitExceeded && rows.len() > 1 => {
                    rows.end = rows.start + rows.len() / 2;
                }
                Err(e) => return Err(e),
            }
        }
    }
}

/// What became of the rows of a call.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// How many of them were sent or are in the buffer.
    pub(crate) rows: usize,
    /// Whether any of them was sent.
    pub(super) sent: bool,
}

impl AutoFlush {
    /// Returns how many rows may follow `rows` and `bytes` in the buffer before the limits are looked at, at least one.
    /// `row_len` is the length of the last rows, if it is known.
    fn rows_left(&self, rows: usize, bytes: usize, row_len: Option<usize>) -> usize {
        if self.rows.is_none() && self.bytes.is_none() && self.interval.is_none() {
            return usize::MAX;
        }
        let left = |limit: u64, used: usize| {
            usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(used)
        };
        let by_rows = self.rows.map_or(PIECE, |limit| left(limit, rows));
        let by_bytes = match (self.bytes, row_len) {
            (None, _) => PIECE,
            (Some(_), None) => FIRST_PIECE,
            (Some(limit), Some(len)) => left(limit, bytes).div_ceil(len.max(1)),
        };
        // A limit that is passed already does not say how many rows come between two looks: the flush may have to wait.
        let some = |rows: usize| if rows == 0 { PIECE } else { rows };
        some(by_rows).min(some(by_bytes)).min(PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_where_a_limit_is_reached() {
        let off = AutoFlush { rows: None, bytes: None, interval: None };
        assert_eq!(off.rows_left(5, 500, Some(100)), usize::MAX);
        let rows = AutoFlush { rows: Some(600), ..off };
        assert_eq!(rows.rows_left(0, 0, None), 600);
        assert_eq!(rows.rows_left(599, 0, None), 1);
        assert_eq!(rows.rows_left(600, 0, None), PIECE, "the flush has to wait");
        assert_eq!(rows.rows_left(usize::MAX, 0, None), PIECE);
        let bytes = AutoFlush { bytes: Some(1000), ..off };
        assert_eq!(bytes.rows_left(0, 0, None), FIRST_PIECE);
        assert_eq!(bytes.rows_left(9, 900, Some(100)), 1);
        assert_eq!(bytes.rows_left(9, 850, Some(100)), 2);
        assert_eq!(bytes.rows_left(9, 850, Some(0)), 150);
        assert_eq!(bytes.rows_left(9, 1000, Some(100)), PIECE);
        let both = AutoFlush { rows: Some(75_000), bytes: Some(u64::MAX), ..off };
        assert_eq!(both.rows_left(74_999, 850, Some(100)), 1);
        assert_eq!(both.rows_left(0, 850, Some(100)), PIECE);
    }
}
