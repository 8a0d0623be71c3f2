//! Listeners and threads: one accepting thread for each port, and one thread for each connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::config::options::Options;
use crate::error::{Result, err};
use crate::io::connection::Connection;
use crate::session::{http, tcp};
use crate::shared::{Shared, count};

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
        let shared = Arc::new(Shared::new(options));
        let server = Server { shared, http, tcp, acceptors: Mutex::default() };
        // If one of the following calls fails, the server is dropped, and that stops what is already running.
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
                // `accept` has no timeout, so a connection of our own wakes it.
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

/// Returns an address that reaches the listener, also if it listens on all addresses.
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
            // Dropping a connection that is not admitted closes it.
            Ok((socket, _)) => drop(admit(shared, socket, serve)),
            Err(e) if is_transient(&e) => thread::sleep(Duration::from_millis(10)),
            Err(_) => return,
        }
    }
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
    // The lock was released before, because a thread that cannot be started unregisters its connection at once.
    let thread = thread::Builder::new().name("receiver-connection".into()).spawn(move || {
        let shared = &guard.shared;
        if let Ok(connection) = Connection::open(socket, shared.options.tls.as_ref()) {
            serve(shared, connection);
        }
    })?;
    shared.open().threads.push(thread);
    Ok(())
}

/// The registration of a connection among the open ones. Dropping it unregisters the connection, however its thread ends.
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
