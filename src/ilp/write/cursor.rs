//! Writing where there is room at once and nothing special: no call, no stack frame.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::simd::{Block, Blocks};
use super::store::{Out, SLACK, Store, Tail};
use crate::error::Result;
use crate::name::Wire;

impl Store {
    /// Opens the end for writing as far as there is room at once.
    #[inline(always)]
    pub(in crate::ilp) fn cursor(&mut self) -> Cursor<'_> {
        let start = self.bytes.as_mut_ptr();
        // SAFETY: length and limit are at most the capacity.
        let (at, last) = unsafe { (start.add(self.bytes.len()), start.add(self.limit)) };
        Cursor { at, last, store: self }
    }

    /// A writer for up to `FIXED` bytes and `text`, if there is room at once. What it wrote counts after
    /// [`Open::finish`] only. No closure does the writing: calling one that is not inlined costs as much again.
    #[inline(always)]
    pub(in crate::ilp) fn open<const FIXED: usize>(&mut self, text: &[u8]) -> Option<Open<'_>> {
        const { assert!(FIXED <= SLACK) };
        let Cursor { at, last, store } = self.cursor();
        if !ends_before(at, text.len(), last) {
            return None;
        }
        Some(Open { out: Quick { at, fixed: FIXED, text: text.len() }, store })
    }
}

/// Whether `len` bytes from `at` on end before `last`. Without any room both may be equal, and `last` may be less than `at`.
#[inline(always)]
fn ends_before(at: *mut u8, len: usize, last: *mut u8) -> bool {
    if cfg!(target_pointer_width = "64") {
        // A slice is no longer than half of all addresses, of which programs have the lower half: the sum cannot wrap.
        (at as usize).wrapping_add(len) < last as usize
    } else {
        // There it can. A difference takes two to eight instructions more for each row.
        len < (last as usize).saturating_sub(at as usize)
    }
}

/// A [`Quick`] at the end of a store.
pub(in crate::ilp) struct Open<'a> {
    out: Quick,
    store: &'a mut Store,
}

impl Open<'_> {
    #[inline(always)]
    pub(in crate::ilp) fn out(&mut self) -> &mut Quick {
        &mut self.out
    }

    /// Makes what was written part of the store.
    #[inline(always)]
    pub(in crate::ilp) fn finish(self) {
        let len = self.out.at as usize - self.store.bytes.as_ptr() as usize;
        // SAFETY: everything from the old length to there has been written, within the capacity.
        unsafe { self.store.bytes.set_len(len) };
    }
}

/// A place behind the end of a [`Store`]. Dropped without [`Cursor::finish`], it leaves the store as it was.
pub(in crate::ilp) struct Cursor<'a> {
    // Everything from the store's length to `at` has been written. Where `at` is below `last`, `SLACK` bytes behind `last`
    // may be written too.
    pub(super) at: *mut u8,
    pub(super) last: *mut u8,
    pub(super) store: &'a mut Store,
}

impl Cursor<'_> {
    /// Writes whatever it takes; on failure, nothing was written.
    #[inline(always)]
    pub(in crate::ilp) fn careful(
        &mut self,
        write: impl FnOnce(&mut Tail<'_>) -> Result<()>,
    ) -> Result<()> {
        let position = self.at as usize - self.store.bytes.as_ptr() as usize;
        // SAFETY: everything up to there has been written. Only the store is lent, so that this struct can live in
        // registers.
        let outcome = unsafe { careful_at(self.store, position, write) };
        let position = *outcome.as_ref().unwrap_or(&position);
        // Also after a failure: the store may have moved.
        let start = self.store.bytes.as_mut_ptr();
        // SAFETY: both lie within the allocation of `bytes`, or are its end.
        (self.at, self.last) = unsafe { (start.add(position), start.add(self.store.limit)) };
        outcome.map(|_| ())
    }

    /// Makes what was written part of the store.
    #[inline(always)]
    pub(in crate::ilp) fn finish(self) {
        let len = self.at as usize - self.store.bytes.as_ptr() as usize;
        // SAFETY: everything from the old length to `at` has been written, within the capacity.
        unsafe { self.store.bytes.set_len(len) };
    }
}

