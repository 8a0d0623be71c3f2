//! The sender's promises against the real server: negotiated versions, transactions, errors that name the row, limits that
//! flush, credentials, and one buffer for several servers.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::Duration;

use questdb_ingress::{Atomicity, Buffer, ErrorCode, Outcome, ProtocolVersion, Result, Sender};
use serde_json::json;

use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, unique, with_shared};

on_current_releases! {
    Options::PLAIN => the_newest_common_version_is_found,
    Options::PLAIN => a_transaction_is_stored_whole_or_not_at_all,
    Options::PLAIN => an_error_names_the_row_the_table_and_the_entry_in_the_log,
    Options::PLAIN => rows_are_flushed_when_a_limit_is_reached,
    Options::PLAIN => the_server_sets_the_time_when_asked,
    Options::AUTH => wrong_credentials_are_an_auth_error,
    Options::AUTH => one_buffer_goes_to_several_servers,
}

fn http(server: &QuestDb, more: &str) -> Sender {
    let conf = format!("http::addr=127.0.0.1:{};{more}", server.http_port());
    Sender::from_conf(&conf).unwrap_or_else(|e| panic!("{conf}: {e}"))
}

fn row(buffer: &mut Buffer, table: &str, x: i64) -> Result<()> {
    buffer.table(table)?.symbol("s", "a")?.column_i64("x", x)?.at_micros(x)
}

fn count(server: &QuestDb, table: &str) -> serde_json::Value {
    server.read(table, &format!("select count() from {table}")).cell().clone()
}

fn the_newest_common_version_is_found(server: &QuestDb) {
    negotiates(server, ProtocolVersion::V3);
    // A stream cannot be asked for the version.
    let conf = format!("tcp::addr=127.0.0.1:{};", server.tcp_port());
    assert_eq!(Sender::from_conf(&conf).unwrap().protocol_version(), ProtocolVersion::V1);
}

fn negotiates(server: &QuestDb, version: ProtocolVersion) {
    let mut sender = http(server, "");
    assert_eq!((sender.protocol_version(), sender.max_name_len()), (version, 127));
    let table = unique("negotiated");
    let mut buffer = sender.new_buffer().unwrap();
    buffer.table(table.as_str()).unwrap().column_f64("f", 0.1).unwrap();
    buffer
        .column_ts_nanos("n", 1_234_567_891)
        .unwrap()
        .at_nanos(1_700_000_000_000_000_001)
        .unwrap();
    sender.flush(&mut buffer).unwrap();
    let rows = server.read(&table, &format!("select f, cast(n as long) from {table}"));
    let nanos = if version == ProtocolVersion::V1 { 1_234_567 } else { 1_234_567_891 };
    assert_eq!(rows.cells, [[json!(0.1), json!(nanos)]]);
}

#[test]
fn a_release_up_to_v2_is_spoken_to_in_v2() {
    with_shared(Release::UpToV2, Options::PLAIN, |server| negotiates(server, ProtocolVersion::V2));
}

#[test]
fn a_release_without_versions_is_spoken_to_in_v1() {
    with_shared(Release::OnlyV1, Options::PLAIN, |server| negotiates(server, ProtocolVersion::V1));
}

