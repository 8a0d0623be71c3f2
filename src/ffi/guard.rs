//! What every exported function does around its work: NULL, poison and panic handling. The only `catch_unwind`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::questdb_error;
use crate::error::{Error, Result, err};

/// What a fallible function returns: NULL or an error that the caller owns.
pub(super) type Failed = Option<Box<questdb_error>>;

/// A handle with a mark that is set while a call works on it. It stays set when the call panics.
pub(super) trait Handle {
    /// The type name in C.
    const NAME: &'static str;
    fn poisoned(&mut self) -> &mut bool;
}

/// Runs `work` on a handle.
#[inline]
pub(super) fn guard<H: Handle>(
    handle: Option<&mut H>,
    work: impl FnOnce(&mut H) -> Result<()>,
) -> Failed {
    let Some(handle) = handle else { return null_handle(H::NAME) };
    if *handle.poisoned() {
        return poisoned(H::NAME);
    }
    *handle.poisoned() = true;
    match catch_unwind(AssertUnwindSafe(|| work(handle))) {
        Ok(result) => {
            *handle.poisoned() = false;
            match result {
                Ok(()) => None,
                Err(e) => failed(e),
            }
        }
        Err(payload) => panicked(&*payload),
    }
}

/// Runs `work` that has no handle to poison.
pub(super) fn guard_free(work: impl FnOnce() -> Result<()>) -> Failed {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => None,
        Ok(Err(e)) => failed(e),
        Err(payload) => panicked(&*payload),
    }
}

#[cold]
#[inline(never)]
pub(super) fn failed(e: Error) -> Failed {
    Some(Box::new(questdb_error::from(e)))
}

#[cold]
#[inline(never)]
pub(super) fn null_handle(name: &str) -> Failed {
    failed(err!(InvalidArgument, "{name} is NULL"))
}

#[cold]
#[inline(never)]
pub(super) fn poisoned(name: &str) -> Failed {
    failed(err!(
        HandlePoisoned,
        "an earlier call on this {name} panicked: free it and make a new one"
    ))
}

#[cold]
#[inline(never)]
pub(super) fn panicked(payload: &(dyn std::any::Any + Send)) -> Failed {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic");
    failed(err!(Internal, "a defect of this library: {}", crate::error::shown(text)))
}
