//! Writes every value with both ways of reserving room, which must agree.
#![expect(
    unsafe_code,
    reason = "the two kinds of block are compared where nothing else calls both"
)]

use super::escape::escape_by;
use super::room::TEXT_ROOM;
use super::simd::{Block, Blocks, portable};
use super::store::SLACK;
use super::*;
use crate::error::{ErrorCode, Result};
use crate::ilp::ProtocolVersion::{self, V3};
use crate::ilp::decimal::DecimalText;
use crate::ilp::value::{DoubleBits, Symbol, WireValue};
use crate::name::{ColumnName, Name as _};
use crate::text::Text;
use proptest::prelude::*;

/// Returns what a value appends, or why it does not.
pub(in crate::ilp) fn appended<V: WireValue>(
    value: V,
    version: ProtocolVersion,
) -> Result<Vec<u8>> {
    let mut store = Store::new(1 << 20);
    append(&mut store, value, version)?;
    let mut quick = Store::new(1 << 20);
    quick.reserve(store.len() + 2 * SLACK)?;
    let mut open = quick.open::<SLACK>(value.payload()).unwrap();
    if open.value(value, version) {
        assert!(open.commit());
        assert_eq!(quick.as_slice(), store.as_slice());
    }
    Ok(store.as_slice().to_vec())
}

fn append<V: WireValue>(store: &mut Store, value: V, version: ProtocolVersion) -> Result<()> {
    let mut draft = store.draft();
    if !draft.value(value, version)? {
        return Err(value.fault_in(version));
    }
    draft.keep();
    Ok(())
}

