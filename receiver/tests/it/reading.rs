//! Statements at `/exec` and `/exp`, compared with what QuestDB 9.3.4 answered to the same requests over the same rows.

#[path = "../reading/rows.rs"]
mod rows;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use questdb_ingress_testkit::questdb::http::{Response, percent_encoded, request};
use questdb_receiver::Receiver;
use serde_json::Value;

/// The answers of the real server, one request a line. A test against a server, of the client's package, holds them.
const ANSWERS: &str = include_str!("../reading/answers.jsonl");

/// Requests that are answered otherwise, and why. Errors may have other words where the server's are about its own grammar.
const DIFFERENCES: &[(&str, &str)] = &[
    ("dct", "a decimal column here has no precision and scale of its own"),
    ("select l from every where ar is null", "the server cannot compare arrays"),
    ("show tables", "in order of creation here, in no order there"),
    ("show columns from every", "symbols here have no capacity and no cache"),
    ("wal_tables()", "no numbers of transactions here, and another order"),
];

fn start() -> Receiver {
    let receiver = Receiver::builder().start().unwrap();
    assert_eq!(get(&receiver, "/exec", rows::CREATE, "").body, "{\"ddl\":\"OK\"}");
    for body in rows::bodies() {
        let port = receiver.http_addr().port();
        assert_eq!(request(port, "POST", "/write", &[], &body).unwrap().status, 204);
    }
    receiver
}

fn get(receiver: &Receiver, path: &str, query: &str, more: &str) -> Response {
    let target = format!("{path}?query={}{more}", percent_encoded(query));
    request(receiver.http_addr().port(), "GET", &target, &[], b"").unwrap()
}

#[test]
fn statements_are_answered_as_the_server_answers_them() {
    let receiver = start();
    let (mut cases, mut different) = (0, Vec::new());
    for line in ANSWERS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap();
        let (path, query, more) = (text("path"), text("query"), text("more"));
        let ours = get(&receiver, path, query, more);
        let known = DIFFERENCES.iter().any(|(q, _)| *q == query);
        let same_status = case["status"] == ours.status;
        let same = same_status && text("body") == ours.body;
        // The words of an error about grammar may be others.
        let both_refuse = ours.status == 400 && same_status;
        if !same && !known && !both_refuse {
            different.push(format!("{path} {query} {more}\n  {}\n  {}", text("body"), ours.body));
        }
        assert!(!known || !same || path == "/exp", "no difference any more: {query}");
        cases += 1;
    }
    assert!(different.is_empty(), "{} of {cases}:\n{}", different.len(), different.join("\n"));
    assert!(cases > 400, "{cases}");
}

#[test]
fn other_sql_is_refused_with_advice() {
    let receiver = start();
    for (query, position) in [
        ("select k, max(d) from dbl sample by 1h", 10),
        ("select k from dbl latest on timestamp partition by k", 18),
        ("insert into dbl values (1)", 0),
        ("select k from dbl join nn on k", 18),
        ("select k from (select * from dbl)", 14),
        ("select k + 1 from dbl", 9),
        ("alter table dbl add column x int", 0),
    ] {
        let answer = get(&receiver, "/exec", query, "");
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["position"], &body["query"]),
            (400, &position.into(), &query.into())
        );
        assert!(body["error"].as_str().unwrap().contains("DuckDB"), "{body}");
    }
}

#[test]
fn suites_of_clients_find_a_version() {
    let receiver = Receiver::builder().start().unwrap();
    for query in ["select build", "select build()", "select version();", "select version() v"] {
        let answer = get(&receiver, "/exec", query, "").json();
        let text = answer["dataset"][0][0].as_str().unwrap().to_owned();
        assert!(text.starts_with("Build Information: QuestDB 9.3.4, "), "{text}");
    }
}

#[test]
fn a_nested_condition_exhausts_no_stack() {
    let receiver = start();
    let query = format!("select k from dbl where {}k = 1", "(".repeat(4000));
    let answer = get(&receiver, "/exec", &query, "");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("nested too deeply"), "{}", answer.body);
}

