//! `questdb_sender_*`: connecting, flushing, transactions, statistics, closing.
#![expect(
    unsafe_code,
    reason = "exports functions and shares one handle between threads behind a lock"
)]

use std::ffi::c_char;
use std::ptr;
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use crate::buffer::questdb_buffer;
use crate::config::questdb_config;
use crate::error::questdb_error;
use crate::guard::{
    Failed, Flag, Handle, State, caught, failed, guard, guard_drop, guard_free, null_handle,
    poisoned, strike,
};
use crate::text::{checked, put, required};
use client::Result;
use client::internal::{OwnBuffer as _, Uncancellable};
use client::{Atomicity, Buffer, BufferOptions, Canceller, Outcome, Sender, StatsReader};

/// A sender: sends rows to QuestDB.
///
/// Threads: may move between threads; used by one at a time: a call that finds the sender in use by another thread returns
/// INVALID_STATE. `questdb_sender_cancel`, `questdb_sender_stat` and `questdb_sender_last_error` may be called at any time from
/// any thread.
/// A sender does not survive `fork`: in the child process every call that goes to the server (connect, flush, begin, commit,
/// close, an automatic flush) returns INVALID_STATE.
#[derive(Debug)]
pub struct questdb_sender {
    sender: Mutex<Sender>,
    stats: StatsReader,
    canceller: Canceller,
    /// The buffer that `questdb_sender_buffer` lends. Between two calls it holds the rows of the sender's own buffer.
    lent: *mut questdb_buffer,
}

const NAME: &str = "questdb_sender";

/// Runs `work` on a sender. A panic poisons the mutex, and with it the handle.
pub(crate) unsafe fn guard_sender(
    handle: *const questdb_sender,
    work: impl FnOnce(&mut Sender) -> Result<()>,
) -> Failed {
    // SAFETY: NULL or a sender from this library that has not been freed; only shared references are made of it.
    let Some(handle) = (unsafe { handle.as_ref() }) else { return null_handle(NAME) };
    caught(|| {
        let mut sender = match handle.sender.try_lock() {
            Ok(sender) => sender,
            Err(TryLockError::WouldBlock) => {
                return failed(err!(InvalidState, "the sender is in use by another thread"));
            }
            Err(TryLockError::Poisoned(_)) => return poisoned(NAME),
        };
        strike();
        work(&mut sender).err().and_then(failed)
    })
}

/// Like [`guard_sender`], for work on the sender's own buffer: its rows move from the lent handle into the sender for the
/// duration of the call.
pub(crate) unsafe fn guard_own(
    handle: *const questdb_sender,
    work: impl FnOnce(&mut Sender) -> Result<()>,
) -> Failed {
    guard_sender(handle, |sender| {
        // SAFETY: the handle is not NULL here; its lent buffer lives as long as it does, and whoever calls functions of the
        // sender does not use the lent buffer in another thread at the same time.
        let lent = unsafe { &mut *(*handle).lent };
        match *lent.state() {
            State::Fine => {}
            State::InUse => {
                return Err(err!(
                    InvalidState,
                    "the buffer of this sender is in use by another thread"
                ));
            }
            State::Poisoned => {
                return Err(err!(
                    HandlePoisoned,
                    "an earlier call on the buffer of this sender panicked"
                ));
            }
        }
        *lent.state() = State::InUse;
        let lent = LentBufferInUse(lent);
        sender.swap_own(&mut lent.0.buffer);
        strike();
        let result = work(sender);
        sender.swap_own(&mut lent.0.buffer);
        lent.0.state = State::Fine;
        result
    })
}

/// Marks the lent buffer as in use while a call of its sender works. If the state is still `InUse` when this is dropped, the
/// call panicked, and the buffer is poisoned.
struct LentBufferInUse<'a>(&'a mut questdb_buffer);

impl Drop for LentBufferInUse<'_> {
    fn drop(&mut self) {
        if self.0.state == State::InUse {
            self.0.state = State::Poisoned;
        }
    }
}

pub(crate) unsafe fn make(
    out: *mut *mut questdb_sender,
    sender: &mut dyn FnMut() -> Result<Sender>,
) -> Result<()> {
    required(out, "sender")?;
    // Holds off `pthread_cancel`, because files are read and random numbers are drawn here.
    let _held = Uncancellable::new();
    let mut sender = sender()?;
    // This is the buffer that the sender holds between two calls. Nothing is written to it.
    let mut empty = BufferOptions::new(sender.protocol_version());
    empty.init_buf_size = 0;
    let mut own = Box::new(Buffer::with_options(empty)?);
    sender.swap_own(&mut own);
    let (stats, canceller) = (sender.stats_reader(), sender.canceller());
    let lent = Box::into_raw(Box::new(questdb_buffer::lent(own)));
    let handle = questdb_sender { sender: Mutex::new(sender), stats, canceller, lent };
    put(out, Box::into_raw(Box::new(handle)));
    Ok(())
}

