//! The texts of a symbol column, of which each is kept once in a chunk.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::value::ColumnType;

use super::cast::Refused;

/// About how many bytes a text of a symbol column takes besides its letters.
const WORD_BYTES: usize = 100;

/// The most words of a column that are found without its index.
const MAX_LATELY: usize = 4096;

/// For each value the number of its text, and the texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    ids: Vec<u32>,
    words: Vec<Arc<str>>,
    /// It is empty in a sealed chunk.
    index: Index,
    /// The numbers of words that came lately, each at a place that a quick hash of its word decides. Old ones may be out of date.
    lately: Vec<u32>,
    /// The number of values when the last word was added, so that the word can be removed together with its row.
    last_new: usize,
    /// About how many bytes the words take.
    word_bytes: usize,
}

impl Symbols {
    /// Returns about how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        (self.ids.capacity() + self.lately.capacity()) * size_of::<u32>()
            + self.words.capacity() * size_of::<Arc<str>>()
            + self.word_bytes
    }

    pub(super) fn get(&self, at: usize) -> &str {
        &self.words[self.ids[at] as usize]
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), Refused> {
        let hash = self.index.hash(text);
        let id = match self.index.find(hash, text, &self.words) {
            Some(id) => id,
            None => self.add_word(hash, text.into())?,
        };
        self.ids.push(id);
        Ok(())
    }

    #[inline(never)]
    fn add_word(&mut self, hash: u32, word: Arc<str>) -> Result<u32, Refused> {
        let id = u32::try_from(self.words.len()).ok().filter(|id| *id != NONE);
        let id = id.ok_or(Refused::Malformed(ColumnType::Symbol))?;
        self.word_bytes += word.len() + WORD_BYTES;
        self.words.push(word);
        self.index.add(hash, id);
        self.last_new = self.ids.len();
        Ok(id)
    }

    /// Appends a text that a peer has sent. Equal texts that come often are found without the index, whose hash is slow because no
    /// peer can foresee it; `hash` may be any. Returns `None` if the text is not UTF-8.
    #[inline]
    pub(super) fn push_hashed(&mut self, text: &[u8], hash: u32) -> Option<()> {
        let place = hash as usize & self.lately.len().wrapping_sub(1);
        if let Some(id) = self.lately.get(place)
            && let Some(word) = self.words.get(*id as usize)
            && word.as_bytes() == text
        {
            self.ids.push(*id);
            return Some(());
        }
        self.push_anew(text, hash)
    }

    #[inline(never)]
    fn push_anew(&mut self, text: &[u8], hash: u32) -> Option<()> {
        self.push(std::str::from_utf8(text).ok()?).ok()?;
        if self.lately.len() < (4 * self.words.len()).min(MAX_LATELY) {
            self.lately.clear();
            let len = (8 * self.words.len()).next_power_of_two().clamp(16, MAX_LATELY);
            self.lately.resize(len, NONE);
        }
        let place = hash as usize & (self.lately.len() - 1);
        self.lately[place] = *self.ids.last()?;
        Some(())
    }

    pub(super) fn pop(&mut self) {
        self.ids.pop();
        if self.last_new == self.ids.len()
            && let Some(word) = self.words.pop()
        {
            let id = u32::try_from(self.words.len()).unwrap_or(NONE);
            self.index.remove_last(self.index.hash(&word), id);
            self.word_bytes -= word.len() + WORD_BYTES;
            self.last_new = usize::MAX;
        }
    }

    /// Appends the values of another column.
    pub(super) fn extend(&mut self, more: &Symbols) {
        let number = |word: &Arc<str>| {
            let hash = self.index.hash(word);
            match self.index.find(hash, word, &self.words) {
                Some(id) => id,
                // There are fewer words than rows, and a chunk has far fewer rows than there are numbers.
                None => self.add_word(hash, Arc::clone(word)).unwrap_or(0),
            }
        };
        let numbers: Vec<u32> = more.words.iter().map(number).collect();
        self.ids.extend(more.ids.iter().map(|id| numbers[*id as usize]));
    }

    /// Frees what only a column that still grows needs.
    pub(super) fn seal(&mut self) {
        (self.index, self.lately) = Default::default();
        self.ids.shrink_to_fit();
        self.words.shrink_to_fit();
    }
}

/// The number of no word.
const NONE: u32 = u32::MAX;

