//! Flushes of one row, one by one: how long they take, and what they cost the client.

use std::time::{Duration, Instant};

use super::children::Load;
use super::clients::{Client, Who, open};
use super::report::{Better, Figures, Mark, Report};
use super::sink::{Placement, Sink};
use crate::clock::process_cpu_ns;

const WHO: [Who; 3] = [Who::Ours, Who::Official, Who::Bare];

/// Measures on an idle sink. Marks are for client and sink on one core, where nothing else matters.
pub fn idle(report: &mut Report, sink: &mut Sink, placement: Placement) {
    let [begun, _] = sink.counts();
    let times = measure(&sink.conf("http", 2), 50, 300, Duration::from_secs(20));
    let sent: usize = times.iter().map(|t| t.bytes).sum();
    sink.wait_for(begun + sent as u64);
    let marked = matches!(placement, Placement::SameCore(_));
    let mark = |times| if marked { Mark::Times(times) } else { Mark::None };
    let cpu = Figures::of(|i| times[i].cpu);
    report.line("one-row HTTP flush, client CPU, us", cpu, Better::Less, mark(4.0));
    percentiles(report, "one-row HTTP flush", &times, mark(3.0));
}

/// Measures while another connection keeps the sink busy, on the sink's core.
pub fn busy(report: &mut Report, sink: &Sink, placement: Placement) {
    let conf = sink.conf("http", 2);
    let load = Load::start(&conf, placement);
    let times = measure(&conf, 40, 50, Duration::from_secs(9));
    drop(load);
    percentiles(report, "one-row HTTP flush, busy sink", &times, Mark::None);
}

fn percentiles(report: &mut Report, what: &str, times: &[Times], p50: Mark) {
    for (name, part, mark) in
        [("p50", 0.5, p50), ("p99", 0.99, Mark::None), ("p99.9", 0.999, Mark::None)]
    {
        let figures = Figures::of(|i| times[i].at(part));
        report.line(&format!("{what}, {name}, us"), figures, Better::Less, mark);
    }
}

struct Times {
    sorted: Vec<f64>,
    /// Microseconds of processor time per flush, the least of all rounds.
    cpu: f64,
    bytes: usize,
}

impl Times {
    fn at(&self, part: f64) -> f64 {
        self.sorted[(self.sorted.len() as f64 * part) as usize]
    }
}

/// Runs rounds of all clients in turn, at least two, until the time is over.
fn measure(conf: &str, rounds: usize, flushes: usize, limit: Duration) -> Vec<Times> {
    let mut clients = WHO.map(|who| open(who, "s1", conf));
    let mut times = WHO.map(|_| Times { sorted: Vec::new(), cpu: f64::MAX, bytes: 0 });
    let begun = Instant::now();
    for round in 0..rounds {
        if round >= 2 && begun.elapsed() > limit {
            break;
        }
        for (client, times) in clients.iter_mut().zip(&mut times) {
            one_round(&mut **client, times, flushes);
        }
    }
    for times in &mut times {
        times.sorted.sort_by(f64::total_cmp);
    }
    times.into()
}

fn one_round(client: &mut dyn Client, times: &mut Times, flushes: usize) {
    let begun = process_cpu_ns();
    for _ in 0..flushes {
        client.rows(1);
        times.bytes += client.buffered();
        let start = Instant::now();
        client.flush();
        times.sorted.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.cpu = times.cpu.min((process_cpu_ns() - begun) as f64 / 1e3 / flushes as f64);
}
