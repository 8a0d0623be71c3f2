//! What happens in a receiver, for whoever logs or counts it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::Listener;
use crate::refusal::Refusal;

/// Something that happened. Text in it is safe to print: it was escaped and cut.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use questdb_receiver::{Receiver, ReceiverEvent};
///
/// let refused = Arc::new(AtomicU64::new(0));
/// let counter = Arc::clone(&refused);
/// let receiver = Receiver::builder()
///     .on_event(move |event| {
///         if let ReceiverEvent::Refused { .. } = event {
///             counter.fetch_add(1, Ordering::Relaxed);
///         }
///     })
///     .start()?;
/// # drop(receiver);
/// # assert_eq!(refused.load(Ordering::Relaxed), 0);
/// # Ok::<(), questdb_receiver::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ReceiverEvent<'a> {
    /// A connection is being served.
    #[non_exhaustive]
    Connected {
        /// The port.
        listener: Listener,
        /// Who connected, if the system could tell.
        peer: Option<SocketAddr>,
    },
    /// A connection has ended.
    #[non_exhaustive]
    Disconnected {
        /// The port.
        listener: Listener,
        /// Who was connected.
        peer: Option<SocketAddr>,
    },
    /// A connection was closed at once, because there were as many as there may be.
    #[non_exhaustive]
    TurnedAway {
        /// The port.
        listener: Listener,
        /// Who tried to connect.
        peer: Option<SocketAddr>,
    },
    /// Rows were stored, all at once.
    #[non_exhaustive]
    Committed {
        /// The port that they came by.
        listener: Listener,
        /// How many.
        rows: u64,
        /// How long storing them took.
        took: Duration,
    },
    /// Something that a client sent was refused.
    #[non_exhaustive]
    Refused {
        /// The port.
        listener: Listener,
        /// Who sent it.
        peer: Option<SocketAddr>,
        /// One of a fixed set of words that say why.
        code: &'static str,
        /// The line in the request or since the start of the connection, from 1, if a line is at fault.
        line: Option<u64>,
        /// What is wrong.
        message: &'a str,
        /// The start of the line, or nothing if no line is at fault or the configuration hides it.
        text: &'a str,
    },
}

/// Why something was refused, for those who watch the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    /// One of a fixed set of words.
    pub(crate) code: &'static str,
    /// The line, from 1, if a line is at fault.
    pub(crate) line: Option<u64>,
    /// The bytes of rows before that line.
    pub(crate) byte: u64,
    pub(crate) message: String,
}

impl Why {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Why {
        Why { code, line: None, byte: 0, message: message.into() }
    }

    pub(crate) fn of(refusal: &Refusal) -> Why {
        Why::new(refusal.code.name(), refusal.message.clone())
    }
}

/// The function that is told of events.
#[derive(Clone, Default)]
pub(crate) struct Observer(pub(crate) Option<Arc<Tell>>);

type Tell = dyn Fn(&ReceiverEvent<'_>) + Send + Sync;

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer(set)" } else { "Observer(none)" })
    }
}
