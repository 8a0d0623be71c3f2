//! Random names, text and numbers go through our encoder into the real server and are read back. Whatever is in a value, the
//! server sees exactly one row with the same value.

use questdb_ingress::internal::OwnBuffer as _;
use std::fmt::Write as _;

use fastrand::Rng;
use questdb_ingress::{ProtocolVersion, Sender};
use serde_json::json;

use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => text_of_any_kind_is_stored_as_it_is,
    Options::PLAIN => names_of_any_allowed_kind_are_kept,
    Options::PLAIN => doubles_keep_every_bit,
}

/// Characters that are special in the line protocol, among ordinary text.
const PIECES: [&str; 24] = [
    "\n",
    "\r",
    "\r\n",
    ",",
    "=",
    " ",
    "\"",
    "\\",
    "\\\\",
    "\\\"",
    "'",
    "\t",
    "\u{7f}",
    "\u{1b}",
    "\u{2028}",
    "\u{feff}",
    "i",
    "t",
    "1n",
    "==\u{10}",
    "a",
    "\u{df}",
    "\u{65e5}",
    "\u{1f642}",
];

fn text(random: &mut Rng, nul: bool) -> String {
    let mut text = String::new();
    for _ in 0..random.usize(0..12) {
        match random.usize(0..PIECES.len() + 1) {
            24 if nul => text.push('\0'),
            24 => text.push(random.char(' '..='\u{10ffff}')),
            piece => text.push_str(PIECES[piece]),
        }
    }
    text
}

fn sender(server: &QuestDb, version: ProtocolVersion) -> Sender {
    let conf = format!(
        "http::addr=127.0.0.1:{};protocol_version={};auto_flush=off;",
        server.http_port(),
        version as u8
    );
    Sender::from_conf(&conf).unwrap()
}

fn text_of_any_kind_is_stored_as_it_is(server: &QuestDb) {
    const ROWS: i64 = 3000;
    for version in [ProtocolVersion::V1, ProtocolVersion::V3] {
        let table = unique("random");
        let mut random = Rng::with_seed(7 + version as u64);
        let mut sender = sender(server, version);
        let mut sent = Vec::new();
        for id in 0..ROWS {
            // The server refuses a symbol with NUL, see `refused`.
            let (symbol, value) = (text(&mut random, false), text(&mut random, true));
            let row = sender.own_buffer().table(table.as_str()).unwrap();
            row.symbol("s", symbol.as_str()).unwrap().column_str("v", value.as_str()).unwrap();
            row.column_i64("id", id).unwrap();
            sender.at_micros(id).unwrap();
            sent.push(vec![json!(id), json!(symbol), json!(value)]);
        }
        sender.flush_own().unwrap();
        let read = server.read(&table, &format!("select id, s, v from {table} order by id"));
        for (sent, read) in sent.iter().zip(&read.cells) {
            assert_eq!(sent, read);
        }
        assert_eq!(read.cells.len(), sent.len());
        report_cases("random texts", sent.len() * 2);
    }
}

fn names_of_any_allowed_kind_are_kept(server: &QuestDb) {
    let mut random = Rng::with_seed(11);
    let mut sender = sender(server, ProtocolVersion::V3);
    let mut count = 0;
    for _ in 0..60 {
        // What our own rules refuse is not sent; the server must accept what they allow.
        let stem = |random: &mut Rng| {
            let text = text(random, false);
            text.replace(['\u{feff}', '\'', '\\', '"', ',', '\n', '\r', '\t', '\u{7f}'], "\u{1f}")
        };
        let table = format!("{}x{}", unique("n"), stem(&mut random)) + ".y";
        let column = format!("{}c", stem(&mut random));
        let mut buffer = sender.new_buffer().unwrap();
        let named = buffer.table(table.as_str()).and_then(|b| b.symbol(column.as_str(), "v"));
        if named.is_err() || buffer.column_i64("x", 1).and_then(|b| b.at_micros(1)).is_err() {
            continue;
        }
        count += 1;
        sender.flush(&mut buffer).unwrap_or_else(|e| panic!("{table:?} {column:?}: {e}"));
        let quoted = format!("select * from \"{table}\"");
        let rows = server.read(&table, &quoted);
        assert_eq!(rows.types()[0], format!("{column} SYMBOL"), "{table:?}");
    }
    assert!(count > 20, "only {count} names were allowed");
    report_cases("random names", count);
}

/// Doubles with random bits and with random digits, as text in version 1 and as bits in version 2.
fn doubles_keep_every_bit(server: &QuestDb) {
    const ROWS: usize = 10_000;
    for version in [ProtocolVersion::V1, ProtocolVersion::V2] {
        let table = unique("doubles");
        let mut random = Rng::with_seed(13);
        let mut sender = sender(server, version);
        let mut sent = Vec::new();
        while sent.len() < ROWS {
            let value = match random.u8(0..3) {
                0 => f64::from_bits(random.u64(..)),
                1 => f64::from(random.i32(..)) / 10_f64.powi(random.i32(0..9)),
                _ => random.f64() * 10_f64.powi(random.i32(-30..30)),
            };
            if value.is_finite() {
                sent.push(value);
            }
        }
        for (id, value) in (0..).zip(&sent) {
            let row = sender.own_buffer().table(table.as_str()).unwrap();
            row.column_f64("v", *value).unwrap().column_i64("id", id).unwrap();
            sender.at_micros(id).unwrap();
        }
        sender.flush_own().unwrap();
        let read =
            server.read(&table, &format!("select cast(v as string) from {table} order by id"));
        assert_eq!(read.cells.len(), sent.len());
        let mut wrong = String::new();
        for (sent, cells) in sent.iter().zip(&read.cells) {
            let read: f64 = cells[0].as_str().unwrap().parse().unwrap();
            if read.to_bits() != sent.to_bits() {
                writeln!(wrong, "{sent:?} is {read:?}").unwrap();
            }
        }
        assert_eq!(wrong, "", "version {}", version as u8);
        report_cases("random doubles", sent.len());
    }
}
