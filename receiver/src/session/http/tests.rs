//! Compressed bodies, and requests that try to be read in two ways.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Receiver;
use crate::session::bench::{State, http};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!("POST /write HTTP/1.1\r\nContent-Length: {len}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn compressed_bodies_are_rows_too() {
    let rows: String = (0..5000).map(|n| format!("t,s=s{n} x={n}i\n")).collect();
    let whole = gzip(rows.as_bytes());
    // Several members one after the other are one body.
    let (a, b) = rows.as_bytes().split_at(1234);
    for body in [whole.clone(), [gzip(a), gzip(b)].concat()] {
        for step in [1, 7, 4096, body.len()] {
            let mut bench = http(Receiver::builder());
            post("Content-Encoding: gzip\r\n", &body).chunks(step).for_each(|p| _ = bench.bytes(p));
            assert!(bench.sent().starts_with("HTTP/1.1 204"), "{}", bench.sent());
            assert_eq!(bench.rows(), 5000);
        }
    }
    // A body that is cut, is something else, or has wrong sums is refused as a whole.
    let mut spoiled = whole.clone();
    let crc = spoiled.len() - 6;
    spoiled[crc] ^= 1;
    for body in
        [&whole[..whole.len() - 1], &whole[..whole.len() / 2], rows.as_bytes(), &spoiled, b""]
    {
        let mut bench = http(Receiver::builder());
        bench.bytes(&post("Content-Encoding: gzip\r\n", body));
        assert!(bench.sent().starts_with("HTTP/1.1 400"), "{}", bench.sent());
        assert_eq!((bench.rows(), bench.state), (0, State::Open));
    }
}

#[test]
fn a_small_body_that_becomes_a_huge_one_costs_its_limit() {
    let rows = "t x=1i\n".repeat(3_000_000);
    let bomb = gzip(rows.as_bytes());
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let mut bench = http(Receiver::builder().max_body(1_000_000).max_stored(50_000_000));
    bench.bytes(&post("Content-Encoding: gzip\r\n", &bomb));
    assert!(bench.sent().starts_with("HTTP/1.1 413"), "{}", bench.sent());
    assert_eq!((bench.rows(), bench.state), (0, State::Answered));
}

#[test]
fn requests_that_can_be_read_in_two_ways_are_refused() {
    let cases = [
        "POST /write HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nContent-Length: 6\r\nContent-Length: 0\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nContent-Length: 6, 6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nContent-Length: +6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nContent-Length: 0x6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nContent-Length : 6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nX: y\r\n folded: z\r\n\r\n",
        "POST /write HTTP/1.1\r\nX: y\nContent-Length: 6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\r\nX: y\rContent-Length: 6\r\n\r\nt x=1i",
        "POST /write HTTP/1.1\nContent-Length: 6\n\nt x=1i",
        "POST  /write HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i",
    ];
    for request in cases {
        let mut bench = http(Receiver::builder());
        bench.bytes(request.as_bytes()).bytes(b"GET /ping HTTP/1.1\r\n\r\n");
        let status = bench.sent();
        assert!(
            status.starts_with("HTTP/1.1 400") || status.starts_with("HTTP/1.1 501"),
            "{request:?} {status}"
        );
        assert_eq!((bench.rows(), bench.state), (0, State::Answered), "{request:?}");
        assert_eq!(bench.sent().matches("HTTP/1.1").count(), 1, "{request:?}");
    }
}

/// Otherwise the answer, and whether there is one, would depend on how the network cuts a line.
#[test]
fn a_bad_line_of_a_head_is_answered_when_it_has_ended() {
    let bad = b"GET / HTTP/1.1\r\nX: \0\r\n";
    for cut in 0..=bad.len() {
        let mut bench = http(Receiver::builder());
        bench.bytes(&bad[..cut]).bytes(&bad[cut..(bad.len() - 1).max(cut)]);
        let ended = cut == bad.len();
        assert_eq!(bench.sent().starts_with("HTTP/1.1 400"), ended, "{cut}");
        assert_eq!(bench.state, if ended { State::Answered } else { State::Open }, "{cut}");
        bench.bytes(b"\n");
        assert_eq!(
            (bench.sent().matches("HTTP/1.1 400").count(), bench.state),
            (1, State::Answered)
        );
    }
}

#[test]
fn a_body_is_answered_by_413_as_soon_as_it_is_too_large() {
    let mut bench = http(Receiver::builder().max_body(1000));
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    bench.bytes(b"POST /write HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    bench.bytes(chunk.as_bytes()).bytes(chunk.as_bytes());
    assert_eq!(bench.state, State::Open);
    bench.bytes(b"1\r\nx");
    assert!(bench.sent().starts_with("HTTP/1.1 413"), "{}", bench.sent());
    assert_eq!(bench.state, State::Answered);
}
