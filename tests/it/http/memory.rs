//! Hostile streams: however much a server sends, memory stays where it was. Measured in a child process by its own peak.

use std::process::Command;
use std::time::Instant;

use questdb_ingress::{Outcome, Sender};

use crate::support::fault_case::{rows, show_rows_of};
use questdb_ingress_testkit::fault_server::{FaultServer, script, waited};

const ADDR: &str = "FAULT_TEST_FLOOD_ADDR";
const LIMIT_KB: u64 = 1024;

/// What is said once, and what is then repeated for ever.
const FLOODS: &[(&str, &str, &str)] = &[
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

#[test]
fn hostile_streams_need_no_memory() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            while let Some(request) = peer.request() {
                let Some(flood) = request.nth.checked_sub(1) else {
                    peer.commit(&request.body);
                    peer.say("HTTP/1.1 204 No Content\r\n\r\n");
                    continue;
                };
                let (_, first, again) = FLOODS[flood];
                peer.say(first);
                return peer.flood(again.as_bytes());
            }
        }),
    );
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::memory::in_a_child", "--nocapture"]);
    let output = child.env(ADDR, server.addr().to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    show_rows_of(&text);
    assert_eq!(server.requests(), FLOODS.len() + 1);
    assert_eq!(server.committed().len(), 1);
}

/// Does nothing unless it is the child of the test above.
#[test]
fn in_a_child() {
    let Ok(addr) = std::env::var(ADDR) else { return };
    let conf = format!("http::addr={addr};protocol_version=1;retry_timeout=0;request_timeout=800;");
    let mut sender = Sender::from_conf(&conf).unwrap();
    let buffer = rows(100);
    assert_eq!(sender.flush_and_keep(&buffer).unwrap(), Outcome::Committed);
    let base = peak_kb();
    for (what, _, _) in FLOODS {
        let (begin, before) = (Instant::now(), waited("/proc/thread-self"));
        let e = sender.flush_and_keep(&buffer).unwrap_err();
        let (time, more) = (begin.elapsed().as_millis(), peak_kb() - base);
        println!("R14   {what:<30} {time:>4} ms  +{more} kB  {:?} {:?}", e.outcome(), e.code());
        // On a busy machine.
        let waited = (waited("/proc/thread-self") - before).as_millis();
        assert!(time <= 800 + 250 + waited, "{what}: {time} ms");
        assert!(more <= LIMIT_KB, "{what}: {more} kB more");
    }
}

/// The most memory that this process has ever had.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
