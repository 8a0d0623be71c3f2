//! Sessions without sockets: their input cut at every byte, their time passing as the test wants.

use std::time::Duration;

use super::bench::{Bench, State, http, tcp};
use super::{HttpSession, LOGIN_TIMEOUT};
use crate::Receiver;

/// Lines with everything that may be cut: escapes, strings with line feeds, binary values with line feeds, empty lines.
fn lines() -> Vec<u8> {
    let mut lines = b"t,s=a\\ b x=1i,q=\"one\\\ntwo\" 1\n\n\r\nu d==\x10".to_vec();
    lines.extend(f64::from_bits(0x0A0A_0A0A_0A0A_0A0A).to_le_bytes());
    lines.extend(b",a==\x0e\x0a\x01\x0a\0\0\0");
    lines.extend([10; 80]);
    lines.extend(b" 2\nt x=3i");
    lines
}

#[test]
fn lines_over_tcp_may_be_cut_anywhere() {
    let all = [&lines()[..], b"\n"].concat();
    for cut in 0..=all.len() {
        let mut bench = tcp(Receiver::builder());
        bench.bytes(&all[..cut]).bytes(&all[cut..]);
        assert_eq!((bench.rows(), bench.state), (3, State::Open), "cut at {cut}");
    }
    let mut bench = tcp(Receiver::builder());
    all.iter().for_each(|byte| _ = bench.bytes(&[*byte]));
    assert_eq!(bench.rows(), 3);
    // A line that has not ended is dropped.
    bench.bytes(b"t x=4i").end();
    assert_eq!((bench.rows(), bench.state, bench.refusals().len()), (3, State::Closed, 0));
}

#[test]
fn a_bad_line_ends_the_connection_or_is_skipped_and_leaves_a_trace() {
    let input = b"t x=1i\nt x=bad,y=2\nt x=2i\n\nt x=\"s\"\nt x=3i\n";
    let trace = |line: u64, byte: u64, text: &str| ("INVALID_FIELD_VALUE", line, byte, text.into());
    for replies in [false, true] {
        for cut in 0..=input.len() {
            let builder = Receiver::builder().error_replies(replies);
            let mut bench = tcp(builder.clone());
            bench.bytes(&input[..cut]).bytes(&input[cut..]);
            let state = if replies { State::Answered } else { State::Closed };
            assert_eq!((bench.rows(), bench.state), (1, state), "{cut}");
            let said = "ERROR: INVALID_FIELD_VALUE line 2, byte 7: Could not parse entire line, \
                        field value is invalid. Field: x; value: bad\n";
            assert_eq!(bench.sent(), if replies { said } else { "" });
            let refused = bench.refusals();
            assert_eq!(refused.len(), 1);
            assert_eq!((refused[0].0, refused[0].1, refused[0].2), ("INVALID_FIELD_VALUE", 2, 7));

            let mut bench = tcp(builder.disconnect_on_error(false));
            bench.bytes(&input[..cut]).bytes(&input[cut..]);
            assert_eq!((bench.rows(), bench.state), (3, State::Open), "{cut}");
            let refused = bench.refusals();
            let places: Vec<_> = refused.iter().map(|r| (r.0, r.1, r.2)).collect();
            assert_eq!(places, [("INVALID_FIELD_VALUE", 2, 7), ("CAST", 4, 27)], "{cut}");
            assert_eq!(bench.sent().lines().count(), if replies { 2 } else { 0 });
        }
    }
    let mut bench = tcp(Receiver::builder());
    bench.bytes(b"t x=1i\nt x=bad\x1b\n");
    assert_eq!(bench.refusals(), [trace(2, 7, "t x=bad\\u{1b}\\n")]);
}

#[test]
fn the_answer_to_a_bad_line_does_not_depend_on_how_it_is_cut() {
    let long = "c".repeat(2000);
    for (line, value) in [
        ("t x=\"a\"bcd,y=1i\n", "\"a\"bcd"),
        ("t x=\"a\"b\r\n", "\"a\"b"),
        (&*format!("t x=\"a\"{long}\n"), ""),
    ] {
        for cut in 0..=line.len().min(300) {
            let mut bench = tcp(Receiver::builder().error_replies(true));
            bench.bytes(&line.as_bytes()[..cut]).bytes(&line.as_bytes()[cut..]);
            let mut whole = tcp(Receiver::builder().error_replies(true));
            assert_eq!(bench.sent(), whole.bytes(line.as_bytes()).sent(), "{cut}");
            assert!(
                bench.sent().contains(&format!("Field: x; value: {value}")),
                "{}",
                bench.sent()
            );
        }
    }
}

#[test]
fn rows_over_tcp_are_committed_by_time_by_number_and_at_the_end() {
    let mut builder = Receiver::builder();
    builder.tcp.commit_interval = Duration::from_secs(1);
    let mut bench = tcp(builder);
    bench.bytes(b"t x=1i\n").pass(Duration::from_millis(900)).bytes(b"t x=2i\n");
    assert_eq!(bench.rows(), 0);
    bench.pass(Duration::from_millis(100));
    assert_eq!(bench.rows(), 2);
    bench.bytes(&b"t x=3i\n".repeat(70_000));
    assert_eq!(bench.rows(), 70_002);
    bench.bytes(b"t x=4i\nt x=").end();
    assert_eq!((bench.rows(), bench.state), (70_003, State::Closed));
    // So are the rows before a bad one.
    let mut builder = Receiver::builder();
    builder.tcp.commit_interval = Duration::from_secs(1);
    let mut bench = tcp(builder);
    bench.bytes(b"t x=1i\nbad\nt x=2i\n");
    assert_eq!((bench.rows(), bench.state), (1, State::Closed));
}

