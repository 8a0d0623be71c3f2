//! [`ArrowOptions`]: what the columns of a batch are to QuestDB.

use super::field::{Field, Kind};
use crate::error::{Error, Result, err};
use crate::memory::room;
use crate::quoted::shown;
use crate::timestamp::{Timestamp, ToTimestamp};

/// A column of a batch.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::ArrowColumn;
///
/// assert_eq!(ArrowColumn::from("time"), ArrowColumn::Name("time".to_owned()));
/// assert_eq!(ArrowColumn::from(3), ArrowColumn::Position(3));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArrowColumn {
    /// The first column of this name.
    Name(String),
    /// The column at this position, counted from 0.
    Position(usize),
}

impl From<&str> for ArrowColumn {
    fn from(name: &str) -> ArrowColumn {
        ArrowColumn::Name(name.to_owned())
    }
}

impl From<String> for ArrowColumn {
    fn from(name: String) -> ArrowColumn {
        ArrowColumn::Name(name)
    }
}

impl From<usize> for ArrowColumn {
    fn from(position: usize) -> ArrowColumn {
        ArrowColumn::Position(position)
    }
}

/// Which texts become symbols; all others become strings.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ArrowOptions, ArrowSymbols};
///
/// let options = ArrowOptions::new().symbols(ArrowSymbols::Columns(vec!["exchange".into(), 4.into()]));
/// # let _ = options;
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum ArrowSymbols {
    /// The columns that are dictionaries.
    #[default]
    Dictionaries,
    /// All columns of texts.
    Texts,
    /// These columns, which must hold texts.
    Columns(Vec<ArrowColumn>),
}

/// What the columns of a batch are to QuestDB: the table, the symbols, the designated timestamps. A table and a timestamp
/// have to be chosen.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::TimestampMicros;
/// use questdb_ingress::table::{ArrowOptions, ArrowSymbols};
///
/// let by_columns = ArrowOptions::new().table_column("table").at_column("time").symbols(ArrowSymbols::Texts);
/// let constant = ArrowOptions::new().table("trades").at(TimestampMicros::new(1_700_000_000_000_000))?;
/// let by_server = ArrowOptions::new().table("trades").at_now();
/// # let _ = (by_columns, constant, by_server);
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArrowOptions {
    table: Option<Table>,
    symbols: ArrowSymbols,
    at: Option<At>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Table {
    Name(String),
    Column(ArrowColumn),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    Column(ArrowColumn),
    Timestamp(Timestamp),
    Now,
}

impl ArrowOptions {
    /// Returns options that make symbols of dictionaries and have neither a table nor a timestamp yet.
    pub fn new() -> ArrowOptions {
        ArrowOptions::default()
    }

    /// Sends all rows to one table.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> ArrowOptions {
        self.table = Some(Table::Name(name.into()));
        self
    }

    /// Sends each row to the table that this column names. The column itself is not sent. Rows that follow one another and
    /// have the same table cost least.
    #[must_use]
    pub fn table_column(mut self, column: impl Into<ArrowColumn>) -> ArrowOptions {
        self.table = Some(Table::Column(column.into()));
        self
    }

    /// Chooses which texts become symbols.
    #[must_use]
    pub fn symbols(mut self, symbols: ArrowSymbols) -> ArrowOptions {
        self.symbols = symbols;
        self
    }

    /// Adds a column to those that become symbols. Columns that were not added no longer do.
    #[must_use]
    pub fn symbol_column(mut self, column: impl Into<ArrowColumn>) -> ArrowOptions {
        if let ArrowSymbols::Columns(columns) = &mut self.symbols {
            columns.push(column.into());
            return self;
        }
        self.symbols(ArrowSymbols::Columns(vec![column.into()]))
    }

    /// Takes the designated timestamps from this column, of the type timestamp or date. The column itself is not sent. Rows
    /// without a value get the time at which the server receives them.
    #[must_use]
    pub fn at_column(mut self, column: impl Into<ArrowColumn>) -> ArrowOptions {
        self.at = Some(At::Column(column.into()));
        self
    }

    /// Gives all rows this designated timestamp.
    ///
    /// # Errors
    /// `InvalidTimestamp` if the value cannot be converted.
    pub fn at(mut self, timestamp: impl ToTimestamp) -> Result<ArrowOptions> {
        self.at = Some(At::Timestamp(timestamp.to_timestamp()?));
        Ok(self)
    }

    /// Leaves the designated timestamps to the server.
    #[must_use]
    pub fn at_now(mut self) -> ArrowOptions {
        self.at = Some(At::Now);
        self
    }
}

