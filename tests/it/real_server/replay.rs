//! The recorded outcomes of the replayed inputs, which the tests of the receiver compare with its own, are those of the real
//! server. `QUESTDB_BLESS=1` records them anew.

use std::time::Duration;

use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, report_cases, with_own};
use serde_json::Value;

#[path = "../../../receiver/tests/replay/replay.rs"]
#[expect(dead_code, reason = "only the test of the receiver asks why it differs")]
mod inputs;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/receiver/tests/replay/answers.jsonl");

#[test]
fn recorded_outcomes_are_those_of_the_server() {
    with_own(Release::Java17, |release| {
        let outcomes: Vec<Value> = std::thread::scope(|scope| {
            let groups = inputs::groups();
            let running: Vec<_> = groups
                .into_iter()
                .map(|group| scope.spawn(move || outcomes(release, &group)))
                .collect();
            running.into_iter().flat_map(|group| group.join().unwrap()).collect()
        });
        let count = outcomes.len();
        if std::env::var_os("QUESTDB_BLESS").is_some_and(|v| v == "1") {
            let lines: String = outcomes.iter().map(|outcome| format!("{outcome}\n")).collect();
            std::fs::write(PATH, lines).unwrap();
            return;
        }
        let recorded: Vec<Value> =
            inputs::ANSWERS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(recorded.len(), count);
        let differ: Vec<_> = recorded
            .iter()
            .zip(&outcomes)
            .filter(|(recorded, outcome)| recorded != outcome)
            .map(|(recorded, outcome)| format!("recorded {recorded}\n     now {outcome}\n"))
            .collect();
        assert!(differ.is_empty(), "{} of {count}:\n{}", differ.len(), differ.concat());
        report_cases("replayed inputs", count);
    });
}

fn outcomes(release: Release, group: &inputs::Group) -> Vec<Value> {
    let conf: &'static str = group.conf.clone().leak();
    let server = QuestDb::start(release, Options { extra: conf, ..Options::PLAIN });
    let peer = inputs::Server { http: server.http_port(), tcp: server.tcp_port() };
    // Rows over TCP are committed when their connection ends, by another thread.
    let mut outcomes = peer.replay(group, || std::thread::sleep(Duration::from_millis(500)));
    outcomes.iter_mut().for_each(in_one_form);
    outcomes
}

/// The server has two forms of its answer to a unit that it does not know. It takes the shorter one in about one of 70 requests
/// that are alike, so both count as the longer one.
fn in_one_form(outcome: &mut Value) {
    let http = &mut outcome["http"];
    if http["message"] == "unsupported precision" && http["line"].is_null() {
        http["message"] =
            "failed to parse line protocol:errors encountered on line(s):unsupported precision"
                .into();
        http["line"] = 0.into();
    }
}
