//! [`ConfigBuilder`]: setters that take Rust values instead of text, together one for every option of the table.
//!
//! Each setter turns its value into the text that a connection string would have, and passes it to the same check, so that
//! ranges and messages are the same for both. No default is known here.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::option_row::Key;
use super::settings::{Auth, Delivery, Interface, Protocol, Roots};
use super::value::{OptionValue, Place};
use super::{Config, Entry};
use crate::error::{Error, Result};
use crate::version::ProtocolVersion;

/// A value as the text that a connection string has.
trait Text {
    fn text(&self) -> Cow<'_, str>;
}

impl Text for &str {
    fn text(&self) -> Cow<'_, str> {
        // Borrowed, not copied, because it may be a secret.
        Cow::Borrowed(self)
    }
}

impl Text for bool {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "on" } else { "off" })
    }
}

/// Rounds up to whole milliseconds, so that only zero becomes zero.
impl Text for Duration {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.as_nanos().div_ceil(1_000_000).to_string())
    }
}

impl Text for u64 {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl Text for usize {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl<T: Text> Text for Option<T> {
    fn text(&self) -> Cow<'_, str> {
        self.as_ref().map_or(Cow::Borrowed("off"), T::text)
    }
}

impl Text for Delivery {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Delivery::AtLeastOnce => "at_least_once",
            Delivery::AtMostOnce => "at_most_once",
        })
    }
}

impl Text for ProtocolVersion {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
}

