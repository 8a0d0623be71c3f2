//! Complete rows are never held back: not by a row that cannot be ended, not by one that is refused, not by a server that
//! cannot be reached.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::Duration;

use questdb_ingress::{Buffer, ErrorCode, Outcome, ProtocolVersion, Result, Sender, Stat};

use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const TIMEOUT: Duration = Duration::from_secs(10);

fn healthy() -> FaultServer {
    FaultServer::start(None, script(Peer::serve))
}

fn sender(server: &FaultServer, conf: &str) -> Sender {
    Sender::from_conf(&format!("http::addr={};protocol_version=1;{conf}", server.addr())).unwrap()
}

fn row(sender: &mut Sender, n: i64) -> Result<()> {
    sender.row("t")?.column_i64("n", n)?.at_now()
}

/// Starts a server that refuses bad rows as QuestDB does: it names the first line that is refused.
fn judging(is_bad: fn(&str) -> bool) -> FaultServer {
    FaultServer::start(
        None,
        script(move |peer| {
            while let Some(request) = peer.request() {
                let body = String::from_utf8(request.body.clone()).unwrap();
                match body.lines().position(is_bad) {
                    None => {
                        peer.commit(&request.body);
                        peer.say(OK);
                    }
                    Some(line) => {
                        let json = format!(
                            r#"{{"code":"invalid","message":"bad value","line":{},"errorId":"x-1"}}"#,
                            line + 1
                        );
                        peer.answer("400 Bad Request", "content-type: application/json\r\n", &json);
                    }
                }
            }
        }),
    )
}

/// A row without a value, one with a bad value in the middle, and one that is forgotten: the other rows are stored.
#[test]
fn a_row_that_is_abandoned_drops_itself_alone() {
    let server = healthy();
    let mut sender = sender(&server, "auto_flush=off;");
    for (a, b) in
        [(Some(1), Some(2)), (Some(3), None), (None, None), (Some(5), Some(6)), (Some(7), Some(8))]
    {
        let ended = sender
            .row("t")
            .unwrap()
            .column_i64("a", a)
            .unwrap()
            .column_i64("b", b)
            .unwrap()
            .at_now();
        assert_eq!(ended.is_err(), a.is_none() && b.is_none());
    }
    let e = sender.row("t").unwrap().column_i64("a", 9).unwrap().column_i64("no?", 9).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidName);
    let e = sender.row("t").unwrap().column_i64("a", 9).unwrap().at_nanos(-1).unwrap_err();
    assert_eq!(e.code(), ErrorCode::InvalidTimestamp);
    drop(sender.row("t").unwrap().symbol("forgotten", "x").unwrap());
    assert_eq!(sender.close(TIMEOUT).result.map_err(|e| e.to_string()), Ok(()));
    assert_eq!(server.committed(), [b"t a=1i,b=2i\nt a=3i\nt a=5i,b=6i\nt a=7i,b=8i\n".to_vec()]);
}

/// The same holds if a limit prevents one row.
#[test]
fn a_row_beyond_the_limit_leaves_the_rest_to_be_sent() {
    let server = healthy();
    let mut sender = sender(&server, "auto_flush=off;max_buf_size=2000;");
    let wide = "x".repeat(1500);
    for n in 0..24 {
        row(&mut sender, n).unwrap();
    }
    let e = sender
        .row("t")
        .unwrap()
        .column_i64("n", 1)
        .unwrap()
        .column_str("s", &*wide)
        .and_then(|row| row.column_str("s", &*wide))
        .unwrap_err();
    assert_eq!(e.code(), ErrorCode::LimitExceeded);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(sender.stats().get(Stat::RowsCommitted), 24);
}

#[test]
fn messages_name_drop_row() {
    let mut buffer = Buffer::new(ProtocolVersion::V1);
    buffer.table("t").unwrap();
    for e in [
        buffer.at_now().unwrap_err(),
        buffer.check_flushable().unwrap_err(),
        buffer.table("t").map(drop).unwrap_err(),
    ] {
        assert!(e.message().contains("drop_row"), "{e}");
    }
}

/// 8,000 rows, one of them bad: two requests, and all others are stored.
#[test]
fn a_refused_row_is_removed_and_the_rest_is_stored() {
    let server = judging(|line| line.contains("n=5000i"));
    let mut sender = sender(&server, "auto_flush=off;");
    for n in 1..=8000 {
        row(&mut sender, n).unwrap();
    }
    let e = sender.flush_own().unwrap_err();
    assert_eq!((e.outcome(), e.server_line()), (Outcome::Rejected, Some(5000)));
    assert!(sender.remove_rows(8001, 1).is_err(), "there is no such row");
    sender.remove_rows(5000, 1).unwrap();
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(server.requests(), 2);
    let stored = String::from_utf8(server.committed().concat()).unwrap();
    let expected: String =
        (1..=8000).filter(|n| *n != 5000).map(|n| format!("t n={n}i\n")).collect();
    assert_eq!(stored, expected);
}

