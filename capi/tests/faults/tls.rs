//! TLS: which servers are trusted and which are not, and that every doubt is an error with its own code; over HTTPS and over
//! TCPS.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use questdb_ingress::{ErrorCode, Outcome, Sender};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};

use crate::case::{self, Case};
use crate::plain;
use questdb_ingress_testkit::certificates::{
    authority, good_server, raw_server, self_signed, self_signed_authority, server_config,
    stranger, trust, write_file,
};
use questdb_ingress_testkit::fault_server::Peer;
use questdb_ingress_testkit::raw_tls::{ALERTS, fatal, hello_request};
use questdb_ingress_testkit::scratch_folder;

pub(crate) fn tests() -> Vec<Trial> {
    let mut cases = matrix();
    cases.extend(handshakes());
    cases.extend(streams_within_tls());
    cases.extend(alerts_after_the_request());
    cases.extend(alerts_about_a_certificate_that_was_asked_for());
    cases.extend(messages_about_tls_advise());
    cases.extend(certificate_files());
    let mut tests: Vec<Trial> = case::tests(cases).collect();
    let pairs = certificate_and_key_of_different_pairs;
    tests.push(plain("tls::certificate_and_key_of_different_pairs", pairs));
    tests
}

/// The alert of a server that supports no TLS version of the client.
const OLD_VERSION_ALERT: &[u8] = &[0x15, 3, 2, 0, 2, 2, 70];

fn serve(http: bool) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        if http {
            peer.serve();
        } else {
            let all = peer.read_to_end();
            peer.commit(&all);
        }
    }
}

fn all_versions(leaf: &questdb_ingress_testkit::certificates::Leaf) -> Arc<ServerConfig> {
    server_config(leaf, rustls::ALL_VERSIONS, None)
}

