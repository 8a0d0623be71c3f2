//! Counts the instructions per row of every variant of ours with callgrind, in one run, and compares them with a committed
//! ledger.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::variant::{Emptied, Variant};

/// How much the instructions may differ from the ledger. Another patch release of the compiler changes them a little.
const TOLERANCE: f64 = 0.05;
/// How many rows are counted for each variant.
const ROWS: usize = 4000;
/// The argument that makes the program call [`run_marked`].
pub const MARKED: &str = "--marked";

const HEAD: &str = "\
# Instructions per row by callgrind, in the release profile: shape, variant, instructions.
# Held by: cargo bench --locked -p questdb-ingress-bench --bench encode -- --check
# Written anew by: the same with -- --bless
";

unsafe extern "C" {
    safe fn bench_count_begin();
    safe fn bench_count_end();
}

/// Runs one variant so that callgrind counts it, after rows that warm it up.
pub fn run_marked(variant: &mut dyn Variant) {
    variant.run(1000, Emptied::Cleared(1000));
    bench_count_begin();
    variant.run(ROWS, Emptied::Cleared(1000));
    bench_count_end();
}

/// Counts the variants with these names, in the order in which the program runs them when it is called with [`MARKED`], and
/// prints how each compares. With `bless`, writes the ledger anew instead.
pub fn check(names: &[String], bless: bool) -> ExitCode {
    let counts = count(names.len());
    if bless {
        let lines = names.iter().zip(&counts).map(|(name, count)| format!("{name} {count:.0}\n"));
        std::fs::write(path(), HEAD.to_owned() + &lines.collect::<String>())
            .expect("the ledger can be written");
    }
    let ledger = read();
    let mut failed = 0;
    for (name, now) in names.iter().zip(&counts) {
        let (verdict, expected) = match ledger.iter().find(|(known, _)| known == name) {
            None => ("FAILED  not in the ledger", 0.0),
            Some((_, expected)) => match now / expected - 1.0 {
                change if change > TOLERANCE => ("FAILED", *expected),
                change if change < -TOLERANCE => {
                    ("FAILED  better: renew it with --bless", *expected)
                }
                _ => ("ok", *expected),
            },
        };
        failed += usize::from(verdict != "ok");
        println!("{name:<24}{now:>8.0}  ledger{expected:>8.0}  {verdict}");
    }
    for (name, _) in ledger.iter().filter(|(known, _)| !names.contains(known)) {
        failed += 1;
        println!("{name:<24} is in the ledger and was not counted  FAILED");
    }
    println!("{} passed, {failed} failed", names.len().saturating_sub(failed));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the instructions per row of the variants that this program runs with [`MARKED`].
fn count(variants: usize) -> Vec<f64> {
    let program = std::env::current_exe().expect("the path of this program");
    let folder = program.with_file_name(format!("counts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the counts");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(program)
        .arg(MARKED)
        .output()
        .expect("valgrind is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = (1..=variants).map(|i| total(&folder.join(format!("out.{i}"))) / ROWS as f64);
    let counts = counts.collect();
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    counts
}

fn total(dump: &Path) -> f64 {
    let why = "built without valgrind/callgrind.h?";
    let text =
        std::fs::read_to_string(dump).unwrap_or_else(|e| panic!("{}: {e}; {why}", dump.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|n| n.trim().parse().ok()).expect("a line with the total")
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("encode-instructions.txt")
}

fn read() -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|l| l.rsplit_once(' ')).map(|(n, c)| (n.into(), c.parse().unwrap())).collect()
}
