//! Setters that take Rust values instead of text: one for every option of the table.
//!
//! Each setter turns its value into the text that a connection string would have, and passes it to the same check, so that
//! ranges and messages are the same for both.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::options::Key;
use super::settings::{Auth, Delivery, Interface, Protocol, Roots};
use super::value::{Place, Value};
use super::{Addr, Config, Entry};
use crate::error::{Result, err};

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

impl Text for Protocol {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.name())
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

impl Text for Interface {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// Makes a setter from each line: its documentation, its name, its option and the type of its value.
macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident($key:ident: $type:ty);)+) => {
        /// Typed setters, one for each option. Each replaces an earlier value. A value out of range is refused at once and
        /// changes nothing; [`Config::validate`] checks that the options fit together. `doc/options.md` describes each option,
        /// its range and its default.
        ///
        /// ```
        /// use std::time::Duration;
        /// use questdb_ingress::Config;
        /// use questdb_ingress::config::{Auth, Delivery};
        ///
        /// let mut config = Config::http("localhost", 9000)?;
        /// config
        ///     .auth(Auth::Basic { username: "admin".into(), password: "quest".into() })?
        ///     .auto_flush_rows(Some(10_000))?
        ///     .auto_flush_interval(None)?
        ///     .retry_timeout(Duration::from_secs(30))?
        ///     .delivery(Delivery::AtMostOnce)?
        ///     .lazy_connect(true)?;
        /// let settings = config.validate()?;
        /// assert_eq!(settings.retry_timeout, Duration::from_secs(30));
        /// # Ok::<(), questdb_ingress::Error>(())
        /// ```
        impl Config {
            $(
                $(#[$doc])+
                ///
                /// # Errors
                /// [`ErrorCode::Config`](crate::ErrorCode::Config) if the value is out of range.
                pub fn $name(&mut self, value: $type) -> Result<&mut Config> {
                    self.put(Key::$key, &value.text(), Place(None), Place(None))?;
                    Ok(self)
                }
            )+
        }
    };
}

setters! {
    /// Sets the protocol.
    protocol(Protocol: Protocol);
    /// Sets the network interface to connect from, over TCP.
    bind_interface(BindInterface: Interface);
    /// Sets the user over HTTP, or the key id over TCP. [`Config::auth`] sets all credentials together.
    username(Username: &str);
    /// Sets the password of HTTP basic authentication.
    password(Password: &str);
    /// Sets the bearer token over HTTP, or the private key over TCP.
    token(Token: &str);
    /// Sets the x coordinate of the public key, over TCP.
    token_x(TokenX: &str);
    /// Sets the y coordinate of the public key, over TCP.
    token_y(TokenY: &str);
    /// Sets how long the authentication of a TCP connection may take.
    auth_timeout(AuthTimeout: Duration);
    /// Sets whether the limits on rows, bytes and time cause flushes. `false` disables all three.
    auto_flush(AutoFlush: bool);
    /// Sets the number of rows that causes a flush; `None` for no such limit.
    auto_flush_rows(AutoFlushRows: Option<u64>);
    /// Sets the number of bytes that causes a flush; `None` for no such limit.
    auto_flush_bytes(AutoFlushBytes: Option<u64>);
    /// Sets the time since the last flush that causes a flush; `None` for no such limit.
    auto_flush_interval(AutoFlushInterval: Option<Duration>);
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
    /// Sets how long a peer may leave sent bytes unacknowledged before the connection is broken; `None` for no limit.
    tcp_user_timeout(TcpUserTimeout: Option<Duration>);
    /// Sets how long a connection may be idle before it is probed; `None` for no probes.
    keepalive_idle(KeepaliveIdle: Option<Duration>);
    /// Sets the time between two such probes, rounded up to whole seconds.
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
}

impl Config {
    /// Returns a configuration for ILP over HTTP.
    ///
    /// # Errors
    /// As [`Config::add_addr`].
    pub fn http(host: &str, port: u16) -> Result<Config> {
        Config::to(Protocol::Http, host, port)
    }

