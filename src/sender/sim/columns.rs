//! Columns that are flushed on the way: no row is lost or sent twice, whichever piece fails.

use super::{HEALTHY, NO_CONTENT, Reply, Sim, V1, row};
use crate::Text;
use crate::error::{ErrorCode, Outcome};
use crate::ilp::PreparedColumns;
use crate::sender::Sender;
use crate::sender::columns::PIECE;
use crate::table::{ColumnKind, ColumnValues, RowLayout, TimestampKind};
use std::time::Duration;

static SECOND_FAILS: [Reply; 3] = [
    NO_CONTENT,
    Reply::new("HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
    NO_CONTENT,
];

/// A table of numbers, and a column of texts that are all the same.
struct Table {
    layout: RowLayout,
    numbers: Vec<i64>,
    texts: Vec<Text<'static>>,
}

impl Table {
    fn new(rows: usize) -> Table {
        let mut layout = RowLayout::new("t").unwrap();
        layout.add("n", ColumnKind::I64).unwrap().add("s", ColumnKind::Str).unwrap();
        layout.set_timestamp(TimestampKind::Now);
        Table { layout, numbers: (0..).take(rows).collect(), texts: vec![Text::from("x"); rows] }
    }

    fn columns(&self) -> PreparedColumns<'_> {
        let columns =
            [ColumnValues::I64(&self.numbers).into(), ColumnValues::Texts(&self.texts).into()];
        PreparedColumns::new(&self.layout, self.numbers.len(), &columns, None).unwrap()
    }

    fn lines(&self) -> Vec<u8> {
        let line = |n: &i64| format!("t n={n}i,s=\"x\"\n");
        self.numbers.iter().map(line).collect::<String>().into_bytes()
    }
}

fn rows_of(bodies: &[Vec<u8>]) -> Vec<usize> {
    bodies.iter().map(|body| body.iter().filter(|byte| **byte == b'\n').count()).collect()
}

fn sender(sim: &Sim) -> Sender {
    sim.sender().unwrap()
}

#[test]
fn a_request_has_exactly_auto_flush_rows() {
    for (rows, limit) in [(2500, 600), (20_000, 7000), (4096, 4096), (3, 1)] {
        let conf = format!("{V1}auto_flush_rows={limit};auto_flush_interval=off;");
        let sim = Sim::http(&HEALTHY, &conf);
        let mut sender = sender(&sim);
        let table = Table::new(rows);
        sender.append_prepared(&table.columns(), 0..rows).unwrap();
        assert_eq!(rows_of(&sim.world().committed), vec![limit; rows / limit]);
        assert_eq!(sender.buffer().row_count(), rows % limit);
        let all = [&sim.world().committed.concat()[..], sender.buffer().peek()].concat();
        assert_eq!(all, table.lines());
    }
}

/// Rows that were in the buffer before count too.
#[test]
fn columns_and_rows_share_the_limit() {
    let sim = Sim::http(&HEALTHY, &format!("{V1}auto_flush_rows=10;auto_flush_interval=off;"));
    let mut sender = sender(&sim);
    row(&mut sender).unwrap();
    let table = Table::new(12);
    sender.append_prepared(&table.columns(), 0..12).unwrap();
    assert_eq!(rows_of(&sim.world().committed), [10]);
    assert_eq!(sender.buffer().row_count(), 3);
}

#[test]
fn requests_have_about_auto_flush_bytes() {
    let conf = format!("{V1}auto_flush_bytes=10000;auto_flush_rows=off;auto_flush_interval=off;");
    let sim = Sim::http(&HEALTHY, &conf);
    let mut sender = sender(&sim);
    let table = Table::new(5000);
    sender.append_prepared(&table.columns(), 0..5000).unwrap();
    let committed = &sim.world().committed;
    assert!(committed.len() >= 7, "{}", committed.len());
    for body in committed {
        assert!((10_000..12_000).contains(&body.len()), "{}", body.len());
    }
    assert_eq!([&committed.concat()[..], sender.buffer().peek()].concat(), table.lines());
}

#[test]
fn the_interval_is_looked_at_between_pieces() {
    let sim = Sim::http(&HEALTHY, &format!("{V1}auto_flush_interval=1000;auto_flush_rows=off;"));
    let mut sender = sender(&sim);
    let table = Table::new(10_000);
    sim.world().now += Duration::from_secs(1);
    sender.append_prepared(&table.columns(), 0..10_000).unwrap();
    assert_eq!(rows_of(&sim.world().committed), [4096], "the interval began anew");
    assert_eq!(sender.buffer().row_count(), 10_000 - 4096);
}

