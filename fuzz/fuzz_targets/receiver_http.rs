//! Takes any bytes as requests to the receiver, and as the body of a request that is sent by its length, in chunks and compressed.
//! Answers, rows and the end of the connection do not depend on how the bytes are cut into pieces, nor rows on how the body is
//! sent, and what follows a body is the next request.

#![no_main]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::pieces::Cuts;
use questdb_receiver::fuzzing::{Seen, http};
use questdb_receiver::{Receiver, ReceiverBuilder};

const NEXT: &[u8] = b"GET /ping HTTP/1.1\r\n\r\n";
/// The largest body, which fuzzed gzip can exceed.
const MAX_BODY: usize = 100_000;

fn builder(options: u8) -> ReceiverBuilder {
    let builder = Receiver::builder().strict_decimals(false).max_body(MAX_BODY);
    if options & 1 == 1 { builder.auth_basic("u", "p") } else { builder }
}

/// Passes the bytes as a whole and in pieces, which must come to the same.
fn both(options: u8, cuts: &Cuts, bytes: &[u8]) -> Seen {
    let whole = http(builder(options), [bytes]);
    assert_eq!(whole.leaked, 0);
    let pieces = http(builder(options), cuts.pieces(bytes));
    assert_eq!(without_continue(&pieces), without_continue(&whole));
    assert_eq!((pieces.rows, &pieces.refusals), (whole.rows, &whole.refusals));
    // A refused request may leave tables behind. Which of its rows are read before a fault in compressed bytes is found may vary.
    if !bytes.windows(4).any(|word| word.eq_ignore_ascii_case(b"gzip")) {
        assert_eq!(pieces.tables, whole.tables);
    }
    assert_eq!((&pieces.state, pieces.leaked), (&whole.state, 0));
    whole
}

/// A client that has sent the body already is not told to go on.
fn without_continue(seen: &Seen) -> String {
    String::from_utf8_lossy(&seen.sent).replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST /write HTTP/1.1\r\nAuthorization: Basic dTpw\r\n{headers}\r\n");
    [head.as_bytes(), body, NEXT].concat()
}

fn by_length(headers: &str, body: &[u8]) -> Vec<u8> {
    request(&format!("Content-Length: {}\r\n{headers}", body.len()), body)
}

fn chunked(input: &mut Input<'_>, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (part, after) = rest.split_at((1 + input.below(40)).min(rest.len()));
        let extension = input.one(&["", ";e", " ;a=b", "\t;\"q\""]);
        out.extend_from_slice(
            format!("{:0w$X}{extension}\r\n", part.len(), w = input.below(4)).as_bytes(),
        );
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(input.one(&[&b"0\r\n\r\n"[..], b"00;x\r\nT: x\r\n\r\n"]));
    request("Transfer-Encoding: chunked\r\n", &out)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory is a good writer")
}

/// Returns the status of the first answer.
fn status(seen: &Seen) -> Option<&[u8]> {
    seen.sent.get(9..12)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (mode, options) = (input.below(3), input.byte());
    let cuts = Cuts::take(&mut input);
    match mode {
        // Anything.
        0 => drop(both(options, &cuts, input.rest())),
        // One body, sent in three ways.
        1 => {
            let mut chunks = Input::new(input.take(8));
            let body = input.rest();
            let plain = both(options, &cuts, &by_length("", body));
            let others =
                [chunked(&mut chunks, body), by_length("Content-Encoding: gzip\r\n", &gzip(body))];
            for other in others {
                let seen = both(options, &cuts, &other);
                assert_eq!(status(&seen), status(&plain));
                assert_eq!((&seen.tables, &seen.refusals), (&plain.tables, &plain.refusals));
                assert_eq!(seen.state, "Open");
                assert!(seen.sent.windows(12).any(|w| w == b"204 No Conte"), "{seen:?}");
            }
        }
        // A compressed body that was damaged or cut. The next request is found nevertheless.
        _ => {
            let (place, change) = (usize::from(input.u16()), input.byte());
            let mut body = gzip(input.rest());
            let place = place % body.len();
            match change {
                0 => body.truncate(place),
                _ => body[place] ^= change,
            }
            let seen = both(options, &cuts, &by_length("Content-Encoding: gzip\r\n", &body));
            assert!(seen.state == "Open" || status(&seen) == Some(b"413"), "{seen:?}");
        }
    }
});
