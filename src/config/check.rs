//! Checks that the values of a configuration fit together, and turns a [`Config`] into [`Settings`].

use std::path::PathBuf;
use std::time::Duration;

use super::addr::Addr;
use super::option_row::Key;
use super::secret::Secret;
use super::settings::{Auth, Delivery, Protocol, Roots, Settings, Tls};
use super::value::{OptionValue, Place};
use super::{Config, Entry};
use crate::error::{Result, err};
use crate::version::ProtocolVersion;

impl Settings {
    pub(super) fn build(config: &Config) -> Result<Settings> {
        let view = View::new(config)?;
        let (rows, bytes, interval) = view.auto_flush()?;
        let (init_buf_size, max_buf_size) = view.buffer_sizes(bytes)?;
        let (connect_timeout, request_timeout) = view.attempt_timeouts()?;
        let (sender_pool_min, sender_pool_max) = view.pool_size()?;
        Ok(Settings {
            protocol: view.protocol,
            addrs: view.addrs()?,
            bind_interface: match view.given(Key::BindInterface) {
                Some(Entry { value: OptionValue::Interface(interface), .. }) => {
                    Some(interface.clone())
                }
                _ => None,
            },
            auth: view.auth()?,
            auth_timeout: match view.millis(Key::AuthTimeout)? {
                Duration::ZERO => view.millis(Key::SendTimeout)?,
                limit => limit,
            },
            send_timeout: view.millis(Key::SendTimeout)?,
            tcp_user_timeout: view.number_or_off(Key::TcpUserTimeout)?.map(Duration::from_millis),
            keepalive_idle: view.number_or_off(Key::KeepaliveIdle)?.map(Duration::from_millis),
            keepalive_interval: view.millis(Key::KeepaliveInterval)?,
            keepalive_count: u32::try_from(view.number(Key::KeepaliveCount)?).unwrap_or(u32::MAX),
            tls: view.tls()?,
            protocol_version: match view.word(Key::ProtocolVersion)? {
                "1" => Some(ProtocolVersion::V1),
                "2" => Some(ProtocolVersion::V2),
                "3" => Some(ProtocolVersion::V3),
                _ => None,
            },
            auto_flush_rows: rows,
            auto_flush_bytes: bytes,
            auto_flush_interval: interval.map(Duration::from_millis),
            auto_flush_timer: view.auto_flush_timer(interval)?,
            auto_flush_max_backoff: view.millis(Key::AutoFlushMaxBackoff)?,
            init_buf_size,
            max_buf_size,
            max_name_len: match view.given(Key::MaxNameLen) {
                Some(_) => Some(view.size(Key::MaxNameLen)?),
                None => None,
            },
            lazy_connect: view.word(Key::LazyConnect)? == "on",
            connect_timeout,
            request_timeout,
            request_min_throughput: view.number(Key::RequestMinThroughput)?,
            retry_timeout: view.millis(Key::RetryTimeout)?,
            retry_max_backoff: view.millis(Key::RetryMaxBackoff)?,
            delivery: match view.word(Key::Delivery)? {
                "at_most_once" => Delivery::AtMostOnce,
                _ => Delivery::AtLeastOnce,
            },
            user_agent_suffix: view.text(Key::UserAgent).map(str::to_owned),
            sender_pool_min,
            sender_pool_max,
            acquire_timeout: view.millis(Key::AcquireTimeout)?,
            idle_timeout: view.millis(Key::IdleTimeout)?,
            queue_max_bytes: view.size(Key::QueueMaxBytes)?,
        })
    }
}

/// A configuration whose protocol is known and which has no key of another protocol. The methods that are called for every
/// option are not inlined, because twenty copies of them would be a hundredth of the whole library.
struct View<'a> {
    config: &'a Config,
    protocol: Protocol,
}