/// After a flush that failed, the rest is appended by another call, and every row is stored once.
#[test]
fn a_failed_flush_says_where_to_go_on() {
    let conf = format!("{V1}auto_flush_rows=600;auto_flush_interval=off;retry_timeout=0;");
    let sim = Sim::http(&SECOND_FAILS, &conf);
    let mut sender = sender(&sim);
    let table = Table::new(2500);
    let e = sender.append_prepared(&table.columns(), 100..2500).unwrap_err();
    assert_eq!((e.code(), e.outcome()), (ErrorCode::Unavailable, Outcome::Rejected), "{e}");
    assert_eq!((e.rows_accepted(), e.row_accepted()), (1200, true));
    assert!(e.message().starts_with("the row is in the buffer, but flushing it failed"), "{e}");
    assert_eq!(rows_of(&sim.world().committed), [600]);
    assert_eq!(sender.buffer().row_count(), 600);
    assert!(!sender.flush_is_due(), "it waits after the failure");

    sim.world().now += Duration::from_secs(100);
    assert!(sender.flush_is_due());
    sender.append_prepared(&table.columns(), 1300..2500).unwrap();
    sender.flush_own().unwrap();
    let stored = sim.world().committed.concat();
    let all = table.lines();
    assert!(all.ends_with(&stored));
    assert_eq!(rows_of(&[stored]), [2400]);
}

/// While a flush has to wait, rows are taken as long as all of them have room.
#[test]
fn rows_wait_where_there_is_room() {
    let conf = format!(
        "{V1}auto_flush_rows=600;auto_flush_interval=off;retry_timeout=0;max_buf_size=30000;\
         init_buf_size=100;"
    );
    let sim = Sim::http(&SECOND_FAILS, &conf);
    let mut sender = sender(&sim);
    let table = Table::new(9000);
    let columns = table.columns();
    let e = sender.append_prepared(&columns, 0..9000).unwrap_err();
    assert_eq!(e.rows_accepted(), 1200);
    let before = sender.buffer().peek().to_vec();
    let e = sender.append_prepared(&columns, 1200..9000).unwrap_err();
    assert_eq!((e.code(), e.rows_accepted()), (ErrorCode::LimitExceeded, 0));
    assert_eq!(sender.buffer().peek(), before);
    sender.append_prepared(&columns, 1200..2000).unwrap();
    assert_eq!(sender.buffer().row_count(), 1400);
    sim.world().now += Duration::from_secs(100);
    sender.append_prepared(&columns, 2000..9000).unwrap();
    sender.flush_own().unwrap();
    assert_eq!(sim.world().committed.concat(), table.lines());
}

/// A buffer that has room for fewer rows than a piece is flushed before it is full.
#[test]
fn a_small_buffer_takes_smaller_pieces() {
    let conf = format!(
        "{V1}auto_flush_bytes=900;auto_flush_rows=off;auto_flush_interval=off;max_buf_size=1000;\
         init_buf_size=100;"
    );
    let sim = Sim::http(&HEALTHY, &conf);
    let mut sender = sender(&sim);
    let table = Table::new(2000);
    sender.append_prepared(&table.columns(), 0..2000).unwrap();
    sender.flush_own().unwrap();
    assert_eq!(sim.world().committed.concat(), table.lines());
}

#[test]
fn a_bad_row_ends_the_call_before_its_piece() {
    let conf = format!("{V1}auto_flush_rows=600;auto_flush_interval=off;");
    let sim = Sim::http(&HEALTHY, &conf);
    let mut sender = sender(&sim);
    let mut table = Table::new(2500);
    table.texts[1300] = Text::unchecked(b"\xff");
    let e = sender.append_prepared(&table.columns(), 0..2500).unwrap_err();
    assert_eq!((e.code(), e.rows_accepted()), (ErrorCode::InvalidUtf8, 1200));
    assert!(e.message().starts_with("row 1300: "), "{e}");
    assert!(!e.row_accepted());
    assert_eq!(rows_of(&sim.world().committed), [600, 600]);
    assert!(sender.buffer().is_empty());
}

/// Where nothing is flushed on the way, all rows are appended or none.
#[test]
fn without_automatic_flushes_it_is_all_or_nothing() {
    let mut table = Table::new(9000);
    table.texts[8000] = Text::unchecked(b"\xff");
    let off = "auto_flush=off;";
    let sim = Sim::http(&HEALTHY, &format!("{V1}{off}"));
    let mut plain = sender(&sim);
    let mut in_transaction = sender(&Sim::http(&HEALTHY, V1));
    in_transaction.begin("t").unwrap();
    for sender in [&mut plain, &mut in_transaction] {
        let e = sender.append_prepared(&table.columns(), 0..9000).unwrap_err();
        assert_eq!((e.code(), e.rows_accepted()), (ErrorCode::InvalidUtf8, 0));
        assert!(sender.buffer().is_empty());
        sender.append_prepared(&table.columns(), 0..8000).unwrap();
        assert_eq!(sender.buffer().row_count(), 8000);
        assert!(!sender.flush_is_due());
    }
    // Rows that do not exist are refused before any row is appended or sent.
    let mut flushing = sender(&Sim::http(&HEALTHY, &format!("{V1}auto_flush_rows=1;")));
    let e = flushing.append_prepared(&table.columns(), 0..9001).unwrap_err();
    assert_eq!((e.message(), e.rows_accepted()), ("rows 0..9001 of 9000 rows", 0));
    assert!(flushing.buffer().is_empty());
    flushing.append_prepared(&table.columns(), 9000..9000).unwrap();
}

