//! [`Store`], the bytes of a buffer, and the two ways to write at its end: [`Open`] if there is room already, [`Draft`] if
//! room may have to be made.
#![expect(unsafe_code, reason = "appends behind the end of a vector without zeroing it first")]

use super::room::{COLUMN_ROOM, PayloadLen, Room, Texts};
use crate::error::{Error, Result, err};
use crate::ilp::ProtocolVersion;
use crate::ilp::value::{Payload, WireValue};
use crate::name::{NameText, ShortBytes};

/// More bytes than any value takes besides its payload. The capacity may exceed the limit by that much, so that a value is
/// not refused whose reserved room exceeds the limit although the value itself fits.
pub(super) const SLACK: usize = 128;

/// A growing block of bytes with a limit.
///
/// Invariant: `limit` is 0, or `limit + SLACK` is at most the capacity and at most `max`. So whoever starts to write before
/// `limit` may write [`SLACK`] bytes, and stays within `max`.
pub(in crate::ilp) struct Store {
    bytes: Vec<u8>,
    max: usize,
    limit: usize,
}

impl Clone for Store {
    fn clone(&self) -> Self {
        let mut copy = Store { bytes: self.bytes.clone(), max: self.max, limit: 0 };
        copy.set_limit();
        copy
    }
}

impl Store {
    pub(in crate::ilp) fn new(max: usize) -> Store {
        Store { bytes: Vec::new(), max, limit: 0 }
    }

    /// Sets the limit. Bytes that are already there stay, even if they exceed it.
    pub(in crate::ilp) fn limit_to(&mut self, max: usize) {
        self.max = max;
        self.set_limit();
    }

    pub(in crate::ilp) fn try_clone(&self) -> Result<Store> {
        let mut copy = Store::new(self.max);
        copy.reserve(self.bytes.len())?;
        copy.bytes.extend_from_slice(&self.bytes);
        Ok(copy)
    }

    fn set_limit(&mut self) {
        self.limit = self.bytes.capacity().min(self.max).saturating_sub(SLACK);
    }

    #[inline]
    pub(in crate::ilp) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(in crate::ilp) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(in crate::ilp) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    pub(in crate::ilp) fn max(&self) -> usize {
        self.max
    }

    #[inline]
    pub(in crate::ilp) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Removes bytes from the middle; does nothing for a range beyond the end.
    pub(in crate::ilp) fn remove(&mut self, range: std::ops::Range<usize>) {
        if range.start <= range.end && range.end <= self.bytes.len() {
            self.bytes.drain(range);
        }
    }

    /// Makes room for `additional` more bytes.
    pub(in crate::ilp) fn reserve(&mut self, additional: usize) -> Result<()> {
        let len = self.bytes.len();
        if additional > self.max.saturating_sub(len) {
            return Err(over_limit(len, len.saturating_add(additional), self.max));
        }
        self.grow(additional, len + additional)
    }

