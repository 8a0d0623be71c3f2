//! Keys and values from the public documentation of QuestDB's clients are accepted as they are written there.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::Duration;

use questdb_ingress::config::{Auth, Interface, Settings};
use questdb_ingress::{Config, Error, ErrorCode, Outcome, Sender};
use questdb_ingress_testkit::fault_server::{FaultServer, script};

fn settle(conf: &str) -> Result<Settings, Error> {
    Config::from_conf(conf)?.validate()
}

/// Strings as they are in the documentation of the clients, in general and for Python.
#[test]
fn documented_strings_are_accepted() {
    let cases = [
        "http::addr=localhost:9000;",
        "http::addr=localhost:9000;addr=localhost:9999;",
        "http::addr=node-a:9000,node-b:9000;addr=node-c:9000;",
        "tcp::addr=localhost:9009;protocol_version=2",
        "https::addr=localhost:9009;tls_ca=os_roots;",
        "https::addr=localhost:9009;tls_roots=/path/to/cert.pem;",
        "http::addr=localhost:9000;auto_flush_interval=off;",
        "http::addr=localhost:9000;auto_flush=off;auto_flush_rows=75000;auto_flush_interval=1000;auto_flush_bytes=1",
        "http::addr=localhost:9000;auto_flush=off;auto_flush_bytes=999999999999;",
        "tcp::addr=localhost:9009;auto_flush_rows=off;auto_flush_bytes=off;",
        "http::addr=localhost:9000;init_buf_size=1;max_buf_size=1;max_name_len=1;",
        "http::addr=localhost:9000;token=a b;",
        "http::addr=localhost:9000;auth_timeout=0;",
        "http::addr=localhost:9000;retry_timeout=0;request_min_throughput=0;request_timeout=1;",
        "http::addr=localhost:9000;retry_max_backoff_millis=10;",
        "tcp::addr=localhost;bind_interface=0.0.0.0;",
        "tcp::addr=localhost;bind_interface=eth0;",
        "http::addr=localhost;user=admin;pass=quest;",
    ];
    for conf in cases {
        settle(conf).unwrap_or_else(|e| panic!("{conf}: {e}"));
    }
}

#[test]
fn lists_of_addresses_are_written_in_two_ways() {
    let addrs = |conf: &str| -> Vec<String> {
        settle(conf).unwrap().addrs.iter().map(ToString::to_string).collect()
    };
    let want = ["a:1", "b:9000", "[::1]:2"];
    assert_eq!(addrs("http::addr=a:1,b,[::1]:2"), want);
    assert_eq!(addrs("http::addr=a:1;addr=b;addr=[::1]:2"), want);
    assert_eq!(addrs("http::addr=a:1;username=u;addr=b,[::1]:2;password=p;"), want);
    let many = |n: usize| (0..n).map(|i| format!("addr=h{i};")).collect::<String>();
    assert_eq!(addrs(&format!("tcp::{}", many(64))).len(), 64);
    let e = settle(&format!("tcp::{}", many(65))).unwrap_err();
    assert!(e.message().starts_with("\"addr\" takes at most 64 addresses at position "), "{e}");
    // With `set` the last value counts.
    let mut config = Config::from_conf("http::addr=a;addr=b").unwrap();
    config.set("addr", "c").unwrap();
    assert_eq!(config.validate().unwrap().addrs.len(), 1);
}

#[test]
fn auto_flush_off_wins_over_its_limits() {
    let s = settle("http::addr=h;auto_flush_rows=5;auto_flush=off;auto_flush_interval=7").unwrap();
    assert_eq!((s.auto_flush_rows, s.auto_flush_bytes, s.auto_flush_interval), (None, None, None));
}

#[test]
fn auth_timeout_of_zero_leaves_the_limit_to_send_timeout() {
    let s = settle("tcp::addr=h;auth_timeout=0;send_timeout=1234").unwrap();
    assert_eq!(s.auth_timeout, Duration::from_millis(1234));
    // A server that never sends its challenge is given up after that time.
    let silent = FaultServer::start(None, script(|peer| peer.hold()));
    let port = silent.addr().port();
    let key = "username=testUser1;token=5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48;\
               token_x=fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU;token_y=Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";
    let conf = format!("tcp::addr=127.0.0.1:{port};{key};auth_timeout=0;send_timeout=50;");
    assert_eq!(Sender::from_conf(&conf).unwrap_err().code(), ErrorCode::Timeout);
}

