//! The configuration: the connection strings of the reference, combinations of options, and what may never be shown.

use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use questdb_ingress::config::{Addr, Auth, Delivery, Interface, Protocol, Roots, Settings};
use questdb_ingress::internal::DIFFERENCES;
use questdb_ingress::{Config, Error, ErrorCode, ProtocolVersion};
use serde_json::Value;

fn settle(conf: &str) -> Result<Settings, Error> {
    Config::from_conf(conf)?.validate()
}

/// Vectors with another result here. Each names the differences that it shows, as in `doc/options.md`.
const DEVIATIONS: &[(&str, &[&str])] = &[
    ("unknown-key", &["conf.026"]),
    (
        "foreign-protocol",
        &[
            "conf.037", "conf.038", "conf.039", "conf.074", "conf.105", "conf.106", "conf.109",
            "conf.111", "conf.112", "conf.114", "conf.115", "conf.117", "conf.119", "conf.121",
            "conf.123", "conf.124", "conf.126",
        ],
    ),
    ("auto-flush", &["conf.048", "conf.049", "conf.050", "conf.051"]),
    ("empty-value", &["conf.010", "conf.018"]),
    (
        "auth-combination",
        &[
            "conf.019", "conf.020", "conf.022", "conf.023", "conf.042", "conf.043", "conf.045",
            "conf.046",
        ],
    ),
    (
        "addr-form",
        &["conf.015", "conf.027", "conf.028", "conf.029", "conf.032", "conf.033", "conf.101"],
    ),
    ("addr-list", &["conf.024"]),
    ("buffer-sizes", &["conf.082"]),
    ("small-sizes", &["conf.075", "conf.077", "conf.079"]),
    ("files-later", &["conf.091"]),
];

/// Differences that no vector shows, and the tests that show them.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("unsafe-off", "faults"),
    ("webpki-and-os", "defaults"),
    ("contradiction", "faults"),
    ("interface-name", "documented::bind_interface_takes_addresses_and_names"),
    ("auth-timeout", "documented::auth_timeout_of_zero_leaves_the_limit_to_send_timeout"),
    ("tls-values", "documented::values_of_other_clients_for_certificates"),
    ("plain-numbers", "faults"),
];

#[test]
fn every_documented_difference_is_shown() {
    let mut shown: Vec<&str> = DEVIATIONS.iter().map(|(word, _)| *word).collect();
    shown.extend(SHOWN_ELSEWHERE.iter().map(|(word, _)| word));
    shown.sort_unstable();
    let mut documented: Vec<&str> = DIFFERENCES.iter().map(|(word, _)| *word).collect();
    documented.sort_unstable();
    assert_eq!(shown, documented);
}

fn deviation(id: &str) -> Option<&'static str> {
    if id == "conf.084" && !cfg!(feature = "insecure-skip-verify") {
        return Some("unsafe-off");
    }
    DEVIATIONS.iter().find(|(_, ids)| ids.contains(&id)).map(|(word, _)| *word)
}

/// Returns the reference's position in the string if it is the same here. It is for strings that do not lex and for
/// duplicates, but the reference counts the end of the string as its last character.
fn reference_position(vector: &Value) -> Option<&str> {
    let message = vector["reference_message"].as_str()?;
    let position = message.strip_prefix("Config parse error")?.rsplit_once("at position ")?.1;
    (vector["id"] != "conf.007").then_some(position)
}

