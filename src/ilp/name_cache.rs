//! A cache of names that callers give as text, in checked form. Checking a name costs much more than comparing it with the
//! name that stood at the same position in the row before.

use crate::error::Result;
use crate::memory::{refused, room};
use crate::name::{Name, too_long};
use crate::text::Text;

/// When the cache holds this many names, it forgets all of them. It is a power of two.
const MAX_NAMES: usize = 256;
const SLOTS: usize = 2 * MAX_NAMES;
const EMPTY: u16 = u16::MAX;

/// Checked names in the order in which they were first used.
#[derive(Clone)]
pub(super) struct NameCache<N> {
    names: Vec<N>,
    /// The index of the name that is expected next.
    next: usize,
    /// Indexes into `names` by hash, with open addressing; empty as long as no name was kept.
    slots: Vec<u16>,
}

impl<N: Name> NameCache<N> {
    pub(super) fn new() -> NameCache<N> {
        NameCache { names: Vec::new(), next: 0, slots: Vec::new() }
    }

    /// Expects the first name again.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.next = 0;
    }

    /// Returns the checked form of `text` if it is the expected name; [`NameCache::advance`] then expects the next one.
    #[inline(always)]
    pub(super) fn expected(&self, text: Text<'_>) -> Option<&N> {
        self.names.get(self.next).filter(|name| same(name.raw().as_bytes(), text.as_bytes()))
    }

    /// As [`NameCache::expected`], but only for names of at most 32 bytes, which need no function call.
    #[inline(always)]
    pub(super) fn expected_short(&self, text: Text<'_>) -> Option<&N> {
        self.names.get(self.next).filter(|name| same_short(name.raw().as_bytes(), text.as_bytes()))
    }

    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Expects the name that was found last again.
    pub(super) fn repeat(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    /// Returns the checked form of `text`, and checks it if it is new.
    pub(super) fn resolve(&mut self, text: Text<'_>, max_len: usize) -> Result<&N> {
        if self.expected(text).is_some() {
            self.advance();
        } else {
            self.search(text, max_len)?;
        }
        Ok(&self.names[self.next - 1])
    }

    #[inline(never)]
    fn search(&mut self, text: Text<'_>, max_len: usize) -> Result<()> {
        // The length is checked before the text is read, because a length from another language may be a mistake.
        if text.as_bytes().len() > max_len {
            return Err(too_long(N::KIND, text.as_bytes(), max_len));
        }
        if self.slots.is_empty() {
            self.slots = room(SLOTS, "names")?;
            self.slots.resize(SLOTS, EMPTY);
        }
        let mut slot = hash(text.as_bytes()) & (SLOTS - 1);
        // At least half of the slots are empty.
        while self.slots[slot] != EMPTY {
            let place = usize::from(self.slots[slot]);
            if same(self.names[place].raw().as_bytes(), text.as_bytes()) {
                self.next = place + 1;
                return Ok(());
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
        let name = N::parse(text)?;
        if self.names.len() == MAX_NAMES {
            self.names.clear();
            self.slots.fill(EMPTY);
            slot = hash(text.as_bytes()) & (SLOTS - 1);
        }
        let place = self.names.len();
        self.names.try_reserve(1).map_err(|_| refused(2 * place * size_of::<N>(), "names"))?;
        self.slots[slot] = u16::try_from(place).unwrap_or(EMPTY);
        self.names.push(name);
        self.next = place + 1;
        Ok(())
    }
}

/// Returns whether two names are equal. Names are short, so a call of `memcmp` would cost more than the comparison.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() > 32 { a == b } else { same_short(a, b) }
}

/// Returns whether two names of at most 32 bytes are equal; false for longer ones.
#[inline(always)]
fn same_short(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() {
        return false;
    }
    if let (Some(a1), Some(a2), Some(b1), Some(b2)) =
        (a.first_chunk::<16>(), a.last_chunk::<16>(), b.first_chunk::<16>(), b.last_chunk::<16>())
    {
        return len <= 32
            && (u128::from_ne_bytes(*a1) ^ u128::from_ne_bytes(*b1))
                | (u128::from_ne_bytes(*a2) ^ u128::from_ne_bytes(*b2))
                == 0;
    }
    if let (Some(a1), Some(a2), Some(b1), Some(b2)) =
        (a.first_chunk::<8>(), a.last_chunk::<8>(), b.first_chunk::<8>(), b.last_chunk::<8>())
    {
        return (u64::from_ne_bytes(*a1) ^ u64::from_ne_bytes(*b1))
            | (u64::from_ne_bytes(*a2) ^ u64::from_ne_bytes(*b2))
            == 0;
    }
    if let (Some(a1), Some(a2), Some(b1), Some(b2)) =
        (a.first_chunk::<4>(), a.last_chunk::<4>(), b.first_chunk::<4>(), b.last_chunk::<4>())
    {
        return (u32::from_ne_bytes(*a1) ^ u32::from_ne_bytes(*b1))
            | (u32::from_ne_bytes(*a2) ^ u32::from_ne_bytes(*b2))
            == 0;
    }
    match len {
        0 => true,
        _ => a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1],
    }
}

/// FNV-1a. A collision only costs time.
fn hash(bytes: &[u8]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let [.., a, b] = hash.to_le_bytes();
    usize::from(u16::from_le_bytes([a, b]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ColumnName;

    #[test]
    fn any_order_of_any_number_of_names_gives_the_right_one() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut cache = NameCache::<ColumnName>::new();
        let names: Vec<String> = (0..600)
            .map(|i| match i % 4 {
                0 => format!("c{i}"),
                1 => format!("name {i}"),
                2 => format!("{i}"),
                _ => format!("a_rather_long_name_with_number_{i}"),
            })
            .collect();
        let mut row: &[String] = &[];
        for round in 0..20_000 {
            if round % 50 == 0 {
                let start = random.usize(0..names.len() - 20);
                row = &names[start..start + random.usize(1..20)];
            }
            cache.restart();
            for name in row {
                if random.u8(0..30) > 0 {
                    let found = cache.resolve(Text::from(name), 127).unwrap();
                    assert_eq!(found.as_str(), name);
                }
            }
            assert!(cache.resolve(Text::from("a.b"), 127).is_err());
            assert!(cache.resolve(Text::unchecked(b"a\xff"), 127).is_err());
            assert!(cache.resolve(Text::from("17 bytes are many"), 16).is_err());
        }
        assert!(cache.names.len() <= MAX_NAMES);
    }

    #[test]
    fn comparison_sees_every_byte() {
        for len in 0..40 {
            let a = vec![b'a'; len];
            assert!(same(&a, &a.clone()));
            assert!(!same(&a, &vec![b'a'; len + 1]));
            for place in 0..len {
                let mut b = a.clone();
                b[place] = b'b';
                assert!(!same(&a, &b), "{len} {place}");
            }
        }
    }
}
