//! Tables that are made, emptied and removed by hand.

use std::sync::PoisonError;

use crate::config::options::PartitionBy;
use crate::error::{Result, err, shown};
use crate::limits::Full;
use crate::names;
use crate::schema::{DESIGNATED, Schema};
use crate::value::ColumnType;

use super::Store;

/// What a table is to look like.
#[derive(Debug)]
pub(crate) struct TableDefinition<'a> {
    pub(crate) name: &'a str,
    pub(crate) columns: Vec<(&'a str, ColumnType)>,
    /// The index of the column that holds the time of a row.
    pub(crate) designated: usize,
    /// The time that a partition spans, or `None` for the default.
    pub(crate) partition_by: Option<PartitionBy>,
    /// The columns besides the time that together with it identify a row. A later row then replaces an earlier one.
    pub(crate) keys: Option<Vec<usize>>,
    /// The digits and places of columns of decimals. Only files bring values to them.
    pub(crate) decimals: Vec<(usize, (u8, i8))>,
}

/// Why a table cannot have dedup keys.
const NO_KEYS: &str = "dedup keys need a receiver that keeps its rows in files";

impl Store {
    /// Makes a table with these columns. Adds a designated column at the end if there is none with its usual name.
    pub(crate) fn create_table(
        &self,
        name: &str,
        columns: &[(&str, ColumnType)],
        keys: Option<&[&str]>,
    ) -> Result<()> {
        let is_designated = |column: &str| column.to_lowercase() == DESIGNATED;
        let mut columns = columns.to_vec();
        let own = columns.iter().position(|(column, _)| is_designated(column));
        let designated = own.map_or((DESIGNATED, ColumnType::Timestamp), |at| columns.remove(at));
        let index = columns.len();
        columns.push((DESIGNATED, designated.1));
        let number = |key: &&str| {
            let found = columns.iter().position(|(c, _)| c.to_lowercase() == key.to_lowercase());
            found.ok_or_else(|| err!(InvalidName, "there is no column {}", shown(key)))
        };
        let keys = keys.map(|keys| keys.iter().map(number).collect::<Result<Vec<_>>>());
        let keys = keys.transpose()?;
        let definition = TableDefinition {
            name,
            columns,
            designated: index,
            partition_by: None,
            keys,
            decimals: Vec::new(),
        };
        self.define(&definition)
    }

    /// Makes a table.
    pub(crate) fn define(&self, definition: &TableDefinition<'_>) -> Result<()> {
        let name = definition.name;
        let max_name_len = self.policy().max_name_len;
        if !names::is_table_name(name, max_name_len) {
            return Err(err!(InvalidName, "bad table name {}", shown(name)));
        }
        let exists = || err!(TableExists, "table {} exists already", shown(name));
        if self.entry(name).is_some() {
            return Err(exists());
        }
        match definition.columns.get(definition.designated) {
            Some((_, ColumnType::Timestamp | ColumnType::TimestampNanos)) => {}
            Some((column, t)) => {
                return Err(err!(InvalidArgument, "column {column} cannot be of type {t}"));
            }
            None => return Err(err!(InvalidArgument, "a table needs a column for the time")),
        }
        let mut schema = Schema::without_columns(name, definition.partition_by);
        for (column, column_type) in &definition.columns {
            let valid = names::is_column_name(column, max_name_len);
            if !valid || schema.find(column).is_some() {
                return Err(err!(InvalidName, "bad or repeated column name {}", shown(column)));
            }
            schema.add(column, *column_type);
        }
        for (index, digits) in &definition.decimals {
            schema.set_decimal(*index, *digits);
        }
        schema.set_designated(definition.designated);
        if let Some(keys) = &definition.keys {
            if !self.has_files() {
                return Err(err!(InvalidArgument, "{NO_KEYS}"));
            }
            let array = |key: &usize| {
                matches!(definition.columns.get(*key), Some((_, ColumnType::Array(_))))
            };
            if keys.iter().any(array) {
                return Err(err!(InvalidArgument, "an array cannot be a dedup key"));
            }
            let mut keys = keys.clone();
            keys.retain(|key| *key != definition.designated);
            keys.sort_unstable();
            keys.dedup();
            schema.set_keys(Some(&keys));
        }
        #[cfg(feature = "files")]
        let _alone = self.landing().map(super::landing::Landing::alone);
        #[cfg(feature = "files")]
        if let Some(landing) = self.landing().filter(|_| self.entry(name).is_none()) {
            landing.create(&schema)?;
        }
        match self.insert(schema) {
            Ok((_, false)) => Ok(()),
            Ok((_, true)) => Err(exists()),
            Err(Full) => Err(err!(InvalidArgument, "{}", self.full().message)),
        }
    }

    /// Removes a table. Returns whether there was one.
    pub(crate) fn drop_table(&self, name: &str) -> bool {
        #[cfg(feature = "files")]
        let _alone = self.landing().map(super::landing::Landing::alone);
        #[cfg(feature = "files")]
        if let Some(landing) = self.landing() {
            // What cannot be removed from the files is there again after the next start.
            let _ = landing.drop_table(name);
        }
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = tables.by_lower_name.remove(name.to_lowercase().as_str()) else {
            return false;
        };
        tables.list.retain(|other| !std::sync::Arc::ptr_eq(other, &entry));
        entry.remove();
        true
    }

    /// Removes the rows of a table. Returns whether there is one.
    ///
    /// The table is replaced by a new one, so that rows which sessions have not committed yet arrive as if they came later.
    pub(crate) fn truncate_table(&self, name: &str) -> Result<bool> {
        #[cfg(feature = "files")]
        let _alone = self.landing().map(super::landing::Landing::alone);
        let Some(old) = self.entry(name) else { return Ok(false) };
        #[cfg(feature = "files")]
        self.landing().map_or(Ok(()), |landing| landing.truncate(name))?;
        let schema = old.schema().renewed();
        // The room that the old table has returns only when its last reader is gone.
        let new = self
            .new_entry(schema)
            .map_err(|Full| err!(InvalidArgument, "{}", self.full().message))?;
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = tables.by_lower_name.get_mut(name.to_lowercase().as_str()) else {
            return Ok(false);
        };
        let old = std::mem::replace(entry, std::sync::Arc::clone(&new));
        for other in &mut tables.list {
            if std::sync::Arc::ptr_eq(other, &old) {
                *other = std::sync::Arc::clone(&new);
            }
        }
        old.remove();
        Ok(true)
    }
}
