//! Takes any text as a connection string. It gives settings, or an error that names a place in it and never a piece of a
//! secret; setting its options one by one gives the same; and nothing of it can add a line to the head of a request.

#![no_main]

use std::sync::LazyLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use questdb_ingress::config::{Auth, Protocol, Settings};
use questdb_ingress::fuzzing::{End, Script, Server};
use questdb_ingress::{Config, Error, ErrorCode};
use questdb_ingress_fuzz::checks::assert_error;
use questdb_ingress_fuzz::conf::{Pair, pairs, secret_windows};

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Checks that an error of the configuration names a place in it.
fn assert_config_error(e: &Error, conf: &str) {
    assert_error(e);
    assert_eq!(e.code(), ErrorCode::Config, "{e}");
    // Quoted values may contain these words too; ours are the last.
    if let Some((_, after)) = e.message().rsplit_once(" at position ") {
        let digits = after.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        if let Ok(at) = digits.parse::<usize>() {
            assert!(at <= conf.len(), "{at} of {}: {e}", conf.len());
            assert!(conf.is_char_boundary(at), "{at}: {e}");
        }
    }
}

fn assert_hidden(text: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!text.contains(secret), "{secret:?} is in {text:?}");
    }
}

fn assert_sound(settings: &Settings) {
    assert!(!settings.addrs.is_empty() && settings.addrs.iter().all(|addr| addr.port > 0));
    assert!(settings.init_buf_size <= settings.max_buf_size);
    assert_eq!(settings.tls.is_some(), settings.protocol.is_tls());
    assert!(settings.auto_flush_bytes.is_none_or(|b| b <= settings.max_buf_size as u64));
    assert!(settings.bind_interface.is_none() || !settings.protocol.is_http());
    match &settings.auth {
        Auth::Basic { .. } | Auth::Bearer(_) => assert!(settings.protocol.is_http()),
        Auth::Ecdsa { .. } => assert!(!settings.protocol.is_http()),
        _ => {}
    }
}

/// Checks that the same options set one by one make the same configuration.
fn assert_same_by_set(config: &Config, service: &str, pairs: &[Pair]) {
    let mut other = Config::new();
    other.set("protocol", service).unwrap();
    // Addresses add up in a string, but `set` replaces them.
    let addrs: Vec<&str> =
        pairs.iter().filter(|pair| pair.key == "addr").map(|pair| pair.value.as_str()).collect();
    for pair in pairs {
        let list = (pair.key == "addr").then(|| addrs.join(","));
        other.set(&pair.key, list.as_ref().unwrap_or(&pair.value)).unwrap();
    }
    assert_eq!(format!("{other:?}"), format!("{config:?}"));
    assert_eq!(other.validate().is_ok(), config.validate().is_ok());
}

/// Sends a row over plain HTTP, and checks that the head has its lines and no others.
fn assert_head(config: &Config, settings: &Settings) {
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let (pieces, early, end) = (Vec::new(), None, End::Silent);
    let server = Server::new(Script { answers: vec![answer; 2], pieces, early, end }, *EPOCH);
    let Ok((204, 0)) = server.post(config, b"t x=1i\n") else { panic!("not sent: {settings:?}") };
    let sent = String::from_utf8(server.received()).unwrap();
    let head = sent.strip_suffix("\r\n\r\nt x=1i\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /write?precision=n HTTP/1.1"));
    let mut names = vec!["host", "user-agent", "accept"];
    if !matches!(settings.auth, Auth::None) {
        names.push("authorization");
    }
    names.extend(["content-type", "content-length"]);
    for name in names {
        let line = lines.next().unwrap();
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
        assert!(value.is_some_and(|value| !value.contains(char::is_control)), "{line:?}");
    }
    assert_eq!(lines.next(), None, "{head:?}");
}

fuzz_target!(|data: &[u8]| {
    let Ok(conf) = std::str::from_utf8(data) else { return };
    let (service, pairs) = pairs(conf);
    let secrets = secret_windows(conf);
    let config = match Config::from_conf(conf) {
        Ok(config) => config,
        Err(e) => {
            assert_config_error(&e, conf);
            return assert_hidden(&format!("{e:?}"), &secrets);
        }
    };
    assert_hidden(&format!("{config:?}"), &secrets);
    assert_same_by_set(&config, service, &pairs.expect("a grammar of one's own reads it too"));
    match config.validate() {
        Ok(settings) => {
            assert_hidden(&format!("{settings:?}"), &secrets);
            assert_sound(&settings);
            if settings.protocol == Protocol::Http && settings.init_buf_size <= 1 << 20 {
                assert_head(&config, &settings);
            }
        }
        Err(e) => {
            assert_config_error(&e, conf);
            assert_hidden(&format!("{e:?}"), &secrets);
        }
    }
});
