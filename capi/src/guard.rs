//! What every exported function does before and after its work: it refuses NULL and poisoned handles, and catches panics. No
//! other file calls `catch_unwind`.

#![expect(clippy::disallowed_methods, reason = "the one place that catches panics")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::questdb_error;
use client::{Error, Result};

/// What a fallible function returns: NULL or an error that the caller owns.
pub(crate) type Failed = Option<Box<questdb_error>>;

/// A `bool` of the header. It is a byte in Rust, so that whatever the caller's language passes is a valid value.
pub(crate) type Flag = u8;

/// The state of a handle: whether calls may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Fine,
    /// A call is using the handle. A second call can only come from another thread; that is not allowed, but it gets an error.
    InUse,
    /// A call on the handle panicked.
    Poisoned,
}

impl State {
    /// Makes the error for a call that is refused.
    #[cold]
    #[inline(never)]
    pub(crate) fn refusal(self, name: &str) -> Failed {
        match self {
            State::InUse => failed(err!(InvalidState, "the {name} is in use by another thread")),
            _ => poisoned(name),
        }
    }
}

/// A handle that records whether calls may use it.
pub(crate) trait Handle {
    /// The name of the type in C.
    const NAME: &'static str;
    fn state(&mut self) -> &mut State;
}

/// Runs `work` on a handle. A panic poisons the handle.
#[inline]
pub(crate) fn guard<H: Handle>(
    handle: Option<&mut H>,
    work: impl FnOnce(&mut H) -> Result<()>,
) -> Failed {
    let Some(handle) = handle else { return null_handle(H::NAME) };
    let state = *handle.state();
    if state != State::Fine {
        return state.refusal(H::NAME);
    }
    *handle.state() = State::InUse;
    let work = |handle| {
        strike();
        work(handle)
    };
    match catch_unwind(AssertUnwindSafe(|| work(handle))) {
        Ok(result) => {
            *handle.state() = State::Fine;
            match result {
                Ok(()) => None,
                Err(e) => failed(e),
            }
        }
        Err(payload) => {
            *handle.state() = State::Poisoned;
            panicked(payload)
        }
    }
}

/// Runs `work`, which cannot panic, if the handle exists and is healthy. Returns false if it does not exist or is not healthy,
/// or if `work` returned false; then nothing was done, and the caller calls [`guard_slowly`]. This saves the stack frame that
/// catching a panic needs.
#[inline(always)]
pub(crate) fn quick<H: Handle>(
    handle: &mut Option<&mut H>,
    work: impl FnOnce(&mut H) -> bool,
) -> bool {
    // Tests of panics must take the guarded way.
    if armed() {
        return false;
    }
    match handle {
        Some(handle) => *handle.state() == State::Fine && work(handle),
        None => false,
    }
}

/// Does what [`guard`] does, for calls that [`quick`] did not handle.
#[cold]
#[inline(never)]
pub(crate) fn guard_slowly<H: Handle>(
    handle: Option<&mut H>,
    work: impl FnOnce(&mut H) -> Result<()>,
) -> Failed {
    guard(handle, work)
}

/// Runs `work` that has no handle to poison.
pub(crate) fn guard_free(work: impl FnOnce() -> Result<()>) -> Failed {
    caught(|| {
        strike();
        work().err().and_then(failed)
    })
}

