//! H19: proxy variables of the environment are ignored. Child processes have them, this one must not be changed.

use std::process::Command;
use std::time::Instant;

use questdb_ingress::{Outcome, Sender};

use crate::support::fault_case::{rows, show};
use crate::support::fault_client::{CSide, Language, Side};
use questdb_ingress_testkit::fault_server::{FaultServer, Peer, script};

const ADDR: &str = "FAULT_TEST_ADDR";
const WHAT: &str = "six proxy variables in the environment";
const NAMES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

#[test]
fn proxy_variables_are_ignored() {
    let server = FaultServer::start(None, script(Peer::serve));
    let proxy = FaultServer::start(None, script(|peer| peer.hold()));
    let url = format!("http://{}", proxy.addr());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::proxies::in_a_child", "--nocapture"]);
    child.envs(NAMES.map(|name| (name, &url))).env_remove("no_proxy").env_remove("NO_PROXY");
    let begin = Instant::now();
    let output = child.env(ADDR, server.addr().to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!((server.committed().len(), proxy.connections()), (1, 0));
    show("H19", Language::Rust, WHAT, begin.elapsed(), "COMMITTED");

    let mut from_c = CSide::start(100, |command| {
        command.envs(NAMES.map(|name| (name, &url))).env_remove("no_proxy").env_remove("NO_PROXY");
    });
    from_c.open(&conf(server.addr().to_string())).unwrap();
    let begin = Instant::now();
    assert_eq!(from_c.flush().unwrap(), Outcome::Committed);
    show("H19", Language::C, WHAT, begin.elapsed(), "COMMITTED");
    assert_eq!(from_c.end(), None);
    assert_eq!((server.committed().len(), proxy.connections()), (2, 0));
}

/// Does nothing unless it is the child of the test above.
#[test]
fn in_a_child() {
    let Ok(addr) = std::env::var(ADDR) else { return };
    let mut sender = Sender::from_conf(&conf(addr)).unwrap();
    assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
}

fn conf(addr: String) -> String {
    format!("http::addr={addr};protocol_version=1;retry_timeout=0;request_timeout=5000;")
}
