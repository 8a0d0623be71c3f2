//! [`Row`]: one row as a value. Either a call of `at` ends it, or it is dropped with what it wrote.

use std::fmt;

use super::Buffer;
use crate::decimal::ToMaybeDecimal;
use crate::error::Result;
use crate::name::{ColumnRef, TableRef};
use crate::table::ArrayView;
use crate::text::MaybeText;
use crate::timestamp::{ToMaybeTimestamp, ToTimestamp};

/// A row under construction in a `Sender`, a `Transaction` or a [`Buffer`]: symbols first, then columns, at least one of either, then one of the `at` calls, which ends it.
///
/// A row that is not ended, because a call failed or because the value was dropped, leaves nothing behind: complete rows
/// stay, and the next row can begin. A row of a sender is flushed automatically when an `auto_flush_*` limit is reached.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, ProtocolVersion, Row};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// for (bid, ask) in [(Some(1.5), None), (None, None), (Some(2.5), Some(3.5))] {
///     // The second row has no column: at_now fails, and only that row is dropped.
///     let row: Row = buffer.row("quotes")?.column_f64("bid", bid)?.column_f64("ask", ask)?;
///     if let Err(e) = row.at_now() {
///         eprintln!("left out: {e}");
///     }
/// }
/// assert_eq!(buffer.row_count(), 2);
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
///
/// The compiler warns about a row that is forgotten:
///
/// ```compile_fail
/// # use questdb_ingress_encoder as questdb_ingress;
/// #![deny(unused_must_use)]
/// # use questdb_ingress::{Buffer, Result};
/// fn forget(buffer: &mut Buffer) -> Result<()> {
///     buffer.row("quotes")?.column_f64("bid", 1.5)?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "a row that is not ended by an `at` call is dropped"]
pub struct Row<'a> {
    home: Home<'a>,
}

#[derive(Debug)]
enum Home<'a> {
    Buffer(&'a mut Buffer),
    Other(&'a mut (dyn RowHome + 'static)),
}

/// What rows are built in besides a buffer: a sender, which flushes its buffer when a limit is reached. The encoder knows
/// nothing of senders but this.
pub trait RowHome: fmt::Debug + Send {
    /// Returns the buffer that the row is written to.
    fn row_buffer(&mut self) -> &mut Buffer;

    /// Does what follows the end of a row.
    ///
    /// # Errors
    /// Those of a flush. The row is in the buffer.
    fn row_ended(&mut self) -> Result<()>;
}

/// Starts a row of `table` in the buffer of `home`.
///
/// # Errors
/// As [`Buffer::table`].
#[inline]
pub fn row_in<'a>(home: &'a mut (dyn RowHome + 'static), table: TableRef<'_>) -> Result<Row<'a>> {
    home.row_buffer().table(table)?;
    Ok(Row { home: Home::Other(home) })
}

impl Buffer {
    /// Starts a row of `table` and returns it as a value. If that value is dropped before the row is ended, so is the row.
    /// See also [`Buffer::table`].
    ///
    /// # Errors
    /// As [`Buffer::table`].
    pub fn row<'n>(&mut self, table: impl Into<TableRef<'n>>) -> Result<Row<'_>> {
        self.table(table)?;
        Ok(Row { home: Home::Buffer(self) })
    }
}

