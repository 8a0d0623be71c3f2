//! What a table looks like in files: its columns with their Arrow types, its time column, partitions and dedup keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::{Value as Json, json};

use super::PartitionBy;
use super::error::{FileError, Result};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoredType {
    Boolean,
    Byte,
    Short,
    Int,
    Long,
    Float,
    Double,
    Symbol,
    Varchar,
    /// Microseconds since 1970 in UTC.
    Timestamp,
    /// Nanoseconds since 1970 in UTC.
    TimestampNanos,
    Long256,
    Uuid,
    /// Arrays of doubles with this many dimensions.
    Array(u8),
    Decimal {
        precision: u8,
        scale: i8,
    },
}

impl StoredType {
    /// Returns the type in Arrow and Parquet.
    pub(crate) fn data_type(self) -> DataType {
        let utc = || Some(Arc::from("UTC"));
        match self {
            StoredType::Boolean => DataType::Boolean,
            StoredType::Byte => DataType::Int8,
            StoredType::Short => DataType::Int16,
            StoredType::Int => DataType::Int32,
            StoredType::Long => DataType::Int64,
            StoredType::Float => DataType::Float32,
            StoredType::Double => DataType::Float64,
            StoredType::Symbol => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            StoredType::Varchar => DataType::Utf8,
            StoredType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, utc()),
            StoredType::TimestampNanos => DataType::Timestamp(TimeUnit::Nanosecond, utc()),
            StoredType::Long256 => DataType::FixedSizeBinary(32),
            StoredType::Uuid => DataType::FixedSizeBinary(16),
            StoredType::Array(dimensions) => {
                (0..dimensions).fold(DataType::Float64, |inner, _| DataType::new_list(inner, true))
            }
            StoredType::Decimal { precision, scale } if precision <= 38 => {
                DataType::Decimal128(precision, scale)
            }
            StoredType::Decimal { precision, scale } => DataType::Decimal256(precision, scale),
        }
    }

    /// Returns the units of the type in a second if it is a time.
    pub(crate) fn per_second(self) -> Option<i64> {
        match self {
            StoredType::Timestamp => Some(1_000_000),
            StoredType::TimestampNanos => Some(1_000_000_000),
            _ => None,
        }
    }
}

/// The names of types without parameters.
const NAMES: [(&str, StoredType); 13] = [
    ("BOOLEAN", StoredType::Boolean),
    ("BYTE", StoredType::Byte),
    ("SHORT", StoredType::Short),
    ("INT", StoredType::Int),
    ("LONG", StoredType::Long),
    ("FLOAT", StoredType::Float),
    ("DOUBLE", StoredType::Double),
    ("SYMBOL", StoredType::Symbol),
    ("VARCHAR", StoredType::Varchar),
    ("TIMESTAMP", StoredType::Timestamp),
    ("TIMESTAMP_NS", StoredType::TimestampNanos),
    ("LONG256", StoredType::Long256),
    ("UUID", StoredType::Uuid),
];

