//! Unix: where its systems differ, and the system calls that have no safe wrapper in our dependencies. These are `poll`, the
//! coarse monotonic clock, what a socket's kernel knows about its peer, `eventfd`, the signal mask and the cancel state of a thread,
//! and a page of memory that a forked child finds empty.
#![expect(
    unsafe_code,
    reason = "poll, clock_gettime, ioctl, sockopts, eventfd, sigmask, mmap and madvise are called through libc"
)]
#![expect(clippy::disallowed_methods, reason = "a wait that was interrupted goes on for the rest")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
#[cfg(target_os = "linux")]
use std::os::fd::FromRawFd;
use std::os::fd::{AsRawFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::sync::OnceLock;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use socket2::Socket;

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

/// Returns the id of this process without a system call: it is kept on a page that the kernel empties in a forked child.
#[cfg(target_os = "linux")]
pub fn process_id() -> u32 {
    static PAGE: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let made = || page_emptied_by_fork(libc::madvise);
    let Some(kept) = *PAGE.get_or_init(made) else { return std::process::id() };
    match kept.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            kept.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// Returns the id of this process.
#[cfg(not(target_os = "linux"))]
pub fn process_id() -> u32 {
    std::process::id()
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

/// Blocks all signals in the thread that made the value, until it is dropped. A thread that is started meanwhile never gets any.
#[derive(Debug)]
pub(super) struct SignalsBlocked {
    before: Option<libc::sigset_t>,
    /// The mask belongs to the thread, so the value must not move to another one.
    _stays: std::marker::PhantomData<*const ()>,
}

impl SignalsBlocked {
    pub(super) fn new() -> SignalsBlocked {
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: both point to room for a set. The first call fills `all`, and the second one `before` if it succeeds.
        let before = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            let set = libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            (set == 0).then(|| before.assume_init())
        };
        SignalsBlocked { before, _stays: std::marker::PhantomData }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // SAFETY: the set is one that the system returned, and the previous one is not asked for.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
        }
    }
}

/// Keeps `pthread_cancel` from ending the thread in which the value was created, for as long as it lives; the request waits.
/// A thread that ended in the middle of a call would have to unwind through Rust, which ends the process instead.
#[derive(Debug)]
pub struct Uncancellable {
    #[cfg(any(
        target_env = "gnu",
        target_env = "musl",
        target_vendor = "apple",
        target_os = "freebsd"
    ))]
    before: libc::c_int,
    /// The state belongs to the thread, so the value must not move to another one.
    _stays: std::marker::PhantomData<*const ()>,
}

#[cfg(any(
    target_env = "gnu",
    target_env = "musl",
    target_vendor = "apple",
    target_os = "freebsd"
))]
mod thread_cancelling {
    use libc::c_int;

    pub(super) const DISABLED: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

    unsafe extern "C" {
        pub(super) fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }
}

#[allow(
    clippy::new_without_default,
    reason = "a guard is made where it has to hold, never by default"
)]
impl Uncancellable {
    /// Holds off the cancellation of this thread until it is dropped.
    #[cfg(any(
        target_env = "gnu",
        target_env = "musl",
        target_vendor = "apple",
        target_os = "freebsd"
    ))]
    pub fn new() -> Uncancellable {
        use thread_cancelling::{DISABLED, pthread_setcancelstate};
        let mut before = DISABLED;
        // SAFETY: the function knows this state, and `before` has room for the previous one.
        unsafe { pthread_setcancelstate(DISABLED, &raw mut before) };
        Uncancellable { before, _stays: std::marker::PhantomData }
    }

    #[cfg(not(any(
        target_env = "gnu",
        target_env = "musl",
        target_vendor = "apple",
        target_os = "freebsd"
    )))]
    pub fn new() -> Uncancellable {
        Uncancellable { _stays: std::marker::PhantomData }
    }
}

#[cfg(any(
    target_env = "gnu",
    target_env = "musl",
    target_vendor = "apple",
    target_os = "freebsd"
))]
impl Drop for Uncancellable {
    fn drop(&mut self) {
        // SAFETY: the state is one that the same function returned, and `self.before` has room for the previous one.
        unsafe {
            thread_cancelling::pthread_setcancelstate(self.before, &raw mut self.before);
        }
    }
}

/// The system call, or what replaces it in a test.
#[cfg(target_os = "linux")]
type Madvise = unsafe extern "C" fn(*mut libc::c_void, usize, libc::c_int) -> libc::c_int;

/// Returns one page of zeros that is never freed; `None` if the kernel cannot empty it on `fork`, or cannot be believed.
#[cfg(target_os = "linux")]
fn page_emptied_by_fork(madvise: Madvise) -> Option<&'static AtomicU32> {
    const LEN: usize = 4096;
    /// No kernel knows such an advice.
    const NONSENSE: libc::c_int = -1;
    // SAFETY: a new private mapping, at an address that the kernel chooses, touches no memory that exists.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            LEN,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // A kernel that accepts nonsense as advice, as emulators do, ignores what it does not know. It would leave the page as
    // it is, and a child would be taken for its parent.
    // SAFETY: this is the whole mapping made above, and none of these advices frees it.
    let ignores = unsafe { madvise(page, LEN, NONSENSE) } == 0;
    // SAFETY: this is the whole mapping made above, and the advice does not free it.
    if ignores || unsafe { madvise(page, LEN, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: this is the whole mapping made above, and nothing refers to it.
        unsafe { libc::munmap(page, LEN) };
        return None;
    }
    // SAFETY: zeros are a valid `AtomicU32`, a page is aligned for it, and it is never unmapped.
    Some(unsafe { &*page.cast() })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Does what emulators of a kernel do with advice that they do not know.
    unsafe extern "C" fn accepts_without_effect(_: *mut libc::c_void, _: usize, _: i32) -> i32 {
        0
    }

    /// Does what a kernel before 4.14 does.
    unsafe extern "C" fn refuses(_: *mut libc::c_void, _: usize, _: i32) -> i32 {
        -1
    }

    #[test]
    fn a_kernel_that_ignores_advice_is_not_believed() {
        assert!(page_emptied_by_fork(accepts_without_effect).is_none());
        assert!(page_emptied_by_fork(refuses).is_none());
        // The next test checks whether this kernel keeps its promise.
        let page = page_emptied_by_fork(libc::madvise);
        assert!(page.is_none_or(|page| page.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn a_forked_child_knows_that_it_is_another_process() {
        assert_eq!(process_id(), std::process::id());
        // SAFETY: the child makes only calls that are allowed between `fork` and `exec`, and ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = [process_id(), process_id()] == [std::process::id(); 2];
            // SAFETY: this ends the child without running exit handlers of its parent.
            unsafe { libc::_exit(if right { 0 } else { 1 }) };
        }
        let mut status = -1;
        // SAFETY: this waits for the child made above, and `status` has room for the result.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(process_id(), std::process::id());
    }
}