/// Options as far as they concern the columns of one batch.
pub(super) struct Roles<'a> {
    pub(super) table: TableRole<'a>,
    pub(super) at: AtRole,
    /// For each column whether its texts are symbols.
    pub(super) symbols: Vec<bool>,
}

pub(super) enum TableRole<'a> {
    Name(&'a str),
    Column(usize),
}

pub(super) enum AtRole {
    Column(usize),
    Timestamp(Timestamp),
    Now,
}

impl<'a> Roles<'a> {
    pub(super) fn new(options: &'a ArrowOptions, fields: &[Field]) -> Result<Roles<'a>> {
        let table = match &options.table {
            None => return Err(err!(InvalidArgument, "no table was chosen")),
            Some(Table::Name(name)) => TableRole::Name(name),
            Some(Table::Column(column)) => {
                let at = find(fields, column, "table")?;
                check(fields, at, "table", "utf8", Field::is_text)?;
                TableRole::Column(at)
            }
        };
        let at = match &options.at {
            None => return Err(err!(InvalidArgument, "no designated timestamp was chosen")),
            Some(At::Now) => AtRole::Now,
            Some(At::Timestamp(timestamp)) => AtRole::Timestamp(*timestamp),
            Some(At::Column(column)) => {
                let at = find(fields, column, "timestamp")?;
                let is_time = |field: &Field| {
                    field.dictionary.is_none() && matches!(field.kind, Kind::Time { .. })
                };
                check(fields, at, "timestamp", "a timestamp", is_time)?;
                AtRole::Column(at)
            }
        };
        let mut symbols: Vec<bool> = room(fields.len(), "columns")?;
        symbols.extend(fields.iter().map(|field| match options.symbols {
            ArrowSymbols::Dictionaries => field.dictionary.is_some(),
            ArrowSymbols::Texts => field.is_text(),
            ArrowSymbols::Columns(_) => false,
        }));
        if let ArrowSymbols::Columns(columns) = &options.symbols {
            for column in columns {
                let at = find(fields, column, "symbol")?;
                check(fields, at, "symbol", "utf8", Field::is_text)?;
                if let Some(symbol) = symbols.get_mut(at) {
                    *symbol = true;
                }
            }
        }
        Ok(Roles { table, at, symbols })
    }
}

/// Returns the position of a column.
#[inline(never)]
fn find(fields: &[Field], column: &ArrowColumn, role: &str) -> Result<usize> {
    let found = match column {
        ArrowColumn::Name(name) => fields.iter().position(|field| field.name == *name),
        ArrowColumn::Position(at) => Some(*at).filter(|at| *at < fields.len()),
    };
    found.ok_or_else(|| missing(fields.len(), column, role))
}

#[cold]
fn missing(count: usize, column: &ArrowColumn, role: &str) -> Error {
    match column {
        ArrowColumn::Name(name) => err!(
            InvalidArgument,
            "there is no {role} column {} among the {count} columns",
            shown(name)
        ),
        ArrowColumn::Position(at) => err!(
            InvalidArgument,
            "there is no {role} column at position {at}, which counts from 0, among the {count} columns"
        ),
    }
}

/// Checks the type of a column that has a role.
#[inline(never)]
fn check(
    fields: &[Field],
    at: usize,
    role: &str,
    due: &str,
    fits: fn(&Field) -> bool,
) -> Result<()> {
    match fields.get(at) {
        Some(field) if !fits(field) => Err(err!(
            InvalidArgument,
            "the {role} column {} (position {at}) has the Arrow type {} ({}); cast it to {due}",
            shown(&field.name),
            shown(&field.format),
            field.type_name()
        )),
        _ => Ok(()),
    }
}
