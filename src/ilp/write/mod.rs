//! The bytes of a buffer and the two ways to append to them. Both write behind the end, and nothing they wrote counts until
//! it is finished. Text is copied, searched for bytes to escape and checked for ASCII in one pass over blocks of 16 bytes.
//!
//! [`Quick`] is for what nearly every call is: there is room, and nothing to escape; it gives up otherwise. For short values it
//! calls no function, so that its user needs no stack frame. [`Tail`] can do everything.
//!
//! Of the encoder only this folder has `unsafe`. What it offers to the rest is safe for any arguments: each write checks that it stays within what was reserved; for [`Quick`] the compiler does the sums, and `rows`
//! does them once for a row.

mod column;
mod cursor;
pub(super) mod escape;
mod rows;
mod simd;
mod store;
#[cfg(test)]
mod tests;
mod utf8;

pub(crate) use column::{Slot, Written};
pub(super) use cursor::{Cursor, Quick};
pub(super) use store::{Out, Store, Tail, double_bytes};
