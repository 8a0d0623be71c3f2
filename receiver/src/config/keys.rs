//! The table of keys, the only list of them. Reading `server.conf` and the environment, messages about ranges, suggestions for
//! unknown keys, `--check-config` and `doc/receiver-keys.md` are all made from it. A new key is a new row.

use super::options::PartitionBy;
use super::value::{KeyKind, Value};
use crate::ReceiverBuilder;
use crate::line::TimeUnit;

/// One key.
pub(super) struct KeyRow {
    /// The name in QuestDB's document of its ILP receiver, or the only name.
    pub(super) name: &'static str,
    /// What QuestDB 9.3.4 calls it, where that differs.
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: KeyKind,
    /// The default as it would be written; empty if there is none.
    pub(super) default: &'static str,
    pub(super) meaning: &'static str,
    pub(super) effect: Effect,
}

/// What a value does.
pub(super) enum Effect {
    /// It sets one thing of the receiver.
    Sets(fn(&mut ReceiverBuilder, &Value)),
    /// It is read together with others, in `receiver.rs`, or by the program.
    Together,
    /// Nothing, for this reason. A value that is not the default is answered by a warning.
    Nothing(&'static str),
}

/// The keys that are read by name.
pub(super) mod names {
    pub(in super::super) const TCP_BIND: &str = "line.tcp.net.bind.to";
    pub(in super::super) const HTTP_BIND: &str = "http.net.bind.to";
    pub(in super::super) const MONITOR_BIND: &str = "http.min.net.bind.to";
    pub(in super::super) const MONITOR_ENABLED: &str = "http.min.enabled";
    pub(in super::super) const MONITOR_CONNECTIONS: &str = "http.min.net.connection.limit";
    pub(in super::super) const METRICS_ENABLED: &str = "metrics.enabled";
    pub(in super::super) const COMMIT_INTERVAL: &str = "line.tcp.commit.interval.default";
    pub(in super::super) const COMMIT_FRACTION: &str = "line.tcp.commit.interval.fraction";
    pub(in super::super) const AUTH_DB: &str = "line.tcp.auth.db.path";
    pub(in super::super) const HTTP_USER: &str = "http.user";
    pub(in super::super) const HTTP_PASSWORD: &str = "http.password";
    pub(in super::super) const HTTP_TOKEN: &str = "http.token";
    pub(in super::super) const TLS_ENABLED: &str = "tls.enabled";
    pub(in super::super) const TLS_CERT: &str = "tls.cert.path";
    pub(in super::super) const TLS_KEY: &str = "tls.private.key.path";
    pub(in super::super) const STORAGE: &str = "receiver.storage";
    pub(in super::super) const STORAGE_SYNC: &str = "receiver.storage.sync";
    pub(in super::super) const STORAGE_ROWS: &str = "receiver.storage.flush.rows";
    pub(in super::super) const STORAGE_AGE: &str = "receiver.storage.flush.interval";
    pub(in super::super) const STRICT: &str = "config.validation.strict";
}

const DAY_MS: u64 = 86_400_000;
const CONNECTIONS: KeyKind = KeyKind::Number { min: 1, max: 1_000_000 };
const IDLE: KeyKind = KeyKind::Millis { max: DAY_MS, zero_is_off: true };
const INTERVAL: KeyKind = KeyKind::Millis { max: DAY_MS, zero_is_off: false };
const SIZE: KeyKind = KeyKind::Bytes { min: 512, max: 1 << 40 };
const UNITS: &[&str] =
    &["nanos", "micros", "millis", "seconds", "minutes", "hours", "n", "u", "ms", "s", "m", "h"];

macro_rules! key {
    ($name:expr, [$($alias:literal),*], $kind:expr, $default:literal, $effect:expr, $meaning:literal) => {
        KeyRow { name: $name, aliases: &[$($alias),*], kind: $kind, default: $default, meaning: $meaning, effect: $effect }
    };
}

/// The keys in groups, with the title of each.
pub(super) const GROUPS: [(&str, &[KeyRow]); 5] = [
    ("ILP over TCP", TCP),
    ("ILP over HTTP", HTTP),
    ("Monitoring", MONITORING),
    ("TLS, on both ports of ILP", TLS),
    ("Everything", GENERAL),
];

mod tcp;

use Effect::{Sets, Together};
use tcp::TCP;

const HTTP: &[KeyRow] = &[
    key!(
        "http.enabled",
        [],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.http.enabled = v.is_true()),
        "Whether rows are taken over HTTP."
    ),
    key!(
        names::HTTP_BIND,
        [],
        KeyKind::Address,
        "127.0.0.1:9000",
        Together,
        "Where. QuestDB listens on `0.0.0.0`, which here must be asked for."
    ),
    key!(
        "http.net.connection.limit",
        [],
        CONNECTIONS,
        "256",
        Sets(|b, v| b.http.connections = v.size()),
        "The most connections."
    ),
    key!(
        "http.net.connection.timeout",
        [],
        IDLE,
        "300000",
        Sets(|b, v| b.http.idle_timeout = v.time_if_on()),
        "A peer that sends nothing for so long is disconnected."
    ),
    key!(
        "line.http.max.recv.buffer.size",
        [],
        SIZE,
        "1g",
        Sets(|b, v| b.max_body = v.size()),
        "The largest body of a request."
    ),
    key!(
        names::HTTP_USER,
        [],
        KeyKind::Text,
        "",
        Together,
        "The user of basic authentication. Stands with the password."
    ),
    key!(
        names::HTTP_PASSWORD,
        [],
        KeyKind::Secret,
        "",
        Together,
        "The password of basic authentication."
    ),
    key!(
        names::HTTP_TOKEN,
        [],
        KeyKind::Secret,
        "",
        Together,
        "A bearer token. Together with a password, either is enough."
    ),
];

