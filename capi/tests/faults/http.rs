//! Faults of HTTP servers, row by row. Every result is compared with the server's own list of what it stored.

mod answers;
mod failover;
pub(crate) mod memory;
pub(crate) mod proxies;
mod settings;

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome, Sender, Stat};

use crate::case::{self, Case, Client};
use crate::client::Answer;
use crate::plain;
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::port::{FullPort, RefusingPort};
use questdb_ingress_testkit::rows;

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const NO_RETRY: &str = "retry_timeout=0;";
const MB: usize = 1 << 20;
/// Longer than every deadline of these tests.
const LATE: Duration = Duration::from_secs(10);

pub(crate) fn tests() -> Vec<Trial> {
    let mut cases = retries();
    cases.extend(deadlines());
    let mut tests: Vec<Trial> = case::tests(cases).collect();
    tests.push(plain("http::a_refusal_in_the_middle_of_many", a_refusal_in_the_middle_of_many));
    tests.extend(answers::tests());
    tests.extend(failover::tests());
    tests.extend(memory::tests());
    tests.extend(proxies::tests());
    tests.extend(settings::tests());
    tests
}

/// Answers the requests by their numbers. Requests that are answered with 204 are stored.
fn answers(statuses: &'static [(&'static str, &'static str)]) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        while let Some(request) = peer.request() {
            let (status, headers) = statuses[request.nth.min(statuses.len() - 1)];
            if status.starts_with("204") {
                peer.commit(&request.body);
                peer.say(OK);
            } else {
                peer.answer(status, headers, "");
            }
        }
    }
}

/// Stores the first request and ends the connection instead of answering. Serves the following ones.
fn silent_once(reset: bool) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        if peer.nth() > 0 {
            return peer.serve();
        }
        peer.take();
        if reset {
            peer.reset_on_close();
        }
    }
}

