//! Unix: where its systems differ, and the system calls that have no safe wrapper in our dependencies. These are `poll`, the
//! coarse monotonic clock, what a socket's kernel knows about its peer, and `eventfd`; `thread` and `process` have those of threads
//! and processes.
#![expect(
    unsafe_code,
    reason = "poll, clock_gettime, ioctl, sockopts and eventfd are called through libc"
)]
#![expect(clippy::disallowed_methods, reason = "a wait that was interrupted goes on for the rest")]

mod process;
mod thread;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
#[cfg(target_os = "linux")]
use std::os::fd::FromRawFd;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use socket2::Socket;

pub use self::process::process_id;
pub(super) use self::thread::SignalsBlocked;
pub use self::thread::Uncancellable;
use super::{Interest, Ready};

/// A peer that has gone must not end the process by SIGPIPE, and no call waits, also on a socket that [`wait_in_receive`] has
/// prepared.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
#[cfg(target_os = "freebsd")]
pub(super) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) const SEND_FLAGS: i32 = 0;
/// For a call that waits for room on a socket that [`wait_in_send`] has prepared.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const WAITING_SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const WAITING_SEND_FLAGS: i32 = SEND_FLAGS;

/// Sets what [`SEND_FLAGS`] cannot express on this system.
pub(super) fn prepare(socket: &Socket) -> io::Result<()> {
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    socket.set_nosigpipe(true)?;
    let _ = socket;
    Ok(())
}

/// Returns whether a connect that returned this error goes on. One that was interrupted by a signal goes on in the
/// background, like one that is in progress.
pub(super) fn is_connecting(e: &io::Error) -> bool {
    e.raw_os_error() == Some(libc::EINPROGRESS)
        || matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Restricts a socket to the network interface with this name.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn bind_device(socket: &Socket, name: &str, _: SocketAddr) -> io::Result<()> {
    socket.bind_device(Some(name.as_bytes()))
}

#[cfg(target_vendor = "apple")]
pub(super) fn bind_device(socket: &Socket, name: &str, to: SocketAddr) -> io::Result<()> {
    use std::net::ToSocketAddrs;
    // The resolver knows the numbers of interfaces, because they are the scopes of link-local addresses.
    let scope = (format!("fe80::1%{name}"), 0).to_socket_addrs()?.find_map(|found| match found {
        SocketAddr::V6(ip) => std::num::NonZeroU32::new(ip.scope_id()),
        SocketAddr::V4(_) => None,
    });
    match (scope, to) {
        (None, _) => Err(io::ErrorKind::NotFound.into()),
        (scope, SocketAddr::V4(_)) => socket.bind_device_by_index_v4(scope),
        (scope, SocketAddr::V6(_)) => socket.bind_device_by_index_v6(scope),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn bind_device(_: &Socket, _: &str, _: SocketAddr) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system takes its address only"))
}

/// Sets how often an idle connection is probed, and how many probes may stay unanswered.
pub(super) fn with_probes(
    probes: socket2::TcpKeepalive,
    interval: Duration,
    count: u32,
) -> socket2::TcpKeepalive {
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "dragonfly",
        target_os = "illumos",
        target_vendor = "apple"
    ))]
    return probes.with_interval(interval).with_retries(count);
    // The other systems use times of their own.
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "dragonfly",
        target_os = "illumos",
        target_vendor = "apple"
    )))]
    {
        let _ = (interval, count);
        probes
    }
}

/// Receives what is there, without waiting.
pub(super) fn receive(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buf, libc::MSG_DONTWAIT)
}

/// Receives from a socket that [`wait_in_receive`] has prepared.
pub(super) fn receive_in_time(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buf, 0)
}

#[inline(always)]
fn receive_with(socket: &Socket, buf: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
    let (start, len) = (buf.as_mut_ptr().cast(), buf.len());
    // SAFETY: `buf` is borrowed exclusively, and the call writes at most `len` bytes to it.
    let count = unsafe { libc::recv(socket.as_raw_fd(), start, len, flags) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Makes calls that send wait up to `limit`, unless they say that they do not wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn wait_in_send(socket: &Socket, limit: Duration) -> io::Result<()> {
    socket.set_write_timeout(Some(limit))?;
    socket.set_nonblocking(false)
}

/// Fails, because on this system calls that receive could wait then as well.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn wait_in_send(_: &Socket, _: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes calls that receive wait up to `limit`, unless they say that they do not wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn wait_in_receive(socket: &Socket, limit: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(limit))?;
    socket.set_nonblocking(false)
}

/// Fails, because on this system calls that send could wait then as well.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn wait_in_receive(_: &Socket, _: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Waits for one socket. `limit` is rounded up to whole milliseconds, so a wait never ends early into a busy loop.
pub(super) fn wait(socket: &Socket, interest: Interest, limit: Duration) -> io::Result<Ready> {
    let events = match interest {
        Interest::Read => libc::POLLIN,
        Interest::Write => libc::POLLOUT,
        Interest::Both => libc::POLLIN | libc::POLLOUT,
    };
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let millis = left.as_nanos().div_ceil(1_000_000);
        let timeout = libc::c_int::try_from(millis).unwrap_or(libc::c_int::MAX);
        let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
        // SAFETY: `entry` is one valid, exclusively borrowed pollfd, and the count is one.
        let n = unsafe { libc::poll(&raw mut entry, 1, timeout) };
        if n > 0 {
            let broken = entry.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0;
            return Ok(Ready {
                read: broken || entry.revents & libc::POLLIN != 0,
                write: broken || entry.revents & libc::POLLOUT != 0,
            });
        }
        if n == 0 {
            if left.as_millis() > libc::c_int::MAX as u128 {
                continue;
            }
            return Ok(Ready::default());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Returns how many bytes given to a socket the peer's kernel has not acknowledged.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn unacknowledged(socket: &Socket) -> Option<u64> {
    let mut count: libc::c_int = 0;
    // SAFETY: for a socket this request (SIOCOUTQ) writes one int, and `count` is one.
    let failed = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) } != 0;
    if failed { None } else { u64::try_from(count).ok() }
}

