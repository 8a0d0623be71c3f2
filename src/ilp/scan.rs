//! The bytes of a buffer and the two ways to append to them. Both write behind the end, and nothing they wrote counts until
//! it is finished. Text is copied, searched for bytes to escape and checked for ASCII in one pass over blocks of 16 bytes.
//!
//! [`Quick`] is for what nearly every call is: there is room, and nothing to escape. It calls no function, so that its user
//! needs no stack frame, and gives up otherwise. [`Tail`] can do everything.
//!
//! This is the only file of the encoder with `unsafe`. Its functions are safe for any arguments: each write checks that it
//! stays within what was reserved; for [`Quick`] the compiler does the sums.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use crate::error::{Error, Result, err};
use crate::names::Wire;

#[cfg(not(target_arch = "x86_64"))]
use portable::Block;
#[cfg(target_arch = "x86_64")]
use sse2::Block;

/// How much the writes of one value may ask for beyond what they keep.
const SLACK: usize = 128;

/// A growing block of bytes with a limit.
pub(super) struct Store {
    bytes: Vec<u8>,
    max: usize,
    /// Up to where may be written without a thought: the lower of the capacity and `max`, never below the length.
    limit: usize,
}

impl Clone for Store {
    fn clone(&self) -> Self {
        let mut copy = Store { bytes: self.bytes.clone(), max: self.max, limit: 0 };
        copy.set_limit();
        copy
    }
}

impl Store {
    pub(super) fn new(max: usize) -> Store {
        Store { bytes: Vec::new(), max, limit: 0 }
    }

    fn set_limit(&mut self) {
        self.limit = self.bytes.capacity().min(self.max);
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    pub(super) fn max(&self) -> usize {
        self.max
    }

    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Makes room for `additional` bytes more.
    pub(super) fn reserve(&mut self, additional: usize) -> Result<()> {
        let len = self.bytes.len();
        if additional > self.max.saturating_sub(len) {
            return Err(over_limit(len, len.saturating_add(additional), self.max));
        }
        let reserved = self.bytes.try_reserve_exact(additional);
        self.set_limit();
        reserved.map_err(|_| no_memory(len, len + additional))
    }

    /// Opens the end for writing as far as there is room at once.
    #[inline(always)]
    pub(super) fn cursor(&mut self) -> Cursor<'_> {
        let start = self.bytes.as_mut_ptr();
        // SAFETY: the limit is at most the capacity, and the length is at most the limit.
        let (at, end) = unsafe { (start.add(self.bytes.len()), start.add(self.limit)) };
        Cursor { at, end, store: self }
    }

    /// Writes up to `FIXED` bytes and `text` by `write`; false, and nothing written, if there is no room at once or `write`
    /// says so.
    #[inline(always)]
    pub(super) fn quick<const FIXED: usize>(
        &mut self,
        text: &[u8],
        write: impl FnOnce(&mut Quick) -> bool,
    ) -> bool {
        let mut cursor = self.cursor();
        let written = cursor.quick::<FIXED>(text, write);
        if written {
            cursor.finish();
        }
        written
    }

    /// Opens the end for writing.
    #[inline]
    pub(super) fn tail(&mut self) -> Tail<'_> {
        let start = self.bytes.as_mut_ptr();
        // SAFETY: length and capacity lie within the allocation, or are its end.
        let (at, end) = unsafe { (start.add(self.bytes.len()), start.add(self.bytes.capacity())) };
        Tail { at, end, store: self, refused: 0 }
    }
}

/// What both writers can do.
pub(super) trait Out {
    /// Appends the first `len` of `bytes`.
    fn put<const N: usize>(&mut self, bytes: [u8; N], len: usize);

    /// Appends the first bytes of each word, in memory order.
    fn words<const N: usize>(&mut self, words: [(u64, usize); N]);

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.put([byte], 1);
    }
}

/// A place behind the end of a [`Store`]. Dropped without [`Cursor::finish`], it leaves the store as it was.
pub(super) struct Cursor<'a> {
    // `at..end` may be written; everything from the store's length to `at` has been.
    at: *mut u8,
    end: *mut u8,
    store: &'a mut Store,
}

