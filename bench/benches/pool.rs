//! The pool: what its senders and batches cost, and what they gain.
//!
//! ```text
//! cargo bench --locked -p questdb-ingress-bench --bench pool                 all, with its marks; into target/report/pool.txt
//! cargo bench --locked -p questdb-ingress-bench --bench pool -- --count      instructions only, which do not depend on the machine
//! ```

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use questdb_ingress::{ColumnName, Pool, Sender, TableName, TimestampNanos};
use questdb_ingress_bench::artifact::Artifact;
use questdb_ingress_bench::clock::{process_cpu_ns, thread_cpu_ns};
use questdb_ingress_bench::flush::children::{self, this};
use questdb_ingress_bench::flush::sink::{Placement, Sink};

/// Rows of a batch.
const ROWS: usize = 10_000;
const SOON: Duration = Duration::from_secs(60);
/// How long the server that takes its time waits before it answers.
const LATENCY: Duration = Duration::from_millis(5);

/// A sender of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Pooled,
    Timed,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Plain, Kind::Pooled, Kind::Timed];

    /// Returns a sender, and the pool that must live as long.
    fn open(self, conf: &str) -> (Sender, Option<Pool>) {
        if self == Kind::Plain {
            return (Sender::from_conf(conf).expect("the sink is there"), None);
        }
        let timer = if self == Kind::Timed { "auto_flush_timer=on;" } else { "" };
        let pool = Pool::from_conf(&format!("{conf}{timer}")).expect("the sink is there");
        (pool.new_sender().expect("memory"), Some(pool))
    }
}

/// Names of a row that are checked once.
struct Names {
    table: TableName,
    symbol: ColumnName,
    side: ColumnName,
    price: ColumnName,
    amount: ColumnName,
}

impl Names {
    fn new() -> Names {
        let column = |name| ColumnName::new(name).expect("a good name");
        Names {
            table: TableName::new("trades").expect("a good name"),
            symbol: column("symbol"),
            side: column("side"),
            price: column("price"),
            amount: column("amount"),
        }
    }

