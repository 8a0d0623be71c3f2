//! Tests of the program that keeps rows in files: what it has acknowledged is there after it was killed.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, with_own};
use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};
use questdb_receiver::{ColumnType, Receiver};

const CONF: &str = "http.net.bind.to=127.0.0.1:0\nline.tcp.net.bind.to=127.0.0.1:0\n\
                    http.min.enabled=false\nreceiver.storage=files\n";

/// The program, in a folder of its own.
struct Program {
    child: Child,
    folder: PathBuf,
}

impl Program {
    fn start(folder: &Path, conf: &str) -> Program {
        std::fs::create_dir_all(folder.join("conf")).unwrap();
        std::fs::write(folder.join("conf/server.conf"), format!("{CONF}{conf}")).unwrap();
        let _ = std::fs::remove_file(folder.join("ports"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_questdb-receiver"));
        command.arg("-d").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let started = Instant::now();
        while !folder.join("ports").exists() {
            assert!(started.elapsed() < PATIENCE, "it does not listen");
            std::thread::sleep(Duration::from_millis(2));
        }
        Program { child, folder: folder.to_owned() }
    }

    fn addr(&self, name: &str) -> SocketAddr {
        let ports = std::fs::read_to_string(self.folder.join("ports")).unwrap();
        let addr = ports.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='));
        addr.unwrap().parse().unwrap()
    }

    fn http(&self) -> Http<std::net::TcpStream> {
        Http::over(connect(self.addr("http")))
    }

    /// Ends it without a warning.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("receiver-files-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// Asks for one number.
fn number(program: &Program, sql: &str) -> Option<usize> {
    let path = format!("/exp?nm=true&query={}", sql.replace(' ', "+"));
    let answer = program.http().ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    (answer.status == 200).then(|| answer.body.trim().parse().unwrap())
}

/// Posts rows. Returns whether they were acknowledged.
fn is_stored(http: &mut std::net::TcpStream, rows: &str) -> bool {
    let len = rows.len();
    let request = format!("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n\r\n{rows}");
    let mut answer = Vec::new();
    if http.write_all(request.as_bytes()).is_err() {
        return false;
    }
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if !matches!(http.read(&mut byte), Ok(1)) {
            return false;
        }
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204 "), "{}", String::from_utf8_lossy(&answer));
    true
}

#[test]
fn acknowledged_rows_are_there_once_after_each_kill() {
    let folder = folder("kill");
    let mut acknowledged = 0;
    let long = std::env::var_os("QUESTDB_LONG").is_some_and(|v| v == "1");
    let rounds = if long { 2000 } else { 8 };
    for round in 0..rounds {
        let program = Program::start(&folder, "receiver.storage.flush.rows=500\n");
        let found = number(&program, "select count() from t").unwrap_or(0);
        // A request that was on its way may be stored too.
        assert!(
            found.is_multiple_of(100) && found >= acknowledged,
            "{found} rows of {acknowledged}"
        );
        assert!(found <= acknowledged + 100, "{found} rows of {acknowledged}");
        acknowledged = found;
        // Connected before the time begins to run: a busy machine may start the thread after the end.
        let mut http = connect(program.addr("http"));
        let sender = std::thread::spawn(move || {
            let mut stored = 0;
            let line = |n: usize| format!("t,s=a x={n}i {}000000000\n", 1_704_067_200 + n * 3600);
            loop {
                let body: String = (0..100).map(|n| line(acknowledged + stored + n)).collect();
                if !is_stored(&mut http, &body) {
                    return stored;
                }
                stored += 100;
            }
        });
        std::thread::sleep(Duration::from_millis(50 + 37 * (round % 8)));
        program.kill();
        acknowledged += sender.join().unwrap();
    }
    println!("{rounds} processes killed, {acknowledged} rows acknowledged");
    assert!(acknowledged > 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rows_are_in_parquet_files_after_a_signal() {
    let folder = folder("signal");
    let mut program = Program::start(&folder, "line.tcp.commit.interval.default=10\n");
    assert_eq!(program.http().write("t,s=a x=1i 1704067200000000000\n").status, 204);
    let mut tcp = connect(program.addr("tcp"));
    tcp.write_all(b"t,s=b x=2i 1704153600000000000\n").unwrap();
    let started = Instant::now();
    while number(&program, "select count() from t") != Some(2) {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(kill.success() && program.child.wait().unwrap().success());
    let files = |day: &str| std::fs::read_dir(folder.join("db/t").join(day)).unwrap().count();
    assert_eq!(["2024-01-01", "2024-01-02"].map(files), [1, 1]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rows_over_tcp_are_in_parquet_files_after_the_next_start() {
    let folder = folder("tcp");
    let program = Program::start(&folder, "line.tcp.commit.interval.default=10\n");
    let mut tcp = connect(program.addr("tcp"));
    tcp.write_all(b"t,s=a x=1i 1704067200000000000\nt,s=b x=2i 1704153600000000000\n").unwrap();
    let started = Instant::now();
    while number(&program, "select count() from t") != Some(2) {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    program.kill();
    // The next start has them, and a flush at once.
    let program = Program::start(&folder, "receiver.storage.flush.interval=1\n");
    assert_eq!(number(&program, "select count() from t"), Some(2));
    let days = ["2024-01-01", "2024-01-02"].map(|day| folder.join("db/t").join(day));
    while !days.iter().all(|day| day.exists()) {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(number(&program, "select x from t where x = 2"), Some(2));
    program.kill();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn decimals_keep_the_digits_and_places_of_their_column() {
    let folder = folder("decimals");
    let ask = |receiver: &Receiver, sql: &str| {
        let path = format!("/exp?nm=true&query={}", sql.replace(' ', "+"));
        let mut http = Http::over(connect(receiver.http_addr()));
        http.ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).body
    };
    let receiver = Receiver::builder().folder(&folder).start().unwrap();
    let create = "create table t (time timestamp, a decimal(10,2), b decimal) timestamp(time)";
    let mut http = Http::over(connect(receiver.http_addr()));
    let path = format!("/exec?query={}", create.replace(' ', "+"));
    let made = http.ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(made.status, 200, "{}", made.body);
    let wide = create.replace("10,2", "39,2").replace("table t", "table u").replace(' ', "+");
    let wide = http.ask(format!("GET /exec?query={wide} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert!(wide.body.contains("the receiver has decimals of 1 to 38 digits"), "{}", wide.body);
    assert_eq!(http.write("t a=1.5d,b=-2d 1000\nt a=7i,b=0.12d 2000\n").status, 204);
    for row in ["t a=1.234d 3000\n", "t a=123456789d 3000\n", "t b=0.0001d 3000\n"] {
        let refused = http.write(row);
        assert_eq!(refused.status, 400, "{row}");
        assert!(refused.body.contains("does not fit DECIMAL(1"), "{}", refused.body);
    }
    let expected = "\"1.50\",\"-2.000\"\r\n\"7.00\",\"0.120\"\r\n";
    assert_eq!(ask(&receiver, "select a, b from t"), expected);
    drop((http, receiver));
    // The Parquet files have them, and so has the manifest.
    let receiver = Receiver::builder().folder(&folder).start().unwrap();
    assert_eq!(ask(&receiver, "select a, b from t"), expected);
    let columns = ask(&receiver, "show columns from t");
    assert!(
        columns.contains("\"DECIMAL(10,2)\"") && columns.contains("\"DECIMAL(18,3)\""),
        "{columns}"
    );
    drop(receiver);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn questdb_reads_the_parquet_files() {
    with_own(Release::Java17, |release| {
        let folder = folder("questdb");
        let receiver = Receiver::builder().folder(&folder).start().unwrap();
        let columns = [("d", ColumnType::Decimal), ("n", ColumnType::TimestampNanos)];
        receiver.create_table("t", &columns).unwrap();
        let mut http = Http::over(connect(receiver.http_addr()));
        let long256 = "0x0102030405060708091011121314151617181920212223242526272829303132";
        let row = format!(
            "t,s=Z\u{fc}rich l=-1i,f=0.5,b=t,v=\"text\",l256={long256}i,n=1704067200000000001n,d=1.5d,m=7t 1000\n"
        );
        assert_eq!(http.write(row).status, 204);
        assert_eq!(http.write("t,s=b f=-1e300 2000\n").status, 204);
        drop((http, receiver));
        let server = QuestDb::start(
            release,
            Options { extra: "cairo.sql.copy.root=import\n", ..Options::QUICK },
        );
        let part = folder.join("db/t/1970-01-01/part-0000000001.parquet");
        std::fs::create_dir_all(server.data().join("import")).unwrap();
        std::fs::copy(part, server.data().join("import/t.parquet")).unwrap();
        let rows = server.sql("select * from read_parquet('t.parquet')");
        let types = [
            "d DECIMAL(38,18)",
            "n TIMESTAMP_NS",
            "timestamp TIMESTAMP",
            "s VARCHAR",
            "l LONG",
            "f DOUBLE",
            "b BOOLEAN",
            "v VARCHAR",
            "l256 LONG256",
            "m TIMESTAMP",
        ];
        assert_eq!(rows.types(), types);
        let cells = serde_json::json!([
            [
                "1.500000000000000000",
                "2024-01-01T00:00:00.000000001Z",
                "1970-01-01T00:00:00.000001Z",
                "Z\u{fc}rich",
                -1,
                0.5,
                true,
                "text",
                long256,
                "1970-01-01T00:00:00.000007Z"
            ],
            [null, null, "1970-01-01T00:00:00.000002Z", "b", null, -1e300, false, null, "", null],
        ]);
        assert_eq!(serde_json::to_value(&rows.cells).unwrap(), cells);
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_reader_that_stops_keeps_nobody_waiting() {
    let receiver = Receiver::builder().folder(folder("stops")).start().unwrap();
    crate::reading::a_reader_stops(&receiver);
}
