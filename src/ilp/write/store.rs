//! The bytes of a buffer, and [`Tail`], which makes them grow.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::simd::{Block, Blocks};
use crate::error::{Error, Result, err};
use crate::name::Wire;

/// How much the writes of one value may ask for beyond what they keep.
pub(super) const SLACK: usize = 128;

/// A growing block of bytes with a limit.
pub(in crate::ilp) struct Store {
    pub(super) bytes: Vec<u8>,
    pub(super) max: usize,
    /// A quick write that begins up to here has [`SLACK`] bytes: the lower of the capacity and `max`, less that.
    pub(super) limit: usize,
}

impl Clone for Store {
    fn clone(&self) -> Self {
        let mut copy = Store { bytes: self.bytes.clone(), max: self.max, limit: 0 };
        copy.set_limit();
        copy
    }
}

impl Store {
    pub(in crate::ilp) fn new(max: usize) -> Store {
        Store { bytes: Vec::new(), max, limit: 0 }
    }

    /// Takes no more bytes beyond `max`; what is there stays.
    pub(in crate::ilp) fn limit_to(&mut self, max: usize) {
        self.max = max;
        self.set_limit();
    }

    pub(in crate::ilp) fn try_clone(&self) -> Result<Store> {
        let mut copy = Store::new(self.max);
        copy.reserve(self.bytes.len())?;
        copy.bytes.extend_from_slice(&self.bytes);
        Ok(copy)
    }

    fn set_limit(&mut self) {
        self.limit = self.bytes.capacity().min(self.max).saturating_sub(SLACK);
    }

    #[inline]
    pub(in crate::ilp) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(in crate::ilp) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(in crate::ilp) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    pub(in crate::ilp) fn max(&self) -> usize {
        self.max
    }

    #[inline]
    pub(in crate::ilp) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Removes bytes from the middle; nothing happens for a range beyond the end.
    pub(in crate::ilp) fn remove(&mut self, range: std::ops::Range<usize>) {
        if range.start <= range.end && range.end <= self.bytes.len() {
            self.bytes.drain(range);
        }
    }

    /// Makes room for `additional` bytes more.
    pub(in crate::ilp) fn reserve(&mut self, additional: usize) -> Result<()> {
        let len = self.bytes.len();
        if additional > self.max.saturating_sub(len) {
            return Err(over_limit(len, len.saturating_add(additional), self.max));
        }
        let reserved = self.bytes.try_reserve_exact(additional);
        self.set_limit();
        reserved.map_err(|_| no_memory(len, len + additional))
    }

    /// Opens the end for writing.
    #[inline]
    pub(in crate::ilp) fn tail(&mut self) -> Tail<'_> {
        let start = self.bytes.as_mut_ptr();
        // SAFETY: length and capacity lie within the allocation, or are its end.
        let (at, end) = unsafe { (start.add(self.bytes.len()), start.add(self.bytes.capacity())) };
        Tail { at, end, store: self, refused: 0 }
    }
}

/// What both writers can do.
pub(in crate::ilp) trait Out {
    /// Appends the first `len` of `bytes`.
    fn put<const N: usize>(&mut self, bytes: [u8; N], len: usize);

    /// Appends the first bytes of each word, in memory order.
    fn words<const N: usize>(&mut self, words: [(u64, usize); N]);

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.put([byte], 1);
    }
}

