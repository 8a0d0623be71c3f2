//! The header, the shared library, the ledger and the tests in C must name the same functions.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::read;

/// Returns the declarations of functions: name and parameters.
fn declarations() -> Vec<(String, String)> {
    let text = read("include/questdb_receiver.h");
    let mut found = Vec::new();
    for declaration in text.split("QUESTDB_RECEIVER_API").skip(1) {
        let Some((head, rest)) = declaration.split_once('(') else { continue };
        let name = head.rsplit([' ', '*', '\n']).next().unwrap();
        if name.starts_with("questdb_receiver_") {
            found.push((name.to_owned(), rest.split_once(");").unwrap().0.to_owned()));
        }
    }
    found
}

/// Returns the functions that the header declares.
pub(crate) fn declared() -> BTreeSet<String> {
    let names: BTreeSet<String> = declarations().into_iter().map(|(name, _)| name).collect();
    assert!(names.len() > 20, "{}", names.len());
    names
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let program = std::env::current_exe().unwrap();
    let library = program.with_file_name("libquestdb_receiver.so");
    assert!(library.exists(), "{} is not there: build it by ci/build", library.display());
    let done = Command::new("readelf").args(["-W", "--dyn-syms"]).arg(&library).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut exported = BTreeSet::new();
    for line in String::from_utf8(done.stdout).unwrap().lines() {
        // The columns of readelf: Num: Value Size Type Bind Vis Ndx Name
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, _, bind, _, section, name] = fields[..] else { continue };
        if bind != "LOCAL" && section != "UND" && section != "Ndx" {
            exported.insert(name.to_owned());
        }
    }
    assert_eq!(exported, declared());
}

#[test]
fn every_symbol_is_in_the_ledger_with_its_version() {
    let text = read("receiver/capi/abi/symbols.txt");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted(), "symbols.txt is not sorted");
    let ledger: BTreeMap<&str, &str> = lines.iter().filter_map(|l| l.split_once(' ')).collect();
    assert_eq!(ledger.keys().map(|k| (*k).to_owned()).collect::<BTreeSet<_>>(), declared());
    let header = read("include/questdb_receiver.h");
    // A comment ends with its version, right before the function.
    let blocks: Vec<&str> = header.split("QUESTDB_RECEIVER_API").collect();
    for (name, version) in ledger {
        let declares = |block: &&[&str]| {
            block[1].split_once('(').is_some_and(|(head, _)| head.ends_with(name))
        };
        let [before, _] = blocks.windows(2).find(declares).unwrap() else { unreachable!() };
        let since = before.rsplit_once("Since: ").unwrap().1;
        assert_eq!(since.split_whitespace().next(), Some(version), "{name}");
    }
}

#[test]
fn null_for_every_pointer_of_every_function_is_tested_in_c() {
    let text = read("tests/c/receiver.c");
    let mut pointers = BTreeSet::new();
    for (name, parameters) in declarations() {
        // What frees a handle takes NULL.
        let frees = name.ends_with("_free");
        for parameter in parameters.split(',').filter(|p| p.contains('*') && !frees) {
            pointers
                .insert((name.clone(), parameter.rsplit([' ', '*']).next().unwrap().to_owned()));
        }
    }
    assert!(pointers.len() > 20, "{}", pointers.len());
    let mut tested = BTreeSet::new();
    for macro_name in ["NULL_FAILS(", "NULL_IS("] {
        for (at, _) in text.match_indices(macro_name) {
            let mut words = text[at + macro_name.len()..].split(", ");
            tested.insert((words.next().unwrap().to_owned(), words.next().unwrap().to_owned()));
        }
    }
    tested.retain(|(function, _)| function != "function");
    assert_eq!(tested, pointers);
    for function in declared() {
        assert!(text.contains(&format!("{function}(")) || text.contains(&format!("({function},")));
    }
}

#[test]
fn ledgers_only_grow_after_a_release() {
    let git = |args: &[&str]| {
        let done = Command::new("git").current_dir(crate::root()).args(args).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    // Without a work tree or a release there is nothing to compare with.
    let Some(tag) = git(&["describe", "--tags", "--abbrev=0", "--match", "v*"]) else { return };
    for file in ["receiver/capi/abi/symbols.txt", "receiver/capi/abi/error_codes.txt"] {
        let Some(before) = git(&["show", &format!("{}:{file}", tag.trim())]) else { continue };
        let now = read(file);
        for line in before.lines().filter(|line| !line.starts_with('#')) {
            assert!(now.lines().any(|l| l == line), "{file}: {line} is gone");
        }
    }
}
