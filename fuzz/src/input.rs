//! [`Input`]: the fuzzer's bytes, taken from the front. When they run out everything is 0, so that every prefix of an input
//! is an input.

/// The bytes from which a target takes its decisions.
#[derive(Debug, Clone)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Returns the next bytes, at most `count`.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut all = [0; N];
        let taken = self.take(N);
        all[..taken.len()].copy_from_slice(taken);
        all
    }

    pub fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Returns a number below `count`, which is at most 256.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// Returns one of these.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Returns bytes that come after their length.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = self.byte();
        self.take(len.into())
    }

    /// Returns integers of every size, and the extreme ones.
    pub fn integer(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::from(i8::from_le_bytes(self.array())),
            1 => i64::from(i32::from_le_bytes(self.array())),
            2 => i64::MAX - i64::from(self.byte()),
            3 => i64::MIN + i64::from(self.byte()),
            // These are timestamps of our time, in nanoseconds.
            4 => 1_700_000_000_000_000_000 + i64::from(i32::from_le_bytes(self.array())),
            _ => i64::from_le_bytes(self.array()),
        }
    }

    /// Returns doubles of every kind.
    pub fn double(&mut self) -> f64 {
        match self.below(8) {
            0 => f64::from(i8::from_le_bytes(self.array())),
            1 => f64::from(i32::from_le_bytes(self.array())) / 100.0,
            2 => self.one(&[
                0.0,
                -0.0,
                0.1,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MAX,
                f64::MIN_POSITIVE,
                5e-324,
                1e16,
                1e21,
                9_007_199_254_740_993.0,
            ]),
            3 => f64::from(f32::from_le_bytes(self.array())),
            _ => f64::from_le_bytes(self.array()),
        }
    }
}