/// Writes behind the end of a [`Store`], and makes it grow. Dropped without [`Tail::finish`], it leaves the store as it was.
pub(in crate::ilp) struct Tail<'a> {
    // `at..end` is the unused capacity of `store.bytes`; everything from its length to `at` has been written.
    pub(super) at: *mut u8,
    end: *mut u8,
    pub(super) store: &'a mut Store,
    /// The length that could not be reached; 0 as long as all is well.
    pub(super) refused: usize,
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
    pub(in crate::ilp) fn finish(self) -> Result<()> {
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
    pub(super) fn position(&self) -> usize {
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
    pub(super) fn failure(self, len: usize) -> Error {
        let (had, max) = (self.store.len(), self.store.max);
        let wanted = len.max(self.refused);
        if wanted > max { over_limit(had, wanted, max) } else { no_memory(had, wanted) }
    }

    /// Appends `wire`.
    #[inline]
    pub(in crate::ilp) fn wire(&mut self, wire: &Wire) {
        if wire.len() > Wire::HEAD {
            self.slice(wire.head());
            self.slice(wire.rest());
        } else {
            self.put(*wire.head(), wire.len());
        }
    }

    /// Appends `wire` with its first byte replaced by `separator`.
    #[inline]
    pub(in crate::ilp) fn separated(&mut self, separator: u8, wire: &Wire) {
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
    pub(in crate::ilp) fn slice(&mut self, bytes: &[u8]) {
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
    pub(in crate::ilp) fn doubles(&mut self, values: &[f64]) {
        match double_bytes(values) {
            Some(bytes) => self.slice(bytes),
            None => values.iter().for_each(|value| self.put(value.to_le_bytes(), 8)),
        }
    }

    /// Appends text with a backslash before each byte that needs one, inside quotes or outside.
    #[inline]
    pub(in crate::ilp) fn text<const QUOTED: bool>(&mut self, text: &[u8]) -> Seen {
        self.text_by::<Block, QUOTED>(text)
    }

    #[inline(always)]
    pub(super) fn text_by<B: Blocks, const QUOTED: bool>(&mut self, text: &[u8]) -> Seen {
        if !self.room(text.len().saturating_add(16)) {
            return Seen::default();
        }
        let mut high = 0;
        let (blocks, partial) = text.as_chunks::<16>();
        for (i, chunk) in blocks.iter().enumerate() {
            let block = B::full(chunk);
            // SAFETY: there is room for 16 bytes more than the text has.
            unsafe { block.store(self.at.add(16 * i)) };
            high |= block.high();
            if block.suspects::<QUOTED>() != 0 {
                return self.with_escapes::<B, QUOTED>(text, 16 * i).and_high(high != 0);
            }
        }
        let done = text.len() - partial.len();
        if !partial.is_empty() {
            let block = B::partial(partial);
            // SAFETY: as above.
            unsafe { block.store(self.at.add(done)) };
            high |= block.high();
            if block.suspects::<QUOTED>() & ((1 << partial.len()) - 1) != 0 {
                return self.with_escapes::<B, QUOTED>(text, done).and_high(high != 0);
            }
        }
        // SAFETY: all bytes of the text have been written.
        self.at = unsafe { self.at.add(text.len()) };
        Seen::default().and_high(high != 0)
    }

    /// Goes on with the text from `done`, after which there are bytes to escape; what is before it has been written.
    #[inline]
    fn with_escapes<B: Blocks, const QUOTED: bool>(&mut self, text: &[u8], done: usize) -> Seen {
        let position = self.position() + done;
        let rest = text.get(done..).unwrap_or(&[]);
        let (position, refused, seen) = escape_rest::<B, QUOTED>(self.store, position, rest);
        self.refused = self.refused.max(refused);
        // SAFETY: the position and the capacity lie within the allocation of `bytes`, or are its end.
        unsafe {
            let start = self.store.bytes.as_mut_ptr();
            self.at = start.add(position);
            self.end = start.add(self.store.bytes.capacity());
        }
        seen
    }
}

/// What text holds that its writer has to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::ilp) struct Seen {
    /// A byte that is not ASCII.
    pub(in crate::ilp) high: bool,
    /// A NUL outside of quotes.
    pub(in crate::ilp) nul: bool,
}

impl Seen {
    #[inline(always)]
    fn and_high(self, high: bool) -> Seen {
        Seen { high: self.high | high, ..self }
    }
}

/// Doubles as they lie in memory, if that is little-endian.
#[inline(always)]
pub(in crate::ilp) fn double_bytes(values: &[f64]) -> Option<&[u8]> {
    // SAFETY: a double is eight initialised bytes without padding.
    let bytes = unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) };
    cfg!(target_endian = "little").then_some(bytes)
}

/// Writes `text` with its escapes at `position` behind the end of the store, up to where everything has been written.
/// Returns the position behind it, the length that could not be reached or 0, and what the text holds.
///
/// The caller's [`Tail`] is not lent for this, so that it can live in registers.
#[inline(never)]
fn escape_rest<B: Blocks, const QUOTED: bool>(
    store: &mut Store,
    position: usize,
    text: &[u8],
) -> (usize, usize, Seen) {
    let mut out = store.tail();
    // SAFETY: `Tail::with_escapes` has written up to here, within the capacity.
    out.at = unsafe { out.at.add(position - out.position()) };
    let (mut high, mut nul) = (0, 0);
    for chunk in text.chunks(16) {
        let block = match chunk.first_chunk::<16>() {
            Some(full) => B::full(full),
            None => B::partial(chunk),
        };
        high |= block.high();
        if !QUOTED {
            nul |= block.nuls() & ((1 << chunk.len()) - 1);
        }
        if !out.room(2 * 16) {
            break;
        }
        // SAFETY: there is room for 32 bytes.
        out.at = unsafe { with_backslashes::<B, QUOTED>(out.at, block, chunk) };
    }
    (out.position(), out.refused, Seen { high: high != 0, nul: nul != 0 })
}

/// Writes a chunk of at most 16 bytes, which `block` holds too, with its escapes at `at` and returns the end.
///
/// # Safety
/// 32 bytes may be written at `at`, or twice the chunk and 16.
#[inline(always)]
pub(super) unsafe fn with_backslashes<B: Blocks, const QUOTED: bool>(
    mut at: *mut u8,
    block: B,
    chunk: &[u8],
) -> *mut u8 {
    let specials = block.specials::<QUOTED>() & ((1u32 << chunk.len()) - 1);
    if specials == 0 {
        // SAFETY: there is room for 16 bytes; those of the chunk are counted.
        return unsafe {
            block.store(at);
            at.add(chunk.len())
        };
    }
    // Without branches on the text: a backslash that is not needed is overwritten.
    for (i, byte) in chunk.iter().enumerate() {
        // SAFETY: there is room for twice the chunk, and each byte takes one or two.
        unsafe {
            at.write(b'\\');
            at = at.add(((specials >> i) & 1) as usize);
            at.write(*byte);
            at = at.add(1);
        }
    }
    at
}

/// Gives `store` a capacity of at least `used + need`, keeping its first `used` bytes.
#[cold]
#[inline(never)]
pub(super) fn grow(store: &mut Store, used: usize, need: usize) -> bool {
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
