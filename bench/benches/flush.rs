//! Flushes over loopback to a sink process: ours, the official client and a plain socket in one run.
//!
//! ```text
//! cargo bench --locked -p questdb-ingress-bench --bench flush                  pinned: to the same core, and to two
//! cargo bench --locked -p questdb-ingress-bench --bench flush -- --unpinned    the scheduler decides
//! cargo bench --locked -p questdb-ingress-bench --bench flush -- --count       instructions and system calls only
//! cargo bench --locked -p questdb-ingress-bench --bench flush -- --check       what does not depend on the machine: a test
//! cargo bench --locked -p questdb-ingress-bench --bench flush -- --bless       writes its ledger anew
//! ```
//!
//! The first three leave their tables in `target/report`. Figures of different placements must not be compared with each other.

use std::process::ExitCode;

use questdb_ingress_bench::flush::report::Report;
use questdb_ingress_bench::flush::sink::{Placement, Sink};
use questdb_ingress_bench::flush::{
    check, children, instructions, latency, opening, rates, system_calls,
};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if children::run(&args) {
        return ExitCode::SUCCESS;
    }
    let mut report = Report::default();
    let mut name = "flush.txt";
    match args[..] {
        ["--check"] => return check::run(false),
        ["--bless"] => return check::run(true),
        ["--count"] => {
            name = "flush-count.txt";
            counts(&mut report);
        }
        ["--unpinned"] => {
            name = "flush-unpinned.txt";
            times(&mut report, Placement::Anywhere);
        }
        [] => {
            for placement in Placement::all() {
                times(&mut report, placement);
            }
            counts(&mut report);
        }
        _ => {
            eprintln!("unknown arguments: {args:?}");
            return ExitCode::FAILURE;
        }
    }
    report.end(name);
    ExitCode::SUCCESS
}

fn times(report: &mut Report, placement: Placement) {
    placement.take();
    let mut sink = Sink::start(placement);
    report.begin(&placement.to_string());
    latency::idle(report, &mut sink, placement);
    rates::trades(report, &mut sink, placement);
    if !matches!(placement, Placement::TwoCores(..)) {
        rates::other_shapes(report, &mut sink);
    }
    children::large(report, &mut sink);
    opening::opening(report, &sink);
    latency::busy(report, &sink, placement);
}

fn counts(report: &mut Report) {
    let sink = Sink::start(Placement::Anywhere);
    report.begin("counted: what the placement does not change");
    system_calls::count(report, &sink);
    instructions::instructions(report, &sink);
}
