//! Checks that include/questdb_receiver.h is what cbindgen makes of the sources, and that it compiles on its own and beside the
//! client's. `QUESTDB_BLESS=1` rewrites it.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::{read, root};

const HEADER: &str = "include/questdb_receiver.h";

/// Returns the `//!` lines at the top of the library.
fn conventions() -> String {
    let text = read("receiver/capi/src/lib.rs");
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

fn head() -> String {
    let mut head = String::from("/*\n");
    for line in conventions().lines() {
        head.push_str(if line.is_empty() { " *" } else { " * " });
        head.push_str(&line.replace('`', ""));
        head.push('\n');
    }
    head.push_str(
        " *\n * Generated from receiver/capi/src by `QUESTDB_BLESS=1 cargo test header`; do not edit.\n",
    );
    head.push_str(" * SPDX-License-Identifier: Apache-2.0\n */");
    head
}

/// Returns the structs of Arrow as the client's header declares them, under Arrow's own guards.
fn arrow() -> String {
    let client = read("include/questdb_ingress.h");
    let start = client.find("#ifndef ARROW_C_DATA_INTERFACE").unwrap();
    let stream = client.find("#ifndef ARROW_C_STREAM_INTERFACE").unwrap();
    let end = stream + client[stream..].find("#endif").unwrap() + "#endif".len();
    client[start..end].to_owned()
}

fn macros() -> String {
    let version = read("receiver/capi/src/version.rs");
    let abi = version
        .lines()
        .find_map(|line| line.strip_prefix("const ABI_VERSION: u32 = ")?.strip_suffix(';'))
        .unwrap();
    format!(
        r#"#define QUESTDB_RECEIVER_VERSION "{}"

/** What questdb_receiver_abi_version() of a library that fits this header returns. */
#define QUESTDB_RECEIVER_ABI_VERSION {abi}

/** Define QUESTDB_RECEIVER_STATIC on Windows to link the static library. */
#if defined(_WIN32) && !defined(QUESTDB_RECEIVER_STATIC)
#define QUESTDB_RECEIVER_API __declspec(dllimport)
#else
#define QUESTDB_RECEIVER_API
#endif

#if defined(__GNUC__) || defined(__clang__)
#define QUESTDB_RECEIVER_MUST_USE __attribute__((warn_unused_result))
#else
#define QUESTDB_RECEIVER_MUST_USE
#endif

/** A string literal as the two arguments that text takes: pointer and length. */
#ifndef QUESTDB_STR
#define QUESTDB_STR(literal) ("" literal), (sizeof(literal) - 1)
#endif

{}"#,
        env!("CARGO_PKG_VERSION"),
        arrow(),
    )
}

#[test]
fn committed_header_is_what_the_sources_say() {
    let folder = root().join("receiver/capi");
    let mut config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    config.header = Some(head());
    config.after_includes = Some(macros());
    let mut builder = cbindgen::Builder::new().with_config(config);
    let list = read("receiver/capi/src/lib.rs");
    let modules = list.lines().filter_map(|l| l.strip_prefix("mod ")?.strip_suffix(';'));
    // The last two export nothing.
    for name in modules.filter(|m| !["arrow", "guard", "tests"].contains(m)) {
        builder = builder.with_src(folder.join("src").join(format!("{name}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let text = String::from_utf8(text).unwrap();
    // cbindgen renames the alias `Failed` to a type that ends in a star, and puts a space after it.
    let text =
        text.replace("questdb_receiver_error * questdb_", "questdb_receiver_error *questdb_");
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    let expected = untagged(&(text.join("\n") + "\n"));
    let file = root().join(HEADER);
    if env::var_os("QUESTDB_BLESS").is_some() {
        fs::write(&file, &expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).position(|(is, should)| is != should);
    assert!(
        found == expected,
        "{HEADER} differs from the sources, first in line {:?}: QUESTDB_BLESS=1 cargo test header rewrites it",
        differs.map(|line| line + 1)
    );
}

/// In C before C23 the name of an enumeration is an integer type of fixed width. The enumeration therefore has no tag there.
fn untagged(header: &str) -> String {
    let condition = "\n#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L\n  ";
    let tags = header.lines().filter_map(|line| line.strip_prefix("enum "));
    tags.fold(header.to_owned(), |text, tag| {
        text.replace(
            &format!("\nenum {tag}{condition}: uint32_t"),
            &format!("\nenum{condition}{tag} : uint32_t"),
        )
    })
}

#[test]
fn header_compiles_alone_twice_and_beside_the_clients() {
    let source = "#include \"questdb_receiver.h\"\n#include \"questdb_ingress.h\"\n#include \"questdb_receiver.h\"\n\
                  int main(void) { return questdb_receiver_abi_version() == QUESTDB_RECEIVER_ABI_VERSION ? 0 : 1; }\n";
    let alone = source.replace("#include \"questdb_ingress.h\"\n", "");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let for_all = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror -fsyntax-only";
    let for_c = "-Wc++-compat -Wstrict-prototypes -Wmissing-prototypes";
    let for_cpp = "-Wold-style-cast -Wzero-as-null-pointer-constant";
    for (compiler, suffix, standards, more) in
        [("cc", "c", &["c99", "c17"], for_c), ("c++", "cpp", &["c++11", "c++17"], for_cpp)]
    {
        for (name, text) in [("alone", alone.as_str()), ("beside", source)] {
            let file = dir.join(format!("receiver_{name}.{suffix}"));
            fs::write(&file, text).unwrap();
            for standard in standards {
                let done = Command::new(compiler)
                    .arg(format!("-std={standard}"))
                    .args(for_all.split(' ').chain(more.split(' ')))
                    .arg("-I")
                    .arg(root().join("include"))
                    .arg(&file)
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&done.stderr);
                assert!(done.status.success(), "{compiler} {standard} {name}: {said}");
            }
        }
    }
}

/// Comments have fixed lines in a fixed order, so that readers find them.
#[test]
fn comments_of_functions_keep_their_order() {
    let order = ["Ownership:", "Errors:", "Threads:", "Since:"];
    let header = read(HEADER);
    let mut checked = 0;
    for comment in header.split("/**").skip(1) {
        let (comment, rest) = comment.split_once("*/").unwrap();
        if !rest.trim_start().starts_with("QUESTDB_RECEIVER_API") {
            continue;
        }
        let lines = comment.lines().map(|line| line.trim_start_matches([' ', '*']));
        let found: Vec<usize> =
            lines.filter_map(|line| order.iter().position(|word| line.starts_with(word))).collect();
        assert!(found.is_sorted() && found.last() == Some(&3), "{comment}{rest:.60}");
        if rest.trim_start().lines().take(2).any(|line| line.contains("MUST_USE")) {
            assert!(found.contains(&1), "no `Errors:` in {comment}");
        }
        checked += 1;
    }
    assert_eq!(checked, crate::abi::declared().len());
}
