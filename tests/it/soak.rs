//! Senders in several threads, some of them of one pool, run for a while against servers that misbehave once in a hundred times. No row is lost, no
//! outcome is wrong, and memory does not grow. The servers keep the list of what they stored.
//!
//! The test takes a few seconds, or as many as `QUESTDB_SOAK_SECONDS` says.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use questdb_ingress::{Error, Outcome, Pool, Sender};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, content_length, script};

const HTTP_THREADS: u64 = 3;
/// The number of the sender that uses ILP over TCP.
const TCP_THREAD: u64 = 3;
/// The senders after that belong to one pool.
const POOL_THREADS: u64 = 3;
/// How many batches a sender of the pool makes before it waits for them.
const BATCHES: u64 = 5;
const FAULTS_IN_1000: u32 = 10;
const BATCH: u64 = 300;

/// What the servers stored, and what happened.
#[derive(Default)]
struct Oracle {
    stored: Mutex<HashSet<u64>>,
    faults: AtomicU64,
    requests: AtomicU64,
}

impl Oracle {
    fn store(&self, body: &[u8]) {
        let text = std::str::from_utf8(body).expect("version 1 is text");
        let ids = text.lines().map(|line| {
            let (_, rest) = line.split_once(" n=").unwrap_or_else(|| panic!("not a row: {line}"));
            rest.split('i').next().and_then(|n| n.parse::<u64>().ok()).expect("an id")
        });
        self.stored.lock().unwrap().extend(ids);
    }

    fn count(&self, ids: std::ops::Range<u64>) -> u64 {
        let stored = self.stored.lock().unwrap();
        ids.filter(|id| stored.contains(id)).count() as u64
    }

    fn forget(&self, ids: std::ops::Range<u64>) {
        let mut stored = self.stored.lock().unwrap();
        stored.retain(|id| !ids.contains(id));
    }

    /// Returns the number of a fault, once in a hundred times.
    fn fault(&self, kinds: u32, random: &mut fastrand::Rng) -> Option<u32> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        (random.u32(..1000) < FAULTS_IN_1000).then(|| {
            self.faults.fetch_add(1, Ordering::Relaxed);
            random.u32(..kinds)
        })
    }
}

/// Starts a server that misbehaves once in a hundred times. The same happens in each run.
fn start(oracle: &Arc<Oracle>, serve: fn(&mut Peer, &Oracle, &mut fastrand::Rng)) -> FaultServer {
    let oracle = Arc::clone(oracle);
    let seed = |peer: &Peer| fastrand::Rng::with_seed(peer.nth() as u64);
    FaultServer::start(None, script(move |peer| serve(peer, &oracle, &mut seed(peer))))
}

fn serve_http(peer: &mut Peer, oracle: &Oracle, random: &mut fastrand::Rng) {
    const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
    while let Some(length) = peer.request_head().map(|head| content_length(&head)) {
        let fault = oracle.fault(10, random);
        if fault == Some(0) {
            return peer.reset_on_close();
        }
        if fault == Some(1) {
            peer.read_exactly(length / 2);
            return peer.reset_on_close();
        }
        let Some(body) = peer.read_exactly(length) else { return };
        if !matches!(fault, Some(2..=5)) {
            oracle.store(&body);
        }
        let good = match fault {
            None => peer.say(OK),
            Some(2) => peer.answer("503 Busy", "retry-after: 0\r\n", ""),
            Some(3) => peer.answer("500 Bad", "", ""),
            Some(4) => return,
            Some(5) => peer.answer("429 Busy", "retry-after: 0\r\n", ""),
            // In the cases from here on the rows are stored.
            Some(6) => return peer.reset_on_close(),
            Some(7) => peer.answer("503 Behind the proxy", "", ""),
            Some(8) => {
                peer.say(&OK[..10]);
                return peer.reset_on_close();
            }
            Some(_) => peer.pause(Duration::from_millis(500)) && peer.say(OK),
        };
        if !good {
            return;
        }
    }
}

