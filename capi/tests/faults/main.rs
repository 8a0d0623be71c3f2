//! Every fault that a sender must survive, over real sockets, from Rust and from C. A row of the fault table is a test with its
//! own name: its id, what the other side does, and the language of the caller. `cargo test --test faults -- H4` runs the rows
//! of one id. `tests/faults.txt` lists the rows that must exist.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests play servers, start programs, and fail by panicking"
)]

// Elsewhere the Rust client has this name; in this package the C library has it.
extern crate client as questdb_ingress;

mod c_programs;
mod case;
mod client;
mod environment;
mod http;
mod report;
mod table;
mod tcp;
mod tls;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The number of rows that run at the same time: most of their time they wait.
const AT_ONCE: usize = 8;

fn main() -> ExitCode {
    // Some tests run this program as a child process.
    for (variable, child) in [
        (http::memory::ADDR, http::memory::child as fn(&str)),
        (http::proxies::ADDR, http::proxies::child),
    ] {
        if let Ok(addr) = std::env::var(variable) {
            child(&addr);
            return ExitCode::SUCCESS;
        }
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let mut tests = http::tests();
    tests.extend(tcp::tests());
    tests.extend(tls::tests());
    tests.extend(environment::tests());
    tests.extend(c_programs::tests());
    tests.extend(table::tests(tests.iter().map(|test| test.name().to_owned()).collect()));
    let count = tests.len();
    let conclusion = libtest_mimic::run(&arguments, tests);
    if let Err(wrong) = report::finish(count) {
        println!("{wrong}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// Makes a test that is not a single row.
fn plain(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