/// Makes the handle of a sender whose server is a script.
#[cfg(fuzzing)]
pub fn handle_of(sender: Sender) -> *mut questdb_sender {
    let mut handle = ptr::null_mut();
    let mut sender = Some(sender);
    let mut given = || sender.take().ok_or_else(|| err!(Internal, "it was given already"));
    // SAFETY: the out parameter points to a place for the handle.
    drop(unsafe { make(&raw mut handle, &mut given) });
    handle
}

/// Makes a sender from a connection string such as `http::addr=localhost:9000;`. Over TCP it connects and authenticates; over
/// HTTP it asks the server for its protocol version, unless `protocol_version` is set.
///
/// Cannot be cancelled. Blocks over HTTP for at most the sum of `request_timeout` and `retry_timeout`, over TCP for at most the
/// sum of `connect_timeout` and `auth_timeout` (`send_timeout` if `auth_timeout=0`). With `lazy_connect=on` it does not connect
/// and does not wait.
///
/// Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
/// Errors: CONFIG; COULD_NOT_RESOLVE, CONNECTION, TIMEOUT, TLS, AUTH, NOT_QUESTDB, UNAVAILABLE, PROTOCOL_VERSION; INVALID_UTF8;
/// INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_from_conf(
    conf: *const c_char,
    conf_len: usize,
    sender: *mut *mut questdb_sender,
) -> Failed {
    put(sender, ptr::null_mut());
    let mut made = || Sender::from_conf(checked(conf, conf_len, "connection string")?);
    guard_free(|| make(sender, &mut made))
}

/// Makes a sender from the connection string in the environment variable `QDB_CLIENT_CONF`.
///
/// Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
/// Errors: those of `questdb_sender_from_conf`; CONFIG also when the variable is not set.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_from_env(sender: *mut *mut questdb_sender) -> Failed {
    put(sender, ptr::null_mut());
    guard_free(|| make(sender, &mut Sender::from_env))
}

/// Makes a sender from a configuration, which you still own.
///
/// Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
/// Errors: those of `questdb_sender_from_conf`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_new(
    config: Option<&mut questdb_config>,
    sender: *mut *mut questdb_sender,
) -> Failed {
    put(sender, ptr::null_mut());
    guard(config, |c| make(sender, &mut || Sender::new(&c.config)))
}

/// Returns the sender's own buffer. Build rows in it with `questdb_buffer_*` and end them with `questdb_sender_at_*`, which
/// flush automatically when a limit is reached. NULL for NULL.
///
/// Ownership: the buffer belongs to the sender and lives until it is freed; `questdb_buffer_free` on it does nothing.
/// Threads: the buffer is part of the sender: one thread at a time uses either of them.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_buffer(sender: *mut questdb_sender) -> *mut questdb_buffer {
    // SAFETY: as in `guard_sender`.
    unsafe { sender.as_ref() }.map_or(ptr::null_mut(), |handle| handle.lent)
}

/// Makes an independent buffer with the protocol version and the limits of the sender. Another thread can fill it, and any
/// sender can send it.
///
/// Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
/// Errors: OUT_OF_MEMORY; INVALID_STATE; INVALID_ARGUMENT; HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_new_buffer(
    sender: *mut questdb_sender,
    buffer: *mut *mut questdb_buffer,
) -> Failed {
    put(buffer, ptr::null_mut());
    guard_sender(sender, |s| {
        required(buffer, "buffer")?;
        put(buffer, questdb_buffer::into_raw(s.new_buffer()?));
        Ok(())
    })
}

/// Returns the protocol version that was configured or negotiated: 1, 2 or 3. 0 for NULL or a sender in use.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_protocol_version(sender: *const questdb_sender) -> u32 {
    let mut version = 0;
    drop(guard_sender(sender, |s| {
        version = s.protocol_version() as u32;
        Ok(())
    }));
    version
}

/// Returns the length in bytes of the longest name that the server accepts. 0 for NULL or a sender in use.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_max_name_len(sender: *const questdb_sender) -> usize {
    let mut len = 0;
    drop(guard_sender(sender, |s| {
        len = s.max_name_len();
        Ok(())
    }));
    len
}

/// Ends the open row of the sender's own buffer with a designated timestamp in nanoseconds since 1970 (UTC), then flushes if an
/// `auto_flush_*` limit is reached.
///
/// Errors: INVALID_STATE, INVALID_TIMESTAMP, LIMIT_EXCEEDED, OUT_OF_MEMORY, and the row stays open. INVALID_ARGUMENT,
/// HANDLE_POISONED. Those of `questdb_sender_flush`, and the row is in the buffer: see `questdb_error_row_accepted`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_at_nanos(
    sender: *mut questdb_sender,
    nanos: i64,
) -> Failed {
    guard_own(sender, |s| s.at_nanos(nanos))
}

