//! The faults of HTTP servers again, while a sender asks `/settings` for what the server supports. Nothing has been sent yet,
//! so every failure is NOT_SENT, and only its kind and its time matter.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome};

use super::OK;
use crate::case::{self, Case};
use questdb_ingress_testkit::certificates::{good_server, trust};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};

const VERSIONS: &str = r#"{"config":{"line.proto.support.versions":[1,2]}}"#;

/// Serves `/settings` and rows, like a healthy server.
fn serve(peer: &mut Peer) {
    while let Some(request) = peer.request() {
        if request.body.is_empty() {
            peer.answer("200 OK", "content-type: application/json\r\n", VERSIONS);
        } else {
            peer.commit(&request.body);
            peer.say(OK);
        }
    }
}

/// Does something to the first connection and serves the others.
fn at_first(fault: impl Fn(&mut Peer) + Send + Sync) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        if peer.nth() > 0 {
            return serve(peer);
        }
        peer.request();
        fault(peer);
    }
}

/// Answers every request with these bytes and ends the connection. If the client may try again, the bytes have to say that it
/// ends, or how soon the end arrives decides how the next attempt fails.
fn always(bytes: impl Into<Vec<u8>>) -> impl Fn(&mut Peer) + Send + Sync {
    let bytes = bytes.into();
    move |peer| {
        peer.request();
        peer.say(&bytes);
    }
}

/// A sender that has to ask the server, and a flush.
fn asking(what: &str, run: impl Fn(&mut Peer) + Send + Sync + 'static) -> Case {
    Case::new("N1", format!("/settings: {what}"), run).without_version().opening().act(|client| {
        let outcome = client.flush()?;
        assert_eq!(client.version(), (2, 127));
        Ok(outcome)
    })
}

/// A server that is not recognised as QuestDB.
fn fails(what: &str, code: ErrorCode, run: impl Fn(&mut Peer) + Send + Sync + 'static) -> Case {
    let case = Case::new("N2", format!("/settings: {what}"), run).without_version().opening();
    // A wrong answer is reported at once. The deadline still leaves time to read it, also on a busy machine.
    let case = match code {
        ErrorCode::NotQuestdb | ErrorCode::Auth => case.conf("request_timeout=5000;"),
        _ => case.conf("retry_timeout=500;request_timeout=500;"),
    };
    // One attempt, or the time for retries after it failed.
    let limit = if code == ErrorCode::Timeout { 1000 } else { 500 };
    case.fails(code, Outcome::NotSent)
        .within(limit)
        .also("nothing was in doubt", |r| {
            !r.error().in_doubt() && r.error().in_doubt_attempts() == 0
        })
        .also("says where", |r| r.error().message().contains("/settings"))
}

