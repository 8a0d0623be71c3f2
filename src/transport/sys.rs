//! The two system calls that have no safe wrapper in our dependencies: `poll` and the coarse monotonic clock.
#![expect(unsafe_code, reason = "poll and clock_gettime are called through libc")]
#![expect(clippy::disallowed_methods, reason = "a wait that was interrupted goes on for the rest")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::net::{Interest, Ready};

/// Waits for one descriptor. `limit` is rounded up to whole milliseconds, so a wait never ends early into a busy loop.
pub(super) fn poll_one(
    fd: BorrowedFd<'_>,
    interest: Interest,
    limit: Duration,
) -> io::Result<Ready> {
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
        let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
        // SAFETY: `entry` is one valid, exclusively borrowed pollfd, and the count says one.
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

/// Milliseconds of the monotonic clock with the resolution of the scheduler's tick; about a fifth of the cost of the exact one.
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
