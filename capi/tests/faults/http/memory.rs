//! Hostile streams: however much a server sends, the memory of the client does not grow. Each is measured in a child process,
//! by the peak of its memory.

use std::process::Command;
use std::time::Instant;

use libtest_mimic::Trial;
use questdb_ingress::{Outcome, Sender};
use questdb_ingress_testkit::fault_server::{FaultServer, script, waited};
use questdb_ingress_testkit::rows;

use super::OK;
use crate::case::said;
use crate::client::Language;
use crate::report::{Row, row_test};

/// The address to which the child process sends.
pub(crate) const ADDR: &str = "FAULT_TEST_FLOOD_ADDR";
const LIMIT_KB: u64 = 1024;

/// A name, what is sent once, and what is then repeated for ever.
type Flood = (&'static str, &'static str, &'static str);

const FLOODS: &[Flood] = &[
    ("chunked body", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n", "8\r\nabcdefgh\r\n"),
    ("body to the end of the stream", "HTTP/1.1 400 Bad\r\n\r\n", "abcdefgh"),
    ("long body", "HTTP/1.1 400 Bad\r\ncontent-length: 99999999999999\r\n\r\n", "abcdefgh"),
    ("status line", "HTTP/1.1 400 ", "abcdefgh"),
    ("one header", "HTTP/1.1 400 Bad\r\nx: ", "abcdefgh"),
    ("headers", "HTTP/1.1 400 Bad\r\n", "x: abcdefgh\r\n"),
    ("garbage", "", "abcdefgh"),
    ("informational answers", "", "HTTP/1.1 103 Hints\r\nx: y\r\n\r\n"),
    ("chunk size", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n", "00000000"),
    ("chunk extension", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n1;", "abcdefgh"),
    ("trailers", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
    ("one trailer", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ", "abcdefgh"),
    ("chunks of one byte", "HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\na\r\n"),
];

pub(super) fn tests() -> impl Iterator<Item = Trial> {
    FLOODS.iter().map(|flood| row_test("R14", flood.0, Language::Rust, || needs_no_memory(flood)))
}

/// Each flood has its own process, so that the peak is that of one flood.
fn needs_no_memory(flood: &'static Flood) -> Row {
    let (what, first, again) = *flood;
    let server = FaultServer::start(
        None,
        script(move |peer| {
            while let Some(request) = peer.request() {
                if request.nth == 0 {
                    peer.commit(&request.body);
                    peer.say(OK);
                    continue;
                }
                peer.say(first);
                return peer.flood(again.as_bytes());
            }
        }),
    );
    let begin = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.env(ADDR, server.addr().to_string()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut row = Row::right("R14", what, Language::Rust, begin.elapsed());
    row.outcome = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    (row.requests, row.committed) = (server.requests(), server.committed().len());
    assert_eq!((row.requests, row.committed), (2, 1));
    row
}

/// Runs in the child process. Prints the result.
pub(crate) fn child(addr: &str) {
    let conf = format!("http::addr={addr};protocol_version=1;retry_timeout=0;request_timeout=800;");
    let mut sender = Sender::from_conf(&conf).unwrap();
    let buffer = rows(100);
    assert_eq!(sender.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    let (base, begin, before) = (peak_kb(), Instant::now(), waited("/proc/thread-self"));
    let e = sender.flush_and_keep(&buffer).unwrap_err();
    let (time, more) = (begin.elapsed().as_millis(), peak_kb() - base);
    // The time that the process waited for a processor on a busy machine does not count.
    let waited = (waited("/proc/thread-self") - before).as_millis();
    assert!(time <= 800 + 250 + waited, "{time} ms");
    assert!(more <= LIMIT_KB, "{more} kB more");
    println!("{}, +{more} kB", said(e.outcome(), e.code()));
}

/// Returns the most memory that this process has ever used.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