fn retries() -> Vec<Case> {
    use ErrorCode::{Connection, Unavailable};
    vec![
        Case::new("H1", "502, then 204", answers(&[("502 Bad Gateway", ""), ("204", "")]))
            .also("one retry", |r| r.requests == 2),
        Case::new(
            "H2",
            "429 Retry-After 1 s, then 204",
            answers(&[("429 Slow", "retry-after: 1\r\n"), ("204", "")]),
        )
        .at_least(1000)
        .within(1300),
        Case::new("H3", "408, then 204", answers(&[("408 Late", ""), ("204", "")])),
        Case::new(
            "H4",
            "503 Retry-After 1 s for ever, budget 3 s",
            answers(&[("503 Busy", "retry-after: 1\r\n")]),
        )
        .conf("retry_timeout=3000;")
        .fails(Unavailable, Outcome::Rejected)
        .within(3000)
        .also("at most 4 requests", |r| (2..=4).contains(&r.requests))
        .also("says when to come back", |r| {
            r.error().retry_after() == Some(Duration::from_secs(1)) && r.error().is_retryable()
        })
        .also("counts", |r| r.error().attempts() as usize == r.requests),
        Case::new("H5", "reset after the request, at least once", silent_once(true))
            .also("twice", |r| r.committed == 2),
        Case::new("H5", "reset after the request, one attempt", silent_once(true))
            .conf(NO_RETRY)
            .fails(Connection, Outcome::InDoubt)
            .also("in doubt once", |r| r.error().in_doubt_attempts() == 1),
        Case::new("H5", "reset after the request, at most once", silent_once(true))
            .conf("delivery=at_most_once;")
            .fails(Connection, Outcome::InDoubt)
            .also("not repeated", |r| r.committed == 1),
        Case::new("H6", "end of stream after the request", silent_once(false))
            .also("twice", |r| r.committed == 2),
        Case::new("H6", "end of stream, at most once", silent_once(false))
            .conf("delivery=at_most_once;")
            .fails(Connection, Outcome::InDoubt),
        Case::new("H7", "reset in a 2 MB body", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.request_head();
            peer.read_exactly(50_000);
        })
        .bytes(2 * MB)
        .also("stored once", |r| r.committed == 1),
        Case::new("H7", "reset in a 24 MB body, at most once", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.request_head();
            peer.read_exactly(50_000);
        })
        .bytes(24 * MB)
        .conf("delivery=at_most_once;")
        .within(5000)
        .also("stored once", |r| r.committed == 1),
        Case::new("H9", "ends a kept connection as the 2nd request comes", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.take();
            peer.say(OK);
            peer.read_exactly(1);
            peer.reset_on_close();
        })
        .act(|client| {
            client.flush_copy()?;
            client.now_it_counts();
            client.flush()
        })
        .within(200)
        .also("on a fresh connection", |r| (r.connections, r.committed) == (2, 2)),
        Case::new("H9", "the same, one request", |peer| {
            peer.take();
            peer.say(OK);
            peer.request();
            peer.reset_on_close();
        })
        .conf(NO_RETRY)
        .act(|client| {
            client.flush_other(50)?;
            client.flush()
        })
        .fails(Connection, Outcome::InDoubt)
        .also("no second one", |r| (r.connections, r.requests, r.error().attempts()) == (1, 2, 1)),
        Case::new("H9", "ends a kept connection while it is idle", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.take();
            peer.say(OK);
            peer.half_close();
            peer.note("closed");
            peer.hold();
        })
        .conf("delivery=at_most_once;retry_timeout=0;")
        .act(|client| {
            client.flush_copy()?;
            client.server.wait_for_notes("closed", 1);
            client.flush()
        })
        .also("nothing in doubt", |r| (r.connections, r.committed) == (2, 2)),
        Case::new("H9b", "a stray 204 on the idle connection", |peer| {
            if peer.nth() > 0 {
                peer.request();
                peer.answer("400 Bad", "", "no");
                return;
            }
            peer.take();
            peer.say(OK);
            peer.say(OK);
            peer.note("said");
            peer.hold();
        })
        .act(|client| {
            client.flush_other(50)?;
            client.server.wait_for_notes("said", 1);
            client.flush()
        })
        .fails(ErrorCode::Rejected, Outcome::Rejected),
        Case::new("H10", "refused for 700 ms, then up", |_| {})
            .act(|client| {
                let port = RefusingPort::new();
                let addr = port.addr();
                client.open_with(&format!(
                    "http::addr={addr};protocol_version=1;retry_max_backoff=50;"
                ))?;
                client.now_it_counts();
                let late = std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(700));
                    FaultServer::on(port.listen(), None, script(Peer::serve))
                });
                let result = client.flush();
                client.server = late.join().unwrap();
                result
            })
            .at_least(700)
            .within(1000)
            .also("stored once", |r| r.committed == 1),
        Case::new("H26", "answers after request_timeout", |peer| {
            if peer.take().is_some() {
                peer.pause(LATE);
                peer.say(OK);
            }
        })
        .conf("request_timeout=300;retry_timeout=1000;")
        .act(|client| {
            let result = client.flush();
            client.it_is_over();
            // The server may be slower than the client.
            let doubts = result.as_ref().map_or_else(|e| e.in_doubt_attempts() as usize, |_| 0);
            let until = Instant::now() + Duration::from_secs(5);
            while client.server.committed().len() < doubts && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            result
        })
        .fails(ErrorCode::Timeout, Outcome::InDoubt)
        .at_least(1100)
        .within(1300)
        .also("in_doubt_attempts is what was stored", |r| {
            r.committed > 1 && r.error().in_doubt_attempts() as usize == r.committed
        }),
        Case::new("H26", "the same, at most once", |peer| {
            if peer.take().is_some() {
                peer.pause(LATE);
                peer.say(OK);
            }
        })
        .conf("request_timeout=300;delivery=at_most_once;")
        .fails(ErrorCode::Timeout, Outcome::InDoubt)
        .within(300)
        .also("stored once", |r| (r.committed, r.error().in_doubt_attempts()) == (1, 1)),
        // The wait that the server asks for exceeds the budget, so that no last attempt can be interrupted by the deadline.
        Case::new("F1", "doubt, then 503: still in doubt", |peer| {
            if peer.nth() == 0 {
                peer.take();
                return;
            }
            while peer.request().is_some() {
                peer.answer("503 Busy", "retry-after: 9\r\n", "");
            }
        })
        .conf("retry_timeout=5000;")
        .fails(Unavailable, Outcome::InDoubt)
        .within(300)
        .also("in doubt once", |r| r.error().in_doubt_attempts() == 1),
    ]
}

