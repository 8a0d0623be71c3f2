//! A panic in every exported function yields an error with the text of the panic and a poisoned handle that can still be freed,
//! and harms nothing else. The list of cases is compared with `abi/symbols.txt`.
#![expect(unsafe_code, reason = "borrows handles as a C caller does")]

mod cases;
mod one_row;
mod world;

use std::collections::BTreeSet;

use crate::error::{
    questdb_error, questdb_error_free, questdb_error_get_code, questdb_error_message,
};
use crate::guard::{Failed, fault};
use client::ErrorCode;
use world::World;

/// What the guard of a function has to do.
enum Kind {
    /// Works on a handle, which a panic poisons.
    Handle(fn(&mut World) -> Failed),
    /// Makes a handle, or reads something that has its own lock: there is nothing to poison.
    Free(fn(&mut World) -> Failed),
    /// Returns a value instead of an error. After a panic that value must be the one for NULL (the closure then returns true),
    /// and the handle is poisoned.
    Silent(fn(&mut World) -> bool),
    /// Takes a handle back and returns nothing.
    Takes(fn(&mut World)),
    /// Has no guard: it reads a field, nothing there can panic, and it calls no code of the library.
    Plain(fn(&mut World)),
}

struct Case(&'static str, Kind);

/// Reads the code and the message of an error through the C functions.
fn told(failed: Failed) -> Option<(u32, String)> {
    let failed = failed?;
    let message = questdb_error_message(Some(&failed));
    // SAFETY: the text of an error that has not been freed yet.
    let text = unsafe { std::ffi::CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    let code = questdb_error_get_code(Some(&failed));
    questdb_error_free(Some(failed));
    Some((code, text))
}

fn assert_struck(name: &str, failed: Failed) {
    let (code, message) = told(failed).unwrap_or_else(|| panic!("{name}: no error"));
    assert_eq!(code, ErrorCode::Internal as u32, "{name}: {message}");
    assert!(message.contains(fault::TEXT), "{name}: {message}");
}

fn assert_poisoned(name: &str, failed: Failed) {
    let (code, message) = told(failed).unwrap_or_else(|| panic!("{name}: no error when poisoned"));
    assert_eq!(code, ErrorCode::HandlePoisoned as u32, "{name}: {message}");
}

/// Makes one call that passes `passes` guards before it panics. Returns false if the call has fewer guards than that.
fn strike(Case(name, kind): &Case, passes: usize) -> bool {
    let mut world = World::new();
    fault::arm(passes);
    match kind {
        Kind::Handle(call) => {
            let failed = call(&mut world);
            if fault::disarm() {
                assert_eq!(told(failed), None, "{name}: the arguments of the case are bad");
                return false;
            }
            assert_struck(name, failed);
            assert_poisoned(name, call(&mut world));
        }
        Kind::Free(call) => {
            let failed = call(&mut world);
            if fault::disarm() {
                assert_eq!(told(failed), None, "{name}: the arguments of the case are bad");
                return false;
            }
            assert_struck(name, failed);
            world.assert_nothing_made(name);
            assert_eq!(told(call(&mut world)), None, "{name}: works again");
        }
        Kind::Silent(call) => {
            let null = call(&mut world);
            if fault::disarm() {
                return false;
            }
            assert!(null, "{name}: a value in spite of the panic");
            assert!(call(&mut world), "{name}: a value of a poisoned handle");
            let pool = name.starts_with("questdb_pool");
            assert_poisoned(name, if pool { world.drain_pool() } else { world.flush_sender() });
        }
        Kind::Takes(call) => {
            call(&mut world);
            if fault::disarm() {
                return false;
            }
        }
        Kind::Plain(call) => {
            call(&mut world);
            assert!(fault::disarm(), "{name} has a guard, its case says that it has none");
            return false;
        }
    }
    world.assert_others_unharmed(name);
    true
}

#[test]
fn a_panic_in_any_function_is_an_error_and_poisons_its_handle_alone() {
    let cases: Vec<&Case> = cases::all().collect();
    let ledger = include_str!("../abi/symbols.txt");
    let symbols: Vec<&str> = ledger.lines().filter(|line| !line.starts_with('#')).collect();
    let exported: BTreeSet<&str> =
        symbols.iter().filter_map(|line| line.split(' ').next()).collect();
    let listed: BTreeSet<&str> = cases.iter().map(|case| case.0).collect();
    assert_eq!(listed, exported, "cases differ from abi/symbols.txt");
    assert_eq!(cases.len(), listed.len(), "a function has two cases");

    let (mut panics, mut plain) = (0, 0);
    for case in &cases {
        let passes = (0..).take_while(|passes| strike(case, *passes)).count();
        let guarded = !matches!(case.1, Kind::Plain(_));
        assert_eq!(passes > 0, guarded, "{}: {passes} panics", case.0);
        panics += passes;
        plain += usize::from(!guarded);
    }
    println!(
        "panics: {panics} injected in {} functions, {plain} functions that only read fields have none",
        cases.len() - plain
    );
}

fn free_error(failed: Failed) {
    let error: Option<Box<questdb_error>> = failed;
    questdb_error_free(error);
}