impl Cursor<'_> {
    /// As [`Store::quick`], for one of many pieces.
    #[inline(always)]
    pub(super) fn quick<const FIXED: usize>(
        &mut self,
        text: &[u8],
        write: impl FnOnce(&mut Quick) -> bool,
    ) -> bool {
        const { assert!(FIXED < 1 << 16) };
        // A slice is no longer than half of all memory: the sum cannot wrap.
        if self.end as usize - (self.at as usize) < FIXED.wrapping_add(text.len()) {
            return false;
        }
        let mut quick = Quick { at: self.at, fixed: FIXED, text: text.len() };
        let written = write(&mut quick);
        if written {
            self.at = quick.at;
        }
        written
    }

    /// Writes whatever it takes; on failure, nothing was written.
    #[inline(always)]
    pub(super) fn careful(
        &mut self,
        write: impl FnOnce(&mut Tail<'_>) -> Result<()>,
    ) -> Result<()> {
        let position = self.at as usize - self.store.bytes.as_ptr() as usize;
        // SAFETY: everything up to there has been written. Only the store is lent, so that this struct can live in
        // registers.
        let position = unsafe { careful_at(self.store, position, write) }?;
        let start = self.store.bytes.as_mut_ptr();
        // SAFETY: both lie within the allocation of `bytes`, or are its end.
        (self.at, self.end) = unsafe { (start.add(position), start.add(self.store.limit)) };
        Ok(())
    }

    /// Makes what was written part of the store.
    #[inline(always)]
    pub(super) fn finish(self) {
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
pub(super) struct Quick {
    at: *mut u8,
    /// How much more may be written besides texts. Only constants are taken from it, so that the compiler knows its value.
    fixed: usize,
    /// How much more text may be written.
    text: usize,
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

impl Quick {
    /// Appends the head of `wire`, which is all of it unless it is longer.
    #[inline(always)]
    pub(super) fn head(&mut self, wire: &Wire) {
        self.put(*wire.head(), wire.len());
    }

    /// As [`Quick::head`], with the first byte replaced by `separator`.
    #[inline(always)]
    pub(super) fn separated(&mut self, separator: u8, wire: &Wire) {
        let start = self.at;
        let before = self.fixed;
        self.head(wire);
        if self.fixed < before {
            // SAFETY: 32 bytes have just been written there.
            unsafe { start.write(separator) };
        }
    }

    /// Appends bytes as they are, out of the text.
    #[inline(always)]
    pub(super) fn slice(&mut self, bytes: &[u8]) {
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
    pub(super) fn text<const QUOTED: bool>(&mut self, text: &[u8], ascii_only: bool) -> bool {
        if self.text < text.len() || self.fixed < 16 {
            return false;
        }
        self.text -= text.len();
        self.fixed -= 16;
        let wrong =
            |block: Block| block.suspects::<QUOTED>() | if ascii_only { block.high() } else { 0 };
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

/// Writes behind the end of a [`Store`], and makes it grow. Dropped without [`Tail::finish`], it leaves the store as it was.
pub(super) struct Tail<'a> {
    // `at..end` is the unused capacity of `store.bytes`; everything from its length to `at` has been written.
    at: *mut u8,
    end: *mut u8,
    store: &'a mut Store,
    /// The length that could not be reached; 0 as long as all is well.
    refused: usize,
}

impl Out for Tail<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N], len: usize) {
        if self.room(N) {
            // SAFETY: there is room for N bytes, and no more than N of them are counted.
            unsafe {
                self.at.cast::<[u8; N]>().write_unaligned(bytes);
                self.at = self.at.add(len.min(N));
            }
        }
    }

    #[inline]
    fn words<const N: usize>(&mut self, words: [(u64, usize); N]) {
        if self.room(8 * N) {
            for (word, len) in words {
                // SAFETY: there is room for eight bytes per word, and no more than that are counted.
                unsafe {
                    self.at.cast::<[u8; 8]>().write_unaligned(word.to_le_bytes());
                    self.at = self.at.add(len.min(8));
                }
            }
        }
    }
}

impl Tail<'_> {
    /// Makes what was written part of the store.
    #[inline]
    pub(super) fn finish(self) -> Result<()> {
        let len = self.position();
        if self.refused != 0 || len > self.store.max {
            return Err(self.failure(len));
        }
        // SAFETY: everything from the old length to `at` has been written, and `at` is within the capacity.
        unsafe { self.store.bytes.set_len(len) };
        Ok(())
    }

    /// The length that the store would have if the writing ended here.
    #[inline]
    fn position(&self) -> usize {
        self.at as usize - self.store.bytes.as_ptr() as usize
    }

    #[inline]
    fn room(&mut self, need: usize) -> bool {
        self.end as usize - self.at as usize >= need || self.make_room(need)
    }

    #[inline]
    fn make_room(&mut self, need: usize) -> bool {
        let used = self.position();
        // Only the store is lent to a function, so that this struct can live in registers.
        let grown = grow(self.store, used, need);
        if !grown {
            self.refused = used.saturating_add(need);
        }
        // SAFETY: `used` and the capacity lie within the allocation of `bytes`, or are its end.
        unsafe {
            let start = self.store.bytes.as_mut_ptr();
            self.at = start.add(used);
            self.end = start.add(self.store.bytes.capacity());
        }
        grown
    }

    #[cold]
    #[inline(never)]
    fn failure(self, len: usize) -> Error {
        let (had, max) = (self.store.len(), self.store.max);
        let wanted = len.max(self.refused);
        if wanted > max { over_limit(had, wanted, max) } else { no_memory(had, wanted) }
    }

    /// Appends `wire`.
    #[inline]
    pub(super) fn wire(&mut self, wire: &Wire) {
        if wire.len() > Wire::HEAD {
            self.slice(wire.head());
            self.slice(wire.rest());
        } else {
            self.put(*wire.head(), wire.len());
        }
    }

    /// Appends `wire` with its first byte replaced by `separator`.
    #[inline]
    pub(super) fn separated(&mut self, separator: u8, wire: &Wire) {
        let len = wire.len();
        if len > Wire::HEAD {
            return self.long_separated(separator, wire);
        }
        if self.room(Wire::HEAD) {
            // SAFETY: there is room for the whole head, and no more than that is counted.
            unsafe {
                self.at.cast::<[u8; Wire::HEAD]>().write_unaligned(*wire.head());
                self.at.write(separator);
                self.at = self.at.add(len);
            }
        }
    }

    #[inline]
    fn long_separated(&mut self, separator: u8, wire: &Wire) {
        let mut head = *wire.head();
        head[0] = separator;
        self.slice(&head);
        self.slice(wire.rest());
    }

    #[inline]
    pub(super) fn slice(&mut self, bytes: &[u8]) {
        if self.room(bytes.len()) {
            // SAFETY: there is room for all of them, and a borrowed slice is not part of the unused capacity.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.at, bytes.len());
                self.at = self.at.add(bytes.len());
            }
        }
    }

    /// Appends doubles as they lie in little-endian memory.
    #[inline]
    pub(super) fn doubles(&mut self, values: &[f64]) {
        if cfg!(target_endian = "little") {
            // SAFETY: a double is eight initialised bytes without padding.
            self.slice(unsafe {
                std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values))
            });
        } else {
            for value in values {
                self.put(value.to_le_bytes(), 8);
            }
        }
    }

    /// Appends text with a backslash before each byte that needs one, inside quotes or outside. Returns whether any byte
    /// is not ASCII.
    #[inline]
    pub(super) fn text<const QUOTED: bool>(&mut self, text: &[u8]) -> bool {
        self.text_by::<Block, QUOTED>(text)
    }

    #[inline(always)]
    fn text_by<B: Blocks, const QUOTED: bool>(&mut self, text: &[u8]) -> bool {
        if !self.room(text.len().saturating_add(16)) {
            return false;
        }
        let mut high = 0;
        let (blocks, partial) = text.as_chunks::<16>();
        for (i, chunk) in blocks.iter().enumerate() {
            let block = B::full(chunk);
            // SAFETY: there is room for 16 bytes more than the text has.
            unsafe { block.store(self.at.add(16 * i)) };
            high |= block.high();
            if block.suspects::<QUOTED>() != 0 {
                return self.with_escapes::<B, QUOTED>(text, 16 * i) | (high != 0);
            }
        }
        let done = text.len() - partial.len();
        if !partial.is_empty() {
            let block = B::partial(partial);
            // SAFETY: as above.
            unsafe { block.store(self.at.add(done)) };
            high |= block.high();
            if block.suspects::<QUOTED>() & ((1 << partial.len()) - 1) != 0 {
                return self.with_escapes::<B, QUOTED>(text, done) | (high != 0);
            }
        }
        // SAFETY: all bytes of the text have been written.
        self.at = unsafe { self.at.add(text.len()) };
        high != 0
    }

    /// Goes on with the text from `done`, after which there are bytes to escape; what is before it has been written.
    #[inline]
    fn with_escapes<B: Blocks, const QUOTED: bool>(&mut self, text: &[u8], done: usize) -> bool {
        let position = self.position() + done;
        let rest = text.get(done..).unwrap_or(&[]);
        let (position, refused, high) = escape_rest::<B, QUOTED>(self.store, position, rest);
        self.refused = self.refused.max(refused);
        // SAFETY: the position and the capacity lie within the allocation of `bytes`, or are its end.
        unsafe {
            let start = self.store.bytes.as_mut_ptr();
            self.at = start.add(position);
            self.end = start.add(self.store.bytes.capacity());
        }
        high
    }
}

