//! The receiver next to a real QuestDB: each a process of its own that gets the same bytes over the same sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use questdb_ingress_testkit::questdb::{self, QuestDb, Release, http};
use questdb_receiver::{ConfigurationSources, Listener};

use crate::artifact::Artifact;
use crate::encoders::Ours;
use crate::shapes::{Encoder, Names, Random, S1, S2, Shape};

/// The argument that makes this program a receiver.
pub const SERVE: &str = "--serve";
/// The rows of a piece of TCP, and of an HTTP request.
const BLOCK: usize = 1000;
const CONNECTIONS: [usize; 3] = [1, 32, 256];
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

/// A server to which rows are sent.
enum Server {
    Ours(Child),
    Real(QuestDb),
}

struct Target {
    name: &'static str,
    server: Server,
    http: u16,
    tcp: u16,
}

impl Target {
    fn ours() -> Target {
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

    /// Returns a real QuestDB, if there is one.
    fn real() -> Option<Target> {
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
    fn cpu(&self) -> f64 {
        let id = match &self.server {
            Server::Ours(child) => child.id(),
            Server::Real(server) => server.process_id().expect("it runs"),
        };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("a process");
        // The name of the program is in parentheses and may have blanks.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks = after.split_whitespace().skip(11).take(2);
        ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
    }

    fn query(&self, statement: &str) -> Option<String> {
        let target = format!("/exec?query={}", statement.replace(' ', "%20"));
        let answer = http::request(self.http, "GET", &target, &[], &[]).ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    fn rows(&self, table: &str) -> usize {
        let answer = self.query(&format!("select count() from {table}")).unwrap_or_default();
        let count = answer.split("\"dataset\":[[").nth(1).and_then(|rest| rest.split(']').next());
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Server::Ours(child) = &mut self.server {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The rows of one shape as blocks of bytes.
struct Load {
    name: &'static str,
    table: &'static str,
    rows: usize,
    blocks: Vec<Vec<u8>>,
}

fn load<S: Shape>(name: &'static str, version: u8, blocks: usize) -> Load {
    let (mut random, names) = (Random::new(), Names::new(S::TABLE, S::COLUMNS));
    let mut encoder = Ours::<false>::new(version);
    let block = |block: usize| {
        encoder.clear();
        for row in block * BLOCK..(block + 1) * BLOCK {
            let row = S::make(row, &mut random);
            row.write(&mut encoder, &names).unwrap_or_else(|error| panic!("{error}"));
        }
        encoder.bytes().to_vec()
    };
    let blocks: Vec<_> = (0..blocks).map(block).collect();
    Load { name, table: S::TABLE, rows: blocks.len() * BLOCK, blocks }
}

/// Sends the blocks over one connection, and waits until the server has taken them.
fn send(target: &Target, over_http: bool, blocks: &[&[u8]]) {
    let port = if over_http { target.http } else { target.tcp };
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    socket.set_nodelay(true).expect("an option");
    for block in blocks {
        if over_http {
            let head = format!(
                "POST /write?precision=n HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                block.len()
            );
            socket.write_all(head.as_bytes()).expect("a head was sent");
        }
        socket.write_all(block).expect("rows were sent");
        if over_http {
            read_answer(&mut socket);
        }
    }
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.read(&mut [0]);
}

fn read_answer(socket: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while !answer.ends_with(b"\r\n\r\n") {
        let len = socket.read(&mut part).expect("an answer");
        assert!(len > 0, "no answer: {}", answer.escape_ascii());
        answer.extend_from_slice(&part[..len]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 204"), "{}", answer.escape_ascii());
}

/// Sends a load and waits until all its rows can be read. Returns seconds, and processor seconds of the server.
fn run(target: &Target, load: &Load, over_http: bool, connections: usize) -> (f64, f64) {
    let (start, cpu) = (Instant::now(), target.cpu());
    std::thread::scope(|scope| {
        for connection in 0..connections {
            let blocks = load.blocks.iter().skip(connection).step_by(connections);
            let blocks: Vec<&[u8]> = blocks.map(|block| &block[..]).collect();
            scope.spawn(move || send(target, over_http, &blocks));
        }
    });
    let deadline = Instant::now() + Duration::from_secs(120);
    while target.rows(load.table) < load.rows {
        assert!(Instant::now() < deadline, "{} has {}", target.name, target.rows(load.table));
        std::thread::sleep(Duration::from_millis(20));
    }
    let taken = (start.elapsed().as_secs_f64(), target.cpu() - cpu);
    target.query(&format!("drop table {}", load.table)).expect("the table is dropped");
    taken
}

/// Prints processor time and rates of both, for every load, transport and number of connections.
pub fn compare(blocks: usize) {
    let mut shown = Artifact::default();
    let loads = [
        load::<S1>("narrow", 1, blocks),
        load::<S2>("wide, text", 1, blocks),
        load::<S2>("wide, binary", 2, blocks),
    ];
    let ours = Target::ours();
    let real = Target::real();
    if real.is_none() {
        shown.line("no QuestDB, see ci/setup");
    }
    let head = "CPU s per million rows of the receiving process, and thousand rows per second until they can be read";
    shown.line(head);
    for load in &loads {
        for (transport, over_http) in [("TCP", false), ("HTTP", true)] {
            for connections in CONNECTIONS {
                let mut line = format!("{:<13}{transport:<5}{connections:>4}", load.name);
                let mut cpu = Vec::new();
                for target in [Some(&ours), real.as_ref()].into_iter().flatten() {
                    let (seconds, used) = run(target, load, over_http, connections);
                    let per_million = used / load.rows as f64 * 1e6;
                    let rate = load.rows as f64 / seconds / 1e3;
                    line += &format!("   {} {per_million:>6.2} s {rate:>6.0} k/s", target.name);
                    cpu.push(per_million);
                }
                if let [ours, real] = cpu[..] {
                    line += &format!("   {:.2} of QuestDB's", ours / real);
                }
                shown.line(&line);
            }
        }
    }
    shown.write("receive-compare.txt");
}
