//! The recorded answers to statements, which the tests of the receiver compare with its own, are those of the real server.

use questdb_ingress_testkit::questdb::http::{percent_encoded, request};
use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, report_cases, with_own};
use serde_json::Value;

#[path = "../../../receiver/tests/reading/rows.rs"]
mod rows;

const ANSWERS: &str = include_str!("../../../receiver/tests/reading/answers.jsonl");

/// Statements whose rows come in no order.
const UNORDERED: &[&str] = &["show tables", "wal_tables()"];

#[test]
fn recorded_answers_are_those_of_the_server() {
    with_own(Release::Java17, |release| {
        let server = QuestDb::start(release, Options::QUICK);
        server.sql(rows::CREATE);
        for body in rows::bodies() {
            server.write_ok(body);
        }
        for table in ["every", "dbl", "dct", "nn", "iv", "lt"] {
            server.sql(&format!("select wait_wal_table('{table}')"));
        }
        let mut count = 0;
        for line in ANSWERS.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| case[key].as_str().unwrap();
            let query = text("query");
            let target =
                format!("{}?query={}{}", text("path"), percent_encoded(query), text("more"));
            let answer = request(server.http_port(), "GET", &target, &[], b"").unwrap();
            assert_eq!(case["status"], answer.status, "{line}");
            if !UNORDERED.contains(&query) {
                assert_eq!(text("body"), answer.body, "{line}");
            }
            count += 1;
        }
        report_cases("statements at /exec and /exp", count);
    });
}
