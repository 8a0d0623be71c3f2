//! Lists of slots that are linked through the slots themselves, so that a slot is put in and taken out anywhere in constant time
//! and without an allocation.

/// Stands for "no slot".
const NONE: u32 = u32::MAX;

/// The neighbours of a slot in the one list that it may be in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    previous: u32,
    next: u32,
}

impl Links {
    pub(super) const ALONE: Links = Links { previous: NONE, next: NONE };
}

/// What a list needs of the slots that it links.
pub(super) trait Linked {
    fn links(&mut self) -> &mut Links;
}

/// A list. Each of its calls takes all slots, of which every one is in at most one list.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
    len: usize,
}

impl List {
    pub(super) const EMPTY: List = List { first: NONE, last: NONE, len: 0 };

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    #[inline(never)]
    pub(super) fn push<S: Linked>(&mut self, slots: &mut [S], slot: u32) {
        *slots[slot as usize].links() = Links { previous: self.last, next: NONE };
        match self.last {
            NONE => self.first = slot,
            last => slots[last as usize].links().next = slot,
        }
        self.last = slot;
        self.len += 1;
    }

    #[inline(never)]
    pub(super) fn pop<S: Linked>(&mut self, slots: &mut [S]) -> Option<u32> {
        let first = self.first()?;
        self.remove(slots, first);
        Some(first)
    }

    /// Takes out a slot, which must be in this list.
    #[inline(never)]
    pub(super) fn remove<S: Linked>(&mut self, slots: &mut [S], slot: u32) {
        let Links { previous, next } = *slots[slot as usize].links();
        match previous {
            NONE => self.first = next,
            previous => slots[previous as usize].links().next = next,
        }
        match next {
            NONE => self.last = previous,
            next => slots[next as usize].links().previous = previous,
        }
        *slots[slot as usize].links() = Links::ALONE;
        self.len -= 1;
    }
}
