//! Rows into QuestDB: fast, and truthful about what was stored.
//!
//! A [`Buffer`] encodes rows into the InfluxDB line protocol (ILP) as QuestDB speaks it, versions 1 to 3. A [`Sender`]
//! carries buffers to the server over HTTP(S) or TCP(S) and says, for every flush, what is known about the data
//! ([`Outcome`]).
//!
//! ```
//! use std::time::Duration;
//! use questdb_ingress::{Sender, TimestampNanos};
//! # use questdb_receiver::{Listener, Receiver};
//!
//! # let receiver = Receiver::builder().start()?;
//! # let conf = receiver.conf(Listener::Http);
//! # /*
//! let conf = "http::addr=localhost:9000;";
//! # */
//! let mut sender = Sender::from_conf(&conf)?;
//! sender
//!     .row("trades")?
//!     .symbol("symbol", "ETH-USD")?
//!     .column_f64("price", 2615.54)?
//!     .at(TimestampNanos::now())?;
//! sender.close(Duration::from_secs(10)).result?; // sends the rest, and tells what became of it
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cargo features
//!
//! None is on by default.
//!
//! - `jiff`, `chrono`, `rust_decimal`: times and decimals of these crates as values, see [`ToTimestamp`] and [`ToDecimal`].
//! - `insecure-skip-verify`: allows `tls_verify=unsafe_off`, which takes any certificate.
#![warn(clippy::missing_errors_doc)]

mod base;
pub mod config;
#[cfg(fuzzing)]
pub mod fuzzing;
mod net;
pub mod pool;
pub mod sender;
mod time;

#[doc(hidden)]
pub mod internal;

pub use config::{Config, ConfigBuilder};
pub use pool::{BatchId, Completion, Pool, PoolReport, PoolStats, Submit, Ticket};
#[doc(inline)]
pub use questdb_ingress_encoder::{
    ArrayView, Buffer, BufferOptions, ColumnName, ColumnRef, DEFAULT_MAX_NAME_LEN, Decimal, Error,
    ErrorCode, MaybeText, Outcome, PreparedColumns, ProtocolVersion, Result, Row, TableName,
    TableRef, Text, Timestamp, TimestampMicros, TimestampNanos, ToDecimal, ToMaybeDecimal,
    ToMaybeTimestamp, ToTimestamp, ilp, table,
};
pub use sender::{
    Atomicity, Canceller, CloseReport, FailedCommit, Sender, Stat, Stats, StatsReader, Transaction,
};

use base::{error, memory, name, quoted, version};
