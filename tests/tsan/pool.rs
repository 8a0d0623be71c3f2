//! 32 threads at one pool, each with a sender of it too, beside the timer; for ThreadSanitizer: `ci/tsan` builds this together with the standard library. It needs no other
//! crate, because each would be compiled once more.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use questdb_ingress::{ErrorCode, Outcome, Pool, Sender, Submit, Ticket};

const THREADS: u32 = 32;
const SOON: Duration = Duration::from_secs(60);

/// The bodies that the server has stored.
type Stored = Arc<Mutex<HashSet<Vec<u8>>>>;

/// Answers every request; some with 503, and after some it only closes the connection.
fn serve(stream: TcpStream, stored: &Stored, requests: &AtomicU32) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        match requests.fetch_add(1, Ordering::Relaxed) % 16 {
            3 => stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?,
            7 => stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")?,
            11 => return Ok(()),
            _ => {
                stored.lock().unwrap().insert(body);
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            }
        }
    }
}

fn start_server(stored: &Stored) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stored, requests) = (Arc::clone(stored), Arc::new(AtomicU32::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (stored, requests) = (Arc::clone(&stored), Arc::clone(&requests));
            std::thread::spawn(move || serve(stream, &stored, &requests));
        }
    });
    port
}

/// What one thread has done: how many batches it submitted, and what it has read of their completions, and of others'.
#[derive(Default)]
struct Seen {
    submitted: HashSet<u64>,
    completed: Vec<(u64, Outcome, Option<Vec<u8>>)>,
    tickets: Vec<Ticket>,
    /// Rows that were given to senders, and what was in their buffers at the end.
    rows: Vec<String>,
    kept: Vec<u8>,
}

impl Seen {
    /// Ends a sender, which looks after all its batches.
    fn end(&mut self, mut sender: Sender, time: Duration) {
        let report = sender.close(time);
        assert_eq!(report.unconfirmed_rows, sender.buffer().row_count() as u64);
        self.kept.extend_from_slice(sender.buffer().peek());
    }

    fn note(&mut self, done: questdb_ingress::Completion) {
        let rows = done.failed_rows.map(|rows| rows.peek().to_vec());
        self.completed.push((done.batch.number(), done.outcome, rows));
    }
}

fn play(pool: &Pool, thread: u32, steps: u32, closes: bool) -> Seen {
    let mut seen = Seen::default();
    let mut buffer = pool.new_buffer().unwrap();
    let mut sender = pool.new_sender().unwrap();
    let mut random = u64::from(thread) + 1;
    let mut next = |below: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for step in 0..steps {
        match next(20) {
            0..=4 => {
                if buffer.is_empty() {
                    let id = i64::from(thread) << 32 | i64::from(step);
                    buffer.table("t").unwrap().column_i64("id", id).unwrap().at_now().unwrap();
                }
                let mut how = Submit::default().timeout(Duration::from_micros(next(300)));
                how.order_key = (next(2) == 0).then_some(next(5));
                match pool.submit_with(&mut buffer, how) {
                    Ok(ticket) => {
                        seen.submitted.insert(ticket.batch().number());
                        seen.tickets.push(ticket);
                    }
                    Err(e) => assert!(
                        matches!(e.code(), ErrorCode::Timeout | ErrorCode::InvalidState),
                        "{e}"
                    ),
                }
            }
            5 => {
                if let Some(ticket) = seen.tickets.last() {
                    ticket.cancel(next(2) == 0);
                }
            }
            6 => {
                if let Some(ticket) = seen.tickets.pop() {
                    match ticket.wait(Duration::from_micros(next(1000))) {
                        Ok(done) => seen.note(done),
                        Err(ticket) => seen.tickets.push(ticket),
                    }
                }
            }
            7 => drop(seen.tickets.pop()),
            8 => {
                if let Some(done) = pool.next(Duration::from_micros(next(300))) {
                    seen.note(done);
                }
            }
            9 => {
                let _ = (pool.drain(Duration::from_micros(next(100))), pool.stats(), pool.handle());
            }
            10 => drop(sender.flush_own()),
            11 => {
                let before = std::mem::replace(&mut sender, pool.new_sender().unwrap());
                seen.end(before, Duration::from_micros(next(2000)));
            }
            12 => std::thread::sleep(Duration::from_micros(next(1500))),
            _ => {
                let id = i64::from(thread) << 32 | i64::from(step) | 1 << 24;
                // There is no room for it if too many rows have come back.
                let row = sender.row("s").and_then(|row| row.column_i64("id", id));
                let Ok(row) = row else { continue };
                if row.at_now().err().is_none_or(|e| e.row_accepted()) {
                    seen.rows.push(format!("s id={id}i\n"));
                }
            }
        }
    }
    seen.end(sender, Duration::from_millis(next(20)));
    if closes {
        let _ = pool.close(Duration::from_millis(2));
    }
    seen
}

