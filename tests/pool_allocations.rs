//! A pool that is warm allocates nothing for a batch, neither in the thread that submits nor in the one that sends. This test
//! is a program of its own, because it counts with an allocator of its own.
#![cfg(test)]
#![allow(unsafe_code, reason = "an allocator that counts is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use questdb_ingress::{Buffer, Outcome, Pool, Submit};
use questdb_receiver::{Listener, Receiver};

struct Counting;

thread_local! {
    /// Whether allocations of this thread count.
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

fn note() {
    if COUNTS.try_with(Cell::get).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is left to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as promised by the caller.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The thread of the pool calls this, and is counted from then on.
struct Wakes(Thread);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        COUNTS.set(true);
        self.0.unpark();
    }
}

fn fill(buffer: &mut Buffer) {
    for i in 0..20 {
        buffer.table("t").unwrap().column_i64("x", i).unwrap().at_now().unwrap();
    }
}

/// Sends a batch, and awaits it as an async runtime does.
fn awaited(pool: &Pool, buffer: &mut Buffer, waker: &Waker, key: u64) {
    fill(buffer);
    let how = Submit::default().order_key(key);
    let mut ticket = pin!(pool.submit_with(buffer, how).unwrap());
    let done = loop {
        match ticket.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(done) => break done.unwrap(),
            Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!((done.outcome, done.rows), (Outcome::Committed, 20));
}

#[test]
fn a_warm_pool_allocates_nothing_for_a_batch() {
    let receiver = Receiver::builder().start().unwrap();
    let conf = format!("{}sender_pool_max=1;", receiver.conf(Listener::Http));
    let pool = Pool::from_conf(&conf).unwrap();
    let mut buffer = pool.new_buffer().unwrap();
    let waker = Waker::from(Arc::new(Wakes(std::thread::current())));
    for key in 0..20 {
        awaited(&pool, &mut buffer, &waker, key);
    }
    COUNTS.set(true);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let _proof = Box::new(1);
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before, "the allocator counts");
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for key in 0..200 {
        awaited(&pool, &mut buffer, &waker, key);
        fill(&mut buffer);
        let ticket = pool.submit(&mut buffer).unwrap();
        assert!(ticket.wait(Duration::from_secs(60)).is_ok());
    }
    let count = ALLOCATIONS.load(Ordering::Relaxed) - before;
    COUNTS.set(false);
    assert_eq!(count, 0, "allocations of 400 batches");
}
