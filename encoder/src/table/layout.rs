//! [`RowLayout`]: the table, columns and designated timestamp of prepared rows.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};

use super::derived::Derived;
use crate::error::{Error, Result, err};
use crate::memory::refused;
use crate::name::{ColumnName, Name, TableName};
use crate::quoted::shown;
use crate::text::Text;

/// What a prepared column holds.
#[repr(u32)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// A symbol; its cells are text.
    Symbol = 1,
    /// A boolean.
    Bool = 2,
    /// A 64-bit integer.
    I64 = 3,
    /// A double.
    F64 = 4,
    /// A string; its cells are text.
    Str = 5,
    /// A timestamp; its cells are integers, microseconds since 1970.
    TsMicros = 6,
    /// A timestamp; its cells are integers, nanoseconds since 1970.
    TsNanos = 7,
    /// An n-dimensional array of doubles.
    F64Array = 8,
    /// A decimal; its cells are text or binary.
    Decimal = 9,
}

impl ColumnKind {
    /// All kinds, in ascending order of number.
    pub const ALL: &'static [ColumnKind] = &[
        ColumnKind::Symbol,
        ColumnKind::Bool,
        ColumnKind::I64,
        ColumnKind::F64,
        ColumnKind::Str,
        ColumnKind::TsMicros,
        ColumnKind::TsNanos,
        ColumnKind::F64Array,
        ColumnKind::Decimal,
    ];

    /// Returns whether values of this kind may be given as text.
    pub(crate) fn takes_text(self) -> bool {
        matches!(self, ColumnKind::Symbol | ColumnKind::Str | ColumnKind::Decimal)
    }

    /// Returns the kind with this number, which other languages use.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(crate) fn from_number(number: u32) -> Result<ColumnKind> {
        let kind = ColumnKind::ALL.iter().find(|kind| **kind as u32 == number);
        kind.copied().ok_or_else(|| err!(InvalidArgument, "{number} is not a kind of column"))
    }
}

/// Where the designated timestamp of prepared rows comes from.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimestampKind {
    /// Given with each row, in nanoseconds since 1970.
    #[default]
    Nanos = 1,
    /// Given with each row, in microseconds since 1970.
    Micros = 2,
    /// The server's clock.
    Now = 3,
}

impl TimestampKind {
    /// Returns the kind with this number, which other languages use.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(crate) fn from_number(number: u32) -> Result<TimestampKind> {
        match number {
            1 => Ok(TimestampKind::Nanos),
            2 => Ok(TimestampKind::Micros),
            3 => Ok(TimestampKind::Now),
            _ => Err(err!(InvalidArgument, "{number} is not a kind of designated timestamp")),
        }
    }
}

/// A table and its columns, declared once for many rows.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{Cell, ColumnKind, RowLayout};
/// use questdb_ingress::{Buffer, ProtocolVersion};
///
/// let mut trades = RowLayout::new("trades")?;
/// trades.add("symbol", ColumnKind::Symbol)?.add("price", ColumnKind::F64)?.add("note", ColumnKind::Str)?;
/// let mut buffer = Buffer::new(ProtocolVersion::V1);
/// let cells = [Cell::from("ETH-USD"), Cell::F64(2615.54), Cell::Null];
/// buffer.append_row(&trades, &cells, Some(1_646_762_637_609_765_000))?;
/// assert_eq!(buffer.peek(), b"trades,symbol=ETH-USD price=2615.54 1646762637609765000\n");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug)]
pub struct RowLayout {
    /// Layouts with the same number are equal in every respect: a copy keeps the number, and every change assigns a new one.
    id: u64,
    table: TableName,
    /// The columns in the order in which they were declared.
    columns: Vec<Column>,
    timestamp: TimestampKind,
    longest_name: usize,
    derived: Derived,
}

impl Clone for RowLayout {
    fn clone(&self) -> RowLayout {
        RowLayout {
            id: self.id,
            table: self.table.clone(),
            columns: self.columns.clone(),
            timestamp: self.timestamp,
            longest_name: self.longest_name,
            // Encoders derive their values again when they need them.
            derived: Derived::default(),
        }
    }
}

/// One column of a layout.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: ColumnName,
    pub(crate) kind: ColumnKind,
    /// The position at which the column was declared, from 0; its cells have the same one.
    pub(crate) place: usize,
}