    /// Returns a configuration for ILP over HTTP inside TLS.
    ///
    /// # Errors
    /// As [`Config::add_addr`].
    pub fn https(host: &str, port: u16) -> Result<Config> {
        Config::to(Protocol::Https, host, port)
    }

    /// Returns a configuration for ILP over TCP.
    ///
    /// # Errors
    /// As [`Config::add_addr`].
    pub fn tcp(host: &str, port: u16) -> Result<Config> {
        Config::to(Protocol::Tcp, host, port)
    }

    /// Returns a configuration for ILP over TCP inside TLS.
    ///
    /// # Errors
    /// As [`Config::add_addr`].
    pub fn tcps(host: &str, port: u16) -> Result<Config> {
        Config::to(Protocol::Tcps, host, port)
    }

    fn to(protocol: Protocol, host: &str, port: u16) -> Result<Config> {
        let mut config = Config::new();
        config.protocol(protocol)?.add_addr(host, port)?;
        Ok(config)
    }

    /// Adds an address of the server to those that were set before. An IPv6 address is written without brackets here.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) if this is not a valid host and port, or if there are 64 addresses
    /// already.
    pub fn add_addr(&mut self, host: &str, port: u16) -> Result<&mut Config> {
        let addr = Addr { host: host.to_owned(), port };
        if host.contains(',') {
            return Err(err!(Config, "\"addr\" has a character that no host name holds"));
        }
        if self.entries.contains_key(&Key::Addr) {
            self.add_addrs(&addr.to_string(), Place(None))?;
        } else {
            self.put(Key::Addr, &addr.to_string(), Place(None), Place(None))?;
        }
        Ok(self)
    }

    /// Sets the addresses of the server and replaces those that were set before.
    ///
    /// # Errors
    /// As [`Config::add_addr`], and if the list is empty.
    pub fn addrs(&mut self, addrs: &[Addr]) -> Result<&mut Config> {
        let mut list = Config::new();
        for addr in addrs {
            list.add_addr(&addr.host, addr.port)?;
        }
        match list.entries.remove(&Key::Addr) {
            Some(entry) => self.entries.insert(Key::Addr, entry),
            None => return Err(err!(Config, "\"addr\" is empty; leave the key out instead")),
        };
        Ok(self)
    }

    /// Sets the credentials of the client and replaces all that were set before.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) if a part of them is too long or empty.
    pub fn auth(&mut self, auth: Auth) -> Result<&mut Config> {
        let mut new = Config::new();
        match &auth {
            Auth::None => &mut new,
            Auth::Basic { username, password } => {
                new.username(username)?.password(password.expose())?
            }
            Auth::Bearer(token) => new.token(token.expose())?,
            Auth::Ecdsa { key_id, d, x, y } => {
                new.username(key_id)?.token(d.expose())?.token_x(x)?.token_y(y)?
            }
        };
        for key in [Key::Username, Key::Password, Key::Token, Key::TokenX, Key::TokenY] {
            self.entries.remove(&key);
        }
        self.entries.append(&mut new.entries);
        Ok(self)
    }

    /// Sets whether the server's certificate is checked.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) for `false`, unless the library was built with the cargo feature
    /// `insecure-skip-verify`.
    pub fn tls_verify(&mut self, verify: bool) -> Result<&mut Config> {
        let text = if verify { "on" } else { "unsafe_off" };
        self.put(Key::TlsVerify, text, Place(None), Place(None))?;
        Ok(self)
    }

    /// Sets the certificate authorities to trust, in place of `tls_ca` and `tls_roots`.
    ///
    /// # Errors
    /// As [`Config::tls_cert`].
    pub fn tls_roots(&mut self, roots: Roots) -> Result<&mut Config> {
        let (ca, file) = match &roots {
            Roots::Webpki => ("webpki_roots", None),
            Roots::Os => ("os_roots", None),
            Roots::WebpkiAndOs => ("webpki_and_os_roots", None),
            Roots::PemFile(file) => ("pem_file", Some(file)),
        };
        match file {
            Some(file) => self.put_path(Key::TlsRoots, file)?,
            None => drop(self.entries.remove(&Key::TlsRoots)),
        }
        self.put(Key::TlsCa, ca, Place(None), Place(None))?;
        Ok(self)
    }

