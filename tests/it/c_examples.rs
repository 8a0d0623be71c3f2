//! Every program of `examples/c` and its counterpart in `examples/cpp` is compiled with warnings as errors and run against
//! the embedded receiver, whose tables are compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use questdb_receiver::{ColumnType, Listener, Receiver};

use questdb_ingress_testkit::certificates::{authority, stranger};
use questdb_ingress_testkit::questdb::{KEY_D, KEY_ID, KEY_X, KEY_Y};
use questdb_ingress_testkit::repository as root;
use questdb_ingress_testkit::shared_library;

const PATIENCE: Duration = Duration::from_secs(30);

/// A language of the examples. The programs are the same in each, and so is what arrives.
#[derive(Clone, Copy)]
struct Language {
    folder: &'static str,
    compiler: &'static str,
    flags: &'static [&'static str],
}

const C: Language = Language { folder: "c", compiler: "cc", flags: &["-std=c99"] };
const CPP: Language =
    Language { folder: "cpp", compiler: "c++", flags: &["-std=c++17", "-fno-rtti"] };
const LANGUAGES: [Language; 2] = [C, CPP];

/// Compiles an example against the shared library next to this test.
fn compile(language: Language, name: &str) -> PathBuf {
    let Language { folder, compiler, flags } = language;
    let source = root().join("examples").join(folder).join(name).with_extension(folder);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}_{name}"));
    let libraries = shared_library().parent().unwrap().to_owned();
    let done = Command::new(compiler)
        .args(flags)
        .args([
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Wconversion",
            "-Werror",
            "-O1",
            "-pthread",
            "-o",
        ])
        .arg(&program)
        .arg(&source)
        .arg("-I")
        .arg(root().join("include"))
        .arg("-I")
        .arg(root().join("cpp"))
        .arg("-L")
        .arg(&libraries)
        .args(["-lquestdb_ingress", &format!("-Wl,-rpath,{}", libraries.display())])
        .output()
        .unwrap_or_else(|e| panic!("{compiler}: {e}"));
    assert!(done.status.success(), "{name}.{folder}: {}", String::from_utf8_lossy(&done.stderr));
    program
}

fn run(language: Language, name: &str, args: &[&str]) -> Output {
    let program = compile(language, name);
    // A path in cargo's environment would take precedence over the path in the program, and may name a folder with an older
    // library.
    let mut command = Command::new(&program);
    command.args(args).env_remove("LD_LIBRARY_PATH");
    command.output().unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Runs an example that must succeed, and returns what it printed.
fn succeeds(language: Language, name: &str, args: &[&str]) -> String {
    let done = run(language, name, args);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name}: {:?} {errors}", done.status);
    assert_eq!(errors, "", "{name}");
    String::from_utf8(done.stdout).unwrap()
}

/// Returns the lines of the table as text, once it has this many rows: name, columns, types, rows.
fn shown(receiver: &Receiver, table: &str, rows: usize) -> Vec<String> {
    let text = receiver.wait_for_rows(table, rows, PATIENCE).unwrap().show(10).to_string();
    let lines = text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned());
    lines.filter(|line| !line.starts_with("---")).collect()
}

#[test]
fn http() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        assert_eq!(succeeds(language, "http", &[&receiver.conf(Listener::Http)]), "");
        assert_eq!(
            shown(&receiver, "trades", 2),
            [
                "trades: 2 rows",
                "symbol   price    amount  timestamp",
                "SYMBOL   DOUBLE   LONG    TIMESTAMP_NS",
                "ETH-USD  2615.54       3  2023-11-14T22:13:20.000000000Z",
                "ETH-USD   2616.1       3  2023-11-14T22:13:20.000000001Z",
            ]
        );
        // The same program works over TCP, because only the connection string differs.
        succeeds(language, "http", &[&receiver.conf(Listener::Tcp)]);
        assert_eq!(receiver.wait_for_rows("trades", 4, PATIENCE).unwrap().row_count(), 4);
    }
}

#[test]
fn tcp_auth() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().auth_ecdsa(KEY_ID, KEY_X, KEY_Y).start().unwrap();
        let key =
            |id: &str| format!("username={id};token={KEY_D};token_x={KEY_X};token_y={KEY_Y};");
        let conf = receiver.conf(Listener::Tcp);
        succeeds(language, "tcp_auth", &[&(conf.clone() + &key(KEY_ID))]);
        assert_eq!(
            shown(&receiver, "meters", 1),
            [
                "meters: 1 row",
                "room    celsius  valid    timestamp",
                "SYMBOL  DOUBLE   BOOLEAN  TIMESTAMP",
                "hall       21.5  true     2023-11-14T22:13:20.000000Z",
            ]
        );
        // The protocol has no message for a refused key. If the connection ends in time the program reports it, and in no
        // case does its row arrive.
        let refused = run(language, "tcp_auth", &[&(conf + &key("stranger"))]);
        assert!(matches!(refused.status.code(), Some(0 | 1)), "{refused:?}");
        assert_eq!(receiver.table("meters").unwrap().row_count(), 1);
    }
}

