//! What a sender does when everything goes well, or nearly: negotiation, automatic flushes, transactions, statistics,
//! closing, misuse.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::{Duration, Instant};

use questdb_ingress::{Atomicity, ErrorCode, Outcome, ProtocolVersion, Sender, Stat};

use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::rows;

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn healthy() -> FaultServer {
    FaultServer::start(None, script(Peer::serve))
}

fn sender(server: &FaultServer, conf: &str) -> Sender {
    Sender::from_conf(&format!("http::addr={};protocol_version=1;{conf}", server.addr())).unwrap()
}

/// Ends a row of `table` in the sender's own buffer.
fn row(sender: &mut Sender, table: &str) -> questdb_ingress::Result<()> {
    sender.own_buffer().table(table)?.column_i64("x", 1)?;
    sender.at_now()
}

fn settings(
    answer: impl Fn(&mut Peer) + Send + Sync + 'static,
) -> (FaultServer, questdb_ingress::Result<Sender>, Duration) {
    let server = FaultServer::start(
        None,
        script(move |peer| {
            while peer.request().is_some() {
                answer(peer);
            }
        }),
    );
    let conf = format!("http::addr={};request_timeout=300;retry_timeout=300;", server.addr());
    let begin = Instant::now();
    let sender = Sender::from_conf(&conf);
    let elapsed = begin.elapsed();
    (server, sender, elapsed)
}

