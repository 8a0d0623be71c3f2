//! What a receiver does, after every setting was checked. The [`ReceiverBuilder`](crate::ReceiverBuilder) fills it, from calls or
//! from configuration keys; sessions, store and drivers read it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{EcdsaKeys, HttpAuth};
use crate::events::Observer;
use crate::line::TimeUnit;
use crate::schema::Policy;

/// All settings, after they were checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) http_auth: HttpAuth,
    pub(crate) ecdsa: EcdsaKeys,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) protocol_versions: Vec<u8>,
    pub(crate) settings: bool,
    pub(crate) settings_auth: bool,
    pub(crate) error_replies: bool,
    pub(crate) max_body: usize,
    pub(crate) max_line: usize,
    pub(crate) max_stored: usize,
    pub(crate) policy: Policy,
    pub(crate) tcp: TcpOptions,
    pub(crate) http: HttpOptions,
    pub(crate) tables: TableOptions,
    pub(crate) observer: Observer,
    /// The files that keep the rows. The store takes it out.
    #[cfg(feature = "files")]
    pub(crate) landing: Option<crate::store::landing::Landing>,
    /// Where `/metrics` and `/status` are answered, or `None` where they are not.
    pub(crate) monitor: Option<MonitorOptions>,
}

/// The settings of ILP over TCP alone. A time-out of `None` is off.
#[derive(Debug, Clone)]
pub(crate) struct TcpOptions {
    /// `line.tcp.enabled`: whether there is a port.
    pub(crate) enabled: bool,
    /// `line.tcp.net.connection.limit`: further connections wait in the backlog.
    pub(crate) connections: usize,
    /// `line.tcp.net.connection.queue.timeout`: how long they wait before they are closed.
    pub(crate) queue_timeout: Duration,
    /// `line.tcp.net.connection.timeout`: a peer that sends nothing for this long is disconnected.
    pub(crate) idle_timeout: Option<Duration>,
    /// `line.tcp.net.recv.buf.size`: the bytes of a connection's first buffer.
    pub(crate) first_buffer: usize,
    /// `line.tcp.max.measurement.size`: the most fields of a row.
    pub(crate) max_fields: usize,
    /// `line.tcp.commit.interval.default` and `.fraction`, multiplied: rows wait at most this long for their commit.
    pub(crate) commit_interval: Duration,
    /// `line.tcp.timestamp.unit`: the unit of timestamps that name none.
    pub(crate) timestamp_unit: TimeUnit,
    /// `line.tcp.disconnect.on.error`. If not, the bad row is skipped and reading goes on behind the next line feed.
    pub(crate) disconnect_on_error: bool,
    /// `line.tcp.log.message.on.error`: whether the log shows the text of a refused row.
    pub(crate) log_text: bool,
}

impl Default for TcpOptions {
    fn default() -> Self {
        TcpOptions {
            enabled: true,
            connections: 256,
            queue_timeout: Duration::from_secs(5),
            idle_timeout: Some(Duration::from_secs(300)),
            first_buffer: 2048,
            max_fields: 512,
            // Whoever embeds a receiver wants to see rows as they come. The keys have another default.
            commit_interval: Duration::ZERO,
            timestamp_unit: TimeUnit::Nanos,
            disconnect_on_error: true,
            log_text: true,
        }
    }
}

/// The settings of ILP over HTTP alone. A time-out of `None` is off.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    /// `http.enabled`: whether there is a port.
    pub(crate) enabled: bool,
    /// `http.net.connection.limit`.
    pub(crate) connections: usize,
    /// `http.net.connection.timeout`: a peer that sends nothing for this long is disconnected.
    pub(crate) idle_timeout: Option<Duration>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            enabled: true,
            connections: 256,
            idle_timeout: Some(Duration::from_secs(300)),
        }
    }
}

/// The settings of the monitoring port.
#[derive(Debug, Clone)]
pub(crate) struct MonitorOptions {
    /// `http.min.net.bind.to`.
    pub(crate) addr: SocketAddr,
    /// `http.min.net.connection.limit`.
    pub(crate) connections: usize,
    /// `metrics.enabled`: whether `/metrics` is answered.
    pub(crate) metrics: bool,
}

/// What rows make of tables that lack something.
#[derive(Debug, Clone)]
pub(crate) struct TableOptions {
    /// `line.tcp.auto.create.new.tables`. If not, rows of unknown tables are refused.
    pub(crate) create_tables: bool,
    /// `line.tcp.auto.create.new.columns`. If not, rows with unknown columns are refused.
    pub(crate) create_columns: bool,
    /// `line.tcp.default.partition.by`.
    pub(crate) partition_by: PartitionBy,
}

impl Default for TableOptions {
    fn default() -> Self {
        TableOptions { create_tables: true, create_columns: true, partition_by: PartitionBy::Day }
    }
}

/// The time that a partition of a table spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartitionBy {
    None,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl PartitionBy {
    /// Returns the name of the unit in capitals.
    pub(crate) fn name(self) -> &'static str {
        match self {
            PartitionBy::None => "NONE",
            PartitionBy::Hour => "HOUR",
            PartitionBy::Day => "DAY",
            PartitionBy::Week => "WEEK",
            PartitionBy::Month => "MONTH",
            PartitionBy::Year => "YEAR",
        }
    }

    /// Returns the unit of that name, in upper or lower case.
    pub(crate) fn from_name(name: &str) -> Option<PartitionBy> {
        use PartitionBy::{Day, Hour, Month, None, Week, Year};
        let units = [None, Hour, Day, Week, Month, Year];
        units.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(name))
    }
}
