//! Configuration: from a connection string, the environment, key by key or from typed values, to a complete and checked
//! [`Settings`].
//!
//! A [`Config`] holds values that are valid on their own. [`Config::validate`] checks that they fit together and fills in the
//! defaults. Nothing here opens a file or a socket: the network layer does, from the paths and addresses. No error and no
//! `Debug` text ever shows a password, token or private key.

mod addr;
mod check;
mod env;
mod lexer;
mod option_row;
mod options;
pub(crate) mod reference;
mod secret;
mod settings;
mod typed;
mod unknown;
mod value;

use std::collections::BTreeMap;
use std::fmt;

pub use addr::Addr;
use option_row::Key;
pub use secret::Secret;
pub use settings::{Auth, Delivery, Interface, Protocol, Roots, Settings, Tls};
pub use typed::ConfigBuilder;
use value::{OptionValue, Place};

use crate::error::{Result, err};
use crate::quoted::shown;

/// What to connect to, and how: made from a connection string, by [`Config::set`] with texts, or by [`Config::builder`] from
/// typed values. `doc/options.md` describes keys, values and defaults.
///
/// ```
/// use questdb_ingress::Config;
/// use questdb_ingress::config::Settings;
///
/// let mut config = Config::from_conf("http::addr=localhost:9000;retry_timeout=30000;")?;
/// config.set("password", "from a vault")?;
/// config.set("username", "admin")?;
/// let settings: Settings = config.validate()?;
/// assert_eq!(settings.addrs[0].to_string(), "localhost:9000");
/// assert!(!format!("{config:?} {settings:?}").contains("vault"));
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Config {
    entries: BTreeMap<Key, Entry>,
}

#[derive(Clone)]
struct Entry {
    value: OptionValue,
    /// The position of the key in the connection string.
    at: Place,
}

impl Config {
    /// Returns an empty configuration. Before it can be used it needs a `protocol` and an `addr`.
    pub fn new() -> Config {
        Config::default()
    }

    /// Reads `<protocol>::<key>=<value>;…;`. A `;` inside a value is written `;;`.
    ///
    /// Each key and value is checked on its own, so that further options can be [`set`](Config::set) before
    /// [`Config::validate`] checks all of them together.
    ///
    /// # Errors
    /// `Config`, with the place in the string.
    pub fn from_conf(conf: &str) -> Result<Config> {
        let lexed = lexer::lex(conf)?;
        let mut config = Config::new();
        config.put(Key::Protocol, lexed.service, Place(Some(0)), Place(Some(0)))?;
        let mut after_secret = false;
        for pair in &lexed.pairs {
            let key_at = Place(Some(pair.key_at));
            let Some(opt) = options::find(pair.key) else {
                // A `;` in a secret that is not doubled makes the rest of the secret look like a key.
                return Err(unknown::error(pair.key, key_at, !after_secret));
            };
            if opt.key == Key::Protocol {
                return Err(err!(Config, "\"protocol\"{key_at} is already given before \"::\""));
            }
            if opt.key == Key::Addr && config.entries.contains_key(&opt.key) {
                config.add_addrs(&pair.value, Place(Some(pair.value_at)))?;
                continue;
            }
            if config.entries.contains_key(&opt.key) {
                return Err(err!(Config, "\"{}\" is given a second time{key_at}", opt.name));
            }
            config.put(opt.key, &pair.value, key_at, Place(Some(pair.value_at)))?;
            after_secret |= opt.is_secret();
        }
        Ok(config)
    }

    /// Reads the connection string in the environment variable `QDB_CLIENT_CONF`. Line ends after it are ignored.
    ///
    /// # Errors
    /// `Config`, also if the variable is not set.
    pub fn from_env() -> Result<Config> {
        Config::from_conf(&env::client_conf()?)
    }

    /// Sets one option and replaces an earlier value, also that of `addr`. `protocol` is an option like the others.
    ///
    /// # Errors
    /// `Config` if there is no such option or the value is out of range. The configuration is as it was.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match options::find(key) {
            Some(opt) => self.put(opt.key, value, Place(None), Place(None)),
            None => Err(unknown::error(key, Place(None), true)),
        }
    }

    /// Returns whether the option with this name or alias has a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        options::find(name).is_some_and(|opt| self.entries.contains_key(&opt.key))
    }

    /// Checks that the values fit together, and adds the defaults.
    ///
    /// # Errors
    /// `Config`.
    pub fn validate(&self) -> Result<Settings> {
        Settings::build(self)
    }

    /// Adds to the addresses that are already there, because a connection string may have several `addr` keys.
    fn add_addrs(&mut self, text: &str, at: Place) -> Result<()> {
        let opt = Key::Addr.opt();
        let OptionValue::Addrs(mut more) = opt.parse(text, at)? else { return Ok(()) };
        if let Some(Entry { value: OptionValue::Addrs(list), .. }) =
            self.entries.get_mut(&Key::Addr)
        {
            if list.len() + more.len() > addr::MAX_ADDRS {
                let max = addr::MAX_ADDRS;
                return Err(err!(Config, "\"{}\" takes at most {max} addresses{at}", opt.name));
            }
            list.append(&mut more);
        }
        Ok(())
    }

    fn put(&mut self, key: Key, value: &str, key_at: Place, value_at: Place) -> Result<()> {
        let value = match (key, value) {
            (Key::Protocol, other) if is_foreign_protocol(other) => {
                return Err(err!(
                    Config,
                    "the protocol {} is not supported{key_at}: use http, https, tcp or tcps",
                    shown(other)
                ));
            }
            _ => key.opt().parse(value, value_at)?,
        };
        self.entries.insert(key, Entry { value, at: key_at });
        Ok(())
    }
}

/// Returns whether this is a protocol that other clients support.
fn is_foreign_protocol(name: &str) -> bool {
    ["ws", "wss", "udp"].iter().any(|foreign| foreign.eq_ignore_ascii_case(name))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, entry) in &self.entries {
            map.entry(&key.name(), &entry.value.to_string());
        }
        map.finish()
    }
}
