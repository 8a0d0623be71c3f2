//! Senders that are created while their server is down: rows that wait become what they would be if the server had been
//! asked before them.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::Duration;

use questdb_ingress::{ArrayView, Atomicity, Buffer, ErrorCode, Outcome, ProtocolVersion, Sender};

use questdb_ingress_testkit::fault_server::{FaultServer, script};
use questdb_ingress_testkit::port::RefusingPort;

/// Starts a server that gives this answer to `/settings`, and accepts rows.
fn server(status: &'static str, settings: &'static str) -> FaultServer {
    FaultServer::start(
        None,
        script(move |peer| {
            while let Some(request) = peer.request() {
                if request.body.is_empty() {
                    peer.answer(status, "", settings);
                } else {
                    peer.commit(&request.body);
                    peer.answer("204 No Content", "", "");
                }
            }
        }),
    )
}

fn lazy(server: &FaultServer, conf: &str) -> Sender {
    let conf = format!("http::addr={};lazy_connect=on;auto_flush=off;{conf}", server.addr());
    let sender = Sender::from_conf(&conf).unwrap();
    assert_eq!(server.connections(), 0);
    sender
}

const VERSIONS: [(&str, &str, ProtocolVersion, usize); 4] = [
    ("404 Not Found", "", ProtocolVersion::V1, 127),
    ("200 OK", "{}", ProtocolVersion::V1, 127),
    (
        "200 OK",
        r#"{"config":{"line.proto.support.versions":[1,2],"cairo.max.file.name.length":200}}"#,
        ProtocolVersion::V2,
        200,
    ),
    (
        "200 OK",
        r#"{"config":{"line.proto.support.versions":[1,2,3],"cairo.max.file.name.length":64}}"#,
        ProtocolVersion::V3,
        64,
    ),
];

/// Adds rows whose bytes depend on the version.
fn fill(buffer: &mut Buffer) {
    for i in 0..3_i64 {
        buffer.table("t s").unwrap().symbol("s", "a b").unwrap();
        buffer.column_f64("d", 0.1).unwrap().column_str("q", "x\n\"16\u{10}").unwrap();
        buffer.column_ts_nanos("n", -1999 - i).unwrap().column_ts_micros("m", i).unwrap();
        buffer.at_micros(i).unwrap();
        buffer.table("u").unwrap().column_f64("d", f64::NAN).unwrap().at_nanos(i).unwrap();
    }
}

#[test]
fn waiting_rows_are_what_they_would_have_been() {
    for (status, settings, version, max_name_len) in VERSIONS {
        let mut want = Buffer::new(version);
        fill(&mut want);
        let server = server(status, settings);
        let mut sender = lazy(&server, "");
        fill(sender.own_buffer());
        assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
        assert_eq!(server.committed(), [want.peek()]);
        assert_eq!((sender.protocol_version(), sender.max_name_len()), (version, max_name_len));
        let own = sender.buffer();
        assert_eq!((own.protocol_version(), own.max_name_len()), (version, max_name_len));
        // From here on it is a sender like any other, and nobody is asked again.
        fill(sender.own_buffer());
        assert_eq!(sender.buffer().peek(), want.peek());
        sender.flush_own().unwrap();
        assert_eq!(server.requests(), 3);
    }
}

#[test]
fn every_way_to_send_brings_rows_into_the_version_of_the_server() {
    for (status, settings, version, _) in VERSIONS {
        let mut want = Buffer::new(version);
        fill(&mut want);
        let server = server(status, settings);
        let mut sender = lazy(&server, "");
        let mut other = sender.new_buffer().unwrap();
        fill(&mut other);
        let before = other.peek().to_vec();
        sender.flush_and_keep(&other).unwrap();
        assert_eq!(other.peek(), before, "kept as it was");
        sender.flush(&mut other).unwrap();
        assert_eq!(other.protocol_version(), version);
        fill(sender.own_buffer());
        sender.flush_own_and_keep(Atomicity::Any).unwrap();
        assert!(sender.close(Duration::from_secs(10)).result.is_ok());
        assert_eq!(server.committed(), [want.peek(); 4]);
        assert_eq!(server.requests(), 5, "asked once");
    }
    // A transaction asks with the rows before it, or with its own.
    let server = server("404 Not Found", "");
    let mut sender = lazy(&server, "");
    sender.begin("t").unwrap();
    sender.row("t").unwrap().column_f64("d", 0.5).unwrap().at_nanos(1).unwrap();
    assert_eq!(sender.commit().unwrap(), Outcome::Committed);
    assert_eq!(server.committed(), [b"t d=0.5 1\n"]);
}

