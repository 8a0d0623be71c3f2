//! Processes that end at any step and at any time: every acknowledged request is there exactly once, others whole or not at
//! all, and no file that readers see is unfinished.
//!
//! `QUESTDB_KILLS=2000` makes it that many instead of about a hundred.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::*;

const FOLDER: &str = "QUESTDB_KILL_FOLDER";
const FIRST: &str = "QUESTDB_KILL_FIRST";
const STEP: &str = "QUESTDB_KILL_STEP";
const ROWS: i64 = 3;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The process that is ended: two threads commit requests without end, and print the number of each that was acknowledged.
#[test]
#[ignore = "started by the tests below"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let first: i64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let step = std::env::var(STEP).unwrap();
    let (name, count) = step.split_once(' ').unwrap();
    let left = AtomicU64::new(count.parse().unwrap());
    let name = name.to_owned();
    let hook = FaultHook(Arc::new(move |step| {
        if format!("{step:?}") == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
            std::process::abort();
        }
        Ok(())
    }));
    let options = FileOptions {
        flush_rows: 40,
        compact_parts: 3,
        faults: Some(hook),
        ..FileOptions::default()
    };
    let store = FileStore::open(Path::new(&folder), options).unwrap();
    for table in [schema("t"), deduped("d")] {
        if store.parts(&table.name).is_err() {
            store.create_table(table).unwrap();
        }
    }
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (store, out) = (&store, &out);
            scope.spawn(move || {
                for id in (first + thread..).step_by(2) {
                    let times = [START + id * 1000, START + id % 3 * DAY, START + id % 5];
                    let both = || vec![request("t", id, &times), request("d", id, &times)];
                    store.commit(both()).unwrap();
                    // What is sent again without need is there once, because of the dedup keys.
                    if id % 4 == 0 {
                        store.commit(vec![request("d", id, &times)]).unwrap();
                    }
                    let mut out = out.lock().unwrap();
                    writeln!(out, "stored {id}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

fn start(folder: &Folder, first: i64, step: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::files::tests::kill::child", "--ignored", "--nocapture"])
        .env(FOLDER, &folder.0)
        .env(FIRST, first.to_string())
        .env(STEP, step)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a process until it ends. Returns the acknowledged requests, and whether it ended by itself.
fn run(mut child: Child, limit: Duration, acknowledged: &mut BTreeSet<i64>) -> bool {
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let ids = out.lines().map_while(Result::<_, std::io::Error>::ok);
        ids.filter_map(|l| l.rsplit_once("stored ")?.1.parse().ok()).collect::<Vec<i64>>()
    });
    let deadline = Instant::now() + limit;
    let ended = loop {
        if child.try_wait().unwrap().is_some() {
            break true;
        }
        if Instant::now() >= deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break false;
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    acknowledged.extend(reader.join().unwrap());
    ended
}

/// Checks what a process has left. Returns the number of the next request.
fn check(folder: &Folder, acknowledged: &BTreeSet<i64>, what: &str) -> i64 {
    for part in files(&folder.0, ".parquet") {
        let file = std::fs::File::open(&part).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 1024);
        let reader = reader.unwrap_or_else(|e| panic!("{what}: {}: {e}", part.display()));
        assert!(reader.map(|b| b.unwrap().num_rows()).sum::<usize>() > 0);
    }
    let store = open_at_last(folder);
    let tables = store.table_names();
    let found = |name: &str| match tables.iter().any(|t| t == name) {
        true => requests(&store, name),
        false => BTreeMap::new(),
    };
    let (plain, deduped) = (found("t"), found("d"));
    for (table, found) in [("t", &plain), ("d", &deduped)] {
        for id in acknowledged {
            assert!(found.contains_key(id), "{what}: {table}: request {id} is lost");
        }
        for (id, rows) in found {
            let mut rows = rows.clone();
            rows.sort_unstable();
            assert!(rows.into_iter().eq(0..ROWS), "{what}: {table}: request {id} has wrong rows");
        }
    }
    assert!(plain.keys().eq(deduped.keys()), "{what}: a request is in one table only");
    plain.keys().next_back().map_or(0, |id| id + 1)
}

/// Opens a folder. A process that another test is starting has a copy of the lock for a moment.
fn open_at_last(folder: &Folder) -> FileStore {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match FileStore::open(&folder.0, quiet()) {
            Err(FileError::Locked(_)) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            store => return store.unwrap(),
        }
    }
}

fn kills() -> usize {
    let long = std::env::var_os("QUESTDB_LONG").is_some_and(|v| v == "1");
    let asked = std::env::var("QUESTDB_KILLS").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(if long { 2200 } else { 100 })
}

#[test]
fn processes_that_end_at_any_step_lose_nothing() {
    let mut random = Random(11);
    let (mut killed, mut round, mut requests) = (0, 0, 0);
    let mut reached = BTreeSet::new();
    let kills = kills() / 2;
    while killed < kills {
        let folder = Folder::new();
        let (mut acknowledged, mut next) = (BTreeSet::new(), 0);
        for _ in 0..Step::ALL.len() {
            let step = Step::ALL[round % Step::ALL.len()];
            round += 1;
            let at = format!("{step:?} {}", 1 + random.below(if round % 3 == 0 { 40 } else { 4 }));
            if run(start(&folder, next, &at), Duration::from_millis(1500), &mut acknowledged) {
                reached.insert(format!("{step:?}"));
            }
            killed += 1;
            next = check(&folder, &acknowledged, &at);
        }
        requests += acknowledged.len();
    }
    println!(
        "{killed} processes ended at {} different steps, {requests} requests acknowledged",
        reached.len()
    );
    let missing: Vec<_> =
        Step::ALL.iter().filter(|s| !reached.contains(&format!("{s:?}"))).collect();
    // Nothing fails before a process ends, so little is cut off; the others depend on what was left behind.
    assert!(missing.len() <= 3, "{missing:?}");
}

#[test]
fn processes_that_end_at_any_time_lose_nothing() {
    let mut random = Random(42);
    let (mut killed, mut requests) = (0, 0);
    let kills = kills() / 2;
    while killed < kills {
        let folder = Folder::new();
        let (mut acknowledged, mut next) = (BTreeSet::new(), 0);
        for _ in 0..50.min(kills - killed) {
            let limit = Duration::from_micros(5_000 + random.below(150_000));
            let child = start(&folder, next, "None 0");
            assert!(!run(child, limit, &mut acknowledged), "a process ended by itself");
            killed += 1;
            next = check(&folder, &acknowledged, &format!("{limit:?}"));
        }
        requests += acknowledged.len();
    }
    println!("{killed} processes killed, {requests} requests acknowledged");
}
