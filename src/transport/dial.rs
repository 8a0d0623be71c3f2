//! From a configured address to a connection: every resolved address is tried, then TLS is set up.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::conn::{Broken, Conn};
use super::net::{Deadline, Net};
use super::tls;
use crate::config::{Addr, Settings};
use crate::error::{Error, Result, err};

/// What connecting needs, read once from the configuration.
pub(crate) struct Dialer {
    addrs: Vec<Endpoint>,
    current: usize,
    bind: Option<std::net::IpAddr>,
    connect_timeout: Duration,
    tls: Option<Arc<ClientConfig>>,
}

struct Endpoint {
    addr: Addr,
    tls_name: Option<ServerName<'static>>,
}

impl Dialer {
    /// Reads certificates and checks names; makes no connection.
    pub(crate) fn new(settings: &Settings) -> Result<Dialer> {
        let tls = settings.tls.as_ref().map(tls::client_config).transpose()?;
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
        Ok(Dialer {
            addrs,
            current: 0,
            bind: settings.bind_interface,
            connect_timeout: settings.connect_timeout,
            tls,
        })
    }

    /// How many addresses are configured.
    pub(crate) fn count(&self) -> usize {
        self.addrs.len()
    }

    /// The index of the address in use.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// The address in use, for messages.
    pub(crate) fn addr(&self) -> &Addr {
        &self.addrs[self.current].addr
    }

    /// Turns to the next configured address.
    pub(crate) fn rotate(&mut self) {
        self.current = (self.current + 1) % self.addrs.len();
    }

    /// Connects to the address in use.
    pub(crate) fn dial(&self, net: &dyn Net, deadline: Deadline) -> Result<Conn> {
        let Endpoint { addr, tls_name } = &self.addrs[self.current];
        let deadline = deadline.sooner(Deadline::after(net, self.connect_timeout));
        let found = net.resolve(&addr.host, addr.port, deadline)?;
        let mut last = None;
        for (i, to) in found.iter().enumerate() {
            let Some(left) = deadline.left(net) else { break };
            // A black hole must leave time for the addresses after it.
            let share = left / u32::try_from(found.len() - i).unwrap_or(u32::MAX);
            match net.connect(*to, self.bind, share) {
                Ok(socket) => {
                    return match (&self.tls, tls_name) {
                        (Some(config), Some(name)) => {
                            Conn::tls(socket, Arc::clone(config), name.clone(), net, deadline)
                                .map_err(|broken| {
                                    broken.into_error(&format!("could not set up TLS with {addr}"))
                                })
                        }
                        _ => Ok(Conn::plain(socket)),
                    };
                }
                Err(e) => last = Some(e),
            }
        }
        Err(not_connected(addr, last, found.len()))
    }
}

#[cold]
fn not_connected(addr: &Addr, last: Option<io::Error>, tried: usize) -> Error {
    let what = if tried > 1 {
        format!("could not connect to {addr} ({tried} addresses tried)")
    } else {
        format!("could not connect to {addr}")
    };
    match last {
        Some(e) if e.kind() != io::ErrorKind::TimedOut => Broken::Io(e),
        _ => Broken::Timeout,
    }
    .into_error(&what)
}
