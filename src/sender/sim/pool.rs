//! Pools whose senders share one simulated world: every outcome is judged by what the server stored.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::server::{Reply, Server};
use super::world::{Connect, World};
use super::{NO_CONTENT, V1};
use crate::config::{Config, Interface};
use crate::error::{ErrorCode, Outcome, Result};
use crate::ilp::Buffer;
use crate::net::{Canceller, Deadline, Net, ScriptedNet, Socket};
use crate::pool::{BatchId, Completion, Pool, Submit, Ticket};

/// A world that several senders see, each with a canceller of its own.
struct Seen {
    world: ScriptedNet<World>,
    canceller: Canceller,
}

impl Net for Seen {
    fn now(&self) -> Instant {
        self.world.now()
    }

    fn sleep(&self, time: Duration) {
        self.world.sleep(time);
    }

    fn random_up_to(&self, max: u64) -> u64 {
        self.world.random_up_to(max)
    }

    fn resolve(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>> {
        self.world.resolve(host, port, deadline)
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<&Interface>,
        limit: Duration,
    ) -> io::Result<Box<dyn Socket>> {
        self.world.connect(to, from, limit)
    }

    fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    fn cancelled(&self) -> bool {
        self.canceller.is_cancelled()
    }
}

pub(super) fn pool_in(world: &ScriptedNet<World>, conf: &str) -> Pool {
    let config =
        Config::from_conf(&format!("http::addr=db;{V1}retry_max_backoff=10;{conf}")).unwrap();
    let world = world.clone();
    let net = move || -> Box<dyn Net> {
        Box::new(Seen { world: world.clone(), canceller: Canceller::default() })
    };
    Pool::over(&config, Box::new(net)).unwrap()
}

pub(super) fn world(replies: &'static [Reply]) -> ScriptedNet<World> {
    ScriptedNet::new(World::new(Box::new(move || Server::http(replies))))
}

fn fill(buffer: &mut Buffer, id: u64) -> Vec<u8> {
    buffer.table("t").unwrap().column_i64("id", id as i64).unwrap().at_now().unwrap();
    buffer.peek().to_vec()
}

pub(super) const SOON: Duration = Duration::from_secs(60);

pub(super) const fn answer(bytes: &'static str) -> Reply {
    Reply::new(bytes)
}

#[test]
fn a_panic_completes_the_batch_and_the_pool_goes_on() {
    let world = world(&super::HEALTHY);
    let panics = AtomicBool::new(true);
    world.script().new_server = Box::new(move || {
        assert!(!panics.swap(false, Ordering::Relaxed), "a panic on purpose");
        Server::http(&super::HEALTHY)
    });
    let pool = pool_in(&world, "sender_pool_max=1;");
    let mut buffer = pool.new_buffer().unwrap();
    fill(&mut buffer, 1);
    let first = pool.submit(&mut buffer).unwrap();
    fill(&mut buffer, 2);
    let second = pool.submit(&mut buffer).unwrap();
    let done = first.wait(SOON).unwrap();
    let error = done.error.unwrap();
    assert_eq!((done.outcome, error.code()), (Outcome::InDoubt, ErrorCode::Internal));
    assert_eq!(done.failed_rows.unwrap().row_count(), 1);
    assert_eq!(second.wait(SOON).unwrap().outcome, Outcome::Committed);
}

#[test]
fn what_is_refused_holds_nobody_and_attempts_are_told() {
    static REPLIES: [Reply; 4] = [
        answer("HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"),
        answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
        Reply { closes: true, commits: true, ..answer("") },
        NO_CONTENT,
    ];
    let world = world(&REPLIES);
    let pool = pool_in(&world, "retry_timeout=5000;sender_pool_max=1;");
    let mut buffer = pool.new_buffer().unwrap();
    let how = Submit::default().order_key(1);
    let refused = fill(&mut buffer, 1);
    let first = pool.submit_with(&mut buffer, how).unwrap();
    let stored = fill(&mut buffer, 2);
    let second = pool.submit_with(&mut buffer, how).unwrap();
    let done = second.wait(SOON).unwrap();
    assert_eq!((done.outcome, done.attempts, done.in_doubt_attempts), (Outcome::Committed, 3, 2));
    let done = first.wait(Duration::ZERO).unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::Rejected, 1));
    assert_eq!(done.failed_rows.unwrap().peek(), refused);
    assert_eq!(world.script().committed, [stored.clone(), stored]);
    let stats = pool.stats().unwrap();
    assert_eq!((stats.rows_sent, stats.rows_not_stored, stats.rows_in_doubt), (1, 1, 0));
    let report = pool.close(SOON);
    report.result.unwrap();
    assert_eq!((report.unsent_rows, report.rows_in_doubt), (0, 0), "what was before is told");
}