#[test]
fn negotiation() {
    use ProtocolVersion::{V1, V2, V3};
    let nested =
        r#"{"config":{"line.proto.support.versions":[1,2,3],"cairo.max.file.name.length":64}}"#;
    let flat = r#"{"line.proto.support.versions":[2,1],"cairo.max.file.name.length":255}"#;
    for (what, status, body, version, max_name_len) in [
        ("nested", "200 OK", nested, V3, 64),
        ("flat", "200 OK", flat, V2, 255),
        ("empty object", "200 OK", "{}", V1, 127),
        ("no settings", "404 Not Found", "<html>", V1, 127),
        ("newer server", "200 OK", r#"{"config":{"line.proto.support.versions":[1,9]}}"#, V1, 127),
    ] {
        let (_server, sender, _) = settings(move |peer| {
            peer.answer(status, "", body);
        });
        let sender = sender.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(
            (sender.protocol_version(), sender.max_name_len()),
            (version, max_name_len),
            "{what}"
        );
    }
    for (what, status, body, code) in [
        (
            "nothing in common",
            "200 OK",
            r#"{"line.proto.support.versions":[4]}"#,
            ErrorCode::ProtocolVersion,
        ),
        ("HTML", "200 OK", "<html>", ErrorCode::NotQuestdb),
        ("refused", "401 Unauthorized", "", ErrorCode::Auth),
        ("redirect", "302 Found", "", ErrorCode::NotQuestdb),
        ("always busy", "503 Busy", "", ErrorCode::Unavailable),
    ] {
        let (server, sender, elapsed) = settings(move |peer| {
            peer.answer(status, "location: /\r\n", body);
        });
        let e = sender.unwrap_err();
        assert_eq!((e.code(), e.outcome()), (code, Outcome::NotSent), "{what}: {e:?}");
        let named = code == ErrorCode::ProtocolVersion || e.message().contains("/settings");
        assert!(named, "{what}: {e}");
        assert_eq!(server.requests() > 1, status.starts_with("503"), "{what}");
        assert!(elapsed < Duration::from_millis(550), "{what}: {elapsed:?}");
    }
    let (_server, sender, elapsed) = settings(|peer| peer.hold());
    assert_eq!(sender.unwrap_err().code(), ErrorCode::Timeout);
    // This is one attempt, and the time for retries after it failed.
    assert!(elapsed < Duration::from_millis(600 + 250), "{elapsed:?}");
    let (server, sender, _) = settings(|peer| {
        if peer.nth() == 0 {
            peer.answer("500 Oops", "connection: close\r\n", "");
        } else {
            peer.answer("200 OK", "", "{}");
        }
    });
    assert_eq!(sender.unwrap().stats().get(Stat::RetriesServer), 1);
    assert_eq!(server.requests(), 2);
}

#[test]
fn auto_flush() {
    let server = healthy();
    let mut by_rows = sender(&server, "auto_flush_rows=3;auto_flush_interval=off;");
    for expected in [1, 2, 0, 1] {
        row(&mut by_rows, "t").unwrap();
        assert_eq!(by_rows.buffer().row_count(), expected);
    }
    let mut by_bytes =
        sender(&server, "auto_flush_bytes=20;auto_flush_rows=off;auto_flush_interval=off;");
    for expected in [7, 14, 0, 7] {
        row(&mut by_bytes, "t").unwrap();
        assert_eq!(by_bytes.buffer().len(), expected);
    }
    let three = b"t x=1i\n".repeat(3);
    assert_eq!(server.committed(), [three.clone(), three]);
    let mut off = sender(&server, "auto_flush=off;");
    for _ in 0..2000 {
        row(&mut off, "t").unwrap();
    }
    assert_eq!((off.buffer().row_count(), server.requests()), (2000, 2));
    assert_eq!(off.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(off.stats().get(Stat::RowsCommitted), 2000);
}

/// A row whose end caused a failed flush is in the buffer, and the error says so.
#[test]
fn a_failed_auto_flush_keeps_the_row() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth == 0 {
                    peer.answer("400 Bad", "", "no");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let mut sender = sender(&server, "auto_flush_rows=2;");
    row(&mut sender, "t").unwrap();
    let e = row(&mut sender, "t").unwrap_err();
    assert!(e.row_accepted() && e.outcome() == Outcome::Rejected, "{e:?}");
    assert_eq!(sender.buffer().peek(), b"t x=1i\nt x=1i\n");
    // An automatic flush does not send again what was refused.
    row(&mut sender, "t").unwrap();
    assert_eq!((server.requests(), server.committed().len()), (1, 0));
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(server.committed(), [b"t x=1i\n".repeat(3)]);
    // After an error of the row itself the row is not accepted.
    let e = sender.at_now().unwrap_err();
    assert!(!e.row_accepted() && e.code() == ErrorCode::InvalidState, "{e:?}");
}

#[test]
fn transactions() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth == 1 {
                    peer.answer("400 Bad", "", "no");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let state = |result: questdb_ingress::Result<Outcome>| {
        assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidState);
    };
    let mut sender = sender(&server, "auto_flush_rows=2;");
    row(&mut sender, "before").unwrap();
    sender.begin("t").unwrap();
    assert_eq!(server.committed(), [b"before x=1i\n"], "pending rows go first");
    for _ in 0..4 {
        row(&mut sender, "t").unwrap();
    }
    assert_eq!((sender.buffer().row_count(), server.requests()), (4, 1), "no auto-flush inside");
    state(sender.begin("u").map(|()| Outcome::Committed));
    state(sender.flush_own());
    let e = sender.commit().unwrap_err();
    assert_eq!((e.outcome(), e.table()), (Outcome::Rejected, Some("t")));
    assert!(sender.in_transaction() && sender.buffer().row_count() == 4, "kept for another try");
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(server.committed()[1], b"t x=1i\n".repeat(4));
    assert!(!sender.in_transaction());
    state(sender.commit());

    sender.begin("t").unwrap();
    row(&mut sender, "u").unwrap();
    state(sender.commit());
    row(&mut sender, "t").unwrap();
    state(sender.commit());
    sender.rollback().unwrap();
    assert!(sender.buffer().is_empty() && sender.rollback().is_err());
    assert_eq!(sender.begin("bad?name").unwrap_err().code(), ErrorCode::InvalidName);

    let mut guard = sender.transaction("t").unwrap();
    guard.row().unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
    drop(guard);
    assert!(!sender.in_transaction() && sender.buffer().is_empty(), "dropping rolls back");
    let mut guard = sender.transaction("t").unwrap();
    guard.row().unwrap().column_i64("x", 2).unwrap().at_now().unwrap();
    guard.commit().unwrap();
    assert_eq!(server.committed()[2..], [b"t x=2i\n"]);

    let mut two = rows(50);
    two.table("other").unwrap().column_bool("x", true).unwrap().at_now().unwrap();
    state(sender.flush_and_keep_with(&two, Atomicity::AllOrNothing));
    let before = server.requests();
    sender.flush_and_keep_with(&rows(50), Atomicity::AllOrNothing).unwrap();
    assert_eq!(server.requests(), before + 1);

    let tcp = FaultServer::start(None, script(|peer| peer.hold()));
    let mut sender = Sender::from_conf(&format!("tcp::addr={};", tcp.addr())).unwrap();
    state(sender.begin("t").map(|()| Outcome::Submitted));
    state(sender.flush_and_keep_with(&rows(50), Atomicity::AllOrNothing));
}

/// If rows of several tables are refused, some may be stored, and a later 503 does not change that.
#[test]
fn several_tables_in_one_request() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while peer.request().is_some() {
                peer.answer("400 Bad", "", "no");
            }
        }),
    );
    let mut sender = sender(&server, "");
    let mut buffer = rows(50);
    buffer.table("other").unwrap().column_bool("x", true).unwrap().at_now().unwrap();
    let e = sender.flush(&mut buffer).unwrap_err();
    assert_eq!((e.outcome(), e.in_doubt(), e.table()), (Outcome::Partial, true, None));
}

