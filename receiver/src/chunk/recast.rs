//! Moves a chunk to another table, which has taken the name of its own one.

use std::sync::Arc;

use crate::line::{FieldValue, TimeUnit};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::value::Value;

use super::Chunk;
use super::cast::{Cell, Refused};
use super::cells::Cells;

impl Chunk {
    /// Returns the chunk as one of the table with that schema. Columns are found by their names. If the table lacks some, the
    /// chunk has a later schema of the table. Values are converted as if their rows had come later.
    pub(crate) fn recast(self, base: &Arc<Schema>) -> Result<Chunk, Refusal> {
        let Chunk { schema: own, cells, rows, lease } = self;
        let mut schema = Schema::clone(base);
        let mut moved: Vec<Option<Box<Cells>>> = Vec::new();
        for (column, cells) in own.columns().iter().zip(cells) {
            let Some(cells) = cells else { continue };
            let found = schema.find(&column.name);
            let index = found.unwrap_or_else(|| schema.add(&column.name, column.column_type));
            let wanted = schema.columns()[index].column_type;
            let cells = if wanted == column.column_type {
                cells
            } else {
                let mut converted = Box::new(Cells::new(wanted));
                for row in 0..rows {
                    push(&mut converted, row, cells.get(row)).map_err(|(refused, cell)| {
                        refused.told(schema.table(), &column.name, cell)
                    })?;
                }
                converted
            };
            if moved.len() <= index {
                moved.resize_with(index + 1, || None);
            }
            moved[index] = Some(cells);
        }
        let schema = if schema.columns().len() == base.columns().len() {
            Arc::clone(base)
        } else {
            schema.set_generation_after(base);
            Arc::new(schema)
        };
        Ok(Chunk { schema, cells: moved, rows, lease })
    }
}

fn push<'a>(cells: &mut Cells, row: usize, value: Value<'a>) -> Result<(), (Refused, Cell<'a>)> {
    let field = match value {
        Value::Null => return Ok(()),
        Value::Symbol(v) => {
            cells.fill(row);
            let cell = Cell::Tag(v.as_bytes());
            return cells.push(cell).map_err(|refused| (refused, cell));
        }
        Value::Long(v) => FieldValue::Long(v),
        Value::Double(v) => FieldValue::Double(v),
        Value::Varchar(v) => FieldValue::String(v.as_bytes()),
        Value::Boolean(v) => FieldValue::Boolean(v),
        Value::TimestampMicros(v) => FieldValue::Timestamp(TimeUnit::Micros, v),
        Value::TimestampNanos(v) => FieldValue::Timestamp(TimeUnit::Nanos, v),
        Value::Long256(v) => FieldValue::Long256(v),
        Value::Decimal(v) => FieldValue::Decimal(Some(v)),
        // Arrays are stored in columns of their own type only.
        Value::Array(_) => {
            return Err((Refused::Cast(cells.column_type()), Cell::Field(FieldValue::Array(None))));
        }
    };
    cells.fill(row);
    let cell = Cell::Field(field);
    cells.push(cell).map_err(|refused| (refused, cell))
}
