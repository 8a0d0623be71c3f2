//! Takes any bytes as the receiver's `server.conf`. They give a configuration whose messages are short printable lines without a
//! secret; and what is in force, written as a file, is read again as the same.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use questdb_receiver::{Configuration, ConfigurationSources, ValueSource};

const SECRETS: [&str; 2] = ["http.password", "http.token"];

fn read(content: &[u8]) -> Configuration {
    let mut sources = ConfigurationSources::default();
    sources.read_content(Path::new("server.conf"), content);
    sources.resolve()
}

/// Writes a value so that the file's form cannot change it.
fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fuzz_target!(|data: &[u8]| {
    let configuration = read(data);
    let lines = data.iter().filter(|b| **b == b'\n').count() + 1;
    let values = configuration.values();
    let shown = values.iter().map(|value| &value.shown);
    let said: Vec<&String> =
        configuration.warnings().iter().chain(configuration.problems()).chain(shown).collect();
    for message in &said {
        assert!(!message.contains(char::is_control) && message.len() < 8 << 10, "{message:?}");
    }
    for secret in SECRETS.map(|key| configuration.text(key).unwrap_or_default()) {
        // What stands elsewhere in the file too may be told of there.
        let told_once = secret.len() >= 8
            && data.windows(secret.len()).filter(|w| *w == secret.as_bytes()).count() == 1;
        assert!(!told_once || said.iter().all(|message| !message.contains(secret)), "{secret:?}");
    }
    let mut written = String::new();
    for value in &values {
        if let ValueSource::File { line, .. } = value.source {
            assert!((1..=lines).contains(&line));
            let text = configuration.text(value.key).unwrap_or_default();
            written.push_str(&format!("{}={}\n", value.key, escaped(text)));
        }
    }
    let again = read(written.as_bytes());
    for value in &values {
        assert_eq!(again.text(value.key), configuration.text(value.key), "{}", value.key);
    }
});
