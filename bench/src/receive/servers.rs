//! The receiver and a real QuestDB, each a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use questdb_ingress_testkit::questdb::process::{Scratch, ask_to_end};
use questdb_ingress_testkit::questdb::{self, QuestDb, Release, http};
use questdb_receiver::{ConfigurationSources, Listener};

/// The argument that makes this program a receiver.
pub const SERVE: &str = "--serve";
/// The clock ticks of a second in `/proc`, which Linux fixes for programs.
const TICKS: f64 = 100.0;

/// Serves until standard input ends.
pub fn serve() {
    // Configured as the program is: rows over TCP are committed once a second.
    let mut sources = ConfigurationSources::default();
    for (key, value) in [
        ("http.net.bind.to", "127.0.0.1:0"),
        ("line.tcp.net.bind.to", "127.0.0.1:0"),
        ("http.net.connection.limit", "1000"),
        ("line.tcp.net.connection.limit", "1000"),
        ("http.min.enabled", "false"),
    ] {
        sources.set("this benchmark", key, value);
    }
    let builder = sources.resolve().receiver().expect("a good configuration");
    let receiver = builder.start().expect("a receiver");
    let port = |listener| receiver.addr(listener).expect("an address").port();
    println!("{} {}", port(Listener::Http), port(Listener::Tcp));
    let _ = std::io::stdin().read(&mut [0]);
}

/// A process.
enum Server {
    Ours(Child),
    /// The program, with rows in files of a folder.
    Files(Child, #[expect(dead_code, reason = "removed when it is dropped")] Scratch),
    Real(QuestDb),
}

/// A server to which rows are sent.
pub struct Target {
    pub name: &'static str,
    server: Server,
    pub http: u16,
    pub tcp: u16,
}

impl Target {
    /// Starts the receiver with rows in memory.
    pub fn ours() -> Target {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a receiver");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("the ports");
        let mut ports = line.split_whitespace().map(|port| port.parse().expect("a port"));
        let mut port = || ports.next().expect("two ports");
        Target { name: "receiver", http: port(), tcp: port(), server: Server::Ours(child) }
    }

    /// Returns the path of the receiver's program, if it was built. Its files need crates that this package has not.
    pub fn program() -> Option<PathBuf> {
        let named = std::env::var_os("QUESTDB_RECEIVER_PROGRAM").map(PathBuf::from);
        let built =
            || Some(std::env::current_exe().ok()?.ancestors().nth(2)?.join("questdb-receiver"));
        named.or_else(built).filter(|path| path.is_file())
    }

    /// Starts the receiver's program with rows in files, each request durable, which become Parquet after so many rows.
    pub fn files(program: &std::path::Path, flush_rows: usize) -> Target {
        let folder = Scratch::create();
        std::fs::create_dir_all(folder.path().join("conf")).expect("a folder");
        let conf = format!(
            "http.net.bind.to=127.0.0.1:0\nline.tcp.net.bind.to=127.0.0.1:0\nhttp.net.connection.limit=1000\n\
             line.tcp.net.connection.limit=1000\nhttp.min.enabled=false\nreceiver.storage=files\n\
             receiver.storage.flush.rows={flush_rows}\n"
        );
        std::fs::write(folder.path().join("conf/server.conf"), conf).expect("a file");
        let mut command = Command::new(program);
        command.arg("-d").arg(folder.path()).stdin(Stdio::null());
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a receiver");
        let deadline = Instant::now() + Duration::from_secs(60);
        let ports = loop {
            if let Ok(text) = std::fs::read_to_string(folder.path().join("ports")) {
                break text;
            }
            assert!(Instant::now() < deadline, "the receiver does not start");
            std::thread::sleep(Duration::from_millis(1));
        };
        let port = |name: &str| {
            let line = ports.lines().find_map(|line| line.strip_prefix(name));
            let port = line.and_then(|line| line.rsplit_once(':')).map(|(_, port)| port.parse());
            port.expect("an address").expect("a port")
        };
        let (http, tcp) = (port("http="), port("tcp="));
        Target { name: "files", http, tcp, server: Server::Files(child, folder) }
    }

    /// Ends a receiver in order and waits for it: rows in its log are Parquet then. Returns the processor time of its life, and
    /// the most memory it had, in kB.
    pub fn end(self) -> (f64, u64) {
        let (Server::Ours(child) | Server::Files(child, _)) = &self.server else { return (0.0, 0) };
        let memory = self.peak();
        ask_to_end(child);
        let deadline = Instant::now() + Duration::from_secs(120);
        // The process stays as one that has ended, with its times, until it is waited for.
        while !self.stat().starts_with(" Z") {
            assert!(Instant::now() < deadline, "the receiver does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        (self.cpu(), memory)
    }

    /// Returns the most memory that the process has had, in kB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    fn id(&self) -> u32 {
        match &self.server {
            Server::Ours(child) | Server::Files(child, _) => child.id(),
            Server::Real(server) => server.process_id().expect("it runs"),
        }
    }

    /// Returns what the kernel tells of the process behind its name, from its state on.
    fn stat(&self) -> String {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()));
        // The name of the program is in parentheses and may have blanks.
        let stat = stat.expect("a process");
        stat.rsplit_once(')').map_or(String::new(), |(_, after)| after.to_owned())
    }

    /// Returns a real QuestDB, if there is one.
    pub fn real() -> Option<Target> {
        // It commits as it does by default, not row by row as in the tests.
        let options = questdb::Options {
            extra: "line.tcp.net.connection.limit=1000\nhttp.net.connection.limit=1000\n\
                    cairo.max.uncommitted.rows=500000\nline.tcp.maintenance.job.interval=1000\n\
                    line.tcp.commit.interval.default=2000\nline.tcp.commit.interval.fraction=0.5\n\
                    cairo.writer.data.append.page.size=16M\n",
            ..questdb::Options::PLAIN
        };
        let server = QuestDb::start_if_available(Release::Java17, options)?;
        let (http, tcp) = (server.http_port(), server.tcp_port());
        Some(Target { name: "QuestDB", http, tcp, server: Server::Real(server) })
    }

    /// Returns the processor time of the process so far, in seconds.
    pub fn cpu(&self) -> f64 {
        let stat = self.stat();
        let ticks = stat.split_whitespace().skip(11).take(2);
        ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
    }

    /// Returns the answer to a statement, unless it is refused.
    pub fn query(&self, statement: &str) -> Option<String> {
        let target = format!("/exec?query={}", statement.replace(' ', "%20"));
        let answer = http::request(self.http, "GET", &target, &[], &[]).ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Returns the number of rows of a table.
    pub fn rows(&self, table: &str) -> usize {
        let answer = self.query(&format!("select count() from {table}")).unwrap_or_default();
        let count = answer.split("\"dataset\":[[").nth(1).and_then(|rest| rest.split(']').next());
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Server::Ours(child) | Server::Files(child, _) = &mut self.server {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
