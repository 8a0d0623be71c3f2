//! What the receiver gains by a second connection on a second table.

use std::time::Instant;

use super::load::{Load, load};
use super::servers::Target;
use crate::artifact::Artifact;
use crate::clock::process_cpu_ns;
use crate::shapes::S2;

/// Rounds of each kind, one after the other. The shortest of each counts.
const ROUNDS: usize = 15;

/// What a round took: seconds, and processor seconds of the receiver and of the sender.
#[derive(Clone, Copy)]
struct Round {
    seconds: f64,
    receiver: f64,
    sender: f64,
}

fn round(target: &Target, over_http: bool, loads: &[&Load]) -> Round {
    let (start, cpu, own) = (Instant::now(), target.cpu(), process_cpu_ns());
    std::thread::scope(|scope| {
        for load in loads {
            scope.spawn(|| {
                load.send(target, over_http, 1);
                load.wait(target);
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let sender = (process_cpu_ns() - own) as f64 / 1e9;
    let round = Round { seconds, receiver: target.cpu() - cpu, sender };
    for load in loads {
        target.query(&format!("drop table {}", load.table)).expect("the table is dropped");
    }
    round
}

/// Prints how many rows a second one connection brings, and how many two bring on two tables.
pub fn scale(blocks: usize) {
    let mut shown = Artifact::default();
    let one = load::<S2>("wide, text", 1, blocks);
    let other = one.renamed("sensorz");
    let target = Target::ours();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    shown.line(&format!(
        "{} rows a connection, {cores} cores for receiver and sender; the shortest of {ROUNDS} rounds",
        one.rows
    ));
    for (transport, over_http) in [("TCP", false), ("HTTP", true)] {
        let mut single = Vec::new();
        let mut double = Vec::new();
        for _ in 0..ROUNDS {
            single.push(round(&target, over_http, &[&one]));
            double.push(round(&target, over_http, &[&one, &other]));
        }
        let best = |rounds: &[Round]| {
            let shortest = rounds.iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds));
            *shortest.expect("rounds")
        };
        // Ticks of processor time are coarse, so that all rounds count together.
        let mean = |rounds: &[Round], what: fn(&Round) -> f64| {
            rounds.iter().map(what).sum::<f64>() / rounds.len() as f64
        };
        let (single_best, double_best) = (best(&single), best(&double));
        let rows = one.rows as f64;
        let all = mean(&double, |r| r.receiver) + mean(&double, |r| r.sender);
        // Two connections cannot take less time than the cores need for both programs.
        let least = single_best.seconds.max(all / cores as f64);
        shown.line(&format!(
            "{transport:<5} one {:>5.0} k/s, two on two tables {:>5.0} k/s: {:.2} times as many, {:.2} possible with the \
             sender on these cores; CPU s per million rows {:.2} and {:.2}, of the sender {:.2} and {:.2}",
            rows / single_best.seconds / 1e3,
            2.0 * rows / double_best.seconds / 1e3,
            2.0 * single_best.seconds / double_best.seconds,
            2.0 * single_best.seconds / least,
            mean(&single, |r| r.receiver) / rows * 1e6,
            mean(&double, |r| r.receiver) / rows / 2.0 * 1e6,
            mean(&single, |r| r.sender) / rows * 1e6,
            mean(&double, |r| r.sender) / rows / 2.0 * 1e6,
        ));
    }
    shown.write("receive-scale.txt");
}