/// Writes by a [`Tail`] from `position` on, and says where it ended.
///
/// # Safety
/// Everything up to `position` must have been written, within the capacity.
#[cold]
#[inline(never)]
unsafe fn careful_at(
    store: &mut Store,
    position: usize,
    write: impl FnOnce(&mut Tail<'_>) -> Result<()>,
) -> Result<usize> {
    let mut tail = store.tail();
    // SAFETY: the caller's promise.
    tail.at = unsafe { tail.at.add(position - tail.position()) };
    write(&mut tail)?;
    let position = tail.position();
    if tail.refused != 0 || position > tail.store.max {
        return Err(tail.failure(position));
    }
    Ok(position)
}

/// Writes within bounds that were agreed upon at the start.
pub(in crate::ilp) struct Quick {
    pub(super) at: *mut u8,
    /// How much more may be written besides texts. Only constants are taken from it, so that the compiler knows its value.
    pub(super) fixed: usize,
    /// How much more text may be written.
    pub(super) text: usize,
}

impl Out for Quick {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N], len: usize) {
        if self.fixed >= N {
            self.fixed -= N;
            // SAFETY: N bytes of the room that is there were left, and no more than N are counted.
            unsafe {
                self.at.cast::<[u8; N]>().write_unaligned(bytes);
                self.at = self.at.add(len.min(N));
            }
        }
    }

    #[inline(always)]
    fn words<const N: usize>(&mut self, words: [(u64, usize); N]) {
        for (word, len) in words {
            self.put(word.to_le_bytes(), len);
        }
    }
}

/// Writes the first `len` of `bytes` and returns their end. Most names are short, and what is stored without need costs as
/// much as what is needed.
///
/// # Safety
/// 32 bytes may be written at `at`.
#[inline(always)]
pub(super) unsafe fn put_head(at: *mut u8, bytes: &[u8; Wire::HEAD], len: usize) -> *mut u8 {
    let ([first, second], _) = bytes.as_chunks::<16>() else { return at };
    // SAFETY: the caller's promise.
    unsafe {
        at.cast::<[u8; 16]>().write_unaligned(*first);
        if len > 16 {
            at.add(16).cast::<[u8; 16]>().write_unaligned(*second);
        }
        at.add(len.min(Wire::HEAD))
    }
}

impl Quick {
    /// Appends a short `wire`.
    #[inline(always)]
    pub(in crate::ilp) fn head(&mut self, wire: &Wire) {
        if self.fixed >= Wire::HEAD {
            self.fixed -= Wire::HEAD;
            // SAFETY: that many bytes of the room that is there were left.
            self.at = unsafe { put_head(self.at, wire.head(), wire.short_len()) };
        }
    }

    /// As [`Quick::head`], with the first byte, which is a comma, replaced by `separator`.
    #[inline(always)]
    pub(in crate::ilp) fn separated(&mut self, separator: u8, wire: &Wire) {
        let start = self.at;
        let before = self.fixed;
        self.head(wire);
        if self.fixed < before && separator != b',' {
            // SAFETY: 32 bytes have just been written there.
            unsafe { start.write(separator) };
        }
    }

    /// Appends bytes as they are, out of the text.
    #[inline(always)]
    pub(in crate::ilp) fn slice(&mut self, bytes: &[u8]) {
        if self.text >= bytes.len() {
            self.text -= bytes.len();
            // SAFETY: there is room for the text, of which this is a part.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, bytes.len());
                self.at = self.at.add(bytes.len());
            }
        }
    }

    /// Appends text that has nothing to escape; takes 16 of the fixed bytes. False if there is something, or if it is not
    /// ASCII although it should be.
    #[inline(always)]
    pub(in crate::ilp) fn text<const QUOTED: bool>(
        &mut self,
        text: &[u8],
        ascii_only: bool,
    ) -> bool {
        if self.text < text.len() || self.fixed < 16 {
            return false;
        }
        self.text -= text.len();
        self.fixed -= 16;
        let wrong = |block: Block| {
            if ascii_only { block.not_plain::<QUOTED>() } else { block.suspects::<QUOTED>() }
        };
        if text.len() < 16 {
            let block = Block::partial(text);
            // SAFETY: there is room for the text and 16 bytes more.
            unsafe { block.store(self.at) };
            if wrong(block) & ((1 << text.len()) - 1) != 0 {
                return false;
            }
        } else {
            let (blocks, rest) = text.as_chunks::<16>();
            for (i, chunk) in blocks.iter().enumerate() {
                let block = Block::full(chunk);
                // SAFETY: there is room for the whole text.
                unsafe { block.store(self.at.add(16 * i)) };
                if wrong(block) != 0 {
                    return false;
                }
            }
            if let (false, Some(last)) = (rest.is_empty(), text.last_chunk::<16>()) {
                let block = Block::full(last);
                // SAFETY: there is room for the whole text, of which these are the last 16 bytes.
                unsafe { block.store(self.at.add(text.len() - 16)) };
                if wrong(block) != 0 {
                    return false;
                }
            }
        }
        // SAFETY: all bytes of the text have been written.
        self.at = unsafe { self.at.add(text.len()) };
        true
    }
}
