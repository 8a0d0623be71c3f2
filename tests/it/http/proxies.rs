//! H19: proxy variables of the environment are ignored. A child process has them, this one must not be changed.

use std::process::Command;

use questdb_ingress::{Outcome, Sender};

use crate::support::fault_case::rows;
use crate::support::fault_server::{FaultServer, Peer, script};

const ADDR: &str = "FAULT_TEST_ADDR";

#[test]
fn proxy_variables_are_ignored() {
    let server = FaultServer::start(None, script(Peer::serve));
    let proxy = FaultServer::start(None, script(|peer| peer.hold()));
    let url = format!("http://{}", proxy.addr());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "http::proxies::in_a_child", "--nocapture"]);
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        child.env(name, &url).env(name.to_uppercase(), &url);
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = child.env(ADDR, server.addr().to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!((server.committed().len(), proxy.connections()), (1, 0));
    println!("H19   six proxy variables in the environment: ok, none used");
}

/// Does nothing unless it is the child of the test above.
#[test]
fn in_a_child() {
    let Ok(addr) = std::env::var(ADDR) else { return };
    let conf =
        format!("http::addr={addr};protocol_version=1;retry_timeout=0;request_timeout=5000;");
    let mut sender = Sender::from_conf(&conf).unwrap();
    assert_eq!(sender.flush(&mut rows(100)).unwrap(), Outcome::Committed);
}
