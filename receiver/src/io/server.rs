//! Listeners and threads: one thread that accepts per port, one per connection.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Result, err};

use crate::Stats;
use crate::auth::{EcdsaKeys, HttpAuth};
use crate::io::connection::Connection;
use crate::session::{http, tcp};
use crate::store::memory::Store;
use crate::store::table::Policy;

/// How long connections may take to finish when the receiver stops.
const GRACE: Duration = Duration::from_millis(100);

/// Everything that was configured, checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) http_auth: HttpAuth,
    pub(crate) ecdsa: EcdsaKeys,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) protocol_versions: Vec<u8>,
    pub(crate) settings: bool,
    pub(crate) settings_auth: bool,
    pub(crate) error_replies: bool,
    pub(crate) max_body: usize,
    pub(crate) max_line: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_stored: usize,
    pub(crate) policy: Policy,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) rejected: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// What all threads of a receiver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) counters: Counters,
    error_ids: ErrorIds,
    /// Bytes of rows that were received and not stored yet, of all connections.
    held: AtomicUsize,
    stopping: AtomicBool,
    open: Mutex<Open>,
    /// A connection has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct ErrorIds {
    receiver: u64,
    last: AtomicU64,
}

impl Default for ErrorIds {
    fn default() -> Self {
        let random = RandomState::new().build_hasher().finish();
        ErrorIds { receiver: random >> 16, last: AtomicU64::new(0) }
    }
}

/// The connections being served.
#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    /// A second handle of each socket, to break off what its thread waits for.
    sockets: HashMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Shared {
    pub(crate) fn stats(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            connections: get(&self.counters.connections),
            requests: get(&self.counters.requests),
            // Never behind what a waiting thread was told.
            rows: self.store.total_rows(),
            bytes: get(&self.counters.bytes),
            rejected: get(&self.counters.rejected),
        }
    }

    /// A place among those who hold received bytes.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { shared: self, bytes: 0 }
    }

    /// A new id for an error answer: twelve hexadecimal digits of this receiver and a number.
    pub(crate) fn next_error_id(&self) -> String {
        let number = self.error_ids.last.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:012x}-{number}", self.error_ids.receiver)
    }

    /// Breaks off what connections wait for, and after a while also what they do; returns their threads.
    fn end_connections(&self) -> Vec<JoinHandle<()>> {
        let mut open = self.open();
        // Who has a request in hand may still answer it.
        open.break_off(Shutdown::Read);
        let busy = |open: &mut Open| !open.sockets.is_empty();
        let waited = self.ended.wait_timeout_while(open, GRACE, busy);
        open = waited.unwrap_or_else(PoisonError::into_inner).0;
        open.break_off(Shutdown::Both);
        std::mem::take(&mut open.threads)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection holds of bytes that are not stored yet. All together may hold as much as may be stored: with many
/// connections the limit of each would be none.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    shared: &'a Shared,
    bytes: usize,
}

impl Held<'_> {
    /// Says how much is held now; false, and nothing changed, if that is too much for all together.
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        let all = &self.shared.held;
        if bytes > self.bytes {
            let more = bytes - self.bytes;
            let before = all.fetch_add(more, Ordering::Relaxed);
            if before.saturating_add(more) > self.shared.options.max_stored {
                all.fetch_sub(more, Ordering::Relaxed);
                return false;
            }
        } else {
            all.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Open {
    fn break_off(&self, how: Shutdown) {
        for socket in self.sockets.values() {
            // A connection that is gone already has nothing to break off.
            let _ = socket.shutdown(how);
        }
    }
}

type Serve = fn(&Shared, Connection);

#[derive(Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
    http: SocketAddr,
    tcp: SocketAddr,
    acceptors: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    pub(crate) fn start(options: Options, http: SocketAddr, tcp: SocketAddr) -> Result<Server> {
        let (http_listener, http) = listen(http)?;
        let (tcp_listener, tcp) = listen(tcp)?;
        let store = Store::new(options.policy.clone(), options.max_stored);
        let shared = Arc::new(Shared {
            options,
            store,
            counters: Counters::default(),
            error_ids: ErrorIds::default(),
            held: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            ended: Condvar::new(),
        });
        let server = Server { shared, http, tcp, acceptors: Mutex::default() };
        // From here on an error drops the server, which stops what runs already.
        server.spawn_acceptor("receiver-http", http_listener, http::serve)?;
        server.spawn_acceptor("receiver-tcp", tcp_listener, tcp::serve)?;
        Ok(server)
    }

    fn spawn_acceptor(&self, name: &str, listener: TcpListener, serve: Serve) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || accept(&shared, &listener, serve))
            .map_err(|e| err!(Thread, "cannot start a thread: {e}"))?;
        self.acceptors.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn http_addr(&self) -> SocketAddr {
        self.http
    }

    pub(crate) fn tcp_addr(&self) -> SocketAddr {
        self.tcp
    }

    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let acceptors =
            std::mem::take(&mut *self.acceptors.lock().unwrap_or_else(PoisonError::into_inner));
        for (thread, addr) in acceptors.into_iter().zip([self.http, self.tcp]) {
            if !thread.is_finished() {
                // Accepting has no timeout: a connection of our own wakes it.
                let _ = TcpStream::connect_timeout(&reachable(addr), Duration::from_millis(100));
            }
            let _ = thread.join();
        }
        let threads = self.shared.end_connections();
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    TcpListener::bind(addr)
        .and_then(|listener| {
            let bound = listener.local_addr()?;
            Ok((listener, bound))
        })
        .map_err(|e| err!(Listen, "cannot listen on {addr}: {e}"))
}

/// An address that reaches a listener bound to "any".
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, addr.port()).into()
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener, serve: Serve) {
    loop {
        let accepted = listener.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        match accepted {
            // A refused connection is closed by dropping it.
            Ok((socket, _)) => drop(admit(shared, socket, serve)),
            Err(e) if is_transient(&e) => thread::sleep(Duration::from_millis(10)),
            Err(_) => return,
        }
    }
}

/// Errors of one connection, or of a shortage that may pass.
fn is_transient(error: &io::Error) -> bool {
    const SHORTAGES: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    let kinds = [
        io::ErrorKind::Interrupted,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
    ];
    kinds.contains(&error.kind()) || error.raw_os_error().is_some_and(|e| SHORTAGES.contains(&e))
}

fn admit(shared: &Arc<Shared>, socket: TcpStream, serve: Serve) -> io::Result<()> {
    let second = socket.try_clone()?;
    let mut open = shared.open();
    if open.sockets.len() >= shared.options.max_connections {
        count(&shared.counters.rejected, 1);
        return Ok(());
    }
    count(&shared.counters.connections, 1);
    open.threads.retain(|thread| !thread.is_finished());
    let id = open.next_id;
    open.next_id += 1;
    open.sockets.insert(id, second);
    drop(open);
    let guard = Registered { shared: Arc::clone(shared), id };
    // The lock is free again: a thread that cannot be started gives its place back at once.
    let thread = thread::Builder::new().name("receiver-connection".into()).spawn(move || {
        let shared = &guard.shared;
        if let Ok(connection) = Connection::open(socket, shared.options.tls.as_ref()) {
            serve(shared, connection);
        }
    })?;
    shared.open().threads.push(thread);
    Ok(())
}

/// A connection's place among the open ones; given back however its thread ends.
struct Registered {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.open().sockets.remove(&self.id);
        self.shared.ended.notify_all();
    }
}
