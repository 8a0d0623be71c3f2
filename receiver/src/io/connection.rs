//! A connection, plain or inside TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The time that a peer may take to accept an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time that a peer may go on sending after its connection was refused.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 20;
/// When the receiver stops, a peer that is sending may take this long for its next bytes.
const LAST_WORDS: Duration = Duration::from_millis(20);

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    /// The time-out that the socket has for reading.
    timeout: Option<Duration>,
}

/// What came of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// So many bytes.
    Bytes(usize),
    /// The peer sends no more, or the connection broke.
    End,
    /// The time was up.
    TimedOut,
}

impl Connection {
    pub(crate) fn open(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let session =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Stream::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        Ok(Connection { stream, timeout: None })
    }

    /// Reads some bytes. `None` waits for ever.
    pub(crate) fn read(&mut self, buffer: &mut [u8], timeout: Option<Duration>) -> ReadOutcome {
        // The system takes a time-out of zero for none.
        let timeout = timeout.map(|t| t.max(Duration::from_millis(1)));
        if timeout != self.timeout {
            if self.socket().set_read_timeout(timeout).is_err() {
                return ReadOutcome::End;
            }
            self.timeout = timeout;
        }
        loop {
            let result = match &mut self.stream {
                Stream::Plain(s) => s.read(buffer),
                Stream::Tls(s) => s.read(buffer),
            };
            return match result {
                Ok(0) => ReadOutcome::End,
                Ok(read) => ReadOutcome::Bytes(read),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    ReadOutcome::TimedOut
                }
                // Some peers close without the closing alert of TLS. That counts as the end of the stream too.
                Err(_) => ReadOutcome::End,
            };
        }
    }

    /// Reads bytes that are still arriving while the receiver stops. Without any for a moment it is the end.
    pub(crate) fn read_last(&mut self, buffer: &mut [u8]) -> ReadOutcome {
        // Whoever stops the receiver may have changed the time-out of the socket.
        self.timeout = None;
        match self.read(buffer, Some(LAST_WORDS)) {
            ReadOutcome::TimedOut => ReadOutcome::End,
            outcome => outcome,
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(s) => s.write_all(bytes),
            Stream::Tls(s) => s.write_all(bytes).and_then(|()| s.flush()),
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(s) => s,
            Stream::Tls(s) => &s.sock,
        }
    }

    /// Ends TLS, if there is any, and closes the connection.
    pub(crate) fn close(mut self) {
        self.end_sending();
    }

    /// Closes after an answer that the peer may not expect yet. Closing a socket with unread bytes would reset the connection
    /// and lose the answer, so what the peer still sends is read for a while and dropped.
    pub(crate) fn close_after_answer(mut self) {
        self.end_sending();
        let deadline = Instant::now() + LINGER_TIMEOUT;
        let mut dropped = 0;
        let mut scrap = [0; 8 << 10];
        while dropped < LINGER_BYTES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket().set_read_timeout(Some(left)).is_err() {
                return;
            }
            let mut socket = self.socket();
            match socket.read(&mut scrap) {
                Ok(read) if read > 0 => dropped += read,
                _ => return,
            }
        }
    }

    fn end_sending(&mut self) {
        if let Stream::Tls(s) = &mut self.stream {
            s.conn.send_close_notify();
            // The peer may have gone; then there is nobody to tell.
            let _ = s.flush();
        }
        let _ = self.socket().shutdown(Shutdown::Write);
    }
}
