//! What a server may answer: refusals, answers of other kinds of servers, broken framing, endless answers.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome, Sender};

use super::{MB, NO_RETRY, OK};
use crate::case::{self, Case};
use crate::plain;
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::rows;

pub(super) fn tests() -> Vec<Trial> {
    let mut cases = refusals();
    cases.extend(not_questdb());
    cases.extend(framing());
    cases.extend(redirects_are_not_followed());
    cases.extend(every_form_of_retry_after());
    let mut tests: Vec<Trial> = case::tests(cases).collect();
    tests.push(plain(
        "http::answers::the_usual_answer_is_known_and_no_other_is_taken_for_it",
        the_usual_answer_is_known_and_no_other_is_taken_for_it,
    ));
    tests
}

/// Reads the request, answers with these bytes, then ends the stream.
fn says(bytes: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) + Send + Sync {
    let bytes = bytes.into();
    move |peer| {
        peer.request();
        peer.say(&bytes);
    }
}

fn json(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

const REFUSAL: &str = r#"{"code":"invalid","message":"bad\nvalue","line":2,"errorId":"a1-17"}"#;

fn refusals() -> Vec<Case> {
    use ErrorCode::{Auth, NotQuestdb, PayloadTooLarge, Rejected, Unavailable};
    let mut cases = vec![
        Case::new("H22", "401, body with escape and newline", |peer| {
            peer.request();
            peer.answer("401 No", "", "\u{1b}[31mred\r\nline two");
        })
        .fails(Auth, Outcome::Rejected)
        .also("escaped", |r| r.error().message().contains(r"\u{1b}[31mred\r\nline two")),
        Case::new("H23", "400, JSON message of 8 MB", |peer| {
            peer.request();
            let message = "x".repeat(8 * MB);
            peer.say(json("400 Bad", "application/json", &format!(r#"{{"message":"{message}"}}"#)));
        })
        .fails(Rejected, Outcome::Rejected)
        .also("cut with a note", |r| {
            r.error().message().len() < 1200 && r.error().message().contains("bytes)")
        }),
        Case::new(
            "H25",
            "400, JSON with a charset",
            says(json("400 Bad", "application/json; charset=utf-8", REFUSAL)),
        )
        .fails(Rejected, Outcome::Rejected)
        .also("id, code, line, table", |r| {
            let e = r.error();
            (e.server_error_id(), e.server_code(), e.server_line(), e.table())
                == (Some("a1-17"), Some("invalid"), 2, Some("trades"))
        })
        .also("the newline is escaped", |r| r.error().message().contains(r"bad\nvalue")),
        Case::new("H24", "413 at once in a 20 MB upload, then closed", |peer| {
            peer.request_head();
            peer.answer("413 Too Large", "connection: close\r\n", "too large");
        })
        .bytes(20 * MB)
        .fails(PayloadTooLarge, Outcome::Rejected),
        Case::new("H24", "413 in a 20 MB upload, never reads on", |peer| {
            peer.request_head();
            peer.answer("413 Too Large", "", "too large");
            peer.hold();
        })
        .bytes(20 * MB)
        .fails(PayloadTooLarge, Outcome::Rejected)
        .within(500),
        Case::new("H27", "100, 103 and 100 with headers before 204", |peer| {
            peer.take();
            peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n");
            peer.say("HTTP/1.1 100 Continue\r\ndate: today\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
        }),
    ];
    let statuses = [
        ("401", Auth),
        ("403", Auth),
        ("404", NotQuestdb),
        ("405", NotQuestdb),
        ("413", PayloadTooLarge),
        ("415", Rejected),
        ("421", Unavailable),
        ("400", Rejected),
    ];
    for (status, code) in statuses {
        cases.push(
            Case::new("F6", status, move |peer| {
                while peer.request().is_some() {
                    peer.answer(&format!("{status} No"), "", "no");
                }
            })
            .fails(code, Outcome::Rejected)
            .also("permanent", |r| {
                !r.error().is_retryable() && r.requests == 1 && r.error().http_status() > 0
            }),
        );
    }
    cases
}

fn not_questdb() -> Vec<Case> {
    use ErrorCode::{NotQuestdb, Unavailable};
    let html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    vec![
        Case::new("H18", "200 text/html", says(html))
            .fails(NotQuestdb, Outcome::InDoubt)
            .also("says so", |r| r.error().message().contains("not a QuestDB answer")),
        Case::new("F7", "200, content-length 0", |peer| {
            peer.take();
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }),
        Case::new(
            "F7",
            "200, body to the end of the stream, empty",
            says("HTTP/1.1 200 OK\r\n\r\n"),
        )
        .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F7", "200 of HTTP/1.0 with a page", says("HTTP/1.0 200 OK\r\n\r\n<html>"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F7", "202", says("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F7", "101", says("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F7", "501", says("HTTP/1.1 501 No\r\ncontent-length: 0\r\n\r\n"))
            .fails(Unavailable, Outcome::InDoubt)
            .also("permanent", |r| r.requests == 1),
        Case::new("H20", "garbage status line", says("\0\u{1}garbage\r\n\r\n"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("H20", "SSH server", says("SSH-2.0-OpenSSH_9.2\r\n"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F8", "status 000", says("HTTP/1.1 000 x\r\n\r\n"))
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F8", "HTTP/2 preface", says(b"\0\0\x12\x04\0\0\0\0\0".to_vec()))
            .conf(NO_RETRY)
            .fails(NotQuestdb, Outcome::InDoubt),
        Case::new("F8", "204, then junk in the same packet", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.take();
            peer.say(format!("{OK}HTTP/1.1 400 Bad\r\n\r\n"));
            peer.hold();
        })
        .act(|client| {
            client.flush_copy()?;
            client.flush()
        })
        .also("not reused", |r| (r.connections, r.committed) == (2, 2)),
    ]
}

fn framing() -> Vec<Case> {
    use ErrorCode::{Connection, NotQuestdb, Rejected};
    let body = |headers: &str, body: &str| {
        says(format!("HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\n{headers}\r\n{body}"))
    };
    let chunked = "transfer-encoding: chunked\r\n";
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let doubt = |case: Case| case.conf(NO_RETRY).fails(NotQuestdb, Outcome::InDoubt);
    vec![
        Case::new(
            "F9",
            "malformed JSON",
            says(json("400 Bad", "application/json", "{\"message\":")),
        )
        .fails(Rejected, Outcome::Rejected),
        Case::new(
            "F9",
            "JSON 30,000 levels deep",
            says(json("400 Bad", "application/json", &deep)),
        )
        .fails(Rejected, Outcome::Rejected),
        Case::new(
            "F9",
            "JSON of the wrong shape",
            says(json("400 Bad", "application/json", "[{\"message\":1}]")),
        )
        .fails(Rejected, Outcome::Rejected),
        Case::new(
            "F9",
            "invalid UTF-8",
            says(b"HTTP/1.1 400 Bad\r\ncontent-length: 3\r\n\r\n\xff\xfe\x80".to_vec()),
        )
        .fails(Rejected, Outcome::Rejected)
        .also("shown as bytes", |r| r.error().message().contains(r"\xff\xfe\x80")),
        Case::new("F10", "error body cut short", body("content-length: 99\r\n", "short"))
            .conf(NO_RETRY)
            .fails(Connection, Outcome::InDoubt),
        Case::new("F10", "chunked error body cut short", body(chunked, "5\r\nab"))
            .conf(NO_RETRY)
            .fails(Connection, Outcome::InDoubt),
        doubt(Case::new("F10", "chunk size is no number", body(chunked, "zz\r\nab\r\n0\r\n\r\n"))),
        doubt(Case::new("F10", "chunk size overflows", body(chunked, "fffffffffffffffff\r\nab"))),
        doubt(Case::new(
            "F10",
            "chunk longer than its size",
            body(chunked, "2\r\nabcdef\r\n0\r\n\r\n"),
        )),
        doubt(Case::new(
            "F10",
            "two different content-lengths",
            body("content-length: 2\r\ncontent-length: 3\r\n", "abc"),
        )),
        doubt(Case::new("F10", "negative content-length", body("content-length: -2\r\n", "ab"))),
        doubt(Case::new(
            "F10",
            "content-length of 30 digits",
            body(&format!("content-length: {}\r\n", "9".repeat(30)), "ab"),
        )),
        doubt(Case::new(
            "F10",
            "content-length and chunked",
            body(&format!("content-length: 2\r\n{chunked}"), "2\r\nab\r\n0\r\n\r\n"),
        )),
        doubt(Case::new(
            "F10",
            "a space before the header's colon",
            body("content-length : 2\r\n", "ab"),
        )),
        doubt(Case::new("F11", "1,000 headers", body(&"a: b\r\n".repeat(1000), ""))),
        Case::new("F12", "head cut short", says("HTTP/1.1 204 No Content\r\n"))
            .conf(NO_RETRY)
            .fails(Connection, Outcome::InDoubt),
        Case::new(
            "F12",
            "only informational answers, then the end",
            says("HTTP/1.1 103 Hints\r\n\r\n"),
        )
        .conf(NO_RETRY)
        .fails(Connection, Outcome::InDoubt),
    ]
}

/// H16, H17: credentials and rows are sent to no other origin.
fn redirects_are_not_followed() -> Vec<Case> {
    let elsewhere = Arc::new(FaultServer::start(None, script(Peer::serve)));
    let mut cases = Vec::new();
    for (id, what, status) in [
        ("H16", "307 to another origin", "307 Temporary Redirect"),
        ("H17", "302 to another origin", "302 Found"),
        ("H17", "301 to itself", "301 Moved"),
        ("H17", "304", "304 Not Modified"),
    ] {
        let location = format!("location: http://{}/write\r\n", elsewhere.addr());
        let reached = Arc::clone(&elsewhere);
        cases.push(
            Case::new(id, what, move |peer| {
                while peer.request().is_some() {
                    peer.answer(status, &location, "moved");
                }
            })
            .conf("username=admin;password=canary;")
            .fails(ErrorCode::NotQuestdb, Outcome::Rejected)
            .within(100)
            .also("one request, nothing elsewhere", move |r| {
                r.requests == 1 && reached.connections() == 0
            })
            .also("no secret", |r| !r.error().shown().contains("canary")),
        );
    }
    cases
}

/// Retry-After as a date, as a time in the past, and as nonsense.
fn every_form_of_retry_after() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, header) in [
        ("a date in the past", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
        ("nonsense", "retry-after: soon\r\n"),
        ("negative", "retry-after: -5\r\n"),
    ] {
        cases.push(Case::new("F13", what, move |peer| {
            while let Some(request) = peer.request() {
                if request.nth == 0 {
                    peer.answer("503 Busy", header, "");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }));
    }
    for (what, header) in [
        ("a date beyond the budget", "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n"),
        ("seconds beyond the budget", "retry-after: 4000000000\r\n"),
    ] {
        cases.push(
            Case::new("F13", what, move |peer| {
                while peer.request().is_some() {
                    peer.answer("503 Busy", header, "");
                }
            })
            .fails(ErrorCode::Unavailable, Outcome::Rejected)
            .within(100)
            .also("not even tried", |r| {
                r.requests == 1 && r.error().retry_after() > Some(Duration::from_secs(1 << 20))
            }),
        );
    }
    cases
}

/// An answer that equals the last one is not parsed again. One that only begins like it is.
fn the_usual_answer_is_known_and_no_other_is_taken_for_it() {
    let behind = format!("{OK}HTTP/1.1 500 Left over\r\n\r\n");
    let closing = OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let server = FaultServer::start(
        None,
        script(move |peer| {
            while let Some(request) = peer.request() {
                // The server stores the rows before the client can know about it.
                if request.nth != 7 {
                    peer.commit(&request.body);
                }
                match request.nth {
                    3 => peer.drip(OK, Duration::from_millis(1)),
                    4 => drop(peer.say(&behind)),
                    6 => drop(peer.say(&closing)),
                    7 => drop(peer.answer("400 Bad", "", "no")),
                    _ => drop(peer.say(OK)),
                }
            }
        }),
    );
    let conf = format!("http::addr={};protocol_version=1;", server.addr());
    let mut sender = Sender::from_conf(&conf).unwrap();
    let mut connections = Vec::new();
    for nth in 0..9 {
        let result = sender.flush_and_keep(&rows(100));
        assert_eq!(result.is_ok(), nth != 7, "flush {nth}: {result:?}");
        connections.push(server.connections());
    }
    // If bytes follow an answer, or if the answer ends the connection, the next request needs a new connection.
    assert_eq!(connections, [1, 1, 1, 1, 1, 2, 2, 3, 3]);
    assert_eq!(server.committed().len(), 8);
}
