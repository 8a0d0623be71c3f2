//! Where the next attempt goes, and what an answer means: silent servers, several addresses, busy proxies, refusals that repeat
//! the request.

use std::time::Duration;

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome, ProtocolVersion, Sender};

use super::{LATE, NO_RETRY, OK};
use crate::case::{self, Case};
use crate::plain;
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::rows;

const JSON: &str = "content-type: application/json; charset=utf-8\r\n";
const RENAMED: &str =
    r#"{"code":"retry operation","message":"table renamed during request","errorId":"a1-7"}"#;
const NAMES_A_ROW: &str = r#"{"code":"internal error","message":"write error: trades, error: java.lang.UnsupportedOperationException","line":1,"errorId":"a1-7"}"#;

pub(super) fn tests() -> Vec<Trial> {
    let mut cases = verdicts();
    cases.extend(credentials_that_come_back_are_masked());
    let mut tests: Vec<Trial> = case::tests(cases).collect();
    let others: [(&str, fn()); 4] = [
        (
            "a_server_that_stalls_does_not_keep_rows_from_the_next",
            a_server_that_stalls_does_not_keep_rows_from_the_next,
        ),
        ("the_address_is_rotated_when_giving_up", the_address_is_rotated_when_giving_up),
        ("opening_asks_every_address", opening_asks_every_address),
        (
            "a_server_of_another_version_is_asked_before_rows_go_to_it",
            a_server_of_another_version_is_asked_before_rows_go_to_it,
        ),
    ];
    tests.extend(others.map(|(name, test)| plain(&format!("http::failover::{name}"), test)));
    tests
}

/// Answers the first request with these bytes and serves the others.
fn first(
    status: &'static str,
    headers: &'static str,
    body: &'static str,
) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        while let Some(request) = peer.request() {
            if request.nth == 0 {
                peer.answer(status, headers, body);
            } else {
                peer.commit(&request.body);
                peer.say(OK);
            }
        }
    }
}

fn verdicts() -> Vec<Case> {
    use ErrorCode::{Rejected, Unavailable};
    let mut cases = vec![
        Case::new("F14", "a kept connection falls silent", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.take();
            peer.say(OK);
            peer.request();
            peer.hold();
        })
        .conf("request_timeout=300;")
        .act(|client| {
            client.flush_other(50)?;
            client.now_it_counts();
            client.flush()
        })
        .at_least(300)
        .within(400)
        .also("on a fresh one", |r| (r.connections, r.committed) == (2, 1)),
        Case::new("F15", "500 of QuestDB that names a row", move |peer| {
            while peer.request().is_some() {
                peer.answer("500 Internal Server Error", JSON, NAMES_A_ROW);
            }
        })
        .fails(Rejected, Outcome::Rejected)
        .within(100)
        .also("at once", |r| (r.requests, r.error().server_line()) == (1, 1))
        .also("permanent", |r| !r.error().is_retryable()),
        Case::new("F17", "two refusals and an answer on one connection", |peer| {
            while let Some(request) = peer.request() {
                match request.nth {
                    0 => drop(peer.answer("500 No", "", "oops")),
                    1 => drop(peer.answer("503 Busy", "", "")),
                    _ => {
                        peer.commit(&request.body);
                        peer.say(OK);
                    }
                }
            }
        })
        .also("one", |r| (r.requests, r.connections) == (3, 1)),
    ];
    // The sender of a 503 or 429 may be a proxy, and the server behind it may have stored the rows.
    for status in ["503 Busy", "429 Slow"] {
        let at_most_once = |what: &str, headers: &'static str, body: &'static str| {
            let what = format!("{status}, {what}");
            Case::new("F16", what, first(status, headers, body)).conf("delivery=at_most_once;")
        };
        cases.push(
            at_most_once("nothing else, at most once", "", "")
                .fails(Unavailable, Outcome::InDoubt)
                .also("not repeated", |r| r.requests == 1),
        );
        cases.push(
            at_most_once("a gateway's JSON, at most once", JSON, r#"{"message":"Unavailable"}"#)
                .fails(Unavailable, Outcome::InDoubt)
                .also("not repeated", |r| r.requests == 1),
        );
        cases.push(at_most_once("QuestDB's JSON, at most once", JSON, RENAMED));
        cases.push(at_most_once("Retry-After, at most once", "retry-after: 0\r\n", ""));
        cases.push(Case::new("F16", format!("{status}, at least once"), first(status, "", "")));
    }
    cases
}

/// A server that repeats the request in its answer: credentials must appear in no text. Every row checks this.
fn credentials_that_come_back_are_masked() -> Vec<Case> {
    let mut cases = Vec::new();
    let echo = |head: &str| -> [(&'static str, &'static str, String); 4] {
        let secret = head.lines().find(|line| line.starts_with("authorization")).unwrap();
        let json = |text: &str| serde_json::to_string(text).unwrap();
        let value = secret.split_once(": ").unwrap().1;
        let in_json = format!(
            r#"{{"code":{},"message":{},"errorId":{}}}"#,
            json(value),
            json(&format!("{}{head}", "x".repeat(900))),
            json(value.split_once(' ').unwrap().1)
        );
        [
            ("the head", "", head.to_owned()),
            ("the head and the password", "", format!("{head} u:canary-7f3a")),
            ("in JSON", JSON, in_json.clone()),
            ("in JSON that is not said to be", "", in_json.replace('=', "\\u003d")),
        ]
    };
    for status in ["401 No", "400 Bad", "500 Broken", "302 Found"] {
        for form in 0..4 {
            let what = ["the head", "head and password", "in JSON", "in JSON, unsaid"][form];
            let case = Case::new("F18", format!("{status} repeats {what}"), move |peer| {
                if let Some(request) = peer.request() {
                    let (_, headers, body) = &echo(&request.head)[form];
                    peer.answer(status, headers, body);
                }
            });
            let (code, outcome) = match status {
                "401 No" => (ErrorCode::Auth, Outcome::Rejected),
                "400 Bad" => (ErrorCode::Rejected, Outcome::Rejected),
                "500 Broken" => (ErrorCode::Unavailable, Outcome::InDoubt),
                _ => (ErrorCode::NotQuestdb, Outcome::Rejected),
            };
            let case = case.conf(NO_RETRY).fails(code, outcome);
            // The client reads no body of a redirect.
            let masked = status != "302 Found";
            cases.push(case.also("masked", move |r| !masked || r.error().shown().contains("***")));
        }
    }
    cases.push(
        Case::new("F18", "an echo server", |peer| {
            if let Some(request) = peer.request() {
                peer.say(request.head.split_once("authorization: ").unwrap().1);
            }
        })
        .conf(NO_RETRY)
        .fails(ErrorCode::NotQuestdb, Outcome::InDoubt)
        .also("masked", |r| r.error().message().contains("***")),
    );
    cases
}