impl fmt::Display for StoredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoredType::Array(dimensions) => {
                write!(f, "DOUBLE{}", "[]".repeat(usize::from(*dimensions)))
            }
            StoredType::Decimal { precision, scale } => write!(f, "DECIMAL({precision},{scale})"),
            other => {
                let named = NAMES.iter().find(|(_, t)| t == other);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for StoredType {
    type Err = ();

    fn from_str(text: &str) -> Result<StoredType, ()> {
        if let Some((_, found)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*found);
        }
        if let Some(brackets) = text.strip_prefix("DOUBLE") {
            let dimensions = u8::try_from(brackets.len() / 2).map_err(|_| ())?;
            let array = StoredType::Array(dimensions);
            return if dimensions > 0 && array.to_string() == text { Ok(array) } else { Err(()) };
        }
        let inner = text.strip_prefix("DECIMAL(").and_then(|t| t.strip_suffix(')')).ok_or(())?;
        let (precision, scale) = inner.split_once(',').ok_or(())?;
        let (precision, scale) =
            (precision.parse().map_err(|_| ())?, scale.parse().map_err(|_| ())?);
        Ok(StoredType::Decimal { precision, scale })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredColumn {
    pub(crate) name: String,
    pub(crate) column_type: StoredType,
}

/// A table without its rows. A change makes a new schema with a higher generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSchema {
    pub(crate) name: String,
    pub(crate) columns: Vec<StoredColumn>,
    /// The column by whose time rows are sorted and partitioned.
    pub(crate) time: usize,
    pub(crate) partition_by: PartitionBy,
    /// The columns that together with the time identify a row; a later row replaces an earlier one.
    pub(crate) dedup: Option<Vec<usize>>,
    pub(crate) generation: u32,
}

impl StoredSchema {
    /// Returns the schema as Arrow has it.
    pub(crate) fn arrow(&self) -> SchemaRef {
        let field = |c: &StoredColumn| Field::new(&c.name, c.column_type.data_type(), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// Returns the units of the time column in a second.
    pub(crate) fn per_second(&self) -> i64 {
        let time = self.columns.get(self.time);
        time.and_then(|c| c.column_type.per_second()).unwrap_or(1_000_000)
    }

    /// Returns the table with its time and dedup keys alone, and the numbers that these columns have here.
    pub(crate) fn narrowed(&self) -> (StoredSchema, Vec<usize>) {
        let mut columns: Vec<usize> = self.dedup.iter().flatten().copied().collect();
        columns.push(self.time);
        columns.sort_unstable();
        columns.dedup();
        let place = |column: usize| columns.partition_point(|c| *c < column);
        let narrow = StoredSchema {
            name: self.name.clone(),
            columns: columns.iter().filter_map(|c| self.columns.get(*c).cloned()).collect(),
            time: place(self.time),
            partition_by: self.partition_by,
            dedup: self.dedup.as_ref().map(|keys| keys.iter().map(|k| place(*k)).collect()),
            generation: self.generation,
        };
        (narrow, columns)
    }

    /// Finds what is wrong with a schema.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(FileError::Invalid(format!("table {}: {what}", self.name)));
        let mut names = std::collections::HashSet::new();
        for column in &self.columns {
            if !names.insert(column.name.to_lowercase()) {
                return wrong(format!("column {} is there twice", column.name));
            }
            if let StoredType::Decimal { precision, scale } = column.column_type
                && !(1..=76).contains(&precision)
            {
                return wrong(format!("column {}: no DECIMAL({precision},{scale})", column.name));
            }
        }
        if self.columns.get(self.time).is_none_or(|c| c.column_type.per_second().is_none()) {
            return wrong("its time column is no timestamp".to_owned());
        }
        if u16::try_from(self.columns.len()).is_err() {
            return wrong(format!("{} columns are too many", self.columns.len()));
        }
        for key in self.dedup.iter().flatten() {
            match self.columns.get(*key) {
                Some(c) if !matches!(c.column_type, StoredType::Array(_)) => {}
                _ => return wrong("a dedup key is no column, or an array".to_owned()),
            }
        }
        Ok(())
    }

    /// Returns whether this is the other schema with columns added.
    pub(crate) fn continues(&self, before: &StoredSchema) -> bool {
        self.columns.starts_with(&before.columns)
            && self.time == before.time
            && self.partition_by == before.partition_by
    }

    /// Returns which columns of the table the columns of a batch are.
    pub(crate) fn columns_of(&self, batch: &RecordBatch) -> Result<Vec<u16>> {
        let wrong = |what: String| FileError::Invalid(format!("table {}: {what}", self.name));
        let mut found = Vec::with_capacity(batch.num_columns());
        for field in batch.schema_ref().fields() {
            let index = self.columns.iter().position(|c| c.name == *field.name());
            let index = index.ok_or_else(|| wrong(format!("no column {}", field.name())))?;
            let stored = self.columns[index].column_type;
            if *field.data_type() != stored.data_type() {
                let name = field.name();
                return Err(wrong(format!("column {name} is {stored}, not {}", field.data_type())));
            }
            let index = u16::try_from(index).map_err(|_| wrong("too many columns".to_owned()))?;
            if found.contains(&index) {
                return Err(wrong(format!("column {} is there twice", field.name())));
            }
            found.push(index);
        }
        let time = found.iter().position(|i| usize::from(*i) == self.time);
        if time.is_none_or(|i| batch.column(i).null_count() > 0) {
            return Err(wrong("a row has no time".to_owned()));
        }
        Ok(found)
    }

    pub(crate) fn to_json(&self) -> Json {
        let column = |c: &StoredColumn| json!({"name": c.name, "type": c.column_type.to_string()});
        json!({
            "name": self.name,
            "columns": self.columns.iter().map(column).collect::<Vec<_>>(),
            "time": self.time,
            "partitionBy": self.partition_by.name(),
            "dedup": self.dedup,
            "generation": self.generation,
        })
    }

    /// Reads what [`to_json`](StoredSchema::to_json) returned.
    pub(crate) fn from_json(json: &Json) -> Option<StoredSchema> {
        let index = |v: &Json| v.as_u64().and_then(|v| usize::try_from(v).ok());
        let column = |c: &Json| {
            let column_type = c["type"].as_str()?.parse().ok()?;
            Some(StoredColumn { name: c["name"].as_str()?.to_owned(), column_type })
        };
        let dedup = match &json["dedup"] {
            Json::Null => None,
            keys => Some(keys.as_array()?.iter().map(index).collect::<Option<_>>()?),
        };
        let schema = StoredSchema {
            name: json["name"].as_str()?.to_owned(),
            columns: json["columns"].as_array()?.iter().map(column).collect::<Option<_>>()?,
            time: index(&json["time"])?,
            partition_by: PartitionBy::from_name(json["partitionBy"].as_str()?)?,
            dedup,
            generation: json["generation"].as_u64().and_then(|v| u32::try_from(v).ok())?,
        };
        schema.check().ok().map(|()| schema)
    }
}
