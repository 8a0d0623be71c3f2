//! Answers of status 500, which a server calls its own failure. Each one that a matrix of values, columns and tables causes
//! names a row; nothing of the request is stored; and the sender treats them as what they are, a refusal of that row.

use std::collections::BTreeMap;

use questdb_ingress::{Buffer, ErrorCode, Outcome, Result, Sender};

use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => every_500_names_a_row_and_is_a_refusal,
}

/// How a field is written, after the name and `=`. A value that begins with `,` is a symbol.
const VALUES: &[(&str, &str)] = &[
    ("symbol", ",a"),
    ("empty symbol", ","),
    ("integer", "1i"),
    ("smallest integer", "-9223372036854775808i"),
    ("double", "1.5"),
    ("binary double", "=\u{10}\0\0\0\0\0\0\0\0"),
    ("boolean", "t"),
    ("string", "\"text\""),
    ("empty string", "\"\""),
    ("long string", "\"LONG\""),
    ("nanoseconds", "1n"),
    ("microseconds", "1t"),
    ("negative microseconds", "-1t"),
    ("array", "=\u{e}\u{a}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\0\0"),
    ("array of two dimensions", "=\u{e}\u{a}\u{2}\u{1}\0\0\0\u{1}\0\0\0\0\0\0\0\0\0\0\0"),
    ("empty array", "=\u{e}\u{a}\u{1}\0\0\0\0"),
    ("array of no dimensions", "=\u{e}\u{a}\0"),
    ("decimal", "1.5d"),
    ("huge decimal", "1e70d"),
    ("binary decimal", "=\u{17}\u{1}\u{1}\u{f}"),
];

const NAMES: &[&str] = &["new", "timestamp", "TIMESTAMP", "ts", "v", "é", "LONGNAME"];

/// The tables that exist before, by the type of `v`; the first does not exist.
const TABLES: &[&str] = &[
    "",
    "symbol",
    "long",
    "int",
    "byte",
    "double",
    "float",
    "boolean",
    "string",
    "varchar",
    "char",
    "date",
    "timestamp",
    "timestamp_ns",
    "uuid",
    "long256",
    "ipv4",
    "geohash(4b)",
    "double[]",
    "double[][]",
    "decimal(18,3)",
    "decimal(76,0)",
    "binary",
];

fn every_500_names_a_row_and_is_a_refusal(server: &QuestDb) {
    let mut found = BTreeMap::<String, usize>::new();
    let mut cases = 0;
    for kind in TABLES {
        let known = unique("internal");
        if !kind.is_empty() {
            create(server, &known, kind);
        }
        for (value, text) in VALUES {
            for name in NAMES {
                // These values, which this library does not send, leave a table that cannot be written to any more.
                let ruins = *name == "LONGNAME" || *value == "array of no dimensions";
                if ruins && !kind.is_empty() {
                    continue;
                }
                cases += 1;
                let table = if kind.is_empty() { unique("internal") } else { known.clone() };
                let label = *name;
                let name = match *name {
                    "new" => format!("new{cases}"),
                    "LONGNAME" => "\u{e9}".repeat(127),
                    name => name.to_owned(),
                };
                let text = text.replace("LONG", &"x".repeat(100_000));
                let bad = match text.strip_prefix(',') {
                    Some(symbol) => format!("{table},{name}={symbol} good=1i 1\n"),
                    None => format!("{table} {name}={text},good=1i 1\n"),
                };
                let answer = server.write(format!("{table} good=500i 1\n{bad}"));
                let what = format!("{value} for {label} in {kind:?}");
                assert!(matches!(answer.status, 204 | 400 | 500), "{what}: {answer:?}");
                if answer.status != 500 {
                    continue;
                }
                let error = answer.json();
                let message = error["message"].as_str().unwrap().replace(&table, "T");
                assert_eq!(error["line"], 2, "{what}: {error}");
                assert!(
                    error["errorId"].is_string() && error["code"].is_string(),
                    "{what}: {error}"
                );
                let message = message.rsplit("error: ").next().unwrap();
                *found.entry(format!("{value}, {label}: {message:.44}")).or_default() += 1;
            }
        }
    }
    for (what, count) in &found {
        println!("500 {count:>2} times: {what}");
    }
    assert!(!found.is_empty());
    report_cases("values, columns and tables", cases);
    the_sender_gives_up_at_once(server);
}

fn create(server: &QuestDb, table: &str, kind: &str) {
    server.sql(&format!(
        "create table {table} (v {kind}, ts timestamp) timestamp(ts) partition by day wal"
    ));
}

/// Values that a sender can be made to send.
fn the_sender_gives_up_at_once(server: &QuestDb) {
    type Field = fn(&mut Buffer) -> Result<()>;
    let fields: [(&str, Field, bool); 4] = [
        ("an integer", |buffer| buffer.column_i64("timestamp", 1).map(drop), false),
        ("a symbol", |buffer| buffer.symbol("timestamp", "a").map(drop), false),
        ("a string", |buffer| buffer.column_str("timestamp", "a").map(drop), false),
        ("a decimal", |buffer| buffer.column_dec_str("d", "1.5").map(drop), true),
    ];
    let conf = format!("http::addr=127.0.0.1:{};protocol_version=3;", server.http_port());
    let mut sender = Sender::from_conf(&conf).unwrap();
    for (what, field, exists) in fields {
        let table = unique("internal");
        if exists {
            create(server, &table, "long");
        }
        let mut buffer = sender.new_buffer().unwrap();
        for bad in [false, true] {
            buffer.table(table.as_str()).unwrap();
            if bad {
                field(&mut buffer).unwrap();
            } else {
                buffer.column_i64("good", 1).unwrap();
            }
            buffer.at_nanos(1).unwrap();
        }
        let e = sender.flush(&mut buffer).unwrap_err();
        println!("{what}: {e}");
        assert_eq!(
            (e.code(), e.outcome()),
            (ErrorCode::Rejected, Outcome::Rejected),
            "{what}: {e}"
        );
        assert_eq!(
            (e.attempts(), e.server_line(), e.is_retryable()),
            (1, Some(2), false),
            "{what}"
        );
        let rows = server.read(&table, &format!("select count() from {table}"));
        assert_eq!((rows.cell().as_u64(), buffer.row_count()), (Some(0), 2), "{what}");
    }
}
