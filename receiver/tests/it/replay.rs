//! More than 800 inputs end as they did on QuestDB 9.3.4: answer, stored types and rows, and whether a connection goes on.

use std::path::Path;

use questdb_receiver::{ConfigurationSources, Receiver};
use serde_json::Value;

#[path = "../replay/replay.rs"]
mod inputs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../doc/receiver.md");

/// Starts a receiver with this `server.conf`, as the recorded server had it.
fn start(conf: &str) -> Receiver {
    // QuestDB's smaller types do not exist here, so their keys are refused.
    let known: String = conf
        .lines()
        .filter(|l| !l.contains(".default.column.type"))
        .fold("line.tcp.error.replies=false\n".to_owned(), |text, line| text + line + "\n");
    let mut sources = ConfigurationSources::default();
    sources.read_content(Path::new("server.conf"), known.as_bytes());
    for key in ["http.net.bind.to", "line.tcp.net.bind.to", "http.min.net.bind.to"] {
        sources.set("a test", key, "0");
    }
    sources.resolve().receiver().unwrap().start().unwrap()
}

#[test]
fn inputs_end_as_on_the_server() {
    let mut recorded =
        inputs::ANSWERS.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut count, mut wrong) = (0, Vec::new());
    for group in inputs::groups() {
        let receiver = start(&group.conf);
        let (http, tcp) = (receiver.http_addr().port(), receiver.tcp_addr().port());
        let outcomes = inputs::Server { http, tcp }.replay(&group, || ());
        for (case, ours) in group.cases.iter().zip(outcomes) {
            let theirs = recorded.next().unwrap();
            assert_eq!(theirs["input"], case.input, "the record is of other inputs");
            for (transport, differs) in inputs::TRANSPORTS.iter().zip(case.differs) {
                let (ours, theirs) = (&ours[transport], &theirs[transport]);
                let place =
                    || format!("{transport} [{}] {} {:?}", group.name, case.section, case.input);
                match (ours == theirs, differs) {
                    (true, None) | (false, Some(_)) => {}
                    (true, Some(_)) => wrong.push(format!("{}: no difference any more\n", place())),
                    (false, None) => {
                        wrong.push(format!("{}:\n  ours   {ours}\n  theirs {theirs}\n", place()));
                    }
                }
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.concat());
    assert!(recorded.next().is_none() && count >= 800, "{count}");
}

/// Returns the list of differences as the document has it: each reason with some of its inputs.
fn differences() -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for case in inputs::groups().iter().flat_map(|group| &group.cases) {
        let [http, tcp] = case.differs;
        let Some(why) = http.or(tcp) else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, inputs)) => inputs.push(case.input),
            None => reasons.push((why, vec![case.input])),
        }
    }
    let line = |(why, inputs): &(&str, Vec<&str>)| {
        let some: Vec<_> = inputs.iter().take(3).map(|input| format!("`{input}`")).collect();
        let more = inputs.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("- {why}: {}{more}\n", some.join(", "))
    };
    reasons.iter().map(line).collect()
}

#[test]
fn the_document_lists_the_differences() {
    const MARKS: [&str; 2] = ["<!-- differences -->\n", "<!-- end of differences -->"];
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(MARKS[0]).unwrap();
    let (listed, after) = rest.split_once(MARKS[1]).unwrap();
    if std::env::var_os("QUESTDB_BLESS").is_some_and(|v| v == "1") {
        let text = [before, MARKS[0], &differences(), MARKS[1], after].concat();
        std::fs::write(DOCUMENT, text).unwrap();
        return;
    }
    assert_eq!(
        listed,
        differences(),
        "QUESTDB_BLESS=1 cargo test the_document_lists_the_differences"
    );
}
