//! Random programs of many senders of a pool, judged by what the server has committed.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::pool::{pool_in, random_replies, world};
use super::pool_senders::{ids, row, settled};
use super::world::Connect;
use crate::error::{Error, Outcome};
use crate::pool::Completion;
use crate::sender::Sender;

/// What one sender of the random program was told.
#[derive(Default)]
struct Told {
    written: Vec<u64>,
    /// Rows that are in its buffer at the end.
    kept: HashSet<u64>,
    /// Rows of a buffer of its own that was refused.
    outside: Vec<(u64, Result<Outcome, Outcome>)>,
    failed: bool,
    outcomes: HashSet<Outcome>,
}

impl Told {
    fn note<T>(&mut self, result: crate::Result<T>) {
        if let Err(e) = result {
            self.failed = true;
            self.outcomes.insert(e.outcome());
        }
    }
}

/// One step of the random program.
fn step(sender: &mut Sender, told: &mut Told, random: &mut fastrand::Rng, thread: u64) {
    let id = thread << 32 | (told.written.len() + told.outside.len()) as u64;
    match random.u32(0..24) {
        0..=15 => {
            let result = row(sender, id);
            // A row that is refused because the buffer is full was not written.
            if result.as_ref().is_ok() || result.as_ref().is_err_and(Error::row_accepted) {
                told.written.push(id);
            }
            told.note(result);
        }
        16 => told.note(sender.flush_own()),
        17 => told.note(sender.flush_if_due()),
        18 if sender.buffer().row_count() > 0 => {
            // A program that gives up the first row: it counts as kept.
            let first = ids(sender.buffer().peek())[0];
            sender.remove_rows(1, 1).unwrap();
            told.kept.insert(first);
        }
        19 => {
            let mut buffer = sender.new_buffer().unwrap();
            buffer
                .table("t")
                .unwrap()
                .column_i64("id", id.cast_signed())
                .unwrap()
                .at_now()
                .unwrap();
            let result = sender.flush(&mut buffer);
            assert_eq!(ids(buffer.peek()), if result.is_ok() { vec![] } else { vec![id] });
            told.outside.push((id, result.map_err(|e| e.outcome())));
        }
        20 => sender.canceller().cancel(),
        21 => {
            let begun = sender.begin("t");
            if begun.is_ok() {
                told.written.push(id);
                row(sender, id).unwrap();
                while let Err(e) = sender.commit() {
                    told.note::<()>(Err(e));
                    if random.bool() {
                        told.kept.extend(ids(sender.buffer().peek()));
                        sender.rollback().unwrap();
                        break;
                    }
                }
            }
            told.note(begun);
        }
        _ => std::thread::yield_now(),
    }
}

