//! The C ABI: conversions and nothing else. Every decision is a method of the crate's public API.
//!
//! The conventions are in `doc/c-api.md`. In short: a fallible function returns NULL or an error that the caller owns;
//! text goes in as pointer and length and comes out NUL-terminated; any handle but that of `_free` may be NULL and is then
//! INVALID_ARGUMENT; a panic is caught, reported as INTERNAL and poisons its handle alone.
#![allow(non_camel_case_types, reason = "a C type and its Rust handle type have the same name")]
#![allow(
    clippy::missing_safety_doc,
    clippy::not_unsafe_ptr_arg_deref,
    reason = "what C callers must keep to is said once, in doc/c-api.md"
)]
#![allow(unreachable_pub, reason = "exported by symbol, not by path")]

mod array;
mod buffer;
mod config;
mod error;
mod guard;
mod sender;
mod text;
mod version;
