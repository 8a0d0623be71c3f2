//! The option table, the only list of options. Parsing, `set`, messages about ranges, suggestions for unknown keys and
//! `doc/options.md` are all made from it. A new option needs a row here and a field in [`Settings`](super::Settings).

use super::option_row::{AppliesTo, DefaultValue, Key, OptionKind, OptionRow};

impl Key {
    pub(super) fn name(self) -> &'static str {
        self.opt().name
    }

    pub(super) fn opt(self) -> &'static OptionRow {
        // The check below the table guarantees that the order is the same.
        &OPTIONS[self as usize]
    }
}

/// About 24 days, which the timers of all platforms support.
const MAX_MILLIS: u64 = i32::MAX as u64;
/// The most that the operating systems accept, in milliseconds; they count in whole seconds.
const MAX_KEEPALIVE: u64 = 32_767_000;
const MAX_SIZE: u64 = 1 << 40;
const MAX_CONNECTIONS: u64 = 1024;

const fn millis(min: u64) -> OptionKind {
    OptionKind::Number { unit: "milliseconds", min, max: MAX_MILLIS, off: false }
}

const fn bytes(min: u64) -> OptionKind {
    OptionKind::Number { unit: "bytes", min, max: MAX_SIZE, off: false }
}

/// All options.
pub(super) const OPTIONS: &[OptionRow] = &[
    OptionRow {
        key: Key::Protocol,
        name: "protocol",
        aliases: &[],
        kind: OptionKind::Choice(&["http", "https", "tcp", "tcps"]),
        on: AppliesTo::All,
        default: DefaultValue::Required,
        help: "How to talk to the server. In a connection string it is the word before `::`, in any case; only \
               `set` takes it as a key.",
    },
    OptionRow {
        key: Key::Addr,
        name: "addr",
        aliases: &[],
        kind: OptionKind::Addrs,
        on: AppliesTo::All,
        default: DefaultValue::Required,
        help: "Where the server listens: `host`, `host:port` or `[v6]:port`. Up to 64 of these make a list, separated \
               by commas (`addr=a,b`) or each with a key of its own (`addr=a;addr=b`): one at a time is used and the \
               next is tried when it fails. The default port is 9000 for http and https, 9009 for tcp and tcps.",
    },
    OptionRow {
        key: Key::BindInterface,
        name: "bind_interface",
        aliases: &[],
        kind: OptionKind::Interface,
        on: AppliesTo::Tcp,
        default: DefaultValue::Unset,
        help: "The network interface to connect from: one of its IP addresses, or on Linux, macOS and their kin its \
               name, such as `eth0`. Whether there is such an interface shows when the sender connects; Linux before \
               5.7 takes a name only from a process with CAP_NET_RAW.",
    },
    OptionRow {
        key: Key::Username,
        name: "username",
        aliases: &["user"],
        kind: OptionKind::Text { max: 512, ascii: false },
        on: AppliesTo::All,
        default: DefaultValue::Unset,
        help: "HTTP: the user of basic authentication, together with `password`; it cannot hold a `:`. TCP: the key \
               id, together with `token`, `token_x` and `token_y`.",
    },
    OptionRow {
        key: Key::Password,
        name: "password",
        aliases: &["pass"],
        kind: OptionKind::Secret { max: 4096 },
        on: AppliesTo::Http,
        default: DefaultValue::Unset,
        help: "The password of basic authentication.",
    },
    OptionRow {
        key: Key::Token,
        name: "token",
        aliases: &[],
        kind: OptionKind::Secret { max: 16384 },
        on: AppliesTo::All,
        default: DefaultValue::Unset,
        help: "HTTP: a bearer token, instead of `username` and `password`; it holds whatever a header can carry, so \
               no blank at either end. TCP: the private key d as base64url without padding.",
    },
    OptionRow {
        key: Key::TokenX,
        name: "token_x",
        aliases: &[],
        kind: OptionKind::Secret { max: 128 },
        on: AppliesTo::Tcp,
        default: DefaultValue::Unset,
        help: "The x coordinate of the public key as base64url without padding.",
    },
    OptionRow {
        key: Key::TokenY,
        name: "token_y",
        aliases: &[],
        kind: OptionKind::Secret { max: 128 },
        on: AppliesTo::Tcp,
        default: DefaultValue::Unset,
        help: "The y coordinate of the public key as base64url without padding.",
    },
    OptionRow {
        key: Key::AuthTimeout,
        name: "auth_timeout",
        aliases: &[],
        kind: millis(0),
        on: AppliesTo::All,
        default: DefaultValue::Value("15000"),
        help: "How long the authentication of a TCP connection may take. 0 sets no limit of its own: `send_timeout` \
               bounds it then. HTTP needs none: it is accepted there and has no effect.",
    },
    OptionRow {
        key: Key::TlsVerify,
        name: "tls_verify",
        aliases: &[],
        kind: OptionKind::Choice(&["on", "unsafe_off"]),
        on: AppliesTo::Tls,
        default: DefaultValue::Value("on"),
        help: "`unsafe_off` accepts any certificate from anyone; it is refused unless the library was built with the \
               cargo feature `insecure-skip-verify`.",
    },
    OptionRow {
        key: Key::TlsCa,
        name: "tls_ca",
        aliases: &[],
        kind: OptionKind::Choice(&["webpki_roots", "os_roots", "webpki_and_os_roots", "pem_file"]),
        on: AppliesTo::Tls,
        default: DefaultValue::Value("webpki_and_os_roots"),
        help: "The certificate authorities to trust: those built in, those of the operating system, both, or those \
               of the file `tls_roots`.",
    },
    OptionRow {
        key: Key::TlsRoots,
        name: "tls_roots",
        aliases: &[],
        kind: OptionKind::Path,
        on: AppliesTo::Tls,
        default: DefaultValue::Unset,
        help: "A PEM file with the certificate authorities to trust; implies `tls_ca=pem_file`. It is read when the \
               sender is made.",
    },
    OptionRow {
        key: Key::TlsCert,
        name: "tls_cert",
        aliases: &[],
        kind: OptionKind::Path,
        on: AppliesTo::Tls,
        default: DefaultValue::Unset,
        help: "A PEM file with the client's certificate chain; needs `tls_key`.",
    },
    OptionRow {
        key: Key::TlsKey,
        name: "tls_key",
        aliases: &[],
        kind: OptionKind::Path,
        on: AppliesTo::Tls,
        default: DefaultValue::Unset,
        help: "A PEM file with the unencrypted private key of `tls_cert`.",
    },
    OptionRow {
        key: Key::ProtocolVersion,
        name: "protocol_version",
        aliases: &[],
        kind: OptionKind::Choice(&["auto", "1", "2", "3"]),
        on: AppliesTo::All,
        default: DefaultValue::Value("auto"),
        help: "The version of the line protocol. `auto` asks the server over HTTP and is 1 over TCP, which cannot be \
               asked.",
    },
    OptionRow {
        key: Key::AutoFlush,
        name: "auto_flush",
        aliases: &[],
        kind: OptionKind::Choice(&["on", "off"]),
        on: AppliesTo::All,
        default: DefaultValue::Value("on"),
        help: "`off` turns the three limits below off, also where they are given.",
    },
    OptionRow {
        key: Key::AutoFlushRows,
        name: "auto_flush_rows",
        aliases: &[],
        kind: OptionKind::Number { unit: "rows", min: 1, max: i32::MAX as u64, off: true },
        on: AppliesTo::All,
        default: DefaultValue::Split { http: "75000", tcp: "600" },
        help: "Flush when the sender's own buffer holds that many rows.",
    },
    OptionRow {
        key: Key::AutoFlushBytes,
        name: "auto_flush_bytes",
        aliases: &[],
        kind: OptionKind::Number { unit: "bytes", min: 1, max: MAX_SIZE, off: true },
        on: AppliesTo::All,
        default: DefaultValue::Value("off"),
        help: "Flush when the sender's own buffer holds that many bytes; at most `max_buf_size`.",
    },
    OptionRow {
        key: Key::AutoFlushInterval,
        name: "auto_flush_interval",
        aliases: &[],
        kind: OptionKind::Number { unit: "milliseconds", min: 1, max: MAX_MILLIS, off: true },
        on: AppliesTo::All,
        default: DefaultValue::Value("1000"),
        help: "Flush when this much time has passed since the last flush of the sender's own buffer, successful or not, or \
               since the sender was made. Checked when a row ends, unless `auto_flush_timer=on`.",
    },
    OptionRow {
        key: Key::AutoFlushTimer,
        name: "auto_flush_timer",
        aliases: &[],
        kind: OptionKind::Choice(&["on", "off"]),
        on: AppliesTo::All,
        default: DefaultValue::Value("off"),
        help: "`on` sends the rows of a quiet sender of a pool once `auto_flush_interval` has passed, without a new row. Only senders \
               of a pool (Rust, C, C++) can have it; any other sender is refused with it.",
    },
    OptionRow {
        key: Key::AutoFlushMaxBackoff,
        name: "auto_flush_max_backoff",
        aliases: &[],
        kind: millis(10),
        on: AppliesTo::All,
        default: DefaultValue::Value("10000"),
        help: "The longest wait before the next automatic flush after one that failed; waits are drawn evenly from 0 to \
               a limit that doubles from 100 ms.",
    },
    OptionRow {
        key: Key::InitBufSize,
        name: "init_buf_size",
        aliases: &[],
        kind: bytes(1),
        on: AppliesTo::All,
        default: DefaultValue::Value("65536"),
        help: "The room that a new buffer takes at once; at most `max_buf_size`. The default shrinks with a smaller \
               `max_buf_size`.",
    },
    OptionRow {
        key: Key::MaxBufSize,
        name: "max_buf_size",
        aliases: &[],
        kind: bytes(1),
        on: AppliesTo::All,
        default: DefaultValue::Value("104857600"),
        help: "The most that a buffer may hold.",
    },
    OptionRow {
        key: Key::MaxNameLen,
        name: "max_name_len",
        aliases: &[],
        kind: OptionKind::Number { unit: "bytes", min: 1, max: 65535, off: false },
        on: AppliesTo::All,
        default: DefaultValue::Value("127"),
        help: "The longest table or column name. Unless it is set, the server's own limit is used where the server \
               tells it.",
    },
    OptionRow {
        key: Key::LazyConnect,
        name: "lazy_connect",
        aliases: &[],
        kind: OptionKind::Choice(&["on", "off"]),
        on: AppliesTo::All,
        default: DefaultValue::Value("off"),
        help: "`on` makes a sender also while the server is down: it connects with the first flush that has rows, or \
               when it is told to by `connect`. With `protocol_version=auto` over HTTP the server is asked for its \
               version then; rows that wait are rewritten for a server that is older than this client, and a value that \
               such a server does not know is an error of the flush.",
    },
    OptionRow {
        key: Key::ConnectTimeout,
        name: "connect_timeout",
        aliases: &[],
        kind: millis(1),
        on: AppliesTo::All,
        default: DefaultValue::Value("5000"),
        help: "How long name resolution, connecting and the TLS handshake may take for one entry of `addr`, all IP \
               addresses of its host name together. Over HTTP the \
               default shrinks with a smaller `request_timeout`, whose deadline always holds.",
    },
    OptionRow {
        key: Key::SendTimeout,
        name: "send_timeout",
        aliases: &[],
        kind: millis(1),
        on: AppliesTo::Tcp,
        default: DefaultValue::Value("30000"),
        help: "How long one flush over TCP may take, reconnecting included. Raise it where a full buffer needs longer \
               to cross the network.",
    },
    OptionRow {
        key: Key::TcpUserTimeout,
        name: "tcp_user_timeout",
        aliases: &[],
        kind: OptionKind::Number { unit: "milliseconds", min: 1, max: MAX_MILLIS, off: true },
        on: AppliesTo::All,
        default: DefaultValue::Split { http: "off", tcp: "30000" },
        help: "How long a peer may leave sent bytes unacknowledged until the connection counts as broken. Where the \
               operating system has such a limit (Linux, Android, Apple's systems), it breaks the connection by itself, and \
               each flush over TCP looks at the bytes that are not acknowledged. This is what notices a peer that vanishes; \
               over HTTP every attempt has its own deadline.",
    },
    OptionRow {
        key: Key::KeepaliveIdle,
        name: "keepalive_idle",
        aliases: &[],
        kind: OptionKind::Number { unit: "milliseconds", min: 1000, max: MAX_KEEPALIVE, off: true },
        on: AppliesTo::All,
        default: DefaultValue::Value("30000"),
        help: "How long a connection may be idle until the operating system asks the peer whether it is still there; whole \
               seconds, rounded up. `off` turns such probes off.",
    },
    OptionRow {
        key: Key::KeepaliveInterval,
        name: "keepalive_interval",
        aliases: &[],
        kind: OptionKind::Number {
            unit: "milliseconds",
            min: 1000,
            max: MAX_KEEPALIVE,
            off: false,
        },
        on: AppliesTo::All,
        default: DefaultValue::Value("10000"),
        help: "The time between two such probes; whole seconds, rounded up.",
    },
    OptionRow {
        key: Key::KeepaliveCount,
        name: "keepalive_count",
        aliases: &[],
        kind: OptionKind::Number { unit: "probes", min: 1, max: 127, off: false },
        on: AppliesTo::All,
        default: DefaultValue::Value("3"),
        help: "How many probes may stay unanswered until the connection counts as broken. Where the operating system has \
               `tcp_user_timeout`, that decides instead unless it is off.",
    },
    OptionRow {
        key: Key::RequestTimeout,
        name: "request_timeout",
        aliases: &[],
        kind: millis(1),
        on: AppliesTo::Http,
        default: DefaultValue::Value("10000"),
        help: "How long one attempt may take, before the time that its size adds by `request_min_throughput`.",
    },
    OptionRow {
        key: Key::RequestMinThroughput,
        name: "request_min_throughput",
        aliases: &[],
        kind: OptionKind::Number { unit: "bytes per second", min: 0, max: MAX_SIZE, off: false },
        on: AppliesTo::Http,
        default: DefaultValue::Value("102400"),
        help: "The slowest upload to put up with: an attempt may take its size divided by this longer. 0 adds \
               nothing.",
    },
    OptionRow {
        key: Key::RetryTimeout,
        name: "retry_timeout",
        aliases: &[],
        kind: millis(0),
        on: AppliesTo::Http,
        default: DefaultValue::Value("10000"),
        help: "How long a flush goes on after its first failed attempt, the attempt in progress included. 0 means one request.",
    },
    OptionRow {
        key: Key::RetryMaxBackoff,
        name: "retry_max_backoff",
        aliases: &["retry_max_backoff_millis"],
        kind: millis(10),
        on: AppliesTo::Http,
        default: DefaultValue::Value("1000"),
        help: "The longest wait between two attempts.",
    },
    OptionRow {
        key: Key::Delivery,
        name: "delivery",
        aliases: &[],
        kind: OptionKind::Choice(&["at_least_once", "at_most_once"]),
        on: AppliesTo::Http,
        default: DefaultValue::Value("at_least_once"),
        help: "`at_least_once` also repeats an attempt whose fate is unknown, which may store rows twice in a table \
               without deduplication; `at_most_once` repeats only what was certainly not stored.",
    },
    OptionRow {
        key: Key::UserAgent,
        name: "user_agent",
        aliases: &[],
        kind: OptionKind::Text { max: 128, ascii: true },
        on: AppliesTo::Http,
        default: DefaultValue::Unset,
        help: "Printable ASCII text that is added to the `User-Agent` header.",
    },
    OptionRow {
        key: Key::SenderPoolMin,
        name: "sender_pool_min",
        aliases: &[],
        kind: OptionKind::Number { unit: "connections", min: 0, max: MAX_CONNECTIONS, off: false },
        on: AppliesTo::All,
        default: DefaultValue::Value("1"),
        help: "How many connections of a pool stay open however long they are idle.",
    },
    OptionRow {
        key: Key::SenderPoolMax,
        name: "sender_pool_max",
        aliases: &[],
        kind: OptionKind::Number { unit: "connections", min: 1, max: MAX_CONNECTIONS, off: false },
        on: AppliesTo::All,
        default: DefaultValue::Value("4"),
        help: "How many connections a pool has at most; each has a thread.",
    },
    OptionRow {
        key: Key::AcquireTimeout,
        name: "acquire_timeout_ms",
        aliases: &[],
        kind: millis(0),
        on: AppliesTo::All,
        default: DefaultValue::Value("5000"),
        help: "How long a submit to a pool waits while the queue is full; 0 does not wait.",
    },
    OptionRow {
        key: Key::IdleTimeout,
        name: "idle_timeout_ms",
        aliases: &[],
        kind: millis(1),
        on: AppliesTo::All,
        default: DefaultValue::Value("60000"),
        help: "How long a connection of a pool may be idle until it ends, unless `sender_pool_min` keeps it.",
    },
    OptionRow {
        key: Key::QueueMaxBytes,
        name: "queue_max_bytes",
        aliases: &[],
        kind: bytes(1024),
        on: AppliesTo::All,
        default: DefaultValue::Value("268435456"),
        help: "How many bytes of rows a pool holds at most, those that are being sent and those that failed and were not taken \
               back included.",
    },
];

