//! The bytes of a buffer and the one way to append to them: room is reserved, a value is written within it, and what was
//! written is made part of the buffer. Until then nothing counts. Text is copied, searched for bytes to escape and checked
//! for ASCII in one pass over blocks of 16 bytes, and escaped in place where that finds something.
//!
//! [`Store::open`] is for what nearly every call is: there is room at once. For short values it calls no function, so that
//! its user needs no stack frame; what it cannot do it leaves undone. [`Draft`] makes room, and says why a value cannot be
//! written. Both write by [`Room`], which every value goes through.
//!
//! Of the encoder only this folder has `unsafe`. What it offers to the rest is safe for any arguments: [`Room`] takes each
//! write out of what was reserved, where the compiler does the sums; `rows` does them once for a row.

mod column;
mod escape;
mod room;
mod rows;
mod simd;
mod store;
#[cfg(test)]
pub(in crate::ilp) mod tests;
mod utf8;

pub(super) use column::{Slot, Written};
pub(super) use escape::{bad_string, bad_symbol, count_escapes};
pub(super) use room::{COLUMN_ROOM, PayloadLen, Room, TEXT_ROOM, double_bytes};
pub(super) use store::{Draft, Store};
