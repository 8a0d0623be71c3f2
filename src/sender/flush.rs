//! The way of a body to the server, over one of the transports.

use std::sync::Arc;
use std::time::Duration;

use super::http_link::HttpLink;
use super::outcome;
use super::server_settings::{self, ServerSettings};
use super::statistics::{Counters, Stat};
use super::tcp::TcpTransport;
use crate::config::{Delivery, Settings};
use crate::error::Result;
use crate::ilp::ProtocolVersion;
use crate::net::{Deadline, Net, Uncancellable};

/// A server behind one of the transports.
pub(super) struct Link {
    net: Box<dyn Net>,
    transport: Transport,
    limits: Limits,
    counters: Arc<Counters>,
}

enum Transport {
    Http(Box<HttpLink>),
    Tcp(Box<TcpTransport>),
}

pub(super) struct Limits {
    pub(super) request_timeout: Duration,
    pub(super) request_min_throughput: u64,
    pub(super) retry_timeout: Duration,
    pub(super) retry_max_backoff: Duration,
    connect_timeout: Duration,
    auth_timeout: Duration,
    send_timeout: Duration,
    pub(super) delivery: Delivery,
}

/// What a flush is about, besides its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) rows: u64,
    pub(super) single_table: bool,
    pub(super) version: ProtocolVersion,
}

impl Limits {
    /// How long one attempt over HTTP with so many bytes may take.
    pub(super) fn attempt(&self, bytes: usize) -> Duration {
        let extra = match self.request_min_throughput {
            0 => Duration::ZERO,
            per_second => Duration::from_millis((bytes as u64).saturating_mul(1000) / per_second),
        };
        self.request_timeout.saturating_add(extra)
    }
}

impl Link {
    pub(super) fn new(
        settings: &Settings,
        net: Box<dyn Net>,
        counters: Arc<Counters>,
    ) -> Result<Link> {
        let transport = if settings.protocol.is_http() {
            Transport::Http(Box::new(HttpLink::new(settings, Arc::clone(&counters))?))
        } else {
            Transport::Tcp(Box::new(TcpTransport::new(settings)?))
        };
        let limits = Limits {
            request_timeout: settings.request_timeout,
            request_min_throughput: settings.request_min_throughput,
            retry_timeout: settings.retry_timeout,
            retry_max_backoff: settings.retry_max_backoff,
            connect_timeout: settings.connect_timeout,
            auth_timeout: settings.auth_timeout,
            send_timeout: settings.send_timeout,
            delivery: settings.delivery,
        };
        Ok(Link { net, transport, limits, counters })
    }

    pub(super) fn net(&self) -> &dyn Net {
        &*self.net
    }

    /// Whether a successful flush is a confirmed one.
    pub(super) fn confirms(&self) -> bool {
        matches!(self.transport, Transport::Http(_))
    }

    /// Whether there is a connection of a stream transport.
    pub(super) fn has_stream(&self) -> bool {
        match &self.transport {
            Transport::Http(_) => false,
            Transport::Tcp(tcp) => tcp.is_connected(),
        }
    }

    /// Makes the connection of a stream transport, so that a wrong address shows at once.
    pub(super) fn connect(&mut self) -> Result<()> {
        let _held = Uncancellable::new();
        match &mut self.transport {
            Transport::Http(_) => Ok(()),
            Transport::Tcp(tcp) => {
                let limit = self.limits.connect_timeout.saturating_add(self.limits.auth_timeout);
                tcp.connect(&*self.net, Deadline::after(&*self.net, limit))
            }
        }
    }

    /// Asks an HTTP server what it speaks; a stream cannot be asked and gets the oldest version.
    /// `cap` may shorten the time that the configuration allows.
    pub(super) fn negotiate(&mut self, cap: Option<Deadline>) -> Result<ServerSettings> {
        let _held = Uncancellable::new();
        match &mut self.transport {
            Transport::Http(http) => http.negotiate(&*self.net, &self.limits, cap),
            Transport::Tcp(_) => Ok(server_settings::OLD_SERVER),
        }
    }

    /// The longest that a flush of so many bytes may take over HTTP.
    pub(super) fn flush_limit(&self, bytes: usize) -> Duration {
        self.limits.attempt(bytes).saturating_add(self.limits.retry_timeout)
    }

    /// Sends a body. `cap` may shorten the time that the configuration allows.
    pub(super) fn send(&mut self, body: &[u8], load: Load, cap: Option<Deadline>) -> Result<()> {
        let _held = Uncancellable::new();
        let connects = self.connects();
        let result = match &mut self.transport {
            Transport::Http(http) => http.send(&*self.net, &self.limits, body, load, cap),
            Transport::Tcp(_) => self.tcp_send(body, load.rows, cap),
        };
        // The first connection of all is not a reconnect.
        self.counters.add(Stat::Reconnects, self.connects().saturating_sub(connects.max(1)));
        match &result {
            Ok(()) => self.count_success(load.rows, body.len() as u64),
            Err(e) => self.counters.failed(e),
        }
        result
    }

    fn connects(&self) -> u64 {
        match &self.transport {
            Transport::Http(link) => link.http.connects(),
            Transport::Tcp(tcp) => tcp.connects(),
        }
    }

    fn count_success(&self, rows: u64, bytes: u64) {
        self.counters.add(Stat::Flushes, 1);
        let (row_stat, byte_stat) = if self.confirms() {
            (Stat::RowsCommitted, Stat::BytesCommitted)
        } else {
            (Stat::RowsSubmitted, Stat::BytesSubmitted)
        };
        self.counters.add(row_stat, rows);
        self.counters.add(byte_stat, bytes);
    }

    /// Ends the connection: a stream is finished properly within the deadline. The error is that it had ended already.
    pub(super) fn close(&mut self, deadline: Deadline) -> Result<()> {
        let _held = Uncancellable::new();
        match &mut self.transport {
            Transport::Http(link) => {
                link.http.disconnect();
                Ok(())
            }
            Transport::Tcp(tcp) => tcp.close(&*self.net, deadline),
        }
    }

    fn tcp_send(&mut self, body: &[u8], rows: u64, cap: Option<Deadline>) -> Result<()> {
        let net = &*self.net;
        let start = net.now();
        let mut deadline = Deadline::after(net, self.limits.send_timeout);
        if let Some(cap) = cap {
            deadline = deadline.sooner(cap);
        }
        let Transport::Tcp(tcp) = &mut self.transport else { return Ok(()) };
        tcp.send(net, body, rows, deadline).map_err(|failure| {
            let some_went = failure.executable;
            let mut error = outcome::failed(failure);
            if some_went {
                self.counters.add(Stat::InDoubtAttempts, 1);
            }
            let facts = error.facts_mut();
            facts.attempts = 1;
            facts.in_doubt_attempts = u32::from(some_went);
            facts.elapsed = net.now().saturating_duration_since(start);
            error
        })
    }
}