#[test]
fn one_buffer_to_two_servers() {
    let (first, second) = (healthy(), healthy());
    let (mut to_first, mut to_second) = (sender(&first, ""), sender(&second, ""));
    let mut buffer = std::thread::spawn(|| rows(500)).join().unwrap();
    to_first.flush_and_keep(&buffer).unwrap();
    to_second.flush(&mut buffer).unwrap();
    assert!(buffer.is_empty());
    assert_eq!(first.committed(), second.committed());
    assert_eq!(to_second.flush(&mut buffer).unwrap(), Outcome::Committed, "empty: no request");
    assert_eq!((first.requests(), second.requests()), (1, 1));
}

#[test]
fn statistics_and_closing() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth == 0 {
                    peer.answer("503 Busy", "retry-after: 0\r\n", "");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let mut sender = sender(&server, "auto_flush=off;");
    let reader = sender.stats_reader();
    for _ in 0..3 {
        row(&mut sender, "t").unwrap();
    }
    let report = sender.close(Duration::from_secs(5));
    assert!(report.result.is_ok() && report.unconfirmed_rows == 0, "{report:?}");
    let stats = std::thread::spawn(move || reader.read()).join().unwrap();
    let wanted = [
        (Stat::Flushes, 1),
        (Stat::FailedFlushes, 0),
        (Stat::RowsCommitted, 3),
        (Stat::BytesCommitted, 21),
        (Stat::RetriesBusy, 1),
        (Stat::InDoubtAttempts, 0),
    ];
    for (stat, value) in wanted {
        assert_eq!(stats.get(stat), value, "{stat:?}");
    }
    let e = sender.flush(&mut rows(50)).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::InvalidState, Outcome::NotSent));
    let again = sender.close(Duration::from_secs(5));
    assert!(again.result.is_ok() && again.unconfirmed_rows == 0);
    assert_eq!(server.requests(), 2);

    let silent = FaultServer::start(None, script(|peer| peer.hold()));
    let mut sender = self::sender(&silent, "auto_flush=off;");
    row(&mut sender, "t").unwrap();
    let begin = Instant::now();
    let report = sender.close(Duration::from_millis(300));
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(report.unconfirmed_rows, 1);
    assert_eq!(report.result.unwrap_err().outcome(), Outcome::InDoubt);
    assert_eq!(sender.stats().last_error().unwrap().code(), ErrorCode::Timeout);
    let begin = Instant::now();
    drop(sender);
    assert!(begin.elapsed() < Duration::from_secs(3));
}

