//! TLS sessions that a server ends in the middle: what was sent in an established session may have been read.

use std::sync::Arc;

use questdb_ingress_testkit::raw_tls;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::server::{ROOTS, Reply, Server, tls_config};
use super::{HEALTHY, NO_CONTENT, Sim, V1, row};
use crate::error::{ErrorCode, Outcome};

/// A server that ends the session with an alert instead of the answer number `at`; until then it serves.
#[derive(Clone, Copy)]
struct Alerting {
    version: &'static SupportedProtocolVersion,
    alert: u8,
    at: usize,
    renegotiates: bool,
    wants_certificate: bool,
    tickets: usize,
    /// Whether it stores the rows of the request that it does not answer.
    stores: bool,
}

impl Alerting {
    fn new(version: &'static SupportedProtocolVersion, alert: u8) -> Alerting {
        Alerting {
            version,
            alert,
            at: 0,
            renegotiates: false,
            wants_certificate: false,
            tickets: 0,
            stores: true,
        }
    }

    fn sim(self, conf: &str) -> Sim {
        let last = Reply {
            alert: Some(self.alert),
            renegotiates: self.renegotiates,
            commits: self.stores,
            ..Reply::new("")
        };
        let replies = std::iter::repeat_n(NO_CONTENT, self.at).chain([last]).collect::<Vec<_>>();
        let replies: &'static [Reply] = replies.leak();
        let provider = raw_tls::chacha_only();
        let mut config = tls_config(Some(provider), &[self.version], self.wants_certificate);
        config.enable_secret_extraction = true;
        config.send_tls13_tickets = self.tickets;
        let config = Arc::new(config);
        let mut sim = Sim::http(&HEALTHY, "");
        sim.conf = format!("https::addr=db;{V1}tls_roots={ROOTS};{conf}");
        sim.world().new_server = Box::new(move || Server::http(replies).in_tls_with(&config));
        sim
    }

    /// Returns the error of the flush that is not answered.
    fn error(self, conf: &str) -> (crate::Error, Sim) {
        let sim = self.sim(conf);
        let mut sender = sim.sender().unwrap();
        for _ in 0..self.at {
            row(&mut sender).unwrap();
            sender.flush_own().unwrap();
        }
        row(&mut sender).unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!(sender.buffer().row_count(), 1);
        drop(sender);
        (e, sim)
    }
}

#[test]
fn an_alert_after_the_request_leaves_it_in_doubt() {
    let mut cases = 0;
    for version in [&TLS12, &TLS13] {
        for alert in raw_tls::ALERTS {
            for (at, conf) in [(0, "retry_timeout=0;"), (1, "delivery=at_most_once;")] {
                let (e, sim) = Alerting { at, ..Alerting::new(version, alert) }.error(conf);
                let what = format!("{version:?} {alert} {at}: {e:?}");
                assert_eq!((e.outcome(), e.in_doubt_attempts()), (Outcome::InDoubt, 1), "{what}");
                assert!(matches!(e.code(), ErrorCode::Tls | ErrorCode::Connection), "{what}");
                assert!(e.is_retryable(), "{what}");
                assert_eq!(sim.world().committed.len(), at + 1);
                cases += 1;
            }
        }
    }
    println!("{cases} alerts after the request");
}

#[test]
fn a_refused_renegotiation_leaves_the_request_in_doubt() {
    for alert in [40, 100] {
        let server = Alerting { renegotiates: true, ..Alerting::new(&TLS12, alert) };
        let (e, sim) = server.error("retry_timeout=0;");
        assert_eq!((e.code(), e.outcome()), (ErrorCode::Tls, Outcome::InDoubt), "{alert}: {e}");
        assert_eq!(sim.world().committed.len(), 1);
    }
}

/// Only a server of TLS 1.3 that asked for a certificate, and has not answered before, may still refuse the session.
#[test]
fn a_refused_client_certificate_is_not_sent() {
    let wanted = Alerting { wants_certificate: true, stores: false, ..Alerting::new(&TLS13, 116) };
    for (server, outcome) in [
        (wanted, Outcome::NotSent),
        (Alerting { alert: 42, ..wanted }, Outcome::NotSent),
        (Alerting { alert: 48, ..wanted }, Outcome::NotSent),
        // The alert is not about certificates.
        (Alerting { alert: 80, ..wanted }, Outcome::InDoubt),
        (Alerting { alert: 70, ..wanted }, Outcome::InDoubt),
        // The session was accepted before.
        (Alerting { at: 1, ..wanted }, Outcome::InDoubt),
        (Alerting { tickets: 1, ..wanted }, Outcome::InDoubt),
        // The certificate is judged within the handshake.
        (Alerting { version: &TLS12, ..wanted }, Outcome::InDoubt),
        (Alerting { wants_certificate: false, ..wanted }, Outcome::InDoubt),
    ] {
        let (e, _) = server.error("retry_timeout=0;");
        let what = format!("{:?} {} {}: {e:?}", server.version, server.alert, server.at);
        assert_eq!((e.code(), e.outcome()), (ErrorCode::Tls, outcome), "{what}");
        assert_eq!(e.is_retryable(), outcome == Outcome::InDoubt, "{what}");
    }
}
