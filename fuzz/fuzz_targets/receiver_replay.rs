//! Takes any bytes as orders for records of the receiver's log, some of them damaged behind their checksum. What was not damaged is
//! read, what was damaged is refused without a panic, and rows are the same whether small records are joined or not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use questdb_receiver::fuzzing::replay;

fuzz_target!(|data: &[u8]| replay(data));
