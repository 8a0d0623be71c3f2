//! Operations on sixteen bytes at once: with SSE2, which every x86-64 processor has, and with plain arithmetic elsewhere.
#![expect(unsafe_code, reason = "vector instructions, and stores behind the end of a vector")]

#[cfg(not(target_arch = "x86_64"))]
pub(super) use portable::Block;
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::Block;

/// Loads up to 15 bytes as two words in memory order, padded with zeros.
#[inline]
fn two_words(bytes: &[u8]) -> (u64, u64) {
    let len = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        // The shift is done in two steps, because a shift by 64 bits is not defined.
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

/// Sixteen bytes. Masks have bit `i` for byte `i`.
pub(super) trait Blocks: Copy {
    fn full(bytes: &[u8; 16]) -> Self;

    /// Loads up to 15 bytes; the rest are zeros.
    fn partial(bytes: &[u8]) -> Self;

    /// # Safety
    /// `to` must be good for writing 16 bytes.
    unsafe fn store(self, to: *mut u8);

    /// Returns the mask of bytes that are not ASCII.
    fn high(self) -> u32;

    /// Returns the mask of bytes that may need a backslash or be refused: all that do, NUL outside of quotes, and some
    /// control characters.
    fn suspects<const QUOTED: bool>(self) -> u32;

    /// Returns the mask of [`Blocks::suspects`] and of bytes that are not ASCII.
    fn not_plain<const QUOTED: bool>(self) -> u32;

    /// Returns the mask of bytes that need a backslash.
    fn specials<const QUOTED: bool>(self) -> u32;

    /// Returns the mask of NUL bytes.
    fn nuls(self) -> u32;
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8,
        _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm_storeu_si128,
    };

    #[derive(Clone, Copy)]
    pub(in crate::ilp::write) struct Block(__m128i);

    impl super::Blocks for Block {
        #[inline]
        fn full(bytes: &[u8; 16]) -> Block {
            // SAFETY: `bytes` has 16 bytes, and the load needs no alignment.
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
            // SAFETY: the caller promises that 16 bytes may be written at `to`; the store needs no alignment.
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
        fn not_plain<const QUOTED: bool>(self) -> u32 {
            // As signed bytes, those beyond ASCII are the smallest.
            if QUOTED {
                self.below(0x20) | self.equal(b'"') | self.equal(b'\\')
            } else {
                self.below(0x21) | self.equal(b',') | self.equal(b'=') | self.equal(b'\\')
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

        #[inline]
        fn nuls(self) -> u32 {
            self.equal(0).high()
        }
    }

    impl Block {
        #[inline]
        fn equal(self, byte: u8) -> Block {
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte.cast_signed())) })
        }

        /// Returns which bytes are below `byte` as signed numbers.
        #[inline]
        fn below(self, byte: u8) -> Block {
            // SAFETY: SSE2 is part of x86-64.
            Block(unsafe { _mm_cmplt_epi8(self.0, _mm_set1_epi8(byte.cast_signed())) })
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

#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) mod portable {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    /// Two words; the first byte is the lowest of the first word.
    #[derive(Clone, Copy)]
    pub(in crate::ilp::write) struct Block(u64, u64);

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
            // SAFETY: the caller promises that 16 bytes may be written at `to`; the store needs no alignment.
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
            if QUOTED { self.specials::<true>() } else { self.any_of(b"\n\r\\ ,=\0") }
        }

        #[inline]
        fn not_plain<const QUOTED: bool>(self) -> u32 {
            self.suspects::<QUOTED>() | self.high()
        }

        #[inline]
        fn specials<const QUOTED: bool>(self) -> u32 {
            self.any_of(if QUOTED { b"\n\r\\\"" } else { b"\n\r\\ ,=" })
        }

        #[inline]
        fn nuls(self) -> u32 {
            self.any_of(b"\0")
        }
    }

    impl Block {
        #[inline]
        fn any_of(self, set: &[u8]) -> u32 {
            let flags = |word| set.iter().fold(0, |flags, &byte| flags | equal(word, byte));
            gather(flags(self.0)) | (gather(flags(self.1)) << 8)
        }
    }

    /// Returns the highest bit of each byte that equals `byte`, and no other bit.
    #[inline]
    fn equal(word: u64, byte: u8) -> u64 {
        let zero_where_equal = word ^ (ONES * u64::from(byte));
        let low_bits = (zero_where_equal & !HIGHS) + !HIGHS;
        !(low_bits | zero_where_equal) & HIGHS
    }

    /// Returns the highest bits of the bytes as the low eight bits.
    #[inline]
    fn gather(highs: u64) -> u32 {
        let [.., top] = ((highs >> 7).wrapping_mul(0x0102_0408_1020_4080)).to_le_bytes();
        u32::from(top)
    }
}