/// The servers of the matrix that send a certificate, and whether they must be trusted.
fn servers() -> Vec<(&'static str, &'static str, Arc<ServerConfig>, bool)> {
    let ca = authority();
    let names = &["localhost"];
    let past = ca.leaf(names, |p| p.not_after = date_time_ymd(2021, 1, 1));
    let future = ca.leaf(names, |p| p.not_before = date_time_ymd(2100, 1, 1));
    let wrong_use =
        ca.leaf(names, |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let good = ca.server();
    vec![
        ("S1", "expired", all_versions(&past), false),
        ("S2", "not yet valid", all_versions(&future), false),
        ("S3", "of another host", all_versions(&ca.leaf(&["example.com"], |_| {})), false),
        ("S5", "self-signed", all_versions(&self_signed()), false),
        ("S6", "of an unknown authority", all_versions(&stranger().server()), false),
        ("S7", "for clients only", all_versions(&wrong_use), false),
        ("S9", "TLS 1.2 only", server_config(&good, &[&TLS12], None), true),
        ("S10", "TLS 1.3 only", server_config(&good, &[&TLS13], None), true),
    ]
}

fn finish(case: Case, http: bool, good: bool) -> Case {
    let case = case.conf(&trust());
    if good {
        return case;
    }
    let case = case.fails(ErrorCode::Tls, Outcome::NotSent).within(300);
    case.also("permanent", move |r| {
        let e = r.error();
        !e.is_retryable() && r.connections == 1 && (!http || e.attempts() == 1)
    })
}

fn over(http: bool, case: Case) -> Case {
    if http { case } else { case.tcp() }
}

fn matrix() -> Vec<Case> {
    let mut cases = Vec::new();
    for http in [true, false] {
        for (id, what, server, good) in servers() {
            let case = over(http, Case::new(id, what, serve(http))).tls(server);
            cases.push(finish(case, http, good));
        }
        let case = over(
            http,
            Case::new("S8", "TLS 1.1 only", |peer| {
                peer.read_exactly(100);
                peer.say(OLD_VERSION_ALERT);
                peer.read_to_end();
            }),
        );
        cases.push(finish(case.tls_client_only(), http, false));
        cases.push(client_certificate(http, true));
        cases.push(client_certificate(http, false));
        cases.push(ip_address(http));
    }
    cases
}

/// S4: the configuration has an address instead of a name.
fn ip_address(http: bool) -> Case {
    let case = over(http, Case::new("S4", "by IP address", serve(http)));
    finish(case.tls(good_server()), http, true).act(move |client| {
        let scheme = if http { "https" } else { "tcps" };
        let version = if http { "protocol_version=1;" } else { "" };
        let addr = client.server.addr();
        client.open_with(&format!("{scheme}::addr={addr};{version}{}", trust()))?;
        client.flush()
    })
}

/// S11: the server requires a certificate of the client.
fn client_certificate(http: bool, have: bool) -> Case {
    let what = if have { "with a client certificate" } else { "without a client certificate" };
    let server = server_config(&authority().server(), rustls::ALL_VERSIONS, Some(authority()));
    let case = over(http, Case::new("S11", what, serve(http))).tls(server);
    if have {
        let leaf = authority().leaf(&["client"], |p| {
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
        });
        let (cert, key) = (write_file(&leaf.cert), write_file(&leaf.key));
        let conf = format!("tls_cert={};tls_key={};", cert.display(), key.display());
        return finish(case, http, true).conf(&conf);
    }
    let case = finish(case, http, false);
    if http {
        return case;
    }
    // With TLS 1.3 the client's handshake ends before the server checks the certificate: a later flush reports the refusal.
    case.act(|client| {
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while std::time::Instant::now() < until {
            client.flush_copy()?;
        }
        client.flush()
    })
    .within(10_000)
}

fn handshakes() -> Vec<Case> {
    let mut cases = Vec::new();
    for http in [true, false] {
        let limit = if http {
            "request_timeout=400;retry_timeout=0;connect_timeout=400;"
        } else {
            "connect_timeout=400;"
        };
        let dripped = |peer: &mut Peer| {
            peer.read_exactly(5);
            peer.drip([&[0x16, 3, 3, 0x40, 0][..], &[1; 100]].concat(), Duration::from_millis(50));
        };
        let case = over(http, Case::new("S12", "handshake dripped", dripped));
        let timed_out = |case: Case| {
            case.tls_client_only()
                .conf(&trust())
                .conf(limit)
                .fails(ErrorCode::Timeout, Outcome::NotSent)
                .within(400)
        };
        cases.push(timed_out(case));
        let case = over(http, Case::new("S13", "handshake never answered", |peer| peer.hold()));
        cases.push(timed_out(case));
        let plain = |peer: &mut Peer| {
            peer.read_exactly(50);
            peer.answer("400 Bad Request", "", "what is this?");
            peer.read_to_end();
        };
        let case = over(http, Case::new("S14", "TLS client, plain server that answers", plain));
        cases.push(
            case.tls_client_only()
                .conf(&trust())
                .fails(ErrorCode::Tls, Outcome::NotSent)
                .within(100)
                .also("says so", |r| r.error().message().contains("does not speak TLS")),
        );
        let closes = |peer: &mut Peer| {
            peer.read_exactly(50);
        };
        let case = over(http, Case::new("S14", "TLS client, plain server that closes", closes));
        let case = if http { case.conf("retry_timeout=0;") } else { case };
        cases.push(
            case.tls_client_only()
                .conf(&trust())
                .fails(ErrorCode::Tls, Outcome::NotSent)
                .within(100)
                .also("says so", |r| r.error().message().contains("may not speak TLS")),
        );
    }
    // The alerts that rustls and OpenSSL send when they receive something that is not TLS.
    cases.push(
        Case::new("S14", "plain HTTP client, TLS server", |peer| {
            peer.request_head();
            peer.say([0x15, 3, 1, 0, 2, 2, 10]);
        })
        .fails(ErrorCode::Tls, Outcome::NotSent)
        .within(100)
        .also("says so", |r| r.error().message().contains("use https")),
    );
    cases.push(
        Case::new("S14", "plain TCP client, TLS server", |peer| {
            peer.read_exactly(10);
            peer.say([0x15, 3, 1, 0, 2, 2, 10]);
            peer.half_close();
            peer.note("said");
            peer.hold();
        })
        .tcp()
        .act(|client| {
            client.flush_copy()?;
            client.server.wait_for_notes("said", 1);
            // A stream is listened to once in a tick of the clock, which is a hundredth of a second where it is longest.
            std::thread::sleep(Duration::from_millis(30));
            client.flush()
        })
        .fails(ErrorCode::Tls, Outcome::NotSent)
        .also("says so", |r| r.error().message().contains("use tcps")),
    );
    cases
}

/// Faults inside an established session: the results are those without TLS.
fn streams_within_tls() -> Vec<Case> {
    let tls = || good_server();
    let https = |case: Case| case.tls(tls()).conf(&trust());
    let once = |case: Case| https(case).conf("retry_timeout=0;");
    let cases = vec![
        https(Case::new("TLS1", "kept connection, 3 flushes", Peer::serve))
            .act(|client| {
                client.flush_copy()?;
                client.flush_copy()?;
                client.flush()
            })
            .also("one connection", |r| (r.connections, r.committed) == (1, 3)),
        https(Case::new("TLS2", "8 MB", Peer::serve)).bytes(8 << 20).within(5000),
        once(Case::new("TLS3", "200 cut off without close_notify", |peer| {
            peer.request();
            peer.say("HTTP/1.1 200 OK\r\n\r\n");
            peer.half_close();
        }))
        .fails(ErrorCode::Connection, Outcome::InDoubt),
        once(Case::new("TLS4", "400 cut off without close_notify", |peer| {
            peer.request();
            peer.say("HTTP/1.1 400 Bad\r\n\r\nhalf of the mess");
            peer.half_close();
        }))
        .fails(ErrorCode::Connection, Outcome::InDoubt),
        once(Case::new("TLS5", "400 ended by close_notify", |peer| {
            peer.request();
            peer.say("HTTP/1.1 400 Bad\r\n\r\nthe message");
            peer.close_notify();
        }))
        .fails(ErrorCode::Rejected, Outcome::Rejected),
        once(Case::new("TLS6", "end of stream instead of an answer", |peer| {
            peer.take();
        }))
        .fails(ErrorCode::Connection, Outcome::InDoubt),
        https(Case::new("TLS7", "close_notify while idle, at most once", |peer| {
            if peer.nth() > 0 {
                return peer.serve();
            }
            peer.take();
            peer.say("HTTP/1.1 204 No Content\r\n\r\n");
            peer.close_notify();
            peer.note("closed");
            peer.hold();
        }))
        .conf("delivery=at_most_once;")
        .act(|client| {
            client.flush_copy()?;
            client.server.wait_for_notes("closed", 1);
            client.flush()
        })
        .also("nothing in doubt", |r| (r.connections, r.committed) == (2, 2)),
        https(Case::new("H24", "413 in a 20 MB upload, never reads on", |peer| {
            peer.request_head();
            peer.answer("413 Too Large", "", "too large");
            peer.hold();
        }))
        .bytes(20 << 20)
        .fails(ErrorCode::PayloadTooLarge, Outcome::Rejected)
        .within(1500),
        https(Case::new("H24", "413 in a 20 MB upload, then closed", |peer| {
            peer.request_head();
            peer.answer("413 Too Large", "connection: close\r\n", "too large");
            peer.close_notify();
        }))
        .bytes(20 << 20)
        .fails(ErrorCode::PayloadTooLarge, Outcome::Rejected)
        .within(1500),
        once(Case::new("H15", "20 MB to a peer that never reads", |peer| {
            peer.request_head();
            peer.hold();
        }))
        .bytes(20 << 20)
        .conf("request_timeout=800;request_min_throughput=0;")
        .fails(ErrorCode::Timeout, Outcome::NotSent)
        .within(800),
    ];
    cases
}

/// A server that serves until request number `last`, stores that one, and ends the session with these messages.
fn ends_session(last: usize, messages: Vec<(u8, Vec<u8>)>) -> impl Fn(&mut Peer) + Send + Sync {
    move |peer| {
        for nth in 0..=last {
            if peer.take().is_none() {
                return;
            }
            if nth < last {
                peer.say("HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
        peer.say_raw(&messages);
        peer.half_close();
        // Closing the connection with unread data would reset it, and the alert would be lost.
        peer.read_to_end();
    }
}

fn alerts_after_the_request() -> Vec<Case> {
    let mut cases = Vec::new();
    let doubt = |case: Case| {
        case.conf(&trust())
            .conf("delivery=at_most_once;")
            .fails(ErrorCode::Tls, Outcome::InDoubt)
            .also("one request, in doubt", |r| {
                (r.requests, r.error().in_doubt_attempts()) == (1, 1)
            })
    };
    for (name, version) in [("1.2", &TLS12), ("1.3", &TLS13)] {
        // The warning `user_canceled` (90) does not end a session.
        for alert in ALERTS.into_iter().filter(|alert| *alert != 90) {
            let what = format!("TLS {name}, alert {alert} after the request");
            let case = Case::new("TLS8", what, ends_session(0, vec![fatal(alert)]));
            cases.push(doubt(case.tls(raw_server(version, false))));
        }
    }
    for alert in [40, 100] {
        let messages = vec![hello_request(), fatal(alert)];
        let what = format!("renegotiation refused, then alert {alert}");
        let case = Case::new("TLS9", what, ends_session(0, messages));
        cases.push(doubt(case.tls(raw_server(&TLS12, false))));
    }
    cases
}

/// With TLS 1.3 the server checks the client's certificate after the client considers the session established.
fn alerts_about_a_certificate_that_was_asked_for() -> Vec<Case> {
    let wanted = |what: &str, alert: u8, last: usize| {
        let serve = move |peer: &mut Peer| {
            for _ in 0..last {
                peer.take();
                peer.say("HTTP/1.1 204 No Content\r\n\r\n");
            }
            peer.request();
            peer.say_raw(&[fatal(alert)]);
            peer.half_close();
            peer.read_to_end();
        };
        let case = Case::new("S11", format!("TLS 1.3, asked for, {what}"), serve);
        case.tls(raw_server(&TLS13, true)).conf(&trust()).conf("retry_timeout=0;")
    };
    let refused = |case: Case| {
        case.fails(ErrorCode::Tls, Outcome::NotSent)
            .also("permanent", |r| !r.error().is_retryable())
    };
    let cases = vec![
        refused(wanted("required", 116, 0)),
        refused(wanted("of an unknown authority", 48, 0)),
        wanted("an alert about something else", 80, 0).fails(ErrorCode::Tls, Outcome::InDoubt),
        wanted("refused after an answer", 116, 1)
            .act(|client| {
                client.flush_other(50)?;
                client.flush()
            })
            .fails(ErrorCode::Tls, Outcome::InDoubt),
    ];
    cases
}

/// The message says what a user can do about the error.
fn messages_about_tls_advise() -> Vec<Case> {
    let own = self_signed_authority();
    let trust_own = format!("tls_roots={};", write_file(&own.cert).display());
    let says = |case: Case, what: &'static [&'static str]| {
        case.also("advises", move |r| what.iter().all(|part| r.error().message().contains(part)))
    };
    let mut cases = Vec::new();
    for http in [true, false] {
        let plain = if http { "use http" } else { "use tcp" };
        let case = over(http, Case::new("S18", "one line of openssl req -x509", serve(http)));
        let case = case.tls(all_versions(&own)).conf(&trust_own);
        cases.push(says(
            case.fails(ErrorCode::Tls, Outcome::NotSent).within(300),
            &["CA:TRUE", "basicConstraints=critical,CA:FALSE"],
        ));
        let case = over(http, Case::new("S18", "of an unknown authority", serve(http)));
        let case = case.tls(all_versions(&stranger().server())).conf(&trust());
        cases.push(says(
            case.fails(ErrorCode::Tls, Outcome::NotSent).within(300),
            &["tls_roots", "not signed by an authority"],
        ));
        // QuestDB behaves like this: it waits for the rest of what it takes for a request.
        let case = over(http, Case::new("S18", "plain server that waits", |peer| peer.hold()));
        let case = case.tls_client_only().conf(&trust()).conf("connect_timeout=300;");
        let case = if http { case.conf("retry_timeout=0;") } else { case };
        let case = case.fails(ErrorCode::Timeout, Outcome::NotSent).within(300);
        cases.push(case.also("advises", move |r| {
            let text = r.error().message();
            text.contains("could not set up TLS") && text.contains(plain)
        }));
    }
    cases
}

/// S15 to S17: files that are not certificates are reported before any connection.
fn certificate_files() -> Vec<Case> {
    let empty = write_file("");
    let garbage = write_file("not PEM at all\n");
    let broken = write_file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let huge = write_file(&"x".repeat((1 << 20) + 1));
    let key = write_file(&authority().server().key);
    let folder = scratch_folder();
    let missing = folder.join("missing.pem");
    let files = [
        ("S15", "empty", empty.clone()),
        ("S15", "garbage", garbage),
        ("S15", "broken certificate", broken),
        ("S15", "a key instead of a certificate", key),
        ("S16", "a directory", folder),
        ("S16", "/dev/zero", "/dev/zero".into()),
        ("S16", "more than 1 MiB", huge),
        ("S17", "missing", missing),
    ];
    let mut cases = Vec::new();
    for (id, what, path) in files {
        let path = path.display();
        let as_client = format!("{}tls_cert={path};tls_key={path};", trust());
        for (scheme, as_what, options) in [
            ("https", "as tls_roots", format!("tls_roots={path};")),
            ("tcps", "as tls_roots", format!("tls_roots={path};")),
            ("https", "as tls_cert", as_client),
        ] {
            let conf = format!("{scheme}::addr=localhost:1;{options}");
            let case = Case::new(id, format!("{what}, {as_what}, {scheme}"), |_| {}).opening();
            let case = case.act(move |client| {
                client.open_with(&conf)?;
                client.flush()
            });
            cases.push(
                case.fails(ErrorCode::Config, Outcome::NotSent)
                    .within(50)
                    .also("names the option", |r| r.error().message().contains("tls_"))
                    .also("permanent", |r| !r.error().is_retryable() && r.connections == 0),
            );
        }
    }
    cases
}

fn certificate_and_key_of_different_pairs() {
    let conf = format!(
        "https::addr=localhost:1;{}tls_cert={};tls_key={};",
        trust(),
        authority().file.display(),
        write_file(&stranger().server().key).display()
    );
    let e = Sender::from_conf(&conf).unwrap_err();
    assert_eq!(e.code(), ErrorCode::Config, "certificate and key of different pairs: {e:?}");
}