/// After a failure all wait. The server asks for an hour, which nobody here lives to see, so that the second batch is still
/// there whenever the test looks.
#[test]
fn a_server_that_fails_gets_a_rest_from_all() {
    static BUSY: [Reply; 1] =
        [answer("HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n")];
    let world = world(&BUSY);
    let pool = pool_in(&world, "retry_timeout=3600000;sender_pool_max=4;sender_pool_min=4;");
    let mut buffer = pool.new_buffer().unwrap();
    fill(&mut buffer, 1);
    let done = pool.submit(&mut buffer).unwrap().wait(SOON).unwrap();
    assert_eq!(done.outcome, Outcome::Rejected);
    let requests = world.script().requests;
    fill(&mut buffer, 2);
    let second = pool.submit(&mut buffer).unwrap();
    fill(&mut buffer, 3);
    let third = pool.submit(&mut buffer).unwrap();
    assert!(second.cancel(false), "it waits, and can be cancelled meanwhile");
    let done = second.wait(SOON).unwrap();
    assert_eq!((done.outcome, done.attempts), (Outcome::NotSent, 0));
    let report = pool.close(Duration::ZERO);
    assert_eq!((report.unsent_rows, report.rows_in_doubt), (1, 0));
    assert_eq!(third.wait(SOON).unwrap().error.unwrap().code(), ErrorCode::Cancelled);
    assert_eq!(world.script().requests, requests, "nothing more was sent");
}

#[test]
fn a_full_queue_refuses_and_leaves_the_buffer() {
    static BUSY: [Reply; 1] =
        [answer("HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n")];
    let world = world(&BUSY);
    let conf = "retry_timeout=3600000;queue_max_bytes=1024;init_buf_size=64;max_buf_size=4096;";
    let pool = pool_in(&world, conf);
    let mut buffer = pool.new_buffer().unwrap();
    fill(&mut buffer, 1);
    // Its rows stay in the pool until the completion is read.
    let _failed = pool.submit(&mut buffer).unwrap();
    while buffer.len() <= 1024 - 8 {
        fill(&mut buffer, 2);
    }
    let rows = buffer.row_count();
    let e = pool.submit_with(&mut buffer, Submit::default().timeout(Duration::ZERO)).unwrap_err();
    assert_eq!((e.code(), e.is_retryable(), buffer.row_count()), (ErrorCode::Timeout, true, rows));
    assert!(e.message().contains("queue_max_bytes is 1024"), "{e}");
    while buffer.len() <= 1024 {
        fill(&mut buffer, 3);
    }
    let rows = buffer.row_count();
    let e = pool.submit(&mut buffer).unwrap_err();
    assert_eq!((e.code(), buffer.row_count()), (ErrorCode::LimitExceeded, rows));
    let _ = pool.close(Duration::ZERO);
}

/// What the oracle knows of a batch.
struct Known {
    key: Option<u64>,
    /// The place among the batches of its thread.
    nth: usize,
    body: Vec<u8>,
    user_data: u64,
}

/// What one thread of the random program has seen.
#[derive(Default)]
struct Notes {
    known: HashMap<BatchId, Known>,
    done: Vec<Completion>,
}

/// One thread of the random program.
struct Player<'a> {
    pool: &'a Pool,
    thread: u64,
    random: fastrand::Rng,
    tickets: Vec<Ticket>,
    seen: Notes,
}