fn sender(servers: &[&FaultServer], conf: &str) -> Sender {
    let addrs: Vec<String> = servers.iter().map(|server| server.addr().to_string()).collect();
    Sender::from_conf(&format!("http::addr={};{conf}", addrs.join(","))).unwrap()
}

/// Reads everything and never answers.
fn stalls(peer: &mut Peer) {
    while peer.request().is_some() {
        peer.pause(LATE);
    }
}

const V1: &str = "protocol_version=1;";

fn a_server_that_stalls_does_not_keep_rows_from_the_next() {
    let (slow, good) =
        (FaultServer::start(None, script(stalls)), FaultServer::start(None, script(Peer::serve)));
    let mut sender = sender(&[&slow, &good], &format!("{V1}request_timeout=300;"));
    for _ in 0..3 {
        assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
    }
    assert_eq!((slow.requests(), good.committed().len(), good.connections()), (1, 3, 1));
}

fn the_address_is_rotated_when_giving_up() {
    for policy in [NO_RETRY, "delivery=at_most_once;"] {
        let (slow, good) = (
            FaultServer::start(None, script(stalls)),
            FaultServer::start(None, script(Peer::serve)),
        );
        let conf = format!("{V1}{policy}request_timeout=300;");
        let mut sender = sender(&[&slow, &good], &conf);
        let mut buffer = rows(100);
        let e = sender.flush(&mut buffer).unwrap_err();
        assert_eq!(
            (e.code(), e.outcome(), e.attempts()),
            (ErrorCode::Timeout, Outcome::InDoubt, 1)
        );
        for _ in 0..2 {
            assert_eq!(sender.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
        }
        assert_eq!((slow.requests(), good.committed().len(), good.connections()), (1, 2, 1));
    }
}

/// Answers `/settings` with these versions, and stores rows.
fn speaking(versions: &'static str) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        while let Some(request) = peer.request() {
            if request.body.is_empty() {
                let body = format!(r#"{{"config":{{"line.proto.support.versions":{versions}}}}}"#);
                peer.answer("200 OK", JSON, &body);
            } else {
                peer.commit(&request.body);
                peer.say(OK);
            }
        }
    }
}

fn opening_asks_every_address() {
    let slow = FaultServer::start(None, script(stalls));
    let fails = FaultServer::start(
        None,
        script(|peer| {
            peer.request();
            peer.answer("500 No", "", "oops");
        }),
    );
    let page = FaultServer::start(
        None,
        script(|peer| {
            peer.request();
            peer.answer("200 OK", "", "<html>");
        }),
    );
    let good = FaultServer::start(None, script(speaking("[1,2]")));
    for conf in ["", NO_RETRY] {
        let all = [&slow, &fails, &page, &good];
        let mut sender = sender(&all, &format!("{conf}request_timeout=1200;"));
        assert_eq!(sender.protocol_version(), ProtocolVersion::V2);
        assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
    }
    assert_eq!((good.committed().len(), good.connections()), (2, 2));
}

fn a_server_of_another_version_is_asked_before_rows_go_to_it() {
    let old = FaultServer::start(None, script(speaking("[1]")));
    let other = FaultServer::start(None, script(speaking("[1,2]")));
    let gone = FaultServer::start(None, script(speaking("[1,2]")));
    let conf = "retry_timeout=1000;retry_max_backoff=20;";
    let mut first = sender(&[&gone, &old, &other], conf);
    let mut second = sender(&[&gone, &old], conf);
    let mut third = sender(&[&gone, &old], NO_RETRY);
    let mut buffer = first.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap();
    buffer.at_nanos(1).unwrap();
    drop(gone);
    assert_eq!(first.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    assert_eq!((old.committed().len(), other.committed().len()), (0, 1));
    let e = second.flush_and_keep(&buffer).unwrap_err();
    assert_eq!(e.outcome(), Outcome::NotSent);
    assert_eq!(old.committed().len(), 0);
    assert!(e.elapsed() <= Duration::from_secs(30));
    // The error is that of the server that was tried last, except where a flush is a single request.
    let e = third.flush_and_keep(&buffer).unwrap_err();
    assert_eq!(e.outcome(), Outcome::NotSent);
    assert!(e.message().contains("speaks protocol version 1, the rows are of version 2"), "{e}");
    // If there is no other server, the error is final.
    let only = FaultServer::start(None, script(speaking("[1]")));
    let e = sender(&[&only, &old], "").flush_and_keep(&buffer).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::ProtocolVersion, Outcome::NotSent));
}
