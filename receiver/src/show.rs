//! Shows a table as aligned text.

use std::fmt;
use std::ops::Range;

use crate::table::Table;
use crate::value::{ColumnType, Value};

/// The most characters of a cell that are shown.
const MAX_CELL: usize = 60;

pub(crate) struct Shown<'a> {
    pub(crate) table: &'a Table,
    pub(crate) rows: Range<usize>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table;
        let end = self.rows.end.min(table.row_count());
        let rows = self.rows.start.min(end)..end;
        let columns: Vec<Vec<String>> = table
            .columns()
            .iter()
            .map(|column| {
                let head = [cell(column.name()), column.column_type().to_string()];
                let cells = rows.clone().map(|row| match column.value(row) {
                    Value::Null => String::new(),
                    value => cell(&value.to_string()),
                });
                head.into_iter().chain(cells).collect()
            })
            .collect();
        let width = |c: &Vec<String>| c.iter().map(|s| s.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = columns.iter().map(width).collect();

        let plural = if table.row_count() == 1 { "" } else { "s" };
        writeln!(f, "{}: {} row{plural}", cell(table.name()), table.row_count())?;
        for line in 0..rows.len() + 2 {
            let mut text = String::new();
            for (column, (cells, width)) in table.columns().iter().zip(columns.iter().zip(&widths))
            {
                let pad = " ".repeat(width - cells[line].chars().count());
                text.push_str("  ");
                if line > 1 && is_number(column.column_type()) {
                    text.push_str(&pad);
                    text.push_str(&cells[line]);
                } else {
                    text.push_str(&cells[line]);
                    text.push_str(&pad);
                }
            }
            writeln!(f, "{}", text.trim_end())?;
            if line == 1 {
                let rules: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
                writeln!(f, "  {}", rules.join("  "))?;
            }
        }
        match table.row_count() - end {
            0 => Ok(()),
            hidden => writeln!(f, "  … {hidden} more"),
        }
    }
}

fn is_number(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Long | ColumnType::Double | ColumnType::Decimal)
}

/// Returns the text as one printable line of limited length.
fn cell(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(MAX_CELL)
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(MAX_CELL).is_some() {
        out.push('…');
    }
    out
}
