//! The sender in a simulated world: every fault at every byte of every exchange, judged by what the server really stored.

mod arrow;
mod batches;
mod cancel;
mod cases;
mod columns;
mod failover;
mod lazy;
mod pool;
mod pool_programs;
mod pool_senders;
mod server;
mod stream;
mod tls;
mod world;

use std::sync::MutexGuard;
use std::time::Duration;

use self::server::{Reply, Server};
use self::world::{Connect, Resolve, World};
use super::{Sender, Stat};
use crate::config::Config;
use crate::error::{Error, ErrorCode, Outcome, Result};
use crate::net::ScriptedNet;

const NO_CONTENT: Reply = Reply { commits: true, ..Reply::new("HTTP/1.1 204 No Content\r\n\r\n") };
static HEALTHY: [Reply; 1] = [NO_CONTENT];

/// A world and the configuration of a sender in it.
struct Sim {
    net: ScriptedNet<World>,
    conf: String,
}

impl Sim {
    fn http(replies: &'static [Reply], conf: &str) -> Sim {
        Sim {
            net: ScriptedNet::new(World::new(Box::new(move || Server::http(replies)))),
            conf: format!("http::addr=db;{conf}"),
        }
    }

    fn tcp(login: bool, conf: &str) -> Sim {
        Sim {
            net: ScriptedNet::new(World::new(Box::new(move || Server::ilp(login)))),
            conf: format!("tcp::addr=db;{conf}"),
        }
    }

    /// Creates a stream to a server that answers its first line.
    fn that_speaks_first(text: &'static str) -> Sim {
        Sim {
            net: ScriptedNet::new(World::new(Box::new(move || Server::that_speaks_first(text)))),
            conf: "tcp::addr=db;".into(),
        }
    }

    /// Returns the same within TLS.
    fn in_tls(mut self) -> Sim {
        self.conf = self.conf.replacen("::", "s::", 1);
        self.conf.push_str(&format!("tls_roots={};", server::ROOTS));
        {
            let mut world = self.world();
            let plain = std::mem::replace(&mut world.new_server, Box::new(|| Server::ilp(false)));
            world.new_server = Box::new(move || plain().in_tls());
        }
        self
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.net.script()
    }

    fn sender(&self) -> Result<Sender> {
        let settings = Config::from_conf(&self.conf)?.validate()?;
        Sender::over(&settings, Box::new(self.net.clone()))
    }

    fn now(&self) -> Duration {
        self.world().now
    }
}

fn row(sender: &mut Sender) -> Result<()> {
    sender.row("t")?.column_i64("x", 1)?.at_now()
}

const V1: &str = "protocol_version=1;";

fn flush_one(sim: &Sim) -> Result<Outcome> {
    let mut sender = sim.sender()?;
    row(&mut sender)?;
    sender.flush_own()
}

fn facts(e: &Error) -> (ErrorCode, Outcome, u32) {
    (e.code(), e.outcome(), e.attempts())
}

#[test]
fn names_are_resolved_again_for_every_connect() {
    let sim = Sim::http(&HEALTHY, &format!("{V1}retry_timeout=5000;"));
    sim.world().resolves = [Resolve::Fails, Resolve::Fails].into();
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!(sim.now().as_millis(), 10 + 20);
    assert_eq!(sim.world().resolved, 3);

    let sim = Sim::http(
        &HEALTHY,
        &format!("{V1}retry_timeout=2000;request_timeout=1000;connect_timeout=800;"),
    );
    sim.world().resolves = [Resolve::Nothing; 4].into();
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::CouldNotResolve, Outcome::NotSent, 4));
    assert_eq!(sim.now().as_millis(), 800 + 2000, "the fourth is cut off by the budget");
    assert_eq!(sim.world().connections(), 0);
}

/// The error of the system, or of the TLS library, is the source of ours, whatever was put before its message.
#[test]
fn the_cause_of_an_error_is_kept() {
    use std::error::Error as _;
    let conf = format!("{V1}retry_timeout=0;");
    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().connects = [Connect::Refused].into();
    let e = flush_one(&sim).unwrap_err();
    let cause = e.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(e.message().contains(&cause.to_string()) && e.clone().source().is_some(), "{e}");

    let sim = Sim::http(&HEALTHY, &conf).in_tls();
    sim.world().new_server =
        Box::new(|| Server::http(&HEALTHY).greeting("HTTP/1.1 503 Busy\r\n\r\n"));
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Tls);
    let cause = e.source().unwrap().to_string();
    assert!(cause.starts_with("received corrupt message") && e.message().contains(&cause), "{e}");

    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().resolves = [Resolve::Fails].into();
    assert!(flush_one(&sim).unwrap_err().source().is_none(), "nothing of another library");
}