fn deadlines() -> Vec<Case> {
    use ErrorCode::Timeout;
    let one = "retry_timeout=0;request_timeout=500;request_min_throughput=0;";
    vec![
        Case::new("H11", "400 with a chunked body that never ends", |peer| {
            peer.request();
            peer.say("HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n");
            peer.flood(b"8\r\nabcdefgh\r\n");
        })
        .conf(one)
        .fails(ErrorCode::Rejected, Outcome::Rejected)
        .within(500),
        Case::new("H12", "error body dripped", |peer| {
            peer.request();
            peer.say("HTTP/1.1 400 Bad\r\ncontent-length: 1000\r\n\r\n");
            peer.drip([b'x'; 200], Duration::from_millis(100));
        })
        .conf(one)
        .fails(Timeout, Outcome::InDoubt)
        .at_least(450)
        .within(500),
        Case::new("H13", "status line dripped", |peer| {
            peer.request();
            peer.drip("HTTP/1.1 204 No Content\r\n\r\n", Duration::from_millis(100));
        })
        .conf(one)
        .fails(Timeout, Outcome::InDoubt)
        .within(500),
        Case::new("H14", "20 MB to a slow reader", |peer| {
            peer.request_head();
            while peer.read_exactly(4000).is_some() && peer.pause(Duration::from_millis(100)) {}
        })
        .bytes(20 * MB)
        .conf(one)
        .fails(Timeout, Outcome::NotSent)
        .within(500)
        .also("knows how much", |r| r.error().bytes_sent() < 20 * MB as u64),
        Case::new("H15", "20 MB to a peer that never reads", |peer| peer.hold())
            .bytes(20 * MB)
            .conf(one)
            .fails(Timeout, Outcome::NotSent)
            .within(500),
        Case::new("F2", "no answer at all", |peer| {
            peer.take();
            peer.hold();
        })
        .conf(one)
        .fails(Timeout, Outcome::InDoubt)
        .within(500),
        Case::new("F3", "connection refused for ever", |_| {})
            .conf("retry_timeout=400;")
            .act(|client| {
                let port = RefusingPort::new();
                let addr = port.addr();
                client.open_with(&format!(
                    "http::addr={addr};protocol_version=1;retry_timeout=400;"
                ))?;
                client.now_it_counts();
                let result = client.flush();
                assert!(client.stat(Stat::RetriesConnect) > 1);
                result
            })
            .fails(ErrorCode::Connection, Outcome::NotSent)
            .within(400)
            .also("several attempts", |r| r.error().attempts() > 2),
        Case::new("F4", "a connect that is never answered", |_| {})
            .act(|client| {
                let full = FullPort::new();
                client.open_with(&format!(
                    "http::addr={};protocol_version=1;connect_timeout=300;retry_timeout=0;",
                    full.addr()
                ))?;
                client.now_it_counts();
                client.flush()
            })
            .fails(Timeout, Outcome::NotSent)
            .at_least(250)
            .within(300),
        Case::new("F5", "close(0) with rows", |peer| peer.serve())
            .act(|client| {
                client.own_rows(1, 1)?;
                let (unconfirmed, result) = client.close(Duration::ZERO);
                assert_eq!(unconfirmed, 1);
                result.map(|()| Outcome::Committed)
            })
            .fails(Timeout, Outcome::NotSent)
            .within(0),
        closes("close(300) with rows, no answer", |peer| {
            peer.take();
            peer.hold();
        })
        .fails(Timeout, Outcome::InDoubt),
        // The wait that the server asks for exceeds the deadline, so that no last attempt can be interrupted by it.
        closes("close(300) with rows, 503 for ever", |peer| {
            while peer.request().is_some() {
                peer.answer("503 Busy", "retry-after: 9\r\n", "");
            }
        })
        .fails(ErrorCode::Unavailable, Outcome::Rejected),
        closes("close(300) with rows, answer dripped", |peer| {
            peer.take();
            peer.drip("HTTP/1.1 204 No Content\r\n\r\n", Duration::from_millis(100));
        })
        .fails(Timeout, Outcome::InDoubt),
        closes("close(300) with 20 MB, never read", |peer| peer.hold())
            .act(|client| close_with(client, 20, MB))
            .fails(Timeout, Outcome::NotSent),
    ]
}

/// Closes a sender whose own buffer contains rows.
fn closes(what: &str, run: impl Fn(&mut Peer) + Send + Sync + 'static) -> Case {
    let case = Case::new("F5", what, run).conf("auto_flush=off;").within(300);
    case.act(|client| close_with(client, 1, 1))
}

fn close_with(client: &mut Client, rows: usize, bytes: usize) -> Answer {
    client.own_rows(rows, bytes)?;
    client.now_it_counts();
    let (unconfirmed, result) = client.close(Duration::from_millis(300));
    assert_eq!(unconfirmed, rows as u64);
    client.free();
    result.map(|()| Outcome::Committed)
}

/// The 50th flush is refused, and the sender works again with the next one.
fn a_refusal_in_the_middle_of_many() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                if request.nth == 49 {
                    peer.answer("401 Unauthorized", "", "expired");
                } else {
                    peer.commit(&request.body);
                    peer.say(OK);
                }
            }
        }),
    );
    let conf = format!("http::addr={};protocol_version=2;", server.addr());
    let mut sender = Sender::from_conf(&conf).unwrap();
    let buffer = rows(100);
    for nth in 0..60 {
        let result = sender.flush_and_keep(&buffer);
        if nth == 49 {
            let e = result.unwrap_err();
            assert_eq!((e.code(), e.outcome()), (ErrorCode::Auth, Outcome::Rejected));
            assert!(!e.is_retryable() && e.http_status() == Some(401) && e.attempts() == 1);
        } else {
            assert_eq!(result.unwrap(), Outcome::Committed);
        }
    }
    assert_eq!((server.committed().len(), server.requests()), (59, 60));
    let stats = sender.stats();
    assert_eq!((stats.get(Stat::Flushes), stats.get(Stat::FailedFlushes)), (59, 1));
    assert!(server.connections() <= 2, "connections are kept");
}
