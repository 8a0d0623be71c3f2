//! What every function on a receiver does before and after its work: it refuses NULL and poisoned handles, and catches panics. No
//! other file calls `catch_unwind`.

#![expect(clippy::disallowed_methods, reason = "the one place that catches panics")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use receiver::Receiver;

use crate::error::{ErrorCode, Result, questdb_receiver_error};
use crate::receiver::questdb_receiver;
use crate::text::invalid;

/// What a fallible function returns: NULL or an error that the caller owns.
pub(crate) type Failed = Option<Box<questdb_receiver_error>>;

/// Runs `work` on a receiver. A panic poisons the handle.
pub(crate) fn guard(
    handle: Option<&questdb_receiver>,
    work: impl FnOnce(&Receiver) -> Result<()>,
) -> Failed {
    let Some(handle) = handle else {
        return Some(Box::new(invalid("questdb_receiver is NULL")));
    };
    if handle.poisoned.load(Ordering::SeqCst) {
        let message =
            "an earlier call on this questdb_receiver panicked: free it and start a new one";
        return Some(Box::new(questdb_receiver_error::new(ErrorCode::HandlePoisoned, message)));
    }
    caught(|| work(&handle.receiver)).unwrap_or_else(|error| {
        handle.poisoned.store(true, Ordering::SeqCst);
        Some(Box::new(error))
    })
}

/// Runs `work` that returns a value and cannot fail. Returns the default after a panic and where [`guard`] would refuse.
pub(crate) fn guard_value<T: Default>(
    handle: Option<&questdb_receiver>,
    work: impl FnOnce(&Receiver) -> T,
) -> T {
    let mut value = T::default();
    drop(guard(handle, |receiver| {
        value = work(receiver);
        Ok(())
    }));
    value
}

/// Runs `work` that has no handle to poison.
pub(crate) fn guard_free(work: impl FnOnce() -> Result<()>) -> Failed {
    caught(work).unwrap_or_else(|error| Some(Box::new(error)))
}

/// Drops a value that the caller gave up. A panic during the drop leaks the rest of the value and affects nothing else.
pub(crate) fn guard_drop<T>(given: T) {
    drop(guard_free(|| {
        drop(given);
        Ok(())
    }));
}

/// Runs `work`. The outer error is the text of a panic.
fn caught(work: impl FnOnce() -> Result<()>) -> Result<Failed> {
    let work = || {
        strike();
        work()
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Ok(result.err().map(Box::new)),
        Err(payload) => Err(panicked(payload.as_ref())),
    }
}

fn panicked(payload: &(dyn Any + Send)) -> questdb_receiver_error {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic");
    let message = format!("a defect of this library: {text:?}");
    questdb_receiver_error::new(ErrorCode::Internal, &message)
}

/// A place where tests can make a call panic. In other builds it does nothing.
#[cfg(not(test))]
fn strike() {}

#[cfg(test)]
use crate::tests::strike;
