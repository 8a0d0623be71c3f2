//! Faults of ILP over TCP, row by row. The protocol has no answers, so the client reports what the kernel knows.

use std::net::{TcpListener, ToSocketAddrs};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome, Sender, Stat};

use crate::case::{self, Case, Client};
use crate::client::Answer;
use crate::plain;
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::port::{FullPort, RefusingPort};
use questdb_ingress_testkit::rows;

const MB: usize = 1 << 20;
const KEY: &str = "username=testUser1;token=5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48;\
                   token_x=fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU;\
                   token_y=Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac;";

pub(crate) fn tests() -> Vec<Trial> {
    let mut all = cases();
    all.extend(closing());
    all.extend(ipv6_only());
    let mut tests: Vec<Trial> = case::tests(all).collect();
    tests.push(plain("tcp::several_addresses", several_addresses));
    tests.push(plain("tcp::a_name_that_does_not_resolve", a_name_that_does_not_resolve));
    tests
}

/// Stores everything until the end of the stream.
fn serve(peer: &mut Peer) {
    let all = peer.read_to_end();
    if !all.is_empty() {
        peer.commit(&all);
    }
    peer.note("stored");
}

/// Ends the first connection with `end` before anything is sent on it, and serves the others.
fn ends_first(end: impl Fn(&mut Peer) + Send + Sync + 'static) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        if peer.nth() > 0 {
            return serve(peer);
        }
        end(peer);
        peer.note("ended");
        peer.hold();
    }
}

fn flush_after_end(client: &mut Client) -> Answer {
    client.open()?;
    client.server.wait_for_end("ended");
    client.now_it_counts();
    client.flush()
}

/// Returns how many rows a flush of about `bytes` bytes has.
fn rows_of(bytes: usize) -> u64 {
    rows(bytes).row_count() as u64
}

/// Flushes, waits until the server has noted `note`, and closes. An error of closing is the error of the row.
fn closes_after(note: &'static str) -> impl Fn(&mut Client) -> Answer + Send + Sync {
    move |client| {
        let outcome = client.flush_copy()?;
        client.server.wait_for_notes(note, 1);
        client.now_it_counts();
        client.close(Duration::from_millis(700)).1?;
        Ok(outcome)
    }
}

/// What `close` can know about a stream.
fn closing() -> Vec<Case> {
    use ErrorCode::{Auth, Connection, Rejected, Timeout};
    let challenge = "k5V q".repeat(103)[..512].to_owned() + "\n";
    let ends_in_order = Case::new("T12", "close: reads everything, then ends", |peer| {
        peer.note("here");
        serve(peer);
    });
    let mut cases = vec![
        ends_in_order.tcp().act(closes_after("here")).also("all was read", |r| r.committed == 1),
        Case::new("T12", "close: a login was expected", move |peer| {
            peer.read_line();
            peer.say(&challenge);
            peer.note("said");
            peer.read_to_end();
        })
        .tcp()
        .act(closes_after("said"))
        .fails(Auth, Outcome::InDoubt)
        .within(50)
        .also("says so", |r| r.error().message().contains("the server requires authentication")),
        Case::new("T12", "close: the server says something", |peer| {
            peer.read_line();
            peer.say("no such column\u{1b}[0m\n");
            peer.note("said");
            peer.read_to_end();
        })
        .tcp()
        .act(closes_after("said"))
        .fails(Rejected, Outcome::InDoubt)
        .within(50)
        .also("shown, escaped", |r| r.error().message().contains(r"no such column\u{1b}[0m\n")),
        Case::new("T12", "close: says something when it sees the end", |peer| {
            peer.note("here");
            peer.read_to_end();
            peer.say("too late\n");
        })
        .tcp()
        .act(closes_after("here"))
        .fails(Rejected, Outcome::InDoubt)
        .also("shown", |r| r.error().message().contains("too late")),
        Case::new("T12", "close: reset instead of an end", |peer| {
            peer.read_exactly(10);
            peer.note("here");
            peer.read_to_end();
            peer.reset_on_close();
        })
        .tcp()
        .act(closes_after("here"))
        .fails(Connection, Outcome::InDoubt),
        Case::new("T12", "close: ends without having read", |peer| {
            peer.note("here");
            peer.wait_for_bytes(100);
        })
        .tcp()
        .act(closes_after("here"))
        .fails(Connection, Outcome::InDoubt),
    ];
    for bytes in [1 << 10, 100 << 10, 5 * MB / 2] {
        let what = format!("close: {} kB that nobody reads", bytes >> 10);
        let case = Case::new("T12", what, |peer| {
            peer.note("here");
            peer.hold();
        });
        let case = case.tcp().bytes(bytes).act(closes_after("here"));
        cases.push(case.fails(Timeout, Outcome::InDoubt).at_least(650).within(700));
    }
    let counted = |case: Case| {
        case.also("counts the rows", |r| match &r.result {
            Ok(_) => true,
            Err(e) => e.earlier_rows_in_doubt() >= 1,
        })
    };
    let mut cases: Vec<Case> = cases.into_iter().map(counted).collect();
    cases.push(
        // A caller that decides by the outcome alone would count these rows as delivered.
        Case::new("T13", "thousands of rows, then a reset", |peer| {
            if peer.nth() > 0 {
                return serve(peer);
            }
            peer.read_exactly(400_000);
            peer.reset_on_close();
        })
        .tcp()
        .act(|client| {
            let mut rows = 0;
            loop {
                match client.flush_other(100) {
                    Ok(_) => rows += rows_of(100),
                    Err(e) => {
                        assert_eq!(e.outcome(), Outcome::NotSent);
                        assert!(rows >= 1000 && e.earlier_rows_in_doubt() == rows, "{rows} {e:?}");
                        let both = format!(
                            "nothing of this flush was sent, but {rows} rows of earlier flushes may be lost"
                        );
                        assert!(e.message().contains(&both), "{e:?}");
                        break;
                    }
                }
            }
            // The rows are reported once only.
            let outcome = client.flush()?;
            client.close(Duration::from_secs(5)).1?;
            Ok(outcome)
        })
        .within(10_000)
        .also("over a new connection", |r| (r.committed, r.connections) == (1, 2)),
    );
    cases
}