/// Like `questdb_sender_at_nanos`, with a timestamp in microseconds.
///
/// Errors: those of `questdb_sender_at_nanos`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_at_micros(
    sender: *mut questdb_sender,
    micros: i64,
) -> Failed {
    guard_own(sender, |s| s.at_micros(micros))
}

/// Like `questdb_sender_at_nanos`, but leaves the timestamp to the server. Deduplication cannot recognise such rows.
///
/// Errors: those of `questdb_sender_at_nanos`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_at_now(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, Sender::at_now)
}

/// Flushes the sender's own buffer if an `auto_flush_*` limit is reached. Call it after rows that were ended with functions of
/// the buffer, which do not flush, such as `questdb_buffer_at_nanos` and `questdb_buffer_append_row`.
///
/// Errors: those of `questdb_sender_flush`, and all rows stay in the buffer.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_flush_if_due(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, Sender::flush_if_due)
}

/// Sends the sender's own buffer and clears it.
///
/// Errors: those of `questdb_sender_flush`; INVALID_STATE also while a transaction is open.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_flush_own(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, |s| s.flush_own().map(drop))
}

/// Sends a buffer and clears it. Success means COMMITTED over HTTP and SUBMITTED over TCP. For an empty buffer it succeeds and
/// sends nothing. For the sender's own buffer it does what `questdb_sender_flush_own` does.
///
/// Errors: REJECTED, PAYLOAD_TOO_LARGE, AUTH, NOT_QUESTDB, UNAVAILABLE, CANCELLED, TIMEOUT, CONNECTION, COULD_NOT_RESOLVE, TLS:
/// see `questdb_error_outcome`. INVALID_STATE (open row, closed, other thread, after fork), LIMIT_EXCEEDED, OUT_OF_MEMORY,
/// PROTOCOL_VERSION, INVALID_ARGUMENT, HANDLE_POISONED: nothing was sent. After every error the buffer stays exactly as it was,
/// with one exception: with `lazy_connect=on`, the flush that first reaches the server may have rewritten the rows for the
/// server's protocol version.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_flush(
    sender: *mut questdb_sender,
    buffer: *mut questdb_buffer,
) -> Failed {
    guard_flush(sender, buffer, Sender::flush_own, Sender::flush)
}

/// Sends a buffer and keeps its rows, for example to send them to another server too.
///
/// Errors: those of `questdb_sender_flush`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_flush_and_keep(
    sender: *mut questdb_sender,
    buffer: *mut questdb_buffer,
) -> Failed {
    guard_flush(
        sender,
        buffer,
        |s| s.flush_own_and_keep(Atomicity::Any),
        |s, b| s.flush_and_keep(b),
    )
}

/// Like `questdb_sender_flush_and_keep`. With `transactional`, it refuses what the server could store only in part: a buffer
/// with rows of several tables, and every buffer over TCP.
///
/// Errors: those of `questdb_sender_flush`.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_flush_and_keep_with_flags(
    sender: *mut questdb_sender,
    buffer: *mut questdb_buffer,
    transactional: Flag,
) -> Failed {
    let atomicity = if transactional != 0 { Atomicity::AllOrNothing } else { Atomicity::Any };
    guard_flush(
        sender,
        buffer,
        |s| s.flush_own_and_keep(atomicity),
        |s, b| s.flush_and_keep_with(b, atomicity),
    )
}

/// Runs `own` if the buffer is the one that the sender lends, otherwise `other`.
unsafe fn guard_flush(
    sender: *mut questdb_sender,
    buffer: *mut questdb_buffer,
    own: impl FnOnce(&mut Sender) -> Result<Outcome>,
    other: impl FnOnce(&mut Sender, &mut Buffer) -> Result<Outcome>,
) -> Failed {
    if !buffer.is_null() && questdb_sender_buffer(sender) == buffer {
        return guard_own(sender, |s| own(s).map(drop));
    }
    // SAFETY: NULL or a buffer from this library that has not been freed and that no other thread uses.
    let buffer = unsafe { buffer.as_mut() };
    guard(buffer, |b| flatten(guard_sender(sender, |s| other(s, &mut b.buffer).map(drop))))
}

/// Converts what a guard within another guard returned back to a result.
fn flatten(failed: Failed) -> Result<()> {
    failed.map_or(Ok(()), |e| Err(e.into_error()))
}

