//! ILP over HTTP: answers, bodies, limits, credentials.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use questdb_receiver::{Listener, Receiver, ReceiverBuilder, ReceiverStats, Value};
use serde_json::json;

use super::secrets::Tls;
use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};

fn start(builder: ReceiverBuilder) -> (Receiver, Http<std::net::TcpStream>) {
    let receiver = builder.start().unwrap();
    let client = Http::over(connect(receiver.http_addr()));
    (receiver, client)
}

#[test]
fn rows_arrive_and_the_connection_stays() {
    let (receiver, mut client) = start(Receiver::builder());
    let addr = receiver.http_addr();
    assert_eq!(receiver.conf(Listener::Http), format!("http::addr={addr};"));
    assert_eq!(client.write("t,s=a x=1i,d=0.5 5000\n").status, 204);
    assert_eq!(client.write("t,s=b x=2i 6000").status, 204);
    assert_eq!(client.write("").status, 204);
    let table = receiver.table("T").unwrap();
    let rows = [
        [Value::Symbol("a"), Value::Long(1), Value::Double(0.5), Value::TimestampMicros(5)],
        [Value::Symbol("b"), Value::Long(2), Value::Null, Value::TimestampMicros(6)],
    ];
    assert_eq!([table.row(0), table.row(1)], rows);
    let expected = ReceiverStats { connections: 1, requests: 3, rows: 2, bytes: 37, rejected: 0 };
    assert_eq!(receiver.stats(), expected);
    // The snapshot from before stays as it was.
    receiver.clear();
    assert_eq!((table.row_count(), receiver.table_names().len()), (2, 0));
}

#[test]
fn a_bad_line_refuses_the_whole_request() {
    let (receiver, mut client) = start(Receiver::builder());
    assert_eq!(client.write("a x=1i\n").status, 204);
    let refused = client.write("a x=2i\n\nb y=1i\na x=\"text\"\na x=3i\n");
    assert_eq!(refused.status, 400);
    assert!(
        refused.head.contains("\r\nContent-Type: application/json; charset=utf-8\r\n"),
        "{}",
        refused.head
    );
    assert!(refused.head.contains("\r\nTransfer-Encoding: chunked\r\n"), "{}", refused.head);
    let mut body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    let id = body["errorId"].take();
    let (receiver_id, number) = id.as_str().unwrap().split_once('-').unwrap();
    assert_eq!((receiver_id.len(), number), (12, "1"));
    let message = "failed to parse line protocol:errors encountered on line(s):\nerror in line 3: \
                   table: a, column: x; cast error from protocol type: STRING to column type: LONG";
    assert_eq!(body, json!({"code": "invalid", "message": message, "line": 3, "errorId": null}));
    assert!(refused.body.starts_with("{\"code\":"), "{}", refused.body);
    assert_eq!(receiver.table("a").unwrap().row_count(), 1);
    // The table that the refused request created stays.
    assert_eq!(receiver.table("b").unwrap().row_count(), 0);
    assert_eq!(client.write("b y=2i\n").status, 204);
    assert_eq!(receiver.stats().rejected, 1);
}

/// A request, the status of its answer, a part of the answer, and whether the connection stays open.
type Case<'a> = (&'a str, u16, &'a str, bool);