/// No flush comes after the last one, so closing must report what the next flush would have reported.
#[test]
fn closing_a_stream_that_has_ended_is_an_error() {
    let ends: [fn(&Peer); 2] = [Peer::half_close, Peer::reset_on_close];
    for (index, end) in ends.into_iter().enumerate() {
        let server = FaultServer::start(
            None,
            script(move |peer| {
                if peer.nth() == 0 {
                    peer.note("accepted");
                    peer.read_exactly(1);
                    end(peer);
                    peer.note("ended");
                }
            }),
        );
        let conf = format!("tcp::addr={};", server.addr());
        let mut sender = Sender::from_conf(&conf).unwrap();
        assert_eq!(sender.flush(&mut rows(50)).unwrap(), Outcome::Submitted);
        server.wait_for_end(if index == 0 { "ended" } else { "gone" });
        let report = sender.close(Duration::from_secs(5));
        let error = report.result.unwrap_err();
        assert_eq!((error.code(), report.unconfirmed_rows), (ErrorCode::Connection, 0));
        assert_eq!(report.earlier_rows_in_doubt, 1);
        assert!(error.message().contains("of earlier flushes may be lost"), "{error}");
        assert!(sender.close(Duration::from_secs(5)).result.is_ok(), "it was told");
    }
}

/// A connection that carried no rows cannot have lost any.
#[test]
fn closing_an_unused_stream_that_has_ended_is_fine() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            peer.half_close();
            peer.note("ended");
        }),
    );
    let mut sender = Sender::from_conf(&format!("tcp::addr={};", server.addr())).unwrap();
    server.wait_for_end("ended");
    assert!(sender.close(Duration::from_secs(5)).result.is_ok());
}

/// These are the rows of the misuse table that Rust's types still allow.
#[test]
fn misuse_is_an_error_and_changes_nothing() {
    let server = healthy();
    let mut sender = sender(&server, "max_buf_size=2000;init_buf_size=1024;");
    let mut buffer = sender.new_buffer().unwrap();
    buffer.table("t").unwrap().column_bool("x", true).unwrap().at_now().unwrap();
    let before = buffer.peek().to_vec();
    for size in [1 << 20, 5 << 30, usize::MAX / 2, usize::MAX] {
        let e = buffer.reserve(size).unwrap_err();
        assert!(matches!(e.code(), ErrorCode::LimitExceeded | ErrorCode::OutOfMemory), "{e:?}");
    }
    for bad in ["", "a\nb", "a\0b", "..", &"x".repeat(128)] {
        assert_eq!(
            buffer.table(bad).map(drop).unwrap_err().code(),
            ErrorCode::InvalidName,
            "{bad:?}"
        );
    }
    assert_eq!(
        buffer.column_bool("x", true).map(drop).unwrap_err().code(),
        ErrorCode::InvalidState
    );
    assert_eq!(buffer.at_nanos(1).unwrap_err().code(), ErrorCode::InvalidState);
    assert_eq!(buffer.peek(), before);
    buffer.table("t").unwrap();
    let e = sender.flush(&mut buffer).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidState, "a row is open");
    let mut newer = questdb_ingress::Buffer::new(ProtocolVersion::V2);
    newer.table("t").unwrap().column_f64("x", 0.5).unwrap().at_now().unwrap();
    assert_eq!(sender.flush(&mut newer).unwrap_err().code(), ErrorCode::ProtocolVersion);
    let mut large = rows(5000);
    assert_eq!(sender.flush(&mut large).unwrap_err().code(), ErrorCode::LimitExceeded);
    assert_eq!((large.len() >= 5000, newer.row_count(), server.requests()), (true, 1, 0));
}

/// Without free descriptors there is a typed error, and work goes on once there are some again.
#[test]
fn descriptors_run_out() {
    const CHILD: &str = "FAULT_TEST_DESCRIPTORS_ADDR";
    if let Ok(addr) = std::env::var(CHILD) {
        let conf = format!("http::addr={addr};protocol_version=1;retry_timeout=0;");
        let mut sender = Sender::from_conf(&conf).unwrap();
        let mut buffer = rows(100);
        let mut hoard = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
        }
        let e = sender.flush(&mut buffer).unwrap_err();
        let got = (e.code(), e.outcome(), e.is_retryable());
        assert_eq!(got, (ErrorCode::Connection, Outcome::NotSent, true), "{e:?}");
        drop(hoard);
        assert_eq!(sender.flush(&mut buffer).unwrap(), Outcome::Committed);
        return;
    }
    let server = healthy();
    let exe = std::env::current_exe().unwrap();
    let command = format!(
        "ulimit -n 64; exec '{}' --exact sending::descriptors_run_out --nocapture",
        exe.display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .env(CHILD, server.addr().to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(server.committed().len(), 1);
}
