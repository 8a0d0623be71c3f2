//! The embedded ILP receiver: takes rows over TCP and HTTP on loopback and keeps them in memory as tables.
//!
//! It imitates QuestDB: the same parser rules, column types, casts, error answers and authentication. It shares no code
//! with the encoder and the transports, so that it can judge them.
//!
//! ```
//! use questdb_receiver::{Protocol, Receiver};
//!
//! let receiver = Receiver::builder().start()?;
//! assert!(receiver.conf(Protocol::Http).starts_with("http::addr=127.0.0.1:"));
//! # Ok::<(), questdb_receiver::Error>(())
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "a server has sockets, threads and a clock of its own"
)]

mod auth;
mod builder;
mod error;
mod io;
pub mod line;
mod names;
mod refusal;
mod session;
mod shared;
mod store;
mod value;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use builder::Builder;
pub use error::{Error, ErrorKind, Result};
pub use line::{Decimal, Long256};
pub use store::table::{Column, Table};
pub use value::{Array, ColumnType, Value};

/// A protocol that a [`Receiver`] speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// ILP over HTTP, or HTTPS when TLS was configured.
    Http,
    /// ILP over TCP, within TLS when that was configured.
    Tcp,
}

/// What a receiver counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// HTTP requests with a complete head.
    pub requests: u64,
    /// Rows stored.
    pub rows: u64,
    /// Bytes of rows received, before judging them.
    pub bytes: u64,
    /// Requests and connections refused for what they sent: bad rows, bad credentials, bad requests.
    pub rejected: u64,
}

/// A running receiver. Dropping it stops it and waits for its threads.
#[derive(Debug)]
pub struct Receiver {
    server: io::server::Server,
}

impl Receiver {
    /// Settings for a new receiver.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens for HTTP.
    pub fn http_addr(&self) -> SocketAddr {
        self.server.http_addr()
    }

    /// Where it listens for TCP.
    pub fn tcp_addr(&self) -> SocketAddr {
        self.server.tcp_addr()
    }

    /// The start of a configuration string for this receiver, such as `http::addr=127.0.0.1:40123;`.
    pub fn conf(&self, protocol: Protocol) -> String {
        let (scheme, addr) = match protocol {
            Protocol::Http => ("http", self.http_addr()),
            Protocol::Tcp => ("tcp", self.tcp_addr()),
        };
        let s = if self.server.shared().options.tls.is_some() { "s" } else { "" };
        format!("{scheme}{s}::addr={addr};")
    }

    /// The table of that name, in any case of letters, as it is now.
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.server.shared().store.table(name)
    }

    /// The names of all tables, in order of creation.
    pub fn table_names(&self) -> Vec<String> {
        self.server.shared().store.table_names()
    }

    /// Makes an empty table, for column types that rows do not create. A designated column `timestamp` is added when it
    /// is not among the columns.
    ///
    /// # Errors
    /// `InvalidName`, `TableExists`, `InvalidArgument`.
    pub fn create_table(&self, name: &str, columns: &[(&str, ColumnType)]) -> Result<()> {
        self.server.shared().store.create_table(name, columns)
    }

    /// Waits until a table has at least `rows` rows and returns it.
    ///
    /// # Errors
    /// `Timeout`.
    pub fn wait_for_rows(&self, table: &str, rows: usize, timeout: Duration) -> Result<Arc<Table>> {
        self.server.shared().store.wait(table, rows, timeout)
    }

    /// Waits until more than `seen` rows were stored since the start, or `timeout` has passed; returns how many were.
    pub fn wait_for_more(&self, seen: u64, timeout: Duration) -> u64 {
        self.server.shared().store.wait_for_more(seen, timeout)
    }

    /// Forgets all tables.
    pub fn clear(&self) {
        self.server.shared().store.clear();
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.server.shared().stats()
    }

    /// Stops listening, breaks all connections and waits for the threads; the tables stay readable.
    pub fn shutdown(&self) {
        self.server.stop();
    }
}