fn run(builder: impl Fn() -> ReceiverBuilder, cases: &[Case<'_>]) {
    for (request, status, part, stays) in cases {
        let (receiver, mut client) = start(builder());
        let answer = client.ask(request);
        let shown = request.get(..200).unwrap_or(request);
        assert_eq!(answer.status, *status, "{shown}");
        let whole = format!("{}{}", answer.head, answer.body);
        assert!(whole.contains(part), "{shown}\n{whole}");
        assert_eq!(whole.contains("\r\nConnection: close\r\n"), !stays, "{shown}\n{whole}");
        if *stays {
            assert_eq!(client.ask("GET /ping HTTP/1.1\r\n\r\n").status, 204, "{shown}");
        } else {
            assert!(client.is_closed(), "{shown}");
        }
        let rows = receiver.stats().rows;
        assert_eq!(rows, if *status == 204 && request.contains("x=1i") { 1 } else { 0 }, "{shown}");
        assert_eq!(receiver.stats().rejected, u64::from(*status >= 400), "{shown}");
    }
}

#[test]
fn requests_and_their_answers() {
    let chunked = "POST /write HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let long_header = format!("GET /ping HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many_headers = format!("GET /ping HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(65));
    let endless_extension = format!("{chunked}1;{}", "x".repeat(5000));
    let endless_trailers = format!("{chunked}0\r\n{}\r\n", "X: y\r\n".repeat(1000));
    let cases: &[Case<'_>] = &[
        ("GET /ping HTTP/1.1\r\n\r\n", 204, "\r\nX-Influxdb-Version: v2.2.2\r\n", true),
        ("HEAD /ping HTTP/1.1\r\n\r\n", 204, "", true),
        ("POST /ping HTTP/1.1\r\n\r\n", 405, "Method POST not supported", true),
        ("GET /settings HTTP/1.1\r\n\r\n", 200, "\"line.proto.support.versions\":[1,2,3],", true),
        (
            "GET http://h:1/settings?x HTTP/1.1\r\n\r\n",
            200,
            "\"cairo.max.file.name.length\":127}",
            true,
        ),
        ("HEAD /settings HTTP/1.1\r\n\r\n", 200, "\r\nTransfer-Encoding: chunked\r\n", true),
        ("GET /nowhere HTTP/1.1\r\n\r\n", 404, "", true),
        ("GET /write HTTP/1.1\r\n\r\n", 405, "Method GET not supported\r\n", true),
        (
            "PUT /write HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i",
            405,
            "Method PUT not supported",
            true,
        ),
        ("PUT /else HTTP/1.1\r\n\r\n", 405, "Method PUT not supported", true),
        ("POST /write HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i", 204, "", true),
        ("POST /api/v2/write?bucket=b HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i", 204, "", true),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 6\r\nConnection: close\r\n\r\nt x=1i",
            204,
            "",
            false,
        ),
        ("POST /write HTTP/1.0\r\nContent-Length: 6\r\n\r\nt x=1i", 204, "", false),
        (
            "POST /write HTTP/1.0\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\nt x=1i",
            204,
            "",
            true,
        ),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 6\r\nContent-Length: 6\r\n\r\nt x=1i",
            204,
            "",
            true,
        ),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nt x=1i",
            400,
            "",
            false,
        ),
        ("POST /write HTTP/1.1\r\nContent-Length: -6\r\n\r\nt x=1i", 400, "", false),
        ("POST /write HTTP/1.1\r\nContent-Length:\r\n\r\nt x=1i", 400, "", false),
        ("POST /write HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "", false),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "",
            false,
        ),
        ("POST /write HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "", false),
        ("POST /write HTTP/1.1\r\nExpect: tea\r\n\r\n", 417, "", false),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 2\r\nContent-Encoding: x-GZIP\r\n\r\nzz",
            400,
            "the body is not in the gzip format",
            true,
        ),
        ("POST /write HTTP/2.0\r\n\r\n", 505, "", false),
        ("nonsense\r\n\r\n", 400, "", false),
        (&long_header, 431, "", false),
        (&many_headers, 431, "", false),
        (
            &format!("{chunked}2\r\nt \r\n4;why=not\r\nx=1i\r\n0\r\nTrailer: x\r\n\r\n"),
            204,
            "",
            true,
        ),
        (&format!("{chunked}0\r\n\r\n"), 204, "", true),
        (&format!("{chunked}2\r\nt x\r\n"), 400, "", false),
        (&format!("{chunked}zz\r\n"), 400, "", false),
        // A line without a number must not be read as 0, which would end the body.
        (&format!("{chunked}\r\n\r\n"), 400, "", false),
        (&format!("{chunked}7\r\nt x=1i\n\r\n\r\n\r\n"), 400, "", false),
        (&format!("{chunked};x\r\n\r\n"), 400, "", false),
        (&format!("{chunked} \r\n\r\n"), 400, "", false),
        (&format!("{chunked}+7\r\nt x=1i\n\r\n0\r\n\r\n"), 400, "", false),
        (&format!("{chunked}fffffffffffffffff\r\n"), 400, "", false),
        (&endless_extension, 400, "", false),
        (&endless_trailers, 400, "", false),
        // A body that is larger than the limit below: either its length says so, or it is noticed while reading.
        (
            "POST /write HTTP/1.1\r\nContent-Length: 100001\r\n\r\nt x=1i",
            413,
            "[maxBufferSize=100000]",
            false,
        ),
        (
            &format!("{chunked}20000\r\n{}", "t x=1i\n".repeat(20_000)),
            413,
            "{\"code\":\"request too large\"",
            false,
        ),
        (
            "POST /write HTTP/1.1\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
            413,
            "",
            false,
        ),
    ];
    run(|| Receiver::builder().max_body(100_000), cases);
}

