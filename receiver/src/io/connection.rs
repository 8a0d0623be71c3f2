//! A connection, plain or inside TLS, with a buffer of what was read from it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The time that a peer may take to accept an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time that a peer may go on sending after its connection was refused.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 20;
const MAX_KEPT: usize = 1 << 20;
const READ_LEN: usize = 64 << 10;

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// A connection and its unread bytes.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    peer: Option<SocketAddr>,
    idle_timeout: Option<Duration>,
}

impl Connection {
    /// A peer that sends nothing for `idle_timeout` is disconnected.
    pub(crate) fn open(
        socket: TcpStream,
        tls: Option<&Arc<ServerConfig>>,
        idle_timeout: Option<Duration>,
    ) -> io::Result<Self> {
        let peer = socket.peer_addr().ok();
        socket.set_nodelay(true)?;
        socket.set_read_timeout(idle_timeout)?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let session =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Stream::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        Ok(Connection { stream, buffer: Vec::new(), start: 0, end: 0, peer, idle_timeout })
    }

    /// Returns who is connected, if the system could tell.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Returns the bytes that were read and not yet consumed.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, len: usize) {
        self.start = (self.start + len).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > MAX_KEPT {
                // Frees the memory, so that one very long line does not occupy it for as long as the connection lives.
                self.buffer = Vec::new();
            }
        }
    }

    /// Reads more bytes and appends them to the unread ones. Returns how many were read: 0 at the end of the stream.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        if self.buffer.len() - self.end < READ_LEN {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            if self.buffer.len() - self.end < READ_LEN {
                // The buffer doubles, so that the cost of copying stays linear in the length of a long line.
                let len = (self.buffer.len() * 2).max(self.end + READ_LEN);
                self.buffer.resize(len, 0);
            }
        }
        let free = &mut self.buffer[self.end..];
        let read = loop {
            let result = match &mut self.stream {
                Stream::Plain(s) => s.read(free),
                Stream::Tls(s) => s.read(free),
            };
            match result {
                // Some peers close without the closing alert of TLS. That counts as the end of the stream too.
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => break 0,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        Ok(read)
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

    pub(crate) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(timeout))
    }

    pub(crate) fn set_idle_timeout(&self) -> io::Result<()> {
        self.socket().set_read_timeout(self.idle_timeout)
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
            if left.is_zero() || self.set_read_timeout(left).is_err() {
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
