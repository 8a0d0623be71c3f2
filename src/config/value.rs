//! One value of one option: its type, its range, and the messages for wrong values.

use std::fmt;
use std::path::PathBuf;

use super::addr::{self, RawAddr};
use super::lexer;
use super::option_row::{Key, OptionKind, OptionRow};
use super::secret::Secret;
use super::settings::Interface;
use crate::error::{Error, Result, err};
use crate::quoted::shown;

/// The longest name of a network interface.
const MAX_INTERFACE: usize = 15;

/// A checked value.
#[derive(Debug, Clone)]
pub(super) enum OptionValue {
    Number(u64),
    Off,
    Word(&'static str),
    Addrs(Vec<RawAddr>),
    Interface(Interface),
    Path(PathBuf),
    Text(String),
    Secret(Secret),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Number(n) => write!(f, "{n}"),
            OptionValue::Off => f.write_str("off"),
            OptionValue::Word(word) => f.write_str(word),
            OptionValue::Addrs(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                f.write_str(&list.join(","))
            }
            OptionValue::Interface(interface) => write!(f, "{interface}"),
            OptionValue::Path(path) => write!(f, "{}", path.display()),
            OptionValue::Text(text) => f.write_str(text),
            OptionValue::Secret(secret) => write!(f, "{secret:?}"),
        }
    }
}

/// A position in the connection string. It is empty for a value that `set` has set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(pub(super) Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, " at position {at}"),
            None => Ok(()),
        }
    }
}

impl OptionRow {
    /// Returns whether the values must never be shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, OptionKind::Secret { .. })
    }

    /// Checks a value on its own. [`Config::validate`](super::Config::validate) checks how it fits the others.
    pub(super) fn parse(&self, text: &str, at: Place) -> Result<OptionValue> {
        if text.is_empty() {
            let name = self.name;
            return Err(err!(Config, "\"{name}\" is empty{at}; leave the key out instead"));
        }
        if let Some((i, _)) = text.char_indices().find(|(_, c)| !lexer::is_allowed(*c)) {
            let name = self.name;
            return Err(err!(
                Config,
                "\"{name}\" has a control character at byte {i} of its value"
            ));
        }
        match &self.kind {
            OptionKind::Number { min, max, off, .. } => self.number(text, at, (*min, *max), *off),
            OptionKind::Choice(words) => self.choice(text, at, words),
            OptionKind::Addrs => match addr::parse_list(text) {
                Ok(list) => Ok(OptionValue::Addrs(list)),
                Err(bad) => {
                    let got =
                        if bad.echo { format!(", got {}", shown(text)) } else { String::new() };
                    Err(err!(Config, "\"{}\" {}{got}{at}", self.name, bad.reason))
                }
            },
            OptionKind::Interface => self.interface(text, at),
            OptionKind::Path => Ok(OptionValue::Path(PathBuf::from(text))),
            OptionKind::Text { max, ascii } => {
                self.length(text, *max, at)?;
                if *ascii && (!text.is_ascii() || text.trim() != text) {
                    return Err(self.bad("printable ASCII without outer blanks", text, at));
                }
                Ok(OptionValue::Text(text.to_owned()))
            }
            OptionKind::Secret { max } => {
                self.length(text, *max, at)?;
                Ok(OptionValue::Secret(Secret::new(text)))
            }
        }
    }

    /// Text that is not an address is taken for the name of an interface. The system finds out whether the interface exists.
    fn interface(&self, text: &str, at: Place) -> Result<OptionValue> {
        if let Ok(ip) = text.parse() {
            return Ok(OptionValue::Interface(Interface::Address(ip)));
        }
        // No system allows longer names or other characters. A name of digits only is an address that was misspelled.
        let fits = |b: u8| b.is_ascii_graphic() && b != b'/' && b != b':';
        let number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if text.len() > MAX_INTERFACE || number || !text.bytes().all(fits) {
            return Err(self.bad(&self.kind.to_string(), text, at));
        }
        Ok(OptionValue::Interface(Interface::Name(text.to_owned())))
    }

    fn number(
        &self,
        text: &str,
        at: Place,
        (min, max): (u64, u64),
        off: bool,
    ) -> Result<OptionValue> {
        if off && text == "off" {
            return Ok(OptionValue::Off);
        }
        // `u64::from_str` would also accept a leading plus sign.
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(n) if plain && (min..=max).contains(&n) => Ok(OptionValue::Number(n)),
            _ => Err(self.bad(&self.kind.to_string(), text, at)),
        }
    }

    fn choice(&self, text: &str, at: Place, words: &'static [&'static str]) -> Result<OptionValue> {
        let any_case = self.key == Key::Protocol;
        let hit = words.iter().find(|w| **w == text || any_case && w.eq_ignore_ascii_case(text));
        match hit {
            Some(&"unsafe_off") if !cfg!(feature = "insecure-skip-verify") => Err(err!(
                Config,
                "\"{}\" cannot be \"unsafe_off\"{at}: this build lacks the cargo feature insecure-skip-verify",
                self.name
            )),
            Some(word) => Ok(OptionValue::Word(word)),
            None => Err(self.bad(&self.kind.to_string(), text, at)),
        }
    }

    fn length(&self, text: &str, max: usize, at: Place) -> Result<()> {
        if text.len() > max {
            let (name, len) = (self.name, text.len());
            return Err(err!(Config, "\"{name}\" takes at most {max} bytes, got {len}{at}"));
        }
        Ok(())
    }

    /// Returns the error for a wrong value. Only for values that may be shown.
    #[cold]
    fn bad(&self, wanted: &str, text: &str, at: Place) -> Error {
        err!(Config, "\"{}\" must be {wanted}, got {}{at}", self.name, shown(text))
    }
}

/// Describes the values in words, for messages and the documentation.
impl fmt::Display for OptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionKind::Number { unit, min, max, off } => {
                write!(f, "{min} to {max} {unit}")?;
                if *off { f.write_str(", or off") } else { Ok(()) }
            }
            OptionKind::Choice(words) => write!(f, "one of {}", words.join(", ")),
            OptionKind::Addrs => f.write_str("addresses"),
            OptionKind::Interface => {
                write!(f, "an IP address or an interface's name of at most {MAX_INTERFACE} bytes")
            }
            OptionKind::Path => f.write_str("a file path"),
            OptionKind::Text { max, .. } => write!(f, "text of at most {max} bytes"),
            OptionKind::Secret { max } => write!(f, "secret text of at most {max} bytes"),
        }
    }
}
