//! Thirteen exchanges × every byte of request and response × five faults × three policies; four more within TLS.

use std::collections::BTreeMap;
use std::time::Duration;

use super::server::{KEY, Reply};
use super::world::{Direction, Fault, FaultKind, World};
use super::{HEALTHY, NO_CONTENT, Sim};
use crate::error::{Error, ErrorCode, Outcome, Result};
use crate::ilp::Buffer;
use crate::net::{Net, SystemNet};
use crate::sender::Sender;

const JSON: Reply = Reply::new(
    "HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{\"code\":\"x\",\"message\":\"no\"}   ",
);
const CHUNKED: Reply = Reply::new(
    "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"messag\r\n9\r\ne\":\"no\"} \r\n0\r\n\r\n",
);
const BUSY: Reply = Reply::new("HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n");
const BROKEN: Reply = Reply::new("HTTP/1.1 500 Broken\r\ncontent-length: 4\r\n\r\noops");
const HINTED: Reply = Reply {
    bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ..NO_CONTENT
};
const EMPTY: Reply = Reply { bytes: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ..NO_CONTENT };
const TOO_LARGE: Reply = Reply {
    early: Some(10),
    ..Reply::new("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
};
const TO_THE_END: Reply =
    Reply { closes: true, ..Reply::new("HTTP/1.1 401 No\r\nconnection: close\r\n\r\nwho?") };

static JSON_400: [Reply; 1] = [JSON];
static CHUNKED_400: [Reply; 1] = [CHUNKED];
static BUSY_THEN_OK: [Reply; 2] = [BUSY, NO_CONTENT];
static BROKEN_THEN_OK: [Reply; 2] = [BROKEN, NO_CONTENT];
static WITH_HINTS: [Reply; 1] = [HINTED];
static EMPTY_200: [Reply; 1] = [EMPTY];
static EARLY_413: [Reply; 1] = [TOO_LARGE];
static CLOSE_DELIMITED: [Reply; 1] = [TO_THE_END];

/// What is exchanged when nothing goes wrong, and how it is tested.
#[derive(Clone, Copy)]
pub(super) struct Exchange {
    pub(super) name: &'static str,
    pub(super) replies: Option<&'static [Reply]>,
    login: bool,
    negotiates: bool,
    pub(super) flushes: usize,
    tls: bool,
    /// The number of rows of a flush.
    pub(super) rows: usize,
    /// The distance of the bytes at which a fault is tried.
    step: usize,
}

const fn http(name: &'static str, replies: &'static [Reply]) -> Exchange {
    Exchange {
        name,
        replies: Some(replies),
        login: false,
        negotiates: false,
        flushes: 1,
        tls: false,
        rows: 1,
        step: 1,
    }
}

const fn tcp(name: &'static str, flushes: usize) -> Exchange {
    Exchange { replies: None, flushes, ..http(name, &[]) }
}

pub(super) static PLAIN: [Exchange; 13] = [
    http("204", &HEALTHY),
    Exchange { flushes: 2, ..http("204 twice on one connection", &HEALTHY) },
    http("400 with a length", &JSON_400),
    http("400 in chunks", &CHUNKED_400),
    http("503 Retry-After, then 204", &BUSY_THEN_OK),
    http("500, then 204", &BROKEN_THEN_OK),
    Exchange { negotiates: true, ..http("settings, then 204", &HEALTHY) },
    http("413 before the body is through", &EARLY_413),
    http("100 and 103, then 204", &WITH_HINTS),
    http("401 to the end of the stream", &CLOSE_DELIMITED),
    http("200 without a body", &EMPTY_200),
    tcp("TCP, two flushes", 2),
    Exchange { login: true, ..tcp("TCP with login", 1) },
];

pub(super) static WITHIN_TLS: [Exchange; 4] = [
    Exchange { tls: true, step: 11, flushes: 2, ..http("TLS: 204 twice", &HEALTHY) },
    Exchange { tls: true, step: 11, ..http("TLS: 401 to the end of the stream", &CLOSE_DELIMITED) },
    Exchange { tls: true, step: 11, ..tcp("TLS: TCP, two flushes", 2) },
    Exchange { tls: true, step: 401, rows: 1300, ..tcp("TLS: TCP, records of a large flush", 1) },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Once,
    AtMostOnce,
    AtLeastOnce,
}

pub(super) const POLICIES: [Policy; 3] = [Policy::Once, Policy::AtMostOnce, Policy::AtLeastOnce];

impl Exchange {
    pub(super) fn sim(&self, policy: Policy) -> Sim {
        let sim = self.plain_sim(policy);
        if self.tls { sim.in_tls() } else { sim }
    }

    fn plain_sim(&self, policy: Policy) -> Sim {
        let version = if self.negotiates { "" } else { super::V1 };
        if self.replies.is_none() {
            let key = if self.login { KEY } else { "" };
            return Sim::tcp(
                self.login,
                &format!("{version}{key}send_timeout=1000;connect_timeout=1000;auth_timeout=1000;"),
            );
        }
        let policy = match policy {
            Policy::Once => "retry_timeout=0;",
            Policy::AtMostOnce => "retry_timeout=8000;delivery=at_most_once;",
            Policy::AtLeastOnce => "retry_timeout=8000;",
        };
        let conf = format!("{version}{policy}request_timeout=1000;request_min_throughput=0;");
        Sim::http(self.replies.unwrap_or(&HEALTHY), &conf)
    }
}

/// Returns the longest time that one call may take.
fn limit(exchange: &Exchange, policy: Policy, making: bool) -> Duration {
    Duration::from_millis(match (exchange.replies, policy) {
        (None, _) if making => 2000,
        (None, _) | (_, Policy::Once) => 1000,
        // This is the first attempt, and what may follow it.
        _ => 1000 + 8000,
    })
}

pub(super) fn body(exchange: &Exchange, nth: usize) -> Buffer {
    let mut buffer = Buffer::new(crate::ProtocolVersion::V1);
    for row in 0..exchange.rows {
        buffer.table("t").unwrap().column_i64("flush", nth as i64).unwrap();
        buffer.at_nanos(row as i64).unwrap();
    }
    buffer
}

/// The bytes that every row of a flush begins with.
pub(super) const ROW_START: usize = "t flush=0i".len();

/// What one call did.
struct Call {
    result: Result<Outcome>,
    /// The body of a flush; `None` if the call created the sender.
    body: Option<Vec<u8>>,
    elapsed: Duration,
    intact: bool,
}

/// Runs an exchange to its end or to its first error.
fn play(exchange: &Exchange, policy: Policy, fault: Option<Fault>) -> (Sim, Vec<Call>) {
    let sim = exchange.sim(policy);
    {
        let mut world = sim.world();
        world.fault = fault;
        // Kernels that take much and little at once take turns.
        if let Some(fault) = fault {
            let odd = fault.at % 2 == 1;
            world.window = if odd { 1 << 20 } else { 16 };
            world.burst = if fault.at % 3 == 0 { 7 } else { usize::MAX };
        }
        if exchange.name.starts_with("413") {
            world.window = 2;
        }
    }
    let calls = play_in(exchange, &sim);
    (sim, calls)
}

fn play_in(exchange: &Exchange, sim: &Sim) -> Vec<Call> {
    let mut calls = Vec::new();
    let begin = sim.now();
    let mut sender: Sender = match sim.sender() {
        Ok(sender) => sender,
        Err(e) => {
            let elapsed = sim.now() - begin;
            calls.push(Call { result: Err(e), body: None, elapsed, intact: true });
            return calls;
        }
    };
    let elapsed = sim.now() - begin;
    calls.push(Call { result: Ok(Outcome::NotSent), body: None, elapsed, intact: true });
    for nth in 0..exchange.flushes {
        let mut buffer = body(exchange, nth);
        let before = buffer.peek().to_vec();
        let begin = sim.now();
        let result = sender.flush(&mut buffer);
        let intact = match &result {
            Ok(_) => buffer.is_empty(),
            Err(_) => buffer.peek() == before && buffer.row_count() == exchange.rows,
        };
        let elapsed = sim.now() - begin;
        calls.push(Call { result, body: Some(before), elapsed, intact });
    }
    let begin = sim.now();
    let report = sender.close(Duration::from_secs(1));
    let elapsed = sim.now() - begin;
    assert!(elapsed <= Duration::from_secs(2) && report.unconfirmed_rows == 0);
    let told = report.result.as_ref().map_or_else(Error::earlier_rows_in_doubt, |()| 0);
    assert_eq!(told, report.earlier_rows_in_doubt);
    let result = report.result.map(|()| Outcome::NotSent);
    calls.push(Call { result, body: None, elapsed, intact: true });
    calls
}

#[derive(Default)]
struct Tally {
    cases: u64,
    outcomes: BTreeMap<&'static str, u64>,
    /// IN_DOUBT although no attempt had given the whole request to the kernel.
    needless: u64,
    /// IN_DOUBT although the request, which was sent completely, was not stored: only the oracle can know that.
    unknowable: u64,
    in_doubt: u64,
}

/// Returns whether a fault changes a digit of a status, which decides what the answer says: then it is another answer.
fn changes_a_status(exchange: &Exchange, fault: Fault, responses: &[u8]) -> bool {
    if fault.kind != FaultKind::Corrupt || fault.direction != Direction::Response {
        return false;
    }
    exchange.replies.is_some()
        && !exchange.tls
        && responses.windows(9).enumerate().any(|(start, window)| {
            let offset = fault.at.checked_sub(start as u64);
            window == b"HTTP/1.1 " && offset.is_some_and(|offset| (9..12).contains(&offset))
        })
}

fn judge(
    exchange: &Exchange,
    policy: Policy,
    fault: Fault,
    played: &(Sim, Vec<Call>),
    fair: &[Result<Outcome>],
    responses: &[u8],
    tally: &mut Tally,
) -> std::result::Result<(), String> {
    let (sim, calls) = played;
    let world = sim.world();
    check_told(exchange, fault, calls, &world)?;
    for (i, call) in calls.iter().enumerate() {
        if !call.intact {
            return Err(format!("call {i}: the buffer is not as it should be"));
        }
        if call.elapsed > limit(exchange, policy, i == 0) + Duration::from_millis(1) {
            return Err(format!("call {i}: took {:?}", call.elapsed));
        }
        if let Err(e) = &call.result {
            check_code(exchange, e, fault, fair.get(i))?;
        }
        let Some(body) = &call.body else { continue };
        if policy == Policy::Once && call.result.as_ref().is_err_and(|e| e.attempts() > 1) {
            return Err(format!("call {i}: more than one request: {:?}", call.result));
        }
        let outcome = call.result.as_ref().copied().unwrap_or_else(|e| e.outcome());
        let name = outcome.as_str();
        *tally.outcomes.entry(name).or_default() += 1;
        let stored = world.committed.iter().any(|stored| stored == body);
        if exchange.replies.is_some() {
            check_http(
                outcome,
                stored,
                fault,
                changes_a_status(exchange, fault, responses),
                &world.committed,
            )?;
        } else if outcome == Outcome::NotSent && world.has_received(&body[..ROW_START]) {
            return Err(format!("call {i}: NOT_SENT is false"));
        }
        if outcome == Outcome::InDoubt {
            tally.in_doubt += 1;
            // What TLS has encrypted cannot be distinguished.
            let plain_http = exchange.replies.is_some() && !exchange.tls;
            tally.needless += u64::from(plain_http && !world.was_handed_over(body));
            tally.unknowable += u64::from(!stored);
        }
        // One fault is repaired by another attempt.
        let healed = policy == Policy::AtLeastOnce && fault.kind != FaultKind::Corrupt;
        if healed
            && exchange.replies.is_some()
            && matches!(fair.get(i), Some(Ok(_)))
            && call.result.is_err()
        {
            return Err(format!("call {i}: not made good: {:?}", call.result));
        }
    }
    Ok(())
}

/// Checks that rows that were submitted over TCP and not read by the server are reported, by a later error or by that of the
/// close.
fn check_told(
    exchange: &Exchange,
    fault: Fault,
    calls: &[Call],
    world: &World,
) -> std::result::Result<(), String> {
    let rows = exchange.rows as u64;
    let told: u64 = calls
        .iter()
        .filter_map(|c| c.result.as_ref().err())
        .map(Error::earlier_rows_in_doubt)
        .sum();
    let submitted = calls.iter().filter(|call| matches!(call.result, Ok(Outcome::Submitted)));
    let bodies: Vec<&[u8]> = submitted.filter_map(|call| call.body.as_deref()).collect();
    let unread = bodies.iter().filter(|body| !world.has_received(body)).count() as u64 * rows;
    // A request that was changed on its way cannot be found in what was stored.
    let changed = fault.kind == FaultKind::Corrupt && fault.direction == Direction::Request;
    if told < unread && !changed {
        return Err(format!("{unread} rows were not read, {told} of them told"));
    }
    if told > bodies.len() as u64 * rows {
        return Err(format!("{told} rows in doubt, only {} flushes", bodies.len()));
    }
    Ok(())
}

/// Checks the outcome that the client reports against what the oracle stored.
fn check_http(
    outcome: Outcome,
    stored: bool,
    fault: Fault,
    other_status: bool,
    committed: &[Vec<u8>],
) -> std::result::Result<(), String> {
    if other_status {
        return Ok(());
    }
    // A request that was changed on its way to the server is stored as it arrived.
    let changed = fault.kind == FaultKind::Corrupt && fault.direction == Direction::Request;
    match outcome {
        Outcome::Committed if !stored && (!changed || committed.is_empty()) => {
            Err("COMMITTED is false".into())
        }
        Outcome::NotSent | Outcome::Rejected if stored => Err(format!("{outcome:?} is false")),
        _ => Ok(()),
    }
}

/// Returns whether the kind of error fits the fault.
fn check_code(
    exchange: &Exchange,
    e: &crate::Error,
    fault: Fault,
    fair: Option<&Result<Outcome>>,
) -> std::result::Result<(), String> {
    use ErrorCode::{Auth, Connection, Internal, Timeout, Tls};
    let code = e.code();
    let same = matches!(fair, Some(Err(fair)) if fair.code() == code);
    let fits = match fault.kind {
        // A login or a handshake that ends early may have been refused.
        FaultKind::Reset | FaultKind::Fin if exchange.login => matches!(code, Connection | Auth),
        FaultKind::Reset | FaultKind::Fin if exchange.tls => matches!(code, Connection | Tls),
        FaultKind::Reset | FaultKind::Fin => code == Connection,
        FaultKind::Stall | FaultKind::Drip => code == Timeout,
        FaultKind::Corrupt => code != Internal,
    };
    if fits || same { Ok(()) } else { Err(format!("{code:?} does not fit: {e}")) }
}

/// Returns the bytes that the server sends when nothing goes wrong.
fn fair_responses(exchange: &Exchange, policy: Policy) -> Vec<u8> {
    let mut all = Vec::new();
    if exchange.negotiates {
        all.extend_from_slice(super::server::SETTINGS.as_bytes());
    }
    let replies = exchange.replies.unwrap_or_default();
    let (sim, _) = play(exchange, policy, None);
    let requests = sim.world().requests;
    for nth in 0..requests {
        all.extend_from_slice(replies[nth.min(replies.len() - 1)].bytes.as_bytes());
    }
    all
}

/// Tries every fault at every byte of one exchange under one policy.
fn sweep(exchange: &Exchange, policy: Policy, tally: &mut Tally, wrong: &mut Vec<String>) {
    let (sim, calls) = play(exchange, policy, None);
    let passed = sim.world().passed;
    let responses = fair_responses(exchange, policy);
    assert!(exchange.replies.is_none() || exchange.tls || responses.len() as u64 == passed[1]);
    let fair: Vec<Result<Outcome>> = calls.into_iter().map(|call| call.result).collect();
    for direction in [Direction::Request, Direction::Response] {
        for at in (0..passed[direction as usize]).step_by(exchange.step) {
            for kind in FaultKind::ALL {
                let fault = Fault { direction, at, kind };
                let played = play(exchange, policy, Some(fault));
                tally.cases += 1;
                let verdict = judge(exchange, policy, fault, &played, &fair, &responses, tally);
                if let Err(what) = verdict {
                    wrong.push(format!("{} {policy:?} {fault:?}: {what}", exchange.name));
                }
            }
        }
    }
}

fn table(title: &str, exchanges: &[Exchange]) -> Tally {
    let mut total = Tally::default();
    let mut wrong = Vec::new();
    let clock = SystemNet::new();
    let begin = clock.now();
    let mut text = format!("\n{title:<35} cases  needless doubt  outcomes\n");
    for exchange in exchanges {
        let mut tally = Tally::default();
        for policy in POLICIES {
            if exchange.replies.is_some() || policy == Policy::Once {
                sweep(exchange, policy, &mut tally, &mut wrong);
            }
        }
        let Tally { cases, needless, outcomes, .. } = &tally;
        text.push_str(&format!("{:<35} {cases:>5} {needless:>15}  {outcomes:?}\n", exchange.name));
        total.cases += cases;
        total.needless += needless;
        total.in_doubt += tally.in_doubt;
        total.unknowable += tally.unknowable;
    }
    let Tally { cases, in_doubt, needless, unknowable, .. } = &total;
    println!(
        "{text}{cases} cases, {} wrong; IN_DOUBT {in_doubt} times, needless {needless}, \
         not stored as only the oracle knows {unknowable}; {:.1} s\n",
        wrong.len(),
        (clock.now() - begin).as_secs_f64()
    );
    let shown = wrong[..wrong.len().min(40)].join("\n");
    assert!(wrong.is_empty(), "{} wrong:\n{shown}", wrong.len());
    total
}

#[test]
fn every_fault_at_every_byte() {
    let total = table("Simulation", &PLAIN);
    assert!(total.cases >= 20_000);
    assert!(total.needless * 20 <= total.in_doubt);
}

#[test]
fn faults_within_tls() {
    table("Simulation within TLS", &WITHIN_TLS);
}

/// Every call to the kernel takes time, and the deadline passes after the first, the second, and so on. What was done by
/// then decides the outcome, which is never false.
#[test]
fn a_deadline_between_any_two_calls() {
    const CALL: u64 = 10;
    let mut outcomes = BTreeMap::<&str, u64>::new();
    for exchange in PLAIN.iter().chain(&WITHIN_TLS) {
        for calls in 0..60 {
            for (window, burst) in [(1 << 20, usize::MAX), (1 << 20, 40), (64, usize::MAX)] {
                let mut sim = exchange.sim(Policy::Once);
                let limit = calls * CALL + CALL / 2;
                sim.conf = sim.conf.replace("=1000;", &format!("={limit};"));
                {
                    let mut world = sim.world();
                    world.call_time = Duration::from_millis(CALL);
                    (world.window, world.burst) = (window, burst);
                }
                let played = play_in(exchange, &sim);
                let world = sim.world();
                for Call { result, body, intact, .. } in played {
                    let what = format!("{} {limit} ms {window} {burst}: {result:?}", exchange.name);
                    assert!(intact, "{what}");
                    let Some(body) = body else { continue };
                    let outcome = result.as_ref().copied().unwrap_or_else(|e| e.outcome());
                    *outcomes.entry(outcome.as_str()).or_default() += 1;
                    let stored = world.committed.contains(&body);
                    match outcome {
                        Outcome::Committed => assert!(stored, "{what}"),
                        Outcome::NotSent if exchange.replies.is_none() => {
                            assert!(!world.has_received(&body[..ROW_START]), "{what}");
                        }
                        Outcome::NotSent | Outcome::Rejected => assert!(!stored, "{what}"),
                        _ => {}
                    }
                }
            }
        }
    }
    println!("Deadlines between any two calls: {outcomes:?}");
    assert!(outcomes.len() >= 5, "{outcomes:?}");
}
