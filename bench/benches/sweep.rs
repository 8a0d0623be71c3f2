//! Sweeps one property of rows at a time, and compares every way to write them with the official client in the same run, over the
//! same rows and with the same bytes.
//!
//! ```text
//! cargo bench -p questdb-ingress-bench --bench sweep                        a coarse grid
//! cargo bench -p questdb-ingress-bench --bench sweep -- --long              every point, for some minutes
//! cargo bench -p questdb-ingress-bench --bench sweep -- tables columns      the axes whose names begin so
//! cargo bench -p questdb-ingress-bench --bench sweep -- --check             fails if a point of the coarse grid is below its mark
//! ```
//!
//! It leaves `sweep.txt` and a curve of each axis in `target/report`. Times are nanoseconds of this thread on a processor, the least
//! of several passes. C is compared with the official crate, which is called without a crossing between languages. Buffers are
//! emptied every 1000 rows, or earlier where rows are wide, unless the axis says otherwise.

use std::process::ExitCode;

use questdb_ingress_bench::artifact::Artifact;
use questdb_ingress_bench::sweep::axes::{self, Axis};
use questdb_ingress_bench::sweep::{Against, Costs, WAYS, measure, plot};

/// The ratios of one point to the official client.
fn ratios(costs: &Costs) -> Vec<Option<f64>> {
    let ratio = |(ns, (_, against)): (&f64, &(_, Against))| match against {
        Against::Itself => None,
        Against::Names => Some(costs.ns[0] / ns),
        Against::Values => Some(costs.ns[1] / ns),
    };
    costs.ns.iter().zip(&WAYS).map(ratio).collect()
}

/// The worst of an axis.
struct Worst {
    ratio: f64,
    place: String,
    /// By how much the ratio falls from one point to the next, at most.
    fall: f64,
    falls_at: String,
}

fn sweep(axis: &Axis, long: bool, shown: &mut Artifact) -> Worst {
    let budget = if long { 400_000_000 } else { 60_000_000 };
    let mut worst =
        Worst { ratio: f64::MAX, place: String::new(), fall: 1.0, falls_at: "nowhere".into() };
    shown.line(&format!("\n{}", axis.name));
    let head: String = WAYS.iter().map(|(name, _)| format!("{name:>18}")).collect();
    shown.line(&format!("  {:<10}{:>9}{head}", "", "B/row"));
    let (mut labels, mut curves, mut before) = (Vec::new(), Vec::new(), Vec::new());
    for point in axis.points.iter().filter(|point| long || point.short) {
        let costs = measure(&point.rows(), budget);
        let ratios = ratios(&costs);
        let mut line = format!("  {:<10}{:>9}", point.label, costs.bytes);
        for (way, (ns, ratio)) in costs.ns.iter().zip(&ratios).enumerate() {
            let ratio_text = ratio.map_or(String::new(), |r| format!("{r:.2}"));
            line += &format!("{ns:>12.1}{ratio_text:>6}");
            let Some(ratio) = *ratio else { continue };
            let place = || format!("{} {}", point.label, WAYS[way].0);
            if ratio < worst.ratio {
                (worst.ratio, worst.place) = (ratio, place());
            }
            if let Some(Some(last)) = before.get(way)
                && last / ratio > worst.fall
            {
                (worst.fall, worst.falls_at) = (last / ratio, place());
            }
        }
        shown.line(&line);
        labels.push(point.label.clone());
        curves.push(costs.ns);
        before = ratios;
    }
    let mut curve = Artifact::default();
    curve.keep(&plot::svg(axis.name, &labels, &curves));
    curve.write(&format!("sweep-{}.svg", axis.name));
    worst
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let has = |flag: &str| args.iter().any(|a| a == flag);
    let names: Vec<_> = args.iter().filter(|a| !a.starts_with("--")).collect();
    let wanted =
        |axis: &&Axis| names.is_empty() || names.iter().any(|n| axis.name.starts_with(&***n));
    let mut shown = Artifact::default();
    let mut lines = Vec::new();
    let mut below = 0;
    for axis in axes::all().iter().filter(wanted) {
        let worst = sweep(axis, has("--long"), &mut shown);
        let good = worst.ratio >= axis.mark;
        below += usize::from(!good);
        lines.push(format!(
            "{:<22}{:>7.2}  at {:<24}mark {:>4}  {:<8}{:>6.2}  at {}",
            axis.name,
            worst.ratio,
            worst.place,
            axis.mark,
            if good { "reached" } else { "BELOW" },
            worst.fall,
            worst.falls_at
        ));
    }
    let head = ["axis", "  worst ratio to the official client", "worst fall of a ratio"];
    shown.line(&format!("\n{:<22}{:<59}{}", head[0], head[1], head[2]));
    for line in &lines {
        shown.line(line);
    }
    shown.line(&format!("{} passed, {below} failed", lines.len() - below));
    shown.write("sweep.txt");
    if below > 0 && has("--check") { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
