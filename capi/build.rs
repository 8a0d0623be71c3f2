//! Link settings of the shared library and nothing else.
//!
//! Packages export `QUESTDB_SONAME` (such as `libquestdb_ingress.so.0.1`) because they install a file of that name. Cargo's
//! own output directory has none, so that a program linked straight to it would not start.
#![allow(clippy::disallowed_methods, reason = "a build script is configured by its environment")]

use std::env::var;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=QUESTDB_SONAME");
    let name = var("QUESTDB_SONAME").ok();
    let flags = match (var("CARGO_CFG_TARGET_OS").as_deref(), name) {
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
    if let Some(unwinder) = unwinder() {
        println!("cargo::rustc-cfg=own_unwinder");
        println!("cargo::rustc-link-search=native={}", unwinder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
        // src/unwinder.rs replaces one function of those in this library.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,muldefs");
    }
}

/// Returns the folder of the static library that unwinds the stack, if the library is to contain it: loading libgcc_s takes
/// longer than loading the whole rest.
fn unwinder() -> Option<PathBuf> {
    let is = |key: &str, value: &str| var(key).is_ok_and(|found| found == value);
    // Of another system, the compiler may not know its folders without further flags.
    let wanted = is("PROFILE", "release")
        && var("HOST").is_ok_and(|host| is("TARGET", &host))
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64");
    if !wanted {
        return None;
    }
    let compiler = var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    let said = Command::new(compiler).arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let file = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim_end());
    // A compiler that does not have the file answers with its bare name.
    file.is_absolute().then(|| file.parent().map(Into::into))?
}
