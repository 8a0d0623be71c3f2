//! [`Outlet`]: where the rows of a sender go that belongs to a pool and has no connection of its own.

use std::time::Duration;

use super::Batch;
use super::carrier::{AttemptTime, Carrier, Failed};
use super::server_settings::ServerSettings;
use crate::error::{Error, Outcome, Result, err};
use crate::ilp::Buffer;
use crate::net::{Deadline, Net};

/// Takes the batches of one sender, and says later what became of each. They go out one after the other.
pub(crate) trait Outlet: Send + Sync {
    /// Takes the rows of a buffer, leaves it empty, and returns the number of the batch. Without room it waits for up to `limit`,
    /// and not once `cancelled` says so; after an error the buffer is as it was.
    fn submit(
        &self,
        buffer: &mut Buffer,
        limit: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<u64>;

    /// Returns what became of a batch, once, and waits for that for up to `limit`. `None` if it is not complete by then.
    fn wait(&self, batch: u64, limit: Duration) -> Result<Option<Done>>;

    /// Ends a batch that is not complete, even if it is being sent.
    fn cancel(&self, batch: u64);

    /// Gives up a batch: whoever reads the completions of the pool learns what became of it.
    fn leave(&self, batch: u64);
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) in_doubt_attempts: u32,
    /// What the server did, or what went wrong, with the rows.
    pub(crate) result: Result<Outcome, (Error, Box<Buffer>)>,
}

/// Stands for the connection that a sender of a pool does not have.
#[derive(Debug)]
pub(super) struct NoConnection {
    pub(super) confirms_storage: bool,
}

impl Carrier for NoConnection {
    fn confirms_storage(&self) -> bool {
        self.confirms_storage
    }

    fn asks_for_settings(&self) -> bool {
        false
    }

    fn attempt_limit(&self, _: usize) -> Duration {
        Duration::ZERO
    }

    fn allows_retries(&self) -> bool {
        false
    }

    fn server_count(&self) -> usize {
        1
    }

    fn connections_made(&self) -> u64 {
        0
    }

    fn settings(&mut self, _: &dyn Net, _: AttemptTime) -> Result<ServerSettings, Failed> {
        Err(Failed::not_begun(no_connection()))
    }

    fn send(&mut self, _: &dyn Net, _: Batch<'_>, _: AttemptTime) -> Result<(), Failed> {
        Err(Failed::not_begun(no_connection()))
    }

    fn close(&mut self, _: &dyn Net, _: Deadline) -> Result<()> {
        Ok(())
    }
}

#[cold]
fn no_connection() -> Error {
    err!(Internal, "a sender of a pool has no connection")
}