impl Player<'_> {
    fn play(&mut self, steps: usize) {
        let mut buffer = self.pool.new_buffer().unwrap();
        for _ in 0..steps {
            self.step(&mut buffer);
        }
    }

    fn step(&mut self, buffer: &mut Buffer) {
        let some = |random: &mut fastrand::Rng, tickets: &[Ticket]| {
            (!tickets.is_empty()).then(|| random.usize(0..tickets.len()))
        };
        match self.random.u32(0..12) {
            0..=4 => self.submit(buffer),
            5 => {
                if let Some(i) = some(&mut self.random, &self.tickets) {
                    self.tickets[i].cancel(self.random.bool());
                }
            }
            6 | 7 => {
                if let Some(i) = some(&mut self.random, &self.tickets) {
                    let ticket = self.tickets.swap_remove(i);
                    let limit = Duration::from_micros(self.random.u64(0..300));
                    match ticket.wait(limit) {
                        Ok(done) => self.seen.done.push(done),
                        Err(ticket) => self.tickets.push(ticket),
                    }
                }
            }
            8 => {
                if let Some(i) = some(&mut self.random, &self.tickets) {
                    self.tickets.swap_remove(i).detach();
                }
            }
            9 | 10 => {
                let limit = Duration::from_micros(self.random.u64(0..100));
                self.seen.done.extend(self.pool.next(limit));
            }
            _ => {
                let _ = self.pool.drain(Duration::from_micros(self.random.u64(0..50)));
                let stats = self.pool.stats().unwrap();
                assert!(stats.queue_bytes <= 4096, "{stats:?}");
            }
        }
    }

    fn submit(&mut self, buffer: &mut Buffer) {
        let nth = self.seen.known.len();
        if buffer.is_empty() {
            fill(buffer, self.thread << 32 | nth as u64);
        }
        let body = buffer.peek().to_vec();
        let key = self.random.bool().then(|| self.thread * 2 + self.random.u64(0..2));
        let mut how = Submit::default().user_data(self.random.u64(..));
        how.timeout = Some(Duration::from_micros(self.random.u64(0..200)));
        how.order_key = key;
        match self.pool.submit_with(buffer, how) {
            Ok(ticket) => {
                assert!(buffer.is_empty());
                let known = Known { key, nth, body, user_data: how.user_data };
                assert!(self.seen.known.insert(ticket.batch(), known).is_none());
                if self.random.u32(0..4) == 0 {
                    ticket.detach();
                } else {
                    self.tickets.push(ticket);
                }
            }
            Err(e) => {
                assert!(matches!(e.code(), ErrorCode::Timeout | ErrorCode::InvalidState), "{e}");
                assert_eq!(buffer.peek(), body, "it is as it was");
            }
        }
    }
}

/// Answers in random order.
pub(super) fn random_replies(random: &mut fastrand::Rng) -> &'static [Reply] {
    let replies: Vec<Reply> = (0..3000)
        .map(|_| match random.u32(0..20) {
            0 => answer("HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"),
            1 => answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
            2 => Reply { closes: true, ..answer("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n") },
            3 => Reply { closes: true, ..answer("") },
            4 => Reply { closes: true, commits: true, ..answer("") },
            // There is no answer, so time runs out.
            5 => Reply { commits: random.bool(), ..answer("") },
            _ => NO_CONTENT,
        })
        .collect();
    replies.leak()
}

