//! Several servers, and servers that fall silent: which server the next attempt uses, and how long everything takes.

use std::time::Duration;

use super::server::{Reply, Server};
use super::world::{Connect, Direction, Fault, FaultKind, Host};
use super::{HEALTHY, NO_CONTENT, Sim, V1, facts, flush_one, row};
use crate::error::{ErrorCode, Outcome};
use crate::ilp::ProtocolVersion;
use crate::sender::Stat;

static SILENT: [Reply; 1] = [Reply::new("")];
const OOPS: Reply = Reply::new("HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops");
static BROKEN: [Reply; 1] = [OOPS];
static NOBODY: [Reply; 1] = [Reply::new("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")];
static BAD_ROW: [Reply; 1] = [Reply::new("HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno")];
const BUSY: Reply = Reply::new("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
static NAMES_A_ROW: [Reply; 1] = [Reply::new(
    "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json; charset=utf-8\r\n\
     content-length: 75\r\n\r\n\
     {\"code\":\"internal error\",\"message\":\"write error\",\"line\":1,\"errorId\":\"a1-7\"}",
)];

const SPEAKS_2: &str = "HTTP/1.1 200 OK\r\ncontent-length: 51\r\n\r\n\
     {\"config\":{\"line.proto.support.versions\":[1,2]}}   ";
const SPEAKS_1: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
const FAILS: &str = "HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops";
const REFUSES: &str = "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>";

type NewServer = fn() -> Server;

/// Creates servers behind the addresses `a`, `b` and so on.
fn cluster(servers: Vec<NewServer>, conf: &str) -> Sim {
    let letters = ('a'..).take(servers.len());
    let addrs: Vec<String> = letters.clone().map(String::from).collect();
    let mut sim = Sim::http(&HEALTHY, "");
    sim.conf = format!("http::addr={};{conf}", addrs.join(","));
    for (letter, server) in letters.zip(servers) {
        let host = Host { connect: Connect::Fine, server: Box::new(server) };
        sim.world().hosts.insert(letter, host);
    }
    sim
}

impl Sim {
    fn connects(&self, host: char, how: Connect) {
        self.world().hosts.get_mut(&host).unwrap().connect = how;
    }

    /// Ends the connections of a host, which accepts no new one.
    fn goes_away(&self, host: char) {
        self.connects(host, Connect::Refused);
        self.world().close_connections(host);
    }

    fn requests(&self) -> usize {
        self.world().requests
    }

    fn connections(&self) -> usize {
        self.world().connections()
    }

    /// Returns how many bytes have reached a server.
    fn sent(&self) -> u64 {
        self.world().passed[0]
    }

    /// Returns the hosts that have got rows, in order.
    fn requested(&self) -> String {
        self.world().requested.iter().collect()
    }

    /// Returns the hosts that were asked for their settings, in order.
    fn asked(&self) -> String {
        self.world().asked.iter().collect()
    }
}

fn good() -> Server {
    Server::http(&HEALTHY)
}

fn silent() -> Server {
    Server::http(&SILENT)
}

/// On a kept connection everything is lost without an error, as behind a gateway that has forgotten it.
#[test]
fn a_silent_kept_connection_is_replaced() {
    let sim = Sim::http(&HEALTHY, V1);
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sender.flush_own().unwrap();
    let passed = sim.world().passed[0];
    sim.world().fault =
        Some(Fault { direction: Direction::Request, at: passed, kind: FaultKind::Stall });
    row(&mut sender).unwrap();
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed, "with the default times");
    assert_eq!(sim.world().committed.len(), 2);
    assert_eq!(sim.now().as_millis(), 10_000 + 10);
}

#[test]
fn a_server_that_accepts_and_stalls_does_not_keep_rows_from_the_next() {
    let sim = cluster(vec![silent, good], V1);
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed, "with the default times");
    assert_eq!((sim.requested().as_str(), sim.now().as_millis()), ("ab", 10_000));
}

