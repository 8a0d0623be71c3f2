//! Tests of the C ABI as a whole: the header, the exported functions, the ledgers and the documents about them.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests read files and start compilers, and fail by panicking; clippy.toml exempts only what has #[test]"
)]

mod abi;
mod docs;
mod header;