impl<'a> View<'a> {
    fn new(config: &'a Config) -> Result<View<'a>> {
        let protocol = match config.entries.get(&Key::Protocol).map(|e| &e.value) {
            Some(OptionValue::Word("http")) => Protocol::Http,
            Some(OptionValue::Word("https")) => Protocol::Https,
            Some(OptionValue::Word("tcp")) => Protocol::Tcp,
            Some(OptionValue::Word("tcps")) => Protocol::Tcps,
            _ => {
                return Err(err!(
                    Config,
                    "\"protocol\" is missing: set it to http, https, tcp or tcps"
                ));
            }
        };
        for (key, entry) in &config.entries {
            let opt = key.opt();
            if !opt.on.covers(protocol) {
                return Err(err!(
                    Config,
                    "\"{}\"{} is only for {}, not for {}",
                    opt.name,
                    entry.at,
                    opt.on.names(),
                    protocol
                ));
            }
        }
        Ok(View { config, protocol })
    }

    #[inline(never)]
    fn given(&self, key: Key) -> Option<&'a Entry> {
        self.config.entries.get(&key)
    }

    #[inline(never)]
    fn at(&self, key: Key) -> Place {
        self.given(key).map_or(Place(None), |e| e.at)
    }

    /// Returns the value that was given, or the default from the option table.
    #[inline(never)]
    fn value(&self, key: Key) -> Result<OptionValue> {
        match (self.given(key), key.opt().default.text(self.protocol)) {
            (Some(entry), _) => Ok(entry.value.clone()),
            (None, Some(text)) => key.opt().parse(text, Place(None)),
            (None, None) => Err(err!(Config, "\"{}\" is missing", key.name())),
        }
    }

    #[inline(never)]
    fn number_or_off(&self, key: Key) -> Result<Option<u64>> {
        match self.value(key)? {
            OptionValue::Number(n) => Ok(Some(n)),
            _ => Ok(None),
        }
    }

    fn number(&self, key: Key) -> Result<u64> {
        self.number_or_off(key)?.ok_or_else(|| err!(Internal, "\"{}\" is no number", key.name()))
    }

    fn size(&self, key: Key) -> Result<usize> {
        let n = self.number(key)?;
        usize::try_from(n).map_err(|_| {
            err!(Config, "\"{}\" is more than this machine can address, got {n}", key.name())
        })
    }

    fn millis(&self, key: Key) -> Result<Duration> {
        self.number(key).map(Duration::from_millis)
    }

