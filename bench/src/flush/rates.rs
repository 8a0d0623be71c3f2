//! Rows per second: for encoding, for sending, and for the sink, which discards them.

use std::time::Instant;

use super::clients::{Client, Who, open};
use super::report::{Better, Figures, Mark, Report};
use super::sink::{Placement, Sink};
use crate::clock::process_cpu_ns;

/// One line of the table, in two forms: rows per second of the clock, and rows per second of processor time of client and
/// sink together, which is what one idle core would show.
#[derive(Clone, Copy)]
struct Rate {
    what: &'static str,
    shape: &'static str,
    protocol: &'static str,
    version: u8,
    rows: usize,
    flushes: usize,
    /// The mark for client and sink on the same core: processor time.
    same_core: Mark,
    /// The mark for two cores: time of the clock.
    two_cores: Mark,
}

pub fn trades(report: &mut Report, sink: &mut Sink, placement: Placement) {
    let [three, two] = [3.0, 2.0].map(Mark::Times);
    let rate = |what, protocol, rows, flushes, same_core, two_cores| Rate {
        what,
        shape: "s1",
        protocol,
        version: 2,
        rows,
        flushes,
        same_core,
        two_cores,
    };
    for rate in [
        rate("HTTP v2, 1000 rows a flush", "http", 1000, 75, three, Mark::None),
        rate("HTTP v2, 75,000 rows a flush", "http", 75_000, 2, Mark::None, two),
        rate("TCP v2, 1000 rows a flush", "tcp", 1000, 150, three, three),
        rate("TCP v2, 75,000 rows a flush", "tcp", 75_000, 2, Mark::None, Mark::None),
    ] {
        use Who::{Bare, Columns, Official, OfficialText, Ours, OursText};
        let [ours, official, bare, columns, ours_text, official_text] =
            measure(&rate, sink, 40, [Ours, Official, Bare, Columns, OursText, OfficialText]);
        let official_again = official.clone();
        let plain = Rounds { ours, official, bare: Some(bare) };
        show(report, &rate, placement, &plain);
        let unmarked = |what| Rate { what, same_core: Mark::None, two_cores: Mark::None, ..rate };
        let by_columns = Rounds { ours: columns, official: official_again, bare: None };
        show(report, &unmarked("the same, ours by columns"), placement, &by_columns);
        let as_text = Rounds { ours: ours_text, official: official_text, bare: None };
        show(report, &unmarked("the same, names as text"), placement, &as_text);
    }
}

/// Measures the other shapes, with large flushes over HTTP.
pub fn other_shapes(report: &mut Report, sink: &mut Sink) {
    for (what, shape, version) in [
        ("s2 sensors, HTTP v2, 75,000 rows a flush", "s2", 2),
        ("s3 orders, HTTP v2, 75,000 rows a flush", "s3", 2),
        ("s4 counters, HTTP v2, 75,000 rows a flush", "s4", 2),
        ("s5 books, HTTP v2, 75,000 rows a flush", "s5", 2),
        ("s6 logs, HTTP v2, 75,000 rows a flush", "s6", 2),
        ("s7 quotes, HTTP v3, 75,000 rows a flush", "s7", 3),
    ] {
        let rate = Rate {
            what,
            shape,
            protocol: "http",
            version,
            rows: 75_000,
            flushes: 1,
            same_core: Mark::None,
            two_cores: Mark::None,
        };
        let [ours, official, bare] = measure(&rate, sink, 8, [Who::Ours, Who::Official, Who::Bare]);
        let rounds = Rounds { ours, official, bare: Some(bare) };
        let what = format!("{what}, M rows/CPU s");
        let (best, ratio) = (rounds.best(|r| r.by_cpu), rounds.cpu_ratio());
        report.line_with_ratio(&what, best, ratio, Mark::None);
    }
}

struct Rounds {
    ours: Vec<Rates>,
    official: Vec<Rates>,
    bare: Option<Vec<Rates>>,
}

/// Millions of rows per second in one round.
#[derive(Clone, Copy)]
struct Rates {
    by_clock: f64,
    by_cpu: f64,
}

impl Rounds {
    fn best(&self, of: fn(&Rates) -> f64) -> Figures {
        let best = |rounds: &Vec<Rates>| rounds.iter().map(of).fold(0.0, f64::max);
        Figures {
            ours: best(&self.ours),
            official: best(&self.official),
            bare: self.bare.as_ref().map(best),
        }
    }

    /// Returns the median of the rounds' ratios: the speed of the machine changes during a run, but hardly during a round.
    fn cpu_ratio(&self) -> f64 {
        let pairs = self.ours.iter().zip(&self.official);
        let mut ratios: Vec<f64> = pairs.map(|(o, t)| o.by_cpu / t.by_cpu).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

/// Prints both forms, beginning with the one that matters for the placement.
fn show(report: &mut Report, rate: &Rate, placement: Placement, rounds: &Rounds) {
    let same_core = matches!(placement, Placement::SameCore(_));
    let what = rate.what;
    let by_cpu = |report: &mut Report, mark| {
        let what = format!("{what}, M rows/CPU s of both");
        report.line_with_ratio(&what, rounds.best(|r| r.by_cpu), rounds.cpu_ratio(), mark);
    };
    let by_clock = |report: &mut Report, mark| {
        let what = format!("{what}, M rows/s");
        report.line(&what, rounds.best(|r| r.by_clock), Better::More, mark);
    };
    let whole = rounds.bare.is_some();
    if same_core {
        by_cpu(report, rate.same_core);
        if whole {
            by_clock(report, Mark::None);
        }
    } else {
        by_clock(report, rate.two_cores);
        if whole {
            by_cpu(report, Mark::None);
        }
    }
}

fn measure<const N: usize>(
    rate: &Rate,
    sink: &mut Sink,
    rounds: usize,
    who: [Who; N],
) -> [Vec<Rates>; N] {
    let conf = sink.conf(rate.protocol, rate.version);
    let mut clients = who.map(|who| open(who, rate.shape, &conf));
    let mut all = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (client, rates) in clients.iter_mut().zip(&mut all) {
            rates.push(one_round(&mut **client, rate, sink));
        }
    }
    all
}

fn one_round(client: &mut dyn Client, rate: &Rate, sink: &mut Sink) -> Rates {
    let millions = (rate.rows * rate.flushes) as f64 / 1e6;
    let [mut bytes, sink_begun] = sink.counts();
    let (start, begun) = (Instant::now(), process_cpu_ns());
    for _ in 0..rate.flushes {
        client.rows(rate.rows);
        bytes += client.buffered() as u64;
        client.flush();
    }
    let cpu = process_cpu_ns() - begun;
    let by_clock = millions / start.elapsed().as_secs_f64();
    let cpu = cpu + sink.wait_for(bytes) - sink_begun;
    Rates { by_clock, by_cpu: millions / (cpu as f64 / 1e9) }
}