/// A buffer that was created in another way keeps its version; if the server does not read it, it is refused.
#[test]
fn other_buffers_are_not_rewritten() {
    for version in [ProtocolVersion::V1, ProtocolVersion::V2] {
        let server = server(VERSIONS[0].0, VERSIONS[0].1);
        let mut sender = lazy(&server, "");
        let mut buffer = Buffer::new(version);
        fill(&mut buffer);
        let before = buffer.peek().to_vec();
        let result = sender.flush(&mut buffer);
        assert_eq!(sender.protocol_version(), ProtocolVersion::V1);
        if version == ProtocolVersion::V1 {
            assert_eq!(result.unwrap(), Outcome::Committed);
            assert_eq!((server.committed(), server.requests()), (vec![before], 2));
        } else {
            assert_eq!(result.unwrap_err().code(), ErrorCode::ProtocolVersion);
            assert_eq!((buffer.peek(), server.requests()), (&before[..], 1));
        }
    }
}

/// The buffer of a lazy sender can be sent by another sender, which knows its server.
#[test]
fn buffers_may_go_to_other_senders() {
    let (old, new) = (server("404 Not Found", ""), server(VERSIONS[3].0, VERSIONS[3].1));
    let mut buffer = lazy(&new, "").new_buffer().unwrap();
    fill(&mut buffer);
    let mut sender = Sender::from_conf(&format!("http::addr={};", old.addr())).unwrap();
    sender.flush_and_keep(&buffer).unwrap();
    let mut want = Buffer::new(ProtocolVersion::V1);
    fill(&mut want);
    assert_eq!(old.committed(), [want.peek()]);
}

#[test]
fn connect_tells_the_version_before_the_first_row() {
    let server = server("404 Not Found", "");
    let mut sender = lazy(&server, "max_name_len=20;");
    sender.connect().unwrap();
    assert_eq!(sender.protocol_version(), ProtocolVersion::V1);
    assert_eq!(sender.buffer().max_name_len(), 20);
    let view = ArrayView::c_major(&[1], &[1.0]).unwrap();
    let row = sender.row("t").unwrap();
    let e = row.column_f64_arr("a", &view).unwrap_err();
    assert_eq!(e.code(), ErrorCode::ProtocolVersion);
    assert_eq!(server.requests(), 1);
}

/// What a server does not know is refused before anything is sent, and the rest can be sent.
#[test]
fn a_value_that_the_server_lacks_is_an_error_of_the_flush() {
    let server = server("404 Not Found", "");
    let mut sender = lazy(&server, "");
    let view = ArrayView::c_major(&[1], &[1.0]).unwrap();
    sender.row("t").unwrap().column_f64("d", 1.5).unwrap().at_now().unwrap();
    sender.row("t").unwrap().column_f64_arr("a", &view).unwrap().at_now().unwrap();
    sender.row("t").unwrap().column_dec_i64("c", 2, 150).unwrap().at_now().unwrap();
    let before = sender.buffer().peek().to_vec();
    for (row, what) in [
        (2, "column \"a\": arrays need protocol version 2"),
        (2, "column \"c\": decimals need protocol version 3"),
    ] {
        let e = sender.flush_own().unwrap_err();
        assert_eq!((e.code(), e.outcome()), (ErrorCode::ProtocolVersion, Outcome::NotSent));
        assert_eq!(e.server_line(), Some(row), "a program can act on it");
        let want =
            format!("row {row} of the buffer: {what}, the server speaks version 1; remove_rows");
        assert!(e.message().starts_with(&want), "{e}");
        sender.remove_rows(row, 1).unwrap();
    }
    assert!(before.starts_with(b"t d=="));
    sender.flush_own().unwrap();
    assert_eq!(server.committed(), [b"t d=1.5\n"]);
}

