//! `questdb_pool_*`: batches of rows from any thread, and what became of each.
#![expect(unsafe_code, reason = "exports functions, and shares one handle between threads")]

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::buffer::questdb_buffer;
use crate::config::questdb_config;
use crate::error::questdb_error;
use crate::guard::{
    Failed, Flag, caught, failed, guard, guard_drop, guard_free, null_handle, poisoned, strike,
};
use crate::sender::questdb_sender;
use crate::text::{checked, put, required};
use client::Result;
use client::internal::{NumberedPool as _, Uncancellable};
use client::{BatchId, Completion, Pool, PoolStats, Submit};

/// A pool: takes batches of rows from any thread and sends them over several connections, on threads of its own.
///
/// Every batch has exactly one completion, whatever happens. It is returned once: by `questdb_pool_wait`, or by
/// `questdb_pool_next`, whichever comes first.
///
/// Threads: any thread may make any call at any time until `questdb_pool_free` begins.
/// A pool does not survive `fork`: in the child process every call that returns an error returns INVALID_STATE,
/// `questdb_pool_stat` returns 0, and `questdb_pool_free` frees the child's copy without disturbing the parent.
#[derive(Debug)]
pub struct questdb_pool {
    pool: Pool,
    /// Whether a call panicked.
    poisoned: AtomicBool,
}

/// How a batch is submitted. Set `size`, and leave the rest 0 for what most callers need. Fields never move; later versions may
/// add some at the end. A `size` that the library does not know is INVALID_ARGUMENT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_submit {
    /// `sizeof(questdb_submit)`.
    pub size: usize,
    /// A number of yours, which the completion returns.
    pub user_data: u64,
    /// Batches with the same key go out one after the other, if `has_order_key` is set.
    pub order_key: u64,
    /// How long to wait while the queue is full, in milliseconds, if `has_timeout` is set; otherwise `acquire_timeout_ms`.
    pub timeout_millis: u64,
    /// Whether `order_key` counts: 0 or 1.
    pub has_order_key: u32,
    /// Whether `timeout_millis` counts: 0 or 1.
    pub has_timeout: u32,
}

/// What became of a batch. Set `size` of the first one before the call: all of an array have that size, and the call sets the
/// others. Fields never move; later versions may add some at the end. A `size` that the library does not know is
/// INVALID_ARGUMENT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_completion {
    /// `sizeof(questdb_completion)`.
    pub size: usize,
    /// The batch, as `questdb_pool_submit` returned it.
    pub batch: u64,
    /// The number that was given to `questdb_pool_submit`, otherwise 0.
    pub user_data: u64,
    /// The number of rows in the batch.
    pub rows: u64,
    /// The number of bytes in the batch.
    pub bytes: u64,
    /// What is known about the rows: one of `questdb_outcome`.
    pub outcome: u32,
    /// How many attempts were made to send the batch.
    pub attempts: u32,
    /// How many of them ended in doubt.
    pub in_doubt_attempts: u32,
    /// 0.
    pub reserved: u32,
    /// Why the batch failed; NULL after a success. Yours: `questdb_error_free`.
    pub error: *mut questdb_error,
    /// The rows of a batch that failed, to send them again or to keep them elsewhere; NULL after a success. Yours:
    /// `questdb_buffer_free`.
    pub failed_rows: *mut questdb_buffer,
}

/// What `questdb_pool_close` has achieved with the batches that were not complete when it was called.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct questdb_pool_report {
    /// `sizeof(questdb_pool_report)`.
    pub size: usize,
    /// Rows of batches that were refused or not sent.
    pub unsent_rows: u64,
    /// Rows of batches that may be stored, as a whole or in part.
    pub rows_in_doubt: u64,
    /// Rows that were given to the kernel over TCP connections and may be lost, over the whole life of the pool.
    pub earlier_rows_in_doubt: u64,
}

/// What `questdb_pool_stat` returns. Newer libraries have more.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolCounter {
    /// Batches that wait to be sent.
    QueuedBatches = 0,
    /// Batches that are being sent.
    BatchesInFlight = 1,
    /// Completions that `questdb_pool_next` will return.
    UnreadCompletions = 2,
    /// Bytes that count against `queue_max_bytes`.
    QueueBytes = 3,
    /// Threads of the pool, each of which has a connection of its own.
    Workers = 4,
    /// Rows of batches that succeeded.
    RowsSent = 5,
    /// Rows of batches that certainly were not stored.
    RowsNotStored = 6,
    /// Rows of batches that may be stored.
    RowsInDoubt = 7,
    /// How many milliseconds a submit waits for room unless it names a time: `acquire_timeout_ms`.
    AcquireTimeoutMillis = 8,
}

