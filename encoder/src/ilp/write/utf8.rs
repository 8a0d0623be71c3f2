//! Checks whether bytes are UTF-8, 16 at a time and without branches on their values: with text that mixes alphabets a
//! processor would mispredict at every character.
//!
//! The loops over 16 bytes are written so that the compiler turns them into vector instructions.

/// A shorter text is left to the standard library.
const MIN_LEN: usize = 16 + CONTEXT;
/// How many bytes before a byte decide what it may be.
const CONTEXT: usize = 3;

/// Returns whether `bytes` are UTF-8.
pub(in crate::ilp) fn is_valid(bytes: &[u8]) -> bool {
    let Some(start) = bytes.first_chunk::<16>().filter(|_| bytes.len() >= MIN_LEN) else {
        return std::str::from_utf8(bytes).is_ok();
    };
    // Nothing precedes the first byte; zeros require nothing of the bytes after them.
    let mut padded = [0; MIN_LEN];
    padded[CONTEXT..].copy_from_slice(start);
    let mut wrong = block(&padded);
    let mut at = 16 - CONTEXT;
    while let Some(window) = bytes.get(at..).and_then(<[u8]>::first_chunk::<MIN_LEN>) {
        wrong |= block(window);
        at += 16;
    }
    // The last bytes are checked once more as a whole window, and no character may be unfinished.
    let Some(window) = bytes.last_chunk::<MIN_LEN>() else { return false };
    wrong |= block(window);
    let [.., third, second, last] = *window;
    wrong == 0 && last < 0xC0 && second < 0xE0 && third < 0xF0
}

/// Returns a number other than 0 if one of the last 16 bytes is wrong after the bytes before it.
#[inline]
fn block(window: &[u8; MIN_LEN]) -> u8 {
    let mut wrong = [0u8; 16];
    for (i, wrong) in wrong.iter_mut().enumerate() {
        let (third, second, first, byte) =
            (window[i], window[i + 1], window[i + 2], window[i + CONTEXT]);
        let continues = byte & 0xC0 == 0x80;
        let must_continue = (first >= 0xC0) | (second >= 0xE0) | (third >= 0xF0);
        // These bytes begin overlong forms or characters beyond U+10FFFF.
        let never = (byte & 0xFE == 0xC0) | (byte >= 0xF5);
        let pair = ((first == 0xE0) & (byte < 0xA0))
            | ((first == 0xED) & (byte >= 0xA0))
            | ((first == 0xF0) & (byte < 0x90))
            | ((first == 0xF4) & (byte >= 0x90));
        *wrong = u8::from((continues != must_continue) | never | pair);
    }
    wrong.iter().fold(0, |all, one| all | one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) {
        assert_eq!(is_valid(bytes), std::str::from_utf8(bytes).is_ok(), "{bytes:x?}");
    }

    #[test]
    fn every_pair_and_many_triples_at_every_place() {
        for place in 0..=30 {
            let mut bytes = [b'a'; 32];
            for first in 0x70..=255u8 {
                for second in 0x70..=255u8 {
                    bytes[place..place + 2].copy_from_slice(&[first, second]);
                    check(&bytes);
                    check(&bytes[..place + 2]);
                }
            }
        }
        let interesting =
            [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xF0, 0xF4];
        for place in [0, 12, 13, 14, 15, 16, 17, 28] {
            let mut bytes = [b'a'; 32];
            for lead in 0xC0..=255u8 {
                for second in interesting {
                    for third in interesting {
                        for fourth in interesting {
                            bytes[place..place + 4].copy_from_slice(&[lead, second, third, fourth]);
                            check(&bytes);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn mutated_text() {
        let mut random = fastrand::Rng::with_seed(8);
        for _ in 0..100_000 {
            let count = random.usize(0..40);
            let text: String = (0..count)
                .map(|_| match random.u8(0..5) {
                    0 => random.char('a'..='z'),
                    1 => random.char('\u{80}'..='\u{7ff}'),
                    2 => random.char('\u{800}'..='\u{ffff}'),
                    3 => random.char('\u{d000}'..='\u{e100}'),
                    _ => random.char('\u{10000}'..='\u{10ffff}'),
                })
                .collect();
            let mut bytes = text.into_bytes();
            check(&bytes);
            if !bytes.is_empty() {
                let place = random.usize(0..bytes.len());
                if random.bool() {
                    bytes[place] = random.u8(..);
                } else {
                    bytes.truncate(place);
                }
                check(&bytes);
            }
        }
    }
}
