//! Arguments of a sender as options of the client, which checks their values.

use client::Config;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString};

use crate::errors::convert;
use crate::text::secret;
use crate::time;

/// What kind of Python value an option takes, besides the text that a connection string would have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text only.
    Text,
    /// `True`, or `False` for this text.
    Switch(&'static str),
    /// A number of at least this.
    Number(u8),
    /// A number that `False` turns off.
    Limit,
    /// Milliseconds or a `timedelta`, of at least this.
    Millis(u8),
    /// Milliseconds or a `timedelta`, that `False` turns off.
    MillisLimit,
    /// A path of any kind.
    Path,
    /// A member of `TlsCa`.
    Authorities,
    /// A number or `'auto'`.
    Version,
}

/// The keywords of a sender.
const OPTIONS: [(&str, Kind); 21] = [
    ("bind_interface", Kind::Text),
    ("username", Kind::Text),
    ("password", Kind::Text),
    ("token", Kind::Text),
    ("token_x", Kind::Text),
    ("token_y", Kind::Text),
    ("auth_timeout", Kind::Millis(1)),
    ("tls_verify", Kind::Switch("unsafe_off")),
    ("tls_ca", Kind::Authorities),
    ("tls_roots", Kind::Path),
    ("max_buf_size", Kind::Number(1)),
    ("retry_timeout", Kind::Millis(0)),
    ("request_min_throughput", Kind::Number(0)),
    ("request_timeout", Kind::Millis(1)),
    ("auto_flush", Kind::Switch("off")),
    ("auto_flush_rows", Kind::Limit),
    ("auto_flush_bytes", Kind::Limit),
    ("auto_flush_interval", Kind::MillisLimit),
    ("protocol_version", Kind::Version),
    ("init_buf_size", Kind::Number(1)),
    ("max_name_len", Kind::Number(1)),
];

/// Returns the name of an object's class, for messages.
pub(crate) fn class_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// Makes the configuration of `Sender(protocol, host, port, ...)`.
///
/// # Errors
/// `TypeError` and `ValueError` about the arguments, `IngressError` if they do not fit together.
pub(crate) fn from_arguments(
    protocol: &Bound<'_, PyAny>,
    host: &Bound<'_, PyAny>,
    port: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    let mut config = Config::new();
    let protocol = tag("protocol", "Protocol", protocol)?;
    if !["tcp", "tcps", "http", "https"].contains(&protocol.as_str()) {
        return Err(PyValueError::new_err(format!(
            "protocol must be one of 'tcp', 'tcps', 'http', 'https' or a Protocol, not {}",
            client::internal::shown(&protocol)
        )));
    }
    set(&mut config, "protocol", &protocol)?;
    let Ok(host) = host.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("host must be a str, not {}", class_name(host))));
    };
    if !(port.is_instance_of::<PyInt>() || port.is_instance_of::<PyString>())
        || port.is_instance_of::<PyBool>()
    {
        return Err(PyTypeError::new_err(format!(
            "port must be an int or a str, not {}",
            class_name(port)
        )));
    }
    let (host, port) = (secret("host", host)?, secret("port", &port.str()?)?);
    let bare_v6 = host.contains(':') && !host.starts_with('[');
    let addr = if bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    set(&mut config, "addr", &addr)?;
    add(config, options)
}

/// Makes the configuration of a connection string and keywords.
///
/// # Errors
/// As [`from_arguments`], and `ValueError` for a keyword that the string has too.
pub(crate) fn add(mut config: Config, options: Option<&Bound<'_, PyDict>>) -> PyResult<Config> {
    for (key, value) in options.into_iter().flatten() {
        let key = key.cast::<PyString>()?.to_cow()?.into_owned();
        let Some(&(key, kind)) = OPTIONS.iter().find(|(name, _)| *name == key) else {
            return Err(PyTypeError::new_err(format!(
                "Sender got an unexpected keyword argument '{key}'"
            )));
        };
        if value.is_none() {
            continue;
        }
        if client::internal::has_option(&config, key) {
            return Err(PyValueError::new_err(format!(
                "\"{key}\" is already present in the conf_str and cannot be overridden."
            )));
        }
        if let Some(text) = text(key, kind, &value)? {
            set(&mut config, key, &text)?;
        }
    }
    Ok(config)
}

