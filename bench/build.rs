//! Compiles the C side, so that its calls of the library are real ones.

fn main() {
    println!("cargo::rerun-if-changed=c");
    cc::Build::new().file("c/rows.c").opt_level(2).warnings(true).compile("bench_rows");
}
