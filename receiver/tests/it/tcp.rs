//! ILP over TCP: lines, broken lines, the signed challenge, TLS, and the end of a receiver.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use questdb_receiver::{ErrorKind, Listener, Receiver, ReceiverBuilder, Value};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING};

use super::secrets::{KEY_ID, Tls, X, Y, sign};
use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};

fn start(builder: ReceiverBuilder) -> (Receiver, TcpStream) {
    let receiver = builder.start().unwrap();
    let client = connect(receiver.tcp_addr());
    (receiver, client)
}

/// Reads everything until the receiver closes.
fn rest(stream: &mut impl Read) -> String {
    let mut text = Vec::new();
    // Closing a socket with unread bytes resets the connection, which counts as an end too.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn lines_before_a_bad_one_stay_and_the_connection_closes() {
    let said = "ERROR: INVALID_FIELD_VALUE line 3, byte 14: Could not parse entire line, field value is \
                invalid. Field: x; value: bad\n";
    for (replies, expected) in [(false, ""), (true, said)] {
        let (receiver, mut client) = start(Receiver::builder().error_replies(replies));
        client.write_all(b"t x=1i\nt x=2i\nt x=bad\nt x=4i\n").unwrap();
        assert_eq!(rest(&mut client), expected);
        let table = receiver.wait_for_rows("t", 2, PATIENCE).unwrap();
        assert_eq!(table.value(1, "x"), Some(Value::Long(2)));
        assert_eq!((table.row_count(), receiver.stats().rejected), (2, 1));
    }
}

#[test]
fn an_unfinished_last_line_is_dropped() {
    let (receiver, mut client) = start(Receiver::builder());
    client.write_all(b"t x=1i\nt x=2").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), "");
    assert_eq!(receiver.table("t").unwrap().row_count(), 1);
    assert_eq!(receiver.stats().rejected, 0);
    let counted = "questdb_receiver_unfinished_rows_total 1\n";
    assert!(receiver.metrics().contains(counted), "{}", receiver.metrics());
}

#[test]
fn long_lines_arrive_whole_up_to_the_limit() {
    let line = |len: usize| format!("t q=\"{}\"\n", "x".repeat(len - 7));
    let error = "ERROR: LINE_TOO_LONG line 1, byte 0: line is too long [max=1000000]\n";
    for (text, expected) in [
        (line(1_000_000), ""),
        // The line end of a line that is too long may arrive together with the bytes that break the limit.
        (line(1_200_000).trim_end().to_owned(), error),
        // An array states its size before its data.
        ("t a==\u{e}\u{a}\u{1}\0\0\u{2}\0".to_owned(), error),
    ] {
        let builder = Receiver::builder().max_line(1_000_000).error_replies(true);
        let (receiver, mut client) = start(builder);
        let _ = client.write_all(text.as_bytes());
        let _ = client.shutdown(Shutdown::Write);
        assert_eq!(rest(&mut client), expected);
        let table = receiver.table("t");
        assert_eq!(table.map_or(0, |t| t.row_count()), usize::from(expected.is_empty()));
    }
}

/// Reads the challenge that follows a key id.
fn challenge(client: &mut (impl Read + Write), key_id: &str) -> [u8; 512] {
    client.write_all(format!("{key_id}\n").as_bytes()).unwrap();
    let mut challenge = [0; 513];
    client.read_exact(&mut challenge).unwrap();
    assert!(challenge[..512].iter().all(|b| (0x20..=0x7E).contains(b)) && challenge[512] == b'\n');
    challenge[..512].try_into().unwrap()
}

#[test]
fn a_signed_challenge_admits() {
    for algorithm in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_ASN1_SIGNING] {
        let (receiver, mut client) = start(Receiver::builder().auth_ecdsa(KEY_ID, X, Y));
        let challenge = challenge(&mut client, KEY_ID);
        // Rows may arrive together with the signature.
        let signature = sign(algorithm, &challenge);
        client.write_all(format!("{signature}\nt x=1i\n").as_bytes()).unwrap();
        receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
        client.write_all(b"t x=2i\n").unwrap();
        receiver.wait_for_rows("t", 2, PATIENCE).unwrap();
    }
}

