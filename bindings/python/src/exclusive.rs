//! A value that one call uses at a time. A second call, from another thread or from code that the first one runs, is refused.
#![expect(unsafe_code, reason = "lends its value behind a flag")]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

/// Invariant: at most one [`Lent`] of a value exists, and `busy` is set as long as it does.
pub(crate) struct Exclusive<T> {
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the flag lets one thread at a time use the value, which may move between threads.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Exclusive<T> {
        Exclusive { busy: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Lends the value, unless it is lent already. The thread must be attached to the interpreter.
    #[inline(always)]
    pub(crate) fn lend(&self) -> Option<Lent<'_, T>> {
        // With a global lock, nobody else looks at the flag between the load and the store.
        #[cfg(not(any(Py_GIL_DISABLED, feature = "as-free-threaded")))]
        let free = {
            let free = !self.busy.load(Ordering::Acquire);
            if free {
                self.busy.store(true, Ordering::Relaxed);
            }
            free
        };
        #[cfg(any(Py_GIL_DISABLED, feature = "as-free-threaded"))]
        let free = !self.busy.swap(true, Ordering::Acquire);
        // Made only if the value is free: dropping it ends the loan.
        if free { Some(Lent { of: self }) } else { None }
    }
}

/// The value of an [`Exclusive`], until it is dropped.
pub(crate) struct Lent<'a, T> {
    of: &'a Exclusive<T>,
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this is the only `Lent` of the value.
        unsafe { &*self.of.value.get() }
    }
}

impl<T> DerefMut for Lent<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only `Lent` of the value, and it is borrowed mutably.
        unsafe { &mut *self.of.value.get() }
    }
}

impl<T> Drop for Lent<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.of.busy.store(false, Ordering::Release);
    }
}