/// Writes `text` with its escapes at `position` behind the end of the store, up to where everything has been written.
/// Returns the position behind it, the length that could not be reached or 0, and whether any byte is not ASCII.
///
/// The caller's [`Tail`] is not lent for this, so that it can live in registers.
#[inline(never)]
fn escape_rest<B: Blocks, const QUOTED: bool>(
    store: &mut Store,
    position: usize,
    text: &[u8],
) -> (usize, usize, bool) {
    let mut out = store.tail();
    // SAFETY: `Tail::with_escapes` has written up to here, within the capacity.
    out.at = unsafe { out.at.add(position - out.position()) };
    let mut high = 0;
    for chunk in text.chunks(16) {
        let block = match chunk.first_chunk::<16>() {
            Some(full) => B::full(full),
            None => B::partial(chunk),
        };
        high |= block.high();
        if !out.room(2 * 16) {
            break;
        }
        let specials = block.specials::<QUOTED>() & ((1u32 << chunk.len()) - 1);
        if specials == 0 {
            // SAFETY: there is room for 32 bytes; those of the chunk are counted.
            unsafe {
                block.store(out.at);
                out.at = out.at.add(chunk.len());
            }
            continue;
        }
        // Without branches on the text: a backslash that is not needed is overwritten.
        for (i, byte) in chunk.iter().enumerate() {
            // SAFETY: there is room for 32 bytes, and each of the at most 16 takes one or two.
            unsafe {
                out.at.write(b'\\');
                out.at = out.at.add(((specials >> i) & 1) as usize);
                out.at.write(*byte);
                out.at = out.at.add(1);
            }
        }
    }
    (out.position(), out.refused, high != 0)
}

