//! Loads over HTTP into one table that drops repeated rows. All of them resend until their rows are confirmed, and now and
//! then once more.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use questdb_ingress::{Outcome, Sender};
use serde_json::json;

use super::{COLUMNS, Signals, Stored, Told, fill};
use questdb_ingress_testkit::questdb::QuestDb;
use questdb_ingress_testkit::questdb::process::{spawn, tied_to_us};
use questdb_ingress_testkit::repository as root;
use questdb_ingress_testkit::shared_library;

pub(super) fn create_table(server: &QuestDb) {
    server.sql(&format!(
        "create table http ({COLUMNS}) timestamp(timestamp) partition by day wal \
         dedup upsert keys(timestamp, part, id)"
    ));
}

/// Returns a configuration, and how long a call may take with it: without a throughput that is the longer of the two limits.
fn conf(server: &QuestDb, request_millis: u64, retry_millis: u64) -> (String, Duration) {
    let conf = format!(
        "http::addr=127.0.0.1:{};protocol_version=2;delivery=at_least_once;retry_max_backoff=100;\
         request_min_throughput=0;request_timeout={request_millis};retry_timeout={retry_millis};",
        server.http_port()
    );
    (conf, Duration::from_millis(request_millis.max(retry_millis)))
}

/// Makes small flushes that give up before the server is back: the rows stay in the buffer, and the next call sends them
/// again.
pub(super) fn hasty(server: &QuestDb, signals: &Signals) -> Told {
    let (conf, deadline) = conf(server, 1000, 300);
    load(&conf, Told::new("HTTP hasty", deadline), signals, 0, 500)
}

/// Makes large flushes with time enough for any round: no call ever fails.
pub(super) fn patient(server: &QuestDb, signals: &Signals) -> Told {
    let (conf, deadline) = conf(server, 30_000, 900_000);
    load(&conf, Told::new("HTTP patient", deadline), signals, 1, 5000)
}

fn load(conf: &str, mut told: Told, signals: &Signals, part: i64, batch: i64) -> Told {
    let mut sender = Sender::from_conf(conf).unwrap();
    let mut buffer = sender.new_buffer().unwrap();
    while !signals.stopped() {
        fill(&mut buffer, "http", part, told.rows..told.rows + batch);
        let rows = buffer.peek().to_vec();
        // The batch is sent again as if the answer had been lost, because a server seldom dies between storing and
        // answering.
        if told.rows / batch % 10 == 0 {
            let _ = told.call(|| sender.flush_and_keep(&buffer));
        }
        loop {
            match told.call(|| sender.flush(&mut buffer)) {
                Ok(outcome) => {
                    assert_eq!((outcome, buffer.len()), (Outcome::Committed, 0));
                    break;
                }
                Err(e) => {
                    assert!(e.is_retryable(), "{e:?}");
                    assert!(buffer.peek() == rows, "the rows of a failed flush have changed: {e}");
                }
            }
        }
        told.rows += batch;
        signals.flushed();
        std::thread::sleep(Duration::from_millis(20));
    }
    told.add_stats(&sender);
    told
}

/// Does the same from C. The program flushes until its input ends, prints a line for each flush that succeeded, and at the
/// end what it has counted.
pub(super) fn from_c(server: &QuestDb, signals: &Signals) -> Told {
    let (conf, deadline) = conf(server, 1000, 300);
    let mut command = tied_to_us(compiled().as_os_str());
    command.args([&conf, "http", "2", "1000"]).env_remove("LD_LIBRARY_PATH");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = spawn(command);
    let mut input = child.stdin.take();
    let mut told = Told::new("HTTP from C", deadline);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "flushed" {
            signals.flushed();
        } else {
            told = counted(told, &line);
        }
        if signals.stopped() {
            input.take();
        }
    }
    let code = child.wait().unwrap();
    assert!(code.success(), "the C program: {code}");
    assert!(told.flushes > 0, "the C program did not tell what it counted");
    told
}

fn counted(told: Told, line: &str) -> Told {
    let numbers: Vec<u64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
    let [rows, flushes, errors, retries, in_doubt, longest] = numbers[..] else {
        panic!("the C program said {line:?}")
    };
    let longest = Duration::from_millis(longest);
    Told { rows: rows as i64, flushes, errors, retries, in_doubt, longest, ..told }
}

fn compiled() -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bounce_load");
    let libraries = shared_library().parent().unwrap().to_owned();
    let done = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O1"])
        .arg("-o")
        .arg(&program)
        .arg(root().join("tests/c/bounce_load.c"))
        .arg("-I")
        .arg(root().join("include"))
        .arg("-L")
        .arg(&libraries)
        .args(["-lquestdb_ingress", &format!("-Wl,-rpath,{}", libraries.display())])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    program
}

/// Returns what is stored of a load that was told that `rows` rows, numbered from 0, are.
pub(super) fn stored(server: &QuestDb, part: i64, rows: i64) -> Stored {
    let statement = format!(
        "select count(), count_distinct(id), min(id), max(id), sum(id) from http where part = {part}"
    );
    let found = server.read("http", &statement).cells.remove(0);
    let number = |i: usize| found[i].as_i64().unwrap_or(0);
    // Nothing can be stored beyond the confirmed rows, because each batch is sent until it is confirmed.
    assert_eq!((&found[2], &found[3]), (&json!(0), &json!(rows - 1)), "{found:?} of part {part}");
    let stored = Stored { rows: number(0), lost: rows - number(1), twice: number(0) - number(1) };
    assert!(stored.lost != 0 || stored.twice != 0 || number(4) == rows * (rows - 1) / 2);
    stored
}
