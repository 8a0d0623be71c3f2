//! Reads connection strings by a grammar of its own: what is in them, and which part of it is secret.

const SECRETS: [&str; 5] = ["password", "pass", "token", "token_x", "token_y"];
/// The number of characters of a secret in a message that count as a leak.
const WINDOW: usize = 8;

/// A key and its value without escapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub key: String,
    pub value: String,
}

/// Returns the word before `::`, and the pairs after it if all of them can be read.
pub fn pairs(conf: &str) -> (&str, Option<Vec<Pair>>) {
    let Some((service, rest)) = conf.split_once("::") else { return (conf, None) };
    let mut found = Vec::new();
    for (param, _) in params(rest) {
        let Some((key, value)) = param.split_once('=') else { return (service, None) };
        found.push(Pair { key: key.to_owned(), value: value.replace(";;", ";") });
    }
    (service, Some(found))
}

/// Returns the pieces between single semicolons, each with its place.
fn params(rest: &str) -> Vec<(&str, usize)> {
    let bytes = rest.as_bytes();
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    // A semicolon counts as doubled only in a value.
    let mut in_value = false;
    while at < bytes.len() {
        match bytes[at] {
            b'=' => in_value = true,
            b';' if in_value && bytes.get(at + 1) == Some(&b';') => at += 1,
            b';' => {
                found.push((&rest[start..at], start));
                start = at + 1;
                in_value = false;
            }
            _ => {}
        }
        at += 1;
    }
    if start < rest.len() {
        found.push((&rest[start..], start));
    }
    found
}

/// Returns pieces of the secrets in a connection string, including what follows an unescaped semicolon. They are only
/// capitals and digits, of which no message of ours has so many, and only what occurs nowhere else in the string.
pub fn secret_windows(conf: &str) -> Vec<&str> {
    let Some((service, rest)) = conf.split_once("::") else { return Vec::new() };
    let base = service.len() + 2;
    let mut spans = Vec::new();
    let mut behind_secret = false;
    for (param, at) in params(rest) {
        let key = param.split_once('=').map(|(key, _)| key);
        match key {
            Some(key) if SECRETS.contains(&key) => {
                spans.push(base + at + key.len() + 1..base + at + param.len());
                behind_secret = true;
            }
            // This is not a pair, or one with a key in capitals, which no option has.
            _ if behind_secret
                && key.is_none_or(|key| !key.contains(|c: char| c.is_ascii_lowercase())) =>
            {
                let len = key.map_or(param.len(), str::len);
                spans.push(base + at..base + at + len);
            }
            _ => {}
        }
    }
    let mut open = conf.as_bytes().to_vec();
    spans.iter().for_each(|span| open[span.clone()].fill(0));
    let hidden = |window: &[u8]| {
        window.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && !open.windows(WINDOW).any(|w| w == window)
    };
    let starts = spans.into_iter().flat_map(|s| s.start..s.end.saturating_sub(WINDOW - 1)).take(64);
    starts.filter_map(|at| conf.get(at..at + WINDOW)).filter(|w| hidden(w.as_bytes())).collect()
}
