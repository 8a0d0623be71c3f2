//! The configuration: the reference's connection strings, combinations, and what may never be shown.

use questdb_ingress::config::{DIFFERENCES, Settings};
use questdb_ingress::{Config, Error, ErrorCode};
use serde_json::Value;

fn settle(conf: &str) -> Result<Settings, Error> {
    Config::from_conf(conf)?.validate()
}

/// Vectors that come out differently here: the difference they show, as named in `doc/options.md`.
const DEVIATIONS: &[(&str, &[&str])] = &[
    ("unknown-key", &["conf.026"]),
    (
        "foreign-protocol",
        &[
            "conf.037", "conf.038", "conf.039", "conf.074", "conf.105", "conf.106", "conf.109",
            "conf.111", "conf.112", "conf.114", "conf.115", "conf.117", "conf.119", "conf.121",
            "conf.123", "conf.124", "conf.126",
        ],
    ),
    ("auto-flush", &["conf.048", "conf.049", "conf.050", "conf.051"]),
    ("empty-value", &["conf.010", "conf.018"]),
    (
        "auth-combination",
        &[
            "conf.019", "conf.020", "conf.022", "conf.023", "conf.042", "conf.043", "conf.045",
            "conf.046",
        ],
    ),
    (
        "addr-form",
        &["conf.015", "conf.027", "conf.028", "conf.029", "conf.032", "conf.033", "conf.101"],
    ),
    ("buffer-sizes", &["conf.082"]),
    ("files-later", &["conf.091"]),
];

fn deviation(id: &str) -> Option<&'static str> {
    if id == "conf.084" && !cfg!(feature = "insecure-skip-verify") {
        return Some("unsafe-off");
    }
    DEVIATIONS.iter().find(|(_, ids)| ids.contains(&id)).map(|(word, _)| *word)
}

/// Whether the reference names a place in the string that is the same here: it does for what does not lex and for
/// duplicates, but counts the end of the string as the last character.
fn reference_position(vector: &Value) -> Option<&str> {
    let message = vector["reference_message"].as_str()?;
    let position = message.strip_prefix("Config parse error")?.rsplit_once("at position ")?.1;
    (vector["id"] != "conf.007").then_some(position)
}

#[test]
fn reference_strings() {
    let all: Value = serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    let vectors = all["config_vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 127);
    let mut wrong = Vec::new();
    let mut deviating = 0;
    for vector in vectors {
        let (id, input) = (vector["id"].as_str().unwrap(), vector["input"].as_str().unwrap());
        let reference_ok = vector["expect"] == "ok";
        let result = settle(input);
        if let Some(word) = deviation(id) {
            assert!(DIFFERENCES.iter().any(|(known, _)| *known == word), "{word} is undocumented");
            deviating += 1;
        }
        if result.is_ok() != (reference_ok != deviation(id).is_some()) {
            wrong.push(format!("{id} {input:?}: {result:?}"));
        }
        let Err(e) = result else { continue };
        assert_eq!(e.code(), ErrorCode::Config, "{id} {e}");
        if let Some(position) = reference_position(vector) {
            let ours = format!("at position {position}");
            assert!(e.message().contains(&ours), "{id} {input:?}: {e}, reference: {position}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("127 configuration strings, {deviating} of them with a documented difference");
}
