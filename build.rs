//! Link settings of the shared library, on request, and nothing else.
//!
//! Packages export `QUESTDB_SONAME` (such as `libquestdb_ingress.so.0.1`) because they install a file or link of that name.
//! Cargo's own output directory has none, so that a program linked straight to it would not start.
#![expect(clippy::disallowed_methods, reason = "the one reader of the build's environment")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=QUESTDB_SONAME");
    let Ok(name) = std::env::var("QUESTDB_SONAME") else { return };
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos" | "ios") => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/{name}")
        }
        Ok("windows") => {}
        _ => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{name}"),
    }
}
