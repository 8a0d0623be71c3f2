//! Checks what the table must contain: every row of `tests/faults.txt` from every caller it names, and the whole matrix of TLS.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;
use questdb_ingress_testkit::repository;

/// Makes the tests that check the names of all others.
pub(crate) fn tests(names: Vec<String>) -> Vec<Trial> {
    let names = std::sync::Arc::new(names);
    let look = |name: &str, check: fn(&[String])| {
        let names = std::sync::Arc::clone(&names);
        Trial::test(format!("table::{name}"), move || {
            check(&names);
            Ok(())
        })
    };
    vec![
        look("every_row_has_its_tests", every_row_has_its_tests),
        look("the_tls_matrix_is_whole", the_tls_matrix_is_whole),
        look("every_name_is_given_once", every_name_is_given_once),
    ]
}

/// Returns the ids of `tests/faults.txt` with their callers. `ci/promises` reads the lines about tests and programs elsewhere.
fn wanted() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(repository().join("tests/faults.txt")).unwrap();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned));
    let rows = words.filter_map(|mut words| Some((words.next()?, words.collect::<Vec<_>>())));
    rows.filter(|(id, _)| id != "test" && id != "program").collect()
}

/// Returns whether a name is that of a row with this id from this caller.
fn is_row(name: &str, id: &str, caller: &str) -> bool {
    let rest = name.strip_prefix(id).and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|rest| rest.ends_with(&format!("::{}", caller.to_lowercase())))
}

fn every_row_has_its_tests(names: &[String]) {
    let wanted = wanted();
    assert!(wanted.len() > 90, "tests/faults.txt: {wanted:?}");
    let mut missing = Vec::new();
    for (id, callers) in &wanted {
        assert!(!callers.is_empty(), "{id}: from nowhere");
        for caller in callers {
            assert!(["Rust", "C", "Pool"].contains(&caller.as_str()), "{id}: {caller}");
            if !names.iter().any(|name| is_row(name, id, caller)) {
                missing.push(format!("{id} from {caller}"));
            }
        }
    }
    assert!(missing.is_empty(), "no test of {missing:?}");
}

/// Twelve servers or clients over HTTP and over TCP, from Rust and from C.
fn the_tls_matrix_is_whole(names: &[String]) {
    for caller in ["rust", "c"] {
        for scheme in ["https", "tcps"] {
            let end = format!("_{scheme}::{caller}");
            let rows = |n: u32| {
                names
                    .iter()
                    .filter(|name| is_row(name, &format!("S{n}"), caller) && name.ends_with(&end))
                    .count()
            };
            let counts: Vec<usize> = (1..=11).map(rows).collect();
            assert!(counts.iter().all(|count| *count > 0), "S1 to S11{end}: {counts:?}");
            assert!(counts.iter().sum::<usize>() >= 12, "S1 to S11{end}: {counts:?}");
        }
    }
}

fn every_name_is_given_once(names: &[String]) {
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = names.iter().filter(|name| !seen.insert(*name)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