// If the rows had another order, a key would get the value of another one. This makes that a compile error.
const _: () = {
    let mut i = 0;
    while i < OPTIONS.len() {
        assert!(OPTIONS[i].key as usize == i, "OPTIONS and Key are not in the same order");
        i += 1;
    }
    assert!(Key::QueueMaxBytes as usize + 1 == OPTIONS.len(), "a Key has no row in OPTIONS");
};

/// Finds an option by its name or an alias.
pub(super) fn find(name: &str) -> Option<&'static OptionRow> {
    OPTIONS.iter().find(|o| o.name == name || o.aliases.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::value::Place;
    use super::*;
    use crate::config::Protocol;

    #[test]
    fn the_table_is_sound() {
        let mut names = BTreeSet::new();
        for opt in OPTIONS {
            for name in std::iter::once(&opt.name).chain(opt.aliases) {
                assert!(names.insert(*name), "{name} is there twice");
                assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
                assert_eq!(find(name).map(|o| o.key), Some(opt.key));
            }
            for protocol in [Protocol::Http, Protocol::Https, Protocol::Tcp, Protocol::Tcps] {
                if let Some(text) = opt.default.text(protocol) {
                    let value = opt.parse(text, Place(None)).unwrap();
                    assert_eq!(value.to_string(), text, "{}", opt.name);
                }
            }
            assert!(opt.help.ends_with('.') && !opt.help.contains("  "), "{}", opt.help);
        }
        assert!(find("").is_none() && find("ADDR").is_none());
    }
}
