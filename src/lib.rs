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

pub mod config;
mod decimal;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod ilp;
mod memory;
mod name;
mod net;
pub mod pool;
mod quoted;
pub mod sender;
pub mod table;
mod text;
mod time;
mod timestamp;
mod version;

#[doc(hidden)]
pub mod internal;

pub use config::{Config, ConfigBuilder};
pub use decimal::{Decimal, ToDecimal, ToMaybeDecimal};
pub use error::{Error, ErrorCode, Outcome, Result};
pub use ilp::{Buffer, BufferOptions, PreparedColumns};
pub use name::{ColumnName, ColumnRef, DEFAULT_MAX_NAME_LEN, TableName, TableRef};
pub use pool::{BatchId, Completion, Pool, PoolReport, PoolStats, Submit, Ticket};
pub use sender::{
    Atomicity, Canceller, CloseReport, FailedCommit, Row, Sender, Stat, Stats, StatsReader,
    Transaction,
};
pub use table::ArrayView;
pub use text::{MaybeText, Text};
pub use timestamp::{Timestamp, TimestampMicros, TimestampNanos, ToMaybeTimestamp, ToTimestamp};
pub use version::ProtocolVersion;