#[test]
fn every_address_of_a_name_is_tried() {
    let conf = format!("{V1}retry_timeout=0;connect_timeout=900;");
    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().resolves = [Resolve::Finds(3)].into();
    sim.world().connects = [Connect::Nothing, Connect::Refused, Connect::Fine].into();
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!(sim.now().as_millis(), 300, "a third of connect_timeout for a black hole");

    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().resolves = [Resolve::Finds(3)].into();
    sim.world().connects = [Connect::Nothing; 3].into();
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Timeout, Outcome::NotSent, 1));
    assert!(e.message().contains("3 addresses"), "{e}");
    assert_eq!(sim.now().as_millis(), 900);

    let sim = Sim::http(&HEALTHY, &format!("{V1}retry_timeout=1000;"));
    sim.world().connects = [Connect::NoDescriptor, Connect::NoDescriptor].into();
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
}

/// The budget `retry_timeout` begins with the first failure, and an attempt after the first ends with it.
#[test]
fn the_budget_covers_the_attempt_in_progress() {
    static BUSY: [Reply; 2] =
        [Reply::new("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), Reply::new("")];
    let sim = Sim::http(&BUSY, &format!("{V1}retry_timeout=1500;request_timeout=60000;"));
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Timeout, Outcome::InDoubt, 2));
    assert_eq!((sim.now().as_millis(), e.elapsed().as_millis()), (1500, 1500));

    static SILENT: [Reply; 1] = [Reply::new("")];
    let sim = Sim::http(&SILENT, &format!("{V1}retry_timeout=1500;request_timeout=4000;"));
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Timeout, Outcome::InDoubt, 2));
    assert_eq!(sim.now().as_millis(), 4000 + 1500);
}