/// Gives `store` a capacity of at least `used + need`, keeping its first `used` bytes.
#[cold]
#[inline(never)]
fn grow(store: &mut Store, used: usize, need: usize) -> bool {
    let Some(wanted) = used.checked_add(need) else { return false };
    let ceiling = store.max.saturating_add(SLACK);
    if wanted > ceiling {
        return false;
    }
    let capacity = store.bytes.capacity().saturating_mul(2).clamp(wanted, ceiling);
    let len = store.bytes.len();
    // SAFETY: the first `used` bytes have been written (only `Tail` calls this, with its position). The length is
    // raised so that the new block gets them too, and lowered again.
    unsafe {
        store.bytes.set_len(used);
        let grown = store.bytes.try_reserve_exact(capacity - used).is_ok();
        store.bytes.set_len(len);
        store.set_limit();
        grown
    }
}

#[cold]
#[inline(never)]
fn over_limit(len: usize, wanted: usize, max: usize) -> Error {
    err!(
        LimitExceeded,
        "the buffer has {len} bytes and would grow to {wanted}, max_buf_size is {max}"
    )
}

#[cold]
#[inline(never)]
fn no_memory(len: usize, wanted: usize) -> Error {
    err!(OutOfMemory, "no memory for the buffer to grow from {len} to {wanted} bytes")
}

/// Up to 15 bytes as two words in memory order, zeros behind them.
#[inline]
fn two_words(bytes: &[u8]) -> (u64, u64) {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        // Two shifts, since one by 64 bits is not defined.
        let high = (u64::from_le_bytes(*last) >> 8) >> (8 * (15 - len.min(15)));
        (u64::from_le_bytes(*first), high)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (len - 4));
        (u64::from(u32::from_le_bytes(*first)) | last, 0)
    } else if len > 0 {
        let byte = |i: usize| u64::from(bytes[i]) << (8 * i);
        (byte(0) | byte(len / 2) | byte(len - 1), 0)
    } else {
        (0, 0)
    }
}

/// Sixteen bytes at once. Masks have bit `i` for byte `i`.
trait Blocks: Copy {
    fn full(bytes: &[u8; 16]) -> Self;

    /// Up to 15 bytes; the rest are zeros.
    fn partial(bytes: &[u8]) -> Self;

    /// # Safety
    /// `to` must be good for writing 16 bytes.
    unsafe fn store(self, to: *mut u8);

    /// Bytes that are not ASCII.
    fn high(self) -> u32;

