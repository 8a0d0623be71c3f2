//! The log: lines of `key=value` on standard error.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use questdb_receiver::ReceiverEvent;
use tracing::{Level, debug, warn};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::output::LogWriter;

/// The most refusals that are logged in a second. A client that sends nothing else could fill the disk.
const REFUSALS_A_SECOND: u32 = 20;

/// Starts the log with one of the levels of the key `receiver.log.level`.
pub(crate) fn start(level: &str) {
    let level = match level {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        "debug" => Level::DEBUG,
        _ => Level::INFO,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_span_events(FmtSpan::NONE)
        // A log that cannot be written must not end the program, nor be told on the same stream.
        .log_internal_errors(false)
        .with_writer(|| LogWriter)
        .finish();
    // It fails only if there is a log already, and the program starts one.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes what happens in a receiver to the log.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    refusals: Mutex<Rate>,
}

impl EventLog {
    /// Logs an event.
    pub(crate) fn tell(&self, event: &ReceiverEvent<'_>) {
        match *event {
            ReceiverEvent::Connected { listener, peer, .. } => {
                debug!(transport = listener.name(), peer = %Peer(peer), "connected");
            }
            ReceiverEvent::Disconnected { listener, peer, .. } => {
                debug!(transport = listener.name(), peer = %Peer(peer), "disconnected");
            }
            ReceiverEvent::TurnedAway { listener, peer, .. } if self.may_log() => {
                warn!(transport = listener.name(), peer = %Peer(peer), "turned away: too many connections");
            }
            ReceiverEvent::Committed { listener, rows, took, .. } => {
                debug!(transport = listener.name(), rows, micros = took.as_micros(), "committed");
            }
            ReceiverEvent::Refused { listener, peer, code, line, message, text, .. }
                if self.may_log() =>
            {
                let (transport, peer) = (listener.name(), Peer(peer));
                // A field called "message" would take the place of the text of the log line.
                warn!(transport, %peer, code, line, reason = message, text, "refused");
            }
            _ => {}
        }
    }

    /// Returns whether one more refusal may be logged. Says how many could not be before it.
    fn may_log(&self) -> bool {
        let mut rate = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let (may, left_out) = rate.next(Instant::now());
        drop(rate);
        if left_out > 0 {
            warn!(left_out, "refusals were not logged, because there were too many");
        }
        may
    }
}

/// How many lines were logged in the present second.
#[derive(Debug, Default)]
struct Rate {
    began: Option<Instant>,
    logged: u32,
    left_out: u64,
}

impl Rate {
    /// Returns whether there may be one more line now, and how many were left out in the second before, if a new one begins.
    fn next(&mut self, now: Instant) -> (bool, u64) {
        let mut left_out = 0;
        if self.began.is_none_or(|began| now.duration_since(began) >= Duration::from_secs(1)) {
            left_out = self.left_out;
            *self = Rate { began: Some(now), ..Rate::default() };
        }
        let may = self.logged < REFUSALS_A_SECOND;
        self.logged += u32::from(may);
        self.left_out += u64::from(!may);
        (may, left_out)
    }
}

/// An address, which the system cannot always tell.
struct Peer(Option<SocketAddr>);

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(addr) => addr.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_beyond_the_rate_are_counted_instead() {
        let mut rate = Rate::default();
        let start = Instant::now();
        assert!((0..REFUSALS_A_SECOND).all(|_| rate.next(start) == (true, 0)));
        assert_eq!(rate.next(start + Duration::from_millis(999)), (false, 0));
        assert_eq!(rate.next(start + Duration::from_millis(999)), (false, 0));
        assert_eq!(rate.next(start + Duration::from_secs(1)), (true, 2));
        assert_eq!(rate.next(start + Duration::from_secs(2)), (true, 0));
    }
}
