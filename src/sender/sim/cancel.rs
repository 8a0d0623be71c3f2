//! Another thread cancels: between any two calls to the kernel, and during everything that waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cases::{Exchange, PLAIN, POLICIES, Policy, ROW_START, WITHIN_TLS, body};
use super::server::Reply;
use super::world::{Connect, Direction, Fault, FaultKind, Resolve};
use super::{HEALTHY, NO_CONTENT, Sim, V1, flush_one, row};
use crate::error::{ErrorCode, Outcome};

/// How long a cancelled call may take to return.
const PROMISE: Duration = Duration::from_millis(100);

/// Plays an exchange in which another thread cancels `at` after the sender was created. `false` if everything was over
/// before.
fn play(
    exchange: &Exchange,
    sim: &Sim,
    at: Duration,
    outcomes: &mut BTreeMap<&str, u64>,
    what: &str,
) -> bool {
    let mut sender = sim.sender().unwrap();
    let strikes = sim.now() + at;
    sim.world().cancel_at = Some(strikes);
    for nth in 0..exchange.flushes {
        let mut buffer = body(exchange, nth);
        let bytes = buffer.peek().to_vec();
        let begin = sim.now();
        let result = sender.flush(&mut buffer);
        let end = sim.now();
        let what = format!("{} {what} {at:?}, {begin:?} to {end:?}: {result:?}", exchange.name);
        let running = (begin..end).contains(&strikes);
        assert!(!running || end <= strikes + PROMISE, "{what}");
        let outcome = result.as_ref().copied().unwrap_or_else(|e| e.outcome());
        let world = sim.world();
        let stored = world.committed.contains(&bytes);
        match outcome {
            Outcome::Committed => assert!(stored, "{what}"),
            Outcome::NotSent if exchange.replies.is_none() => {
                assert!(!world.has_received(&bytes[..ROW_START]), "{what}");
            }
            Outcome::NotSent | Outcome::Rejected => assert!(!stored, "{what}"),
            _ => {}
        }
        let Err(e) = result else { continue };
        assert_eq!((buffer.peek(), buffer.row_count()), (&bytes[..], exchange.rows), "{what}");
        if e.code() == ErrorCode::Cancelled {
            assert!(running && !e.is_retryable(), "{what}");
            *outcomes.entry(outcome.as_str()).or_default() += 1;
        }
    }
    let begin = sim.now();
    let report = sender.close(Duration::from_secs(1));
    let end = sim.now();
    let running = (begin..end).contains(&strikes);
    assert!(!running || end <= strikes + PROMISE, "{} {what} {at:?}", exchange.name);
    let cancelled = report.result.is_err_and(|e| e.code() == ErrorCode::Cancelled);
    assert!(!cancelled || running);
    strikes < end
}

#[test]
fn cancel_between_any_two_calls() {
    const CALL: Duration = Duration::from_millis(10);
    let mut outcomes = BTreeMap::new();
    let mut cases = 0;
    for exchange in PLAIN.iter().chain(&WITHIN_TLS) {
        for policy in POLICIES {
            for (window, burst) in [(1 << 20, usize::MAX), (1 << 20, 40), (64, usize::MAX)] {
                let mut at = CALL / 2;
                loop {
                    let sim = exchange.sim(policy);
                    {
                        let mut world = sim.world();
                        world.call_time = CALL;
                        (world.window, world.burst) = (window, burst);
                    }
                    let what = format!("{policy:?} {window} {burst}");
                    cases += 1;
                    // Over TCP all policies are the same.
                    if !play(exchange, &sim, at, &mut outcomes, &what)
                        || exchange.replies.is_none() && policy != Policy::Once
                    {
                        break;
                    }
                    at += CALL;
                }
            }
        }
    }
    println!("Cancelled between any two calls, {cases} cases: {outcomes:?}");
    assert!(outcomes.len() >= 3, "{outcomes:?}");
}

