//! [`Room`]: a place at which so many bytes may be written. Whatever the encoder writes, it writes here.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::escape::{count_escapes, escape, plain};
use crate::name::Wire;
use crate::text::Text;

/// A text that is shorter finds room in [`COLUMN_ROOM`], be all of it escaped.
pub(super) const SHORT_TEXT: usize = 16;
/// What [`Room::text`] takes besides the text: blocks are stored whole.
pub(in crate::ilp) const TEXT_ROOM: usize = 16;
/// What a short name and a value take at most, besides a payload that is no short text. The longest value is such a text in
/// quotes.
pub(in crate::ilp) const COLUMN_ROOM: usize = Wire::HEAD + 2 + TEXT_ROOM + 2 * SHORT_TEXT;

/// The length of a text or of elements; at most half of all addresses, since these lie in a slice.
#[derive(Debug, Clone, Copy)]
pub(in crate::ilp) struct PayloadLen(usize);

impl PayloadLen {
    pub(in crate::ilp) const NONE: PayloadLen = PayloadLen(0);

    #[inline(always)]
    pub(in crate::ilp) fn of(bytes: &[u8]) -> PayloadLen {
        PayloadLen(bytes.len())
    }

    /// So many bytes, or half of all addresses, for which there is never room.
    #[inline(always)]
    pub(in crate::ilp) fn bytes(len: usize) -> PayloadLen {
        PayloadLen(len.min(isize::MAX.cast_unsigned()))
    }

    #[inline(always)]
    pub(super) fn get(self) -> usize {
        self.0
    }

    /// Whether so many bytes from `at` on end before `last`. Without any room both may be equal, and `last` may be less than
    /// `at`.
    #[inline(always)]
    pub(super) fn ends_before(self, at: *mut u8, last: *mut u8) -> bool {
        if cfg!(target_pointer_width = "64") {
            // It is no longer than half of all addresses, of which programs have the lower half: the sum cannot wrap.
            (at as usize).wrapping_add(self.0) < last as usize
        } else {
            // There it can. A difference takes two to eight instructions more for each row.
            self.0 < (last as usize).saturating_sub(at as usize)
        }
    }
}

/// How text is written, and how many backslashes may be put into it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts {
    /// Only values that need no second look.
    Plain,
    /// Any text, of which most is plain.
    PlainFirst(usize),
    /// Any text, of which most is not.
    Escaped(usize),
}

/// A place, and what may be written there.
///
/// Invariant: from `at` on `fixed` and `payload` bytes and as many backslashes as `texts` says may be written, taken together. Each write takes what it
/// needs out of one of them and writes no more than that; where too little is left it writes nothing, and `short` says so for
/// good. Everything from the first place to `at` has been written.
///
/// From `fixed` only constants are taken, so that the compiler knows its value and asks nothing when the program runs.
pub(in crate::ilp) struct Room {
    at: *mut u8,
    fixed: usize,
    /// How much more text or elements may be written.
    payload: usize,
    texts: Texts,
    short: bool,
}

impl Room {
    /// # Safety
    /// `fixed` and `payload` bytes and the backslashes of `texts` may be written at `at`, taken together, for as long as this
    /// is used.
    #[inline(always)]
    pub(super) unsafe fn new(at: *mut u8, fixed: usize, payload: PayloadLen, texts: Texts) -> Room {
        Room { at, fixed, payload: payload.0, texts, short: false }
    }

    /// The place behind what was written, if there was room for all of it.
    #[inline(always)]
    pub(super) fn end(&self) -> Option<*mut u8> {
        if self.short { None } else { Some(self.at) }
    }

    #[inline(always)]
    fn take(&mut self, len: usize) -> bool {
        let enough = self.fixed >= len;
        debug_assert!(enough, "{len} bytes where {} are left", self.fixed);
        if enough {
            self.fixed -= len;
        }
        self.short |= !enough;
        enough
    }

    #[inline(always)]
    fn take_payload(&mut self, len: usize) -> bool {
        let enough = self.payload >= len;
        debug_assert!(enough, "a payload of {len} bytes where {} are left", self.payload);
        if enough {
            self.payload -= len;
        }
        self.short |= !enough;
        enough
    }

    /// Appends the first `len` of `bytes`.
    #[inline(always)]
    pub(in crate::ilp) fn put<const N: usize>(&mut self, bytes: [u8; N], len: usize) {
        if self.take(N) {
            // SAFETY: N bytes were taken, and no more than N are counted.
            unsafe {
                self.at.cast::<[u8; N]>().write_unaligned(bytes);
                self.at = self.at.add(len.min(N));
            }
        }
    }

