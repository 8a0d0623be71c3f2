//! One connection, plain or TLS: whole writes and single reads, each bounded by a deadline.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::broken::{Broken, NOT_TLS, is_reset, tls_failed, tls_read_failed};
use super::os::{Deadline, InFlight, Interest, Net, Ready, SLICE, Socket};
use super::tls::{ClientTls, explain};

/// The most plain bytes that are offered to the kernel in one call. It copies them in a few milliseconds, so that deadlines
/// are kept.
const PLAIN_SLICE: usize = 4 * 1024 * 1024;
/// Fewer bytes than this usually have room in the kernel at once, so that a send need not wait.
const LARGE: usize = 256 * 1024;
/// The most plaintext that is encrypted before it is handed to the kernel.
const TLS_SLICE: usize = 64 * 1024;

/// Bytes to be sent, in a head and a body so that they need not be copied together, and how many of them the kernel has
/// taken.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    head: &'a [u8],
    body: &'a [u8],
    sent: usize,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(head: &'a [u8], body: &'a [u8]) -> Outgoing<'a> {
        Outgoing { head, body, sent: 0 }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.sent == self.head.len() + self.body.len()
    }

    /// Returns how many bytes of the body the kernel has taken.
    pub(crate) fn body_sent(&self) -> u64 {
        self.sent.saturating_sub(self.head.len()) as u64
    }

    /// Returns what is left of head and body, with at most `most` bytes of the body.
    #[inline(always)]
    fn rest(&self, most: usize) -> (&'a [u8], &'a [u8]) {
        let (head, body) = match self.sent.checked_sub(self.head.len()) {
            Some(n) => (&[][..], &self.body[n..]),
            None => (&self.head[self.sent..], self.body),
        };
        (head, &body[..body.len().min(most)])
    }
}

/// How a write ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WriteEnd {
    /// The kernel has taken everything.
    All,
    /// The peer sent something, and the kernel takes no more for now.
    PeerSent,
}

/// What the peer of an idle connection is doing.
#[derive(Debug)]
pub(crate) enum Idle {
    Quiet,
    /// It sent bytes; this many are in the buffer.
    Received(usize),
    Gone(Broken),
}

/// One connection, plain or TLS.
pub(crate) struct Connection {
    socket: Box<dyn Socket>,
    tls: Option<Box<ClientConnection>>,
    /// Plaintext bytes that are encrypted, but not yet taken by the kernel.
    tls_unflushed: usize,
    /// Whether the kernel has taken a part of them. The peer may already read the complete records in that part.
    partly_in_tls: bool,
    /// Whether the peer may still refuse the session. In TLS 1.3 a peer that asked for the client's certificate judges it
    /// after the handshake, when the client already takes the session for established.
    tls_unsettled: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn plain(socket: Box<dyn Socket>) -> Connection {
        Connection {
            socket,
            tls: None,
            tls_unflushed: 0,
            partly_in_tls: false,
            tls_unsettled: false,
        }
    }

    /// Sets up TLS over a connected socket. `plain` is the scheme for servers without TLS.
    pub(crate) fn tls(
        socket: Box<dyn Socket>,
        tls: &ClientTls,
        name: ServerName<'static>,
        plain: &'static str,
        net: &dyn Net,
        deadline: Deadline,
    ) -> Result<Connection, Broken> {
        let mut session = ClientConnection::new(Arc::clone(&tls.config), name).map_err(|e| {
            Broken::Tls { message: explain(&e), refused: true, cause: Some(Box::new(e)) }
        })?;
        session.set_buffer_limit(Some(TLS_SLICE));
        let mut connection =
            Connection { tls: Some(Box::new(session)), ..Connection::plain(socket) };
        tls.was_certificate_wanted();
        let (mut heard, broke_off) = (false, |how: &str| {
            let message =
                format!("the peer {how} the TLS handshake; it may not speak TLS: then use {plain}");
            Err(Broken::Tls { message, refused: false, cause: None })
        });
        match connection.handshake(net, deadline, &mut heard) {
            Ok(()) => {}
            // A server that does not understand the first message often just drops the connection.
            Err(Broken::Io(e)) if is_reset(&e) => return broke_off(&format!("broke off ({e})")),
            Err(Broken::Closed) => return broke_off("closed the connection during"),
            // Or it waits for more, because it takes the first message for a part of a request.
            Err(Broken::Timeout) if !heard => return Err(Broken::NoTls { plain }),
            Err(Broken::Tls { message, refused, cause }) if message.starts_with(NOT_TLS) => {
                let message = format!("{message}; use {plain}");
                return Err(Broken::Tls { message, refused, cause });
            }
            Err(broken) => return Err(broken),
        }
        let wanted = tls.was_certificate_wanted();
        connection.tls_unsettled = wanted && connection.is_tls13();
        Ok(connection)
    }

