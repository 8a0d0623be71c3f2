//! Texts of which each is kept once, with a number.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// About how many bytes a word takes besides its letters.
const WORD_BYTES: usize = 100;
/// The most words that are found without the index.
const MAX_LATELY: usize = 4096;
/// The number of no word.
const NONE: u32 = u32::MAX;

/// Words in the order in which they came, which is that of their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    words: Vec<Arc<str>>,
    /// It is empty when no more words come.
    index: Index,
    /// The numbers of words that came lately, each at a place that a quick hash of its word decides. Old ones may be out of date.
    lately: Vec<u32>,
    /// About how many bytes the words take.
    word_bytes: usize,
}

impl Words {
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn get(&self, id: u32) -> &str {
        &self.words[id as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.words.iter()
    }

    /// Returns about how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.lately.capacity() * size_of::<u32>()
            + self.words.capacity() * size_of::<Arc<str>>()
            + self.word_bytes
    }

    /// Returns the number of a word if it came lately. Its `hash` may be any, but should be the one with which it came.
    #[inline]
    pub(crate) fn find_lately(&self, word: &[u8], hash: u32) -> Option<u32> {
        let id = *self.lately.get(hash as usize & self.lately.len().wrapping_sub(1))?;
        let known = self.words.get(id as usize)?;
        (known.as_bytes() == word).then_some(id)
    }

    /// Returns the number of a word that [`find_lately`](Words::find_lately) did not find, which is a new one if it is not known. `None`
    /// means that it is not UTF-8, or that there are as many words as there are numbers.
    #[inline(never)]
    pub(crate) fn find_or_add(&mut self, word: &[u8], hash: u32) -> Option<u32> {
        let id = self.number(std::str::from_utf8(word).ok()?)?;
        if self.lately.len() < (4 * self.words.len()).min(MAX_LATELY) {
            self.lately.clear();
            let len = (8 * self.words.len()).next_power_of_two().clamp(16, MAX_LATELY);
            self.lately.resize(len, NONE);
        }
        let place = hash as usize & (self.lately.len() - 1);
        self.lately[place] = id;
        Some(id)
    }

    /// Returns the number of a word, which is a new one if it is not known. `None` means that there are as many words as numbers.
    pub(crate) fn number(&mut self, word: &str) -> Option<u32> {
        let hash = self.index.hash(word);
        self.index.find(hash, word, &self.words).or_else(|| self.add(hash, word.into()))
    }

    /// Like [`number`](Words::number), but shares a word that is new.
    pub(crate) fn number_of_shared(&mut self, word: &Arc<str>) -> Option<u32> {
        let hash = self.index.hash(word);
        self.index.find(hash, word, &self.words).or_else(|| self.add(hash, Arc::clone(word)))
    }

    #[inline(never)]
    fn add(&mut self, hash: u32, word: Arc<str>) -> Option<u32> {
        let id = u32::try_from(self.words.len()).ok().filter(|id| *id != NONE)?;
        self.word_bytes += word.len() + WORD_BYTES;
        self.words.push(word);
        self.index.add(hash, id);
        Some(id)
    }

    /// Removes the word that came last.
    pub(crate) fn pop(&mut self) {
        if let Some(word) = self.words.pop() {
            let id = u32::try_from(self.words.len()).unwrap_or(NONE);
            self.index.remove_last(self.index.hash(&word), id);
            self.word_bytes -= word.len() + WORD_BYTES;
        }
    }

    /// Frees what finds words.
    pub(crate) fn seal(&mut self) {
        (self.index, self.lately) = Default::default();
        self.words.shrink_to_fit();
    }
}

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

    #[test]
    fn each_word_has_one_number_until_it_is_removed() {
        let (mut words, mut known) = (Words::default(), Vec::new());
        for round in 0..20_000usize {
            let text = format!("word-{}", round * round % 3001);
            let number = words.number(&text).unwrap() as usize;
            if number == known.len() {
                known.push(text);
            } else {
                assert_eq!(known[number], text);
            }
            if round % 3 == 0 {
                let text = format!("refused-{round}");
                let before = (words.len(), words.word_bytes);
                assert_eq!(words.number(&text), u32::try_from(known.len()).ok());
                words.pop();
                assert_eq!(words.index.find(words.index.hash(&text), &text, &words.words), None);
                assert_eq!((words.len(), words.word_bytes), before);
            }
        }
        assert!(words.iter().map(|word| &**word).eq(known.iter().map(String::as_str)));
        let bytes = known.iter().map(|word| word.len() + WORD_BYTES).sum::<usize>();
        assert_eq!(words.word_bytes, bytes);
        let number = |text: &str| words.index.find(words.index.hash(text), text, &words.words);
        assert!((0..).zip(&known).all(|(id, text)| number(text) == Some(id)));
    }

    #[test]
    fn words_that_come_often_are_found_by_any_hash() {
        let mut words = Words::default();
        for round in 0..10_000u32 {
            let (text, hash) = (format!("{}", round % 700), round % 7);
            let lately = words.find_lately(text.as_bytes(), hash);
            let id = lately.or_else(|| words.find_or_add(text.as_bytes(), hash));
            assert_eq!(id.map(|id| words.get(id)), Some(&*text));
        }
        assert_eq!(words.len(), 700);
        assert_eq!(words.find_or_add(b"\xFF", 0), None);
        let id = words.find_or_add(b"often", 3);
        assert_eq!((words.find_lately(b"often", 3), words.find_lately(b"never", 3)), (id, None));
    }
}
