//! The environment of a process is not the library's: whatever stands in it, a sender does the same. Seen from C, whose process
//! has nothing else of Rust in it.

use std::path::Path;
use std::time::Instant;

use questdb_ingress::{ErrorCode, Outcome};

use crate::support::fault_case::show;
use crate::support::fault_client::{CSide, Language, Side};
use questdb_ingress_testkit::certificates::{authority, good_server, trust};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};

fn https(server: &FaultServer, more: &str) -> String {
    format!("https::addr=localhost:{};protocol_version=1;{more}", server.addr().port())
}

/// An authority that the environment names is not one that the configuration trusts.
#[test]
fn no_authority_comes_from_the_environment() {
    let server = FaultServer::start(Some(good_server()), script(Peer::serve));
    let file = &authority().file;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trusted-by-environment");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(file, folder.join("authority.pem")).unwrap();
    for (name, path) in [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", &folder)] {
        for roots in ["", "tls_ca=os_roots;", "tls_ca=webpki_and_os_roots;"] {
            let begin = Instant::now();
            let mut side = CSide::start(100, |command| {
                command.env(name, path);
            });
            match side.open(&https(&server, roots)).and_then(|()| side.flush()) {
                Err(e) if e.code() == ErrorCode::Tls && e.outcome() == Outcome::NotSent => {}
                // A machine without any authority of its own.
                Err(e) if e.code() == ErrorCode::Config && roots == "tls_ca=os_roots;" => {}
                other => panic!("{name} {roots}: {other:?}"),
            }
            assert_eq!(side.end(), None);
            let roots = if roots.is_empty() { "tls_ca not set" } else { roots };
            show("E1", Language::C, &format!("{name}, {roots}"), begin.elapsed(), "NOT_SENT TLS");
        }
    }
    assert!(server.committed().is_empty());
}

/// Keys are not logged, nothing is printed, and nothing else is made of what stands in the environment.
#[test]
fn nothing_of_a_hostile_environment_is_heeded() {
    let server = FaultServer::start(Some(good_server()), script(Peer::serve));
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys-must-not-be-here.log");
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
    // The size of a thread's stack: too large to be had, too small to resolve a name, no number.
    for stack in ["9999999999999999", "1", "-1"] {
        let begin = Instant::now();
        let mut side = CSide::start(100, |command| {
            command.env_clear().envs(hostile).env("RUST_MIN_STACK", stack);
        });
        side.open(&https(&server, &trust())).unwrap();
        assert_eq!(side.flush().unwrap(), Outcome::Committed);
        assert_eq!(side.end(), None);
        let what = format!("22 variables, RUST_MIN_STACK={stack}");
        show("E2", Language::C, &what, begin.elapsed(), "COMMITTED");
    }
    assert_eq!(server.committed().len(), 3);
    assert!(!log.exists(), "the keys of a session were logged");
}