/// An open row waits for its end; the rows before it become what they should be.
#[test]
fn connecting_in_mid_row_disturbs_nothing() {
    let server = server("404 Not Found", "");
    let mut sender = lazy(&server, "");
    let buffer = sender.own_buffer();
    buffer.table("t").unwrap().column_f64("a", 1.5).unwrap().at_now().unwrap();
    buffer.table("t").unwrap().column_f64("a", 2.5).unwrap();
    sender.connect().unwrap();
    sender.own_buffer().column_f64("b", 3.5).unwrap();
    sender.at_now().unwrap();
    sender.flush_own().unwrap();
    assert_eq!(server.committed(), [b"t a=1.5\nt a=2.5,b=3.5\n"]);
}

#[test]
fn a_sender_can_be_made_while_the_server_is_down() {
    for conf in ["http", "http;protocol_version=2", "tcp"] {
        let (protocol, rest) = conf.split_once(';').unwrap_or((conf, ""));
        let retry = if protocol == "http" { "retry_timeout=0;" } else { "" };
        let (nobody, options) = (RefusingPort::new(), format!("auto_flush=off;{retry}{rest}"));
        let conf = format!("{protocol}::addr={};lazy_connect=on;{options}", nobody.addr());
        let mut sender = Sender::from_conf(&conf).unwrap();
        sender.row("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!(
            (e.code(), e.outcome()),
            (ErrorCode::Connection, Outcome::NotSent),
            "{conf}: {e}"
        );
        let report = sender.close(Duration::from_secs(10));
        assert_eq!(report.unconfirmed_rows, 1);
        // Without the option the sender cannot be created, unless it has nothing to ask.
        if rest.is_empty() {
            let e = Sender::from_conf(&conf.replace("lazy_connect=on;", "")).unwrap_err();
            assert_eq!(e.code(), ErrorCode::Connection);
        }
    }
}

/// Asking and sending together keep within the limit of one flush, and the error says how long both took.
#[test]
fn asking_and_sending_share_one_limit() {
    let flush = || {
        let server = FaultServer::start(
            None,
            script(|peer| {
                while let Some(request) = peer.request() {
                    if !request.body.is_empty() {
                        return peer.hold();
                    }
                    peer.pause(Duration::from_millis(400));
                    peer.answer("404 Not Found", "", "");
                }
            }),
        );
        let mut sender =
            lazy(&server, "request_timeout=1000;request_min_throughput=0;retry_timeout=0;");
        sender.row("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!(e.code(), ErrorCode::Timeout, "{e}");
        assert!(e.elapsed() >= Duration::from_secs(1), "{:?}", e.elapsed());
        e.elapsed()
    };
    // What is left of the second after the pause, and not another second: that would take 1.4 s each time. On a busy machine a
    // flush may be late as well, so one of ten has to be in time.
    let in_time = (0..10).any(|_| flush() < Duration::from_millis(1300));
    assert!(in_time, "no flush kept within the limit of one");
}

/// Rows that waited and fit `max_buf_size` are sent to an older server, although they become longer for it.
#[test]
fn rows_that_grow_beyond_the_limit_are_sent() {
    let server = server("404 Not Found", "");
    let mut sender = lazy(&server, "max_buf_size=40;");
    for _ in 0..2 {
        sender.row("t").unwrap().column_f64("f", 1.0 / 3.0).unwrap().at_now().unwrap();
    }
    assert!(sender.buffer().len() <= 40);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(server.committed(), [b"t f=0.3333333333333333\n".repeat(2)]);
}
