//! A receiver that keeps its rows in files.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array as _, RecordBatch};
use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};

use super::super::files::{FaultHook, Step};
use super::*;
use crate::{Receiver, ReceiverBuilder};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("questdb-receiver-landing-{}-{name}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }

    fn builder(&self) -> ReceiverBuilder {
        Receiver::builder().folder(&self.0)
    }

    /// The rows of a table when no receiver has the folder.
    fn rows(&self, table: &str) -> Vec<RecordBatch> {
        let files = FileStore::open(&self.0, FileOptions::default()).unwrap();
        files.scan(table).unwrap().map(Result::unwrap).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn client(receiver: &Receiver) -> Http<std::net::TcpStream> {
    Http::over(connect(receiver.http_addr()))
}

#[test]
fn rows_are_in_parquet_files_after_a_stop_and_tables_stay_as_they_were() {
    let folder = Folder::new("stay");
    let receiver = folder.builder().start().unwrap();
    let body = "t,sym=a lng=1i,dbl=0.5,str=\"x\",boo=t,l256=0x1fi,mic=7t 1704067200000000000\n\
                t,sym=b lng=2i 1704153600000000000\n";
    assert_eq!(client(&receiver).write(body).status, 204);
    let second = folder.builder().start().unwrap_err();
    assert_eq!(second.kind(), crate::ErrorKind::Storage);
    drop(receiver);
    for day in ["2024-01-01", "2024-01-02"] {
        assert_eq!(std::fs::read_dir(folder.0.join("db/t").join(day)).unwrap().count(), 1);
    }
    let receiver = folder.builder().start().unwrap();
    assert_eq!(receiver.table_names(), ["t"]);
    let mut http = client(&receiver);
    // The types of the columns are those from before, and new columns come behind them.
    assert_eq!(http.write("t lng=\"text\" 1704067200000000000\n").status, 400);
    assert_eq!(http.write("t,sym=c new=1.5 1704067200000000001\n").status, 204);
    drop(receiver);
    let rows = folder.rows("t");
    let [rows] = &rows[..] else { panic!("{rows:?}") };
    let names: Vec<_> = rows.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["sym", "lng", "dbl", "str", "boo", "l256", "mic", "timestamp", "new"]);
    let long = rows.column(1).as_primitive::<Int64Type>();
    assert_eq!(long.iter().collect::<Vec<_>>(), [Some(1), None, Some(2)]);
    let symbols = rows.column(0).as_dictionary::<Int32Type>();
    let symbols = symbols.downcast_dict::<arrow_array::StringArray>().unwrap();
    assert_eq!(symbols.into_iter().collect::<Vec<_>>(), [Some("a"), Some("c"), Some("b")]);
    assert_eq!(rows.column(5).as_fixed_size_binary().value(0)[..2], [0x1F, 0]);
    assert_eq!(rows.column(8).null_count(), 2);
}

/// Returns the settings of a receiver whose disk has no room while `full` is true.
fn full_when(folder: &Folder, full: &Arc<AtomicBool>) -> ReceiverBuilder {
    let seen = Arc::clone(full);
    let mut builder = folder.builder();
    builder.files.options.faults = Some(FaultHook(Arc::new(move |step| {
        match step == Step::LogHalf && seen.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    })));
    builder
}

#[test]
fn a_full_disk_is_503_and_nothing_is_lost_or_there_twice() {
    let folder = Folder::new("full");
    let full = Arc::new(AtomicBool::new(false));
    let receiver = full_when(&folder, &full).start().unwrap();
    let mut http = client(&receiver);
    assert_eq!(http.write("t x=1i 1\n").status, 204);
    full.store(true, Ordering::Relaxed);
    let refused = client(&receiver).write("t x=2i 2\n");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("no room: cannot write"), "{}", refused.body);
    assert_eq!(receiver.table("t").unwrap().row_count(), 1);
    full.store(false, Ordering::Relaxed);
    assert_eq!(client(&receiver).write("t x=2i 2\n").status, 204);
    drop(receiver);
    assert_eq!(folder.rows("t").iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
}

#[test]
fn rows_leave_memory_and_are_read_from_files() {
    let folder = Folder::new("forget");
    let mut builder = folder.builder().max_stored(16 << 20);
    builder.files.options.flush_rows = 10_000;
    let receiver = builder.start().unwrap();
    let mut http = client(&receiver);
    for request in 0..50 {
        // Every second request is older than the one before it.
        let first = (request ^ 1) * 1000;
        let line = |n: i64| format!("t,s=a{} x={n}i,y=\"{}\" {n}\n", n % 7, "text ".repeat(20));
        let body: String = (first..first + 1000).map(line).collect();
        assert_eq!(http.write(&body).status, 204, "request {request}");
    }
    let used = receiver.server.shared().store.budget().used();
    assert!(used < 1 << 20, "{used}");
    let check = |receiver: &Receiver| {
        let table = receiver.table("t").unwrap();
        assert_eq!(table.row_count(), 50_000);
        table.load().unwrap();
        let numbers = (0..50_000).map(|row| table.value(row, "x").unwrap().to_string());
        assert!(numbers.eq((0..50_000).map(|n| n.to_string())));
        assert_eq!(table.value(12_345, "s").unwrap().to_string(), "a4");
    };
    check(&receiver);
    assert_eq!(receiver.stats().rows, 50_000);
    drop(receiver);
    let receiver = folder.builder().start().unwrap();
    check(&receiver);
    let csv = |sql: &str| client(&receiver).ask(get(sql)).body;
    assert_eq!(csv("select count() from t"), "50000\r\n");
    assert_eq!(csv("select count() from t where x < 100"), "100\r\n");
    assert_eq!(csv("select x from t limit -2"), "49998\r\n49999\r\n");
    assert_eq!(csv("select x from t where x > 49997 order by x desc limit 1"), "49999\r\n");
    assert_eq!(csv("select x from t order by timestamp desc limit 1"), "49999\r\n");
    let all = csv("select x from t");
    assert_eq!((all.lines().count(), all.lines().last()), (50_000, Some("49999")));
    let tables = csv("select table_row_count, table_max_timestamp from tables()");
    assert_eq!(tables, "50000,\"1970-01-01T00:00:00.000049Z\"\r\n");
}

fn get(sql: &str) -> String {
    let sql = sql.replace('<', "%3C").replace('>', "%3E").replace('=', "%3D").replace(' ', "+");
    format!("GET /exp?nm=true&query={sql} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[test]
fn rows_with_equal_keys_are_one_wherever_they_are() {
    let folder = Folder::new("dedup");
    let receiver = folder.builder().start().unwrap();
    let sql = "create table d (ts timestamp, k symbol, x long) timestamp(ts) partition by day wal \
               dedup upsert keys(ts, k)";
    let made = client(&receiver).ask(get(sql).replace("/exp", "/exec"));
    assert!(made.body.contains("\"ddl\":\"OK\""), "{}", made.body);
    receiver.create_table_with_keys("e", &[("k", ColumnType::Long)], &["k"]).unwrap();
    let array = receiver.create_table_with_keys("f", &[("a", ColumnType::Array(1))], &["a"]);
    assert_eq!(array.unwrap_err().kind(), crate::ErrorKind::InvalidArgument);
    let missing = receiver.create_table_with_keys("f", &[], &["a"]).unwrap_err();
    assert_eq!(missing.kind(), crate::ErrorKind::InvalidName);
    let mut http = client(&receiver);
    let landing = receiver.server.shared().store.landing().unwrap();
    for round in 0..4 {
        assert_eq!(
            http.write(format!("d,k=a x={round}i 1000\nd,k=b x={round}i 1000\n")).status,
            204
        );
        assert_eq!(
            http.write(format!("d,k=a x={round}i {}000\ne k=1i 5\n", 2 + round)).status,
            204
        );
        if round % 2 == 0 {
            landing.flush().unwrap();
        }
    }
    let expected = "\"a\",3\r\n\"b\",3\r\n\"a\",0\r\n\"a\",1\r\n\"a\",2\r\n\"a\",3\r\n";
    let rows = |receiver: &Receiver| client(receiver).ask(get("select k, x from d")).body;
    assert_eq!(rows(&receiver), expected);
    assert_eq!(receiver.table("d").unwrap().row_count(), 6);
    assert_eq!(receiver.wait_for_rows("d", 6, PATIENCE).unwrap().row_count(), 6);
    assert_eq!(receiver.table("e").unwrap().row_count(), 1);
    drop(receiver);
    let receiver = folder.builder().start().unwrap();
    assert_eq!(rows(&receiver), expected);
    let keys = "select column from table_columns('d') where upsertKey";
    assert_eq!(client(&receiver).ask(get(keys)).body, "\"ts\"\r\n\"k\"\r\n");
    // Where rows are in memory only, there are no keys.
    let memory = Receiver::builder().start().unwrap();
    let refused = memory.create_table_with_keys("t", &[], &[]).unwrap_err();
    assert_eq!(refused.kind(), crate::ErrorKind::InvalidArgument);
    let refused = client(&memory).ask(get(sql).replace("/exp", "/exec"));
    assert!(refused.body.contains("dedup keys need rows in files"), "{}", refused.body);
}

#[test]
fn tables_and_columns_of_refused_requests_stay_after_a_restart() {
    let folder = Folder::new("refused");
    let receiver = folder.builder().start().unwrap();
    assert_eq!(client(&receiver).write("t x=1i 1\n").status, 204);
    assert_eq!(client(&receiver).write("t y=1i 1\nu,s=a z=0.5 1\nt x=\"text\" 2\n").status, 400);
    receiver.create_table("v", &[("b", ColumnType::Boolean)]).unwrap();
    let columns = |receiver: &Receiver| -> Vec<String> {
        let tables = receiver.table_names();
        let named = tables.iter().filter_map(|name| receiver.table(name));
        named
            .map(|t| format!("{:?}", t.columns().iter().map(|c| c.name()).collect::<Vec<_>>()))
            .collect()
    };
    let before = columns(&receiver);
    assert_eq!(before.len(), 3);
    assert!(before[0].contains("\"y\""), "{before:?}");
    // As if the process had been killed: another one finds what is on the disk.
    let copy = Folder::new("refused-copy");
    std::fs::create_dir_all(copy.0.join("log")).unwrap();
    for log in std::fs::read_dir(folder.0.join("log")).unwrap() {
        let log = log.unwrap();
        std::fs::copy(log.path(), copy.0.join("log").join(log.file_name())).unwrap();
    }
    drop(receiver);
    for folder in [&folder, &copy] {
        let receiver = folder.builder().start().unwrap();
        assert_eq!(columns(&receiver), before);
        assert_eq!(receiver.table("t").unwrap().row_count(), 1);
        assert_eq!(client(&receiver).write("u z=1i,s=\"b\" 1\nt y=0.5 2\n").status, 400);
    }
}

#[test]
fn what_is_removed_is_removed_from_the_files() {
    let folder = Folder::new("clear");
    let receiver = folder.builder().start().unwrap();
    assert_eq!(client(&receiver).write("t x=1i 1\nu x=1i 1\n").status, 204);
    receiver.clear();
    assert_eq!(client(&receiver).write("t x=\"now a text\" 1\n").status, 204);
    drop(receiver);
    let receiver = folder.builder().start().unwrap();
    assert_eq!(receiver.table_names(), ["t"]);
    drop(receiver);
    assert_eq!(folder.rows("t")[0].column(0).as_string::<i32>().value(0), "now a text");
}

#[test]
fn peers_over_tcp_wait_while_the_disk_is_full() {
    let folder = Folder::new("wait");
    let full = Arc::new(AtomicBool::new(false));
    let builder = full_when(&folder, &full);
    let receiver = builder.start().unwrap();
    let mut tcp = connect(receiver.tcp_addr());
    tcp.write_all(b"t x=1i 1\n").unwrap();
    receiver.wait_for_rows("t", 1, PATIENCE).unwrap();
    full.store(true, Ordering::Relaxed);
    tcp.write_all(b"t x=2i 2\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    tcp.write_all(b"t x=3i 3\n").unwrap();
    assert_eq!(receiver.table("t").unwrap().row_count(), 1);
    assert_eq!(receiver.stats().rejected, 0);
    full.store(false, Ordering::Relaxed);
    receiver.wait_for_rows("t", 3, PATIENCE).unwrap();
    drop((tcp, receiver));
    assert_eq!(folder.rows("t").iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
}
