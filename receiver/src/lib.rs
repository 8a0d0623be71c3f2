//! The embedded receiver: a small server on loopback that receives rows of the line protocol (ILP) over TCP and HTTP and keeps
//! them in memory as tables.
//!
//! It imitates QuestDB: it has the same parser rules, column types, conversions, error answers and authentication. It shares no
//! code with the encoder and the network layer of the client, so that it can be used to test them.
//!
//! ```
//! use questdb_receiver::{Listener, Receiver};
//!
//! let receiver = Receiver::builder().start()?;
//! assert!(receiver.conf(Listener::Http).starts_with("http::addr=127.0.0.1:"));
//! # Ok::<(), questdb_receiver::Error>(())
//! ```

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    reason = "a server has sockets, threads and a clock of its own"
)]
mod arrow;
mod auth;
mod builder;
mod chunk;
mod clock;
mod config;
mod error;
mod events;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[doc(hidden)]
pub mod internal;
mod io;
mod json;
mod limits;
pub mod line;
mod metrics;
mod names;
mod rates;
mod read;
mod refusal;
mod refusals;
mod schema;
mod session;
mod shared;
mod show;
mod store;
mod table;
mod value;
mod watch;
mod words;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use builder::ReceiverBuilder;
pub use config::{Configuration, ConfigurationSources, EffectiveValue, ValueSource};
pub use error::{Error, ErrorKind, Result};
pub use events::ReceiverEvent;
pub use line::{Decimal, Long256};
pub use refusals::RefusedRow;
pub use table::{Column, Table};
pub use value::{Array, ColumnType, Value};

/// The examples of the README, which are compiled and run with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// One of the two addresses on which a [`Receiver`] listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// ILP over HTTP, or over HTTPS if TLS was configured.
    Http,
    /// ILP over TCP, inside TLS if that was configured.
    Tcp,
}

impl Listener {
    /// Returns `http` or `tcp`.
    pub fn name(self) -> &'static str {
        match self {
            Listener::Http => "http",
            Listener::Tcp => "tcp",
        }
    }
}

/// Counters of a receiver since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Connections accepted.
    pub connections: u64,
    /// HTTP requests with a complete head.
    pub requests: u64,
    /// Rows stored.
    pub rows: u64,
    /// Bytes of rows received, including those that were refused.
    pub bytes: u64,
    /// Requests and connections that were refused because of what they sent: bad rows, bad credentials, bad requests.
    pub rejected: u64,
}

/// A running receiver. Dropping it stops it and waits for its threads.
#[derive(Debug)]
pub struct Receiver {
    server: io::server::Server,
}

impl Receiver {
    /// Returns the settings for a new receiver, for changes before its start.
    pub fn builder() -> ReceiverBuilder {
        ReceiverBuilder::default()
    }

    /// Returns the address on which it listens for HTTP, or `0.0.0.0:0` if the configuration has switched that off.
    pub fn http_addr(&self) -> SocketAddr {
        self.addr(Listener::Http).unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// Returns the address on which it listens for TCP, or `0.0.0.0:0` if the configuration has switched that off.
    pub fn tcp_addr(&self) -> SocketAddr {
        self.addr(Listener::Tcp).unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// Returns the address of a port, or `None` if the configuration has switched it off.
    pub fn addr(&self, listener: Listener) -> Option<SocketAddr> {
        self.server.addr(listener)
    }

    /// Returns the address at which `/metrics` and `/status` are answered, if they are.
    pub fn monitor_addr(&self) -> Option<SocketAddr> {
        self.server.monitor_addr()
    }

    /// Returns what `/metrics` answers: all counters in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.server.shared().metrics_text()
    }

    /// Returns the start of a connection string for this receiver, such as `http::addr=127.0.0.1:40123;`.
    pub fn conf(&self, listener: Listener) -> String {
        let (scheme, addr) = match listener {
            Listener::Http => ("http", self.http_addr()),
            Listener::Tcp => ("tcp", self.tcp_addr()),
        };
        let s = if self.server.shared().options.tls.is_some() { "s" } else { "" };
        format!("{scheme}{s}::addr={addr};")
    }

    /// Returns the present state of the table with that name, whose upper and lower case does not matter.
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.server.shared().store.table(name)
    }

    /// Returns the names of all tables, in order of creation.
    pub fn table_names(&self) -> Vec<String> {
        self.server.shared().store.table_names()
    }

    /// Makes an empty table, for column types that rows do not create. Adds a designated column `timestamp` if `columns` has
    /// none.
    ///
    /// # Errors
    /// `InvalidName`, `TableExists`, `InvalidArgument`; `Storage` if rows are kept in files and these cannot be written.
    pub fn create_table(&self, name: &str, columns: &[(&str, ColumnType)]) -> Result<()> {
        self.server.shared().store.create_table(name, columns, None)
    }

    /// Makes an empty table in which a row replaces earlier ones with the same time and the same values of the columns `keys`.
    /// The receiver has to keep its rows in files.
    ///
    /// # Errors
    /// `InvalidName`, `TableExists`; `InvalidArgument` if rows are in memory, or for a key that is an array; `Storage` if the
    /// files cannot be written.
    pub fn create_table_with_keys(
        &self,
        name: &str,
        columns: &[(&str, ColumnType)],
        keys: &[&str],
    ) -> Result<()> {
        self.server.shared().store.create_table(name, columns, Some(keys))
    }

    /// Waits until a table has at least `rows` rows and returns it.
    ///
    /// # Errors
    /// `Timeout`.
    pub fn wait_for_rows(&self, table: &str, rows: usize, timeout: Duration) -> Result<Arc<Table>> {
        self.server.shared().store.wait(table, rows, timeout)
    }

    /// Waits until more than `seen` rows were stored since the start, or `timeout` has passed. Returns how many rows were
    /// stored.
    pub fn wait_for_more(&self, seen: u64, timeout: Duration) -> u64 {
        self.server.shared().store.wait_for_more(seen, timeout)
    }

    /// Forgets all tables.
    pub fn clear(&self) {
        self.server.shared().store.clear();
    }

    /// Returns the counters.
    pub fn stats(&self) -> ReceiverStats {
        self.server.shared().stats()
    }

    /// Returns the last rows and connections that were refused, the oldest first.
    pub fn last_refusals(&self) -> Vec<RefusedRow> {
        self.server.shared().refusals.last()
    }

    /// Returns how many rows and connections were refused, by transport (`http`, `tcp`) and by the code of the refusal.
    pub fn refusal_counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.server.shared().metrics.refusals()
    }

    /// Stops listening, stores what has arrived on the connections, ends them and waits for the threads. Peers that go on
    /// sending are cut off after ten seconds. Rows in files are in Parquet files afterwards. The tables can still be read.
    pub fn shutdown(&self) {
        self.server.stop();
    }
}
