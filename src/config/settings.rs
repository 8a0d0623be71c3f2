//! [`Settings`]: a complete configuration, in which the combination of options is checked and every default is filled in. This
//! file has types only.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::addr::Addr;
use super::secret::Secret;
use crate::version::ProtocolVersion;

/// The protocol between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// The InfluxDB line protocol (ILP) over HTTP: the server answers every flush.
    Http,
    /// ILP over HTTP inside TLS.
    Https,
    /// ILP over TCP: the server never answers.
    Tcp,
    /// ILP over TCP inside TLS.
    Tcps,
}

impl Protocol {
    /// Returns whether this is `http` or `https`.
    pub fn is_http(self) -> bool {
        matches!(self, Protocol::Http | Protocol::Https)
    }

    /// Returns whether this is `https` or `tcps`.
    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Tcps)
    }

    /// Returns the port of an address that names none.
    pub fn default_port(self) -> u16 {
        if self.is_http() { 9000 } else { 9009 }
    }

    /// Returns the name of the protocol, which stands before `::` in a connection string.
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

/// The credentials of the client.
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
/// `Debug` shows no key, not even the public one, because the two are easily confused.
#[derive(Clone)]
#[non_exhaustive]
pub enum Auth {
    /// No credentials.
    None,
    /// HTTP basic authentication. The user name contains no `:`.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An HTTP bearer token. It contains no control character, and no blank at either end.
    Bearer(Secret),
    /// The signed challenge of ILP over TCP, with a key on the curve P-256. The key is in base64url without padding, not
    /// decoded yet.
    Ecdsa {
        /// The key id.
        key_id: String,
        /// The private key.
        d: Secret,
        /// The x coordinate of the public key.
        x: String,
        /// The y coordinate of the public key.
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

/// The network interface to connect from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interface {
    /// The interface that has this address.
    Address(IpAddr),
    /// The interface that the system calls by this name, such as `eth0`.
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

/// The certificate authorities to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The authorities that are built into the library.
    Webpki,
    /// The authorities of the operating system.
    Os,
    /// Both the built-in ones and those of the operating system.
    WebpkiAndOs,
    /// The authorities in a PEM file, which has not been opened yet.
    PemFile(PathBuf),
}

/// The options of TLS.
///
/// ```
/// use questdb_ingress::Config;
/// use questdb_ingress::config::{Addr, Roots, Tls};
///
/// let settings = Config::from_conf("https::addr=[::1];")?.validate()?;
/// assert_eq!(settings.addrs, [Addr { host: "::1".into(), port: 9000 }]);
/// let tls: Tls = settings.tls.expect("https has TLS");
/// assert_eq!((tls.verify, tls.roots), (true, Roots::WebpkiAndOs));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the server's certificate is checked. False only with the cargo feature `insecure-skip-verify`.
    pub verify: bool,
    /// The authorities to trust.
    pub roots: Roots,
    /// The PEM files of the client's certificate chain and of its key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
}

/// Whether to repeat an attempt if it is unknown whether its rows were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Sends the rows again. They may be stored twice in a table without deduplication.
    AtLeastOnce,
    /// Does not send the rows again, and reports the doubt in an error.
    AtMostOnce,
}

/// A complete configuration. Only [`Config::validate`](super::Config::validate) makes one.
///
/// Options that do not apply to the protocol have their default values.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The protocol.
    pub protocol: Protocol,
    /// The addresses of the server: at least one, and none of them twice.
    pub addrs: Vec<Addr>,
    /// The network interface to connect from. Only for TCP.
    pub bind_interface: Option<Interface>,
    /// The credentials, of a kind that the protocol supports.
    pub auth: Auth,
    /// The time that authentication over TCP may take. Never zero.
    pub auth_timeout: Duration,
    /// The time that one flush over TCP may take.
    pub send_timeout: Duration,
    /// The time after which a connection is broken if the peer acknowledges nothing of what was sent.
    pub tcp_user_timeout: Option<Duration>,
    /// The time after which an idle connection is probed, to find out whether the peer still exists.
    pub keepalive_idle: Option<Duration>,
    /// The time between two probes.
    pub keepalive_interval: Duration,
    /// The number of unanswered probes after which a connection is broken.
    pub keepalive_count: u32,
    /// The options of TLS. Present exactly for `https` and `tcps`.
    pub tls: Option<Tls>,
    /// The version of the line protocol, or `None` for automatic.
    pub protocol_version: Option<ProtocolVersion>,
    /// The number of rows that causes a flush.
    pub auto_flush_rows: Option<u64>,
    /// The number of bytes that causes a flush; at most `max_buf_size`.
    pub auto_flush_bytes: Option<u64>,
    /// The time since the last flush that causes a flush.
    pub auto_flush_interval: Option<Duration>,
    /// Whether the rows of a quiet sender of a pool go out when that time is over, without a new row.
    pub auto_flush_timer: bool,
    /// The longest wait before an automatic flush that follows a failed one.
    pub auto_flush_max_backoff: Duration,
    /// The first size of a buffer in bytes; at most `max_buf_size`.
    pub init_buf_size: usize,
    /// The largest size of a buffer in bytes.
    pub max_buf_size: usize,
    /// The longest name in bytes. If it is not set, the server's limit applies, or 127.
    pub max_name_len: Option<usize>,
    /// Whether the sender connects with the first flush instead of when it is made.
    pub lazy_connect: bool,
    /// The time that reaching one address may take, including TLS.
    pub connect_timeout: Duration,
    /// The time that one attempt may take, before the time for its size is added.
    pub request_timeout: Duration,
    /// The throughput in bytes per second from which time for the size of an attempt is added; 0 adds none.
    pub request_min_throughput: u64,
    /// The time that a flush may go on after its first failed attempt. Zero means exactly one request.
    pub retry_timeout: Duration,
    /// The longest wait between two attempts.
    pub retry_max_backoff: Duration,
    /// Whether to repeat an attempt if it is unknown whether its rows were stored.
    pub delivery: Delivery,
    /// Text that is added to the `User-Agent` header; printable ASCII.
    pub user_agent_suffix: Option<String>,
    /// The number of connections of a pool that stay open however long they are idle; at most `sender_pool_max`.
    pub sender_pool_min: usize,
    /// The largest number of connections of a pool.
    pub sender_pool_max: usize,
    /// The time that a submit waits for room in the queue of a pool.
    pub acquire_timeout: Duration,
    /// The time after which an idle connection of a pool ends.
    pub idle_timeout: Duration,
    /// The largest number of bytes of rows in a pool.
    pub queue_max_bytes: usize,
}