#[test]
fn reference_strings() {
    let all: Value = serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    let vectors = all["config_vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 127);
    let mut wrong = Vec::new();
    let mut deviating = 0;
    for vector in vectors {
        let (id, input) = (vector["id"].as_str().unwrap(), vector["input"].as_str().unwrap());
        let reference_ok = vector["expect"] == "ok";
        let result = settle(input);
        deviating += usize::from(deviation(id).is_some());
        if result.is_ok() != (reference_ok != deviation(id).is_some()) {
            wrong.push(format!("{id} {input:?}: {result:?}"));
        }
        let Err(e) = result else { continue };
        assert_eq!(e.code(), ErrorCode::Config, "{id} {e}");
        if let Some(position) = reference_position(vector) {
            let ours = format!("at position {position}");
            assert!(e.message().contains(&ours), "{id} {input:?}: {e}, reference: {position}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("127 configuration strings, {deviating} of them with a documented difference");
}

/// Every field of the settings that the string does not set has the default of the option table.
#[test]
fn defaults() {
    let cases = [
        ("http", Protocol::Http, 9000, 75_000),
        ("HTTPS", Protocol::Https, 9000, 75_000),
        ("tcp", Protocol::Tcp, 9009, 600),
        ("tcps", Protocol::Tcps, 9009, 600),
    ];
    for (name, protocol, port, rows) in cases {
        let s = settle(&format!("{name}::addr=db")).unwrap();
        assert_eq!((s.protocol, &s.addrs[..]), (protocol, &[Addr { host: "db".into(), port }][..]));
        assert!(matches!(s.auth, Auth::None) && s.bind_interface.is_none());
        assert_eq!(s.tls.is_some(), protocol.is_tls());
        if let Some(tls) = s.tls {
            assert!(tls.verify && tls.roots == Roots::WebpkiAndOs && tls.client_cert.is_none());
        }
        assert_eq!((s.protocol_version, s.max_name_len, s.user_agent_suffix), (None, None, None));
        assert!(!s.lazy_connect);
        let millis = Duration::from_millis;
        assert_eq!(s.auto_flush_rows, Some(rows));
        assert_eq!((s.auto_flush_bytes, s.auto_flush_interval), (None, Some(millis(1000))));
        assert_eq!((s.init_buf_size, s.max_buf_size), (64 << 10, 100 << 20));
        assert_eq!((s.auth_timeout, s.connect_timeout), (millis(15_000), millis(5000)));
        assert_eq!(s.send_timeout, millis(30_000));
        let silent = if s.protocol.is_http() { None } else { Some(millis(30_000)) };
        assert_eq!((s.tcp_user_timeout, s.keepalive_idle), (silent, Some(millis(30_000))));
        assert_eq!((s.keepalive_interval, s.keepalive_count), (millis(10_000), 3));
        assert_eq!((s.request_timeout, s.request_min_throughput), (millis(10_000), 100 << 10));
        assert_eq!((s.retry_timeout, s.retry_max_backoff), (millis(10_000), millis(1000)));
        assert!(!s.auto_flush_timer);
        assert_eq!(s.auto_flush_max_backoff, millis(10_000));
        assert_eq!(s.delivery, Delivery::AtLeastOnce);
        assert_eq!((s.sender_pool_min, s.sender_pool_max, s.queue_max_bytes), (1, 4, 256 << 20));
        assert_eq!((s.acquire_timeout, s.idle_timeout), (millis(5000), millis(60_000)));
    }
}

#[test]
fn every_option_arrives() {
    let s = settle(
        "https::addr=a:1,[::1],b.;user=u;pass=p;;w=;auth_timeout=1;tls_roots=/ca.pem;tls_cert=/c;tls_key=/k;\
         protocol_version=2;auto_flush=on;auto_flush_rows=1;auto_flush_bytes=2;auto_flush_interval=3;\
         auto_flush_timer=on;auto_flush_max_backoff=10;init_buf_size=1024;max_buf_size=2048;max_name_len=16;lazy_connect=on;connect_timeout=4;request_timeout=5;\
         request_min_throughput=0;retry_timeout=0;retry_max_backoff_millis=10;delivery=at_most_once;\
         tcp_user_timeout=6;keepalive_idle=off;keepalive_interval=1000;keepalive_count=7;\
         user_agent=my app/1.0;tls_verify=on;tls_ca=pem_file;sender_pool_min=3;acquire_timeout_ms=0;\
         sender_pool_max=9;idle_timeout_ms=1;queue_max_bytes=1024",
    )
    .unwrap();
    let addrs: Vec<String> = s.addrs.iter().map(ToString::to_string).collect();
    assert_eq!(addrs, ["a:1", "[::1]:9000", "b.:9000"]);
    let Auth::Basic { username, password } = &s.auth else { panic!("{s:?}") };
    assert_eq!((username.as_str(), password.expose()), ("u", "p;w="));
    let tls = s.tls.as_ref().unwrap();
    assert_eq!(tls.roots, Roots::PemFile("/ca.pem".into()));
    assert_eq!(tls.client_cert, Some(("/c".into(), "/k".into())));
    let millis = Duration::from_millis;
    assert_eq!((s.auth_timeout, s.protocol_version), (millis(1), Some(ProtocolVersion::V2)));
    assert_eq!((s.auto_flush_rows, s.auto_flush_bytes), (Some(1), Some(2)));
    assert_eq!(s.auto_flush_interval, Some(millis(3)));
    assert!(s.auto_flush_timer);
    assert_eq!(s.auto_flush_max_backoff, millis(10));
    assert_eq!((s.init_buf_size, s.max_buf_size, s.max_name_len), (1024, 2048, Some(16)));
    assert_eq!(
        (s.lazy_connect, s.connect_timeout, s.request_timeout),
        (true, millis(4), millis(5))
    );
    assert_eq!((s.request_min_throughput, s.retry_timeout), (0, Duration::ZERO));
    assert_eq!((s.retry_max_backoff, s.delivery), (millis(10), Delivery::AtMostOnce));
    assert_eq!(s.user_agent_suffix.as_deref(), Some("my app/1.0"));
    assert_eq!((s.sender_pool_min, s.sender_pool_max, s.queue_max_bytes), (3, 9, 1024));
    assert_eq!((s.acquire_timeout, s.idle_timeout), (Duration::ZERO, millis(1)));
    assert_eq!((s.tcp_user_timeout, s.keepalive_idle), (Some(millis(6)), None));
    assert_eq!((s.keepalive_interval, s.keepalive_count), (millis(1000), 7));

    let s = settle(
        "tcp::addr=h;bind_interface=::1;send_timeout=9;tcp_user_timeout=off;username=k;token=d-_;token_x=x;token_y=y",
    )
    .unwrap();
    assert_eq!(s.send_timeout, Duration::from_millis(9));
    assert_eq!(s.tcp_user_timeout, None);
    assert_eq!(s.bind_interface, Some(Interface::Address("::1".parse().unwrap())));
    let Auth::Ecdsa { key_id, d, x, y } = &s.auth else { panic!("{s:?}") };
    assert_eq!([key_id, d.expose(), x, y], ["k", "d-_", "x", "y"]);
    let s = settle("http::addr=h;token=~a.b/c+==;auto_flush=off;auto_flush_rows=off").unwrap();
    let Auth::Bearer(token) = &s.auth else { panic!("{s:?}") };
    assert_eq!(token.expose(), "~a.b/c+==");
    let limits = (s.auto_flush_rows, s.auto_flush_bytes, s.auto_flush_interval);
    assert_eq!(limits, (None, None, None));
}

/// Of the two sizes of a pool, the one that was not given fits itself to the other.
#[test]
fn a_default_pool_size_gives_way() {
    let sizes = |conf: &str| {
        let s = settle(&format!("http::addr=h;{conf}")).unwrap();
        (s.sender_pool_min, s.sender_pool_max)
    };
    assert_eq!(sizes("sender_pool_min=6"), (6, 6));
    assert_eq!(sizes("sender_pool_min=0;sender_pool_max=1"), (0, 1));
    let e = settle("http::addr=h;sender_pool_min=3;sender_pool_max=2").unwrap_err();
    assert!(e.message().contains("is 3, more than \"sender_pool_max\", which is 2"), "{e}");
}

/// Each string is wrong in one way, and the message says what is wrong, and where.
#[test]
fn faults() {
    let cases = [
        (
            "ftp::addr=h",
            "\"protocol\" must be one of http, https, tcp, tcps, got \"ftp\" at position 0",
        ),
        (
            "WS::addr=h",
            "the protocol \"WS\" is not supported at position 0: use http, https, tcp or tcps",
        ),
        ("http::", "\"addr\" is missing"),
        ("http::addr=h;protocol=tcp", "\"protocol\" at position 13 is already given before \"::\""),
        ("http::addr=h;user=a;username=b", "\"username\" is given a second time at position 20"),
        (
            "http::addr=h;retry_timout=1",
            "unknown key \"retry_timout\" at position 13; did you mean \"retry_timeout\"?",
        ),
        ("http::addr=h;\u{7a}one=1", "unknown key \"zone\" at position 13"),
        (
            "http::tls_roots_password=x",
            "the key \"tls_roots_password\" at position 6 is not supported: a PEM file is not encrypted; leave it out",
        ),
        ("http::addr=", "\"addr\" is empty at position 11; leave the key out instead"),
        (
            "http::addr=h:0",
            "\"addr\" needs a port of 1 to 65535 after \":\", got \"h:0\" at position 11",
        ),
        ("http::addr=a,A:9000", "\"addr\" at position 6 names A:9000 twice"),
        ("http::addr=a;addr=b,A:9000", "\"addr\" at position 6 names A:9000 twice"),
        ("http::addr=a;addr=", "\"addr\" is empty at position 18; leave the key out instead"),
        ("http::addr=a;addr=b,", "\"addr\" has an empty entry, got \"b,\" at position 18"),
        (
            "http::addr=h;retry_timeout=2147483648",
            "\"retry_timeout\" must be 0 to 2147483647 milliseconds, got \"2147483648\" at position 27",
        ),
        (
            "http::addr=h;retry_timeout=99999999999999999999",
            "\"retry_timeout\" must be 0 to 2147483647 milliseconds, got \"99999999999999999999\" at position 27",
        ),
        (
            "http::addr=h;retry_timeout=+1",
            "\"retry_timeout\" must be 0 to 2147483647 milliseconds, got \"+1\" at position 27",
        ),
        (
            "http::addr=h;retry_timeout=off",
            "\"retry_timeout\" must be 0 to 2147483647 milliseconds, got \"off\" at position 27",
        ),
        (
            "http::addr=h;auto_flush_rows=0",
            "\"auto_flush_rows\" must be 1 to 2147483647 rows, or off, got \"0\" at position 29",
        ),
        (
            "http::addr=h;delivery=exactly_once",
            "\"delivery\" must be one of at_least_once, at_most_once, got \"exactly_once\" at position 22",
        ),
        (
            "http::addr=h;user_agent= a",
            "\"user_agent\" must be printable ASCII without outer blanks, got \" a\" at position 24",
        ),
        (
            "http::addr=h;user_agent=\u{e9}",
            "\"user_agent\" must be printable ASCII without outer blanks, got \"\u{e9}\" at position 24",
        ),
        (
            "tcp::addr=h;bind_interface=eth0/1",
            "\"bind_interface\" must be an IP address or an interface's name of at most 15 bytes, got \"eth0/1\" at position 27",
        ),
        (
            "http::addr=h;bind_interface=::1",
            "\"bind_interface\" at position 13 is only for tcp and tcps, not for http",
        ),
        (
            "tcp::addr=h;delivery=at_most_once",
            "\"delivery\" at position 12 is only for http and https, not for tcp",
        ),
        (
            "tcp::addr=h;password=p",
            "\"password\" at position 12 is only for http and https, not for tcp",
        ),
        (
            "http::addr=h;tls_cert=c",
            "\"tls_cert\" at position 13 is only for https and tcps, not for http",
        ),
        ("https::addr=h;tls_cert=c", "\"tls_cert\" at position 14 needs \"tls_key\""),
        ("https::addr=h;tls_key=c", "\"tls_key\" at position 14 needs \"tls_cert\""),
        (
            "tcps::addr=h;tls_ca=pem_file",
            "\"tls_ca\" at position 13 is \"pem_file\" but \"tls_roots\" names no file",
        ),
        (
            "tcps::addr=h;tls_ca=os_roots;tls_roots=f",
            "\"tls_roots\" at position 29 implies tls_ca=pem_file, but \"tls_ca\" is \"os_roots\"",
        ),
        (
            "http::addr=h;username=a:b;password=p",
            "\"username\" at position 13 holds a \":\", which HTTP basic authentication cannot carry",
        ),
        ("http::addr=h;username=u", "\"username\" at position 13 needs \"password\""),
        ("http::addr=h;password=u", "\"password\" at position 13 needs \"username\""),
        (
            "http::addr=h;password=u;token=t",
            "\"token\" at position 24 and \"username\" or \"password\" exclude each other",
        ),
        (
            "http::addr=h;token=a ",
            "\"token\" at position 13 has a blank at its beginning or end, which no HTTP header carries",
        ),
        (
            "tcp::addr=h;token=d;token_y=y",
            "\"token\" at position 12 needs \"username\": authentication over tcp takes username, token, token_x and token_y",
        ),
        (
            "tcp::addr=h;username=u;token=d;token_x=x=;token_y=y",
            "\"token_x\" at position 31 is not base64url without padding",
        ),
        (
            "http::addr=h;auto_flush=on;auto_flush_rows=off;auto_flush_interval=off",
            "\"auto_flush\" at position 13 is on but all of its limits are off",
        ),
        (
            "http::addr=h;auto_flush_bytes=104857601",
            "\"auto_flush_bytes\" at position 13 is 104857601, more than \"max_buf_size\", 104857600: it would never be reached",
        ),
        (
            "http::addr=h;max_buf_size=2000;init_buf_size=2001",
            "\"init_buf_size\" at position 31 is 2001, more than \"max_buf_size\", 2000",
        ),
    ];
    for (conf, want) in cases {
        let e = settle(conf).unwrap_err();
        assert_eq!((e.code(), e.message()), (ErrorCode::Config, want), "{conf}");
    }
    let verify_off = settle("https::addr=h;tls_verify=unsafe_off");
    if cfg!(feature = "insecure-skip-verify") {
        assert!(!verify_off.unwrap().tls.unwrap().verify);
    } else {
        let message = verify_off.unwrap_err().to_string();
        assert!(
            message.ends_with("this build lacks the cargo feature insecure-skip-verify"),
            "{message}"
        );
    }
}

/// Numbers are limited on both sides, and some defaults shrink to fit what was set.
#[test]
fn limits_and_shrinking_defaults() {
    let long = |n: usize| "a".repeat(n);
    let cases = [
        ("password", long(4096), long(4097)),
        ("user_agent", long(128), long(129)),
        ("max_name_len", "65535".into(), "65536".into()),
        ("max_buf_size", "1099511627776".into(), "1099511627777".into()),
        ("request_min_throughput", "1099511627776".into(), "1099511627777".into()),
        ("auth_timeout", "0".into(), "-1".into()),
        ("init_buf_size", "1".into(), "0".into()),
        ("max_name_len", "1".into(), "0".into()),
        ("max_buf_size", "1".into(), "0".into()),
        ("connect_timeout", "0001".into(), "0".into()),
        ("username", long(512), long(513)),
        ("token", long(16384), long(16385)),
        ("addr", ["a"; 64].join(","), ["a"; 65].join(",")),
    ];
    for (key, good, bad) in cases {
        let mut config = Config::new();
        config.set(key, &good).unwrap();
        let e = config.set(key, &bad).unwrap_err();
        assert!(e.message().starts_with(&format!("\"{key}\"")) && e.message().len() < 300, "{e}");
    }
    let s =
        settle("http::addr=h;max_buf_size=1024;request_timeout=10;auto_flush_bytes=1024").unwrap();
    assert_eq!((s.init_buf_size, s.max_buf_size), (1024, 1024));
    assert_eq!(s.connect_timeout, Duration::from_millis(10));
    let s = settle("http::addr=h;connect_timeout=7000;request_timeout=10").unwrap();
    assert_eq!(s.connect_timeout, Duration::from_millis(7000));
}

#[test]
fn key_by_key_in_any_order() {
    let mut config = Config::new();
    assert!(config.validate().unwrap_err().message().starts_with("\"protocol\" is missing"));
    config.set("pass", "a;b").unwrap();
    config.set("retry_timeout", "5").unwrap();
    config.set("protocol", "tcp").unwrap();
    config.set("addr", "a,b:1").unwrap();
    let e = config.validate().unwrap_err();
    assert_eq!(e.message(), "\"password\" is only for http and https, not for tcp");
    config.set("protocol", "Http").unwrap();
    config.set("username", "first").unwrap();
    config.set("user", "second").unwrap();
    for (key, value) in
        [("addr", "a:b"), ("user", ""), ("protocol", "x"), ("nope", "1"), ("user", "a\0")]
    {
        config.set(key, value).unwrap_err();
    }
    let s = config.validate().unwrap();
    let Auth::Basic { username, password } = &s.auth else { panic!("{s:?}") };
    assert_eq!((username.as_str(), password.expose()), ("second", "a;b"));
    assert_eq!((s.addrs[0].port, s.addrs[1].port), (9000, 1));

    // A string may be completed later, for example with a password from a vault; a value that is set replaces that of the
    // string.
    let mut config = Config::from_conf("http::addr=a;username=u;retry_timeout=1").unwrap();
    config.set("password", "p").unwrap();
    config.set("retry_timeout", "2").unwrap();
    assert_eq!(config.clone().validate().unwrap().retry_timeout, Duration::from_millis(2));
    for c in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        let e = config.set("password", &format!("ab{c}")).unwrap_err();
        assert_eq!(e.message(), "\"password\" has a control character at byte 2 of its value");
    }
}

/// What the child process of `from_env` must find. Without this variable there is no child.
const EXPECTED: &str = "CONFIG_TEST_EXPECTED";

/// The variable is set in a process of its own, because changing it here would disturb the other tests.
#[test]
fn from_env() {
    use std::ffi::OsStr;

    let child = |conf: Option<&OsStr>, expected: &str| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "config::from_env_in_a_child", "--nocapture"]);
        child.env(EXPECTED, expected).env_remove("QDB_CLIENT_CONF");
        if let Some(conf) = conf {
            child.env("QDB_CLIENT_CONF", conf);
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success() && text.contains("1 passed"), text)
    };
    let finds = |conf: Option<&OsStr>, expected: &str| {
        let (found, text) = child(conf, expected);
        assert!(found, "{conf:?}: {text}");
    };
    finds(Some("tcp::addr=[::1]:7;".as_ref()), "[::1]:7");
    finds(Some("tcp::addr=é;".as_ref()), "not ASCII");
    for end in ["\n", "\r\n", "\n\n"] {
        finds(Some(format!("tcp::addr=[::1]:7;{end}").as_ref()), "[::1]:7");
        finds(Some(format!("tcp::addr=[::1]:7{end}").as_ref()), "[::1]:7");
    }
    finds(Some("tcp::addr=[::1]:7\n;".as_ref()), "a printable character");
    finds(None, "the environment variable QDB_CLIENT_CONF is not set");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let bytes = OsStr::from_bytes(b"http::addr=\xff");
        finds(Some(bytes), "the environment variable QDB_CLIENT_CONF is not valid UTF-8");
    }
    // The child must fail if it finds something else.
    assert!(!child(None, "[::1]:7").0);
}

