//! [`Room`]: a place and how many bytes may be written there. Whatever the encoder writes, it writes here.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::escape::{count_escapes, escape, plain};
use crate::name::ShortBytes;
use crate::text::Text;

/// A shorter text has room in [`COLUMN_ROOM`], even if every byte of it needs a backslash.
pub(super) const SHORT_TEXT: usize = 16;
/// The bytes that [`Room::text`] takes besides the text, because it stores whole blocks.
pub(in crate::ilp) const TEXT_ROOM: usize = 16;
/// The bytes that [`Room::column`] takes.
pub(in crate::ilp) const NAME_ROOM: usize = 1 + ShortBytes::SIZE + 1;
/// The most bytes that a short name and a value take together, not counting a payload other than a short text. The longest
/// value is a short text in quotes.
pub(in crate::ilp) const COLUMN_ROOM: usize = NAME_ROOM + 2 + TEXT_ROOM + 2 * SHORT_TEXT;

/// The length of a text or of elements. It is at most half of all addresses, because a slice cannot be longer.
#[derive(Debug, Clone, Copy)]
pub(in crate::ilp) struct PayloadLen(usize);

impl PayloadLen {
    pub(in crate::ilp) const NONE: PayloadLen = PayloadLen(0);

    #[inline(always)]
    pub(in crate::ilp) fn of(bytes: &[u8]) -> PayloadLen {
        PayloadLen(bytes.len())
    }

    /// Creates a length, cut to half of all addresses, for which there is never room.
    #[inline(always)]
    pub(in crate::ilp) fn bytes(len: usize) -> PayloadLen {
        PayloadLen(len.min(isize::MAX.cast_unsigned()))
    }

    #[inline(always)]
    pub(super) fn get(self) -> usize {
        self.0
    }

    /// Returns whether that many bytes from `at` on end before `last`. If the store has no room at all, both places may be
    /// equal, or `last` may lie before `at`.
    #[inline(always)]
    pub(super) fn ends_before(self, at: *mut u8, last: *mut u8) -> bool {
        if cfg!(target_pointer_width = "64") {
            // The length is at most half of all addresses, and programs have the lower half, so the sum cannot wrap.
            (at as usize).wrapping_add(self.0) < last as usize
        } else {
            // With other pointers the sum can wrap. The difference takes two to eight instructions more for each row.
            self.0 < (last as usize).saturating_sub(at as usize)
        }
    }
}

/// Which texts are written, and how many backslashes may be added.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts {
    /// Only text that needs no backslash and no check for UTF-8. Other values that need a slow check are not written either.
    Plain,
    /// Any text. Most texts are expected to be plain, so writing without backslashes is tried first.
    PlainFirst(usize),
    /// Any text. Most are expected to need backslashes or a check for UTF-8.
    Escaped(usize),
}

