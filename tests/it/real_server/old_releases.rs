//! Releases that speak only a part of the protocol: what they announce, and what happens to forms that they do not know.

use serde_json::json;

use questdb_ingress_testkit::questdb::http::request;
use questdb_ingress_testkit::questdb::{Options, QuestDb, Release, unique, with_shared};

fn types_of(server: &QuestDb, fields: &str) -> Result<String, String> {
    let table = unique("old");
    let answer = server.write(format!("{table} {fields} 1700000000000000000n\n"));
    if answer.status != 204 {
        return Err(format!("{} {}", answer.status, answer.body));
    }
    Ok(server.read(&table, &format!("select * from {table}")).types().join(", "))
}

fn announces(server: &QuestDb) -> serde_json::Value {
    request(server.http_port(), "GET", "/settings", &[], b"").unwrap().json()
}

#[test]
fn up_to_v2() {
    with_shared(Release::UpToV2, Options::PLAIN, |server| {
        let config = &announces(server)["config"];
        assert_eq!(config["line.proto.support.versions"], json!([1, 2]));
        assert_eq!(config["cairo.max.file.name.length"], 127);
        let array = "x==\u{e}\u{a}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(types_of(server, array).unwrap(), "x ARRAY, timestamp TIMESTAMP_NS");
        // This is why version 3 is never guessed: a decimal in text is silently stored as a double.
        assert_eq!(types_of(server, "x=1.5d").unwrap(), "x DOUBLE, timestamp TIMESTAMP_NS");
        let refused = types_of(server, "x==\u{17}\u{1}\u{1}\u{f}").unwrap_err();
        assert!(refused.contains("UNSUPPORTED_BINARY_FORMAT"), "{refused}");
    });
}

#[test]
fn only_v1() {
    with_shared(Release::OnlyV1, Options::PLAIN, |server| {
        let settings = announces(server);
        assert_eq!(settings["release.version"], "8.2.0");
        assert!(settings.get("config").is_none());
        assert!(settings.get("line.proto.support.versions").is_none());
        assert!(settings.get("cairo.max.file.name.length").is_none());
        assert_eq!(
            types_of(server, "x=1.5,t=1t").unwrap(),
            "x DOUBLE, t TIMESTAMP, timestamp TIMESTAMP"
        );
        // The suffix for nanoseconds is known, but the type is not, so they are cut to microseconds.
        assert_eq!(types_of(server, "n=1n").unwrap(), "n TIMESTAMP, timestamp TIMESTAMP");
        let refused = types_of(server, "x==\u{10}\0\0\0\0\0\0\0\0").unwrap_err();
        assert!(refused.starts_with("400 "), "{refused}");
    });
}
