//! Loads over TCP, which has no acknowledgement.
//!
//! What can be asked of a sender there, and is asked here of every row:
//!
//! 1. Rows of a flush that returned an error are still in the buffer, byte for byte.
//! 2. A row of a flush that said SUBMITTED may be missing only if it was the end of its connection: on each connection what
//!    is stored is the beginning of what was submitted, without a gap.
//! 3. It may be missing only if the sender has told: a later call returned an error about that very connection. The last
//!    connection, closed while the server was there, has lost nothing.
//! 4. Once a server has gone, and its kernel has had [`ARRIVAL`] to say so, no flush over a connection to it says SUBMITTED.
//! 5. A row is there twice only if a flush with it was in doubt.
//!
//! The second load shows that what is told is enough: it sends again what went over a connection that it is told is gone,
//! and has everything stored once in a table that drops repeated rows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use questdb_ingress::{ErrorCode, Outcome, Sender, Stat};

use super::{Bounce, COLUMNS, Signals, Stored, Told, fill};
use questdb_ingress_testkit::questdb::QuestDb;

/// Rows of a flush.
const BATCH: i64 = 200;
/// How long the end of a connection may take through this machine's kernel.
const ARRIVAL: Duration = Duration::from_millis(50);
const SEND_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn create_tables(server: &QuestDb) {
    let kind = "timestamp(timestamp) partition by day wal";
    server.sql(&format!("create table tcp_plain ({COLUMNS}) {kind}"));
    server
        .sql(&format!("create table tcp_kept ({COLUMNS}) {kind} dedup upsert keys(timestamp, id)"));
}

/// A sender that notes what it did over which connection.
struct Load {
    sender: Sender,
    told: Told,
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    /// When the call that made it had returned.
    made: Instant,
    sent: Vec<Sent>,
    /// Whether a call has returned an error about it.
    told: bool,
}

/// A flush that gave bytes to the kernel.
#[derive(Debug)]
struct Sent {
    batch: i64,
    began: Instant,
    in_doubt: bool,
}

impl Load {
    fn new(server: &QuestDb, name: &str) -> Load {
        let conf = format!(
            "tcp::addr=127.0.0.1:{};protocol_version=2;send_timeout={};connect_timeout=1000;",
            server.tcp_port(),
            SEND_TIMEOUT.as_millis()
        );
        let sender = Sender::from_conf(&conf).unwrap();
        let first = Connection { made: Instant::now(), sent: Vec::new(), told: false };
        Load { sender, told: Told::new(name, SEND_TIMEOUT), connections: vec![first] }
    }

    /// Flushes one batch once. Returns `true` if the sender reports it as submitted.
    fn flush(&mut self, table: &str, batch: i64) -> bool {
        let mut buffer = self.sender.new_buffer().unwrap();
        fill(&mut buffer, table, batch, batch * BATCH..(batch + 1) * BATCH);
        let rows = buffer.peek().to_vec();
        let connections = self.sender.stats().get(Stat::Reconnects);
        let began = Instant::now();
        let sender = &mut self.sender;
        let result = self.told.call(|| sender.flush(&mut buffer));
        if self.sender.stats().get(Stat::Reconnects) > connections {
            self.connections.push(Connection { made: Instant::now(), sent: vec![], told: false });
        }
        let connection = self.connections.last_mut().unwrap();
        match result {
            Ok(outcome) => {
                assert_eq!((outcome, buffer.len()), (Outcome::Submitted, 0));
                assert!(!connection.told, "a connection that had ended was used again");
                connection.sent.push(Sent { batch, began, in_doubt: false });
                true
            }
            Err(e) => {
                assert!(buffer.peek() == rows, "the rows of a failed flush have changed: {e}");
                assert!(matches!(e.code(), ErrorCode::Connection | ErrorCode::Timeout), "{e:?}");
                // Each row of a connection is reported once, when the connection ends.
                let sure = connection.sent.iter().filter(|sent| !sent.in_doubt).count() as i64;
                let earlier = if connection.told { 0 } else { sure * BATCH };
                assert_eq!(e.earlier_rows_in_doubt() as i64, earlier, "{e:?}");
                let in_doubt = e.outcome() == Outcome::InDoubt;
                assert!(in_doubt || e.outcome() == Outcome::NotSent, "{e:?}");
                if in_doubt {
                    connection.sent.push(Sent { batch, began, in_doubt });
                }
                connection.told = true;
                false
            }
        }
    }

