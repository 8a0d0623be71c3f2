//! ILP over TCP, which confirms nothing. What can be known is reported by the flush that finds it out, or by the close.

use std::time::Duration;

use super::server::KEY;
use super::world::{Connect, Direction, Fault, FaultKind};
use super::{Sim, row};
use crate::error::{Error, ErrorCode, Outcome};
use crate::sender::{CloseReport, Sender, Stat};

const SECOND: Duration = Duration::from_secs(1);
const CHALLENGE: &str = "wXo0pTz5=k)7Gd#1qv{RJ8s_u2Yb9-Lm\n";

/// Flushes this many rows.
fn flush(sender: &mut Sender, rows: usize) -> crate::Result<Outcome> {
    for _ in 0..rows {
        sender.buffer_mut().table("t")?.column_i64("x", 1)?.at_now()?;
    }
    sender.flush_own()
}

/// Returns a sender that flushed three rows and then two.
fn five_rows(sim: &Sim) -> Sender {
    let mut sender = sim.sender().unwrap();
    flush(&mut sender, 3).unwrap();
    flush(&mut sender, 2).unwrap();
    sender
}

/// Returns the error of a close that put five rows in doubt.
fn in_doubt(report: CloseReport) -> Error {
    assert_eq!((report.unconfirmed_rows, report.earlier_rows_in_doubt), (0, 5));
    let e = report.result.unwrap_err();
    assert_eq!((e.earlier_rows_in_doubt(), e.outcome()), (5, Outcome::InDoubt), "{e}");
    assert!(e.message().contains("5 rows of earlier flushes may be lost"), "{e}");
    e
}

fn stalls_at(sim: &Sim, direction: Direction, at: u64) {
    sim.world().fault = Some(Fault { direction, at, kind: FaultKind::Stall });
}

#[test]
fn close_is_ok_when_the_peer_has_read_everything_and_ends() {
    for sim in [Sim::tcp(false, ""), Sim::tcp(false, "").in_tls()] {
        let mut sender = five_rows(&sim);
        // The rows of the own buffer are sent first.
        row(&mut sender).unwrap();
        let report = sender.close(SECOND);
        assert_eq!((report.unconfirmed_rows, report.earlier_rows_in_doubt), (0, 0));
        report.result.unwrap();
        assert_eq!(sim.now(), Duration::ZERO);
    }
}

#[test]
fn close_fails_when_the_peer_has_not_read_everything() {
    // The server reads from nothing at all to all but the last byte; the peer's kernel may have taken the rest or not.
    let total = "t x=1i\n".len() as u64 * 5;
    for at in [0, 1, total - 1] {
        for tells in [true, false] {
            let sim = Sim::tcp(false, "");
            sim.world().tells_acknowledged = tells;
            stalls_at(&sim, Direction::Request, at);
            let e = in_doubt(five_rows(&sim).close(SECOND));
            assert_eq!((e.code(), sim.now()), (ErrorCode::Timeout, SECOND));
            let left = format!("{} bytes are not acknowledged", total - at);
            assert_eq!(e.message().contains(&left), tells, "{e}");
        }
    }
    // The server ends its half although the rest of the rows is still on its way.
    let sim = Sim::tcp(false, "auto_flush=off;");
    sim.world().fault =
        Some(Fault { direction: Direction::Request, at: 20, kind: FaultKind::Drip });
    let mut sender = five_rows(&sim);
    assert_eq!(in_doubt(sender.close(SECOND / 4)).code(), ErrorCode::Timeout);
}

#[test]
fn close_tells_of_a_reset() {
    let sim = Sim::tcp(false, "");
    sim.world().fault =
        Some(Fault { direction: Direction::Request, at: 9, kind: FaultKind::Reset });
    let mut sender = sim.sender().unwrap();
    for _ in 0..5 {
        row(&mut sender).unwrap();
    }
    // The reset comes while the rows of the close itself are read.
    assert_eq!(in_doubt(sender.close(SECOND)).code(), ErrorCode::Connection);
}

#[test]
fn what_the_server_says_is_quoted() {
    for (text, code, shown) in [
        ("no such table\u{1b}[0m\n", ErrorCode::Rejected, r"no such table\u{1b}[0m\n"),
        (CHALLENGE, ErrorCode::Auth, "the server requires authentication"),
        ("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{16}", ErrorCode::Tls, "speaks TLS"),
    ] {
        // The close finds it.
        let sim = Sim::that_speaks_first(text);
        let mut sender = sim.sender().unwrap();
        for _ in 0..5 {
            row(&mut sender).unwrap();
        }
        let e = in_doubt(sender.close(SECOND));
        assert_eq!(e.code(), code, "{e}");
        assert!(e.message().contains(shown), "{e}");

        // The next flush finds it, in whatever pieces the text arrives.
        for burst in [1, 7, usize::MAX] {
            let sim = Sim::that_speaks_first(text);
            sim.world().burst = burst;
            let mut sender = sim.sender().unwrap();
            flush(&mut sender, 5).unwrap();
            let e = flush(&mut sender, 1).unwrap_err();
            assert_eq!(
                (e.code(), e.outcome(), e.earlier_rows_in_doubt()),
                (code, Outcome::NotSent, 5),
                "{e}"
            );
            assert!(e.message().contains(shown), "{e}");
            // It is reported once; the rows of the flush itself are still in the buffer.
            assert_eq!(sender.buffer().row_count(), 1);
        }
    }
    // A text without an end is cut. A peer that never ends it does not delay the close.
    let long: &'static str = "x y ".repeat(5000).leak();
    let sim = Sim::that_speaks_first(long);
    let mut sender = sim.sender().unwrap();
    flush(&mut sender, 5).unwrap();
    let e = in_doubt(sender.close(SECOND * 60));
    assert!(e.message().len() < 1300 && sim.now() < SECOND, "{e} {:?}", sim.now());
}