fn serve_tcp(peer: &mut Peer, oracle: &Oracle, random: &mut fastrand::Rng) {
    let mut input = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        match oracle.fault(4, random) {
            None => {}
            Some(0) => return peer.reset_on_close(),
            Some(1) => return,
            Some(2) => {
                peer.say("ERROR: no\n");
                return;
            }
            Some(_) => drop(peer.pause(Duration::from_millis(20))),
        }
        let Some(n @ 1..) = peer.read(&mut chunk) else { return };
        input.extend_from_slice(&chunk[..n]);
        if let Some(end) = input.iter().rposition(|byte| *byte == b'\n') {
            oracle.store(&input[..=end]);
            input.drain(..=end);
        }
    }
}

/// What one sender did.
#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    errors: u64,
    in_doubt: u64,
    lost: u64,
    wrong: Vec<String>,
}

impl Tally {
    /// Counts an error. Returns whether it leaves rows in doubt.
    fn note(&mut self, e: &Error) -> bool {
        self.errors += 1;
        self.in_doubt += u64::from(e.outcome() == Outcome::InDoubt);
        e.in_doubt()
    }

    fn wrong(&mut self, what: &str, e: &Error) {
        self.wrong.push(format!("{what}: {e:?}"));
    }
}

fn fill(sender: &mut Sender, ids: std::ops::Range<u64>) {
    for id in ids {
        let row = sender.row("t").unwrap().symbol("s", "x").unwrap();
        row.column_i64("n", id.cast_signed()).unwrap().at_nanos(1 + id.cast_signed()).unwrap();
    }
}

/// Sends every batch until it is stored, and checks each error against what is stored.
fn send_http(oracle: &Oracle, addr: SocketAddr, thread: u64, until: Instant) -> Tally {
    let conf = format!(
        "http::addr={addr};protocol_version=1;auto_flush=off;request_timeout=250;request_min_throughput=0;\
         retry_timeout={};retry_max_backoff=10;",
        [0, 300, 1000][(thread % 3) as usize]
    );
    let mut sender = Sender::from_conf(&conf).unwrap();
    let mut tally = Tally::default();
    let mut next = thread << 40;
    while Instant::now() < until {
        let ids = next..next + BATCH;
        next += BATCH;
        fill(&mut sender, ids.clone());
        let mut doubt = false;
        while let Err(e) = sender.flush_own() {
            tally.errors += 1;
            if sender.buffer().row_count() as u64 != BATCH {
                tally.wrong("rows went away", &e);
            }
            doubt |= e.in_doubt() || e.outcome() == Outcome::InDoubt;
            tally.in_doubt += u64::from(e.outcome() == Outcome::InDoubt);
            let certain = matches!(e.outcome(), Outcome::NotSent | Outcome::Rejected);
            if certain && !doubt && oracle.count(ids.clone()) > 0 {
                tally.wrong("stored in spite of the outcome", &e);
            }
        }
        tally.rows += BATCH;
        tally.lost += BATCH - oracle.count(ids.clone());
        oracle.forget(ids);
    }
    assert!(sender.close(Duration::from_secs(10)).result.is_ok());
    tally
}

/// Makes batches that go out by themselves, flushes until all are stored, and checks each error against what is stored.
fn send_pooled(oracle: &Oracle, pool: &Pool, thread: u64, until: Instant) -> Tally {
    let mut sender = pool.new_sender().unwrap();
    let mut tally = Tally::default();
    let mut next = thread << 40;
    while Instant::now() < until {
        let ids = next..next + BATCH * BATCHES;
        next = ids.end;
        let mut doubt = false;
        for id in ids.clone() {
            let row = sender.row("t").unwrap().symbol("s", "x").unwrap();
            let row = row.column_i64("n", id.cast_signed()).unwrap();
            if let Err(e) = row.at_nanos(1 + id.cast_signed()) {
                doubt |= tally.note(&e);
                if !e.row_accepted() {
                    tally.wrong("a row was not taken", &e);
                }
            }
        }
        loop {
            let Err(e) = sender.flush_own() else { break };
            doubt |= tally.note(&e);
            // What is not in the buffer is stored, and unless something is in doubt no row is in both places.
            let kept = sender.buffer().row_count() as u64;
            let stored = oracle.count(ids.clone());
            if stored + kept < BATCH * BATCHES {
                tally.wrong("rows went away", &e);
            }
            if stored + kept > BATCH * BATCHES && !doubt {
                tally.wrong("stored in spite of the outcome", &e);
            }
        }
        tally.rows += BATCH * BATCHES;
        tally.lost += BATCH * BATCHES - oracle.count(ids.clone());
        oracle.forget(ids);
    }
    assert!(sender.close(Duration::from_secs(10)).result.is_ok());
    tally
}

