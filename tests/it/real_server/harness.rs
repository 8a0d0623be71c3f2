//! Tests the harness itself: rows are written and read, and the server is killed and started again.

use serde_json::json;

use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, unique, with_own};

on_current_releases! {
    Options::PLAIN => a_row_is_read_back,
}

fn a_row_is_read_back(server: &QuestDb) {
    let table = unique("harness");
    server.write_ok(format!("{table},city=Z\u{fc}rich temp=21.5,n=5i 1700000000000000000\n"));
    let rows = server.read(&table, &format!("select * from {table}"));
    assert_eq!(rows.types(), ["city SYMBOL", "temp DOUBLE", "n LONG", "timestamp TIMESTAMP"]);
    assert_eq!(
        rows.cells,
        [vec![json!("Z\u{fc}rich"), json!(21.5), json!(5), json!("2023-11-14T22:13:20.000000Z")]]
    );
}

/// Ends the server in both ways, and starts it each time with the same data on the same ports.
fn rows_survive_a_restart(release: Release) {
    let server = QuestDb::start(release, Options::AUTH);
    for (round, end) in [QuestDb::kill, QuestDb::terminate].into_iter().enumerate() {
        server.write_ok(format!("t x={round}i {round}\n"));
        end(&server);
        assert!(server.try_sql("select 1").is_err(), "still there");
        server.restart();
        let rows = server.read("t", "select x from t order by x");
        assert_eq!(rows.cells, (0..=round).map(|x| vec![json!(x)]).collect::<Vec<_>>());
    }
}

#[test]
fn rows_survive_a_restart_java17() {
    with_own(Release::Java17, rows_survive_a_restart);
}

#[test]
fn rows_survive_a_restart_java25() {
    with_own(Release::Java25, rows_survive_a_restart);
}
