//! The encoder of `questdb-ingress`: rows to bytes of the line protocol (ILP) as QuestDB speaks it, versions 1 to 3.
//!
//! Programs depend on [`questdb-ingress`](https://docs.rs/questdb-ingress), which exports all of this and sends it. It is a
//! package of its own so that it can be optimised by itself, and tested where there is no network.
//!
//! ```
//! # // Examples name the package that programs depend on.
//! # use questdb_ingress_encoder as questdb_ingress;
//! use questdb_ingress::{Buffer, ProtocolVersion};
//!
//! let mut buffer = Buffer::new(ProtocolVersion::V1);
//! buffer.row("trades")?.symbol("symbol", "ETH-USD")?.column_f64("price", 2615.54)?.at_now()?;
//! assert_eq!(buffer.peek(), b"trades,symbol=ETH-USD price=2615.54\n");
//! # Ok::<(), questdb_ingress::Error>(())
//! ```
#![warn(clippy::missing_errors_doc)]

mod decimal;
mod error;
pub mod ilp;
mod memory;
mod name;
mod quoted;
pub mod table;
mod text;
mod time;
mod timestamp;
mod version;

#[doc(hidden)]
pub mod internal;

pub use decimal::{Decimal, ToDecimal, ToMaybeDecimal};
pub use error::{Error, ErrorCode, Outcome, Result};
pub use ilp::{Buffer, BufferOptions, PreparedColumns, Row};
pub use name::{ColumnName, ColumnRef, DEFAULT_MAX_NAME_LEN, TableName, TableRef};
pub use table::ArrayView;
pub use text::{MaybeText, Text};
pub use timestamp::{Timestamp, TimestampMicros, TimestampNanos, ToMaybeTimestamp, ToTimestamp};
pub use version::ProtocolVersion;