#[test]
fn https_ca() {
    for language in LANGUAGES {
        let leaf = authority().server();
        let receiver = Receiver::builder()
            .tls(leaf.cert.as_bytes(), leaf.key.as_bytes())
            .auth_basic("admin", "quest")
            .start()
            .unwrap();
        let conf = receiver.conf(Listener::Http) + "username=admin;password=quest;";
        assert!(conf.starts_with("https::"), "{conf}");
        succeeds(language, "https_ca", &[&conf, authority().file.to_str().unwrap()]);
        assert_eq!(
            shown(&receiver, "secrets", 1),
            [
                "secrets: 1 row",
                "word     timestamp",
                "VARCHAR  TIMESTAMP_NS",
                "caffè    2023-11-14T22:13:20.000000000Z",
            ]
        );
        // With another authority the certificate is refused before anything is sent.
        let refused = run(language, "https_ca", &[&conf, stranger().file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("certificate"), "{refused:?}");
    }
}

#[test]
fn arrays() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        succeeds(language, "arrays", &[&receiver.conf(Listener::Http)]);
        assert_eq!(
            shown(&receiver, "books", 1),
            [
                "books: 1 row",
                "whole                                turned                                 back              timestamp",
                "DOUBLE[][]                           DOUBLE[][]                             DOUBLE[]          TIMESTAMP_NS",
                "[[10.5,10.4,10.3],[10.6,10.7,10.8]]  [[10.5,10.6],[10.4,10.7],[10.3,10.8]]  [10.8,10.7,10.6]  2023-11-14T22:13:20.000000000Z",
            ]
        );
    }
}

#[test]
fn decimals() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        let decimal = ColumnType::Decimal;
        receiver
            .create_table(
                "invoices",
                &[("net", decimal), ("tax", decimal), ("rate", decimal), ("total", decimal)],
            )
            .unwrap();
        succeeds(language, "decimals", &[&receiver.conf(Listener::Http)]);
        assert_eq!(
            shown(&receiver, "invoices", 1),
            [
                "invoices: 1 row",
                "net      tax      rate     total                  timestamp",
                "DECIMAL  DECIMAL  DECIMAL  DECIMAL                TIMESTAMP",
                "1234.50   234.56  -0.0001  184467440737095516.16  2023-11-14T22:13:20.000000Z",
            ]
        );
    }
}

#[test]
fn two_servers() {
    for language in LANGUAGES {
        let newer = Receiver::builder().start().unwrap();
        let older = Receiver::builder().protocol_versions(&[1, 2]).start().unwrap();
        for (first, second) in [(&newer, &older), (&older, &newer)] {
            succeeds(
                language,
                "two_servers",
                &[&first.conf(Listener::Http), &second.conf(Listener::Http)],
            );
        }
        for receiver in [&newer, &older] {
            assert_eq!(receiver.wait_for_rows("pulses", 6, PATIENCE).unwrap().row_count(), 6);
        }
    }
}

#[test]
fn transaction() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        let conf = receiver.conf(Listener::Http) + "auto_flush_rows=1;";
        succeeds(language, "transaction", &[&conf]);
        assert_eq!(
            shown(&receiver, "ledger", 2),
            [
                "ledger: 2 rows",
                "amount  timestamp",
                "DOUBLE  TIMESTAMP_NS",
                "-100.0  2023-11-14T22:13:20.000000000Z",
                " 100.0  2023-11-14T22:13:20.000000001Z",
            ]
        );
    }
}

#[test]
fn auto_flush() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        let conf = receiver.conf(Listener::Http) + "auto_flush_rows=1000;auto_flush_interval=off;";
        let said = succeeds(language, "auto_flush", &[&conf]);
        assert!(said.starts_with("10000 rows in 1"), "{said}");
        assert!(said.ends_with(" 0 unconfirmed\n"), "{said}");
        assert_eq!(receiver.table("ticks").unwrap().row_count(), 10_000);
    }
}

#[test]
fn prepared_rows() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        succeeds(language, "prepared_rows", &[&receiver.conf(Listener::Http)]);
        assert_eq!(
            shown(&receiver, "quotes", 4),
            [
                "quotes: 4 rows",
                "symbol   price    timestamp                       size",
                "SYMBOL   DOUBLE   TIMESTAMP_NS                    LONG",
                "BTC-USD  43210.5  2023-11-14T22:13:20.000000000Z",
                "BTC-USD  43211.0  2023-11-14T22:13:20.000000001Z     5",
                "ETH-USD   2615.5  2023-11-14T22:13:20.000000002Z",
                "ETH-USD   2616.0  2023-11-14T22:13:20.000000003Z     7",
            ]
        );
    }
}