const NAME: &str = "questdb_pool";

/// Poisons a pool if it is dropped before the call has ended.
struct Unfinished<'a>(&'a AtomicBool);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` on a pool. A panic poisons the handle. The work is called by pointer, so that this is in the library once.
unsafe fn guard_pool(
    handle: *const questdb_pool,
    work: &mut dyn FnMut(&Pool) -> Result<()>,
) -> Failed {
    // SAFETY: NULL or a pool from this library that has not been freed; only shared references are made of it.
    let Some(handle) = (unsafe { handle.as_ref() }) else { return null_handle(NAME) };
    if handle.poisoned.load(Ordering::Relaxed) {
        return poisoned(NAME);
    }
    caught(|| {
        // Threads of the pool start here, and sockets are closed.
        let _held = Uncancellable::new();
        let unfinished = Unfinished(&handle.poisoned);
        strike();
        let result = work(&handle.pool).err().and_then(failed);
        std::mem::forget(unfinished);
        result
    })
}

unsafe fn make(out: *mut *mut questdb_pool, pool: &mut dyn FnMut() -> Result<Pool>) -> Result<()> {
    required(out, "pool")?;
    let _held = Uncancellable::new();
    let handle = questdb_pool { pool: pool()?, poisoned: AtomicBool::new(false) };
    put(out, Box::into_raw(Box::new(handle)));
    Ok(())
}

/// Returns an error unless a struct of the caller's has the size that this library knows.
fn known_size(given: usize, known: usize, what: &str) -> Result<()> {
    if given == known {
        return Ok(());
    }
    Err(err!(InvalidArgument, "size of {what} is {given}, this library knows {known}"))
}

/// Reads the size that begins a struct of the caller's.
unsafe fn size_of_out<T>(out: *mut T, what: &str) -> Result<()> {
    required(out, what)?;
    // SAFETY: not NULL; the caller has set the size, which is the first field.
    known_size(unsafe { out.cast::<usize>().read_unaligned() }, size_of::<T>(), what)
}

fn as_struct(done: Completion) -> questdb_completion {
    let error = done.error.map_or(ptr::null_mut(), |e| Box::into_raw(Box::new(e.into())));
    questdb_completion {
        size: size_of::<questdb_completion>(),
        batch: done.batch.number(),
        user_data: done.user_data,
        rows: done.rows,
        bytes: done.bytes,
        outcome: done.outcome as u32,
        attempts: done.attempts,
        in_doubt_attempts: done.in_doubt_attempts,
        reserved: 0,
        error,
        failed_rows: done.failed_rows.map_or(ptr::null_mut(), questdb_buffer::boxed_into_raw),
    }
}

fn batch(number: u64) -> Result<BatchId> {
    BatchId::from_number(number).ok_or_else(|| err!(InvalidArgument, "there is no batch 0"))
}

/// Makes a pool from a connection string such as `http::addr=localhost:9000;sender_pool_max=8;`. Like a sender it makes one
/// connection, or asks the server for its protocol version, unless `lazy_connect=on`. Threads start with the first submit.
///
/// Ownership: `*pool` is yours until `questdb_pool_free`; NULL after an error.
/// Errors: those of `questdb_sender_from_conf`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_from_conf(
    conf: *const c_char,
    conf_len: usize,
    pool: *mut *mut questdb_pool,
) -> Failed {
    put(pool, ptr::null_mut());
    let mut made = || Pool::from_conf(checked(conf, conf_len, "connection string")?);
    guard_free(|| make(pool, &mut made))
}

/// Makes a pool from a configuration, which you still own.
///
/// Ownership: `*pool` is yours until `questdb_pool_free`; NULL after an error.
/// Errors: those of `questdb_sender_from_conf`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_new(
    config: Option<&mut questdb_config>,
    pool: *mut *mut questdb_pool,
) -> Failed {
    put(pool, ptr::null_mut());
    guard(config, |c| make(pool, &mut || Pool::new(&c.config)))
}

/// Makes an empty buffer with the protocol version and the limits of the pool.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: OUT_OF_MEMORY; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_new_buffer(
    pool: *const questdb_pool,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_pool(pool, &mut |p| {
        required(buffer, "buffer")?;
        put(buffer, questdb_buffer::into_raw(p.new_buffer()?));
        Ok(())
    })
}

/// Makes a sender whose rows go out through the pool. It has an own buffer and takes all calls of a sender, but has no connection:
/// an automatic flush submits the rows and does not wait for the server. Its batches go out one after the other, beside those of
/// other senders. One thread at a time uses it: make one for each.
///
/// `questdb_sender_flush_own` and `questdb_sender_close` wait for all batches of the sender: afterwards each of its rows is stored
/// or in its own buffer. They, and the next automatic flush, also tell of an earlier automatic flush that failed: its rows are in
/// the own buffer again, before those that came later. What became of the batches of a sender that is freed comes from
/// `questdb_pool_next`. Close the senders before the pool: a sender outlives its pool, but sends nothing then.
///
/// Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
/// Errors: OUT_OF_MEMORY; UNAVAILABLE without a thread for the timer; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_new_sender(
    pool: *const questdb_pool,
    sender: *mut *mut questdb_sender,
) -> Failed {
    put(sender, ptr::null_mut());
    guard_pool(pool, &mut |p| crate::sender::make(sender, &mut || p.new_sender()))
}

/// Takes the rows of a buffer, and leaves it empty with memory for the next ones. The rows are sent later, on a thread of the
/// pool. Waits only while the queue is full: at `queue_max_bytes`, and at 65,536 batches that are under way or whose completions
/// nobody has read, those of batches that succeeded too. An empty buffer is a batch of no rows, which succeeds and sends nothing.
/// `how` may be NULL, `batch` too.
///
/// Ownership: the buffer stays yours; it cannot be one that a sender lends.
/// Errors: INVALID_STATE (open row, closed pool, after fork), LIMIT_EXCEEDED (a batch of more than `queue_max_bytes`, which does
/// not wait), TIMEOUT (no room in time), UNAVAILABLE (no thread could be started), OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED. The buffer is as it was.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_submit(
    pool: *const questdb_pool,
    buffer: Option<&mut questdb_buffer>,
    how: *const questdb_submit,
    batch: *mut u64,
) -> Failed {
    put(batch, 0);
    guard(buffer, |b| {
        let result = guard_pool(pool, &mut |p| {
            if b.is_lent() {
                return Err(err!(InvalidArgument, "the buffer belongs to a sender"));
            }
            let how = submit(how)?;
            put(batch, p.submit_numbered(&mut b.buffer, how)?.number());
            Ok(())
        });
        result.map_or(Ok(()), |e| Err(e.into_error()))
    })
}

unsafe fn submit(how: *const questdb_submit) -> Result<Submit> {
    let mut submit = Submit::default();
    if !how.is_null() {
        size_of_out(how.cast_mut(), "questdb_submit")?;
        // SAFETY: not NULL, and of the size that it says.
        let how = unsafe { how.read_unaligned() };
        submit.user_data = how.user_data;
        submit.order_key = (how.has_order_key != 0).then_some(how.order_key);
        submit.timeout = (how.has_timeout != 0).then(|| Duration::from_millis(how.timeout_millis));
    }
    Ok(submit)
}

/// Returns up to `capacity` completions, the oldest first, in `completions[0 .. *count]`. Waits for the first one for
/// `timeout_millis` at most; 0 does not wait. `*count` is 0 if there is none by then, which is no error.
///
/// Ownership: `error` and `failed_rows` of each completion are yours.
/// Errors: INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_next(
    pool: *const questdb_pool,
    timeout_millis: u64,
    completions: *mut questdb_completion,
    capacity: usize,
    count: *mut usize,
) -> Failed {
    put(count, 0);
    guard_pool(pool, &mut |p| {
        required(count, "count")?;
        if capacity == 0 {
            return Err(err!(InvalidArgument, "there is no room for a completion"));
        }
        size_of_out(completions, "questdb_completion")?;
        let mut timeout = Duration::from_millis(timeout_millis);
        for i in 0..capacity {
            let Some(done) = p.next_completion(timeout)? else { break };
            timeout = Duration::ZERO;
            // SAFETY: the caller has room for `capacity` completions.
            put(unsafe { completions.add(i) }, as_struct(done));
            put(count, i + 1);
        }
        Ok(())
    })
}

/// Waits for the completion of one batch, for `timeout_millis` at most; 0 does not wait.
///
/// Ownership: `error` and `failed_rows` of the completion are yours.
/// Errors: TIMEOUT if the batch is not complete by then; INVALID_STATE if there is no such batch or its completion was read, and
/// after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_wait(
    pool: *const questdb_pool,
    batch_number: u64,
    timeout_millis: u64,
    completion: *mut questdb_completion,
) -> Failed {
    guard_pool(pool, &mut |p| {
        size_of_out(completion, "questdb_completion")?;
        let batch = batch(batch_number)?;
        let Some(done) = p.wait_for(batch, Duration::from_millis(timeout_millis))? else {
            return Err(err!(Timeout, "batch {batch} is not complete after {timeout_millis} ms"));
        };
        put(completion, as_struct(done));
        Ok(())
    })
}

/// Returns what is ready to read while `questdb_pool_next` has a completion, for `poll`, `epoll` and event loops: a descriptor,
/// on Windows the HANDLE of an event. Only wait for it: do not read it.
///
/// Ownership: it belongs to the pool and lives until `questdb_pool_free`.
/// Errors: UNAVAILABLE if the system has none to give; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_handle(
    pool: *const questdb_pool,
    handle: *mut isize,
) -> Failed {
    put(handle, -1);
    guard_pool(pool, &mut |p| {
        required(handle, "handle")?;
        put(handle, p.handle()?);
        Ok(())
    })
}

/// Cancels a batch if it still waits: it completes as NOT_SENT. With `in_flight_too` also if it is being sent: that ends within
/// 100 ms, and the batch may be IN_DOUBT or have succeeded. Does nothing for a batch that is complete. The completion tells.
///
/// Errors: INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_cancel(
    pool: *const questdb_pool,
    batch_number: u64,
    in_flight_too: Flag,
) -> Failed {
    guard_pool(pool, &mut |p| p.cancel_numbered(batch(batch_number)?, in_flight_too != 0).map(drop))
}

/// Waits until no batch waits or is being sent, for `timeout_millis` at most. Batches that other threads submit meanwhile count
/// too. It reads no completions.
///
/// Errors: TIMEOUT if some are not by then; they go on. INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_drain(
    pool: *const questdb_pool,
    timeout_millis: u64,
) -> Failed {
    guard_pool(pool, &mut |p| p.drain(Duration::from_millis(timeout_millis)))
}

/// Takes no more batches, sends those it has within `timeout_millis`, and ends the connections. Batches that still wait then
/// complete as NOT_SENT with CANCELLED; those being sent are cancelled, and complete with the outcome that is true. Submits that
/// wait for room return INVALID_STATE. It returns at most 250 ms after its time. Completions can be read afterwards. `report` may
/// be NULL; set its `size` before the call. A second call counts only what was still open.
///
/// Errors: the first error of a batch that was not complete when the call began, or of the end of a connection; TIMEOUT if a
/// batch has not ended even so. INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_close(
    pool: *const questdb_pool,
    timeout_millis: u64,
    report: *mut questdb_pool_report,
) -> Failed {
    guard_pool(pool, &mut |p| {
        if !report.is_null() {
            size_of_out(report, "questdb_pool_report")?;
        }
        let found = p.close(Duration::from_millis(timeout_millis));
        put(
            report,
            questdb_pool_report {
                size: size_of::<questdb_pool_report>(),
                unsent_rows: found.unsent_rows,
                rows_in_doubt: found.rows_in_doubt,
                earlier_rows_in_doubt: found.earlier_rows_in_doubt,
            },
        );
        found.result
    })
}

/// Returns the counter that `counter`, one of `questdb_pool_counter`, names. 0 for NULL, after fork, and for a number that this
/// library does not know.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_pool_stat(pool: *const questdb_pool, counter: u32) -> u64 {
    let mut value = 0;
    drop(guard_pool(pool, &mut |p| {
        value = count(&p.stats()?, p.acquire_timeout(), counter);
        Ok(())
    }));
    value
}

fn count(stats: &PoolStats, acquire_timeout: Duration, counter: u32) -> u64 {
    let all = [
        stats.queued_batches,
        stats.batches_in_flight,
        stats.unread_completions,
        stats.queue_bytes,
        stats.workers,
        stats.rows_sent,
        stats.rows_not_stored,
        stats.rows_in_doubt,
        u64::try_from(acquire_timeout.as_millis()).unwrap_or(u64::MAX),
    ];
    all.get(counter as usize).copied().unwrap_or(0)
}

/// Frees a pool with all completions that were not read and their rows. Never waits for the network: batches that wait are not
/// sent, and those being sent are cancelled and may be stored. Call `questdb_pool_close` and read the completions before. NULL
/// is fine. Returns when the threads of the pool have ended, which takes less than 100 ms, and on an overloaded machine at most
/// 2 s.
///
/// Threads: no other call with this pool may be running.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_pool_free(pool: Option<Box<questdb_pool>>) {
    if let Some(pool) = pool {
        let _held = Uncancellable::new();
        guard_drop(pool);
    }
}
