//! How much memory rows may take: one budget over everything that a receiver holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that connections, chunks and tables may take together.
#[derive(Debug)]
pub(crate) struct Budget {
    max: usize,
    used: AtomicUsize,
}

/// There is no room for more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Budget {
    pub(crate) fn new(max: usize) -> Arc<Budget> {
        Arc::new(Budget { max, used: AtomicUsize::new(0) })
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Returns how many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Returns a lease of no bytes, for a holder that will need some.
    pub(crate) fn lease(self: &Arc<Budget>) -> Lease {
        Lease { budget: Arc::clone(self), bytes: 0 }
    }

    fn take(&self, bytes: usize) -> Result<(), Full> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.max {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Full);
        }
        Ok(())
    }
}

/// The share of a budget that one holder has taken. Dropping it gives the bytes back.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Lease {
    /// Returns the budget of which this is a share.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets how many bytes are held now. If there is no room for more, nothing changes.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes > self.bytes {
            self.budget.take(bytes - self.bytes)?;
        } else {
            self.budget.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_takes_what_there_is_and_gives_it_back() {
        let budget = Budget::new(100);
        let (mut a, mut b) = (budget.lease(), budget.lease());
        assert_eq!(a.set(60), Ok(()));
        assert_eq!(b.set(41), Err(Full));
        assert_eq!((b.bytes(), budget.used()), (0, 60));
        assert_eq!(b.set(40), Ok(()));
        assert_eq!(a.set(10), Ok(()));
        assert_eq!(budget.used(), 50);
        drop(b);
        assert_eq!((budget.used(), a.budget().max()), (10, 100));
    }
}