/// Returns a number that no layout has had.
fn new_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // This cannot wrap around in practice: a program that made a layout every nanosecond would need centuries.
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Column {
    #[cold]
    #[inline(never)]
    pub(crate) fn context(&self, e: Error) -> Error {
        e.context(format_args!("cell {}, column {}", self.place, shown(self.name.as_str())))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn mismatch(&self, found: &str) -> Error {
        err!(InvalidArgument, "{found} for a column of kind {:?}", self.kind)
    }
}

impl RowLayout {
    /// Creates a layout without columns, with the designated timestamp in nanoseconds.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidName`.
    pub fn new<'a>(table: impl Into<Text<'a>>) -> Result<RowLayout> {
        let table = TableName::new(table)?;
        Ok(RowLayout {
            id: new_id(),
            longest_name: table.as_str().len(),
            table,
            columns: Vec::new(),
            timestamp: TimestampKind::Nanos,
            derived: Derived::default(),
        })
    }

    /// Declares the next column. Symbols may be declared at any place, although they come first in the rows that are sent.
    ///
    /// # Errors
    /// `InvalidUtf8`; `InvalidName`, also if there is already a column of that name.
    pub fn add<'a>(&mut self, name: impl Into<Text<'a>>, kind: ColumnKind) -> Result<&mut Self> {
        let name = ColumnName::new(name)?;
        if self.columns.iter().any(|column| column.name == name) {
            return Err(err!(InvalidName, "column {} is declared twice", shown(name.as_str())));
        }
        let place = self.columns.len();
        let refused = |_| refused(2 * place * size_of::<Column>(), "columns");
        self.columns.try_reserve(1).map_err(refused)?;
        self.changed();
        self.longest_name = self.longest_name.max(name.as_str().len());
        self.columns.push(Column { name, kind, place });
        Ok(self)
    }

    /// Chooses how rows give their designated timestamp.
    pub fn set_timestamp(&mut self, timestamp: TimestampKind) -> &mut Self {
        self.changed();
        self.timestamp = timestamp;
        self
    }

    /// Discards what encoders derived from the layout before a change, and assigns a new number.
    fn changed(&mut self) {
        self.id = new_id();
        self.derived = Derived::default();
    }

    /// Returns the table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// Returns the timestamp that a row is sent with: the caller's, or `None` where the server's clock is used.
    #[inline]
    pub(crate) fn designated(&self, at: i64) -> Option<i64> {
        (self.timestamp != TimestampKind::Now).then_some(at)
    }

    /// Returns how many columns were declared, which is how many cells a row has.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Returns the kind of the column declared at `place`, counted from 0.
    pub fn column_kind(&self, place: usize) -> Option<ColumnKind> {
        self.columns.get(place).map(|column| column.kind)
    }

    /// Returns how rows give their designated timestamp.
    #[inline]
    pub fn timestamp_kind(&self) -> TimestampKind {
        self.timestamp
    }

    /// Returns a number that only layouts with the same table, columns and timestamps share.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Returns the columns in the order in which they were declared.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the value of type `T` that an encoder derived from this layout, if it has done so.
    #[inline]
    pub(crate) fn derived<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.derived.get()
    }

    /// Returns the value of type `T` that an encoder derives from this layout, made by `make` if there is none yet.
    pub(crate) fn derive<T: Any + Send + Sync>(&self, make: impl Fn() -> Result<T>) -> Result<&T> {
        self.derived.get_or_make(make)
    }

    /// Checks that no name is longer than `max_name_len` bytes.
    #[inline]
    pub(crate) fn fits(&self, max_name_len: usize) -> Result<()> {
        if self.is_short_for(max_name_len) { Ok(()) } else { self.find_too_long(max_name_len) }
    }

    /// Returns whether no name is longer than `max_name_len` bytes.
    #[inline]
    pub(crate) fn is_short_for(&self, max_name_len: usize) -> bool {
        self.longest_name <= max_name_len
    }

    #[cold]
    #[inline(never)]
    fn find_too_long(&self, max_name_len: usize) -> Result<()> {
        self.table.fits(max_name_len)?;
        self.columns.iter().try_for_each(|column| column.name.fits(max_name_len))
    }

    #[inline]
    pub(crate) fn check_count(&self, given: usize, what: &str) -> Result<()> {
        if given == self.columns.len() { Ok(()) } else { Err(self.wrong_count(given, what)) }
    }

    #[cold]
    #[inline(never)]
    fn wrong_count(&self, given: usize, what: &str) -> Error {
        let declared = self.columns.len();
        err!(InvalidArgument, "{given} {what} for a layout of {declared} columns")
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn timestamp_mismatch(&self) -> Error {
        match self.timestamp {
            TimestampKind::Now => err!(
                InvalidArgument,
                "a designated timestamp was given, the layout takes the server's clock"
            ),
            unit => err!(InvalidArgument, "the layout takes a designated timestamp in {unit:?}"),
        }
    }
}