/// The next call begins with the server after the one where the last call gave up, and stays where it was served.
#[test]
fn the_address_is_rotated_also_when_giving_up_and_the_good_one_is_kept() {
    for policy in ["retry_timeout=0;", "delivery=at_most_once;"] {
        let servers: Vec<NewServer> = vec![silent, || Server::http(&BROKEN), good];
        let sim = cluster(servers, &format!("{V1}{policy}request_timeout=1000;"));
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap();
        for attempts in 1..=2 {
            let e = sender.flush_own().unwrap_err();
            assert_eq!((e.outcome(), e.attempts()), (Outcome::InDoubt, 1), "{policy} {e:?}");
            assert_eq!(sim.world().requests, attempts);
        }
        for _ in 0..3 {
            sender.flush_own().unwrap();
            row(&mut sender).unwrap();
        }
        assert_eq!((sim.requested().as_str(), sim.connections()), ("abccc", 3), "{policy}");
    }
}

/// A server that refuses the rows works, and another would refuse them too. A server that refuses the sender may be the only
/// one.
#[test]
fn refused_rows_do_not_change_the_address() {
    let table: [(NewServer, &str, usize); 3] = [
        (|| Server::http(&BAD_ROW), "aa", 1),
        (|| Server::http(&NAMES_A_ROW), "aa", 1),
        (|| Server::http(&NOBODY), "ab", 2),
    ];
    for (server, requested, connections) in table {
        let sim = cluster(vec![server, good], V1);
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!((e.outcome(), e.attempts(), e.is_retryable()), (Outcome::Rejected, 1, false));
        let _ = sender.flush_own();
        assert_eq!((sim.requested().as_str(), sim.connections()), (requested, connections));
    }
}

#[test]
fn retry_timeout_0_is_one_request() {
    // A kept connection dies when the second request has been read.
    for kind in [FaultKind::Fin, FaultKind::Reset] {
        let sim = Sim::http(&HEALTHY, &format!("{V1}retry_timeout=0;"));
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap();
        sender.flush_own().unwrap();
        let passed = sim.world().passed[1];
        sim.world().fault = Some(Fault { direction: Direction::Response, at: passed, kind });
        row(&mut sender).unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!(facts(&e), (ErrorCode::Connection, Outcome::InDoubt, 1));
        let world = sim.world();
        assert_eq!((world.requests, world.connections(), world.committed.len()), (2, 1, 2));
    }
    // If there is time, it is replaced at once.
    let sim = Sim::http(&HEALTHY, V1);
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sender.flush_own().unwrap();
    let passed = sim.world().passed[1];
    sim.world().fault =
        Some(Fault { direction: Direction::Response, at: passed, kind: FaultKind::Fin });
    row(&mut sender).unwrap();
    sender.flush_own().unwrap();
    assert_eq!((sim.requests(), sim.now()), (3, Duration::ZERO));
}

/// Connecting sends no request, so every address is tried within the time of the first attempt, each with its share.
#[test]
fn connecting_tries_every_address_without_a_budget_for_retries() {
    let conf = format!("{V1}retry_timeout=0;request_timeout=3000;connect_timeout=2500;");
    let sim = cluster(vec![good, good, good], &conf);
    sim.connects('a', Connect::Nothing);
    sim.connects('b', Connect::Refused);
    let mut sender = sim.sender().unwrap();
    for _ in 0..2 {
        row(&mut sender).unwrap();
        sender.flush_own().unwrap();
    }
    assert_eq!((sim.requested().as_str(), sim.now().as_millis()), ("cc", 1000));
    assert_eq!(sender.stats().get(Stat::InDoubtAttempts), 0);

    let sim = cluster(vec![good, good, good], &conf);
    for host in ['a', 'b', 'c'] {
        sim.connects(host, Connect::Nothing);
    }
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Timeout, Outcome::NotSent, 3));
    assert_eq!(sim.now().as_millis(), 3000, "no more than one attempt may take");
    // Rows that were sent stay with their server.
    let sim = cluster(vec![silent, good], &conf);
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(
        (facts(&e), sim.requested().as_str()),
        ((ErrorCode::Timeout, Outcome::InDoubt, 1), "a")
    );
}

/// All that one call takes is its first attempt and `retry_timeout`.
#[test]
fn a_call_is_bounded_by_its_first_attempt_and_the_budget() {
    for (addrs, millis) in [(1, 1000 + 2500), (2, 1000 + 2500), (5, 1000 + 2500)] {
        let conf = format!("{V1}retry_timeout=2500;request_timeout=1000;");
        let sim = cluster(vec![silent; addrs], &conf);
        let e = flush_one(&sim).unwrap_err();
        assert_eq!((e.outcome(), sim.now().as_millis()), (Outcome::InDoubt, millis));
        assert_eq!(e.attempts(), e.in_doubt_attempts());
        // The caller's own deadline still holds.
        let sim = cluster(vec![silent; addrs], &conf);
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap();
        let report = sender.close(Duration::from_millis(1700));
        assert_eq!((report.unconfirmed_rows, sim.now().as_millis()), (1, 1700));
    }
}