/// Plays one pool to its end, and checks that every batch had one completion, which is true.
fn round(port: u16, stored: &Stored, early: bool) -> usize {
    let conf = format!(
        "http::addr=127.0.0.1:{port};protocol_version=2;retry_timeout=20;retry_max_backoff=10;sender_pool_max=6;\
         queue_max_bytes=8192;init_buf_size=64;max_buf_size=8192;acquire_timeout_ms=1;auto_flush_rows=3;auto_flush_timer=on;auto_flush_interval=1;"
    );
    stored.lock().unwrap().clear();
    let pool = Arc::new(Pool::from_conf(&conf).unwrap());
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let pool = Arc::clone(&pool);
            std::thread::spawn(move || play(&pool, thread, 120, early && thread == 0))
        })
        .collect();
    let mut all: Vec<Seen> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    if !early {
        let _ = pool.drain(SOON);
    }
    let _ = pool.close(Duration::from_millis(50));
    pool.drain(SOON).unwrap();
    let mut rest = Seen::default();
    while let Some(done) = pool.next(Duration::ZERO) {
        rest.note(done);
    }
    drop(pool);
    for seen in &mut all {
        for ticket in std::mem::take(&mut seen.tickets) {
            rest.note(ticket.wait(SOON).unwrap());
        }
    }
    let submitted: HashSet<u64> = all.iter().flat_map(|seen| &seen.submitted).copied().collect();
    let stored = stored.lock().unwrap();
    let mut completed = HashSet::new();
    for (batch, outcome, rows) in all.iter().chain([&rest]).flat_map(|seen| &seen.completed) {
        assert!(completed.insert(*batch), "{batch} came twice");
        if let (Outcome::NotSent | Outcome::Rejected, Some(rows)) = (outcome, rows) {
            assert!(!stored.contains(rows), "{batch} is stored in spite of {outcome}");
        }
    }
    assert_eq!(completed, submitted);
    let everywhere: Vec<u8> =
        stored.iter().flatten().chain(all.iter().flat_map(|seen| &seen.kept)).copied().collect();
    let everywhere: HashSet<&[u8]> = everywhere.split_inclusive(|byte| *byte == b'\n').collect();
    for row in all.iter().flat_map(|seen| &seen.rows) {
        assert!(everywhere.contains(row.as_bytes()), "{row} is lost");
    }
    submitted.len()
}

/// Two threads change one number without a lock.
fn race() {
    struct Shared(std::cell::UnsafeCell<u32>);
    // SAFETY: it is not; that is the purpose.
    unsafe impl Sync for Shared {}
    static NUMBER: Shared = Shared(std::cell::UnsafeCell::new(0));
    // One after the other would be no race, so both begin when both are there.
    let both = std::sync::Barrier::new(2);
    let change = || {
        both.wait();
        // SAFETY: as above.
        (0..1000).for_each(|_| unsafe { *NUMBER.0.get() += 1 });
    };
    std::thread::scope(|scope| {
        scope.spawn(&change);
        scope.spawn(&change);
    });
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("race") {
        return race();
    }
    let stored = Stored::default();
    let port = start_server(&stored);
    let batches: usize = (0..24).map(|i| round(port, &stored, i % 2 == 0)).sum();
    println!("{THREADS} threads, 24 pools, {batches} batches, one completion each");
}
