//! How the server behaves as an HTTP server: settings, credentials, methods, connections.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use questdb_ingress_testkit::questdb::http::{read_response, request};
use questdb_ingress_testkit::questdb::{HTTP_PASSWORD, HTTP_USER, QuestDb, unique};

on_current_releases! {
    Options::PLAIN => settings_name_versions_and_the_name_limit,
    Options::PLAIN => other_methods_and_paths_are_refused,
    Options::PLAIN => precision_is_only_for_bare_stamps,
    Options::PLAIN => a_connection_lives_through_refusals,
    Options::PLAIN => answers_as_the_client_must_read_them,
    Options::PLAIN => bodies_may_be_gzip,
    Options::AUTH => credentials_are_asked_for_writes_only,
}

fn settings_name_versions_and_the_name_limit(server: &QuestDb) {
    let answer = request(server.http_port(), "GET", "/settings", &[], b"").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let config = &answer.json()["config"];
    assert_eq!(config["line.proto.support.versions"], json!([1, 2, 3]));
    assert_eq!(config["cairo.max.file.name.length"], 127);
    assert_eq!(config["ilp.proto.transports"], json!(["tcp", "http"]));
    assert_eq!(config["release.type"], "OSS");
}

fn other_methods_and_paths_are_refused(server: &QuestDb) {
    for (method, path, status, body) in [
        ("GET", "/write", 405, "Method GET not supported\r\n"),
        ("GET", "/nope", 404, "Not Found\r\n"),
        ("POST", "/nope", 405, "Method POST not supported\r\n"),
        ("POST", "/ping", 405, "Method POST not supported\r\n"),
        ("GET", "/ping", 204, ""),
        ("POST", "/api/v2/write?precision=n", 204, ""),
        ("POST", "/write?precision=x", 400, "{\"code\":\"not supported\""),
        ("POST", "/write", 204, ""),
    ] {
        let answer = request(server.http_port(), method, path, &[], b"").unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.body.starts_with(body), "{method} {path}: {}", answer.body);
    }
}

fn precision_is_only_for_bare_stamps(server: &QuestDb) {
    for (query, bare, suffixed) in [
        ("", "00:00:00.000000Z", "00:00:00.000008Z"),
        ("?precision=n", "00:00:00.000000Z", "00:00:00.000008Z"),
        ("?precision=us", "00:00:00.000007Z", "00:00:00.000008Z"),
        ("?precision=ms", "00:00:00.007000Z", "00:00:00.000008Z"),
        ("?precision=h", "07:00:00.000000Z", "00:00:00.000008Z"),
    ] {
        let table = unique("precision");
        let body = format!("{table} x=1i 7\n{table} x=2i 8t\n");
        let target = format!("/write{query}");
        let answer = request(server.http_port(), "POST", &target, &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 204);
        let rows = server.read(&table, &format!("select timestamp from {table} order by x"));
        let wanted = [bare, suffixed].map(|time| vec![json!(format!("1970-01-01T{time}"))]);
        assert_eq!(rows.cells, wanted, "{query}");
    }
}

/// One connection carries several requests, some of which are refused.
fn a_connection_lives_through_refusals(server: &QuestDb) {
    let table = unique("alive");
    let stream = TcpStream::connect(("127.0.0.1", server.http_port())).unwrap();
    let mut answers = BufReader::new(&stream);
    let good = format!("{table} x=1i 1\n");
    // The request is so large that the server refuses it while most is still to come; it reads the rest all the same.
    let bad = format!("{table} x=zz 1\n{}", good.repeat(300_000));
    for (body, status) in [(&good, 204), (&bad, 400), (&good, 204)] {
        let head =
            format!("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        (&stream).write_all(head.as_bytes()).unwrap();
        (&stream).write_all(body.as_bytes()).unwrap();
        assert_eq!(read_response(&mut answers).unwrap().status, status);
    }
    assert_eq!(server.read(&table, &format!("select count() from {table}")).cell(), 2);
}

/// A 204 has no length, errors are chunked and end with a chunk of size `00`; neither announces the end of the connection.
fn answers_as_the_client_must_read_them(server: &QuestDb) {
    let table = unique("answers");
    let good = server.write(format!("{table} x=1i 1\n"));
    let names = |r: &questdb_ingress_testkit::questdb::http::Response| {
        r.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!((good.status, names(&good)), (204, vec!["server".into(), "date".into()]));
    let bad = server.write(format!("{table} x=zz 1\n"));
    assert_eq!(names(&bad), ["server", "date", "transfer-encoding", "content-type"]);
    let nothing = server.write("");
    assert_eq!(nothing.status, 204);
}

fn bodies_may_be_gzip(server: &QuestDb) {
    let table = unique("gzip");
    let body = format!("{table} x=1i 1\n");
    let headers = [("Content-Encoding", "gzip")];
    let packed = stored_gzip(body.as_bytes());
    let answer = request(server.http_port(), "POST", "/write", &headers, &packed).unwrap();
    assert_eq!(answer.status, 204);
    assert_eq!(server.read(&table, &format!("select count() from {table}")).cell(), 1);
}

/// Returns the data in the gzip form that does not compress.
fn stored_gzip(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let crc = data.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg()))
    });
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(data);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

fn credentials_are_asked_for_writes_only(server: &QuestDb) {
    let basic = |text: String| format!("Basic {}", BASE64_STANDARD.encode(text));
    let table = unique("login");
    for (credentials, write) in [
        (None, 401),
        (Some(basic(format!("{HTTP_USER}:{HTTP_PASSWORD}"))), 204),
        (Some(basic(format!("{HTTP_USER}:wrong"))), 401),
        (Some("Basic !".to_owned()), 401),
        // The open-source server has no tokens.
        (Some("Bearer token".to_owned()), 401),
    ] {
        let headers: Vec<_> = credentials.iter().map(|c| ("Authorization", c.as_str())).collect();
        let body = format!("{table} x=1i 1\n");
        let call = |method, path, body: &[u8]| {
            request(server.http_port(), method, path, &headers, body).unwrap()
        };
        let answer = call("POST", "/write", body.as_bytes());
        assert_eq!(answer.status, write, "{credentials:?}");
        if write == 401 {
            assert_eq!(answer.body, "Unauthorized\r\n");
            assert_eq!(answer.header("www-authenticate"), None);
        }
        // So wrong credentials are not noticed before the first write.
        assert_eq!(call("GET", "/settings", b"").status, 200);
        assert_eq!(call("GET", "/ping", b"").status, 204);
    }
    assert_eq!(server.read(&table, &format!("select count() from {table}")).cell(), 1);
}
