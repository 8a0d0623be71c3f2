//! Inputs cut into pieces, as a network may cut them.

use crate::Input;

/// Where an input is cut.
#[derive(Debug)]
pub enum Cuts {
    /// In front of these bytes, in order.
    At(Vec<usize>),
    /// Behind every byte.
    Everywhere,
}

impl Cuts {
    /// Takes up to seven places from the input, or the decision to cut behind every byte.
    pub fn take(input: &mut Input<'_>) -> Cuts {
        let count = input.below(9);
        if count == 8 {
            return Cuts::Everywhere;
        }
        let mut places: Vec<usize> = (0..count).map(|_| usize::from(input.u16() % 320)).collect();
        places.sort_unstable();
        Cuts::At(places)
    }

    /// Returns the pieces of these bytes, some of which may be empty.
    pub fn pieces<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let Cuts::At(places) = self else { return bytes.chunks(1).collect() };
        let mut pieces = Vec::new();
        let mut start = 0;
        for place in places {
            let end = (*place).clamp(start, bytes.len());
            pieces.push(&bytes[start..end]);
            start = end;
            if start == bytes.len() {
                break;
            }
        }
        pieces.push(&bytes[start..]);
        pieces
    }
}