#[test]
fn without_a_right_signature_nothing_is_stored() {
    let sign = |challenge: &[u8]| sign(&ECDSA_P256_SHA256_FIXED_SIGNING, challenge);
    type Answer<'a> = &'a dyn Fn(&[u8]) -> String;
    let cases: &[(&str, Answer<'_>)] = &[
        ("nobody", &sign),
        (KEY_ID, &|challenge| sign(&[challenge, b"\n"].concat())),
        (KEY_ID, &|_| sign(b"something else")),
        (KEY_ID, &|_| STANDARD.encode([0; 64])),
        (KEY_ID, &|_| "?".to_owned()),
        (KEY_ID, &|_| String::new()),
        (KEY_ID, &|_| "A".repeat(97)),
        (KEY_ID, &|_| "A".repeat(10_000)),
    ];
    for (key_id, answer) in cases {
        let (receiver, mut client) = start(Receiver::builder().auth_ecdsa(KEY_ID, X, Y));
        let challenge = challenge(&mut client, key_id);
        let _ = client.write_all(format!("{}\nt x=1i\n", answer(&challenge)).as_bytes());
        assert_eq!(rest(&mut client), "");
        drop(client);
        receiver.shutdown();
        assert!(receiver.table("t").is_none(), "{key_id}");
        assert_eq!(receiver.stats().rejected, 1);
    }
    let (receiver, mut client) = start(Receiver::builder().auth_ecdsa(KEY_ID, X, Y));
    let _ = client.write_all(&[b'k'; 5000]);
    assert_eq!(rest(&mut client), "");
    assert_eq!(receiver.stats().rejected, 1);
    let refused = Receiver::builder().auth_ecdsa(KEY_ID, X, "short").start().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
}

#[test]
fn within_tls_and_with_a_challenge() {
    let tls = Tls::new();
    let builder = Receiver::builder()
        .tls(tls.certificate_pem.as_bytes(), tls.key_pem.as_bytes())
        .auth_ecdsa(KEY_ID, X, Y);
    let (receiver, client) = start(builder);
    let mut client = tls.connect(client);
    let challenge = challenge(&mut client, KEY_ID);
    let signature = sign(&ECDSA_P256_SHA256_FIXED_SIGNING, &challenge);
    let rows = "t x=1i\n".repeat(10_000);
    client.write_all(format!("{signature}\n{rows}").as_bytes()).unwrap();
    let table = receiver.wait_for_rows("t", 10_000, PATIENCE).unwrap();
    assert_eq!(table.row_count(), 10_000);
}

#[test]
fn on_ipv6() {
    let Ok(receiver) = Receiver::builder().ipv6().start() else {
        return; // this machine has no IPv6
    };
    assert!(receiver.tcp_addr().is_ipv6() && receiver.http_addr().is_ipv6());
    connect(receiver.tcp_addr()).write_all(b"t x=1i\n").unwrap();
    receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
}

#[test]
fn waiting_ends_with_rows_or_with_the_time() {
    let (receiver, mut client) = start(Receiver::builder());
    let late = receiver.wait_for_rows("t", 1, Duration::ZERO).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout);
    assert_eq!(late.to_string(), "table \"t\" has 0 of 1 rows after 0ns");
    assert_eq!(receiver.wait_for_more(0, Duration::ZERO), 0);
    thread::scope(|scope| {
        let waiting =
            scope.spawn(|| receiver.wait_for_rows("T", 2, PATIENCE).map(|t| t.row_count()));
        let any = scope.spawn(|| receiver.wait_for_more(1, PATIENCE));
        client.write_all(b"t x=1i\n").unwrap();
        receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
        client.write_all(b"t x=2i\n").unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), 2);
        assert_eq!(any.join().unwrap(), 2);
    });
}

