//! Every public type is used in an example of the documentation; the examples are compiled and run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("encoder/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Returns the words of all examples that run.
fn shown(text: &str) -> BTreeSet<&str> {
    let mut all = BTreeSet::new();
    // Whether the current line belongs to an example, and whether that example runs.
    let (mut inside, mut runs) = (false, false);
    for line in text.lines() {
        let line = line.trim_start();
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            inside = false;
            continue;
        };
        if let Some(fence) = line.trim().strip_prefix("```") {
            (inside, runs) = (!inside, fence.is_empty());
        } else if inside && runs {
            all.extend(words(line));
        }
    }
    all
}

/// Returns the public types that a file declares at its top level.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    let kinds = ["pub struct ", "pub enum ", "pub trait "];
    text.lines()
        .filter_map(move |line| kinds.iter().find_map(|kind| line.strip_prefix(kind)))
        .filter_map(|rest| words(rest).next())
}

#[test]
fn every_public_type_stands_in_an_example() {
    let sources = sources();
    let examples: BTreeSet<&str> = sources.iter().flat_map(|(_, text)| shown(text)).collect();
    let promises_nothing =
        |path: &Path| path.ends_with("src/internal.rs") || path.ends_with("src/fuzzing.rs");
    let internal = sources.iter().filter(|(path, _)| path.ends_with("src/internal.rs"));
    let hidden: BTreeSet<&str> = internal
        .flat_map(|(_, text)| text.lines().filter(|line| line.starts_with("pub use")))
        .flat_map(words)
        .collect();
    let mut count = 0;
    for (path, text) in sources.iter().filter(|(path, _)| !promises_nothing(path)) {
        for name in declared(text).filter(|name| !hidden.contains(name)) {
            count += 1;
            assert!(examples.contains(name), "{name} of {} is in no example", path.display());
        }
    }
    assert!(count > 30, "only {count} public types were seen");
}

#[test]
fn the_reader_sees_examples_and_types() {
    let text = "/// ```\n/// let a = One::new();\n/// ```\npub struct Two<T>(T);\n/// ```compile_fail\n/// Three\n/// ```\n/// Four\npub enum Five {\npub(crate) struct Six;\n    pub struct Seven;\n";
    assert_eq!(shown(text).into_iter().collect::<Vec<_>>(), ["One", "a", "let", "new"]);
    assert_eq!(declared(text).collect::<Vec<_>>(), ["Two", "Five"]);
}