    fn is_tls13(&self) -> bool {
        let version = self.tls.as_ref().and_then(|tls| tls.protocol_version());
        version == Some(rustls::ProtocolVersion::TLSv1_3)
    }

    fn handshake(
        &mut self,
        net: &dyn Net,
        deadline: Deadline,
        heard: &mut bool,
    ) -> Result<(), Broken> {
        loop {
            self.flush_tls(net, deadline, false)?;
            let Some(tls) = &self.tls else { return Ok(()) };
            if !tls.is_handshaking() {
                return Ok(());
            }
            self.wait(net, Interest::Read, deadline)?;
            *heard = true;
            if self.pull_tls(true)? == Some(0) {
                return Err(Broken::Closed);
            }
        }
    }

    /// Continues to write. With `watch`, stops as soon as the peer has sent something and the kernel takes no more.
    pub(crate) fn write(
        &mut self,
        net: &dyn Net,
        out: &mut Outgoing<'_>,
        deadline: Deadline,
        watch: bool,
    ) -> Result<WriteEnd, Broken> {
        while !out.is_complete() {
            let going = if self.tls.is_some() {
                self.write_tls_step(net, out, deadline, watch)?
            } else {
                self.write_plain_step(net, out, deadline, watch)?
            };
            if !going {
                return Ok(WriteEnd::PeerSent);
            }
            // A peer that always takes a little must not stretch the deadline.
            if !out.is_complete() {
                left(net, deadline)?;
            }
        }
        Ok(WriteEnd::All)
    }

    /// Returns whether the kernel has taken more than [`Outgoing`] counts: a part of bytes that were encrypted together.
    pub(crate) fn has_uncounted(&self) -> bool {
        self.partly_in_tls
    }

    /// Writes once, or waits until it can. `false` means that the peer has sent something.
    fn write_plain_step(
        &mut self,
        net: &dyn Net,
        out: &mut Outgoing<'_>,
        deadline: Deadline,
        watch: bool,
    ) -> Result<bool, Broken> {
        let (head, body) = out.rest(PLAIN_SLICE);
        let slices = [IoSlice::new(head), IoSlice::new(body)];
        // With less time than a slice left, the wait has to end earlier than the system call would.
        let waits = !watch && body.len() >= LARGE && left(net, deadline)? >= SLICE;
        let sent = if waits { self.socket.send_in_slice(&slices) } else { None };
        let sent = match sent {
            Some(sent) => sent,
            None => self.socket.send(&slices),
        };
        match sent {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            Ok(n) => {
                out.sent += n;
                return Ok(true);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e.into()),
        }
        let interest = if watch { Interest::Both } else { Interest::Write };
        let ready = self.wait(net, interest, deadline)?;
        Ok(!(watch && ready.read))
    }

    fn write_tls_step(
        &mut self,
        net: &dyn Net,
        out: &mut Outgoing<'_>,
        deadline: Deadline,
        watch: bool,
    ) -> Result<bool, Broken> {
        let (head, body) = out.rest(TLS_SLICE);
        let Some(tls) = &mut self.tls else { return Ok(true) };
        // Bytes that an earlier step left encrypted are sent first. Otherwise `tls_unflushed` would not count them.
        if !tls.wants_write() {
            self.tls_unflushed = tls.writer().write(head)?;
            self.tls_unflushed += tls.writer().write(body)?;
        }
        if !self.flush_tls(net, deadline, watch)? {
            return Ok(false);
        }
        out.sent += std::mem::take(&mut self.tls_unflushed);
        self.partly_in_tls = false;
        Ok(true)
    }

