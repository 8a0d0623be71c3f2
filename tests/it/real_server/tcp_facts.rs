//! What the server does over TCP, where it never says anything: which rows it keeps, when it closes, who may log in.

use questdb_ingress::internal::OwnBuffer as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use questdb_ingress::{Error, ErrorCode, Outcome, Sender};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
};
use serde_json::{Value, json};

use questdb_ingress_testkit::questdb::{
    KEY_D, KEY_ID, KEY_X, KEY_Y, QuestDb, report_cases, unique,
};

on_current_releases! {
    Options::PLAIN => a_bad_row_closes_the_connection_and_loses_the_rest,
    Options::PLAIN => every_kind_of_value_arrives,
    Options::AUTH => login_is_by_a_signed_challenge,
    Options::PLAIN => a_half_closed_stream_is_read_to_its_end_and_ended,
    Options::AUTH => a_sender_without_a_key_learns_that_a_login_is_wanted,
}

fn connect(server: &QuestDb) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.tcp_port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Returns everything that the server sends until it closes the connection, in whatever way it does that.
fn until_closed(mut stream: &TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Err(e) if e.kind() != std::io::ErrorKind::ConnectionReset => panic!("not closed: {e}"),
        _ => said,
    }
}

/// Rows before the bad one are stored, whatever their table; the bad row and all after it are not.
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
        // It is decided by now: the row of a later connection is stored, and it is the only additional one.
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

/// One connection carries text and binary values, a row longer than the server's first buffer, and an unfinished last row.
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
    // The connection is closed, so the row without a line end must be lost by now; one more row shows it.
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

fn fill(sender: &mut Sender, table: &str, rows: i64) {
    for i in 0..rows {
        let buffer = sender.own_buffer();
        buffer.table(table).unwrap().column_i64("x", i).unwrap().at_nanos(i + 1).unwrap();
    }
}

/// This is the end that `close` waits for: the server reads everything, then ends the connection cleanly. It does so after a
/// bad row too, so a clean end means that the rows were read, not that they were stored.
fn a_half_closed_stream_is_read_to_its_end_and_ended(server: &QuestDb) {
    for rows in [1, 200_000] {
        let table = unique("close");
        let conf = format!("tcp::addr=127.0.0.1:{};auto_flush=off;", server.tcp_port());
        let mut sender = Sender::from_conf(&conf).unwrap();
        fill(&mut sender, &table, rows);
        let begin = Instant::now();
        let report = sender.close(Duration::from_secs(60));
        println!("close over TCP with {rows} rows: {} ms", begin.elapsed().as_millis());
        assert_eq!((report.unconfirmed_rows, report.earlier_rows_in_doubt), (0, 0));
        report.result.unwrap();
        server.wait_for_rows(&table, rows as u64);
    }
    // The bad row comes last, so that the end of the stream is already sent when it is read.
    let table = unique("close");
    let mut stream = connect(server);
    stream.write_all(format!("{table} x=1i 1\n{table} x=zz 2\n").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = Vec::new();
    assert_eq!(stream.read_to_end(&mut said).unwrap(), 0, "ended cleanly, without a word");
    server.wait_for_rows(&table, 1);
}

fn a_sender_without_a_key_learns_that_a_login_is_wanted(server: &QuestDb) {
    let told = |e: Error, outcome| {
        assert_eq!((e.code(), e.outcome()), (ErrorCode::Auth, outcome), "{e}");
        assert_eq!(e.earlier_rows_in_doubt(), 3, "{e}");
        assert!(e.message().contains("the server requires authentication"), "{e}");
    };
    let conf = format!("tcp::addr=127.0.0.1:{};auto_flush=off;", server.tcp_port());
    let table = unique("login");
    let mut sender = Sender::from_conf(&conf).unwrap();
    fill(&mut sender, &table, 3);
    told(sender.close(Duration::from_secs(60)).result.unwrap_err(), Outcome::InDoubt);
    // The flush finds it, once the challenge has arrived.
    let mut sender = Sender::from_conf(&conf).unwrap();
    fill(&mut sender, &table, 3);
    sender.flush_own().unwrap();
    let mut rows = 3;
    let error = loop {
        std::thread::sleep(Duration::from_millis(20));
        fill(&mut sender, &table, 1);
        match sender.flush_own() {
            Ok(_) => rows += 1,
            Err(e) => break e,
        }
        assert!(rows < 1000, "the challenge is never told");
    };
    assert_eq!((error.code(), error.outcome()), (ErrorCode::Auth, Outcome::NotSent), "{error}");
    assert_eq!(error.earlier_rows_in_doubt(), rows);
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
    // The server accepts both forms of a signature, and says nothing.
    for (round, key) in [&fixed, &der].into_iter().enumerate() {
        let mut stream = connect(server);
        log_in(&stream, KEY_ID, |challenge| sign(key, challenge));
        stream.write_all(format!("{table} x={round}i {round}\n").as_bytes()).unwrap();
        server.wait_for_rows(&table, round as u64 + 1);
    }
    // An unknown key gets a challenge too; the line end is not signed; a failure closes the connection without a text.
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
