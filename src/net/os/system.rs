//! The real network: name resolution, connecting with a deadline, and sockets that never block.
#![expect(
    clippy::disallowed_methods,
    reason = "the owner of sockets, the monotonic clock, sleep and name resolution"
)]

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Deadline, InFlight, Interest, Liveness, Net, Ready, SLICE, Socket, platform};
use crate::config::Interface;
use crate::error::{ErrorParts as _, Result, err};
use crate::net::Canceller;
use crate::quoted::shown;

/// The size is set here, because otherwise `RUST_MIN_STACK` of the environment would decide it.
const THREAD_STACK: usize = 2 << 20;

/// Returns the monotonic time, for waits that no test scripts.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Starts a thread that blocks all signals, so that the host's threads get them.
pub(crate) fn start_thread(
    name: &str,
    // Boxed, so that the code that starts a thread is in the library once.
    work: Box<dyn FnOnce() + Send>,
) -> io::Result<JoinHandle<()>> {
    let _blocked = platform::SignalsBlocked::new();
    let work = move || {
        OWN_THREAD.set(true);
        work();
    };
    std::thread::Builder::new().name(name.into()).stack_size(THREAD_STACK).spawn(work)
}

thread_local! {
    static OWN_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this library has started the thread that asks. The standard library's handle of the current thread would leave
/// a few bytes behind in threads of the host.
pub(crate) fn on_own_thread() -> bool {
    OWN_THREAD.get()
}

/// The [`Net`] of the operating system.
#[derive(Debug)]
pub(crate) struct SystemNet {
    /// The exact and the coarse clock, read together, so that coarse readings can be converted to instants.
    epoch: (Instant, Option<Duration>),
    random: Mutex<fastrand::Rng>,
    /// The last name that was asked for, until somebody has received the answer.
    asked: Mutex<Option<Question>>,
    canceller: Canceller,
}

impl SystemNet {
    pub(crate) fn new() -> SystemNet {
        SystemNet {
            epoch: (Instant::now(), platform::coarse_monotonic()),
            random: Mutex::new(own_random()),
            asked: Mutex::default(),
            canceller: Canceller::default(),
        }
    }
}

/// Creates a generator of our own: the one that `fastrand` keeps for each thread leaves a few bytes behind in the main
/// thread of a C program.
fn own_random() -> fastrand::Rng {
    fastrand::Rng::with_seed(RandomState::new().hash_one(0))
}

/// The addresses of a name, once the resolver has found them, and a signal for whoever waits for them.
type Addresses = Arc<(Mutex<Option<io::Result<Vec<SocketAddr>>>>, Condvar)>;

/// A name that the system resolver was asked for.
#[derive(Debug)]
struct Question {
    host: String,
    port: u16,
    answer: Addresses,
}

impl SystemNet {
    /// Asks the system resolver, which cannot be interrupted: it works on a thread of its own, and may finish when nobody
    /// waits any more. While it still works on a name, no second thread is started for the same name, so that a resolver
    /// that hangs costs one thread and not one for each attempt.
    fn question(&self, host: &str, port: u16) -> Result<Addresses> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(question) = asked.as_ref().filter(|q| q.host == host && q.port == port) {
            return Ok(Arc::clone(&question.answer));
        }
        let answer: Addresses = Arc::default();
        let (name, slot) = (host.to_owned(), Arc::clone(&answer));
        let work = move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            *slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            slot.1.notify_one();
        };
        start_thread("questdb-resolve", Box::new(work)).map_err(|e| {
            err!(CouldNotResolve, "could not start a thread to resolve {}: {e}", shown(host))
                .retryable(true)
                .caused_by(e)
        })?;
        *asked = Some(Question { host: host.to_owned(), port, answer: Arc::clone(&answer) });
        Ok(answer)
    }
}

impl Net for SystemNet {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn now_coarse(&self) -> Instant {
        match (self.epoch.1, platform::coarse_monotonic()) {
            (Some(then), Some(now)) => self.epoch.0 + now.saturating_sub(then),
            _ => Instant::now(),
        }
    }

    fn tick(&self) -> Option<Instant> {
        Some(self.now_coarse())
    }

    fn process_id(&self) -> u32 {
        platform::process_id()
    }

    fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    fn cancelled(&self) -> bool {
        self.canceller.is_cancelled()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random_up_to(&self, max: u64) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(0..=max)
    }