fn cases() -> Vec<Case> {
    use ErrorCode::{Auth, Connection, Timeout};
    vec![
        Case::new("T1", "end of stream before the flush", ends_first(|peer| peer.half_close()))
            .tcp()
            .act(flush_after_end)
            .fails(Connection, Outcome::NotSent)
            .within(50)
            .also("worth trying again", |r| r.error().is_retryable()),
        Case::new("T1", "the same, then flushed again", ends_first(|peer| peer.half_close()))
            .tcp()
            .act(|client| {
                flush_after_end(client).unwrap_err();
                let outcome = client.flush()?;
                client.close(Duration::from_secs(5)).1?;
                client.server.wait_for_notes("stored", 1);
                Ok(outcome)
            })
            .also("stored once, on a new connection", |r| (r.committed, r.connections) == (1, 2)),
        Case::new(
            "T1",
            "text, then end of stream",
            ends_first(|peer| {
                peer.say("bad line\u{1b}[0m\n");
                peer.half_close();
            }),
        )
        .tcp()
        .act(flush_after_end)
        .fails(ErrorCode::Rejected, Outcome::NotSent)
        .also("shown, escaped", |r| r.error().message().contains(r"bad line\u{1b}[0m\n")),
        Case::new("T2", "reset before the flush", |peer| {
            if peer.nth() > 0 {
                return serve(peer);
            }
            peer.reset_on_close();
        })
        .tcp()
        .act(|client| {
            client.open()?;
            client.server.wait_for_end("gone");
            client.flush()
        })
        .fails(Connection, Outcome::NotSent),
        // The client cannot see whether the server goes on reading, and a server that restarts does not.
        Case::new(
            "T3",
            "half-closed before the flush, goes on reading",
            ends_first(|peer| {
                peer.half_close();
                peer.note("ended");
                serve(peer);
            }),
        )
        .tcp()
        .act(flush_after_end)
        .fails(Connection, Outcome::NotSent)
        .within(50),
        Case::new("T3", "half-closed after a flush", |peer| {
            peer.read_exactly(100);
            peer.half_close();
            peer.note("ended");
            serve(peer);
        })
        .tcp()
        .act(|client| {
            client.flush_other(100)?;
            client.server.wait_for_end("ended");
            // A stream is listened to once in a tick of the clock, which is a hundredth of a second where it is longest.
            std::thread::sleep(Duration::from_millis(30));
            client.flush()
        })
        .fails(Connection, Outcome::NotSent)
        .also("says what may be lost", |r| r.error().message().contains("may be lost"))
        .also("and counts it", |r| r.error().earlier_rows_in_doubt() == rows_of(100)),
        Case::new("T4", "reset in a 20 MB flush", |peer| {
            peer.read_exactly(100_000);
            peer.reset_on_close();
        })
        .tcp()
        .bytes(20 * MB)
        .within(2000)
        .fails(Connection, Outcome::InDoubt)
        .also("some were sent", |r| {
            r.error().bytes_sent() > 0 && r.error().in_doubt_attempts() == 1
        }),
        Case::new("T5", "end of stream and quick flushes", |peer| {
            if peer.nth() > 0 {
                serve(peer);
            }
        })
        .tcp()
        .act(|client| {
            let until = Instant::now() + Duration::from_secs(10);
            while client.flush_copy().is_ok() {
                assert!(Instant::now() < until, "the end of the stream is never told");
            }
            client.flush()
        })
        .within(10_000),
        Case::new("T6", "50 MB to a peer that never reads", |peer| peer.hold())
            .tcp()
            .bytes(50 * MB)
            .conf("send_timeout=500;")
            .act(|client| {
                client.open()?;
                client.now_it_counts();
                client.flush()
            })
            .fails(Timeout, Outcome::InDoubt)
            .at_least(450)
            .within(500),
        Case::new("T7", "login challenge dripped", |peer| {
            peer.read_line();
            peer.drip([b'x'; 100], Duration::from_millis(50));
        })
        .tcp()
        .conf(KEY)
        .conf("auth_timeout=400;")
        .fails(Timeout, Outcome::NotSent)
        .at_least(350)
        .within(400),
        Case::new("T7", "no login challenge", |peer| peer.hold())
            .tcp()
            .conf(KEY)
            .conf("auth_timeout=300;")
            .fails(Timeout, Outcome::NotSent)
            .within(300),
        Case::new("T8", "login challenge without an end", |peer| peer.flood(b"challenge"))
            .tcp()
            .conf(KEY)
            .fails(Auth, Outcome::NotSent)
            .within(100),
        Case::new("T8", "more than a challenge", |peer| {
            peer.read_line();
            peer.say("challenge\nand more");
            peer.hold();
        })
        .tcp()
        .conf(KEY)
        .fails(Auth, Outcome::NotSent),
        Case::new("T8", "a challenge of one byte too many", |peer| {
            peer.read_line();
            peer.say(format!("{}\n", "c".repeat(4097)));
            peer.hold();
        })
        .tcp()
        .conf(KEY)
        .fails(Auth, Outcome::NotSent),
        Case::new("T8", "end of stream instead of a challenge", |peer| {
            peer.read_line();
        })
        .tcp()
        .conf(KEY)
        .fails(Auth, Outcome::NotSent),
        Case::new("T8", "the signature is refused", |peer| {
            peer.read_line();
            peer.say("challenge\n");
            peer.read_line();
            peer.half_close();
            peer.note("ended");
            peer.hold();
        })
        .tcp()
        .conf(KEY)
        .act(flush_after_end)
        .fails(Auth, Outcome::NotSent),
        Case::new("T10", "a connect that is never answered", |_| {})
            .tcp()
            .act(|client| {
                let full = FullPort::new();
                let conf = format!("tcp::addr={};connect_timeout=300;", full.addr());
                client.now_it_counts();
                client.open_with(&conf).map(|()| Outcome::Submitted)
            })
            .fails(Timeout, Outcome::NotSent)
            .within(300),
        Case::new("T11", "close with 50 MB that nobody reads", |peer| peer.hold())
            .tcp()
            .act(|client| {
                client.own_rows(50, MB)?;
                client.now_it_counts();
                let (unconfirmed, result) = client.close(Duration::from_millis(400));
                assert_eq!(unconfirmed, 50);
                client.free();
                result.map(|()| Outcome::Submitted)
            })
            .conf("auto_flush=off;")
            .fails(Timeout, Outcome::InDoubt)
            .within(400),
        // The server sends only after it has read the rows: a client that sees this data first does not send them.
        Case::new("T11", "close while the server goes on sending", |peer| {
            peer.read_exactly(100);
            peer.flood(b"noise\n");
        })
        .tcp()
        .act(|client| {
            client.flush_copy()?;
            client.now_it_counts();
            client.close(Duration::from_millis(300)).1?;
            Ok(Outcome::Submitted)
        })
        .fails(ErrorCode::Rejected, Outcome::InDoubt)
        .within(300),
    ]
}

