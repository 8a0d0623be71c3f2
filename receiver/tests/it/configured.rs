//! Tests of what keys of `server.conf` change. Messages are those of QuestDB 9.3.4 with the same keys.

use std::io::{Read, Write};
use std::path::Path;

use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};
use questdb_receiver::{ColumnType, ConfigurationSources, Receiver};

/// Starts a receiver on free ports with this `server.conf`.
fn start(conf: &str) -> Receiver {
    let mut sources = ConfigurationSources::default();
    sources.read_content(Path::new("server.conf"), conf.as_bytes());
    for key in ["http.net.bind.to", "line.tcp.net.bind.to", "http.min.net.bind.to"] {
        sources.set("a test", key, "0");
    }
    sources.resolve().receiver().unwrap().start().unwrap()
}

#[test]
fn rows_make_no_tables_and_columns_if_they_may_not() {
    let receiver =
        start("line.auto.create.new.tables=false\nline.tcp.auto.create.new.columns=false\n");
    receiver.create_table("t", &[("x", ColumnType::Long)]).unwrap();
    let mut http = Http::over(connect(receiver.http_addr()));
    assert_eq!(http.write("t x=1i").status, 204);
    for (row, said) in [
        ("u x=1i", "table: u; table does not exist, creating new tables is disabled"),
        ("t x=1i,y=2i", "table: t, column: y does not exist, creating new columns is disabled"),
        ("t,s=a x=1i", "table: t, column: s does not exist, creating new columns is disabled"),
    ] {
        let answer = http.write(row);
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(&format!("error in line 1: {said}")), "{}", answer.body);
    }
    assert_eq!(receiver.table_names(), ["t"]);
    let table = receiver.table("t").unwrap();
    assert_eq!((table.columns().len(), table.row_count()), (2, 1));
    // Rows that may add no columns make no tables either.
    let receiver = start("line.auto.create.new.columns=false\n");
    let answer = Http::over(connect(receiver.http_addr())).write("t,s=a x=1i,y=2i");
    let said = "table does not exist, cannot create table, creating new columns is disabled";
    assert!(answer.status == 400 && answer.body.contains(said), "{answer:?}");
}

#[test]
fn bare_times_over_tcp_are_in_the_configured_unit() {
    let receiver = start("line.tcp.timestamp.unit=millis\n");
    connect(receiver.tcp_addr()).write_all(b"t x=1i 1500\n").unwrap();
    let table = receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
    assert_eq!(table.value(0, "timestamp").unwrap().to_string(), "1970-01-01T00:00:01.500000Z");
}

#[test]
fn a_silent_peer_is_disconnected_after_the_configured_time() {
    let receiver = start("line.tcp.net.connection.timeout=50\nhttp.net.connection.timeout=50ms\n");
    for addr in [receiver.tcp_addr(), receiver.http_addr()] {
        assert_eq!(connect(addr).read(&mut [0; 8]).unwrap(), 0);
    }
}

#[test]
fn a_bad_row_is_answered_unless_that_is_switched_off() {
    let answer = |conf: &str| {
        let receiver = start(conf);
        let mut tcp = connect(receiver.tcp_addr());
        tcp.write_all(b"t x=1i\nt x=\"a\"\n").unwrap();
        let mut answer = String::new();
        let _ = tcp.read_to_string(&mut answer);
        answer
    };
    assert!(answer("").starts_with("ERROR: "));
    assert_eq!(answer("line.tcp.error.replies=false"), "");
}