#[test]
fn too_many_connections_wait_for_a_place() {
    let (receiver, mut first) = start(Receiver::builder().max_connections(1));
    first.write_all(b"t x=1i\n").unwrap();
    receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
    // The limit is for each port, so HTTP has a place left.
    assert_eq!(Http::over(connect(receiver.http_addr())).write("t x=2i").status, 204);
    let (mut second, mut third) = (connect(receiver.tcp_addr()), connect(receiver.tcp_addr()));
    second.write_all(b"t x=3i\n").unwrap();
    third.write_all(b"t x=4i\n").unwrap();
    first.write_all(b"t x=5i\n").unwrap();
    let table = receiver.wait_for_rows("t", 3, PATIENCE).unwrap();
    assert_eq!(table.value(2, "x"), Some(Value::Long(5)));
    drop(first);
    let table = receiver.wait_for_rows("t", 4, PATIENCE).unwrap();
    assert_eq!(table.value(3, "x"), Some(Value::Long(3)));
    // The third one waits in vain: it is closed after a while, and its row is not stored.
    assert_eq!(rest(&mut third), "");
    assert_eq!((receiver.stats().rows, receiver.stats().rejected), (4, 1));
}

/// What has arrived when the receiver is told to stop is stored, also by connections that nobody has accepted yet.
#[test]
fn a_stop_stores_what_was_received() {
    const ROWS: usize = 300_000;
    let receiver = Receiver::builder().start().unwrap();
    let mut clients: Vec<_> = (0..3).map(|_| connect(receiver.tcp_addr())).collect();
    let rows = "t,s=abc x=1i,d=0.5 1\n".repeat(ROWS / 3);
    thread::scope(|scope| {
        let sending: Vec<_> = clients
            .iter_mut()
            .map(|c| scope.spawn(|| c.write_all(rows.as_bytes()).unwrap()))
            .collect();
        sending.into_iter().for_each(|thread| thread.join().unwrap());
        // Everything is in the buffers of the system now, if it was not read already.
        receiver.shutdown();
    });
    assert_eq!(receiver.table("t").unwrap().row_count(), ROWS);
    assert_eq!(receiver.stats().rows, ROWS as u64);
}

#[test]
fn refused_rows_and_connections_can_be_asked_for() {
    let (receiver, mut client) = start(Receiver::builder().disconnect_on_error(false));
    client.write_all(b"t x=1i\nt x=\"a\"\nt x=2i\n").unwrap();
    receiver.wait_for_rows("t", 2, PATIENCE).unwrap();
    assert_eq!(Http::over(connect(receiver.http_addr())).write("t x=1i\nt x=\x1b\n").status, 400);
    let refused = receiver.last_refusals();
    let peer = client.local_addr().ok();
    assert_eq!((refused.len(), refused[0].peer(), refused[0].listener()), (2, peer, Listener::Tcp));
    assert_eq!((refused[0].code(), refused[0].line(), refused[0].byte()), ("CAST", 2, 7));
    let said = "table: t, column: x; cast error from protocol type: STRING to column type: LONG";
    assert_eq!((refused[0].message(), refused[0].text()), (said, "t x=\"a\"\\nt x=2i\\n"));
    assert_eq!((refused[1].code(), refused[1].text()), ("INVALID_FIELD_VALUE", "t x=\\u{1b}\\n"));
    assert!(refused[0].time() <= refused[1].time());
    let counts = [("http", "INVALID_FIELD_VALUE", 1), ("tcp", "CAST", 1)];
    assert_eq!(receiver.refusal_counts(), counts);
}

#[test]
fn dropping_it_ends_every_connection_and_frees_the_ports() {
    let tls = Tls::new();
    for tls in [None, Some(tls)] {
        let mut builder = Receiver::builder();
        if let Some(tls) = &tls {
            builder = builder.tls(tls.certificate_pem.as_bytes(), tls.key_pem.as_bytes());
        }
        let (receiver, silent) = start(builder);
        let mut half = connect(receiver.http_addr());
        half.write_all(b"POST /write HTTP/1.1\r\nContent-Length: 100\r\n\r\nt").unwrap();
        let addrs = [receiver.tcp_addr(), receiver.http_addr()];
        let (done, ended) = mpsc::channel();
        // Nothing that the receiver waits for would end within this time without a shutdown.
        thread::spawn(move || {
            drop(receiver);
            done.send(()).unwrap();
        });
        ended.recv_timeout(PATIENCE).unwrap();
        for mut client in [silent, half] {
            let _ = client.read_to_end(&mut Vec::new());
        }
        for addr in addrs {
            assert!(TcpStream::connect(addr).is_err(), "{addr} still accepts");
        }
    }
}
