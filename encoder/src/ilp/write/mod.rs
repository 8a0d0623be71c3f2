//! The bytes of a buffer, and the one way to append to them: room is reserved, a value is written within it, and what was
//! written is made part of the buffer. Until then it does not count. Text is copied, searched for bytes to escape and
//! checked for ASCII in one pass over blocks of 16 bytes. If that finds something, the text is written again with
//! backslashes.
//!
//! [`Store::open`] serves nearly every call, because there usually is room already. For short values it calls no function,
//! so that its user needs no stack frame; if there is no room it changes nothing. [`Draft`] makes room, and returns why a
//! value cannot be written. Both write through [`Room`], as every value does.
//!
//! This is the only folder of the encoder with `unsafe`. What it offers to the rest is safe for any arguments: [`Room`]
//! counts each write against what was reserved, and the compiler does most of that arithmetic; `rows` reserves room once for
//! a whole row.

mod column;
mod digits;
mod escape;
#[cfg(all(target_os = "linux", not(miri)))]
mod large_pages;
mod room;
mod rows;
mod simd;
mod store;
#[cfg(test)]
pub(in crate::ilp) mod tests;
mod utf8;

pub(super) use column::{Slot, Written};
pub(super) use digits::{eight, sixteen};
pub(super) use escape::{bad_string, bad_symbol, count_escapes};
pub(super) use room::{COLUMN_ROOM, NAME_ROOM, PayloadLen, Room, TEXT_ROOM, double_bytes};
pub(super) use store::{Draft, Store, Unwritten};
pub(super) use utf8::is_valid as is_utf8;