/// Runs `work` that poisons its handle itself.
pub(crate) fn caught(work: impl FnOnce() -> Failed) -> Failed {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Drops a value that the caller gave up. A panic during the drop leaks the rest of the value and affects nothing else.
pub(crate) fn guard_drop<T>(given: T) {
    drop(guard_free(|| {
        drop(given);
        Ok(())
    }));
}

#[cold]
#[inline(never)]
pub(crate) fn failed(e: Error) -> Failed {
    Some(Box::new(questdb_error::from(e)))
}

#[cold]
#[inline(never)]
pub(crate) fn null_handle(name: &str) -> Failed {
    failed(err!(InvalidArgument, "{name} is NULL"))
}

#[cold]
#[inline(never)]
pub(crate) fn poisoned(name: &str) -> Failed {
    failed(err!(
        HandlePoisoned,
        "an earlier call on this {name} panicked: free it and make a new one"
    ))
}

#[cold]
#[inline(never)]
fn panicked(payload: Box<dyn Any + Send>) -> Failed {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic");
    failed(err!(Internal, "a defect of this library: {}", client::internal::shown(text)))
}

/// Panics and catches it, in the library that ci/unguarded makes, to show that the optimised library can.
#[cfg(panic_on_demand)]
#[allow(unsafe_code, reason = "exported")]
#[unsafe(no_mangle)]
extern "C" fn questdb_panic_on_demand(what: u32) -> Failed {
    guard_free(|| {
        let owned = what.to_string();
        assert!(what < 1000, "{owned} is on demand");
        Ok(())
    })
}

/// A place where tests can make a call panic. In other builds it does nothing.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn strike() {}

#[cfg(not(test))]
#[inline(always)]
fn armed() -> bool {
    false
}

#[cfg(test)]
pub(crate) use fault::{armed, strike};

/// Panics on demand, in the current thread only.
#[cfg(test)]
pub(crate) mod fault {
    use std::cell::Cell;

    thread_local! {
        static COUNTDOWN: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// The message of the panic.
    pub(in super::super) const TEXT: &str = "struck by a test";

    /// Makes a guarded call panic after `passes` more calls of [`strike`] have passed.
    pub(in super::super) fn arm(passes: usize) {
        COUNTDOWN.set(Some(passes));
    }

    /// Returns whether a panic is armed in this thread.
    pub(in super::super) fn armed() -> bool {
        let left = COUNTDOWN.take();
        COUNTDOWN.set(left);
        left.is_some()
    }

    /// Disarms, and returns whether the panic was still armed, so that no call could have panicked.
    pub(in super::super) fn disarm() -> bool {
        COUNTDOWN.take().is_some()
    }

    pub(in super::super) fn strike() {
        match COUNTDOWN.take() {
            Some(0) => panic!("{TEXT}"),
            left => COUNTDOWN.set(left.map(|passes| passes - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::ErrorCode;

    struct Thing {
        state: State,
    }

    impl Handle for Thing {
        const NAME: &'static str = "questdb_thing";
        fn state(&mut self) -> &mut State {
            &mut self.state
        }
    }

    fn told(failed: Failed) -> Option<(ErrorCode, String)> {
        failed.map(|e| e.into_error()).map(|e| (e.code(), e.message().to_owned()))
    }

    #[test]
    fn a_panic_is_an_error_and_poisons_its_handle_alone() {
        let (mut broken, mut other) = (Thing { state: State::Fine }, Thing { state: State::Fine });
        let place = 7;
        let first = guard(Some(&mut broken), |_| panic!("wrong at {place}\nand more"));
        let (code, message) = told(first).unwrap();
        assert_eq!(code, ErrorCode::Internal);
        assert_eq!(message, r#"a defect of this library: "wrong at 7\nand more""#);

        let mut ran = false;
        let second = guard(Some(&mut broken), |_| {
            ran = true;
            Ok(())
        });
        assert_eq!(told(second).unwrap().0, ErrorCode::HandlePoisoned);
        assert!(!ran, "no work on a poisoned handle");
        assert_eq!(told(guard(Some(&mut other), |_| Ok(()))), None);

        assert_eq!(told(guard_free(|| panic!("static"))).unwrap().0, ErrorCode::Internal);
        assert_eq!(told(guard::<Thing>(None, |_| Ok(()))).unwrap().0, ErrorCode::InvalidArgument);
    }

    #[test]
    fn a_handle_in_use_has_not_panicked() {
        let mut busy = Thing { state: State::InUse };
        let (code, message) = told(guard(Some(&mut busy), |_| Ok(()))).unwrap();
        assert_eq!(code, ErrorCode::InvalidState);
        assert_eq!(message, "the questdb_thing is in use by another thread");
        assert_eq!(busy.state, State::InUse);
    }

    #[test]
    fn an_error_does_not_poison() {
        let mut thing = Thing { state: State::Fine };
        let failing = guard(Some(&mut thing), |_| Err(err!(InvalidState, "no")));
        assert_eq!(told(failing), Some((ErrorCode::InvalidState, "no".to_owned())));
        assert_eq!(told(guard(Some(&mut thing), |_| Ok(()))), None);
    }

    #[test]
    fn a_panic_while_freeing_stays_inside() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        guard_drop(Bad);
    }
}