    /// Bytes that may need a backslash: all that do, and some control characters.
    fn suspects<const QUOTED: bool>(self) -> u32;

    /// Bytes that need a backslash.
    fn specials<const QUOTED: bool>(self) -> u32;
}

/// Blocks by SSE2, which every x86-64 processor has.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8, _mm_storeu_si128,
    };

    #[derive(Clone, Copy)]
    pub(super) struct Block(__m128i);

    impl super::Blocks for Block {
        #[inline]
        fn full(bytes: &[u8; 16]) -> Block {
            // SAFETY: 16 bytes are there to be read, at any alignment.
            Block(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
        }

        #[inline]
        fn partial(bytes: &[u8]) -> Block {
            let (low, high) = super::two_words(bytes);
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe { _mm_set_epi64x(high.cast_signed(), low.cast_signed()) })
        }

        #[inline]
        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise; alignment is not needed.
            unsafe { _mm_storeu_si128(to.cast(), self.0) }
        }

        #[inline]
        fn high(self) -> u32 {
            // SAFETY: SSE2 is part of x86-64.
            unsafe { _mm_movemask_epi8(self.0) }.cast_unsigned()
        }

        #[inline]
        fn suspects<const QUOTED: bool>(self) -> u32 {
            if QUOTED {
                self.up_to(0x1F) | self.equal(b'"') | self.equal(b'\\')
            } else {
                self.up_to(0x20) | self.equal(b',') | self.equal(b'=') | self.equal(b'\\')
            }
            .high()
        }

        #[inline]
        fn specials<const QUOTED: bool>(self) -> u32 {
            let lines = self.equal(b'\n') | self.equal(b'\r') | self.equal(b'\\');
            if QUOTED {
                lines | self.equal(b'"')
            } else {
                lines | self.equal(b' ') | self.equal(b',') | self.equal(b'=')
            }
            .high()
        }
    }

    impl Block {
        #[inline]
        fn equal(self, byte: u8) -> Block {
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte.cast_signed())) })
        }

        #[inline]
        fn up_to(self, byte: u8) -> Block {
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe {
                _mm_cmpeq_epi8(_mm_min_epu8(self.0, _mm_set1_epi8(byte.cast_signed())), self.0)
            })
        }
    }

    impl std::ops::BitOr for Block {
        type Output = Block;

        #[inline]
        fn bitor(self, other: Block) -> Block {
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe { _mm_or_si128(self.0, other.0) })
        }
    }
}

/// Blocks by plain arithmetic on two words.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    /// The first byte is the lowest of the first word.
    #[derive(Clone, Copy)]
    pub(super) struct Block(u64, u64);

    impl super::Blocks for Block {
        #[inline]
        fn full(bytes: &[u8; 16]) -> Block {
            let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
            Block(u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(rest))
        }

        #[inline]
        fn partial(bytes: &[u8]) -> Block {
            let (low, high) = super::two_words(bytes);
            Block(low, high)
        }

        #[inline]
        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise; alignment is not needed.
            unsafe {
                to.cast::<[[u8; 8]; 2]>()
                    .write_unaligned([self.0.to_le_bytes(), self.1.to_le_bytes()]);
            }
        }

        #[inline]
        fn high(self) -> u32 {
            gather(self.0 & HIGHS) | (gather(self.1 & HIGHS) << 8)
        }

        #[inline]
        fn suspects<const QUOTED: bool>(self) -> u32 {
            self.specials::<QUOTED>()
        }

        #[inline]
        fn specials<const QUOTED: bool>(self) -> u32 {
            let set: &[u8] = if QUOTED { b"\n\r\\\"" } else { b"\n\r\\ ,=" };
            let flags = |word| set.iter().fold(0, |flags, &byte| flags | equal(word, byte));
            gather(flags(self.0)) | (gather(flags(self.1)) << 8)
        }
    }

    /// The highest bit of each byte that is `byte`, exactly.
    #[inline]
    fn equal(word: u64, byte: u8) -> u64 {
        let zero_where_equal = word ^ (ONES * u64::from(byte));
        let low_bits = (zero_where_equal & !HIGHS) + !HIGHS;
        !(low_bits | zero_where_equal) & HIGHS
    }

    /// The highest bits of the bytes as the low eight bits.
    #[inline]
    fn gather(highs: u64) -> u32 {
        let [.., top] = ((highs >> 7).wrapping_mul(0x0102_0408_1020_4080)).to_le_bytes();
        u32::from(top)
    }
}

#[cfg(test)]
mod tests;
