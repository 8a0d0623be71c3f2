//! Every type of column goes through our own buffer and sender and is read back by SQL, with all protocol versions and
//! transports, with and without login and TLS.

use questdb_ingress::internal::OwnBuffer as _;
use std::time::Duration;

use questdb_ingress::{ArrayView, Buffer, Outcome, ProtocolVersion, Result, Sender};
use serde_json::{Value, json};

use questdb_ingress_testkit::certificates::trust;
use questdb_ingress_testkit::haproxy::TlsProxy;
use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => every_type_by_every_road,
    Options::AUTH => every_type_by_every_road_with_login,
}

/// One row: what is sent and, if it differs by version or form, what is then read.
#[derive(Debug, Clone, Default)]
struct Row {
    symbol: Option<&'static str>,
    flag: Option<bool>,
    integer: Option<i64>,
    double: Option<f64>,
    text: Option<&'static str>,
    micros: Option<i64>,
    nanos: Option<i64>,
    line: Option<Vec<f64>>,
    grid: Option<Vec<f64>>,
    /// Text, and what is read from a column of scale 10.
    dec_text: Option<(&'static str, &'static str)>,
    /// Scale, digits, and what is read from a column of scale 3.
    dec_i64: Option<(u32, i64, &'static str)>,
    /// Scale, digits, and what is read from a column of scale 20.
    dec_i128: Option<(u32, i128, &'static str)>,
    /// The same from bytes.
    dec_bytes: Option<(u32, &'static [u8], &'static str)>,
}

/// The designated time of the first row; each further one is a second and a nanosecond later.
const EPOCH: i64 = 1_700_000_000_123_456_789;
const STEP: i64 = 1_000_000_001;

const TEXT: &str = "say \"hi\", C:\\dir\\ a=b,c\nnew\rline\ttab\0nul 日本語🙂";
const SYMBOL: &str = "a b,c=d\\e\nf\rg \"q\" 日本語🙂";

fn rows() -> Vec<Row> {
    let full = Row {
        symbol: Some(SYMBOL),
        flag: Some(true),
        integer: Some(-42),
        double: Some(0.1),
        text: Some(TEXT),
        micros: Some(1_700_000_000_000_001),
        nanos: Some(1_700_000_000_000_000_001),
        line: Some(vec![1.0, -2.5, -0.0, 5e-324, f64::MAX]),
        grid: Some((0..6).map(f64::from).collect()),
        dec_text: Some(("-123.456", "-123.4560000000")),
        dec_i64: Some((2, 12_345, "123.450")),
        dec_i128: Some((
            20,
            -1_234_567_890_123_456_789_012_345_678,
            "-12345678.90123456789012345678",
        )),
        dec_bytes: Some((4, &[0xcf, 0xc7], "-1.23450000000000000000")),
    };
    let mut rows = vec![full, Row { flag: Some(false), ..Row::default() }];
    rows.extend([i64::MAX, i64::MIN + 1, i64::MIN, 0].map(|integer| Row {
        integer: Some(integer),
        micros: Some(integer),
        nanos: Some(integer),
        ..Row::default()
    }));
    rows.extend(
        [-0.0, 5e-324, f64::MAX, f64::NAN, f64::NEG_INFINITY, 1e16, 1.5e-7, 1.0 / 3.0]
            .map(|double| Row { double: Some(double), ..Row::default() }),
    );
    rows.extend(["", "\"", "\\", "it's", "\u{2028}\u{feff}"].map(|text| Row {
        text: Some(text),
        symbol: Some(text),
        ..Row::default()
    }));
    rows.push(Row { line: Some(vec![]), ..Row::default() });
    rows.extend(
        [("1e3", "1000.0000000000"), ("0.0000000001", "0.0000000001"), ("+7", "7.0000000000")]
            .map(|pair| Row { dec_text: Some(pair), ..Row::default() }),
    );
    rows.push(Row { dec_i64: Some((3, -1, "-0.001")), ..Row::default() });
    rows
}

/// The columns in the order in which they are read back; `f` as text, because a JSON parser may round.
const COLUMNS: &str =
    "s, b, i, cast(f as string), \"t=\u{e9} x\", cast(us as long), cast(ns as long), a, g";
const DECIMALS: &str = "d, d64, d128, db";

fn fill(
    buffer: &mut Buffer,
    table: &str,
    id: i64,
    row: &Row,
    version: ProtocolVersion,
) -> Result<()> {
    // This array lies in memory column by column, and is read as the transposed grid.
    let grid = row.grid.as_deref().map(|data| {
        ArrayView::element_strides(&[2, 3], &[1, 2], data, 0).expect("a view within its data")
    });
    let shape = [row.line.as_ref().map_or(0, Vec::len)];
    let line = row.line.as_deref().map(|data| ArrayView::c_major(&shape, data).expect("one line"));
    buffer
        .table(table)?
        .symbol("s", row.symbol)?
        .column_i64("id", id)?
        .column_bool("b", row.flag)?
        .column_i64("i", row.integer)?
        .column_f64("f", row.double)?
        .column_str("t=\u{e9} x", row.text)?
        .column_ts_micros("us", row.micros)?
        .column_ts_nanos("ns", row.nanos)?;
    if version >= ProtocolVersion::V2 {
        buffer.column_f64_arr("a", line.as_ref())?.column_f64_arr("g", grid.as_ref())?;
    }
    if version >= ProtocolVersion::V3 {
        buffer.column_dec_str("d", row.dec_text.map(|(sent, _)| sent))?;
        if let Some((scale, digits, _)) = row.dec_i64 {
            buffer.column_dec_i64("d64", scale, digits)?;
        }
        if let Some((scale, digits, _)) = row.dec_i128 {
            buffer.column_dec_i128("d128", scale, digits)?;
        }
        if let Some((scale, bytes, _)) = row.dec_bytes {
            buffer.column_dec("db", scale, bytes)?;
        }
    }
    Ok(())
}

/// Returns what SQL must read of a row, and its time.
fn expected(id: i64, row: &Row, version: ProtocolVersion) -> Vec<Value> {
    let nanosecond_types = version >= ProtocolVersion::V2;
    // -2^63 is the server's own value for NULL.
    let integer = |value: Option<i64>| json!(value.filter(|v| *v != i64::MIN));
    let nanos = if nanosecond_types { row.nanos } else { row.nanos.map(|v| v / 1000) };
    let double = row.double.filter(|v| v.is_finite()).map(|v| format!("{:016x}", v.to_bits()));
    let mut cells = vec![
        json!(row.symbol),
        json!(row.flag.unwrap_or(false)),
        integer(row.integer),
        json!(double),
        json!(row.text),
        integer(row.micros),
        if nanosecond_types { integer(nanos) } else { json!(nanos) },
    ];
    if nanosecond_types {
        cells.push(json!(row.line));
        cells.push(
            row.grid
                .as_ref()
                .map_or(Value::Null, |g| json!([[g[0], g[2], g[4]], [g[1], g[3], g[5]]])),
        );
    }
    if version >= ProtocolVersion::V3 {
        cells.push(json!(row.dec_text.map(|(_, read)| read)));
        cells.push(json!(row.dec_i64.map(|(_, _, read)| read)));
        cells.push(json!(row.dec_i128.map(|(_, _, read)| read)));
        cells.push(json!(row.dec_bytes.map(|(_, _, read)| read)));
    }
    let time = EPOCH + id * STEP;
    let micros = time / 1000;
    cells.push(match (nanosecond_types, sent_in_micros(id)) {
        (false, _) => json!(micros),
        (true, true) => json!(micros * 1000),
        (true, false) => json!(time),
    });
    cells
}

/// Returns whether a row is sent in microseconds. The first row is not, so that the table gets nanoseconds if the version
/// has them.
fn sent_in_micros(id: i64) -> bool {
    id % 2 == 1
}

/// Sends all rows, some by the sender's own buffer, some by a buffer of the caller.
fn send(sender: &mut Sender, table: &str, rows: &[Row]) -> Result<()> {
    let version = sender.protocol_version();
    let own = rows.len() / 2;
    for (id, row) in (0..).zip(&rows[..own]) {
        fill(sender.own_buffer(), table, id, row, version)?;
        let time = EPOCH + id * STEP;
        if sent_in_micros(id) {
            sender.at_micros(time / 1000)?
        } else {
            sender.at_nanos(time)?
        };
    }
    sender.flush_own()?;
    let mut buffer = sender.new_buffer()?;
    for (id, row) in (0..).zip(rows).skip(own) {
        fill(&mut buffer, table, id, row, version)?;
        let time = EPOCH + id * STEP;
        if sent_in_micros(id) {
            buffer.at_micros(time / 1000)?
        } else {
            buffer.at_nanos(time)?
        };
    }
    let outcome = sender.flush(&mut buffer)?;
    assert!(buffer.is_empty(), "a flushed buffer is cleared");
    assert!(matches!(outcome, Outcome::Committed | Outcome::Submitted));
    let report = sender.close(Duration::from_secs(30));
    assert_eq!(report.unconfirmed_rows, 0);
    report.result
}

fn read_back(server: &QuestDb, table: &str, version: ProtocolVersion) -> Vec<Vec<Value>> {
    let mut columns = COLUMNS.to_owned();
    if version < ProtocolVersion::V2 {
        columns.truncate(COLUMNS.len() - ", a, g".len());
    }
    if version >= ProtocolVersion::V3 {
        columns = format!("{columns}, {DECIMALS}");
    }
    let statement =
        format!("select {columns}, cast(timestamp as long) from \"{table}\" order by id");
    let mut cells = server.read(table, &statement).cells;
    for row in &mut cells {
        if let Some(text) = row[3].as_str() {
            row[3] = json!(format!("{:016x}", text.parse::<f64>().unwrap().to_bits()));
        }
    }
    cells
}

fn every_type_by_every_road(server: &QuestDb) {
    by_every_road(server, "", "");
}

fn every_type_by_every_road_with_login(server: &QuestDb) {
    by_every_road(server, &server.http_login(), &server.tcp_login());
}

fn by_every_road(server: &QuestDb, http_login: &str, tcp_login: &str) {
    let proxy = TlsProxy::start(server);
    let tls = trust();
    let roads = [
        format!("http::addr=127.0.0.1:{};{http_login}", server.http_port()),
        format!("tcp::addr=127.0.0.1:{};{tcp_login}", server.tcp_port()),
        format!("https::addr=localhost:{};{http_login}{tls}", proxy.https_port),
        format!("tcps::addr=127.0.0.1:{};{tcp_login}{tls}", proxy.tcps_port),
    ];
    let rows = rows();
    let versions = [ProtocolVersion::V1, ProtocolVersion::V2, ProtocolVersion::V3];
    for road in &roads {
        for version in versions {
            let table = unique("round trip\u{e9}=1");
            if version == ProtocolVersion::V3 {
                // A decimal column is never created automatically; the others are.
                server.sql(&format!(
                    "create table \"{table}\" (d decimal(38,10), d64 decimal(18,3), \
                     d128 decimal(76,20), db decimal(76,20), timestamp timestamp_ns) \
                     timestamp(timestamp) partition by day wal"
                ));
            }
            let conf = format!("{road}protocol_version={};auto_flush=off;", version as u8);
            let mut sender = Sender::from_conf(&conf).unwrap_or_else(|e| panic!("{conf}: {e}"));
            send(&mut sender, &table, &rows).unwrap_or_else(|e| panic!("{conf}: {e}"));
            server.wait_for_rows(&table, rows.len() as u64);
            let cells = read_back(server, &table, version);
            assert_eq!(cells.len(), rows.len(), "{conf}");
            for (id, (cells, row)) in (0..).zip(cells.iter().zip(&rows)) {
                assert_eq!(*cells, expected(id, row, version), "row {id} by {conf}: {row:?}");
            }
        }
    }
    report_cases("rows by every road", roads.len() * versions.len() * rows.len());
}