impl Row<'_> {
    #[inline]
    fn buffer(&mut self) -> &mut Buffer {
        match &mut self.home {
            Home::Buffer(buffer) => buffer,
            Home::Other(home) => home.row_buffer(),
        }
    }

    /// Adds a symbol, before the columns. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::symbol`]. The row is dropped.
    #[inline]
    pub fn symbol<'n, 'v>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<Self> {
        self.buffer().symbol(name, value)?;
        Ok(self)
    }

    /// Adds a boolean column. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_bool`]. The row is dropped.
    #[inline]
    pub fn column_bool<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<bool>>,
    ) -> Result<Self> {
        self.buffer().column_bool(name, value)?;
        Ok(self)
    }

    /// Adds a 64-bit integer column. `None` leaves it out; the server stores the smallest integer as NULL.
    ///
    /// # Errors
    /// As [`Buffer::column_i64`]. The row is dropped.
    #[inline]
    pub fn column_i64<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<Self> {
        self.buffer().column_i64(name, value)?;
        Ok(self)
    }

    /// Adds a double column. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_f64`]. The row is dropped.
    #[inline]
    pub fn column_f64<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<f64>>,
    ) -> Result<Self> {
        self.buffer().column_f64(name, value)?;
        Ok(self)
    }

    /// Adds a string column. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_str`]. The row is dropped.
    #[inline]
    pub fn column_str<'n, 'v>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<Self> {
        self.buffer().column_str(name, value)?;
        Ok(self)
    }

    /// Adds a timestamp column in microseconds since 1970. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_ts_micros`]. The row is dropped.
    #[inline]
    pub fn column_ts_micros<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<Self> {
        self.buffer().column_ts_micros(name, value)?;
        Ok(self)
    }

    /// Adds a timestamp column in nanoseconds since 1970. `None` leaves it out; version 1 cuts it to microseconds.
    ///
    /// # Errors
    /// As [`Buffer::column_ts_nanos`]. The row is dropped.
    #[inline]
    pub fn column_ts_nanos<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<Self> {
        self.buffer().column_ts_nanos(name, value)?;
        Ok(self)
    }

    /// Adds an n-dimensional array of doubles; needs version 2. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_f64_arr`]. The row is dropped.
    pub fn column_f64_arr<'n, 'v>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<&'v ArrayView<'v>>>,
    ) -> Result<Self> {
        self.buffer().column_f64_arr(name, value)?;
        Ok(self)
    }

    /// Adds a decimal given as text; needs version 3. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_dec_str`]. The row is dropped.
    pub fn column_dec_str<'n, 'v>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<Self> {
        self.buffer().column_dec_str(name, value)?;
        Ok(self)
    }

    /// Adds the decimal `unscaled / 10^scale`; needs version 3. `unscaled_be` is a big-endian integer in two's complement.
    /// `None` leaves the column out.
    ///
    /// # Errors
    /// As [`Buffer::column_dec`]. The row is dropped.
    pub fn column_dec<'n, 'v>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled_be: impl Into<Option<&'v [u8]>>,
    ) -> Result<Self> {
        self.buffer().column_dec(name, scale, unscaled_be)?;
        Ok(self)
    }

    /// Adds the decimal `unscaled / 10^scale`; needs version 3. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_dec`]. The row is dropped.
    pub fn column_dec_i64<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled: impl Into<Option<i64>>,
    ) -> Result<Self> {
        self.buffer().column_dec_i64(name, scale, unscaled)?;
        Ok(self)
    }

    /// Adds the decimal `unscaled / 10^scale`; needs version 3. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_dec`]. The row is dropped.
    pub fn column_dec_i128<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled: impl Into<Option<i128>>,
    ) -> Result<Self> {
        self.buffer().column_dec_i128(name, scale, unscaled)?;
        Ok(self)
    }

    /// Adds a timestamp column. `None` leaves it out; version 1 cuts nanoseconds to microseconds.
    ///
    /// # Errors
    /// As [`Buffer::column_ts`]. The row is dropped.
    #[inline]
    pub fn column_ts<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl ToMaybeTimestamp,
    ) -> Result<Self> {
        self.buffer().column_ts(name, value)?;
        Ok(self)
    }

    /// Adds a decimal column; needs version 3. `None` leaves it out.
    ///
    /// # Errors
    /// As [`Buffer::column_decimal`]. The row is dropped.
    pub fn column_decimal<'n>(
        mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl ToMaybeDecimal,
    ) -> Result<Self> {
        self.buffer().column_decimal(name, value)?;
        Ok(self)
    }

    /// Ends the row with its designated timestamp, such as a [`TimestampNanos`](crate::TimestampNanos) or a
    /// [`SystemTime`](std::time::SystemTime).
    ///
    /// # Errors
    /// Those of [`Buffer::at`]: the row is dropped. Those of `Sender::flush` if it is flushed automatically: the row is in
    /// the buffer, see [`Error::row_accepted`](crate::Error::row_accepted).
    #[inline]
    pub fn at(mut self, timestamp: impl ToTimestamp) -> Result<()> {
        self.buffer().at(timestamp)?;
        self.ended()
    }

    /// Ends the row with its designated timestamp in nanoseconds since 1970.
    ///
    /// # Errors
    /// Those of [`Buffer::at_nanos`]: the row is dropped. Those of `Sender::flush` if it is flushed automatically: the row
    /// is in the buffer, see [`Error::row_accepted`](crate::Error::row_accepted).
    #[inline]
    pub fn at_nanos(mut self, nanos: i64) -> Result<()> {
        self.buffer().at_nanos(nanos)?;
        self.ended()
    }

    /// As [`Row::at_nanos`], in microseconds.
    ///
    /// # Errors
    /// As [`Row::at_nanos`].
    #[inline]
    pub fn at_micros(mut self, micros: i64) -> Result<()> {
        self.buffer().at_micros(micros)?;
        self.ended()
    }

    /// Ends the row and lets the server set its timestamp. Deduplication cannot recognise such rows.
    ///
    /// # Errors
    /// As [`Row::at_nanos`].
    #[inline]
    pub fn at_now(mut self) -> Result<()> {
        self.buffer().at_now()?;
        self.ended()
    }

    #[inline]
    fn ended(&mut self) -> Result<()> {
        match &mut self.home {
            Home::Buffer(_) => Ok(()),
            Home::Other(home) => home.row_ended(),
        }
    }
}

impl Drop for Row<'_> {
    #[inline]
    fn drop(&mut self) {
        // If the row was ended, this does nothing.
        self.buffer().drop_row();
    }
}
