//! Flushes over loopback to a sink process: ours next to the official client, in one run.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench flush                  client and sink pinned: to the same core, and to two
//! cargo bench -p questdb-ingress-bench --bench flush -- --unpinned    the scheduler decides
//! cargo bench -p questdb-ingress-bench --bench flush -- --count       instructions and system calls only
//! ```
//!
//! Figures of different placements must not be compared with each other.

use std::process::Command;
use std::time::{Duration, Instant};

use questdb_ingress_bench::clients::{Client, NAMES, only_open, open};
use questdb_ingress_bench::clock::{process_cpu, process_cpu_ns, thread_cpu_ns};
use questdb_ingress_bench::sink::{self, Sink, pin};

const ROUNDS: usize = 40;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--sink", cpu] => sink::main(cpu).expect("loopback works"),
        ["--small-flushes", which, conf, count] => {
            let number = |text: &str| text.parse().expect("a number");
            small_flushes(&mut *open(number(which), conf), number(count));
        }
        ["--large-flushes", which, conf, count] => {
            let number = |text: &str| text.parse().expect("a number");
            let mut client = open(number(which), conf);
            while client.buffered() < 95 << 20 {
                client.rows(1000);
            }
            (0..number(count)).for_each(|_| client.flush_and_keep());
        }
        ["--count"] => {
            let sink = Sink::start(None);
            let http = format!("http::addr=127.0.0.1:{};protocol_version=2;", sink.http);
            println!("\n  {:<48}{:>10}{:>10}{:>8}   at least", "", NAMES[0], NAMES[1], "ratio");
            instructions(&http);
            system_calls(&http);
        }
        ["--unpinned"] => all("not pinned", None, None),
        _ => {
            all("client and sink pinned to the same core", Some(0), Some(0));
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            // Pinning above may have hidden the second core from the count.
            if cores > 1 || pin(1) {
                all("client and sink pinned to two cores", Some(0), Some(1));
            } else {
                println!("\nthere is one core only: not measured on two");
            }
        }
    }
}

fn all(placement: &str, client: Option<usize>, sink: Option<usize>) {
    if let Some(cpu) = client {
        assert!(pin(cpu), "cannot be pinned");
    }
    println!("\n{placement}");
    println!("  {:<48}{:>10}{:>10}{:>8}   at least", "", NAMES[0], NAMES[1], "ratio");
    let mut sink = Sink::start(sink);
    let http = format!("http::addr=127.0.0.1:{};protocol_version=2;", sink.http);
    let tcp = format!("tcp::addr=127.0.0.1:{};protocol_version=2;", sink.tcp);
    let auto = format!("http::addr=127.0.0.1:{};", sink.http);

    one_row(&http);
    let two_cores = placement.contains("two");
    let (one, two) = (!two_cores, if two_cores { 2.0 } else { 0.0 });
    let one_mark = if one { 3.0 } else { 0.0 };
    rate("HTTP v2, 1000 rows a flush", &http, &mut sink, [1000, 75], one, one_mark);
    rate("HTTP v2, 75,000 rows a flush", &http, &mut sink, [75_000, 2], one, two);
    rate("TCP v2, 1000 rows a flush", &tcp, &mut sink, [1000, 150], one, one_mark);
    rate("TCP v2, 75,000 rows a flush", &tcp, &mut sink, [75_000, 2], one, 0.0);
    large(&http, &mut sink);
    opening(&auto);
    system_calls(&http);
}

/// Smaller is better: prints both, official / ours, and whether `mark` is reached.
fn smaller(what: &str, unit: &str, [ours, official]: [f64; 2], mark: f64) {
    line(what, unit, [ours, official], official / ours, mark);
}

fn line(what: &str, unit: &str, [ours, official]: [f64; 2], ratio: f64, mark: f64) {
    print!("  {:<48}{ours:>10.1}{official:>10.1}{ratio:>8.2}", format!("{what}, {unit}"));
    match mark {
        0.0 => println!(),
        _ => println!("   {mark:.1} {}", if ratio >= mark { "reached" } else { "BELOW" }),
    }
}

fn small_flushes(client: &mut dyn Client, count: usize) {
    for _ in 0..count {
        client.rows(1);
        client.flush();
    }
}

