//! [`Settings`]: the complete configuration, every combination checked, every default filled in. Types only.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::addr::Addr;
use super::secret::Secret;
use crate::version::ProtocolVersion;

/// How to talk to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// ILP over HTTP: every flush is answered.
    Http,
    /// ILP over HTTP inside TLS.
    Https,
    /// ILP over TCP: nothing is ever answered.
    Tcp,
    /// ILP over TCP inside TLS.
    Tcps,
}

impl Protocol {
    /// Whether this is `http` or `https`.
    pub fn is_http(self) -> bool {
        matches!(self, Protocol::Http | Protocol::Https)
    }

    /// Whether this is `https` or `tcps`.
    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Tcps)
    }

    /// The port of an address without one.
    pub fn default_port(self) -> u16 {
        if self.is_http() { 9000 } else { 9009 }
    }

    /// The word before `::` in a connection string.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Tcp => "tcp",
            Protocol::Tcps => "tcps",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who the client says it is.
///
/// ```
/// use questdb_ingress::Config;
/// use questdb_ingress::config::{Auth, Interface, Protocol, Roots, Secret};
///
/// let key = Auth::Ecdsa {
///     key_id: "testUser1".into(),
///     d: Secret::from("5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48"),
///     x: "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU".into(),
///     y: "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac".into(),
/// };
/// let config = Config::builder(Protocol::Tcps, "db-1:9009,db-2:9009")
///     .auth(key)
///     .tls_roots(Roots::Os)
///     .bind_interface(Interface::Name("eth0".into()))
///     .build()?;
/// assert!(config.validate()?.tls.is_some());
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
///
/// `Debug` shows no key, not even the public one: the two are easily swapped.
#[derive(Clone)]
#[non_exhaustive]
pub enum Auth {
    /// Nobody.
    None,
    /// HTTP basic authentication. The user name holds no `:`.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An HTTP bearer token: no control character, no blank at either end.
    Bearer(Secret),
    /// The challenge of ILP over TCP, P-256. The parts are base64url without padding, not yet decoded.
    Ecdsa {
        /// The key id.
        key_id: String,
        /// The private key.
        d: Secret,
        /// The public key's x.
        x: String,
        /// The public key's y.
        y: String,
    },
}

impl Auth {
    /// HTTP basic authentication.
    pub fn basic(username: &str, password: &str) -> Auth {
        Auth::Basic { username: username.to_owned(), password: Secret::new(password) }
    }

    /// An HTTP bearer token.
    pub fn bearer(token: &str) -> Auth {
        Auth::Bearer(Secret::new(token))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Auth::None => f.write_str("None"),
            Auth::Basic { username, .. } => {
                f.debug_struct("Basic").field("username", username).finish_non_exhaustive()
            }
            Auth::Bearer(_) => f.write_str("Bearer(***)"),
            Auth::Ecdsa { key_id, .. } => {
                f.debug_struct("Ecdsa").field("key_id", key_id).finish_non_exhaustive()
            }
        }
    }
}

/// Which network interface to connect from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interface {
    /// The one that has this address.
    Address(IpAddr),
    /// The one that the system calls so, such as `eth0`.
    Name(String),
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interface::Address(ip) => write!(f, "{ip}"),
            Interface::Name(name) => f.write_str(name),
        }
    }
}

/// Which certificate authorities to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// Those built in.
    Webpki,
    /// Those of the operating system.
    Os,
    /// Both.
    WebpkiAndOs,
    /// Those of a PEM file, which has not been opened yet.
    PemFile(PathBuf),
}

/// TLS.
///
/// ```
/// use questdb_ingress::Config;
/// use questdb_ingress::config::{Addr, Roots, Tls};
///
/// let settings = Config::from_conf("https::addr=[::1];")?.validate()?;
/// assert_eq!(settings.addrs, [Addr { host: "::1".into(), port: 9000 }]);
/// let tls: Tls = settings.tls.expect("https has TLS");
/// assert_eq!((tls.verify, tls.roots), (true, Roots::Webpki));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the server's certificate is checked. False only with the cargo feature `insecure-skip-verify`.
    pub verify: bool,
    /// Whom to trust.
    pub roots: Roots,
    /// The PEM files of the client's certificate chain and of its key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
}

/// What to do about an attempt whose fate is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Send again: rows may be stored twice in a table without deduplication.
    AtLeastOnce,
    /// Give up and say so.
    AtMostOnce,
}

/// The complete configuration. Only [`Config::validate`](super::Config::validate) makes one.
///
/// Options that do not apply to the protocol have their defaults.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How to talk to the server.
    pub protocol: Protocol,
    /// Where it listens; at least one, no two alike.
    pub addrs: Vec<Addr>,
    /// The interface to connect from; only for TCP.
    pub bind_interface: Option<Interface>,
    /// Credentials, of a kind that the protocol has.
    pub auth: Auth,
    /// The limit of TCP authentication, never zero.
    pub auth_timeout: Duration,
    /// Limit of one flush over TCP.
    pub send_timeout: Duration,
    /// How long a peer may acknowledge nothing of what was sent.
    pub tcp_user_timeout: Option<Duration>,
    /// How long a connection may be idle until the peer is asked whether it is there.
    pub keepalive_idle: Option<Duration>,
    /// The time between two such probes.
    pub keepalive_interval: Duration,
    /// How many probes may stay unanswered.
    pub keepalive_count: u32,
    /// Present exactly for `https` and `tcps`.
    pub tls: Option<Tls>,
    /// `None` for automatic.
    pub protocol_version: Option<ProtocolVersion>,
    /// Rows after which to flush.
    pub auto_flush_rows: Option<u64>,
    /// Bytes after which to flush; at most `max_buf_size`.
    pub auto_flush_bytes: Option<u64>,
    /// Time since the last flush after which to flush.
    pub auto_flush_interval: Option<Duration>,
    /// Longest wait before the next automatic flush after one that failed.
    pub auto_flush_max_backoff: Duration,
    /// First size of a buffer; at most `max_buf_size`.
    pub init_buf_size: usize,
    /// Largest size of a buffer.
    pub max_buf_size: usize,
    /// Longest name, if set; else the server's limit or 127.
    pub max_name_len: Option<usize>,
    /// Whether the sender connects with the first flush instead of when it is made.
    pub lazy_connect: bool,
    /// Limit of reaching one address, TLS included.
    pub connect_timeout: Duration,
    /// Limit of one attempt before the addition for its size.
    pub request_timeout: Duration,
    /// Bytes per second that add time to an attempt; 0 adds none.
    pub request_min_throughput: u64,
    /// Limit of all attempts of a flush; zero means one attempt.
    pub retry_timeout: Duration,
    /// Longest wait between attempts.
    pub retry_max_backoff: Duration,
    /// What to do about an attempt whose fate is unknown.
    pub delivery: Delivery,
    /// Added to the `User-Agent` header; printable ASCII.
    pub user_agent_suffix: Option<String>,
}