/// Room for a request is made once its first rows are there, and never more than the limit of the buffer.
#[test]
fn room_is_made_for_a_whole_request() {
    for (conf, rows, expected) in [
        ("auto_flush_rows=20000;", 50_000, 20_000),
        ("auto_flush_rows=1000000;", 9000, 9000),
        ("auto_flush=off;", 9000, 9000),
        ("auto_flush_rows=20000;max_buf_size=100000;", 20_000, 0),
    ] {
        let sim = Sim::http(&HEALTHY, &format!("{V1}auto_flush_interval=off;{conf}"));
        let mut sender = sender(&sim);
        let table = Table::new(rows);
        let result = sender.append_prepared(&table.columns(), 0..rows.min(PIECE + 1));
        assert!(result.is_ok() || expected == 0);
        sender.clear();
        let result = sender.append_prepared(&table.columns(), 0..rows);
        let each = table.lines().len() / rows;
        let room = sender.buffer().capacity();
        if expected == 0 {
            assert_eq!(result.unwrap_err().code(), ErrorCode::LimitExceeded);
            assert!(room <= 100_000 + 200, "{room}");
        } else {
            assert!((expected * each..=expected * (each + 4)).contains(&room), "{conf} {room}");
        }
    }
}

/// Other threads change nothing but the time that a call takes: requests, errors and what is left are the same.
#[test]
fn threads_send_the_same_requests() {
    static ALL: [&[Reply]; 2] = [&HEALTHY, &SECOND_FAILS];
    for (replies, threads, before, bad) in [
        (0, 1, 0, None),
        (0, 3, 0, None),
        (0, 64, 5, None),
        (1, 1, 0, None),
        (1, 2, 7, None),
        (0, 2, 0, Some(3)),
        (0, 3, 0, Some(1300)),
        (0, 1, 0, Some(2499)),
        (0, 0, 0, None),
    ] {
        let run = |threads: Option<usize>| {
            let conf = format!("{V1}auto_flush_rows=600;auto_flush_interval=off;retry_timeout=0;");
            let sim = Sim::http(ALL[replies], &conf);
            let mut sender = sender(&sim);
            for _ in 0..before {
                row(&mut sender).unwrap();
            }
            let mut table = Table::new(2500);
            if let Some(bad) = bad {
                table.texts[bad] = Text::unchecked(b"\xff");
            }
            let columns = table.columns();
            let result = match threads {
                None => sender.append_prepared(&columns, 0..2500),
                Some(threads) => sender.append_prepared_on_threads(&columns, 0..2500, threads),
            };
            let e =
                result.map_err(|e| (e.message().to_owned(), e.rows_accepted(), e.row_accepted()));
            let committed = sim.world().committed.clone();
            (e, rows_of(&committed), committed.concat(), sender.buffer().peek().to_vec())
        };
        assert_eq!(run(Some(threads)), run(None), "{threads} threads, {before} rows, {bad:?}");
    }
}

/// Where requests do not have a set number of rows, threads are not used.
#[test]
fn threads_are_not_used_where_requests_are_of_any_length() {
    let off = "auto_flush_interval=off;";
    for conf in
        ["auto_flush_rows=off;auto_flush_bytes=900;", "auto_flush=off;", "auto_flush_bytes=900;"]
    {
        let sim = Sim::http(&HEALTHY, &format!("{V1}{off}{conf}"));
        let mut sender = sender(&sim);
        let table = Table::new(2500);
        sender.append_prepared_on_threads(&table.columns(), 0..2500, 2).unwrap();
        let all = [&sim.world().committed.concat()[..], sender.buffer().peek()].concat();
        assert_eq!(all, table.lines());
    }
    let mut in_transaction = sender(&Sim::http(&HEALTHY, &format!("{V1}auto_flush_rows=600;")));
    in_transaction.begin("t").unwrap();
    let table = Table::new(2500);
    in_transaction.append_prepared_on_threads(&table.columns(), 0..2500, 2).unwrap();
    assert_eq!(in_transaction.buffer().row_count(), 2500);
    let e = in_transaction.append_prepared_on_threads(&table.columns(), 1..2501, 2).unwrap_err();
    assert_eq!(e.message(), "rows 1..2501 of 2500 rows");
}