/// Makes one connection after another, each with a few flushes, and checks its end against what is stored.
fn send_tcp(oracle: &Oracle, addr: SocketAddr, thread: u64, until: Instant) -> Tally {
    let conf = format!("tcp::addr={addr};protocol_version=1;auto_flush=off;");
    let mut tally = Tally::default();
    let mut next = thread << 40;
    while Instant::now() < until {
        // The server may reset a connection while it is made.
        let Ok(mut sender) = Sender::from_conf(&conf) else {
            tally.errors += 1;
            continue;
        };
        let first = next;
        let mut told = None;
        for _ in 0..20 {
            fill(&mut sender, next..next + BATCH);
            if let Err(e) = sender.flush_own() {
                if e.outcome() == Outcome::NotSent && oracle.count(next..next + BATCH) > 0 {
                    tally.wrong("stored in spite of the outcome", &e);
                }
                told = Some(e);
                break;
            }
            next += BATCH;
        }
        sender.clear();
        let report = sender.close(Duration::from_secs(10));
        let doubts =
            told.as_ref().map_or(0, Error::earlier_rows_in_doubt) + report.earlier_rows_in_doubt;
        let missing = (next - first) - oracle.count(first..next);
        tally.errors += u64::from(told.is_some() || report.result.is_err());
        tally.in_doubt += u64::from(doubts > 0);
        // These rows are missing although no error said that they may be.
        tally.lost += missing.saturating_sub(doubts);
        tally.rows += next - first;
        oracle.forget(first..next + BATCH);
        next += BATCH;
    }
    tally
}

fn pool_conf(addr: SocketAddr) -> String {
    format!(
        "http::addr={addr};protocol_version=1;auto_flush_rows={BATCH};auto_flush_interval=off;auto_flush_max_backoff=10;\
         request_timeout=250;request_min_throughput=0;retry_timeout=0;retry_max_backoff=10;sender_pool_max=2;"
    )
}

/// Returns the memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn nothing_is_lost_or_misreported_in_the_long_run() {
    let seconds = std::env::var("QUESTDB_SOAK_SECONDS").map_or(4, |text| text.parse().unwrap());
    let oracle = Arc::new(Oracle::default());
    let servers = [start(&oracle, serve_http), start(&oracle, serve_tcp)];
    let [http, tcp] = servers.each_ref().map(FaultServer::addr);
    let begin = Instant::now();
    let until = begin + Duration::from_secs(seconds);
    let pool = Arc::new(Pool::from_conf(&pool_conf(http)).unwrap());
    let threads: Vec<_> = (0..=TCP_THREAD + POOL_THREADS)
        .map(|thread| {
            let (oracle, pool) = (Arc::clone(&oracle), Arc::clone(&pool));
            std::thread::spawn(move || match thread {
                TCP_THREAD => send_tcp(&oracle, tcp, thread, until),
                0..HTTP_THREADS => send_http(&oracle, http, thread, until),
                _ => send_pooled(&oracle, &pool, thread, until),
            })
        })
        .collect();
    std::thread::sleep(until.saturating_duration_since(Instant::now()) / 4);
    let early = resident();
    let tallies: Vec<Tally> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let late = resident();
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    println!(
        "soak: {} s, {} rows, {} faults in {} requests and reads, {} errors, {} in doubt, {} lost, {} wrong outcomes, \
         memory {early} -> {late} KiB",
        begin.elapsed().as_secs(),
        sum(|t| t.rows),
        oracle.faults.load(Ordering::Relaxed),
        oracle.requests.load(Ordering::Relaxed),
        sum(|t| t.errors),
        sum(|t| t.in_doubt),
        sum(|t| t.lost),
        sum(|t| t.wrong.len() as u64),
    );
    for tally in &tallies {
        assert!(tally.rows > 0, "{tally:?}");
        assert_eq!((tally.lost, &tally.wrong), (0, &Vec::new()));
    }
    // Other tests of this process take memory at the same time, but a long run is made alone.
    if seconds >= 60 {
        assert!(late < early + 8 * 1024, "memory grew from {early} to {late} KiB");
    }
}
