//! [`Derived`]: what encoders derive from a layout and keep with it.

use std::any::Any;
use std::sync::OnceLock;

use crate::error::Result;

/// Values that encoders derive from a layout: one per type, made when it is first needed and freed with the layout.
///
/// The layout does not know their types. All buffers and threads that use the layout share them.
#[derive(Default)]
pub(super) struct Derived {
    /// A linked list, because each encoder stores a type of its own. It has as many links as encoders have used the layout.
    first: OnceLock<Box<Link>>,
}

struct Link {
    value: Box<dyn Any + Send + Sync>,
    next: Derived,
}

impl Derived {
    /// Returns the value of type `T`, if it has been made.
    #[inline]
    pub(super) fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        let mut place = self;
        loop {
            let link = place.first.get()?;
            match link.value.downcast_ref::<T>() {
                Some(value) => return Some(value),
                None => place = &link.next,
            }
        }
    }

    /// Returns the value of type `T`, made by `make` if there is none. If two threads make one at once, one of them is
    /// dropped.
    pub(super) fn get_or_make<T: Any + Send + Sync>(
        &self,
        make: impl Fn() -> Result<T>,
    ) -> Result<&T> {
        let mut place = self;
        loop {
            let link = match place.first.get() {
                Some(link) => link,
                None => {
                    let link = Link { value: Box::new(make()?), next: Derived::default() };
                    // Another thread may have put its link here first, with a value of type `T` or of another.
                    place.first.get_or_init(|| Box::new(link))
                }
            };
            match link.value.downcast_ref::<T>() {
                Some(value) => return Ok(value),
                None => place = &link.next,
            }
        }
    }
}

// A link is complete when it is inserted and never changes, so a panic cannot leave anything half made.
impl std::panic::UnwindSafe for Derived {}
impl std::panic::RefUnwindSafe for Derived {}

impl std::fmt::Debug for Derived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Derived")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, err};

    #[test]
    fn there_is_one_value_of_each_type() {
        let derived = Derived::default();
        assert_eq!(derived.get::<u8>(), None);
        let failed = derived.get_or_make::<u8>(|| Err(err!(OutOfMemory, "none left")));
        assert_eq!(failed.unwrap_err().code(), ErrorCode::OutOfMemory);
        assert_eq!(derived.get::<u8>(), None);
        assert_eq!(derived.get_or_make(|| Ok(1u8)).unwrap(), &1);
        assert_eq!(derived.get_or_make(|| Ok(2u8)).unwrap(), &1);
        assert_eq!(derived.get::<String>(), None);
        assert_eq!(derived.get_or_make(|| Ok(String::from("two"))).unwrap(), "two");
        assert_eq!(derived.get::<u8>(), Some(&1));
        assert_eq!(derived.get::<String>().map(String::as_str), Some("two"));
    }

    #[test]
    fn threads_share_one_value() {
        let derived = Derived::default();
        let start = std::sync::Barrier::new(4);
        let make = |n: usize| {
            start.wait();
            let odd = derived.get_or_make(|| Ok(n)).unwrap();
            let text = derived.get_or_make(|| Ok(n.to_string())).unwrap();
            (std::ptr::from_ref(odd).addr(), std::ptr::from_ref(text).addr())
        };
        let make = &make;
        let places: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || make(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    }
}