#[test]
fn without_room_tcp_waits_and_loses_nothing() {
    let mut bench = tcp(Receiver::builder().max_stored(100_000));
    let rows = 20_000;
    let input: String = (0..rows).map(|n| format!("t x={n}i\n")).collect();
    let mut stored = 0;
    let mut at = 0;
    while at < input.len() {
        let end = (at + 1000).min(input.len());
        bench.bytes(&input.as_bytes()[at..end]);
        at = end;
        while bench.state == State::Waits {
            bench.pass(Duration::from_millis(5));
            if bench.state == State::Waits {
                // Somebody reads the rows and removes them.
                let table = bench.shared.store.table("t").unwrap();
                stored += table.row_count();
                drop(table);
                bench.shared.store.clear();
            }
        }
    }
    let left = bench.shared.store.table("t").unwrap().row_count();
    assert_eq!((stored + left, bench.rows()), (rows, rows as u64));
    assert!(stored > 0 && bench.refusals().is_empty());
    // A peer for which there is no room for too long is refused like one that is idle.
    bench.bytes(&b"t x=1i\n".repeat(10_000)).pass(Duration::from_secs(299));
    assert_eq!(bench.state, State::Waits);
    bench.pass(Duration::from_secs(2));
    assert_eq!((bench.state, bench.refusals()[0].0), (State::Closed, "FULL"));
}

#[test]
fn peers_that_send_nothing_or_do_not_log_in_are_disconnected() {
    let second = Duration::from_secs(1);
    let mut bench = tcp(Receiver::builder());
    bench.pass(299 * second).bytes(b"t x").pass(299 * second);
    assert_eq!(bench.state, State::Open);
    bench.pass(second);
    assert_eq!(bench.state, State::Closed);
    let mut builder = Receiver::builder();
    builder.tcp.idle_timeout = None;
    let mut bench = tcp(builder);
    assert_eq!(bench.pass(10_000 * second).state, State::Open);

    let (x, y) = (
        "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU",
        "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac",
    );
    for sent in ["", "key", "key\nAAAA"] {
        let mut bench = tcp(Receiver::builder().auth_ecdsa("key", x, y));
        // Bytes that come one by one do not stretch the time.
        bench.pass(LOGIN_TIMEOUT - second).bytes(sent.as_bytes());
        assert_eq!(bench.state, State::Open);
        bench.pass(second);
        assert_eq!(
            (bench.state, bench.refusals()[0].0),
            (State::Closed, "UNAUTHORIZED"),
            "{sent:?}"
        );
    }
    for sent in ["", "POST /write HTTP/1.1\r\nContent-Le"] {
        let mut bench = http(Receiver::builder());
        bench.bytes(sent.as_bytes()).pass(LOGIN_TIMEOUT - second).bytes(b"\r");
        assert_eq!(bench.state, State::Open);
        assert_eq!(bench.pass(second).state, State::Closed, "{sent:?}");
    }
    // Between requests, and inside a body, a peer may rest for longer.
    let mut bench = http(Receiver::builder());
    bench.bytes(b"GET /ping HTTP/1.1\r\n\r\n").pass(200 * second);
    bench.bytes(b"POST /write HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x").pass(200 * second);
    assert_eq!(bench.bytes(b"=1i").rows(), 1);
    assert_eq!(bench.pass(300 * second).state, State::Closed);
}

#[test]
fn requests_may_be_cut_anywhere() {
    let body = lines();
    let mut requests = b"POST /write HTTP/1.1\r\nContent-Length: ".to_vec();
    requests.extend(format!("{}\r\n\r\n", body.len()).as_bytes());
    requests.extend(&body);
    requests.extend(b"GET /ping HTTP/1.1\r\n\r\nPOST /write?precision= HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for part in body.chunks(50) {
        requests.extend(format!("{:x};e\r\n", part.len()).as_bytes());
        requests.extend(part);
        requests.extend(b"\r\n");
    }
    requests.extend(b"0\r\nT: x\r\n\r\nPOST /write HTTP/1.1\r\nContent-Length: 12\r\n\r\nt x=1i\nt x=bGET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n");
    let statuses = ["204", "204", "204", "400", "404"];
    let check = |bench: &Bench<HttpSession>, how: &str| {
        let sent = bench.sent();
        let found = sent.match_indices("HTTP/1.1 ").map(|(at, _)| sent[at + 9..at + 12].to_owned());
        assert_eq!(found.collect::<Vec<_>>(), statuses, "{how}");
        assert_eq!((bench.rows(), bench.state), (6, State::Answered), "{how}");
    };
    for cut in 0..=requests.len() {
        let mut bench = http(Receiver::builder());
        bench.bytes(&requests[..cut]).bytes(&requests[cut..]);
        check(&bench, &format!("cut at {cut}"));
    }
    let mut bench = http(Receiver::builder());
    requests.iter().for_each(|byte| _ = bench.bytes(&[*byte]));
    check(&bench, "byte by byte");
    // Without its end, nothing of a request is stored, wherever it ends.
    for len in 0..requests.len() {
        let mut bench = http(Receiver::builder());
        bench.bytes(&requests[..len]).end();
        assert!(bench.rows().is_multiple_of(3), "{len}");
        assert_eq!(bench.held_without_tables(), 0, "{len}");
    }
}