/// The same holds for automatic flushes: what was refused is not sent again until the bad row is removed.
#[test]
fn what_was_refused_is_not_sent_again_by_itself() {
    let server = judging(|line| line.contains("n=2011i"));
    let mut sender =
        sender(&server, "auto_flush_rows=100;auto_flush_interval=off;auto_flush_max_backoff=10;");
    let mut refused = Vec::new();
    for n in 1..=8000 {
        if let Err(e) = row(&mut sender, n) {
            assert!(e.row_accepted() && e.outcome() == Outcome::Rejected, "{e:?}");
            refused.push(e.server_line());
        }
    }
    assert_eq!(refused, [Some(11)], "told once, by the call that made the attempt");
    assert_eq!((server.requests(), sender.stats().get(Stat::FailedAutoFlushes)), (21, 1));
    assert_eq!(sender.buffer().row_count(), 6000);
    assert!(
        sender.stats().last_error().is_some_and(|e| e.server_line() == Some(11)),
        "still readable"
    );
    sender.remove_rows(11, 1).unwrap();
    // The next row ends the wait, if not at once, then soon.
    let mut n = 8000;
    while sender.buffer().row_count() > 0 {
        n += 1;
        row(&mut sender, n).unwrap();
    }
    assert_eq!(server.requests(), 22);
    assert_eq!(sender.stats().get(Stat::RowsCommitted), n.unsigned_abs() - 1);
    assert_eq!(sender.stats().get(Stat::AutoFlushWaitMillis), 0);
}

/// A server that cannot be reached costs one attempt, and not one for every row.
#[test]
fn a_failing_automatic_flush_is_not_repeated_for_every_row() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while peer.request().is_some() {
                peer.answer("503 Busy", "retry-after: 3600\r\n", "");
            }
        }),
    );
    let mut sender = sender(
        &server,
        "auto_flush_rows=10;auto_flush_interval=off;retry_timeout=0;max_buf_size=20000;",
    );
    let mut told = Vec::new();
    for n in 0..10_000 {
        if let Err(e) = row(&mut sender, n) {
            told.push((e.code(), e.row_accepted()));
        }
    }
    assert_eq!(told[0], (ErrorCode::Unavailable, true));
    // Meanwhile rows are accepted until max_buf_size.
    assert!(
        told[1..].iter().all(|told| *told == (ErrorCode::LimitExceeded, false)),
        "{:?}",
        &told[..3]
    );
    assert!(sender.buffer().row_count() > 1500, "{}", sender.buffer().row_count());
    assert_eq!((server.requests(), sender.stats().get(Stat::FailedAutoFlushes)), (1, 1));
    assert_eq!(sender.stats().get(Stat::AutoFlushWaitMillis), 3_600_000, "as the server asked");
}

/// With `delivery=at_most_once` an automatic flush does not send again what may have been stored.
#[test]
fn what_is_in_doubt_is_not_sent_again_by_itself_at_most_once() {
    for (delivery, requests) in [("at_most_once", 1), ("at_least_once", 2)] {
        let server = FaultServer::start(
            None,
            script(|peer| {
                while let Some(request) = peer.request() {
                    if request.nth == 0 {
                        peer.reset_on_close();
                        return;
                    }
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }),
        );
        let conf = format!(
            "auto_flush_rows=1;auto_flush_max_backoff=10;retry_timeout=0;delivery={delivery};"
        );
        let mut sender = sender(&server, &conf);
        assert_eq!(row(&mut sender, 0).unwrap_err().outcome(), Outcome::InDoubt);
        std::thread::sleep(Duration::from_millis(30)); // longer than any wait
        row(&mut sender, 1).unwrap();
        assert_eq!(server.requests(), requests, "{delivery}");
    }
}

#[test]
fn a_failed_commit_hands_the_transaction_back() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth < 2 {
                    peer.answer("503 Busy", "retry-after: 1\r\n", "");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let mut sender = sender(&server, "retry_timeout=0;");
    let mut transaction = sender.transaction("t").unwrap();
    transaction.row().unwrap().column_i64("n", 1).unwrap().at_now().unwrap();
    let failed = transaction.commit().unwrap_err();
    assert_eq!(failed.error().outcome(), Outcome::Rejected);
    let (mut transaction, _) = failed.into_parts();
    transaction.row().unwrap().column_i64("n", 2).unwrap().at_now().unwrap();
    // If only the error is passed on, the transaction stays open in the sender.
    let with_question_mark = |transaction: questdb_ingress::Transaction<'_>| -> Result<Outcome> {
        Ok(transaction.commit()?)
    };
    assert_eq!(with_question_mark(transaction).unwrap_err().code(), ErrorCode::Unavailable);
    assert!(sender.in_transaction());
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(server.committed(), [b"t n=1i\nt n=2i\n".to_vec()]);
}

