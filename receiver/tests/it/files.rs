//! Tests of the program that keeps rows in files: what it has acknowledged is there after it was killed.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};

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
    for round in 0..8_u64 {
        let program = Program::start(&folder, "receiver.storage.flush.rows=500\n");
        let found = number(&program, "select count() from t").unwrap_or(0);
        // A request that was on its way may be stored too.
        assert!(
            found.is_multiple_of(100) && found >= acknowledged,
            "{found} rows of {acknowledged}"
        );
        assert!(found <= acknowledged + 100, "{found} rows of {acknowledged}");
        acknowledged = found;
        let addr = program.addr("http");
        let sender = std::thread::spawn(move || {
            let mut stored = 0;
            let mut http = connect(addr);
            let line = |n: usize| format!("t,s=a x={n}i {}000000000\n", 1_704_067_200 + n * 3600);
            loop {
                let body: String = (0..100).map(|n| line(acknowledged + stored + n)).collect();
                if !is_stored(&mut http, &body) {
                    return stored;
                }
                stored += 100;
            }
        });
        std::thread::sleep(Duration::from_millis(50 + 37 * round));
        program.kill();
        acknowledged += sender.join().unwrap();
    }
    assert!(acknowledged > 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rows_over_tcp_are_in_parquet_files_when_it_has_ended() {
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
