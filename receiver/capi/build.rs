//! Link settings of the shared library and nothing else.
//!
//! Packages export `QUESTDB_RECEIVER_SONAME` (such as `libquestdb_receiver.so.0.1`) because they install a file of that name. Cargo's
//! own output directory has none, so that a program linked straight to it would not start.
#![allow(clippy::disallowed_methods, reason = "a build script is configured by its environment")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=QUESTDB_RECEIVER_SONAME");
    let name = std::env::var("QUESTDB_RECEIVER_SONAME").ok();
    let flags = match (std::env::var("CARGO_CFG_TARGET_OS").as_deref(), name) {
        (Ok("linux"), name) => {
            let hardened = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"].map(String::from);
            hardened.into_iter().chain(name.map(|name| format!("-Wl,-soname,{name}"))).collect()
        }
        (Ok("macos"), Some(name)) => vec![format!("-Wl,-install_name,@rpath/{name}")],
        _ => Vec::new(),
    };
    for flag in flags {
        println!("cargo::rustc-cdylib-link-arg={flag}");
    }
}
