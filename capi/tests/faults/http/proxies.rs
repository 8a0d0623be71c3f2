//! H19: proxy variables of the environment are ignored. They are set in child processes, because this process must not change
//! its own.

use std::process::Command;
use std::time::Instant;

use libtest_mimic::Trial;
use questdb_ingress::{Outcome, Sender};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};
use questdb_ingress_testkit::rows;

use crate::client::{CSide, Language, Side};
use crate::report::{Row, row_test};

/// The address to which the child process sends.
pub(crate) const ADDR: &str = "FAULT_TEST_PROXIED_ADDR";
const WHAT: &str = "six proxy variables in the environment";
const NAMES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

pub(super) fn tests() -> Vec<Trial> {
    let test = |by| row_test("H19", WHAT, by, move || proxied(by));
    Language::ALL.map(test).into()
}

fn proxied(by: Language) -> Row {
    let server = FaultServer::start(None, script(Peer::serve));
    let proxy = FaultServer::start(None, script(|peer| peer.hold()));
    let (addr, url) = (server.addr().to_string(), format!("http://{}", proxy.addr()));
    let change = |command: &mut Command| {
        command.envs(NAMES.map(|name| (name, &url))).env_remove("no_proxy").env_remove("NO_PROXY");
    };
    let mut wrong = Vec::new();
    let begin = Instant::now();
    match by {
        Language::Rust | Language::Pool => {
            let mut child = Command::new(std::env::current_exe().unwrap());
            change(&mut child);
            let output = child.env(ADDR, addr).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        Language::C => {
            let mut side = CSide::start(100, change);
            side.open(&conf(&addr)).unwrap();
            assert_eq!(side.flush().unwrap(), Outcome::Committed);
            wrong.extend(side.end());
        }
    }
    let mut row = Row::right("H19", WHAT, by, begin.elapsed());
    row.wrong = wrong;
    (row.requests, row.committed) = (server.requests(), server.committed().len());
    row.outcome = "COMMITTED".into();
    assert_eq!((row.committed, proxy.connections()), (1, 0));
    row
}

/// Runs in the child process.
pub(crate) fn child(addr: &str) {
    let mut sender = Sender::from_conf(&conf(addr)).unwrap();
    assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
}

fn conf(addr: &str) -> String {
    format!("http::addr={addr};protocol_version=1;retry_timeout=0;request_timeout=5000;")
}
