//! [`Ticket`]: a batch under way, and the right to its completion.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::completion::{BatchId, Completion};
use super::shared::Shared;
use crate::error::Result;

/// A batch that a [`Pool`](super::Pool) has taken. Its completion is returned by [`Ticket::wait`], or by awaiting the ticket in
/// any async runtime. If the ticket is dropped, the completion comes from [`Pool::next`](super::Pool::next) instead, so that no
/// failure goes unseen.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Pool, Ticket};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let pool = Pool::from_conf(&receiver.conf(Listener::Http))?;
/// let mut buffer = pool.new_buffer()?;
/// buffer.table("trades")?.column_f64("price", 2615.54)?.at_now()?;
/// let mut ticket: Ticket = pool.submit(&mut buffer)?;
/// let done = loop {
///     match ticket.wait(Duration::from_millis(100)) {
///         Ok(completion) => break completion,
///         Err(still_under_way) => ticket = still_under_way,
///     }
/// };
/// assert!(done.error.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a failed batch is told by its ticket; `detach` it to read the completion by `Pool::next`"]
pub struct Ticket {
    shared: Arc<Shared>,
    id: BatchId,
    /// Whether the completion was returned.
    done: bool,
}

impl Ticket {
    pub(super) fn new(shared: Arc<Shared>, id: BatchId) -> Ticket {
        Ticket { shared, id, done: false }
    }

    /// Returns the number of the batch.
    pub fn batch(&self) -> BatchId {
        self.id
    }

    /// Gives the completion to whoever calls [`Pool::next`](super::Pool::next).
    #[expect(clippy::must_use_candidate, reason = "the id is in the completion too")]
    pub fn detach(self) -> BatchId {
        self.id
    }

    /// Waits for the completion, for `timeout` at most; zero does not wait.
    ///
    /// # Errors
    /// The ticket, if the batch is not complete by then; in a forked child always.
    pub fn wait(mut self, timeout: Duration) -> Result<Completion, Ticket> {
        match self.shared.wait(self.id, timeout) {
            Ok(Some(completion)) => {
                self.done = true;
                Ok(completion)
            }
            _ => Err(self),
        }
    }

    /// Cancels the batch if it still waits; with `in_flight_too` also if it is being sent, which ends it within 100 ms, and its
    /// outcome may be in doubt. Returns whether there was anything to cancel. The completion says what became of the rows.
    pub fn cancel(&self, in_flight_too: bool) -> bool {
        self.shared.cancel(self.id, in_flight_too).unwrap_or(false)
    }
}

impl Future for Ticket {
    type Output = Result<Completion>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.shared.poll(self.id, context.waker());
        self.done |= polled.is_ready();
        polled
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.done {
            self.shared.detach(self.id);
        }
    }
}
