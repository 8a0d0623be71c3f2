//! The ABI: the header, the shared library, the ledgers and the tests in C must name the same functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use client::{ErrorCode, Outcome, internal};

use questdb_ingress_testkit::{repository as root, shared_library};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn output(program: &str, args: &[&str], file: &Path) -> String {
    let done = Command::new(program).args(args).arg(file).output();
    let done = done.unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Returns the functions that the header declares.
pub(crate) fn declared() -> BTreeSet<String> {
    let text = read("include/questdb_ingress.h");
    let mut names = BTreeSet::new();
    for declaration in text.split("QUESTDB_API").skip(1) {
        let Some((head, _)) = declaration.split_once('(') else { continue };
        let name = head.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
        if name.starts_with("questdb_") {
            names.insert(name.to_owned());
        }
    }
    assert!(names.len() > 100, "{}", names.len());
    names
}

/// Returns the lines `symbol version` of a ledger as a map.
fn ledger() -> BTreeMap<String, String> {
    let text = read("capi/abi/symbols.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted(), "capi/abi/symbols.txt is not sorted");
    let pairs = lines.iter().map(|line| line.split_once(' ').unwrap());
    let ledger: BTreeMap<_, _> = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    assert_eq!(ledger.len(), lines.len(), "a symbol stands twice in abi/symbols.txt");
    ledger
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let table = output("readelf", &["-W", "--dyn-syms"], &shared_library());
    let mut exported = BTreeSet::new();
    for line in table.lines() {
        // The columns of readelf: Num: Value Size Type Bind Vis Ndx Name
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, _, bind, visibility, section, name] = fields[..] else { continue };
        if bind != "LOCAL" && section != "UND" && section != "Ndx" {
            assert_eq!(visibility, "DEFAULT", "{name}");
            exported.insert(name.to_owned());
        }
    }
    assert_eq!(exported, declared());
}

#[test]
fn every_symbol_is_in_the_ledger_with_its_version() {
    let ledger = ledger();
    let names: BTreeSet<String> = ledger.keys().cloned().collect();
    assert_eq!(names, declared(), "capi/abi/symbols.txt differs from the header");
    let number = |text: &str| -> Vec<u32> { text.split('.').map(|n| n.parse().unwrap()).collect() };
    let now =
        number(concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR")));
    for (symbol, version) in ledger {
        assert!(number(&version) <= now, "{symbol} appeared in {version}, which is not out yet");
    }
}

#[test]
fn since_lines_agree_with_the_ledger() {
    let header = read("include/questdb_ingress.h");
    let mut since = None;
    let mut checked = 0;
    let ledger = ledger();
    for block in header.split("QUESTDB_API") {
        if let (Some(version), Some((head, _))) = (since.take(), block.split_once('(')) {
            let name =
                head.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            if let Some(listed) = ledger.get(name) {
                assert_eq!(listed, version, "{name}");
                checked += 1;
            }
        }
        since = block.rsplit_once("Since: ").and_then(|(_, rest)| rest.split_whitespace().next());
    }
    assert_eq!(checked, ledger.len(), "functions whose documentation has no `Since:` line");
}

/// Returns every function of the header with each of its parameters that is a pointer.
fn pointers() -> BTreeSet<(String, String)> {
    let header = read("include/questdb_ingress.h");
    let mut found = BTreeSet::new();
    for declaration in header.split("QUESTDB_API").skip(1) {
        let Some((head, rest)) = declaration.split_once('(') else { continue };
        let name = head.rsplit([' ', '*', '\n']).next().unwrap();
        let Some((parameters, _)) = rest.split_once(");") else { continue };
        if !declared().contains(name) {
            continue;
        }
        for parameter in parameters.split(',').filter(|p| p.contains('*')) {
            let parameter = parameter.rsplit([' ', '*']).next().unwrap();
            found.insert((name.to_owned(), parameter.to_owned()));
        }
    }
    assert!(found.len() > 160, "{}", found.len());
    found
}

#[test]
fn null_for_every_pointer_of_every_function_is_tested_in_c() {
    let text = read("tests/c/conventions.c");
    let mut tested = BTreeSet::new();
    for macro_name in ["NULL_FAILS(", "NULL_OK(", "NULL_IS(", "NULL_IGNORED("] {
        for (at, _) in text.match_indices(macro_name) {
            let mut words = text[at + macro_name.len()..].split(", ");
            let (function, parameter) = (words.next().unwrap(), words.next().unwrap());
            tested.insert((function.to_owned(), parameter.to_owned()));
        }
    }
    tested.retain(|(function, _)| function != "function");
    assert_eq!(tested, pointers());
    for function in declared() {
        assert!(
            text.contains(&format!("{function}(")) || text.contains(&format!("({function},")),
            "{function}"
        );
    }
}

#[test]
fn numbers_of_codes_and_outcomes_never_move() {
    let text = read("capi/abi/error_codes.txt");
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        // A line of this ledger: NAME = number [retired version]
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, "=", number, ref rest @ ..] = fields[..] else { panic!("bad line {line}") };
        assert!(matches!(rest, [] | ["retired", _]), "{line}");
        let number: u32 = number.parse().unwrap();
        let retired = !rest.is_empty();
        assert!(
            found.insert(number, (name.to_owned(), retired)).is_none(),
            "{line}: number used twice"
        );
    }
    // A removed line would leave a gap.
    assert!(found.keys().copied().eq(1..=u32::try_from(found.len()).unwrap()), "{found:?}");
    let living: BTreeMap<u32, String> = found
        .into_iter()
        .filter(|(_, (_, retired))| !retired)
        .map(|(n, (name, _))| (n, name))
        .collect();
    let codes = ErrorCode::ALL
        .iter()
        .map(|c| (*c as u32, internal::code_name(*c).to_str().unwrap().to_owned()));
    assert_eq!(living, codes.collect(), "capi/abi/error_codes.txt differs from ErrorCode");

    let header = read("include/questdb_ingress.h");
    for (number, name) in living {
        assert!(header.contains(&format!("QUESTDB_ERROR_CODE_{name} = {number},")), "{name}");
    }
    for outcome in Outcome::ALL {
        let name = internal::outcome_name(*outcome).to_str().unwrap();
        assert!(
            header.contains(&format!("QUESTDB_OUTCOME_{name} = {},", *outcome as u32)),
            "{name}"
        );
    }
}

