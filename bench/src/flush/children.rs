//! Measurements that run in a process of their own, because the process is what they measure.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Instant;

use super::clients::{Who, only_open, open};
use super::report::{Better, Figures, Mark, Report};
use super::sink::{Placement, Sink};
use super::{bare, sink};
use crate::clock::{process_cpu_ns, thread_cpu_ns};

/// The number of rows of shape s5 that make 95 MiB.
pub const LARGE_ROWS: usize = 116_000;

/// A line on standard error before and after the counted flushes, so that a trace of the system calls shows them.
pub const BEGIN: &str = "flushes begin";
pub const END: &str = "flushes end";

/// Does what the arguments of a child process say. Returns `false` if this is no child process.
pub fn run(args: &[&str]) -> bool {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let who = |text: &str| text.parse::<Who>().expect("a client");
    match args {
        ["--sink", cpu] => sink::main(cpu).expect("loopback works"),
        ["--load", conf, cpu] => bare::load(conf, cpu).expect("the sink takes everything"),
        ["--flush-each", client, shape, conf, rows, count] => {
            flush_each(who(client), shape, conf, number(rows), number(count));
        }
        ["--flush-kept", client, shape, conf, rows, count] => {
            let mut client = open(who(client), shape, conf);
            client.rows(number(rows));
            (0..number(count)).for_each(|_| client.flush_and_keep());
        }
        ["--large", client, conf, count] => large_here(who(client), conf, number(count)),
        ["--open", client, conf] => {
            let (start, begun) = (Instant::now(), thread_cpu_ns());
            only_open(who(client), conf);
            let cpu = thread_cpu_ns() - begun;
            println!("{} {}", start.elapsed().as_nanos(), cpu);
        }
        _ => return false,
    }
    true
}

/// Makes flushes one by one. The first one, which connects over HTTP, and the second, which prepares the socket for many, are
/// outside the marks.
fn flush_each(who: Who, shape: &str, conf: &str, rows: usize, count: usize) {
    let mut client = open(who, shape, conf);
    let mut flush = || {
        client.rows(rows);
        client.flush();
    };
    (0..2).for_each(|_| flush());
    let _ = std::io::stderr().write_all(BEGIN.as_bytes());
    (0..count).for_each(|_| flush());
    let _ = std::io::stderr().write_all(END.as_bytes());
}

/// Runs this program again and returns the numbers that it prints.
pub fn numbers(args: &[&str]) -> Vec<f64> {
    let output = Command::new(this()).args(args).stderr(Stdio::inherit()).output();
    let output = output.expect("this program can be started again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?} failed");
    text.split_whitespace().map(|n| n.parse().expect("a number")).collect()
}

/// Returns the path of this program.
pub fn this() -> std::path::PathBuf {
    std::env::current_exe().expect("the path of this program")
}

/// Measures large flushes: memory beyond the buffer, and processor time.
pub fn large(report: &mut Report, sink: &mut Sink) {
    const FLUSHES: usize = 24;
    let conf = sink.conf("http", 2);
    let [begun, _] = sink.counts();
    let all = [Who::Ours, Who::Official, Who::Bare].map(|who| {
        let numbers = numbers(&["--large", &who.to_string(), &conf, &FLUSHES.to_string()]);
        let [kib, cpu, bytes] = numbers[..] else { panic!("{numbers:?}") };
        (kib, cpu, bytes)
    });
    let bytes: f64 = all.iter().map(|(.., bytes)| bytes).sum();
    sink.wait_for(begun + bytes as u64);
    let of = |figure: fn(&(f64, f64, f64)) -> f64| Figures::of(|i| figure(&all[i]));
    let memory = of(|(kib, ..)| *kib);
    report.line("95 MiB HTTP flush, extra memory, KiB", memory, Better::Less, Mark::AtMost(1024.0));
    let cpu = of(|(_, cpu, _)| *cpu);
    let what = "95 MiB HTTP flush, CPU with the kernel's, ms/GiB";
    report.line(what, cpu, Better::Less, Mark::None);
}

/// Prints the KiB of memory that the first flush took, the milliseconds of processor time per GiB (the least of all
/// flushes), and all bytes sent.
fn large_here(who: Who, conf: &str, count: usize) {
    let mut client = open(who, "s5", conf);
    client.rows(LARGE_ROWS);
    let bytes = client.buffered();
    assert!((95 << 20..96 << 20).contains(&bytes), "{bytes} bytes");
    let resident = memory("VmRSS");
    // This makes the kernel forget the peak so far.
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel counts memory");
    client.flush_and_keep();
    let extra = memory("VmHWM") - resident;
    let mut least = f64::MAX;
    for _ in 0..count {
        let begun = process_cpu_ns();
        client.flush_and_keep();
        least = least.min((process_cpu_ns() - begun) as f64 / 1e6);
    }
    let gib = bytes as f64 / f64::from(1 << 30);
    println!("{} {} {}", extra.max(0.0), least / gib, bytes * (count + 1));
}

/// Returns the KiB in a line of the process's status.
fn memory(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN)
}

/// A process that keeps the sink busy until it is dropped.
pub struct Load {
    child: Child,
    _input: ChildStdin,
}

impl Load {
    pub fn start(conf: &str, placement: Placement) -> Load {
        let mut child = Command::new(this())
            .args(["--load", conf, &placement.sink()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("the load runs");
        let input = child.stdin.take().expect("a pipe");
        Load { child, _input: input }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
