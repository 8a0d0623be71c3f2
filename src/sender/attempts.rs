//! The attempts of one flush: how long each may take, whether another one follows, and what they mean together for the rows.

use std::time::{Duration, Instant};

use super::carrier::{AttemptTime, Failed};
use super::failover::Round;
use super::retry::{Backoff, floor, may_retry};
use crate::config::Delivery;
use crate::error::{Error, ErrorCode, ErrorParts as _, Outcome};
use crate::net::{Deadline, Net};

/// What holds for every attempt of a flush.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long one attempt may take.
    pub(super) attempt: Duration,
    /// How long the flush may go on after its first failure.
    pub(super) retry: Duration,
    pub(super) max_backoff: Duration,
    /// The caller's own deadline.
    pub(super) cap: Option<Deadline>,
    pub(super) delivery: Delivery,
    /// Whether rows are sent. Settings may be asked of every server, as often as there is time.
    pub(super) sends_rows: bool,
    /// The number of servers among which the attempts choose.
    pub(super) servers: usize,
}

impl Terms {
    /// Returns when the first attempt of a flush that began at `start` must be over.
    #[inline(always)]
    pub(super) fn first_ends(&self, start: Instant) -> Deadline {
        capped(Deadline::from(start, self.attempt), self.cap)
    }
}

/// The attempts made so far.
pub(super) struct Attempts {
    terms: Terms,
    start: Instant,
    /// The end of the first attempt. Without time for retries, connecting to every server must be over by then too.
    first_ends: Deadline,
    /// The time for retries, which begins with the first failure.
    budget: Option<Budget>,
    count: u32,
    in_doubt: u32,
    /// The worst outcome of all attempts.
    worst: Outcome,
    immediate_retry_used: bool,
    round: Round,
    /// Whether a request was sent.
    began: bool,
    /// The last failure since the last wait that may not occur again.
    last_retryable: Option<Error>,
    /// The failure before the last.
    previous: Option<Error>,
    backoff: Backoff,
}

#[derive(Debug, Clone, Copy)]
struct Budget {
    /// No attempt goes on after this.
    ends: Deadline,
    /// The least time that an attempt must have.
    floor: Duration,
}

impl Attempts {
    pub(super) fn new(start: Instant, terms: Terms) -> Attempts {
        Attempts {
            terms,
            start,
            first_ends: terms.first_ends(start),
            budget: None,
            count: 0,
            in_doubt: 0,
            worst: Outcome::NotSent,
            immediate_retry_used: false,
            round: Round::first(terms.servers),
            began: false,
            last_retryable: None,
            previous: None,
            backoff: Backoff::new(terms.max_backoff),
        }
    }

    /// Returns the time of the attempt that begins now.
    pub(super) fn time(&self, net: &dyn Net) -> AttemptTime {
        let ends = self.deadline(net);
        AttemptTime { ends, connected_by: self.round.share(net, ends) }
    }

    fn deadline(&self, net: &dyn Net) -> Deadline {
        let own = Deadline::after(net, self.terms.attempt);
        if self.terms.sends_rows {
            return own.earlier_of(self.ends());
        }
        let ends = match self.budget {
            // A server that does not answer must leave time to ask the others.
            None => {
                let all = self.terms.attempt.saturating_add(self.terms.retry);
                capped(Deadline::after(net, all), self.terms.cap)
            }
            Some(_) => self.ends(),
        };
        own.earlier_of(self.round.share(net, ends))
    }

    fn ends(&self) -> Deadline {
        match self.budget {
            None => self.first_ends,
            // Each server is tried once, with or without a budget for retries.
            Some(budget) if self.first_round_without_rows() => budget.ends.max(self.first_ends),
            Some(budget) => budget.ends,
        }
    }

    /// Returns whether no server has been tried twice and no rows were sent.
    fn first_round_without_rows(&self) -> bool {
        self.round.is_first() && !(self.terms.sends_rows && self.began)
    }