    /// Hands all encrypted bytes to the kernel. Returns `false` if `watch` is set and the peer has sent data meanwhile.
    fn flush_tls(
        &mut self,
        net: &dyn Net,
        deadline: Deadline,
        watch: bool,
    ) -> Result<bool, Broken> {
        loop {
            let Some(tls) = &mut self.tls else { return Ok(true) };
            if !tls.wants_write() {
                return Ok(true);
            }
            match tls.write_tls(&mut SocketIo(&mut *self.socket)) {
                Ok(_) => {
                    self.partly_in_tls = self.tls_unflushed > 0;
                    // A peer that always takes a little must not stretch the deadline.
                    if tls.wants_write() {
                        left(net, deadline)?;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let interest = if watch { Interest::Both } else { Interest::Write };
                    let ready = self.wait(net, interest, deadline)?;
                    if watch
                        && ready.read
                        && (self.pull_tls(false)? == Some(0) || self.has_plaintext()?)
                    {
                        return Ok(false);
                    }
                    left(net, deadline)?;
                }
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn has_plaintext(&mut self) -> Result<bool, Broken> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        let state = tls.process_new_packets().map_err(|e| tls_failed(&e, false, false))?;
        Ok(state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }

    /// Feeds the TLS state with what the kernel has received. `None` if there is nothing, 0 at the end of the stream.
    fn pull_tls(&mut self, handshake: bool) -> Result<Option<usize>, Broken> {
        let Some(tls) = &mut self.tls else { return Ok(None) };
        let n = match tls.read_tls(&mut SocketIo(&mut *self.socket)) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        match tls.process_new_packets() {
            Ok(state) => {
                // A peer sends data, and tickets for later sessions, only when it has accepted this session.
                let settled =
                    state.plaintext_bytes_to_read() > 0 || tls.tls13_tickets_received() > 0;
                self.tls_unsettled &= !settled;
                Ok(Some(n))
            }
            Err(e) => {
                // The alert tells the peer why. It is a courtesy and must not delay the error.
                let _ = tls.write_tls(&mut SocketIo(&mut *self.socket));
                let settled = tls.tls13_tickets_received() > 0
                    || matches!(tls.reader().read(&mut [0]), Ok(1..));
                Err(tls_failed(&e, handshake, self.tls_unsettled && !settled))
            }
        }
    }

    /// Reads at least one byte; 0 is the proper end of the stream.
    pub(crate) fn read(
        &mut self,
        net: &dyn Net,
        buf: &mut [u8],
        deadline: Deadline,
    ) -> Result<usize, Broken> {
        loop {
            if let Some(tls) = &mut self.tls {
                match tls.reader().read(buf) {
                    Ok(n) => return Ok(n),
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(e) => return Err(tls_read_failed(e)),
                }
                self.wait(net, Interest::Read, deadline)?;
                self.pull_tls(false)?;
                self.write_session_messages();
            } else {
                // With less time than a slice left, the wait has to end earlier than the system call would.
                let slice = left(net, deadline)? >= SLICE;
                let received = if slice { self.socket.recv_in_slice(buf) } else { None };
                let received = match received {
                    Some(received) => received,
                    None => {
                        self.wait(net, Interest::Read, deadline)?;
                        self.socket.recv(buf)
                    }
                };
                match received {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(e) => return Err(e.into()),
                    Ok(n) => return Ok(n),
                }
            }
        }
    }

    /// Sends the messages of TLS itself, such as a new key. No answer may wait for them, so the next write sends what the
    /// kernel does not take now.
    fn write_session_messages(&mut self) {
        if let Some(tls) = &mut self.tls
            && tls.wants_write()
            && self.tls_unflushed == 0
        {
            let _ = tls.write_tls(&mut SocketIo(&mut *self.socket));
        }
    }

    /// Checks an idle connection without waiting.
    pub(crate) fn look(&mut self, buf: &mut [u8]) -> Idle {
        // Messages of TLS itself, such as tickets, may come before data. No peer sends many of them.
        for _ in 0..64 {
            let pulled = match self.pull_tls(false) {
                Err(broken) => return Idle::Gone(broken),
                Ok(pulled) => pulled,
            };
            let read = match &mut self.tls {
                Some(tls) => tls.reader().read(buf),
                None => self.socket.recv(buf),
            };
            match read {
                Ok(0) => return Idle::Gone(Broken::Closed),
                Ok(n) => return Idle::Received(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if pulled.is_none() {
                        return Idle::Quiet;
                    }
                }
                Err(e) => return Idle::Gone(tls_read_failed(e)),
            }
        }
        Idle::Quiet
    }

    /// Returns what has become of the sent bytes, if the system tells.
    pub(crate) fn in_flight(&self) -> Option<InFlight> {
        self.socket.in_flight()
    }

    /// Ends our half of the stream; with TLS by its closing message.
    pub(crate) fn finish(&mut self, net: &dyn Net, deadline: Deadline) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush_tls(net, deadline, false);
        }
        self.socket.shutdown_write();
    }

    fn wait(
        &mut self,
        net: &dyn Net,
        interest: Interest,
        deadline: Deadline,
    ) -> Result<Ready, Broken> {
        loop {
            let left = left(net, deadline)?;
            let ready = self.socket.wait(interest, left.min(SLICE))?;
            if ready != Ready::default() {
                return Ok(ready);
            }
        }
    }
}

/// Returns the time that a call may still take.
#[inline(always)]
pub(crate) fn left(net: &dyn Net, deadline: Deadline) -> Result<Duration, Broken> {
    if net.cancelled() {
        return Err(Broken::Cancelled);
    }
    deadline.left(net).ok_or(Broken::Timeout)
}

/// A [`Socket`] in the form that rustls expects.
struct SocketIo<'a>(&'a mut dyn Socket);

impl Read for SocketIo<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buf)
    }
}

impl Write for SocketIo<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
