//! What must hold for our flushes on every machine: system calls, threads, memory and instructions, but no times.

use std::path::PathBuf;
use std::process::ExitCode;

use super::children::{LARGE_ROWS, numbers};
use super::clients::Who;
use super::instructions::of_flush;
use super::sink::{Placement, Sink};
use super::system_calls::trace;

/// How many flushes are traced for system calls.
const TRACED: usize = 50;
/// How much the instructions may differ from the ledger. Another patch release of the compiler or of libc changes them a
/// little.
const TOLERANCE: f64 = 0.10;
/// A large flush must not read its body: one pass over it would take ten times as many.
const MOST_INSTRUCTIONS_PER_MIB: f64 = 2000.0;

/// Runs all checks and prints a line for each, and at the end how many passed. With `bless`, writes the ledger anew instead
/// of comparing the instructions with it.
pub fn run(bless: bool) -> ExitCode {
    let sink = Sink::start(Placement::Anywhere);
    let http = format!("http::addr=localhost:{};protocol_version=2;", sink.http);
    let tcp = format!("tcp::addr=localhost:{};protocol_version=2;", sink.tcp);
    let ledger = read_ledger();
    let mut results = vec![
        calls("HTTP, one row", &http, 1, &["recvfrom", "sendmsg"], 3),
        calls("HTTP, 100 rows", &http, 100, &["recvfrom", "sendmsg"], 3),
        // Most of them make one; under strace they are slow, and each tick of the clock has one that makes two.
        calls("TCP, one row", &tcp, 1, &["recvfrom", "sendmsg"], 2),
        memory(&sink.conf("http", 2)),
        large_instructions(&sink.conf("http", 2)),
    ];
    let mut written = String::from(LEDGER_HEAD);
    for (name, conf) in [("http-one-row", &http), ("tcp-one-row", &tcp)] {
        let now = of_flush(Who::Ours, "s1", conf, 1, [100, 600]);
        written.push_str(&format!("{name} {now:.0}\n"));
        if !bless {
            let expected = ledger.iter().find(|(known, _)| known == name).map(|(_, n)| *n);
            results.push(held_against(name, now, expected));
        }
    }
    if bless {
        std::fs::write(ledger_path(), written).expect("the ledger can be written");
    }
    let passed = results.iter().filter(|result| result.is_ok()).count();
    for result in &results {
        match result {
            Ok(what) => println!("ok      {what}"),
            Err(what) => println!("FAILED  {what}"),
        }
    }
    println!("{passed} passed, {} failed", results.len() - passed);
    if passed == results.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks that a flush makes only these system calls, at most this many, and hands everything over in one of them. That
/// excludes threads, name resolution and new connections, which are other calls.
fn calls(
    what: &str,
    conf: &str,
    rows: usize,
    expected: &[&str],
    most: usize,
) -> Result<String, String> {
    let what = format!("system calls of a flush, {what}");
    let calls = trace(Who::Ours, conf, rows, TRACED).map_err(|why| format!("{what}: {why}"))?;
    let strange = calls.iter().find(|call| {
        !expected.iter().any(|name| call.strip_prefix(name).is_some_and(|c| c.starts_with('(')))
    });
    if let Some(call) = strange {
        return Err(format!("{what}: expected only {expected:?}, there is {call}"));
    }
    if calls.len() > most * TRACED {
        return Err(format!("{what}: {} for {TRACED} flushes, at most {most} each", calls.len()));
    }
    let sends: Vec<&String> = calls.iter().filter(|call| call.starts_with("sendmsg(")).collect();
    let parts = if conf.starts_with("http") { 2 } else { 1 };
    if sends.len() != TRACED {
        return Err(format!("{what}: {} sendmsg for {TRACED} flushes", sends.len()));
    }
    if let Some(call) = sends.iter().find(|call| !is_whole(call, parts)) {
        return Err(format!("{what}: not everything in one vectored write: {call}"));
    }
    let each = calls.len() as f64 / TRACED as f64;
    Ok(format!("{what}: {each:.1} each, no other than {expected:?}, all bytes in one sendmsg"))
}

/// Returns whether a `sendmsg` had this many parts that are not empty, and the kernel took all of them.
fn is_whole(call: &str, parts: usize) -> bool {
    let lengths = call.split("iov_len=").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse::<u64>().unwrap_or(0)
    });
    let lengths: Vec<u64> = lengths.filter(|&length| length > 0).collect();
    let taken = call.rsplit_once("= ").and_then(|(_, n)| n.trim().parse::<u64>().ok());
    lengths.len() == parts && taken == Some(lengths.iter().sum())
}

fn memory(conf: &str) -> Result<String, String> {
    let numbers = numbers(&["--large", "ours", conf, "1"]);
    let what =
        format!("memory beyond the buffer of a 95 MiB flush: {} KiB, at most 1024", numbers[0]);
    if numbers[0] <= 1024.0 { Ok(what) } else { Err(what) }
}

fn large_instructions(conf: &str) -> Result<String, String> {
    let each = of_flush(Who::Ours, "s5", conf, LARGE_ROWS, [1, 2]) / 95.0;
    let what = format!(
        "instructions of a 95 MiB flush: {each:.0} per MiB, at most {MOST_INSTRUCTIONS_PER_MIB}"
    );
    if each <= MOST_INSTRUCTIONS_PER_MIB { Ok(what) } else { Err(what) }
}

fn held_against(name: &str, now: f64, expected: Option<f64>) -> Result<String, String> {
    let Some(expected) = expected else {
        return Err(format!("instructions: {name} is not in the ledger"));
    };
    let what = format!(
        "instructions of a flush, {name}: {now:.0}, the ledger says {expected:.0}, tolerance {:.0} %",
        TOLERANCE * 100.0
    );
    match now / expected - 1.0 {
        change if change > TOLERANCE => Err(what),
        change if change < -TOLERANCE => Err(format!("{what}: better, so renew it with --bless")),
        _ => Ok(what),
    }
}

const LEDGER_HEAD: &str = "\
# Instructions outside the kernel of one flush of a row that was made before, by callgrind, in the release profile.
# Held by: cargo bench --locked -p questdb-ingress-bench --bench flush -- --check
# Written anew by: the same with -- --bless
";

fn ledger_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("flush-instructions.txt")
}

fn read_ledger() -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(ledger_path()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, number) = line.split_once(' ')?;
            Some((name.to_owned(), number.parse().ok()?))
        })
        .collect()
}