    /// Appends bytes that another store holds, even beyond the limit.
    pub(in crate::ilp) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        if bytes.len() > capacity - len {
            let wanted = len.saturating_add(bytes.len());
            self.grow(wanted.max(capacity.saturating_mul(2)) - len, wanted)?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Makes room for `need` bytes, of which up to [`SLACK`] may not be kept, and at least doubles the capacity if the limit
    /// allows it.
    #[cold]
    #[inline(never)]
    pub(super) fn make_room(&mut self, need: usize) -> Result<()> {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        let ceiling = self.max.saturating_add(SLACK);
        let Some(wanted) = len.checked_add(need).filter(|wanted| *wanted <= ceiling) else {
            return Err(over_limit(len, len.saturating_add(need), self.max));
        };
        if wanted <= capacity {
            return Ok(());
        }
        self.grow(capacity.saturating_mul(2).clamp(wanted, ceiling) - len, wanted)
    }

    fn grow(&mut self, additional: usize, wanted: usize) -> Result<()> {
        let reserved = self.bytes.try_reserve_exact(additional);
        #[cfg(all(target_os = "linux", not(miri)))]
        super::large_pages::wish(self.bytes.as_ptr(), self.bytes.capacity());
        self.set_limit();
        reserved.map_err(|_| no_memory(self.bytes.len(), wanted))
    }

    /// Returns the place after the last byte, and the place of `limit`.
    #[inline(always)]
    pub(super) fn ends(&mut self) -> (*mut u8, *mut u8) {
        let start = self.bytes.as_mut_ptr();
        // SAFETY: length and limit are at most the capacity, so both places are within the allocation.
        unsafe { (start.add(self.bytes.len()), start.add(self.limit)) }
    }

    /// Makes everything before `end` part of the store.
    ///
    /// # Safety
    /// `end` is the place after the last byte, or a later one up to which everything has been written. The store has not
    /// changed since that place was asked for.
    #[inline(always)]
    pub(super) unsafe fn commit(&mut self, end: *mut u8) {
        let len = end as usize - self.bytes.as_ptr() as usize;
        // SAFETY: the caller promises that the bytes up to `end` are written; nothing can be written beyond the capacity.
        unsafe { self.bytes.set_len(len) };
    }

    /// Reserves `FIXED` bytes and a payload, if there is room already. It returns the room instead of calling a closure,
    /// because calling a closure that is not inlined would double the cost.
    #[inline(always)]
    pub(in crate::ilp) fn open<const FIXED: usize>(
        &mut self,
        payload: PayloadLen,
    ) -> Option<Open<'_>> {
        const { assert!(FIXED <= SLACK) };
        let (at, last) = self.ends();
        if !payload.ends_before(at, last) {
            return None;
        }
        // SAFETY: the payload ends before `last`, after which there are `SLACK` bytes, and `FIXED` is no more than that.
        let room = unsafe { Room::new(at, FIXED, payload, Texts::Plain) };
        Some(Open { room, store: self })
    }

    /// Starts a draft, to which pieces of any length can be appended.
    pub(in crate::ilp) fn draft(&mut self) -> Draft<'_> {
        let before = self.bytes.len();
        Draft { store: self, before }
    }
}

/// Room that was reserved at the end of a store. If it is dropped without [`Open::commit`], the store stays as it was.
///
/// Invariant: `room` began at the end of `store`, which has not changed since.
pub(in crate::ilp) struct Open<'a> {
    room: Room,
    store: &'a mut Store,
}

impl Open<'_> {
    /// Appends what comes before the value of a column.
    #[inline(always)]
    pub(in crate::ilp) fn column(&mut self, separator: u8, name: &ShortBytes) {
        self.room.column(separator, name);
    }

    #[inline(always)]
    pub(in crate::ilp) fn short(&mut self, bytes: &ShortBytes) {
        self.room.short(bytes);
    }

    /// Appends a value; returns false if it cannot be written.
    #[inline(always)]
    pub(in crate::ilp) fn value<V: WireValue>(
        &mut self,
        value: V,
        version: ProtocolVersion,
    ) -> bool {
        value.write(&mut self.room, version)
    }

    /// Makes what was written part of the store, if the room was enough.
    #[inline(always)]
    pub(in crate::ilp) fn commit(self) -> bool {
        let Some(end) = self.room.end() else { return false };
        // SAFETY: the room was enough, so everything up to its end was written; it began at the end of the store.
        unsafe { self.store.commit(end) };
        true
    }
}

/// Why a name and its value were not written.
#[derive(Debug)]
pub(in crate::ilp) enum Unwritten {
    /// The value cannot be sent.
    Value(Error),
    /// There is no room for them.
    Room(Error),
}

impl Unwritten {
    /// Returns the error of either kind.
    pub(in crate::ilp) fn error(self) -> Error {
        match self {
            Unwritten::Value(e) | Unwritten::Room(e) => e,
        }
    }
}

/// Appends piece by piece and makes the store grow. Pieces count at once; if the draft is dropped without [`Draft::keep`],
/// they are removed again.
pub(in crate::ilp) struct Draft<'a> {
    pub(super) store: &'a mut Store,
    before: usize,
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.store.bytes.truncate(self.before);
    }
}

