//! Checks that the fuzz targets are complete: every C function is called, and each target has a corpus and a line in the
//! documentation.

use std::fs;

use questdb_ingress_testkit::repository as root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn targets() -> Vec<String> {
    let manifest = read("fuzz/Cargo.toml");
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    paths.map(|path| path.trim_end_matches(".rs\"").to_owned()).collect()
}

#[test]
fn every_c_function_is_called() {
    let calls = ["fuzz/fuzz_targets/ffi_calls.rs", "fuzz/src/handles.rs"].map(read).concat();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let called: Vec<&str> = calls.split(|c| !is_word(c)).collect();
    let symbols = read("capi/abi/symbols.txt");
    let symbols = symbols.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = symbols.filter_map(|line| line.split(' ').next()).collect();
    assert!(names.len() > 100, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !called.contains(name)).collect();
    assert!(missing.is_empty(), "not called by the fuzz target ffi_calls: {missing:?}");
}

#[test]
fn every_target_has_a_small_corpus_and_is_documented() {
    let (targets, script, doc) = (targets(), read("ci/fuzz"), read("doc/fuzzing.md"));
    assert!(targets.len() >= 6, "{targets:?}");
    let mut bytes = 0;
    for target in &targets {
        assert!(script.contains(target.as_str()), "ci/fuzz does not run {target}");
        assert!(doc.contains(&format!("`{target}`")), "doc/fuzzing.md lacks {target}");
        let corpus = fs::read_dir(root().join("fuzz/corpus").join(target)).unwrap();
        let sizes: Vec<u64> = corpus.map(|file| file.unwrap().metadata().unwrap().len()).collect();
        assert!(!sizes.is_empty(), "{target} has no corpus");
        bytes += sizes.iter().sum::<u64>();
    }
    assert!(bytes < 200_000, "the corpora take {bytes} bytes: minimise them by ci/fuzz merge");
}
