//! [`Carrier`]: what a protocol does for a flush.

use std::time::Duration;

use super::batch::Batch;
use super::server_settings::ServerSettings;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{Deadline, Net};

/// Carries batches to the configured servers by one protocol. It makes single attempts and says what each of them means for
/// the rows. The flush decides whether another attempt follows.
pub(super) trait Carrier: Send {
    /// Returns whether success means that the server has stored the rows, and not only that the kernel has taken them.
    fn confirms_storage(&self) -> bool;

    /// Returns whether [`Carrier::settings`] asks a server, so that it can fail and takes time.
    fn asks_for_settings(&self) -> bool;

    /// Returns how long one attempt may take that sends so many bytes.
    fn attempt_limit(&self, bytes: usize) -> Duration;

    /// Returns whether a failed attempt may be followed by another one in the same flush.
    fn allows_retries(&self) -> bool;

    /// Returns among how many servers the attempts of a flush choose: after a failed attempt the next one goes to the next
    /// server.
    fn server_count(&self) -> usize;

    /// Returns how many connections have been made so far.
    fn connections_made(&self) -> u64;

    /// Returns whether the next attempt may fail only because a connection ended while it was idle.
    fn may_be_stale(&self) -> bool {
        false
    }

    /// Makes the connection before the first batch, if the protocol keeps one open for all batches.
    fn connect(&mut self, _: &dyn Net) -> Result<()> {
        Ok(())
    }

    /// Returns what the server in use says about itself.
    fn settings(&mut self, net: &dyn Net, time: AttemptTime) -> Result<ServerSettings, Failed>;

    /// Sends a batch once.
    fn send(&mut self, net: &dyn Net, batch: Batch<'_>, time: AttemptTime) -> Result<(), Failed>;

    /// Ends the connection. An error tells of earlier batches that may be lost.
    fn close(&mut self, net: &dyn Net, deadline: Deadline) -> Result<()>;
}

/// The time that an attempt has.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptTime {
    /// The attempt is over by then.
    pub(super) ends: Deadline,
    /// A connection that has to be made must be established by then.
    pub(super) connected_by: Deadline,
}

/// A failed attempt. The error holds what is known about the rows.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Whether a request was sent. If not, the server could not be used at all.
    pub(super) began: bool,
    /// Whether a connection of an earlier request died without an answer: it was most likely closed while it was idle.
    pub(super) idle_died: bool,
    /// Whether this server refused for good, while another one may accept.
    pub(super) only_this_server: bool,
}

impl Failed {
    /// Creates a failed attempt that sent nothing.
    pub(super) fn not_begun(error: Error) -> Failed {
        Failed { error, began: false, idle_died: false, only_this_server: false }
    }

    /// Returns whether the server refused the rows themselves. Then it works, and another server would refuse them too.
    pub(super) fn is_about_the_rows(&self) -> bool {
        self.began && matches!(self.error.code(), ErrorCode::Rejected | ErrorCode::PayloadTooLarge)
    }
}