impl Text for Interface {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// Makes a [`Config`] from typed values; [`Config::builder`] returns one. `doc/options.md` describes each option, its range and its
/// default.
///
/// A later value replaces an earlier one. [`ConfigBuilder::build`] returns an error for the first value that is out of range, and
/// checks that the options fit together.
///
/// ```
/// use std::time::Duration;
/// use questdb_ingress::{Config, ConfigBuilder};
/// use questdb_ingress::config::{Auth, Delivery, Protocol};
///
/// let server: ConfigBuilder = Config::builder(Protocol::Http, "localhost:9000");
/// let config = server
///     .auth(Auth::basic("admin", "quest"))
///     .auto_flush_rows(10_000)
///     .auto_flush_interval(None)
///     .retry_timeout(Duration::from_secs(30))
///     .delivery(Delivery::AtMostOnce)
///     .lazy_connect(true)
///     .build()?;
/// assert_eq!(config.validate()?.retry_timeout, Duration::from_secs(30));
///
/// let e = Config::builder(Protocol::Tcp, "localhost").retry_timeout(Duration::ZERO).build().unwrap_err();
/// assert!(e.message().contains("retry_timeout"), "TCP has no answers: {e}");
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is configured until `build` is called"]
pub struct ConfigBuilder {
    config: Config,
    /// The first value that was refused. Later calls are ignored.
    refused: Option<Error>,
}

/// Makes a setter from each line: its documentation, its name, its option and the type of its value. The options of the second
/// block can be switched off.
macro_rules! setters {
    (
        $($(#[$doc:meta])+ $name:ident($key:ident: $type:ty);)+
        optional:
        $($(#[$opt_doc:meta])+ $opt_name:ident($opt_key:ident: $opt_type:ty);)+
    ) => {
        impl ConfigBuilder {
            $(
                $(#[$doc])+
                pub fn $name(self, value: $type) -> ConfigBuilder {
                    self.put(Key::$key, &value.text())
                }
            )+
            $(
                $(#[$opt_doc])+
                pub fn $opt_name(self, value: impl Into<Option<$opt_type>>) -> ConfigBuilder {
                    self.put(Key::$opt_key, &value.into().text())
                }
            )+
        }
    };
}

setters! {
    /// Sets the network interface to connect from, over TCP.
    bind_interface(BindInterface: Interface);
    /// Sets how long the authentication of a TCP connection may take.
    auth_timeout(AuthTimeout: Duration);
    /// Sets whether the limits on rows, bytes and time cause flushes. `false` disables all three.
    auto_flush(AutoFlush: bool);
    /// Sets whether the rows of a quiet sender of a pool go out once `auto_flush_interval` has passed.
    auto_flush_timer(AutoFlushTimer: bool);
    /// Sets the longest wait before an automatic flush that follows a failed one.
    auto_flush_max_backoff(AutoFlushMaxBackoff: Duration);
    /// Sets how many bytes of memory a new buffer allocates.
    init_buf_size(InitBufSize: usize);
    /// Sets the most bytes that a buffer may hold.
    max_buf_size(MaxBufSize: usize);
    /// Sets the length in bytes of the longest table or column name.
    max_name_len(MaxNameLen: usize);
    /// Sets whether to connect with the first flush instead of when the sender is made.
    lazy_connect(LazyConnect: bool);
    /// Sets how long resolving, connecting and the TLS handshake may take for one entry of `addr`.
    connect_timeout(ConnectTimeout: Duration);
    /// Sets how long one flush over TCP may take.
    send_timeout(SendTimeout: Duration);
    /// Sets the time between two probes of an idle connection, rounded up to whole seconds.
    keepalive_interval(KeepaliveInterval: Duration);
    /// Sets how many probes may stay unanswered before the connection is broken.
    keepalive_count(KeepaliveCount: u64);
    /// Sets how long one attempt over HTTP may take, before the time for its size is added.
    request_timeout(RequestTimeout: Duration);
    /// Sets the slowest upload to allow for, in bytes per second; 0 adds no time for the size.
    request_min_throughput(RequestMinThroughput: u64);
    /// Sets how long a flush over HTTP may go on after its first failed attempt; zero means exactly one request.
    retry_timeout(RetryTimeout: Duration);
    /// Sets the longest wait between two attempts.
    retry_max_backoff(RetryMaxBackoff: Duration);
    /// Sets whether an attempt is repeated if it is unknown whether its rows were stored.
    delivery(Delivery: Delivery);
    /// Sets text that is added to the `User-Agent` header.
    user_agent(UserAgent: &str);
    /// Sets how many connections of a pool stay open however long they are idle.
    sender_pool_min(SenderPoolMin: usize);
    /// Sets how many connections a pool has at most.
    sender_pool_max(SenderPoolMax: usize);
    /// Sets how long a submit to a pool waits while the queue is full.
    acquire_timeout(AcquireTimeout: Duration);
    /// Sets after what time an idle connection of a pool ends.
    idle_timeout(IdleTimeout: Duration);
    /// Sets how many bytes of rows a pool holds at most.
    queue_max_bytes(QueueMaxBytes: usize);
    optional:
    /// Sets the number of rows that causes a flush; `None` for no such limit.
    auto_flush_rows(AutoFlushRows: u64);
    /// Sets the number of bytes that causes a flush; `None` for no such limit.
    auto_flush_bytes(AutoFlushBytes: u64);
    /// Sets the time since the last flush that causes a flush; `None` for no such limit.
    auto_flush_interval(AutoFlushInterval: Duration);
    /// Sets how long a peer may leave sent bytes unacknowledged before the connection is broken; `None` for no limit.
    tcp_user_timeout(TcpUserTimeout: Duration);
    /// Sets how long a connection may be idle before it is probed; `None` for no probes.
    keepalive_idle(KeepaliveIdle: Duration);
}

impl Config {
    /// Starts a configuration for a server. `addr` is `host`, `host:port`, `[IPv6 address]:port`, or several of these
    /// separated by commas.
    pub fn builder(protocol: Protocol, addr: &str) -> ConfigBuilder {
        Config::new().to_builder().put(Key::Protocol, protocol.as_str()).addr(addr)
    }

    /// Starts with the options of this configuration, for example those of a connection string.
    pub fn to_builder(&self) -> ConfigBuilder {
        ConfigBuilder { config: self.clone(), refused: None }
    }
}

impl ConfigBuilder {
    /// Checks the options together and returns the configuration.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) for the first value that is out of range, or if the options do not fit
    /// together.
    pub fn build(self) -> Result<Config> {
        if let Some(e) = self.refused {
            return Err(e);
        }
        self.config.validate()?;
        Ok(self.config)
    }

    /// Adds an address, or several separated by commas, to those of the server. When one fails, the others are tried.
    pub fn addr(self, addr: &str) -> ConfigBuilder {
        if self.config.entries.contains_key(&Key::Addr) {
            self.with(|config| config.add_addrs(addr, Place(None)))
        } else {
            self.put(Key::Addr, addr)
        }
    }

    /// Sets the credentials of the client and replaces all that were set before.
    pub fn auth(self, auth: Auth) -> ConfigBuilder {
        self.with(|config| {
            let mut new = Config::new();
            let mut put = |key, text: &str| new.put(key, text, Place(None), Place(None));
            match &auth {
                Auth::None => {}
                Auth::Basic { username, password } => {
                    put(Key::Username, username)?;
                    put(Key::Password, password.expose())?;
                }
                Auth::Bearer(token) => put(Key::Token, token.expose())?,
                Auth::Ecdsa { key_id, d, x, y } => {
                    put(Key::Username, key_id)?;
                    put(Key::Token, d.expose())?;
                    put(Key::TokenX, x)?;
                    put(Key::TokenY, y)?;
                }
            }
            for key in [Key::Username, Key::Password, Key::Token, Key::TokenX, Key::TokenY] {
                config.entries.remove(&key);
            }
            config.entries.append(&mut new.entries);
            Ok(())
        })
    }

    /// Sets whether the server's certificate is checked. `false` is refused unless the library was built with the cargo feature
    /// `insecure-skip-verify`.
    pub fn tls_verify(self, verify: bool) -> ConfigBuilder {
        self.put(Key::TlsVerify, if verify { "on" } else { "unsafe_off" })
    }

    /// Sets the certificate authorities to trust, in place of `tls_ca` and `tls_roots`.
    pub fn tls_roots(self, roots: Roots) -> ConfigBuilder {
        let (ca, file) = match &roots {
            Roots::Webpki => ("webpki_roots", None),
            Roots::Os => ("os_roots", None),
            Roots::WebpkiAndOs => ("webpki_and_os_roots", None),
            Roots::PemFile(file) => ("pem_file", Some(file)),
        };
        let this = match file {
            Some(file) => self.put_path(Key::TlsRoots, file),
            None => self.with(|config| {
                config.entries.remove(&Key::TlsRoots);
                Ok(())
            }),
        };
        this.put(Key::TlsCa, ca)
    }

    /// Sets the PEM file with the client's certificate chain; needs [`ConfigBuilder::tls_key`].
    pub fn tls_cert(self, file: impl AsRef<Path>) -> ConfigBuilder {
        self.put_path(Key::TlsCert, file.as_ref())
    }

    /// Sets the PEM file with the private key of [`ConfigBuilder::tls_cert`].
    pub fn tls_key(self, file: impl AsRef<Path>) -> ConfigBuilder {
        self.put_path(Key::TlsKey, file.as_ref())
    }

    /// Sets the version of the line protocol. `None` asks an HTTP server and means 1 over TCP.
    pub fn protocol_version(self, version: impl Into<Option<ProtocolVersion>>) -> ConfigBuilder {
        match version.into() {
            Some(version) => self.put(Key::ProtocolVersion, &version.text()),
            None => self.put(Key::ProtocolVersion, "auto"),
        }
    }

    fn put(self, key: Key, text: &str) -> ConfigBuilder {
        self.with(|config| config.put(key, text, Place(None), Place(None)))
    }

    /// A path need not be text, as a connection string is.
    fn put_path(self, key: Key, path: &Path) -> ConfigBuilder {
        match path.to_str() {
            Some(text) => self.put(key, text),
            None => self.with(|config| {
                let value = OptionValue::Path(path.to_owned());
                config.entries.insert(key, Entry { value, at: Place(None) });
                Ok(())
            }),
        }
    }

    /// Changes the configuration, unless something was refused before.
    fn with(mut self, change: impl FnOnce(&mut Config) -> Result<()>) -> ConfigBuilder {
        if self.refused.is_none() {
            self.refused = change(&mut self.config).err();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::OPTIONS;
    use super::*;
    use crate::config::Secret;

    type Setter = fn(ConfigBuilder) -> ConfigBuilder;

    const MS: Duration = Duration::from_millis(1234);

    fn basic() -> Auth {
        Auth::Basic { username: "u".into(), password: "p".into() }
    }

    fn ecdsa() -> Auth {
        Auth::Ecdsa { key_id: "k".into(), d: "d".into(), x: "x".into(), y: "y".into() }
    }

    /// A call of a typed setter, an option that it sets, and the text that `set` takes for the same value. Every option of the
    /// table has a line.
    const SETTERS: &[(Setter, &str, &str)] = &[
        (|_| Config::builder(Protocol::Tcps, "h"), "protocol", "tcps"),
        (|_| Config::builder(Protocol::Tcps, "[::1]:9000"), "addr", "[::1]:9000"),
        (|c| c.addr("a:1").addr("b:2,c"), "addr", "a:1,b:2,c"),
        (|c| c.bind_interface(Interface::Name("eth0".into())), "bind_interface", "eth0"),
        (|c| c.auth(basic()), "username", "u"),
        (|c| c.auth(basic()), "password", "p"),
        (|c| c.auth(Auth::bearer("b")), "token", "b"),
        (|c| c.auth(Auth::basic("u", "p;=")), "password", "p;="),
        (|c| c.auth(ecdsa()), "username", "k"),
        (|c| c.auth(ecdsa()), "token", "d"),
        (|c| c.auth(ecdsa()), "token_x", "x"),
        (|c| c.auth(ecdsa()), "token_y", "y"),
        (|c| c.auth_timeout(Duration::ZERO), "auth_timeout", "0"),
        (|c| c.auth_timeout(Duration::from_nanos(1)), "auth_timeout", "1"),
        (|c| c.tls_verify(true), "tls_verify", "on"),
        (|c| c.tls_roots(Roots::Webpki), "tls_ca", "webpki_roots"),
        (|c| c.tls_roots(Roots::Os), "tls_ca", "os_roots"),
        (|c| c.tls_roots(Roots::WebpkiAndOs), "tls_ca", "webpki_and_os_roots"),
        (|c| c.tls_roots(Roots::PemFile("/r".into())), "tls_ca", "pem_file"),
        (|c| c.tls_roots(Roots::PemFile("/r".into())), "tls_roots", "/r"),
        (|c| c.tls_cert("/c"), "tls_cert", "/c"),
        (|c| c.tls_key("/k"), "tls_key", "/k"),
        (|c| c.protocol_version(None), "protocol_version", "auto"),
        (|c| c.protocol_version(ProtocolVersion::V3), "protocol_version", "3"),
        (|c| c.auto_flush(false), "auto_flush", "off"),
        (|c| c.auto_flush_rows(5), "auto_flush_rows", "5"),
        (|c| c.auto_flush_rows(None), "auto_flush_rows", "off"),
        (|c| c.auto_flush_bytes(Some(5)), "auto_flush_bytes", "5"),
        (|c| c.auto_flush_interval(Some(MS)), "auto_flush_interval", "1234"),
        (|c| c.auto_flush_interval(None), "auto_flush_interval", "off"),
        (|c| c.auto_flush_timer(true), "auto_flush_timer", "on"),
        (|c| c.auto_flush_max_backoff(MS), "auto_flush_max_backoff", "1234"),
        (|c| c.init_buf_size(5), "init_buf_size", "5"),
        (|c| c.max_buf_size(5), "max_buf_size", "5"),
        (|c| c.max_name_len(5), "max_name_len", "5"),
        (|c| c.lazy_connect(true), "lazy_connect", "on"),
        (|c| c.connect_timeout(MS), "connect_timeout", "1234"),
        (|c| c.send_timeout(MS), "send_timeout", "1234"),
        (|c| c.tcp_user_timeout(Some(MS)), "tcp_user_timeout", "1234"),
        (|c| c.tcp_user_timeout(None), "tcp_user_timeout", "off"),
        (|c| c.keepalive_idle(Some(MS)), "keepalive_idle", "1234"),
        (|c| c.keepalive_idle(None), "keepalive_idle", "off"),
        (|c| c.keepalive_interval(MS), "keepalive_interval", "1234"),
        (|c| c.keepalive_count(5), "keepalive_count", "5"),
        (|c| c.request_timeout(MS), "request_timeout", "1234"),
        (|c| c.request_min_throughput(0), "request_min_throughput", "0"),
        (|c| c.retry_timeout(Duration::ZERO), "retry_timeout", "0"),
        (|c| c.retry_max_backoff(MS), "retry_max_backoff", "1234"),
        (|c| c.delivery(Delivery::AtMostOnce), "delivery", "at_most_once"),
        (|c| c.delivery(Delivery::AtLeastOnce), "delivery", "at_least_once"),
        (|c| c.user_agent("app/1"), "user_agent", "app/1"),
        (|c| c.sender_pool_min(0), "sender_pool_min", "0"),
        (|c| c.sender_pool_max(5), "sender_pool_max", "5"),
        (|c| c.acquire_timeout(Duration::ZERO), "acquire_timeout_ms", "0"),
        (|c| c.idle_timeout(MS), "idle_timeout_ms", "1234"),
        (|c| c.queue_max_bytes(5000), "queue_max_bytes", "5000"),
    ];

    /// Formats an option like `Debug`, but shows the secrets.
    fn shown(config: &Config, name: &str) -> String {
        match config.entries.iter().find(|(key, _)| key.name() == name) {
            Some((_, Entry { value: OptionValue::Secret(secret), .. })) => {
                secret.expose().to_owned()
            }
            Some((_, entry)) => entry.value.to_string(),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_option_has_a_typed_setter() {
        for opt in OPTIONS {
            let has = SETTERS.iter().any(|(_, name, _)| *name == opt.name);
            assert!(has, "{} has no typed setter, or none in SETTERS", opt.name);
        }
        for (set, name, text) in SETTERS {
            let typed = set(Config::new().to_builder());
            assert!(typed.refused.is_none(), "{name}={text}: {typed:?}");
            let (typed, mut by_text) = (typed.config, Config::new());
            by_text.set(name, text).unwrap();
            assert_eq!(shown(&typed, name), shown(&by_text, name), "{name}={text}");
        }
    }

    /// Refused values: the message is that of the text, the configuration stays as it was, and the first is told.
    #[test]
    fn typed_setters_refuse_what_the_string_refuses() {
        const LONG: Duration = Duration::from_secs(1 << 40);
        let cases: &[(Setter, &str, &str)] = &[
            (|c| c.retry_timeout(LONG), "retry_timeout", "1099511627776000"),
            (|c| c.connect_timeout(Duration::ZERO), "connect_timeout", "0"),
            (|c| c.auto_flush_rows(0), "auto_flush_rows", "0"),
            (|c| c.max_name_len(65536), "max_name_len", "65536"),
            (|c| c.max_buf_size(0), "max_buf_size", "0"),
            (|c| c.auth(Auth::bearer("")), "token", ""),
            (|c| c.auth(Auth::basic("u", "a\nb")), "password", "a\nb"),
            (|c| c.user_agent(" a"), "user_agent", " a"),
            (|c| c.tls_cert(""), "tls_cert", ""),
            (|c| c.addr("h:0"), "addr", "h:0"),
            (|c| c.addr(""), "addr", ""),
            (|c| c.addr("u:p@h:1"), "addr", "u:p@h:1"),
            (|c| c.bind_interface(Interface::Name("a b".into())), "bind_interface", "a b"),
        ];
        for (set, name, text) in cases {
            let start = Config::builder(Protocol::Https, "db:1")
                .retry_timeout(MS)
                .auth(Auth::bearer("secret"));
            let shown = |c: &Config| format!("{c:?}{}", shown(c, "token"));
            let before = shown(&start.config);
            let after = set(start);
            assert_eq!(shown(&after.config), before, "{name}");
            let after = after.request_timeout(Duration::ZERO);
            let typed = after.build().unwrap_err();
            // What is added to a list is checked as it is when it stands alone.
            let by_text = Config::new().set(name, text).unwrap_err();
            assert_eq!((typed.code(), typed.message()), (by_text.code(), by_text.message()));
        }
        let many =
            (0..64).fold(Config::builder(Protocol::Http, "h"), |c, i| c.addr(&format!("h{i}")));
        let e = many.build().unwrap_err();
        assert!(e.message().contains("at most 64 addresses"), "{e}");
        let unchecked = Config::builder(Protocol::Https, "h").tls_verify(false).build();
        assert_eq!(unchecked.is_err(), !cfg!(feature = "insecure-skip-verify"));
        // What does not fit together is told too.
        assert!(Config::builder(Protocol::Tcp, "h").retry_timeout(MS).build().is_err());
        assert!(Config::new().to_builder().build().is_err());
    }

    #[test]
    fn kinds_of_credentials_and_roots_replace_each_other() {
        let from = Config::builder(Protocol::Http, "db:9000").auth(basic());
        let config = from.clone().auth(Auth::bearer("t")).build().unwrap();
        let Auth::Bearer(token) = config.validate().unwrap().auth else { panic!("{config:?}") };
        assert_eq!(token.expose(), "t");
        assert_eq!(
            shown(&from.clone().auth(Auth::Bearer(Secret::from(""))).config, "username"),
            "u"
        );
        let config = from.auth(Auth::None).build().unwrap();
        assert!(matches!(config.validate().unwrap().auth, Auth::None));

        let builder = Config::builder(Protocol::Tcps, "db:9009")
            .auth(ecdsa())
            .tls_roots(Roots::PemFile("/r".into()))
            .tls_roots(Roots::Os);
        let settings = builder.clone().build().unwrap().validate().unwrap();
        assert_eq!(settings.tls.unwrap().roots, Roots::Os);
        assert!(matches!(settings.auth, Auth::Ecdsa { .. }));
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let odd = Path::new(std::ffi::OsStr::from_bytes(b"/\xff"));
            let config = builder.tls_cert(odd).tls_key(odd).build().unwrap();
            let tls = config.validate().unwrap().tls.unwrap();
            assert_eq!(tls.client_cert, Some((odd.to_owned(), odd.to_owned())));
        }
    }
}
