//! The settings of a receiver.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Result, err};
use crate::events::{Observer, ReceiverEvent};

use crate::auth::{EcdsaKey, HttpAuth};
use crate::config::options::{HttpOptions, MonitorOptions, Options, TableOptions, TcpOptions};
use crate::io::server::Server;
use crate::schema::Policy;
use crate::{ConfigurationSources, Receiver};

/// The settings of a [`Receiver`]. By default it listens on two free ports of 127.0.0.1, without TLS and authentication.
#[derive(Clone)]
#[must_use]
pub struct ReceiverBuilder {
    pub(crate) http_addr: SocketAddr,
    pub(crate) tcp_addr: SocketAddr,
    pub(crate) basic: Option<(String, String)>,
    pub(crate) bearer: Option<String>,
    pub(crate) ecdsa: Vec<(String, String, String)>,
    pub(crate) tls: Option<(Vec<u8>, Vec<u8>)>,
    protocol_versions: Vec<u8>,
    pub(crate) max_name_len: usize,
    settings: bool,
    settings_auth: bool,
    pub(crate) error_replies: bool,
    pub(crate) strict_decimals: bool,
    pub(crate) max_body: usize,
    pub(crate) max_line: usize,
    pub(crate) max_stored: usize,
    pub(crate) max_columns: usize,
    pub(crate) tcp: TcpOptions,
    pub(crate) http: HttpOptions,
    pub(crate) tables: TableOptions,
    pub(crate) monitor: Option<MonitorOptions>,
    observer: Observer,
    #[cfg(feature = "files")]
    pub(crate) files: FilesSettings,
}

impl Default for ReceiverBuilder {
    fn default() -> Self {
        ReceiverBuilder {
            http_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            tcp_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            basic: None,
            bearer: None,
            ecdsa: Vec::new(),
            tls: None,
            protocol_versions: vec![1, 2, 3],
            max_name_len: 127,
            settings: true,
            settings_auth: false,
            error_replies: false,
            strict_decimals: true,
            max_body: 128 << 20,
            max_line: 128 << 20,
            max_stored: 2 << 30,
            max_columns: 10_000,
            tcp: TcpOptions::default(),
            http: HttpOptions::default(),
            tables: TableOptions::default(),
            monitor: None,
            observer: Observer::default(),
            #[cfg(feature = "files")]
            files: FilesSettings::default(),
        }
    }
}

impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Credentials and the private key are not shown.
        f.debug_struct("ReceiverBuilder")
            .field("http_addr", &self.http_addr)
            .field("tcp_addr", &self.tcp_addr)
            .finish_non_exhaustive()
    }
}

impl ReceiverBuilder {
    /// Returns the settings that a text in the form of `server.conf` describes, for a receiver inside another program. Where the
    /// text does not say otherwise, both ports are free ones of 127.0.0.1, there is no port for monitoring, and an unknown key
    /// is an error. Relative paths begin in the working directory.
    ///
    /// ```
    /// use questdb_receiver::ReceiverBuilder;
    ///
    /// let receiver = ReceiverBuilder::from_conf("line.tcp.error.replies=true\nhttp.token=secret")?.start()?;
    /// assert_ne!(receiver.http_addr().port(), 9000);
    /// # Ok::<(), questdb_receiver::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` with the first problem.
    pub fn from_conf(text: &str) -> Result<ReceiverBuilder> {
        let mut sources = ConfigurationSources::default();
        sources.replace_defaults_for_embedding();
        sources.read_content(Path::new("configuration"), text.as_bytes());
        sources.resolve().receiver()
    }