/// A place, and what may be written there.
///
/// Invariant: the bytes that may be written from `at` on are `fixed`, `payload` and the number of backslashes that `texts`
/// gives, taken together. Each write takes what it needs from one of these and writes no more than that. If too little is
/// left it writes nothing, and `short` stays set. Everything from the first place to `at` has been written.
///
/// Only constants are taken from `fixed`, so that the compiler knows its value and the comparisons vanish from the machine
/// code.
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
    /// `fixed` and `payload` bytes and the backslashes of `texts`, taken together, may be written at `at` as long as the
    /// room is used.
    #[inline(always)]
    pub(super) unsafe fn new(at: *mut u8, fixed: usize, payload: PayloadLen, texts: Texts) -> Room {
        Room { at, fixed, payload: payload.0, texts, short: false }
    }

    /// Returns the place after what was written, if there was room for all of it.
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
            // SAFETY: N bytes were taken from the room, and `at` advances by no more than N.
            unsafe {
                self.at.cast::<[u8; N]>().write_unaligned(bytes);
                self.at = self.at.add(len.min(N));
            }
        }
    }

    /// Appends the first `len` bytes of a word, in memory order.
    #[inline(always)]
    pub(in crate::ilp) fn word(&mut self, (word, len): (u64, usize)) {
        self.put(word.to_le_bytes(), len);
    }

    #[inline(always)]
    pub(in crate::ilp) fn byte(&mut self, byte: u8) {
        self.put([byte], 1);
    }

    #[inline(always)]
    pub(super) fn short(&mut self, bytes: &ShortBytes) {
        if self.take(ShortBytes::SIZE) {
            // SAFETY: as many bytes were taken from the room, and the length is less.
            unsafe {
                store_short(self.at, bytes);
                self.at = self.at.add(short_len(bytes));
            }
        }
    }

    /// Appends what comes before the value of a column.
    #[inline(always)]
    pub(super) fn column(&mut self, separator: u8, name: &ShortBytes) {
        if self.take(NAME_ROOM) {
            let len = short_len(name);
            // SAFETY: the separator, the name and the byte after it were taken from the room. These are not three calls of
            // other functions, because that took two instructions more for each value.
            unsafe {
                self.at.write(separator);
                store_short(self.at.add(1), name);
                self.at.add(1 + len).write(b'=');
                self.at = self.at.add(len + 2);
            }
        }
    }

    /// Appends bytes unchanged, counted in the payload.
    #[inline(always)]
    pub(in crate::ilp) fn slice(&mut self, bytes: &[u8]) {
        if self.take_payload(bytes.len()) {
            // SAFETY: that many bytes were taken from the payload. The borrowed bytes cannot overlap, because the room is
            // exclusive.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, bytes.len());
                self.at = self.at.add(bytes.len());
            }
        }
    }

    /// Returns whether values that need a slow check are written too: text with backslashes or beyond ASCII, and decimals
    /// that may have more digits than are allowed.
    #[inline(always)]
    pub(in crate::ilp) fn allows_slow_checks(&self) -> bool {
        !matches!(self.texts, Texts::Plain)
    }

    /// Passes the room by value to a function that is not inlined. If the function borrowed it, it could not live in
    /// registers.
    #[inline(always)]
    pub(in crate::ilp) fn by_value(&mut self, write: impl FnOnce(Room) -> Room) {
        *self = write(Room { ..*self });
    }

    /// Appends text, inside quotes or outside, with a backslash before each byte that needs one; it takes [`TEXT_ROOM`].
    /// Returns false if the text is not UTF-8, or holds a NUL outside of quotes; in a room of [`Texts::Plain`] also if the
    /// text needs backslashes or a check for UTF-8.
    #[inline(always)]
    pub(in crate::ilp) fn text<const QUOTED: bool>(&mut self, text: Text<'_>) -> bool {
        let (bytes, known_utf8) = (text.as_bytes(), text.is_known_utf8());
        if !self.take_payload(bytes.len()) || !self.take(TEXT_ROOM) {
            return false;
        }
        let plain_first = !matches!(self.texts, Texts::Escaped(_));
        // SAFETY: the bytes of the text and 16 more were taken from the room.
        if plain_first && unsafe { plain::<QUOTED>(self.at, bytes, !known_utf8) } {
            // SAFETY: `plain` has written all bytes of the text, so this is within the room.
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
        // SAFETY: the room has the bytes of the text, 16 more, and all backslashes that the text needs.
        let Some(end) = (unsafe { escape::<QUOTED>(self.at, bytes, known_utf8) }) else {
            return false;
        };
        self.at = end;
        true
    }
}

/// Stores short bytes. The second half is stored only if it is needed: most names are
/// short, and needless stores cost as much as others.
///
/// # Safety
/// [`ShortBytes::SIZE`] bytes may be written at `at`.
#[inline(always)]
unsafe fn store_short(at: *mut u8, bytes: &ShortBytes) {
    let ([first, second], _) = bytes.padded().as_chunks::<16>() else { return };
    // SAFETY: both halves lie within the bytes that the caller promises.
    unsafe {
        at.cast::<[u8; 16]>().write_unaligned(*first);
        if short_len(bytes) > 16 {
            at.add(16).cast::<[u8; 16]>().write_unaligned(*second);
        }
    }
}

/// Returns the number of short bytes. The remainder changes nothing for bytes that are there, but tells the compiler that
/// they are fewer than 32.
#[inline(always)]
fn short_len(bytes: &ShortBytes) -> usize {
    bytes.len() % ShortBytes::SIZE
}

/// Returns doubles as bytes in memory order, if that is little-endian.
#[inline(always)]
pub(in crate::ilp) fn double_bytes(values: &[f64]) -> Option<&[u8]> {
    // SAFETY: a double is eight initialised bytes without padding.
    let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
    cfg!(target_endian = "little").then_some(bytes)
}