/// Sets one option. What is wrong with the value of an argument is a `ValueError`.
fn set(config: &mut Config, key: &str, text: &str) -> PyResult<()> {
    config.set(key, text).map_err(|e| PyValueError::new_err(e.message().to_owned()))
}

/// Reads a connection string.
///
/// # Errors
/// `IngressError`.
pub(crate) fn from_conf(conf: &Bound<'_, PyString>) -> PyResult<Config> {
    Config::from_conf(&secret("the connection string", conf)?).map_err(|e| convert(conf.py(), &e))
}

/// Returns the text of an option, or nothing if the value stands for the default.
fn text(key: &str, kind: Kind, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if kind == Kind::Authorities {
        return tag(key, "TlsCa", value).map(Some);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return secret(&format!("\"{key}\""), text).map(Some);
    }
    if let Ok(yes) = value.cast::<PyBool>() {
        return match (kind, yes.is_true()) {
            (Kind::Switch(_), true) => Ok(Some("on".to_owned())),
            (Kind::Switch(off), false) => Ok(Some(off.to_owned())),
            (Kind::Limit | Kind::MillisLimit, true) => Ok(None),
            (Kind::Limit | Kind::MillisLimit, false) => Ok(Some("off".to_owned())),
            _ => Err(wrong(key, kind, value)),
        };
    }
    let least = match kind {
        Kind::Number(least) | Kind::Millis(least) => Some(least),
        Kind::Limit | Kind::MillisLimit => Some(1),
        Kind::Version => Some(0),
        _ => None,
    };
    if let Some(least) = least {
        let millis = matches!(kind, Kind::Millis(_) | Kind::MillisLimit);
        let number = if value.is_instance_of::<PyInt>() || value.hasattr("__index__")? {
            value.extract::<i128>()?
        } else if let Some(micros) = time::timedelta(value)?.filter(|_| millis) {
            // Rounded up, so that only zero becomes zero.
            i128::from(micros).div_euclid(1000) + i128::from(micros.rem_euclid(1000) != 0)
        } else {
            return Err(wrong(key, kind, value));
        };
        if number < i128::from(least) {
            return Err(PyValueError::new_err(format!(
                "\"{key}\" must be >= {least}, not {number}"
            )));
        }
        return Ok(Some(number.to_string()));
    }
    if kind == Kind::Path && value.hasattr("__fspath__")? {
        let path = value.call_method0("__fspath__")?;
        let path = if path.is_instance_of::<PyBytes>() {
            value.py().import("os")?.call_method1("fsdecode", (path,))?
        } else {
            path
        };
        return Ok(Some(path.extract()?));
    }
    Err(wrong(key, kind, value))
}

/// Returns the text of a member of an enumeration, or of the text that stands for one.
fn tag(key: &str, class: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let tag = match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_cow()?.into_owned()),
        Err(_) => value.getattr("tag").and_then(|tag| tag.extract::<String>()),
    };
    tag.map_err(|_| {
        PyTypeError::new_err(format!(
            "\"{key}\" must be a {class} or a str, not {}",
            class_name(value)
        ))
    })
}

#[cold]
fn wrong(key: &str, kind: Kind, value: &Bound<'_, PyAny>) -> PyErr {
    let expected = match kind {
        Kind::Text => "a str",
        Kind::Switch(_) => "a bool or a str",
        Kind::Number(_) => "an int or a str",
        Kind::Limit => "an int, False or a str",
        Kind::Millis(_) => "an int (milliseconds), a timedelta or a str",
        Kind::MillisLimit => "an int (milliseconds), a timedelta, False or a str",
        Kind::Path => "a path or a str",
        Kind::Authorities => "a TlsCa or a str",
        Kind::Version => "an int or 'auto'",
    };
    PyTypeError::new_err(format!("\"{key}\" must be {expected}, not {}", class_name(value)))
}