/// Plays one pool from its first submit to its end, and judges all that was seen. Returns the number of batches.
fn round(seed: u64, threads: u32, steps: usize) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let world = world(random_replies(&mut random));
    world.script().connects = (0..200)
        .map(|_| if random.u32(0..5) == 0 { Connect::Refused } else { Connect::Fine })
        .collect();
    let conf = "retry_timeout=30;request_timeout=50;queue_max_bytes=4096;init_buf_size=64;max_buf_size=4096;";
    let conf = format!("{conf}sender_pool_max={};", random.u32(1..5));
    let pool = pool_in(&world, &conf);
    let running = AtomicU32::new(threads);
    // Some pools are closed while others still submit, some at the end, and some are only dropped.
    let end = random.u32(0..3);
    let mut players: Vec<Player<'_>> = (0..threads)
        .map(|thread| Player {
            pool: &pool,
            thread: thread.into(),
            random: fastrand::Rng::with_seed(random.u64(..)),
            tickets: Vec::new(),
            seen: Notes::default(),
        })
        .collect();
    std::thread::scope(|scope| {
        for player in &mut players {
            let running = &running;
            scope.spawn(move || {
                let early = end == 0 && player.thread == 0;
                player.play(if early { steps / 2 } else { steps });
                if early {
                    let report = player.pool.close(Duration::from_millis(player.random.u64(0..5)));
                    assert!(
                        report.unsent_rows + report.rows_in_doubt == 0 || report.result.is_err()
                    );
                }
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        while running.load(Ordering::Relaxed) > 0 {
            world.script().goes_on();
            std::thread::yield_now();
        }
    });
    let (mut tickets, mut seen) = (Vec::new(), Vec::new());
    for player in players {
        tickets.extend(player.tickets);
        seen.push(player.seen);
    }
    if end == 1 {
        let _ = pool.close(Duration::from_millis(1));
    }
    if end < 2 {
        pool.drain(SOON).unwrap();
    }
    let mut rest: Vec<Completion> = std::iter::from_fn(|| pool.next(Duration::ZERO)).collect();
    if end == 2 {
        drop(pool);
        rest.extend(tickets.into_iter().map(|ticket| ticket.wait(SOON).unwrap()));
        judge(&world.script().committed, seen, rest, false)
    } else {
        rest.extend(tickets.into_iter().map(|ticket| ticket.wait(Duration::ZERO).unwrap()));
        let stats = pool.stats().unwrap();
        assert_eq!((stats.queue_bytes, stats.unread_completions), (0, 0));
        judge(&world.script().committed, seen, rest, true)
    }
}

/// The number of a batch among those of its thread, and where it was stored first and last.
type Stored = (usize, usize, usize);

/// Compares completions with what was submitted and with what the server stored. With `all` every batch must have one.
fn judge(committed: &[Vec<u8>], seen: Vec<Notes>, rest: Vec<Completion>, all: bool) -> usize {
    let mut stored: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (at, body) in committed.iter().enumerate() {
        stored.entry(body).or_insert((at, at)).1 = at;
    }
    let (mut known, mut done) = (HashMap::new(), rest);
    let mut lanes: HashMap<u64, Vec<Stored>> = HashMap::new();
    for seen in seen {
        for (id, batch) in seen.known {
            if let (Some(key), Some(places)) = (batch.key, stored.get(&batch.body[..])) {
                lanes.entry(key).or_default().push((batch.nth, places.0, places.1));
            }
            assert!(known.insert(id, batch).is_none(), "{id} twice");
        }
        done.extend(seen.done);
    }
    let mut completed = HashSet::new();
    for done in &done {
        let batch = &known[&done.batch];
        assert!(completed.insert(done.batch), "{done:?} came twice");
        let facts = (done.rows, done.bytes, done.user_data);
        assert_eq!(facts, (1, batch.body.len() as u64, batch.user_data));
        let is_stored = stored.contains_key(&batch.body[..]);
        match done.outcome {
            Outcome::Committed => assert!(is_stored, "{done:?}"),
            Outcome::NotSent | Outcome::Rejected => assert!(!is_stored, "{done:?}"),
            _ => {}
        }
        let kept = done.failed_rows.as_ref().map(|rows| rows.peek());
        let failed = done.outcome != Outcome::Committed;
        assert_eq!((kept, done.error.is_some()), (failed.then_some(&batch.body[..]), failed));
    }
    assert!(!all || completed.len() == known.len(), "{} of {}", completed.len(), known.len());
    for lane in lanes.values_mut() {
        lane.sort_unstable();
        for pair in lane.windows(2) {
            assert!(pair[0].2 < pair[1].1, "batches of one key were stored out of order");
        }
    }
    known.len()
}

/// Returns whether the long form of the random programs is wanted.
#[expect(clippy::disallowed_methods, reason = "a switch for the long form of these tests")]
pub(super) fn is_long() -> bool {
    std::env::var_os("QUESTDB_LONG").is_some_and(|v| v == "1")
}

/// Submits, cancels, waits, reads, detaches, drains, closes and drops in random order from several threads. With
/// `QUESTDB_LONG=1` it takes 100,000 steps.
#[test]
fn random_programs_agree_with_what_was_stored() {
    let (rounds, steps) = if is_long() { (120, 140) } else { (12, 60) };
    let batches: usize = (0..rounds).map(|seed| round(seed as u64, 6, steps)).sum();
    assert!(batches > rounds * 20, "{batches}");
    println!("{} steps, {batches} batches", rounds * 6 * steps);
}