/// Escapes text byte by byte, as the rules say.
fn escaped(text: &[u8], quoted: bool) -> Vec<u8> {
    let set: &[u8] = if quoted { b"\n\r\"\\" } else { b" ,=\n\r\\" };
    let mut out = Vec::new();
    for byte in text {
        if set.contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

fn quoted_text(text: &[u8]) -> Vec<u8> {
    [b"\"", &escaped(text, true)[..], b"\""].concat()
}

fn check(text: &[u8]) {
    let value = Text::unchecked(text);
    let (valid, nul) = (std::str::from_utf8(text).is_ok(), text.contains(&0));
    match appended(value, V3) {
        Ok(bytes) => assert!(valid && bytes == quoted_text(text), "{text:?}"),
        Err(e) => assert!(!valid && e.code() == ErrorCode::InvalidUtf8, "{text:?} {e}"),
    }
    match appended(Symbol(value), V3) {
        Ok(bytes) => assert!(valid && !nul && bytes == escaped(text, false), "{text:?}"),
        Err(e) if nul => assert_eq!(e.code(), ErrorCode::InvalidArgument),
        Err(e) => assert!(!valid && e.code() == ErrorCode::InvalidUtf8, "{text:?} {e}"),
    }
    assert_eq!(count_escapes::<true>(text), escaped(text, true).len() - text.len());
    assert_eq!(count_escapes::<false>(text), escaped(text, false).len() - text.len());
    check_quick(text, value, quoted_text(text).len() == text.len() + 2 && valid);
    check_quick(text, Symbol(value), escaped(text, false) == text && valid && !nul);
}

/// Where there is room already, plain text is written, and text that needs a backslash is left alone.
fn check_quick<V: WireValue>(text: &[u8], value: V, plain: bool) {
    let mut store = Store::new(1000);
    store.reserve(100 + SLACK).unwrap();
    let mut open = store.open::<SLACK>(value.payload()).unwrap();
    let written = open.value(value, V3) && open.commit();
    assert!(plain || !written, "{text:?}");
    if plain && text.is_ascii() && !text.iter().any(u8::is_ascii_control) {
        assert!(written, "{text:?}");
    }
}

#[test]
fn a_special_byte_is_found_at_every_place_of_every_length() {
    for len in 0..=50 {
        for place in 0..len {
            for byte in 0..=255u8 {
                let mut text = vec![b'x'; len];
                text[place] = byte;
                check(&text);
            }
        }
    }
}

#[test]
fn both_kinds_of_block_agree() {
    fn by<B: Blocks, const QUOTED: bool>(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; 2 * text.len() + TEXT_ROOM];
        let start = out.as_mut_ptr();
        // SAFETY: there is room for twice the text, and 16 bytes more.
        let end = unsafe { escape_by::<B, QUOTED>(start, text, false) }?;
        out.truncate(end as usize - start as usize);
        Some(out)
    }
    let mut seed = fastrand::Rng::with_seed(7);
    let alphabet = b"ab \n\r,=\\\"\x00\x80\xff\x1f!";
    for _ in 0..20_000 {
        let len = seed.usize(0..=40);
        let text: Vec<u8> = (0..len).map(|_| *seed.choice(alphabet).unwrap()).collect();
        check(&text);
        assert_eq!(by::<Block, true>(&text), by::<portable::Block, true>(&text));
        assert_eq!(by::<Block, false>(&text), by::<portable::Block, false>(&text));
    }
}

/// A NUL in a symbol must be found on the quick path, also where there is no SSE2.
#[test]
fn a_nul_is_suspect_outside_of_quotes_for_both_kinds_of_block() {
    fn check<B: Blocks>() {
        for place in 0..16 {
            let mut text = [b'x'; 16];
            text[place] = 0;
            let block = B::full(&text);
            for found in [block.suspects::<false>(), block.not_plain::<false>(), block.nuls()] {
                assert_eq!(found, 1 << place);
            }
            assert_eq!(block.specials::<false>() | block.specials::<true>(), 0);
        }
    }
    check::<Block>();
    check::<portable::Block>();
}

#[test]
fn the_limit_is_exact_whatever_the_padding() {
    let name = ColumnName::new("name").unwrap();
    for max in 0..80 {
        for text in [&b""[..], b"short", b"a,b,c,d", b"twenty bytes of text", b"ab\xc3\xa9"] {
            let mut store = Store::new(max);
            let mut draft = store.draft();
            let outcome = draft
                .named((b' ', name.text()), Symbol(Text::unchecked(text)), V3)
                .map_err(Unwritten::error)
                .and_then(|()| draft.slices([b"\n"]));
            let expected = [b" name=", &escaped(text, false)[..], b"\n"].concat();
            if expected.len() <= max {
                outcome.unwrap();
                draft.keep();
                assert_eq!(store.as_slice(), expected);
            } else {
                assert_eq!(outcome.unwrap_err().code(), ErrorCode::LimitExceeded);
                drop(draft);
                assert_eq!(store.len(), 0);
            }
        }
    }
}

/// Where there is no room for the name either, the caller is told of the value, whatever the name is.
#[test]
fn a_wrong_value_is_told_before_a_full_buffer() {
    for name in ["name", "a b", "a_name_of_more_than_thirty_two_bytes"] {
        let name = ColumnName::new(name).unwrap();
        for max in 0..80 {
            let mut store = Store::new(max);
            let value = DecimalText(Text::from("1e76"));
            let e = store.draft().named((b' ', name.text()), value, V3).unwrap_err();
            assert_eq!(e.error().code(), ErrorCode::InvalidDecimal, "{name:?} {max}");
        }
    }
}

#[test]
fn memory_that_cannot_be_had_is_an_error() {
    let mut store = Store::new(usize::MAX);
    append(&mut store, Text::from("kept"), V3).unwrap();
    let e = store.reserve(isize::MAX as usize).unwrap_err();
    assert_eq!(e.code(), ErrorCode::OutOfMemory);
    let mut small = Store::new(100);
    assert_eq!(small.reserve(101).unwrap_err().code(), ErrorCode::LimitExceeded);
    small.reserve(100).unwrap();
    assert_eq!(store.as_slice(), b"\"kept\"");
}

proptest! {
    #[test]
    fn pieces_arrive_in_order_over_any_growth(
        pieces in prop::collection::vec((any::<bool>(), "\\PC{0,70}|[ ,=\\\\\"x]{0,70}"), 0..40)
    ) {
        let mut store = Store::new(usize::MAX);
        let mut expected = Vec::new();
        for (i, (quoted, piece)) in pieces.iter().enumerate() {
            let mut draft = store.draft();
            draft.slices([piece.as_bytes()]).unwrap();
            prop_assert!(draft.value(DoubleBits(0.5), V3).unwrap());
            let text = Text::from(piece.as_str());
            let written = if *quoted { draft.value(text, V3) } else { draft.value(Symbol(text), V3) };
            prop_assert!(written.unwrap());
            if i % 3 != 2 {
                draft.keep();
                expected.extend_from_slice(piece.as_bytes());
                expected.extend_from_slice(b"=\x10");
                expected.extend_from_slice(&0.5f64.to_le_bytes());
                let text = piece.as_bytes();
                expected.extend(if *quoted { quoted_text(text) } else { escaped(text, false) });
            } else {
                drop(draft);
            }
            prop_assert_eq!(store.as_slice(), &expected[..]);
        }
    }
}

/// A value that writes more than it says.
#[derive(Clone, Copy)]
struct Greedy {
    fixed: bool,
}

impl WireValue for Greedy {
    const ROOM: usize = 4;

    fn write(self, out: &mut Room, _: ProtocolVersion) -> bool {
        if self.fixed {
            out.put(*b"12345678", 8);
        } else {
            out.slice(b"12345678");
        }
        true
    }
}

/// Such a defect of the encoder panics in a test of it; for a user it is an error, and nothing was written.
fn check_greedy(fixed: bool) {
    let mut store = Store::new(1000);
    let e = append(&mut store, Greedy { fixed }, V3).unwrap_err();
    assert_eq!((e.code(), store.len()), (ErrorCode::Internal, 0));
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "8 bytes where 4 are left"))]
fn a_room_that_is_too_small_is_an_error() {
    check_greedy(true);
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "a payload of 8 bytes where 0 are left"))]
fn a_payload_that_is_too_long_is_an_error() {
    check_greedy(false);
}
