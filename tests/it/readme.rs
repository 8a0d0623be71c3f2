//! Checks that the README is true: its snippets are regions of files in `examples/`, and the Rust examples are run.

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the lines of a file between `[readme]` and `[/readme]`.
fn region(path: &str) -> String {
    let text = read(path);
    let lines = text
        .lines()
        .skip_while(|l| !l.contains("[readme]"))
        .skip(1)
        .take_while(|l| !l.contains("[/readme]"));
    let region: String = lines.flat_map(|l| [l, "\n"]).collect();
    assert!(!region.is_empty(), "{path} has no region [readme]");
    region
}

#[test]
fn snippets_are_regions_of_examples() {
    let readme = read("README.md");
    let mut seen = 0;
    for (i, _) in readme.match_indices("<!-- examples/") {
        let rest = &readme[i + 5..];
        let (path, rest) = rest.split_once(" -->\n```").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let (snippet, _) = rest.split_once("```\n").unwrap();
        assert_eq!(snippet, region(path), "the README differs from {path}");
        seen += 1;
    }
    let snippets = ["```rust\n", "```c\n", "```cpp\n", "```python\n"]
        .map(|fence| readme.matches(fence).count());
    assert_eq!(seen, snippets.iter().sum::<usize>());
    assert!(snippets.iter().all(|&count| count > 0), "{snippets:?}");
}

#[test]
fn files_that_the_documents_name_exist() {
    for document in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"] {
        let text = read(document);
        for (i, _) in text.match_indices("](") {
            let (target, _) = text[i + 2..].split_once(')').unwrap();
            if !target.contains("://") && !target.starts_with('#') {
                assert!(
                    root().join(target).exists(),
                    "{document} names {target}, which is not there"
                );
            }
        }
    }
}

/// Runs a Rust example that cargo has built next to this test.
fn run_example(name: &str, args: &[&str]) -> String {
    let exe = std::env::current_exe().unwrap();
    let path = exe.ancestors().nth(2).unwrap().join("examples").join(name);
    let output =
        std::process::Command::new(&path).args(args).env_remove("QDB_CLIENT_CONF").output();
    let output = output.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_rust_examples_store_their_rows() {
    use questdb_receiver::{Listener, Receiver, Value};
    use std::time::Duration;

    for protocol in [Listener::Http, Listener::Tcp] {
        let receiver = Receiver::builder().start().unwrap();
        run_example("first_rows", &[&receiver.conf(protocol)]);
        let table = receiver.wait_for_rows("trades", 2, Duration::from_secs(10)).unwrap();
        assert_eq!(table.value(1, "price"), Some(Value::Double(2616.1)));
        assert_eq!(table.value(1, "amount"), Some(Value::Long(3)));
    }
    let receiver = Receiver::builder().start().unwrap();
    run_example("bad_row", &[&receiver.conf(Listener::Http)]);
    let rows = receiver.table("measurements").unwrap();
    let values: Vec<_> = (0..rows.row_count()).map(|row| rows.value(row, "value")).collect();
    assert_eq!(values, [1, 2, 5].map(|n| Some(Value::Long(n))));
    let shown = run_example("quickstart", &[]);
    assert_eq!(shown.matches("weather: 1461 rows").count(), 2, "{shown}");
    assert_eq!(shown.matches("temps: 8759 rows").count(), 2, "{shown}");
    assert_eq!(shown.matches("rows/s").count(), 4, "{shown}");
}
