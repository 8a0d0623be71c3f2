//! Connects to a configured address: tries every resolved address, then sets up TLS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;

use super::broken::Broken;
use super::connection::{Connection, left};
use super::os::{Deadline, Liveness, Net};
use super::tls::{self, ClientTls};
use crate::config::{Addr, Interface, Settings};
use crate::error::{Error, Result, err};

/// What connecting needs, read once from the configuration.
pub(crate) struct Connector {
    addrs: Vec<Endpoint>,
    current: usize,
    bind: Option<Interface>,
    connect_timeout: Duration,
    liveness: Liveness,
    tls: Option<ClientTls>,
    /// The scheme for servers without TLS, for messages.
    plain: &'static str,
}

struct Endpoint {
    addr: Addr,
    tls_name: Option<ServerName<'static>>,
}

impl Connector {
    /// Reads certificates and checks names; makes no connection.
    pub(crate) fn new(settings: &Settings) -> Result<Connector> {
        let tls = settings.tls.as_ref().map(tls::client_tls).transpose()?;
        let mut addrs = Vec::with_capacity(settings.addrs.len());
        for addr in &settings.addrs {
            let tls_name = match &tls {
                None => None,
                Some(_) => Some(ServerName::try_from(addr.host.clone()).map_err(|e| {
                    err!(Config, "addr: {addr} is not a name that TLS can verify: {e}")
                })?),
            };
            addrs.push(Endpoint { addr: addr.clone(), tls_name });
        }
        Ok(Connector {
            addrs,
            current: 0,
            bind: settings.bind_interface.clone(),
            connect_timeout: settings.connect_timeout,
            liveness: Liveness {
                unacknowledged: settings.tcp_user_timeout,
                idle: settings.keepalive_idle,
                interval: settings.keepalive_interval,
                count: settings.keepalive_count,
            },
            tls,
            plain: if settings.protocol.is_http() { "http" } else { "tcp" },
        })
    }

    /// Returns how many addresses are configured.
    pub(crate) fn count(&self) -> usize {
        self.addrs.len()
    }

    /// Returns the index of the address in use.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// Returns the address in use, for messages.
    pub(crate) fn addr(&self) -> &Addr {
        &self.addrs[self.current].addr
    }

    /// Makes the next configured address the one in use.
    pub(crate) fn rotate(&mut self) {
        self.current = (self.current + 1) % self.addrs.len();
    }

    /// Connects to the address in use.
    pub(crate) fn connect(&self, net: &dyn Net, deadline: Deadline) -> Result<Connection> {
        let Endpoint { addr, tls_name } = &self.addrs[self.current];
        let deadline = deadline.earlier_of(Deadline::after(net, self.connect_timeout));
        let found = net.resolve(&addr.host, addr.port, deadline)?;
        let mut last = Broken::Timeout;
        for (i, to) in found.iter().enumerate() {
            let Some(left) = deadline.left(net) else { break };
            // An address that never answers must leave time for those after it.
            let share = left / u32::try_from(found.len() - i).unwrap_or(u32::MAX);
            match self.try_one(net, *to, tls_name.as_ref(), Deadline::after(net, share)) {
                Ok(connection) => return Ok(connection),
                // A server has the same certificate at its other addresses, so they are not tried.
                Err(broken @ (Broken::Tls { refused: true, .. } | Broken::Cancelled)) => {
                    return Err(not_connected(addr, broken, i + 1));
                }
                Err(broken) => last = broken,
            }
        }
        Err(not_connected(addr, last, found.len()))
    }

    fn try_one(
        &self,
        net: &dyn Net,
        to: SocketAddr,
        tls_name: Option<&ServerName<'static>>,
        deadline: Deadline,
    ) -> Result<Connection, Broken> {
        let limit = left(net, deadline)?;
        let mut socket = match net.connect(to, self.bind.as_ref(), limit) {
            Ok(socket) => socket,
            Err(_) if net.cancelled() => return Err(Broken::Cancelled),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => return Err(Broken::Timeout),
            Err(e) => return Err(e.into()),
        };
        socket.watch_peer(&self.liveness);
        match (&self.tls, tls_name) {
            (Some(tls), Some(name)) => {
                Connection::tls(socket, tls, name.clone(), self.plain, net, deadline)
            }
            _ => Ok(Connection::plain(socket)),
        }
    }
}

#[cold]
fn not_connected(addr: &Addr, broken: Broken, tried: usize) -> Error {
    let what = match broken {
        Broken::Tls { .. } | Broken::NoTls { .. } => "could not set up TLS with",
        _ => "could not connect to",
    };
    if tried > 1 {
        broken.into_error(&format!("{what} {addr} ({tried} addresses tried)"))
    } else {
        broken.into_error(&format!("{what} {addr}"))
    }
}