/// Finds the numbers of words. A standard map would hash a new word twice, and all words again when it grows.
#[derive(Debug, Clone, Default)]
struct Index {
    state: RandomState,
    /// A power of two. At least half of them are empty. A word is at the place that its hash names, or at the first place after
    /// that which was empty when the word came.
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u32,
    id: u32,
}

impl Index {
    fn hash(&self, word: &str) -> u32 {
        let [a, b, c, d, ..] = self.state.hash_one(word).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    fn find(&self, hash: u32, word: &str, words: &[Arc<str>]) -> Option<u32> {
        let is_word = |id: u32| words.get(id as usize).is_some_and(|known| &**known == word);
        let taken = self.chain(hash).map(|at| self.places[at]).take_while(|place| place.id != NONE);
        taken.filter(|place| place.hash == hash).map(|place| place.id).find(|id| is_word(*id))
    }

    /// Adds the word with the number `id`, which is the number of words that were added before.
    fn add(&mut self, hash: u32, id: u32) {
        let needed = 2 * (id as usize + 1);
        if self.places.len() < needed {
            let empty = vec![Place { hash: 0, id: NONE }; (2 * needed).next_power_of_two()];
            let old = std::mem::replace(&mut self.places, empty);
            old.into_iter().filter(|place| place.id != NONE).for_each(|place| self.put(place));
        }
        self.put(Place { hash, id });
    }

    fn put(&mut self, place: Place) {
        let free = self.chain(place.hash).find(|at| self.places[*at].id == NONE);
        if let Some(at) = free {
            self.places[at] = place;
        }
    }

    /// Removes the word that was added last. No other one was added after it, so none is behind its place because of it.
    fn remove_last(&mut self, hash: u32, id: u32) {
        let found = self
            .chain(hash)
            .find(|at| matches!(self.places[*at].id, found if found == id || found == NONE));
        if let Some(at) = found {
            self.places[at].id = NONE;
        }
    }

    /// Returns all places, in the order in which a word is looked for.
    fn chain(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let len = self.places.len();
        (0..len).map(move |step| (hash as usize).wrapping_add(step) & (len - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(symbols: &Symbols) -> Vec<String> {
        (0..symbols.ids.len()).map(|at| symbols.get(at).to_owned()).collect()
    }

    #[test]
    fn each_text_is_kept_once_and_leaves_with_the_row_that_brought_it() {
        let (mut symbols, mut expected) = (Symbols::default(), Vec::new());
        for round in 0..20_000usize {
            let text = format!("word-{}", round * round % 3001);
            symbols.push(&text).ok().unwrap();
            expected.push(text);
            if round % 3 == 0 {
                // A row that is refused: often it has brought a new word.
                let text = format!("refused-{round}");
                let before = (symbols.words.len(), symbols.word_bytes);
                symbols.push(&text).ok().unwrap();
                symbols.pop();
                let known = symbols.index.find(symbols.index.hash(&text), &text, &symbols.words);
                assert_eq!(known, None, "{text}");
                assert_eq!((symbols.words.len(), symbols.word_bytes), before);
            }
        }
        assert_eq!(texts(&symbols), expected);
        let mut words = expected.clone();
        words.sort_unstable();
        words.dedup();
        assert_eq!(symbols.words.len(), words.len());
        assert_eq!(symbols.word_bytes, words.iter().map(|w| w.len() + WORD_BYTES).sum::<usize>());
    }

    #[test]
    fn columns_are_joined_by_text() {
        let (mut one, mut other) = (Symbols::default(), Symbols::default());
        (0..500).for_each(|i| one.push(&format!("{}", i % 100)).ok().unwrap());
        (0..500).for_each(|i| other.push(&format!("{}", 50 + i % 100)).ok().unwrap());
        let expected = [texts(&one), texts(&other)].concat();
        other.seal();
        one.extend(&other);
        assert_eq!((texts(&one), one.words.len()), (expected, 150));
    }

    #[test]
    fn words_that_come_often_are_found_by_any_hash() {
        let mut symbols = Symbols::default();
        for round in 0..10_000u32 {
            let text = format!("{}", round % 700);
            symbols.push_hashed(text.as_bytes(), round % 7).unwrap();
            assert_eq!(symbols.get(round as usize), text);
        }
        assert_eq!(symbols.words.len(), 700);
        assert_eq!(symbols.push_hashed(b"\xFF", 0), None);
        assert_eq!(symbols.ids.len(), 10_000);
    }
}
