//! Writes `doc/options.md` from the option table.

use std::fmt::Write;

use super::option_row::{DefaultValue, OptionRow};
use super::options::OPTIONS;

/// Where this library is stricter than the official Rust and C client, or differs from it, and why. The tests refer to each
/// difference by its word and prove that it exists.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "unknown-key",
        "A key that no option has is an error, with the nearest known key. A mistyped key that is skipped \
                     silently runs with a default nobody chose. That holds for keys of other languages' clients too: \
                     `tls_roots_password` (a PEM file has none), `gzip`, `pool_timeout`, `own_socket`, \
                     `convert_local_to_utc`, `stdlib_http`.",
    ),
    (
        "foreign-protocol",
        "`ws`, `wss` and `udp` are not spoken here; neither are the keys that belong to them.",
    ),
    (
        "auto-flush",
        "`auto_flush` may be `on`, and its limits are accepted, since senders flush by themselves here, from C as well.",
    ),
    (
        "empty-value",
        "An empty value is an error for every key. It usually is a template whose variable was not set, and \
                     an empty token or password sent to the server would only fail later and less clearly.",
    ),
    (
        "auth-combination",
        "Credentials that do not fit together, or not the protocol, are an error when the \
                          configuration is checked, not when the sender connects.",
    ),
    (
        "addr-form",
        "The form of addresses and the range of ports are checked at once: host names are ASCII, ports 1 to \
                   65535, IPv6 addresses in brackets and without a zone.",
    ),
    (
        "addr-list",
        "Several addresses are a failover list for every protocol, not only in Java and .NET. They may stand in one \
                     `addr`, separated by commas, or each in an `addr` of its own. Naming one twice is an error.",
    ),
    (
        "buffer-sizes",
        "An explicit `init_buf_size` above `max_buf_size` is an error; the default one shrinks instead.",
    ),
    (
        "small-sizes",
        "`init_buf_size`, `max_buf_size` and `max_name_len` may be anything above 0, as the documentation of Python \
                     has them; the Rust client itself asks for 1024, 1024 and 16.",
    ),
    (
        "interface-name",
        "`bind_interface` is an address or the name of an interface of this machine, as the documentation calls it. \
                     The Rust client takes the name of a host instead, which is not looked up here.",
    ),
    (
        "auth-timeout",
        "`auth_timeout=0` is not documented; with the Rust client it waits for ever. Here `send_timeout` bounds the \
                     wait then, so that no call is without an end. The TLS handshake belongs to `connect_timeout`.",
    ),
    (
        "tls-values",
        "`tls_ca` is one of four words and `tls_roots` the path of a PEM file. The general documentation and Node.js \
                     have a path for `tls_ca`, and the words `webpki` and `os-certs` for `tls_roots`: one key would \
                     mean two things.",
    ),
    ("unsafe-off", "`tls_verify=unsafe_off` needs a library built for it."),
    (
        "files-later",
        "The files of `tls_roots`, `tls_cert` and `tls_key` are read when the sender is made, so that \
                     a configuration can be made and checked where they are not.",
    ),
    (
        "webpki-and-os",
        "`tls_ca` is `webpki_and_os_roots` unless set, so that authorities that the machine's owner \
                       installed are trusted.",
    ),
    (
        "contradiction",
        "Values that contradict each other are errors: `auto_flush=on` with all of its limits off, \
                       `auto_flush_bytes` above `max_buf_size`, `tls_roots` beside another `tls_ca`, `tls_cert` without \
                       `tls_key`. Limits beside `auto_flush=off` are accepted: off wins.",
    ),
    (
        "plain-numbers",
        "Numbers are digits only, without a sign or a suffix as in `64k`, and have an upper limit as well.",
    ),
];

/// Returns the text of `doc/options.md`.
pub fn options_markdown() -> String {
    let mut out = String::from(HEAD);
    // Writing to a string cannot fail.
    for opt in OPTIONS {
        let (name, on) = (opt.name, opt.on.names());
        let _ = writeln!(out, "| [`{name}`](#{name}) | {} | {} | {on} |", opt.kind, default(opt));
    }
    out.push('\n');
    for opt in OPTIONS {
        let _ = writeln!(out, "### `{}`\n\n{}", opt.name, opt.help);
        for alias in opt.aliases {
            let _ = writeln!(out, "Also written `{alias}`.");
        }
        out.push('\n');
    }
    out.push_str(DIFFERENCES_HEAD);
    for (word, reason) in DIFFERENCES {
        let _ = writeln!(out, "- **{word}**: {reason}");
    }
    out
}

fn default(opt: &OptionRow) -> String {
    match &opt.default {
        DefaultValue::Required => "required".into(),
        DefaultValue::Unset => "none".into(),
        DefaultValue::Value(text) => format!("`{text}`"),
        DefaultValue::Split { http, tcp } => format!("`{http}` over HTTP, `{tcp}` over TCP"),
    }
}

const HEAD: &str = "\
# Options

<!-- Written from the option table by `QUESTDB_BLESS=1 cargo test options`; a test compares. -->

```
<protocol>::<key>=<value>;<key>=<value>;…
http::addr=localhost:9000;username=admin;password=quest;
```

The protocol is `http`, `https`, `tcp` or `tcps`. Keys are case-sensitive, each but `addr` may be given once, and the last
`;` may be left out. A value ends at a `;`; a `;` inside a value is written `;;`. Control characters are refused. Every option
can also be set by its key on a configuration object, there without doubling the `;`, and a later value replaces an
earlier one; in Rust each option has a setter of its own as well, which takes a duration, a number or an enumeration
(`Config::retry_timeout` and its like). The same string is read from the environment variable `QDB_CLIENT_CONF` on request;
line ends after it are ignored. Times are in milliseconds, sizes in bytes, both as plain digits.

An error names the key, the value unless it is a secret, the limit, and the position in the string, counted in bytes
from 0.

| key | values | default | protocols |
|---|---|---|---|
";

const DIFFERENCES_HEAD: &str = "\
## Differences from the official Rust and C client

";
