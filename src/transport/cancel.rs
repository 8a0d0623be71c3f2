//! Ending a running call from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the call that is running on a sender, from any thread; made by [`Sender::canceller`](crate::Sender::canceller).
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Ends the running call within 100 ms, wherever it waits: it fails with
    /// [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled) and the true outcome, is not retried, and the rows stay in their
    /// buffer. A call that is about to succeed may do so all the same.
    ///
    /// Nothing happens when no call is running, and a call that begins later is not affected. Who cannot know whether the
    /// call has begun repeats this until the call has returned.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A new call begins.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
