//! A panic in every function yields an error with the text of the panic and a poisoned receiver that can still be freed, and harms
//! nothing else. The list of cases is compared with `abi/symbols.txt`.
#![expect(unsafe_code, reason = "calls what C calls")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::ptr;

use crate::arrow::ArrowArrayStream;
use crate::error::*;
use crate::guard::Failed;
use crate::receiver::*;
use crate::table::*;
use crate::text::*;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// Panics if this thread has armed it, and disarms it.
pub(crate) fn strike() {
    assert!(!ARMED.replace(false), "struck by a test");
}

const T: *const std::ffi::c_char = c"t".as_ptr();

fn start() -> Box<questdb_receiver> {
    let mut made = ptr::null_mut();
    // SAFETY: the out parameter is a place for a pointer, which came from a box.
    unsafe {
        assert!(questdb_receiver_start(ptr::null(), 0, &raw mut made).is_none());
        Box::from_raw(made)
    }
}

fn told(failed: Failed) -> Option<(u32, String)> {
    let failed = failed?;
    let message = questdb_receiver_error_message(Some(&failed));
    // SAFETY: the text of an error that has not been freed yet.
    let text = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    let code = questdb_receiver_error_get_code(Some(&failed));
    questdb_receiver_error_free(Some(failed));
    Some((code, text))
}

/// Calls on a receiver that fail after a panic. Each makes what it is asked for only if it succeeds.
type Call = fn(Option<&questdb_receiver>) -> Failed;
// SAFETY: for all calls in it: text and out parameters live as long as the call.
const FALLIBLE: &[(&str, Call)] = unsafe {
    &[
        ("questdb_receiver_clear", |r| questdb_receiver_clear(r)),
        ("questdb_receiver_create_table", |r| {
            let column = questdb_receiver_column {
                name: c"x".as_ptr(),
                name_len: 1,
                type_name: c"LONG".as_ptr(),
                type_name_len: 4,
            };
            questdb_receiver_create_table(r, c"new".as_ptr(), 3, &raw const column, 1)
        }),
        ("questdb_receiver_refusals_json", |r| text(|out| questdb_receiver_refusals_json(r, out))),
        ("questdb_receiver_row_count", |r| {
            let mut rows = 0;
            questdb_receiver_row_count(r, T, 1, &raw mut rows)
        }),
        ("questdb_receiver_stop", |r| questdb_receiver_stop(r)),
        ("questdb_receiver_table_arrow", |r| {
            let mut stream = ArrowArrayStream::released();
            let failed = questdb_receiver_table_arrow(r, T, 1, &raw mut stream);
            stream.release_if_made();
            failed
        }),
        ("questdb_receiver_table_json", |r| text(|out| questdb_receiver_table_json(r, T, 1, out))),
        ("questdb_receiver_tables_json", |r| text(|out| questdb_receiver_tables_json(r, out))),
        ("questdb_receiver_wait_for_rows", |r| questdb_receiver_wait_for_rows(r, T, 1, 0, 0)),
    ]
};
/// Returns whether the value is the one for NULL.
type Silent = fn(Option<&questdb_receiver>) -> bool;
/// Calls that return 0 or NULL after a panic.
const SILENT: &[(&str, Silent)] = &[
    ("questdb_receiver_port", |r| questdb_receiver_port(r, Listener::Http as u32) == 0),
    ("questdb_receiver_get_stat", |r| questdb_receiver_get_stat(r, Stat::Rows as u32) == 0),
];
/// Functions that read a field, or that another test here calls.
const OTHERS: &[&str] = &[
    "questdb_receiver_abi_version",
    "questdb_receiver_conf",
    "questdb_receiver_error_code_name",
    "questdb_receiver_error_free",
    "questdb_receiver_error_get_code",
    "questdb_receiver_error_message",
    "questdb_receiver_free",
    "questdb_receiver_start",
    "questdb_receiver_text_data",
    "questdb_receiver_text_free",
    "questdb_receiver_text_len",
    "questdb_receiver_version",
];

/// Makes a text, and frees it.
fn text(call: impl FnOnce(*mut *mut questdb_receiver_text) -> Failed) -> Failed {
    let mut out = ptr::null_mut();
    let failed = call(&raw mut out);
    assert_eq!(out.is_null(), failed.is_some());
    // SAFETY: a text that was just made, or NULL.
    questdb_receiver_text_free((!out.is_null()).then(|| unsafe { Box::from_raw(out) }));
    failed
}

#[test]
fn a_panic_in_any_function_is_an_error_and_poisons_its_handle_alone() {
    let ledger = include_str!("../abi/symbols.txt");
    let exported: BTreeSet<&str> = ledger
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split(' ').next())
        .collect();
    let names = FALLIBLE.iter().map(|c| c.0).chain(SILENT.iter().map(|c| c.0));
    let listed: BTreeSet<&str> = names.chain(OTHERS.iter().copied()).collect();
    assert_eq!(listed, exported, "cases differ from abi/symbols.txt");

    let other = start();
    for (name, call) in FALLIBLE {
        let struck = start();
        assert!(struck.receiver.create_table("t", &[]).is_ok());
        ARMED.set(true);
        let (code, message) = told(call(Some(&struck))).unwrap();
        assert_eq!(code, ErrorCode::Internal as u32, "{name}");
        assert!(message.contains("struck by a test"), "{name}: {message}");
        let (code, _) = told(call(Some(&struck))).unwrap();
        assert_eq!(code, ErrorCode::HandlePoisoned as u32, "{name}");
        let (code, _) = told(call(None)).unwrap();
        assert_eq!(code, ErrorCode::InvalidArgument as u32, "{name}");
        questdb_receiver_free(Some(struck));
        if !["questdb_receiver_create_table", "questdb_receiver_clear"].contains(name) {
            let _ = other.receiver.create_table("t", &[]);
        }
        assert_eq!(told(call(Some(&other))), None, "{name}");
    }
    for (name, call) in SILENT {
        let struck = start();
        ARMED.set(true);
        assert!(call(Some(&struck)) && call(Some(&struck)) && call(None), "{name}");
        assert_eq!(told(questdb_receiver_clear(Some(&struck))).unwrap().0, 10, "{name}");
    }
}

#[test]
fn a_panic_while_starting_makes_nothing() {
    let mut made = ptr::null_mut();
    ARMED.set(true);
    // SAFETY: the out parameter is a place for a pointer.
    let failed = unsafe { questdb_receiver_start(ptr::null(), 0, &raw mut made) };
    assert_eq!(told(failed).unwrap().0, ErrorCode::Internal as u32);
    assert!(made.is_null());
}

#[test]
fn receivers_may_be_used_by_many_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<questdb_receiver>();
    shared::<questdb_receiver_error>();
    shared::<questdb_receiver_text>();
}

#[test]
fn codes_have_names_and_never_move() {
    let ledger = include_str!("../abi/error_codes.txt");
    let codes = ErrorCode::ALL.iter();
    let now: String =
        codes.map(|c| format!("{} = {}\n", c.name().to_str().unwrap(), *c as u32)).collect();
    let listed: String =
        ledger.lines().filter(|l| !l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    assert_eq!(now, listed, "abi/error_codes.txt differs from ErrorCode");
}