/// Flushes within one tick of the clock listen once. What the peer says meanwhile is told with all rows by the flush in the next
/// tick, by the close, or by a flush that cannot be sent.
#[test]
fn a_peer_is_listened_to_once_in_a_tick() {
    let text = "no such table\n";
    let sim = Sim::that_speaks_first(text);
    sim.world().ticks = true;
    let mut sender = sim.sender().unwrap();
    for _ in 0..5 {
        assert_eq!(flush(&mut sender, 1).unwrap(), Outcome::Submitted);
    }
    assert_eq!(in_doubt(sender.close(SECOND)).code(), ErrorCode::Rejected);

    let sim = Sim::that_speaks_first(text);
    sim.world().ticks = true;
    let mut sender = sim.sender().unwrap();
    flush(&mut sender, 3).unwrap();
    flush(&mut sender, 2).unwrap();
    sim.world().now += Duration::from_millis(4);
    let e = flush(&mut sender, 1).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Rejected, Outcome::NotSent), "{e}");
    assert_eq!((e.earlier_rows_in_doubt(), sender.buffer().row_count()), (5, 1));

    let sim = Sim::tcp(false, "");
    sim.world().ticks = true;
    let mut sender = sim.sender().unwrap();
    flush(&mut sender, 3).unwrap();
    let at = sim.world().passed[0] + 1;
    sim.world().fault = Some(Fault { direction: Direction::Request, at, kind: FaultKind::Reset });
    flush(&mut sender, 2).unwrap();
    let e = flush(&mut sender, 1).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Connection, Outcome::NotSent), "{e}");
    assert_eq!((e.earlier_rows_in_doubt(), sender.buffer().row_count()), (5, 1));
}

#[test]
fn a_connection_without_rows_is_closed_at_once() {
    let sim = Sim::tcp(false, "");
    stalls_at(&sim, Direction::Request, 0);
    let report = sim.sender().unwrap().close(SECOND * 60);
    assert!(report.result.is_ok() && sim.now() == Duration::ZERO);
}

#[test]
fn a_close_without_time_is_no_success() {
    let sim = Sim::tcp(false, "");
    let e = in_doubt(five_rows(&sim).close(Duration::ZERO));
    assert_eq!((e.code(), sim.now()), (ErrorCode::Timeout, Duration::ZERO));
}

#[test]
fn a_cancelled_close_tells_what_is_in_doubt() {
    let sim = Sim::tcp(false, "");
    stalls_at(&sim, Direction::Request, 0);
    let mut sender = five_rows(&sim);
    sim.world().cancel_at = Some(SECOND);
    assert_eq!(in_doubt(sender.close(SECOND * 60)).code(), ErrorCode::Cancelled);
    assert!(sim.now() <= SECOND + Duration::from_millis(100));
}

/// The rows of the flush that fails are in the buffer, those of earlier flushes are in doubt, and the next flush reports
/// neither.
#[test]
fn a_flush_that_an_earlier_one_broke_tells_both() {
    for kind in [FaultKind::Fin, FaultKind::Reset] {
        for sim in [Sim::tcp(false, ""), Sim::tcp(false, "").in_tls()] {
            let mut sender = sim.sender().unwrap();
            flush(&mut sender, 3).unwrap();
            let at = sim.world().passed[0] + 1;
            sim.world().fault = Some(Fault { direction: Direction::Request, at, kind });
            // The kernel takes these rows although the peer is about to go.
            flush(&mut sender, 2).unwrap();
            let e = flush(&mut sender, 4).unwrap_err();
            assert_eq!(
                (e.code(), e.outcome(), e.earlier_rows_in_doubt(), e.is_retryable()),
                (ErrorCode::Connection, Outcome::NotSent, 5, true),
                "{kind:?} {e}"
            );
            let text = "nothing of this flush was sent, but 5 rows of earlier flushes may be lost";
            assert!(e.message().contains(text), "{e}");
            assert_eq!(sender.buffer().row_count(), 4);
            // Over a new connection all is well, and what was reported is not reported again.
            sender.flush_own().unwrap();
            let report = sender.close(SECOND);
            assert_eq!((report.earlier_rows_in_doubt, report.result.is_ok()), (0, true));
            assert_eq!(sender.stats().get(Stat::Reconnects), 1);
        }
    }
}