fn made_good() -> Vec<Case> {
    let answer = |status: &'static str, headers: &'static str| {
        at_first(move |peer| {
            peer.answer(status, headers, "");
        })
    };
    let both = |case: Case| case.also("one retry", |r| (r.requests, r.committed) == (3, 1));
    vec![
        both(asking("502, then answered", answer("502 Bad Gateway", "connection: close\r\n"))),
        both(asking("408, then answered", answer("408 Late", "connection: close\r\n"))),
        both(asking(
            "503 Retry-After 1 s",
            answer("503 Busy", "connection: close\r\nretry-after: 1\r\n"),
        ))
        .at_least(1000)
        .within(1100),
        both(asking("reset, then answered", at_first(|peer| peer.reset_on_close()))),
        both(asking("end of stream, then answered", at_first(|_| {}))),
        both(asking(
            "body cut short, then answered",
            at_first(|peer| {
                peer.say("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"conf");
            }),
        )),
        both(asking("no answer, then answered", at_first(|peer| peer.hold())))
            .conf("request_timeout=300;retry_timeout=2000;")
            .at_least(300)
            .within(400),
        asking("100 and 103, then answered", |peer| {
            peer.request();
            peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: <a>\r\n\r\n");
            peer.answer("200 OK", "", VERSIONS);
            serve(peer);
        }),
        asking("within TLS", serve).tls(good_server()).conf(&trust()),
    ]
}

fn refused() -> Vec<Case> {
    use ErrorCode::{Auth, Connection, NotQuestdb, ProtocolVersion, Timeout, Unavailable};
    let settings = |body: &str| {
        let length = body.len();
        always(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"))
    };
    let endless = |head: &'static str, again: &'static str| {
        move |peer: &mut Peer| {
            peer.request();
            peer.say(head);
            peer.flood(again.as_bytes());
        }
    };
    let dripped = |bytes: &'static str| {
        move |peer: &mut Peer| {
            peer.request();
            peer.drip(bytes, Duration::from_millis(50));
        }
    };
    let deep = "[".repeat(30_000);
    vec![
        fails("never answered", Timeout, |peer| peer.hold()).at_least(450),
        fails(
            "status line dripped",
            Timeout,
            dripped("HTTP/1.1 200 OK\r\nserver: questDB\r\n\r\n"),
        ),
        fails("reset for ever", Connection, |peer| {
            peer.request();
            peer.reset_on_close();
        }),
        fails("500 for ever", Unavailable, always("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n"))
            .also("no flush was refused", |r| !r.error().message().contains("flush")),
        fails("503 for ever", Unavailable, always("HTTP/1.1 503 No\r\nconnection: close\r\n\r\n"))
            .also("several attempts", |r| r.error().attempts() > 1),
        fails("head without an end", NotQuestdb, endless("HTTP/1.1 200 OK\r\n", "a: b\r\n")),
        fails("body without an end", NotQuestdb, endless("HTTP/1.1 200 OK\r\n\r\n", "{\"a\":1,")),
        fails(
            "chunks without an end",
            NotQuestdb,
            endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "2\r\n[[\r\n"),
        ),
        fails("garbage", NotQuestdb, always("\0\u{1}garbage\r\n\r\n")),
        fails("a page", NotQuestdb, settings("<html>")),
        fails("JSON without an end", NotQuestdb, settings("{\"config\":")),
        fails("JSON 30,000 levels deep", NotQuestdb, settings(&deep)),
        fails(
            "401 with escape and newline",
            Auth,
            always("HTTP/1.1 401 No\r\ncontent-length: 7\r\n\r\n\u{1b}[1m\r\nx"),
        )
        .also("escaped", |r| r.error().message().contains(r"\u{1b}[1m\r\nx")),
        fails(
            "two different content-lengths",
            NotQuestdb,
            always("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
        ),
        asking(
            "versions that nobody speaks",
            settings(r#"{"line.proto.support.versions":[0,-1,1.5,"2",null,99]}"#),
        )
        .fails(ProtocolVersion, Outcome::NotSent),
    ]
}

/// A sender that has not asked the server yet.
fn late(what: &str, run: impl Fn(&mut Peer) + Send + Sync + 'static) -> Case {
    let case = Case::new("N3", format!("/settings, lazy_connect: {what}"), run);
    case.without_version().conf("lazy_connect=on;auto_flush=off;")
}

/// The server is asked with the first flush. The sender's own buffer, which a C program has borrowed, takes over the version.
fn asked_late() -> Vec<Case> {
    vec![
        late("asked with the first rows", serve)
            .act(|client| {
                assert_eq!((client.server.connections(), client.version()), (0, (3, 127)));
                client.own_rows(2, 10)?;
                let outcome = client.flush()?;
                assert_eq!(client.version(), (2, 127));
                let (unconfirmed, closed) = client.close(Duration::from_secs(10));
                closed?;
                assert_eq!(unconfirmed, 0);
                Ok(outcome)
            })
            .also("asked once", |r| (r.requests, r.connections) == (3, 1)),
        late("503 for ever", always("HTTP/1.1 503 Busy\r\nconnection: close\r\n\r\n"))
            .conf("retry_timeout=300;")
            .fails(ErrorCode::Unavailable, Outcome::NotSent)
            .also("no rows went out", |r| r.committed == 0),
    ]
}

pub(super) fn tests() -> impl Iterator<Item = Trial> {
    let mut cases = made_good();
    cases.extend(refused());
    cases.extend(asked_late());
    let elsewhere = Arc::new(FaultServer::start(None, script(serve)));
    let location = format!(
        "HTTP/1.1 307 Away\r\nlocation: http://{}/settings\r\ncontent-length: 0\r\n\r\n",
        elsewhere.addr()
    );
    cases.push(
        fails("307 to another origin", ErrorCode::NotQuestdb, always(location))
            .also("nothing elsewhere", move |r| r.requests == 1 && elsewhere.connections() == 0),
    );
    case::tests(cases)
}