#[test]
fn tokens_hold_what_a_header_can_carry() {
    for token in ["a b", "a  b=", "~a.b/c+==", "t\u{e9}k\u{20ac}n", "\"q\""] {
        let s = settle(&format!("http::addr=h;token={token}")).unwrap();
        let Auth::Bearer(got) = &s.auth else { panic!("{s:?}") };
        assert_eq!(got.expose(), token);
    }
    for token in [" a", "a ", " "] {
        let e = settle(&format!("http::addr=h;token={token}")).unwrap_err();
        assert!(e.message().contains("a blank at its beginning or end"), "{e}");
    }
}

#[test]
fn bind_interface_takes_addresses_and_names() {
    let interface = |text: &str| {
        settle(&format!("tcp::addr=h;bind_interface={text}")).map(|s| s.bind_interface.unwrap())
    };
    for ip in ["127.0.0.1", "::1", "0.0.0.0"] {
        assert_eq!(interface(ip).unwrap(), Interface::Address(ip.parse().unwrap()));
    }
    for name in ["eth0", "enp3s0f0.17", "wg-home", "localhost"] {
        assert_eq!(interface(name).unwrap(), Interface::Name(name.into()));
    }
    for bad in ["sixteen-bytes-00", "eth 0", "a/b", "\u{e9}", "127.0.0.300", "::g", "[::1]"] {
        assert_eq!(interface(bad).unwrap_err().code(), ErrorCode::Config, "{bad}");
    }
}

/// Over the loopback interface the local machine can be reached, and over one that does not exist nothing can.
#[test]
#[cfg(target_os = "linux")]
fn rows_go_out_by_the_interface_that_was_named() {
    let server = FaultServer::start(
        None,
        script(|peer| {
            let rows = peer.read_to_end();
            peer.commit(&rows);
        }),
    );
    let port = server.addr().port();
    let conf = |interface: &str| format!("tcp::addr=127.0.0.1:{port};bind_interface={interface};");
    let mut sender = match Sender::from_conf(&conf("lo")) {
        Ok(sender) => sender,
        // Before Linux 5.7 this needs a capability.
        Err(e) if e.message().contains("Operation not permitted") => return,
        Err(e) => panic!("{e}"),
    };
    sender.own_buffer().table("t").unwrap().column_i64("x", 1).unwrap();
    sender.at_now().unwrap();
    assert_eq!(sender.flush_own().unwrap(), Outcome::Submitted);
    drop(sender);
    server.wait_for_notes("gone", 1);
    assert_eq!(server.committed(), [b"t x=1i\n"]);
    let e = Sender::from_conf(&conf("no-such-if0")).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Connection);
    assert!(e.message().contains("could not bind to the interface no-such-if0: "), "{e}");
}

#[test]
fn values_of_other_clients_for_certificates() {
    let e = settle("https::addr=h;tls_ca=/etc/ca.pem").unwrap_err();
    assert!(e.message().starts_with("\"tls_ca\" must be one of webpki_roots, os_roots, "), "{e}");
    // This is a file name like any other: the file is opened when the sender is created.
    settle("https::addr=h;tls_roots=webpki").unwrap();
}

#[test]
fn keys_of_other_clients_are_known() {
    for key in [
        "tls_roots_password",
        "gzip",
        "pool_timeout",
        "own_socket",
        "convert_local_to_utc",
        "stdlib_http",
        "auth_timeout_ms",
        "initial_connect_retry",
    ] {
        let e = settle(&format!("http::addr=h;{key}=on")).unwrap_err();
        let want = format!("the key \"{key}\" at position 13 is not supported: ");
        assert!(e.message().starts_with(&want), "{e}");
    }
}

/// The smallest sizes work: nothing is lost, and what does not fit is an error.
#[test]
fn small_sizes_work() {
    let conf =
        "http::addr=127.0.0.1:1;protocol_version=1;init_buf_size=1;max_buf_size=7;max_name_len=1;";
    let mut sender = Sender::from_conf(conf).unwrap();
    let buffer = sender.own_buffer();
    assert_eq!(buffer.table("tt").unwrap_err().code(), ErrorCode::InvalidName);
    buffer.table("t").unwrap().column_i64("x", 1).unwrap();
    buffer.at_now().unwrap();
    assert_eq!(buffer.peek(), b"t x=1i\n");
    assert_eq!(buffer.table("t").unwrap_err().code(), ErrorCode::LimitExceeded);
    assert_eq!(buffer.peek(), b"t x=1i\n");
}
