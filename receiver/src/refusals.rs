//! The last rows that were refused. How many there were is among the metrics.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::Listener;
use crate::error::printable;
use crate::events::Why;

/// How many refusals are kept.
const KEPT: usize = 256;
/// The most bytes of a message, and of the text of a line, that are kept.
const MAX_MESSAGE: usize = 512;
const MAX_TEXT: usize = 200;

/// A row that was not stored, or a connection that was refused.
///
/// ```
/// use questdb_receiver::Receiver;
///
/// let receiver = Receiver::builder().start()?;
/// for refused in receiver.last_refusals() {
///     println!("{} line {}: {}", refused.code(), refused.line(), refused.message());
/// }
/// # Ok::<(), questdb_receiver::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RefusedRow {
    time: SystemTime,
    peer: Option<SocketAddr>,
    listener: Listener,
    code: &'static str,
    line: u64,
    byte: u64,
    message: String,
    text: String,
}

impl RefusedRow {
    /// Returns when it was refused.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// Returns who sent it, if that is known.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Returns where it arrived.
    pub fn listener(&self) -> Listener {
        self.listener
    }

    /// Returns the reason as a word, such as `CAST`, or QuestDB's name of a parse error.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Returns the number of the row in its request or connection, counted from 1, or 0 if no row is at fault. Empty lines are not
    /// counted.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns how many bytes of rows were before it in its request or connection.
    pub fn byte(&self) -> u64 {
        self.byte
    }

    /// Returns what was wrong, as one printable line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the start of the row as one printable line. What is not printable is escaped.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Something to record.
pub(crate) struct Refused<'a> {
    pub(crate) listener: Listener,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) why: &'a Why,
    /// The start of what was refused, if that is a line.
    pub(crate) text: &'a [u8],
}

/// The last refusals of a receiver.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<VecDeque<RefusedRow>>);

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, VecDeque<RefusedRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, refused: Refused<'_>) {
        let Refused { listener, peer, why, text } = refused;
        let (code, line, byte) = (why.code, why.line.unwrap_or(0), why.byte);
        // The peer chose the text, so it is cut and escaped before it is kept.
        let message = printable(why.message.as_bytes(), MAX_MESSAGE);
        let text = printable(text, MAX_TEXT);
        let time = SystemTime::now();
        let row = RefusedRow { time, peer, listener, code, line, byte, message, text };
        let mut last = self.lock();
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(row);
    }

    /// Returns the last refusals, the oldest first.
    pub(crate) fn last(&self) -> Vec<RefusedRow> {
        self.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let refusals = Refusals::default();
        let long = [b"a\x1b\n".as_slice(), &[b'x'; 5000]].concat();
        for line in 0..300 {
            refusals.add(Refused {
                listener: if line % 2 == 0 { Listener::Http } else { Listener::Tcp },
                peer: None,
                why: &Why { line: Some(line), byte: 7 * line, ..Why::new("CAST", "a\nb") },
                text: &long,
            });
        }
        let last = refusals.last();
        assert_eq!((last.len(), last[0].line(), last[255].byte()), (256, 44, 7 * 299));
        assert_eq!(last[0].message(), "a\\nb");
        assert!(last[0].text().starts_with("a\\u{1b}\\nxxx") && last[0].text().len() < 250);
    }
}
