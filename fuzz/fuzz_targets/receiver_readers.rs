//! Takes any bytes as lines. Read straight into columns, where they look like those before them, and read by the parser alone they
//! come to the same rows, refusals and places of faults, however they are cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use questdb_receiver::fuzzing::compare_readers;

fuzz_target!(|data: &[u8]| compare_readers(data));
