//! Ending a running call from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Ends the call that is running on a sender, from any thread; made by [`Sender::canceller`](crate::Sender::canceller).
///
/// ```
/// use questdb_ingress::{Canceller, Sender};
/// use questdb_receiver::{Listener, Receiver};
///
/// let receiver = Receiver::builder().start()?;
/// let mut sender = Sender::from_conf(&receiver.conf(Listener::Http))?;
/// let canceller: Canceller = sender.canceller();
/// // For the thread that ends the program; without a running call nothing happens.
/// std::thread::spawn(move || canceller.cancel());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Cancels the running call, wherever it waits. The call returns within 100 ms with
    /// [`ErrorCode::Cancelled`](crate::ErrorCode::Cancelled) and its true outcome. It is not retried, and its rows stay in
    /// the buffer. It may still succeed if it was about to.
    ///
    /// Does nothing if no call is running: a later call is not cancelled. If you cannot tell whether the call has begun, cancel
    /// repeatedly until it returns.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) || HOST.get().is_some_and(|must_end| must_end())
    }

    /// Resets the canceller when a new call begins.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What the host answers: whether the call that waits in the current thread must end.
static HOST: OnceLock<fn() -> bool> = OnceLock::new();

/// Has every wait of every sender ask the host language whether the call that waits in the current thread must end, as it does
/// after a signal. The answer must come quickly. Only the first call has an effect.
pub fn ask_host(must_end: fn() -> bool) {
    let _ = HOST.set(must_end);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static ENDS: Cell<bool> = const { Cell::new(false) };
    }

    #[test]
    fn the_host_may_end_what_waits_in_a_thread() {
        ask_host(|| ENDS.get());
        let (waiting, other) = (Canceller::default(), Canceller::default());
        assert!(!waiting.is_cancelled());
        ENDS.set(true);
        assert!(waiting.is_cancelled() && other.is_cancelled());
        ENDS.set(false);
        assert!(!waiting.is_cancelled(), "nothing of it stays");
        waiting.cancel();
        assert!(waiting.is_cancelled() && !other.is_cancelled());
        waiting.clear();
        assert!(!waiting.is_cancelled());
    }
}