    fn close(&mut self) {
        self.told.add_stats(&self.sender);
        self.sender.close(Duration::from_secs(60)).result.unwrap();
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Repeats flushes that failed, and nothing else. [`Plain::judge`] checks what it has noted.
pub(super) fn plain(server: &QuestDb, signals: &Signals) -> Plain {
    let mut load = Load::new(server, "TCP plain");
    let mut batch = 0;
    while !signals.stopped() {
        if load.flush("tcp_plain", batch) {
            batch += 1;
            signals.flushed();
        }
        pause();
    }
    load.close();
    load.told.rows = batch * BATCH;
    Plain { told: load.told, connections: load.connections }
}

/// Goes back to the first batch of a connection when it is told that the connection is gone.
pub(super) fn keeper(server: &QuestDb, signals: &Signals) -> Told {
    let mut load = Load::new(server, "TCP, sent again");
    let (mut batch, mut first_of_connection, mut next_new) = (0, 0, 0);
    while batch < next_new || !signals.stopped() {
        if load.flush("tcp_kept", batch) {
            if load.connections.last().unwrap().sent.len() == 1 {
                first_of_connection = batch;
            }
            batch += 1;
            next_new = next_new.max(batch);
            signals.flushed();
        } else {
            batch = first_of_connection;
        }
        pause();
    }
    load.close();
    load.told.rows = batch * BATCH;
    load.told
}

pub(super) fn stored_by_keeper(server: &QuestDb, rows: i64) -> Stored {
    let cells = server.read("tcp_kept", "select count(), count_distinct(id) from tcp_kept").cells;
    let (count, distinct) = (cells[0][0].as_i64().unwrap(), cells[0][1].as_i64().unwrap());
    Stored { rows: count, lost: rows - distinct, twice: count - distinct }
}

pub(super) struct Plain {
    pub(super) told: Told,
    connections: Vec<Connection>,
}

/// What is stored of a batch.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    count: i64,
    distinct: i64,
    min: i64,
    max: i64,
}

impl Found {
    fn whole(&self) -> bool {
        self.distinct == BATCH
    }
}

impl Plain {
    /// Checks the five rules above against what is stored. Returns that, and a sentence about what was lost.
    pub(super) fn judge(&self, server: &QuestDb, bounces: &[Bounce]) -> (Stored, String) {
        let found = found(server);
        let mut times_in_doubt: HashMap<i64, i64> = HashMap::new();
        for sent in self.connections.iter().flat_map(|c| &c.sent).filter(|sent| sent.in_doubt) {
            *times_in_doubt.entry(sent.batch).or_default() += 1;
        }
        let mut lost = HashMap::new();
        for (index, connection) in self.connections.iter().enumerate() {
            nothing_after_the_end(connection, bounces);
            only_the_end_is_missing(connection, index, &found, &times_in_doubt);
            for sent in connection.sent.iter().filter(|sent| !sent.in_doubt) {
                let there = found.get(&sent.batch).copied().unwrap_or_default();
                if !there.whole() {
                    assert!(connection.told, "batch {} is lost and nobody said so", sent.batch);
                    lost.insert(sent.batch, BATCH - there.distinct);
                }
            }
        }
        let mut stored = Stored { lost: lost.values().sum(), ..Stored::default() };
        for (batch, there) in &found {
            let twice = there.count - there.distinct;
            let most = times_in_doubt.get(batch).unwrap_or(&0) * BATCH;
            assert!(twice <= most, "batch {batch} is there twice without any doubt: {there:?}");
            stored.rows += there.count;
            stored.twice += twice;
        }
        let distinct: i64 = found.values().map(|there| there.distinct).sum();
        assert_eq!(stored.lost, self.told.rows - distinct, "each row is counted once");
        let told = self.connections.iter().filter(|c| c.told).count();
        let losing = lost.len();
        let sentence = format!(
            "TCP plain: {} connections, the end of {told} was told; {} rows of {losing} flushes are missing, every one the \
             end of a connection whose end was told; {} flushes in doubt",
            self.connections.len(),
            stored.lost,
            times_in_doubt.len()
        );
        (stored, sentence)
    }
}

/// Checks rule 4.
fn nothing_after_the_end(connection: &Connection, bounces: &[Bounce]) {
    let Some(end) = bounces.iter().map(|b| b.gone).find(|gone| connection.made < *gone) else {
        return;
    };
    for sent in connection.sent.iter().filter(|sent| !sent.in_doubt) {
        assert!(
            sent.began < end + ARRIVAL,
            "batch {} was submitted to a server that had gone {} ms before",
            sent.batch,
            (sent.began - end).as_millis()
        );
    }
}

/// Checks rule 2. Batches that were in doubt went over several connections, so they prove nothing about a single one.
fn only_the_end_is_missing(
    connection: &Connection,
    index: usize,
    found: &HashMap<i64, Found>,
    doubts: &HashMap<i64, i64>,
) {
    let mut missing = None;
    for sent in connection.sent.iter().filter(|sent| !doubts.contains_key(&sent.batch)) {
        let batch = sent.batch;
        let there = found.get(&batch).copied().unwrap_or_default();
        if there.distinct > 0 {
            assert!(
                missing.is_none(),
                "connection {index}: batch {missing:?} is missing, but batch {batch} after it is there"
            );
            assert_eq!(there.min, batch * BATCH, "the first rows of batch {batch}: {there:?}");
            assert_eq!(there.max - there.min + 1, there.distinct, "batch {batch} has a gap");
        }
        if !there.whole() {
            missing = Some(batch);
        }
    }
}

fn found(server: &QuestDb) -> HashMap<i64, Found> {
    let statement =
        "select part, count(), count_distinct(id), min(id), max(id) from tcp_plain group by part";
    let cells = server.read("tcp_plain", statement).cells;
    let row = |row: &Vec<serde_json::Value>| {
        let number = |i: usize| row[i].as_i64().unwrap();
        let found = Found { count: number(1), distinct: number(2), min: number(3), max: number(4) };
        (number(0), found)
    };
    cells.iter().map(row).collect()
}