    /// Appends the first bytes of each word, in memory order.
    #[inline(always)]
    pub(in crate::ilp) fn words<const N: usize>(&mut self, words: [(u64, usize); N]) {
        for (word, len) in words {
            self.put(word.to_le_bytes(), len);
        }
    }

    #[inline(always)]
    pub(in crate::ilp) fn byte(&mut self, byte: u8) {
        self.put([byte], 1);
    }

    /// Appends the first `len` of `bytes`. Most names are short, and what is stored without need costs as much as what is
    /// needed.
    #[inline(always)]
    pub(super) fn head(&mut self, bytes: &[u8; Wire::HEAD], len: usize) {
        let ([first, second], _) = bytes.as_chunks::<16>() else { return };
        if self.take(Wire::HEAD) {
            // SAFETY: as many bytes as the head has were taken, and no more than these are counted.
            unsafe {
                self.at.cast::<[u8; 16]>().write_unaligned(*first);
                if len > 16 {
                    self.at.add(16).cast::<[u8; 16]>().write_unaligned(*second);
                }
                self.at = self.at.add(len.min(Wire::HEAD));
            }
        }
    }

    /// Appends a short name with its first byte, which is a comma, replaced by `separator`.
    #[inline(always)]
    pub(super) fn name(&mut self, separator: u8, wire: &Wire) {
        let start = self.at;
        self.head(wire.head(), wire.short_len());
        if !self.short && separator != b',' {
            // SAFETY: the head has just been written there.
            unsafe { start.write(separator) };
        }
    }

    /// Appends bytes as they are, out of the payload.
    #[inline(always)]
    pub(in crate::ilp) fn slice(&mut self, bytes: &[u8]) {
        if self.take_payload(bytes.len()) {
            // SAFETY: that many bytes of the payload's were taken, and what is borrowed does not lie there.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, bytes.len());
                self.at = self.at.add(bytes.len());
            }
        }
    }

    /// Whether values that need a second look are written too.
    #[inline(always)]
    pub(in crate::ilp) fn looks_twice(&self) -> bool {
        !matches!(self.texts, Texts::Plain)
    }

    /// Lends itself to a function that is not inlined, without which it could not live in registers.
    #[inline(always)]
    pub(in crate::ilp) fn apart(&mut self, write: impl FnOnce(Room) -> Room) {
        *self = write(Room { ..*self });
    }

    /// Appends text, inside quotes or outside, with a backslash before each byte that needs one; takes [`TEXT_ROOM`]. False
    /// if it is not UTF-8, or holds a NUL outside of quotes; without room for backslashes also if it needs a second look.
    #[inline(always)]
    pub(in crate::ilp) fn text<const QUOTED: bool>(&mut self, text: Text<'_>) -> bool {
        let (bytes, known_utf8) = (text.as_bytes(), text.is_known_utf8());
        if !self.take_payload(bytes.len()) || !self.take(TEXT_ROOM) {
            return false;
        }
        let plain_first = !matches!(self.texts, Texts::Escaped(_));
        // SAFETY: as many bytes were taken as the text has, and 16 more.
        if plain_first && unsafe { plain::<QUOTED>(self.at, bytes, !known_utf8) } {
            // SAFETY: all bytes of the text have been written.
            self.at = unsafe { self.at.add(bytes.len()) };
            return true;
        }
        let (Texts::PlainFirst(escapes) | Texts::Escaped(escapes)) = self.texts else {
            return false;
        };
        if escapes < bytes.len() && count_escapes::<QUOTED>(bytes) > escapes {
            debug_assert!(false, "there is no room for so many backslashes");
            self.short = true;
            return false;
        }
        self.texts = Texts::Escaped(escapes.saturating_sub(bytes.len()));
        // SAFETY: there is room for the text and 16 bytes, and for all its backslashes.
        let Some(end) = (unsafe { escape::<QUOTED>(self.at, bytes, known_utf8) }) else {
            return false;
        };
        self.at = end;
        true
    }
}

/// Doubles as they lie in memory, if that is little-endian.
#[inline(always)]
pub(in crate::ilp) fn double_bytes(values: &[f64]) -> Option<&[u8]> {
    // SAFETY: a double is eight initialised bytes without padding.
    let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
    cfg!(target_endian = "little").then_some(bytes)
}