/// The peer stalls at every byte, and the call is cancelled while it waits.
#[test]
fn cancel_while_the_peer_stalls() {
    let mut outcomes = BTreeMap::new();
    for exchange in PLAIN.iter().chain(&WITHIN_TLS) {
        for direction in [Direction::Request, Direction::Response] {
            for at in 0..700 {
                let stalled = || {
                    let sim = exchange.sim(Policy::AtLeastOnce);
                    sim.world().fault = Some(Fault { direction, at, kind: FaultKind::Stall });
                    sim.world().window = if at % 2 == 0 { 16 } else { 1 << 20 };
                    sim
                };
                let sim = stalled();
                // A peer that stalls while the sender is created cannot be cancelled yet.
                if sim.sender().is_err() || sim.now() > Duration::ZERO {
                    continue;
                }
                let (sim, mid) = (stalled(), Duration::from_millis(333));
                play(exchange, &sim, mid, &mut outcomes, &format!("{direction:?} {at}"));
            }
        }
    }
    println!("Cancelled in a stall: {outcomes:?}");
    assert!(outcomes.contains_key("IN_DOUBT") && outcomes.contains_key("NOT_SENT"), "{outcomes:?}");
}

/// Each thing that a call waits for ends at once, and nothing is tried after it.
#[test]
fn every_kind_of_wait_can_be_cancelled() {
    static BUSY: [Reply; 1] =
        [Reply::new("HTTP/1.1 503 Busy\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n")];
    static BROKEN: [Reply; 1] =
        [Reply::new("HTTP/1.1 500 Broken\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n")];
    static SILENT: [Reply; 1] = [Reply::new("")];
    let conf = format!("{V1}retry_timeout=30000;request_timeout=30000;connect_timeout=30000;");
    let at = Duration::from_millis(1234);
    let check = |what: &str, sim: &Sim, outcome, requests, attempts| {
        sim.world().cancel_at = Some(at);
        let e = flush_one(sim).unwrap_err();
        assert_eq!(
            (e.code(), e.outcome(), e.attempts(), e.is_retryable()),
            (ErrorCode::Cancelled, outcome, attempts, false),
            "{what}: {e}"
        );
        assert!(sim.now() >= at && sim.now() <= at + PROMISE, "{what}: {:?}", sim.now());
        assert_eq!(sim.world().requests, requests, "{what}");
    };
    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().resolves = [Resolve::Nothing].into();
    check("resolving", &sim, Outcome::NotSent, 0, 1);
    let sim = Sim::http(&HEALTHY, &conf);
    sim.world().connects = [Connect::Nothing].into();
    check("connecting", &sim, Outcome::NotSent, 0, 1);
    check("an answer", &Sim::http(&SILENT, &conf), Outcome::InDoubt, 1, 1);
    check(
        "the wait that a busy server asks for",
        &Sim::http(&BUSY, &conf),
        Outcome::Rejected,
        1,
        1,
    );
    check("the wait after doubt", &Sim::http(&BROKEN, &conf), Outcome::InDoubt, 1, 1);
    // The attempt in which the call is cancelled is not the one that left the doubt.
    static BROKEN_THEN_SILENT: [Reply; 2] =
        [Reply::new("HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n"), Reply::new("")];
    let sim = Sim::http(&BROKEN_THEN_SILENT, &conf);
    sim.world().connects = [Connect::Fine, Connect::Nothing].into();
    // Whether the second attempt uses a new connection or the old one, the first stays in doubt.
    sim.world().cancel_at = Some(at);
    let e = flush_one(&sim).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Cancelled, Outcome::InDoubt));
    assert!(e.in_doubt_attempts() >= 1 && sim.now() <= at + PROMISE);
}

#[test]
fn a_call_that_begins_after_cancel_is_not_affected() {
    for sim in [Sim::http(&HEALTHY, V1), Sim::tcp(false, "")] {
        let mut sender = sim.sender().unwrap();
        let canceller = sender.canceller();
        row(&mut sender).unwrap();
        canceller.cancel();
        sender.flush_own().unwrap();
        row(&mut sender).unwrap();
        canceller.cancel();
        let report = sender.close(Duration::from_secs(1));
        assert_eq!((report.unconfirmed_rows, report.result.is_ok()), (0, true));
    }
    // The same sender goes on working after a call that was cancelled.
    static SILENT_ONCE: [Reply; 2] = [Reply::new(""), NO_CONTENT];
    let sim = Sim::http(&SILENT_ONCE, V1);
    let mut sender = sim.sender().unwrap();
    row(&mut sender).unwrap();
    sim.world().cancel_at = Some(Duration::from_millis(20));
    assert_eq!(sender.flush_own().unwrap_err().code(), ErrorCode::Cancelled);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(sim.world().committed.len(), 1);
}
