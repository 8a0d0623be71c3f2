//! How many rows were stored in each of the last seconds, for the page.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many seconds are remembered.
const SECONDS: usize = 300;
/// Rows that are stored so long after others, or sooner, came in the time between.
const SPREAD: Duration = Duration::from_secs(2);

/// Rows by second. Connections over TCP commit once a second or so: without spreading its rows over the time since the commit
/// before, a steady stream would show as seconds without any rows between others.
#[derive(Debug)]
pub(crate) struct Rates {
    start: Instant,
    seconds: Mutex<Seconds>,
}

/// A ring: second `n` since the start is at `n` modulo its length.
#[derive(Debug)]
struct Seconds {
    last: u64,
    rows: [u64; SECONDS],
    last_commit: Option<Duration>,
}

impl Default for Rates {
    fn default() -> Self {
        let seconds = Mutex::new(Seconds { last: 0, rows: [0; SECONDS], last_commit: None });
        Rates { start: Instant::now(), seconds }
    }
}

impl Rates {
    /// Counts rows that were stored now.
    pub(crate) fn add(&self, rows: u64) {
        self.seconds().add(self.start.elapsed(), rows);
    }

    /// Returns the rows of each of the last seconds, the oldest first. There are fewer soon after the start. The present second and
    /// the one before are left out, because rows may still be counted for them.
    pub(crate) fn last(&self) -> Vec<u64> {
        self.seconds().last(self.start.elapsed())
    }

    fn seconds(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seconds {
    fn add(&mut self, now: Duration, rows: u64) {
        // Another thread may have looked at the clock later and come here sooner.
        let before = self.last_commit.unwrap_or(now);
        let now = now.max(before);
        self.last_commit = Some(now);
        self.advance(now.as_secs());
        let from = if now - before <= SPREAD { before } else { now };
        let took = (now - from).as_nanos();
        let mut counted = 0;
        for second in from.as_secs()..=now.as_secs() {
            let until = Duration::from_secs(second + 1).min(now) - from;
            let share = u128::from(rows) * until.as_nanos();
            // Without any time between, everything belongs to this second.
            let so_far = share.checked_div(took).and_then(|n| u64::try_from(n).ok());
            let so_far = so_far.unwrap_or(rows);
            let at = index(second);
            self.rows[at] += so_far - counted;
            counted = so_far;
        }
    }

    fn last(&mut self, now: Duration) -> Vec<u64> {
        self.advance(now.as_secs());
        let end = self.last.saturating_sub(1);
        let first = (self.last + 1).saturating_sub(SECONDS as u64);
        (first..end).map(|second| self.rows[index(second)]).collect()
    }

    /// Begins all seconds up to this one.
    fn advance(&mut self, second: u64) {
        let new = second.saturating_sub(self.last).min(SECONDS as u64);
        for second in second + 1 - new..=second {
            self.rows[index(second)] = 0;
        }
        self.last = self.last.max(second);
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second % SECONDS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_second_and_forgotten_after_a_while() {
        let rates = Rates::default();
        let mut seconds = rates.seconds();
        let ms = Duration::from_millis;
        assert_eq!(seconds.last(ms(0)), [] as [u64; 0]);
        seconds.add(ms(900), 5);
        assert_eq!(seconds.last(ms(1999)), [] as [u64; 0]);
        assert_eq!(seconds.last(ms(2000)), [5]);
        // Rows came since the commit before, if that is not long ago. None of them is lost by the division.
        seconds.add(ms(2400), 15);
        assert_eq!(seconds.last(ms(4000)), [6, 10, 4]);
        seconds.add(ms(5000), 3);
        assert_eq!(seconds.last(ms(7000)), [6, 10, 4, 0, 0, 3]);
        // A thread that was late counts for the second that has begun.
        seconds.add(ms(4000), 1);
        assert_eq!(seconds.last(ms(7000)), [6, 10, 4, 0, 0, 4]);
        let last = seconds.last(ms(301_000));
        assert_eq!((last.len(), last[0], last[1]), (298, 4, 0));
        assert_eq!(seconds.last(ms(2_000_000)), [0; 298]);
        seconds.add(ms(2_000_000), 3);
        assert_eq!(seconds.last(ms(2_002_000))[297], 3);
    }
}
