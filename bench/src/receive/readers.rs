//! How long a writer waits for its answers while others read a large table.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::load::{load, read_answer};
use super::servers::Target;
use crate::artifact::Artifact;
use crate::shapes::S1;

/// Requests of one row each.
const REQUESTS: usize = 20_000;

/// Sends requests one after the other. Returns the time that each answer took, the shortest first.
fn write(target: &Target) -> Vec<Duration> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, target.http)).expect("a connection");
    socket.set_nodelay(true).expect("an option");
    let body = "written,symbol=ETH-USD price=1.5\n";
    let head = "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length:";
    let request = format!("{head} {}\r\n\r\n{body}", body.len());
    let mut times: Vec<Duration> = (0..REQUESTS)
        .map(|_| {
            let start = Instant::now();
            socket.write_all(request.as_bytes()).expect("a request was sent");
            read_answer(&mut socket);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

/// Reads the answer to a statement, and drops it.
fn read(target: &Target, statement: &str) -> u64 {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, target.http)).expect("a connection");
    let target = format!("/exec?query={}", statement.replace(' ', "%20"));
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("a request was sent");
    let mut part = vec![0; 64 << 10];
    let mut bytes = 0;
    // The connection stays after the end of the answer, which a time-out notices.
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("an option");
    while let Ok(len) = socket.read(&mut part) {
        bytes += len as u64;
        if len == 0 || part[..len].ends_with(b"\r\n00\r\n\r\n") {
            break;
        }
    }
    bytes
}

/// Prints the times of a writer alone, and while a large table is read over and over.
pub fn readers(blocks: usize) {
    let mut shown = Artifact::default();
    let rows = load::<S1>("narrow", 1, blocks);
    let program = Target::program();
    let files = program.map(|program| Target::files(&program, rows.rows / 2));
    shown.line("microseconds from a request of one row to its answer: middle, 99 of 100, 999 of 1000, the longest");
    for target in [Some(Target::ours()), files].into_iter().flatten() {
        rows.send(&target, true, 1);
        rows.wait(&target);
        let micros = |times: &[Duration], per_mille: usize| {
            let at = (times.len() * per_mille / 1000).min(times.len() - 1);
            times[at].as_micros()
        };
        let show = |what: &str, times: &[Duration]| {
            let [a, b, c, d] = [500, 990, 999, 1000].map(|n| micros(times, n));
            format!("{:<9}{what:<44}{a:>7}{b:>7}{c:>7}{d:>8}", target.name)
        };
        write(&target);
        shown.line(&show("alone", &write(&target)));
        let (stop, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
        let times = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let read = read(&target, &format!("select * from {}", rows.table));
                    bytes.fetch_add(read, Ordering::Relaxed);
                }
            });
            let times = write(&target);
            stop.store(true, Ordering::Relaxed);
            times
        });
        let megabytes = bytes.load(Ordering::Relaxed) / 1_000_000;
        let what = format!("while {} rows are read, {megabytes} MB", rows.rows);
        shown.line(&show(&what, &times));
        shown.line(&show("alone", &write(&target)));
    }
    shown.write("receive-readers.txt");
}