#[test]
fn a_large_result_comes_in_parts() {
    let receiver = Receiver::builder().start().unwrap();
    let rows: String = (0..100_000).map(|i| format!("big a={i}i {}000\n", 1_000_000 - i)).collect();
    let port = receiver.http_addr().port();
    assert_eq!(request(port, "POST", "/write", &[], rows.as_bytes()).unwrap().status, 204);
    let answer = get(&receiver, "/exec", "select a from big", "").json();
    let cells = answer["dataset"].as_array().unwrap();
    assert_eq!((cells.len(), &answer["count"]), (100_000, &100_000.into()));
    assert_eq!((&cells[0][0], &cells[99_999][0]), (&99_999.into(), &0.into()));
    let csv = get(&receiver, "/exp", "select a from big limit -2", "");
    assert_eq!(csv.body, "\"a\"\r\n1\r\n0\r\n");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.header("content-disposition").unwrap().starts_with("attachment; filename="));
}

/// Begins to read a large table and stops, which the server notices when the buffers of the sockets are full. Meanwhile everybody else
/// gets answers, also those who change or remove the table. The reader then gets what was there when it asked.
pub(crate) fn a_reader_stops(receiver: &Receiver) {
    const ROWS: usize = 400_000;
    let port = receiver.http_addr().port();
    let mut rows = String::new();
    (1..=ROWS).for_each(|i| rows.push_str(&format!("big a=\"{i:0>60}\" {i}000\n")));
    assert_eq!(request(port, "POST", "/write", &[], rows.as_bytes()).unwrap().status, 204);
    let mut reader = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let ask = "GET /exec?query=select+*+from+big HTTP/1.1\r\nHost: a\r\n\r\n";
    reader.write_all(ask.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    reader.read_exact(&mut answer).unwrap();
    for i in 0..100 {
        let row = format!("big a=\"new\",b={i}i 1000\n");
        assert_eq!(request(port, "POST", "/write", &[], row.as_bytes()).unwrap().status, 204);
        assert_eq!(receiver.table("big").unwrap().row_count(), ROWS + i + 1);
    }
    let count = get(receiver, "/exec", "select count() from big", "").json();
    assert_eq!(count["dataset"][0][0], ROWS + 100);
    assert_eq!(get(receiver, "/exec", "drop table big", "").status, 200);
    assert_eq!(
        get(receiver, "/exec", "create table big (a long, t timestamp) timestamp(t)", "").status,
        200
    );
    let mut part = vec![0; 1 << 20];
    while !answer.ends_with(b"\r\n00\r\n\r\n") {
        let len = reader.read(&mut part).unwrap();
        assert!(len > 0, "broken off after {} bytes", answer.len());
        answer.extend_from_slice(&part[..len]);
    }
    let end = String::from_utf8_lossy(&answer[answer.len() - 200..]).into_owned();
    assert!(end.contains(&format!("\"count\":{ROWS}")), "{end}");
    assert!(!answer.windows(5).any(|bytes| bytes == b"\"new\""), "only what was there before");
}

#[test]
fn a_reader_that_stops_keeps_nobody_waiting() {
    a_reader_stops(&Receiver::builder().start().unwrap());
}

#[test]
fn reading_asks_for_the_same_credentials_as_writing() {
    let receiver = Receiver::builder().auth_basic("u", "p").start().unwrap();
    let port = receiver.http_addr().port();
    for path in ["/exec", "/exp"] {
        let target = format!("{path}?query=select+1");
        let status =
            |headers: &[(&str, &str)]| request(port, "GET", &target, headers, b"").unwrap().status;
        assert_eq!(status(&[]), 401);
        assert_eq!(status(&[("Authorization", "Basic dTpx")]), 401);
        assert_eq!(status(&[("Authorization", "Basic dTpw")]), 200);
        assert_eq!(request(port, "POST", &target, &[], b"").unwrap().status, 405);
    }
}

#[test]
fn the_connection_stays_after_answers_of_each_kind() {
    use questdb_ingress_testkit::raw_client::{Http, connect};
    let receiver = start();
    let mut client = Http::over(connect(receiver.http_addr()));
    for (target, status) in [
        ("/exec?query=dbl", 200),
        ("/exec?query=nope", 400),
        ("/exp?query=dbl", 200),
        ("/exec?query=", 200),
        ("/exp", 400),
    ] {
        let answer = client.ask(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(answer.status, status, "{target}");
    }
    assert_eq!(client.write("t x=1i\n").status, 204);
    // One for each request of `start`, and this one.
    assert_eq!(receiver.stats().connections, 6);
}

#[test]
fn tables_are_made_emptied_and_removed() {
    let receiver = Receiver::builder().start().unwrap();
    let port = receiver.http_addr().port();
    let ask = |query: &str| get(&receiver, "/exec", query, "");
    let write = |rows: &str| request(port, "POST", "/write", &[], rows.as_bytes()).unwrap().status;
    let done = "{\"ddl\":\"OK\"}";
    let create = "create table \"My t\" (ts timestamp_ns, s symbol capacity 16 cache, a double[][], v string) \
                  timestamp(ts) partition by month bypass wal";
    assert_eq!(ask(create).body, done);
    assert_eq!(write("My\\ t,s=x v=\"y\",n=1i 5\n"), 204);
    let rows = ask("select * from 'My t'").json();
    assert_eq!(
        rows["dataset"],
        serde_json::json!([["1970-01-01T00:00:00.000000005Z", "x", null, "y", 1]])
    );
    assert_eq!(rows["timestamp"], 0);
    let facts = ask("select designatedTimestamp, partitionBy from tables()").json();
    assert_eq!(facts["dataset"], serde_json::json!([["ts", "MONTH"]]));
    let columns = ask("select \"column\", type, designated from table_columns('my t')").json();
    let expected = serde_json::json!([
        ["ts", "TIMESTAMP_NS", true],
        ["s", "SYMBOL", false],
        ["a", "DOUBLE[][]", false],
        ["v", "VARCHAR", false],
        ["n", "LONG", false]
    ]);
    assert_eq!(columns["dataset"], expected);

    // A snapshot from before keeps its rows.
    let before = receiver.table("my t").unwrap();
    assert_eq!(ask("truncate table \"MY T\";").body, done);
    assert_eq!(ask("select count() from \"my t\"").json()["dataset"], serde_json::json!([[0]]));
    assert_eq!((before.row_count(), receiver.table("my t").unwrap().columns().len()), (1, 5));
    assert_eq!(write("My\\ t,s=x v=\"y\",m=2i 5\nMy\\ t v=\"z\" 6\n"), 204);
    assert_eq!(receiver.table("my t").unwrap().row_count(), 2);

    assert_eq!(ask("drop table \"my t\"").body, done);
    assert_eq!(receiver.table_names(), [] as [&str; 0]);
    assert_eq!(ask("drop table if exists \"my t\"").body, done);
    for query in ["drop table t", "truncate table t", "show columns from t"] {
        let answer = ask(query);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "table does not exist [table=t]", "{query}");
    }
    assert_eq!(write("My\\ t v=1i 5\n"), 204);
    assert_eq!(receiver.table("My t").unwrap().columns().len(), 2);
}

#[test]
fn tables_that_cannot_be_made_are_refused_with_the_reason() {
    let receiver = Receiver::builder().start().unwrap();
    let end = "timestamp(t) partition by day wal";
    for (what, error) in [
        ("u uuid, t timestamp", "the receiver has no columns of type UUID"),
        ("u GEOHASH(8c), t timestamp", "the receiver has no columns of type GEOHASH"),
        ("u int, t timestamp", "the receiver has no columns of type INT"),
        ("u nope, t timestamp", "unsupported column type: nope"),
        ("u long[], t timestamp", "unsupported column type: long[]"),
        ("u long", "invalid designated timestamp column [name=t]"),
        ("t long", "TIMESTAMP column expected [actual=LONG, columnName=t]"),
        ("t timestamp, T long", "bad or repeated column name \"T\""),
        ("t timestamp, \"a-b\" long", "bad or repeated column name \"a-b\""),
    ] {
        let answer = get(&receiver, "/exec", &format!("create table x ({what}) {end}"), "");
        assert_eq!((answer.status, &answer.json()["error"]), (400, &error.into()), "{what}");
    }
    let keys = format!("create table x (t timestamp) {end} dedup upsert keys(t)");
    assert!(get(&receiver, "/exec", &keys, "").body.contains("dedup keys"));
    assert!(get(&receiver, "/exec", "create table x (a long)", "").body.contains("designated"));
    assert!(receiver.table_names().is_empty());
}

#[test]
fn rows_of_an_open_connection_outlive_what_becomes_of_their_table() {
    use std::io::Write;
    let receiver = Receiver::builder().start().unwrap();
    let wait = std::time::Duration::from_secs(20);
    let mut tcp = std::net::TcpStream::connect(receiver.tcp_addr()).unwrap();
    tcp.write_all(b"t a=1i,b=1i 1000\n").unwrap();
    receiver.wait_for_rows("t", 1, wait).unwrap();
    assert_eq!(get(&receiver, "/exec", "truncate table t", "").status, 200);
    tcp.write_all(b"t a=2i,c=2i 2000\n").unwrap();
    let table = receiver.wait_for_rows("t", 1, wait).unwrap();
    assert_eq!((table.row_count(), table.columns().len()), (1, 4));
    assert_eq!(get(&receiver, "/exec", "drop table t", "").status, 200);
    tcp.write_all(b"t a=3i 3000\n").unwrap();
    let table = receiver.wait_for_rows("t", 1, wait).unwrap();
    assert_eq!((table.row_count(), table.columns().len()), (1, 2));
}

#[test]
fn every_statement_of_random_words_gets_an_answer() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use questdb_ingress_testkit::raw_client::{Http, connect};

    let receiver = start();
    let mut client = Http::over(connect(receiver.http_addr()));
    let words = "select * , from dbl every nn where and or not in between is null limit order by timestamp desc ( ) = != < <= \
                 > >= - 0 1 -3 9223372036854775808 1e999 0.5 'x' '1970-01-01T00:00:02' '1970;1d' \"k\" l d s b t tn ar dc dct \
                 count ( * ) tables() show columns parameters as :: ; . now() true false wal_tables() create table if exists \
                 drop truncate double[] é 🙂 ' \" /* -- \\";
    let words: Vec<&str> = words.split_whitespace().collect();
    let begins = [
        "",
        "select * from dbl where",
        "select * from every order by",
        "dbl limit",
        "select l from every where",
    ];
    let strategy = (
        prop::sample::select(begins.to_vec()),
        prop::collection::vec(prop::sample::select(words), 0..12),
    );
    let client = std::cell::RefCell::new(&mut client);
    let accepted = std::cell::Cell::new(0);
    let mut runner =
        TestRunner::new(Config { cases: 3000, failure_persistence: None, ..Config::default() });
    runner
        .run(&strategy, |(begin, words)| {
            let query = format!("{begin} {}", words.join(" "));
            let head = format!("GET /exec?query={} HTTP/1.1\r\n\r\n", percent_encoded(&query));
            let answer = client.borrow_mut().ask(head);
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            let error = body["error"].is_string();
            let expected = if error && body["position"] != "0" { 400 } else { 200 };
            prop_assert_eq!(answer.status, expected);
            accepted.set(accepted.get() + u32::from(!error));
            Ok(())
        })
        .unwrap();
    assert!(accepted.get() > 50, "{}", accepted.get());
}