#[test]
fn close_sends_the_complete_rows_and_tells_of_the_open_one() {
    let server = healthy();
    let mut sender = sender(&server, "auto_flush=off;");
    row(&mut sender, 1).unwrap();
    sender.own_buffer().table("t").unwrap().column_i64("n", 2).unwrap();
    let report = sender.close(TIMEOUT);
    let e = report.result.unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::InvalidState, Outcome::Committed), "{e}");
    assert_eq!((report.unconfirmed_rows, report.row_left_open), (0, true));
    assert_eq!(server.committed(), [b"t n=1i\n".to_vec()]);
}

/// Whatever else fails, the open row is reported; and without complete rows nothing is reported as stored.
#[test]
fn close_tells_of_the_open_row_also_when_sending_fails() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while peer.request().is_some() {
                peer.answer("403 Forbidden", "", "");
            }
        }),
    );
    let mut refused = sender(&server, "auto_flush=off;");
    row(&mut refused, 1).unwrap();
    refused.own_buffer().table("t").unwrap();
    let report = refused.close(TIMEOUT);
    let e = report.result.unwrap_err();
    assert_eq!(
        (e.code(), report.unconfirmed_rows, report.row_left_open),
        (ErrorCode::Auth, 1, true)
    );
    assert!(e.message().starts_with("a row was left open and is dropped: "), "{e}");

    let mut empty = sender(&server, "auto_flush=off;");
    empty.own_buffer().table("t").unwrap();
    let e = empty.close(TIMEOUT).result.unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::InvalidState, Outcome::NotSent), "{e}");
}

/// Behind a load balancer that ends idle connections the last rows are still sent, if nothing can be in doubt.
#[test]
fn close_sends_over_a_new_connection_where_an_idle_one_had_ended() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            if peer.nth() > 0 {
                let rows = peer.read_to_end();
                peer.commit(&rows);
            }
        }),
    );
    let mut sender = Sender::from_conf(&format!("tcp::addr={};", server.addr())).unwrap();
    server.wait_for_end("gone");
    row(&mut sender, 1).unwrap();
    let report = sender.close(TIMEOUT);
    assert_eq!(report.result.map_err(|e| e.to_string()), Ok(()));
    assert_eq!((report.unconfirmed_rows, report.earlier_rows_in_doubt), (0, 0));
    assert_eq!(server.committed(), [b"t n=1i\n".to_vec()]);
}

/// An open row is not an accepted row, whoever asks for a flush.
#[test]
fn flushing_what_is_due_accepts_no_row() {
    let server = healthy();
    let mut sender = sender(&server, "auto_flush_rows=2;");
    row(&mut sender, 1).unwrap();
    sender.own_buffer().table("t").unwrap().column_i64("n", 2).unwrap();
    sender.own_buffer().at_now().unwrap();
    sender.own_buffer().table("t").unwrap();
    let e = sender.flush_if_due().unwrap_err();
    assert!(e.code() == ErrorCode::InvalidState && !e.row_accepted(), "{e:?}");
}

/// A closed sender accepts no rows and forgets none.
#[test]
fn a_closed_sender_takes_no_rows_and_knows_what_it_left() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth == 0 {
                    peer.answer("403 Forbidden", "", "");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let mut closed = sender(&server, "auto_flush_rows=1000;");
    row(&mut closed, 1).unwrap();
    assert_eq!(closed.close(TIMEOUT).unconfirmed_rows, 1);
    for _ in 0..1000 {
        assert_eq!(row(&mut closed, 2).unwrap_err().code(), ErrorCode::InvalidState);
    }
    assert_eq!(closed.at_now().unwrap_err().code(), ErrorCode::InvalidState);
    assert_eq!(closed.flush_own().unwrap_err().code(), ErrorCode::InvalidState);
    let again = closed.close(TIMEOUT);
    assert_eq!(again.unconfirmed_rows, 1);
    assert_eq!(again.result.unwrap_err().code(), ErrorCode::InvalidState);

    // Another sender can still send what is left.
    let mut rest = closed.buffer().clone();
    let mut other = sender(&server, "");
    row(&mut other, 3).unwrap();
    rest.row("t").unwrap().column_i64("n", 2).unwrap().at_now().unwrap();
    assert_eq!(other.flush(&mut rest).unwrap(), Outcome::Committed);
    assert_eq!(server.committed(), [b"t n=1i\nt n=2i\n".to_vec()]);
    assert_eq!(other.close(TIMEOUT).result.map_err(|e| e.to_string()), Ok(()));
    assert!(other.close(TIMEOUT).result.is_ok(), "nothing was left");
}
