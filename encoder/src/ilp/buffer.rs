//! [`Buffer`]: rows under construction.

use super::ProtocolVersion;
use super::decimal::{Decimal, DecimalInteger, DecimalText};
use super::lines::{Lines, Marker};
use super::name_cache::NameCache;
use super::value::{DoubleBits, DoubleText, Integer, Nanos, Symbol, WireValue};
use crate::error::{Result, err};
use crate::name::{
    ColumnName, ColumnRef, DEFAULT_MAX_NAME_LEN, Name as _, NameRef, TableName, TableRef,
};
use crate::table::{ArrayView, TimestampKind};
use crate::text::{MaybeText, Text};

/// The limits of a [`Buffer`] and the version of its rows.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, BufferOptions, ErrorCode, ProtocolVersion};
///
/// let mut options = BufferOptions::new(ProtocolVersion::V2);
/// options.init_buf_size = 16;
/// options.max_buf_size = 16;
/// let mut buffer = Buffer::with_options(options)?;
/// buffer.row("t")?.column_i64("x", 1)?.at_now()?;
/// let e = buffer.row("t").and_then(|row| row.column_str("x", "too long")?.at_now()).unwrap_err();
/// assert_eq!((e.code(), buffer.row_count()), (ErrorCode::LimitExceeded, 1));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferOptions {
    /// The protocol version of the rows.
    pub version: ProtocolVersion,
    /// The longest table or column name in bytes.
    pub max_name_len: usize,
    /// The capacity in bytes to start with.
    pub init_buf_size: usize,
    /// The most bytes the buffer may hold.
    pub max_buf_size: usize,
}

impl BufferOptions {
    /// Returns the defaults: names of 127 bytes, 64 KiB to start with, 100 MiB at most.
    pub fn new(version: ProtocolVersion) -> BufferOptions {
        BufferOptions {
            version,
            max_name_len: DEFAULT_MAX_NAME_LEN,
            init_buf_size: 64 << 10,
            max_buf_size: 100 << 20,
        }
    }
}

/// Rows under construction, as the bytes that go to the server.
///
/// A row is `table`, then any symbols, then any columns, at least one of either, then one of the `at` calls. A call that
/// fails leaves the buffer exactly as it was; the row can go on with a correct call.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, ProtocolVersion, TimestampNanos};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// let ts = TimestampNanos::new(1_646_762_637_609_765_000);
/// buffer.table("trades")?.symbol("symbol", "ETH-USD")?.column_f64("price", 2615.54)?.at(ts)?;
/// assert_eq!(buffer.peek(), b"trades,symbol=ETH-USD price=2615.54 1646762637609765000\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[must_use = "rows in a buffer go nowhere until a sender flushes it"]
pub struct Buffer {
    pub(super) lines: Lines,
    tables: NameCache<TableName>,
    columns: NameCache<ColumnName>,
    pub(super) init_buf_size: usize,
    pub(super) marker: Option<Marker>,
    /// Whether the version was assumed before the server told its own, see [`Buffer::convert`].
    pub(super) assumed: bool,
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        self.with_lines(self.lines.clone())
    }
}

impl Buffer {
    /// Creates an empty buffer with the default limits.
    pub fn new(version: ProtocolVersion) -> Buffer {
        let mut buffer = Buffer::without_memory(BufferOptions::new(version));
        // If even this little memory is refused, the first row reports it.
        let _ = buffer.lines.store.reserve(buffer.init_buf_size);
        buffer
    }

    /// Creates an empty buffer with the given limits.
    ///
    /// # Errors
    /// `InvalidArgument` if the limits contradict each other, `OutOfMemory`.
    pub fn with_options(options: BufferOptions) -> Result<Buffer> {
        if options.init_buf_size > options.max_buf_size {
            return Err(err!(
                InvalidArgument,
                "init_buf_size of {} is over max_buf_size of {}",
                options.init_buf_size,
                options.max_buf_size
            ));
        }
        let mut buffer = Buffer::without_memory(options);
        buffer.lines.store.reserve(options.init_buf_size)?;
        Ok(buffer)
    }

    fn without_memory(options: BufferOptions) -> Buffer {
        Buffer {
            lines: Lines::new(options.version, options.max_name_len, options.max_buf_size),
            tables: NameCache::new(),
            columns: NameCache::new(),
            init_buf_size: options.init_buf_size,
            marker: None,
            assumed: false,
        }
    }

