//! What a thread must not be interrupted by: signals, and `pthread_cancel`.
#![expect(unsafe_code, reason = "sigmask and setcancelstate are called through libc")]

/// Blocks all signals in the thread that made the value, until it is dropped. A thread that is started meanwhile never gets any.
#[derive(Debug)]
pub(in crate::net::os) struct SignalsBlocked {
    before: Option<libc::sigset_t>,
    /// The mask belongs to the thread, so the value must not move to another one.
    _stays: std::marker::PhantomData<*const ()>,
}

impl SignalsBlocked {
    pub(in crate::net::os) fn new() -> SignalsBlocked {
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