/// Makes the sender ready to send. Over TCP it connects and authenticates, unless a connection exists. Over HTTP it asks the
/// server for its protocol version if `lazy_connect=on` has put that off; otherwise it sends nothing, so that success does not
/// show that an HTTP server is up. The first flush that has rows does the same, so calling this is optional.
///
/// Errors: those of `questdb_sender_from_conf`; CANCELLED; INVALID_STATE; INVALID_ARGUMENT; HANDLE_POISONED. Rows stay.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_connect(sender: *mut questdb_sender) -> Failed {
    guard_own(sender, Sender::connect)
}

/// Cancels the running call of the sender, wherever it waits. That call returns within 100 ms with CANCELLED and its true
/// outcome, is not retried, and keeps its rows. It may still succeed if it was about to.
///
/// Does nothing for NULL, or if no call is running: a call that begins later is not cancelled. If you cannot tell whether the
/// call has begun, cancel repeatedly until it returns.
///
/// Threads: any thread, and also a signal handler, at any time until `questdb_sender_free` begins.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_cancel(sender: *const questdb_sender) {
    // SAFETY: as in `guard_sender`; the flag is atomic.
    if let Some(handle) = unsafe { sender.as_ref() } {
        handle.canceller.cancel();
    }
}

/// Returns the counter that `stat`, one of `questdb_stat`, names. 0 for NULL or a number that this library does not know.
///
/// Threads: any thread, at any time.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_stat(sender: *const questdb_sender, stat: u32) -> u64 {
    // SAFETY: as in `guard_sender`; the counters are atomic.
    let reader = unsafe { sender.as_ref() };
    reader.zip(client::internal::stat(stat)).map_or(0, |(handle, stat)| handle.stats.get(stat))
}

/// Copies the last error of a flush, even if a later flush succeeded. `*last` is NULL if there was none.
///
/// Ownership: `*last` is yours until `questdb_error_free`.
/// Errors: INVALID_ARGUMENT.
/// Threads: any thread, at any time.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_last_error(
    sender: *mut questdb_sender,
    last: *mut *mut questdb_error,
) -> Failed {
    put(last, ptr::null_mut());
    // SAFETY: as in `guard_sender`; the statistics have their own lock.
    let Some(handle) = (unsafe { sender.as_ref() }) else { return null_handle(NAME) };
    guard_free(|| {
        required(last, "last")?;
        if let Some(e) = handle.stats.read().last_error() {
            put(last, Box::into_raw(Box::new(questdb_error::from(e.clone()))));
        }
        Ok(())
    })
}

/// Closes the sender: sends the complete rows of its own buffer and ends the connection, within `timeout_millis` milliseconds.
/// With 0 nothing that has to wait can succeed: complete rows fail with TIMEOUT, NOT_SENT. The sender is closed whether or not
/// the call succeeds, also after CANCELLED: every later call that takes or sends rows returns INVALID_STATE. Free the sender
/// afterwards.
///
/// An open row is dropped, and the call returns INVALID_STATE even if the complete rows were sent: `questdb_error_outcome` says
/// what became of them. An open transaction is not sent: the call returns INVALID_STATE, and the rows stay in the buffer.
/// Closing again sends nothing, and fails if rows are still unconfirmed.
///
/// `unconfirmed_rows` may be NULL. It receives the number of complete rows of the sender's own buffer that were not handed
/// over: over HTTP not confirmed by the server, over TCP not given to the kernel. These rows stay in the buffer, and
/// `questdb_buffer_clone` can copy them. It receives 0 if the rows could not be counted, because of INVALID_ARGUMENT,
/// HANDLE_POISONED or a sender in use by another thread.
///
/// Over TCP the call waits until the server has read everything and has ended the connection on its side. Success means that
/// the server has read the rows, not that it has stored them: a server ends the connection in the same way after a row that it
/// refused.
///
/// Errors: those of `questdb_sender_flush`. Over TCP also if the server sends something, resets the connection or does not end
/// it in time (TIMEOUT), so that rows of earlier flushes, and of this one, may be lost: `questdb_error_earlier_rows_in_doubt`
/// counts them. The connection is ended all the same.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_sender_close(
    sender: *mut questdb_sender,
    timeout_millis: u64,
    unconfirmed_rows: *mut u64,
) -> Failed {
    put(unconfirmed_rows, 0);
    guard_own(sender, |s| {
        let report = s.close(Duration::from_millis(timeout_millis));
        put(unconfirmed_rows, report.unconfirmed_rows);
        report.result
    })
}

/// Frees a sender and its own buffer. Sends nothing and never blocks. Rows that were not flushed are lost: see
/// `questdb_sender_close`. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_sender_free(sender: Option<Box<questdb_sender>>) {
    if let Some(sender) = sender {
        let _held = Uncancellable::new();
        // SAFETY: made by `Box::into_raw` in `make`, and freed only here.
        guard_drop(unsafe { Box::from_raw(sender.lent) });
        guard_drop(sender);
    }
}

#[cfg(test)]
mod tests;
