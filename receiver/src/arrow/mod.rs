//! A table in the memory layout of Apache Arrow: columns of plain buffers, which the C library hands out. The types are those of
//! the Parquet files, except that a decimal keeps all of its digits.

mod columns;
mod lists;

use std::sync::Arc;

use crate::error::{Result, err};
use crate::line::Decimal;
use crate::table::Table;
use crate::value::{ColumnType, Value};

/// The memory of a buffer, aligned for what it holds.
#[derive(Debug)]
pub enum ArrowBuffer {
    /// Bits, text and other bytes.
    Bytes(Vec<u8>),
    /// Offsets and numbers of words.
    Ints(Vec<i32>),
    /// Integers and times.
    Longs(Vec<i64>),
    /// Doubles.
    Doubles(Vec<f64>),
    /// Decimals of 128 bits, or halves of those of 256 bits.
    Wide(Vec<i128>),
}

impl ArrowBuffer {
    /// Returns where the memory begins. It stays there until the buffer is dropped.
    pub fn as_ptr(&self) -> *const u8 {
        match self {
            ArrowBuffer::Bytes(v) => v.as_ptr(),
            ArrowBuffer::Ints(v) => v.as_ptr().cast(),
            ArrowBuffer::Longs(v) => v.as_ptr().cast(),
            ArrowBuffer::Doubles(v) => v.as_ptr().cast(),
            ArrowBuffer::Wide(v) => v.as_ptr().cast(),
        }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Default)]
pub struct ArrowType {
    /// The name of the column.
    pub name: String,
    /// The type in the letters of Arrow's C data interface.
    pub format: String,
    /// The columns of a table, or the elements of a list.
    pub children: Vec<ArrowType>,
    /// The words of a column of symbols.
    pub dictionary: Option<Box<ArrowType>>,
}

/// The rows of a column.
#[derive(Debug, Default)]
pub struct ArrowColumn {
    /// How many there are.
    pub rows: usize,
    /// How many of them have no value.
    pub nulls: usize,
    /// The buffers that the type asks for. The first one has a bit for each row, and is left out if all rows have a value.
    pub buffers: Vec<Option<ArrowBuffer>>,
    /// The columns of a table, or the elements of a list.
    pub children: Vec<ArrowColumn>,
    /// The words of a column of symbols.
    pub dictionary: Option<Box<ArrowColumn>>,
}

/// Digits and places of a column of decimals.
#[derive(Debug, Clone, Copy)]
struct Places {
    digits: usize,
    scale: u8,
}

/// The rows of a table at one moment, in batches, in order of arrival.
#[derive(Debug)]
pub struct ArrowRows {
    table: Arc<Table>,
    schema: ArrowType,
    /// For each column of decimals, its digits and places.
    places: Vec<Option<Places>>,
    next: usize,
}

impl ArrowRows {
    /// Prepares the rows of a table.
    ///
    /// # Errors
    /// `Storage` if a file cannot be read; `InvalidArgument` if decimals of a column differ so much in size that none of Arrow's decimals holds them all.
    pub fn new(table: Arc<Table>) -> Result<ArrowRows> {
        let mut schema = ArrowType { format: "+s".into(), ..ArrowType::default() };
        let mut places = Vec::new();
        for (index, column) in table.columns().iter().enumerate() {
            let decimal = column.column_type() == ColumnType::Decimal;
            let found = decimal.then(|| decimals(&table, index)).transpose()?;
            schema.children.push(arrow_type(column.name(), column.column_type(), found));
            places.push(found);
        }
        Ok(ArrowRows { table, schema, places, next: 0 })
    }

    /// Returns the columns as the children of one type.
    pub fn schema(&self) -> &ArrowType {
        &self.schema
    }

    /// Returns the next batch, whose columns are its children, or `None` after the last one.
    ///
    /// # Errors
    /// `Storage` if a file cannot be read; `InvalidArgument` if a batch has more text or elements than a column of Arrow holds.
    pub fn next_batch(&mut self) -> Result<Option<ArrowColumn>> {
        let Some(chunk) = self.table.chunk(self.next)? else { return Ok(None) };
        let mut batch =
            ArrowColumn { rows: chunk.rows(), buffers: vec![None], ..ArrowColumn::default() };
        for (index, column) in self.table.columns().iter().enumerate() {
            let values = (0..chunk.rows()).map(|row| chunk.value(index, row));
            let made = columns::column(column.column_type(), values, self.places[index]);
            batch.children.push(made.ok_or_else(|| {
                err!(
                    InvalidArgument,
                    "column {:?}: a batch has more than 2 GiB of text or elements",
                    column.name()
                )
            })?);
        }
        self.next += 1;
        Ok(Some(batch))
    }
}

fn arrow_type(name: &str, column_type: ColumnType, places: Option<Places>) -> ArrowType {
    let plain = |format: &str| ArrowType {
        name: name.to_owned(),
        format: format.to_owned(),
        ..ArrowType::default()
    };
    match column_type {
        ColumnType::Symbol => {
            let words = ArrowType { format: "u".into(), ..ArrowType::default() };
            ArrowType { dictionary: Some(Box::new(words)), ..plain("i") }
        }
        ColumnType::Long => plain("l"),
        ColumnType::Double => plain("g"),
        ColumnType::Varchar => plain("u"),
        ColumnType::Boolean => plain("b"),
        ColumnType::Timestamp => plain("tsu:UTC"),
        ColumnType::TimestampNanos => plain("tsn:UTC"),
        ColumnType::Long256 => plain("w:32"),
        ColumnType::Array(dimensions) => {
            let double = ArrowType { format: "g".into(), ..ArrowType::default() };
            let list = (0..dimensions).fold(double, |element, _| ArrowType {
                format: "+l".into(),
                children: vec![ArrowType { name: "item".into(), ..element }],
                ..ArrowType::default()
            });
            ArrowType { name: name.to_owned(), ..list }
        }
        ColumnType::Decimal => match places {
            Some(Places { digits: 39.., scale }) => plain(&format!("d:76,{scale},256")),
            Some(Places { scale, .. }) => plain(&format!("d:38,{scale}")),
            None => plain("d:38,0"),
        },
    }
}

/// Returns the digits and places with which a column holds all of its decimals.
fn decimals(table: &Table, column: usize) -> Result<Places> {
    let (mut whole, mut scale) = (1, 0);
    let of = |chunk: &crate::chunk::Chunk, row| match chunk.value(column, row) {
        Value::Decimal(v) => Some(v),
        _ => None,
    };
    let mut number = 0;
    while let Some(chunk) = table.chunk(number)? {
        number += 1;
        for value in (0..chunk.rows()).filter_map(|row| of(chunk, row)) {
            whole = whole.max(whole_digits(&value));
            scale = scale.max(value.scale());
        }
    }
    let digits = whole + usize::from(scale);
    if digits > 76 {
        let name = table.columns()[column].name();
        return Err(err!(
            InvalidArgument,
            "column {name:?}: its decimals have {whole} digits before the point and {scale} after it, and Arrow has 76: read it as JSON"
        ));
    }
    Ok(Places { digits, scale })
}

/// Returns the number of digits before the point.
fn whole_digits(value: &Decimal) -> usize {
    let digits = value.unscaled();
    digits.trim_start_matches('-').len().saturating_sub(value.scale().into())
}

#[cfg(test)]
mod tests;