    /// Returns a copy with these lines, which can be used even if this buffer is that of a closed sender. It begins without
    /// the caches, since these only save time.
    fn with_lines(&self, lines: Lines) -> Buffer {
        let (tables, columns) = (NameCache::new(), NameCache::new());
        Buffer { lines: lines.reopened(), tables, columns, ..*self }
    }

    /// Like [`Clone::clone`], but returns `OutOfMemory` instead of ending the process.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn try_clone(&self) -> Result<Buffer> {
        Ok(self.with_lines(self.lines.try_clone()?))
    }

    /// Starts a row.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn table<'n>(&mut self, name: impl Into<TableRef<'n>>) -> Result<&mut Self> {
        let name = name.into().0;
        if !self.quick_table(name) {
            self.slow_table(name)?;
        }
        Ok(self)
    }

    /// Starts a row on the quick path. Returns false and changes nothing if the row needs the slow path.
    #[inline(always)]
    pub(super) fn quick_table(&mut self, name: NameRef<'_, TableName>) -> bool {
        let expected = match name {
            NameRef::Checked(name) => Some(name),
            NameRef::Raw(text) => self.tables.expected_short(text),
        };
        let written = expected.is_some_and(|name| self.lines.quick_table(name));
        if written {
            self.columns.restart();
        }
        written
    }

    #[cold]
    #[inline(never)]
    fn slow_table(&mut self, name: NameRef<'_, TableName>) -> Result<()> {
        match name {
            NameRef::Checked(name) => self.lines.table(name)?,
            NameRef::Raw(text) => {
                let name = self.tables.resolve(text, self.lines.max_name_len)?;
                // Another table than in the row before, which is all that kept the row from the quick path.
                if !self.lines.quick_table(name) {
                    self.lines.table(name)?;
                }
                self.tables.repeat();
            }
        }
        self.columns.restart();
        Ok(())
    }

    /// Adds a symbol to the open row, before its columns.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`; `InvalidArgument` for a value that holds a
    /// NUL, for which the server would refuse the whole request.
    #[inline]
    pub fn symbol<'n, 'v>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into().0.map(Symbol))
    }

    /// Adds a boolean column to the open row.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_bool<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<bool>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into())
    }

    /// Adds a 64-bit integer column to the open row. The server stores the smallest integer as NULL.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_i64<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<&mut Self> {
        let value = value.into().map(Integer::i64);
        self.add(name.into().0, value)
    }

    /// Adds a double column to the open row. Version 1 sends the shortest text that reads back as the same double, later
    /// versions send its bits.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_f64<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<f64>>,
    ) -> Result<&mut Self> {
        let (name, value) = (name.into().0, value.into());
        if self.lines.version.is_text() {
            self.add_double_text(name, value)
        } else {
            self.add(name, value.map(DoubleBits))
        }
    }

    /// Adds a string column to the open row.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_str<'n, 'v>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into().0)
    }

    /// Adds a timestamp column in microseconds since 1970 to the open row.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_ts_micros<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<&mut Self> {
        let value = value.into().map(Integer::micros);
        self.add(name.into().0, value)
    }

    /// Adds a timestamp column in nanoseconds since 1970 to the open row. Version 1 has microseconds only: the rest is
    /// cut off.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `LimitExceeded`, `OutOfMemory`.
    #[inline]
    pub fn column_ts_nanos<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<i64>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into().map(Nanos))
    }

    /// Adds an n-dimensional array of doubles to the open row; needs version 2.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `ProtocolVersion`, `LimitExceeded`, `OutOfMemory`.
    pub fn column_f64_arr<'n, 'v>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<Option<&'v ArrayView<'v>>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into())
    }

    /// Adds a decimal given as text to the open row; needs version 3. The text is digits with an optional sign, point and
    /// exponent, such as `-12.50` or `1E+5`: at most 76 digits, of which at most 75 stand behind the point. `NaN`, `Infinity`
    /// and `-Infinity` are stored as NULL, with the danger that [`Buffer::column_dec`] tells of.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `ProtocolVersion`, `InvalidDecimal`, `LimitExceeded`, `OutOfMemory`.
    pub fn column_dec_str<'n, 'v>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        value: impl Into<MaybeText<'v>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, value.into().0.map(DecimalText))
    }

    /// Adds the decimal `unscaled / 10^scale` to the open row; needs version 3. `unscaled_be` is a big-endian integer in
    /// two's complement of at most 32 bytes and 76 digits, the scale is at most 76. An empty slice means NULL, but pass
    /// `None` instead: QuestDB 9.3 takes such a NULL also for a column that is no decimal, and then stores rubbish or
    /// suspends the table.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`, `InvalidState`, `ProtocolVersion`, `InvalidDecimal`, `LimitExceeded`, `OutOfMemory`.
    pub fn column_dec<'n, 'v>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled_be: impl Into<Option<&'v [u8]>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, unscaled_be.into().map(|unscaled| Decimal(scale, unscaled)))
    }

    /// Adds the decimal `unscaled / 10^scale` to the open row; needs version 3.
    ///
    /// # Errors
    /// As [`Buffer::column_dec`].
    pub fn column_dec_i64<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled: impl Into<Option<i64>>,
    ) -> Result<&mut Self> {
        self.column_dec_i128(name, scale, unscaled.into().map(i128::from))
    }

    /// Adds the decimal `unscaled / 10^scale` to the open row; needs version 3.
    ///
    /// # Errors
    /// As [`Buffer::column_dec`].
    pub fn column_dec_i128<'n>(
        &mut self,
        name: impl Into<ColumnRef<'n>>,
        scale: u32,
        unscaled: impl Into<Option<i128>>,
    ) -> Result<&mut Self> {
        self.add(name.into().0, unscaled.into().map(|n| DecimalInteger(scale, n)))
    }

    /// Adds a symbol or a column, on the quick path if possible.
    #[inline(always)]
    fn add<V: WireValue>(
        &mut self,
        name: NameRef<'_, ColumnName>,
        value: Option<V>,
    ) -> Result<&mut Self> {
        if !value.is_some_and(|value| self.quick_add(name, value)) {
            match name {
                NameRef::Checked(name) => self.slow_add(name, value)?,
                NameRef::Raw(text) => self.slow_add_text(text, value)?,
            }
        }
        Ok(self)
    }

    /// Adds a value on the quick path. Returns false and changes nothing if the value needs the slow path.
    #[inline(always)]
    pub(super) fn quick_add<V: WireValue>(
        &mut self,
        name: NameRef<'_, ColumnName>,
        value: V,
    ) -> bool {
        match name {
            NameRef::Checked(name) => self.lines.quick_value(name.text().short(), value),
            NameRef::Raw(text) => {
                let Some(name) = self.columns.expected_short(text) else { return false };
                let written = self.lines.quick_value(name.text().short(), value);
                if written {
                    self.columns.advance();
                }
                written
            }
        }
    }

    /// Not inlined: writing a double as text calls other functions, for which callers of [`Buffer::column_f64`] would need a
    /// stack frame.
    #[inline(never)]
    fn add_double_text(
        &mut self,
        name: NameRef<'_, ColumnName>,
        value: Option<f64>,
    ) -> Result<&mut Self> {
        self.add(name, value.map(DoubleText))
    }

    #[cold]
    #[inline(never)]
    fn slow_add<V: WireValue>(&mut self, name: &ColumnName, value: Option<V>) -> Result<()> {
        self.lines.value(name, value)
    }

    #[cold]
    #[inline(never)]
    fn slow_add_text<V: WireValue>(&mut self, text: Text<'_>, value: Option<V>) -> Result<()> {
        let name = self.columns.resolve(text, self.lines.max_name_len)?;
        self.lines.value(name, value)
    }

    /// Ends the row with its designated timestamp in nanoseconds since 1970.
    ///
    /// # Errors
    /// `InvalidState`, `InvalidTimestamp` if negative, `LimitExceeded`, `OutOfMemory`. The row stays open.
    #[inline]
    pub fn at_nanos(&mut self, nanos: i64) -> Result<()> {
        self.lines.at(TimestampKind::Nanos, nanos)
    }

    /// Ends the row with its designated timestamp in microseconds since 1970. Version 1 sends nanoseconds, which reach to
    /// the year 2262.
    ///
    /// # Errors
    /// `InvalidState`, `InvalidTimestamp` if negative or too large, `LimitExceeded`, `OutOfMemory`. The row stays open.
    #[inline]
    pub fn at_micros(&mut self, micros: i64) -> Result<()> {
        self.lines.at(TimestampKind::Micros, micros)
    }

    /// Ends the row without a timestamp: the server takes the time at which it receives the row, so that rows sent twice
    /// are stored twice.
    ///
    /// # Errors
    /// `InvalidState`, `LimitExceeded`, `OutOfMemory`. The row stays open.
    #[inline]
    pub fn at_now(&mut self) -> Result<()> {
        self.lines.at(TimestampKind::Now, 0)
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer")
            .field("version", &self.protocol_version())
            .field("len", &self.len())
            .field("rows", &self.row_count())
            .field("state", &self.lines.state)
            .finish_non_exhaustive()
    }
}
