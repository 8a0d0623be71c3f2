//! Input for parsers that is nearly valid.

use proptest::prelude::*;

/// Generates bytes that are lines more often than random bytes would be.
pub fn almost_lines() -> impl Strategy<Value = Vec<u8>> {
    let word: &[&[u8]] = &[
        b"t",
        b"T",
        b",",
        b" ",
        b"=",
        b"==",
        b"\n",
        b"\r",
        b"\"",
        b"\\",
        b"/",
        b"\0",
        b"\xff",
        b"i",
        b"n",
        b"d",
        b"x=1i",
        b",s=a",
        b"-",
        b"9",
        b"0x1fi",
        b"1e5",
        b"NaN",
        b"5t\n",
        b" x=",
        b"\x02",
        b"\x03",
        b"\x06\x01",
        b"\x0d\x02",
        b"\x0e\x0a\x01",
        b"\x0e\x0a\x02\0\0\0\0",
        b"\x0f",
        b"\x10",
        b"\x17\x02\x01\x05",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\n t x=1i\n",
        b"timestamp",
    ];
    let piece = prop_oneof![
        9 => proptest::sample::select(word).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}
