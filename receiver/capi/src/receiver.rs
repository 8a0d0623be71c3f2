//! `questdb_receiver_*`: a receiver from its start to its end.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::atomic::AtomicBool;

use receiver::{Receiver, ReceiverBuilder};

use crate::error::c_text;
use crate::guard::{Failed, guard, guard_drop, guard_free, guard_value};
use crate::text::{checked, put, questdb_receiver_text, required};

/// A running receiver.
///
/// Threads: any thread may call any function on it at any time, except `questdb_receiver_free`.
#[derive(Debug)]
pub struct questdb_receiver {
    pub(crate) receiver: Receiver,
    pub(crate) poisoned: AtomicBool,
    http: Option<CString>,
    tcp: Option<CString>,
}

/// Where a receiver listens.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum Listener {
    /// ILP over HTTP, or over HTTPS if TLS was configured.
    Http = 1,
    /// ILP over TCP, inside TLS if that was configured.
    Tcp = 2,
    /// `/metrics` and `/status`, if `http.min.enabled=true` was configured.
    Monitoring = 3,
}

/// A counter of a receiver since its start.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum Stat {
    /// Connections accepted.
    Connections = 1,
    /// HTTP requests with a complete head.
    Requests = 2,
    /// Rows stored.
    Rows = 3,
    /// Bytes of rows received, including those that were refused.
    Bytes = 4,
    /// Requests and connections that were refused because of what they sent.
    Rejected = 5,
}

/// Starts a receiver. The configuration has the form of `server.conf`: a line `key=value` for each key, those of QuestDB. It may
/// be empty. Where it does not say otherwise, both ports are free ones of 127.0.0.1, there is no port for monitoring, and an
/// unknown key is an error. Relative paths begin in the working directory.
///
/// Ownership: `*receiver` is yours until `questdb_receiver_free`; NULL after an error.
/// Errors: CONFIG, with line and key; LISTEN; THREAD; INVALID_UTF8; INVALID_ARGUMENT.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_start(
    conf: *const c_char,
    conf_len: usize,
    receiver: *mut *mut questdb_receiver,
) -> Failed {
    put(receiver, ptr::null_mut());
    guard_free(|| {
        required(receiver, "receiver")?;
        let started =
            ReceiverBuilder::from_conf(checked(conf, conf_len, "configuration")?)?.start()?;
        let conf = |listener| started.addr(listener).map(|_| c_text(&started.conf(listener)));
        let (http, tcp) = (conf(receiver::Listener::Http), conf(receiver::Listener::Tcp));
        let poisoned = AtomicBool::new(false);
        let handle = Box::new(questdb_receiver { receiver: started, poisoned, http, tcp });
        put(receiver, Box::into_raw(handle));
        Ok(())
    })
}

/// Returns the port of a listener, which is one of `questdb_receiver_listener`, or 0 if it is switched off or unknown.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_port(receiver: Option<&questdb_receiver>, listener: u32) -> u16 {
    guard_value(receiver, |r| {
        let addr = match listener {
            n if n == Listener::Http as u32 => r.addr(receiver::Listener::Http),
            n if n == Listener::Tcp as u32 => r.addr(receiver::Listener::Tcp),
            n if n == Listener::Monitoring as u32 => r.monitor_addr(),
            _ => None,
        };
        addr.map_or(0, |addr| addr.port())
    })
}

/// Returns the start of a connection string for a client, such as `http::addr=127.0.0.1:40123;`. The listener is
/// `QUESTDB_RECEIVER_LISTENER_HTTP` or `_TCP`; NULL for others, and if it is switched off.
///
/// Ownership: the text belongs to the receiver and lives until it is freed.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_conf(
    receiver: Option<&questdb_receiver>,
    listener: u32,
) -> *const c_char {
    let conf = receiver.and_then(|r| match listener {
        n if n == Listener::Http as u32 => r.http.as_ref(),
        n if n == Listener::Tcp as u32 => r.tcp.as_ref(),
        _ => None,
    });
    conf.map_or(ptr::null(), |conf| conf.as_ptr())
}

/// Returns a counter, which is one of `questdb_receiver_stat`, or 0 if it is unknown.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_get_stat(receiver: Option<&questdb_receiver>, stat: u32) -> u64 {
    guard_value(receiver, |r| {
        let stats = r.stats();
        match stat {
            n if n == Stat::Connections as u32 => stats.connections,
            n if n == Stat::Requests as u32 => stats.requests,
            n if n == Stat::Rows as u32 => stats.rows,
            n if n == Stat::Bytes as u32 => stats.bytes,
            n if n == Stat::Rejected as u32 => stats.rejected,
            _ => 0,
        }
    })
}

/// Returns the last 256 rows and connections that were refused, the oldest first, as a JSON array of objects with `time`, `peer`,
/// `listener`, `code`, `line`, `byte`, `message` and `text`, which is the start of the row.
///
/// Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn questdb_receiver_refusals_json(
    receiver: Option<&questdb_receiver>,
    text: *mut *mut questdb_receiver_text,
) -> Failed {
    put(text, ptr::null_mut());
    guard(receiver, |r| {
        required(text, "text")?;
        let json = receiver::internal::refusals_json(r);
        put(text, Box::into_raw(questdb_receiver_text::new(&json)));
        Ok(())
    })
}

/// Forgets all tables. Clients stay connected.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_clear(receiver: Option<&questdb_receiver>) -> Failed {
    guard(receiver, |r| {
        r.clear();
        Ok(())
    })
}

/// Stops listening, stores what has arrived, ends the connections and waits for the threads. Peers that go on sending are cut off
/// after ten seconds. The tables can still be read. Does nothing if the receiver was stopped before.
///
/// Errors: INVALID_ARGUMENT, HANDLE_POISONED.
/// Since: 0.1
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_stop(receiver: Option<&questdb_receiver>) -> Failed {
    guard(receiver, |r| {
        r.shutdown();
        Ok(())
    })
}

/// Stops a receiver and frees it with its tables. Streams and texts that came from it stay valid. NULL is fine.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_free(receiver: Option<Box<questdb_receiver>>) {
    guard_drop(receiver);
}
