//! `--commands`: a test in any language obeys and asks by lines of text.
//!
//! | command | answer |
//! |---|---|
//! | `tables` | each table as a line of JSON, then an empty line |
//! | `create TABLE COLUMN:TYPE...` | an empty line; types as `tables` names them |
//! | `clear` | an empty line; forgets all tables |

use std::io::{BufRead as _, Read as _};

use questdb_receiver::{ColumnType, Receiver, Table, Value};

use crate::output::OUTPUT;

/// The longest command, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// Answers every command with lines of text. The last line is empty, or says what was wrong.
pub(crate) fn obey(receiver: &Receiver) -> Result<(), String> {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST_LINE).read_line(&mut line);
        match read.map_err(|e| e.to_string())? as u64 {
            0 => return Ok(()),
            LONGEST_LINE => return Err("a command has 1 MiB or more".to_owned()),
            _ => {}
        }
        let mut words = line.split_whitespace();
        let mut answer = String::new();
        let done = match (words.next(), words.next()) {
            (Some("tables"), None) => {
                let names = receiver.table_names();
                let tables = names.iter().filter_map(|name| receiver.table(name));
                tables.for_each(|t| answer.push_str(&format!("{}\n", json(&t))));
                Ok(())
            }
            (Some("clear"), None) => {
                receiver.clear();
                Ok(())
            }
            (Some("create"), Some(table)) => create(receiver, table, words),
            _ => Err(format!("unknown command {:?}", line.trim_end_matches(['\n', '\r']))),
        };
        answer.push_str(&done.err().unwrap_or_default());
        answer.push('\n');
        if !OUTPUT.say(&answer) {
            // Whoever gave the commands has gone.
            return Ok(());
        }
    }
}

fn create<'a>(
    receiver: &Receiver,
    table: &str,
    columns: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let columns = columns
        .map(|column| {
            let (name, wanted) = column.split_once(':').ok_or("a column is NAME:TYPE")?;
            Ok((name, wanted.parse::<ColumnType>().map_err(|e| e.to_string())?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    receiver.create_table(table, &columns).map_err(|e| e.to_string())
}

/// Converts a table to JSON. Cells are null or text, because text keeps what the numbers of JSON would lose.
fn json(table: &Table) -> serde_json::Value {
    let cell = |value: &Value<'_>| match value {
        Value::Null => serde_json::Value::Null,
        value => value.to_string().into(),
    };
    let rows: Vec<serde_json::Value> =
        (0..table.row_count()).map(|row| table.row(row).iter().map(cell).collect()).collect();
    let columns = table.columns().iter();
    serde_json::json!({
        "table": table.name(),
        "columns": columns.map(|c| (c.name(), c.column_type().to_string())).collect::<Vec<_>>(),
        "rows": rows,
    })
}