const MONITORING: &[KeyRow] = &[
    key!(
        names::MONITOR_ENABLED,
        [],
        KeyKind::Bool,
        "true",
        Together,
        "Whether there is a port for monitoring, with `/status` and `/metrics`. Off in a server without a folder."
    ),
    key!(names::MONITOR_BIND, [], KeyKind::Address, "127.0.0.1:9003", Together, "Where."),
    key!(names::MONITOR_CONNECTIONS, [], CONNECTIONS, "4", Together, "The most connections."),
    key!(
        names::METRICS_ENABLED,
        [],
        KeyKind::Bool,
        "true",
        Together,
        "Whether `/metrics` is answered. Off by default in QuestDB."
    ),
];

const TLS: &[KeyRow] = &[
    key!(
        names::TLS_ENABLED,
        [],
        KeyKind::Bool,
        "false",
        Together,
        "Whether connections are encrypted."
    ),
    key!(names::TLS_CERT, [], KeyKind::Path, "", Together, "The certificate chain, in PEM."),
    key!(names::TLS_KEY, [], KeyKind::Path, "", Together, "The private key, in PEM."),
];

const GENERAL: &[KeyRow] = &[
    key!(
        "receiver.memory.limit",
        [],
        KeyKind::Bytes { min: 1 << 20, max: 1 << 40 },
        "2g",
        Sets(|b, v| b.max_stored = v.size()),
        "About how many bytes rows may take. Over it, rows are not taken: 503 over HTTP, and TCP waits."
    ),
    key!(
        names::STORAGE,
        [],
        KeyKind::Choice(&["memory", "files"]),
        "memory",
        Together,
        "Where rows are kept. `files`: in a log and Parquet files of the server's folder; memory then shows the last ones."
    ),
    key!(
        names::STORAGE_SYNC,
        [],
        KeyKind::Choice(&["commit", "interval", "never"]),
        "commit",
        Together,
        "When rows in files are made durable: before the client is told, every second, or when the system likes."
    ),
    key!(
        names::STORAGE_ROWS,
        [],
        KeyKind::Number { min: 1, max: 1_000_000_000 },
        "1000000",
        Together,
        "The log becomes Parquet files when it has so many rows."
    ),
    key!(
        names::STORAGE_AGE,
        [],
        KeyKind::Millis { max: DAY_MS, zero_is_off: false },
        "600000",
        Together,
        "The log becomes Parquet files when its oldest row has waited so long."
    ),
    key!(
        "receiver.max.columns",
        [],
        KeyKind::Number { min: 1, max: 100_000 },
        "10000",
        Sets(|b, v| b.max_columns = v.size()),
        "The most columns of a table."
    ),
    key!(
        "receiver.create.decimals",
        [],
        KeyKind::Bool,
        "false",
        Sets(|b, v| b.strict_decimals = !v.is_true()),
        "Whether rows make decimal columns, which they do not in QuestDB."
    ),
    key!(
        "cairo.max.file.name.length",
        [],
        KeyKind::Number { min: 1, max: 255 },
        "127",
        Sets(|b, v| b.max_name_len = v.size()),
        "The longest name of a table or column, in UTF-16 units."
    ),
    key!(
        "receiver.log.level",
        [],
        KeyKind::Choice(&["error", "warn", "info", "debug"]),
        "info",
        Together,
        "How much the log tells."
    ),
    key!(
        names::STRICT,
        [],
        KeyKind::Bool,
        "false",
        Together,
        "Whether unknown keys are refused. If not, they are warned about."
    ),
];

fn unit(name: &str) -> TimeUnit {
    match name {
        "micros" | "u" => TimeUnit::Micros,
        "millis" | "ms" => TimeUnit::Millis,
        "seconds" | "s" => TimeUnit::Seconds,
        "minutes" | "m" => TimeUnit::Minutes,
        "hours" | "h" => TimeUnit::Hours,
        _ => TimeUnit::Nanos,
    }
}

