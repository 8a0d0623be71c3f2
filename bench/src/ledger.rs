//! Counts the instructions per row of every variant of ours with callgrind, in one run, and compares them with a committed
//! ledger.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::variant::{Emptied, Variant};

/// How much the instructions may differ from the ledger. Another patch release of the compiler changes them a little.
const TOLERANCE: f64 = 0.05;
/// The argument that makes the program call [`run_marked`](Ledger::run_marked).
pub const MARKED: &str = "--marked";

/// The ledger of a benchmark.
pub struct Ledger {
    /// The name of the benchmark.
    pub bench: &'static str,
    /// How many rows are counted for each variant.
    pub rows: usize,
}

unsafe extern "C" {
    safe fn bench_count_begin();
    safe fn bench_count_end();
}

impl Ledger {
    /// Runs one variant so that callgrind counts it, after rows that warm it up.
    pub fn run_marked(&self, variant: &mut dyn Variant) {
        variant.run(1000, Emptied::Cleared(1000));
        bench_count_begin();
        variant.run(self.rows, Emptied::Cleared(1000));
        bench_count_end();
    }

    /// Counts the variants with these names, in the order in which the program runs them when it is called with [`MARKED`], and
    /// prints how each compares. With `bless`, writes the ledger anew instead.
    pub fn check(&self, names: &[String], bless: bool) -> ExitCode {
        let counts = self.count(names.len());
        if bless {
            let lines =
                names.iter().zip(&counts).map(|(name, count)| format!("{name} {count:.0}\n"));
            std::fs::write(self.path(), self.head() + &lines.collect::<String>())
                .expect("the ledger can be written");
        }
        let ledger = self.read();
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
    fn count(&self, variants: usize) -> Vec<f64> {
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
        let counts =
            (1..=variants).map(|i| total(&folder.join(format!("out.{i}"))) / self.rows as f64);
        let counts = counts.collect();
        std::fs::remove_dir_all(&folder).expect("the folder can be removed");
        counts
    }

    fn head(&self) -> String {
        format!(
            "# Instructions per row by callgrind, in the release profile: shape, variant, instructions.\n\
             # Held by: cargo bench --locked -p questdb-ingress-bench --bench {} -- --check\n\
             # Written anew by: the same with -- --bless\n",
            self.bench
        )
    }

    fn path(&self) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        folder.join(format!("{}-instructions.txt", self.bench))
    }

    /// Returns the names of the committed ledger, and their instructions.
    pub fn read(&self) -> Vec<(String, f64)> {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let entries = lines.filter_map(|l| l.rsplit_once(' '));
        entries.map(|(n, c)| (n.into(), c.parse().unwrap())).collect()
    }
}

fn total(dump: &Path) -> f64 {
    let why = "built without valgrind/callgrind.h?";
    let text =
        std::fs::read_to_string(dump).unwrap_or_else(|e| panic!("{}: {e}; {why}", dump.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|n| n.trim().parse().ok()).expect("a line with the total")
}
