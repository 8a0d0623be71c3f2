//! Failover: how the attempts of a flush are spread over the configured servers.

use crate::net::{Deadline, Net};

/// The attempts since the last wait: each server is tried once before waiting.
#[derive(Debug)]
pub(super) struct Round {
    servers: usize,
    /// How many servers have failed in this round.
    failed: usize,
    is_first: bool,
}

impl Round {
    pub(super) fn first(servers: usize) -> Round {
        Round { servers, failed: 0, is_first: true }
    }

    /// Whether no server has been tried twice.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    pub(super) fn server_failed(&mut self) {
        self.failed += 1;
    }

    /// The server that failed last is tried once more, as if it had not been.
    pub(super) fn repeat_server(&mut self) {
        self.failed -= 1;
    }

    /// Whether a server is left that has not failed in this round.
    pub(super) fn has_others(&self) -> bool {
        self.failed < self.servers
    }

    /// All servers may be tried again, after a wait.
    pub(super) fn begin_next(&mut self) {
        (self.failed, self.is_first) = (0, false);
    }

    /// An even share of the time until `ends`, for each server that has not failed: a server that never answers must leave
    /// time for those after it.
    pub(super) fn share(&self, net: &dyn Net, ends: Deadline) -> Deadline {
        let left_over = self.servers.saturating_sub(self.failed);
        if left_over <= 1 {
            return ends;
        }
        ends.left(net).map_or(ends, |left| {
            Deadline::after(net, left / u32::try_from(left_over).unwrap_or(u32::MAX))
        })
    }
}
