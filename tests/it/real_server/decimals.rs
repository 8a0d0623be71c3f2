//! The server that the table of decimals describes confirms it.

use serde_json::{Value, json};

use questdb_ingress::{Buffer, ProtocolVersion};

use crate::decimals::{Row, Verdict, table, wide};
use questdb_ingress_testkit::questdb::{QuestDb, report_cases, unique};

on_current_releases! {
    Options::PLAIN => decimal_text_is_judged_as_the_table_says,
    Options::PLAIN => binary_decimals_are_judged_as_the_encoder_does,
}

/// Returns the row as the encoder sends it; what the encoder refuses is written by hand.
fn encoded(row: &Row, table: &str, nanos: usize) -> Vec<u8> {
    let mut buffer = Buffer::new(ProtocolVersion::V3);
    match buffer.table(table).unwrap().column_dec_str("d", row.text.as_str()) {
        Ok(_) => {
            buffer.at_nanos(i64::try_from(nanos).unwrap()).unwrap();
            buffer.peek().to_vec()
        }
        Err(_) => row.line(table, "d", nanos).into_bytes(),
    }
}

fn decimal_text_is_judged_as_the_table_says(server: &QuestDb) {
    let rows = table();
    // The column has as many places as each number, so that the number is shown as it was meant.
    let name = unique("decimals");
    let mut made = Vec::new();
    let mut stored: Vec<(usize, usize, &Row)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let places = row.places();
        let table = format!("{name}_{places}");
        if !made.contains(&places) {
            server.sql(&format!(
                "create table {table} (d decimal(76, {places}), timestamp timestamp) \
                 timestamp(timestamp) partition by day wal"
            ));
            made.push(places);
        }
        let answer = server.write(encoded(row, &table, 1000 * i));
        match row.verdict {
            Verdict::Accept | Verdict::Null | Verdict::Lax => {
                assert_eq!(answer.status, 204, "{row:?}: {}", answer.body);
                stored.push((places, i, row));
            }
            Verdict::Refuse => {
                assert_eq!(answer.status, 400, "{row:?}: {}", answer.body);
                assert!(answer.body.contains("field value is invalid"), "{row:?}: {}", answer.body);
            }
            // The server may do anything with this text, but does not refuse it as it refuses others.
            Verdict::Defect => {
                assert!([204, 500].contains(&answer.status), "{row:?}: {}", answer.body);
            }
        }
    }
    for places in made {
        let table = format!("{name}_{places}");
        let read = server.read(&table, &format!("select timestamp::long, d from {table}"));
        let found = |micros: usize| {
            let mut cells = read.cells.iter().filter(|cells| cells[0] == json!(micros));
            cells.next().map(|cells| cells[1].clone())
        };
        for (_, micros, row) in stored.iter().filter(|(of, ..)| *of == places) {
            let wanted = row.stored.as_ref().map_or(Value::Null, |text| json!(text));
            assert_eq!(found(*micros), Some(wanted), "{row:?}");
        }
    }
    report_cases("decimals as text", rows.len());
}

/// What the encoder accepts fits some column, and what it refuses fits none.
fn binary_decimals_are_judged_as_the_encoder_does(server: &QuestDb) {
    let columns = [0, 1, 38, 75, 76];
    for (scale, bytes, good) in wide() {
        let table = unique("wide");
        let all: Vec<_> = columns.iter().map(|c| format!("d{c} decimal(76, {c})")).collect();
        server.sql(&format!(
            "create table {table} ({}, timestamp timestamp) timestamp(timestamp) \
             partition by day wal",
            all.join(", ")
        ));
        let head = [23, u8::try_from(scale).unwrap(), 32];
        let statuses = columns.map(|column| {
            let start = format!("{table} d{column}==").into_bytes();
            server.write([&start[..], &head, &bytes, b" 1\n"].concat()).status
        });
        assert!(statuses.iter().all(|status| [204, 400].contains(status)), "{statuses:?}");
        assert_eq!(statuses.contains(&204), good, "{scale} {bytes:x?}: {statuses:?}");
    }
    report_cases("binary decimals of 76 and 77 digits", wide().len());
}