    /// Sets the address to listen on. The default is the loopback address.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.http_addr.set_ip(address);
        self.tcp_addr.set_ip(address);
        self
    }

    /// Sets the address to listen on to `[::1]`.
    pub fn ipv6(self) -> Self {
        self.bind(Ipv6Addr::LOCALHOST.into())
    }

    /// Sets the port for HTTP. 0, the default, takes a free one.
    pub fn http_port(mut self, port: u16) -> Self {
        self.http_addr.set_port(port);
        self
    }

    /// Sets the port for TCP. 0, the default, takes a free one.
    pub fn tcp_port(mut self, port: u16) -> Self {
        self.tcp_addr.set_port(port);
        self
    }

    /// Requires HTTP basic authentication. Together with a token, either of the two is enough.
    pub fn auth_basic(mut self, user: &str, password: &str) -> Self {
        self.basic = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Requires an HTTP bearer token.
    pub fn auth_bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// Requires TCP connections to sign a challenge. `x` and `y` are the public key in base64url. May be called for several
    /// keys.
    pub fn auth_ecdsa(mut self, key_id: &str, x: &str, y: &str) -> Self {
        self.ecdsa.push((key_id.to_owned(), x.to_owned(), y.to_owned()));
        self
    }

    /// Uses TLS on both ports, with this certificate chain and private key.
    pub fn tls(mut self, cert_chain_pem: &[u8], key_pem: &[u8]) -> Self {
        self.tls = Some((cert_chain_pem.to_vec(), key_pem.to_vec()));
        self
    }

    /// Sets the protocol versions that `/settings` offers. If there are none, the key is left out of the answer, as old servers
    /// do.
    pub fn protocol_versions(mut self, versions: &[u8]) -> Self {
        self.protocol_versions = versions.to_vec();
        self
    }

    /// Sets the longest name, in UTF-16 units, which is how QuestDB counts.
    pub fn max_name_len(mut self, units: usize) -> Self {
        self.max_name_len = units;
        self
    }

    /// Sets whether `/settings` exists. If not, it is answered with 404, as older servers do.
    pub fn settings(mut self, exist: bool) -> Self {
        self.settings = exist;
        self
    }

    /// Sets whether `/settings` requires credentials too. QuestDB requires none.
    pub fn settings_auth(mut self, required: bool) -> Self {
        self.settings_auth = required;
        self
    }

    /// Sets whether a bad line ends a TCP connection, as in QuestDB by default. If not, the line is skipped, and reading goes on
    /// behind its line end. A value with binary form may contain one, so the rest of it can be read as a row then.
    pub fn disconnect_on_error(mut self, disconnect: bool) -> Self {
        self.tcp.disconnect_on_error = disconnect;
        self
    }

    /// Sets whether a bad line over TCP is answered with a line of text, `ERROR: CODE line N, byte M: text`. QuestDB answers
    /// nothing.
    pub fn error_replies(mut self, replies: bool) -> Self {
        self.error_replies = replies;
        self
    }

    /// Sets whether decimals need a column that exists already, as in QuestDB; see [`Receiver::create_table`].
    pub fn strict_decimals(mut self, strict: bool) -> Self {
        self.strict_decimals = strict;
        self
    }

    /// Sets the largest body of a request, in bytes. Larger ones get status 413.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets the longest line over TCP, in bytes. A longer one ends the connection.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Sets about how many bytes the tables may take, whatever is in them. Above that, lines are refused with status 503 until
    /// [`Receiver::clear`]. The same number of bytes may be in transit on all connections together.
    pub fn max_stored(mut self, bytes: usize) -> Self {
        self.max_stored = bytes;
        self
    }

    /// Sets how many connections each of the two ports serves at once. Further ones wait for a while, and are closed if no other
    /// one ends before.
    pub fn max_connections(mut self, connections: usize) -> Self {
        (self.tcp.connections, self.http.connections) = (connections, connections);
        self
    }

    /// Answers `/metrics` and `/status` at this address. Port 0 takes a free one. By default they are not answered.
    pub fn monitor(mut self, address: SocketAddr) -> Self {
        self.monitor = Some(MonitorOptions { addr: address, connections: 4, metrics: true });
        self
    }

    /// Keeps the rows in files below this folder: they are on the disk when a client is told that they are stored. Each table has
    /// Parquet files, `db/TABLE/PARTITION/part-*.parquet`, to which a log is turned every ten minutes, and at a million rows.
    ///
    /// Tables then show all rows by time, and read those of files when they are asked for. What waits to become Parquet is in
    /// memory, an eighth of what [`max_stored`](ReceiverBuilder::max_stored) allows, at most 64 MiB, or a few times that while
    /// files are being written. The folder belongs to one receiver at a time.
    #[cfg(feature = "files")]
    pub fn folder(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.files.folder = Some(folder.into());
        self
    }

    /// Calls this function for everything that happens. It is called by the threads of the connections, which wait for it. What it
    /// does while the receiver stops may not wait for the receiver.
    pub fn on_event(mut self, tell: impl Fn(&ReceiverEvent<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Observer(Some(Arc::new(tell)));
        self
    }

    /// Binds the ports and starts to serve.
    ///
    /// # Errors
    /// `Config` for unusable keys and certificates, `Storage` for a folder that cannot be used, `Listen` for a port that is not
    /// available, `Thread` if the system refuses a thread.
    pub fn start(self) -> Result<Receiver> {
        let (http, tcp) = (self.http_addr, self.tcp_addr);
        Ok(Receiver { server: Server::start(self.options()?, http, tcp)? })
    }

    /// Checks the settings.
    pub(crate) fn options(self) -> Result<Options> {
        let tls = self.tls.map(|(cert, key)| tls_config(&cert, &key)).transpose()?;
        let ecdsa = self
            .ecdsa
            .iter()
            .map(|(id, x, y)| Ok((id.clone(), EcdsaKey::from_base64url(x, y)?)))
            .collect::<Result<_>>()?;
        #[cfg(feature = "files")]
        let landing = self.files.open(self.tables.partition_by, self.max_stored)?;
        Ok(Options {
            http_auth: HttpAuth::new(self.basic, self.bearer),
            ecdsa,
            tls,
            protocol_versions: self.protocol_versions,
            settings: self.settings,
            settings_auth: self.settings_auth,
            error_replies: self.error_replies,
            max_body: self.max_body,
            max_line: self.max_line,
            max_stored: self.max_stored,
            policy: Policy {
                max_name_len: self.max_name_len,
                strict_decimals: self.strict_decimals,
                max_columns: self.max_columns,
                create_tables: self.tables.create_tables,
                create_columns: self.tables.create_columns,
            },
            tcp: self.tcp,
            http: self.http,
            tables: self.tables,
            monitor: self.monitor,
            observer: self.observer,
            #[cfg(feature = "files")]
            landing,
        })
    }
}

/// Where and how rows are kept in files.
#[cfg(feature = "files")]
#[derive(Debug, Clone, Default)]
pub(crate) struct FilesSettings {
    pub(crate) folder: Option<std::path::PathBuf>,
    pub(crate) options: crate::store::files::FileOptions,
}

#[cfg(feature = "files")]
impl FilesSettings {
    fn open(
        &self,
        partition_by: crate::config::options::PartitionBy,
        max_stored: usize,
    ) -> Result<Option<crate::store::landing::Landing>> {
        use crate::store::landing::Landing;
        let mut options = self.options.clone();
        // What waits for a flush is in memory, and a few times as much while one is under way.
        let share = (max_stored / 8).max(1 << 20) as u64;
        options.flush_bytes = options.flush_bytes.min(share);
        let open = |folder| Landing::open(folder, options.clone(), partition_by);
        self.folder.as_deref().map(open).transpose()
    }
}

fn tls_config(chain: &[u8], key: &[u8]) -> Result<Arc<rustls::ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| err!(Config, "bad certificate chain: {e}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| err!(Config, "bad private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|b| b.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| err!(Config, "certificate and key do not fit: {e}"))?;
    Ok(Arc::new(config))
}