#[test]
fn arrow() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        succeeds(language, "arrow", &[&receiver.conf(Listener::Http)]);
        assert_eq!(
            shown(&receiver, "ticks", 3),
            [
                "ticks: 3 rows",
                "symbol   price    timestamp",
                "SYMBOL   DOUBLE   TIMESTAMP_NS",
                "BTC-USD  43210.5  2023-11-14T22:13:20.000000000Z",
                "ETH-USD           2023-11-14T22:13:20.000000001Z",
                "ETH-USD   2616.0  2023-11-14T22:13:20.000000002Z",
            ]
        );
    }
}

#[test]
fn bad_row() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        let done = run(language, "bad_row", &[&receiver.conf(Listener::Http)]);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{said}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("left out: ") && lines[0].contains("drop_row"), "{said}");
        assert!(lines[1].starts_with("refused: ") && lines[1].contains("line: 3"), "{said}");
        assert_eq!(lines.len(), 2, "{said}");
        let rows = shown(&receiver, "measurements", 3);
        let values = rows.iter().skip(3).map(|row| row.split_whitespace().next().unwrap());
        assert_eq!(values.collect::<Vec<_>>(), ["1", "2", "5"], "{rows:?}");
    }
}

#[test]
fn outcome() {
    for language in LANGUAGES {
        let receiver = Receiver::builder().start().unwrap();
        let done = run(language, "outcome", &[&receiver.conf(Listener::Http)]);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{said}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("row 2 is wrong (server error "), "{said}");
        assert!(lines[1].starts_with("REJECTED, REJECTED: "), "{said}");
        assert_eq!(lines.len(), 2, "{said}");
        assert_eq!(
            receiver.stats().requests,
            2,
            "/settings and one flush: what was refused is not sent again"
        );
    }
}

/// Many producers and one pool: everything arrives; what failed goes to the file; SIGTERM ends it in order.
#[test]
fn pool() {
    for language in LANGUAGES {
        let file =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}_refused", language.folder));
        let path = file.to_str().unwrap();
        let refused = || fs::read_to_string(&file).unwrap().lines().count();
        let _ = fs::remove_file(&file);
        let receiver = Receiver::builder().start().unwrap();
        let conf = receiver.conf(Listener::Http);
        let said = succeeds(language, "pool", &[&conf, "3", path]);
        assert_eq!((said.as_str(), refused()), ("120 rows stored, 0 not stored, 0 in doubt\n", 0));
        assert_eq!(receiver.table("events").unwrap().row_count(), 120);

        let receiver = Receiver::builder().start().unwrap();
        receiver.create_table("events", &[("value", ColumnType::Boolean)]).unwrap();
        let done = run(language, "pool", &[&receiver.conf(Listener::Http), "2", path]);
        // Batches that are refused during the close are its error as well.
        assert!(done.status.success(), "{done:?}");
        let said = String::from_utf8(done.stdout).unwrap();
        assert_eq!((said.as_str(), refused()), ("0 rows stored, 80 not stored, 0 in doubt\n", 80));

        let receiver = Receiver::builder().start().unwrap();
        let program = Command::new(compile(language, "pool"))
            .args([&receiver.conf(Listener::Http), "100000000", path])
            .env_remove("LD_LIBRARY_PATH")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        receiver.wait_for_rows("events", 100, PATIENCE).unwrap();
        let killed = Command::new("kill").arg(program.id().to_string()).status().unwrap();
        assert!(killed.success());
        let done = program.wait_with_output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{said} {:?}", done.status);
        let rows = receiver.table("events").unwrap().row_count();
        assert_eq!(said, format!("{rows} rows stored, 0 not stored, 0 in doubt\n"));
    }
}

#[test]
fn every_example_is_run_and_short() {
    let mut this = fs::read_to_string(root().join(file!())).unwrap();
    this.retain(|c| !c.is_whitespace());
    let names = LANGUAGES.map(|language| names(language.folder, &this));
    assert!(names[0].len() >= 10, "{names:?}");
    assert_eq!(names[0], names[1], "each example is there in each language");
}

fn names(folder: &str, this: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root().join("examples").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 80, "{name}.{folder} has {lines} lines");
        let runs = ["succeeds", "run"]
            .iter()
            .any(|word| this.contains(&format!("{word}(language,\"{name}\"")));
        assert!(runs, "{name}.{folder} is not run");
        names.insert(name);
    }
    names
}
