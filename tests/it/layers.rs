//! The import rule: which layer may use which, and which file may do what the others may not.
//!
//! The compiler and clippy hold that unsafe code and fenced functions (`clippy.toml`) need an `expect`; this test holds
//! that only the files listed here carry one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const BASE: &[&str] = &["error", "memory", "name", "text", "time"];

/// A layer, and the layers it may use besides itself. Those of the base are one layer.
const MAY_USE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("ilp", &["base", "table"]),
    ("config", &["base"]),
    ("net", &["base", "config"]),
    ("table", &["base"]),
    ("arrow", &["base", "table"]),
    ("sender", &["base", "ilp", "table", "arrow", "config", "net"]),
    // Stands in for the network in the builds of ci/fuzz.
    ("fuzzing", &["base", "config", "net", "sender"]),
    // The door for the C ABI, the bindings and the benchmarks.
    ("internal", &["base", "ilp", "table", "arrow", "config", "net", "sender"]),
];

/// Files that may hold unsafe code. A name that ends in `/` is a folder.
const UNSAFE: &[&str] = &["src/ilp/write/", "src/net/os/unix.rs", "src/arrow/c_data.rs"];

/// Files that may use what `clippy.toml` fences off, and what they own of it.
const OWNERS: &[(&str, &str)] = &[
    ("src/time.rs", "the wall clock"),
    ("src/config/env.rs", "the environment variable"),
    ("src/net/os/system.rs", "sockets, name resolution, the monotonic clock"),
    ("src/net/os/unix.rs", "poll"),
    ("src/net/tls.rs", "certificate files"),
];

#[test]
fn layers() {
    let exports = exports(&read("src/lib.rs"));
    let mut arrows = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in sources() {
        if file == "src/lib.rs" {
            continue;
        }
        let layer = layer_of(file.split('/').nth(1).unwrap().trim_end_matches(".rs"));
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{file}: the layer \"{layer}\" is not in the table"));
            continue;
        };
        let code = product_code(&read(&file));
        for used in uses(&code) {
            let module = exports.iter().find(|(item, _)| *item == used).map_or(&used, |(_, m)| m);
            let to = layer_of(module);
            if to != layer && !allowed.contains(&to) {
                wrong.push(format!("{file}: {layer} may not use {to} (crate::{used})"));
            }
            arrows.insert((layer, to.to_owned()));
        }
        if climbs_out(&code, depth(&file)) {
            wrong.push(format!("{file}: reaches the crate's root by super::, write crate::"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // Guards against a reader that sees nothing.
    for arrow in [("config", "base"), ("net", "config"), ("net", "base")] {
        assert!(
            arrows.contains(&(arrow.0, arrow.1.to_owned())),
            "{arrow:?} not seen in {arrows:?}"
        );
    }
}

#[test]
fn exceptions_stand_where_they_belong() {
    let owned = |file: &str, names: &[&str]| {
        names.iter().any(|n| file == *n || n.ends_with('/') && file.starts_with(n))
    };
    let owners: Vec<&str> = OWNERS.iter().map(|(name, _)| *name).collect();
    for file in sources() {
        let text = without_comments(&read(&file));
        let lifts = |lint: &str| {
            ["expect", "allow"].iter().any(|word| text.contains(&format!("{word}({lint}")))
        };
        assert!(!lifts("unsafe_code") || owned(&file, UNSAFE), "{file} may not hold unsafe code");
        assert!(
            !lifts("clippy::disallowed") || owned(&file, &owners),
            "{file} may not lift a fence of clippy.toml"
        );
        assert!(
            !text.contains("allow(clippy::all") && !text.contains("allow(warnings"),
            "{file} switches the lints off"
        );
    }
}

#[test]
fn the_reader_sees_every_form() {
    let code = "use crate::ilp;\nuse crate::{error::{Error, err}, config::Config};\nlet x = crate::sender::f(\
                crate::Text::from(y));\nuse crate::{\n    table,\n    name::TableName,\n};";
    assert_eq!(uses(code), ["ilp", "error", "config", "sender", "Text", "table", "name"]);
    assert_eq!(
        uses("my_crate::a; questdb_ingress::b; use crate::{self as c, time};"),
        ["self", "time"]
    );
    let commented =
        "//! [`x`](crate::ffi)\n/// crate::ffi\nuse crate::a; // crate::ffi\n    // crate::ffi\n";
    assert_eq!(uses(&without_comments(commented)), ["a"]);
    let lib =
        "pub mod x;\npub use error::{Error, Result};\npub use text::Text;\npub use a::b::C;\n";
    let pairs = [("Error", "error"), ("Result", "error"), ("Text", "text"), ("C", "a")];
    assert_eq!(exports(lib), pairs.map(|(item, module)| (item.to_owned(), module.to_owned())));
    let tested = "use crate::a;\n#[cfg(test)]\npub use b;\nuse crate::c;\n#[cfg(test)]\nmod tests {\nuse crate::d;";
    assert_eq!(uses(&product_code(tested)), ["a", "c"]);
    assert!(climbs_out("use super::super::ffi;", 2) && climbs_out("super::ffi", 1));
    assert!(!climbs_out("use super::super::a;", 3) && !climbs_out("super::a", 2));
    assert_eq!([depth("src/text.rs"), depth("src/ilp/mod.rs"), depth("src/ilp/a.rs")], [1, 1, 2]);
    assert_eq!(depth("src/a/b/c.rs"), 3);
}

fn layer_of(module: &str) -> &'static str {
    if BASE.contains(&module) {
        return "base";
    }
    MAY_USE.iter().find(|(name, _)| *name == module).map_or("unknown", |(name, _)| name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The paths of all source files, with `/`.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    // Tests of several layers may be written where they are needed.
    found.retain(|f| !f.ends_with("/tests.rs") && !f.contains("/tests/"));
    found
}

fn without_comments(text: &str) -> String {
    text.lines().map(|l| l.split("//").next().unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// The file without its comments and its test module.
fn product_code(text: &str) -> String {
    let text = without_comments(text);
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The first word of every path that starts at the crate's root.
fn uses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(group(list)),
            None => found.extend(word(rest)),
        }
    }
    found
}

/// The first words of the entries of `a::b, c::{d, e}, …}`.
fn group(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(word(list[start..i].trim_start()));
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The items that lib.rs exports again, with the module each comes from.
fn exports(lib: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in without_comments(lib).split(';') {
        let Some(path) = line.trim().split("pub use ").nth(1) else { continue };
        let Some(module) = word(path) else { continue };
        let items = path.rsplit_once("::").map_or(path, |(_, last)| last);
        for item in items.trim_matches(['{', '}']).split(',').filter_map(|i| word(i.trim())) {
            found.push((item, module.clone()));
        }
    }
    found
}

/// How many `super::` lead from a file to the crate's root.
fn depth(file: &str) -> usize {
    file.matches('/').count() - usize::from(file.ends_with("/mod.rs"))
}

fn climbs_out(code: &str, depth: usize) -> bool {
    code.contains(&"super::".repeat(depth))
}
