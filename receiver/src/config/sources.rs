//! Where values come from, and which of them is in force.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::keys::{self, KeyRow, names};
use super::nearest::nearest;
use super::value::KeyKind;
use super::{Configuration, Effect, Resolved, ValueSource, properties};
use crate::error::printable;

/// The largest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 20;
/// Variables that belong to others and are none of our keys.
const FOREIGN: [&str; 2] = ["QDB_CLIENT_CONF", "QDB_ROOT"];

/// Collects the values of keys. What is read later goes before what was read earlier.
///
/// ```
/// use questdb_receiver::ConfigurationSources;
///
/// let mut sources = ConfigurationSources::default();
/// sources.read_variables([("QDB_LINE_TCP_NET_BIND_TO".into(), "127.0.0.1:0".into())]);
/// assert_eq!(sources.resolve().text("line.tcp.net.bind.to"), Some("127.0.0.1:0"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ConfigurationSources {
    folder: PathBuf,
    found: Vec<Found>,
    problems: Vec<String>,
}

/// A value in one of the sources.
#[derive(Debug, Clone)]
struct Found {
    /// The key as it was written; for a variable, its name.
    name: String,
    text: String,
    source: ValueSource,
    row: Option<&'static KeyRow>,
    /// Which of the names of the key it is: 0 for the document's.
    name_index: usize,
    /// Values of a higher rank go before those of a lower.
    rank: usize,
}

impl Found {
    fn new(name: &str, text: String, source: ValueSource) -> Found {
        let is_name = |known: &str| match source {
            ValueSource::Environment { .. } => KeyRow::variable(known) == name,
            _ => known == name,
        };
        let index = |row: &KeyRow| {
            std::iter::once(&row.name).chain(row.aliases).position(|known| is_name(known))
        };
        let row = keys::all().find_map(|row| Some((row, index(row)?)));
        let (row, name_index) = row.map_or((None, 0), |(row, index)| (Some(row), index));
        let rank = match source {
            ValueSource::Default => 0,
            ValueSource::File { .. } => 1,
            ValueSource::Environment { .. } => 2,
            ValueSource::Program { .. } => 3,
        };
        Found { name: name.to_owned(), text, source, row, name_index, rank }
    }

    fn unknown(&self) -> String {
        let key = match self.source {
            ValueSource::Environment { .. } => {
                self.name.trim_start_matches("QDB_").to_lowercase().replace('_', ".")
            }
            _ => self.name.clone(),
        };
        let named = match nearest(&key) {
            Some(near) if matches!(self.source, ValueSource::Environment { .. }) => {
                format!("; did you mean {}?", KeyRow::variable(near))
            }
            Some(near) => format!("; did you mean {near}?"),
            None => String::new(),
        };
        let name = printable(self.name.as_bytes(), 128);
        format!("{}: unknown key {name}{named}", self.source)
    }
}

impl ConfigurationSources {
    /// Takes this folder as the server's: reads `conf/server.conf` in it, if there is such a file.
    pub fn read_folder(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
        let path = folder.join("conf").join("server.conf");
        match read_file(&path) {
            Ok(content) => self.read_content(&path, &content),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => self.problems.push(format!("{}: {e}", path.display())),
        }
    }

    /// Reads the content of a `server.conf`. The path is only for messages.
    pub fn read_content(&mut self, path: &Path, content: &[u8]) {
        let (found, wrong) = properties::parse(content);
        let at = |line| ValueSource::File { path: path.to_owned(), line };
        self.problems.extend(wrong.into_iter().map(|w| format!("{}: {}", at(w.line), w.what)));
        self.found.extend(found.into_iter().map(|p| Found::new(&p.key, p.value, at(p.line))));
    }

