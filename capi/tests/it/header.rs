//! Checks that include/questdb_ingress.h is what cbindgen makes of the sources, and that it compiles on its own.
//! `QUESTDB_BLESS=1` rewrites it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use questdb_ingress_testkit::repository as root;

/// Compares a committed file with what it should be. With `QUESTDB_BLESS=1` writes the file instead.
pub(crate) fn compare(path: &str, expected: &str) {
    let file = root().join(path);
    if std::env::var_os("QUESTDB_BLESS").is_some() {
        // The file is replaced in one step, because other tests may be reading it.
        let new = file.with_extension("new");
        fs::write(&new, expected).unwrap();
        fs::rename(&new, &file).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    if let Some((number, (left, right))) = found
        .lines()
        .chain(["(end)"])
        .zip(expected.lines().chain(["(end)"]))
        .enumerate()
        .find(|(_, (left, right))| left != right)
    {
        panic!(
            "{path} line {}:\n  is        {left}\n  should be {right}\nQUESTDB_BLESS=1 cargo test rewrites it",
            number + 1
        );
    }
    assert_eq!(found, expected, "{path} differs at its end");
}

/// Returns the `//!` lines at the top of a source file.
pub(crate) fn module_docs(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    text.lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

/// Returns the sources in the order of the header, which is the order of the `mod` lines.
fn sources() -> Vec<PathBuf> {
    let list = fs::read_to_string(root().join("capi/src/lib.rs")).unwrap();
    // A module that only some builds contain exports nothing of the header.
    let modules = list.lines().zip(list.lines().skip(1)).filter_map(|(before, line)| {
        let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
        (!before.starts_with("#[cfg")).then_some(name)
    });
    let mut files =
        ["encoder/src/error.rs", "src/sender/statistics.rs", "encoder/src/table/layout.rs"]
            .map(|path| root().join(path))
            .to_vec();
    files.extend(modules.map(|name| root().join("capi/src").join(format!("{name}.rs"))));
    files
}

fn head() -> String {
    let mut head = String::from("/*\n");
    for line in module_docs("capi/src/lib.rs").lines() {
        head.push_str(if line.is_empty() { " *" } else { " * " });
        head.push_str(&line.replace('`', ""));
        head.push('\n');
    }
    head.push_str(
        " *\n * Generated from capi/src by `QUESTDB_BLESS=1 cargo test header`; do not edit.\n",
    );
    head.push_str(" * SPDX-License-Identifier: Apache-2.0\n */");
    head
}

/// The structs of Arrow's C data and C stream interfaces. Whoever declares them does so under these guards, so that the header
/// can stand beside those of any library of Arrow.
const ARROW: &str = r"#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

/** The type of an array, in Arrow's C data interface. */
struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

/** The values of an array, in Arrow's C data interface. */
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

/** A sequence of arrays, in Arrow's C stream interface. */
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif";

fn macros() -> String {
    let version = fs::read_to_string(root().join("capi/src/version.rs")).unwrap();
    let abi = version
        .lines()
        .find_map(|line| line.strip_prefix("const ABI_VERSION: u32 = ")?.strip_suffix(';'))
        .unwrap();
    format!(
        r#"#define QUESTDB_VERSION "{}"
#define QUESTDB_VERSION_MAJOR {}
#define QUESTDB_VERSION_MINOR {}
#define QUESTDB_VERSION_PATCH {}

/** What questdb_abi_version() of a library that fits this header returns. */
#define QUESTDB_ABI_VERSION {abi}

/** Define QUESTDB_STATIC on Windows to link the static library. */
#if defined(_WIN32) && !defined(QUESTDB_STATIC)
#define QUESTDB_API __declspec(dllimport)
#else
#define QUESTDB_API
#endif

#if defined(__GNUC__) || defined(__clang__)
#define QUESTDB_MUST_USE __attribute__((warn_unused_result))
#else
#define QUESTDB_MUST_USE
#endif

/** A string literal as the two arguments that text takes: pointer and length. */
#define QUESTDB_STR(literal) ("" literal), (sizeof(literal) - 1)

{ARROW}"#,
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    )
}

#[test]
fn committed_header_is_what_the_sources_say() {
    let mut config = cbindgen::Config::from_file(root().join("capi/cbindgen.toml")).unwrap();
    config.header = Some(head());
    config.after_includes = Some(macros());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources() {
        builder = builder.with_src(source);
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let text = String::from_utf8(text).unwrap();
    // cbindgen renames the alias `Failed` to a type that ends in a star, and puts a space after it.
    let text = text.replace("questdb_error * questdb_", "questdb_error *questdb_");
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    compare("include/questdb_ingress.h", &untagged(&(text.join("\n") + "\n")));
}

/// In C before C23 the name of an enumeration is an integer type of fixed width. The enumeration therefore has no tag there:
/// the tag would give one name two meanings, which C++ forbids and `-Wc++-compat` reports.
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
fn header_compiles_alone_and_twice_in_c_and_cpp() {
    let source = "#include \"questdb_ingress.h\"\n#include \"questdb_ingress.h\"\n\
                  int main(void) { return questdb_abi_version() == QUESTDB_ABI_VERSION ? 0 : 1; }\n";
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let for_all = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror -fsyntax-only";
    let for_c = "-Wc++-compat -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition";
    let for_cpp = "-Wold-style-cast -Wzero-as-null-pointer-constant";
    for (compiler, suffix, standards, more) in [
        ("cc", "c", ["c99", "c11", "c17"], for_c),
        ("c++", "cpp", ["c++11", "c++17", "c++20"], for_cpp),
    ] {
        let file = dir.join(format!("header_alone.{suffix}"));
        fs::write(&file, source).unwrap();
        for standard in standards {
            let done = Command::new(compiler)
                .args(for_all.split(' ').chain(more.split(' ')))
                .arg(format!("-std={standard}"))
                .arg("-I")
                .arg(root().join("include"))
                .arg(&file)
                .output()
                .unwrap_or_else(|e| panic!("{compiler}: {e}"));
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{compiler} -std={standard}:\n{said}");
        }
    }
}
