//! Drives a session without a socket, for tests and fuzz targets: its input cut anywhere, its time passing as they want.

#[cfg(test)]
use std::time::Duration;
use std::time::Instant;

use super::{HttpSession, Next, Session, TcpSession, Turn};
use crate::ReceiverBuilder;
use crate::shared::Shared;

/// How a session ended, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Waits,
    Closed,
    Answered,
}

/// Drives a session as a driver would.
pub(crate) struct Bench<S> {
    pub(crate) shared: Shared,
    session: S,
    pub(crate) now: Instant,
    pub(crate) sent: Vec<u8>,
    pub(crate) state: State,
}

pub(crate) fn tcp(builder: ReceiverBuilder) -> Bench<TcpSession> {
    bench(builder, |shared, now| TcpSession::new(shared, None, now))
}

pub(crate) fn http(builder: ReceiverBuilder) -> Bench<HttpSession> {
    bench(builder, |_, now| HttpSession::new(None, now))
}

fn bench<S>(builder: ReceiverBuilder, new: impl FnOnce(&Shared, Instant) -> S) -> Bench<S> {
    let shared = Shared::new(builder.options().expect("settings that are right"));
    let now = Instant::now();
    let session = new(&shared, now);
    Bench { shared, session, now, sent: Vec::new(), state: State::Open }
}

impl<S: Session> Bench<S> {
    pub(crate) fn bytes(&mut self, input: &[u8]) -> &mut Self {
        let mut at = 0;
        while at < input.len() && self.state == State::Open {
            let turn = self.session.on_bytes(&self.shared, &input[at..], self.now);
            at += self.settle(turn);
        }
        self
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        if matches!(self.state, State::Open | State::Waits) {
            let turn = self.session.on_end(&self.shared);
            self.settle(turn);
        }
        self
    }

    /// Lets time pass, with the event for the deadline if it comes within that time.
    #[cfg(test)]
    pub(crate) fn pass(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        if self.state == State::Waits {
            let turn = self.session.on_bytes(&self.shared, &[], self.now);
            self.settle(turn);
        }
        while self.state == State::Open
            && self.session.deadline(&self.shared).is_some_and(|deadline| deadline <= self.now)
        {
            let turn = self.session.on_time(&self.shared, self.now);
            self.settle(turn);
        }
        self
    }

    fn settle(&mut self, mut turn: Turn) -> usize {
        let mut consumed = 0;
        loop {
            consumed += turn.consumed;
            self.sent.append(&mut turn.reply);
            self.state = match turn.next {
                Next::Read => State::Open,
                Next::Wait => State::Waits,
                Next::Close => State::Closed,
                Next::CloseAfterReply => State::Answered,
                Next::Stream(mut rows, close) => {
                    while let Ok(Some(part)) = rows.next_part() {
                        self.sent.extend_from_slice(part.as_bytes());
                    }
                    if close { State::Answered } else { State::Open }
                }
                Next::Commit(chunks) => {
                    let result = self.shared.store.commit(chunks);
                    turn = self.session.on_commit(&self.shared, result, self.now);
                    continue;
                }
            };
            return consumed;
        }
    }

    /// Ends the session and removes all tables. Returns the bytes that are still held, which should be none.
    pub(crate) fn held_without_tables(self) -> usize {
        drop(self.session);
        self.shared.store.clear();
        self.shared.store.budget().used()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.shared.store.total_rows()
    }

    #[cfg(test)]
    pub(crate) fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent).into_owned()
    }

    /// Returns code, line, byte and text of the last refusals.
    pub(crate) fn refusals(&self) -> Vec<(&'static str, u64, u64, String)> {
        let last = self.shared.refusals.last();
        last.iter().map(|r| (r.code(), r.line(), r.byte(), r.text().to_owned())).collect()
    }
}
