//! How senders come into being: from a configuration with a connection, or from a pool without one.

use std::sync::Arc;

use super::Sender;
use super::auto_flush::{AutoFlush, Pause};
use super::flush::Flusher;
use super::outlet::Outlet;
use super::pooled::Pooled;
use super::server_version::ServerVersion;
use super::shelf::Shelf;
use super::statistics::StatsReader;
use crate::config::{Config, Settings};
use crate::error::{Result, err};
use crate::ilp::{Buffer, BufferOptions};
use crate::net::{Net, SystemNet};

impl Sender {
    /// Creates a sender from a connection string such as `http::addr=localhost:9000;`.
    ///
    /// # Errors
    /// As [`Config::from_conf`] and [`Sender::new`].
    pub fn from_conf(conf: &str) -> Result<Sender> {
        Sender::new(&Config::from_conf(conf)?)
    }

    /// Creates a sender from the connection string in the environment variable `QDB_CLIENT_CONF`.
    ///
    /// # Errors
    /// As [`Config::from_env`] and [`Sender::new`].
    pub fn from_env() -> Result<Sender> {
        Sender::new(&Config::from_env()?)
    }

    /// Creates a sender. TCP connects and authenticates here. HTTP asks the server for its protocol version here, unless
    /// `protocol_version` is set; then it connects when it first needs to. With `lazy_connect=on` all of this waits for the
    /// first flush that has rows, or for [`Sender::connect`], so that a sender can be created while the server is down.
    ///
    /// Blocks at most `request_timeout` and `retry_timeout` together over HTTP, `connect_timeout` and `auth_timeout` over TCP
    /// (`send_timeout` in place of `auth_timeout=0`), and cannot be cancelled; with `lazy_connect=on` it does not wait.
    ///
    /// # Errors
    /// `Config`; unless connecting is postponed, also `CouldNotResolve`, `Connection`, `Timeout`, `Tls`, `Auth`,
    /// `NotQuestdb`, `Unavailable`, `ProtocolVersion`.
    pub fn new(config: &Config) -> Result<Sender> {
        let settings = config.validate()?;
        if settings.auto_flush_timer {
            return Err(err!(
                Config,
                "auto_flush_timer=on is for senders of a pool: any other sender has no thread that could look at the clock"
            ));
        }
        Sender::over(&settings, Box::new(SystemNet::new()))
    }

    pub(crate) fn over(settings: &Settings, net: Box<dyn Net>) -> Result<Sender> {
        let stats = StatsReader::default();
        let mut flusher = Flusher::new(settings, net, Arc::clone(&stats.0))?;
        let server = ServerVersion::begin(settings, &mut flusher)?;
        Sender::with(settings, flusher, server, stats, None)
    }

    /// Creates a sender whose batches go out through a pool. `model` is a buffer like those that it makes.
    pub(crate) fn over_pool(
        settings: &Settings,
        net: Box<dyn Net>,
        model: &Buffer,
        outlet: Box<dyn Outlet>,
        shelf: Option<Shelf>,
    ) -> Result<Sender> {
        let stats = StatsReader::default();
        let flusher = Flusher::without_connection(settings, net, Arc::clone(&stats.0));
        let max_bytes = settings.max_buf_size.min(settings.queue_max_bytes);
        let pooled = Pooled::new(outlet, shelf, max_bytes, settings.acquire_timeout);
        Sender::with(settings, flusher, ServerVersion::of(model), stats, Some(pooled))
    }

    /// Not inlined: it would be in the library twice.
    #[inline(never)]
    fn with(
        settings: &Settings,
        flusher: Flusher,
        (server_version, options): (ServerVersion, BufferOptions),
        stats: StatsReader,
        pooled: Option<Pooled>,
    ) -> Result<Sender> {
        let timed = pooled.as_ref().is_some_and(Pooled::is_timed);
        let auto_flush = AutoFlush {
            rows: settings.auto_flush_rows,
            bytes: settings.auto_flush_bytes,
            interval: settings.auto_flush_interval,
        };
        Ok(Sender {
            buffer: Box::new(server_version.new_buffer(options)?),
            last_flush: flusher.net().now(),
            process: flusher.net().process_id(),
            flusher,
            options,
            server_version,
            looks: if timed { AutoFlush::EVERY_ROW } else { auto_flush },
            auto_flush,
            pause: Pause::new(settings.auto_flush_max_backoff, settings.delivery),
            transaction: None,
            pooled,
            stats,
            closed: false,
        })
    }
}
