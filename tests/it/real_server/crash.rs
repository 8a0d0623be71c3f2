//! The server is killed while rows are being sent. What the sender then reports is compared with what is stored.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use questdb_ingress::{Buffer, ErrorCode, Outcome, Sender, Stat, StatsReader};
use serde_json::json;

use questdb_ingress_testkit::lossy::answer_loser;
use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, report_cases, unique, with_own};

on_current_releases! {
    Options::PLAIN => a_lost_answer_is_in_doubt,
}

#[test]
fn nothing_lost_nothing_twice_java17() {
    with_own(Release::Java17, nothing_lost_nothing_twice);
}

#[test]
fn nothing_lost_nothing_twice_java25() {
    with_own(Release::Java25, nothing_lost_nothing_twice);
}

#[test]
fn a_stream_notices_that_its_server_has_gone_java17() {
    with_own(Release::Java17, a_stream_notices_that_its_server_has_gone);
}

#[test]
fn a_stream_notices_that_its_server_has_gone_java25() {
    with_own(Release::Java25, a_stream_notices_that_its_server_has_gone);
}

/// Large enough that a kill mostly hits the middle of a flush.
const BATCH: i64 = 20_000;
const KILLS: usize = 4;

fn batch(buffer: &mut Buffer, table: &str, number: i64) {
    buffer.clear();
    for id in number * BATCH..(number + 1) * BATCH {
        buffer.table(table).unwrap().symbol("s", "sensor").unwrap();
        buffer.column_i64("part", number).unwrap().column_i64("id", id).unwrap();
        buffer.column_str("text", "something to carry").unwrap();
        buffer.at_micros(1_700_000_000_000_000 + id).unwrap();
    }
}

/// What became of each batch, as far as the sender knows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Stored,
    Unknown,
}

/// Two senders work at once. One resends until its rows are confirmed, into a table that drops repeated rows. The other
/// never resends what may be stored, into a table that keeps everything, and trusts what errors say.
fn nothing_lost_nothing_twice(release: Release) {
    let server = QuestDb::start(release, Options::PLAIN);
    let columns = "s symbol, part long, id long, text varchar, timestamp timestamp";
    let kind = "timestamp(timestamp) partition by day wal";
    server.sql(&format!("create table once ({columns}) {kind} dedup upsert keys(timestamp, id)"));
    server.sql(&format!("create table most ({columns}) {kind}"));
    let conf = format!(
        "http::addr=127.0.0.1:{};protocol_version=2;retry_timeout=120000;request_timeout=60000;",
        server.http_port()
    );
    let mut at_least = Sender::from_conf(&conf).unwrap();
    let mut at_most = Sender::from_conf(&format!("{conf}delivery=at_most_once;")).unwrap();
    let stats = [at_least.stats_reader(), at_most.stats_reader()];
    let stop = AtomicBool::new(false);
    let (batches, fates) = std::thread::scope(|scope| {
        let once = scope.spawn(|| resend_until_confirmed(&mut at_least, &stop));
        let most = scope.spawn(|| never_resend_what_may_be_stored(&mut at_most, &stop));
        for round in 0..KILLS {
            wait_for_commits(&server, &stats);
            if round % 2 == 0 {
                server.kill()
            } else {
                server.terminate()
            }
            server.restart();
        }
        wait_for_commits(&server, &stats);
        stop.store(true, Ordering::Relaxed);
        (once.join().unwrap(), most.join().unwrap())
    });

    let rows = batches * BATCH;
    let sums = "select count(), count_distinct(id), min(id), max(id), sum(id) from once";
    assert_eq!(
        server.read("once", sums).cells,
        [[json!(rows), json!(rows), json!(0), json!(rows - 1), json!(rows * (rows - 1) / 2)]]
    );
    let counts = server.read("most", "select part, count(), count_distinct(id) from most").cells;
    for (number, fate) in fates.iter().enumerate() {
        let found = counts.iter().find(|row| row[0] == json!(number));
        let stored = match found {
            Some(row) => (&row[1], &row[2]) == (&json!(BATCH), &json!(BATCH)),
            None => false,
        };
        // A batch is one request for one table, so it is stored completely, once, or not at all.
        assert_eq!(found.is_some(), stored, "batch {number} ({fate:?}) is {found:?}");
        assert!(stored || *fate == Fate::Unknown, "batch {number} was confirmed and is lost");
    }
    let retries = [Stat::RetriesConnect, Stat::RetriesConnection, Stat::RetriesTimeout];
    let retried: u64 = retries.iter().map(|stat| stats[0].read().get(*stat)).sum();
    assert!(retried > 0, "no kill hit the first sender: {:?}", stats[0].read());
    let batches = usize::try_from(batches).unwrap();
    report_cases("batches while the server was killed", batches + fates.len());
}