#[test]
fn a_complete_answer_keeps_the_connection_for_the_retry() {
    static TWICE: [Reply; 3] = [BUSY, OOPS, NO_CONTENT];
    let sim = Sim::http(&TWICE, V1);
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!((sim.requests(), sim.connections()), (3, 1));
    static CLOSES: [Reply; 2] = [Reply { closes: true, ..OOPS }, NO_CONTENT];
    let sim = Sim::http(&CLOSES, V1);
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!((sim.requests(), sim.connections()), (2, 2));
}

#[test]
fn a_500_that_names_a_row_is_final() {
    let sim = Sim::http(&NAMES_A_ROW, V1);
    let e = flush_one(&sim).unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Rejected, Outcome::Rejected, 1));
    assert_eq!((e.server_line(), e.is_retryable(), sim.now()), (Some(1), false, Duration::ZERO));
}

/// A proxy's 503 says nothing about the rows, so at most once does not repeat it.
#[test]
fn a_503_of_unknown_origin_is_in_doubt() {
    static RENAMED: [Reply; 2] = [
        Reply::new(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
             content-length: 62\r\n\r\n\
             {\"code\":\"retry operation\",\"message\":\"renamed\",\"errorId\":\"a-1\"}",
        ),
        NO_CONTENT,
    ];
    static LATER: [Reply; 2] = [
        Reply::new("HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
        NO_CONTENT,
    ];
    static PROXY: [Reply; 2] = [BUSY, NO_CONTENT];
    static TOO_MANY: [Reply; 2] =
        [Reply::new("HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n"), NO_CONTENT];
    for (replies, repeated) in
        [(&RENAMED, true), (&LATER, true), (&PROXY, false), (&TOO_MANY, false)]
    {
        let sim = Sim::http(replies, &format!("{V1}delivery=at_most_once;"));
        let result = flush_one(&sim);
        assert_eq!(sim.world().requests, 1 + usize::from(repeated));
        assert_eq!(result.is_ok(), repeated);
        if let Err(e) = result {
            assert_eq!(facts(&e), (ErrorCode::Unavailable, Outcome::InDoubt, 1));
            assert!(e.is_retryable());
        }
        let sim = Sim::http(replies, V1);
        assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    }
}

/// What a server says before the request is not the answer to it.
#[test]
fn what_is_said_before_the_request_is_not_its_answer() {
    let greets = |bytes: &'static str| {
        let sim = Sim::http(&HEALTHY, &format!("{V1}retry_timeout=300;"));
        sim.world().new_server = Box::new(move || Server::http(&BAD_ROW).greeting(bytes));
        (flush_one(&sim).unwrap_err(), sim)
    };
    let (e, sim) = greets("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!((e.code(), e.outcome()), (ErrorCode::NotQuestdb, Outcome::NotSent), "{e}");
    assert!(e.is_retryable() && e.attempts() > 1 && e.message().contains("HTTP/1.1 204"), "{e}");
    assert_eq!((sim.requests(), sim.sent()), (0, 0), "no request at all");
    let (e, _) = greets("SSH-2.0-OpenSSH_9.2\r\n");
    assert_eq!(facts(&e), (ErrorCode::NotQuestdb, Outcome::NotSent, 1));
    assert!(e.message().contains("SSH-2.0"), "{e}");
    let (e, _) = greets("\x15\x03\x01\x00\x02\x02F");
    assert_eq!(facts(&e), (ErrorCode::Tls, Outcome::NotSent, 1));
    // The next address is tried.
    let talks: NewServer = || good().greeting("HTTP/1.1 204 No Content\r\n\r\n");
    let sim = cluster(vec![talks, good], &format!("{V1}retry_timeout=0;"));
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!(sim.requested(), "b");
}

/// Asking for the settings tries every address, whatever is wrong with those before, with and without time for retries.
#[test]
fn opening_asks_every_address() {
    let bad: [NewServer; 5] = [
        || Server::http(&HEALTHY).answering_settings(FAILS),
        || Server::http(&HEALTHY).answering_settings(REFUSES),
        || Server::http(&HEALTHY).answering_settings(PAGE),
        || Server::http(&HEALTHY).answering_settings(""),
        || good().greeting("SSH-2.0\r\n"),
    ];
    for conf in ["", "retry_timeout=0;", "delivery=at_most_once;"] {
        let servers = bad.into_iter().chain([good as NewServer]).collect();
        let sim = cluster(servers, conf);
        assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed, "{conf:?}");
        assert_eq!((sim.asked().as_str(), sim.requested().as_str()), ("abcdf", "f"), "{conf:?}");
        let most = if conf == "retry_timeout=0;" { 10_000 } else { 20_000 };
        assert!(sim.now() <= Duration::from_millis(most), "{conf:?}: {:?}", sim.now());
    }
    // Each of these alone is an error that says what was asked.
    for server in bad {
        let sim = cluster(vec![server], "retry_timeout=200;request_timeout=1000;");
        let e = sim.sender().unwrap_err();
        assert_eq!(e.outcome(), Outcome::NotSent);
        assert!(e.message().contains("/settings of a") && !e.message().contains("flush"), "{e}");
    }
    let sim = cluster(vec![bad[3]; 3], "retry_timeout=0;request_timeout=3000;");
    let e = sim.sender().unwrap_err();
    assert_eq!(
        (facts(&e), sim.now().as_millis()),
        ((ErrorCode::Timeout, Outcome::NotSent, 3), 3000)
    );
}

fn v2() -> Server {
    good().answering_settings(SPEAKS_2)
}

fn v1() -> Server {
    good().answering_settings(SPEAKS_1)
}

/// Rows go to no server that cannot read them.
#[test]
fn a_server_that_was_never_asked_is_asked_before_rows_go_to_it() {
    // The new server speaks more than it must.
    let sim = cluster(vec![v2, good], "");
    let mut sender = sim.sender().unwrap();
    assert_eq!(sender.protocol_version(), ProtocolVersion::V2);
    sim.goes_away('a');
    for _ in 0..2 {
        row(&mut sender).unwrap();
        sender.flush_own().unwrap();
    }
    assert_eq!((sim.asked().as_str(), sim.requested().as_str()), ("ab", "bb"));
    // A server that speaks less is passed over.
    let sim = cluster(vec![good, v1, v2, good], "retry_timeout=0;");
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sim.goes_away('a');
    sender.flush_own().unwrap();
    assert_eq!((sim.asked().as_str(), sim.requested().as_str()), ("abcd", "d"));
    // With a version that is set, nobody is asked.
    let sim = cluster(vec![v1, v1], V1);
    sim.goes_away('a');
    assert_eq!(flush_one(&sim).unwrap(), Outcome::Committed);
    assert_eq!((sim.asked().as_str(), sim.requested().as_str()), ("", "b"));
}

#[test]
fn no_server_that_can_read_the_rows() {
    let sim = cluster(vec![good, v1, v2], "");
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    // The only server that could take the rows is away. It may come back, so it is waited for.
    sim.goes_away('a');
    let before = sim.now();
    let e = sender.flush_own().unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Connection, Outcome::NotSent));
    assert!(e.is_retryable() && e.message().contains("speaks protocol version 2"), "{e}");
    assert!(sim.now() - before > Duration::from_secs(9));
    assert_eq!((sim.asked().as_str(), sim.requested().as_str()), ("abc", ""));
    // It does come back.
    sim.connects('a', Connect::Fine);
    sender.flush_own().unwrap();
    assert_eq!(sim.requested(), "a");
    // None of these servers reads rows of this version.
    let mut buffer = sender.new_buffer().unwrap();
    buffer.table("t").unwrap().column_i64("x", 1).unwrap();
    buffer.at_now().unwrap();
    let sim = cluster(vec![v1, v2], "");
    let e = sim.sender().unwrap().flush(&mut buffer).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::ProtocolVersion, Outcome::NotSent));
    assert_eq!(buffer.row_count(), 1);
    // The first server has gone, and the second, which is asked only now, is too old.
    let sim = cluster(vec![v2, v1], "");
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sim.world().hosts.get_mut(&'a').unwrap().server = Box::new(silent);
    sim.goes_away('a');
    let e = sender.flush_own().unwrap_err();
    assert!(e.message().contains("b:9000 speaks protocol version 1"), "{e}");
}
