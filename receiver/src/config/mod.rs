//! Configuration: from `server.conf`, environment and command line to the settings of a receiver.
//!
//! `keys` is the table of all keys, `nearest` suggests one for a misspelt name, `properties` is the form of the file, `value` the
//! form of values, `sources` where they come from, and `receiver` makes a receiver's settings of them. `options` is what the running
//! receiver reads.

mod auth_db;
mod keys;
mod nearest;
pub(crate) mod options;
mod properties;
mod receiver;
mod sources;
mod value;

use std::fmt;
use std::path::PathBuf;

use keys::{Effect, KeyRow};
pub use sources::ConfigurationSources;
use value::Value;

/// Where the value of a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueSource {
    /// Nobody set it.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable, or the file that it names.
    Environment {
        /// The name of the variable.
        variable: String,
    },
    /// The program, which says by what.
    Program {
        /// For example an option of the command line.
        by: String,
    },
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueSource::Default => f.write_str("default"),
            ValueSource::File { path, line } => write!(f, "{}, line {line}", path.display()),
            ValueSource::Environment { variable } => write!(f, "environment variable {variable}"),
            ValueSource::Program { by } => f.write_str(by),
        }
    }
}

/// A key with the value that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveValue {
    /// The key, by the name in QuestDB's document if it has one.
    pub key: &'static str,
    /// The value as it was written, except that a secret is replaced by stars.
    pub shown: String,
    /// Where it comes from.
    pub source: ValueSource,
    /// What the key means, in a sentence or two.
    pub meaning: &'static str,
}

/// Every key with its value, after all sources were read.
///
/// ```
/// use questdb_receiver::ConfigurationSources;
///
/// let mut sources = ConfigurationSources::default();
/// sources.set("a test", "line.tcp.net.bind.to", "127.0.0.1:0");
/// let configuration = sources.resolve();
/// assert!(configuration.problems().is_empty());
/// let receiver = configuration.receiver()?.http_port(0).start()?;
/// # Ok::<(), questdb_receiver::Error>(())
/// ```
#[derive(Debug)]
pub struct Configuration {
    /// The folder from which relative paths begin.
    folder: PathBuf,
    values: Vec<Resolved>,
    warnings: Vec<String>,
    problems: Vec<String>,
}

/// The value of a key.
#[derive(Debug)]
struct Resolved {
    row: &'static KeyRow,
    text: String,
    value: Value,
    source: ValueSource,
}

impl Configuration {
    /// Returns what is questionable, one line each: unknown keys, keys that were set twice, keys without effect.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns what is wrong, one line each. A receiver cannot be made before all of it is mended.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Returns all keys with their values, in the order of the document.
    pub fn values(&self) -> Vec<EffectiveValue> {
        let effective = |resolved: &Resolved| EffectiveValue {
            key: resolved.row.name,
            shown: resolved.row.kind.shown(&resolved.text),
            source: resolved.source.clone(),
            meaning: resolved.row.meaning,
        };
        self.values.iter().map(effective).collect()
    }

    /// Returns the value of a key as it was written, or its default; `None` if there is no such key.
    pub fn text(&self, key: &str) -> Option<&str> {
        let row = keys::find(key)?;
        self.values.iter().find(|r| r.row.name == row.name).map(|r| r.text.as_str())
    }

    fn get(&self, key: &str) -> &Value {
        self.values.iter().find(|r| r.row.name == key).map_or(&Value::Unset, |r| &r.value)
    }

    /// Says of which key and value the text speaks, and where they stand.
    fn about(&self, key: &str, what: &str) -> String {
        match self.values.iter().find(|r| r.row.name == key) {
            Some(Resolved { source: ValueSource::Default, .. }) | None => format!("{key}: {what}"),
            Some(resolved) => format!("{}: {key}: {what}", resolved.source),
        }
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests;
