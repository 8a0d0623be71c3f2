//! A cache of names that callers give as text, with the form that each has in a row. Checking a name costs much more than
//! comparing it with the name that stood at the same position in the row before.

use super::write::written_short;
use crate::error::Result;
use crate::memory::{refused, room};
use crate::name::{Name, ShortBytes, too_long};
use crate::text::Text;

/// When the cache holds this many names, it forgets all of them. It is a power of two.
const MAX_NAMES: usize = 256;
const SLOTS: usize = 2 * MAX_NAMES;
const EMPTY: u16 = u16::MAX;

/// A checked name and what stands for it in a row.
pub(super) struct KnownName<N> {
    name: N,
    /// The text of the name, if it is short.
    text: ShortBytes,
    /// The text with backslashes before the bytes that need them, if that is short.
    pub(super) form: ShortBytes,
}

impl<N: Name> KnownName<N> {
    fn new(text: Text<'_>) -> Result<KnownName<N>> {
        let name = N::parse(text)?;
        let short = ShortBytes::new(text.as_bytes()).unwrap_or(ShortBytes::NONE);
        let form = written_short(|draft| draft.name(name.text())).unwrap_or(ShortBytes::NONE);
        Ok(KnownName { name, text: short, form })
    }

    #[inline(always)]
    pub(super) fn parts(&self) -> (&N, &ShortBytes) {
        (&self.name, &self.form)
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        self.name.text().as_bytes()
    }
}

/// Known names in the order in which they were first used.
pub(super) struct NameCache<N> {
    names: Vec<KnownName<N>>,
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

    /// Returns the expected name if it is `text` and short; [`NameCache::advance`] then expects the next one.
    #[inline(always)]
    pub(super) fn expected_short(&self, text: Text<'_>) -> Option<&KnownName<N>> {
        let known = self.names.get(self.next)?;
        same(&known.text, text.as_bytes()).then_some(known)
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
        let expected = self.names.get(self.next);
        if expected.is_some_and(|known| known.bytes() == text.as_bytes()) {
            self.advance();
        } else {
            self.search(text, max_len)?;
        }
        Ok(&self.names[self.next - 1].name)
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
            if self.names[place].bytes() == text.as_bytes() {
                self.next = place + 1;
                return Ok(());
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
        let name = KnownName::new(text)?;
        if self.names.len() == MAX_NAMES {
            self.names.clear();
            self.slots.fill(EMPTY);
            slot = hash(text.as_bytes()) & (SLOTS - 1);
        }
        let place = self.names.len();
        self.names
            .try_reserve(1)
            .map_err(|_| refused(2 * place * size_of::<KnownName<N>>(), "names"))?;
        self.slots[slot] = u16::try_from(place).unwrap_or(EMPTY);
        self.names.push(name);
        self.next = place + 1;
        Ok(())
    }
}

/// Returns whether a short name is `text`. Names are short, so a call of `memcmp` would cost more than the comparison of the
/// first and the last bytes, which may overlap.
#[inline(always)]
fn same(name: &ShortBytes, text: &[u8]) -> bool {
    let (padded, len) = (name.padded(), text.len());
    if name.len() != len {
        false
    } else if len >= 16 {
        len < ShortBytes::SIZE && same_ends::<16>(padded, text)
    } else if len >= 8 {
        same_ends::<8>(padded, text)
    } else if len >= 4 {
        same_ends::<4>(padded, text)
    } else if len >= 2 {
        same_ends::<2>(padded, text)
    } else {
        same_ends::<1>(padded, text)
    }
}

#[inline(always)]
fn same_ends<const N: usize>(padded: &[u8], text: &[u8]) -> bool {
    let word = |bytes: &[u8], at: usize| {
        let mut word = [0; 16];
        if let Some(bytes) = bytes.get(at..).and_then(<[u8]>::first_chunk::<N>) {
            word[..N].copy_from_slice(bytes);
        }
        u128::from_ne_bytes(word)
    };
    let last = text.len().saturating_sub(N);
    (word(padded, 0) ^ word(text, 0)) | (word(padded, last) ^ word(text, last)) == 0
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
    use crate::ilp::{Buffer, BufferOptions, ProtocolVersion};
    use crate::name::{ColumnName, TableName};

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
    fn a_name_looks_the_same_however_it_is_given() {
        let mut names: Vec<String> =
            ["=", " ", "a b", "a=b", "= =", "é", "é é"].map(String::from).into();
        let step = if cfg!(miri) { 15 } else { 1 };
        names.extend((1..70).step_by(step).map(|len| "n".repeat(len)));
        let both = |len: usize| format!("{} {}", "n".repeat(len / 2), "=".repeat(len - len / 2));
        names.extend((1..40).step_by(step).map(both));
        for name in &names {
            let escaped = name.replace(' ', "\\ ").replace('=', "\\=");
            let row = format!("{escaped},{escaped}=s {escaped}=t\n");
            for max_name_len in [name.len() - 1, name.len(), name.len() + 1, 127] {
                let options =
                    BufferOptions { max_name_len, ..BufferOptions::new(ProtocolVersion::V1) };
                let mut buffer = Buffer::with_options(options).unwrap();
                let (table, column) =
                    (TableName::new(name).unwrap(), ColumnName::new(name).unwrap());
                if max_name_len < name.len() {
                    assert!(buffer.table(&table).is_err() && buffer.table(name).is_err());
                    continue;
                }
                for _ in 0..3 {
                    let row = buffer.table(name).unwrap().symbol(name, "s").unwrap();
                    row.column_bool(name, true).unwrap().at_now().unwrap();
                    let row = buffer.table(&table).unwrap().symbol(&column, "s").unwrap();
                    row.column_bool(&column, true).unwrap().at_now().unwrap();
                }
                assert_eq!(buffer.peek(), row.repeat(6).as_bytes());
            }
        }
    }

    #[test]
    fn comparison_sees_every_byte() {
        for len in 1..40 {
            let a = vec![b'a'; len];
            let name = ShortBytes::new(&a).unwrap_or(ShortBytes::NONE);
            assert_eq!(same(&name, &a), len < 32);
            assert!(!same(&name, &vec![b'a'; len + 1]));
            for place in 0..len {
                let mut b = a.clone();
                b[place] = b'b';
                assert!(!same(&name, &b), "{len} {place}");
            }
        }
    }
}
