//! Rows per second: encoding, sending, and the sink that discards.

use std::time::Instant;

use super::clients::{Client, Who, open};
use super::report::{Better, Figures, Mark, Report};
use super::sink::{Placement, Sink};
use crate::clock::process_cpu_ns;

/// One line of the table in two forms: rows per second of the clock, and per second of processor time of client and sink
/// together, which is what one idle core would show.
#[derive(Clone, Copy)]
struct Rate {
    what: &'static str,
    shape: &'static str,
    protocol: &'static str,
    version: u8,
    rows: usize,
    flushes: usize,
    /// For client and sink on the same core: time of the processor.
    same_core: Mark,
    /// For two cores: time of the clock.
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
        show(report, &rate, placement, Pair { ours, official, bare: Some(bare) });
        let unmarked = |what| Rate { what, same_core: Mark::None, two_cores: Mark::None, ..rate };
        let by_columns = Pair { ours: columns, official, bare: None };
        show(report, &unmarked("the same, ours by columns"), placement, by_columns);
        let as_text = Pair { ours: ours_text, official: official_text, bare: None };
        show(report, &unmarked("the same, names as text"), placement, as_text);
    }
}

/// The other shapes, with large flushes over HTTP.
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
        let of = |rates: Rates| rates.by_cpu;
        let figures = Figures { ours: of(ours), official: of(official), bare: Some(of(bare)) };
        let what = format!("{what}, M rows/CPU s");
        report.line(&what, figures, Better::More, Mark::None);
    }
}

struct Pair {
    ours: Rates,
    official: Rates,
    bare: Option<Rates>,
}

/// Millions of rows per second, the best of all rounds.
#[derive(Clone, Copy, Default)]
struct Rates {
    by_clock: f64,
    by_cpu: f64,
}

fn show(report: &mut Report, rate: &Rate, placement: Placement, all: Pair) {
    let Pair { ours, official, bare } = all;
    let figures = |of: fn(Rates) -> f64| Figures {
        ours: of(ours),
        official: of(official),
        bare: bare.map(of),
    };
    let same_core = matches!(placement, Placement::SameCore(_));
    let by_cpu = ("M rows/CPU s of both", figures(|r| r.by_cpu), rate.same_core);
    let by_clock = ("M rows/s", figures(|r| r.by_clock), rate.two_cores);
    let (first, second) = if same_core { (by_cpu, by_clock) } else { (by_clock, by_cpu) };
    let what = rate.what;
    report.line(&format!("{what}, {}", first.0), first.1, Better::More, first.2);
    if bare.is_some() {
        report.line(&format!("{what}, {}", second.0), second.1, Better::More, Mark::None);
    }
}

fn measure<const N: usize>(
    rate: &Rate,
    sink: &mut Sink,
    rounds: usize,
    who: [Who; N],
) -> [Rates; N] {
    let conf = sink.conf(rate.protocol, rate.version);
    let mut clients = who.map(|who| open(who, rate.shape, &conf));
    let mut best = [Rates::default(); N];
    for _ in 0..rounds {
        for (client, best) in clients.iter_mut().zip(&mut best) {
            let now = one_round(&mut **client, rate, sink);
            best.by_clock = best.by_clock.max(now.by_clock);
            best.by_cpu = best.by_cpu.max(now.by_cpu);
        }
    }
    best
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
