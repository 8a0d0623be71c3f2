//! Takes any bytes as lines that the receiver gets over TCP. What it stores, refuses and answers does not depend on how they are cut
//! into pieces; HTTP stores the same rows; and no byte of its memory budget is lost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use questdb_ingress_fuzz::Input;
use questdb_ingress_fuzz::pieces::Cuts;
use questdb_receiver::fuzzing::{http, tcp};
use questdb_receiver::{Receiver, ReceiverBuilder};

/// The longest line that some runs allow.
const SHORT_LINE: usize = 64;
/// Too little for many inputs, so that sessions have to wait for room.
const LITTLE_ROOM: usize = 9_000;

fn builder(options: u8) -> ReceiverBuilder {
    let is = |bit: u8| options >> bit & 1 == 1;
    let builder = Receiver::builder()
        .disconnect_on_error(is(0))
        .error_replies(is(1))
        .strict_decimals(is(2))
        .max_name_len(if is(3) { 10 } else { 127 });
    if is(4) { builder.max_line(SHORT_LINE) } else { builder }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let options = input.byte();
    let cuts = Cuts::take(&mut input);
    let lines = input.rest();

    let whole = tcp(builder(options), [lines]);
    assert_eq!(whole.leaked, 0);
    let pieces = tcp(builder(options), cuts.pieces(lines));
    // A line is found to be too long when a piece of it has arrived, also if it ends in the next one.
    if options >> 4 & 1 == 0 {
        assert_eq!(pieces, whole);
    } else {
        assert_eq!(pieces.leaked, 0);
    }

    // A request stores all rows or none, so it is compared where none was refused.
    let head = format!("POST /write HTTP/1.1\r\nContent-Length: {}\r\n\r\n", lines.len());
    let request = http(builder(options & 0b1100), [head.as_bytes(), lines]);
    assert_eq!(request.leaked, 0);
    // The end of a request ends its last row, which over TCP takes a line feed.
    let ended = tcp(builder(options), [lines, b"\n"]);
    if request.sent.starts_with(b"HTTP/1.1 204") && ended.refusals.is_empty() {
        assert_eq!(request.tables, ended.tables);
    }

    let little = tcp(builder(options).max_stored(LITTLE_ROOM), cuts.pieces(lines));
    assert_eq!(little.leaked, 0);
    assert!(little.rows <= whole.rows || options & 1 == 0);
});
