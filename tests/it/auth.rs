//! Credentials: what is sent, what a refusal looks like, and that no secret is shown anywhere.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use questdb_ingress::{ErrorCode, Outcome, Sender};

use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::rows;

/// Starts a server that accepts one `Authorization` header, also for `/settings`.
fn guarded(expected: String) -> FaultServer {
    FaultServer::start(
        None,
        script(move |peer: &mut Peer| {
            while let Some(head) = peer.request_head() {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |n| n.parse().unwrap());
                let Some(body) = peer.read_exactly(length) else { return };
                if !head.contains(&format!("\r\nauthorization: {expected}\r\n")) {
                    peer.answer("401 Unauthorized", "", "who are you?");
                } else if head.starts_with("GET /settings ") {
                    peer.answer(
                        "200 OK",
                        "content-type: application/json\r\n",
                        r#"{"config":{"line.proto.support.versions":[1,2]}}"#,
                    );
                } else {
                    peer.commit(&body);
                    peer.say("HTTP/1.1 204 No Content\r\n\r\n");
                }
            }
        }),
    )
}

#[test]
fn http_credentials() {
    let basic = format!("Basic {}", BASE64_STANDARD.encode("jöe:sec;ret"));
    let table = [
        (basic, "username=jöe;password=sec;;ret;", "username=joe;password=canary;"),
        ("Bearer t0ken.a-b_c".into(), "token=t0ken.a-b_c;", "token=canary;"),
    ];
    for (header, right, wrong) in table {
        let server = guarded(header);
        let mut sender =
            Sender::from_conf(&format!("http::addr={};{right}", server.addr())).unwrap();
        assert_eq!(sender.protocol_version() as u8, 2, "credentials are sent to /settings too");
        assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
        assert_eq!(server.committed().len(), 1);

        for conf in [wrong, ""] {
            let addr = server.addr();
            let e = Sender::from_conf(&format!("http::addr={addr};{conf}")).unwrap_err();
            assert_eq!((e.code(), e.http_status()), (ErrorCode::Auth, Some(401)), "{e:?}");
            assert!(!e.is_retryable() && !format!("{e:?}").contains("canary"), "{e:?}");
            let conf = format!("http::addr={addr};protocol_version=1;{conf}");
            let mut sender = Sender::from_conf(&conf).unwrap();
            let mut buffer = rows(100);
            let e = sender.flush(&mut buffer).unwrap_err();
            assert_eq!((e.code(), e.outcome()), (ErrorCode::Auth, Outcome::Rejected));
            let shown = format!("{e:?} {sender:?} {:?} {buffer:?}", sender.stats());
            assert!(!shown.contains("canary"), "{shown}");
        }
        assert_eq!(server.committed().len(), 1);
    }
}

mod with_receiver {
    use std::time::{Duration, Instant};

    use questdb_ingress::{ErrorCode, Outcome, Sender};
    use questdb_receiver::{Listener, Receiver};

    use questdb_ingress_testkit::certificates::{authority, trust};
    use questdb_ingress_testkit::questdb::{KEY_D, KEY_ID, KEY_X, KEY_Y};

    const PATIENCE: Duration = Duration::from_secs(20);

    fn send(sender: &mut Sender) -> questdb_ingress::Result<Outcome> {
        let mut buffer = sender.new_buffer()?;
        buffer.table("trades")?.symbol("side", "buy")?.column_f64("price", 2615.54)?;
        buffer.at_nanos(1_646_762_637_609_765_000)?;
        sender.flush(&mut buffer)
    }

