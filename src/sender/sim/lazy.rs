//! Senders that are created while their server is down, and connect with the first rows.

use std::time::Duration;

use super::world::Connect;
use super::{HEALTHY, Sim, V1, facts, row};
use crate::error::{ErrorCode, Outcome};
use crate::sender::{Sender, Stat};
use crate::table::ArrayView;
use crate::{Config, ProtocolVersion};

const LAZY: &str = "lazy_connect=on;auto_flush=off;";
/// A configuration with one attempt.
const HTTP: &str = "lazy_connect=on;auto_flush=off;retry_timeout=0;";

/// Returns a sender in a world whose next `n` connects are refused.
fn down(sim: Sim, n: usize) -> (Sim, Sender) {
    sim.world().connects = vec![Connect::Refused; n].into();
    let sender = sim.sender().unwrap();
    assert_eq!(sim.world().connects.len(), n, "nothing was tried");
    (sim, sender)
}

#[test]
fn http_asks_for_the_version_before_the_first_rows_go_out() {
    let (sim, mut sender) = down(Sim::http(&HEALTHY, HTTP), 1);
    assert_eq!(sender.protocol_version(), ProtocolVersion::V3);
    // An array and a nanosecond, which version 1 lacks, wait with the other rows.
    let view = ArrayView::c_major(&[1], &[1.0]).unwrap();
    let buffer = sender.buffer_mut();
    buffer.table("t").unwrap().column_f64_arr("a", &view).unwrap();
    buffer.column_ts_nanos("n", 1).unwrap().at_nanos(7).unwrap();
    let before = sender.buffer().peek().to_vec();

    let e = sender.flush_own().unwrap_err();
    assert_eq!(facts(&e), (ErrorCode::Connection, Outcome::NotSent, 1));
    assert!(e.is_retryable() && e.message().contains("/settings"), "{e}");
    assert_eq!(sender.buffer().peek(), before);
    assert_eq!(sender.stats().get(Stat::FailedFlushes), 1);

    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(sim.world().requests, 1);
    assert_eq!(sim.world().committed, [before]);
    row(&mut sender).unwrap();
    let asked = sim.world().passed;
    sender.flush_own().unwrap();
    assert!(sim.world().passed[0] - asked[0] < 200, "the rows alone");
}

#[test]
fn http_with_a_set_version_asks_nothing() {
    let (sim, mut sender) = down(Sim::http(&HEALTHY, &format!("{HTTP}{V1}")), 1);
    row(&mut sender).unwrap();
    sender.connect().unwrap();
    assert_eq!(facts(&sender.flush_own().unwrap_err()).1, Outcome::NotSent);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert_eq!(sim.world().requests, 1);
}

#[test]
fn tcp_connects_with_the_first_rows() {
    for login in [false, true] {
        let key = if login { super::server::KEY } else { "" };
        let (sim, mut sender) = down(Sim::tcp(login, &format!("{LAZY}{key}")), 1);
        assert_eq!(sender.protocol_version(), ProtocolVersion::V1);
        row(&mut sender).unwrap();
        let e = sender.flush_own().unwrap_err();
        assert_eq!(facts(&e), (ErrorCode::Connection, Outcome::NotSent, 1));
        assert_eq!(sender.buffer().row_count(), 1);
        assert_eq!(sender.flush_own().unwrap(), Outcome::Submitted);
        assert!(sim.world().has_received(b"t x=1i\n"));
        assert_eq!(sender.stats().get(Stat::Reconnects), 0, "the first connection");
    }
}

#[test]
fn connect_does_at_once_what_was_put_off() {
    for (sim, code) in [
        (Sim::http(&HEALTHY, HTTP), ErrorCode::Connection),
        (Sim::tcp(true, &format!("{LAZY}{}", super::server::KEY)), ErrorCode::Connection),
    ] {
        let (sim, mut sender) = down(sim, 1);
        row(&mut sender).unwrap();
        let e = sender.connect().unwrap_err();
        assert_eq!((e.code(), e.outcome()), (code, Outcome::NotSent));
        sender.connect().unwrap();
        sender.connect().unwrap();
        assert_eq!(sim.world().connections(), 1);
        assert_eq!(sender.buffer().row_count(), 1);
        sender.flush_own().unwrap();
        assert_eq!(sim.world().connections(), 1);
        assert!(sender.close(Duration::from_secs(1)).result.is_ok());
        assert_eq!(sender.connect().unwrap_err().code(), ErrorCode::InvalidState);
    }
    // Without the option there is nothing to do.
    let sim = Sim::http(&HEALTHY, "");
    let mut sender = sim.sender().unwrap();
    let passed = sim.world().passed;
    sender.connect().unwrap();
    assert_eq!(sim.world().passed, passed);
}

/// Asking and sending together keep within the time of a close.
#[test]
fn close_bounds_the_question_too() {
    for conf in ["", V1] {
        let conf = format!("{conf}lazy_connect=on;retry_timeout=60000;");
        let sim = Sim::http(&HEALTHY, &conf);
        sim.world().connects = vec![Connect::Nothing; 9].into();
        let mut sender = sim.sender().unwrap();
        row(&mut sender).unwrap_or_else(|e| panic!("{e}"));
        let start = sim.now();
        let report = sender.close(Duration::from_millis(300));
        assert_eq!((report.unconfirmed_rows, sim.now() - start), (1, Duration::from_millis(300)));
        assert_eq!(report.result.unwrap_err().outcome(), Outcome::NotSent);
    }
    // There is nothing to send, so nobody is asked.
    let (sim, mut sender) = down(Sim::http(&HEALTHY, HTTP), 1);
    assert_eq!(sender.flush_own().unwrap(), Outcome::Committed);
    assert!(sender.close(Duration::ZERO).result.is_ok());
    assert_eq!(sim.world().connections(), 0);
}

/// While the server is down, automatic flushes wait as after any other failure, and rows are still taken.
#[test]
fn automatic_flushes_wait_while_the_server_is_down() {
    let conf = "lazy_connect=on;retry_timeout=0;auto_flush_rows=1;auto_flush_interval=off;";
    let (sim, mut sender) = down(Sim::http(&HEALTHY, conf), 1);
    let e = row(&mut sender).unwrap_err();
    assert!(e.row_accepted(), "{e}");
    sim.world().now += Duration::from_secs(100);
    row(&mut sender).unwrap();
    assert_eq!(sim.world().committed, [b"t x=1i\nt x=1i\n"]);
}

#[test]
fn the_default_is_to_connect_at_once() {
    let config = Config::from_conf("http::addr=db").unwrap();
    assert!(!config.validate().unwrap().lazy_connect);
    let sim = Sim::http(&HEALTHY, "retry_timeout=0;");
    sim.world().connects = [Connect::Refused].into();
    assert_eq!(sim.sender().unwrap_err().code(), ErrorCode::Connection);
    let sim = Sim::tcp(false, "");
    sim.world().connects = [Connect::Refused].into();
    assert_eq!(sim.sender().unwrap_err().code(), ErrorCode::Connection);
}