fn a_transaction_is_stored_whole_or_not_at_all(server: &QuestDb) {
    let (table, other) = (unique("transaction"), unique("transaction"));
    server.sql(&format!(
        "create table {table} (s symbol, x long, timestamp timestamp) timestamp(timestamp) \
         partition by day wal"
    ));
    // This is far fewer than the rows of a transaction, within which no limit flushes.
    let mut sender = http(server, "auto_flush_rows=10;");
    row(sender.own_buffer(), &other, 1).unwrap();
    sender.begin(&table).unwrap();
    assert_eq!(count(server, &other), 1, "pending rows go first");
    for x in 0..1000 {
        let buffer = sender.own_buffer();
        buffer.table(table.as_str()).unwrap().column_i64("x", x).unwrap();
        sender.at_micros(x).unwrap();
    }
    assert_eq!(count(server, &table), 0, "nothing is stored before the commit");
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(count(server, &table), 1000);

    // A transaction that is rolled back sends nothing.
    sender.begin(&table).unwrap();
    row(sender.own_buffer(), &table, 1).unwrap();
    sender.rollback().unwrap();
    sender.flush_own().unwrap();
    assert_eq!(count(server, &table), 1000);

    // The last row does not fit its column, so no row of the transaction is stored; it can then be rolled back.
    sender.begin(&table).unwrap();
    for x in 0..500 {
        row(sender.own_buffer(), &table, x).unwrap();
    }
    sender.own_buffer().table(table.as_str()).unwrap().column_str("x", "text").unwrap();
    sender.at_micros(1).unwrap();
    let error = sender.commit().unwrap_err();
    assert_eq!((error.outcome(), error.server_line()), (Outcome::Rejected, Some(501)), "{error}");
    assert!(sender.in_transaction() && sender.buffer().row_count() == 501);
    sender.rollback().unwrap();
    assert_eq!(count(server, &table), 1000);
    assert_eq!(sender.close(Duration::from_secs(10)).unconfirmed_rows, 0);

    // What cannot be a transaction is refused before anything is sent.
    let mut sender = http(server, "");
    let mut buffer = sender.new_buffer().unwrap();
    row(&mut buffer, &table, 1).unwrap();
    row(&mut buffer, &other, 1).unwrap();
    let error = sender.flush_and_keep_with(&buffer, Atomicity::AllOrNothing).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidState);
    assert_eq!((count(server, &table), count(server, &other)), (json!(1000), json!(1)));
}

fn an_error_names_the_row_the_table_and_the_entry_in_the_log(server: &QuestDb) {
    let (table, other) = (unique("error"), unique("error"));
    server.write_ok(format!("{table} v=1i 1\n"));
    let mut sender = http(server, "");
    let mut buffer = sender.new_buffer().unwrap();
    // Line ends inside values must not change the number of the row.
    for x in 0..4 {
        let row = buffer.table(table.as_str()).unwrap().symbol("s", "a\nb").unwrap();
        row.column_str("text", "c\r\nd\n").unwrap().column_i64("v", x).unwrap().at_now().unwrap();
    }
    buffer.table(table.as_str()).unwrap().column_str("v", "text").unwrap().at_now().unwrap();
    row(&mut buffer, &table, 9).unwrap();
    let before = buffer.peek().to_vec();
    let error = sender.flush(&mut buffer).unwrap_err();
    assert_eq!(buffer.peek(), before, "the buffer is as it was");
    assert_eq!((error.code(), error.outcome()), (ErrorCode::Rejected, Outcome::Rejected));
    assert_eq!(
        (error.http_status(), error.server_line(), error.attempts()),
        (Some(400), Some(5), 1)
    );
    assert_eq!((error.server_code(), error.table()), (Some("invalid"), Some(table.as_str())));
    assert!(!error.is_retryable() && !error.in_doubt());
    let reason = "cast error from protocol type: STRING to column type: LONG";
    assert!(error.message().contains(reason), "{error}");
    let id = error.server_error_id().expect("an id");
    assert!(server.logged(&format!("errorId={id}")), "the server's log lacks {id}");
    assert_eq!(count(server, &table), 1, "nothing of it is stored");

    // With rows of several tables the error must not claim more than it knows. Nothing is stored here either.
    row(&mut buffer, &other, 1).unwrap();
    let error = sender.flush(&mut buffer).unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Rejected | Outcome::Partial), "{error}");
    assert_eq!((error.server_line(), error.table()), (Some(5), None));
    assert_eq!(count(server, &table), 1);
    // The sender can go on.
    buffer.clear();
    row(&mut buffer, &other, 1).unwrap();
    sender.flush(&mut buffer).unwrap();
    assert_eq!(count(server, &other), 1);
}