    #[test]
    fn ecdsa_over_tcp_and_tcps() {
        let leaf = authority().server();
        for tls in [false, true] {
            let builder = Receiver::builder().auth_ecdsa(KEY_ID, KEY_X, KEY_Y);
            let (receiver, trust) = if tls {
                let builder = builder.tls(leaf.cert.as_bytes(), leaf.key.as_bytes());
                (builder.start().unwrap(), trust())
            } else {
                (builder.start().unwrap(), String::new())
            };
            let conf = receiver.conf(Listener::Tcp);
            let key = format!("token={KEY_D};token_x={KEY_X};token_y={KEY_Y};{trust}");
            let mut sender = Sender::from_conf(&format!("{conf}username={KEY_ID};{key}")).unwrap();
            assert_eq!(send(&mut sender).unwrap(), Outcome::Submitted);
            assert!(sender.close(PATIENCE).result.is_ok());
            assert_eq!(receiver.wait_for_rows("trades", 1, PATIENCE).unwrap().row_count(), 1);

            // The server closes without a message. A flush finds that, at the latest one of the next.
            let result = Sender::from_conf(&format!("{conf}username=stranger;{key}")).and_then(
                |mut sender| {
                    let until = Instant::now() + PATIENCE;
                    while Instant::now() < until {
                        send(&mut sender)?;
                    }
                    Ok(())
                },
            );
            let e = result.unwrap_err();
            assert!(matches!(e.code(), ErrorCode::Auth | ErrorCode::Connection), "{e:?}");
            assert!(!format!("{e:?}").contains(KEY_D), "{e:?}");
            assert_eq!(receiver.table("trades").unwrap().row_count(), 1);
        }
    }

    #[test]
    fn https_basic_and_bearer() {
        let leaf = authority().server();
        let receiver = Receiver::builder()
            .tls(leaf.cert.as_bytes(), leaf.key.as_bytes())
            .auth_basic("admin", "quest")
            .auth_bearer("t0ken")
            .start()
            .unwrap();
        for auth in ["username=admin;password=quest;", "token=t0ken;"] {
            let conf = format!("{}{auth}{}", receiver.conf(Listener::Http), trust());
            let mut sender = Sender::from_conf(&conf).unwrap();
            assert_eq!(send(&mut sender).unwrap(), Outcome::Committed);
        }
        assert_eq!(receiver.table("trades").unwrap().row_count(), 2);
        let conf = format!("{}token=wrong;{}", receiver.conf(Listener::Http), trust());
        let e = Sender::from_conf(&conf).and_then(|mut sender| send(&mut sender)).unwrap_err();
        assert_eq!((e.code(), e.is_retryable()), (ErrorCode::Auth, false), "{e:?}");
        assert_eq!(receiver.table("trades").unwrap().row_count(), 2);
    }
}

/// After closing and dropping, no copy of a secret is left in the memory of the process. A child process examines its own
/// memory.
#[cfg(target_os = "linux")]
mod memory {
    use std::io::{Read, Seek, SeekFrom};
    use std::process::Command;
    use std::time::Duration;

    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
    use questdb_ingress::Sender;
    use zeroize::{Zeroize, Zeroizing};

    use questdb_ingress_testkit::certificates::{good_server, trust};
    use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
    use questdb_ingress_testkit::questdb::{KEY_D, KEY_X, KEY_Y};
    use questdb_ingress_testkit::rows;

    /// The environment variable with the addresses of the servers: http, https, tcp with a login.
    const ADDRS: &str = "FAULT_TEST_SECRETS_ADDRS";
    const ROOTS: &str = "FAULT_TEST_SECRETS_ROOTS";
    /// Masks what is searched for, so that the search does not find its own pattern.
    const MASK: u8 = 0x5a;

    /// Asks for a login as QuestDB does, and accepts every signature.
    fn log_in(peer: &mut Peer) {
        peer.read_line();
        peer.say("challenge\n");
        peer.read_line();
        let rows = peer.read_to_end();
        peer.commit(&rows);
    }

