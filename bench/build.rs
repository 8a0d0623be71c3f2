//! Compiles the C side, so that its calls of the library are real ones.

fn main() {
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rerun-if-changed=../include");
    cc::Build::new()
        .file("c/rows.c")
        .file("c/official.c")
        .file("c/count.c")
        .file("c/sweep.c")
        .include("../include")
        .opt_level(2)
        .warnings(true)
        .compile("bench_rows");
}