fn rows_are_flushed_when_a_limit_is_reached(server: &QuestDb) {
    let limits = [
        "auto_flush_rows=10;auto_flush_interval=off;",
        "auto_flush_rows=off;auto_flush_interval=off;auto_flush_bytes=300;",
    ];
    for limit in limits {
        let table = unique("auto");
        let mut sender = http(server, limit);
        for x in 0..25 {
            let buffer = sender.own_buffer();
            buffer.table(table.as_str()).unwrap().column_i64("x", x).unwrap();
            sender.at_micros(x).unwrap();
        }
        let pending = sender.buffer().row_count();
        assert!((1..25).contains(&pending), "{limit}: {pending} rows are pending");
        assert_eq!(count(server, &table), 25 - pending, "{limit}");
        let report = sender.close(Duration::from_secs(30));
        assert_eq!((report.unconfirmed_rows, report.result.is_ok()), (0, true));
        assert_eq!(count(server, &table), 25);
    }
}

fn the_server_sets_the_time_when_asked(server: &QuestDb) {
    let table = unique("now");
    let mut sender = http(server, "");
    sender.own_buffer().table(table.as_str()).unwrap().symbol("s", "only").unwrap();
    sender.at_now().unwrap();
    sender.flush_own().unwrap();
    let recent = format!("select s, timestamp > dateadd('h', -1, now()) from {table}");
    assert_eq!(server.read(&table, &recent).cells, [[json!("only"), json!(true)]]);
}

fn wrong_credentials_are_an_auth_error(server: &QuestDb) {
    let table = unique("credentials");
    for login in ["", "username=admin;password=wrong;", "token=abc;"] {
        let mut sender = http(server, login);
        let mut buffer = sender.new_buffer().unwrap();
        row(&mut buffer, &table, 1).unwrap();
        let error = sender.flush(&mut buffer).unwrap_err();
        let facts = (error.code(), error.outcome(), error.http_status(), error.attempts());
        assert_eq!(facts, (ErrorCode::Auth, Outcome::Rejected, Some(401), 1), "{login}: {error}");
        assert_eq!(buffer.row_count(), 1);
        assert!(!format!("{error:?}{sender:?}").contains("wrong"), "{error:?}");
    }
    // Over TCP the server closes without a message, so this shows when the sender uses the connection again.
    let login = server.tcp_login().replace("username=testUser1", "username=nobody");
    let conf = format!("tcp::addr=127.0.0.1:{};{login}", server.tcp_port());
    let mut sender = Sender::from_conf(&conf).unwrap();
    let mut buffer = sender.new_buffer().unwrap();
    row(&mut buffer, &table, 1).unwrap();
    let error = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(5));
        sender.flush_and_keep(&buffer).err()
    });
    assert!(error.is_some(), "a closed connection was never noticed");
    let absent = server.try_sql(&format!("select * from {table}")).unwrap_err();
    assert!(absent.contains("table does not exist"), "{absent}");
}

/// A buffer that was filled in another thread is sent over HTTP and over TCP, to a server with login and to one without.
fn one_buffer_goes_to_several_servers(server: &QuestDb) {
    let table = unique("several");
    let mut by_http = http(server, &server.http_login());
    let conf = format!(
        "tcp::addr=127.0.0.1:{};{}protocol_version=3;",
        server.tcp_port(),
        server.tcp_login()
    );
    let mut by_tcp = Sender::from_conf(&conf).unwrap();
    let mut buffer = by_http.new_buffer().unwrap();
    let name = table.clone();
    let buffer = std::thread::spawn(move || {
        row(&mut buffer, &name, 7).unwrap();
        buffer
    })
    .join()
    .unwrap();
    assert_eq!(by_http.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    assert_eq!(by_tcp.flush_and_keep(&buffer).unwrap(), Outcome::Submitted);
    server.wait_for_rows(&table, 2);
    let rows = server.read(&table, &format!("select s, x from {table}"));
    assert_eq!(rows.cells, [[json!("a"), json!(7)], [json!("a"), json!(7)]]);

    let stranger = QuestDb::start(server.release(), Options::PLAIN);
    assert_eq!(http(&stranger, "").flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    assert_eq!(count(&stranger, &table), 1);
    assert_eq!(buffer.row_count(), 1);
}