fn resend_until_confirmed(sender: &mut Sender, stop: &AtomicBool) -> i64 {
    let mut buffer = sender.new_buffer().unwrap();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        batch(&mut buffer, "once", number);
        let outcome = sender.flush(&mut buffer);
        assert!(matches!(outcome, Ok(Outcome::Committed)), "batch {number}: {outcome:?}");
        number += 1;
    }
    number
}

fn never_resend_what_may_be_stored(sender: &mut Sender, stop: &AtomicBool) -> Vec<Fate> {
    let mut buffer = sender.new_buffer().unwrap();
    let mut fates = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        batch(&mut buffer, "most", fates.len() as i64);
        fates.push(loop {
            match sender.flush(&mut buffer) {
                Ok(_) => break Fate::Stored,
                Err(e) if e.outcome() == Outcome::NotSent => {}
                Err(e) => {
                    assert!(e.in_doubt() && e.in_doubt_attempts() == 1, "{e:?}");
                    break Fate::Unknown;
                }
            }
        });
    }
    fates
}

/// Waits until each sender has had two more batches confirmed, so that it is in the middle of another.
fn wait_for_commits(server: &QuestDb, stats: &[StatsReader]) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let flushes = |stats: &StatsReader| stats.read().get(Stat::Flushes);
    for (stats, goal) in stats.iter().map(|s| (s, flushes(s) + 2)) {
        while flushes(stats) < goal {
            assert!(Instant::now() < deadline, "{:?}\n{}", stats.read(), server.log());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The server stores what it is sent and its answer is lost, which is the one case in which resending repeats rows. The
/// sender must count exactly the copies that it caused, and a table that drops repeated rows must have each row once.
fn a_lost_answer_is_in_doubt(server: &QuestDb) {
    const LOST: u64 = 3;
    let (plain, dedup) = (unique("lost"), unique("lost"));
    let columns = "s symbol, part long, id long, text varchar, timestamp timestamp";
    for (table, keys) in [(&plain, ""), (&dedup, "dedup upsert keys(timestamp, id)")] {
        server.sql(&format!(
            "create table {table} ({columns}) timestamp(timestamp) partition by day wal {keys}"
        ));
        let road = answer_loser(server.http_port(), LOST);
        let conf = format!("http::addr={};protocol_version=2;", road.addr());
        let mut sender = Sender::from_conf(&conf).unwrap();
        let mut buffer = sender.new_buffer().unwrap();
        batch(&mut buffer, table, 0);
        assert_eq!(sender.flush(&mut buffer).unwrap(), Outcome::Committed);
        assert_eq!(sender.stats().get(Stat::InDoubtAttempts), LOST);
    }
    let copies = i64::try_from(LOST).unwrap() + 1;
    let count = |table: &str| server.read(table, &format!("select count() from {table}"));
    assert_eq!(*count(&plain).cell(), BATCH * copies);
    assert_eq!(*count(&dedup).cell(), BATCH);

    // If it is told not to resend, the sender does not, and reports that it does not know.
    let road = answer_loser(server.http_port(), LOST);
    let conf = format!("http::addr={};protocol_version=2;delivery=at_most_once;", road.addr());
    let mut sender = Sender::from_conf(&conf).unwrap();
    let mut buffer = sender.new_buffer().unwrap();
    batch(&mut buffer, &plain, 0);
    let error = sender.flush(&mut buffer).unwrap_err();
    assert_eq!((error.outcome(), error.in_doubt_attempts()), (Outcome::InDoubt, 1), "{error}");
    assert_eq!(buffer.row_count() as i64, BATCH);
    assert_eq!(*count(&plain).cell(), BATCH * (copies + 1));
}

/// ILP over TCP has no acknowledgement, but rows flushed after the server has ended must not be lost silently.
fn a_stream_notices_that_its_server_has_gone(release: Release) {
    let server = QuestDb::start(release, Options::PLAIN);
    let mut sender =
        Sender::from_conf(&format!("tcp::addr=127.0.0.1:{};", server.tcp_port())).unwrap();
    let mut buffer = sender.new_buffer().unwrap();
    let mut sent = 0;
    for end in [QuestDb::terminate, QuestDb::kill] {
        buffer.table("t").unwrap().column_i64("x", sent).unwrap().at_micros(sent).unwrap();
        sender.flush(&mut buffer).unwrap();
        sent += 1;
        server.wait_for_rows("t", sent.unsigned_abs());
        end(&server);
        buffer.table("t").unwrap().column_i64("x", sent).unwrap().at_micros(sent).unwrap();
        let error = sender.flush(&mut buffer).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (ErrorCode::Connection, Outcome::NotSent));
        assert_eq!(buffer.row_count(), 1, "the row is still there");
        server.restart();
        sender.flush(&mut buffer).unwrap();
        sent += 1;
        server.wait_for_rows("t", sent.unsigned_abs());
    }
    let rows = server.read("t", "select x from t order by x");
    assert_eq!(rows.cells, (0..sent).map(|x| vec![json!(x)]).collect::<Vec<_>>());
}
