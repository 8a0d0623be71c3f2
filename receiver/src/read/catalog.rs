//! Relations about tables, as QuestDB has them: `tables()`, `wal_tables()`, columns and parameters.

use super::result::{Made, Relation, Type};
use crate::value::{ColumnType, Value};
use crate::{Column, Table};

const BOOLEAN: Type = Type::Stored(ColumnType::Boolean);
const LONG: Type = Type::Stored(ColumnType::Long);
const TIMESTAMP: Type = Type::Stored(ColumnType::Timestamp);

fn relation(columns: &[(&str, Type)], rows: Vec<Vec<Made>>) -> Relation {
    let columns = columns.iter().map(|(name, t)| ((*name).to_owned(), *t)).collect();
    Relation::Made { columns, rows }
}

fn text(text: &str) -> Made {
    Made::Text(text.into())
}

/// What is known of a table besides its columns.
pub(super) struct Facts {
    pub(super) partition_by: &'static str,
    pub(super) keys: Vec<String>,
}

/// Returns `tables()`. QuestDB has further columns behind these, about its writer.
pub(super) fn tables(all: &[(std::sync::Arc<Table>, Facts)]) -> Relation {
    let columns = [
        ("id", Type::Int),
        ("table_name", Type::String),
        ("designatedTimestamp", Type::String),
        ("partitionBy", Type::String),
        ("walEnabled", BOOLEAN),
        ("dedup", BOOLEAN),
        ("ttlValue", Type::Int),
        ("ttlUnit", Type::String),
        ("matView", BOOLEAN),
        ("directoryName", Type::String),
        ("table_suspended", BOOLEAN),
        ("table_type", Type::Char),
        ("table_row_count", LONG),
        ("table_min_timestamp", TIMESTAMP),
        ("table_max_timestamp", TIMESTAMP),
    ];
    let rows = all.iter().zip(1..).map(|((table, facts), id)| {
        let (min, max) = times(table);
        vec![
            Made::Integer(id),
            text(table.name()),
            text(table.designated().name()),
            text(facts.partition_by),
            Made::Boolean(true),
            Made::Boolean(!facts.keys.is_empty()),
            Made::Integer(0),
            text("HOUR"),
            Made::Boolean(false),
            text(table.name()),
            Made::Boolean(false),
            text("T"),
            Made::Integer(i64::try_from(table.row_count()).unwrap_or(i64::MAX)),
            min,
            max,
        ]
    });
    relation(&columns, rows.collect())
}

/// Returns the first and the last time of a table.
fn times(table: &Table) -> (Made, Made) {
    let micros = |row: usize| match table.designated().value(row) {
        Value::TimestampMicros(t) => Some(t),
        Value::TimestampNanos(t) => Some(t.div_euclid(1000)),
        _ => None,
    };
    if let Some((first, last)) = table.known_times() {
        let nanos = table.designated().column_type() == ColumnType::TimestampNanos;
        let micros = |time: i64| Made::Micros(if nanos { time.div_euclid(1000) } else { time });
        return (micros(first), micros(last));
    }
    let made = |time: Option<i64>| time.map_or(Made::Null, Made::Micros);
    let all = || (0..table.row_count()).filter_map(micros);
    (made(all().min()), made(all().max()))
}

/// Returns `show tables`.
pub(super) fn table_names(names: &[String]) -> Relation {
    relation(&[("table_name", Type::String)], names.iter().map(|n| vec![text(n)]).collect())
}

/// Returns `wal_tables()`. No transaction waits here: what was acknowledged can be read.
pub(super) fn wal_tables(names: &[String]) -> Relation {
    let columns = [
        ("name", Type::String),
        ("suspended", BOOLEAN),
        ("writerTxn", LONG),
        ("bufferedTxnSize", LONG),
        ("sequencerTxn", LONG),
        ("errorTag", Type::String),
        ("errorMessage", Type::String),
        ("memoryPressure", Type::Int),
    ];
    let row = |name: &String| {
        let mut row = vec![text(name), Made::Boolean(false)];
        row.extend([Made::Integer(0), Made::Integer(0), Made::Integer(0)]);
        row.extend([text(""), text(""), Made::Integer(0)]);
        row
    };
    relation(&columns, names.iter().map(row).collect())
}

/// Returns `show columns from …`. What the receiver does not have, such as indexes, is false or 0.
pub(super) fn columns(table: &Table, keys: &[String]) -> Relation {
    let columns = [
        ("column", Type::String),
        ("type", Type::String),
        ("indexed", BOOLEAN),
        ("indexBlockCapacity", Type::Int),
        ("symbolCached", BOOLEAN),
        ("symbolCapacity", Type::Int),
        ("symbolTableSize", Type::Int),
        ("designated", BOOLEAN),
        ("upsertKey", BOOLEAN),
    ];
    let row = |column: &Column| {
        let designated = column.name() == table.designated().name();
        vec![
            text(column.name()),
            Made::Text(column.type_text()),
            Made::Boolean(false),
            Made::Integer(0),
            Made::Boolean(false),
            Made::Integer(0),
            Made::Integer(0),
            Made::Boolean(designated),
            Made::Boolean(keys.iter().any(|k| k == column.name())),
        ]
    };
    relation(&columns, table.columns().iter().map(row).collect())
}

/// Returns `show parameters` of keys and values.
pub(super) fn parameters(values: &[(&str, String)]) -> Relation {
    let columns = [
        ("property_path", Type::String),
        ("env_var_name", Type::String),
        ("value", Type::String),
        ("value_source", Type::String),
        ("sensitive", BOOLEAN),
        ("reloadable", BOOLEAN),
    ];
    let row = |(key, value): &(&str, String)| {
        let variable = format!("QDB_{}", key.replace('.', "_").to_ascii_uppercase());
        let source = text("conf");
        vec![
            text(key),
            Made::Text(variable),
            text(value),
            source,
            Made::Boolean(false),
            Made::Boolean(false),
        ]
    };
    relation(&columns, values.iter().map(row).collect())
}
