//! Checks `doc/options.md` against the option table from which it is generated.

use std::path::Path;

#[test]
fn document_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("doc/options.md");
    let want = questdb_ingress::internal::options_markdown();
    if std::env::var_os("QUESTDB_BLESS").is_some_and(|v| v == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &want).unwrap();
    }
    let got = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == want, "doc/options.md is stale: run QUESTDB_BLESS=1 cargo test options");
}
