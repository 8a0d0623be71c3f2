//! Link settings of the shared library and nothing else.
#![allow(clippy::disallowed_methods, reason = "a build script is configured by its environment")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=QUESTDB_SONAME");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        for flag in ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"] {
            println!("cargo:rustc-cdylib-link-arg={flag}");
        }
        // Only the package build sets it: cargo's own output has no file of that name to be found at run time.
        if let Ok(soname) = std::env::var("QUESTDB_SONAME") {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{soname}");
        }
    }
}