    #[test]
    fn no_secret_stays_in_memory() {
        let servers = [
            FaultServer::start(None, script(Peer::serve)),
            FaultServer::start(Some(good_server()), script(Peer::serve)),
            FaultServer::start(None, script(log_in)),
        ];
        let addrs = servers.each_ref().map(|server| server.addr().to_string()).join(",");
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "auth::memory::in_a_child", "--nocapture"]);
        let output = child.env(ADDRS, addrs).env(ROOTS, trust()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
        assert_eq!(servers.each_ref().map(|server| server.committed().len()), [2, 2, 1]);
    }

    /// What else is derived from a secret and must not be found, masked.
    enum Made {
        /// The second part of `Basic`, which is the base64 of name and password.
        Basic,
        /// The bytes of a key.
        Bytes,
        /// Nothing else is derived.
        Same,
    }

    /// Does nothing unless it runs in the child process of the test above.
    #[test]
    fn in_a_child() {
        let Ok(addrs) = std::env::var(ADDRS) else { return };
        let roots = std::env::var(ROOTS).unwrap();
        let addrs: Vec<&str> = addrs.split(',').collect();
        let version = "protocol_version=1;";
        let https = addrs[1].replace("127.0.0.1", "localhost");
        let https = format!("https::addr={https};{version}{roots}");
        let http = format!("http::addr={};{version}", addrs[0]);
        let key =
            format!("tcp::addr={};username=k;token_x={KEY_X};token_y={KEY_Y};token=", addrs[2]);
        let uses = [
            (format!("{http}username=u;password="), Made::Basic),
            (format!("{http}token="), Made::Same),
            (format!("{https}username=u;password="), Made::Basic),
            (format!("{https}token="), Made::Same),
            (key, Made::Bytes),
        ];
        for (before, made) in uses {
            let masked: Vec<u8> = match made {
                Made::Bytes => KEY_D.bytes().map(|b| b ^ MASK).collect(),
                _ => (0..24).map(|i| (b'a' + (i * 7 + 3) % 26) ^ MASK).collect(),
            };
            let other = use_secret(&before, &masked, &made);
            // The allocator writes its own data to the beginning of freed memory, so the ends are searched for.
            let copies = (find(&masked[12..]), find(&other[other.len() / 2..]));
            let none = (Vec::<String>::new(), Vec::new());
            assert_eq!(copies, none, "copies of the secret and of what is made of it: {before}");
        }
        // The search must find a secret that is still there.
        let kept = std::hint::black_box("a-secret-that-is-kept-alive".to_owned());
        let masked: Vec<u8> = kept.bytes().map(|b| b ^ MASK).collect();
        assert!(!find(&masked).is_empty());
        // This keeps the compiler from dropping it earlier.
        std::hint::black_box(&kept);
    }

    /// Sends with the secret. Returns, masked, what is derived from it and must not be found either.
    fn use_secret(before: &str, masked: &[u8], made: &Made) -> Vec<u8> {
        let mut conf = Zeroizing::new(String::with_capacity(512));
        conf.push_str(before);
        let start = conf.len();
        masked.iter().for_each(|b| conf.push(char::from(b ^ MASK)));
        let mut pair = Zeroizing::new(String::with_capacity(64));
        pair.push_str("u:");
        pair.push_str(&conf[start..]);
        let other = Zeroizing::new(match made {
            Made::Basic => BASE64_STANDARD.encode(pair.as_bytes()).into_bytes(),
            Made::Bytes => BASE64_URL_SAFE_NO_PAD.decode(&pair[2..]).unwrap(),
            Made::Same => pair[2..].as_bytes().to_vec(),
        });
        conf.push(';');
        let mut sender = Sender::from_conf(&conf).unwrap();
        conf.zeroize();
        sender.flush(&mut rows(100)).unwrap();
        assert!(sender.close(Duration::from_secs(5)).result.is_ok());
        drop(sender);
        other.iter().map(|b| b ^ MASK).collect()
    }

    /// Returns where the masked text occurs unmasked in writable memory.
    fn find(masked: &[u8]) -> Vec<String> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut found = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            if !rights.starts_with("rw") || line.ends_with("[vvar]") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let start = u64::from_str_radix(start, 16).unwrap();
            let size = u64::from_str_radix(end, 16).unwrap() - start;
            let mut copy = Vec::with_capacity(size as usize + 64);
            if memory.seek(SeekFrom::Start(start)).is_err()
                || memory.by_ref().take(size).read_to_end(&mut copy).is_err()
            {
                continue;
            }
            let first = masked[0] ^ MASK;
            for at in 0..copy.len().saturating_sub(masked.len()) {
                if copy[at] == first && masked.iter().zip(&copy[at..]).all(|(m, b)| m ^ MASK == *b)
                {
                    found.push(format!("{line} at {at}"));
                }
            }
            copy.zeroize();
        }
        found
    }
}
