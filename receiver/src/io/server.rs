//! Listeners and threads: one accepting thread for each port, and one thread for each connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Listener;
use crate::config::options::Options;
use crate::error::{Result, err};
use crate::events::ReceiverEvent;
use crate::io::connection::Connection;
use crate::io::driver::drive;
use crate::io::monitor::Monitor;
use crate::session::{HttpSession, TcpSession};
use crate::shared::{OpenConnections, Shared, count};

/// What accepts the connections of a port.
#[derive(Debug)]
struct Acceptor {
    addr: SocketAddr,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
    http: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
    acceptors: Mutex<Vec<Acceptor>>,
    monitor: Option<Monitor>,
}

impl Server {
    pub(crate) fn start(options: Options, http: SocketAddr, tcp: SocketAddr) -> Result<Server> {
        let open = |enabled: bool, addr| enabled.then(|| listen(addr)).transpose();
        let http = open(options.http.enabled, http)?;
        let tcp = open(options.tcp.enabled, tcp)?;
        let shared = Arc::new(Shared::new(options));
        let monitor = match &shared.options.monitor {
            Some(monitor) => Some(Monitor::start(monitor, Arc::clone(&shared))?),
            None => None,
        };
        let addr = |port: &Option<(TcpListener, SocketAddr)>| port.as_ref().map(|(_, addr)| *addr);
        let acceptors = Mutex::default();
        let server = Server { shared, http: addr(&http), tcp: addr(&tcp), acceptors, monitor };
        // If one of the following calls fails, the server is dropped, and that stops what is already running.
        for (port, listener) in [(http, Listener::Http), (tcp, Listener::Tcp)] {
            if let Some((socket, addr)) = port {
                server.spawn_acceptor(socket, addr, listener)?;
            }
        }
        Ok(server)
    }

    fn spawn_acceptor(
        &self,
        socket: TcpListener,
        addr: SocketAddr,
        listener: Listener,
    ) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name(format!("receiver-{}", listener.name()))
            .spawn(move || accept(&shared, &socket, listener))
            .map_err(|e| err!(Thread, "cannot start a thread: {e}"))?;
        let acceptor = Acceptor { addr, thread };
        self.acceptors.lock().unwrap_or_else(PoisonError::into_inner).push(acceptor);
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn addr(&self, listener: Listener) -> Option<SocketAddr> {
        match listener {
            Listener::Http => self.http,
            Listener::Tcp => self.tcp,
        }
    }

    pub(crate) fn monitor_addr(&self) -> Option<SocketAddr> {
        self.monitor.as_ref().map(Monitor::addr)
    }

    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // An accepting thread may wait for a place. The lock makes sure that it sees the change or gets the call.
        drop(self.shared.open());
        self.shared.ended.notify_all();
        let acceptors =
            std::mem::take(&mut *self.acceptors.lock().unwrap_or_else(PoisonError::into_inner));
        for Acceptor { addr, thread } in acceptors {
            if !thread.is_finished() {
                // `accept` has no timeout, so a connection of our own wakes it.
                let _ = TcpStream::connect_timeout(&reachable(addr), Duration::from_millis(100));
            }
            let _ = thread.join();
        }
        let threads = self.shared.end_connections();
        for thread in threads {
            let _ = thread.join();
        }
        self.shared.store.flush();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(super) fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    TcpListener::bind(addr)
        .and_then(|listener| {
            let bound = listener.local_addr()?;
            Ok((listener, bound))
        })
        .map_err(|e| err!(Listen, "cannot listen on {addr}: {e}"))
}

/// Returns an address that reaches the listener, also if it listens on all addresses.
pub(super) fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, addr.port()).into()
}

