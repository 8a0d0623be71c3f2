//! What the server does over TCP, where it never says anything: which rows stay, when it closes, who may log in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
};
use serde_json::{Value, json};

use crate::support::questdb::{KEY_D, KEY_ID, KEY_X, KEY_Y, QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => a_bad_row_closes_the_connection_and_loses_the_rest,
    Options::PLAIN => every_kind_of_value_arrives,
    Options::AUTH => login_is_by_a_signed_challenge,
}

fn connect(server: &QuestDb) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.tcp_port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Everything the server sends until it closes the connection, however it does that.
fn until_closed(mut stream: &TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Err(e) if e.kind() != std::io::ErrorKind::ConnectionReset => panic!("not closed: {e}"),
        _ => said,
    }
}

/// Rows before the bad one are stored, in whatever table; it and all after it are not.
fn a_bad_row_closes_the_connection_and_loses_the_rest(server: &QuestDb) {
    let bad: [&[u8]; 12] = [
        b"$ x=zz 2\n",
        b"$ x=\"text\" 2\n",
        b"$ a-b=1i 2\n",
        b"$? x=1i 2\n",
        b"$ d=1.5d 2\n",
        b"$ x=2i -2\n",
        b"$,s=a\xffb x=2i 2\n",
        b"$,s=a\0b x=2i 2\n",
        b"$,timestamp=a x=2i 2\n",
        b"$\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03 a TLS hello\n",
    ];
    for row in bad {
        let (table, other) = (unique("tcp"), unique("tcp"));
        let shown = String::from_utf8_lossy(row);
        let row = replace(row, &table);
        let good = format!("{table} x=1i 1\n{other} x=1i 1\n");
        let body = [good.as_bytes(), &row, format!("{table} x=3i 3\n").as_bytes()].concat();
        let mut stream = connect(server);
        stream.write_all(&body).unwrap();
        assert_eq!(until_closed(&stream), b"", "{shown:?}: the server said something");
        // Stored by now: a later connection's row is there, and it is the only one more.
        connect(server).write_all(format!("{table} x=4i 4\n").as_bytes()).unwrap();
        server.wait_for_rows(&table, 2);
        server.wait_for_rows(&other, 1);
        let rows = server.read(&table, &format!("select x from {table}"));
        assert_eq!(rows.cells, [[json!(1)], [json!(4)]], "{shown:?}");
    }
    report_cases("bad rows over TCP", bad.len());
}

fn replace(row: &[u8], table: &str) -> Vec<u8> {
    match row.iter().position(|&b| b == b'$') {
        Some(at) => [&row[..at], table.as_bytes(), &row[at + 1..]].concat(),
        None => row.to_vec(),
    }
}

/// Text and binary on one connection, a row longer than the server's first buffer, and an unfinished last row.
fn every_kind_of_value_arrives(server: &QuestDb) {
    let table = unique("tcp");
    let long = "a".repeat(200_000);
    let mut body = format!("{table},s=a i=5i,b=t,q=\"x\",t=1t,n=1n,d==").into_bytes();
    body.extend([&[16][..], &0.1_f64.to_le_bytes()].concat());
    body.extend(b",a==\x0e\x0a\x01\x01\0\0\0");
    body.extend(2.5_f64.to_le_bytes());
    body.extend(format!(" 1n\r\n\n{table} q=\"{long}\" 2n\n{table} i=6i 3").into_bytes());
    connect(server).write_all(&body).unwrap();
    server.wait_for_rows(&table, 2);
    // The connection is closed, so the row without a line end is lost by now; one more row shows it.
    connect(server).write_all(format!("{table} i=7i 4n\n").as_bytes()).unwrap();
    server.wait_for_rows(&table, 3);
    let rows = server
        .read(&table, &format!("select s,i,b,q,t,n,d,a,timestamp from {table} order by timestamp"));
    let [first, second, third] = &rows.cells[..] else { panic!("{} rows", rows.cells.len()) };
    let stamps = ["1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.000000001Z"];
    assert_eq!(
        json!(first),
        json!(["a", 5, true, "x", stamps[0], stamps[1], 0.1, [2.5], stamps[1]])
    );
    assert_eq!(second[3], Value::String(long));
    assert_eq!(third[1], 7);
}

/// Reads the challenge of a new connection and answers it.
fn log_in(stream: &TcpStream, key_id: &str, answer: impl Fn(&[u8]) -> Vec<u8>) {
    let mut stream = stream;
    stream.write_all(format!("{key_id}\n").as_bytes()).unwrap();
    let mut challenge = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut challenge).unwrap();
    assert_eq!((challenge.len(), challenge.pop()), (513, Some(b'\n')));
    assert!(challenge.iter().all(|b| (b' '..=b'~').contains(b)), "{challenge:?}");
    let signature = BASE64_STANDARD.encode(answer(&challenge));
    stream.write_all(format!("{signature}\n").as_bytes()).unwrap();
}

fn login_is_by_a_signed_challenge(server: &QuestDb) {
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let point = [vec![4], decode(KEY_X), decode(KEY_Y)].concat();
    let random = SystemRandom::new();
    let key = |algorithm| {
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, &decode(KEY_D), &point, &random)
            .unwrap()
    };
    let (fixed, der) =
        (key(&ECDSA_P256_SHA256_FIXED_SIGNING), key(&ECDSA_P256_SHA256_ASN1_SIGNING));
    let sign = |key: &EcdsaKeyPair, text: &[u8]| key.sign(&random, text).unwrap().as_ref().to_vec();

    let table = unique("login");
    // Both forms of a signature are taken, and nothing is said.
    for (round, key) in [&fixed, &der].into_iter().enumerate() {
        let mut stream = connect(server);
        log_in(&stream, KEY_ID, |challenge| sign(key, challenge));
        stream.write_all(format!("{table} x={round}i {round}\n").as_bytes()).unwrap();
        server.wait_for_rows(&table, round as u64 + 1);
    }
    // An unknown key is given a challenge too; the line end is not signed; failure is a closed connection, no text.
    type Answer<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let right: Answer = &|challenge| sign(&fixed, challenge);
    let with_line_end: Answer = &|challenge| sign(&fixed, &[challenge, b"\n"].concat());
    let wrong: [(&str, Answer); 4] = [
        ("nobody", right),
        (KEY_ID, with_line_end),
        (KEY_ID, &|_| vec![0; 64]),
        (KEY_ID, &|_| (0..64).collect()),
    ];
    for (key_id, answer) in wrong {
        let mut stream = connect(server);
        log_in(&stream, key_id, answer);
        let _ = stream.write_all(format!("{table} x=9i 9\n").as_bytes());
        assert_eq!(until_closed(&stream), b"");
    }
    // A row instead of a key's name is taken for the name.
    let mut stream = connect(server);
    stream.write_all(format!("{table} x=9i 9\n").as_bytes()).unwrap();
    let mut challenge = Vec::new();
    BufReader::new(&stream).read_until(b'\n', &mut challenge).unwrap();
    assert_eq!(challenge.len(), 513);
    drop(stream);
    assert_eq!(server.read(&table, &format!("select count() from {table}")).cell(), 2);
}
