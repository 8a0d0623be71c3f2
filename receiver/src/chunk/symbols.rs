//! The texts of a symbol column, of which each is kept once in a chunk.

use crate::value::ColumnType;
use crate::words::Words;

use super::cast::Refused;

/// For each value the number of its text, and the texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    ids: Vec<u32>,
    words: Words,
    /// The number of values when the last word was added, so that the word can be removed together with its row.
    last_new: usize,
}

impl Symbols {
    /// Returns about how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<u32>() + self.words.bytes()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        self.words.get(self.ids[at])
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), Refused> {
        let before = self.words.len();
        let id = self.words.number(text).ok_or(Refused::Malformed(ColumnType::Symbol))?;
        self.push_id(id, before);
        Ok(())
    }

    fn push_id(&mut self, id: u32, words_before: usize) {
        if self.words.len() > words_before {
            self.last_new = self.ids.len();
        }
        self.ids.push(id);
    }

    /// Appends a text that a peer has sent. Equal texts that come often are found by `hash`, which may be any. Returns `None` if
    /// the text is not UTF-8.
    #[inline]
    pub(super) fn push_hashed(&mut self, text: &[u8], hash: u32) -> Option<()> {
        if let Some(id) = self.words.find_lately(text, hash) {
            self.ids.push(id);
            return Some(());
        }
        let before = self.words.len();
        let id = self.words.find_or_add(text, hash)?;
        self.push_id(id, before);
        Some(())
    }

    pub(super) fn pop(&mut self) {
        self.ids.pop();
        if self.words.len() > 0 && self.last_new == self.ids.len() {
            self.words.pop();
            self.last_new = usize::MAX;
        }
    }

    /// Appends the values of another column.
    pub(super) fn extend(&mut self, more: &Symbols) {
        // There are fewer words than rows, and a chunk has far fewer rows than there are numbers.
        let number = |word| self.words.number_of_shared(word).unwrap_or(0);
        let numbers: Vec<u32> = more.words.iter().map(number).collect();
        self.ids.extend(more.ids.iter().map(|id| numbers[*id as usize]));
    }

    /// Frees what only a column that still grows needs.
    pub(super) fn seal(&mut self) {
        self.ids.shrink_to_fit();
        self.words.seal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(symbols: &Symbols) -> Vec<String> {
        (0..symbols.ids.len()).map(|at| symbols.get(at).to_owned()).collect()
    }

    #[test]
    fn a_text_leaves_with_the_row_that_brought_it() {
        let (mut symbols, mut expected) = (Symbols::default(), Vec::new());
        for round in 0..3000usize {
            let text = format!("word-{}", round * round % 301);
            symbols.push(&text).ok().unwrap();
            expected.push(text);
            let before = symbols.words.len();
            // A row that is refused: often it has brought a new word, and often not.
            let text = format!("word-{}", round * round % 601);
            match round % 2 {
                0 => symbols.push(&text).ok().unwrap(),
                _ => symbols.push_hashed(text.as_bytes(), 5).unwrap(),
            }
            symbols.pop();
            assert_eq!((symbols.words.len(), symbols.ids.len()), (before, expected.len()));
        }
        assert_eq!(texts(&symbols), expected);
        assert_eq!(symbols.push_hashed(b"\xFF", 0), None);
        assert_eq!(symbols.ids.len(), expected.len());
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
}
