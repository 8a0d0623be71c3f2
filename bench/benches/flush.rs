//! Flushes over loopback to a sink process: ours next to the official client, in one run.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench flush                  client and sink pinned: to the same core, and to two
//! cargo bench -p questdb-ingress-bench --bench flush -- --unpinned    the scheduler decides
//! ```
//!
//! Figures of different placements must not be compared with each other.

use std::process::Command;
use std::time::{Duration, Instant};

use questdb_ingress_bench::clients::{Client, NAMES, only_open, open};
use questdb_ingress_bench::clock::{process_cpu, thread_cpu_ns};
use questdb_ingress_bench::sink::{self, Sink, pin};

const ROUNDS: usize = 12;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--sink", cpu] => sink::main(cpu).expect("loopback works"),
        ["--small-flushes", which, conf, count] => {
            let number = |text: &str| text.parse().expect("a number");
            small_flushes(&mut *open(number(which), conf), number(count));
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
    println!("  {:<44}{:>10}{:>10}{:>8}   at least", "", NAMES[0], NAMES[1], "ratio");
    let mut sink = Sink::start(sink);
    let http = format!("http::addr=127.0.0.1:{};protocol_version=2;", sink.http);
    let tcp = format!("tcp::addr=127.0.0.1:{};protocol_version=2;", sink.tcp);
    let auto = format!("http::addr=127.0.0.1:{};", sink.http);

    one_row(&http);
    let two_cores = placement.contains("two");
    rate("HTTP v2, 1000 rows a flush", &http, 1000, 75, if two_cores { 0.0 } else { 3.0 });
    rate("HTTP v2, 75,000 rows a flush", &http, 75_000, 4, if two_cores { 2.0 } else { 0.0 });
    rate("TCP v2, 1000 rows a flush", &tcp, 1000, 300, 3.0);
    rate("TCP v2, 75,000 rows a flush", &tcp, 75_000, 4, 0.0);
    large(&http, &mut sink);
    opening(&auto);
    system_calls(&http);
}

/// Smaller is better: prints both, official / ours, and whether `mark` is reached.
fn smaller(what: &str, unit: &str, [ours, official]: [f64; 2], mark: f64) {
    line(what, unit, [ours, official], official / ours, mark);
}

fn line(what: &str, unit: &str, [ours, official]: [f64; 2], ratio: f64, mark: f64) {
    print!("  {:<44}{ours:>10.1}{official:>10.1}{ratio:>8.2}", format!("{what}, {unit}"));
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
    const FLUSHES: usize = 1500;
    let mut clients = [open(0, conf), open(1, conf)];
    let (mut cpu, mut user) = ([f64::MAX; 2], [f64::MAX; 2]);
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (i, client) in clients.iter_mut().enumerate() {
            let mut round = Vec::with_capacity(FLUSHES);
            let before = process_cpu();
            for _ in 0..FLUSHES {
                client.rows(1);
                let start = Instant::now();
                client.flush();
                round.push(start.elapsed().as_secs_f64() * 1e6);
            }
            let after = process_cpu();
            let micros = |time: Duration| time.as_secs_f64() * 1e6 / FLUSHES as f64;
            user[i] = user[i].min(micros(after.0 - before.0));
            cpu[i] = cpu[i].min(micros(after.0 - before.0 + after.1 - before.1));
            times[i].append(&mut round);
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    let at = |part: f64| [0, 1].map(|i: usize| times[i][(times[i].len() as f64 * part) as usize]);
    smaller("one-row HTTP flush, client CPU", "us", cpu, 4.0);
    smaller("  of it in the program itself", "us", user, 0.0);
    smaller("one-row HTTP flush p50", "us", at(0.5), 3.0);
    smaller("one-row HTTP flush p99", "us", at(0.99), 0.0);
}

fn rate(what: &str, conf: &str, rows: usize, flushes: usize, mark: f64) {
    let mut clients = [open(0, conf), open(1, conf)];
    let mut best = [0.0f64; 2];
    for _ in 0..ROUNDS {
        for (client, best) in clients.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..flushes {
                client.rows(rows);
                client.flush();
            }
            *best = best.max((rows * flushes) as f64 / start.elapsed().as_secs_f64() / 1e6);
        }
    }
    line(what, "M rows/s", best, best[0] / best[1], mark);
}

fn large(conf: &str, sink: &mut Sink) {
    const FLUSHES: usize = 4;
    let mut clients = [open(0, conf), open(1, conf)];
    let (mut user, mut total, mut extra) = ([f64::MAX; 2], [f64::MAX; 2], [f64::MAX; 2]);
    for (i, client) in clients.iter_mut().enumerate() {
        while client.len() < 95 << 20 {
            client.rows(1000);
        }
        let gib = (client.len() * FLUSHES) as f64 / f64::from(1 << 30);
        // The first flush connects.
        let resident = memory("VmRSS");
        forget_peak();
        client.flush_and_keep();
        extra[i] = memory("VmHWM") - resident;
        for _ in 0..ROUNDS {
            let [bytes, _] = sink.counts();
            let before = process_cpu();
            for _ in 0..FLUSHES {
                client.flush_and_keep();
            }
            let after = process_cpu();
            assert_eq!(sink.counts()[0] - bytes, (client.len() * FLUSHES) as u64);
            let millis = |time: Duration| time.as_secs_f64() * 1e3 / gib;
            user[i] = user[i].min(millis(after.0 - before.0));
            total[i] = total[i].min(millis(after.0 - before.0 + after.1 - before.1));
        }
        client.clear();
    }
    let note = if user[0] <= 10.0 { "reached" } else { "BELOW" };
    println!(
        "  {:<44}{:>10.1}{:>10.1}           <= 10 {note}",
        "95 MiB HTTP flush, user CPU, ms/GiB", user[0], user[1]
    );
    smaller("95 MiB HTTP flush, CPU with the kernel's", "ms/GiB", total, 0.0);
    let note = if extra[0] <= 1.0 { "reached" } else { "BELOW" };
    println!(
        "  {:<44}{:>10.2}{:>10.2}           <= 1 {note}",
        "95 MiB HTTP flush, extra memory, MiB", extra[0], extra[1]
    );
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
            let note = if ours <= 4.0 { "reached" } else { "BELOW" };
            println!(
                "  {:<44}{ours:>10.1}{official:>10.1}           <= 4 {note}",
                "system calls per one-row HTTP flush"
            );
        }
        _ => println!("  system calls per flush: not counted, strace is missing or not allowed"),
    }
}
