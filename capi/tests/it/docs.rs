//! Checks that the documents about the C API agree with the sources.

use std::collections::BTreeSet;
use std::fs;

use questdb_ingress_testkit::repository as root;

use crate::abi::declared;
use crate::header::{compare, module_docs};

const DOCUMENTS: [&str; 3] = ["doc/c-api.md", "doc/abi.md", "doc/threading.md"];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn conventions_are_those_that_open_the_header() {
    let (begin, end) = ("<!-- capi/src/lib.rs -->\n", "<!-- end -->\n");
    let text = read("doc/c-api.md");
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let conventions = module_docs("capi/src/lib.rs");
    assert!(conventions.lines().count() > 20);
    compare("doc/c-api.md", &format!("{before}{begin}{conventions}{end}{after}"));
}

#[test]
fn functions_and_files_that_the_documents_name_exist() {
    let declared = declared();
    let types: BTreeSet<&str> = [
        "questdb_array",
        "questdb_buffer",
        "questdb_cell",
        "questdb_column_data",
        "questdb_column_name",
        "questdb_config",
        "questdb_error",
        "questdb_pool",
        "questdb_row_layout",
        "questdb_sender",
        "questdb_table_name",
    ]
    .into();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = read(document);
        for (at, _) in text.match_indices("`questdb_") {
            let name: String = text[at + 1..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let family = text[at + 1 + name.len()..].starts_with('*');
            let known = declared.contains(&name)
                || types.contains(name.as_str())
                || family && declared.iter().any(|function| function.starts_with(&name));
            assert!(known, "{document} names {name}");
            seen += 1;
        }
        for (at, _) in text.match_indices("](") {
            let (target, _) = text[at + 2..].split_once(')').unwrap();
            assert!(root().join("doc").join(target).exists(), "{document} names {target}");
        }
    }
    assert!(seen > 40, "{seen}");
}

/// Comments have fixed lines in a fixed order, so that readers find them.
#[test]
fn comments_of_functions_keep_their_order() {
    let order = ["Ownership:", "Errors:", "Threads:", "Since:"];
    let header = read("include/questdb_ingress.h");
    let mut checked = 0;
    for comment in header.split("/**").skip(1) {
        let (comment, rest) = comment.split_once("*/").unwrap();
        if !rest.trim_start().starts_with("QUESTDB_API") {
            continue;
        }
        let lines = comment.lines().map(|line| line.trim_start_matches([' ', '*']));
        let found: Vec<usize> =
            lines.filter_map(|line| order.iter().position(|word| line.starts_with(word))).collect();
        assert!(found.is_sorted() && found.last() == Some(&3), "{comment}{rest:.60}");
        if rest.contains("QUESTDB_MUST_USE")
            && rest.trim_start().lines().take(2).any(|l| l.contains("MUST_USE"))
        {
            assert!(found.contains(&1), "no `Errors:` in {comment}");
        }
        checked += 1;
    }
    assert_eq!(checked, declared().len());
}
