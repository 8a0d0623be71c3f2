//! Creates senders that ask the server for its settings.

use std::time::Instant;

use super::children::numbers;
use super::clients::{Who, only_open};
use super::report::{Better, Figures, Mark, Report};
use super::sink::Sink;
use crate::clock::thread_cpu_ns;

const WHO: [Who; 3] = [Who::Ours, Who::Official, Who::Bare];

pub fn opening(report: &mut Report, sink: &Sink) {
    let conf = format!("http::addr=127.0.0.1:{};", sink.http);
    let warm = measure(200, |who| {
        let (start, begun) = (Instant::now(), thread_cpu_ns());
        only_open(who, &conf);
        let cpu = (thread_cpu_ns() - begun) as f64;
        [start.elapsed().as_nanos() as f64, cpu]
    });
    // These are the first of a process: no part of the program is in memory that was not needed before.
    let cold = measure(25, |who| {
        let numbers = numbers(&["--open", &who.to_string(), &conf]);
        numbers[..].try_into().expect("time and processor time")
    });
    let half = Mark::Times(2.0);
    let figures = |of: &[[f64; 3]; 2], i: usize| {
        let [ours, official, bare] = of[i].map(|nanos| nanos / 1e3);
        Figures { ours, official, bare: Some(bare) }
    };
    report.line("open with /settings, p50, us", figures(&warm, 0), Better::Less, half);
    report.line("open with /settings, CPU, us", figures(&warm, 1), Better::Less, Mark::None);
    report.line("the first open of a process, p50, us", figures(&cold, 0), Better::Less, half);
    report.line(
        "the first open of a process, CPU, us",
        figures(&cold, 1),
        Better::Less,
        Mark::None,
    );
}

/// Returns the median times and the least processor times of all clients, which are measured in turn.
fn measure(rounds: usize, mut once: impl FnMut(Who) -> [f64; 2]) -> [[f64; 3]; 2] {
    let (mut times, mut cpu) = (WHO.map(|_| Vec::new()), [f64::MAX; 3]);
    for _ in 0..rounds {
        for (i, who) in WHO.into_iter().enumerate() {
            let [time, used] = once(who);
            times[i].push(time);
            cpu[i] = cpu[i].min(used);
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    [times.map(median), cpu]
}
