//! Eight or sixteen digits at once: with SSE2, which every x86-64 processor has, and with plain arithmetic elsewhere.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "vector instructions"))]

#[cfg(target_arch = "x86_64")]
pub(in crate::ilp) use sse2::{eight, sixteen};

#[cfg(not(target_arch = "x86_64"))]
pub(in crate::ilp) fn eight(number: u64) -> u64 {
    crate::ilp::number::eight(number).0
}

#[cfg(not(target_arch = "x86_64"))]
pub(in crate::ilp) fn sixteen(upper: u64, lower: u64) -> [u64; 2] {
    [upper, lower].map(eight)
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cvtsi32_si128, _mm_cvtsi128_si64, _mm_mul_epu32, _mm_mulhi_epu16,
        _mm_mullo_epi16, _mm_or_si128, _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32,
        _mm_set1_epi64x, _mm_slli_epi16, _mm_slli_epi32, _mm_slli_epi64, _mm_srli_epi16,
        _mm_srli_epi64, _mm_sub_epi16, _mm_sub_epi64, _mm_unpackhi_epi64, _mm_unpacklo_epi64,
    };

    /// Returns the text of a number below 10^8, eight digits in memory order. A single number takes fewer instructions than
    /// with plain arithmetic, but its digits are known later: this is for a number of which nothing else depends.
    #[inline(always)]
    pub(in crate::ilp) fn eight(number: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 10^8")]
        let number = number as i32;
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_cvtsi128_si64(text(_mm_cvtsi32_si128(number))).cast_unsigned() }
    }

    /// Returns the text of two numbers below 10^8, eight digits each, in memory order.
    #[inline(always)]
    pub(in crate::ilp) fn sixteen(upper: u64, lower: u64) -> [u64; 2] {
        #[expect(clippy::cast_possible_truncation, reason = "both are below 10^8")]
        let [upper, lower] = [upper as i32, lower as i32];
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let halves = _mm_unpacklo_epi64(_mm_cvtsi32_si128(upper), _mm_cvtsi32_si128(lower));
            let text = text(halves);
            // Not a loop: it would go through memory where the compiler is told to write short code.
            [
                _mm_cvtsi128_si64(text).cast_unsigned(),
                _mm_cvtsi128_si64(_mm_unpackhi_epi64(text, text)).cast_unsigned(),
            ]
        }
    }

    /// Returns the digits of the number in each half, as `number::digits` finds them, as text.
    #[inline(always)]
    fn text(halves: __m128i) -> __m128i {
        // Each step splits every lane into quotient and remainder, which become two lanes. The factors are reciprocals that
        // are exact for the range of a lane.
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let upper = _mm_srli_epi64::<40>(_mm_mul_epu32(halves, _mm_set1_epi64x(109_951_163)));
            let lower = _mm_sub_epi64(halves, _mm_mul_epu32(upper, _mm_set1_epi64x(10_000)));
            let fours = _mm_or_si128(_mm_slli_epi64::<32>(lower), upper);
            let upper = _mm_srli_epi16::<4>(_mm_mulhi_epu16(fours, _mm_set1_epi32(10_486)));
            let lower = _mm_sub_epi16(fours, _mm_mullo_epi16(upper, _mm_set1_epi32(100)));
            let twos = _mm_or_si128(_mm_slli_epi32::<16>(lower), upper);
            // The last step in one: `ten + (two - 10 * ten) * 256`.
            let tens = _mm_mulhi_epu16(twos, _mm_set1_epi16(6_554));
            let factor = _mm_set1_epi16(256 * 10 - 1);
            let digits = _mm_sub_epi16(_mm_slli_epi16::<8>(twos), _mm_mullo_epi16(tens, factor));
            _mm_or_si128(digits, _mm_set1_epi8(0x30))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{eight, sixteen};

    #[test]
    fn each_half_has_its_eight_digits() {
        let check = |upper: u64, lower: u64| {
            let words = sixteen(upper, lower);
            assert_eq!(words, [upper, lower].map(eight));
            let text = words.map(u64::to_le_bytes).concat();
            assert_eq!(String::from_utf8(text).unwrap(), format!("{upper:08}{lower:08}"));
        };
        let mut random = fastrand::Rng::with_seed(45);
        for number in 0..10_000 {
            // Every value of each lane of each step.
            check(number, number * 10_000);
            check(number * 10_000 + 9_999, number * 10_001);
            check(random.u64(0..100_000_000), random.u64(0..100_000_000));
        }
    }
}
