//! `doc/receiver.md` lists what QuestDB's documents say of its receiver. Every statement there names tests that exist, the
//! defaults in it are true, and its examples run.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use questdb_ingress_testkit::raw_client::{Http, PATIENCE, connect};
use questdb_receiver::{ConfigurationSources, Receiver};

const DOCUMENT: &str = include_str!("../../../doc/receiver.md");

/// The modules that the document names, and their files.
const MODULES: [(&str, &str); 4] = [
    ("config", "src/config/tests.rs"),
    ("session", "src/session/tests.rs"),
    ("http_body", "src/session/http/tests.rs"),
    ("store", "src/store/tests.rs"),
];

/// Returns the rows of the table of statements: number, statement, the receiver, QuestDB, tests.
fn statements() -> Vec<[&'static str; 5]> {
    let (_, table) = DOCUMENT.split_once("| n | statement |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("not five cells: {cells:?}"))
    })
    .collect()
}

/// Returns the names of the tests in a file.
fn tests_of(path: &Path) -> HashSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut names = HashSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
            Some((name, _)) if std::mem::take(&mut is_test) => {
                names.insert(name.to_owned());
            }
            _ => is_test = line == "#[test]" || (is_test && line.starts_with("#[")),
        }
    }
    names
}

#[test]
fn every_statement_has_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let statements = statements();
    for (index, [number, statement, .., tests]) in statements.iter().enumerate() {
        assert_eq!(*number, (index + 1).to_string(), "{statement}");
        assert!(!tests.is_empty(), "{number} has no test");
        for test in tests.split(", ") {
            let (module, name) = test.trim_matches('`').split_once("::").unwrap();
            let inside = MODULES.iter().find(|(known, _)| *known == module);
            let file = inside.map_or_else(|| format!("tests/it/{module}.rs"), |m| m.1.to_owned());
            assert!(tests_of(&root.join(file)).contains(name), "{number}: there is no {test}");
        }
    }
    assert!(statements.len() >= 70, "{}", statements.len());
}

#[test]
fn keys_have_the_defaults_of_the_document() {
    let configuration = ConfigurationSources::default().resolve();
    let quoted = |text: &'static str| {
        let (value, rest) = text.strip_prefix('`')?.split_once('`')?;
        Some((value, rest))
    };
    let mut count = 0;
    for [number, statement, ours, ..] in statements() {
        let Some((key, default)) = quoted(statement) else { continue };
        let Some((default, "")) = default.strip_prefix(" is ").and_then(quoted) else { continue };
        let default = quoted(ours).map_or(default, |(differs, _)| differs);
        assert_eq!(configuration.text(key), Some(default), "{number}: {key}");
        count += 1;
    }
    assert_eq!(count, 20);
}

#[test]
fn a_connection_lasts_for_any_number_of_messages() {
    let receiver = Receiver::builder().start().unwrap();
    let mut client = connect(receiver.tcp_addr());
    for i in 1..=50 {
        client.write_all(format!("t x={i}i {i}\n").as_bytes()).unwrap();
        receiver.wait_for_rows("t", i, PATIENCE).unwrap();
    }
}

#[test]
fn a_row_has_at_most_as_many_fields_as_configured() {
    let mut sources = ConfigurationSources::default();
    sources.read_content(Path::new("server.conf"), b"line.tcp.max.measurement.size=3\n");
    for key in ["http.net.bind.to", "line.tcp.net.bind.to", "http.min.net.bind.to"] {
        sources.set("a test", key, "0");
    }
    let receiver = sources.resolve().receiver().unwrap().start().unwrap();
    let mut client = connect(receiver.tcp_addr());
    client.write_all(b"t,s=a x=1i,y=2i 1\nt,s=a x=1i,y=2i,z=3i 2\n").unwrap();
    let mut answer = String::new();
    let _ = std::io::Read::read_to_string(&mut client, &mut answer);
    assert!(answer.starts_with("ERROR: TOO_MANY_VALUES line 2, byte "), "{answer}");
    assert_eq!(receiver.table("t").unwrap().row_count(), 1);
}

/// A folder that is removed at the end, with a program `nc` for machines that have none.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const NETCAT: &str = "#!/usr/bin/env python3
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.sendall(sys.stdin.buffer.read())
peer.shutdown(socket.SHUT_WR)
while peer.recv(4096):
    pass
";

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("questdb-receiver-nc-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("nc"), NETCAT).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path.join("nc"), executable).unwrap();
        }
        Folder(path)
    }
}

/// Returns the blocks of the document in a language that send something to the receiver's TCP or HTTP port.
fn examples(language: &str) -> Vec<&'static str> {
    let (_, section) = DOCUMENT.split_once("| n | statement |").unwrap();
    let opening = format!("```{language}\n");
    section.split(&opening).skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// The examples run with the ports of this receiver in place of the usual ones.
#[cfg(unix)]
#[test]
fn examples_run_as_printed() {
    let receiver = Receiver::builder().start().unwrap();
    let folder = Folder::new();
    // A program `nc` of the machine comes first; programs of that name differ in when they end.
    let path = format!("{}:{}", std::env::var("PATH").unwrap(), folder.0.display());
    for (language, count) in [("sh", 2), ("python", 3)] {
        let examples = examples(language);
        assert_eq!(examples.len(), count);
        for example in examples {
            let tcp = receiver.tcp_addr().port().to_string();
            let http = receiver.http_addr().port().to_string();
            let program = if language == "sh" { "sh" } else { "python3" };
            let mut child = Command::new(program)
                .env("PATH", &path)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap_or_else(|e| panic!("{program}: {e}"));
            let text = example.replace("9009", &tcp).replace("9000", &http);
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{example}");
        }
    }
    for (table, rows) in [("sensors", 3), ("batch", 1000), ("pooled", 500)] {
        receiver.wait_for_rows(table, rows, PATIENCE).unwrap();
    }
    assert_eq!(receiver.stats().rejected, 0);
    assert_eq!(receiver.stats().rows, 1503);
    let mut client = Http::over(connect(receiver.http_addr()));
    assert_eq!(client.ask("GET /ping HTTP/1.1\r\n\r\n").status, 204);
}
