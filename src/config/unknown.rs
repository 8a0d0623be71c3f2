//! The error for a key that is no option, with the option that was probably meant.

use super::options::OPTIONS;
use super::value::Place;
use crate::error::{Error, err};
use crate::quoted::shown;

/// Keys of other clients, with a message that says more than that they are unknown.
const FOREIGN: &[(&str, &str)] = &[
    ("tls_roots_password", "a PEM file is not encrypted; leave it out"),
    ("gzip", "bodies are not compressed; leave it out"),
    ("pool_timeout", "a kept connection is looked at before it is used; leave it out"),
    ("own_socket", "sockets are always the sender's own; leave it out"),
    ("convert_local_to_utc", "timestamps are always UTC; leave it out"),
    ("stdlib_http", "there is one HTTP client; leave it out"),
    ("auth_timeout_ms", "it is of another protocol; auth_timeout is its like"),
    (
        "initial_connect_retry",
        "it is of another protocol; lazy_connect lets a sender be made without its server",
    ),
];

/// Returns the option that an unknown key was probably meant to be.
fn nearest(name: &str) -> Option<&'static str> {
    // No option has a name that is this long. The limit bounds the quadratic time that a long key would take.
    if name.len() > 40 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let all = OPTIONS.iter().flat_map(|o| std::iter::once(o.name).chain(o.aliases.iter().copied()));
    all.map(|known| (distance(&name, known), known))
        .min()
        .filter(|(d, known)| *d <= (known.len() / 3).max(1) && *d < name.len())
        .map(|(_, known)| known)
}

/// Returns how many edits (insert, delete, replace, swap of neighbours) turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            row[j] = (last[j - 1] + usize::from(!same)).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// Returns the error for a key that is not in the table. `echo` is false where the key may be the rest of a secret.
pub(super) fn error(name: &str, at: Place, echo: bool) -> Error {
    if let Some((name, hint)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        return err!(Config, "the key \"{name}\"{at} is not supported: {hint}");
    }
    let hint = match nearest(name) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None if echo => String::new(),
        None => "; a \";\" inside a value is written \";;\"".into(),
    };
    if echo {
        err!(Config, "unknown key {}{at}{hint}", shown(name))
    } else {
        err!(Config, "unknown key{at}{hint}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys() {
        let cases = [
            ("adr", Some("addr")),
            ("ADDR", Some("addr")),
            ("adrr", Some("addr")),
            ("usrename", Some("username")),
            ("pasword", Some("password")),
            ("retry_timout", Some("retry_timeout")),
            ("auto_flush_row", Some("auto_flush_rows")),
            ("retry_max_backoff_ms", Some("retry_max_backoff")),
            ("token_z", Some("token_x")),
            ("tls_root", Some("tls_roots")),
            ("x", None),
            ("zone", None),
            ("in_flight_window", None),
        ];
        for (name, want) in cases {
            assert_eq!(nearest(name), want, "{name}");
        }
        assert_eq!(nearest(&"a".repeat(1 << 20)), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ca", "ac"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_rest_of_a_secret_is_not_repeated() {
        let hidden = error("hunter2", Place(Some(9)), false).to_string();
        assert_eq!(hidden, "unknown key at position 9; a \";\" inside a value is written \";;\"");
        let shown = error("hunter2", Place(Some(9)), true).to_string();
        assert_eq!(shown, "unknown key \"hunter2\" at position 9");
        let typo = error("adrr", Place(None), false).to_string();
        assert_eq!(typo, "unknown key; did you mean \"addr\"?");
    }
}
