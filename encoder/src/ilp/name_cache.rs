//! A cache of names that callers give as text, with the form that each has in a row. Checking a name costs much more than
//! comparing it with the name that stood at the same position in the row before.

use crate::error::Result;
use crate::memory::{refused, room};
use crate::name::{Name, ShortBytes, too_long};
use crate::text::Text;

/// When the cache holds this many names, it forgets all of them. They take some MiB. It is a power of two.
const MAX_NAMES: usize = 16 << 10;
/// The slots to begin with. There are always at least twice as many as names.
const FIRST_SLOTS: usize = 64;
/// How many columns a row may leave out without a search for the next name.
const SKIPPED: usize = 6;
/// A name that is not found within so many slots takes the place of the name in the first one, so that no choice of names makes
/// the cache slow.
const PROBES: usize = 32;
const EMPTY: u16 = u16::MAX;

/// A checked name.
struct KnownName<N> {
    name: N,
    /// The text of the name, if it is short.
    text: ShortBytes,
}

impl<N: Name> KnownName<N> {
    fn new(text: Text<'_>) -> Result<KnownName<N>> {
        let name = N::parse(text)?;
        let short = ShortBytes::new(text.as_bytes()).unwrap_or(ShortBytes::NONE);
        Ok(KnownName { name, text: short })
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
    pub(super) fn expected_short(&self, text: Text<'_>) -> Option<&N> {
        let known = self.names.get(self.next)?;
        same(&known.text, text.as_bytes()).then_some(&known.name)
    }

    /// Expects `text` if it is one of the names after the expected one. Returns false if it is none of the next ones, or long.
    fn skip_to(&mut self, text: Text<'_>) -> bool {
        let after = self.names.iter().enumerate().skip(self.next + 1).take(SKIPPED);
        let mut found = after.filter(|(_, known)| same(&known.text, text.as_bytes()));
        let Some((place, _)) = found.next() else { return false };
        self.next = place;
        true
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
        if expected.is_some_and(|known| known.bytes() == text.as_bytes()) || self.skip_to(text) {
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
        if self.slots.len() < 2 * (self.names.len() + 1) {
            self.grow()?;
        }
        let hash = hash(text.as_bytes());
        let mut free = None;
        for slot in probed(hash, self.slots.len()) {
            let Some(known) = self.names.get(usize::from(self.slots[slot])) else {
                free = Some(slot);
                break;
            };
            if known.bytes() == text.as_bytes() {
                self.next = usize::from(self.slots[slot]) + 1;
                return Ok(());
            }
        }
        let name = KnownName::new(text)?;
        if self.names.len() == MAX_NAMES {
            self.names.clear();
            self.slots.fill(EMPTY);
            free = None;
        }
        let slot = free.unwrap_or(hash & (self.slots.len() - 1));
        let place = match self.names.get_mut(usize::from(self.slots[slot])) {
            Some(known) => {
                *known = name;
                usize::from(self.slots[slot])
            }
            None => self.add(name, slot)?,
        };
        self.next = place + 1;
        Ok(())
    }

    /// Adds a name, whose slot is free, and returns its place.
    fn add(&mut self, name: KnownName<N>, slot: usize) -> Result<usize> {
        let place = self.names.len();
        self.names
            .try_reserve(1)
            .map_err(|_| refused(2 * place * size_of::<KnownName<N>>(), "names"))?;
        self.slots[slot] = u16::try_from(place).unwrap_or(EMPTY);
        self.names.push(name);
        Ok(place)
    }

    /// Doubles the slots, up to those for [`MAX_NAMES`].
    fn grow(&mut self) -> Result<()> {
        let count = (2 * self.slots.len()).max(FIRST_SLOTS);
        if count > 2 * MAX_NAMES {
            return Ok(());
        }
        let mut slots = room(count, "names")?;
        slots.resize(count, EMPTY);
        for (place, known) in self.names.iter().enumerate() {
            // A name that finds none is not found either, and takes another place when it comes again.
            if let Some(slot) = probed(hash(known.bytes()), count).find(|s| slots[*s] == EMPTY) {
                slots[slot] = u16::try_from(place).unwrap_or(EMPTY);
            }
        }
        self.slots = slots;
        Ok(())
    }
}

/// Returns the slots in which a name may be.
fn probed(hash: usize, slots: usize) -> impl Iterator<Item = usize> {
    (0..PROBES).map(move |i| hash.wrapping_add(i) & (slots - 1))
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

/// Mixes eight bytes at a time. A collision only costs time.
fn hash(bytes: &[u8]) -> usize {
    let mut hash = bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash ^= hash >> 32;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are mixed as well")]
    let hash = hash as usize;
    hash
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
    fn more_names_than_it_holds() {
        let names = if cfg!(miri) { 600 } else { 2 * MAX_NAMES + 100 };
        let mut cache = NameCache::<TableName>::new();
        for i in (0..names).chain((0..names).rev()).chain((0..names).step_by(7)) {
            let name = format!("table-{i}");
            let found = cache.resolve(Text::from(&name), 127).unwrap();
            assert_eq!(found.as_str(), name);
        }
        assert!(cache.names.len() <= MAX_NAMES && cache.slots.len() <= 2 * MAX_NAMES);
        cache.restart();
        // More names than there are probes have the same slot, also when the slots have been doubled.
        let slot = |name: &str| hash(name.as_bytes()) % (4 * FIRST_SLOTS);
        let same = (0..).map(|i: u32| i.to_string());
        let same: Vec<_> = same.filter(|name| slot(name) == slot("0")).take(PROBES + 3).collect();
        let mut cache = NameCache::<TableName>::new();
        for name in same.iter().chain(&same) {
            cache.restart();
            assert_eq!(cache.resolve(Text::from(name), 127).unwrap().as_str(), name);
        }
        assert_eq!(cache.names.len(), PROBES);
    }

    #[test]
    fn names_that_are_left_out_are_skipped() {
        let mut cache = NameCache::<ColumnName>::new();
        let names: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
        for name in &names {
            cache.resolve(Text::from(name), 127).unwrap();
        }
        for first in 0..names.len() {
            for (next, name) in names.iter().enumerate() {
                cache.next = first;
                let text = Text::from(name);
                let skipped = cache.skip_to(text);
                assert_eq!(skipped, (first + 1..=first + SKIPPED).contains(&next));
                let expected = if skipped || first == next { Some(&**name) } else { None };
                assert_eq!(cache.expected_short(text).map(|name| name.as_str()), expected);
            }
        }
    }

    #[test]
    fn names_are_escaped_as_symbols_are() {
        for byte in 0..=0x7Fu8 {
            let text = format!("a{}", char::from(byte));
            let Ok(name) = ColumnName::new(&text) else { continue };
            let mut buffer = Buffer::new(ProtocolVersion::V1);
            buffer.table("t").unwrap().symbol("s", &text).unwrap().at_now().unwrap();
            assert_eq!(buffer.peek(), [b"t,s=", name.text().form(), b"\n"].concat());
        }
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
