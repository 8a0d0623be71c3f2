//! `questdb_receiver_version`, `questdb_receiver_abi_version`.
#![expect(unsafe_code, reason = "exports functions")]

use std::ffi::{CStr, c_char};

/// The version of the ABI. It grows when the ABI changes incompatibly.
const ABI_VERSION: u32 = 1;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    };

/// Returns the version of the library, such as `0.1.0`.
///
/// Ownership: the text is static.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Returns the version of the ABI. A library whose number differs from `QUESTDB_RECEIVER_ABI_VERSION` of the header must not be
/// used.
///
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn questdb_receiver_abi_version() -> u32 {
    ABI_VERSION
}
