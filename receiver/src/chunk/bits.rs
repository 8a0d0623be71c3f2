//! A set of bits that says which rows have a value, and where the value is.

/// One bit for each row. The number of bits before a row is known without counting from the start, so that a column keeps
/// values only for the rows that have one. While all bits are set, nothing but their number is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    /// Empty while all bits are set.
    words: Vec<u64>,
    /// For each word, how many bits are set in the words before it.
    before: Vec<u32>,
    len: usize,
    /// How many bits are set. It is kept only while some are not.
    ones: u32,
}

impl Bits {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns how many bits are set.
    #[cfg(test)]
    pub(crate) fn ones(&self) -> usize {
        if self.are_all_set() { self.len } else { self.ones as usize }
    }

    #[inline]
    fn are_all_set(&self) -> bool {
        self.words.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, bit: bool) {
        if bit && self.are_all_set() {
            self.len += 1;
        } else {
            self.push_word_bit(bit);
        }
    }

    #[inline(never)]
    fn push_word_bit(&mut self, bit: bool) {
        self.write_out();
        let at = self.len % 64;
        if at == 0 {
            self.words.push(0);
            self.before.push(self.ones);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << at;
        }
        self.ones += u32::from(bit);
        self.len += 1;
    }

    /// Makes the words of bits that are all set.
    fn write_out(&mut self) {
        if !self.are_all_set() {
            return;
        }
        self.words.clear();
        self.words.resize(self.len.div_ceil(64), u64::MAX);
        if let Some(last) = self.words.last_mut().filter(|_| !self.len.is_multiple_of(64)) {
            *last = (1 << (self.len % 64)) - 1;
        }
        // A chunk has far fewer rows than such a number can tell.
        self.ones = u32::try_from(self.len).unwrap_or(u32::MAX);
        self.before.clear();
        self.before.extend((0..self.ones).step_by(64));
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> bool {
        at < self.len && (self.are_all_set() || self.words[at / 64] >> (at % 64) & 1 == 1)
    }

    /// Returns how many bits are set before `at`, if the bit at `at` is set.
    #[inline]
    pub(crate) fn rank(&self, at: usize) -> Option<usize> {
        if !self.get(at) {
            return None;
        }
        if self.are_all_set() {
            return Some(at);
        }
        let below = self.words[at / 64] & ((1 << (at % 64)) - 1);
        Some((self.before[at / 64] + below.count_ones()) as usize)
    }

    /// Removes the last bit and returns it.
    pub(crate) fn pop(&mut self) -> Option<bool> {
        let last = self.len.checked_sub(1)?;
        if self.are_all_set() {
            self.len = last;
            return Some(true);
        }
        let bit = self.get(last);
        if let Some(word) = self.words.last_mut() {
            *word &= !(1 << (last % 64));
        }
        if last.is_multiple_of(64) {
            self.words.pop();
            self.before.pop();
        }
        self.ones -= u32::from(bit);
        self.len = last;
        if self.ones as usize == self.len {
            self.words.clear();
            self.before.clear();
        }
        Some(bit)
    }

    /// Appends bits that are not set, until there are `len`.
    #[inline]
    pub(crate) fn grow(&mut self, len: usize) {
        if len > self.len {
            self.write_out();
            self.words.resize(len.div_ceil(64), 0);
            self.before.resize(len.div_ceil(64), self.ones);
            self.len = len;
        }
    }

    /// Appends the bits of another set.
    pub(crate) fn extend(&mut self, other: &Bits) {
        if self.are_all_set() && other.are_all_set() {
            self.len += other.len;
        } else if self.len.is_multiple_of(64) && !other.are_all_set() {
            self.write_out();
            self.words.extend_from_slice(&other.words);
            self.before.extend(other.before.iter().map(|n| n + self.ones));
            self.len += other.len;
            self.ones += other.ones;
        } else {
            (0..other.len).for_each(|at| self.push(other.get(at)));
        }
    }

    /// Returns about how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>() + self.before.capacity() * size_of::<u32>()
    }

    pub(crate) fn shrink(&mut self) {
        self.words.shrink_to_fit();
        self.before.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of a pattern that has no period of 64.
    fn pattern(len: usize) -> Vec<bool> {
        (0..len).map(|i| i % 7 == 0 || i % 11 == 3).collect()
    }

    #[test]
    fn ranks_count_the_bits_before() {
        for (first, second) in [(0, 5), (64, 130), (65, 64), (1, 200), (128, 0)] {
            let all = [pattern(first), pattern(second)].concat();
            let (mut bits, mut rest) = (Bits::default(), Bits::default());
            pattern(first).into_iter().for_each(|b| bits.push(b));
            pattern(second).into_iter().for_each(|b| rest.push(b));
            bits.extend(&rest);
            let mut rank = 0;
            for (at, bit) in all.iter().enumerate() {
                assert_eq!(bits.get(at), *bit);
                assert_eq!(bits.rank(at), bit.then_some(rank));
                rank += usize::from(*bit);
            }
            assert_eq!((bits.len(), bits.ones()), (all.len(), rank));
            assert!(!bits.get(all.len()));
            bits.grow(all.len() + 100);
            bits.push(true);
            assert_eq!(bits.rank(all.len() + 100), Some(rank));
            let popped: Vec<_> = std::iter::from_fn(|| bits.pop()).collect();
            assert_eq!(popped.len(), all.len() + 101);
            assert!(popped.iter().rev().take(all.len()).eq(all.iter()));
            assert_eq!((bits.len(), bits.ones(), bits.words.len()), (0, 0, 0));
        }
    }
}