/// Returns a name that means the IPv6 loopback address, if this machine has one.
fn name_of_v6_loopback() -> &'static str {
    let is_v6 = |name: &&str| {
        (*name, 1).to_socket_addrs().is_ok_and(|mut found| found.any(|addr| addr.is_ipv6()))
    };
    ["localhost", "ip6-localhost"].into_iter().find(is_v6).unwrap_or("[::1]")
}

/// T9: IPv6 addresses, and a name of which only the IPv6 address is served.
fn ipv6(scheme: &'static str, form: &str, host: &'static str) -> Case {
    let http = scheme == "http";
    let case = Case::new("T9", format!("{scheme}, {form}, served on IPv6 only"), |_| {});
    let case = if http { case } else { case.tcp() };
    let case = case.act(move |client| {
        let listener = TcpListener::bind("[::1]:0").unwrap();
        client.server =
            FaultServer::on(listener, None, script(if http { Peer::serve } else { serve }));
        let port = client.server.addr().port();
        let version = if http { "protocol_version=1;" } else { "" };
        client.open_with(&format!("{scheme}::addr={host}:{port};{version}"))?;
        let outcome = client.flush()?;
        client.close(Duration::from_secs(5)).1?;
        if http {
            let named = format!("host: {host}:{port}\r\n");
            let head = client.server.first_head().unwrap();
            assert!(head.contains(&named), "{head}");
        } else {
            client.server.wait_for_notes("stored", 1);
        }
        Ok(outcome)
    });
    case.also("stored once", |r| r.committed == 1)
}

