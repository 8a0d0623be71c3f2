use super::simd::{Block, Blocks, portable};
use super::store::{SLACK, Seen};
use super::*;
use crate::error::{ErrorCode, Result, err};
use crate::name::Wire;
use proptest::prelude::*;

/// What the escaping rules say, byte by byte.
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

fn appended(store: &mut Store, text: &[u8], quoted: bool) -> Result<Seen> {
    let mut tail = store.tail();
    let seen = if quoted { tail.text::<true>(text) } else { tail.text::<false>(text) };
    tail.finish()?;
    Ok(seen)
}

#[test]
fn a_special_byte_is_found_at_every_place_of_every_length() {
    for len in 0..=50 {
        for place in 0..len {
            for byte in 0..=255u8 {
                let mut text = vec![b'x'; len];
                text[place] = byte;
                for quoted in [false, true] {
                    let mut store = Store::new(usize::MAX);
                    let seen = appended(&mut store, &text, quoted).unwrap();
                    assert_eq!(store.as_slice(), escaped(&text, quoted), "{text:?}");
                    assert_eq!(seen, Seen { high: byte >= 0x80, nul: byte == 0 && !quoted });
                    check_quick(&text, quoted);
                }
            }
        }
    }
}

/// The quick way writes the same, and gives up only where it should.
fn check_quick(text: &[u8], quoted: bool) {
    let mut store = Store::new(1000);
    store.reserve(100 + SLACK).unwrap();
    for ascii_only in [false, true] {
        let before = store.len();
        let mut open = store.open::<16>(text).unwrap();
        let written = match quoted {
            true => open.out().text::<true>(text, ascii_only),
            false => open.out().text::<false>(text, ascii_only),
        };
        if written {
            open.finish();
        }
        let plain = escaped(text, quoted) == text && !text.iter().any(u8::is_ascii_control);
        if plain && (text.is_ascii() || !ascii_only) {
            assert!(written, "{text:?}");
        }
        if written {
            assert!(escaped(text, quoted) == text && (text.is_ascii() || !ascii_only));
            assert!(quoted || !text.contains(&0), "{text:?}");
            assert_eq!(&store.as_slice()[before..], text);
            store.truncate(before);
        } else {
            assert_eq!(store.len(), before);
        }
    }
}

#[test]
fn both_kinds_of_block_agree() {
    let mut seed = fastrand::Rng::with_seed(7);
    let alphabet = b"ab \n\r,=\\\"\x00\x80\xff\x1f!";
    for _ in 0..20_000 {
        let len = seed.usize(0..=40);
        let text: Vec<u8> = (0..len).map(|_| *seed.choice(alphabet).unwrap()).collect();
        let (mut fast, mut plain) = (Store::new(1000), Store::new(1000));
        for quoted in [false, true] {
            let (mut a, mut b) = (fast.tail(), plain.tail());
            let seen = if quoted {
                (a.text_by::<Block, true>(&text), b.text_by::<portable::Block, true>(&text))
            } else {
                (a.text_by::<Block, false>(&text), b.text_by::<portable::Block, false>(&text))
            };
            assert_eq!(seen.0, seen.1);
            assert_eq!(seen.0.nul, !quoted && text.contains(&0));
            a.finish().unwrap();
            b.finish().unwrap();
            assert_eq!(fast.as_slice(), plain.as_slice());
        }
    }
}

/// Also where there is no SSE2 a NUL in a symbol sends it the careful way.
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
    let wire = Wire::new(b",name=").unwrap();
    for max in 0..80 {
        for text in [&b""[..], b"short", b"a,b,c,d", b"twenty bytes of text", b"ab\xc3\xa9"] {
            let mut store = Store::new(max);
            let mut tail = store.tail();
            tail.separated(b' ', &wire);
            tail.text::<false>(text);
            tail.byte(b'\n');
            let outcome = tail.finish();
            let expected = [b" name=", &escaped(text, false)[..], b"\n"].concat();
            if expected.len() <= max {
                outcome.unwrap();
                assert_eq!(store.as_slice(), expected);
            } else {
                assert_eq!(outcome.unwrap_err().code(), ErrorCode::LimitExceeded);
                assert_eq!(store.len(), 0);
            }
        }
    }
}

#[test]
fn memory_that_cannot_be_had_is_an_error() {
    let mut store = Store::new(usize::MAX);
    appended(&mut store, b"kept", true).unwrap();
    let e = store.reserve(isize::MAX as usize).unwrap_err();
    assert_eq!(e.code(), ErrorCode::OutOfMemory);
    let mut small = Store::new(100);
    assert_eq!(small.reserve(101).unwrap_err().code(), ErrorCode::LimitExceeded);
    small.reserve(100).unwrap();
    assert_eq!(store.as_slice(), b"kept");
}

proptest! {
    #[test]
    fn pieces_arrive_in_order_over_any_growth(
        pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..70)), 0..40)
    ) {
        let mut store = Store::new(usize::MAX);
        let mut expected = Vec::new();
        for (i, (quoted, piece)) in pieces.iter().enumerate() {
            let mut tail = store.tail();
            tail.slice(piece);
            tail.put(*b"0123456789abcdef", i % 17);
            let seen = if *quoted { tail.text::<true>(piece) } else { tail.text::<false>(piece) };
            let nul = !quoted && piece.contains(&0);
            prop_assert_eq!(seen, Seen { high: !piece.is_ascii(), nul });
            tail.doubles(&[0.5, -1.0]);
            if i % 3 != 2 {
                tail.finish().unwrap();
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&b"0123456789abcdef"[..i % 17]);
                expected.extend_from_slice(&escaped(piece, *quoted));
                expected.extend_from_slice(&0.5f64.to_le_bytes());
                expected.extend_from_slice(&(-1.0f64).to_le_bytes());
            }
            prop_assert_eq!(store.as_slice(), &expected[..]);
        }
    }
}

#[test]
fn a_cursor_goes_on_after_a_piece_that_failed() {
    let mut store = Store::new(400);
    store.reserve(20 + SLACK).unwrap();
    let mut open = store.open::<16>(b"").unwrap();
    open.out().put(*b"0123456789abcdef", 10);
    open.finish();
    assert!(store.open::<64>(b"0123456789").is_none(), "no room at once");
    store.open::<8>(b"text").unwrap().out().byte(b'?');
    let mut cursor = store.cursor();
    let failed = cursor.careful(|out| {
        // Moves the bytes, then fails.
        out.slice(&[b'x'; 200]);
        Err(err!(InvalidDecimal, "no"))
    });
    assert_eq!(failed.unwrap_err().code(), ErrorCode::InvalidDecimal);
    let too_much = cursor.careful(|out| {
        out.slice(&[b'x'; 500]);
        Ok(())
    });
    assert_eq!(too_much.unwrap_err().code(), ErrorCode::LimitExceeded);
    cursor
        .careful(|out| {
            out.slice(b"kept");
            Ok(())
        })
        .unwrap();
    cursor.finish();
    assert_eq!(store.as_slice(), b"0123456789kept");
}
