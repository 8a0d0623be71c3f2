//! Checks that the README and the document of Arrow are true: their snippets are regions of files in `examples/`, which are
//! run, the Rust examples here.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the lines of a file between `[tag]` and `[/tag]`.
fn region(path: &str, tag: &str) -> String {
    let text = read(path);
    let lines = text
        .lines()
        .skip_while(|l| !l.contains(&format!("[{tag}]")))
        .skip(1)
        .take_while(|l| !l.contains(&format!("[/{tag}]")));
    let region: String = lines.flat_map(|l| [l, "\n"]).collect();
    assert!(!region.is_empty(), "{path} has no region [{tag}]");
    region
}

/// Returns the lines without the blanks that all of them begin with.
fn outdented(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.is_empty());
    let blanks = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap();
    text.lines().flat_map(|line| [line.get(blanks..).unwrap_or(""), "\n"]).collect()
}

/// Compares each snippet of a document with what `wanted` makes of the example that it names, and checks that there is a
/// snippet in each of the languages and none that names no example.
fn snippets_are(document: &str, languages: &[&str], wanted: impl Fn(&str) -> String) {
    let text = read(document);
    let mut seen = 0;
    for (i, _) in text.match_indices("<!-- examples/") {
        let rest = &text[i + 5..];
        let (path, rest) = rest.split_once(" -->\n```").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let (snippet, _) = rest.split_once("```\n").unwrap();
        assert_eq!(snippet, wanted(path), "{document} differs from {path}");
        seen += 1;
    }
    let snippets: Vec<_> =
        languages.iter().map(|name| text.matches(&format!("```{name}\n")).count()).collect();
    assert_eq!(seen, snippets.iter().sum::<usize>());
    assert!(snippets.iter().all(|&count| count > 0), "{snippets:?}");
}

#[test]
fn snippets_are_regions_of_examples() {
    snippets_are("README.md", &["rust", "c", "cpp", "python"], |path| region(path, "readme"));
    let languages = ["c", "cpp", "go", "java", "csharp"];
    snippets_are("doc/arrow.md", &languages, |path| outdented(&region(path, "doc")));
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

/// Many producers and one pool: everything arrives; what failed goes to the file; SIGTERM ends it in order.
fn the_pool_example_tells_of_all_rows() {
    use questdb_receiver::{ColumnType, Listener, Receiver};
    use std::time::Duration;

    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_refused");
    let path = file.to_str().unwrap();
    let refused = || std::fs::read_to_string(&file).unwrap().lines().count();
    let _ = std::fs::remove_file(&file);
    let receiver = Receiver::builder().start().unwrap();
    let said = run_example("pool", &[&receiver.conf(Listener::Http), "3", path]);
    assert_eq!((said.as_str(), refused()), ("120 rows stored, 0 not stored, 0 in doubt\n", 0));
    assert_eq!(receiver.table("events").unwrap().row_count(), 120);
    let receiver = Receiver::builder().start().unwrap();
    receiver.create_table("events", &[("value", ColumnType::Boolean)]).unwrap();
    let said = run_example("pool", &[&receiver.conf(Listener::Http), "2", path]);
    assert_eq!((said.as_str(), refused()), ("0 rows stored, 80 not stored, 0 in doubt\n", 80));
    #[cfg(unix)]
    {
        let receiver = Receiver::builder().start().unwrap();
        let program = std::process::Command::new(example("pool"))
            .args([&receiver.conf(Listener::Http), "100000000", path])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        receiver.wait_for_rows("events", 100, Duration::from_secs(60)).unwrap();
        let killed = std::process::Command::new("kill").arg(program.id().to_string()).status();
        assert!(killed.unwrap().success());
        let done = program.wait_with_output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{said} {:?}", done.status);
        let rows = receiver.table("events").unwrap().row_count();
        assert_eq!(said, format!("{rows} rows stored, 0 not stored, 0 in doubt\n"));
    }
}

/// Returns the program of a Rust example that cargo has built next to this test.
fn example(name: &str) -> std::path::PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// Runs a Rust example that cargo has built next to this test.
fn run_example(name: &str, args: &[&str]) -> String {
    let path = example(name);
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
    the_pool_example_tells_of_all_rows();
    let shown = run_example("quickstart", &[]);
    assert_eq!(shown.matches("weather: 1461 rows").count(), 2, "{shown}");
    assert_eq!(shown.matches("temps: 8759 rows").count(), 2, "{shown}");
    assert_eq!(shown.matches("rows/s").count(), 4, "{shown}");
}