fn one_row(conf: &str) {
    const FLUSHES: usize = 400;
    let mut clients = [open(0, conf), open(1, conf)];
    let mut cpu = [f64::MAX; 2];
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (i, client) in clients.iter_mut().enumerate() {
            let begun = process_cpu_ns();
            for _ in 0..FLUSHES {
                client.rows(1);
                let start = Instant::now();
                client.flush();
                times[i].push(start.elapsed().as_secs_f64() * 1e6);
            }
            cpu[i] = cpu[i].min((process_cpu_ns() - begun) as f64 / 1e3 / FLUSHES as f64);
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    let at = |part: f64| [0, 1].map(|i: usize| times[i][(times[i].len() as f64 * part) as usize]);
    smaller("one-row HTTP flush, client CPU", "us", cpu, 4.0);
    smaller("one-row HTTP flush p50", "us", at(0.5), 3.0);
    smaller("one-row HTTP flush p99", "us", at(0.99), 0.0);
}

/// `per_cpu`: what the mark is for. The time that client and sink take together is what one idle core would show; the
/// wall time is what this machine shows.
fn rate(
    what: &str,
    conf: &str,
    sink: &mut Sink,
    [rows, flushes]: [usize; 2],
    per_cpu: bool,
    mark: f64,
) {
    let mut clients = [open(0, conf), open(1, conf)];
    let (mut by_wall, mut by_cpu) = ([0.0f64; 2], [0.0f64; 2]);
    let millions = (rows * flushes) as f64 / 1e6;
    for _ in 0..ROUNDS {
        for (i, client) in clients.iter_mut().enumerate() {
            let [mut bytes, sink_begun] = sink.counts();
            let (start, begun) = (Instant::now(), process_cpu_ns());
            for _ in 0..flushes {
                client.rows(rows);
                bytes += client.buffered() as u64;
                client.flush();
            }
            let cpu = process_cpu_ns() - begun;
            by_wall[i] = by_wall[i].max(millions / start.elapsed().as_secs_f64());
            let cpu = cpu + sink.wait_for(bytes) - sink_begun;
            by_cpu[i] = by_cpu[i].max(millions / (cpu as f64 / 1e9));
        }
    }
    let (wall_mark, cpu_mark) = if per_cpu { (0.0, mark) } else { (mark, 0.0) };
    line(what, "M rows/s", by_wall, by_wall[0] / by_wall[1], wall_mark);
    line("", "M rows per CPU second of both", by_cpu, by_cpu[0] / by_cpu[1], cpu_mark);
}

fn large(conf: &str, sink: &mut Sink) {
    const FLUSHES: usize = 24;
    let mut clients = [open(0, conf), open(1, conf)];
    let (mut user, mut total, mut extra) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for (i, client) in clients.iter_mut().enumerate() {
        while client.buffered() < 95 << 20 {
            client.rows(1000);
        }
        // The first flush connects.
        let resident = memory("VmRSS");
        forget_peak();
        client.flush_and_keep();
        extra[i] = memory("VmHWM") - resident;
        let [bytes, _] = sink.counts();
        let before = process_cpu();
        for _ in 0..FLUSHES {
            client.flush_and_keep();
        }
        let after = process_cpu();
        assert_eq!(sink.counts()[0] - bytes, (client.buffered() * FLUSHES) as u64);
        let gib = (client.buffered() * FLUSHES) as f64 / f64::from(1 << 30);
        let millis = |time: Duration| time.as_secs_f64() * 1e3 / gib;
        user[i] = millis(after.0 - before.0);
        total[i] = millis(after.0 - before.0 + after.1 - before.1);
        client.clear();
    }
    at_most("95 MiB HTTP flush, user CPU", "ms/GiB", user, 10.0);
    smaller("95 MiB HTTP flush, CPU with the kernel's", "ms/GiB", total, 0.0);
    at_most("95 MiB HTTP flush, extra memory", "MiB", extra, 1.0);
}

/// For marks on our figure alone.
fn at_most(what: &str, unit: &str, [ours, official]: [f64; 2], mark: f64) {
    let verdict = if ours <= mark { "reached" } else { "BELOW" };
    let what = format!("{what}, {unit}");
    println!("  {what:<48}{ours:>10.1}{official:>10.1}{:>8}   <= {mark} {verdict}", "");
}

/// MiB of a line of the process's status.
fn memory(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn opening(conf: &str) {
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    let mut cpu = [f64::MAX; 2];
    for _ in 0..100 {
        for i in [0, 1] {
            let (start, begun) = (Instant::now(), thread_cpu_ns());
            only_open(i, conf);
            cpu[i] = cpu[i].min((thread_cpu_ns() - begun) as f64 / 1e3);
            times[i].push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    smaller("open with /settings, the first", "us", [times[0][0], times[1][0]], 0.0);
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    smaller("open with /settings, p50", "us", [times[0][50], times[1][50]], 2.0);
    smaller("open with /settings, CPU of the thread", "us", cpu, 0.0);
}

/// Instructions outside the kernel, by callgrind: two runs that differ only in their flushes.
fn instructions(conf: &str) {
    let count = |mode: &str, which: usize, flushes: usize| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().expect("the path of this program"))
            .args([mode, &which.to_string(), conf, &flushes.to_string()])
            .output()
            .expect("valgrind is installed");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1));
        collected.and_then(|n| n.trim().parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    let of = |mode, few: usize, many: usize| {
        [0, 1].map(|i| (count(mode, i, many) - count(mode, i, few)) / (many - few) as f64)
    };
    smaller(
        "one-row HTTP flush with its row",
        "instructions",
        of("--small-flushes", 100, 600),
        0.0,
    );
    smaller(
        "95 MiB HTTP flush",
        "1000 instructions",
        of("--large-flushes", 1, 3).map(|n| n / 1e3),
        0.0,
    );
}

/// Counted by strace in a process that does nothing else: two runs that differ only in their flushes.
fn system_calls(conf: &str) {
    let calls = |which: usize, flushes: usize| {
        let file = std::env::temp_dir().join(format!("flush-calls-{}", std::process::id()));
        let this = std::env::current_exe().expect("the path of this program");
        let run = Command::new("strace")
            .args(["-f", "-c", "-o"])
            .arg(&file)
            .arg(this)
            .args(["--small-flushes", &which.to_string(), conf, &flushes.to_string()])
            .status();
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(&file);
        if !run.is_ok_and(|status| status.success()) {
            return None;
        }
        let total = text.lines().find(|line| line.trim_end().ends_with("total"))?;
        total.split_whitespace().nth(3)?.parse::<f64>().ok()
    };
    let per_flush = [0, 1].map(|i| Some((calls(i, 600)? - calls(i, 100)?) / 500.0));
    match per_flush {
        [Some(ours), Some(official)] => {
            at_most("one-row HTTP flush", "system calls", [ours, official], 4.0);
        }
        _ => println!("  system calls per flush: not counted, strace is missing or not allowed"),
    }
}
