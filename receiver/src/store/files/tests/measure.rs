//! Figures: `cargo test --release -p questdb-receiver --lib measure -- --ignored --nocapture --test-threads 1`.

use std::time::Instant;

use super::*;

fn narrow(first: i64, rows: i64) -> Rows {
    let times: Vec<i64> = (first..first + rows).map(|n| START + n * 1000).collect();
    let values = Int64Array::from_iter_values(first..first + rows);
    let symbols = symbols(&(0..rows).map(|n| format!("sensor-{}", n % 100)).collect::<Vec<_>>());
    let mut request = request("t", first, &times);
    let mut columns = request.batch.columns().to_vec();
    (columns[2], columns[3]) = (Arc::new(values), symbols);
    columns.truncate(4);
    let schema = Arc::new(request.batch.schema().project(&[0, 1, 2, 3]).unwrap());
    request.batch = RecordBatch::try_new(schema, columns).unwrap();
    request
}

/// The most memory that this process has had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
#[ignore = "a measurement"]
fn ten_million_rows() {
    // Forgets what other measurements have needed, where the system can.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let folder = Folder::below(&std::env::temp_dir());
    let store = FileStore::open(&folder.0, FileOptions::default()).unwrap();
    store.create_table(schema("t")).unwrap();
    let started = Instant::now();
    for first in (0..10_000_000).step_by(1000) {
        store.commit(vec![narrow(first, 1000)]).unwrap();
    }
    let committed = started.elapsed();
    store.flush().unwrap();
    println!(
        "10 M rows in requests of 1000: committed in {committed:.1?}, flushed after {:.1?}, peak {} MB",
        started.elapsed(),
        peak()
    );
    assert!(peak() <= 300 || peak() == 0, "{} MB", peak());
    assert_eq!(store.parts("t").unwrap().rows(), 10_000_000);
}

/// The seconds that this thread has run, which do not depend on what else the machine does.
fn on_processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: f64 = text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0);
    nanos / 1e9
}

#[test]
#[ignore = "a measurement"]
fn start_from_a_long_log() {
    for (rows, requests) in [(10_000, 2500), (1000, 20_000), (100, 100_000), (1, 300_000)] {
        let folder = Folder::below(&std::env::temp_dir());
        let never = FileOptions {
            durability: Durability::Never,
            flush_rows: u64::MAX,
            flush_bytes: u64::MAX,
            ..quiet()
        };
        let store = FileStore::open(&folder.0, never.clone()).unwrap();
        store.create_table(schema("t")).unwrap();
        for request in 0..requests {
            store.commit(vec![narrow(request * rows, rows)]).unwrap();
        }
        drop(store);
        let bytes = std::fs::metadata(files(&folder.0, ".log").remove(0)).unwrap().len();
        let (started, before) = (Instant::now(), on_processor());
        let store = FileStore::open(&folder.0, never).unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let ran = on_processor() - before;
        #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
        let gigabytes = bytes as f64 / 1e9;
        println!(
            "requests of {rows} rows: log of {gigabytes:.2} GB read in {seconds:.2} s, {:.2} s per GB, {:.2} on the processor",
            seconds / gigabytes,
            ran / gigabytes
        );
        assert_eq!(store.parts("t").unwrap().rows(), u64::try_from(rows * requests).unwrap());
    }
}
