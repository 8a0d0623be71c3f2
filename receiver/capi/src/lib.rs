//! The C interface of questdb-receiver: a small server inside your program that takes rows of the line protocol (ILP) over TCP and
//! HTTP as QuestDB does, and keeps them in memory as tables. For tests.
//!
//! ERRORS. A function that can fail returns NULL on success, or an error that you own: read it with
//! `questdb_receiver_error_*`, then free it with `questdb_receiver_error_free`. After a failure an out parameter holds NULL, or
//! a stream that is released. What clients do wrong is not an error here: they get an answer, and
//! `questdb_receiver_refusals_json` tells of it.
//!
//! HANDLES. `questdb_receiver_start` makes a receiver that you own, functions that return JSON make a text that you own; only
//! `_free` takes them back. `_free` of NULL does nothing. Any other function that gets NULL for a handle returns
//! INVALID_ARGUMENT, or 0 or NULL if it cannot fail. A returned `const char *` belongs to the handle it came from and lives until
//! that handle is freed.
//!
//! TEXT IN is a pointer and a length in bytes: UTF-8, without a NUL at the end. `QUESTDB_STR("literal")` writes both arguments.
//! The pointer may be NULL if the length is 0. The memory is read during the call only. TEXT OUT ends with a NUL.
//!
//! NUMBERS. Codes, listeners and counters are passed as integers. Treat an error code that this header does not name as INTERNAL.
//!
//! THREADS. Any thread may call any function on a receiver at any time, also several at once, except
//! `questdb_receiver_free`, which must be the last call. Other handles are used by one thread at a time. The receiver has threads
//! of its own: one for each port, and one for each connection. Do not fork while one is running. The library does not change the
//! process: it installs no logger, no signal handler and no panic hook, and it reads no environment variable.
//!
//! DEFECTS. A panic inside the library is caught: the call returns INTERNAL, and later calls on that receiver return
//! HANDLE_POISONED. Freeing it still works. If memory runs out, the process ends.
#![allow(non_camel_case_types, reason = "a C type and its Rust handle type have the same name")]
#![allow(
    clippy::missing_safety_doc,
    unsafe_op_in_unsafe_fn,
    reason = "a function that takes a pointer is unsafe as a whole: what its callers must keep to is said once, in the head of \
              the header"
)]
#![allow(unreachable_pub, reason = "exported by symbol, not by path")]

// The order of the modules is the order of the header: tests/it/header.rs reads it.
mod version;

mod error;

mod text;

mod receiver;

mod table;

mod arrow;

mod guard;

#[cfg(test)]
mod tests;