impl Draft<'_> {
    /// Keeps what was appended.
    pub(in crate::ilp) fn keep(mut self) {
        self.before = self.store.bytes.len();
    }

    /// Appends a separator, the name of a column and a value. If both the value and the room are wrong, the error is that of
    /// the value, unless the value is far too long to be read.
    ///
    /// Not inlined: one copy for each type of value serves rows that are built call by call and whole rows.
    #[inline(never)]
    pub(in crate::ilp) fn named<V: WireValue>(
        &mut self,
        (separator, name): (u8, &NameText),
        value: V,
        version: ProtocolVersion,
    ) -> Result<(), Unwritten> {
        if version < V::NEEDS.since {
            return Err(Unwritten::Value(value.fault_in(version)));
        }
        let start = self.store.len();
        let e = match self.try_named((separator, name), value, version) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(Unwritten::Value(value.fault_in(version))),
            Err(e) => e,
        };
        self.store.truncate(start);
        let readable = self.check(value.payload().get().saturating_sub(SLACK)).is_ok();
        let fault = if readable { value.fault() } else { None };
        Err(fault.map_or(Unwritten::Room(e), Unwritten::Value))
    }

    #[inline(always)]
    fn try_named<V: WireValue>(
        &mut self,
        (separator, name): (u8, &NameText),
        value: V,
        version: ProtocolVersion,
    ) -> Result<bool> {
        if name.short().is_none() {
            self.slices([&[separator], name.form(), b"="])?;
            return self.value(value, version);
        }
        let mut open = self.open(COLUMN_ROOM, value)?;
        open.column(separator, name.short());
        let written = open.value(value, version) && open.commit();
        self.check(0).map(|()| written)
    }

    /// Appends these bytes, one after another.
    pub(in crate::ilp) fn slices<const N: usize>(&mut self, slices: [&[u8]; N]) -> Result<()> {
        let len = slices.iter().map(|bytes| bytes.len()).sum();
        self.check(len)?;
        if len > self.store.bytes.capacity() - self.store.bytes.len() {
            self.store.make_room(len)?;
        }
        slices.iter().for_each(|bytes| self.store.bytes.extend_from_slice(bytes));
        Ok(())
    }

    /// Appends a value. Returns false if it cannot be written; [`WireValue::fault`] returns the reason.
    pub(in crate::ilp) fn value<V: WireValue>(
        &mut self,
        value: V,
        version: ProtocolVersion,
    ) -> Result<bool> {
        let mut open = self.open(V::ROOM, value)?;
        let written = open.value(value, version) && open.commit();
        self.check(0).map(|()| written)
    }

    /// Reserves `fixed` bytes, which are no more than the slack, and the payload of `value` with its backslashes.
    #[inline(always)]
    fn open<V: WireValue>(&mut self, fixed: usize, value: V) -> Result<Open<'_>> {
        debug_assert!(V::ROOM <= fixed && fixed <= SLACK);
        let payload = value.payload();
        // The length is checked before the payload is read, because a length from another language may be a mistake.
        self.check(payload.get())?;
        let unescaped = fixed.saturating_add(payload.get());
        let spare = self.store.bytes.capacity() - self.store.bytes.len();
        let escapes = match V::PAYLOAD {
            Payload::None | Payload::AsItIs => 0,
            Payload::Escaped if spare.saturating_sub(unescaped) >= payload.get() => payload.get(),
            Payload::Escaped => value.escapes(),
        };
        let need = unescaped.saturating_add(escapes);
        if need > spare {
            self.store.make_room(need)?;
        }
        let (at, _) = self.store.ends();
        let texts = Texts::Escaped(escapes);
        // SAFETY: `need` bytes were free or have just been made free, and `need` is the sum of what the room may write.
        let room = unsafe { Room::new(at, fixed, payload, texts) };
        Ok(Open { room, store: self.store })
    }

    /// Checks that `more` bytes would still be within the limit.
    fn check(&self, more: usize) -> Result<()> {
        let (len, max) = (self.store.bytes.len().saturating_add(more), self.store.max);
        if len > max { Err(over_limit(self.before, len, max)) } else { Ok(()) }
    }
}

#[cold]
#[inline(never)]
fn over_limit(len: usize, wanted: usize, max: usize) -> Error {
    err!(
        LimitExceeded,
        "the buffer has {len} bytes and would grow to {wanted}, max_buf_size is {max}"
    )
}

#[cold]
#[inline(never)]
fn no_memory(len: usize, wanted: usize) -> Error {
    err!(OutOfMemory, "no memory for the buffer to grow from {len} to {wanted} bytes")
}
