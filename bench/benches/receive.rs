//! The receiver: lines to committed rows.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench receive                    time of a row in a session without sockets
//! cargo bench -p questdb-ingress-bench --bench receive -- --compare       next to a real QuestDB, over sockets; --short sends
//!                                                                         less, --long more, to a QuestDB that is warm
//! cargo bench -p questdb-ingress-bench --bench receive -- --scale         two connections on two tables beside one
//! cargo bench -p questdb-ingress-bench --bench receive -- --readers       a writer's times while others read
//! cargo bench -p questdb-ingress-bench --bench receive -- --check         its instructions against the committed ledger: a test
//! cargo bench -p questdb-ingress-bench --bench receive -- --bless         writes the ledger anew
//! cargo bench -p questdb-ingress-bench --bench receive -- --one s1-v1 columns 1000000    one variant, for a profiler
//! ```

use std::process::ExitCode;

use questdb_ingress_bench::artifact::Artifact;
use questdb_ingress_bench::clock::thread_cpu_ns;
use questdb_ingress_bench::ledger::{Ledger, MARKED};
use questdb_ingress_bench::receive::compare::Extent;
use questdb_ingress_bench::receive::session::{Received, all_lines};
use questdb_ingress_bench::receive::{compare, readers, scale, servers};
use questdb_ingress_bench::shapes::ROWS;
use questdb_ingress_bench::variant::{Emptied, Variant};

/// So many rows are read in a row and committed once.
const LEDGER: Ledger = Ledger { bench: "receive", rows: 8192 };
/// The most instructions that a row of some shapes may take.
const MOST: &[(&str, f64)] =
    &[("s1-v1 columns", 1700.0), ("s2-v1 columns", 4500.0), ("s2-v2 columns", 1500.0)];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--check"] => return check(false),
        ["--bless"] => return check(true),
        [MARKED] => each(|_, variant| LEDGER.run_marked(variant)),
        [servers::SERVE] => servers::serve(),
        ["--compare"] => compare::compare(&Extent::USUAL),
        ["--compare", "--short"] => compare::compare(&Extent::SHORT),
        ["--compare", "--long"] => compare::compare(&Extent::LONG),
        ["--scale"] => scale::scale(512),
        ["--readers"] => readers::readers(2000),
        ["--one", shape, way, rows] => one(shape, way, rows.parse().expect("a number of rows")),
        [] => times(),
        _ => {
            eprintln!("unknown arguments: {args:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Calls `each` with every variant and its name.
fn each(mut each: impl FnMut(String, &mut dyn Variant)) {
    for lines in all_lines() {
        for (way, parser_only) in [("columns", false), ("parser", true)] {
            each(format!("{} {way}", lines.name), &mut Received::new(&lines, parser_only));
        }
    }
}

fn one(shape: &str, way: &str, rows: usize) {
    let lines = all_lines().into_iter().find(|l| l.name == shape).expect("a shape such as s1-v1");
    Received::new(&lines, way == "parser").run(rows, Emptied::Cleared(rows));
}

fn check(bless: bool) -> ExitCode {
    let mut names = Vec::new();
    each(|name, _| names.push(name));
    let code = LEDGER.check(&names, bless);
    let ledger = LEDGER.read();
    for (name, most) in MOST {
        let over = ledger.iter().find(|(known, count)| known == name && count > most);
        if let Some((_, count)) = over {
            println!("{name}: {count} instructions, at most {most} are wanted  FAILED");
            return ExitCode::FAILURE;
        }
    }
    code
}

/// Prints the time of a row. The shortest of several runs counts.
fn times() {
    let mut shown = Artifact::default();
    shown.line("nanoseconds of a row, from bytes to committed rows, without sockets");
    let rows = 16 * ROWS;
    each(|name, variant| {
        let mut least = f64::MAX;
        for _ in 0..10 {
            let start = thread_cpu_ns();
            variant.run(rows, Emptied::Cleared(rows));
            least = least.min((thread_cpu_ns() - start) as f64 / rows as f64);
        }
        let bytes = variant.output().len() / ROWS;
        shown.line(&format!("  {name:<16}{bytes:>5} B/row{least:>9.1} ns/row"));
    });
    shown.write("receive.txt");
}