    #[inline(never)]
    fn word(&self, key: Key) -> Result<&'static str> {
        match self.value(key)? {
            OptionValue::Word(word) => Ok(word),
            _ => Err(err!(Internal, "\"{}\" is no word", key.name())),
        }
    }

    #[inline(never)]
    fn text(&self, key: Key) -> Option<&'a str> {
        match self.given(key).map(|e| &e.value) {
            Some(OptionValue::Text(text)) => Some(text),
            Some(OptionValue::Secret(secret)) => Some(secret.expose()),
            _ => None,
        }
    }

    #[inline(never)]
    fn secret(&self, key: Key) -> Option<&'a Secret> {
        match self.given(key).map(|e| &e.value) {
            Some(OptionValue::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    fn path(&self, key: Key) -> Option<PathBuf> {
        match self.given(key).map(|e| &e.value) {
            Some(OptionValue::Path(path)) => Some(path.clone()),
            _ => None,
        }
    }

    /// Returns the smallest and the largest number of connections of a pool. A default gives way to what was given.
    fn pool_size(&self) -> Result<(usize, usize)> {
        let (min, max) = (self.size(Key::SenderPoolMin)?, self.size(Key::SenderPoolMax)?);
        match (self.given(Key::SenderPoolMin), self.given(Key::SenderPoolMax)) {
            (Some(given), Some(_)) if min > max => Err(err!(
                Config,
                "\"sender_pool_min\"{} is {min}, more than \"sender_pool_max\", which is {max}",
                given.at
            )),
            (Some(_), None) => Ok((min, max.max(min))),
            _ => Ok((min.min(max), max)),
        }
    }

    fn addrs(&self) -> Result<Vec<Addr>> {
        let OptionValue::Addrs(list) = self.value(Key::Addr)? else {
            return Err(err!(Internal, "\"addr\" is no address list"));
        };
        let mut addrs: Vec<Addr> = Vec::with_capacity(list.len());
        for raw in list {
            let port = raw.port.unwrap_or(self.protocol.default_port());
            let addr = Addr { host: raw.host, port };
            let twin = |a: &Addr| a.port == port && a.host.eq_ignore_ascii_case(&addr.host);
            if addrs.iter().any(twin) {
                return Err(err!(Config, "\"addr\"{} names {addr} twice", self.at(Key::Addr)));
            }
            addrs.push(addr);
        }
        Ok(addrs)
    }

    fn auth(&self) -> Result<Auth> {
        if self.protocol.is_http() { self.http_auth() } else { self.tcp_auth() }
    }

    fn http_auth(&self) -> Result<Auth> {
        let at = |key| self.at(key);
        match (self.text(Key::Username), self.secret(Key::Password), self.secret(Key::Token)) {
            (None, None, None) => Ok(Auth::None),
            (Some(username), Some(password), None) => {
                if username.contains(':') {
                    return Err(err!(
                        Config,
                        "\"username\"{} holds a \":\", which HTTP basic authentication cannot carry",
                        at(Key::Username)
                    ));
                }
                Ok(Auth::Basic { username: username.to_owned(), password: password.clone() })
            }
            (None, None, Some(token)) => {
                // A header's value has no blanks at its ends, so they would be lost. Control characters are refused in every
                // value.
                if token.expose().trim_matches(' ').len() < token.expose().len() {
                    return Err(err!(
                        Config,
                        "\"token\"{} has a blank at its beginning or end, which no HTTP header carries",
                        at(Key::Token)
                    ));
                }
                Ok(Auth::Bearer(token.clone()))
            }
            (_, _, Some(_)) => Err(err!(
                Config,
                "\"token\"{} and \"username\" or \"password\" exclude each other",
                at(Key::Token)
            )),
            (Some(_), None, None) => {
                Err(err!(Config, "\"username\"{} needs \"password\"", at(Key::Username)))
            }
            (None, Some(_), None) => {
                Err(err!(Config, "\"password\"{} needs \"username\"", at(Key::Password)))
            }
        }
    }

    fn tcp_auth(&self) -> Result<Auth> {
        let keys = [Key::Username, Key::Token, Key::TokenX, Key::TokenY];
        let [Some(key_id), Some(_), Some(x), Some(y)] = keys.map(|key| self.text(key)) else {
            let given = keys.iter().find(|key| self.given(**key).is_some());
            let missing = keys.iter().find(|key| self.given(**key).is_none());
            return match (given, missing) {
                (Some(given), Some(missing)) => Err(err!(
                    Config,
                    "\"{}\"{} needs \"{}\": authentication over {} takes username, token, token_x and token_y",
                    given.name(),
                    self.at(*given),
                    missing.name(),
                    self.protocol
                )),
                _ => Ok(Auth::None),
            };
        };
        for key in [Key::Token, Key::TokenX, Key::TokenY] {
            let part = self.text(key).unwrap_or_default();
            if !part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
                let at = self.at(key);
                return Err(err!(
                    Config,
                    "\"{}\"{at} is not base64url without padding",
                    key.name()
                ));
            }
        }
        let Some(d) = self.secret(Key::Token) else { return Ok(Auth::None) };
        Ok(Auth::Ecdsa { key_id: key_id.into(), d: d.clone(), x: x.into(), y: y.into() })
    }

    fn tls(&self) -> Result<Option<Tls>> {
        if !self.protocol.is_tls() {
            return Ok(None);
        }
        let ca = self.given(Key::TlsCa).map(|_| self.word(Key::TlsCa)).transpose()?;
        let roots = match (self.path(Key::TlsRoots), ca) {
            (Some(file), None | Some("pem_file")) => Roots::PemFile(file),
            (Some(_), Some(other)) => {
                return Err(err!(
                    Config,
                    "\"tls_roots\"{} implies tls_ca=pem_file, but \"tls_ca\" is \"{other}\"",
                    self.at(Key::TlsRoots)
                ));
            }
            (None, Some("pem_file")) => {
                return Err(err!(
                    Config,
                    "\"tls_ca\"{} is \"pem_file\" but \"tls_roots\" names no file",
                    self.at(Key::TlsCa)
                ));
            }
            (None, _) => match self.word(Key::TlsCa)? {
                "webpki_roots" => Roots::Webpki,
                "os_roots" => Roots::Os,
                _ => Roots::WebpkiAndOs,
            },
        };
        let client_cert = match (self.path(Key::TlsCert), self.path(Key::TlsKey)) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert, key)),
            (Some(_), None) => {
                return Err(err!(
                    Config,
                    "\"tls_cert\"{} needs \"tls_key\"",
                    self.at(Key::TlsCert)
                ));
            }
            (None, Some(_)) => {
                return Err(err!(Config, "\"tls_key\"{} needs \"tls_cert\"", self.at(Key::TlsKey)));
            }
        };
        Ok(Some(Tls { verify: self.word(Key::TlsVerify)? == "on", roots, client_cert }))
    }

    /// Returns the limits of automatic flushes: rows, bytes, and time in milliseconds.
    fn auto_flush(&self) -> Result<(Option<u64>, Option<u64>, Option<u64>)> {
        let keys = [Key::AutoFlushRows, Key::AutoFlushBytes, Key::AutoFlushInterval];
        if self.word(Key::AutoFlush)? == "off" {
            return Ok((None, None, None));
        }
        let [rows, bytes, interval] = keys.map(|key| self.number_or_off(key));
        let limits = (rows?, bytes?, interval?);
        if limits == (None, None, None) && self.given(Key::AutoFlush).is_some() {
            let at = self.at(Key::AutoFlush);
            return Err(err!(Config, "\"auto_flush\"{at} is on but all of its limits are off"));
        }
        Ok(limits)
    }

    /// Returns whether there is a timer, which needs a time.
    fn auto_flush_timer(&self, interval: Option<u64>) -> Result<bool> {
        let timer = self.word(Key::AutoFlushTimer)? == "on";
        if timer && interval.is_none() {
            let at = self.at(Key::AutoFlushTimer);
            return Err(err!(
                Config,
                "\"auto_flush_timer\"{at} is on but \"auto_flush_interval\" is off"
            ));
        }
        Ok(timer)
    }

    /// Returns `init_buf_size` and `max_buf_size`.
    fn buffer_sizes(&self, auto_flush_bytes: Option<u64>) -> Result<(usize, usize)> {
        let (init, max) = (self.size(Key::InitBufSize)?, self.size(Key::MaxBufSize)?);
        if init > max && self.given(Key::InitBufSize).is_some() {
            let at = self.at(Key::InitBufSize);
            return Err(err!(
                Config,
                "\"init_buf_size\"{at} is {init}, more than \"max_buf_size\", {max}"
            ));
        }
        match auto_flush_bytes {
            Some(bytes) if bytes > max as u64 => {
                let at = self.at(Key::AutoFlushBytes);
                Err(err!(
                    Config,
                    "\"auto_flush_bytes\"{at} is {bytes}, more than \"max_buf_size\", {max}: it would never be reached"
                ))
            }
            _ => Ok((init.min(max), max)),
        }
    }

    /// Returns `connect_timeout` and `request_timeout`.
    fn attempt_timeouts(&self) -> Result<(Duration, Duration)> {
        let (connect, request) =
            (self.millis(Key::ConnectTimeout)?, self.millis(Key::RequestTimeout)?);
        let shrinks = self.given(Key::ConnectTimeout).is_none() && self.protocol.is_http();
        Ok((if shrinks { connect.min(request) } else { connect }, request))
    }
}