/// Does nothing unless it runs in the child process of the test above.
#[test]
fn from_env_in_a_child() {
    let Ok(expected) = std::env::var(EXPECTED) else { return };
    let found = match Config::from_env().and_then(|c| c.validate()) {
        Ok(s) => s.addrs[0].to_string(),
        Err(e) => e.to_string(),
    };
    assert!(found.contains(&expected), "found {found}, expected {expected}");
}

/// Generates text that is similar enough to a connection string to reach every case.
fn conf_like() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "http",
        "tcps",
        "::",
        ":",
        ";",
        ";;",
        "=",
        "addr",
        "username",
        "password",
        "token",
        "token_x",
        "tls_ca",
        "pem_file",
        "auto_flush",
        "off",
        "on",
        "retry_timeout",
        "1",
        "0",
        "[",
        "::1",
        "]",
        ",",
        "@",
        "/",
        "\n",
        "\u{85}",
        "é",
        "\u{feff}",
        "protocol",
        "protocol_version",
        "auto",
        "-",
    ]);
    let piece = prop_oneof![4 => words.prop_map(str::to_owned), 1 => ".{0,3}"];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn printable() -> impl Strategy<Value = String> {
    "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,24}"
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_gives_settings_or_one_line(conf in prop_oneof![conf_like(), ".*"], key in ".{0,8}") {
        let results = [settle(&conf).map(drop), Config::new().set(&conf, &key), Config::new().set("addr", &conf)];
        for e in results.into_iter().filter_map(Result::err) {
            prop_assert_eq!(e.code(), ErrorCode::Config);
            prop_assert!(!e.message().contains(char::is_control), "{}", e);
        }
    }

    #[test]
    fn escaped_text_comes_back(user in printable(), password in printable(), swap in any::<bool>()) {
        let user = user.replace(':', "=");
        let escape = |text: &str| text.replace(';', ";;");
        let mut pairs = [
            format!("username={}", escape(&user)),
            format!("password={}", escape(&password)),
            "addr=h".to_owned(),
        ];
        if swap {
            pairs.reverse();
        }
        let from_string = settle(&format!("http::{}", pairs.join(";"))).unwrap();
        let mut config = Config::new();
        for (key, value) in [("protocol", "http"), ("addr", "h"), ("username", &user), ("password", &password)] {
            config.set(key, value).unwrap();
        }
        for s in [from_string, config.validate().unwrap()] {
            let Auth::Basic { username, password: got } = &s.auth else { panic!("{s:?}") };
            prop_assert_eq!((username, got.expose()), (&user, &password[..]));
        }
    }

    /// A secret, with anything around and inside it, without escapes, in a string that is valid, invalid or cut.
    #[test]
    fn secrets_are_never_shown(
        secret in proptest::collection::vec(proptest::sample::select(vec![
            CANARY, CANARY, ";cANARy=", ";", ";;", "=", "\n", "\u{85}", "::", " ", "@", "é", "a", ":", ",", "/",
        ]), 1..6).prop_map(|p| p.concat()),
        key in proptest::sample::select(vec!["password", "pass", "token", "token_x", "token_y"]),
        head in proptest::sample::select(vec!["http::addr=h;", "tcps::", "https::username=u;", "http::username=u;addr=h;", "tcp::", "ws::", ""]),
        tail in proptest::sample::select(vec!["", ";", ";addr=h;username=u;", ";zone=1", ";token=t;username=u;token_x=x;token_y=y;addr=x:1", "\0"]),
    ) {
        let conf = format!("{head}{key}={secret}{tail}");
        let mut shown = String::new();
        for config in [Config::from_conf(&conf), {
            let mut config = Config::from_conf("tcp::addr=h").unwrap();
            config.set(key, &secret).map(|()| config)
        }] {
            shown += &format!("{config:?}");
            shown += &match config.and_then(|c| c.validate()) {
                Ok(settings) => format!("{settings:?}"),
                Err(e) => format!("{e} {e:?}"),
            };
        }
        // If it is the address of a URL with credentials, it is refused without being repeated as well.
        let url = settle(&format!("http::addr=u:{CANARY}@h")).unwrap_err();
        shown += url.message();
        prop_assert!(!shown.contains(CANARY), "{} -> {}", conf, shown);
    }
}

const CANARY: &str = "cANARy";

#[test]
fn good_secrets_are_not_shown_either() {
    for conf in [
        "http::addr=h;username=user1;password=cANARy",
        "http::addr=h;token=cANARy",
        "tcp::addr=h;username=user1;token=cANARy;token_x=cANARy1;token_y=cANARy2",
    ] {
        let config = Config::from_conf(conf).unwrap();
        let shown = format!("{config:?} {:?}", config.validate().unwrap());
        assert!(!shown.contains(CANARY), "{shown}");
        assert_eq!(shown.contains("user1"), conf.contains("user1"), "{shown}");
    }
}