    /// Sets the PEM file with the client's certificate chain. It needs [`Config::tls_key`] too.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) if the path is empty or contains control characters.
    pub fn tls_cert(&mut self, file: impl AsRef<Path>) -> Result<&mut Config> {
        self.put_path(Key::TlsCert, file.as_ref())?;
        Ok(self)
    }

    /// Sets the PEM file with the private key for [`Config::tls_cert`].
    ///
    /// # Errors
    /// As [`Config::tls_cert`].
    pub fn tls_key(&mut self, file: impl AsRef<Path>) -> Result<&mut Config> {
        self.put_path(Key::TlsKey, file.as_ref())?;
        Ok(self)
    }

    /// Sets the version of the line protocol, 1 to 3. `None` asks the server over HTTP, and means 1 over TCP.
    ///
    /// # Errors
    /// [`ErrorCode::Config`](crate::ErrorCode::Config) for other numbers.
    pub fn protocol_version(&mut self, version: Option<u8>) -> Result<&mut Config> {
        let text = version.map_or("auto".to_owned(), |version| version.to_string());
        self.put(Key::ProtocolVersion, &text, Place(None), Place(None))?;
        Ok(self)
    }

    /// Sets an option to a path, which need not be UTF-8 as a connection string is.
    fn put_path(&mut self, key: Key, path: &Path) -> Result<()> {
        match path.to_str() {
            Some(text) => self.put(key, text, Place(None), Place(None)),
            None => {
                let value = Value::Path(path.to_owned());
                self.entries.insert(key, Entry { value, at: Place(None) });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::OPTIONS;
    use super::*;
    use crate::config::Secret;

    type Setter = fn(&mut Config) -> Result<&mut Config>;

    type Refused = fn(&mut Config) -> Option<crate::Error>;

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
        (|c| c.protocol(Protocol::Tcps), "protocol", "tcps"),
        (|c| c.add_addr("::1", 9000), "addr", "[::1]:9000"),
        (
            |c| c.addrs(&[Addr { host: "a".into(), port: 1 }, Addr { host: "b".into(), port: 2 }]),
            "addr",
            "a:1,b:2",
        ),
        (|c| c.bind_interface(Interface::Name("eth0".into())), "bind_interface", "eth0"),
        (|c| c.username("u"), "username", "u"),
        (|c| c.password("p;="), "password", "p;="),
        (|c| c.token("t"), "token", "t"),
        (|c| c.token_x("t"), "token_x", "t"),
        (|c| c.token_y("t"), "token_y", "t"),
        (|c| c.auth(basic()), "username", "u"),
        (|c| c.auth(basic()), "password", "p"),
        (|c| c.auth(Auth::Bearer("b".into())), "token", "b"),
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
        (|c| c.protocol_version(Some(3)), "protocol_version", "3"),
        (|c| c.auto_flush(false), "auto_flush", "off"),
        (|c| c.auto_flush_rows(Some(5)), "auto_flush_rows", "5"),
        (|c| c.auto_flush_rows(None), "auto_flush_rows", "off"),
        (|c| c.auto_flush_bytes(Some(5)), "auto_flush_bytes", "5"),
        (|c| c.auto_flush_interval(Some(MS)), "auto_flush_interval", "1234"),
        (|c| c.auto_flush_interval(None), "auto_flush_interval", "off"),
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
    ];

    /// Formats an option like `Debug`, but shows the secrets.
    fn shown(config: &Config, name: &str) -> String {
        match config.entries.iter().find(|(key, _)| key.name() == name) {
            Some((_, Entry { value: Value::Secret(secret), .. })) => secret.expose().to_owned(),
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
            let (mut typed, mut by_text) = (Config::new(), Config::new());
            set(&mut typed).unwrap();
            by_text.set(name, text).unwrap();
            assert_eq!(shown(&typed, name), shown(&by_text, name), "{name}={text}");
        }
    }

    /// For values that are refused, the message is the same as for the text, and the configuration stays as it was.
    #[test]
    fn typed_setters_refuse_what_the_string_refuses() {
        const LONG: Duration = Duration::from_secs(1 << 40);
        let cases: &[(Refused, &str, &str)] = &[
            (|c| c.retry_timeout(LONG).err(), "retry_timeout", "1099511627776000"),
            (|c| c.connect_timeout(Duration::ZERO).err(), "connect_timeout", "0"),
            (|c| c.auto_flush_rows(Some(0)).err(), "auto_flush_rows", "0"),
            (|c| c.max_name_len(65536).err(), "max_name_len", "65536"),
            (|c| c.max_buf_size(0).err(), "max_buf_size", "0"),
            (|c| c.protocol_version(Some(4)).err(), "protocol_version", "4"),
            (|c| c.token("").err(), "token", ""),
            (|c| c.password("a\nb").err(), "password", "a\nb"),
            (|c| c.user_agent(" a").err(), "user_agent", " a"),
            (|c| c.tls_cert("").err(), "tls_cert", ""),
            (|c| c.add_addr("h", 0).err(), "addr", "h:0"),
            (|c| c.add_addr("u:p@h", 1).err(), "addr", "[u:p@h]:1"),
            (|c| c.bind_interface(Interface::Name("a b".into())).err(), "bind_interface", "a b"),
        ];
        for (set, name, text) in cases {
            let mut config = Config::https("db", 1).unwrap();
            config.retry_timeout(MS).unwrap().token("secret").unwrap();
            let before = format!("{config:?}{}", shown(&config, "token"));
            let typed = set(&mut config).unwrap_or_else(|| panic!("{name}={text} was taken"));
            assert_eq!(format!("{config:?}{}", shown(&config, "token")), before, "{name}");
            // An address that is added to a list is checked like one that stands alone.
            let by_text = Config::new().set(name, text).unwrap_err();
            assert_eq!((typed.code(), typed.message()), (by_text.code(), by_text.message()));
        }
        let mut config = Config::new();
        assert!(config.add_addr("a,b", 1).is_err() && config.addrs(&[]).is_err());
        for i in 0..64 {
            config.add_addr(&format!("h{i}"), 1).unwrap();
        }
        assert!(config.add_addr("h", 1).is_err());
        assert_eq!(config.tls_verify(false).is_err(), !cfg!(feature = "insecure-skip-verify"));
    }

    #[test]
    fn kinds_of_credentials_and_roots_replace_each_other() {
        let mut config = Config::http("db", 9000).unwrap();
        config.auth(basic()).unwrap().auth(Auth::Bearer(Secret::from("t"))).unwrap();
        let Auth::Bearer(token) = config.validate().unwrap().auth else { panic!("{config:?}") };
        assert_eq!(token.expose(), "t");
        assert!(config.auth(Auth::Bearer("".into())).is_err());
        assert_eq!(shown(&config, "token"), "t");
        config.auth(Auth::None).unwrap();
        assert!(matches!(config.validate().unwrap().auth, Auth::None));

        let mut config = Config::tcps("db", 9009).unwrap();
        config.auth(ecdsa()).unwrap().tls_roots(Roots::PemFile("/r".into())).unwrap();
        config.tls_roots(Roots::Os).unwrap();
        let settings = config.clone().validate().unwrap();
        assert_eq!(settings.tls.unwrap().roots, Roots::Os);
        assert!(matches!(settings.auth, Auth::Ecdsa { .. }));
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let odd = Path::new(std::ffi::OsStr::from_bytes(b"/\xff"));
            config.tls_cert(odd).unwrap().tls_key(odd).unwrap();
            let tls = config.validate().unwrap().tls.unwrap();
            assert_eq!(tls.client_cert, Some((odd.to_owned(), odd.to_owned())));
        }
    }
}
