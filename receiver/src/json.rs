//! Tables and refusals as JSON, for tests in any language.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::refusals::RefusedRow;
use crate::table::Table;
use crate::value::{Array, Value};

/// Returns a table with its columns and rows. A row has only the cells that have a value.
pub(crate) fn table(table: &Table) -> String {
    let mut out = String::new();
    head(&mut out, table);
    out.push_str(",\"rows\":[");
    let keys: Vec<String> = table.columns().iter().map(|c| quoted(c.name())).collect();
    for row in 0..table.row_count() {
        out.push_str(if row > 0 { ",\n{" } else { "\n{" });
        let mut first = true;
        for (key, value) in keys.iter().zip(table.row(row)) {
            if value == Value::Null {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            out.push_str(key);
            out.push(':');
            cell(&mut out, value);
        }
        out.push('}');
    }
    out.push_str("]}");
    out
}

/// Returns all tables with their columns and how many rows they have.
pub(crate) fn tables<'a>(tables: impl Iterator<Item = &'a Table>) -> String {
    let mut out = String::from("[");
    for (i, table) in tables.enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "" });
        head(&mut out, table);
        out.push_str(&format!(",\"row_count\":{}}}", table.row_count()));
    }
    out.push(']');
    out
}

/// Returns refusals, in their order.
pub(crate) fn refusals(refused: &[RefusedRow]) -> String {
    let mut out = String::from("[");
    for (i, row) in refused.iter().enumerate() {
        out.push_str(if i > 0 { ",\n{\"time\":\"" } else { "{\"time\":\"" });
        out.push_str(&time(row.time()));
        out.push('"');
        if let Some(peer) = row.peer() {
            out.push_str(&format!(",\"peer\":\"{peer}\""));
        }
        out.push_str(&format!(
            ",\"listener\":\"{}\",\"code\":{},\"line\":{},\"byte\":{},\"message\":{},\"text\":{}}}",
            row.listener().name(),
            quoted(row.code()),
            row.line(),
            row.byte(),
            quoted(row.message()),
            quoted(row.text())
        ));
    }
    out.push(']');
    out
}

/// Writes an object up to its columns, without its end.
fn head(out: &mut String, table: &Table) {
    out.push_str("{\"table\":");
    out.push_str(&quoted(table.name()));
    out.push_str(",\"timestamp\":");
    out.push_str(&quoted(table.designated().name()));
    out.push_str(",\"columns\":[");
    for (i, column) in table.columns().iter().enumerate() {
        let (comma, name) = (if i > 0 { "," } else { "" }, quoted(column.name()));
        out.push_str(&format!("{comma}{{\"name\":{name},\"type\":\"{}\"}}", column.column_type()));
    }
    out.push(']');
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn time(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Value::TimestampMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)).to_string()
}

fn cell(out: &mut String, value: Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Symbol(text) | Value::Varchar(text) => out.push_str(&quoted(text)),
        Value::Long(_) | Value::Boolean(_) => out.push_str(&value.to_string()),
        Value::Double(v) => double(out, v),
        Value::Array(v) => array(out, v.shape(), v),
        // Numbers of JSON would lose their last digits.
        _ => out.push_str(&format!("\"{value}\"")),
    }
}

/// Writes a double with all of its digits. JSON has no number for those that are not finite.
fn double(out: &mut String, value: f64) {
    let text = match value {
        v if v.is_finite() => format!("{v:?}"),
        v if v.is_nan() => "\"NaN\"".to_owned(),
        v if v > 0.0 => "\"Infinity\"".to_owned(),
        _ => "\"-Infinity\"".to_owned(),
    };
    out.push_str(&text);
}

fn array(out: &mut String, shape: &[u32], whole: &Array) {
    if whole.data().is_empty() {
        // Its dimensions could be extremely large.
        return out.push_str("[]");
    }
    part(out, shape, whole.data());
}

fn part(out: &mut String, shape: &[u32], data: &[f64]) {
    let Some((length, inner)) = shape.split_first() else {
        return data.iter().for_each(|v| double(out, *v));
    };
    let size = data.len() / (*length as usize).max(1);
    out.push('[');
    for (i, piece) in data.chunks(size.max(1)).enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        part(out, inner, piece);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;
    use std::time::Duration;

    use crate::{ColumnType, Receiver};

    #[test]
    fn rows_have_the_cells_with_a_value() {
        let receiver = Receiver::builder().start().unwrap();
        receiver.create_table("t", &[("d", ColumnType::Decimal)]).unwrap();
        let mut socket = TcpStream::connect(receiver.tcp_addr()).unwrap();
        let lines = b"t,s=a\\\"b d=1.50d,l=9007199254740993i,f=1e300,b=f 1000\nt f=NaN,h=0x10i 2000\nt f=-Infinity 3000\n";
        socket.write_all(lines).unwrap();
        drop(socket);
        let stored = receiver.wait_for_rows("t", 3, Duration::from_secs(20)).unwrap();
        let json = stored.to_json();
        let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows["timestamp"], "timestamp");
        assert_eq!(
            rows["columns"][2],
            serde_json::json!({"name": "s", "type": "SYMBOL"}),
            "{json}"
        );
        let first = r#"{"d":"1.50","timestamp":"1970-01-01T00:00:00.000001Z","s":"a\"b","l":9007199254740993,"f":1e300,"b":false}"#;
        assert!(json.contains(first), "{json}");
        assert_eq!(rows["rows"][1]["f"], "NaN");
        assert_eq!(rows["rows"][1]["h"], "0x10");
        assert_eq!(rows["rows"][2]["f"], "-Infinity");
        assert_eq!(rows["rows"][2].as_object().unwrap().len(), 2);
        let all = crate::internal::tables_json(&receiver);
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        assert_eq!((&all[0]["table"], &all[0]["row_count"]), (&"t".into(), &3.into()));
    }

    #[test]
    fn refusals_are_told_with_their_place() {
        let receiver = Receiver::builder().start().unwrap();
        let mut socket = TcpStream::connect(receiver.http_addr()).unwrap();
        let body = "t x=1i 1\nt x=\"no\" 2\n";
        let head = "POST /write HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length";
        write!(socket, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        std::io::read_to_string(&mut socket).unwrap();
        let json = crate::internal::refusals_json(&receiver);
        let told: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(told.as_array().unwrap().len(), 1, "{json}");
        assert_eq!((&told[0]["line"], &told[0]["listener"]), (&2.into(), &"http".into()), "{json}");
        assert!(told[0]["time"].as_str().unwrap().starts_with("20"), "{json}");
        assert!(told[0]["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{json}");
        assert!(told[0]["text"].as_str().unwrap().starts_with("t x=\"no\" 2"), "{json}");
    }
}