#[test]
fn a_flush_that_breaks_half_way_tells_of_the_earlier_rows_too() {
    let sim = Sim::tcp(false, "send_timeout=1000;");
    sim.world().window = 100;
    let mut sender = five_rows(&sim);
    let at = sim.world().passed[0] + 30;
    stalls_at(&sim, Direction::Request, at);
    let e = flush(&mut sender, 40).unwrap_err();
    assert_eq!(
        (e.code(), e.outcome(), e.earlier_rows_in_doubt(), e.in_doubt_attempts()),
        (ErrorCode::Timeout, Outcome::InDoubt, 5, 1),
        "{e}"
    );
    assert!(e.message().starts_with("a part of this flush was sent, and 5 rows of"), "{e}");
    assert_eq!(sender.buffer().row_count(), 40);
}

/// A peer that vanished acknowledges nothing; the first flush after the limit reports it.
#[test]
fn a_peer_that_vanishes_is_noticed() {
    for (conf, limit) in
        [("", Some(30_u64)), ("tcp_user_timeout=7000;", Some(7)), ("tcp_user_timeout=off;", None)]
    {
        let sim = Sim::tcp(false, conf);
        let mut sender = five_rows(&sim);
        let at = sim.world().passed[0] + 10;
        stalls_at(&sim, Direction::Request, at);
        let mut flushed = 5;
        let found = (1..=100).find_map(|second| {
            sim.world().now += SECOND;
            match flush(&mut sender, 1) {
                Ok(_) => flushed += 1,
                Err(e) => return Some((second, e)),
            }
            None
        });
        let Some((second, e)) = found else {
            assert!(limit.is_none(), "{conf}: never noticed");
            continue;
        };
        // The peer vanishes while the second row after these five is read, and is next examined within a sixteenth of the
        // limit.
        let least = limit.unwrap_or(u64::MAX - 100) + 3;
        assert!((least..=least + 2).contains(&second), "{conf}: {second} {e}");
        assert_eq!(
            (e.code(), e.outcome(), e.earlier_rows_in_doubt()),
            (ErrorCode::Connection, Outcome::NotSent, flushed),
            "{e}"
        );
        assert!(e.message().contains("tcp_user_timeout"), "{e}");
    }
    // A pause of any length gives no doubt as long as everything is acknowledged.
    let sim = Sim::tcp(false, "");
    let mut sender = five_rows(&sim);
    for _ in 0..3 {
        sim.world().now += SECOND * 3600;
        flush(&mut sender, 1).unwrap();
    }
    sender.close(SECOND).result.unwrap();
    // A peer that reads slowly gives no doubt either.
    let sim = Sim::tcp(false, "");
    sim.world().fault = Some(Fault { direction: Direction::Request, at: 3, kind: FaultKind::Drip });
    let mut sender = five_rows(&sim);
    for _ in 0..3 {
        sim.world().now += SECOND * 29;
        flush(&mut sender, 50).unwrap();
    }
}

#[test]
fn addresses_of_a_stream_rotate() {
    // Connecting tries every address, whatever is wrong with one, and begins with the one that worked last.
    let mut sim = Sim::tcp(false, "");
    sim.conf = "tcp::addr=a,b,c;connect_timeout=900;".into();
    sim.world().connects = [Connect::Nothing, Connect::Refused, Connect::Fine].into();
    let mut sender = sim.sender().unwrap();
    flush(&mut sender, 1).unwrap();
    assert_eq!(sim.now().as_millis(), 900);
    assert_eq!(sim.world().names, ["a", "b", "c"]);
    // Its connection ends: that flush fails, and the next one begins with the address after it.
    let at = sim.world().passed[0];
    sim.world().fault = Some(Fault { direction: Direction::Request, at, kind: FaultKind::Reset });
    flush(&mut sender, 1).unwrap();
    assert_eq!(flush(&mut sender, 1).unwrap_err().earlier_rows_in_doubt(), 2);
    sender.flush_own().unwrap();
    assert_eq!(sim.world().names, ["a", "b", "c", "a"]);
    sender.close(SECOND).result.unwrap();

    // None of them answers: each was tried, and the error says so.
    let mut sim = Sim::tcp(false, "");
    sim.conf = "tcp::addr=a,b,c;".into();
    sim.world().connects = [Connect::Refused; 3].into();
    let e = sim.sender().unwrap_err();
    assert_eq!((e.code(), sim.world().names.len()), (ErrorCode::Connection, 3));
    assert!(e.message().contains("3 of 3 addresses tried"), "{e}");

    // This also holds for a server that refuses the login, or that does not offer one.
    let mut sim = Sim::tcp(false, "");
    sim.conf = format!("tcp::addr=a,b;{KEY}auth_timeout=1000;");
    let e = sim.sender().unwrap_err();
    assert_eq!((e.code(), sim.world().names.len()), (ErrorCode::Timeout, 2), "{e}");
    assert_eq!(sim.now().as_millis(), 2000);
}
