//! Addresses of the server: `host`, `host:port`, `[v6]:port`, or several of them separated by commas.

use std::fmt;
use std::net::Ipv6Addr;

/// The most addresses that one list may hold.
pub(super) const MAX_ADDRS: usize = 64;

/// An address on which the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Addr {
    /// A host name or an IP address. An IPv6 address is written without brackets here.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl Addr {
    /// Returns whether the host is an IPv6 address, which needs brackets in URLs and `Host` headers.
    pub fn is_ipv6(&self) -> bool {
        self.host.contains(':')
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ipv6() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An address as it was written. Without a port it gets the default port of the protocol later.
#[derive(Debug, Clone)]
pub(super) struct RawAddr {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl fmt::Display for RawAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (Some(port), true) => write!(f, "[{}]:{port}", self.host),
            (Some(port), false) => write!(f, "{}:{port}", self.host),
            (None, true) => write!(f, "[{}]", self.host),
            (None, false) => f.write_str(&self.host),
        }
    }
}

/// What is wrong with an address list. `echo` says whether the message may show the list: one that looks like a URL with
/// credentials must not be repeated.
#[derive(Debug)]
pub(super) struct BadAddr {
    pub(super) reason: String,
    pub(super) echo: bool,
}

fn bad<T>(reason: impl Into<String>) -> Result<T, BadAddr> {
    Err(BadAddr { reason: reason.into(), echo: true })
}

/// Splits and checks a list of addresses. Only the form of hosts is checked; the resolver finds out whether they exist.
pub(super) fn parse_list(text: &str) -> Result<Vec<RawAddr>, BadAddr> {
    if text.contains('@') {
        return Err(BadAddr {
            reason: "takes host:port only; credentials go to username and password".into(),
            echo: false,
        });
    }
    if text.contains('/') {
        return Err(BadAddr { reason: "takes host:port only, not a URL".into(), echo: false });
    }
    let list = text.split(',').map(parse_one).collect::<Result<Vec<_>, _>>()?;
    if list.len() > MAX_ADDRS {
        return bad(format!("takes at most {MAX_ADDRS} addresses"));
    }
    Ok(list)
}

fn parse_one(text: &str) -> Result<RawAddr, BadAddr> {
    if text.is_empty() {
        return bad("has an empty entry");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((host, after)) = rest.split_once(']') else {
                return bad("has a \"[\" without \"]\"");
            };
            if host.parse::<Ipv6Addr>().is_err() {
                return bad("has something other than an IPv6 address in brackets");
            }
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return bad("has text between \"]\" and the port"),
            }
        }
        None if text.bytes().filter(|b| *b == b':').count() > 1 => {
            return bad(
                "has more than one \":\"; write an IPv6 address in brackets, as [::1]:9000",
            );
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            check_name(host)?;
            (host, port)
        }
    };
    let port = port.map(parse_port).transpose()?;
    Ok(RawAddr { host: host.to_owned(), port })
}

fn parse_port(text: &str) -> Result<u16, BadAddr> {
    // `u16::from_str` would also accept a leading plus sign.
    match text.parse::<u16>() {
        Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => bad("needs a port of 1 to 65535 after \":\""),
    }
}

/// Checks a DNS name, in which underscores are allowed because container networks use them, or an IPv4 address.
fn check_name(host: &str) -> Result<(), BadAddr> {
    if host.is_empty() {
        return bad("has no host before \":\"");
    }
    if !host.is_ascii() {
        return bad("has a host that is not ASCII; write an international name in its xn-- form");
    }
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
        return bad("has a character that no host name holds");
    }
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.len() > 253 || labels.split('.').any(|l| l.is_empty() || l.len() > 63) {
        return bad(
            "has a host whose name or a part of it is empty or too long (253 and 63 bytes)",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let long = "a".repeat(64);
        let name_254 = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(62));
        let cases: &[(&str, Option<&str>)] = &[
            ("localhost", Some("localhost")),
            ("localhost:9000", Some("localhost:9000")),
            ("a_b.c-d.:1,10.0.0.1:65535", Some("a_b.c-d.:1 10.0.0.1:65535")),
            ("[::1]", Some("[::1]")),
            ("[::1]:9000,[fe80::2],x", Some("[::1]:9000 [fe80::2] x")),
            ("[::ffff:1.2.3.4]:7", Some("[::ffff:1.2.3.4]:7")),
            ("", None),
            (",", None),
            ("a,", None),
            ("a,,b", None),
            ("a, b", None),
            (":9000", None),
            ("a:", None),
            ("a:0", None),
            ("a:+1", None),
            ("a:65536", None),
            ("a:99999999999999999999", None),
            ("a:1:2", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]9000", None),
            ("[::1]:", None),
            ("[localhost]:1", None),
            ("[fe80::1%eth0]:1", None),
            ("]:1", None),
            ("a..b", None),
            (".", None),
            ("é", None),
            ("a;b", None),
            ("http://a", None),
            ("user:pw@a:1", None),
            (&long, None),
            (&name_254, None),
        ];
        for (input, want) in cases {
            let got = parse_list(input)
                .ok()
                .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            assert_eq!(got.as_deref(), *want, "{input}");
        }
        assert!(parse_list(&vec!["a"; MAX_ADDRS].join(",")).is_ok());
        assert!(parse_list(&vec!["a"; MAX_ADDRS + 1].join(",")).is_err());
    }

    #[test]
    fn credentials_in_a_url_are_not_echoed() {
        for input in ["user:pw@host", "http://user:pw@host/", "a,b@c"] {
            assert!(!parse_list(input).unwrap_err().echo, "{input}");
        }
    }

    #[test]
    fn shown_with_brackets_where_needed() {
        let v6 = Addr { host: "::1".into(), port: 9000 };
        assert_eq!((v6.to_string().as_str(), v6.is_ipv6()), ("[::1]:9000", true));
        let name = Addr { host: "db".into(), port: 1 };
        assert_eq!((name.to_string().as_str(), name.is_ipv6()), ("db:1", false));
    }
}