#[test]
fn precision_of_bare_timestamps() {
    for (name, expected) in [
        ("", 9),
        ("n", 9),
        ("ns", 9),
        ("u", 9_000),
        ("us", 9_000),
        ("ms", 9_000_000),
        ("s", 9_000_000_000),
        ("m", 540_000_000_000),
        ("h", 32_400_000_000_000),
    ] {
        let (receiver, mut client) = start(Receiver::builder());
        // The first line makes a column of nanoseconds.
        let rows = "t x=1i 1n\nt x=1i 9\nt x=1i 9t";
        let len = rows.len();
        let target = format!("/write?a=b&precision={name}&c");
        let head = format!("POST {target} HTTP/1.1\r\nContent-Length: {len}\r\n\r\n");
        assert_eq!(client.ask(head + rows).status, 204);
        let table = receiver.table("t").unwrap();
        assert_eq!(table.value(1, "timestamp"), Some(Value::TimestampNanos(expected)), "{name}");
        assert_eq!(table.value(2, "timestamp"), Some(Value::TimestampNanos(9_000)));
    }
    let bad = "POST /write?precision=w HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i";
    let part = "{\"code\":\"not supported\",\"message\":\"failed to parse line protocol:errors encountered on line(s):\
                unsupported precision\",\"line\":0,\"errorId\":";
    run(Receiver::builder, &[(bad, 400, part, true)]);
    // A product that overflows is refused, not cut off.
    let (_receiver, mut client) = start(Receiver::builder());
    let huge =
        "POST /write?precision=h HTTP/1.1\r\nContent-Length: 26\r\n\r\nt x=1i 9223372036854775807";
    assert!(
        client
            .ask(huge)
            .body
            .contains("timestamp: 9223372036854775807; designated timestamp overflow")
    );
}

#[test]
fn credentials() {
    // The base64 of `joe:s3cret` and `joe:other`.
    let (right, wrong) = ("Basic am9lOnMzY3JldA==", "Basic am9lOm90aGVy");
    let with = |target: &str, credentials: &str| {
        format!(
            "{target} HTTP/1.1\r\nAuthorization: {credentials}\r\nContent-Length: 6\r\n\r\nt x=1i"
        )
    };
    let without = "POST /write HTTP/1.1\r\nContent-Length: 6\r\n\r\nt x=1i";
    let refused = "\r\n\r\nUnauthorized\r\n";
    let cases = |admitted: u16, token: u16| {
        [
            (with("POST /write", right), admitted, ""),
            (with("POST /write", &right.replace("Basic", "basic ")), admitted, ""),
            (with("POST /write", wrong), 401, refused),
            (with("POST /write", "Bearer tok"), token, ""),
            (with("POST /write", "Bearer toc"), 401, refused),
            (with("POST /write", "tok"), 401, refused),
            (without.to_owned(), 401, refused),
            ("GET /ping HTTP/1.1\r\n\r\n".to_owned(), 204, ""),
            ("GET /settings HTTP/1.1\r\n\r\n".to_owned(), 200, "config"),
        ]
    };
    let run = |builder: ReceiverBuilder, cases: &[(String, u16, &'static str)]| {
        let cases: Vec<Case<'_>> =
            cases.iter().map(|(r, s, p)| (r.as_str(), *s, *p, true)).collect();
        run(|| builder.clone(), &cases);
    };
    let builder = || Receiver::builder().auth_basic("joe", "s3cret");
    run(builder(), &cases(204, 401));
    run(builder().auth_bearer("tok"), &cases(204, 204));
    run(Receiver::builder().auth_bearer("tok"), &cases(401, 204));
    let settings = "GET /settings HTTP/1.1\r\n\r\n".to_owned();
    run(
        builder().settings_auth(true),
        &[(settings, 401, refused), (with("GET /settings", right), 200, "")],
    );
    assert!(!format!("{:?} {:?}", builder(), builder().start()).contains("s3cret"));
}

#[test]
fn settings_of_older_servers() {
    let request = "GET /settings HTTP/1.1\r\n\r\n";
    run(|| Receiver::builder().settings(false), &[(request, 404, "", true)]);
    for (versions, listed) in
        [(&[1][..], Some(json!([1]))), (&[2, 9], Some(json!([2, 9]))), (&[], None)]
    {
        let builder = Receiver::builder().protocol_versions(versions).max_name_len(20);
        let (_receiver, mut client) = start(builder);
        let answer = client.ask(request);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["config"].get("line.proto.support.versions").cloned(), listed);
        assert_eq!(body["config"]["cairo.max.file.name.length"], 20);
    }
}