    fn row(&self, sender: &mut Sender, i: usize) -> questdb_ingress::Result<()> {
        sender
            .row(&self.table)?
            .symbol(&self.symbol, "ETH-USD")?
            .symbol(&self.side, "sell")?
            .column_f64(&self.price, 2615.54 + i as f64)?
            .column_f64(&self.amount, 0.00044)?
            .at(TimestampNanos::new(1_646_762_637_609_765_000 + i as i64))
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if children::run(&args) {
        return ExitCode::SUCCESS;
    }
    let mut report = Artifact::default();
    match args[..] {
        ["--rows", kind, conf, batches] => {
            let kind = Kind::ALL.into_iter().find(|k| format!("{k:?}") == kind).expect("a kind");
            rows(kind, conf, batches.parse().expect("a number"));
            return ExitCode::SUCCESS;
        }
        ["--count"] => instructions(&mut report),
        [] => {
            instructions(&mut report);
            times_of_rows(&mut report);
            batch_without_io(&mut report);
            overlap(&mut report);
            latency(&mut report);
            report.write("pool.txt");
        }
        _ => {
            eprintln!("unknown arguments: {args:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Makes batches of rows, each of which is sent, and returns the nanoseconds of this thread that a row took without sending it.
fn rows(kind: Kind, conf: &str, batches: usize) -> f64 {
    let (mut sender, pool) = kind.open(conf);
    let names = Names::new();
    let mut least = f64::MAX;
    for _ in 0..batches {
        let begun = thread_cpu_ns();
        for i in 0..ROWS {
            names.row(&mut sender, i).expect("a row");
        }
        least = least.min((thread_cpu_ns() - begun) as f64 / ROWS as f64);
        sender.flush_own().expect("the sink takes everything");
    }
    sender.close(SOON).result.expect("the sink takes everything");
    drop(pool);
    least
}

/// The limits are out of reach, and the interval is looked at in every row, as by default.
const NO_LIMIT: &str = "auto_flush_rows=1000000;auto_flush_interval=3600000;";

fn instructions(report: &mut Artifact) {
    let sink = Sink::start(Placement::Anywhere);
    let conf = format!("{}{NO_LIMIT}", sink.conf("http", 2));
    let count = |kind: Kind, batches: usize| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(this())
            .args(["--rows", &format!("{kind:?}"), &conf, &batches.to_string()])
            .output()
            .expect("valgrind is installed");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1));
        collected.and_then(|n| n.trim().parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    let [plain, pooled, timed] =
        Kind::ALL.map(|kind| (count(kind, 12) - count(kind, 2)) / (10 * ROWS) as f64);
    report.line(&format!(
        "instructions of a row and its part of a flush: sender {plain:.1}, of a pool {pooled:.1}, with a timer {timed:.1}"
    ));
}

fn times_of_rows(report: &mut Artifact) {
    let sink = Sink::start(Placement::Anywhere);
    let conf = format!("{}{NO_LIMIT}", sink.conf("http", 2));
    let [plain, pooled, timed] = Kind::ALL.map(|kind| rows(kind, &conf, 300));
    report.line(&format!(
        "processor time of a row, ns: sender {plain:.1}, of a pool {pooled:.1}, with a timer {timed:.1} (mark: 2 more)"
    ));
}

/// Submits batches without rows, which are not sent.
fn batch_without_io(report: &mut Artifact) {
    const BATCHES: usize = 20_000;
    let sink = Sink::start(Placement::Anywhere);
    let pool = Pool::from_conf(&sink.conf("http", 2)).expect("the sink is there");
    let mut buffer = pool.new_buffer().expect("memory");
    let mut least = f64::MAX;
    for _ in 0..5 {
        let begun = process_cpu_ns();
        for _ in 0..BATCHES {
            pool.submit(&mut buffer).expect("room").detach();
        }
        (0..BATCHES).for_each(|_| assert!(pool.next(SOON).is_some()));
        least = least.min((process_cpu_ns() - begun) as f64 / BATCHES as f64 / 1000.0);
    }
    report.line(&format!("submit to completion without I/O, CPU µs: {least:.2} (mark: 5)"));
}

/// Rows of one sender into a sink on the other core. The pool's thread may run on either.
fn overlap(report: &mut Artifact) {
    let placements = Placement::all();
    let Some(Placement::TwoCores(_, core)) = placements.last().copied() else {
        return report
            .line("encoding beside sending: not measured, because there is one core only");
    };
    // Only the sink is pinned.
    let sink = Sink::start(Placement::SameCore(core));
    let conf = format!("{}auto_flush_rows={ROWS};auto_flush_interval=off;", sink.conf("http", 2));
    let names = Names::new();
    let mut clients = [Kind::Plain, Kind::Pooled].map(|kind| kind.open(&conf));
    let mut best = [0.0_f64; 2];
    let mut ratios = Vec::new();
    for _ in 0..30 {
        let now = [0, 1].map(|at| {
            let (sender, _) = &mut clients[at];
            let start = Instant::now();
            for i in 0..ROWS * 20 {
                names.row(sender, i).expect("the sink takes everything");
            }
            sender.flush_own().expect("the sink takes everything");
            (ROWS * 20) as f64 / start.elapsed().as_secs_f64() / 1e6
        });
        best = [best[0].max(now[0]), best[1].max(now[1])];
        ratios.push(now[1] / now[0]);
    }
    ratios.sort_by(f64::total_cmp);
    report.line(&format!(
        "{ROWS} rows a batch, million rows/s: sender {:.2}, of a pool {:.2}, {:.2}x, middle of the rounds {:.2}x (mark: 1.7x)",
        best[0],
        best[1],
        best[1] / best[0],
        ratios[ratios.len() / 2]
    ));
}

/// One sender, and eight over four connections, to a server that takes 5 ms for each request.
fn latency(report: &mut Artifact) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback works");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_late(stream));
        }
    });
    let conf = format!(
        "http::addr=127.0.0.1:{port};protocol_version=2;auto_flush_rows=100;auto_flush_interval=off;sender_pool_max=4;sender_pool_min=4;"
    );
    let names = Names::new();
    let send = |sender: &mut Sender, batches: usize| {
        (0..batches * 100).for_each(|i| names.row(sender, i).expect("a row"));
        sender.flush_own().expect("the server takes everything");
    };
    const BATCHES: usize = 400;
    let mut plain = Sender::from_conf(&conf).expect("the server is there");
    let start = Instant::now();
    send(&mut plain, BATCHES);
    let one = BATCHES as f64 / start.elapsed().as_secs_f64();
    let pool = Pool::from_conf(&conf).expect("the server is there");
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| send(&mut pool.new_sender().expect("memory"), BATCHES / 2));
        }
    });
    let many = (BATCHES * 4) as f64 / start.elapsed().as_secs_f64();
    report.line(&format!(
        "a server with 5 ms, batches/s: sender {one:.0}, 8 of a pool over 4 connections {many:.0}, {:.2}x (mark: 3.5x)",
        many / one
    ));
}

fn answer_late(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut stream) = (BufReader::new(stream.try_clone()?), stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        std::thread::sleep(LATENCY);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}
