//! A server on loopback that misbehaves as a script says. It keeps a list of what it stored, which is the oracle of the
//! tests.
//!
//! Every connection runs the script on a thread of its own. Every wait ends when the server is dropped, and after
//! [`PATIENCE`] at the latest.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::raw_tls::records;

/// Longer than anything takes unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a waiting peer checks whether the server is being dropped.
const GLANCE: Duration = Duration::from_millis(20);

pub type Script = Arc<dyn Fn(&mut Peer) + Send + Sync>;

/// Wraps a closure as a script.
pub fn script(run: impl Fn(&mut Peer) + Send + Sync + 'static) -> Script {
    Arc::new(run)
}

/// Returns how long a thread, given by its folder in `/proc`, has waited for a processor since it began. Whoever measures
/// time subtracts it: on a busy machine it is no part of what a call took.
pub fn waited(thread: &str) -> Duration {
    let text = std::fs::read_to_string(format!("{thread}/schedstat")).unwrap_or_default();
    let nanos = text.split(' ').nth(1).and_then(|number| number.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Returns the folder of the calling thread in `/proc`.
pub fn this_thread() -> String {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    format!("/proc/{}", link.display())
}

#[derive(Default)]
struct Shared {
    /// The threads that serve now, and how long those that have ended waited for a processor.
    threads: Mutex<(Vec<String>, Duration)>,
    stop: AtomicBool,
    connections: AtomicUsize,
    requests: AtomicUsize,
    committed: Mutex<Vec<Vec<u8>>>,
    first_head: OnceLock<String>,
    /// How often each note was made.
    notes: Mutex<BTreeMap<String, usize>>,
    noted: Condvar,
    peers: Mutex<Vec<JoinHandle<()>>>,
    /// The number of scripts that panicked.
    failed: AtomicUsize,
}

impl Shared {
    fn note(&self, note: &str) {
        *self.notes.lock().unwrap().entry(note.to_owned()).or_default() += 1;
        self.noted.notify_all();
    }

    /// Forgets connections that have ended, so that a server can run for a long time.
    fn forget_finished(&self) {
        let mut peers = self.peers.lock().unwrap();
        let (finished, running) = peers.drain(..).partition(JoinHandle::is_finished);
        *peers = running;
        self.join(finished);
    }

    fn join(&self, peers: Vec<JoinHandle<()>>) {
        let failed = peers.into_iter().filter_map(|peer| peer.join().err()).count();
        self.failed.fetch_add(failed, Ordering::SeqCst);
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// A running server.
pub struct FaultServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl FaultServer {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(tls: Option<Arc<ServerConfig>>, script: Script) -> FaultServer {
        FaultServer::on(TcpListener::bind("127.0.0.1:0").unwrap(), tls, script)
    }

    pub fn on(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        script: Script,
    ) -> FaultServer {
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let inner = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if inner.stopping() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (inner2, tls, script) = (Arc::clone(&inner), tls.clone(), Arc::clone(&script));
                let nth = inner.connections.fetch_add(1, Ordering::SeqCst);
                let peer = std::thread::spawn(move || {
                    let me = this_thread();
                    inner2.threads.lock().unwrap().0.push(me.clone());
                    if let Some(mut peer) = Peer::new(stream, tls, Arc::clone(&inner2), nth) {
                        script(&mut peer);
                    }
                    {
                        let mut threads = inner2.threads.lock().unwrap();
                        threads.0.retain(|thread| *thread != me);
                        threads.1 += waited(&me);
                    }
                    inner2.note("gone");
                });
                inner.forget_finished();
                inner.peers.lock().unwrap().push(peer);
            }
        });
        FaultServer { addr, shared, acceptor: Some(acceptor) }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns how long the threads of the server have waited for a processor.
    pub fn waited(&self) -> Duration {
        let threads = self.shared.threads.lock().unwrap();
        threads.0.iter().map(|thread| waited(thread)).sum::<Duration>() + threads.1
    }

    /// Returns the bodies that the server stored, in order.
    pub fn committed(&self) -> Vec<Vec<u8>> {
        self.shared.committed.lock().unwrap().clone()
    }

    /// Returns how many complete requests were read.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Returns how many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns the head of the first request.
    pub fn first_head(&self) -> Option<&str> {
        self.shared.first_head.get().map(String::as_str)
    }

    /// Waits until peers have made this note `count` times. "gone" is noted for each peer that has closed its connection.
    pub fn wait_for_notes(&self, note: &str, count: usize) {
        let until = Instant::now() + PATIENCE;
        let mut notes = self.shared.notes.lock().unwrap();
        while notes.get(note).copied().unwrap_or(0) < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never noted: {note}");
            notes = self.shared.noted.wait_timeout(notes, left).unwrap().0;
        }
    }

    /// Waits for a note that a peer has ended its stream, and until the client's kernel knows it: on a busy machine a packet
    /// on loopback may be on its way for some time.
    pub fn wait_for_end(&self, note: &str) {
        self.wait_for_notes(note, 1);
        let until = Instant::now() + PATIENCE;
        while established_to(self.addr) {
            assert!(Instant::now() < until, "the end never arrives");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Returns whether a socket of this machine is connected to an IPv4 address and does not know that the connection has ended.
fn established_to(addr: SocketAddr) -> bool {
    const ESTABLISHED: &str = "01";
    let SocketAddr::V4(v4) = addr else { panic!("{addr} is not IPv4") };
    // The kernel prints the address in memory order.
    let (ip, port) = (u32::from_ne_bytes(v4.ip().octets()), v4.port());
    let peer = format!("{ip:08X}:{port:04X}");
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    table.lines().any(|line| {
        let mut words = line.split_ascii_whitespace().skip(2);
        (words.next(), words.next()) == (Some(&peer), Some(ESTABLISHED))
    })
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // This wakes the thread that accepts connections.
        let _ = TcpStream::connect_timeout(&self.addr, Duration::from_secs(1));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let peers = std::mem::take(&mut *self.shared.peers.lock().unwrap());
        self.shared.join(peers);
        if !std::thread::panicking() {
            assert_eq!(self.shared.failed.load(Ordering::SeqCst), 0, "a script panicked");
        }
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// A request that was read completely.
#[derive(Debug, Clone)]
pub struct Request {
    /// The number of the request over all connections, from 0.
    pub nth: usize,
    pub head: String,
    pub body: Vec<u8>,
}

/// Returns the length of a request's body, as its head says.
pub fn content_length(head: &str) -> usize {
    let head = head.to_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// The server's end of one connection.
pub struct Peer {
    stream: Stream,
    shared: Arc<Shared>,
    nth: usize,
    /// Bytes that were read and not used yet.
    pending: Vec<u8>,
}

impl Peer {
    fn new(
        stream: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        shared: Arc<Shared>,
        nth: usize,
    ) -> Option<Peer> {
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(GLANCE)).ok()?;
        stream.set_write_timeout(Some(GLANCE)).ok()?;
        let stream = match tls {
            None => Stream::Plain(stream),
            Some(config) => {
                let session = ServerConnection::new(config).unwrap();
                Stream::Tls(Box::new(StreamOwned::new(session, stream)))
            }
        };
        Some(Peer { stream, shared, nth, pending: Vec::new() })
    }

    /// Returns the number of this connection, from 0.
    pub fn nth(&self) -> usize {
        self.nth
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => &tls.sock,
        }
    }

    /// Repeats `io` until it does something, the server is dropped, or [`PATIENCE`] is over.
    fn patiently(&mut self, mut io: impl FnMut(&mut Stream) -> io::Result<usize>) -> Option<usize> {
        let until = Instant::now() + PATIENCE;
        while !self.shared.stopping() && Instant::now() < until {
            match io(&mut self.stream) {
                Err(e) if is_timeout(&e) => {}
                other => return other.ok(),
            }
        }
        None
    }

    /// Reads what has arrived; `None` if the connection is broken or the server is being dropped.
    pub fn read(&mut self, buf: &mut [u8]) -> Option<usize> {
        if !self.pending.is_empty() {
            let n = self.pending.len().min(buf.len());
            buf[..n].copy_from_slice(&self.pending[..n]);
            self.pending.drain(..n);
            return Some(n);
        }
        self.patiently(|stream| match stream {
            Stream::Plain(tcp) => tcp.read(buf),
            Stream::Tls(tls) => tls.read(buf),
        })
    }

    /// Reads exactly this many bytes.
    pub fn read_exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut all = vec![0; count];
        let mut have = 0;
        while have < count {
            match self.read(&mut all[have..])? {
                0 => return None,
                n => have += n,
            }
        }
        Some(all)
    }

    /// Reads up to the first line end, which is left out.
    pub fn read_line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            match self.read(&mut byte)? {
                0 => return None,
                _ if byte[0] == b'\n' => return Some(line),
                _ => line.push(byte[0]),
            }
        }
    }

    /// Reads to the end of the stream. Returns what arrived, even if the connection broke.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while let Some(n @ 1..) = self.read(&mut chunk) {
            all.extend_from_slice(&chunk[..n]);
        }
        all
    }

    /// Reads a request head; what follows it can still be read.
    pub fn request_head(&mut self) -> Option<String> {
        let mut text = Vec::new();
        let mut chunk = [0; 16 * 1024];
        let end = loop {
            if let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            match self.read(&mut chunk)? {
                0 => return None,
                n => text.extend_from_slice(&chunk[..n]),
            }
        };
        self.pending.splice(0..0, text.drain(end..));
        let head = String::from_utf8(text).unwrap();
        self.shared.first_head.get_or_init(|| head.clone());
        Some(head)
    }

    /// Reads a complete request.
    pub fn request(&mut self) -> Option<Request> {
        let head = self.request_head()?;
        let length = content_length(&head);
        let body = self.read_exactly(length)?;
        let nth = self.shared.requests.fetch_add(1, Ordering::SeqCst);
        Some(Request { nth, head, body })
    }

    /// Records a body as stored.
    pub fn commit(&self, body: &[u8]) {
        self.shared.committed.lock().unwrap().push(body.to_vec());
    }

    /// Reads a request and records its body as stored.
    pub fn take(&mut self) -> Option<Request> {
        let request = self.request()?;
        self.commit(&request.body);
        Some(request)
    }

    /// Serves this connection as a healthy server would.
    pub fn serve(&mut self) {
        while self.take().is_some() {
            self.say("HTTP/1.1 204 No Content\r\n\r\n");
        }
    }

    /// Sends bytes; returns `false` if the connection is broken.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let written = self.patiently(|stream| match stream {
                Stream::Plain(tcp) => tcp.write(rest),
                Stream::Tls(tls) => tls.write(rest),
            });
            match written {
                Some(n @ 1..) => rest = &rest[n..],
                _ => return false,
            }
        }
        self.patiently(|stream| match stream {
            Stream::Plain(_) => Ok(0),
            Stream::Tls(tls) => tls.flush().map(|()| 0),
        })
        .is_some()
    }

    /// Answers with a status and a body.
    pub fn answer(&mut self, status: &str, headers: &str, body: &str) -> bool {
        let length = body.len();
        self.say(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
    }

    /// Sends the same bytes until the peer is gone.
    pub fn flood(&mut self, bytes: &[u8]) {
        let many = bytes.repeat((16 * 1024 / bytes.len()).max(1));
        while self.say(&many) {}
    }

    /// Sends one byte at a time, with pauses.
    pub fn drip(&mut self, bytes: impl AsRef<[u8]>, every: Duration) {
        for byte in bytes.as_ref() {
            if !self.say([*byte]) || !self.pause(every) {
                return;
            }
        }
    }

    /// Waits; returns `false` if the server is being dropped.
    pub fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.shared.stopping() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(GLANCE));
        }
        false
    }

    /// Does nothing until the server is dropped; reads nothing.
    pub fn hold(&self) {
        self.pause(PATIENCE);
    }

    /// Waits until this many bytes have arrived, and leaves them unread.
    pub fn wait_for_bytes(&self, count: usize) {
        let mut bytes = vec![0; count];
        let until = Instant::now() + PATIENCE;
        while !self.shared.stopping() && Instant::now() < until {
            match self.tcp().peek(&mut bytes) {
                Ok(n) if n >= count => return,
                Err(e) if !is_timeout(&e) => return,
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Makes a note for the test, see [`FaultServer::wait_for_notes`].
    pub fn note(&self, note: &str) {
        self.shared.note(note);
    }

    /// Ends the server's half of the stream; within TLS without its closing message.
    pub fn half_close(&self) {
        let _ = self.tcp().shutdown(Shutdown::Write);
    }

    /// Ends TLS with its closing message.
    pub fn close_notify(&mut self) {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    }

    /// Sends these messages of TLS itself, after which nothing more can be sent in the session.
    pub fn say_raw(&mut self, messages: &[(u8, Vec<u8>)]) {
        let plain = Stream::Plain(self.tcp().try_clone().unwrap());
        let Stream::Tls(tls) = std::mem::replace(&mut self.stream, plain) else { return };
        self.say(records(tls.into_parts().0, messages));
    }

    /// Makes closing this connection a reset.
    pub fn reset_on_close(&self) {
        socket2::SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

fn is_timeout(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
