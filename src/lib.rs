//! Rows into QuestDB: fast, and truthful about what was stored.
//!
//! A [`Buffer`] encodes rows into the InfluxDB line protocol (ILP) as QuestDB speaks it, versions 1 to 3. A [`Sender`]
//! carries buffers to the server over HTTP(S) or TCP(S) and says, for every flush, what is known about the data
//! ([`Outcome`]). Everything here is also exported as a C ABI, see `include/questdb_ingress.h`.

pub mod config;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod ilp;
mod memory;
mod name;
mod net;
pub mod sender;
pub mod table;
mod text;
mod time;

#[doc(hidden)]
pub mod internal;

pub use config::Config;
pub use error::{Error, ErrorCode, Outcome, Result};
pub use ilp::{Buffer, BufferOptions, ProtocolVersion};
pub use name::{ColumnName, ColumnRef, DEFAULT_MAX_NAME_LEN, TableName, TableRef};
pub use sender::{
    Canceller, CloseReport, FailedCommit, Row, Sender, Stat, Stats, StatsReader, Transaction,
};
pub use table::ArrayView;
pub use text::{MaybeText, Text};