fn accept(shared: &Arc<Shared>, socket: &TcpListener, listener: Listener) {
    loop {
        let accepted = socket.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            // What peers have sent on connections that were not accepted yet was received too.
            let more = std::iter::once(accepted).chain(waiting(socket)).flatten();
            let more = more.filter(|(socket, _)| has_sent(socket));
            more.for_each(|(socket, peer)| drop(admit(shared, socket, peer, listener)));
            return;
        }
        match accepted {
            // Dropping a connection that is not admitted closes it.
            Ok((socket, peer)) if wait_for_place(shared, listener) => {
                drop(admit(shared, socket, peer, listener));
            }
            Ok((_, peer)) => {
                count(&shared.counters.rejected, 1);
                shared.tell(&ReceiverEvent::TurnedAway { listener, peer: Some(peer) });
            }
            Err(e) if is_transient(&e) => thread::sleep(Duration::from_millis(10)),
            Err(_) => return,
        }
    }
}

/// Returns the connections that wait to be accepted.
fn waiting(socket: &TcpListener) -> impl Iterator<Item = io::Result<(TcpStream, SocketAddr)>> + '_ {
    let can = socket.set_nonblocking(true).is_ok();
    std::iter::from_fn(move || if can { socket.accept().ok().map(Ok) } else { None })
}

/// Returns whether bytes of a peer are there. The connection that wakes the accepting thread at the end sends none.
fn has_sent(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).is_ok() && socket.peek(&mut [0]).is_ok_and(|len| len > 0)
}

/// Waits until one more connection may be served; others wait in the backlog meanwhile. Returns false if that takes too long.
fn wait_for_place(shared: &Shared, listener: Listener) -> bool {
    let limit = match listener {
        Listener::Http => shared.options.http.connections,
        Listener::Tcp => shared.options.tcp.connections,
    };
    let none = |open: &mut OpenConnections| {
        open.count(listener) >= limit && !shared.stopping.load(Ordering::SeqCst)
    };
    let patience = shared.options.tcp.queue_timeout;
    let waited = shared.ended.wait_timeout_while(shared.open(), patience, none);
    !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
}

/// Returns whether the error concerns only one connection, or is a shortage that may pass.
fn is_transient(error: &io::Error) -> bool {
    const SHORTAGES: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    let kinds = [
        io::ErrorKind::Interrupted,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
    ];
    kinds.contains(&error.kind()) || error.raw_os_error().is_some_and(|e| SHORTAGES.contains(&e))
}

fn admit(
    shared: &Arc<Shared>,
    socket: TcpStream,
    peer: SocketAddr,
    listener: Listener,
) -> io::Result<()> {
    let second = socket.try_clone()?;
    // Some systems give an accepted socket the mode of its listener.
    socket.set_nonblocking(false)?;
    count(&shared.counters.connections, 1);
    let mut open = shared.open();
    open.threads.retain(|thread| !thread.is_finished());
    let id = open.next_id;
    open.next_id += 1;
    open.sockets.insert(id, (listener, second));
    drop(open);
    shared.tell(&ReceiverEvent::Connected { listener, peer: Some(peer) });
    let guard = Registered { shared: Arc::clone(shared), id, peer, listener };
    // The lock was released before, because a thread that cannot be started unregisters its connection at once.
    let thread = thread::Builder::new().name("receiver-connection".into()).spawn(move || {
        let shared = &guard.shared;
        let tls = shared.options.tls.as_ref();
        let Ok(connection) = Connection::open(socket, tls) else { return };
        let (peer, now) = (Some(peer), Instant::now());
        match listener {
            Listener::Http => drive(shared, connection, HttpSession::new(peer, now), listener),
            Listener::Tcp => {
                drive(shared, connection, TcpSession::new(shared, peer, now), listener);
            }
        }
    })?;
    shared.open().threads.push(thread);
    Ok(())
}

/// The registration of a connection among the open ones. Dropping it unregisters the connection, however its thread ends.
struct Registered {
    shared: Arc<Shared>,
    id: u64,
    peer: SocketAddr,
    listener: Listener,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.open().sockets.remove(&self.id);
        self.shared.ended.notify_all();
        let (listener, peer) = (self.listener, Some(self.peer));
        self.shared.tell(&ReceiverEvent::Disconnected { listener, peer });
    }
}
