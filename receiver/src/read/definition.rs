//! Carries out `create table`.

use super::SqlError;
use super::statement::{Create, Named};
use crate::ErrorKind;
use crate::config::options::PartitionBy;
use crate::shared::Shared;
use crate::store::TableDefinition;
use crate::value::ColumnType;

/// Makes the table that a statement describes.
pub(super) fn create(shared: &Shared, create: &Create) -> Result<(), SqlError> {
    let table = &create.table;
    if shared.store.table(&table.text).is_some() {
        if create.if_not_exists {
            return Ok(());
        }
        return Err(SqlError::new(table.at, "table already exists".into()));
    }
    let (mut columns, mut decimals) = (Vec::new(), Vec::new());
    for (column, named) in &create.columns {
        let column_type = column_type_of(named)?;
        // In memory values keep the digits that were sent, whatever the column was made with.
        if column_type == ColumnType::Decimal && shared.store.has_files() {
            decimals.push((columns.len(), digits_of(named)?));
        }
        columns.push((column.text.as_str(), column_type));
    }
    let designated = designated(create, &columns)?;
    let keys = keys(create, &columns, designated)?;
    if let Some(key) = create.keys.first().filter(|_| !shared.store.has_files()) {
        let message = "the receiver keeps every row in memory: dedup keys need rows in files";
        return Err(SqlError::new(key.at, message.into()));
    }
    let unit = create.partition_by.as_ref();
    // Without the clause QuestDB makes no partitions.
    let unit = unit.and_then(|n| PartitionBy::from_name(&n.text)).unwrap_or(PartitionBy::None);
    let definition = TableDefinition {
        name: &table.text,
        columns,
        designated,
        partition_by: Some(unit),
        keys,
        decimals,
    };
    shared.store.define(&definition).map_err(|error| {
        let message = match error.kind() {
            ErrorKind::TableExists => "table already exists".to_owned(),
            _ => error.to_string(),
        };
        SqlError::new(table.at, message)
    })
}

/// Returns the columns of `dedup upsert keys(…)`, which have to include the time.
fn keys(
    create: &Create,
    columns: &[(&str, ColumnType)],
    designated: usize,
) -> Result<Option<Vec<usize>>, SqlError> {
    let Some(first) = create.keys.first() else { return Ok(None) };
    let mut found = Vec::new();
    for key in &create.keys {
        let lower = key.text.to_lowercase();
        let index = columns.iter().position(|(column, _)| column.to_lowercase() == lower);
        let missing = || {
            let message = format!("deduplicate key column not found [column={}]", key.text);
            SqlError::new(key.at, message)
        };
        found.push(index.ok_or_else(missing)?);
    }
    if !found.contains(&designated) {
        let message = "deduplicate key list must include dedicated timestamp column";
        return Err(SqlError::new(first.at, message.into()));
    }
    Ok(Some(found))
}

/// Returns the index of the column that holds the time of a row.
fn designated(create: &Create, columns: &[(&str, ColumnType)]) -> Result<usize, SqlError> {
    let Some(designated) = &create.designated else {
        let message = "the receiver needs a designated timestamp: timestamp(…) behind the columns";
        return Err(SqlError::new(create.table.at, message.into()));
    };
    let name = &designated.text;
    let lower = name.to_lowercase();
    let index = columns.iter().position(|(column, _)| column.to_lowercase() == lower);
    match index.and_then(|i| Some((i, columns.get(i)?.1))) {
        None => {
            let message = format!("invalid designated timestamp column [name={name}]");
            Err(SqlError::new(designated.at, message))
        }
        Some((index, ColumnType::Timestamp | ColumnType::TimestampNanos)) => Ok(index),
        Some((_, other)) => {
            let message = format!("TIMESTAMP column expected [actual={other}, columnName={name}]");
            Err(SqlError::new(designated.at, message))
        }
    }
}

/// Returns the type of a column that a statement names.
fn column_type_of(named: &Named) -> Result<ColumnType, SqlError> {
    let lower = named.text.to_ascii_lowercase();
    let dimensions = lower.matches("[]").count();
    let (word, arguments) = lower.split_once('(').unwrap_or((&lower, ""));
    let column_type = match word.trim_end_matches("[]") {
        "double" if dimensions > 0 => {
            return u8::try_from(dimensions)
                .ok()
                .filter(|d| *d <= 32)
                .map(ColumnType::Array)
                .ok_or_else(|| {
                    SqlError::new(named.at, format!("too many dimensions: {}", named.text))
                });
        }
        _ if dimensions > 0 => None,
        "symbol" => Some(ColumnType::Symbol),
        "long" => Some(ColumnType::Long),
        "double" => Some(ColumnType::Double),
        "varchar" | "string" => Some(ColumnType::Varchar),
        "boolean" => Some(ColumnType::Boolean),
        "timestamp" => Some(ColumnType::Timestamp),
        "timestamp_ns" => Some(ColumnType::TimestampNanos),
        "long256" => Some(ColumnType::Long256),
        "decimal" => Some(ColumnType::Decimal),
        "byte" | "short" | "int" | "float" | "date" | "char" | "uuid" | "ipv4" | "geohash"
        | "binary" => {
            let message = format!("the receiver has no columns of type {}", word.to_uppercase());
            return Err(SqlError::new(named.at, message));
        }
        _ => None,
    };
    match column_type {
        Some(t) if arguments.is_empty() || t == ColumnType::Decimal => Ok(t),
        _ => Err(SqlError::new(named.at, format!("unsupported column type: {}", named.text))),
    }
}

/// Returns the digits and places of a type such as `decimal(10,2)`. Without them they are those that QuestDB takes.
fn digits_of(named: &Named) -> Result<(u8, i8), SqlError> {
    let Some((_, arguments)) = named.text.split_once('(') else { return Ok((18, 3)) };
    let mut numbers = arguments.trim_end_matches(')').split(',');
    let precision = numbers.next().and_then(|n| n.trim().parse::<u8>().ok());
    let scale = numbers.next().map_or(Some(0), |n| n.trim().parse::<i8>().ok());
    match precision.zip(scale) {
        Some((precision, scale))
            if (1..=38).contains(&precision)
                && (0..=38).contains(&scale)
                && scale.unsigned_abs() <= precision
                && numbers.next().is_none() =>
        {
            Ok((precision, scale))
        }
        _ => {
            let message =
                "the receiver has decimals of 1 to 38 digits, of which 0 to all are places";
            Err(SqlError::new(named.at, message.into()))
        }
    }
}
