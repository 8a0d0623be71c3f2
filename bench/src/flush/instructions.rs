//! Counts instructions outside the kernel with callgrind, as the difference of two runs that differ only in their flushes.
//! They do not depend on what else the machine does.

use std::process::Command;

use super::children::{LARGE_ROWS, this};
use super::clients::Who;
use super::report::{Better, Figures, Mark, Report};
use super::sink::Sink;

/// The nanoseconds that one of our instructions is assumed to take, where a limit of time is judged by instructions. None of
/// them touches the body, so this is several times what they really take.
const NANOS_EACH: f64 = 5.0;

/// Returns the instructions of one flush of `rows` rows that stay in the buffer.
pub fn of_flush(who: Who, shape: &str, conf: &str, rows: usize, counts: [usize; 2]) -> f64 {
    between("--flush-kept", who, shape, conf, rows, counts)
}

fn between(
    mode: &str,
    who: Who,
    shape: &str,
    conf: &str,
    rows: usize,
    [few, many]: [usize; 2],
) -> f64 {
    let collected = |flushes: usize| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(this())
            .args([mode, &who.to_string(), shape, conf, &rows.to_string(), &flushes.to_string()])
            .output()
            .expect("valgrind is installed");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1));
        collected.and_then(|n| n.trim().parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    (collected(many) - collected(few)) / (many - few) as f64
}

pub fn instructions(report: &mut Report, sink: &Sink) {
    let http = sink.conf("http", 2);
    let both = |figure: &dyn Fn(Who) -> f64| Figures {
        ours: figure(Who::Ours),
        official: figure(Who::Official),
        bare: Some(figure(Who::Bare)),
    };
    for (what, conf) in [("HTTP", &http), ("TCP", &sink.conf("tcp", 2))] {
        let figures = both(&|who| between("--flush-each", who, "s1", conf, 1, [100, 600]));
        let what = format!("one-row {what} flush with its row, instructions");
        report.line(&what, figures, Better::Less, Mark::None);
    }
    // The official client and ours send the same bytes, so these are the same flush.
    let gib = LARGE_ROWS as f64 * 860.0 / f64::from(1 << 30);
    let per_gib = both(&|who| of_flush(who, "s5", &http, LARGE_ROWS, [1, 3]) / 1e6 / gib);
    let what = "95 MiB HTTP flush, million instructions/GiB";
    report.line(what, per_gib, Better::Less, Mark::None);
    // This is not valid for the others: instructions that move bytes wait for memory.
    let ours = per_gib.ours * NANOS_EACH;
    let millis = Figures { ours, official: f64::NAN, bare: None };
    let what = format!("the same as user CPU, at most {NANOS_EACH} ns each, ms/GiB");
    report.line(&what, millis, Better::Less, Mark::AtMost(10.0));
}
