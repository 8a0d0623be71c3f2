//! What to retry and how long to wait. This is pure policy: the caller provides the clock and the random numbers.

use std::time::Duration;

use crate::config::Delivery;
use crate::error::{Error, Outcome};

/// The limit of the first wait. Each further limit is twice as long, up to `retry_max_backoff`.
const BASE: Duration = Duration::from_millis(10);

/// The most time that is reserved for the last attempt.
const MAX_FLOOR: Duration = Duration::from_millis(100);

/// Returns the least time that an attempt after the first must have: a tenth of the whole budget, at most 100 ms.
pub(super) fn floor(budget: Duration) -> Duration {
    (budget / 10).min(MAX_FLOOR)
}

/// Returns whether resending is allowed and may help.
pub(super) fn may_retry(error: &Error, delivery: Delivery) -> bool {
    if !error.is_retryable() {
        return false;
    }
    match delivery {
        Delivery::AtLeastOnce => true,
        // In these cases nothing was stored: either no complete request was sent, or the server refused it unread because it
        // was busy.
        Delivery::AtMostOnce => matches!(error.outcome(), Outcome::NotSent | Outcome::Rejected),
    }
}

/// Computes waits with full jitter: each is drawn evenly between zero and a limit that doubles, so that many clients spread
/// out.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Duration,
    max: Duration,
}

impl Backoff {
    pub(super) fn new(max: Duration) -> Backoff {
        Backoff::starting_at(BASE, max)
    }

    /// As [`Backoff::new`], with another limit for the first wait.
    pub(super) fn starting_at(first: Duration, max: Duration) -> Backoff {
        Backoff { limit: first.min(max), max }
    }

    /// Returns the next wait. It is never shorter than the server's `Retry-After`.
    pub(super) fn next(
        &mut self,
        retry_after: Option<Duration>,
        random_up_to: impl FnOnce(u64) -> u64,
    ) -> Duration {
        let micros = u64::try_from(self.limit.as_micros()).unwrap_or(u64::MAX);
        let wait = Duration::from_micros(random_up_to(micros));
        self.limit = (self.limit * 2).min(self.max);
        retry_after.map_or(wait, |asked| asked.max(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorParts as _, err};

    #[test]
    fn waits_double_up_to_the_cap_and_honour_the_server() {
        let mut backoff = Backoff::new(Duration::from_millis(35));
        let waits: Vec<u128> = (0..4).map(|_| backoff.next(None, |max| max).as_millis()).collect();
        assert_eq!(waits, [10, 20, 35, 35]);
        assert_eq!(backoff.next(None, |_| 0), Duration::ZERO);
        assert_eq!(backoff.next(Some(Duration::from_secs(2)), |max| max), Duration::from_secs(2));
        assert_eq!(backoff.next(Some(Duration::ZERO), |max| max), Duration::from_millis(35));
        assert_eq!(Backoff::new(Duration::ZERO).next(None, |max| max), Duration::ZERO);
    }

    #[test]
    fn at_most_once_resends_only_what_was_surely_not_stored() {
        use Delivery::{AtLeastOnce, AtMostOnce};
        let with = |outcome, status, retryable| {
            let mut e = err!(Unavailable, "x").outcome_is(outcome).retryable(retryable);
            e.facts_mut().http_status = status;
            e
        };
        let table = [
            (with(Outcome::NotSent, 0, true), true, true),
            (with(Outcome::InDoubt, 500, true), true, false),
            (with(Outcome::InDoubt, 0, true), true, false),
            (with(Outcome::Rejected, 503, true), true, true),
            (with(Outcome::Rejected, 429, true), true, true),
            (with(Outcome::InDoubt, 503, true), true, false),
            (with(Outcome::InDoubt, 429, true), true, false),
            (with(Outcome::Partial, 500, true), true, false),
            (with(Outcome::Rejected, 400, false), false, false),
        ];
        for (error, at_least, at_most) in table {
            assert_eq!(may_retry(&error, AtLeastOnce), at_least, "{error:?}");
            assert_eq!(may_retry(&error, AtMostOnce), at_most, "{error:?}");
        }
    }
}