/// Returns all keys in the order of the document.
pub(super) fn all() -> impl Iterator<Item = &'static KeyRow> {
    GROUPS.iter().flat_map(|(_, rows)| rows.iter())
}

/// Returns the key of that name, in either vocabulary.
pub(super) fn find(name: &str) -> Option<&'static KeyRow> {
    all().find(|row| row.name == name || row.aliases.contains(&name))
}

impl KeyRow {
    /// Returns the name of a key as an environment variable.
    pub(super) fn variable(name: &str) -> String {
        format!("QDB_{}", name.to_uppercase().replace('.', "_"))
    }
}

/// Returns `doc/receiver-keys.md`.
#[cfg(test)]
fn markdown() -> String {
    let mut text = String::from(HEAD);
    for (title, rows) in &GROUPS {
        text.push_str(&format!(
            "\n## {title}\n\n| key | values | default | meaning |\n|---|---|---|---|\n"
        ));
        for row in *rows {
            let aliases: String = row.aliases.iter().map(|a| format!("<br>`{a}`")).collect();
            let default =
                if row.default.is_empty() { String::new() } else { format!("`{}`", row.default) };
            let effect = match row.effect {
                Effect::Nothing(reason) => format!(" Has no effect: {reason}."),
                _ => String::new(),
            };
            let (name, range, meaning) = (row.name, row.kind.range(), row.meaning);
            text.push_str(&format!(
                "| `{name}`{aliases} | {range} | {default} | {meaning}{effect} |\n"
            ));
        }
    }
    text
}

#[cfg(test)]
const HEAD: &str = "\
# Keys of the receiver

This file is generated from the table in `receiver/src/config/keys.rs`.

A receiver that is started with `questdb-receiver -d DIR` reads `DIR/conf/server.conf`: lines of `key=value` in UTF-8, and comments after `#`.
A key is also an environment variable: `QDB_` and the key in capitals with `_` for `.`, such as `QDB_HTTP_NET_BIND_TO`. A secret may
stand in a file that a variable with `_FILE` at its end names, such as `QDB_HTTP_PASSWORD_FILE`. The command line goes before the
environment, and that before the file.

Where QuestDB's document of its ILP receiver and QuestDB 9.3.4 name a key differently, both names are taken; that of the document stands
first, and wins if both are set in the same place. `questdb-receiver -d DIR --check-config` shows every value and where it comes from.
";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_also_as_variables_and_every_default_is_in_range() {
        let mut seen = HashSet::new();
        for row in all() {
            for name in std::iter::once(&row.name).chain(row.aliases) {
                assert!(seen.insert(KeyRow::variable(name)), "{name} occurs twice");
            }
            assert!(row.kind.parse(row.default).is_ok(), "{}: {:?}", row.name, row.default);
            assert!(row.meaning.ends_with('.') && !row.meaning.contains('|'), "{}", row.name);
        }
        assert!(seen.len() > 50);
    }

    #[test]
    fn every_key_of_the_document_and_of_the_server_is_known() {
        for name in "line.tcp.enabled line.tcp.net.bind.to line.tcp.net.connection.limit line.tcp.net.connection.timeout \
            line.tcp.net.recv.buf.size line.tcp.net.connection.rcvbuf line.tcp.recv.buffer.size line.tcp.max.recv.buf.size \
            line.tcp.max.recv.buffer.size line.tcp.max.measurement.size line.tcp.commit.interval.default \
            line.tcp.commit.interval.fraction line.tcp.maintenance.interval line.tcp.maintenance.job.interval \
            line.tcp.writer.queue.capacity line.tcp.writer.idle.timeout line.tcp.min.idle.ms.before.writer.release \
            line.tcp.auto.create.new.tables line.auto.create.new.tables line.tcp.auto.create.new.columns \
            line.auto.create.new.columns line.tcp.default.partition.by line.default.partition.by \
            line.tcp.default.column.type.integer line.integer.default.column.type line.tcp.default.column.type.float \
            line.float.default.column.type line.tcp.timestamp.unit line.tcp.timestamp line.tcp.auth.db.path \
            line.tcp.disconnect.on.error line.tcp.log.message.on.error line.log.message.on.error http.enabled http.net.bind.to \
            http.net.connection.limit http.user http.password http.min.enabled http.min.net.bind.to metrics.enabled"
            .split_whitespace()
        {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn document_is_the_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../doc/receiver-keys.md");
        if std::env::var_os("QUESTDB_BLESS").is_some_and(|v| v == "1") {
            std::fs::write(&path, markdown()).unwrap();
        }
        let got = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            got == markdown(),
            "doc/receiver-keys.md is stale: run QUESTDB_BLESS=1 cargo test -p questdb-receiver document_is_the_table"
        );
    }
}