/// A retry that could not finish in time is not begun. So what was certainly refused stays refused, and what is in doubt is
/// not stored once more for nothing.
#[test]
fn no_retry_begins_with_too_little_time() {
    static BUSY: [Reply; 2] = [
        Reply::new("HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
        Reply::new(""),
    ];
    static BROKEN: [Reply; 2] = [
        Reply::new("HTTP/1.1 500 Broken\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
        Reply::new(""),
    ];
    // A retry would have the budget less the second that the server asks for.
    for (budget, replies, outcome, attempts) in [
        (1090, &BUSY, Outcome::Rejected, 1),
        (1110, &BUSY, Outcome::InDoubt, 2),
        (1090, &BROKEN, Outcome::InDoubt, 1),
        (1110, &BROKEN, Outcome::InDoubt, 2),
    ] {
        let conf = format!("{V1}retry_timeout={budget};request_timeout=60000;");
        let sim = Sim::http(replies, &conf);
        let e = flush_one(&sim).unwrap_err();
        assert_eq!((e.outcome(), e.attempts()), (outcome, attempts), "{budget}: {e:?}");
        let expected = if attempts == 1 { 0 } else { budget };
        assert_eq!(sim.now().as_millis(), expected, "{budget}");
    }
    // Of a small budget a tenth is reserved.
    let sim = Sim::http(&HEALTHY, &format!("{V1}retry_timeout=100;retry_max_backoff=95;"));
    sim.world().connects = [Connect::Refused; 9].into();
    let e = flush_one(&sim).unwrap_err();
    // There are waits of 10, 20 and 40 ms; one of 80 ms more does not fit into 90.
    assert_eq!((e.attempts(), sim.now().as_millis()), (4, 70));
}

#[test]
fn a_forked_child_sends_nothing() {
    for sim in [Sim::http(&HEALTHY, V1), Sim::tcp(false, "")] {
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap();
        sim.world().process = 2;
        let e = sender.flush_own().unwrap_err();
        assert_eq!((e.code(), e.outcome()), (ErrorCode::InvalidState, Outcome::NotSent));
        let report = sender.close(Duration::from_secs(1));
        assert_eq!((report.unconfirmed_rows, report.result.is_err()), (1, true));
        drop(sender);
        let world = sim.world();
        assert_eq!((world.passed, world.now), ([0, 0], Duration::ZERO));
    }
}

#[test]
fn the_auto_flush_interval_counts_from_the_last_flush() {
    let sim = Sim::http(&HEALTHY, &format!("{V1}auto_flush_interval=1000;auto_flush_rows=off;"));
    let mut sender = sim.sender().unwrap();
    for (wait, stored) in [(0, 0), (999, 0), (1, 1), (999, 1), (1, 2), (5000, 3)] {
        sim.world().now += Duration::from_millis(wait);
        row(&mut sender).unwrap();
        assert_eq!(sim.world().committed.len(), stored, "after {wait} ms more");
    }
    assert_eq!(sender.stats().get(Stat::Flushes), 3);
    assert_eq!(sender.stats().get(Stat::RowsCommitted), 6);
}

/// Each of several addresses is tried at once; the sender waits only when all have failed.
#[test]
fn addresses_rotate_before_waiting() {
    let mut sim = Sim::http(&HEALTHY, "");
    sim.conf = format!("http::addr=a,b,c;{V1}retry_timeout=5000;");
    sim.world().connects = [Connect::Refused; 4].into();
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!(sim.now().as_millis(), 10);

    static REPLICA: [Reply; 2] =
        [Reply::new("HTTP/1.1 421 Replica\r\ncontent-length: 0\r\n\r\n"), NO_CONTENT];
    let mut sim = Sim::http(&REPLICA, "");
    sim.conf = format!("http::addr=a,b;{V1}");
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed, "the other one may be the primary");
    let sim = Sim::http(&REPLICA, V1);
    assert_eq!(flush_one(&sim).unwrap_err().outcome(), Outcome::Rejected);
}

/// What a server says means the same in whatever pieces it arrives.
#[test]
fn pieces_of_an_answer_do_not_change_its_meaning() {
    // These are an alert of a server that speaks TLS, and an informational answer that is not quite HTTP, which is skipped.
    static ALERT: [Reply; 1] = [Reply::new("\x15\x03\x01\x00\x02\x02F")];
    static HINTS: [Reply; 1] = [Reply::new(
        "HTTP/1.1 110 Hm\r\n\r\nHTTP/1.1 103 \r\nlink: x\r\n\r\x02y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )];
    // Lines may end with a bare line feed, also those of an answer that is skipped. What follows is then not HTTP.
    static FEEDS: [Reply; 1] = [Reply::new("\n\r\nHTTP/1.1 100 Hm\n\nHTTP/1.1 204 No Content\n\n")];
    static MIXED: [Reply; 1] =
        [Reply::new("HTTP/1.1 100 Hm\n\nme\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")];
    static NO_STATUS: [Reply; 1] =
        [Reply::new("HTTP/1.1 110 Hm\r\n\r\nHTTP/1.1 103I\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")];
    for burst in [1, 2, 13, usize::MAX] {
        let cases = [
            (&ALERT, Some(ErrorCode::Tls)),
            (&HINTS, None),
            (&FEEDS, None),
            (&MIXED, Some(ErrorCode::NotQuestdb)),
            (&NO_STATUS, Some(ErrorCode::NotQuestdb)),
        ];
        for (replies, code) in cases {
            let sim = Sim::http(replies, &format!("{V1}retry_timeout=0;"));
            sim.world().burst = burst;
            assert_eq!(flush_one(&sim).err().map(|e| e.code()), code, "pieces of {burst} bytes");
        }
    }
}

/// A long head is not parsed for every piece of it, but what is wrong in it is still reported.
#[test]
fn a_long_head_in_pieces_means_what_it_says() {
    let long = "y".repeat(60_000);
    let cases = [
        (format!("HTTP/1.1 204 {long}\r\n\r\n"), None),
        (format!("HTTP/1.1 204 {long}\n\n"), None),
        (format!("HTTP/1.1 204 {long}\r\nbad\0"), Some(ErrorCode::NotQuestdb)),
        (format!("HTTP/1.1 204 {long}\r\n"), Some(ErrorCode::Timeout)),
        (format!("HTTP/1.1 204 {long}{long}\r\n\r\n"), Some(ErrorCode::NotQuestdb)),
    ];
    for (head, code) in cases {
        let reply = Reply::new(head.leak());
        // This is the same from a server that does not wait for the body.
        let early = Reply { closes: true, early: Some(1), ..reply.clone() };
        for reply in [reply, early] {
            let wrong = code == Some(ErrorCode::NotQuestdb);
            if reply.closes && !wrong {
                continue;
            }
            let replies: &'static [Reply] = vec![reply].leak();
            for burst in [13, 1000, usize::MAX] {
                let sim = Sim::http(replies, &format!("{V1}retry_timeout=0;"));
                sim.world().burst = burst;
                assert_eq!(flush_one(&sim).err().map(|e| e.code()), code, "pieces of {burst}");
            }
        }
    }
}
