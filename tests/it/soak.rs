//! Senders in several threads against servers that misbehave once in a hundred times, for a while: no row is lost, no outcome is
//! wrong, and memory stays flat. The servers keep the list of what they stored.
//!
//! A few seconds by default; `QUESTDB_SOAK_SECONDS` says how long otherwise.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use questdb_ingress::{Error, Outcome, Sender};

const HTTP_THREADS: u64 = 3;
/// One more sender speaks ILP over TCP.
const TCP_THREAD: u64 = 3;
const FAULTS_IN_1000: u32 = 10;
const BATCH: u64 = 300;

/// What servers stored, and what happened.
#[derive(Default)]
struct Oracle {
    stored: Mutex<HashSet<u64>>,
    stop: AtomicBool,
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

    /// The number of a fault, once in a hundred times.
    fn fault(&self, kinds: u32, random: &mut fastrand::Rng) -> Option<u32> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        (random.u32(..1000) < FAULTS_IN_1000).then(|| {
            self.faults.fetch_add(1, Ordering::Relaxed);
            random.u32(..kinds)
        })
    }
}

/// Serves every connection by `serve` on a thread of its own, until the oracle stops.
fn listen(oracle: &Arc<Oracle>, serve: fn(TcpStream, &Oracle, &mut fastrand::Rng)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let oracle = Arc::clone(oracle);
    std::thread::spawn(move || {
        for (nth, stream) in (0..).zip(listener.incoming()) {
            if oracle.stop.load(Ordering::Relaxed) {
                return;
            }
            let (Ok(stream), oracle) = (stream, Arc::clone(&oracle)) else { continue };
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || serve(stream, &oracle, &mut fastrand::Rng::with_seed(nth)));
        }
    });
    addr
}

/// Closes a connection so that the client gets a reset.
fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    let _ = socket.set_linger(Some(Duration::ZERO));
}

fn serve_http(mut stream: TcpStream, oracle: &Oracle, random: &mut fastrand::Rng) {
    const OK: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
    let mut input = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let head = loop {
            if let Some(end) = input.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut chunk) {
                Ok(n @ 1..) => input.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        };
        let text = String::from_utf8_lossy(&input[..head]).to_lowercase();
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |value| value.trim().parse().unwrap());
        let fault = oracle.fault(10, random);
        if fault == Some(0) {
            return reset(stream);
        }
        let most = if fault == Some(1) { head + length / 2 } else { head + length };
        while input.len() < most {
            match stream.read(&mut chunk) {
                Ok(n @ 1..) => input.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        }
        if fault == Some(1) {
            return reset(stream);
        }
        let body = &input[head..head + length];
        if !matches!(fault, Some(2..=5)) {
            oracle.store(body);
        }
        input.drain(..head + length);
        let answer: &[u8] = match fault {
            None => OK,
            Some(2) => b"HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
            Some(3) => b"HTTP/1.1 500 Bad\r\ncontent-length: 0\r\n\r\n",
            Some(4) => return,
            Some(5) => b"HTTP/1.1 429 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
            // From here on the rows are stored.
            Some(6) => return reset(stream),
            Some(7) => b"HTTP/1.1 503 Behind the proxy\r\ncontent-length: 0\r\n\r\n",
            Some(8) => {
                let _ = stream.write_all(&OK[..10]);
                return reset(stream);
            }
            Some(_) => {
                std::thread::sleep(Duration::from_millis(500));
                OK
            }
        };
        if stream.write_all(answer).is_err() {
            return;
        }
    }
}

fn serve_tcp(mut stream: TcpStream, oracle: &Oracle, random: &mut fastrand::Rng) {
    let mut input = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        match oracle.fault(4, random) {
            None => {}
            Some(0) => return reset(stream),
            Some(1) => return,
            Some(2) => {
                let _ = stream.write_all(b"ERROR: no\n");
                return;
            }
            Some(_) => std::thread::sleep(Duration::from_millis(20)),
        }
        let Ok(n @ 1..) = stream.read(&mut chunk) else { return };
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

/// Sends every batch until it is stored; judges each error by what is stored.
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

/// A connection after another, each with a few flushes; judges its end by what is stored.
fn send_tcp(oracle: &Oracle, addr: SocketAddr, thread: u64, until: Instant) -> Tally {
    let conf = format!("tcp::addr={addr};protocol_version=1;auto_flush=off;");
    let mut tally = Tally::default();
    let mut next = thread << 40;
    while Instant::now() < until {
        // The server may reset a connection as it is made.
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
        // Rows that are missing and of which nobody said that they may be.
        tally.lost += missing.saturating_sub(doubts);
        tally.rows += next - first;
        oracle.forget(first..next + BATCH);
        next += BATCH;
    }
    tally
}

/// Memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn nothing_is_lost_or_misreported_in_the_long_run() {
    let seconds = std::env::var("QUESTDB_SOAK_SECONDS").map_or(4, |text| text.parse().unwrap());
    let oracle = Arc::new(Oracle::default());
    let (http, tcp) = (listen(&oracle, serve_http), listen(&oracle, serve_tcp));
    let begin = Instant::now();
    let until = begin + Duration::from_secs(seconds);
    let threads: Vec<_> = (0..=HTTP_THREADS)
        .map(|thread| {
            let oracle = Arc::clone(&oracle);
            std::thread::spawn(move || match thread {
                TCP_THREAD => send_tcp(&oracle, tcp, thread, until),
                _ => send_http(&oracle, http, thread, until),
            })
        })
        .collect();
    std::thread::sleep(until.saturating_duration_since(Instant::now()) / 4);
    let early = resident();
    let tallies: Vec<Tally> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let late = resident();
    oracle.stop.store(true, Ordering::Relaxed);
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
    // Other tests of this process take memory at the same time; a long run is made alone.
    if seconds >= 60 {
        assert!(late < early + 8 * 1024, "memory grew from {early} to {late} KiB");
    }
}
