//! A session of its own for benchmarks, without a socket.

use std::time::{Duration, Instant};

use super::{Next, Session, TcpSession};
use crate::shared::Shared;
use crate::{Listener, Receiver, Result};

/// Bytes of a TCP connection to committed rows, without a socket.
#[derive(Debug)]
pub struct SocketlessTcp {
    shared: Shared,
    session: TcpSession,
    now: Instant,
}

impl SocketlessTcp {
    /// Makes a session and a store of its own. With `parser_only` no line takes the fast way.
    ///
    /// # Errors
    /// None with these settings.
    pub fn new(parser_only: bool) -> Result<SocketlessTcp> {
        let mut builder = Receiver::builder().strict_decimals(false);
        // The time of the session stands still, so rows are committed when there are enough of them.
        builder.tcp.commit_interval = Duration::from_secs(1);
        let shared = Shared::new(builder.options()?);
        let now = Instant::now();
        let mut session = TcpSession::new(&shared, None, now);
        if parser_only {
            session.use_parser_only();
        }
        Ok(SocketlessTcp { shared, session, now })
    }

    /// Passes bytes that have arrived. Returns false if the connection was closed.
    pub fn feed(&mut self, input: &[u8]) -> bool {
        let mut at = 0;
        while at < input.len() {
            let mut turn = self.session.on_bytes(&self.shared, &input[at..], self.now);
            at += turn.consumed;
            while let Next::Commit(chunks) = turn.next {
                let result = self.shared.commit(Listener::Tcp, chunks);
                turn = self.session.on_commit(&self.shared, result, self.now);
                at += turn.consumed;
            }
            if !matches!(turn.next, Next::Read) {
                return false;
            }
        }
        true
    }

    /// Commits what was read.
    pub fn commit(&mut self) {
        let later = self.now + self.shared.options.tcp.commit_interval;
        if let Next::Commit(chunks) = self.session.on_time(&self.shared, later).next {
            let result = self.shared.commit(Listener::Tcp, chunks);
            self.session.on_commit(&self.shared, result, self.now);
        }
    }

    /// Returns how many rows were committed.
    pub fn rows(&self) -> u64 {
        self.shared.store.total_rows()
    }

    /// Returns what the last refused line was told.
    pub fn last_refusal(&self) -> Option<String> {
        self.shared.refusals.last().last().map(|refused| format!("{refused:?}"))
    }

    /// Forgets all tables.
    pub fn clear(&self) {
        self.shared.store.clear();
    }
}
