//! The environment variables of a process do not affect the library: a sender does the same whatever they are. Tested from C,
//! whose process contains nothing else of Rust.

use std::time::Instant;

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome};

use questdb_ingress_testkit::certificates::{authority, good_server, trust};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::scratch_folder;

use crate::case::said;
use crate::client::{CSide, Language, Side};
use crate::report::{Row, row_test};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = Vec::new();
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        for roots in ["", "tls_ca=os_roots;", "tls_ca=webpki_and_os_roots;"] {
            let said = if roots.is_empty() { "tls_ca not set" } else { roots };
            let what = format!("{name}, {said}");
            let row = what.clone();
            tests.push(row_test("E1", &what, Language::C, move || {
                names_an_authority(row, name, roots)
            }));
        }
    }
    // The variable with which Rust programs set the size of a thread's stack.
    for (stack, size) in [
        ("9999999999999999", "more than can be had"),
        ("1", "too little to resolve a name"),
        ("-1", "no number"),
    ] {
        let what = format!("22 variables, a stack of {size}");
        let row = what.clone();
        tests.push(row_test("E2", &what, Language::C, move || is_hostile(row, stack)));
    }
    tests
}

fn https(server: &FaultServer, more: &str) -> String {
    format!("https::addr=localhost:{};protocol_version=1;{more}", server.addr().port())
}

/// A certificate authority that the environment names is not one that the configuration trusts.
fn names_an_authority(what: String, variable: &str, roots: &str) -> Row {
    let server = FaultServer::start(Some(good_server()), script(Peer::serve));
    let (file, folder) = (&authority().file, scratch_folder().join("trusted-by-environment"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(file, folder.join("authority.pem")).unwrap();
    let path = if variable == "SSL_CERT_DIR" { &folder } else { file };
    let begin = Instant::now();
    let mut side = CSide::start(100, |command| {
        command.env(variable, path);
    });
    let code = match side.open(&https(&server, roots)).and_then(|()| side.flush()) {
        Err(e) if e.code() == ErrorCode::Tls && e.outcome() == Outcome::NotSent => e.code(),
        // This machine has no authorities of its own.
        Err(e) if e.code() == ErrorCode::Config && roots == "tls_ca=os_roots;" => e.code(),
        other => panic!("{other:?}"),
    };
    let mut row = Row::right("E1", &what, Language::C, begin.elapsed());
    row.outcome = said(Outcome::NotSent, code);
    row.wrong.extend(side.end());
    assert!(server.committed().is_empty());
    row
}

/// No keys are logged, nothing is printed, and the variables have no other effect.
fn is_hostile(what: String, stack: &str) -> Row {
    let server = FaultServer::start(Some(good_server()), script(Peer::serve));
    let log = scratch_folder().join(format!("keys-must-not-be-here-{stack}.log"));
    let _ = std::fs::remove_file(&log);
    let hostile = [
        ("SSLKEYLOGFILE", log.to_str().unwrap()),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("OPENSSL_CONF", "/nonexistent"),
        ("QDB_CLIENT_CONF", "http::addr=127.0.0.1:1;bogus=1;"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
        ("RUST_LIB_BACKTRACE", "1"),
        ("MALLOC_PERTURB_", "165"),
        ("MALLOC_CHECK_", "3"),
        ("MALLOC_ARENA_MAX", "1"),
        ("LANG", "xx_XX.UTF-16"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("LANGUAGE", "nowhere"),
        ("TZ", ":/nonexistent"),
        ("TMPDIR", "/nonexistent"),
        ("RES_OPTIONS", "timeout:1 attempts:1 rotate"),
        ("LOCALDOMAIN", "example.invalid"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("https_proxy", "http://127.0.0.1:1"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
    ];
    let begin = Instant::now();
    let mut side = CSide::start(100, |command| {
        command.env_clear().envs(hostile).env("RUST_MIN_STACK", stack);
    });
    side.open(&https(&server, &trust())).unwrap();
    assert_eq!(side.flush().unwrap(), Outcome::Committed);
    let mut row = Row::right("E2", &what, Language::C, begin.elapsed());
    row.wrong.extend(side.end());
    (row.requests, row.committed) = (server.requests(), server.committed().len());
    row.outcome = "COMMITTED".into();
    assert_eq!(row.committed, 1);
    assert!(!log.exists(), "the keys of a session were logged");
    row
}
