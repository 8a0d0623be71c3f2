//! Failover: how the attempts of a flush are spread over the configured servers.

use crate::net::{Deadline, Net};

/// The attempts since the last wait. Each server is tried once before the next wait.
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

    /// Returns whether no server has been tried twice.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    pub(super) fn server_failed(&mut self) {
        self.failed += 1;
    }

    /// Lets the server that failed last be tried once more, as if it had not been tried.
    pub(super) fn repeat_server(&mut self) {
        self.failed -= 1;
    }

    /// Returns whether there is a server that has not failed in this round.
    pub(super) fn has_untried_servers(&self) -> bool {
        self.failed < self.servers
    }

    /// Begins a round in which all servers may be tried again.
    pub(super) fn begin_next(&mut self) {
        (self.failed, self.is_first) = (0, false);
    }

    /// Returns the end of an even share of the time until `ends`, among the servers that have not failed: a server that
    /// never answers must leave time for those after it.
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
