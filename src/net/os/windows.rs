//! Windows: `WSAPoll` and events, which have no safe wrapper in our dependencies, and what the system lacks. This file is checked by the
//! compiler and not run by any test.
#![expect(unsafe_code, reason = "WSAPoll and the functions of events are called directly")]
#![expect(clippy::disallowed_methods, reason = "a wait that ended early goes on for the rest")]

use std::ffi::c_void;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::windows::io::{AsRawHandle, AsRawSocket, FromRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use socket2::Socket;

use super::{Interest, Ready};

/// No signal has to be suppressed on this system.
pub(super) const SEND_FLAGS: i32 = 0;
pub(super) const WAITING_SEND_FLAGS: i32 = SEND_FLAGS;

/// Does nothing, because nothing has to be set.
#[expect(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(super) fn prepare(_: &Socket) -> io::Result<()> {
    Ok(())
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CreateEventW(
        attributes: *const c_void,
        manual: i32,
        set: i32,
        name: *const u16,
    ) -> *mut c_void;
    fn SetEvent(event: *mut c_void) -> i32;
    fn ResetEvent(event: *mut c_void) -> i32;
}

/// An event that is set between [`Doorbell::ring`] and [`Doorbell::quiet`], for programs that wait for several things at once.
#[derive(Debug)]
pub(crate) struct Doorbell(OwnedHandle);

impl Doorbell {
    pub(crate) fn new() -> io::Result<Doorbell> {
        // SAFETY: both pointers may be NULL: no attributes, no name.
        let event = unsafe { CreateEventW(std::ptr::null(), 1, 0, std::ptr::null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a handle that was made just now, and that nobody else knows.
        Ok(Doorbell(unsafe { OwnedHandle::from_raw_handle(event) }))
    }

    pub(crate) fn ring(&self) {
        // SAFETY: the handle lives as long as the value.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn quiet(&self) {
        // SAFETY: the handle lives as long as the value.
        unsafe { ResetEvent(self.0.as_raw_handle()) };
    }

    /// Returns the handle, which lives as long as the value.
    pub(crate) fn handle(&self) -> isize {
        self.0.as_raw_handle() as isize
    }
}

/// Nothing: this system has no signals that threads could block.
#[derive(Debug)]
pub(super) struct SignalsBlocked;

impl SignalsBlocked {
    pub(super) fn new() -> SignalsBlocked {
        SignalsBlocked
    }
}

/// Returns whether a connect that returned this error goes on.
pub(super) fn is_connecting(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::WouldBlock
}

/// Refuses the name, because on this system an interface is chosen by its address.
pub(super) fn bind_device(_: &Socket, _: &str, _: SocketAddr) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system takes its address only"))
}

/// Sets how often an idle connection is probed, and how many probes may stay unanswered.
pub(super) fn with_probes(
    probes: socket2::TcpKeepalive,
    interval: Duration,
    count: u32,
) -> socket2::TcpKeepalive {
    probes.with_interval(interval).with_retries(count)
}

/// Receives what is there, without waiting.
pub(super) fn receive(mut socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    socket.read(buf)
}

/// Receives from a socket that [`wait_in_receive`] has prepared, of which there is none.
pub(super) fn receive_in_time(socket: &Socket, buf: &mut [u8]) -> io::Result<usize> {
    receive(socket, buf)
}

/// Fails, because on this system calls that receive could wait then as well.
pub(super) fn wait_in_send(_: &Socket, _: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Fails, because on this system calls that send could wait then as well.
pub(super) fn wait_in_receive(_: &Socket, _: Duration) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `WSAPOLLFD` of `winsock2.h`.
#[repr(C)]
struct PollEntry {
    socket: usize,
    events: i16,
    revents: i16,
}

const POLLERR: i16 = 0x0001;
const POLLHUP: i16 = 0x0002;
const POLLNVAL: i16 = 0x0004;
const POLLWRNORM: i16 = 0x0010;
const POLLRDNORM: i16 = 0x0100;

#[link(name = "ws2_32")]
unsafe extern "system" {
    fn WSAPoll(entries: *mut PollEntry, count: u32, timeout_millis: i32) -> i32;
}

/// Waits for one socket. `limit` is rounded up to whole milliseconds, so a wait never ends early into a busy loop.
pub(super) fn wait(socket: &Socket, interest: Interest, limit: Duration) -> io::Result<Ready> {
    let events = match interest {
        Interest::Read => POLLRDNORM,
        Interest::Write => POLLWRNORM,
        Interest::Both => POLLRDNORM | POLLWRNORM,
    };
    let handle = usize::try_from(socket.as_raw_socket()).map_err(io::Error::other)?;
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let millis = left.as_nanos().div_ceil(1_000_000);
        let timeout = i32::try_from(millis).unwrap_or(i32::MAX);
        let mut entry = PollEntry { socket: handle, events, revents: 0 };
        // SAFETY: `entry` is one valid, exclusively borrowed entry, and the count is one.
        let ready = unsafe { WSAPoll(&raw mut entry, 1, timeout) };
        if ready > 0 {
            let broken = entry.revents & (POLLERR | POLLHUP | POLLNVAL) != 0;
            return Ok(Ready {
                read: broken || entry.revents & POLLRDNORM != 0,
                write: broken || entry.revents & POLLWRNORM != 0,
            });
        }
        if ready < 0 {
            return Err(io::Error::last_os_error());
        }
        // Before Windows 10 2004, a connect that failed was not reported by `WSAPoll`.
        if interest != Interest::Read
            && let Some(e) = socket.take_error()?
        {
            return Err(e);
        }
        if millis <= i32::MAX as u128 {
            return Ok(Ready::default());
        }
    }
}

/// Returns `None`, because this system does not tell.
pub(super) fn unacknowledged(_: &Socket) -> Option<u64> {
    None
}

/// Does nothing, because this system has no such limit.
#[expect(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(super) fn limit_unacknowledged(_: &Socket, _: Option<Duration>) -> io::Result<()> {
    Ok(())
}

/// Returns `None`, so that the exact clock is read instead.
pub(super) fn coarse_monotonic() -> Option<Duration> {
    None
}

/// Returns the id of this process. There is no `fork`.
pub fn process_id() -> u32 {
    std::process::id()
}

/// Does nothing, because threads are not cancelled on this system.
#[derive(Debug)]
pub struct Uncancellable {
    /// Gives the type the same bounds as on other systems, where the state belongs to the thread.
    _stays: std::marker::PhantomData<*const ()>,
}

#[allow(
    clippy::new_without_default,
    reason = "a guard is made where it has to hold, never by default"
)]
impl Uncancellable {
    /// Does nothing, see above.
    pub fn new() -> Uncancellable {
        Uncancellable { _stays: std::marker::PhantomData }
    }
}