#[test]
fn a_client_may_wait_to_be_told_to_go_on() {
    let head = "POST /write HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
    let (receiver, mut client) = start(Receiver::builder());
    assert_eq!(client.ask(head).status, 100);
    assert_eq!(client.ask("t x=1i").status, 204);
    // A body that has already arrived needs no `100 Continue`.
    assert_eq!(client.ask(format!("{head}t x=2i")).status, 204);
    assert_eq!(receiver.stats().rows, 2);
    let (_receiver, mut client) = start(Receiver::builder().auth_bearer("t"));
    assert_eq!(client.ask(head).status, 401);
    assert!(client.is_closed());
}

#[test]
fn requests_in_one_piece_or_byte_by_byte() {
    let (receiver, mut client) = start(Receiver::builder());
    let one = "POST /write HTTP/1.1\r\nContent-Length: 7\r\n\r\nt x=1i\nPOST /write HTTP/1.1\r\n\
               Transfer-Encoding: chunked\r\n\r\n3\r\nt x\r\n3\r\n=2i\r\n0\r\n\r\n";
    client.send(one.as_bytes());
    assert_eq!([client.answer(false).status, client.answer(false).status], [204, 204]);
    for byte in one.as_bytes() {
        client.send(&[*byte]);
    }
    assert_eq!([client.answer(false).status, client.answer(false).status], [204, 204]);
    assert_eq!(receiver.table("t").unwrap().row_count(), 4);
}

#[test]
fn a_body_that_ends_early_is_not_stored() {
    let (receiver, _) = start(Receiver::builder());
    let mut socket = connect(receiver.http_addr());
    socket.write_all(b"POST /write HTTP/1.1\r\nContent-Length: 14\r\n\r\nt x=1i\nt x=").unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    // The first row has made the table, as on the real server.
    assert!(answer.is_empty());
    assert_eq!(receiver.table("t").map_or(0, |t| t.row_count()), 0);
}

#[test]
fn within_tls() {
    let tls = Tls::new();
    let builder =
        || Receiver::builder().tls(tls.certificate_pem.as_bytes(), tls.key_pem.as_bytes());
    let (receiver, mut plain) = start(builder());
    assert!(receiver.conf(Listener::Http).starts_with("https::addr=127.0.0.1:"));
    assert!(receiver.conf(Listener::Tcp).starts_with("tcps::addr=127.0.0.1:"));
    let mut client = Http::over(tls.connect(connect(receiver.http_addr())));
    assert_eq!(client.write("t x=1i\n").status, 204);
    assert_eq!(client.write("t x=bad\n").status, 400);
    let big = "t x=1i\n".repeat(20_000);
    assert_eq!(client.write(big).status, 204);
    assert_eq!(client.ask("GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n").status, 204);
    // The receiver sends the closing alert of TLS, so that nobody can cut off the answer unnoticed.
    assert_eq!(client.into_inner().read(&mut [0]).unwrap(), 0);
    assert_eq!(receiver.stats().rows, 20_001);
    plain.send(b"GET /ping HTTP/1.1\r\n\r\n");
    let mut answer = Vec::new();
    let _ = plain.into_inner().read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
    for (chain, key) in [("", &tls.key_pem[..]), (&tls.certificate_pem[..], ""), ("x", "y")] {
        let builder = Receiver::builder().tls(chain.as_bytes(), key.as_bytes());
        assert!(builder.start().is_err());
    }
}

/// The limit is for all connections together, because with many connections a limit for each would not limit the memory.
#[test]
fn bytes_on_their_way_are_bounded_for_all_connections_together() {
    let (receiver, _) = start(Receiver::builder().max_stored(20_000));
    let lines = format!("t q=\"{}", "x".repeat(12_000));
    // The body is more than half of what may be held, and its line has not ended.
    let mut client = Http::over(connect(receiver.http_addr()));
    let head = "POST /write HTTP/1.1\r\nContent-Length: 13000\r\n\r\n";
    client.send(format!("{head}{lines}").as_bytes());
    let begun = Instant::now();
    while receiver.stats().bytes < lines.len() as u64 {
        assert!(begun.elapsed() < PATIENCE, "the receiver does not read");
        std::thread::sleep(Duration::from_millis(1));
    }
    let answer = Http::over(connect(receiver.http_addr())).write(format!("{lines}\""));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("\r\nRetry-After: 1\r\n"), "{answer:?}");
    // Over TCP nothing is read while there is no room, and nothing is refused.
    let mut tcp = connect(receiver.tcp_addr());
    tcp.write_all(&[b'x'; 30_000]).unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(tcp.read(&mut [0]).is_err() && receiver.refusal_counts().len() == 1);
    // When a connection ends, what it held is free for others. Now the line is larger than everything that may be held.
    drop(client);
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(tcp.read(&mut [0]).unwrap_or(0), 0);
    receiver.clear();
    while Http::over(connect(receiver.http_addr())).write("t x=1i").status != 204 {}
}