    /// Reads those environment variables that begin with `QDB_`.
    pub fn read_variables(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("QDB_"))?;
            (!FOREIGN.contains(&name.as_str())).then_some((name, value))
        });
        for (variable, value) in ours {
            let source = ValueSource::Environment { variable: variable.clone() };
            let secret = variable.strip_suffix("_FILE").map(ToOwned::to_owned).filter(|name| {
                let found = Found::new(name, String::new(), source.clone());
                found.row.is_some_and(|row| matches!(row.kind, KeyKind::Secret))
            });
            let (name, text) = match secret {
                Some(name) => (name, secret_in(Path::new(&value))),
                None => (variable, value.into_string().map_err(|_| "it is not UTF-8".to_owned())),
            };
            match text {
                Ok(text) => self.found.push(Found::new(&name, text, source)),
                Err(what) => self.problems.push(format!("{source}: {what}")),
            }
        }
    }

    /// Sets a key in the name of a program, which says by what, for messages.
    pub fn set(&mut self, by: &str, key: &str, value: &str) {
        let source = ValueSource::Program { by: by.to_owned() };
        self.found.push(Found::new(key, value.to_owned(), source));
    }

    /// Replaces the default of a key in the name of a program. Every other source goes before it.
    pub fn replace_default(&mut self, by: &str, key: &str, value: &str) {
        let source = ValueSource::Program { by: by.to_owned() };
        self.found.push(Found { rank: 0, ..Found::new(key, value.to_owned(), source) });
    }

    /// Replaces the defaults that would disturb a program with a receiver inside: fixed ports, and unknown keys that are only told
    /// to a log.
    pub(crate) fn replace_defaults_for_embedding(&mut self) {
        for (key, value) in [
            (names::HTTP_BIND, "127.0.0.1:0"),
            (names::TCP_BIND, "127.0.0.1:0"),
            (names::MONITOR_ENABLED, "false"),
            (names::STRICT, "true"),
        ] {
            self.replace_default("the default of an embedded receiver", key, value);
        }
    }

    /// Decides which values are in force, and checks them. What is wrong is in the result.
    pub fn resolve(self) -> Configuration {
        let ConfigurationSources { folder, found, mut problems } = self;
        let mut warnings = Vec::new();
        let (known, unknown): (Vec<_>, Vec<_>) = found.into_iter().partition(|f| f.row.is_some());
        let mut values = Vec::new();
        for row in keys::all() {
            let candidates: Vec<&Found> =
                known.iter().filter(|f| f.row.is_some_and(|r| r.name == row.name)).collect();
            values.push(resolve_key(row, &candidates, &mut warnings, &mut problems));
        }
        let strict = values.iter().any(|r| r.row.name == names::STRICT && r.value.is_true());
        let unknown = unknown.iter().map(Found::unknown);
        if strict {
            problems.extend(unknown)
        } else {
            warnings.extend(unknown)
        }
        Configuration { folder, values, warnings, problems }
    }
}

fn resolve_key(
    row: &'static KeyRow,
    candidates: &[&Found],
    warnings: &mut Vec<String>,
    problems: &mut Vec<String>,
) -> Resolved {
    // The highest rank, in it the document's name, and of equal names the last one.
    let precedence = |f: &&&Found| (f.rank, std::cmp::Reverse(f.name_index));
    let default = || (row.default.to_owned(), ValueSource::Default, row.name.to_owned());
    let winner = candidates.iter().max_by_key(precedence);
    let (text, source, name) =
        winner.map_or_else(default, |f| (f.text.clone(), f.source.clone(), f.name.clone()));
    for loser in candidates.iter().filter(|f| winner.is_none_or(|w| !std::ptr::eq(*w, **f))) {
        // Replacing the file's value from outside is what the environment is for, so only one place that says two things is told.
        if winner.is_some_and(|w| w.rank == loser.rank) {
            let (at, lost) = (&loser.source, &loser.name);
            warnings.push(format!("{at}: {lost} has no effect: {name} ({source}) goes before it"));
        }
    }
    let value = match row.kind.parse(&text) {
        Ok(value) => value,
        Err(what) => {
            problems.push(format!("{source}: {name}: {what}"));
            row.kind.parse(row.default).unwrap_or(super::Value::Unset)
        }
    };
    if let Effect::Nothing(reason) = row.effect
        && winner.is_some()
    {
        warnings.push(format!("{source}: {name} has no effect: {reason}"));
    }
    Resolved { row, text, value, source }
}

/// Reads a regular file within a limit.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    // The file is checked before it is opened, because opening a pipe could block for ever, and a device may have no end.
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST_FILE {
        return Err(std::io::Error::other("it has more than 1 MiB"));
    }
    Ok(content)
}

/// Reads a secret from a file, without the line end that editors put at its end.
fn secret_in(path: &Path) -> Result<String, String> {
    let content = read_file(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let text =
        String::from_utf8(content).map_err(|_| format!("{}: it is not UTF-8", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