    fn resolve(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        if deadline.left(self).is_none() {
            return Err(timed_out_resolving(host));
        }
        let answer = self.question(host, port)?;
        let mut found = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
        while found.is_none()
            && !self.cancelled()
            && let Some(left) = deadline.left(self)
        {
            let woken = answer.1.wait_timeout(found, left.min(SLICE));
            found = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let found = found.take();
        if found.is_some() {
            *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        match found {
            Some(Ok(found)) if found.is_empty() => {
                Err(err!(CouldNotResolve, "host {} has no address", shown(host)).retryable(true))
            }
            Some(Ok(found)) => Ok(found),
            Some(Err(e)) => {
                Err(err!(CouldNotResolve, "could not resolve host {}: {e}", shown(host))
                    .retryable(true)
                    .caused_by(e))
            }
            None if self.cancelled() => {
                Err(err!(Cancelled, "cancelled while resolving host {}", shown(host)))
            }
            None => Err(timed_out_resolving(host)),
        }
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: Option<&Interface>,
        limit: Duration,
    ) -> io::Result<Box<dyn Socket>> {
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(to),
            socket2::Type::STREAM,
            Some(socket2::Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        platform::prepare(&socket)?;
        if let Some(interface) = from {
            bind(&socket, interface, to).map_err(|e| {
                io::Error::new(
                    e.kind(),
                    format!("could not bind to the interface {interface}: {e}"),
                )
            })?;
        }
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(e) if platform::is_connecting(&e) => {
                let end = Deadline::after(self, limit);
                loop {
                    // The caller notices by itself that it was cancelled.
                    let left = end.left(self).filter(|_| !self.cancelled());
                    let left = left.ok_or(io::ErrorKind::TimedOut)?;
                    if platform::wait(&socket, Interest::Write, left.min(SLICE))?.write {
                        break;
                    }
                }
                if let Some(e) = socket.take_error()? {
                    return Err(e);
                }
            }
            Err(e) => return Err(e),
        }
        // While nobody listens on a port of the range for outgoing connections, the kernel can choose that very port for
        // ours and connect the socket to itself.
        if socket.local_addr()?.as_socket() == Some(to) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Box::new(SystemSocket {
            socket,
            sent: 0,
            receives: Waits::NotYet,
            sends: Waits::NotYet,
        }))
    }
}

/// Restricts a socket that goes to `to` to one network interface.
fn bind(socket: &socket2::Socket, interface: &Interface, to: SocketAddr) -> io::Result<()> {
    match interface {
        Interface::Address(ip) => socket.bind(&SocketAddr::new(*ip, 0).into()),
        Interface::Name(name) => platform::bind_device(socket, name, to),
    }
}

#[cold]
fn timed_out_resolving(host: &str) -> crate::error::Error {
    err!(CouldNotResolve, "time ran out while resolving host {}", shown(host)).retryable(true)
}

struct SystemSocket {
    socket: socket2::Socket,
    sent: u64,
    receives: Waits,
    sends: Waits,
}

/// Whether a kind of calls waits, unless they say that they do not.
enum Waits {
    /// There was no such call yet. Most connections of a program that sends once are read once or twice, for which preparing
    /// the socket would cost more than it saves.
    NotYet,
    Once,
    Yes,
    /// The system cannot.
    Never,
}

impl Waits {
    /// Returns whether the next call of this kind waits. The second one prepares the socket for that.
    fn ready(&mut self, prepare: impl FnOnce() -> io::Result<()>) -> bool {
        *self = match self {
            Waits::NotYet => Waits::Once,
            Waits::Once if prepare().is_ok() => Waits::Yes,
            Waits::Once | Waits::Never => Waits::Never,
            Waits::Yes => Waits::Yes,
        };
        matches!(self, Waits::Yes)
    }
}

/// Tells of an interrupted wait as of one in which nothing happened: only the caller knows how much time is left for another.
#[inline(always)]
fn once(result: io::Result<usize>) -> io::Result<usize> {
    result.map_err(|e| match e.kind() {
        io::ErrorKind::Interrupted => io::ErrorKind::WouldBlock.into(),
        _ => e,
    })
}

impl Socket for SystemSocket {
    fn send(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let count =
            uninterrupted(|| self.socket.send_vectored_with_flags(slices, platform::SEND_FLAGS))?;
        self.sent += count as u64;
        Ok(count)
    }

    fn send_in_slice(&mut self, slices: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        if !self.sends.ready(|| platform::wait_in_send(&self.socket, SLICE)) {
            return None;
        }
        let flags = platform::WAITING_SEND_FLAGS;
        let sent = once(self.socket.send_vectored_with_flags(slices, flags));
        self.sent += sent.as_ref().map_or(0, |count| *count as u64);
        Some(sent)
    }

    fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        uninterrupted(|| platform::receive(&self.socket, buf))
    }

    fn recv_in_slice(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        if !self.receives.ready(|| platform::wait_in_receive(&self.socket, SLICE)) {
            return None;
        }
        Some(once(platform::receive_in_time(&self.socket, buf)))
    }

    fn wait(&mut self, interest: Interest, limit: Duration) -> io::Result<Ready> {
        platform::wait(&self.socket, interest, limit)
    }