fn ipv6_only() -> Vec<Case> {
    let name = name_of_v6_loopback();
    let hosts = [("[::1]", "[::1]"), ("a name", name)];
    let both = |scheme| hosts.map(|(form, host)| ipv6(scheme, form, host));
    ["tcp", "http"].into_iter().flat_map(both).collect()
}

/// An address that does not answer is skipped, at the start and later.
fn several_addresses() {
    let nobody = RefusingPort::new();
    let dead = nobody.addr();
    let server = FaultServer::start(None, script(serve));
    let conf = format!("tcp::addr={dead},{};", server.addr());
    let mut sender = Sender::from_conf(&conf).unwrap();
    sender.flush(&mut rows(100)).unwrap();
    assert!(sender.close(Duration::from_secs(5)).result.is_ok());
    server.wait_for_notes("stored", 1);

    let first = FaultServer::start(None, script(Peer::serve));
    let second = FaultServer::start(None, script(Peer::serve));
    let conf = format!(
        "http::addr={dead},{},{};protocol_version=1;retry_timeout=5000;",
        first.addr(),
        second.addr()
    );
    let mut sender = Sender::from_conf(&conf).unwrap();
    let buffer = rows(100);
    sender.flush_and_keep(&buffer).unwrap();
    sender.flush_and_keep(&buffer).unwrap();
    assert_eq!((first.committed().len(), first.connections()), (2, 1));
    drop(first);
    let begin = Instant::now();
    sender.flush_and_keep(&buffer).unwrap();
    sender.flush_and_keep(&buffer).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!((second.committed().len(), second.connections()), (2, 1));
    assert!(sender.stats().get(Stat::Reconnects) >= 1);
}

/// A name that does not exist: the error has its own code, is retried, and keeps the deadline.
fn a_name_that_does_not_resolve() {
    let begin = Instant::now();
    let e =
        Sender::from_conf("tcp::addr=no-such-host.invalid:9009;connect_timeout=2000;").unwrap_err();
    assert!(begin.elapsed() < Duration::from_millis(2250), "{:?}", begin.elapsed());
    assert_eq!((e.code(), e.is_retryable()), (ErrorCode::CouldNotResolve, true), "{e:?}");
    let conf = "http::addr=no-such-host.invalid:9000;protocol_version=1;retry_timeout=600;request_timeout=600;";
    let mut sender = Sender::from_conf(conf).unwrap();
    let begin = Instant::now();
    let e = sender.flush(&mut rows(100)).unwrap_err();
    assert!(begin.elapsed() < Duration::from_millis(850), "{:?}", begin.elapsed());
    assert_eq!((e.code(), e.outcome()), (ErrorCode::CouldNotResolve, Outcome::NotSent), "{e:?}");
}
