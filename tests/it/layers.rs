//! Checks what packages cannot enforce: which layer of client and encoder may use which, and which of their files may do what
//! others may not.
//!
//! A layer is a module of the root of its crate. Other layers are used by `crate::MODULE`, neither by a group nor by what the
//! root exports again. The compiler and clippy require an `expect` for unsafe code and for functions that `clippy.toml`
//! disallows; this test checks that only the files listed here have one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use questdb_ingress_testkit::repository as root;

/// The packages: where their sources are, and the layers that are in them.
const PACKAGES: &[(&str, &[&str])] = &[
    ("encoder/src", &["base", "ilp", "table", "internal"]),
    ("src", &["base", "config", "net", "sender", "pool", "fuzzing", "internal"]),
];

/// The layers of the client that may use what the encoder shares with it only.
const SHARES: &[&str] = &["base", "sender", "pool", "internal"];

const BASE: &[&str] =
    &["decimal", "error", "memory", "name", "quoted", "text", "time", "timestamp", "version"];

/// A layer, and the layers it may use besides itself. Those of the base are one layer.
const MAY_USE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("ilp", &["base", "table"]),
    ("config", &["base"]),
    ("net", &["base", "config"]),
    ("table", &["base"]),
    ("sender", &["base", "ilp", "table", "config", "net"]),
    ("pool", &["base", "ilp", "config", "net", "sender"]),
    // This replaces the network in the builds of ci/fuzz.
    ("fuzzing", &["base", "config", "net", "sender"]),
    // This gives the C ABI, the bindings and the benchmarks access to what they need.
    ("internal", &["base", "ilp", "table", "config", "net", "sender", "pool"]),
];

/// Files that may hold unsafe code. A name that ends in `/` is a folder.
const UNSAFE: &[&str] = &[
    "encoder/src/ilp/write/",
    "encoder/src/table/arrow/",
    "src/net/os/unix.rs",
    "src/net/os/unix/",
    "src/net/os/windows.rs",
];

/// Files that may use what `clippy.toml` disallows, and which part of it.
const OWNERS: &[(&str, &str)] = &[
    ("encoder/src/time.rs", "the wall clock"),
    ("src/config/env.rs", "the environment variable"),
    ("src/net/os/system.rs", "sockets, name resolution, threads, the monotonic clock"),
    ("src/net/os/unix.rs", "poll"),
    ("src/net/os/windows.rs", "poll"),
    ("src/net/tls.rs", "certificate files"),
];

#[test]
fn layers() {
    let (mut arrows, mut wrong) = (BTreeSet::new(), Vec::new());
    for file in sources() {
        let (package, name) = in_package(&file);
        if name == "lib.rs" {
            continue;
        }
        let layer = layer_of(name.split('/').next().unwrap().trim_end_matches(".rs"));
        if !package.contains(&layer) {
            wrong.push(format!("{file}: {layer} does not belong to this package"));
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{file}: its layer is not in the table"));
            continue;
        };
        let code = product_code(&read(&file));
        for used in uses(&code) {
            let to = layer_of(&used);
            if to != layer && !allowed.contains(&to) {
                wrong.push(format!("{file}: {layer} may not use {to} (crate::{used})"));
            }
            arrows.insert((layer, to));
        }
        if code.contains("questdb_ingress_encoder::") && !SHARES.contains(&layer) {
            wrong.push(format!("{file}: names the package of the encoder, use crate::"));
        }
        if climbs_out(&code, depth(name)) {
            wrong.push(format!("{file}: reaches the crate's root by super::, write crate::"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // These guard against a reader that sees nothing.
    for arrow in [("config", "base"), ("net", "config"), ("net", "base")] {
        assert!(arrows.contains(&arrow), "{arrow:?} not seen in {arrows:?}");
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
fn the_reader_sees_what_it_must() {
    let code = "use crate::ilp;\nuse crate::{error::Error};\nlet x = crate::sender::f(crate::Text::from(y));";
    assert_eq!(uses(code), ["ilp", "{", "sender", "Text"]);
    assert_eq!(uses("my_crate::a; questdb_ingress::b; use crate::time;"), ["time"]);
    // Neither of the first two names a module, so neither is in a layer.
    assert_eq!([layer_of("{"), layer_of("Text"), layer_of("name")], ["unknown", "unknown", "base"]);
    let commented = "//! [`x`](crate::ffi)\n/// crate::ffi\nuse crate::a; // crate::ffi\n";
    assert_eq!(uses(&without_comments(commented)), ["a"]);
    let tested = "use crate::a;\n#[cfg(test)]\npub use b;\nuse crate::c;\n#[cfg(test)]\nmod tests {\nuse crate::d;";
    assert_eq!(uses(&product_code(tested)), ["a", "c"]);
    assert!(climbs_out("use super::super::ffi;", 2) && climbs_out("super::ffi", 1));
    assert!(!climbs_out("use super::super::a;", 3) && !climbs_out("super::a", 2));
    assert_eq!([depth("text.rs"), depth("ilp/mod.rs"), depth("a/b/c.rs")], [1, 1, 3]);
}

fn layer_of(module: &str) -> &'static str {
    if BASE.contains(&module) {
        return "base";
    }
    MAY_USE.iter().find(|(name, _)| *name == module).map_or("unknown", |(name, _)| name)
}

/// Returns the layers of the package that a file is in, and the file's path within its sources.
fn in_package(file: &str) -> (&'static [&'static str], &str) {
    let packages = PACKAGES.iter();
    let mut found = packages.filter_map(|(folder, layers)| {
        Some((*layers, file.strip_prefix(folder)?.strip_prefix('/')?))
    });
    found.next().unwrap()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// Returns the paths of all source files, with `/`.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = PACKAGES.iter().map(|(folder, _)| folder.into()).collect();
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
    // Tests of several layers, and the simulation, may use any layer.
    let is_test = |f: &str| f.ends_with("tests.rs") || f.contains("/tests/") || f.contains("/sim/");
    found.retain(|f| !is_test(f));
    found
}

fn without_comments(text: &str) -> String {
    text.lines().map(|l| l.split("//").next().unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// Returns the file without its comments and its test module.
fn product_code(text: &str) -> String {
    let text = without_comments(text);
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// Returns what follows each `crate::`. It is a module, or something else, which is the name of no layer.
fn uses(code: &str) -> Vec<String> {
    let starts = code
        .match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    let word = |(at, start): (usize, &str)| {
        let rest = &code[at + start.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end.max(1)].to_owned()
    };
    starts.map(word).collect()
}

/// Returns how many `super::` lead from a file, whose path is within its crate, to the crate's root.
fn depth(file: &str) -> usize {
    1 + file.matches('/').count() - usize::from(file.ends_with("/mod.rs"))
}

fn climbs_out(code: &str, depth: usize) -> bool {
    code.contains(&"super::".repeat(depth))
}
