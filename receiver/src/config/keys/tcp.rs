//! The keys of ILP over TCP.

use super::Effect::{Nothing, Sets, Together};
use super::{CONNECTIONS, IDLE, INTERVAL, KeyKind, KeyRow, PartitionBy, SIZE, UNITS, names, unit};

pub(super) const TCP: &[KeyRow] = &[
    key!(
        "line.tcp.enabled",
        [],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.tcp.enabled = v.is_true()),
        "Whether rows are taken over TCP."
    ),
    key!(
        names::TCP_BIND,
        [],
        KeyKind::Address,
        "127.0.0.1:9009",
        Together,
        "Where. QuestDB listens on `0.0.0.0`, which here must be asked for."
    ),
    key!(
        "line.tcp.net.connection.limit",
        [],
        CONNECTIONS,
        "256",
        Sets(|b, v| b.tcp.connections = v.size()),
        "The most connections. Further ones wait in the backlog."
    ),
    key!(
        "line.tcp.net.connection.queue.timeout",
        [],
        INTERVAL,
        "5000",
        Sets(|b, v| b.tcp.queue_timeout = v.time()),
        "How long they wait before they are closed."
    ),
    key!(
        "line.tcp.net.connection.timeout",
        [],
        IDLE,
        "300000",
        Sets(|b, v| b.tcp.idle_timeout = v.time_if_on()),
        "A peer that sends nothing for so long is disconnected."
    ),
    key!(
        "line.tcp.net.recv.buf.size",
        ["line.tcp.recv.buffer.size", "line.tcp.net.connection.rcvbuf"],
        SIZE,
        "2048",
        Sets(|b, v| b.tcp.first_buffer = v.size()),
        "The first buffer of a connection; it grows with long rows."
    ),
    key!(
        "line.tcp.max.recv.buf.size",
        ["line.tcp.max.recv.buffer.size"],
        SIZE,
        "1g",
        Sets(|b, v| b.max_line = v.size()),
        "The longest row. A longer one is refused and ends its connection."
    ),
    key!(
        "line.tcp.max.measurement.size",
        [],
        KeyKind::Number { min: 1, max: 100_000 },
        "512",
        Sets(|b, v| b.tcp.max_fields = v.size()),
        "The most fields of a row, as the document says. QuestDB 9.3.4 counts bytes under this name, so that its value may be out of range here."
    ),
    key!(
        names::COMMIT_INTERVAL,
        [],
        INTERVAL,
        "2000",
        Together,
        "Rows wait for their commit at most this long, times the fraction."
    ),
    key!(names::COMMIT_FRACTION, [], KeyKind::Fraction, "0.5", Together, "See the interval."),
    key!(
        "line.tcp.maintenance.interval",
        ["line.tcp.maintenance.job.interval"],
        INTERVAL,
        "100",
        Nothing("each connection commits its own rows in time; no job looks for them"),
        "How often a job looks for rows to commit."
    ),
    key!(
        "line.tcp.writer.queue.capacity",
        [],
        KeyKind::Number { min: 1, max: 1 << 32 },
        "64",
        Nothing("there is no queue: a connection is not read while its rows cannot be taken"),
        "How many buffers wait for a writer."
    ),
    key!(
        "line.tcp.writer.idle.timeout",
        ["line.tcp.min.idle.ms.before.writer.release"],
        INTERVAL,
        "30000",
        Nothing("nothing is kept open for a table that gets no rows"),
        "When the writer of an idle table is released."
    ),
    key!(
        "line.tcp.auto.create.new.tables",
        ["line.auto.create.new.tables"],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.tables.create_tables = v.is_true()),
        "Whether rows make the tables that are missing. If not, they are refused."
    ),
    key!(
        "line.tcp.auto.create.new.columns",
        ["line.auto.create.new.columns"],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.tables.create_columns = v.is_true()),
        "Whether rows make the columns that are missing. If not, they are refused."
    ),
    key!(
        "line.tcp.default.partition.by",
        ["line.default.partition.by"],
        KeyKind::Choice(&["NONE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"]),
        "DAY",
        Sets(|b, v| b.tables.partition_by =
            PartitionBy::from_name(v.word()).unwrap_or(PartitionBy::Day)),
        "The partitions of tables that rows make."
    ),
    key!(
        "line.tcp.default.column.type.integer",
        ["line.integer.default.column.type"],
        KeyKind::Choice(&["LONG"]),
        "LONG",
        Together,
        "The type of columns that integers make. QuestDB's smaller types do not exist here."
    ),
    key!(
        "line.tcp.default.column.type.float",
        ["line.float.default.column.type"],
        KeyKind::Choice(&["DOUBLE"]),
        "DOUBLE",
        Together,
        "The type of columns that floating point numbers make. QuestDB's FLOAT does not exist here."
    ),
    key!(
        "line.tcp.timestamp.unit",
        ["line.tcp.timestamp"],
        KeyKind::Choice(UNITS),
        "nanos",
        Sets(|b, v| b.tcp.timestamp_unit = unit(v.word())),
        "The unit of times that name none."
    ),
    key!(
        names::AUTH_DB,
        [],
        KeyKind::Path,
        "",
        Together,
        "The keys that clients sign with, lines of `KEY_ID ec-p-256-sha256 X Y`. Without it nobody has to sign."
    ),
    key!(
        "line.tcp.disconnect.on.error",
        [],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.tcp.disconnect_on_error = v.is_true()),
        "Whether a bad row ends its connection. If not, it is skipped, and reading goes on behind the next line end."
    ),
    key!(
        "line.tcp.log.message.on.error",
        ["line.log.message.on.error"],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.tcp.log_text = v.is_true()),
        "Whether the log shows the text of refused rows."
    ),
    key!(
        "line.tcp.error.replies",
        [],
        KeyKind::Bool,
        "true",
        Sets(|b, v| b.error_replies = v.is_true()),
        "Whether a bad row is answered by `ERROR: …`, as the document says. QuestDB 9.3.4 never answers; nor does a server with `--commands`."
    ),
];
