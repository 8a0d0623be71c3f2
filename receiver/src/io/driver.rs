//! Runs a session on a connection: reads, writes, commits and waits as the session says.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::connection::{Connection, ReadOutcome};
use crate::Listener;
use crate::read::RowStream;
use crate::session::{Next, Session, Turn};
use crate::shared::Shared;

/// A buffer for reading grows from the first to the second size while reads fill it.
const FIRST_BUFFER: usize = 2 << 10;
const LARGEST_BUFFER: usize = 64 << 10;
/// How often a session is asked again that waits for room.
const WAIT: Duration = Duration::from_millis(5);

/// What is left to do for a connection.
enum End {
    Close,
    CloseAfterReply,
}

pub(crate) fn drive(
    shared: &Shared,
    connection: Connection,
    session: impl Session,
    listener: Listener,
) {
    let mut driver = Driver { shared, connection, session, listener };
    let end = driver.serve();
    let connection = driver.connection;
    match end {
        End::Close => connection.close(),
        End::CloseAfterReply => connection.close_after_answer(),
    }
}

/// A session and its connection.
struct Driver<'a, S> {
    shared: &'a Shared,
    connection: Connection,
    session: S,
    listener: Listener,
}

impl<S: Session> Driver<'_, S> {
    fn serve(&mut self) -> End {
        let first = match self.listener {
            Listener::Tcp => self.shared.options.tcp.first_buffer.min(LARGEST_BUFFER),
            Listener::Http => FIRST_BUFFER,
        };
        let mut buffer = vec![0; first];
        loop {
            let deadline = self.session.deadline(self.shared);
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            let outcome = match self.is_stopping() {
                true => self.connection.read_last(&mut buffer),
                false => self.connection.read(&mut buffer, left),
            };
            let result = match outcome {
                ReadOutcome::Bytes(len) => {
                    let result = self.pass(&buffer[..len]);
                    if len == buffer.len() && len < LARGEST_BUFFER {
                        buffer.resize(2 * len, 0);
                    }
                    result
                }
                ReadOutcome::TimedOut => {
                    let turn = self.session.on_time(self.shared, Instant::now());
                    self.settle(turn).map(drop)
                }
                ReadOutcome::End => {
                    let turn = self.session.on_end(self.shared);
                    self.settle(turn).and(Err(End::Close))
                }
            };
            if let Err(end) = result {
                return end;
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::SeqCst)
    }

    /// Passes all bytes of a read to the session.
    fn pass(&mut self, input: &[u8]) -> Result<(), End> {
        let mut at = 0;
        while at < input.len() {
            let turn = self.session.on_bytes(self.shared, &input[at..], Instant::now());
            at += self.settle(turn)?;
        }
        Ok(())
    }

    /// Does what the session wants, until it wants to read. Returns how many bytes it has used.
    fn settle(&mut self, mut turn: Turn) -> Result<usize, End> {
        let mut consumed = 0;
        loop {
            consumed += turn.consumed;
            self.send(&turn.reply)?;
            turn = match turn.next {
                Next::Read => return Ok(consumed),
                Next::Close => return Err(End::Close),
                Next::CloseAfterReply => return Err(End::CloseAfterReply),
                Next::Commit(chunks) => {
                    let result = self.shared.commit(self.listener, chunks);
                    self.session.on_commit(self.shared, result, Instant::now())
                }
                Next::Stream(mut rows, close) => {
                    self.stream(&mut rows)?;
                    match close {
                        true => return Err(End::CloseAfterReply),
                        false => return Ok(consumed),
                    }
                }
                // Rows that have no room when the receiver stops are lost with their connection.
                Next::Wait if self.is_stopping() => return Err(End::Close),
                Next::Wait => {
                    std::thread::sleep(WAIT);
                    self.session.on_bytes(self.shared, &[], Instant::now())
                }
            };
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.connection.send(bytes).map_err(|_| End::Close)
    }

    /// Sends all parts in chunks. The last chunk has the size `00`, as QuestDB sends it.
    fn stream(&mut self, rows: &mut RowStream) -> Result<(), End> {
        // A result that cannot be read to its end is broken off, so that it does not look whole.
        while let Some(part) = rows.next_part().map_err(|_| End::Close)? {
            self.send(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes())?;
        }
        self.send(b"00\r\n\r\n")
    }
}