    /// Remembers a failure and its outcome.
    pub(super) fn note(&mut self, net: &dyn Net, failed: &Failed) {
        self.count += 1;
        self.began |= failed.began;
        match failed.error.outcome() {
            Outcome::InDoubt => {
                self.in_doubt += 1;
                self.worst = Outcome::InDoubt;
            }
            Outcome::Partial if self.worst != Outcome::InDoubt => self.worst = Outcome::Partial,
            _ => {}
        }
        let (retry, cap) = (self.terms.retry, self.terms.cap);
        self.budget.get_or_insert_with(|| {
            let ends = capped(Deadline::after(net, retry), cap);
            Budget { ends, floor: floor(ends.left(net).unwrap_or_default()) }
        });
    }

    /// Returns how long to wait before the next attempt, or `None` if there is none.
    pub(super) fn wait_for_next(&mut self, net: &dyn Net, failed: &Failed) -> Option<Duration> {
        self.round.server_failed();
        let error = &failed.error;
        if error.code() == ErrorCode::Cancelled {
            return None;
        }
        let others = self.round.has_untried_servers();
        let elsewhere = failed.only_this_server && self.terms.servers > 1;
        let worth_it = elsewhere || may_retry(error, self.terms.delivery);
        if worth_it {
            self.last_retryable = Some(error.clone());
        }
        // A server that got no rows cannot have stored any, so the next one may be tried.
        let passed_over = !(self.terms.sends_rows && failed.began);
        if passed_over && others && self.first_round_without_rows() {
            return self.ends().left(net).map(|_| Duration::ZERO);
        }
        let goes_on = worth_it || passed_over && (others || self.last_retryable.is_some());
        let budget = self.budget.filter(|_| goes_on)?;
        // An attempt that begins too late would be cut off, most likely after its request was sent. That would put in doubt
        // what is certain now, or store once more what is in doubt.
        let left = budget.ends.left(net)?.checked_sub(budget.floor)?;
        if failed.idle_died && worth_it && !self.immediate_retry_used {
            self.immediate_retry_used = true;
            self.round.repeat_server();
            return Some(Duration::ZERO);
        }
        if others {
            return Some(Duration::ZERO);
        }
        let wait = self.backoff.next(error.retry_after(), |max| net.random_up_to(max));
        if wait >= left {
            return None;
        }
        self.round.begin_next();
        self.last_retryable = None;
        Some(wait)
    }

    /// Remembers an error after which another attempt follows.
    pub(super) fn record_retried_error(&mut self, error: Error) {
        self.previous = Some(error);
    }

    /// Returns the error of the flush: the last one, with what all attempts together mean for the data.
    #[cold]
    pub(super) fn conclude(mut self, net: &dyn Net, failed: Failed) -> Error {
        let Failed { error, began, .. } = failed;
        // If the end of the budget cut off the last attempt before it could send, the error before it is more informative.
        let cut_off = error.code() == ErrorCode::Timeout
            && error.outcome() == Outcome::NotSent
            && self.ends().left(net).is_none();
        let cancelled = error.code() == ErrorCode::Cancelled;
        let error = match (self.previous.take(), self.last_retryable.take()) {
            (Some(before), _) if cut_off => before,
            // That one server cannot be used is less important than that another one may be usable again.
            (_, Some(last_retryable)) if !began && !error.is_retryable() && !cancelled => {
                last_retryable.context(error.message())
            }
            _ => error,
        };
        let mut error = match (error.outcome(), self.worst) {
            // The last attempt may have been refused, but an earlier one may have been executed.
            (Outcome::NotSent | Outcome::Rejected | Outcome::Partial, worst @ Outcome::InDoubt)
            | (Outcome::NotSent | Outcome::Rejected, worst @ Outcome::Partial) => {
                error.outcome_is(worst)
            }
            _ => error,
        };
        let facts = error.facts_mut();
        facts.attempts = self.count;
        facts.in_doubt_attempts = self.in_doubt;
        facts.elapsed = net.now().saturating_duration_since(self.start);
        error
    }
}

fn capped(deadline: Deadline, cap: Option<Deadline>) -> Deadline {
    cap.map_or(deadline, |cap| deadline.earlier_of(cap))
}
