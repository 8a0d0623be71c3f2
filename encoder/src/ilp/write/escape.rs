//! Copies text that needs backslashes, and finds what is wrong with text that cannot be sent.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::simd::{Block, Blocks};
use super::utf8;
use crate::error::{Error, err};
use crate::quoted::shown_bytes;
use crate::text::Text;

/// Writes text with a backslash before each byte that needs one, and returns the place after it. `None` if the text is not
/// UTF-8, or holds a NUL outside of quotes.
///
/// # Safety
/// As many bytes as the text has may be written at `at`, one more for each that gets a backslash, and 16 more.
#[inline(never)]
pub(super) unsafe fn escape<const QUOTED: bool>(
    at: *mut u8,
    text: &[u8],
    known_utf8: bool,
) -> Option<*mut u8> {
    // Long text beyond ASCII mostly has nothing to escape; for short text this look costs more than it saves.
    // SAFETY: the caller promises room for the text and 16 bytes more.
    if text.len() >= 64 && unsafe { plain::<QUOTED>(at, text, false) } {
        // SAFETY: `plain` has written all bytes of the text, so this is within the room.
        let end = unsafe { at.add(text.len()) };
        return (known_utf8 || utf8::is_valid(text)).then_some(end);
    }
    // SAFETY: the caller promises the room that `escape_by` requires, which is the same.
    unsafe { escape_by::<Block, QUOTED>(at, text, known_utf8) }
}

/// # Safety
/// As for [`escape`].
#[inline(always)]
pub(super) unsafe fn escape_by<B: Blocks, const QUOTED: bool>(
    mut at: *mut u8,
    text: &[u8],
    known_utf8: bool,
) -> Option<*mut u8> {
    let (mut high, mut nul) = (0, 0);
    for chunk in text.chunks(16) {
        let block = block_of::<B>(chunk);
        let valid = (1u32 << chunk.len()) - 1;
        high |= block.high();
        if !QUOTED {
            nul |= block.nuls() & valid;
        }
        let specials = block.specials::<QUOTED>() & valid;
        if specials == 0 {
            // SAFETY: the room left is that of the remaining text and 16 bytes. A block of 16 bytes is written, of which the
            // bytes of the chunk count.
            unsafe {
                block.store(at);
                at = at.add(chunk.len());
            }
            continue;
        }
        // This loop has no branch on the text: a backslash that is not needed is overwritten.
        for (i, byte) in chunk.iter().enumerate() {
            // SAFETY: the room left is that of the remaining text, its backslashes and 16 bytes. Each byte of the text
            // counts for itself and its backslash, and one byte more may be written.
            unsafe {
                at.write(b'\\');
                at = at.add(((specials >> i) & 1) as usize);
                at.write(*byte);
                at = at.add(1);
            }
        }
    }
    (nul == 0 && (high == 0 || known_utf8 || utf8::is_valid(text))).then_some(at)
}

/// Writes text that needs no backslash. Returns false if a byte may need one or be refused, or if the text is not ASCII and
/// `ascii_only` is set.
///
/// # Safety
/// As many bytes as the text has may be written at `at`, and 16 more.
#[inline(always)]
pub(super) unsafe fn plain<const QUOTED: bool>(at: *mut u8, text: &[u8], ascii_only: bool) -> bool {
    let wrong = |block: Block| {
        if ascii_only { block.not_plain::<QUOTED>() } else { block.suspects::<QUOTED>() }
    };
    if text.len() < 16 {
        let block = Block::partial(text);
        // SAFETY: the caller promises room for the text and 16 bytes more.
        unsafe { block.store(at) };
        return wrong(block) & ((1 << text.len()) - 1) == 0;
    }
    let (blocks, rest) = text.as_chunks::<16>();
    for (i, chunk) in blocks.iter().enumerate() {
        let block = Block::full(chunk);
        // SAFETY: the block lies within the text, for which the caller promises room.
        unsafe { block.store(at.add(16 * i)) };
        if wrong(block) != 0 {
            return false;
        }
    }
    if let (false, Some(last)) = (rest.is_empty(), text.last_chunk::<16>()) {
        let block = Block::full(last);
        // SAFETY: these are the last 16 bytes of the text, for which the caller promises room.
        unsafe { block.store(at.add(text.len() - 16)) };
        return wrong(block) == 0;
    }
    true
}

/// Returns how many bytes of a text need a backslash.
#[inline(never)]
pub(in crate::ilp) fn count_escapes<const QUOTED: bool>(text: &[u8]) -> usize {
    let count = |chunk: &[u8]| {
        let specials = block_of::<Block>(chunk).specials::<QUOTED>();
        (specials & ((1u32 << chunk.len()) - 1)).count_ones() as usize
    };
    text.chunks(16).map(count).sum()
}

/// Loads up to 16 bytes.
#[inline(always)]
fn block_of<B: Blocks>(chunk: &[u8]) -> B {
    chunk.first_chunk::<16>().map_or_else(|| B::partial(chunk), B::full)
}

/// Returns what is wrong with a symbol. The server refuses the whole request for a NUL in a symbol, but not in a string.
#[cold]
pub(in crate::ilp) fn bad_symbol(text: Text<'_>) -> Option<Error> {
    let bytes = text.as_bytes();
    let Some(at) = bytes.iter().position(|byte| *byte == 0) else { return bad_string(text) };
    let shown = shown_bytes(bytes);
    Some(err!(InvalidArgument, "{shown} holds a NUL at byte {at}, which symbols may not"))
}

/// Returns what is wrong with a string.
#[cold]
pub(in crate::ilp) fn bad_string(text: Text<'_>) -> Option<Error> {
    let at = std::str::from_utf8(text.as_bytes()).err()?.valid_up_to();
    let shown = shown_bytes(text.as_bytes());
    Some(err!(InvalidUtf8, "{shown} is not valid UTF-8 at byte {at}"))
}