#[test]
fn ledgers_only_grow_after_a_release() {
    let git = |args: &[&str]| {
        let done = Command::new("git").current_dir(root()).args(args).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    // Without a work tree or a release there is nothing to compare with.
    let Some(tag) = git(&["describe", "--tags", "--abbrev=0", "--match", "v*"]) else { return };
    for file in ["capi/abi/symbols.txt", "capi/abi/error_codes.txt"] {
        let Some(before) = git(&["show", &format!("{}:{file}", tag.trim())]) else { continue };
        let now = read(file);
        for line in before.lines().filter(|line| !line.starts_with('#')) {
            assert!(now.lines().any(|l| l.starts_with(line)), "{file}: {line} is gone");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn soname_is_set_on_request_only() {
    let dynamic = output("readelf", &["-W", "-d"], &shared_library());
    assert_eq!(dynamic.contains("SONAME"), env::var_os("QUESTDB_SONAME").is_some());
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
    let built = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--edition", "2024", "-A", "warnings", "-o"])
        .arg(&script)
        .arg(root().join("capi/build.rs"))
        .status()
        .unwrap();
    assert!(built.success());
    for (system, name, expected) in [
        (
            "linux",
            Some("libquestdb_ingress.so.0.1"),
            "=-Wl,-z,relro\n=-Wl,-z,now\n=-Wl,-z,noexecstack\n=-Wl,-soname,libquestdb_ingress.so.0.1\n",
        ),
        (
            "macos",
            Some("libquestdb_ingress.0.1.dylib"),
            "=-Wl,-install_name,@rpath/libquestdb_ingress.0.1.dylib\n",
        ),
        ("windows", Some("x"), ""),
        ("linux", None, "=-Wl,-z,relro\n=-Wl,-z,now\n=-Wl,-z,noexecstack\n"),
        ("macos", None, ""),
    ] {
        let mut run = Command::new(&script);
        run.env("CARGO_CFG_TARGET_OS", system).env_remove("QUESTDB_SONAME");
        if let Some(name) = name {
            run.env("QUESTDB_SONAME", name);
        }
        let said = String::from_utf8(run.output().unwrap().stdout).unwrap();
        let args: String = said
            .lines()
            .filter_map(|line| line.strip_prefix("cargo::rustc-cdylib-link-arg"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(args, expected, "{system} {name:?}");
    }
}