    fn shutdown_write(&mut self) {
        // The peer may be gone already; nothing can be done about that.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }

    fn watch_peer(&mut self, liveness: &Liveness) {
        // A connection works without any of this, so it is no failure if the system refuses.
        let _ = watch_idle(&self.socket, liveness);
        let _ = platform::limit_unacknowledged(&self.socket, liveness.unacknowledged);
    }

    fn in_flight(&self) -> Option<InFlight> {
        let outstanding = platform::unacknowledged(&self.socket)?;
        Some(InFlight { acknowledged: self.sent.saturating_sub(outstanding), outstanding })
    }
}

/// Sets up probes of an idle connection.
fn watch_idle(socket: &socket2::Socket, liveness: &Liveness) -> io::Result<()> {
    let Some(idle) = liveness.idle else { return socket.set_keepalive(false) };
    // Systems without the settings below use their own times.
    socket.set_keepalive(true)?;
    let probes = socket2::TcpKeepalive::new().with_time(whole_seconds(idle));
    let interval = whole_seconds(liveness.interval);
    socket.set_tcp_keepalive(&platform::with_probes(probes, interval, liveness.count))
}

/// Rounds to whole seconds: these options count in seconds, would lose a fraction, and refuse 0.
fn whole_seconds(time: Duration) -> Duration {
    let seconds = time.as_millis().div_ceil(1000).max(1);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
}

fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to a peer in this process.
    fn connected() -> (Box<dyn Socket>, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let socket = SystemNet::new().connect(to, None, Duration::from_secs(60)).unwrap();
        (socket, listener.accept().unwrap().0)
    }

    /// A socket that waits while it receives still waits in no other call.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn receiving_waits_a_slice_and_nothing_else_waits() {
        use std::io::Write as _;
        let (mut socket, mut peer) = connected();
        let mut buf = [0; 8];
        assert!(socket.recv_in_slice(&mut buf).is_none(), "not worth it for one");
        peer.write_all(b"first").unwrap();
        assert_eq!(socket.recv_in_slice(&mut buf).unwrap().unwrap(), 5);
        let start = Instant::now();
        let nothing = socket.recv_in_slice(&mut buf).unwrap().unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert!(start.elapsed() >= SLICE / 2, "{:?}", start.elapsed());

        // These would never come back if they waited: the peer neither sends nor reads.
        assert_eq!(socket.recv(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let much = vec![0; 1 << 20];
        let full = (0..1000).find_map(|_| socket.send(&[IoSlice::new(&much)]).err());
        assert_eq!(full.unwrap().kind(), io::ErrorKind::WouldBlock);
        drop(peer);
        let end = (0..100).find_map(|_| match socket.recv_in_slice(&mut buf).unwrap() {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => None,
            end => Some(end),
        });
        assert!(matches!(end, Some(Ok(0) | Err(_))), "{end:?}");
    }

    /// A send that waits takes more than there is room for while the peer reads, and ends after a slice if it does not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn sending_waits_a_slice_for_room() {
        let (mut socket, mut peer) = connected();
        let much = vec![7; 64 << 20];
        let all = [IoSlice::new(&much)];
        assert!(socket.send_in_slice(&all).is_none(), "not worth it for one");
        let start = Instant::now();
        let first = socket.send_in_slice(&all).unwrap().unwrap();
        assert!(
            first < much.len() && start.elapsed() >= SLICE / 2,
            "{first} {:?}",
            start.elapsed()
        );
        let mut sent = first;
        let full = (0..100).find_map(|_| {
            match socket.send_in_slice(&[IoSlice::new(&much[sent..])]).unwrap() {
                Ok(count) => sent += count,
                Err(e) => return Some(e.kind()),
            }
            None
        });
        assert_eq!(full, Some(io::ErrorKind::WouldBlock));
        assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);

        let reader = std::thread::spawn(move || io::copy(&mut peer, &mut io::sink()).unwrap());
        while sent < much.len() {
            match socket.send_in_slice(&[IoSlice::new(&much[sent..])]).unwrap() {
                Ok(count) => sent += count,
                Err(e) => assert_eq!(e.kind(), io::ErrorKind::WouldBlock),
            }
        }
        socket.shutdown_write();
        assert_eq!(reader.join().unwrap(), much.len() as u64);
    }

    #[test]
    fn a_name_that_is_being_resolved_is_not_asked_for_again() {
        let net = SystemNet::new();
        let first = net.question("localhost", 1).unwrap();
        assert!(Arc::ptr_eq(&first, &net.question("localhost", 1).unwrap()));
        assert!(!Arc::ptr_eq(&first, &net.question("localhost", 2).unwrap()));
        // Once the answer was received, the next connect asks again.
        net.resolve("localhost", 2, Deadline::after(&net, Duration::from_secs(60))).unwrap();
        assert!(net.asked.lock().unwrap().is_none());
    }
}
