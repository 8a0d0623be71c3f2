//! The receiver next to a real QuestDB: the same bytes over the same sockets.

use std::time::Instant;

use super::load::{Load, load};
use super::servers::Target;
use crate::artifact::Artifact;
use crate::shapes::{S1, S2};

/// How much is sent.
pub struct Extent {
    /// The rows of each load, in thousands.
    blocks: usize,
    connections: &'static [usize],
    /// Whether QuestDB gets each load once before it is measured: its code is compiled while it runs.
    warm: bool,
}

impl Extent {
    pub const SHORT: Extent = Extent { blocks: 32, connections: &[1, 32, 256], warm: false };
    pub const USUAL: Extent = Extent { blocks: 256, connections: &[1, 32, 256], warm: false };
    pub const LONG: Extent = Extent { blocks: 2000, connections: &[1, 32], warm: true };
}

/// What a server took for a load: seconds until all rows could be read, and processor seconds.
struct Taken {
    seconds: f64,
    cpu: f64,
}

/// Sends a load to a server that runs, and removes the rows.
fn run(target: &Target, load: &Load, over_http: bool, connections: usize) -> Taken {
    let (start, cpu) = (Instant::now(), target.cpu());
    load.send(target, over_http, connections);
    load.wait(target);
    let taken = Taken { seconds: start.elapsed().as_secs_f64(), cpu: target.cpu() - cpu };
    target.query(&format!("drop table {}", load.table)).expect("the table is dropped");
    taken
}

/// Sends a load to a receiver of its own, whose rows are Parquet files when its processor time is read.
fn run_files(target: Target, load: &Load, over_http: bool, connections: usize) -> Taken {
    let start = Instant::now();
    load.send(&target, over_http, connections);
    load.wait(&target);
    let seconds = start.elapsed().as_secs_f64();
    Taken { seconds, cpu: target.end().0 }
}

/// Prints processor time and rates of all, for every load, transport and number of connections.
pub fn compare(extent: &Extent) {
    let blocks = extent.blocks;
    let mut shown = Artifact::default();
    let loads = [
        load::<S1>("narrow", 1, blocks),
        load::<S2>("wide, text", 1, blocks),
        load::<S2>("wide, binary", 2, blocks),
    ];
    let (ours, real, program) = (Target::ours(), Target::real(), Target::program());
    if real.is_none() {
        shown.line("no QuestDB, see ci/setup");
    }
    if program.is_none() {
        shown.line("no files: cargo build --locked --release -p questdb-receiver");
    }
    shown.line("CPU s per million rows of the receiving process, and thousand rows per second until they can be read.");
    shown.line("With files each request is durable, and the CPU time includes what it takes to write all rows as Parquet.");
    for load in &loads {
        for (transport, over_http) in [("TCP", false), ("HTTP", true)] {
            if let (true, Some(real)) = (extent.warm, &real) {
                run(real, load, over_http, 1);
            }
            for connections in extent.connections.iter().copied() {
                let mut all = vec![("memory", run(&ours, load, over_http, connections))];
                if let Some(program) = &program {
                    let target = Target::files(program, load.rows);
                    all.push(("files", run_files(target, load, over_http, connections)));
                }
                if let Some(real) = &real {
                    all.push((real.name, run(real, load, over_http, connections)));
                }
                shown.line(&line(load, transport, connections, &all, real.is_some()));
            }
        }
    }
    shown.write("receive-compare.txt");
}

fn line(
    load: &Load,
    transport: &str,
    connections: usize,
    all: &[(&str, Taken)],
    compared: bool,
) -> String {
    let mut line = format!("{:<13}{transport:<5}{connections:>4}", load.name);
    for (name, taken) in all {
        let per_million = taken.cpu / load.rows as f64 * 1e6;
        let rate = load.rows as f64 / taken.seconds / 1e3;
        line += &format!("   {name} {per_million:>5.2} s {rate:>5.0} k/s");
    }
    if let (true, [ours @ .., (_, real)]) = (compared, all) {
        let parts = ours.iter().map(|(_, taken)| format!("{:.2}", taken.cpu / real.cpu));
        line += &format!("   {} of QuestDB's", parts.collect::<Vec<_>>().join(" and "));
    }
    line
}
