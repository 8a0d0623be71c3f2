//! Our receiver is compared with the server that it imitates: the same requests give the same answers and tables.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use questdb_receiver::{Column, ColumnType, Receiver, Table, Value as Cell};
use serde_json::{Value, json};

use questdb_ingress_testkit::almost_lines;
use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};
use questdb_ingress_testkit::raw_client::{Http, connect};

on_current_releases! {
    Options::PLAIN => golden_requests_end_alike,
    Options::PLAIN => random_rows_end_alike,
}

/// What one of the two did with a request.
#[derive(Debug, PartialEq)]
struct Made {
    status: u16,
    message: Value,
    line: Value,
    tables: Vec<Content>,
}

/// Name, columns, and rows as JSON.
type Content = (String, Vec<String>, Vec<Vec<Value>>);

fn answer(status: u16, body: &str) -> Made {
    let error: Value = serde_json::from_str(body).unwrap_or_default();
    let (message, line) = (error["message"].clone(), error["line"].clone());
    Made { status, message, line, tables: Vec::new() }
}

fn by_server(server: &QuestDb, body: &[u8]) -> Made {
    let response = server.write(body);
    answer(response.status, &response.body)
}

/// Reads and drops the tables that golden requests name. The tables of other tests have an underscore in their names.
fn take_tables(server: &QuestDb) -> Vec<Content> {
    let names = server.sql("select table_name from tables() where table_name not like '%\\_%'");
    let take = |name: &str| {
        let rows = server.read(name, &format!("select * from \"{name}\""));
        let (types, mut cells) = (rows.types(), rows.cells);
        server.sql(&format!("drop table \"{name}\""));
        cells.iter_mut().flatten().for_each(blur);
        (name.to_owned(), types, cells)
    };
    names.cells.iter().filter_map(|row| row[0].as_str()).map(take).collect()
}

fn by_receiver(body: &[u8]) -> Made {
    let receiver = Receiver::builder().start().unwrap();
    let response = Http::over(connect(receiver.http_addr())).write(body);
    let mut made = answer(response.status, &response.body);
    for name in receiver.table_names() {
        let table = receiver.table(&name).unwrap();
        let types = table.columns().iter().map(|c| {
            let kind = match c.column_type() {
                ColumnType::Array(_) => "ARRAY".to_owned(),
                kind => kind.to_string(),
            };
            format!("{} {kind}", c.name())
        });
        let mut cells = rows(&table);
        cells.iter_mut().flatten().for_each(blur);
        made.tables.push((name, types.collect(), cells));
    }
    made
}

fn rows(table: &Table) -> Vec<Vec<Value>> {
    // The server has no null booleans.
    let cell = |(column, value): (&Column, Cell<'_>)| match value {
        Cell::Null if column.column_type() == ColumnType::Boolean => json!(false),
        value => as_json(value),
    };
    let columns = table.columns();
    (0..table.row_count())
        .map(|row| columns.iter().zip(table.row(row)).map(cell).collect())
        .collect()
}

/// Removes what may differ: the clock, and the last digit of doubles, which JSON parsers round.
fn blur(cell: &mut Value) {
    if cell.as_str().is_some_and(|text| text.starts_with("202") && text.ends_with('Z')) {
        *cell = "now".into();
    } else if let Some(double) = cell.as_f64().filter(|_| cell.is_f64()) {
        *cell = format!("{double:.13e}").into();
    }
}

/// Returns a cell as the server's JSON has it.
fn as_json(value: Cell<'_>) -> Value {
    match value {
        Cell::Null => Value::Null,
        Cell::Long(v) => json!(v),
        Cell::Double(v) => json!(v),
        Cell::Boolean(v) => json!(v),
        Cell::Array(v) if v.data().is_empty() => json!([]),
        Cell::Array(v) => serde_json::from_str(&v.to_string()).unwrap(),
        other => json!(other.to_string()),
    }
}

/// Returns whether the receiver is stricter on purpose. It refuses an unfinished last row, which the server loses silently,
/// and reports some faults as the sender's that the server reports as its own (exponents near 2^31).
fn is_stricter(ours: &Made, theirs: &Made) -> bool {
    let unfinished = ours.message.as_str().is_some_and(|m| m.contains("unfinished line"));
    ours.status == 400 && (theirs.status == 500 || unfinished)
}

fn show_difference(input: &[u8], ours: &Made, theirs: &Made) -> Option<String> {
    let named = |made: &Made| {
        let message = made.message.as_str().unwrap_or_default();
        let mut chars = message.chars();
        chars.next_back();
        message.contains("invalid column name").then(|| chars.as_str().to_owned())
    };
    // The server's message names files and numbers of its own.
    if [ours.status, theirs.status] == [500, 500] && ours.line == theirs.line {
        return None;
    }
    // When the server shows an escaped name that spoils a row, it has moved the bytes of the name already, and shows another
    // one.
    if input.contains(&b'\\') && named(ours).is_some() && named(ours) == named(theirs) {
        return None;
    }
    let shown = String::from_utf8_lossy(input);
    (ours != theirs && !is_stricter(ours, theirs))
        .then(|| format!("{shown:?}\n  ours   {ours:?}\n  theirs {theirs:?}\n"))
}

fn golden_requests_end_alike(server: &QuestDb) {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/vectors.json")).unwrap();
    let cases = vectors["receiver_vectors"].as_array().unwrap();
    let mut differences = Vec::new();
    for case in cases {
        let hex = case["input_hex"].as_str().unwrap();
        let input: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let (ours, mut theirs) = (by_receiver(&input), by_server(server, &input));
        theirs.tables = take_tables(server);
        differences.extend(show_difference(&input, &ours, &theirs));
    }
    report_cases("golden requests, server and receiver alike", cases.len());
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.concat());
}

/// Random rows for a table of their own, made of pieces that often fit together.
fn random_rows_end_alike(server: &QuestDb) {
    let mut runner = TestRunner::deterministic();
    let mut differences = Vec::new();
    let cases = 1000;
    for _ in 0..cases {
        let tail = almost_lines().new_tree(&mut runner).unwrap().current();
        let input = [unique("random").as_bytes(), b" x=1i,", &tail].concat();
        let (mut ours, theirs) = (by_receiver(&input), by_server(server, &input));
        // What was stored has been compared above.
        ours.tables.clear();
        differences.extend(show_difference(&input, &ours, &theirs));
    }
    report_cases("random rows, server and receiver alike", cases);
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.concat());
}
