//! The C interface of questdb-ingress: rows into QuestDB.
//!
//! ERRORS. A function that can fail returns NULL, or an error that you own: read it with `questdb_error_*`, then free it with
//! `questdb_error_free`. Nothing else reports failure. After a failure buffers, layouts and configurations are as they were
//! before the call, and an out parameter for a handle holds NULL. There are two exceptions. When `questdb_sender_at_*` or
//! `questdb_sender_append_*` fail because of the automatic flush, the rows are in the buffer, and `questdb_error_row_accepted`
//! says so. When `questdb_sender_close` fails, the sender is closed all the same, an open row is dropped, and complete rows may
//! have been sent. `questdb_error_outcome` says what is known about the data of a failed flush.
//!
//! HANDLES. `_new`, `_from_*`, `_with_*` and `_clone` make a handle that is yours; only `_free` takes it back. `_free` of NULL
//! does nothing; NULL for any other handle is INVALID_ARGUMENT, and 0, false or NULL from functions that cannot fail. Handles
//! are independent: freeing one never ends another. The one that is lent, `questdb_sender_buffer`, lives as long as its
//! sender. A returned `const char *` or `const uint8_t *` belongs to the handle it came from and lives until that handle is
//! changed or freed.
//!
//! TEXT IN is a pointer and a length in bytes: UTF-8, without a NUL at the end. `QUESTDB_STR("literal")` writes both. The
//! pointer may be NULL if the length is 0. The memory is read during the call only. TEXT OUT ends with a NUL.
//!
//! NUMBERS. Codes, outcomes and protocol versions are passed as integers. Numbers that this header does not name may come from
//! a newer library: treat an unknown code as INTERNAL, an unknown outcome as QUESTDB_OUTCOME_IN_DOUBT.
//!
//! THREADS. A handle may move between threads and is used by one at a time; types say where more is allowed. The
//! library leaves the process alone: no logger, no signal handler, no panic hook, no change of the environment.
//!
//! DEFECTS. A panic inside the library is caught: the call returns INTERNAL, later calls on that handle HANDLE_POISONED;
//! freeing it still works, and other handles are not affected. Running out of memory is OUT_OF_MEMORY where something grows
//! with the data, and ends the process where a few bytes cannot be had.
#![allow(non_camel_case_types, reason = "a C type and its Rust handle type have the same name")]
#![allow(
    clippy::missing_safety_doc,
    unsafe_op_in_unsafe_fn,
    reason = "a function that takes a pointer is unsafe as a whole: what its callers must keep to is said once, in the head of \
              the header"
)]
#![allow(unreachable_pub, reason = "exported by symbol, not by path")]

/// Makes an error of this library with a formatted message: `err!(InvalidArgument, "scale {n} is too large")`.
macro_rules! err {
    ($code:ident, $($arg:tt)+) => {
        client::internal::error(client::ErrorCode::$code, format_args!($($arg)+))
    };
}

// The order of the header; tests/it/header.rs reads it.
mod version;

mod error;

mod config;

mod name;

mod buffer;

mod array;

mod row;

mod row_values;

mod cell;

mod column_data;

mod layout;

mod sender;

mod transaction;

mod guard;

mod text;

#[cfg(test)]
mod tests;

// For Rust code that calls the exported functions by path: the library of rlib/.
pub use {
    array::*, buffer::*, cell::*, column_data::*, config::*, error::*, layout::*, name::*, row::*,
    row_values::*, sender::*, transaction::*, version::*,
};
