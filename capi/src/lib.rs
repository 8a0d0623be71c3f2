//! The C interface of questdb-ingress, which sends rows to QuestDB.
//!
//! ERRORS. A function that can fail returns NULL on success, or an error that you own: read it with `questdb_error_*`, then
//! free it with `questdb_error_free`. Failure is reported in no other way. After a failure, buffers, layouts and configurations
//! are as they were before the call, and an out parameter for a handle holds NULL. There are two exceptions. When
//! `questdb_sender_at_*` or `questdb_sender_append_*` fail because of the automatic flush, the rows are in the buffer, and
//! `questdb_error_row_accepted` says so. When `questdb_sender_close` fails, the sender is closed all the same, an open row is
//! dropped, and complete rows may have been sent. `questdb_error_outcome` says what is known about the data of a failed flush.
//!
//! HANDLES. `_new`, `_from_*`, `_with_*` and `_clone` make a handle that you own; only `_free` takes it back. `_free` of
//! NULL does nothing. Any other function that gets NULL for a handle returns INVALID_ARGUMENT, or 0, false or NULL if it
//! cannot fail. A handle inside which a call panicked does the same with HANDLE_POISONED. Handles are independent: freeing
//! one never invalidates another. The only exception is the buffer that `questdb_sender_buffer` lends, which lives as long
//! as its sender. A returned `const char *` or `const uint8_t *` belongs to the handle it came from and lives until that
//! handle is changed or freed.
//!
//! TEXT IN is a pointer and a length in bytes: UTF-8, without a NUL at the end. `QUESTDB_STR("literal")` writes both arguments.
//! The pointer may be NULL if the length is 0. The memory is read during the call only. TEXT OUT ends with a NUL.
//!
//! NUMBERS. Codes, outcomes and protocol versions are passed as integers. Numbers that this header does not name may come from
//! a newer library: treat an unknown code as INTERNAL, and an unknown outcome as QUESTDB_OUTCOME_IN_DOUBT.
//!
//! THREADS. A handle may move between threads and is used by one at a time; the comment of a type says where more is allowed.
//! The library does not change the process: it installs no logger, no signal handler and no panic hook, and it does not change
//! the environment.
//!
//! DEFECTS. A panic inside the library is caught: the call returns INTERNAL, and later calls on that handle return
//! HANDLE_POISONED. Freeing the handle still works, and other handles are not affected. If memory runs out, calls whose memory
//! grows with the data return OUT_OF_MEMORY; where only a few bytes are needed and cannot be allocated, the process ends.
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

// The order of the modules is the order of the header: capi/tests/it/header.rs reads it.
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

mod one_row;

mod layout;

mod sender;

mod transaction;

mod arrow;

mod pool;

mod guard;

mod text;

#[cfg(all(own_unwinder, not(test)))]
mod unwinder;

#[cfg(test)]
mod tests;

// For Rust code that calls the exported functions by their paths: the library of capi/rlib.
pub use {
    array::*, arrow::*, buffer::*, cell::*, column_data::*, config::*, error::*, layout::*,
    name::*, pool::*, row::*, row_values::*, sender::*, transaction::*, version::*,
};
