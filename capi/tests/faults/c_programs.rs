//! Rows of the fault table that only a C program can have: misuse of the C API, and resolvers, clocks, signals and resources
//! that need their own process. The program judges; its exit code is the result.

use std::process::{Command, Output};
use std::time::Instant;

use libtest_mimic::Trial;

use crate::client::{Language, c_program};
use crate::report::{Row, row_test};

/// A program, with the ids and names of its rows in the order in which it runs them.
type Program = (&'static str, &'static [(&'static str, &'static str)]);

const PROGRAMS: [Program; 5] = [
    (
        "conventions",
        &[
            ("A1", "NULL handles"),
            ("A2", "NULL for every other pointer"),
            ("A3", "lengths and texts that cannot be"),
            ("A4", "wrong order of a row's calls"),
            ("A5", "wrong order of a sender's calls"),
            ("A6", "enum values and numbers out of range"),
            ("A7", "reserve(huge), beyond limits"),
            ("A8", "arrays and columns beyond their memory"),
            ("A9", "handles freed in any order"),
        ],
    ),
    (
        "names",
        &[
            ("D1", "NXDOMAIN"),
            ("D1", "SERVFAIL"),
            ("D1", "a name without an address"),
            ("D2", "the resolver answers after the deadline"),
            ("D3", "three addresses, the first two refuse"),
            ("D3", "two addresses, the first never answers"),
            ("D3", "a thousand addresses that refuse"),
            ("D4", "a name that moves is resolved again"),
        ],
    ),
    (
        "process",
        &[
            ("P1", "no free local port, by the kernel"),
            ("P1", "no free local port, by a stand-in"),
            ("T14", "a peer that vanishes"),
            ("P2", "no descriptor left, HTTP"),
            ("P2", "no descriptor left, TCP"),
            ("P2", "descriptors come back within the budget"),
            ("P3", "exec: connections are closed in the new program"),
            ("P4", "fork while another thread is in a flush"),
        ],
    ),
    (
        "signals",
        &[
            ("P5", "SIGPIPE at its default, peers that hang up"),
            ("P6", "a storm of signals in a large flush"),
            ("P6", "a storm of signals from connect to close, HTTP"),
            ("P6", "a storm of signals from connect to close, TCP"),
            ("P6", "a storm of signals over waits"),
            ("P4", "fork with a connection open, HTTP"),
            ("P4", "fork with a connection open, TCP"),
            ("E3", "proxies and logging in the environment"),
        ],
    ),
    (
        "clocks",
        &[
            ("K1", "time-outs while the wall clock jumps"),
            ("K1", "retries while the wall clock jumps"),
            ("K1", "auto-flush interval while the wall clock jumps"),
        ],
    ),
];

pub(crate) fn tests() -> Vec<Trial> {
    let rows =
        PROGRAMS.iter().flat_map(|(program, rows)| rows.iter().map(move |row| (*program, *row)));
    let mut tests: Vec<Trial> = rows
        .map(|(program, (id, what))| {
            row_test(id, what, Language::C, move || run(program, id, what))
        })
        .collect();
    for (program, rows) in PROGRAMS {
        tests.push(Trial::test(format!("c_programs::every_row_of_{program}"), move || {
            let listed: String = rows.iter().map(|(id, what)| format!("{id}\t{what}\n")).collect();
            let output = call(program, &["--list"]);
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), listed);
            Ok(())
        }));
    }
    tests
}

fn run(program: &'static str, id: &'static str, what: &'static str) -> Row {
    c_program(program);
    let begin = Instant::now();
    let output = call(program, &["--row", what]);
    let mut row = Row::right(id, what, Language::C, begin.elapsed());
    row.outcome = format!("{program}: {}", output.status);
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        row.wrong.push(String::from_utf8_lossy(&said).trim().replace('\n', "; "));
    }
    row
}

/// Runs a program. cargo sets a library path that would take precedence over the one in the program, so it is removed.
fn call(program: &'static str, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", "300"]).arg(c_program(program)).args(arguments);
    command.env_remove("LD_LIBRARY_PATH").env_remove("QDB_CLIENT_CONF").output().unwrap()
}