/// Returns how many bytes given to a socket the peer's kernel has not acknowledged.
#[cfg(target_vendor = "apple")]
pub(super) fn unacknowledged(socket: &Socket) -> Option<u64> {
    let mut count: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    let (level, name) = (libc::SOL_SOCKET, libc::SO_NWRITE);
    // SAFETY: the option is an int, `count` has room for one, and the length says so.
    let failed = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut count).cast(), &raw mut len)
    } != 0;
    if failed { None } else { u64::try_from(count).ok() }
}

/// Returns `None`, because this system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn unacknowledged(_: &Socket) -> Option<u64> {
    None
}

/// Makes the kernel break a connection whose peer has not acknowledged sent bytes for so long.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn limit_unacknowledged(socket: &Socket, limit: Option<Duration>) -> io::Result<()> {
    socket.set_tcp_user_timeout(limit)
}

/// Makes the kernel break a connection whose peer has not acknowledged sent bytes for so long.
#[cfg(target_vendor = "apple")]
pub(super) fn limit_unacknowledged(socket: &Socket, limit: Option<Duration>) -> io::Result<()> {
    /// The option counts whole seconds of retransmission; `netinet/tcp.h`.
    const TCP_RXT_CONNDROPTIME: libc::c_int = 0x80;
    let Some(limit) = limit else { return Ok(()) };
    let seconds =
        libc::c_int::try_from(limit.as_millis().div_ceil(1000)).unwrap_or(libc::c_int::MAX);
    let len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the option is an int, which is valid, and the length says so.
    let failed = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            TCP_RXT_CONNDROPTIME,
            (&raw const seconds).cast(),
            len,
        )
    } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Does nothing, because this system has no such limit.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn limit_unacknowledged(_: &Socket, _: Option<Duration>) -> io::Result<()> {
    Ok(())
}

/// Returns the monotonic clock with the resolution of the scheduler's tick, at about a fifth of the cost of the exact one.
#[cfg(target_os = "linux")]
#[inline(always)]
pub(super) fn coarse_monotonic() -> Option<Duration> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec to write to.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) } != 0;
    if failed {
        return None;
    }
    Some(Duration::new(u64::try_from(now.tv_sec).ok()?, u32::try_from(now.tv_nsec).ok()?))
}

/// Returns `None`, because this system has no such clock.
#[cfg(not(target_os = "linux"))]
pub(super) fn coarse_monotonic() -> Option<Duration> {
    None
}

/// A descriptor that is readable between [`Doorbell::ring`] and [`Doorbell::quiet`], for programs that wait for several things at
/// once.
#[derive(Debug)]
pub(crate) struct Doorbell {
    seen: File,
    /// The other end; an `eventfd` has none.
    #[cfg(not(target_os = "linux"))]
    hand: File,
}

impl Doorbell {
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> io::Result<Doorbell> {
        // SAFETY: the call takes no pointer.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was made just now, and that nobody else knows.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Doorbell { seen: fd.into() })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> io::Result<Doorbell> {
        let (seen, hand) = std::os::unix::net::UnixStream::pair()?;
        seen.set_nonblocking(true)?;
        hand.set_nonblocking(true)?;
        Ok(Doorbell { seen: OwnedFd::from(seen).into(), hand: OwnedFd::from(hand).into() })
    }

    /// Makes the descriptor readable, which it was not before. A counter and an empty stream have room for it.
    pub(crate) fn ring(&self) {
        #[cfg(target_os = "linux")]
        let mut hand = &self.seen;
        #[cfg(not(target_os = "linux"))]
        let mut hand = &self.hand;
        let _ = hand.write(&1_u64.to_ne_bytes());
    }

    /// Makes the descriptor unreadable again.
    pub(crate) fn quiet(&self) {
        let _ = (&self.seen).read(&mut [0; 8]);
    }

    /// Returns the descriptor, which lives as long as the value.
    pub(crate) fn handle(&self) -> isize {
        self.seen.as_raw_fd() as isize
    }
}