/// Plays senders of one pool to their ends, and judges. Returns the number of rows.
fn round(seed: u64, threads: u32, steps: usize, options: &str) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let world = world(random_replies(&mut random));
    world.script().connects = (0..200)
        .map(|_| if random.u32(0..5) == 0 { Connect::Refused } else { Connect::Fine })
        .collect();
    let conf = "retry_timeout=30;request_timeout=50;queue_max_bytes=4096;init_buf_size=64;max_buf_size=2048;";
    let pool = pool_in(
        &world,
        &format!(
            "{conf}auto_flush_rows={};acquire_timeout_ms=20;auto_flush_max_backoff=10;sender_pool_max={};{options}",
            random.u32(1..6),
            random.u32(1..4)
        ),
    );
    let running = AtomicU32::new(threads);
    // Some senders are closed, some only dropped, and some pools are closed while senders still work.
    let end = random.u32(0..3);
    let seeds: Vec<u64> = (0..threads).map(|_| random.u64(..)).collect();
    let told: Vec<Told> = std::thread::scope(|scope| {
        let players: Vec<_> = seeds
            .iter()
            .enumerate()
            .map(|(thread, &seed)| {
                let (pool, running) = (&pool, &running);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let (mut sender, mut told) = (pool.new_sender().unwrap(), Told::default());
                    for at in 0..steps {
                        if end == 0 && thread == 0 && at == steps / 2 {
                            let _ = pool.close(Duration::from_millis(random.u64(0..5)));
                        }
                        step(&mut sender, &mut told, &mut random, thread as u64);
                    }
                    if random.u32(0..4) > 0 {
                        let report = sender.close(Duration::from_millis(random.u64(0..30)));
                        let left = sender.buffer().row_count() as u64;
                        assert_eq!(
                            (report.result.is_ok(), report.unconfirmed_rows),
                            (left == 0, left)
                        );
                        told.note(report.result);
                    } else {
                        told.failed = true;
                    }
                    // This removes no row, but brings those back that wait for a timer.
                    let _ = sender.remove_rows(0, 1);
                    told.kept.extend(ids(sender.buffer().peek()));
                    drop(sender);
                    running.fetch_sub(1, Ordering::Relaxed);
                    told
                })
            })
            .collect();
        while running.load(Ordering::Relaxed) > 0 {
            world.script().goes_on();
            world.script().now += Duration::from_micros(20);
            std::thread::yield_now();
        }
        players.into_iter().map(|player| player.join().unwrap()).collect()
    });
    if end != 1 {
        let _ = pool.close(Duration::from_millis(1));
    }
    settled(&pool);
    let rest: Vec<Completion> = std::iter::from_fn(|| pool.next(Duration::ZERO)).collect();
    assert_eq!(pool.stats().unwrap().queue_bytes, 0);
    judge(&world.script().committed, told, &rest)
}

/// Compares what was told with what the server stored: no row is lost, and what is certain is true.
fn judge(committed: &[Vec<u8>], told: Vec<Told>, rest: &[Completion]) -> usize {
    let mut stored: HashMap<u64, usize> = HashMap::new();
    for id in committed.iter().flat_map(|body| ids(body)) {
        let next = stored.len();
        stored.entry(id).or_insert(next);
    }
    let left: HashSet<u64> = rest
        .iter()
        .filter_map(|done| done.failed_rows.as_ref())
        .flat_map(|rows| ids(rows.peek()))
        .collect();
    let mut rows = 0;
    for told in told {
        let certain = told
            .outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::NotSent | Outcome::Rejected));
        for id in &told.written {
            let kept = told.kept.contains(id) || left.contains(id);
            assert!(stored.contains_key(id) || kept, "row {id:#x} is lost");
            assert!(
                !(kept && stored.contains_key(id) && certain && rest.is_empty()),
                "row {id:#x} is stored"
            );
        }
        for (id, result) in &told.outside {
            match result {
                Ok(_) => assert!(stored.contains_key(id)),
                Err(Outcome::NotSent | Outcome::Rejected) => assert!(!stored.contains_key(id)),
                Err(_) => {}
            }
        }
        if !told.failed {
            let rows = told.written.iter().filter(|id| !told.kept.contains(id));
            let places: Vec<usize> = rows.map(|id| stored[id]).collect();
            assert!(places.is_sorted(), "the rows of a sender are stored in their order");
        }
        rows += told.written.len();
    }
    rows
}

fn random_programs(options: &str) {
    let (rounds, steps) = if super::pool::is_long() { (120, 140) } else { (12, 60) };
    let rows: usize = (0..rounds).map(|seed| round(seed as u64, 6, steps, options)).sum();
    assert!(rows > rounds * 60, "{rows}");
    println!("{} steps, {rows} rows", rounds * 6 * steps);
}

/// Rows, flushes, transactions and cancellations in random order by several senders of one pool. With `QUESTDB_LONG=1` it takes
/// 100,000 steps.
#[test]
fn random_senders_lose_no_row() {
    random_programs("");
}

/// The same while the timer takes rows at any moment.
#[test]
fn random_senders_lose_no_row_to_the_timer() {
    random_programs("auto_flush_timer=on;auto_flush_interval=1;");
}
